//! What a file is, judged by its name and its first few kilobytes.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use super::mbox;

/// How much of a file is looked at.
const HEAD: u64 = 8 << 10;

/// What a file seems to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// It begins with a `From ` line.
    Mbox,
    /// It begins with the header of a message.
    Message,
    /// There is nothing in it.
    Empty,
    /// Outlook's own format, by name: it must be converted first.
    Outlook,
    /// Something else.
    Other,
}

/// Looks at a file; only `.eml` is believed by its name alone.
pub(super) fn kind(path: &Path) -> io::Result<Kind> {
    let extension = path
        .extension()
        .map(|e| e.to_string_lossy().to_ascii_lowercase())
        .unwrap_or_default();
    match extension.as_str() {
        "eml" => return Ok(Kind::Message),
        "msg" | "pst" | "ost" => return Ok(Kind::Outlook),
        _ => {}
    }
    let mut head = Vec::new();
    File::open(path)?.take(HEAD).read_to_end(&mut head)?;
    Ok(kind_of(&extension, &head))
}

fn kind_of(extension: &str, head: &[u8]) -> Kind {
    if head.is_empty() {
        return Kind::Empty;
    }
    let text = head.trim_ascii_start();
    let line = text.split(|&o| o == b'\n').next().unwrap_or_default();
    if text.starts_with(b"From ")
        && (matches!(extension, "mbox" | "mbx") || mbox::separator(line).is_some())
    {
        return Kind::Mbox;
    }
    // Mail programs and list archives name messages by number (`17`, `17.`, `msg`); a name that belongs to another kind
    // of file needs better evidence, since notes and scripts may begin with one line that looks like a field.
    let named_like_mail = extension.chars().all(|c| c.is_ascii_digit()) || extension.contains(',');
    let needed = if named_like_mail { 1 } else { 2 };
    if known_fields(head) >= needed {
        Kind::Message
    } else {
        Kind::Other
    }
}

/// How many of the well-known fields stand in the header that `head` begins with; 0 if it begins with anything else.
fn known_fields(head: &[u8]) -> usize {
    const KNOWN: [&str; 9] = [
        "from",
        "to",
        "date",
        "subject",
        "message-id",
        "received",
        "return-path",
        "mime-version",
        "x-from",
    ];
    let mut known = 0;
    for (number, line) in head.split(|&o| o == b'\n').enumerate() {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() {
            break;
        }
        if number > 0 && line.first().is_some_and(|&o| o == b' ' || o == b'\t') {
            continue;
        }
        let Some(colon) = line.iter().position(|&o| o == b':') else {
            // The head may end in the middle of a line; before that, a header has no such lines (RFC 5322, 2.2).
            return if number == 0 { 0 } else { known };
        };
        let name = line.get(..colon).unwrap_or_default().trim_ascii_end();
        if name.is_empty() || !name.iter().all(|&o| o.is_ascii_graphic()) {
            return known;
        }
        let name = String::from_utf8_lossy(name).to_ascii_lowercase();
        known += usize::from(KNOWN.contains(&name.as_str()));
    }
    known
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(extension: &str, head: &str, expected: Kind) {
        assert_eq!(kind_of(extension, head.as_bytes()), expected, "{head:?}");
    }

    #[test]
    fn files_are_known_by_their_beginning() {
        check("", "", Kind::Empty);
        check(
            "",
            "From a@b.example Mon Jun  3 10:00:00 2024\nFrom: a\n\nx\n",
            Kind::Mbox,
        );
        check("", "From here on, things change\n", Kind::Other);
        check("mbox", "From nobody\nFrom: a\n\nx\n", Kind::Mbox);
        check("", "Subject: hello\n\nx\n", Kind::Message);
        check("17", "From: a@b.example\r\n\r\nx\r\n", Kind::Message);
        check("1,S=3:2,S", "From: a@b.example\r\n\r\nx\r\n", Kind::Message);
        check("txt", "Subject: minutes\n\nx\n", Kind::Other);
        check(
            "txt",
            "From: a@b.example\nSubject: minutes\n\nx\n",
            Kind::Message,
        );
        check("csv", "from,to,date\na,b,c\n", Kind::Other);
        check("", "#!/bin/sh\necho From: a\n", Kind::Other);
        check("", "\u{0}\u{1}From: a\n", Kind::Other);
    }
}
