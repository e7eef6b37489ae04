//! Fetches whole messages: batches by octets, several under way, one bad message costing one message.

use std::collections::BTreeMap;
use std::io::{BufRead, Write};
use std::ops::ControlFlow;

use super::dialogue::{Command, Dialogue, Event, Outcome};
use super::fetch_answer::Body;
use super::framing::LITERAL_LIMIT;
use super::listing::{check_mood, readable};
use super::sets::{Portion, portions};
use super::{Extent, Fetched, Listed, Undelivered, lean, refusal};
use crate::finding::Stage;
use crate::source::SourceError;

/// One command's share: large enough to keep the wire busy, small enough to lose.
const BATCH: Portion = Portion {
    octets: 4 << 20,
    messages: 2_000,
};

/// After a refusal the messages that did not come are asked for one by one.
const SINGLY: Portion = Portion {
    octets: 0,
    messages: 1,
};

/// Refusals in a row after which it is the server that is ill, and not a message.
const PATIENCE: usize = 20;

/// Octets that an answer takes besides the message.
const FRAME_WEIGHT: u64 = 64;

/// Receives what came, and what did not; `false` ends the fetching at once.
pub(super) type Sink<'a> = dyn FnMut(Result<Fetched, Undelivered>) -> bool + 'a;

/// Fetches `messages`, each of which is given to `sink` exactly once unless an error or `sink` ends it.
pub(super) fn fetch<C: BufRead + Write>(
    dialogue: &mut Dialogue<'_, C>,
    messages: &[Listed],
    sink: &mut Sink<'_>,
) -> Result<(), SourceError> {
    let mut wanted = BTreeMap::new();
    for message in messages {
        if u64::from(message.size) <= LITERAL_LIMIT {
            wanted.insert(message.uid, *message);
        } else if !sink(Err(too_large(*message, u64::from(message.size)))) {
            return Ok(());
        }
    }
    let mut refusals = Refusals::default();
    for portion in [BATCH, SINGLY] {
        let left: Vec<_> = wanted.values().copied().collect();
        let flow = pass(dialogue, &left, portion, &mut wanted, &mut refusals, sink)?;
        if flow.is_break() {
            return Ok(());
        }
    }
    for message in wanted.into_values() {
        let refusal = refusals.by_uid.get(&message.uid);
        if !sink(Err(missing(message, refusal.map(Vec::as_slice)))) {
            break;
        }
    }
    Ok(())
}

/// As [`fetch`], but of large messages only what is read, wherever the server's answers allow it.
pub(super) fn fetch_read<C: BufRead + Write>(
    dialogue: &mut Dialogue<'_, C>,
    messages: &[Listed],
    sink: &mut Sink<'_>,
) -> Result<(), SourceError> {
    let (large, small): (Vec<_>, Vec<_>) = messages.iter().partition(|m| m.size >= lean::LARGE);
    match lean::fetch(dialogue, &large, sink)? {
        ControlFlow::Break(()) => Ok(()),
        ControlFlow::Continue(mut whole) => {
            whole.extend(small);
            whole.sort_by_key(|m| m.uid);
            fetch(dialogue, &whole, sink)
        }
    }
}

/// What the server refused to deliver.
#[derive(Default)]
struct Refusals {
    /// By UID, where a message was asked for alone.
    by_uid: BTreeMap<u32, Vec<u8>>,
    in_a_row: usize,
}

impl Refusals {
    fn note(
        &mut self,
        stage: Stage,
        outcome: Outcome,
        alone: Option<u32>,
    ) -> Result<(), SourceError> {
        let what = "the server does not deliver the messages";
        check_mood(stage, what, &outcome)?;
        if outcome.ok {
            self.in_a_row = 0;
            return Ok(());
        }
        self.in_a_row += 1;
        if self.in_a_row > PATIENCE {
            return Err(refusal::refused(stage, what, &outcome.text).worth_retrying());
        }
        if let Some(uid) = alone {
            self.by_uid.insert(uid, outcome.text);
        }
        Ok(())
    }
}

