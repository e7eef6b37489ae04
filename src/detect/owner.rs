//! Whose a contact datum is: points for and against each owner, by rules in the order of their strength.

mod free_mail;
mod joined;
mod rules;
mod until;
mod words;

use std::collections::BTreeMap;

pub use free_mail::is_free_mail;

use super::author::{domain, is_custodian, local_part};
use super::contact::Found;
use crate::finding::{Contact, ContactKind, Owner, Place};
use crate::mailbox::{Custodian, Organisation};
use crate::message::{Address, Message, Text, Zone};
use crate::query::fold::fold_words;

/// Words near a datum that tell whose it is, found by the query's `cue_…` signals.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a signal of its own that may or may not stand there"
)]
pub struct Cues {
    /// `cue_own`: "my mobile", "reach me at", "my private address".
    pub own: bool,
    /// `cue_colleague`: "my colleague", "her number", "will take over".
    pub colleague: bool,
    /// `cue_new_job`: "my new firm", "I'll be joining".
    pub new_job: bool,
    /// `cue_old`: "will no longer work", "this address will be closed".
    pub old: bool,
    /// `cue_office`: "switchboard", "our office", "direct line", "fax".
    pub office: bool,
}

/// What ownership depends on.
pub struct Context<'m> {
    /// The message.
    pub message: &'m Message,
    /// Whose mail it is.
    pub custodian: &'m Custodian,
    /// The organisation.
    pub organisation: &'m Organisation,
    /// What was read of its documents.
    pub documents: &'m [Text],
    /// Whether the message is a notice: data in it are then more likely the leaver's own.
    pub notice: bool,
    /// Cues in the sentence of a datum, and in the sentence before it.
    pub cues: &'m dyn Fn(&Found) -> (Cues, Cues),
}

/// A rule of ownership that applied to a datum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reason {
    /// What it saw, in plain words.
    pub rule: &'static str,
    /// Points for the custodian, negative against; `None` for a rule that decided alone.
    pub points: Option<i32>,
}

/// Of what stands before a datum so many octets are looked at: no line that people write is longer, and a message of one line with
/// thousands of numbers would take minutes.
const MOST_CLAUSE: usize = 2000;

/// An owner, how sure that is (0 to 100), and why.
struct Opinion {
    owner: Owner,
    confidence: u8,
    why: Vec<Reason>,
}

/// Tells the owner of every datum, and why; the result is sorted and without duplicates.
#[must_use]
pub fn attribute(found: &[Found], context: &Context<'_>) -> Vec<(Contact, Vec<Reason>)> {
    let scene = Scene::new(found, context);
    let mut best: BTreeMap<(ContactKind, String), (Contact, Vec<Reason>, u8)> = BTreeMap::new();
    for (datum, opinion) in found.iter().zip(joined::opinions(&scene, found)) {
        let Opinion {
            owner,
            confidence,
            why,
        } = opinion;
        let contact = Contact {
            kind: datum.kind,
            value: datum.value.clone(),
            written: datum.written.clone(),
            owner,
            place: datum.place,
            part: datum.part.clone(),
            confidence,
        };
        // A datum that stands in several places is told once, where its owner is surest and the place the plainest.
        let rank = rank(datum, owner, confidence);
        let slot = best.entry((datum.kind, datum.value.clone()));
        match slot {
            std::collections::btree_map::Entry::Vacant(slot) => {
                slot.insert((contact, why, rank));
            }
            std::collections::btree_map::Entry::Occupied(mut slot) => {
                if rank > slot.get().2 {
                    slot.insert((contact, why, rank));
                }
            }
        }
    }
    let mut contacts: Vec<(Contact, Vec<Reason>)> = best
        .into_values()
        .map(|(contact, why, _)| (contact, why))
        .collect();
    contacts.sort_by(|(a, _), (b, _)| a.cmp(b));
    contacts
}

fn rank(datum: &Found, owner: Owner, confidence: u8) -> u8 {
    let place = match (datum.place, datum.zone) {
        (_, Zone::Quoted | Zone::Forwarded) | (Place::Header, _) => 0,
        (Place::Body, Zone::Own) => 60,
        (Place::Signature, _) => 40,
        _ => 20,
    };
    let told = if owner == Owner::Unknown { 0 } else { 20 };
    place + told + confidence / 5
}

