//! Contact data in a message: what they are and where they stand. Whose they are is told by [`super::owner`].

use std::ops::Range;

use crate::finding::{ContactKind, Place};
use crate::message::{Message, Zone};

/// A contact datum as it stands in a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// What it is.
    pub kind: ContactKind,
    /// As a URI (`tel:+34600111222`, `mailto:ana@example.net`, `https://…`).
    pub value: String,
    /// As the message writes it.
    pub written: String,
    /// Where it stands.
    pub place: Place,
    /// Whose words stand around it; headers count as [`Zone::Own`].
    pub zone: Zone,
    /// MIME part number, or the header field's name.
    pub part: String,
    /// Bytes of the part's text; empty for headers.
    pub range: Range<usize>,
    /// Index into [`Message::bodies`], if it stands in a body.
    pub body: Option<usize>,
    /// Whether kind and value are certain (an international number, a full address), or only likely (digits beside a
    /// cue word).
    pub certain: bool,
}

/// Every contact datum of a message, in reading order: subject, bodies (all zones, hidden and quoted too), attachments, headers.
///
/// `regions` are tried in this order for numbers without a country code (ISO 3166-1 alpha-2).
#[must_use]
pub fn extract(_message: &Message, _regions: &[String]) -> Vec<Found> {
    todo!()
}

/// Regions for national numbers, likeliest first: the organisation's, the recipients' and the author's country domains.
#[must_use]
pub fn regions(_message: &Message, _organisation: Option<&str>) -> Vec<String> {
    todo!()
}
