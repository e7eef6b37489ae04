//! Own commands on the connection: tagged, pipelined, their answers framed by ourselves.

use std::collections::VecDeque;
use std::io::{BufRead, Write};
use std::ops::ControlFlow;

use super::framing::{FramingError, Limits, Response, Taker, read_response_for};
use super::grammar::{Kind, Status, kind, split_word};
use super::refusal;
use crate::finding::Stage;
use crate::source::SourceError;

/// Answers asked for and not yet read: bandwidth times delay of a fast line with 40 ms is 5 MB per Gbit/s.
const OUTSTANDING_ANSWERS: u64 = 16 << 20;

/// Commands sent and not yet answered.
const OUTSTANDING_COMMANDS: usize = 256;

/// Octets of commands not yet answered. A server that is busy writing does not read: what we send must fit into the
/// buffers between us, or both sides would wait for each other.
const OUTSTANDING_OCTETS: usize = 32 << 10;

/// Unreadable lines after which the server is given up.
const NOISE_LIMIT: usize = 1_000;

/// A command and the weight of its answer.
#[derive(Debug)]
pub(super) struct Command {
    /// Without tag and line end.
    pub text: String,
    /// Octets that its answer is expected to have.
    pub weight: u64,
}

impl Command {
    pub(super) fn light(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            weight: 0,
        }
    }
}

/// What comes back.
#[derive(Debug)]
pub(super) enum Event<'a> {
    /// An untagged response other than BYE.
    Untagged(&'a mut Response),
    /// A command is done; what follows belongs to other commands.
    Done(Outcome),
}

/// Hears what comes back, and takes the literals that are not to be kept.
pub(super) trait Listener: Taker {
    /// As the closure of [`Dialogue::converse`].
    fn hear(&mut self, event: Event<'_>) -> Result<ControlFlow<()>, SourceError>;
}

type Hear<'h> = dyn FnMut(Event<'_>) -> Result<ControlFlow<()>, SourceError> + 'h;

/// Keeps every literal.
struct Keeping<'a, 'h>(&'a mut Hear<'h>);

impl Taker for Keeping<'_, '_> {}

impl Listener for Keeping<'_, '_> {
    fn hear(&mut self, event: Event<'_>) -> Result<ControlFlow<()>, SourceError> {
        (self.0)(event)
    }
}

/// How a command ended.
#[derive(Debug)]
pub(super) struct Outcome {
    /// Which: counted from 0 in the order in which they were given.
    pub command: usize,
    /// Whether the answer was OK.
    pub ok: bool,
    /// Response code and text for people.
    pub text: Vec<u8>,
}

/// What outlives one dialogue on a connection.
#[derive(Debug, Default)]
pub(super) struct Pace {
    /// The last tag given out.
    tag: u64,
    /// Whether answers may be under way that nobody waits for: then the connection can only be dropped.
    pub(super) out_of_step: bool,
}

struct Waiting {
    tag: u64,
    command: usize,
    weight: u64,
    octets: usize,
}

/// The sender of commands.
pub(super) struct Dialogue<'a, C> {
    pub(super) connection: &'a mut C,
    pub(super) pace: &'a mut Pace,
    /// Where errors count.
    pub(super) stage: Stage,
}

