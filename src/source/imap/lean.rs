//! Large messages without what nobody reads: structure and header first, then the parts' headers and the parts that are
//! read, put together again as a smaller message that reads the same.

use std::cell::RefCell;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, Write};
use std::ops::ControlFlow;

use super::dialogue::{Command, Dialogue, Event};
use super::draft::{Draft, Next};
use super::fetch::Sink;
use super::fetch_answer::{Body, FetchAnswer};
use super::listing::{check_mood, readable};
use super::sets::{Portion, portions};
use super::{Extent, Fetched, Listed};
use crate::source::SourceError;

/// Messages from this size on are taken apart; below it a second question costs more than it saves.
pub(super) const LARGE: u32 = 64 << 10;

/// A header with more octets than this is fetched with its whole message.
const LONGEST_HEADER: usize = 128 << 10;

/// Messages that are under way at a time: enough of their small answers to fill a fast line with delay.
const UNDER_WAY: usize = 2_000;

/// Octets of headers and parts with which no further message is begun until others are done.
const PLENTY: usize = 4 << 20;

/// Octets of headers and parts that are kept until the rest of their message comes.
const KEPT: usize = 16 << 20;

/// Messages per question for structures.
const STRUCTURES: Portion = Portion {
    octets: u64::MAX,
    messages: 50,
};

/// Messages per question for the same parts. A refusal costs those that did not come their saving.
const PARTS: Portion = Portion {
    octets: 1 << 20,
    messages: 20,
};

/// Octets of a structure and a header, usually.
const STRUCTURE_WEIGHT: u64 = 4 << 10;

/// Fetches what is read of `messages`, ascending by UID, giving it to `sink`; gives back those that are better fetched whole.
pub(super) fn fetch<C: BufRead + Write>(
    dialogue: &mut Dialogue<'_, C>,
    messages: &[Listed],
    sink: &mut Sink<'_>,
) -> Result<ControlFlow<(), Vec<Listed>>, SourceError> {
    let stage = dialogue.stage;
    // Structures of later messages are asked for while parts of earlier ones arrive, so that no round trip is waited for.
    let bench = RefCell::new(Bench::new(messages));
    let commands = std::iter::from_fn(|| bench.borrow_mut().next_command());
    let mut flow = ControlFlow::Continue(());
    dialogue.converse(commands, &mut |event| {
        match event {
            Event::Untagged(response) => {
                if let Some(answer) = readable(response, stage)?
                    && let Some(fetched) = bench.borrow_mut().take(answer)
                    && !sink(Ok(fetched))
                {
                    flow = ControlFlow::Break(());
                }
            }
            Event::Done(outcome) => {
                bench.borrow_mut().close(outcome.command);
                check_mood(stage, "the server does not deliver parts", &outcome)?;
            }
        }
        Ok(flow)
    })?;
    if flow.is_break() {
        return Ok(ControlFlow::Break(()));
    }
    let delivered = bench.into_inner().delivered;
    let rest = messages.iter().filter(|m| !delivered.contains(&m.uid));
    Ok(ControlFlow::Continue(rest.copied().collect()))
}

/// A draft, and the octets that it held when it was last looked at.
struct Open {
    draft: Draft,
    held: usize,
    /// The command that asked for its parts last: servers may tell that a command is done long after its answers.
    command: usize,
}

/// Where messages are put together. Each is in one place at a time: not asked for, its structure or parts asked for, ready for
/// the next question, or gone: delivered, or left to be fetched whole.
struct Bench<'a> {
    unasked: &'a [Listed],
    /// Their structures are under way.
    asked: BTreeMap<u32, Listed>,
    /// Their parts are under way.
    waiting: BTreeMap<u32, Open>,
    /// What came since the last command was done. Only then is it sorted by what it needs, so that one question does for many.
    fresh: Vec<(String, u64, Open)>,
    /// By the FETCH items that they need next, and the octets that these will have.
    ready: BTreeMap<String, Vec<(u64, Open)>>,
    /// The messages that a command asked for, by its number.
    commands: BTreeMap<usize, Vec<u32>>,
    given: usize,
    /// Octets of all that is open.
    held: usize,
    delivered: BTreeSet<u32>,
}

