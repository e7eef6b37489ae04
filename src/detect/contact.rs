//! Contact data in a message: what they are and where they stand. Whose they are is told by [`super::owner`].

mod email;
mod link;
mod phone;
mod postal;
mod spelled;

use std::ops::Range;

use super::author::domain;
use super::language;
use crate::finding::{ContactKind, Place};
use crate::message::{Address, Attachment, Message, Text, Zone};

pub(super) use phone::is_cue as is_number_cue;

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

/// A datum in a text, before it is known where the text stands.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Datum {
    kind: ContactKind,
    value: String,
    range: Range<usize>,
    certain: bool,
}

/// Octets of one text that are searched, at most.
const MOST_TEXT: usize = 1 << 20;
/// Data of one message that are kept, at most: an address list may hold thousands.
const MOST_DATA: usize = 5000;

/// Every contact datum of a message, in reading order: subject, bodies (all zones, hidden and quoted too), attachments, headers.
///
/// `regions` are tried in this order for numbers without a country code (ISO 3166-1 alpha-2).
#[must_use]
pub fn extract(message: &Message, regions: &[String]) -> Vec<Found> {
    let mut found = Vec::new();
    for datum in search(&message.subject, regions) {
        found.push(datum.at(&message.subject, Place::Subject, Zone::Own, "", None));
    }
    for (number, body) in message.bodies.iter().enumerate() {
        from_body(body, number, regions, &mut found);
    }
    for attachment in message.attachments.iter().filter(|a| !a.is_message) {
        from_attachment(attachment, regions, &mut found);
    }
    from_headers(message, &mut found);
    found.truncate(MOST_DATA);
    found
}

/// Every contact datum of the texts of documents, in their order; `regions` as for [`extract`].
#[must_use]
pub fn in_documents(texts: &[Text], regions: &[String]) -> Vec<Found> {
    let mut found = Vec::new();
    for text in texts {
        from_text(text, &text.part, regions, &mut found);
        if found.len() > MOST_DATA {
            break;
        }
    }
    found.truncate(MOST_DATA);
    found
}

fn from_body(body: &Text, number: usize, regions: &[String], found: &mut Vec<Found>) {
    let mut data = search(&body.content, regions);
    data.extend(
        body.links
            .iter()
            .filter_map(|l| link::target(&l.target, l.range.clone())),
    );
    data.sort_by_key(|d| (d.range.start, d.range.end));
    for datum in data {
        let zone = zone_at(body, datum.range.start);
        let place = match zone {
            Zone::Signature => Place::Signature,
            Zone::Hidden => Place::Hidden,
            Zone::Own | Zone::Disclaimer | Zone::Quoted | Zone::Forwarded => Place::Body,
        };
        found.push(datum.at(&body.content, place, zone, &body.part, Some(number)));
    }
}

fn from_attachment(attachment: &Attachment, regions: &[String], found: &mut Vec<Found>) {
    if let Some(text) = &attachment.text {
        from_text(text, &attachment.part, regions, found);
    }
}

fn from_text(text: &Text, part: &str, regions: &[String], found: &mut Vec<Found>) {
    for datum in search(&text.content, regions) {
        found.push(datum.at(&text.content, Place::Attachment, Zone::Own, part, None));
    }
}

fn from_headers(message: &Message, found: &mut Vec<Found>) {
    let fields: [(&str, &[Address]); 5] = [
        ("From", &message.from),
        ("Sender", message.sender.as_slice()),
        ("Reply-To", &message.reply_to),
        ("Cc", &message.cc),
        ("Bcc", &message.bcc),
    ];
    for (name, addresses) in fields {
        for address in addresses.iter().filter(|a| a.address.contains('@')) {
            found.push(Found {
                kind: ContactKind::Email,
                value: format!("mailto:{}", address.address.to_lowercase()),
                written: address.address.clone(),
                place: Place::Header,
                zone: Zone::Own,
                part: name.to_owned(),
                range: 0..0,
                body: None,
                certain: true,
            });
        }
    }
}

