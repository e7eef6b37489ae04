//! One table as a sheet; as several, if it has more rows than a sheet can hold.

use rust_xlsxwriter::{
    ConditionalFormatCell, ConditionalFormatCellRule, DataValidation, DataValidationErrorStyle,
    DataValidationRule, ExcelDateTime, Format, Url, Workbook, Worksheet, XlsxError,
};

use super::columns::{height, shape, statuses};
use super::styles::{Styles, of_verdict};
use super::text::pieces;
use crate::finding::Verdict;
use crate::report::Dialect;
use crate::report::cell::Cell;
use crate::report::evidence_digest::REVIEW_COLUMNS;
use crate::report::table::Table;

/// Rows of a sheet below its heading (Excel's limit).
const ROWS: usize = 1_048_575;
/// Links that a sheet may have (Excel's limit); beyond, the name of the file stands there without one.
const LINKS: u32 = 65_530;

/// Adds the table.
pub(super) fn write(
    workbook: &mut Workbook,
    table: &Table<'_>,
    styles: &Styles,
) -> Result<(), XlsxError> {
    write_by(workbook, table, styles, ROWS)
}

fn write_by(
    workbook: &mut Workbook,
    table: &Table<'_>,
    styles: &Styles,
    most: usize,
) -> Result<(), XlsxError> {
    let mut rows = table.rows().peekable();
    let mut number = 1;
    loop {
        let worksheet = workbook.add_worksheet();
        worksheet.set_name(name(table.name, number))?;
        let mut sheet = Sheet::new(worksheet, table, styles);
        for row in rows.by_ref().take(most) {
            sheet.add(&row)?;
        }
        sheet.finish()?;
        if rows.peek().is_none() {
            return Ok(());
        }
        number += 1;
    }
}

/// `Findings`, then `Findings (2)`.
fn name(table: &str, number: u32) -> String {
    let mut name = table.to_owned();
    if let Some(first) = name.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    match number {
        1 => name,
        _ => format!("{name} ({number})"),
    }
}

/// A sheet in the making.
struct Sheet<'s, 't> {
    worksheet: &'s mut Worksheet,
    table: &'s Table<'t>,
    styles: &'s Styles,
    /// Rows so far, the heading included.
    rows: u32,
    /// Columns so far: those of the table, and more where a reviewer wrote more than a cell holds.
    columns: u16,
    links: u32,
}

impl<'s, 't> Sheet<'s, 't> {
    fn new(worksheet: &'s mut Worksheet, table: &'s Table<'t>, styles: &'s Styles) -> Self {
        Self {
            worksheet,
            table,
            styles,
            rows: 1,
            columns: u16::try_from(table.columns.len()).unwrap_or(u16::MAX),
            links: 0,
        }
    }

    fn add(&mut self, row: &[Cell]) -> Result<(), XlsxError> {
        if let Some(height) = height(self.table.name) {
            self.worksheet.set_row_height(self.rows, height)?;
        }
        for ((at, column), cell) in (0..).zip(self.table.columns).zip(row) {
            self.write(at, column, cell)?;
        }
        self.rows += 1;
        Ok(())
    }

    fn write(&mut self, at: u16, column: &str, cell: &Cell) -> Result<(), XlsxError> {
        let (row, styles) = (self.rows, self.styles);
        if REVIEW_COLUMNS.contains(&column) {
            return self.write_answer(at, column, cell);
        }
        match cell {
            Cell::Number(digits) => {
                if let Some(number) = exact(digits) {
                    self.worksheet
                        .write_number_with_format(row, at, number, &styles.number)?;
                    return Ok(());
                }
            }
            Cell::Day(_) | Cell::Time(_) => {
                if let Some((date, is_day)) = date(cell) {
                    let format = if is_day { &styles.day } else { &styles.time };
                    self.worksheet
                        .write_datetime_with_format(row, at, &date, format)?;
                    return Ok(());
                }
            }
            Cell::Own(file) if column == "evidence_file" && !file.is_empty() => {
                self.links += 1;
                if self.links <= LINKS {
                    // Without a root the library writes it relative to the workbook, so that the directory can be moved.
                    let link = Url::new(format!("file:///{file}")).set_text(file);
                    self.worksheet
                        .write_url_with_format(row, at, link, &styles.link)?;
                    return Ok(());
                }
            }
            _ => {}
        }
        let format = if shape(column).1 {
            &styles.wrapped
        } else {
            &styles.text
        };
        self.write_text(at, column, cell, format)
    }

    /// A cell that a reviewer fills in, or has filled in.
    fn write_answer(&mut self, at: u16, column: &str, cell: &Cell) -> Result<(), XlsxError> {
        if let Some((day, true)) = date(cell) {
            let format = &self.styles.answer_day;
            self.worksheet
                .write_datetime_with_format(self.rows, at, &day, format)?;
            return Ok(());
        }
        let format = match column {
            "reviewed_on" => &self.styles.answer_day,
            _ => &self.styles.answer,
        };
        self.write_text(at, column, cell, format)
    }

    /// Writes text; what a cell cannot hold goes on in columns at the end.
    fn write_text(
        &mut self,
        at: u16,
        column: &str,
        cell: &Cell,
        format: &Format,
    ) -> Result<(), XlsxError> {
        let text = cell.written(Dialect::Plain);
        let own_columns = u16::try_from(self.table.columns.len()).unwrap_or(u16::MAX);
        for (number, piece) in (0_u16..).zip(pieces(&text)) {
            if number == 0 {
                self.worksheet
                    .write_string_with_format(self.rows, at, piece, format)?;
                continue;
            }
            let place = own_columns + number - 1;
            self.worksheet
                .write_string_with_format(self.rows, place, piece, format)?;
            let heading = format!("{column}_{}", number + 1);
            self.worksheet
                .write_string_with_format(0, place, heading, &self.styles.asked)?;
            self.columns = self.columns.max(place + 1);
        }
        Ok(())
    }