impl<'a> Bench<'a> {
    fn new(messages: &'a [Listed]) -> Self {
        Self {
            unasked: messages,
            asked: BTreeMap::new(),
            waiting: BTreeMap::new(),
            fresh: Vec::new(),
            ready: BTreeMap::new(),
            commands: BTreeMap::new(),
            given: 0,
            held: 0,
            delivered: BTreeSet::new(),
        }
    }

    /// What to ask next. If nothing is open there is room for the next structures, so nothing is forgotten.
    fn next_command(&mut self) -> Option<Command> {
        let (uids, command) = match self.ask_for_parts() {
            Some(asked) => asked,
            None => self.ask_for_structures()?,
        };
        self.commands.insert(self.given, uids);
        self.given += 1;
        Some(command)
    }

    fn ask_for_parts(&mut self) -> Option<(Vec<u32>, Command)> {
        let (items, mut drafts) = self.ready.pop_first()?;
        drafts.sort_by_key(|(_, open)| open.draft.listed().uid);
        let weighed: Vec<_> = drafts
            .iter()
            .map(|(octets, open)| Listed {
                size: u32::try_from(*octets).unwrap_or(u32::MAX),
                ..open.draft.listed()
            })
            .collect();
        let set = portions(&weighed, PARTS).next()?;
        let later = drafts.split_off(set.messages.len());
        for (_, mut open) in drafts {
            open.command = self.given;
            self.waiting.insert(open.draft.listed().uid, open);
        }
        let command = Command {
            text: format!("UID FETCH {} (UID {items})", set.text),
            weight: set.octets,
        };
        if !later.is_empty() {
            self.ready.insert(items, later);
        }
        Some((set.messages.iter().map(|m| m.uid).collect(), command))
    }

    fn ask_for_structures(&mut self) -> Option<(Vec<u32>, Command)> {
        let under_way = self.asked.len() + self.waiting.len() + self.fresh.len();
        if under_way > UNDER_WAY || self.held > PLENTY {
            return None;
        }
        let set = portions(self.unasked, STRUCTURES).next()?;
        self.unasked = self.unasked.get(set.messages.len()..).unwrap_or_default();
        self.asked.extend(set.messages.iter().map(|m| (m.uid, *m)));
        let command = Command {
            text: format!(
                "UID FETCH {} (UID BODYSTRUCTURE BODY.PEEK[HEADER]<0.{LONGEST_HEADER}>)",
                set.text
            ),
            weight: set.messages.len() as u64 * STRUCTURE_WEIGHT,
        };
        Some((set.messages.iter().map(|m| m.uid).collect(), command))
    }

    /// Takes an answer; gives the message that is complete with it.
    fn take(&mut self, answer: FetchAnswer) -> Option<Fetched> {
        let uid = answer.uid?;
        if let Some(listed) = self.asked.get(&uid).copied() {
            let draft = begin(listed, answer)?;
            self.asked.remove(&uid);
            return self.go_on(draft);
        }
        if answer.sections.is_empty() {
            return None;
        }
        let mut open = self.waiting.remove(&uid)?;
        self.held -= open.held;
        // Each round either brings a draft on or drops it.
        open.draft
            .take(answer.sections)
            .then(|| self.go_on(open.draft))
            .flatten()
    }

