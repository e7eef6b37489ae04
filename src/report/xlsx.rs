//! `report.xlsx`: a sheet per table and a summary, for reviewers. The same bytes for the same report.
//!
//! Every text is written as a string, never as a formula, in cells formatted as text, so that it stays one when somebody edits
//! it. The apostrophes that protect CSV files are not needed, and not there.

mod columns;
mod sheet;
mod styles;
mod summary;
mod text;

use std::io;

use jiff::Timestamp;
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Workbook, XlsxError};

use self::styles::Styles;
use super::directory::{Directory, FileRecord};
use super::overview::Overview;
use super::table::Table;
use super::{ReportError, Summary};
use crate::store::RunRecord;

/// The file's name in the directory.
const NAME: &str = "report.xlsx";

/// Writes the workbook.
pub(super) fn write(
    directory: &Directory,
    run: &RunRecord,
    tables: &[Table<'_>],
    overview: &Overview<'_>,
    summary: &Summary,
) -> Result<FileRecord, ReportError> {
    directory.write(NAME, |out| {
        let octets = workbook(run, tables, overview, summary).map_err(io::Error::other)?;
        out.write_all(&octets)?;
        Ok(None)
    })
}

fn workbook(
    run: &RunRecord,
    tables: &[Table<'_>],
    overview: &Overview<'_>,
    summary: &Summary,
) -> Result<Vec<u8>, XlsxError> {
    let mut workbook = Workbook::new();
    workbook.set_properties(&properties(run)?);
    let styles = Styles::new();
    for table in tables {
        sheet::write(&mut workbook, table, &styles)?;
    }
    summary::write(workbook.add_worksheet(), run, overview, summary, &styles)?;
    workbook.save_to_buffer()
}

/// The library would note the time of writing, which would make every file another one.
fn properties(run: &RunRecord) -> Result<DocProperties, XlsxError> {
    let at = run.finished.or(run.started).map_or(0, Timestamp::as_second);
    Ok(DocProperties::new()
        .set_title("sent-audit report")
        .set_author("sent-audit")
        .set_comment(format!("run {}", run.id))
        .set_creation_datetime(&ExcelDateTime::from_timestamp(at)?))
}
