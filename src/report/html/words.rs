//! What a line of a page says, taken apart: the program's own words, which the page knows in Spanish, and text as it is.
//!
//! A reason reaches the report as one sentence (`detect` composes it, and the store keeps it). Here it is parted again at the
//! same joints. What is no joint, no known phrase, or the desk's own query stays as it was written.

use std::collections::BTreeMap;
use std::sync::LazyLock;

/// The page's English texts in Spanish.
pub(super) const SPANISH: &str = include_str!("spanish.json");

static KNOWN: LazyLock<BTreeMap<String, String>> =
    LazyLock::new(|| serde_json::from_str(SPANISH).unwrap_or_default());

/// Phrases of a reason that hold something in their middle, where `#` stands.
const AROUND: [&str; 6] = [
    "personal contact data: #",
    "successor #, with contact data",
    "successor #, copied",
    "successor #, by name only",
    "sent by # on the custodian's behalf",
    "sent from outside the organisation: #",
];

/// The same for the window of a run.
const WINDOWS: [&str; 3] = ["around the last day #", "since #", "until #"];

/// Between the clauses of a reason.
pub(super) const BETWEEN: &str = "; ";

/// Words that the page translates, with what stands at their `#`, or text that it leaves alone.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// The page's own words.
    Words(String),
    /// The page's own words around something else.
    Around(&'static str, String),
    /// As it is.
    Text(String),
}

impl Piece {
    /// As a reader of English sees it before any script has run.
    pub(super) fn english(&self) -> String {
        match self {
            Self::Words(text) | Self::Text(text) => text.clone(),
            Self::Around(words, middle) => words.replacen('#', middle, 1),
        }
    }
}

/// A word of the program where it knows one, else text.
pub(super) fn word(text: &str) -> Piece {
    if KNOWN.contains_key(text) {
        Piece::Words(text.to_owned())
    } else {
        Piece::Text(text.to_owned())
    }
}

/// The reason of a finding.
pub(super) fn reason(text: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    for clause in text.split(BETWEEN) {
        if !pieces.is_empty() {
            pieces.push(Piece::Text(BETWEEN.to_owned()));
        }
        let whole = Some(word(clause)).filter(|piece| matches!(piece, Piece::Words(_)));
        match whole.or_else(|| around(&AROUND, clause)) {
            Some(piece) => pieces.push(piece),
            None => fact(clause, &mut pieces),
        }
    }
    pieces
}

/// The window of a run.
pub(super) fn window(text: &str) -> Vec<Piece> {
    let days = text
        .strip_suffix("d after the last day")
        .and_then(|rest| rest.split_once("d before, "));
    if let Some((before, after)) = days {
        return vec![
            Piece::Around("# days before", before.to_owned()),
            Piece::Text(", ".to_owned()),
            Piece::Around("# days after the last day", after.to_owned()),
        ];
    }
    vec![around(&WINDOWS, text).unwrap_or_else(|| word(text))]
}