    /// What concerns the sheet as a whole.
    fn finish(self) -> Result<(), XlsxError> {
        let last = self.rows.saturating_sub(1);
        for (at, column) in (0..).zip(self.table.columns) {
            let is_asked = REVIEW_COLUMNS.contains(column);
            let heading = if is_asked {
                &self.styles.asked
            } else {
                &self.styles.heading
            };
            self.worksheet
                .write_string_with_format(0, at, *column, heading)?;
            self.worksheet.set_column_width(at, shape(column).0)?;
            if last > 0 {
                match *column {
                    "verdict" | "worst_verdict" => colour(self.worksheet, at, last)?,
                    "review_status" => offer(self.worksheet, at, last, statuses(self.table.name))?,
                    "reviewed_on" => expect_day(self.worksheet, at, last)?,
                    _ => {}
                }
            }
        }
        self.worksheet.set_freeze_panes(1, 1)?;
        self.worksheet
            .autofilter(0, 0, last, self.columns.saturating_sub(1))?;
        self.worksheet.set_landscape();
        self.worksheet.set_repeat_rows(0, 0)?;
        Ok(())
    }
}

/// The number, if a spreadsheet's floating point holds it exactly enough to write it back.
fn exact(digits: &str) -> Option<f64> {
    let number: f64 = digits.parse().ok()?;
    (number.abs() < 9_007_199_254_740_992.0).then_some(number)
}

/// A day or a time as spreadsheets count them, and whether it is a day.
///
/// None before 1 March 1900: Excel knows a 29 February of that year, other spreadsheets do not.
fn date(cell: &Cell) -> Option<(ExcelDateTime, bool)> {
    let (date, is_day) = match cell {
        Cell::Day(day) => {
            let year = u16::try_from(day.year()).ok()?;
            let (month, day) = (day.month().unsigned_abs(), day.day().unsigned_abs());
            (ExcelDateTime::from_ymd(year, month, day).ok()?, true)
        }
        Cell::Time(time) => (ExcelDateTime::from_timestamp(time.as_second()).ok()?, false),
        _ => return None,
    };
    (date.to_excel() >= 61.0).then_some((date, is_day))
}

/// Each verdict in its colour, whatever order rows are sorted into.
fn colour(worksheet: &mut Worksheet, column: u16, last: u32) -> Result<(), XlsxError> {
    for verdict in Verdict::ALL {
        let rule = ConditionalFormatCell::new()
            .set_rule(ConditionalFormatCellRule::EqualTo(verdict.as_str()))
            .set_format(of_verdict(*verdict));
        worksheet.add_conditional_format(1, column, last, column, &rule)?;
    }
    Ok(())
}

/// A drop-down list.
fn offer(
    worksheet: &mut Worksheet,
    column: u16,
    last: u32,
    words: &[&str],
) -> Result<(), XlsxError> {
    let words_only = DataValidation::new()
        .allow_list_strings(words)?
        .set_error_title("review_status")?
        .set_error_message(format!("One of: {}; or nothing.", words.join(", ")))?;
    worksheet.add_data_validation(1, column, last, column, &words_only)?;
    Ok(())
}

/// Warns of what is no day.
fn expect_day(worksheet: &mut Worksheet, column: u16, last: u32) -> Result<(), XlsxError> {
    let since = ExcelDateTime::from_ymd(2000, 1, 1)?;
    let day = DataValidation::new()
        .allow_date(DataValidationRule::GreaterThan(since))
        .set_error_style(DataValidationErrorStyle::Warning)
        .set_error_title("reviewed_on")?
        .set_error_message("Write a day, such as 2024-06-28.")?;
    worksheet.add_data_validation(1, column, last, column, &day)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_beyond_a_sheet_go_to_the_next() {
        let table = |rows: u32| {
            Table::new("contacts", &["finding_id", "part"], move || {
                Box::new((0..rows).map(|row| vec![Cell::own("f-1"), Cell::number(row)]))
            })
        };
        for (rows, expected) in [
            (0, &["Contacts"][..]),
            (2, &["Contacts"]),
            (5, &["Contacts", "Contacts (2)", "Contacts (3)"]),
        ] {
            let mut workbook = Workbook::new();
            write_by(&mut workbook, &table(rows), &Styles::new(), 2).unwrap();
            let names: Vec<_> = workbook.worksheets().iter().map(Worksheet::name).collect();
            assert_eq!(names, expected);
        }
    }

    #[test]
    fn days_that_spreadsheets_do_not_know_stay_text() {
        let day = |day: &str| date(&Cell::Day(day.parse().unwrap())).is_some();
        let time = |time: &str| date(&Cell::Time(time.parse().unwrap())).is_some();
        assert!(day("2024-06-28") && time("2024-06-12T08:00:00Z"));
        assert!(
            !day("1899-12-31") && !time("1899-12-30T23:00:00Z") && !time("-000001-01-01T00:00:00Z")
        );
    }

    #[test]
    fn numbers_beyond_floating_point_stay_text() {
        assert_eq!(exact("-12"), Some(-12.0));
        assert_eq!(exact("1.500"), Some(1.5));
        assert_eq!(exact("9007199254740993"), None);
        assert_eq!(exact(""), None);
    }
}
