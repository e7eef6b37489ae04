//! Fetches whole messages: batches by octets, several under way, one bad message costing one message.

use std::collections::BTreeMap;
use std::io::{BufRead, Write};
use std::ops::ControlFlow;

use super::dialogue::{Command, Dialogue, Event, Listener, Outcome};
use super::fetch_answer::Body;
use super::framing::{LITERAL_LIMIT, Taker};
use super::listing::{check_mood, readable};
use super::placeholder::is_placeholder;
use super::sets::{Portion, portions};
use super::{Extent, Fetched, Listed, Undelivered, lean, refusal};
use crate::finding::Stage;
use crate::mailbox::LONG;
use crate::source::intake::{Intake, Keep};
use crate::source::{Receiver, SourceError};

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

/// Where whole messages go.
trait Inbox: Taker {
    /// A message came; [`Body::Taken`] if this took its octets. `false` ends the fetching at once.
    fn deliver(&mut self, listed: Listed, body: Body) -> bool;

    /// A message did not come.
    fn miss(&mut self, undelivered: Undelivered) -> bool;
}

/// Fetches `messages`, each of which is given to `sink` exactly once unless an error or `sink` ends it.
pub(super) fn fetch<C: BufRead + Write>(
    dialogue: &mut Dialogue<'_, C>,
    messages: &[Listed],
    sink: &mut Sink<'_>,
) -> Result<(), SourceError> {
    let intake = None;
    fetch_to(dialogue, messages, &mut Whole { sink, intake })
}

/// Hands the octets of `messages` on as they come, each message at its end named by its UID. What does not come is passed
/// over; `receiver` may end it.
pub(super) fn fetch_into<C: BufRead + Write>(
    dialogue: &mut Dialogue<'_, C>,
    messages: &[Listed],
    receiver: &mut dyn Receiver<u32>,
) -> Result<(), SourceError> {
    fetch_to(dialogue, messages, &mut Onward(receiver))
}

fn fetch_to<C: BufRead + Write>(
    dialogue: &mut Dialogue<'_, C>,
    messages: &[Listed],
    inbox: &mut dyn Inbox,
) -> Result<(), SourceError> {
    let mut wanted = BTreeMap::new();
    for message in messages {
        if u64::from(message.size) <= LITERAL_LIMIT {
            wanted.insert(message.uid, *message);
        } else if !inbox.miss(too_large(*message, u64::from(message.size))) {
            return Ok(());
        }
    }
    let mut refusals = Refusals::default();
    for portion in [BATCH, SINGLY] {
        let left: Vec<_> = wanted.values().copied().collect();
        let flow = pass(dialogue, &left, portion, &mut wanted, &mut refusals, inbox)?;
        if flow.is_break() {
            return Ok(());
        }
    }
    for message in wanted.into_values() {
        let refusal = refusals.by_uid.get(&message.uid);
        if !inbox.miss(missing(message, refusal.map(Vec::as_slice))) {
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
    inbox: &mut dyn Inbox,
) -> Result<ControlFlow<()>, SourceError> {
    let commands = portions(messages, portion).map(|set| Command {
        text: format!("UID FETCH {} (UID BODY.PEEK[])", set.text),
        weight: set.octets + set.messages.len() as u64 * FRAME_WEIGHT,
    });
    let mut pass = Pass {
        stage: dialogue.stage,
        singly: (portion.messages == 1).then_some(messages),
        wanted,
        refusals,
        inbox,
        flow: ControlFlow::Continue(()),
    };
    dialogue.converse_with(commands, &mut pass)?;
    Ok(pass.flow)
}

/// Listens to the answers.
struct Pass<'p> {
    stage: Stage,
    /// What is asked for, one message a command.
    singly: Option<&'p [Listed]>,
    wanted: &'p mut BTreeMap<u32, Listed>,
    refusals: &'p mut Refusals,
    inbox: &'p mut dyn Inbox,
    flow: ControlFlow<()>,
}

impl Taker for Pass<'_> {
    fn begins(&mut self, text: &[u8], size: u64) -> bool {
        self.inbox.begins(text, size)
    }

    fn takes(&mut self, piece: &[u8]) -> ControlFlow<()> {
        self.flow = self.inbox.takes(piece);
        self.flow
    }
}

