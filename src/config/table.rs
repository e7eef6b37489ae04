//! Tables that people send: CSV as it comes out of Excel and HR systems, in whatever encoding and separator.

mod records;
mod text;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use self::records::{guess_separator, separator_line, split};
pub(crate) use self::text::decode;

/// A column that a table may have.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Column {
    /// The name in the contract.
    pub(crate) name: &'static str,
    /// Other headings that mean the same, spelled as `folded` leaves them.
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
        Self::from_records(Self::records(octets, columns)?, columns)
    }

    /// The records of a text file, of which the first is the heading, with the lines on which they begin.
    ///
    /// # Errors
    /// An encoding that cannot be read, an open quotation mark.
    pub(crate) fn records(
        octets: &[u8],
        columns: &[Column],
    ) -> Result<Vec<(usize, Vec<String>)>, TableError> {
        let text = decode(octets)?;
        let (text, first_line, separator) = match separator_line(&text) {
            Some((separator, rest)) => (rest, 2, separator),
            None => (text.as_str(), 1, guess_separator(&text, columns)),
        };
        split(text, separator, first_line)
    }

    /// Makes a table of records, of which the first is the heading, with the lines on which they begin.
    ///
    /// # Errors
    /// As [`Table::read`].
    pub(crate) fn from_records(
        records: Vec<(usize, Vec<String>)>,
        columns: &[Column],
    ) -> Result<Self, TableError> {
        let mut records = records.into_iter();
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

#[cfg(test)]
mod tests;
