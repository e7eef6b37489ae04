//! Lists what the open mailbox holds in the window: UID, INTERNALDATE and size, and the Date only where it decides.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io::{BufRead, Write};
use std::ops::ControlFlow;

use jiff::Timestamp;

use super::dialogue::{Command, Dialogue, Event, Outcome};
use super::fetch_answer::{Body, FetchAnswer, Malformed, fetch_answer};
use super::framing::Response;
use super::grammar::{Kind, kind, number, response_code, split_word};
use super::sets::{Portion, portions};
use super::{Listed, ListedFrom, refusal};
use crate::finding::Stage;
use crate::mailbox::Window;
use crate::source::SourceError;

/// Messages per command: an answer stays small, so that little is lost with a connection.
const CHUNK: u32 = 2_000;

/// Octets that a line of the listing, or a Date field, takes on the wire.
const LINE_WEIGHT: u64 = 120;

/// Listings that are begun again because messages vanished under way.
const ATTEMPTS: usize = 3;

/// Lists messages `1..=exists`, ascending by UID. `read_date` takes the header block that holds the Date field.
pub(super) fn list<C: BufRead + Write>(
    dialogue: &mut Dialogue<'_, C>,
    exists: u32,
    window: &Window,
    read_date: &dyn Fn(&[u8]) -> Option<Timestamp>,
) -> Result<Vec<Listed>, SourceError> {
    let all = list_all(dialogue, exists)?;
    in_window(dialogue, all, window, read_date)
}

/// Lists the messages whose UID is `first` or higher, in the order of their UIDs.
pub(super) fn list_from<C: BufRead + Write>(
    dialogue: &mut Dialogue<'_, C>,
    first: u32,
    window: &Window,
    read_date: &dyn Fn(&[u8]) -> Option<Timestamp>,
) -> Result<ListedFrom, SourceError> {
    let stage = dialogue.stage;
    let mut pass = Pass::default();
    let command = Command::light(format!(
        "UID FETCH {first}:* (UID INTERNALDATE RFC822.SIZE)"
    ));
    dialogue.converse(std::iter::once(command), &mut |event| {
        match event {
            Event::Untagged(response) => pass.hear(response, stage)?,
            Event::Done(outcome) => {
                check_mood(stage, "the server does not list the messages", &outcome)?;
            }
        }
        Ok(ControlFlow::Continue(()))
    })?;
    // Past the end the last message is given, whatever its UID (RFC 9051, 6.4.9).
    let new: Vec<_> = pass
        .found
        .into_values()
        .filter(|m| m.uid >= first)
        .collect();
    Ok(ListedFrom {
        messages: new.len() as u64,
        in_window: in_window(dialogue, new, window, read_date)?,
    })
}

/// Leaves out what is not in the window.
fn in_window<C: BufRead + Write>(
    dialogue: &mut Dialogue<'_, C>,
    all: Vec<Listed>,
    window: &Window,
    read_date: &dyn Fn(&[u8]) -> Option<Timestamp>,
) -> Result<Vec<Listed>, SourceError> {
    if window.is_unlimited() {
        return Ok(all);
    }
    let outside: Vec<_> = all
        .iter()
        .filter(|m| !m.internal_date.is_some_and(|date| window.contains(date)))
        .copied()
        .collect();
    let dates = dates(dialogue, &outside, read_date)?;
    Ok(all
        .into_iter()
        .filter(|m| {
            m.internal_date.is_some_and(|date| window.contains(date))
                || window.admits(dates.get(&m.uid).copied(), m.internal_date)
        })
        .collect())
}

fn list_all<C: BufRead + Write>(
    dialogue: &mut Dialogue<'_, C>,
    exists: u32,
) -> Result<Vec<Listed>, SourceError> {
    let mut exists = exists;
    let mut pass = Pass::default();
    for _ in 0..ATTEMPTS {
        pass = Pass::run(dialogue, exists)?;
        if pass.expunged == 0 {
            break;
        }
        // Every number behind an expunged message has shifted: what was asked by number may have been skipped.
        exists = exists.saturating_sub(pass.expunged);
    }
    let mut found = pass.found;
    let silent: u64 = pass.missing.iter().map(|(a, b)| u64::from(b - a) + 1).sum();
    let searched = uids_of(dialogue, &pass.missing)?;
    // A server that refuses to list must not make a mailbox look empty.
    if (searched.uids.len() as u64) < silent.saturating_sub(searched.expunged) {
        let told = found.len() + searched.uids.len();
        let detail = format!("the server says that there are {exists} messages, and lists {told}");
        return Err(refusal::protocol(dialogue.stage, detail).worth_retrying());
    }
    for uid in searched.uids {
        // The server hides the message's data; fetching it will show whether it can be read.
        found.entry(uid).or_insert(Listed {
            uid,
            size: 0,
            internal_date: None,
        });
    }
    Ok(found.into_values().collect())
}