impl<C: BufRead + Write> Dialogue<'_, C> {
    /// Sends `commands`, several ahead, and hands every response to `hear`, which may break off: the connection is out
    /// of step then. `commands` may have nothing to say, and more once an answer was heard; it is over when it has nothing to
    /// say and nothing is waited for.
    ///
    /// # Errors
    /// I/O, BYE, or a server that is out of step; a NO or BAD is an [`Outcome`].
    pub(super) fn converse(
        &mut self,
        commands: impl Iterator<Item = Command>,
        hear: &mut Hear<'_>,
    ) -> Result<(), SourceError> {
        self.converse_with(commands, &mut Keeping(hear))
    }

    /// As [`Self::converse`]; a listener that wants no more of a literal breaks off, too.
    ///
    /// # Errors
    /// As [`Self::converse`].
    pub(super) fn converse_with(
        &mut self,
        commands: impl Iterator<Item = Command>,
        listener: &mut dyn Listener,
    ) -> Result<(), SourceError> {
        if self.pace.out_of_step {
            return Err(refusal::protocol(
                self.stage,
                "the connection was given up before",
            ));
        }
        // Set until all is answered: every early return leaves answers under way.
        self.pace.out_of_step = true;
        let ended = self.exchange(commands, listener)?;
        self.pace.out_of_step = ended.is_break();
        Ok(())
    }

    fn exchange(
        &mut self,
        commands: impl Iterator<Item = Command>,
        listener: &mut dyn Listener,
    ) -> Result<ControlFlow<()>, SourceError> {
        let mut queue = Queue::new(commands);
        let mut waiting = VecDeque::new();
        let mut noise = 0;
        let mut mute = None;
        loop {
            while mute.is_none()
                && let Some((number, command)) = queue.next_for(&waiting)
            {
                match self.send(number, &command) {
                    Ok(sent) => waiting.push_back(sent),
                    // A server that hung up may have answered before: that is still to be read.
                    Err(error) => mute = Some(error),
                }
            }
            if waiting.is_empty() {
                return mute.map_or(Ok(ControlFlow::Continue(())), Err);
            }
            let flow = match self.receive(&mut waiting, listener)? {
                Received::Data(mut response) => listener.hear(Event::Untagged(&mut response))?,
                Received::Done(outcome) => listener.hear(Event::Done(outcome))?,
                Received::NotWanted => ControlFlow::Break(()),
                Received::Noise => {
                    noise += 1;
                    if noise > NOISE_LIMIT {
                        return Err(refusal::protocol(self.stage, "the server sends no IMAP"));
                    }
                    ControlFlow::Continue(())
                }
            };
            if flow.is_break() {
                return Ok(flow);
            }
        }
    }

    fn send(&mut self, number: usize, command: &Command) -> Result<Waiting, SourceError> {
        self.pace.tag += 1;
        let tag = self.pace.tag;
        let line = format!("s{tag} {}\r\n", command.text);
        self.connection
            .write_all(line.as_bytes())
            .and_then(|()| self.connection.flush())
            .map_err(|e| refusal::io(self.stage, &e))?;
        Ok(Waiting {
            tag,
            command: number,
            weight: command.weight,
            octets: line.len(),
        })
    }

    fn receive(
        &mut self,
        waiting: &mut VecDeque<Waiting>,
        taker: &mut dyn Taker,
    ) -> Result<Received, SourceError> {
        let response = match read_response_for(self.connection, &Limits::default(), taker) {
            Ok(response) => response,
            Err(FramingError::NotWanted) => return Ok(Received::NotWanted),
            Err(error) => return Err(refusal::framing(self.stage, &error)),
        };
        match kind(&response.text) {
            Kind::Tagged { tag, status, text } => {
                let at = waiting
                    .iter()
                    .position(|w| format!("s{}", w.tag).as_bytes() == tag);
                let done = at.and_then(|at| waiting.remove(at)).ok_or_else(|| {
                    let tag = refusal::quoted(tag);
                    refusal::protocol(self.stage, format!("unexpected tag {tag}")).worth_retrying()
                })?;
                Ok(Received::Done(Outcome {
                    command: done.command,
                    ok: status == Status::Ok,
                    text: text.to_vec(),
                }))
            }
            Kind::Untagged {
                status: Status::Bye,
                text,
            } => Err(refusal::bye(self.stage, text)),
            Kind::Untagged { .. } | Kind::Data(_) => Ok(Received::Data(response)),
            Kind::Continuation | Kind::Noise => Ok(Received::Noise),
        }
    }

    /// Sends one command; hands its untagged responses to `hear` and gives back how it ended.
    ///
    /// # Errors
    /// As [`Self::converse`]; a NO or BAD is an [`Outcome`].
    pub(super) fn run(
        &mut self,
        command: impl Into<String>,
        hear: &mut dyn FnMut(&mut Response),
    ) -> Result<Outcome, SourceError> {
        let mut ended = None;
        self.converse(std::iter::once(Command::light(command)), &mut |event| {
            match event {
                Event::Untagged(response) => hear(response),
                Event::Done(outcome) => ended = Some(outcome),
            }
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(ended.expect("a conversation ends only when its commands are done"))
    }

    /// What the server can do, in upper case; nothing if it does not tell.
    ///
    /// # Errors
    /// As [`Self::converse`].
    pub(super) fn capabilities(&mut self) -> Result<Vec<String>, SourceError> {
        let mut found = Vec::new();
        self.run("CAPABILITY", &mut |response| {
            if let Kind::Data(data) = kind(&response.text) {
                let (word, rest) = split_word(data);
                if word.eq_ignore_ascii_case(b"CAPABILITY") {
                    let text = String::from_utf8_lossy(rest).to_ascii_uppercase();
                    found = text.split_ascii_whitespace().map(str::to_owned).collect();
                }
            }
        })?;
        Ok(found)
    }
}

/// Commands that are still to be sent.
struct Queue<I> {
    commands: I,
    /// The next, for which there was no room.
    held: Option<Command>,
    given: usize,
}

impl<I: Iterator<Item = Command>> Queue<I> {
    fn new(commands: I) -> Self {
        let (held, given) = (None, 0);
        Self {
            commands,
            held,
            given,
        }
    }

    /// The next command and its number, if there is one and room for it.
    fn next_for(&mut self, waiting: &VecDeque<Waiting>) -> Option<(usize, Command)> {
        let next = self.held.take().or_else(|| self.commands.next())?;
        if !has_room(waiting, &next) {
            self.held = Some(next);
            return None;
        }
        self.given += 1;
        Some((self.given - 1, next))
    }
}

enum Received {
    Data(Response),
    Done(Outcome),
    Noise,
    /// Of a literal its taker wanted no more.
    NotWanted,
}

fn has_room(waiting: &VecDeque<Waiting>, next: &Command) -> bool {
    let weight: u64 = waiting.iter().map(|w| w.weight).sum();
    let octets: usize = waiting.iter().map(|w| w.octets).sum();
    waiting.is_empty()
        || (weight + next.weight <= OUTSTANDING_ANSWERS
            && octets + next.text.len() <= OUTSTANDING_OCTETS
            && waiting.len() < OUTSTANDING_COMMANDS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::imap::scripted::Scripted;

    /// Runs commands of the given weights and notes what was heard.
    fn converse(
        script: &[u8],
        weights: &[u64],
    ) -> (Result<Vec<String>, SourceError>, String, bool) {
        let mut connection = Scripted::new(script);
        let mut pace = Pace::default();
        let mut heard = Vec::new();
        let commands = weights.iter().map(|&weight| Command {
            text: format!("X{weight}"),
            weight,
        });
        let result = Dialogue {
            connection: &mut connection,
            pace: &mut pace,
            stage: Stage::Fetch,
        }
        .converse(commands, &mut |event| {
            heard.push(match event {
                Event::Untagged(r) => String::from_utf8_lossy(&r.text).into_owned(),
                Event::Done(o) => format!("{} {}", o.command, o.ok),
            });
            Ok(ControlFlow::Continue(()))
        });
        (result.map(|()| heard), connection.sent(), pace.out_of_step)
    }

    #[test]
    fn commands_run_ahead_within_bounds() {
        let big = 10 << 20;
        let script = b"s2 OK early\r\n* 1 EXISTS\r\ns1 NO refused\r\ns3 OK x\r\n";
        let (heard, sent, out_of_step) = converse(script, &[1, 2, big]);
        let heard = heard.expect("a conversation");
        assert_eq!(heard, ["1 true", "* 1 EXISTS", "0 false", "2 true"]);
        assert_eq!(sent, format!("s1 X1\r\ns2 X2\r\ns3 X{big}\r\n"));
        assert!(!out_of_step);

        let (heard, sent, _) = converse(b"* 1 EXISTS\r\n", &[big, big]);
        assert_eq!(heard.expect_err("an end").code, "connection-lost");
        assert_eq!(sent, format!("s1 X{big}\r\n"), "the second has to wait");
    }

    #[test]
    fn noise_is_survived() {
        let script = b"\xff\xfe\x80\r\n+ idling\r\n\r\n* NO busy\r\n* X-ODD {3\r\ns1 OK x\r\n";
        let (heard, _, _) = converse(script, &[1]);
        assert_eq!(
            heard.expect("a conversation"),
            ["* NO busy", "* X-ODD {3", "0 true"]
        );
    }

    #[track_caller]
    fn check_broken(script: &[u8], code: &str, retryable: bool) {
        let (heard, _, out_of_step) = converse(script, &[1]);
        let error = heard.expect_err("an error");
        assert_eq!(
            (error.code, error.retryable, error.stage),
            (code, retryable, Stage::Fetch)
        );
        assert!(out_of_step);
    }

    #[test]
    fn what_came_before_the_end_is_heard() {
        let mut connection = Scripted::new("* 1 EXISTS\r\ns1 OK x\r\n").deaf_after(1);
        let mut heard = 0;
        let commands = ["X", "Y"].into_iter().map(Command::light);
        let result = Dialogue {
            connection: &mut connection,
            pace: &mut Pace::default(),
            stage: Stage::Fetch,
        }
        .converse(commands, &mut |_| {
            heard += 1;
            Ok(ControlFlow::Continue(()))
        });
        assert_eq!(result.expect_err("an end").code, "connection-lost");
        assert_eq!(heard, 2);
    }

    #[test]
    fn broken_connections() {
        check_broken(b"", "connection-lost", true);
        check_broken(b"* 1 FETCH (BODY[] {10}\r\nabc", "connection-lost", true);
        check_broken(b"* BYE shutting down\r\n", "bye", true);
        check_broken(b"s9 OK whose is this\r\n", "protocol", true);
        check_broken(&b"noise\r\n".repeat(2_000), "protocol", false);
    }
}