/// The first of the phrases whose ends the text has.
fn around(phrases: &[&'static str], text: &str) -> Option<Piece> {
    phrases.iter().find_map(|phrase| {
        let (start, end) = phrase.split_once('#')?;
        let middle = text.strip_prefix(start)?.strip_suffix(end)?;
        Some(Piece::Around(phrase, middle.to_owned()))
    })
}

/// A clause that tells of a fact: `notice in the body: says farewell and speaks of leaving (wording: leaving)`.
fn fact(clause: &str, pieces: &mut Vec<Piece>) {
    let (rest, wording) = match clause.split_once(" (wording: ") {
        Some((rest, wording)) => (rest, wording.strip_suffix(')')),
        None => (clause, None),
    };
    let (place, says) = rest.split_once(": ").unwrap_or((rest, ""));
    let known = place.split_once(" in the ").and_then(|(name, zone)| {
        let zone = format!("in the {zone}");
        let is_known = KNOWN.contains_key(name) && KNOWN.contains_key(&zone);
        is_known.then(|| (name.to_owned(), zone))
    });
    let Some((name, zone)) = known else {
        pieces.push(Piece::Text(clause.to_owned()));
        return;
    };
    let text = |text: &str| Piece::Text(text.to_owned());
    pieces.extend([Piece::Words(name), text(" "), Piece::Words(zone)]);
    if !says.is_empty() {
        pieces.push(text(": "));
        frames(says, pieces);
    }
    if let Some(words) = wording {
        let wording = Piece::Around("wording: #", words.to_owned());
        pieces.extend([text(" ("), wording, text(")")]);
    }
}

/// What one frame says, or two; `and` may stand within either.
fn frames(says: &str, pieces: &mut Vec<Piece>) {
    let two = says.match_indices(" and ").find_map(|(at, and)| {
        let (first, rest) = says.split_at(at);
        let second = rest.strip_prefix(and)?;
        let both = KNOWN.contains_key(first) && KNOWN.contains_key(second);
        both.then_some((first, second))
    });
    match two {
        Some((first, second)) if !KNOWN.contains_key(says) => pieces.extend([
            word(first),
            Piece::Text(" ".to_owned()),
            Piece::Words("and".to_owned()),
            Piece::Text(" ".to_owned()),
            word(second),
        ]),
        _ => pieces.push(word(says)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::{Judge, implied_organisation};
    use crate::finding::Place;
    use crate::mailbox::Custodian;
    use crate::message;
    use crate::query::QuerySet;

    fn english(pieces: &[Piece]) -> String {
        pieces.iter().map(Piece::english).collect()
    }

    /// What stays as it is of a reason, joints aside.
    fn left(pieces: &[Piece]) -> Vec<&str> {
        let joints = ["; ", ": ", " ", " (", ")", ", "];
        let texts = pieces.iter().filter_map(|piece| match piece {
            Piece::Text(text) if !joints.contains(&text.as_str()) => Some(text.as_str()),
            _ => None,
        });
        texts.collect()
    }

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let pieces = reason(text);
        assert_eq!(english(&pieces), text);
        assert_eq!(left(&pieces), expected);
    }

    #[test]
    fn a_reason_is_parted_at_its_joints_and_nothing_is_lost() {
        check("a notice that gives personal contact data", &[]);
        check(
            "notice in the body: speaks of leaving and of when and says farewell (wording: in the end, bye)",
            &[],
        );
        check(
            "notice in the body: says farewell; personal contact data: +44 1; successor Ann in the body, copied",
            &[],
        );
        check(
            "our own words; notice in the attic: says farewell; because",
            &[
                "our own words",
                "notice in the attic: says farewell",
                "because",
            ],
        );
        check("personal contact data: a; b", &["b"]);
        check("", &[""]);
    }

    #[test]
    fn windows_are_known() {
        for text in [
            "180d before, 60d after the last day",
            "around the last day 2024-06-28",
            "around last days, where known; else all days",
            "all days",
            "since 2024-06-01",
            "until 2024-06-01",
        ] {
            let pieces = window(text);
            assert_eq!(left(&pieces), [""; 0], "{text}");
            let days = english(&pieces).replace(" days before", "d before");
            assert_eq!(days.replace(" days after", "d after"), text);
        }
        assert_eq!(left(&window("2024-06-01 to 2024-06-30")).len(), 1);
    }

    #[test]
    fn what_the_program_says_is_there_in_spanish() {
        let judge = Judge::new(&QuerySet::builtin().unwrap());
        let mut words: Vec<String> = AROUND
            .iter()
            .chain(&WINDOWS)
            .map(|w| (*w).to_owned())
            .collect();
        words.extend(["and", "wording: #", "# days before"].map(str::to_owned));
        words.extend(Place::ALL.iter().map(|place| format!("in the {place}")));
        for query in &judge.queries().queries {
            let frames = query.frames.iter().filter(|frame| frame.points > 0);
            words.extend(frames.map(|frame| frame.says.clone()));
            words.extend(query.patterns.iter().map(|pattern| pattern.says.clone()));
        }
        words.retain(|word| !word.is_empty() && !KNOWN.contains_key(word));
        words.sort();
        words.dedup();
        assert!(words.is_empty(), "{words:#?}");
        reasons_are_known(&judge);
    }

    /// Reasons as `detect` composes them today, of the queries' own examples.
    fn reasons_are_known(judge: &Judge) {
        let organisation = implied_organisation("ana.prueba@acme.example");
        let mut told = 0;
        for query in &judge.queries().queries {
            for example in query.examples.iter().filter(|e| e.verdict.is_some()) {
                let message = format!(
                    "From: Ana Prueba <ana.prueba@acme.example>\nTo: c@customer.example\n{}{}",
                    "Content-Type: text/plain; charset=utf-8\n\n", example.message
                );
                let message = message::parse(message.as_bytes());
                let custodian = Custodian {
                    id: "ana.prueba@acme.example".to_owned(),
                    name: Some("Ana Prueba".to_owned()),
                    ..Custodian::default()
                };
                for conclusion in judge.judge(&message, &custodian, &organisation) {
                    let pieces = reason(&conclusion.reason);
                    assert_eq!(english(&pieces), conclusion.reason);
                    assert_eq!(left(&pieces), [""; 0], "{}", conclusion.reason);
                    told += 1;
                }
            }
        }
        assert!(told > 30, "{told}");
    }
}
