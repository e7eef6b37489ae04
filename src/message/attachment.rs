//! Parts that are not displayed: listed all, read where they hold text; big binary ones are never decoded.

use std::borrow::Cow;

use super::body::{Contents, nested_text};
use super::header::Header;
use super::mime::{Cutter, Encoding, Part};
use super::{Attachment, Link, Text, Zone, Zoned, html, transfer};

/// Of an attachment's text at most this much is read.
const LONGEST_TEXT: usize = 1024 * 1024;

/// Messages inside messages inside messages: deeper ones are only listed.
const DEEPEST_MESSAGE: usize = 5;

/// How an attachment is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reading {
    Text,
    Html,
    Message,
    Document,
    Listed,
}

/// Adds `part` to the attachments.
pub(super) fn read(part: &Part<'_>, depth: usize, contents: &mut Contents) {
    let mut attachment = Attachment {
        part: part.number.clone(),
        file_name: part.file_name.clone(),
        media_type: part.media_type.clone(),
        size: decoded_size(part),
        text: None,
        is_message: false,
        is_document: false,
    };
    match reading(part) {
        // Its text costs a process of its own, and is taken out only where it matters.
        Reading::Document => attachment.is_document = true,
        Reading::Listed => {
            if is_encrypted(&part.media_type) {
                contents.defect(
                    part,
                    "encrypted",
                    "the content is encrypted or wrapped in a signature",
                    false,
                );
            }
        }
        Reading::Text if is_binary(part) => {
            contents.defect(
                part,
                "not-text",
                "named a text, but its content is binary",
                true,
            );
        }
        Reading::Text => {
            let content = contents.text_of(part, LONGEST_TEXT, true);
            attachment.text = Some(all_own(&part.number, content, Vec::new()));
        }
        Reading::Html => {
            let rendered = html::render(&contents.text_of(part, LONGEST_TEXT, true));
            attachment.text = Some(all_own(&part.number, rendered.text, rendered.links));
        }
        Reading::Message => {
            attachment.is_message = true;
            if depth >= DEEPEST_MESSAGE {
                contents.defect(
                    part,
                    "nesting-too-deep",
                    "a message nested too deeply was not read",
                    true,
                );
            } else {
                let nested = read_message(part, depth, contents);
                if attachment.file_name.is_empty() {
                    attachment.file_name = nested.0;
                }
                attachment.text = Some(nested.1);
            }
        }
    }
    contents.attachments.push(attachment);
}

/// A name of a text file: such a part is attached even where it is meant to be displayed.
pub(super) fn has_text_name(file_name: &str) -> bool {
    !matches!(by_name(file_name), Reading::Listed | Reading::Document)
}

/// Whether a part's content is read at all, displayed or attached, and if so, whether as a message.
pub(super) fn is_read(part: &Part<'_>) -> Option<bool> {
    match reading(part) {
        Reading::Listed | Reading::Document => None,
        Reading::Message => Some(true),
        Reading::Text | Reading::Html => Some(false),
    }
}

/// How much of a part's content, as it is encoded, is ever read.
#[derive(Debug, Clone, Copy)]
pub(super) enum Need {
    All,
    /// So many octets more.
    AtMost(u64),
    /// All, unless it turns out to have more than `most` octets decoded.
    Document {
        encoding: Encoding,
        /// Octets so far.
        length: u64,
        /// Line ends among them.
        breaks: u64,
        most: u64,
    },
    Nothing,
}

impl Need {
    /// How much of the octets that come next is needed.
    pub(super) fn of(&mut self, octets: &[u8]) -> usize {
        match self {
            Self::All => octets.len(),
            Self::Nothing => 0,
            Self::AtMost(left) => {
                let most = usize::try_from(*left).unwrap_or(usize::MAX);
                *left = left.saturating_sub(octets.len() as u64);
                most.min(octets.len())
            }
            Self::Document {
                encoding,
                length,
                breaks,
                most,
            } => {
                // The least that `decoded_size` can come to, whatever follows; the last line end is the delimiter's.
                let least = match encoding {
                    Encoding::Identity => *length,
                    Encoding::QuotedPrintable => *length / 3,
                    Encoding::Base64 => (*length - *breaks) / 4 * 3,
                };
                if least > *most + 8 {
                    *self = Self::Nothing;
                    return 0;
                }
                *length += octets.len() as u64;
                *breaks += memchr::memchr2_iter(b'\n', b'\r', octets).count() as u64;
                octets.len()
            }
        }
    }
}

