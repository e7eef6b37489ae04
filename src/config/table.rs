//! Tables that people send: CSV as it comes out of Excel and HR systems, in whatever encoding and separator.

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Larger files are no rosters; a limit keeps a wrong path (a mailbox, a video) from filling the memory.
const MAX_OCTETS: usize = 64 * 1024 * 1024;

/// A column that a table may have.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Column {
    /// The name in the contract.
    pub(crate) name: &'static str,
    /// Other headings that mean the same, spelled as [`folded`] leaves them.
    pub(crate) synonyms: &'static [&'static str],
    /// Whether a table without it is refused.
    pub(crate) required: bool,
}

/// What is wrong with a table, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TableError {
    /// Counted from 1 as an editor does; `None` if it concerns the whole file.
    pub(crate) line: Option<usize>,
    /// For people, with what to do.
    pub(crate) problem: String,
}

impl TableError {
    /// Something wrong on one line.
    pub(crate) fn at(line: usize, problem: impl Into<String>) -> Self {
        Self {
            line: Some(line),
            problem: problem.into(),
        }
    }

    /// Something wrong with the file.
    pub(crate) fn whole(problem: impl Into<String>) -> Self {
        Self {
            line: None,
            problem: problem.into(),
        }
    }
}

/// A table whose columns are known.
#[derive(Debug, Clone)]
pub(crate) struct Table {
    /// The rows that hold anything, in the file's order.
    pub(crate) rows: Vec<Row>,
    /// Headings that mean nothing here.
    pub(crate) ignored: Vec<String>,
}

/// One row.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    /// The line on which it begins, counted from 1.
    pub(crate) line: usize,
    cells: Vec<(&'static str, String)>,
}

impl Row {
    /// A cell without white space around it; empty if the table has no such column.
    pub(crate) fn get(&self, column: &str) -> &str {
        self.cells
            .iter()
            .find(|(name, _)| *name == column)
            .map_or("", |(_, value)| value.as_str())
    }

    /// A cell that must hold something.
    ///
    /// # Errors
    /// Names line and column.
    pub(crate) fn require(&self, column: &str) -> Result<&str, TableError> {
        match self.get(column) {
            "" => Err(TableError::at(
                self.line,
                format!("the column `{column}` is empty: every row needs one"),
            )),
            value => Ok(value),
        }
    }

    /// A cell that holds several values, separated by `;` `,` `|` or line breaks.
    pub(crate) fn list(&self, column: &str) -> Vec<String> {
        let mut values = Vec::new();
        for value in self.get(column).split([';', ',', '|', '\n', '\r']) {
            let value = value.trim();
            if !value.is_empty() && !values.iter().any(|v| v == value) {
                values.push(value.to_owned());
            }
        }
        values
    }
}

impl Table {
    /// Reads a table with a heading line. Columns may stand in any order; headings are compared without regard to case,
    /// accents, spaces and punctuation.
    ///
    /// # Errors
    /// An encoding that cannot be read, an open quotation mark, a column that is missing or there twice, a row that
    /// is longer than the heading.
    pub(crate) fn read(octets: &[u8], columns: &[Column]) -> Result<Self, TableError> {
        let text = decode(octets)?;
        let (text, first_line, separator) = match separator_line(&text) {
            Some((separator, rest)) => (rest, 2, separator),
            None => (text.as_str(), 1, guess_separator(&text, columns)),
        };
        let mut records = split(text, separator, first_line)?.into_iter();
        let Some((heading_line, heading)) = records.next() else {
            return Err(TableError::whole(format!(
                "the file is empty: its first line names the columns ({})",
                names(columns)
            )));
        };
        let chosen = choose_columns(&heading, columns)
            .map_err(|problem| TableError::at(heading_line, problem))?;
        let ignored = heading
            .iter()
            .zip(&chosen)
            .filter(|(heading, chosen)| chosen.is_none() && !heading.trim().is_empty())
            .map(|(heading, _)| heading.trim().to_owned())
            .collect();
        let rows = records
            .map(|(line, cells)| row(line, cells, &chosen))
            .collect::<Result<_, _>>()?;
        Ok(Self { rows, ignored })
    }
}