impl Datum {
    fn at(self, text: &str, place: Place, zone: Zone, part: &str, body: Option<usize>) -> Found {
        let written = text.get(self.range.clone()).filter(|w| !w.is_empty());
        Found {
            kind: self.kind,
            written: written.map_or_else(
                || self.value.clone(),
                |w| w.split_whitespace().collect::<Vec<_>>().join(" "),
            ),
            value: self.value,
            place,
            zone,
            part: part.to_owned(),
            range: self.range,
            body,
            certain: self.certain,
        }
    }
}

/// All data in a text, in order; of overlapping ones the first kind wins: addresses, links, postal addresses, numbers.
fn search(text: &str, regions: &[String]) -> Vec<Datum> {
    let mut end = text.len().min(MOST_TEXT);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let text = text.get(..end).unwrap_or_default();
    let mut data = email::find(text);
    for more in [
        link::find(text),
        postal::find(text),
        phone::find(text, regions),
    ] {
        // Data of one kind do not overlap among themselves, so that the earlier kinds alone can be in the way.
        let taken: Vec<Range<usize>> = data.iter().map(|d| d.range.clone()).collect();
        data.extend(more.into_iter().filter(|d| is_free(&taken, &d.range)));
        data.sort_by_key(|d| (d.range.start, d.range.end));
    }
    data
}

/// Whether a range touches none of the sorted, disjoint ranges.
fn is_free(taken: &[Range<usize>], range: &Range<usize>) -> bool {
    let next = taken.partition_point(|t| t.end <= range.start);
    taken.get(next).is_none_or(|t| t.start >= range.end)
}

fn zone_at(text: &Text, offset: usize) -> Zone {
    let next = text.zones.partition_point(|z| z.range.end <= offset);
    text.zones
        .get(next)
        .or(text.zones.last())
        .map_or(Zone::Own, |z| z.zone)
}

/// Regions for national numbers, likeliest first: the organisation's, those of the country domains in the headers, those of
/// the international numbers that stand beside them, those of the language.
#[must_use]
pub fn regions(message: &Message, organisation: Option<&str>) -> Vec<String> {
    let mut regions: Vec<String> = organisation.map(str::to_uppercase).into_iter().collect();
    let addresses = message.from.iter().chain(&message.to).chain(&message.cc);
    for address in addresses.take(20) {
        let top = domain(&address.address)
            .rsplit('.')
            .next()
            .unwrap_or_default()
            .to_uppercase();
        let region = if top == "UK" { "GB".to_owned() } else { top };
        if region.len() == 2 && region != "EU" {
            regions.push(region);
        }
    }
    for body in &message.bodies {
        regions.extend(phone::countries(&body.content));
    }
    let own: String = message
        .bodies
        .iter()
        .flat_map(|b| {
            b.zones
                .iter()
                .filter(|z| z.zone == Zone::Own)
                .filter_map(|z| b.content.get(z.range.clone()))
        })
        .collect();
    let by_language: &[&str] = match language::identify(&own).as_str() {
        "es" => &["ES", "MX", "AR", "CO", "CL", "PE", "UY", "EC"],
        "ca" => &["ES", "AD"],
        "pt" => &["PT", "BR"],
        "de" => &["DE", "AT", "CH"],
        "fr" => &["FR", "BE", "CH", "CA", "LU"],
        "nl" => &["NL", "BE"],
        "it" => &["IT", "CH"],
        _ => &["US", "GB", "IE", "AU", "IN", "ZA", "NZ"],
    };
    regions.extend(by_language.iter().map(|&r| r.to_owned()));
    regions.push("US".to_owned());
    let mut seen = std::collections::BTreeSet::new();
    regions.retain(|r| seen.insert(r.clone()));
    regions
}
