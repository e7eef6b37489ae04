//! A CSV file (RFC 4180): one header line, rows of cells, in the chosen dialect.

use std::io::{self, Write};

use super::cell::Cell;
use super::directory::{Directory, FileRecord};
use super::{Dialect, ReportError, ReportSettings};

/// Writes `name` with `columns` and `rows`, each of which has a cell per column.
pub(super) fn write(
    directory: &Directory,
    settings: &ReportSettings,
    name: &str,
    columns: &[&str],
    rows: impl Iterator<Item = Vec<Cell>>,
) -> Result<FileRecord, ReportError> {
    directory.write(name, |out| write_to(out, settings, columns, rows).map(Some))
}

fn write_to(
    out: &mut dyn Write,
    settings: &ReportSettings,
    columns: &[&str],
    rows: impl Iterator<Item = Vec<Cell>>,
) -> io::Result<u64> {
    if settings.dialect == Dialect::Excel {
        // Without it Excel takes the file for the local code page.
        out.write_all("\u{feff}".as_bytes())?;
    }
    let mut writer = csv::WriterBuilder::new()
        .delimiter(settings.separator)
        .terminator(csv::Terminator::CRLF)
        .from_writer(out);
    writer.write_record(columns)?;
    let mut count = 0;
    for row in rows {
        // The writer refuses a row of another length than the header's.
        writer.write_record(row.iter().map(|cell| cell.written(settings.dialect)))?;
        count += 1;
    }
    writer.flush()?;
    Ok(count)
}
