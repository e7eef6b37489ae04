//! What was run, when and how completely; and what changed from one run to another.

use std::collections::BTreeMap;
use std::path::Path;

use super::{AuditError, again};
use crate::store::{Changes, Coverage, CoverageStatus, RunRecord};

/// A run, as the store remembers it.
#[derive(Debug, Clone, PartialEq)]
pub struct PastRun {
    /// Who, when, with what.
    pub record: RunRecord,
    /// Mailboxes that it looked at.
    pub mailboxes: u64,
    /// Of them those of which every message in the window was judged.
    pub complete: u64,
    /// Messages in the window.
    pub in_window: u64,
    /// Messages that it judged.
    pub judged: u64,
    /// Messages that could not be judged.
    pub exceptions: u64,
    /// Findings that it was the first to find, and that still stand.
    pub new_findings: u64,
}

/// All runs, oldest first.
///
/// # Errors
/// A store that is not there or cannot be read.
pub fn runs(store: &Path) -> Result<Vec<PastRun>, AuditError> {
    let store = again::open(store)?;
    store.snapshot(|store| {
        let mut coverage = store.coverage_by_run()?;
        let findings = store.findings_by_run()?;
        let runs = store.runs()?.into_iter();
        Ok(runs
            .map(|record| past(record, &mut coverage, &findings))
            .collect())
    })
}

fn past(
    record: RunRecord,
    coverage: &mut BTreeMap<String, Vec<Coverage>>,
    findings: &BTreeMap<String, u64>,
) -> PastRun {
    let rows = coverage.remove(&record.id).unwrap_or_default();
    let is_whole = |row: &&Coverage| {
        matches!(
            row.status,
            CoverageStatus::Complete | CoverageStatus::Unchanged
        )
    };
    PastRun {
        mailboxes: rows.len() as u64,
        complete: rows.iter().filter(is_whole).count() as u64,
        in_window: rows.iter().map(|row| row.in_window).sum(),
        judged: rows.iter().map(|row| row.judged).sum(),
        exceptions: rows.iter().map(|row| row.exceptions).sum(),
        new_findings: findings.get(&record.id).copied().unwrap_or(0),
        record,
    }
}

/// What changed after the run `before` up to and including the run `after`.
///
/// # Errors
/// Ids that name no runs, or not in this order.
pub fn changes(store: &Path, before: &str, after: &str) -> Result<Changes, AuditError> {
    again::open(store)?.changes(before, after)?.ok_or_else(|| {
        AuditError::Usage(format!(
            "there are no runs {before} and, later, {after}: `sent-audit runs` lists them"
        ))
    })
}
