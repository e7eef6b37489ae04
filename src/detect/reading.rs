//! A message as the judge reads it: its author's own passages, folded, sentence by sentence.

use std::ops::Range;

use crate::finding::Place;
use crate::mailbox::Organisation;
use crate::message::{Message, Text, Zone};
use crate::query::fold::{Folded, own_labels};

/// A stretch of the author's words in one zone of one part.
#[derive(Debug)]
pub(super) struct Passage<'m> {
    /// Where it stands.
    pub place: Place,
    /// MIME part number; empty for the subject.
    pub part: &'m str,
    /// The part's whole text.
    pub text: &'m str,
    /// The passage, as bytes of `text`.
    pub range: Range<usize>,
    /// The passage, folded; its offsets refer to `text`.
    pub folded: Folded,
    /// Index of its first sentence among those of the reading.
    pub first_sentence: usize,
}

/// All passages of a message that its author wrote: subject, own words, signature.
#[derive(Debug, Default)]
pub(super) struct Reading<'m> {
    /// In reading order.
    pub passages: Vec<Passage<'m>>,
    /// Names of the organisation.
    own_labels: Vec<String>,
    /// For each sentence, its passage.
    owners: Vec<usize>,
}

impl<'m> Reading<'m> {
    /// Reads a message.
    #[must_use]
    pub(super) fn new(message: &'m Message, organisation: &Organisation) -> Self {
        let mut reading = Self {
            own_labels: own_labels(&organisation.domains),
            ..Self::default()
        };
        if !is_reply_subject(&message.subject) {
            reading.add(
                Place::Subject,
                "",
                &message.subject,
                0..message.subject.len(),
            );
        }
        for body in &message.bodies {
            reading.body(body);
        }
        reading
    }

    fn body(&mut self, body: &'m Text) {
        for zoned in &body.zones {
            let place = match zoned.zone {
                Zone::Own => Place::Body,
                Zone::Signature => Place::Signature,
                Zone::Disclaimer | Zone::Quoted | Zone::Forwarded | Zone::Hidden => continue,
            };
            self.add(place, &body.part, &body.content, zoned.range.clone());
        }
    }

    fn add(&mut self, place: Place, part: &'m str, text: &'m str, range: Range<usize>) {
        let folded = Folded::new(text, range.clone()).with_own_name(&self.own_labels);
        if folded.sentences.is_empty() {
            return;
        }
        let first_sentence = self.owners.len();
        self.owners
            .extend(folded.sentences.iter().map(|_| self.passages.len()));
        self.passages.push(Passage {
            place,
            part,
            text,
            range,
            folded,
            first_sentence,
        });
    }

    /// How many sentences there are.
    #[must_use]
    pub(super) fn len(&self) -> usize {
        self.owners.len()
    }

    /// A sentence's passage, and the sentence's index in it.
    #[must_use]
    pub(super) fn passage(&self, sentence: usize) -> Option<(&Passage<'m>, usize)> {
        let passage = self.passages.get(*self.owners.get(sentence)?)?;
        Some((passage, sentence - passage.first_sentence))
    }

    /// A sentence, folded.
    #[must_use]
    pub(super) fn folded(&self, sentence: usize) -> &str {
        self.passage(sentence)
            .and_then(|(p, at)| {
                p.folded
                    .text
                    .get(p.folded.sentences.get(at)?.folded.clone())
            })
            .unwrap_or_default()
    }

    /// A sentence as it is written, with the punctuation that ends it.
    #[must_use]
    pub(super) fn written(&self, sentence: usize) -> &'m str {
        let Some((passage, at)) = self.passage(sentence) else {
            return "";
        };
        let Some(range) = passage.folded.sentences.get(at).map(|s| s.original.clone()) else {
            return "";
        };
        let rest = passage
            .text
            .get(range.end..passage.range.end)
            .unwrap_or_default();
        let punctuation: usize = rest
            .chars()
            .take_while(|c| matches!(c, '.' | '!' | '?' | '…' | ')'))
            .map(char::len_utf8)
            .sum();
        passage
            .text
            .get(range.start..range.end + punctuation)
            .unwrap_or_default()
    }

    /// The paragraph around a sentence, as it is written.
    #[must_use]
    pub(super) fn paragraph(&self, sentence: usize) -> &'m str {
        let Some((passage, at)) = self.passage(sentence) else {
            return "";
        };
        let Some(range) = passage.folded.sentences.get(at).map(|s| s.original.clone()) else {
            return "";
        };
        let before = passage
            .text
            .get(passage.range.start..range.start)
            .unwrap_or_default();
        let after = passage
            .text
            .get(range.end..passage.range.end)
            .unwrap_or_default();
        let start = before
            .rfind("\n\n")
            .map_or(passage.range.start, |at| passage.range.start + at + 2);
        let end = after
            .find("\n\n")
            .map_or(passage.range.end, |at| range.end + at);
        passage.text.get(start..end).unwrap_or_default().trim()
    }
}

/// Prefixes of subjects that are somebody else's, of answers and forwarded messages.
const PREFIXES: &[&str] = &[
    "re", "aw", "rv", "fw", "fwd", "wg", "tr", "rép", "rif", "r", "i", "enc", "res", "antw",
    "doorst", "sv", "vs", "fs", "ref", "rd",
];

/// The subject of an answer or a forwarded message is somebody else's.
fn is_reply_subject(subject: &str) -> bool {
    let Some((prefix, _)) = subject.trim_start().split_once(':') else {
        return false;
    };
    let prefix = prefix
        .split('[')
        .next()
        .unwrap_or_default()
        .trim()
        .to_lowercase();
    PREFIXES.contains(&prefix.as_str())
}
