//! A reviewer's decisions, taken out of a filled-in copy of `findings.csv` or `exceptions.csv`, row by row.

mod day;
mod row;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use sha2::{Digest, Sha256};

use self::day::Order;
use self::row::{Kind, Reviewed};
use super::{AuditError, again, record};
use crate::config::table::{Table, TableError};
use crate::finding::{Finding, hexadecimal};
use crate::store::{Decision, Import, Store, evidence_digest};

/// What an import did, row by row.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Imported {
    /// Decisions that were taken, in the file's order.
    pub taken: Vec<Taken>,
    /// Rows that were refused: line and reason.
    pub refused: Vec<(usize, String)>,
    /// Rows that say what was decided before.
    pub same: u64,
    /// Rows that repeat a decision which a later one has overruled: line, id, and the status that stays.
    pub overruled: Vec<(usize, String, String)>,
    /// Rows without a decision.
    pub undecided: u64,
    /// Columns that mean nothing here.
    pub ignored: Vec<String>,
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
    let (kind, table) = read(file, &octets)?;
    let mut store = again::open(store)?;
    let desk = Desk::prepare(&store, kind, &table)?;
    let imported = desk.review(&table);
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

/// Reads the table as whichever of the two its heading says.
fn read(file: &Path, octets: &[u8]) -> Result<(Kind, Table), ReviewError> {
    let in_file = |error: &TableError| {
        let line = error.line.map_or_else(String::new, |n| format!("{n}:"));
        let problem = format!("{}:{line} {}", file.display(), error.problem);
        ReviewError::Table { problem }
    };
    let as_findings = Table::read(octets, Kind::Finding.columns());
    let first = match as_findings {
        Ok(table) => return Ok((Kind::Finding, table)),
        Err(error) => error,
    };
    match Table::read(octets, Kind::Exception.columns()) {
        Ok(table) => Ok((Kind::Exception, table)),
        // Of the two errors the one counts that is not merely about the other table's heading.
        Err(second) if first.problem.contains("`finding_id` is missing") => {
            Err(if second.problem.contains("`exception_id` is missing") {
                let problem = format!(
                    "{}: neither `finding_id` nor `exception_id` is a column: import a copy of findings.csv or \
                     exceptions.csv with its heading line",
                    file.display()
                );
                ReviewError::Table { problem }
            } else {
                in_file(&second)
            })
        }
        Err(_) => Err(in_file(&first)),
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
    fn prepare(store: &Store, kind: Kind, table: &Table) -> Result<Self, ReviewError> {
        let today = Timestamp::now().to_zoned_datetime(TimeZone::UTC).date();
        let dates = table
            .rows
            .iter()
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

    fn review(&self, table: &Table) -> Imported {
        let mut imported = Imported {
            ignored: table.ignored.clone(),
            ..Imported::default()
        };
        let mut rows: BTreeMap<String, Vec<Reviewed>> = BTreeMap::new();
        let mut order = Vec::new();
        for row in &table.rows {
            match Reviewed::read(self.kind, row, &self.order) {
                Err(problem) => imported.refused.push((row.line, problem)),
                Ok(reviewed) => {
                    let same_id = rows.entry(reviewed.id.clone()).or_default();
                    if same_id.is_empty() {
                        order.push(reviewed.id.clone());
                    }
                    same_id.push(reviewed);
                }
            }
        }
        for id in order {
            self.take(&rows.remove(&id).unwrap_or_default(), &mut imported);
        }
        imported.refused.sort();
        imported
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
            let refused = rows.iter().map(|row| (row.line, problem.clone()));
            return imported.refused.extend(refused);
        }
        let decided: Vec<_> = rows.iter().filter(|row| !row.is_undecided()).collect();
        let Some(chosen) = decided.first() else {
            imported.undecided += rows.len() as u64;
            return;
        };
        if let Some(other) = decided.iter().find(|row| !row.agrees(chosen)) {
            let problem = format!(
                "{} is decided twice and differently, on lines {} and {}: keep one",
                first.id, chosen.line, other.line
            );
            let refused = decided.iter().map(|row| (row.line, problem.clone()));
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
            imported.overruled.push((row.line, row.id.clone(), before));
            return;
        }
        if row.decision.status.is_empty() && !before.is_empty() {
            let problem = format!(
                "{} has a note but no review_status, and `{before}` was decided before: write `{before}` again, or `open` \
                 to take it back",
                row.id
            );
            return imported.refused.push((row.line, problem));
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