/// What is needed of a part's content; `None` for a message whose own structure tells.
pub(super) fn need(part: &Part<'_>, most_text: u64, most_document: u64) -> Option<Need> {
    match (reading(part), part.encoding) {
        (Reading::Message, Encoding::Identity) => None,
        (Reading::Message, _) => Some(Need::All),
        (Reading::Text | Reading::Html, _) => Some(Need::AtMost(most_text)),
        (Reading::Listed, _) => Some(Need::Nothing),
        (Reading::Document, encoding) => Some(Need::Document {
            encoding,
            length: 0,
            breaks: 0,
            most: most_document,
        }),
    }
}

fn reading(part: &Part<'_>) -> Reading {
    match part.media_type.as_str() {
        "message/rfc822" | "message/global" | "message/news" => Reading::Message,
        "text/html" | "application/xhtml+xml" => Reading::Html,
        "text/rtf" | "text/richtext" => Reading::Listed,
        "text/plain" => match by_name(&part.file_name) {
            Reading::Html => Reading::Html,
            Reading::Message => Reading::Message,
            _ => Reading::Text,
        },
        kind if kind.starts_with("text/") => Reading::Text,
        "application/ics" | "application/vcard" | "application/csv" | "message/delivery-status" => {
            Reading::Text
        }
        kind if is_generic(kind) => by_name(&part.file_name),
        // Where Excel is installed, mail programs call everything that it opens, plain CSV too, a workbook.
        kind if is_documents(kind) => match by_name(&part.file_name) {
            Reading::Listed => Reading::Document,
            by_name => by_name,
        },
        _ => Reading::Listed,
    }
}

/// Media types of office files and PDF, as registered and as used.
fn is_documents(media_type: &str) -> bool {
    let Some(kind) = media_type.strip_prefix("application/") else {
        return false;
    };
    let starts = [
        "vnd.openxmlformats-officedocument.",
        "vnd.oasis.opendocument.text",
        "vnd.oasis.opendocument.spreadsheet",
        "vnd.oasis.opendocument.presentation",
        "vnd.ms-excel",
        "vnd.ms-word.",
        "vnd.ms-powerpoint.",
    ];
    matches!(kind, "pdf" | "x-pdf" | "msexcel" | "x-msexcel" | "excel")
        || starts.iter().any(|start| kind.starts_with(start))
}

fn is_generic(media_type: &str) -> bool {
    !media_type.contains('/')
        || matches!(
            media_type,
            "application/octet-stream"
                | "application/binary"
                | "application/x-download"
                | "application/force-download"
                | "application/unknown"
                | "application/x-unknown-content-type"
        )
}

fn by_name(file_name: &str) -> Reading {
    let extension = file_name.rsplit_once('.').map_or("", |(_, e)| e);
    match extension.to_ascii_lowercase().as_str() {
        "txt" | "vcf" | "vcard" | "ics" | "ical" | "csv" | "tsv" | "md" | "log" | "text" => {
            Reading::Text
        }
        "htm" | "html" | "xhtml" => Reading::Html,
        "eml" => Reading::Message,
        "pdf" | "docx" | "docm" | "dotx" | "xlsx" | "xlsm" | "xltx" | "xlsb" | "xls" | "pptx"
        | "pptm" | "ppsx" | "odt" | "ott" | "ods" | "ots" | "odp" => Reading::Document,
        _ => Reading::Listed,
    }
}

fn is_encrypted(media_type: &str) -> bool {
    matches!(
        media_type,
        "application/pkcs7-mime" | "application/x-pkcs7-mime" | "application/pgp-encrypted"
    )
}

/// Whether the beginning of a part is no text in any charset: control characters all over, and not UTF-16.
fn is_binary(part: &Part<'_>) -> bool {
    let head = part.body.get(..2_000).unwrap_or(part.body);
    let decoded = match part.encoding {
        Encoding::Base64 => transfer::base64(head).octets,
        Encoding::QuotedPrintable => transfer::quoted_printable(head),
        Encoding::Identity => head.to_vec(),
    };
    let is_control =
        |byte: &&u8| **byte < b' ' && !matches!(**byte, b'\n' | b'\r' | b'\t' | 0x0c | 0x1b);
    let controls = decoded.iter().filter(is_control).count();
    let wide = decoded.starts_with(b"\xff\xfe") || decoded.starts_with(b"\xfe\xff");
    !wide && controls * 20 > decoded.len()
}

