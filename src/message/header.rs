//! The header block of a message or a part (RFC 5322, 2.2): cutting it into fields, and decoding their values.

use super::address;
use super::{Address, Defect, charset, encoded_word};

/// More than any honest field: 256 KiB is a list of some 6,000 recipients.
const LONGEST_VALUE: usize = 256 * 1024;

/// More fields than any honest header has.
const MOST_FIELDS: usize = 5_000;

/// The fields of one header block, in order.
#[derive(Debug, Default)]
pub(super) struct Header<'a> {
    fields: Vec<(&'a [u8], &'a [u8])>,
}

impl<'a> Header<'a> {
    /// Cuts `octets` into the header and the body. A block that begins like prose is all body.
    pub(super) fn split(octets: &'a [u8]) -> (Self, &'a [u8]) {
        let mut header = Self::default();
        let mut rest = skip_leading_noise(octets);
        let start = rest;
        while let Some((line, after)) = next_line(rest) {
            if is_blank(line) {
                return (header, after);
            }
            if let Some(colon) = field_colon(line) {
                if header.fields.len() == MOST_FIELDS {
                    return (header, rest);
                }
                let value_length = line.len() + continuation_length(after);
                let (name, value) = rest.split_at_checked(colon).unwrap_or((line, &[]));
                let value = value.get(1..value_length - colon).unwrap_or_default();
                header.fields.push((name.trim_ascii_end(), value));
                rest = rest.get(value_length..).unwrap_or_default();
            } else if is_envelope(line) || header_goes_on(after) {
                rest = after;
            } else if header.fields.is_empty() {
                return (header, start);
            } else {
                // The blank line is missing: RFC 5322 has no word for it, but the body begins here.
                return (header, rest);
            }
        }
        (header, &[])
    }

    /// Like [`Header::split`] for a part, whose header may be empty: it then begins with the blank line.
    pub(super) fn split_part(octets: &'a [u8]) -> (Self, &'a [u8]) {
        match next_line(octets) {
            Some((line, after)) if is_blank(line) => (Self::default(), after),
            _ => Self::split(octets),
        }
    }

    /// Whether any of the fields that every message has is there.
    pub(super) fn is_a_messages(&self) -> bool {
        const USUAL: [&str; 9] = [
            "From",
            "To",
            "Subject",
            "Date",
            "Message-ID",
            "Received",
            "MIME-Version",
            "Content-Type",
            "Bcc",
        ];
        USUAL.iter().any(|name| self.all(name).next().is_some())
    }

    /// The octets of every field of that name, longest values cut.
    fn all<'h>(&'h self, name: &'h str) -> impl Iterator<Item = &'a [u8]> + 'h {
        self.fields
            .iter()
            .filter(move |(n, _)| n.eq_ignore_ascii_case(name.as_bytes()))
            .map(|(_, value)| value.get(..LONGEST_VALUE).unwrap_or(value))
    }

    /// The first field of that name: unfolded, in UTF-8, encoded words not decoded.
    pub(super) fn raw(&self, name: &str) -> Option<String> {
        self.all(name).next().map(unfold)
    }

    /// The first field of that name, decoded, with single spaces.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        let decoded = encoded_word::decode(&self.raw(name)?);
        Some(single_spaced(&decoded))
    }

    /// The addresses of all fields of that name.
    pub(super) fn addresses(&self, name: &str) -> Vec<Address> {
        self.all(name)
            .flat_map(|value| address::parse_list(&unfold(value)))
            .collect()
    }

    /// Fields that were cut.
    pub(super) fn defects(&self) -> Vec<Defect> {
        self.fields
            .iter()
            .filter(|(_, value)| value.len() > LONGEST_VALUE)
            .map(|(name, value)| Defect {
                part: String::from_utf8_lossy(name).chars().take(60).collect(),
                code: "header-too-long",
                detail: format!(
                    "the field has {} octets, the first {LONGEST_VALUE} were read",
                    value.len()
                ),
                is_attachment: false,
            })
            .collect()
    }
}

