//! Content-Transfer-Encodings (RFC 2045, 6), decoded leniently: damaged input loses the damaged octets, not the part.

use std::borrow::Cow;

/// Decoded base64.
pub(super) struct Base64 {
    /// What could be decoded.
    pub(super) octets: Vec<u8>,
    /// Whether characters outside the alphabet were skipped.
    pub(super) damaged: bool,
}

const PADDING: u8 = 64;
const SPACE: u8 = 65;
const INVALID: u8 = 66;

const ALPHABET: [u8; 256] = alphabet();

#[allow(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "evaluated at compile time; the alphabet has 64 characters"
)]
const fn alphabet() -> [u8; 256] {
    let letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut table = [INVALID; 256];
    let mut i = 0;
    while i < letters.len() {
        table[letters[i] as usize] = i as u8;
        i += 1;
    }
    // The URL alphabet (RFC 4648, 5) costs nothing to accept.
    table[b'-' as usize] = 62;
    table[b'_' as usize] = 63;
    table[b'=' as usize] = PADDING;
    table[b'\n' as usize] = SPACE;
    table[b'\r' as usize] = SPACE;
    table[b' ' as usize] = SPACE;
    table[b'\t' as usize] = SPACE;
    table
}

/// Decodes base64. Padding in the middle ends a group and decoding goes on: some writers concatenate encoded blocks.
pub(super) fn base64(encoded: &[u8]) -> Base64 {
    let mut octets = Vec::with_capacity(encoded.len() / 4 * 3 + 3);
    let mut damaged = false;
    let mut group: u32 = 0;
    let mut filled = 0_u8;
    for &byte in encoded {
        let value = ALPHABET.get(usize::from(byte)).copied().unwrap_or(INVALID);
        match value {
            0..=63 => {
                group = group << 6 | u32::from(value);
                filled += 1;
                if filled == 4 {
                    let [_, a, b, c] = group.to_be_bytes();
                    octets.extend_from_slice(&[a, b, c]);
                    group = 0;
                    filled = 0;
                }
            }
            PADDING => {
                push_incomplete(group, filled, &mut octets);
                group = 0;
                filled = 0;
            }
            SPACE => {}
            _ => damaged = true,
        }
    }
    push_incomplete(group, filled, &mut octets);
    Base64 { octets, damaged }
}

fn push_incomplete(group: u32, filled: u8, octets: &mut Vec<u8>) {
    let missing = 4 - u32::from(filled.min(4));
    let [_, a, b, _] = (group << (6 * missing).min(31)).to_be_bytes();
    match filled {
        2 => octets.push(a),
        3 => octets.extend_from_slice(&[a, b]),
        _ => {}
    }
}

/// Decodes quoted-printable. What is no valid escape stays as it is written.
pub(super) fn quoted_printable(encoded: &[u8]) -> Vec<u8> {
    let mut octets = Vec::with_capacity(encoded.len());
    let mut rest = encoded;
    while let Some(at) = memchr::memchr(b'=', rest) {
        let (before, from) = rest.split_at(at);
        octets.extend_from_slice(before);
        let after = from.get(1..).unwrap_or_default();
        if let Some(octet) = hex_octet(after) {
            octets.push(octet);
            rest = after.get(2..).unwrap_or_default();
        } else if let Some(next) = after_soft_break(after) {
            rest = next;
        } else {
            octets.push(b'=');
            rest = after;
        }
    }
    octets.extend_from_slice(rest);
    octets
}

/// Quoted-printable that reached us without its Content-Transfer-Encoding, as older archives and gateways leave it:
/// decoded if the text is plausible as such, else unchanged.
pub(super) fn heal_quoted_printable(octets: &[u8]) -> Cow<'_, [u8]> {
    let (mut escapes, mut certain, mut others) = (0_u32, 0_u32, 0_u32);
    for at in memchr::memchr_iter(b'=', octets) {
        let after = octets.get(at + 1..).unwrap_or_default();
        let at_line_end = |n: usize| matches!(after.get(n), None | Some(b'\n' | b'\r'));
        match hex_octet(after) {
            Some(b' ' | b'\t') if at_line_end(2) => certain += 1,
            Some(0x80..) => escapes += 1,
            Some(_) => {}
            None if at_line_end(0) && !starts_or_ends_a_rule(octets, at) => certain += 1,
            None => others += 1,
        }
    }
    let plausible = certain + escapes >= 2 || certain >= 1 && escapes + certain > others;
    if plausible && 2 * others <= certain + escapes {
        Cow::Owned(quoted_printable(octets))
    } else {
        Cow::Borrowed(octets)
    }
}

/// `=====` under a heading is no soft line break.
fn starts_or_ends_a_rule(octets: &[u8], at: usize) -> bool {
    at > 0 && matches!(octets.get(at - 1), Some(b'=' | b'-' | b'\n'))
}

fn hex_octet(text: &[u8]) -> Option<u8> {
    let &[high, low, ..] = text else { return None };
    let high = char::from(high).to_digit(16)?;
    let low = char::from(low).to_digit(16)?;
    u8::try_from(high * 16 + low).ok()
}

/// What follows a soft line break whose `=` was just read, trailing blanks included; nothing at the end of input.
fn after_soft_break(text: &[u8]) -> Option<&[u8]> {
    let blanks = text
        .iter()
        .take(200)
        .take_while(|b| matches!(b, b' ' | b'\t' | b'\r'))
        .count();
    match text.get(blanks) {
        Some(b'\n') => text.get(blanks + 1..),
        None => Some(&[]),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_base64(encoded: &str, expected: &str, damaged: bool) {
        let decoded = base64(encoded.as_bytes());
        assert_eq!(
            (
                String::from_utf8_lossy(&decoded.octets).as_ref(),
                decoded.damaged
            ),
            (expected, damaged)
        );
    }

    #[test]
    fn base64_is_decoded_leniently() {
        check_base64("YWRpb3M=", "adios", false);
        check_base64("YWRp\r\nb3M", "adios", false);
        check_base64("YW!Rpb3M=", "adios", true);
        check_base64("YQ==YWI=YWJj", "aababc", false);
    }

    #[track_caller]
    fn check_qp(encoded: &str, expected: &str) {
        assert_eq!(
            String::from_utf8_lossy(&quoted_printable(encoded.as_bytes())),
            expected
        );
    }

    #[test]
    fn quoted_printable_is_decoded_leniently() {
        check_qp("a=20b", "a b");
        check_qp("adi=C3=B3s", "adiós");
        check_qp("soft=\r\nbreak=  \nhere", "softbreakhere");
        check_qp("1 = 2 =zz =4", "1 = 2 =zz =4");
        check_qp("end=", "end");
    }

    #[track_caller]
    fn check_heal(text: &str, expected: &str) {
        assert_eq!(
            String::from_utf8_lossy(&heal_quoted_printable(text.as_bytes())),
            expected
        );
    }

    #[test]
    fn heals_only_what_is_plausible() {
        check_heal("I am leaving=20\non Friday", "I am leaving \non Friday");
        check_heal("ma=C3=B1ana", "mañana");
        check_heal(
            "see http://x.example/?id=20&b=3D",
            "see http://x.example/?id=20&b=3D",
        );
        check_heal("Title\n=====\n\na = b", "Title\n=====\n\na = b");
        check_heal("long line that goes=\n on", "long line that goes on");
    }
}
