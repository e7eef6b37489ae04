//! Large messages without what nobody reads: structure and header first, then the parts' headers and the parts that are
//! read, put together again as a smaller message that reads the same.

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

/// Messages whose structure is asked for ahead of their parts.
const GROUP: usize = 400;

/// Messages per question for structures.
const STRUCTURES: Portion = Portion {
    octets: u64::MAX,
    messages: 50,
};

/// Octets of a structure and a header, usually.
const STRUCTURE_WEIGHT: u64 = 4 << 10;

/// Octets of parts that are kept until the rest of their message comes.
const KEPT: usize = 16 << 20;

/// Fetches what is read of `messages`, ascending by UID, giving it to `sink`; gives back those that are better fetched whole.
pub(super) fn fetch<C: BufRead + Write>(
    dialogue: &mut Dialogue<'_, C>,
    messages: &[Listed],
    sink: &mut Sink<'_>,
) -> Result<ControlFlow<(), Vec<Listed>>, SourceError> {
    let mut delivered = BTreeSet::new();
    for group in messages.chunks(GROUP) {
        let mut drafts = structures(dialogue, group)?;
        while !drafts.is_empty() {
            let flow = parts(dialogue, &mut drafts, &mut delivered, sink)?;
            if flow.is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
    }
    let rest = messages.iter().filter(|m| !delivered.contains(&m.uid));
    Ok(ControlFlow::Continue(rest.copied().collect()))
}

/// Begins the messages that it pays to take apart.
fn structures<C: BufRead + Write>(
    dialogue: &mut Dialogue<'_, C>,
    group: &[Listed],
) -> Result<BTreeMap<u32, Draft>, SourceError> {
    let stage = dialogue.stage;
    let listed: BTreeMap<_, _> = group.iter().map(|m| (m.uid, *m)).collect();
    let mut drafts = BTreeMap::new();
    let commands = portions(group, STRUCTURES).map(|set| Command {
        text: format!(
            "UID FETCH {} (UID BODYSTRUCTURE BODY.PEEK[HEADER]<0.{LONGEST_HEADER}>)",
            set.text
        ),
        weight: set.messages.len() as u64 * STRUCTURE_WEIGHT,
    });
    dialogue.converse(commands, &mut |event| {
        match event {
            Event::Untagged(response) => {
                if let Some(answer) = readable(response, stage)?
                    && let Some(message) = answer.uid.and_then(|uid| listed.get(&uid))
                    && let Some(draft) = begin(*message, answer)
                {
                    drafts.insert(message.uid, draft);
                }
            }
            Event::Done(outcome) => {
                check_mood(stage, "the server tells no structures", &outcome)?;
            }
        }
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(drafts)
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

/// Asks once for what each draft needs next. Drafts that are done, or that cannot be, are taken out.
fn parts<C: BufRead + Write>(
    dialogue: &mut Dialogue<'_, C>,
    drafts: &mut BTreeMap<u32, Draft>,
    delivered: &mut BTreeSet<u32>,
    sink: &mut Sink<'_>,
) -> Result<ControlFlow<()>, SourceError> {
    let stage = dialogue.stage;
    let mut asked = Vec::new();
    for (&uid, draft) in &mut *drafts {
        if let Next::Ask { items, octets } = draft.next() {
            asked.push(Command {
                text: format!("UID FETCH {uid} (UID {items})"),
                weight: octets,
            });
        }
    }
    // Who is not answered is out: each round either brings a draft on or drops it.
    let mut waiting = std::mem::take(drafts);
    let mut kept = 0;
    let mut flow = ControlFlow::Continue(());
    dialogue.converse(asked.into_iter(), &mut |event| {
        match event {
            Event::Untagged(response) => {
                if let Some(answer) = readable(response, stage)?
                    && let Some(uid) = answer.uid
                    && !answer.sections.is_empty()
                    && let Some(mut draft) = waiting.remove(&uid)
                    && draft.take(answer.sections)
                {
                    match draft.next() {
                        Next::Done(octets) => {
                            delivered.insert(uid);
                            let (listed, extent) = (draft.listed(), Extent::Read);
                            if !sink(Ok(Fetched {
                                listed,
                                octets,
                                extent,
                            })) {
                                flow = ControlFlow::Break(());
                            }
                        }
                        Next::Ask { .. } if kept + draft.kept() <= KEPT => {
                            kept += draft.kept();
                            drafts.insert(uid, draft);
                        }
                        Next::Ask { .. } | Next::GiveUp => {}
                    }
                }
            }
            Event::Done(outcome) => {
                check_mood(stage, "the server does not deliver parts", &outcome)?;
            }
        }
        Ok(flow)
    })?;
    Ok(flow)
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

    /// Fetches messages 1, 2 and so on; gives what was delivered, what is left, and what was sent.
    #[track_caller]
    fn check(script: &str, messages: u32, delivered: &[u32], left: &[u32], sent: &[&str]) {
        let messages: Vec<_> = (1..=messages)
            .map(|uid| Listed {
                uid,
                size: 100_000,
                internal_date: None,
            })
            .collect();
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
                 * 1 FETCH (UID 1 {PARTS})\r\ns2 OK\r\n* 2 FETCH (UID 2 {PARTS})\r\ns3 OK\r\n"
            ),
            2,
            &[1, 2],
            &[],
            &[
                FIRST,
                &format!("s2 UID FETCH 1 (UID {ITEMS})"),
                &format!("s3 UID FETCH 2 (UID {ITEMS})"),
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
