//! `coverage.csv` and `exceptions.csv`: what was looked at, and what could not be judged.

use std::collections::BTreeMap;

use super::cell::Cell;
use super::view::View;
use crate::mailbox::Locator;
use crate::store::{Coverage, CoverageStatus, Decision, StandingException};

/// The columns of `coverage.csv`.
pub(super) const COVERAGE: &[&str] = &[
    "custodian",
    "account",
    "mailbox",
    "chosen_by",
    "read_only",
    "uidvalidity",
    "messages",
    "in_window",
    "judged",
    "judged_before",
    "exceptions",
    "partly_read",
    "findings",
    "bytes_fetched",
    "bytes_stored",
    "seconds",
    "throttled_seconds",
    "status",
];

/// A row of `coverage.csv`.
pub(super) fn coverage(row: &Coverage, view: &View<'_>) -> Vec<Cell> {
    vec![
        Cell::foreign(&row.mailbox.custodian),
        Cell::foreign(&row.mailbox.account),
        Cell::foreign(&row.mailbox.mailbox),
        Cell::foreign(&row.chosen_by),
        row.read_only.map_or(Cell::own(""), Cell::yes),
        Cell::maybe_number(row.uidvalidity),
        Cell::number(row.messages),
        Cell::number(row.in_window),
        Cell::number(row.judged),
        Cell::number(row.judged_before),
        Cell::number(row.exceptions),
        Cell::number(row.partly_read),
        Cell::number(view.findings_in(&row.mailbox)),
        Cell::number(row.bytes_fetched),
        Cell::number(row.bytes_stored),
        Cell::number(format!("{:.3}", row.seconds)),
        Cell::number(format!("{:.3}", row.throttled_seconds)),
        Cell::own(status(row.status)),
    ]
}

/// The word in the report.
pub(super) fn status(status: CoverageStatus) -> &'static str {
    match status {
        CoverageStatus::Complete => "complete",
        CoverageStatus::Unchanged => "unchanged",
        CoverageStatus::Partial => "partial",
        CoverageStatus::Failed => "failed",
        CoverageStatus::NotReached => "not-reached",
    }
}

/// The columns of `exceptions.csv`.
pub(super) const EXCEPTIONS: &[&str] = &[
    "exception_id",
    "review_status",
    "review_note",
    "custodian",
    "account",
    "mailbox",
    "uidvalidity",
    "uid",
    "count",
    "message_id",
    "stage",
    "code",
    "detail",
    "retryable",
    "attempts",
    "what_to_do",
];

/// A row of `exceptions.csv`.
pub(super) fn exception(row: &StandingException) -> Vec<Cell> {
    let exception = &row.exception;
    let nobody = Decision::default();
    let decision = row.decision.as_ref().unwrap_or(&nobody);
    vec![
        Cell::own(&row.id),
        Cell::Reviewer(decision.status.clone()),
        Cell::Reviewer(decision.note.clone()),
        Cell::foreign(&exception.mailbox.custodian),
        Cell::foreign(&exception.mailbox.account),
        Cell::foreign(&exception.mailbox.mailbox),
        Cell::maybe_number(exception.locators.first().and_then(Locator::uidvalidity)),
        Cell::List(places(&exception.locators)),
        Cell::number(exception.count),
        Cell::foreign(&exception.message_id),
        Cell::own(exception.stage),
        Cell::own(&exception.code),
        Cell::foreign(&exception.detail),
        Cell::yes(exception.retryable),
        Cell::number(row.attempts),
        Cell::foreign(&exception.what_to_do),
    ]
}

/// UIDs and ordinals in order, neighbours as `3..7`: a spreadsheet would take `3:7` for a time and `3-7` for a date.
fn places(locators: &[Locator]) -> Vec<String> {
    let mut numbers: BTreeMap<u64, u64> = BTreeMap::new();
    let mut names = Vec::new();
    let mut sorted: Vec<_> = locators.iter().collect();
    sorted.sort();
    for locator in sorted {
        let number = match locator {
            Locator::Uid { uid, .. } => u64::from(*uid),
            Locator::Ordinal(n) => *n,
            Locator::File(name) => {
                names.push(name.clone());
                continue;
            }
        };
        match numbers.last_entry() {
            Some(mut range) if range.get() + 1 == number => *range.get_mut() = number,
            _ => {
                numbers.insert(number, number);
            }
        }
    }
    let ranges = numbers.into_iter().map(|(first, last)| {
        if first == last {
            first.to_string()
        } else {
            format!("{first}..{last}")
        }
    });
    ranges.chain(names).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(uids: &[u32], expected: &str) {
        let locators: Vec<_> = uids
            .iter()
            .map(|&uid| Locator::Uid {
                uidvalidity: 1,
                uid,
            })
            .collect();
        assert_eq!(places(&locators).join(" "), expected);
    }

    #[test]
    fn neighbours_are_ranges() {
        check(&[], "");
        check(&[4], "4");
        check(&[9, 3, 4, 5, 11, 12], "3..5 9 11..12");
        check(&[u32::MAX], "4294967295");
    }
}
