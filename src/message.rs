//! Bytes to a [`Message`]: headers, displayed text by zones, attachments. Parsing never fails as a whole; what could not
//! be read becomes a [`Defect`].

mod address;
mod attachment;
mod automatic;
mod body;
mod charset;
mod date;
mod disclaimer;
mod encoded_word;
mod flowed;
mod fold;
mod header;
mod html;
mod mime;
mod part_head;
mod sieve;
mod signature;
mod subject;
mod transfer;
mod zones;

use std::ops::Range;

use jiff::Timestamp;

pub use part_head::{PartHead, part_head};
pub use sieve::Sieve;

use body::Contents;
use header::Header;
use mime::Cutter;
use zones::Clues;

/// A message as a reader would see it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Message {
    /// `From`.
    pub from: Vec<Address>,
    /// `Sender`.
    pub sender: Option<Address>,
    /// `Reply-To`.
    pub reply_to: Vec<Address>,
    /// `To`, groups flattened.
    pub to: Vec<Address>,
    /// `Cc`.
    pub cc: Vec<Address>,
    /// `Bcc`, which sent mailboxes keep.
    pub bcc: Vec<Address>,
    /// The decoded subject, white space folded.
    pub subject: String,
    /// `Date`, if present and readable.
    pub sent: Option<Timestamp>,
    /// `Message-ID` without angle brackets.
    pub message_id: Option<String>,
    /// An automatic reply or generated message (RFC 3834 `Auto-Submitted`, `X-Autoreply`, `Precedence: auto_reply`, …).
    pub automatic: bool,
    /// Displayed bodies in reading order: usually one. Of alternatives the best is chosen.
    pub bodies: Vec<Text>,
    /// Everything that is not displayed as body.
    pub attachments: Vec<Attachment>,
    /// What could not be read.
    pub defects: Vec<Defect>,
}

/// A mailbox in the sense of RFC 5322, 3.4: somebody's address.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    /// Decoded display name; empty if there is none.
    pub name: String,
    /// The addr-spec, with its domain in lower case.
    pub address: String,
}

/// Decoded text of one part, divided into zones.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Text {
    /// MIME part number (RFC 9051, 6.4.5: `1`, `1.2`).
    pub part: String,
    /// UTF-8, line ends as `\n`; HTML is rendered with one line per block and no mark-up; soft line breaks of
    /// format=flowed are joined.
    pub content: String,
    /// Covers `content` from start to end without gaps, in order.
    pub zones: Vec<Zoned>,
    /// Link targets behind displayed text.
    pub links: Vec<Link>,
}

/// A stretch of text in one zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zoned {
    /// Bytes of the text, on character boundaries.
    pub range: Range<usize>,
    /// Whose words these are.
    pub zone: Zone,
}

/// Whose words a stretch of text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Zone {
    /// The author's own.
    Own,
    /// The author's signature block.
    Signature,
    /// A legal notice below it.
    Disclaimer,
    /// Quoted from the message that is answered, its attribution line included.
    Quoted,
    /// A forwarded message, its header block included.
    Forwarded,
    /// HTML text that a reader does not see.
    Hidden,
}

/// A link whose target may differ from what is displayed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The displayed text, as bytes of [`Text::content`]; empty for an image.
    pub range: Range<usize>,
    /// `href`, entities decoded: `mailto:…`, `tel:…`, `https://…`.
    pub target: String,
}

/// A part that is not displayed as body.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Attachment {
    /// MIME part number.
    pub part: String,
    /// Decoded file name; empty if there is none.
    pub file_name: String,
    /// Lower case (`text/vcard`).
    pub media_type: String,
    /// Octets after transfer decoding (estimated if the part was not decoded).
    pub size: u64,
    /// Its text, where [`parse`] reads it (text, HTML, vCard, calendar, nested messages); zones are all [`Zone::Own`].
    pub text: Option<Text>,
    /// For a nested message: true. Its words are somebody's, but not this message's author's.
    pub is_message: bool,
    /// An office file or a PDF, by its type or name: [`attached`] gives its octets, and [`Attachment::text`] is not filled.
    pub is_document: bool,
}

