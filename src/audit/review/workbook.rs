//! A filled-in workbook as Excel, `LibreOffice` and Google Sheets save it: its sheets that ask for a review, as text.

use std::io::Cursor;

use calamine::{Data, ExcelDateTime, Ods, Range, Reader, Xls, Xlsx};

/// Larger files are no reports.
const MOST_OCTETS: usize = 256 << 20;

/// A sheet whose heading names what a review needs.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Sheet {
    pub(super) name: String,
    /// Rows with their numbers, counted from 1; the first is the heading.
    pub(super) records: Vec<(usize, Vec<String>)>,
}

impl Sheet {
    /// Whether the program wrote it. Sheets that a spreadsheet made of a CSV file have the file's name, in lower case, and
    /// hold its safety apostrophes.
    pub(super) fn is_ours(&self) -> bool {
        self.name.starts_with("Findings") || self.name.starts_with("Exceptions")
    }
}

/// What the octets of a file say it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// Office Open XML.
    Xlsx,
    /// `OpenDocument`.
    Ods,
    /// Excel before 2007.
    Xls,
}

impl Format {
    /// `None` if it is no workbook.
    pub(super) fn of(octets: &[u8]) -> Option<Self> {
        let head = octets.get(..200).unwrap_or(octets);
        if head.starts_with(b"\xD0\xCF\x11\xE0") {
            Some(Self::Xls)
        } else if !head.starts_with(b"PK\x03\x04") {
            None
        } else if memchr::memmem::find(head, b"opendocument").is_some() {
            // The first file of the archive says so, uncompressed (ISO/IEC 26300-2, 3.3).
            Some(Self::Ods)
        } else {
            Some(Self::Xlsx)
        }
    }
}

/// The sheets that have a column `review_status` beside ids.
///
/// # Errors
/// Says what is wrong, for people.
pub(super) fn sheets(octets: &[u8], format: Format) -> Result<Vec<Sheet>, String> {
    if octets.len() > MOST_OCTETS {
        return Err("the workbook is larger than 256 MiB: is it the right one?".to_owned());
    }
    let unreadable = |error: &dyn std::fmt::Display| {
        format!("the workbook cannot be read ({error}): save it as .xlsx, without a password")
    };
    let from = Cursor::new(octets);
    let mut sheets = Vec::new();
    match format {
        Format::Xlsx => {
            let mut workbook: Xlsx<_> = Reader::new(from).map_err(|e| unreadable(&e))?;
            for name in workbook.sheet_names() {
                let mut rows = Rows::of(name);
                // Sheets of charts have no cells.
                let Ok(mut cells) = workbook.worksheet_cells_reader(&rows.sheet.name) else {
                    continue;
                };
                while let Some(cell) = cells.next_cell().map_err(|e| unreadable(&e))? {
                    let (row, column) = cell.get_position();
                    if !rows.add(row, column, &cell.get_value().clone().into()) {
                        break;
                    }
                }
                sheets.extend(rows.end());
            }
        }
        Format::Ods => {
            let mut workbook: Ods<_> = Reader::new(from).map_err(|e| unreadable(&e))?;
            sheets.extend(workbook.worksheets().into_iter().filter_map(ranged));
        }
        Format::Xls => {
            let mut workbook: Xls<_> = Reader::new(from).map_err(|e| unreadable(&e))?;
            sheets.extend(workbook.worksheets().into_iter().filter_map(ranged));
        }
    }
    Ok(sheets)
}

fn ranged((name, range): (String, Range<Data>)) -> Option<Sheet> {
    let (first_row, first_column) = range.start()?;
    let mut rows = Rows::of(name);
    for (row, column, value) in range.used_cells() {
        let row = u32::try_from(row).ok()? + first_row;
        let column = u32::try_from(column).ok()? + first_column;
        if !rows.add(row, column, value) {
            break;
        }
    }
    rows.end()
}

/// Cells as they come, put into rows.
struct Rows {
    sheet: Sheet,
    row: Option<u32>,
    cells: Vec<String>,
}

impl Rows {
    fn of(name: String) -> Self {
        Self {
            sheet: Sheet {
                name,
                records: Vec::new(),
            },
            row: None,
            cells: Vec::new(),
        }
    }

    /// Whether to go on: a sheet that asks for no review is not read.
    fn add(&mut self, row: u32, column: u32, value: &Data) -> bool {
        if self.row != Some(row) {
            self.flush();
            self.row = Some(row);
        }
        let text = text(value);
        if text.is_empty() {
            return self.is_asked();
        }
        let column = column as usize;
        if self.cells.len() <= column {
            self.cells.resize(column + 1, String::new());
        }
        if let Some(cell) = self.cells.get_mut(column) {
            *cell = text;
        }
        self.is_asked()
    }

    fn flush(&mut self) {
        let cells = std::mem::take(&mut self.cells);
        if let Some(row) = self.row
            && cells.iter().any(|cell| !cell.trim().is_empty())
        {
            self.sheet.records.push((row as usize + 1, cells));
        }
    }

    /// Until the heading is whole, any sheet may ask.
    fn is_asked(&self) -> bool {
        self.sheet.records.first().is_none_or(|(_, heading)| {
            let has = |name: &str| {
                let mut headings = heading.iter();
                headings.any(|h| h.trim().eq_ignore_ascii_case(name))
            };
            has("review_status") && (has("finding_id") || has("exception_id"))
        })
    }

    fn end(mut self) -> Option<Sheet> {
        self.flush();
        let is_read = !self.sheet.records.is_empty() && self.is_asked();
        is_read.then(|| Sheet {
            records: joined(self.sheet.records),
            ..self.sheet
        })
    }
}

