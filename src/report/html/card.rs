//! A finding as readers see it: the cells of its row, its sentence marked in the paragraph around it.

use super::Listed;
use super::ladder::{Ladders, Standing};
use super::words::{self, Piece};
use crate::finding::Verdict;
use crate::report::cell::Cell;
use crate::report::findings::{self, CONTACTS, FINDINGS, RECIPIENTS};
use crate::report::table;
use crate::report::view::Seen;

/// Contact data or recipients that a card lists; the tables have all.
const LINES: usize = 20;
/// Between the parts of a line.
const BETWEEN: &str = " · ";

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
    pub(super) reason: Vec<Piece>,
    /// Not of findings whose reason is not shown.
    pub(super) ladder: Option<Standing>,
    pub(super) facts: Vec<(&'static str, Vec<Piece>)>,
    pub(super) contacts: Listed<Line>,
    pub(super) recipients: Listed<Line>,
    pub(super) place: String,
    pub(super) evidence_file: String,
}

/// A datum or a recipient: what others wrote, and the program's words for it.
pub(super) struct Line {
    pub(super) text: String,
    /// With [`BETWEEN`] between them; the page knows each by itself.
    pub(super) words: String,
}

impl Card {
    pub(super) fn of(seen: &Seen<'_>, ladders: &Ladders<'_>) -> Self {
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
            reason: words::reason(&text("reason")),
            ladder: if seen.masked.is_none() {
                ladders.standing(&seen.finding().conclusion)
            } else {
                None
            },
            facts: facts(&text),
            contacts: lines(
                findings::contacts(seen),
                CONTACTS,
                ["value", "written"],
                ["kind", "owner", "zone"],
            ),
            recipients: lines(
                findings::recipients(seen),
                RECIPIENTS,
                ["address", "display_name"],
                ["field", "kind", "status"],
            ),
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
fn facts(text: &dyn Fn(&'static str) -> String) -> Vec<(&'static str, Vec<Piece>)> {
    let known = |column| words::word(&text(column));
    let as_it_is = |column| Piece::Text(text(column));
    let facts = [
        ("Personal contact data", vec![as_it_is("personal_contacts")]),
        ("Clients", vec![as_it_is("clients")]),
        (
            "Successor",
            vec![as_it_is("successor"), known("successor_reach")],
        ),
        (
            "Review",
            vec![
                known("review_status"),
                as_it_is("reviewer"),
                as_it_is("reviewed_on"),
                as_it_is("review_note"),
            ],
        ),
    ];
    let facts = facts
        .into_iter()
        .map(|(label, pieces)| (label, joined(pieces)));
    facts.filter(|(_, pieces)| !pieces.is_empty()).collect()
}

/// What is not empty, with [`BETWEEN`] between.
fn joined(pieces: Vec<Piece>) -> Vec<Piece> {
    let mut line = Vec::new();
    for piece in pieces {
        if piece.english().is_empty() {
            continue;
        }
        if !line.is_empty() {
            line.push(Piece::Text(BETWEEN.to_owned()));
        }
        line.push(piece);
    }
    line
}

/// The first rows: what others wrote in some columns, and the program's words in others.
fn lines(
    rows: impl Iterator<Item = Vec<Cell>>,
    columns: &[&str],
    texts: [&str; 2],
    words: [&str; 3],
) -> Listed<Line> {
    let rows: Vec<_> = rows.collect();
    let line = |row: &Vec<Cell>| {
        let parts = |names: &[&str]| {
            let mut parts: Vec<_> = names
                .iter()
                .map(|column| table::cell(columns, row, column))
                .filter(|text| !text.is_empty())
                .collect();
            // An address is its own value: `mailto:ana@home.example` says all of it.
            parts.dedup_by(|written, value| value.ends_with(written.as_str()));
            parts.join(BETWEEN)
        };
        Line {
            text: parts(&texts),
            words: parts(&words),
        }
    };
    Listed {
        shown: rows.iter().take(LINES).map(line).collect(),
        more: rows.len().saturating_sub(LINES),
    }
}

/// Where the message lies, for whoever has to find it: by the names of the columns of `findings.csv`, in every language.
fn place(text: &dyn Fn(&'static str) -> String) -> String {
    let columns = [
        "finding_id",
        "from",
        "author",
        "campaign_id",
        "query",
        "account",
        "mailbox",
        "uidvalidity",
        "uid",
        "message_id",
        "sha256",
        "size",
    ];
    let parts: Vec<_> = columns
        .into_iter()
        .map(|column| (column, text(column)))
        .filter(|(_, text)| !text.is_empty())
        .map(|(column, text)| format!("{column} {text}"))
        .collect();
    parts.join(BETWEEN)
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
