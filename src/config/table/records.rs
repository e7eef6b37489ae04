//! Text to records: which separator, where a quoted value ends, on which line a record begins.

use super::{Column, TableError, fold};

/// Excel's own first line `sep=;`, which names the separator and is no heading.
pub(super) fn separator_line(text: &str) -> Option<(char, &str)> {
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
pub(super) fn guess_separator(text: &str, columns: &[Column]) -> char {
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
pub(super) fn split(
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