/// Words of the custodian's names and addresses, folded.
pub(super) struct Names(Vec<String>);

impl Names {
    /// What the roster and the message's From call the custodian.
    pub(super) fn of(message: &Message, custodian: &Custodian) -> Self {
        let from = message.from.first();
        let names = custodian
            .name
            .iter()
            .chain(custodian.aliases.iter().filter(|a| !a.contains('@')));
        let mut texts: Vec<String> = names.cloned().collect();
        if let Some(from) = from {
            texts.push(from.name.clone());
        }
        let addresses = std::iter::once(&custodian.id).chain(from.map(|f| &f.address));
        texts.extend(addresses.map(|a| local_part(a).to_owned()));
        let mut words: Vec<String> = texts
            .iter()
            .flat_map(|t| {
                fold_words(t)
                    .split(' ')
                    .map(str::to_owned)
                    .collect::<Vec<_>>()
            })
            .filter(|w| w.len() >= 3 && !w.bytes().all(|b| b.is_ascii_digit()))
            .collect();
        words.sort();
        words.dedup();
        Self(words)
    }

    /// Whether a local part, a slug or a host holds a word of the custodian's name, or first initial and surname.
    pub(super) fn stand_in(&self, text: &str) -> bool {
        let folded = fold_words(text).replace(' ', "");
        let long = |w: &&String| w.len() >= 4 && folded.contains(w.as_str());
        let short =
            |w: &&String| w.len() == 3 && fold_words(text).split(' ').any(|t| t == w.as_str());
        self.0.iter().any(|w| long(&w) || short(&w))
    }
}

/// What is the same for all data of a message.
struct Scene<'s> {
    context: &'s Context<'s>,
    names: Names,
    /// Whether the signature is the organisation's: it holds an address or site of the organisation.
    office_signature: bool,
    /// Where data stand in the bodies: body and end, sorted.
    ends: Vec<(usize, usize)>,
}

impl<'s> Scene<'s> {
    fn new(found: &[Found], context: &'s Context<'s>) -> Self {
        let office =
            |f: &Found| f.place == Place::Signature && is_organisations(f, context.organisation);
        let office_signature =
            found.iter().any(office) || signature_names(context.message, context.organisation);
        let end = |f: &Found| f.body.map(|body| (body, f.range.end));
        let mut ends: Vec<(usize, usize)> = found.iter().filter_map(end).collect();
        ends.sort_unstable();
        Self {
            context,
            names: Names::of(context.message, context.custodian),
            office_signature,
            ends,
        }
    }

    fn recipients(&self) -> impl Iterator<Item = &Address> {
        let m = self.context.message;
        m.to.iter()
            .chain(&m.cc)
            .chain(&m.bcc)
            .filter(|a| !self.context.organisation.owns(domain(&a.address)))
    }

    /// A recipient's own address, unless the custodian writes to himself.
    fn is_recipients(&self, address: &str) -> bool {
        self.recipients()
            .any(|a| a.address.eq_ignore_ascii_case(address))
            && !self.is_named_after_custodian(local_part(address))
    }

    fn is_own_address(&self, address: &str) -> bool {
        let as_address = Address {
            name: String::new(),
            address: address.to_owned(),
        };
        is_custodian(&as_address, self.context.custodian)
            || self
                .context
                .message
                .from
                .iter()
                .any(|f| f.address.eq_ignore_ascii_case(address))
    }

    fn is_named_after_custodian(&self, text: &str) -> bool {
        self.names.stand_in(text)
    }

    /// The text in which a datum stands; empty for headers.
    fn text(&self, datum: &Found) -> &str {
        let message = self.context.message;
        let attached = || {
            let read = message.attachments.iter().filter_map(|a| a.text.as_ref());
            read.chain(self.context.documents)
                .find(|text| text.part == datum.part)
        };
        let text = match datum.body {
            Some(body) => message.bodies.get(body),
            None if datum.place == Place::Attachment => attached(),
            None => None,
        };
        text.map_or("", |text| text.content.as_str())
    }

    fn is_in_document(&self, datum: &Found) -> bool {
        let documents = self.context.documents;
        datum.place == Place::Attachment && documents.iter().any(|d| d.part == datum.part)
    }