    fn go_on(&mut self, draft: Draft) -> Option<Fetched> {
        match draft.next() {
            Next::Done(octets) => {
                let (listed, extent) = (draft.listed(), Extent::Read);
                self.delivered.insert(listed.uid);
                Some(Fetched {
                    listed,
                    octets,
                    whole: None,
                    extent,
                })
            }
            Next::Ask { items, octets } => {
                let held = draft.kept();
                if self.held + held <= KEPT {
                    self.held += held;
                    let command = self.given;
                    let open = Open {
                        draft,
                        held,
                        command,
                    };
                    self.fresh.push((items, octets, open));
                }
                None
            }
            Next::GiveUp => None,
        }
    }

    /// A command is done: what it did not bring is fetched whole.
    fn close(&mut self, command: usize) {
        for uid in self.commands.remove(&command).unwrap_or_default() {
            self.asked.remove(&uid);
            if let Entry::Occupied(entry) = self.waiting.entry(uid)
                && entry.get().command == command
            {
                self.held -= entry.remove().held;
            }
        }
        for (items, octets, open) in self.fresh.drain(..) {
            self.ready.entry(items).or_default().push((octets, open));
        }
    }
}

fn begin(message: Listed, answer: FetchAnswer) -> Option<Draft> {
    let structure = answer.structure.clone()?;
    let Body::Octets(header) = answer.into_body()? else {
        return None;
    };
    (header.len() < LONGEST_HEADER)
        .then(|| Draft::begin(message, structure, header))
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Stage;
    use crate::source::imap::dialogue::Pace;
    use crate::source::imap::scripted::Scripted;

    const STRUCTURE: &str = "BODYSTRUCTURE ((\"text\" \"plain\" NIL NIL NIL \"7bit\" 3 1)\
                             (\"image\" \"png\" NIL NIL NIL \"base64\" 99000) \"mixed\")";

    fn header() -> String {
        let text = "Subject: x\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n";
        format!("BODY[HEADER]<0> {{{}}}\r\n{text}", text.len())
    }

    const PARTS: &str = "BODY[1.MIME] {2}\r\n\r\n BODY[1] {3}\r\nabc \
                         BODY[2.MIME] {27}\r\nContent-Type: image/png\r\n\r\n";

    /// The messages 1, 2 and so on.
    fn large(messages: u32) -> Vec<Listed> {
        let listed = |uid| Listed {
            uid,
            size: 100_000,
            internal_date: None,
        };
        (1..=messages).map(listed).collect()
    }

    /// Fetches messages; gives what was delivered, what is left, and what was sent.
    #[track_caller]
    fn check(script: &str, messages: u32, delivered: &[u32], left: &[u32], sent: &[&str]) {
        let messages = large(messages);
        let mut connection = Scripted::new(script);
        let mut came = Vec::new();
        let flow = fetch(
            &mut Dialogue {
                connection: &mut connection,
                pace: &mut Pace::default(),
                stage: Stage::Fetch,
            },
            &messages,
            &mut |delivery| {
                let fetched = delivery.expect("only messages");
                assert_eq!(fetched.extent, Extent::Read);
                came.push(fetched.listed.uid);
                true
            },
        );
        let ControlFlow::Continue(rest) = flow.expect("a fetch") else {
            panic!("nobody stopped");
        };
        assert_eq!(came, delivered);
        assert_eq!(rest.iter().map(|m| m.uid).collect::<Vec<_>>(), left);
        assert_eq!(connection.sent().lines().collect::<Vec<_>>(), sent);
    }

    const FIRST: &str = "s1 UID FETCH 1:2 (UID BODYSTRUCTURE BODY.PEEK[HEADER]<0.131072>)";
    const ITEMS: &str = "BODY.PEEK[1.MIME] BODY.PEEK[1] BODY.PEEK[2.MIME]";

    #[test]
    fn messages_are_taken_apart() {
        let header = header();
        check(
            &format!(
                "* 1 FETCH (UID 1 {STRUCTURE} {header})\r\n* 2 FETCH (UID 2 {header} {STRUCTURE})\r\ns1 OK\r\n\
                 * 2 FETCH (UID 2 {PARTS})\r\n* 1 FETCH (UID 1 {PARTS})\r\ns2 OK\r\n"
            ),
            2,
            &[2, 1],
            &[],
            &[FIRST, &format!("s2 UID FETCH 1:2 (UID {ITEMS})")],
        );
    }

    #[test]
    fn no_answer_is_waited_for_while_there_is_more_to_ask() {
        let mut connection = Scripted::new("s1 OK\r\ns2 OK\r\ns3 OK\r\n");
        let mut dialogue = Dialogue {
            connection: &mut connection,
            pace: &mut Pace::default(),
            stage: Stage::Fetch,
        };
        let flow = fetch(&mut dialogue, &large(150), &mut |_| true).expect("a fetch");
        assert!(flow.is_continue());
        let ahead = connection.sent_ahead();
        let asked = ahead.lines().filter_map(|line| line.split(' ').nth(3));
        assert_eq!(asked.collect::<Vec<_>>(), ["1:50", "51:100", "101:150"]);
    }

    #[test]
    fn a_command_may_be_done_late() {
        let header = header();
        let nested = STRUCTURE
            .replace("BODYSTRUCTURE ((", "BODYSTRUCTURE (((")
            .replace("3 1)", "3 1) \"alternative\")");
        let alternative = "Content-Type: multipart/alternative; boundary=c\r\n\r\n";
        let card = "Content-Type: text/vcard; name=anna.vcf\r\n\r\n";
        let heads = format!(
            "BODY[1.MIME] {{{}}}\r\n{alternative} BODY[1.1.MIME] {{2}}\r\n\r\n BODY[1.1] {{3}}\r\nabc \
             BODY[2.MIME] {{{}}}\r\n{card}",
            alternative.len(),
            card.len()
        );
        // Dovecot answers several commands before it tells that the first is done: by then the first message waits for the
        // answer to another.
        check(
            &format!(
                "* 1 FETCH (UID 1 {nested} {header})\r\n* 2 FETCH (UID 2 {STRUCTURE} {header})\r\ns1 OK\r\n\
                 * 2 FETCH (UID 2 {PARTS})\r\n* 1 FETCH (UID 1 {heads})\r\ns3 OK\r\ns2 OK\r\n\
                 * 1 FETCH (UID 1 BODY[2] {{2}}\r\nno)\r\ns4 OK\r\n"
            ),
            2,
            &[2, 1],
            &[],
            &[
                FIRST,
                "s2 UID FETCH 1 (UID BODY.PEEK[1.MIME] BODY.PEEK[1.1.MIME] BODY.PEEK[1.1] BODY.PEEK[2.MIME])",
                &format!("s3 UID FETCH 2 (UID {ITEMS})"),
                "s4 UID FETCH 1 (UID BODY.PEEK[2])",
            ],
        );
    }

    #[test]
    fn what_does_not_fit_is_left() {
        let header = header();
        // No structure for the first; a refusal, then nothing new, for the second.
        check(
            &format!(
                "* 1 FETCH (UID 1 BODYSTRUCTURE NIL {header})\r\n* 2 FETCH (UID 2 {header} {STRUCTURE})\r\ns1 NO\r\ns2 NO\r\n"
            ),
            2,
            &[],
            &[1, 2],
            &[FIRST, &format!("s2 UID FETCH 2 (UID {ITEMS})")],
        );
        check("s1 BAD what?\r\n", 2, &[], &[1, 2], &[FIRST]);
        check(
            &format!(
                "* 2 FETCH (UID 2 {header} {STRUCTURE})\r\ns1 OK\r\n\
                 * 2 FETCH (UID 2 BODY[1] NIL)\r\n* 2 FETCH (UID 2 FLAGS ())\r\ns2 OK\r\n"
            ),
            2,
            &[],
            &[1, 2],
            &[FIRST, &format!("s2 UID FETCH 2 (UID {ITEMS})")],
        );
    }
}
