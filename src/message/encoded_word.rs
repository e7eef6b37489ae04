//! Encoded words in header fields (RFC 2047), decoded leniently and in linear time.

use super::charset;
use super::transfer;

/// Longest run in which the end of an encoded word is sought. RFC 2047 allows 75 characters, some writers use more;
/// without a limit a header full of `=?` would take quadratic time.
const LONGEST: usize = 2_000;

/// An encoded word at the start of a string.
struct Word<'a> {
    charset: &'a str,
    octets: Vec<u8>,
    length: usize,
}

/// Decodes every encoded word of `text`. White space between two of them is dropped; octets of neighbours with one
/// charset are joined first, since writers cut multi-byte characters in two.
pub(super) fn decode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut pending: Option<(&str, Vec<u8>)> = None;
    let mut rest = text;
    while let Some(at) = memchr::memmem::find(rest.as_bytes(), b"=?") {
        let (before, from) = rest.split_at(at);
        let Some(word) = read(from) else {
            flush(&mut pending, &mut out);
            out.push_str(before);
            out.push_str("=?");
            rest = from.get(2..).unwrap_or("");
            continue;
        };
        if pending.is_none() || !before.trim().is_empty() {
            flush(&mut pending, &mut out);
            out.push_str(before);
        }
        match &mut pending {
            Some((charset, octets)) if charset.eq_ignore_ascii_case(word.charset) => {
                octets.extend_from_slice(&word.octets);
            }
            _ => {
                flush(&mut pending, &mut out);
                pending = Some((word.charset, word.octets));
            }
        }
        rest = from.get(word.length..).unwrap_or("");
    }
    flush(&mut pending, &mut out);
    out.push_str(rest);
    out
}

/// Length of the encoded word at the start of `text`; address lists must not be cut inside one.
pub(super) fn length(text: &str) -> Option<usize> {
    read(text).map(|word| word.length)
}

fn flush(pending: &mut Option<(&str, Vec<u8>)>, out: &mut String) {
    if let Some((charset, octets)) = pending.take() {
        out.push_str(&charset::decode(&octets, Some(charset)));
    }
}

fn read(text: &str) -> Option<Word<'_>> {
    let (charset, rest) = text.strip_prefix("=?")?.split_once('?')?;
    if charset.is_empty() || charset.len() > 60 || charset.contains(char::is_whitespace) {
        return None;
    }
    let (encoding, rest) = rest.split_at_checked(2)?;
    let window = rest.as_bytes().get(..LONGEST.min(rest.len()))?;
    let end = memchr::memmem::find(window, b"?=")?;
    let payload = window.get(..end)?;
    let octets = match encoding {
        "B?" | "b?" => transfer::base64(payload).octets,
        "Q?" | "q?" => {
            let spaced: Vec<u8> = payload
                .iter()
                .map(|&b| if b == b'_' { b' ' } else { b })
                .collect();
            transfer::quoted_printable(&spaced)
        }
        _ => return None,
    };
    // RFC 2231, 5 appends a language to the charset: `utf-8*en`.
    let length = 2 + charset.len() + 1 + 2 + end + 2;
    let charset = charset.split('*').next().unwrap_or(charset);
    Some(Word {
        charset,
        octets,
        length,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(decode(text), expected);
    }

    #[test]
    fn decodes_words() {
        check("plain", "plain");
        check("=?utf-8?q?Adi=C3=B3s_a_todos?=", "Adiós a todos");
        check("=?ISO-8859-1?B?SvZyZw==?=", "Jörg");
        check(
            "Re: =?utf-8?Q?Gr=C3=BC=C3=9Fe?= aus Bonn",
            "Re: Grüße aus Bonn",
        );
        check("=?utf-8*es?q?ma=C3=B1ana?=", "mañana");
    }

    #[test]
    fn joins_characters_cut_in_two() {
        check("=?utf-8?q?Adi=C3?= =?UTF-8?q?=B3s?=", "Adiós");
        check("=?utf-8?B?QWRpww==?=\r\n =?utf-8?B?s3M=?=", "Adiós");
        check("=?utf-8?q?a?= =?iso-8859-1?q?=E9?=", "aé");
    }

    #[test]
    fn keeps_what_is_no_word() {
        check("a =? b", "a =? b");
        check("=?utf-8?x?abc?=", "=?utf-8?x?abc?=");
        check("=?utf-8?q?open", "=?utf-8?q?open");
    }

    #[test]
    fn many_openings_take_linear_time() {
        let hostile = "=?".repeat(500_000);
        assert_eq!(decode(&hostile), hostile);
        let hostile = "=?a?q?".repeat(100_000);
        assert!(!decode(&hostile).is_empty());
    }
}