fn row(
    line: usize,
    cells: Vec<String>,
    chosen: &[Option<&'static str>],
) -> Result<Row, TableError> {
    // A separator inside an unquoted value moves everything after it by one column: what is beyond the heading is no
    // more certain than what stands before it.
    if cells
        .iter()
        .skip(chosen.len())
        .any(|c| !c.trim().is_empty())
    {
        return Err(TableError::at(
            line,
            format!(
                "the row has {} columns, the heading {}: put a value that holds the separator in quotation marks",
                cells.len(),
                chosen.len()
            ),
        ));
    }
    let cells = cells
        .into_iter()
        .zip(chosen)
        .filter_map(|(cell, name)| name.map(|name| (name, cell.trim().to_owned())))
        .collect();
    Ok(Row { line, cells })
}

/// For every heading the column that it names. The contract's own name goes before its synonyms.
fn choose_columns(
    heading: &[String],
    columns: &[Column],
) -> Result<Vec<Option<&'static str>>, String> {
    let folded: Vec<String> = heading.iter().map(|h| fold(h)).collect();
    let mut chosen = vec![None; heading.len()];
    for column in columns {
        let exact = fold(column.name);
        let mut found: Vec<usize> = positions(&folded, |h| h == exact);
        if found.is_empty() {
            found = positions(&folded, |h| column.synonyms.contains(&h));
        }
        match found.as_slice() {
            [] if column.required => {
                return Err(format!(
                    "the column `{}` is missing; the heading has: {}",
                    column.name,
                    listed(heading)
                ));
            }
            [] => {}
            [only] => {
                if let Some(slot) = chosen.get_mut(*only) {
                    *slot = Some(column.name);
                }
            }
            several => {
                let twice: Vec<&str> = several
                    .iter()
                    .filter_map(|i| heading.get(*i).map(|h| h.trim()))
                    .collect();
                return Err(format!(
                    "the column `{}` is there {} times ({}): keep one",
                    column.name,
                    several.len(),
                    twice.join(", ")
                ));
            }
        }
    }
    Ok(chosen)
}

fn positions(folded: &[String], wanted: impl Fn(&str) -> bool) -> Vec<usize> {
    folded
        .iter()
        .enumerate()
        .filter(|(_, heading)| wanted(heading))
        .map(|(index, _)| index)
        .collect()
}

fn names(columns: &[Column]) -> String {
    let names: Vec<&str> = columns.iter().map(|c| c.name).collect();
    names.join(",")
}

fn listed(heading: &[String]) -> String {
    let cells: Vec<&str> = heading.iter().map(|h| h.trim()).collect();
    cells.join(", ")
}