/// Asks for `messages` once; takes what came out of `wanted`, and remembers the refusals.
fn pass<C: BufRead + Write>(
    dialogue: &mut Dialogue<'_, C>,
    messages: &[Listed],
    portion: Portion,
    wanted: &mut BTreeMap<u32, Listed>,
    refusals: &mut Refusals,
    sink: &mut Sink<'_>,
) -> Result<ControlFlow<()>, SourceError> {
    let stage = dialogue.stage;
    let mut flow = ControlFlow::Continue(());
    let commands = portions(messages, portion).map(|set| Command {
        text: format!("UID FETCH {} (UID BODY.PEEK[])", set.text),
        weight: set.octets + set.messages.len() as u64 * FRAME_WEIGHT,
    });
    dialogue.converse(commands, &mut |event| {
        match event {
            Event::Untagged(response) => {
                // What nobody asked for (another message's flags, a second copy) is passed over.
                if let Some(answer) = readable(response, stage)?
                    && let (Some(uid), Some(body)) = (answer.uid, answer.into_body())
                    && let Some(listed) = wanted.remove(&uid)
                    && !sink(delivery(listed, body))
                {
                    flow = ControlFlow::Break(());
                }
            }
            Event::Done(outcome) => {
                let alone = (portion.messages == 1)
                    .then(|| messages.get(outcome.command).map(|m| m.uid))
                    .flatten();
                refusals.note(stage, outcome, alone)?;
            }
        }
        Ok(flow)
    })?;
    Ok(flow)
}

fn delivery(listed: Listed, body: Body) -> Result<Fetched, Undelivered> {
    match body {
        Body::Octets(octets) => Ok(Fetched {
            listed,
            octets,
            extent: Extent::Whole,
        }),
        Body::TooLarge(size) => Err(too_large(listed, size)),
        Body::Nil => Err(Undelivered {
            listed,
            error: SourceError::new(
                Stage::Fetch,
                "no-content",
                "the server has no content for this message",
                "open the message in a mail program; if it is empty there too, accept this",
            ),
        }),
    }
}

fn too_large(listed: Listed, size: u64) -> Undelivered {
    Undelivered {
        listed,
        error: SourceError::new(
            Stage::Fetch,
            "too-large",
            format!("the message has {size} octets; at most {LITERAL_LIMIT} are read"),
            "read the message in a mail program, or export it and scan a copy without its attachments",
        ),
    }
}

