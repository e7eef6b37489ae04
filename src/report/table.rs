//! The tables of a report: columns and rows, the same for every format.

use super::cell::Cell;
use super::clients::{self, Told};
use super::view::View;
use super::{Dialect, accounting, findings};

/// Rows, each with a cell per column.
type Rows<'a> = Box<dyn Iterator<Item = Vec<Cell>> + 'a>;

/// One table, whose rows can be gone through as often as there are formats.
pub(super) struct Table<'a> {
    /// `findings`, `clients`, …
    pub(super) name: &'static str,
    pub(super) columns: &'static [&'static str],
    rows: Box<dyn Fn() -> Rows<'a> + 'a>,
}

impl<'a> Table<'a> {
    /// A table; `rows` gives the same ones each time.
    pub(super) fn new(
        name: &'static str,
        columns: &'static [&'static str],
        rows: impl Fn() -> Rows<'a> + 'a,
    ) -> Self {
        Self {
            name,
            columns,
            rows: Box::new(rows),
        }
    }

    /// The rows, from the first.
    pub(super) fn rows(&self) -> Rows<'a> {
        (self.rows)()
    }
}

/// The text of one cell of a row, as programs read it; empty if there is no such column.
pub(super) fn cell(columns: &[&str], row: &[Cell], column: &str) -> String {
    let at = columns.iter().position(|name| *name == column);
    at.and_then(|at| row.get(at))
        .map_or_else(String::new, |cell| cell.written(Dialect::Plain))
}

/// All tables, those with details behind those that they explain.
pub(super) fn all<'a>(view: &'a View<'a>, told: &'a [Told<'a>], redact: bool) -> Vec<Table<'a>> {
    let found = || view.findings.iter();
    vec![
        Table::new("findings", findings::FINDINGS, move || {
            Box::new(found().map(findings::finding))
        }),
        Table::new("clients", clients::CLIENTS, move || {
            Box::new(told.iter().map(move |told| told.row(redact)))
        }),
        Table::new("recipients", findings::RECIPIENTS, move || {
            Box::new(found().flat_map(findings::recipients))
        }),
        Table::new("contacts", findings::CONTACTS, move || {
            Box::new(found().flat_map(findings::contacts))
        }),
        Table::new("coverage", accounting::COVERAGE, move || {
            Box::new(
                view.coverage
                    .iter()
                    .map(|row| accounting::coverage(row, view)),
            )
        }),
        Table::new("exceptions", accounting::EXCEPTIONS, move || {
            Box::new(view.exceptions.iter().map(|row| accounting::exception(row)))
        }),
    ]
}