/// A note that a cell could not hold goes on in columns at the end, `review_note_2` and so on. Other columns with such names
/// are the reviewer's own.
pub(super) fn joined(mut records: Vec<(usize, Vec<String>)>) -> Vec<(usize, Vec<String>)> {
    const NOTE: &str = "review_note";
    let Some((_, heading)) = records.first_mut() else {
        return records;
    };
    let is_note = |name: &String| name.trim().eq_ignore_ascii_case(NOTE);
    let Some(base) = heading.iter().position(is_note) else {
        return records;
    };
    let number = |name: &str| {
        let (name, number) = name.trim().rsplit_once('_')?;
        let number = number.parse::<u32>().ok().filter(|n| *n >= 2)?;
        is_note(&name.to_owned()).then_some(number)
    };
    let mut continued: Vec<(u32, usize)> = Vec::new();
    for (at, name) in heading.iter_mut().enumerate() {
        if let Some(number) = number(name) {
            continued.push((number, at));
            name.clear();
        }
    }
    continued.sort_unstable();
    for (_, cells) in records.iter_mut().skip(1) {
        for &(_, at) in &continued {
            let more = cells.get_mut(at).map(std::mem::take).unwrap_or_default();
            if !more.is_empty() && cells.len() <= base {
                cells.resize(base + 1, String::new());
            }
            if let Some(cell) = cells.get_mut(base) {
                cell.push_str(&more);
            }
        }
    }
    records
}

/// A cell as a reviewer reads it, or the nearest thing to it that is not ambiguous.
fn text(value: &Data) -> String {
    match value {
        Data::Empty => String::new(),
        Data::Float(number) if number.fract() == 0.0 && number.abs() < 1e15 => {
            format!("{number:.0}")
        }
        Data::DateTime(time) if time.is_datetime() => moment(time),
        // Of a day alone, some write midnight.
        Data::DateTimeIso(time) => time.trim_end_matches("T00:00:00").to_owned(),
        other => other.to_string().replace("_x000D_\n", "\n"),
    }
}

fn moment(time: &ExcelDateTime) -> String {
    let (year, month, day, hour, minute, second, _) = time.to_ymd_hms_milli();
    if (hour, minute, second) == (0, 0, 0) {
        format!("{year:04}-{month:02}-{day:02}")
    } else {
        format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")
    }
}

#[cfg(test)]
mod tests {
    use calamine::{Cell, ExcelDateTimeType};

    use super::*;

    fn string(text: &str) -> Data {
        Data::String(text.to_owned())
    }

    /// What is read of a sheet with these cells, by row and column.
    #[track_caller]
    fn check(cells: &[(u32, u32, Data)], expected: Option<&[(usize, &[&str])]>) {
        let cells = cells.iter().map(|(r, c, v)| Cell::new((*r, *c), v.clone()));
        let range = Range::from_sparse(cells.collect());
        let sheet = ranged(("Findings".to_owned(), range));
        let records = sheet.as_ref().map(|sheet| {
            let cells = |cells: &'_ Vec<String>| cells.clone();
            let records = sheet.records.iter();
            records.map(|(row, c)| (*row, cells(c))).collect::<Vec<_>>()
        });
        let expected = expected.map(|records| {
            let cells = |cells: &&[&str]| cells.iter().map(ToString::to_string).collect();
            records
                .iter()
                .map(|(row, c)| (*row, cells(c)))
                .collect::<Vec<_>>()
        });
        assert_eq!(records, expected);
    }

    #[test]
    fn cells_become_text() {
        let serial = |number| {
            let kind = ExcelDateTimeType::DateTime;
            Data::DateTime(ExcelDateTime::new(number, kind, false))
        };
        check(
            &[
                (1, 1, string("finding_id")),
                (1, 2, string("Review_Status")),
                (1, 3, string("reviewed_on")),
                (1, 4, string("note")),
                (3, 1, string("f-1")),
                (3, 3, serial(45_471.0)),
                (3, 4, Data::Float(34_600_111_222.0)),
                (4, 1, string("f-2")),
                (4, 3, serial(45_471.5)),
                (4, 4, Data::Float(0.5)),
                (5, 1, string("f-3")),
                (5, 3, Data::DateTimeIso("2024-06-28T00:00:00".to_owned())),
                (5, 4, Data::Bool(true)),
            ],
            Some(&[
                (
                    2,
                    &["", "finding_id", "Review_Status", "reviewed_on", "note"],
                ),
                (4, &["", "f-1", "", "2024-06-28", "34600111222"]),
                (5, &["", "f-2", "", "2024-06-28T12:00:00", "0.5"]),
                (6, &["", "f-3", "", "2024-06-28", "true"]),
            ]),
        );
    }

    #[test]
    fn long_notes_are_put_together() {
        check(
            &[
                (0, 0, string("exception_id")),
                (0, 1, string("review_note")),
                (0, 2, string("review_status")),
                (0, 3, string("review_note_2")),
                (0, 4, string("status_2")),
                (1, 0, string("x-1")),
                (1, 1, string("ab")),
                (1, 3, string("cd")),
                (2, 0, string("x-2")),
                (2, 1, string("ef")),
            ],
            Some(&[
                (
                    1,
                    &[
                        "exception_id",
                        "review_note",
                        "review_status",
                        "",
                        "status_2",
                    ],
                ),
                (2, &["x-1", "abcd", "", ""]),
                (3, &["x-2", "ef"]),
            ]),
        );
    }

    #[test]
    fn other_sheets_are_left_alone() {
        check(&[], None);
        check(&[(0, 0, string("finding_id")), (1, 0, string("f-1"))], None);
        check(&[(0, 0, string("review_status"))], None);
    }
}