/// A heading without case, accents, spaces and punctuation: `Last-Day `, `LAST_DAY` and `last day` are one.
fn fold(heading: &str) -> String {
    heading
        .nfkd()
        .filter(|c| !is_combining_mark(*c) && c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

/// The text of a file: UTF-8 or UTF-16 with or without byte order mark, else Windows-1252.
///
/// # Errors
/// A workbook, an oversized file, broken UTF-16.
pub(crate) fn decode(octets: &[u8]) -> Result<String, TableError> {
    if octets.len() > MAX_OCTETS {
        return Err(TableError::whole(
            "the file is larger than 64 MiB: is it the right one?",
        ));
    }
    if octets.starts_with(b"PK\x03\x04") || octets.starts_with(b"\xD0\xCF\x11\xE0") {
        return Err(TableError::whole(
            "this is a workbook, not a text file: save it as `CSV UTF-8` and name that file",
        ));
    }
    let (encoding, octets): (&Encoding, &[u8]) = match Encoding::for_bom(octets) {
        Some((encoding, length)) => (encoding, octets.get(length..).unwrap_or_default()),
        None => (guess_encoding(octets), octets),
    };
    encoding
        .decode_without_bom_handling_and_without_replacement(octets)
        .map(std::borrow::Cow::into_owned)
        .ok_or_else(|| {
            TableError::whole(format!(
                "the file says that it is {} but is not: save it as UTF-8",
                encoding.name()
            ))
        })
}

fn guess_encoding(octets: &[u8]) -> &'static Encoding {
    // Text in UTF-16 of any Western language has a zero in almost every other octet; no other encoding has any.
    let start = octets.get(..octets.len().min(4096)).unwrap_or_default();
    let zeros = |parity: usize| {
        start
            .iter()
            .skip(parity)
            .step_by(2)
            .filter(|o| **o == 0)
            .count()
    };
    let (even, odd) = (zeros(0), zeros(1));
    if even + odd > start.len() / 8 {
        return if even > odd { UTF_16BE } else { UTF_16LE };
    }
    if std::str::from_utf8(octets).is_ok() {
        UTF_8
    } else {
        WINDOWS_1252
    }
}

/// Excel's own first line `sep=;`, which names the separator and is no heading.
fn separator_line(text: &str) -> Option<(char, &str)> {
    let (line, rest) = text.split_once('\n')?;
    let line = line.trim_end_matches('\r').trim_matches('"');
    let head = line.get(..4)?;
    let mut separator = line.get(4..)?.chars();
    match (separator.next(), separator.next()) {
        (Some(c), None) if head.eq_ignore_ascii_case("sep=") => Some((c, rest)),
        _ => None,
    }
}

/// The separator under which the heading names most of the known columns, or at least falls into most pieces.
fn guess_separator(text: &str, columns: &[Column]) -> char {
    let heading = text.lines().find(|l| !l.trim().is_empty()).unwrap_or("");
    let known = |cell: &&str| {
        let folded = fold(cell);
        columns
            .iter()
            .any(|c| fold(c.name) == folded || c.synonyms.contains(&folded.as_str()))
    };
    let mut best = (',', (0, 0));
    for separator in [',', ';', '\t'] {
        let cells: Vec<&str> = heading.split(separator).collect();
        let score = (cells.iter().filter(|c| known(c)).count(), cells.len());
        if score > best.1 {
            best = (separator, score);
        }
    }
    best.0
}

/// Records with the lines on which they begin; records without any content are left out.
///
/// Own code and not the `csv` crate's, which takes an open quotation mark as the rest of the file: custodians would be
/// lost without a word, and a line number is what makes such a mistake easy to find.
fn split(
    text: &str,
    separator: char,
    first_line: usize,
) -> Result<Vec<(usize, Vec<String>)>, TableError> {
    let mut records = Vec::new();
    let mut record = vec![String::new()];
    let (mut line, mut begins) = (first_line, first_line);
    let mut quoted_since = None;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let cell = record.last_mut().expect("a record begins with one cell");
        let line_break = c == '\n' || (c == '\r' && chars.peek() != Some(&'\n'));
        line += usize::from(line_break);
        match c {
            '"' if quoted_since.is_some() => {
                if chars.next_if_eq(&'"').is_some() {
                    cell.push('"');
                } else {
                    quoted_since = None;
                }
            }
            _ if quoted_since.is_some() => cell.push(c),
            '"' if cell.trim().is_empty() => {
                cell.clear();
                quoted_since = Some(line);
            }
            '\r' if !line_break => {}
            _ if line_break => {
                keep(
                    &mut records,
                    begins,
                    std::mem::replace(&mut record, vec![String::new()]),
                );
                begins = line;
            }
            _ if c == separator => record.push(String::new()),
            _ => cell.push(c),
        }
    }
    if let Some(opened) = quoted_since {
        return Err(TableError::at(
            opened,
            "a quotation mark is opened here and never closed",
        ));
    }
    keep(&mut records, begins, record);
    Ok(records)
}