impl Listener for Pass<'_> {
    fn hear(&mut self, event: Event<'_>) -> Result<ControlFlow<()>, SourceError> {
        match event {
            Event::Untagged(response) => {
                // What nobody asked for (another message's flags, a second copy) is passed over.
                if let Some(answer) = readable(response, self.stage)?
                    && let (Some(uid), Some(body)) = (answer.uid, answer.into_body())
                    && let Some(listed) = self.wanted.remove(&uid)
                    && !self.inbox.deliver(listed, body)
                {
                    self.flow = ControlFlow::Break(());
                }
            }
            Event::Done(outcome) => {
                let alone = self.singly.and_then(|asked| asked.get(outcome.command));
                self.refusals
                    .note(self.stage, outcome, alone.map(|m| m.uid))?;
            }
        }
        Ok(self.flow)
    }
}

/// Gives whole messages to a sink.
struct Whole<'s, 'f> {
    sink: &'s mut Sink<'f>,
    /// A long message that is coming.
    intake: Option<Intake>,
}

impl Taker for Whole<'_, '_> {
    fn begins(&mut self, text: &[u8], size: u64) -> bool {
        let begins = size > LONG && announces_body(text);
        if begins {
            self.intake = Some(Intake::new(size, Keep::Read));
        }
        begins
    }

    fn takes(&mut self, piece: &[u8]) -> ControlFlow<()> {
        if let Some(intake) = &mut self.intake {
            intake.push(piece);
        }
        ControlFlow::Continue(())
    }
}

impl Inbox for Whole<'_, '_> {
    fn deliver(&mut self, listed: Listed, body: Body) -> bool {
        let came = |(octets, whole)| Fetched {
            listed,
            octets,
            whole,
            extent: Extent::Whole,
        };
        let delivery = match (body, self.intake.take()) {
            (Body::Octets(octets), _) if is_placeholder(&octets) => Err(placeholder(listed)),
            (Body::Octets(octets), _) => Ok(came((octets, None))),
            (Body::Taken, Some(intake)) => Ok(came(intake.finish())),
            (Body::TooLarge(size), _) => Err(too_large(listed, size)),
            (Body::Nil | Body::Taken, _) => Err(no_content(listed)),
        };
        (self.sink)(delivery)
    }

    fn miss(&mut self, undelivered: Undelivered) -> bool {
        (self.sink)(Err(undelivered))
    }
}

/// Hands messages on while they come.
struct Onward<'r>(&'r mut dyn Receiver<u32>);

impl Taker for Onward<'_> {
    fn begins(&mut self, text: &[u8], _: u64) -> bool {
        let begins = announces_body(text);
        if begins {
            // Whose it is may be told only behind it.
            self.0.begin();
        }
        begins
    }

    fn takes(&mut self, piece: &[u8]) -> ControlFlow<()> {
        self.0.piece(piece)
    }
}

impl Onward<'_> {
    fn hand_on(&mut self, uid: u32, body: &Body) -> ControlFlow<()> {
        match body {
            Body::Taken => {}
            Body::Octets(octets) => {
                self.0.begin();
                self.0.piece(octets)?;
            }
            Body::TooLarge(_) | Body::Nil => return ControlFlow::Continue(()),
        }
        self.0.end(&uid)
    }
}

impl Inbox for Onward<'_> {
    fn deliver(&mut self, listed: Listed, body: Body) -> bool {
        self.hand_on(listed.uid, &body).is_continue()
    }

    fn miss(&mut self, _: Undelivered) -> bool {
        true
    }
}

/// Whether the literal at the end of `text` is that of a `BODY[]`.
fn announces_body(text: &[u8]) -> bool {
    let mut words = text.rsplit(|&b| matches!(b, b' ' | b'('));
    words.next();
    words
        .next()
        .is_some_and(|name| name.eq_ignore_ascii_case(b"BODY[]"))
}

/// Exchange's note in the place of a message.
fn placeholder(listed: Listed) -> Undelivered {
    Undelivered {
        listed,
        error: SourceError::new(
            Stage::Fetch,
            "placeholder",
            "the server cannot convert this message, and serves a note about that in its place",
            "open the message in Outlook or Outlook on the web, or export it there and scan the file",
        )
        .worth_retrying(),
    }
}