/// One walk through all sequence numbers.
#[derive(Default)]
struct Pass {
    found: BTreeMap<u32, Listed>,
    /// Numbers that were answered in chunks that are not done yet.
    answered: HashSet<u32>,
    /// Ranges of numbers that got no answer.
    missing: Vec<(u32, u32)>,
    expunged: u32,
}

impl Pass {
    fn run<C: BufRead + Write>(
        dialogue: &mut Dialogue<'_, C>,
        exists: u32,
    ) -> Result<Self, SourceError> {
        let stage = dialogue.stage;
        let mut pass = Self::default();
        let commands = (0..exists.div_ceil(CHUNK)).map(|number| {
            let (first, last) = chunk(number, exists);
            Command {
                text: format!("FETCH {first}:{last} (UID INTERNALDATE RFC822.SIZE)"),
                weight: u64::from(last - first + 1) * LINE_WEIGHT,
            }
        });
        dialogue.converse(commands, &mut |event| {
            match event {
                Event::Untagged(response) => pass.hear(response, stage)?,
                Event::Done(outcome) => {
                    check_mood(stage, "the server does not list the messages", &outcome)?;
                    let number = u32::try_from(outcome.command).unwrap_or(u32::MAX);
                    pass.close_chunk(chunk(number, exists));
                }
            }
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(pass)
    }

    fn hear(&mut self, response: &mut Response, stage: Stage) -> Result<(), SourceError> {
        if let Some(answer) = readable(response, stage)? {
            if let Some(uid) = answer.uid
                && (answer.size.is_some() || answer.internal_date.is_some())
            {
                self.answered.insert(answer.sequence);
                self.found.insert(uid, listed(uid, &answer));
            }
        } else if is_expunge(response) {
            self.expunged = self.expunged.saturating_add(1);
        }
        Ok(())
    }

    fn close_chunk(&mut self, (first, last): (u32, u32)) {
        for number in first..=last {
            if self.answered.remove(&number) {
                continue;
            }
            match self.missing.last_mut() {
                Some((_, end)) if end.checked_add(1) == Some(number) => *end = number,
                _ => self.missing.push((number, number)),
            }
        }
    }
}

fn chunk(number: u32, exists: u32) -> (u32, u32) {
    let first = number.saturating_mul(CHUNK).saturating_add(1);
    (first, first.saturating_add(CHUNK - 1).min(exists))
}

fn listed(uid: u32, answer: &FetchAnswer) -> Listed {
    Listed {
        uid,
        size: u32::try_from(answer.size.unwrap_or_default()).unwrap_or(u32::MAX),
        internal_date: answer.internal_date,
    }
}

fn is_expunge(response: &Response) -> bool {
    let Kind::Data(data) = kind(&response.text) else {
        return false;
    };
    let (sequence, word) = split_word(data);
    number::<u32>(sequence).is_some() && word.trim_ascii().eq_ignore_ascii_case(b"EXPUNGE")
}

/// A FETCH answer, if the response is one; an unreadable one without a literal is passed over.
pub(super) fn readable(
    response: &mut Response,
    stage: Stage,
) -> Result<Option<FetchAnswer>, SourceError> {
    match fetch_answer(response) {
        Ok(answer) => Ok(answer),
        Err(Malformed) if response.literals.is_empty() => {
            tracing::debug!("passed over an unreadable FETCH answer");
            Ok(None)
        }
        Err(Malformed) => Err(refusal::protocol(
            stage,
            "the server announced another size than it sent",
        )
        .worth_retrying()),
    }
}

/// A NO that concerns the whole connection ends the work; any other costs only what it did not deliver.
pub(super) fn check_mood(stage: Stage, what: &str, outcome: &Outcome) -> Result<(), SourceError> {
    if outcome.ok {
        return Ok(());
    }
    let error = refusal::refused(stage, what, &outcome.text);
    let is_mood = matches!(error.code, "throttled" | "not-connected")
        || ["UNAVAILABLE", "INUSE"]
            .iter()
            .any(|code| response_code(&outcome.text, code).is_some());
    if is_mood {
        return Err(error);
    }
    tracing::debug!(reason = %error.detail, "a command was refused");
    Ok(())
}

/// What a search for messages gave.
#[derive(Default)]
struct Searched {
    uids: Vec<u32>,
    expunged: u64,
}

/// The UIDs behind sequence numbers that FETCH kept silent about.
fn uids_of<C: BufRead + Write>(
    dialogue: &mut Dialogue<'_, C>,
    missing: &[(u32, u32)],
) -> Result<Searched, SourceError> {
    let stage = dialogue.stage;
    let mut searched = Searched::default();
    let commands = missing
        .iter()
        .map(|(first, last)| Command::light(format!("UID SEARCH {first}:{last}")));
    dialogue.converse(commands, &mut |event| {
        match event {
            Event::Untagged(response) if is_expunge(response) => searched.expunged += 1,
            Event::Untagged(response) => searched.uids.extend(read_search(response)),
            Event::Done(outcome) => {
                check_mood(stage, "the server does not search the mailbox", &outcome)?;
            }
        }
        Ok(ControlFlow::Continue(()))
    })?;
    searched.uids.sort_unstable();
    searched.uids.dedup();
    Ok(searched)
}

fn read_search(response: &Response) -> Vec<u32> {
    let Kind::Data(data) = kind(&response.text) else {
        return Vec::new();
    };
    let (word, rest) = split_word(data);
    if !word.eq_ignore_ascii_case(b"SEARCH") {
        return Vec::new();
    }
    rest.split(|&b| b == b' ').filter_map(number).collect()
}

/// The readable Dates of `messages`; a message that is not in the answer has none.
fn dates<C: BufRead + Write>(
    dialogue: &mut Dialogue<'_, C>,
    messages: &[Listed],
    read_date: &dyn Fn(&[u8]) -> Option<Timestamp>,
) -> Result<HashMap<u32, Timestamp>, SourceError> {
    let stage = dialogue.stage;
    let mut dates = HashMap::new();
    let portion = Portion {
        octets: u64::MAX,
        messages: CHUNK as usize,
    };
    let commands = portions(messages, portion).map(|set| Command {
        text: format!(
            "UID FETCH {} (UID BODY.PEEK[HEADER.FIELDS (DATE)])",
            set.text
        ),
        weight: set.messages.len() as u64 * LINE_WEIGHT,
    });
    dialogue.converse(commands, &mut |event| {
        match event {
            Event::Untagged(response) => {
                if let Some(answer) = readable(response, stage)?
                    && let (Some(uid), Some(Body::Octets(header))) =
                        (answer.uid, answer.into_body())
                    && let Some(date) = read_date(&header)
                {
                    dates.insert(uid, date);
                }
            }
            Event::Done(outcome) => {
                check_mood(
                    stage,
                    "the server does not tell the messages' dates",
                    &outcome,
                )?;
            }
        }
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(dates)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::imap::dialogue::Pace;
    use crate::source::imap::scripted::Scripted;

    /// Takes the first 20 octets behind `Date: ` for RFC 3339.
    fn read_date(header: &[u8]) -> Option<Timestamp> {
        let text = std::str::from_utf8(header.strip_prefix(b"Date: ")?).ok()?;
        text.trim().parse().ok()
    }

    fn run(
        script: &str,
        exists: u32,
        window: Window,
    ) -> (Result<Vec<Listed>, SourceError>, String) {
        let mut connection = Scripted::new(script);
        let result = list(
            &mut Dialogue {
                connection: &mut connection,
                pace: &mut Pace::default(),
                stage: Stage::List,
            },
            exists,
            &window,
            &read_date,
        );
        (result, connection.sent())
    }

    #[track_caller]
    fn check(script: &str, exists: u32, window: Window, uids: &[u32], commands: &[&str]) {
        let (result, sent) = run(script, exists, window);
        let found: Vec<_> = result.expect("a listing").iter().map(|m| m.uid).collect();
        assert_eq!(found, uids);
        let sent: Vec<_> = sent
            .lines()
            .filter_map(|line| line.split_once(' '))
            .map(|(_, command)| command)
            .collect();
        assert_eq!(sent, commands);
    }

    fn may() -> Window {
        Window {
            since: "2024-05-01".parse().ok(),
            until: "2024-05-31".parse().ok(),
        }
    }

    fn line(sequence: u32, uid: u32, date: &str) -> String {
        format!("* {sequence} FETCH (UID {uid} INTERNALDATE {date} RFC822.SIZE 10)\r\n")
    }

    const IN_MAY: &str = "\"10-May-2024 10:00:00 +0000\"";
    const IN_JULY: &str = "\"10-Jul-2024 10:00:00 +0000\"";
    const ALL: &str = "FETCH 1:3 (UID INTERNALDATE RFC822.SIZE)";

    #[test]
    fn nothing_to_list() {
        check("", 0, Window::default(), &[], &[]);
    }

    #[test]
    fn everything_in_chunks() {
        let mut script: String = (1..=2001).map(|n| line(n, 3 * n, IN_MAY)).collect();
        script.push_str("s1 OK x\r\ns2 OK x\r\n");
        let uids: Vec<_> = (1..=2001).map(|n| 3 * n).collect();
        let commands = [
            "FETCH 1:2000 (UID INTERNALDATE RFC822.SIZE)",
            "FETCH 2001:2001 (UID INTERNALDATE RFC822.SIZE)",
        ];
        // The answer to the second chunk may not come before the first is done: put it behind.
        let script = script.replace("s1 OK x\r\n", "").replacen(
            &line(2001, 6003, IN_MAY),
            &format!("s1 OK x\r\n{}", line(2001, 6003, IN_MAY)),
            1,
        );
        check(&script, 2001, Window::default(), &uids, &commands);
    }

    #[test]
    fn the_date_decides_where_the_internal_date_does_not() {
        let script = [
            &line(1, 11, IN_MAY),
            &line(2, 12, IN_JULY),
            &line(3, 13, "NIL"),
            &line(4, 14, IN_JULY),
            &line(5, 15, IN_JULY),
            &line(6, 16, IN_JULY),
            "s1 OK x\r\n",
            "* 2 FETCH (UID 12 BODY[HEADER.FIELDS (DATE)] {30}\r\nDate: 2024-05-20T10:00:00Z\r\n\r\n)\r\n",
            "* 3 FETCH (BODY[HEADER.FIELDS (DATE)] {30}\r\nDate: 2024-07-20T10:00:00Z\r\n\r\n UID 13)\r\n",
            "* 4 FETCH (UID 14 BODY[HEADER.FIELDS (DATE)] {30}\r\nDate: 2024-07-20T10:00:00Z\r\n\r\n)\r\n",
            "* 5 FETCH (UID 15 BODY[HEADER.FIELDS (DATE)] {2}\r\n\r\n)\r\n",
            "s2 OK x\r\n",
        ]
        .concat();
        let commands = [
            "FETCH 1:6 (UID INTERNALDATE RFC822.SIZE)",
            "UID FETCH 12:16 (UID BODY.PEEK[HEADER.FIELDS (DATE)])",
        ];
        // 15 has no Date, and 16 got no answer: neither may be left out.
        check(&script, 6, may(), &[11, 12, 15, 16], &commands);
    }

    #[test]
    fn hidden_messages_are_searched() {
        let script = [
            &line(1, 11, IN_MAY),
            "* 2 FETCH (UID)\r\n* 3 FETCH (FLAGS (\\Seen) UID 13)\r\n",
            "s1 NO some messages are broken\r\n* SEARCH 12 13\r\ns2 OK x\r\n",
        ]
        .concat();
        let commands = [ALL, "UID SEARCH 2:3"];
        check(&script, 3, Window::default(), &[11, 12, 13], &commands);
    }

    #[test]
    fn a_refusal_does_not_make_a_mailbox_look_empty() {
        for search in ["s2 NO Internal error\r\n", "* SEARCH 12 12\r\ns2 OK x\r\n"] {
            let script = format!("s1 NO Internal error\r\n{search}");
            let (result, _) = run(&script, 2, Window::default());
            let error = result.expect_err("an error");
            assert_eq!(
                (error.code, error.retryable),
                ("protocol", true),
                "{search}"
            );
        }
        let vanished = "s1 NO x\r\n* 1 EXPUNGE\r\n* SEARCH 12\r\ns2 OK x\r\n";
        let (result, _) = run(vanished, 2, Window::default());
        assert_eq!(result.expect("a list").len(), 1);
    }

    #[test]
    fn expunged_under_way() {
        let script = [
            &line(1, 11, IN_MAY),
            "* 1 EXPUNGE\r\n",
            "s1 OK x\r\n",
            &line(1, 12, IN_MAY),
            &line(2, 13, IN_MAY),
            "s2 OK x\r\n",
        ]
        .concat();
        let commands = [ALL, "FETCH 1:2 (UID INTERNALDATE RFC822.SIZE)"];
        check(&script, 3, Window::default(), &[12, 13], &commands);
    }

    #[test]
    fn impatient_servers() {
        let (result, _) = run("s1 NO [THROTTLED] later\r\n", 3, Window::default());
        let error = result.expect_err("an error");
        assert_eq!(
            (error.code, error.retryable, error.stage),
            ("throttled", true, Stage::List)
        );
    }
}
