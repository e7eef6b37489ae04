//! A reviewer's decisions, taken out of a filled-in copy of `findings.csv`, `exceptions.csv` or the workbook, row by row.

mod day;
mod row;
mod workbook;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use sha2::{Digest, Sha256};

use self::day::Order;
use self::row::{Kind, Reviewed};
use self::workbook::{Format, Sheet};
use super::{AuditError, again, record};
use crate::config::table::{Column, Table, TableError};
use crate::finding::{Finding, hexadecimal};
use crate::store::{Decision, Import, Store, evidence_digest};

/// What an import did, row by row.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Imported {
    /// Decisions that were taken, in the file's order.
    pub taken: Vec<Taken>,
    /// Rows that were refused, and why.
    pub refused: Vec<(Place, String)>,
    /// Rows that say what was decided before.
    pub same: u64,
    /// Rows that repeat a decision which a later one has overruled: where, id, and the status that stays.
    pub overruled: Vec<(Place, String, String)>,
    /// Rows without a decision.
    pub undecided: u64,
    /// Columns that mean nothing here.
    pub ignored: Vec<String>,
}

/// Where a row stands.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Of a workbook; empty for a text file.
    pub sheet: String,
    /// Counted from 1.
    pub line: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.sheet.as_str() {
            "" => write!(f, "line {}", self.line),
            sheet => write!(f, "{sheet}, row {}", self.line),
        }
    }
}

/// A decision that was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// The finding's or exception's id.
    pub id: String,
    /// What was decided.
    pub decision: Decision,
    /// The status before; empty if there was none.
    pub before: String,
    /// Whether what the reviewer saw is no longer what stands: the next report says `recheck`.
    pub recheck: bool,
}