fn no_content(listed: Listed) -> Undelivered {
    Undelivered {
        listed,
        error: SourceError::new(
            Stage::Fetch,
            "no-content",
            "the server has no content for this message",
            "open the message in a mail program; if it is empty there too, accept this",
        ),
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

    /// Notes what it receives; wants no more than `wants` octets.
    #[derive(Default)]
    struct Noting {
        noted: Vec<String>,
        current: Vec<u8>,
        largest: usize,
        wants: Option<usize>,
    }

    impl Receiver<u32> for Noting {
        fn begin(&mut self) {
            self.current.clear();
        }

        fn piece(&mut self, octets: &[u8]) -> ControlFlow<()> {
            self.largest = self.largest.max(octets.len());
            self.current.extend_from_slice(octets);
            if self.wants.is_some_and(|wants| self.current.len() > wants) {
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(())
        }

        fn end(&mut self, uid: &u32) -> ControlFlow<()> {
            let text = String::from_utf8_lossy(&self.current);
            self.noted.push(format!("{uid} {text}"));
            ControlFlow::Continue(())
        }
    }

    /// Hands messages 1 to `count` on; gives how it ended, and whether the connection is out of step.
    fn hand_on(script: &[u8], count: u32, noting: &mut Noting) -> (Result<(), SourceError>, bool) {
        let messages: Vec<_> = (1..=count)
            .map(|uid| Listed {
                uid,
                size: 1,
                internal_date: None,
            })
            .collect();
        let mut connection = Scripted::new(script).in_pieces(16);
        let mut pace = Pace::default();
        let result = fetch_into(
            &mut Dialogue {
                connection: &mut connection,
                pace: &mut pace,
                stage: Stage::Fetch,
            },
            &messages,
            noting,
        );
        (result, pace.out_of_step)
    }

    #[track_caller]
    fn check_handed_on(script: &[u8], count: u32, noted: &[&str], error: Option<&str>) {
        let mut noting = Noting::default();
        let (result, out_of_step) = hand_on(script, count, &mut noting);
        assert_eq!(noting.noted, noted);
        assert_eq!(result.err().map(|e| e.code), error);
        assert_eq!(out_of_step, error.is_some());
    }

    #[test]
    fn octets_are_handed_on_as_they_come() {
        // The UID stands before or behind; the message in quotes, or not there, or nobody's.
        check_handed_on(
            b"* 1 FETCH (UID 1 BODY[] {4}\r\na\r\nb)\r\n* 2 FETCH (body[] ~{1}\r\nb UID 2)\r\n\
              * 9 FETCH (UID 9 BODY[] {2}\r\nno)\r\n* 3 FETCH (X {2}\r\nno UID 3 BODY[] \"c\")\r\n\
              * 4 FETCH (UID 4 BODY[] NIL)\r\n* 5 FETCH (UID 5 BODY[] {0}\r\n)\r\ns1 OK\r\n",
            5,
            &["1 a\r\nb", "2 b", "3 c", "5 "],
            None,
        );
        // What was cut has not ended, and what comes twice counts once.
        check_handed_on(
            b"* 1 FETCH (UID 1 BODY[] {1}\r\na)\r\n* 1 FETCH (UID 1 BODY[] {1}\r\nz)\r\n\
              * 2 FETCH (UID 2 BODY[] {9}\r\nhalf of",
            2,
            &["1 a"],
            Some("connection-lost"),
        );
        check_handed_on(
            b"* 1 FETCH (UID 1 BODY[] {2}\r\nabc)\r\ns1 OK\r\n",
            1,
            &[],
            Some("protocol"),
        );
    }

    #[test]
    fn no_piece_is_larger_than_the_buffer() {
        let text = "x".repeat(10_000);
        let script = format!("* 1 FETCH (UID 1 BODY[] {{10000}}\r\n{text})\r\ns1 OK\r\n");
        let mut noting = Noting::default();
        let (result, _) = hand_on(script.as_bytes(), 1, &mut noting);
        result.expect("a fetch");
        assert!(noting.noted == [format!("1 {text}")]);
        assert_eq!(noting.largest, 16);
        // Who wants no more leaves the connection out of step.
        let mut noting = Noting {
            wants: Some(100),
            ..Noting::default()
        };
        let (result, out_of_step) = hand_on(script.as_bytes(), 1, &mut noting);
        assert!(result.is_ok() && out_of_step);
        assert!(noting.noted.is_empty() && noting.current.len() < 200);
    }
}
