//! A CSV file (RFC 4180): one header line, rows of cells, in the chosen dialect.

use std::io::{self, Write};

use super::directory::{Directory, FileRecord};
use super::table::Table;
use super::{Dialect, EvidenceDigest, ReportError, ReportSettings, reviewed_columns};

/// Writes the table as `<its name>.csv`.
pub(super) fn write(
    directory: &Directory,
    settings: &ReportSettings,
    table: &Table<'_>,
) -> Result<FileRecord, ReportError> {
    let name = format!("{}.csv", table.name);
    let mut digest = reviewed_columns(&name).map(|_| EvidenceDigest::default());
    let record = directory.write(&name, |out| {
        write_to(out, settings, table, digest.as_mut()).map(Some)
    })?;
    Ok(FileRecord {
        evidence_sha256: digest.map(EvidenceDigest::finish),
        ..record
    })
}

fn write_to(
    out: &mut dyn Write,
    settings: &ReportSettings,
    table: &Table<'_>,
    mut digest: Option<&mut EvidenceDigest>,
) -> io::Result<u64> {
    if settings.dialect == Dialect::Excel {
        // Without it Excel takes the file for the local code page.
        out.write_all("\u{feff}".as_bytes())?;
    }
    let mut writer = csv::WriterBuilder::new()
        .delimiter(settings.separator)
        .terminator(csv::Terminator::CRLF)
        .from_writer(out);
    writer.write_record(table.columns)?;
    let mut count = 0;
    for row in table.rows() {
        let row: Vec<String> = row
            .iter()
            .map(|cell| cell.written(settings.dialect))
            .collect();
        if let Some(digest) = &mut digest {
            digest.add(
                table
                    .columns
                    .iter()
                    .copied()
                    .zip(row.iter().map(String::as_str)),
            );
        }
        // The writer refuses a row of another length than the header's.
        writer.write_record(&row)?;
        count += 1;
    }
    writer.flush()?;
    Ok(count)
}
