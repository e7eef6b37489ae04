//! A finding as readers see it: the cells of its row, its sentence marked in the paragraph around it.

use super::Listed;
use crate::finding::Verdict;
use crate::report::Dialect;
use crate::report::cell::Cell;
use crate::report::findings::{self, FINDINGS};
use crate::report::table;
use crate::report::view::Seen;

/// Contact data or recipients that a card lists; the tables have all.
const LINES: usize = 20;

/// What the template shows.
pub(super) struct Card {
    pub(super) id: String,
    pub(super) verdict: Verdict,
    pub(super) change: String,
    pub(super) review: String,
    pub(super) custodian: String,
    pub(super) who: String,
    pub(super) subject: String,
    pub(super) sent_at: String,
    pub(super) client_count: String,
    /// Days from the last day: the words with `#` for the number, and the number.
    pub(super) days: Option<(&'static str, u32)>,
    pub(super) confidence: String,
    pub(super) language: String,
    /// The paragraph before the sentence, the sentence, the paragraph after it.
    pub(super) before: String,
    pub(super) notice: String,
    pub(super) after: String,
    pub(super) reason: String,
    pub(super) facts: Vec<(&'static str, String)>,
    pub(super) contacts: Listed<String>,
    pub(super) recipients: Listed<String>,
    pub(super) place: String,
    pub(super) evidence_file: String,
}

impl Card {
    pub(super) fn of(seen: &Seen<'_>) -> Self {
        let row = findings::finding(seen);
        let text = |column| table::cell(FINDINGS, &row, column);
        let (before, notice, after) = marked(&text("excerpt"), &text("notice"));
        let name = text("name");
        Self {
            id: text("finding_id"),
            verdict: seen.finding().conclusion.verdict,
            change: text("change"),
            review: text("review_status"),
            who: match name.as_str() {
                "" => text("custodian"),
                name => format!("{name} ({})", text("custodian")),
            },
            custodian: text("custodian"),
            subject: text("subject"),
            sent_at: text("sent_at"),
            client_count: text("client_count"),
            days: seen.days_from_last_day().map(days),
            confidence: text("confidence"),
            language: text("language"),
            before,
            notice,
            after,
            reason: text("reason"),
            facts: facts(&text),
            contacts: lines(findings::contacts(seen)),
            recipients: lines(findings::recipients(seen)),
            place: place(&text),
            evidence_file: text("evidence_file"),
        }
    }

    /// As a reader of English sees it before any script has run.
    pub(super) fn days_in_words(&self) -> String {
        self.days.map_or_else(String::new, |(words, number)| {
            words.replace('#', &number.to_string())
        })
    }
}

fn days(days: i32) -> (&'static str, u32) {
    let words = match days {
        ..0 => "# days before the last day",
        0 => "on the last day",
        1.. => "# days after the last day",
    };
    (words, days.unsigned_abs())
}

/// The excerpt around the notice. Where the one is not in the other, letter by letter, the notice goes first.
fn marked(excerpt: &str, notice: &str) -> (String, String, String) {
    let (before, after) = match excerpt.split_once(notice) {
        Some(around) if !notice.is_empty() => around,
        _ => ("", excerpt),
    };
    let gap = if before.is_empty() && after == excerpt && !notice.is_empty() && !excerpt.is_empty()
    {
        "\n"
    } else {
        ""
    };
    (
        before.to_owned(),
        notice.to_owned(),
        format!("{gap}{after}"),
    )
}

/// What there is to tell in a line each.
fn facts(text: &dyn Fn(&'static str) -> String) -> Vec<(&'static str, String)> {
    let joined = |columns: &[&'static str]| {
        let parts: Vec<_> = columns
            .iter()
            .map(|column| text(column))
            .filter(|part| !part.is_empty())
            .collect();
        parts.join(" · ")
    };
    let facts = [
        ("Personal contact data", text("personal_contacts")),
        ("Clients", text("clients")),
        ("Successor", joined(&["successor", "successor_reach"])),
        (
            "Review",
            joined(&["review_status", "reviewer", "reviewed_on", "review_note"]),
        ),
    ];
    facts
        .into_iter()
        .filter(|(_, text)| !text.is_empty())
        .collect()
}

fn lines(rows: impl Iterator<Item = Vec<Cell>>) -> Listed<String> {
    let rows: Vec<_> = rows.collect();
    let line = |row: &Vec<Cell>| {
        // The first cell names the finding.
        let cells: Vec<_> = row
            .iter()
            .skip(1)
            .map(|cell| cell.written(Dialect::Plain))
            .filter(|text| !text.is_empty())
            .collect();
        cells.join(" · ")
    };
    Listed {
        shown: rows.iter().take(LINES).map(line).collect(),
        more: rows.len().saturating_sub(LINES),
    }
}

/// Where the message lies, for whoever has to find it.
fn place(text: &dyn Fn(&'static str) -> String) -> String {
    let labelled = [
        ("id", "finding_id"),
        ("from", "from"),
        ("author", "author"),
        ("campaign", "campaign_id"),
        ("query", "query"),
        ("account", "account"),
        ("mailbox", "mailbox"),
        ("uidvalidity", "uidvalidity"),
        ("uid", "uid"),
        ("message-id", "message_id"),
        ("sha256", "sha256"),
        ("bytes", "size"),
    ];
    let parts: Vec<_> = labelled
        .into_iter()
        .map(|(label, column)| (label, text(column)))
        .filter(|(_, text)| !text.is_empty())
        .map(|(label, text)| format!("{label} {text}"))
        .collect();
    parts.join(" · ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(excerpt: &str, notice: &str, expected: (&str, &str, &str)) {
        let (before, notice, after) = marked(excerpt, notice);
        assert_eq!((before.as_str(), notice.as_str(), after.as_str()), expected);
    }

    #[test]
    fn the_sentence_is_marked() {
        check(
            "Hello. I leave. Bye.",
            "I leave.",
            ("Hello. ", "I leave.", " Bye."),
        );
        check("Hello.", "I leave.", ("", "I leave.", "\nHello."));
        check("I leave.", "I leave.", ("", "I leave.", ""));
        check("Hello.", "", ("", "", "Hello."));
        check("[withheld]", "[withheld]", ("", "[withheld]", ""));
    }

    #[test]
    fn days_are_told_in_words() {
        assert_eq!(days(-3), ("# days before the last day", 3));
        assert_eq!(days(0).0, "on the last day");
    }
}