    /// What is written of a datum before it, folded: the words of its sentence and line behind the datum before.
    fn line(&self, datum: &Found) -> String {
        let head = self.clause(datum);
        let own = head
            .rfind(|c: char| c.is_ascii_digit() || matches!(c, '|' | '·' | ';'))
            .and_then(|at| head.get(at..))
            .map_or(head, |rest| {
                rest.trim_start_matches(|c: char| !c.is_alphabetic())
            });
        format!(" {} ", fold_words(own))
    }

    /// What stands before a datum from the last comma or colon on, folded: "the firm's mobile is gone, take 0170 …".
    fn nearest_words(&self, datum: &Found) -> String {
        let clause = self.clause(datum);
        let last = clause.rfind([',', ':', ';']).map_or(0, |at| at + 1);
        format!(" {} ", fold_words(clause.get(last..).unwrap_or_default()))
    }

    /// What stands before a datum in its line and sentence, from the datum before on.
    fn clause(&self, datum: &Found) -> &str {
        let end = datum.range.start;
        let text = self.text(datum);
        let from = (end.saturating_sub(MOST_CLAUSE)..=end).find(|&at| text.is_char_boundary(at));
        let start_of_head = from.unwrap_or(end);
        let head = text.get(start_of_head..end).unwrap_or_default();
        let before = datum.body.and_then(|body| {
            let next = self
                .ends
                .partition_point(|&e| e <= (body, datum.range.start));
            let last = self.ends.get(next.checked_sub(1)?)?;
            (last.0 == body).then_some(last.1.saturating_sub(start_of_head))
        });
        let line = head.rfind('\n').map_or(0, |at| at + 1);
        let start = line.max(before.unwrap_or(0));
        let reach = head.get(start..).unwrap_or_default();
        reach
            .get(joined::sentence_end(reach).unwrap_or(0)..)
            .unwrap_or(reach)
    }

    /// Whether an address of a colleague stands within a few lines in the author's words.
    fn stands_with_colleague(&self, datum: &Found) -> bool {
        let text = self.text(datum);
        let from = datum.range.start.saturating_sub(80);
        let to = (datum.range.end + 50).min(text.len());
        let near = text.as_bytes().get(from..to).unwrap_or_default();
        memchr::memchr_iter(b'@', near)
            .map(|at| from + at)
            .any(|at| {
                let host: String = text
                    .get(at + 1..)
                    .unwrap_or_default()
                    .chars()
                    .take_while(|c| c.is_alphanumeric() || matches!(c, '.' | '-'))
                    .collect();
                let local: String = text
                    .get(..at)
                    .unwrap_or_default()
                    .chars()
                    .rev()
                    .take_while(|c| c.is_alphanumeric() || matches!(c, '.' | '-' | '_'))
                    .collect();
                let local: String = local.chars().rev().collect();
                self.context.organisation.owns(host.trim_end_matches('.'))
                    && !self.is_own_address(&format!("{local}@{}", host.trim_end_matches('.')))
            })
    }
}

fn address(datum: &Found) -> &str {
    datum.value.strip_prefix("mailto:").unwrap_or(&datum.value)
}

fn is_organisations(datum: &Found, organisation: &Organisation) -> bool {
    match datum.kind {
        ContactKind::Email => organisation.owns(domain(address(datum))),
        ContactKind::Url => {
            let host = datum
                .value
                .trim_start_matches("https://")
                .split('/')
                .next()
                .unwrap_or_default();
            organisation.owns(host)
        }
        _ => false,
    }
}

/// Whether a signature names the organisation: the words of its domain stand in it.
fn signature_names(message: &Message, organisation: &Organisation) -> bool {
    let signatures: String = message
        .bodies
        .iter()
        .flat_map(Text::segments)
        .filter(|(_, zone)| *zone == Zone::Signature)
        .map(|(text, _)| fold_words(text).replace(' ', ""))
        .collect();
    organisation.domains.iter().any(|domain| {
        let label = domain
            .split('.')
            .next()
            .unwrap_or_default()
            .replace('-', "");
        label.len() >= 4 && signatures.contains(&label)
    })
}