/// A detail that could not be read; the rest of the message was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Defect {
    /// MIME part number, or the header field's name.
    pub part: String,
    /// A stable word: `bad-base64`, `nesting-too-deep`, `header-too-long`, `attachment-too-large`, …
    pub code: &'static str,
    /// For people.
    pub detail: String,
    /// Whether an attachment's text could not be read (it then counts in `partly_read`).
    pub is_attachment: bool,
}

/// Reads a message. Never fails and never panics: what cannot be parsed is kept as plain text of the author, with a defect.
#[must_use]
pub fn parse(octets: &[u8]) -> Message {
    let (header, body) = Header::split(octets);
    if !header.is_a_messages() {
        return raw(octets);
    }
    let from = header.addresses("From");
    let subject = header.text("Subject").unwrap_or_default();
    let clues = Clues {
        forwarding: subject::is_forward(&subject),
        names: from
            .first()
            .map(|a| signature::name_words(&a.name, &a.address))
            .unwrap_or_default(),
    };
    let mut contents = Contents {
        defects: header.defects(),
        ..Contents::default()
    };
    let root = Cutter::new(&mut contents.defects).message(&header, body, "");
    contents.collect(&root, 0);
    Message {
        automatic: automatic::is_automatic(&header, &root.media_type, &subject),
        sender: header.addresses("Sender").into_iter().next(),
        reply_to: header.addresses("Reply-To"),
        to: header.addresses("To"),
        cc: header.addresses("Cc"),
        bcc: header.addresses("Bcc"),
        sent: header.raw("Date").and_then(|text| date::parse(&text)),
        message_id: header.raw("Message-ID").and_then(|id| message_id(&id)),
        bodies: contents
            .displayed
            .into_iter()
            .map(|text| text.divided(&clues))
            .collect(),
        attachments: contents.attachments,
        defects: contents.defects,
        from,
        subject,
    }
}

impl Text {
    /// The stretches of the text with their zones, in order.
    pub fn segments(&self) -> impl Iterator<Item = (&str, Zone)> {
        self.zones.iter().map(|zoned| {
            (
                self.content.get(zoned.range.clone()).unwrap_or(""),
                zoned.zone,
            )
        })
    }

    /// The zone that holds the byte at `offset`; beyond the end, the last one.
    #[must_use]
    pub fn zone_at(&self, offset: usize) -> Zone {
        let at = self
            .zones
            .partition_point(|zoned| zoned.range.end <= offset);
        self.zones
            .get(at)
            .or(self.zones.last())
            .map_or(Zone::Own, |zoned| zoned.zone)
    }
}

/// The content of an attachment of the message that [`parse`] reads out of the same octets, named by its part's number.
#[must_use]
pub fn attached(octets: &[u8], part: &str) -> Option<Vec<u8>> {
    let (header, body) = Header::split(octets);
    let root = Cutter::new(&mut Vec::new()).message(&header, body, "");
    attachment::content(&root, part, 0)
}

/// Octets without the header of a message.
fn raw(octets: &[u8]) -> Message {
    let mut contents = Contents::default();
    contents.collect(&mime::Part::plain(octets), 0);
    contents.defects.push(Defect {
        part: String::new(),
        code: "no-header",
        detail: "no header of a message was found; everything was read as plain text".to_owned(),
        is_attachment: false,
    });
    Message {
        bodies: contents
            .displayed
            .into_iter()
            .map(|text| text.divided(&Clues::default()))
            .collect(),
        attachments: contents.attachments,
        defects: contents.defects,
        ..Message::default()
    }
}

/// RFC 5322, 3.6.4; folded or unbracketed ids are taken as they are.
fn message_id(value: &str) -> Option<String> {
    let inside = value
        .split_once('<')
        .map_or(value, |(_, rest)| rest.split('>').next().unwrap_or(rest));
    let id: String = inside.chars().filter(|c| !c.is_whitespace()).collect();
    (!id.is_empty()).then_some(id)
}

#[cfg(test)]
mod tests;
