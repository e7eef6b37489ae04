//! One filled-in row: its words, as a spreadsheet gave them back.

use super::day::Order;
use super::{Filled, Place};
use crate::config::table::{Column, Row};
use crate::finding::Finding;
use crate::report::{REDACTED, unprotect};
use crate::store::Decision;

/// Which table is imported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Finding,
    Exception,
}

const fn column(name: &'static str, required: bool) -> Column {
    Column {
        name,
        synonyms: &[],
        required,
    }
}

/// What is read of `findings.csv`; whatever else a copy has is left alone.
const FINDING: &[Column] = &[
    column("finding_id", true),
    column("review_status", true),
    column("review_note", false),
    column("reviewer", false),
    column("reviewed_on", false),
    column("last_day", false),
    column("verdict", false),
    column("notice", false),
];

/// The same of `exceptions.csv`, whose reviewers need not sign.
const EXCEPTION: &[Column] = &[
    column("exception_id", true),
    column("review_status", true),
    column("review_note", false),
    column("reviewer", false),
    column("reviewed_on", false),
];

impl Kind {
    pub(super) fn columns(self) -> &'static [Column] {
        match self {
            Self::Finding => FINDING,
            Self::Exception => EXCEPTION,
        }
    }

    fn id(self) -> &'static str {
        match self {
            Self::Finding => "finding_id",
            Self::Exception => "exception_id",
        }
    }

    /// The words of `review_status`.
    fn words(self) -> &'static [&'static str] {
        match self {
            Self::Finding => &["open", "confirmed", "cleared", "escalated"],
            Self::Exception => &["open", "accepted"],
        }
    }
}

/// A row whose words are understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reviewed {
    pub(super) place: Place,
    pub(super) id: String,
    /// Its evidence is not filled in here.
    pub(super) decision: Decision,
    /// What the reviewer saw; empty if the copy has no such column.
    verdict: String,
    notice: String,
}

impl Reviewed {
    /// # Errors
    /// Says what is wrong, for people.
    pub(super) fn read(filled: &Filled, row: &Row, order: &Order) -> Result<Self, String> {
        let kind = filled.kind;
        let unprotect = |cell| {
            if filled.is_protected {
                unprotect(cell)
            } else {
                cell.to_owned()
            }
        };
        let id = unprotect(row.get(kind.id()));
        if id.is_empty() {
            return Err(format!("the column `{}` is empty", kind.id()));
        }
        // Spreadsheets begin sentences with a capital.
        let status = row.get("review_status").to_lowercase();
        if !status.is_empty() && !kind.words().contains(&status.as_str()) {
            let words = kind.words().join(", ");
            return Err(format!(
                "{id} has the unknown review_status `{status}`: leave it empty, or write one of: {words}"
            ));
        }
        if row.get("review_note") == REDACTED {
            return Err(format!(
                "{id} comes from a redacted report: review in a copy of a full one"
            ));
        }
        let written = row.get("reviewed_on");
        let reviewed_on = match written {
            "" => String::new(),
            written => order
                .read(written)
                .map_err(|problem| format!("{id}, reviewed_on: {problem}"))?
                .to_string(),
        };
        Ok(Self {
            place: filled.place(row.line),
            decision: Decision {
                status,
                note: lines(&unprotect(row.get("review_note"))),
                reviewer: unprotect(row.get("reviewer")),
                reviewed_on,
                evidence: String::new(),
            },
            verdict: row.get("verdict").to_lowercase(),
            notice: letters(row.get("notice")),
            id,
        })
    }

    /// A name or date alone, filled down a column, decides nothing.
    pub(super) fn is_undecided(&self) -> bool {
        self.decision.status.is_empty() && self.decision.note.is_empty()
    }

    pub(super) fn agrees(&self, other: &Self) -> bool {
        self.decision == other.decision
    }

    /// Whether it says what was decided before.
    pub(super) fn repeats(&self, decision: &Decision) -> bool {
        let was = Decision {
            note: lines(&decision.note),
            evidence: String::new(),
            ..decision.clone()
        };
        self.decision == was
    }

    /// Whether what the reviewer saw is what stands, as far as the copy still shows it.
    pub(super) fn saw(&self, finding: &Finding) -> bool {
        let said = &finding.conclusion;
        let same_verdict = self.verdict.is_empty() || self.verdict == said.verdict.as_str();
        // What a long notice begins with is shown whole, whatever was cut behind it.
        let shown = self.notice.strip_suffix("characters").unwrap_or("");
        let stands = letters(&said.notice);
        let cut = shown.trim_end_matches(|c: char| c.is_ascii_digit());
        let same_notice = self.notice.is_empty()
            || self.notice == "withheld"
            || self.notice == stands
            || !cut.is_empty() && stands.starts_with(cut);
        same_verdict && same_notice
    }
}

/// Line ends as the program writes them.
fn lines(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n")
}

/// Letters and digits alone: the rest is what spreadsheets and the report itself change.
fn letters(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).collect()
}