fn keep(records: &mut Vec<(usize, Vec<String>)>, line: usize, record: Vec<String>) {
    if record.iter().any(|cell| !cell.trim().is_empty()) {
        records.push((line, record));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: &[Column] = &[
        Column {
            name: "custodian",
            synonyms: &["employee"],
            required: true,
        },
        Column {
            name: "last_day",
            synonyms: &["ultimodia"],
            required: true,
        },
        Column {
            name: "name",
            synonyms: &[],
            required: false,
        },
    ];

    /// Rows as `line:custodian|last_day|name`, or the error.
    #[track_caller]
    fn check(octets: &[u8], expected: &str) {
        let actual = match Table::read(octets, COLUMNS) {
            Ok(table) => {
                let mut rows: Vec<String> = table
                    .rows
                    .iter()
                    .map(|r| {
                        let cells = [r.get("custodian"), r.get("last_day"), r.get("name")];
                        format!("{}:{}", r.line, cells.join("|"))
                    })
                    .collect();
                if !table.ignored.is_empty() {
                    rows.push(format!("ignored {}", table.ignored.join("|")));
                }
                rows.join(" / ")
            }
            Err(e) => format!("error {:?} {}", e.line.unwrap_or(0), e.problem),
        };
        assert!(
            actual == expected
                || (expected.ends_with('…') && actual.starts_with(expected.trim_end_matches('…'))),
            "\n  actual: {actual}\nexpected: {expected}"
        );
    }

    fn utf16(text: &str, big_endian: bool, bom: bool) -> Vec<u8> {
        let mut octets = Vec::new();
        for unit in bom.then_some(0xFEFF).into_iter().chain(text.encode_utf16()) {
            octets.extend(if big_endian {
                unit.to_be_bytes()
            } else {
                unit.to_le_bytes()
            });
        }
        octets
    }

    #[test]
    fn separators() {
        check(b"custodian,last_day,name\na,b,c\n", "2:a|b|c");
        check(b"custodian;last_day;name\na;b;c,d\n", "2:a|b|c,d");
        check(b"custodian\tlast_day\tname\r\na\tb\tc\r\n", "2:a|b|c");
        check(b"sep=;\r\ncustodian;last_day\r\na;b", "3:a|b|");
        check(b"sep=\t\ncustodian\tlast_day\na\tb", "3:a|b|");
        check(
            b"custodian;\"a,b,c,d\";last_day\n1;2;3",
            "2:1|3| / ignored a,b,c,d",
        );
        check(b"custodian,last_day\ra,b\rc,d", "2:a|b| / 3:c|d|");
    }

    #[test]
    fn encodings() {
        let text = "custodian;last_day;name\r\na;b;José Núñez\r\n";
        let expected = "2:a|b|José Núñez";
        check(text.as_bytes(), expected);
        check(&[b"\xEF\xBB\xBF", text.as_bytes()].concat(), expected);
        for big_endian in [false, true] {
            for bom in [false, true] {
                check(&utf16(text, big_endian, bom), expected);
            }
        }
        check(
            b"custodian;last_day;name\na;b;Jos\xE9 \x80\n",
            "2:a|b|José €",
        );
        check(
            b"\xEF\xBB\xBFcustodian\xFF",
            "error 0 the file says that it is UTF-8 but is not…",
        );
        check(b"PK\x03\x04\x14\x00", "error 0 this is a workbook…");
        check(
            &[0xFF, 0xFE, 0x00, 0xD8],
            "error 0 the file says that it is UTF-16LE but is not…",
        );
    }

    #[test]
    fn headings() {
        check(b"NAME, Last Day ,Custodian\n1,2,3\n", "2:3|2|1");
        check("Employee;Último día\nx;y\n".as_bytes(), "2:x|y|");
        check(
            b"custodian,employee,last-day\na,b,c\n",
            "2:a|c| / ignored employee",
        );
        check(
            b"custodian,last_day,Custodian\n",
            "error 1 the column `custodian` is there 2 times (custodian, Custodian): keep one",
        );
        check(
            b"\n\ncustodian,name\na,b\n",
            "error 3 the column `last_day` is missing; the heading has: custodian, name",
        );
        check(b"", "error 0 the file is empty…");
        check(b"\xEF\xBB\xBF\r\n", "error 0 the file is empty…");
    }

    #[test]
    fn quotes_and_lines() {
        check(
            b"custodian,last_day\n\"a\nb\",c\n\n,\nd,e\n",
            "2:a\nb|c| / 6:d|e|",
        );
        check(
            b"custodian,last_day,name\n \"x,\"\"y\"\"\" ,b,5\" tall\n",
            "2:x,\"y\"|b|5\" tall",
        );
        check(
            b"custodian,last_day\na,b\n\"c,d\ne,f\n",
            "error 3 a quotation mark is opened here and never closed",
        );
        check(b"custodian,last_day\na,b,,\n", "2:a|b|");
        check(b"custodian,last_day\na\n", "2:a||");
        check(
            b"custodian,last_day\na,b,c\n",
            "error 2 the row has 3 columns, the heading 2…",
        );
    }

    #[test]
    fn lists_in_cells() {
        let table =
            Table::read(b"custodian,last_day,name\na,b,\"x; y|z,,x\nw\"\n", COLUMNS).unwrap();
        assert_eq!(table.rows[0].list("name"), ["x", "y", "z", "w"]);
        assert!(table.rows[0].list("absent").is_empty());
    }
}