/// Octets after transfer decoding, computed without decoding.
fn decoded_size(part: &Part<'_>) -> u64 {
    let octets = part.body;
    let size = match part.encoding {
        Encoding::Identity => octets.len(),
        Encoding::QuotedPrintable => {
            octets.len()
                - 2 * memchr::memchr_iter(b'=', octets)
                    .count()
                    .min(octets.len() / 3)
        }
        Encoding::Base64 => {
            let breaks = memchr::memchr2_iter(b'\n', b'\r', octets).count();
            let padding = octets
                .trim_ascii_end()
                .iter()
                .rev()
                .take(2)
                .filter(|&&b| b == b'=')
                .count();
            ((octets.len() - breaks) / 4 * 3).saturating_sub(padding)
        }
    };
    size as u64
}

fn all_own(part: &str, content: String, links: Vec<Link>) -> Text {
    let zones = if content.is_empty() {
        Vec::new()
    } else {
        vec![Zoned {
            range: 0..content.len(),
            zone: Zone::Own,
        }]
    };
    Text {
        part: part.to_owned(),
        content,
        zones,
        links,
    }
}

/// The content of the attachment that [`Attachment::part`] names, its transfer encoding undone; `None` if there is none.
pub(super) fn content(part: &Part<'_>, number: &str, depth: usize) -> Option<Vec<u8>> {
    if part.number == number && part.children.is_empty() && reading(part) != Reading::Message {
        return Some(decoded(part).into_owned());
    }
    if !part.children.is_empty() {
        let mut children = part.children.iter();
        return children.find_map(|child| content(child, number, depth));
    }
    let is_around = number
        .strip_prefix(&part.number)
        .is_some_and(|rest| rest.starts_with('.'));
    if !is_around || reading(part) != Reading::Message || depth >= DEEPEST_MESSAGE {
        return None;
    }
    let octets = decoded(part);
    let (header, body) = Header::split(&octets);
    let root = Cutter::new(&mut Vec::new()).message(&header, body, &part.number);
    content(&root, number, depth + 1)
}

fn decoded<'p>(part: &Part<'p>) -> Cow<'p, [u8]> {
    match part.encoding {
        Encoding::Identity => part.body.into(),
        Encoding::Base64 => transfer::base64(part.body).octets.into(),
        Encoding::QuotedPrintable => transfer::quoted_printable(part.body).into(),
    }
}

/// Subject and text of a nested message; its own attachments are added to the outer message's.
fn read_message(part: &Part<'_>, depth: usize, contents: &mut Contents) -> (String, Text) {
    // RFC 2046, 5.2.1 allows no encoding here, and there is one all the same.
    let octets = decoded(part);
    let (header, body) = Header::split(&octets);
    let mut defects = Vec::new();
    let root = Cutter::new(&mut defects).message(&header, body, &part.number);
    let mut inner = Contents {
        defects,
        ..Contents::default()
    };
    inner.collect(&root, depth + 1);
    let mut content = nested_text(&header, &inner.displayed);
    if content.len() > LONGEST_TEXT {
        let boundary = (0..=LONGEST_TEXT)
            .rev()
            .find(|&i| content.is_char_boundary(i));
        content.truncate(boundary.unwrap_or(0));
        contents.defect(
            part,
            "attachment-too-large",
            "the text of a nested message was cut",
            true,
        );
    }
    // Where the words of a link came to stand is of no use for somebody else's words; the target is.
    let end = content.len();
    let links = inner
        .displayed
        .iter_mut()
        .flat_map(|text| std::mem::take(&mut text.links))
        .map(|link| Link {
            range: end..end,
            ..link
        })
        .collect();
    for defect in &mut inner.defects {
        defect.is_attachment = true;
    }
    contents.defects.append(&mut inner.defects);
    contents.attachments.append(&mut inner.attachments);
    let subject = header.text("Subject").unwrap_or_default();
    (subject, all_own(&part.number, content, links))
}