fn missing(listed: Listed, refusal: Option<&[u8]>) -> Undelivered {
    let error = match refusal {
        Some(text) => refusal::refused(
            Stage::Fetch,
            "the server does not deliver this message",
            text,
        ),
        None => SourceError::new(
            Stage::Fetch,
            "not-delivered",
            "the server listed this message and did not deliver it; it was probably deleted meanwhile",
            "run again: a deleted message is not listed any more",
        ),
    };
    Undelivered {
        listed,
        error: error.worth_retrying(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::imap::dialogue::Pace;
    use crate::source::imap::scripted::Scripted;

    struct Run {
        result: Result<(), SourceError>,
        given: Vec<String>,
        sent: Vec<String>,
        out_of_step: bool,
    }

    /// Fetches messages of the given sizes, with UIDs from 1; stops when `stop_at` was given.
    fn run(script: &[u8], sizes: &[u32], stop_at: Option<u32>) -> Run {
        let messages: Vec<_> = (1..)
            .zip(sizes)
            .map(|(uid, &size)| Listed {
                uid,
                size,
                internal_date: None,
            })
            .collect();
        let mut connection = Scripted::new(script);
        let mut pace = Pace::default();
        let mut given = Vec::new();
        let result = fetch(
            &mut Dialogue {
                connection: &mut connection,
                pace: &mut pace,
                stage: Stage::Fetch,
            },
            &messages,
            &mut |delivery| {
                let (uid, text) = match delivery {
                    Ok(f) => (
                        f.listed.uid,
                        String::from_utf8_lossy(&f.octets).into_owned(),
                    ),
                    Err(u) => (u.listed.uid, u.error.code.to_owned()),
                };
                given.push(format!("{uid} {text}"));
                stop_at != Some(uid)
            },
        );
        let sent = connection.sent();
        Run {
            result,
            given,
            sent: sent.lines().map(str::to_owned).collect(),
            out_of_step: pace.out_of_step,
        }
    }

    #[track_caller]
    fn check(script: &[u8], sizes: &[u32], given: &[&str], sent: &[&str]) {
        let run = run(script, sizes, None);
        run.result.expect("a fetch");
        assert_eq!(run.given, given);
        assert_eq!(run.sent, sent);
        assert!(!run.out_of_step);
    }

    #[test]
    fn batches_run_ahead() {
        let big = 4 << 20;
        check(
            b"* 1 FETCH (UID 1 BODY[] {1}\r\na)\r\n* 2 FETCH (BODY[] {1}\r\nb UID 2)\r\ns1 OK\r\n\
              * 9 EXISTS\r\n* 3 FETCH (FLAGS (\\Seen))\r\n* 3 FETCH (UID 3 BODY[] \"\")\r\n* 3 FETCH (UID 3 BODY[] \"x\")\r\n\
              * 7 FETCH (UID 7 BODY[] \"y\")\r\ns2 OK\r\n",
            &[1, 1, big],
            &["1 a", "2 b", "3 "],
            &["s1 UID FETCH 1:2 (UID BODY.PEEK[])", "s2 UID FETCH 3 (UID BODY.PEEK[])"],
        );
    }

    #[test]
    fn a_refusal_costs_one_message() {
        check(
            b"* 1 FETCH (UID 1 BODY[] {1}\r\na)\r\ns1 NO cannot read 2\r\n\
              s2 NO cannot read 2\r\n* 3 FETCH (UID 3 BODY[] {1}\r\nc)\r\ns3 OK\r\n",
            &[1, 1, 1],
            &["1 a", "3 c", "2 server-refused"],
            &[
                "s1 UID FETCH 1:3 (UID BODY.PEEK[])",
                "s2 UID FETCH 2 (UID BODY.PEEK[])",
                "s3 UID FETCH 3 (UID BODY.PEEK[])",
            ],
        );
    }

    #[test]
    fn what_does_not_come_is_told() {
        check(
            b"* 1 FETCH (UID 1 BODY[] NIL)\r\ns1 OK\r\ns2 OK\r\n",
            &[1, 1, u32::MAX],
            &["3 too-large", "1 no-content", "2 not-delivered"],
            &[
                "s1 UID FETCH 1:2 (UID BODY.PEEK[])",
                "s2 UID FETCH 2 (UID BODY.PEEK[])",
            ],
        );
    }

    #[track_caller]
    fn check_broken(tail: &[u8], code: &str) {
        let mut script = b"* 1 FETCH (UID 1 BODY[] {1}\r\na)\r\n".to_vec();
        script.extend_from_slice(tail);
        let run = run(&script, &[1, 1], None);
        let error = run.result.expect_err("an error");
        assert_eq!(
            (error.code, error.retryable, error.stage),
            (code, true, Stage::Fetch)
        );
        assert_eq!(run.given, ["1 a"], "what came before stays");
        assert!(run.out_of_step);
    }

    #[test]
    fn broken_connections() {
        check_broken(b"* BYE see you\r\n", "bye");
        check_broken(b"* 2 FETCH (UID 2 BODY[] {10}\r\nabc", "connection-lost");
        check_broken(
            b"* 2 FETCH (UID 2 BODY[] {1}\r\nabc)\r\ns1 OK\r\n",
            "protocol",
        );
        check_broken(
            b"* 2 FETCH (UID 2 BODY[] {9}\r\nabc)\r\ns1 OK\r\n",
            "protocol",
        );
        check_broken(b"s1 NO [THROTTLED] slow down\r\n", "throttled");
    }

    #[test]
    fn an_ill_server_is_not_asked_for_ever() {
        let script: String = (1..=40)
            .map(|tag| format!("s{tag} NO [SERVERBUG] Internal error\r\n"))
            .collect::<Vec<_>>()
            .concat();
        let run = run(script.as_bytes(), &[1; 30], None);
        let error = run.result.expect_err("an error");
        assert_eq!((error.code, error.retryable), ("server-error", true));
        assert!(run.given.is_empty(), "no message is blamed");
    }

    #[test]
    fn the_sink_can_stop() {
        let script = b"* 1 FETCH (UID 1 BODY[] {1}\r\na)\r\n* 2 FETCH (UID 2 BODY[] {1}\r\nb)\r\n";
        let run = run(script, &[1, 1, 1], Some(1));
        run.result.expect("no error");
        assert_eq!(run.given, ["1 a"]);
        assert!(run.out_of_step);
    }
}
