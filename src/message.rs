//! Bytes to a [`Message`]: headers, displayed text by zones, attachments. Parsing never fails as a whole; what could not
//! be read becomes a [`Defect`].

use std::ops::Range;

use jiff::Timestamp;

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
    /// Its text, where it is read (text, HTML, vCard, calendar, nested messages); zones are all [`Zone::Own`].
    pub text: Option<Text>,
    /// For a nested message: true. Its words are somebody's, but not this message's author's.
    pub is_message: bool,
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
pub fn parse(_octets: &[u8]) -> Message {
    todo!()
}