/// Why nothing was imported.
#[derive(Debug, thiserror::Error)]
pub enum ReviewError {
    /// The file cannot be read (exit status 2).
    #[error("cannot read {}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is no filled-in copy (exit status 2).
    #[error("{problem}")]
    Table {
        /// For people, with file and line.
        problem: String,
    },
    /// The store cannot be used.
    #[error(transparent)]
    Audit(#[from] AuditError),
    /// The store cannot be used.
    #[error(transparent)]
    Store(#[from] crate::store::StoreError),
}

/// Takes the decisions of `file` into the store, all that can be taken in one transaction; with `try_only` none. A run
/// that holds the store is not waited for.
///
/// # Errors
/// [`ReviewError`]; a row that cannot be taken is in [`Imported::refused`].
pub fn import(file: &Path, store: &Path, try_only: bool) -> Result<Imported, ReviewError> {
    let octets = std::fs::read(file).map_err(|source| ReviewError::Read {
        path: file.to_owned(),
        source,
    })?;
    let tables = read(file, &octets)?;
    let mut store = again::open(store)?;
    let mut imported = Imported::default();
    for kind in [Kind::Finding, Kind::Exception] {
        let tables: Vec<_> = tables.iter().filter(|t| t.kind == kind).collect();
        if !tables.is_empty() {
            Desk::prepare(&store, kind, &tables)?.review(&tables, &mut imported);
        }
    }
    if !try_only && !imported.taken.is_empty() {
        let decisions: Vec<_> = imported
            .taken
            .iter()
            .map(|taken| (taken.id.clone(), taken.decision.clone()))
            .collect();
        let source = Import {
            at: Timestamp::now(),
            operator: record::operator(),
            source_sha256: hexadecimal(&Sha256::digest(&octets)),
        };
        store.add_decisions(&decisions, &source)?;
        store.note("import", &source.source_sha256, &digest(&decisions))?;
    }
    Ok(imported)
}

/// Of what was decided, for the trail, which holds no text.
fn digest(decisions: &[(String, Decision)]) -> String {
    let mut hash = Sha256::new();
    for (id, decision) in decisions {
        let fields = [
            id,
            &decision.status,
            &decision.note,
            &decision.reviewer,
            &decision.reviewed_on,
            &decision.evidence,
        ];
        for field in fields {
            hash.update((field.len() as u64).to_be_bytes());
            hash.update(field);
        }
    }
    hexadecimal(&hash.finalize())
}

/// A filled-in table.
struct Filled {
    kind: Kind,
    table: Table,
    /// Of a workbook; empty for a text file.
    sheet: String,
    /// Whether it holds the apostrophes that keep CSV files safe.
    is_protected: bool,
}

impl Filled {
    fn place(&self, line: usize) -> Place {
        Place {
            sheet: self.sheet.clone(),
            line,
        }
    }
}

/// Reads the tables of a file: of a text file one, of a workbook those that ask for a review.
fn read(file: &Path, octets: &[u8]) -> Result<Vec<Filled>, ReviewError> {
    let problem = |problem: String| ReviewError::Table {
        problem: format!("{}:{problem}", file.display()),
    };
    let Some(format) = Format::of(octets) else {
        let read = |columns| {
            // A sheet of the workbook may have been saved as text.
            let records = workbook::joined(Table::records(octets, columns)?);
            Table::from_records(records, columns)
        };
        let (kind, table) = by_heading(read).map_err(problem)?;
        let sheet = String::new();
        return Ok(vec![Filled {
            kind,
            table,
            sheet,
            is_protected: true,
        }]);
    };
    let sheets = workbook::sheets(octets, format).map_err(|p| problem(format!(" {p}")))?;
    if sheets.is_empty() {
        return Err(problem(
            " no sheet has a column `review_status` beside `finding_id` or `exception_id`: import a copy of report.xlsx with \
             its heading lines"
                .to_owned(),
        ));
    }
    let filled = |sheet: Sheet| {
        let is_protected = !sheet.is_ours();
        let read = by_heading(|columns| Table::from_records(sheet.records.clone(), columns));
        let (kind, table) = read.map_err(|p| problem(format!(" sheet {}:{p}", sheet.name)))?;
        Ok(Filled {
            kind,
            table,
            sheet: sheet.name,
            is_protected,
        })
    };
    sheets.into_iter().map(filled).collect()
}

/// Reads a table as whichever of the two its heading says.
fn by_heading(
    read: impl Fn(&'static [Column]) -> Result<Table, TableError>,
) -> Result<(Kind, Table), String> {
    let told = |error: &TableError| {
        let line = error.line.map_or_else(String::new, |n| format!("{n}:"));
        format!("{line} {}", error.problem)
    };
    let first = match read(Kind::Finding.columns()) {
        Ok(table) => return Ok((Kind::Finding, table)),
        Err(error) => error,
    };
    match read(Kind::Exception.columns()) {
        Ok(table) => Ok((Kind::Exception, table)),
        // Of the two errors the one counts that is not merely about the other table's heading.
        Err(second) if first.problem.contains("`finding_id` is missing") => {
            Err(if second.problem.contains("`exception_id` is missing") {
                " neither `finding_id` nor `exception_id` is a column: import a copy of findings.csv, exceptions.csv or \
                 report.xlsx with its heading line"
                    .to_owned()
            } else {
                told(&second)
            })
        }
        Err(_) => Err(told(&first)),
    }
}

/// What rows are held against.
struct Desk {
    kind: Kind,
    findings: BTreeMap<String, Finding>,
    exceptions: BTreeSet<String>,
    history: BTreeMap<String, Vec<Decision>>,
    /// In which order the file writes days.
    order: Order,
}

impl Desk {
    fn prepare(store: &Store, kind: Kind, tables: &[&Filled]) -> Result<Self, ReviewError> {
        let today = Timestamp::now().to_zoned_datetime(TimeZone::UTC).date();
        let dates = tables
            .iter()
            .flat_map(|filled| &filled.table.rows)
            .flat_map(|row| [row.get("reviewed_on"), row.get("last_day")]);
        let order = Order::of(dates, today);
        store.snapshot(|store| {
            let findings = store.findings()?.into_iter().map(|s| s.finding);
            Ok(Self {
                kind,
                findings: findings.map(|f| (f.id.clone(), f)).collect(),
                exceptions: store.exception_ids()?,
                history: store.history()?,
                order,
            })
        })
    }

    fn review(&self, tables: &[&Filled], imported: &mut Imported) {
        let mut rows: BTreeMap<String, Vec<Reviewed>> = BTreeMap::new();
        let mut order = Vec::new();
        for filled in tables {
            imported.ignored.extend_from_slice(&filled.table.ignored);
            for row in &filled.table.rows {
                match Reviewed::read(filled, row, &self.order) {
                    Err(problem) => imported.refused.push((filled.place(row.line), problem)),
                    Ok(reviewed) => {
                        let same_id = rows.entry(reviewed.id.clone()).or_default();
                        if same_id.is_empty() {
                            order.push(reviewed.id.clone());
                        }
                        same_id.push(reviewed);
                    }
                }
            }
        }
        for id in order {
            self.take(&rows.remove(&id).unwrap_or_default(), imported);
        }
        imported.refused.sort();
    }

    /// Takes what the rows of one id say, if they say one thing.
    fn take(&self, rows: &[Reviewed], imported: &mut Imported) {
        let Some(first) = rows.first() else {
            return;
        };
        if !self.knows(&first.id) {
            let problem = format!(
                "{} is in no report of this store: import into the store that the report came from",
                first.id
            );
            let refused = rows.iter().map(|row| (row.place.clone(), problem.clone()));
            return imported.refused.extend(refused);
        }
        let decided: Vec<_> = rows.iter().filter(|row| !row.is_undecided()).collect();
        let Some(chosen) = decided.first() else {
            imported.undecided += rows.len() as u64;
            return;
        };
        if let Some(other) = decided.iter().find(|row| !row.agrees(chosen)) {
            let problem = format!(
                "{} is decided twice and differently, on {} and {}: keep one",
                first.id, chosen.place, other.place
            );
            let refused = decided
                .iter()
                .map(|row| (row.place.clone(), problem.clone()));
            return imported.refused.extend(refused);
        }
        self.decide(chosen, imported);
    }

    fn decide(&self, row: &Reviewed, imported: &mut Imported) {
        let history = self.history.get(&row.id).map_or(&[][..], Vec::as_slice);
        let last = history.last();
        if last.is_some_and(|last| row.repeats(last)) {
            imported.same += 1;
            return;
        }
        let before = last.map_or_else(String::new, |last| last.status.clone());
        if history.iter().any(|earlier| row.repeats(earlier)) {
            let place = row.place.clone();
            imported.overruled.push((place, row.id.clone(), before));
            return;
        }
        if row.decision.status.is_empty() && !before.is_empty() {
            let problem = format!(
                "{} has a note but no review_status, and `{before}` was decided before: write `{before}` again, or `open` \
                 to take it back",
                row.id
            );
            return imported.refused.push((row.place.clone(), problem));
        }
        let finding = self.findings.get(&row.id);
        let saw_what_stands = finding.is_none_or(|finding| row.saw(finding));
        let evidence = finding.filter(|_| saw_what_stands).map(evidence_digest);
        imported.taken.push(Taken {
            id: row.id.clone(),
            decision: Decision {
                evidence: evidence.unwrap_or_default(),
                ..row.decision.clone()
            },
            before,
            recheck: !saw_what_stands && !row.decision.status.is_empty(),
        });
    }

    fn knows(&self, id: &str) -> bool {
        match self.kind {
            Kind::Finding => self.findings.contains_key(id),
            Kind::Exception => self.exceptions.contains(id),
        }
    }
}