/// White space of any kind and length becomes one space; control characters vanish.
pub(super) fn single_spaced(text: &str) -> String {
    let visible: String = text
        .chars()
        .filter(|c| c.is_whitespace() || !c.is_control())
        .collect();
    visible.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn unfold(value: &[u8]) -> String {
    let text = charset::decode(value, None);
    let text = text.trim();
    if text.contains(['\r', '\n', '\0']) {
        text.replace(['\r', '\n', '\0'], "")
    } else {
        text.to_owned()
    }
}

/// Blank lines and indented junk before the first field would make a strict reader give up on the message.
fn skip_leading_noise(octets: &[u8]) -> &[u8] {
    let mut rest = octets;
    while let Some((line, after)) = next_line(rest) {
        let indented = line.first().is_some_and(|b| matches!(b, b' ' | b'\t'));
        if !(is_blank(line) || indented && header_goes_on(after)) {
            break;
        }
        rest = after;
    }
    if next_line(rest).is_some_and(|(line, _)| field_colon(line).is_some() || is_envelope(line)) {
        rest
    } else {
        octets
    }
}

/// A line with its line end, and what follows.
fn next_line(octets: &[u8]) -> Option<(&[u8], &[u8])> {
    if octets.is_empty() {
        return None;
    }
    let end = memchr::memchr(b'\n', octets).map_or(octets.len(), |at| at + 1);
    octets.split_at_checked(end)
}

/// Whether a line ends a header block.
pub(super) fn is_blank(line: &[u8]) -> bool {
    line.trim_ascii().is_empty()
}

/// Where the colon stands, if the line is `Name: …`; `Name :` is accepted (RFC 5322, 4.5).
fn field_colon(line: &[u8]) -> Option<usize> {
    let colon = memchr::memchr(b':', line.get(..100.min(line.len()))?)?;
    let name = line.get(..colon)?.trim_ascii_end();
    let valid = !name.is_empty() && name.iter().all(u8::is_ascii_graphic);
    (valid && !name.starts_with(b">")).then_some(colon)
}

/// The line that an mbox puts before a message.
fn is_envelope(line: &[u8]) -> bool {
    line.starts_with(b"From ") || line.starts_with(b">From ")
}

/// How many octets of continuation lines follow a field.
fn continuation_length(octets: &[u8]) -> usize {
    let mut rest = octets;
    while let Some((line, after)) = next_line(rest) {
        if !line.first().is_some_and(|b| matches!(b, b' ' | b'\t')) || is_blank(line) {
            break;
        }
        rest = after;
    }
    octets.len() - rest.len()
}

/// Whether a stray line (a long list folded without indentation) is followed by more fields before the blank line.
fn header_goes_on(octets: &[u8]) -> bool {
    let mut rest = octets;
    for _ in 0..20 {
        match next_line(rest) {
            Some((line, _)) if is_blank(line) => return false,
            Some((line, after)) => {
                if field_colon(line).is_some_and(|colon| is_known_shape(line, colon)) {
                    return true;
                }
                rest = after;
            }
            None => return false,
        }
    }
    false
}

/// Prose has colons too (`Note: …`); a field has a space after it and usually a dash or a known name before.
fn is_known_shape(line: &[u8], colon: usize) -> bool {
    const KNOWN: [&str; 12] = [
        "from",
        "to",
        "cc",
        "bcc",
        "date",
        "subject",
        "sender",
        "received",
        "references",
        "importance",
        "precedence",
        "organization",
    ];
    let name = line.get(..colon).unwrap_or_default().trim_ascii_end();
    let known = |n: &&str| name.eq_ignore_ascii_case(n.as_bytes());
    name.contains(&b'-') || KNOWN.iter().any(known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(octets: &[u8], name: &str, expected: Option<&str>, body: &[u8]) {
        let (header, rest) = Header::split(octets);
        assert_eq!(header.text(name).as_deref(), expected);
        assert_eq!(String::from_utf8_lossy(rest), String::from_utf8_lossy(body));
    }

    #[test]
    fn cuts_fields_and_body() {
        check(b"Subject: a\r\n\r\nbody", "subject", Some("a"), b"body");
        check(
            b"Subject: a\r\n b\r\n\tc\r\n\r\n",
            "Subject",
            Some("a b c"),
            b"",
        );
        check(
            b"Subject : late colon\n\nx",
            "Subject",
            Some("late colon"),
            b"x",
        );
        check(b"Subject:\n\nx", "Subject", Some(""), b"x");
        check(
            b"From me@x.example Mon\nSubject: a\n\nx",
            "Subject",
            Some("a"),
            b"x",
        );
    }

    #[test]
    fn survives_broken_blocks() {
        check(b" stray: line\nSubject: a\n\nx", "Subject", Some("a"), b"x");
        check(b"\n\nSubject: a\n\nx", "Subject", Some("a"), b"x");
        check(
            b"just prose\nand more",
            "Subject",
            None,
            b"just prose\nand more",
        );
        check(
            b"Subject: a\nno blank line here",
            "Subject",
            Some("a"),
            b"no blank line here",
        );
        check(
            b"To: a@x.example,\nb@x.example\nSubject: a\n\nx",
            "Subject",
            Some("a"),
            b"x",
        );
        check(b"", "Subject", None, b"");
    }

    #[test]
    fn raw_eight_bit_values() {
        check(
            "Subject: mañana\n\nx".as_bytes(),
            "Subject",
            Some("mañana"),
            b"x",
        );
        check(b"Subject: ma\xf1ana\n\nx", "Subject", Some("mañana"), b"x");
    }

    #[test]
    fn a_hostile_value_is_cut_and_takes_linear_time() {
        let mut octets = b"Subject: ".to_vec();
        octets.extend(b"=?".repeat(1_000_000));
        octets.extend(b"\n\nx");
        let (header, _) = Header::split(&octets);
        assert!(header.text("Subject").is_some());
        assert_eq!(header.defects().len(), 1);
    }
}
