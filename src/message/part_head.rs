//! What a part's header alone tells about reading it, so that a source can leave out what no reader looks at.

use super::attachment;
use super::body::LONGEST_BODY;
use super::header::Header;
use super::mime;

/// How [`parse`](super::parse) would read a part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PartHead {
    /// It is cut into parts at this boundary.
    Multipart {
        /// Without the leading hyphens.
        boundary: String,
    },
    /// Its content is read up to this many encoded octets; more changes nothing but that it says how much there is.
    Read {
        /// One more than is ever decoded, so that a cut shows.
        most: u64,
    },
    /// It is listed by its header; its content is not looked at.
    Listed,
}

/// Reads a header block as far as its closing blank line: a message's, or a part's.
///
/// `None` if only the body could tell: the block does not end where a header ends, a multipart names no boundary, or its
/// parts have an unusual default type.
#[must_use]
pub fn part_head(octets: &[u8]) -> Option<PartHead> {
    let (header, rest) = Header::split_part(octets);
    if !rest.is_empty() || !(octets.ends_with(b"\n\r\n") || octets == b"\r\n") {
        return None;
    }
    let (part, boundary) = mime::describe_head(&header);
    if part.media_type.starts_with("multipart/") {
        let boundary = boundary.filter(|_| part.media_type != "multipart/digest")?;
        return Some(PartHead::Multipart { boundary });
    }
    Some(match attachment::is_read(&part) {
        Some(is_message) if is_message => PartHead::Read { most: u64::MAX },
        // Quoted-printable needs three octets for one, and nothing more.
        Some(_) => PartHead::Read {
            most: LONGEST_BODY as u64 * 3 + 1,
        },
        None => PartHead::Listed,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(head: &str, expected: Option<&PartHead>) {
        assert_eq!(part_head(head.as_bytes()).as_ref(), expected, "{head:?}");
    }

    #[test]
    fn heads() {
        let text = PartHead::Read { most: 12_582_913 };
        check("\r\n", Some(&text));
        check("Content-Type: text/html\r\n\r\n", Some(&text));
        check(
            "Content-Type: application/octet-stream;\r\n name=ana.vcf\r\n\r\n",
            Some(&text),
        );
        check("Content-Type: image/png\r\n\r\n", Some(&PartHead::Listed));
        check(
            "Content-Type: message/rfc822\r\n\r\n",
            Some(&PartHead::Read { most: u64::MAX }),
        );
        let boundary = "a b".to_owned();
        check(
            "Subject: x\r\nContent-Type: multipart/mixed; boundary=\"a b\"\r\n\r\n",
            Some(&PartHead::Multipart { boundary }),
        );
    }

    #[test]
    fn what_only_the_body_tells() {
        check("", None);
        check("Content-Type: text/plain\r\n", None);
        check("Content-Type: text/plain\r\n\r\nbody\r\n\r\n", None);
        check("Content-Type: multipart/mixed\r\n\r\n", None);
        check("Content-Type: multipart/digest; boundary=b\r\n\r\n", None);
    }
}
