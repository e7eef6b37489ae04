//! Mailbox names on the wire: modified UTF-7 (RFC 3501, 5.1.3), both ways, never failing.

use base64::Engine;
use base64::alphabet::IMAP_MUTF7;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &IMAP_MUTF7,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// The name in UTF-8. What is not modified UTF-7, raw UTF-8 included, is kept as it is.
#[must_use]
pub fn decode(wire: &str) -> String {
    let mut name = String::with_capacity(wire.len());
    let mut rest = wire;
    while let Some((plain, shifted)) = rest.split_once('&') {
        name.push_str(plain);
        let Some((code, after)) = shifted.split_once('-') else {
            name.push('&');
            rest = shifted;
            continue;
        };
        if code.is_empty() {
            name.push('&');
            rest = after;
        } else if let Some(text) = decode_shifted(code) {
            name.push_str(&text);
            rest = after;
        } else {
            name.push('&');
            rest = shifted;
        }
    }
    name.push_str(rest);
    name
}

fn decode_shifted(code: &str) -> Option<String> {
    let octets = BASE64.decode(code).ok()?;
    let (pairs, remainder) = octets.as_chunks::<2>();
    if pairs.is_empty() || !remainder.is_empty() {
        return None;
    }
    let units = pairs.iter().map(|&pair| u16::from_be_bytes(pair));
    char::decode_utf16(units).collect::<Result<_, _>>().ok()
}

/// The name as RFC 3501 servers spell it.
#[must_use]
pub fn encode(name: &str) -> String {
    let mut wire = String::with_capacity(name.len());
    let mut shifted = Vec::new();
    for c in name.chars() {
        if matches!(c, ' '..='~') {
            end_shift(&mut shifted, &mut wire);
            wire.push(c);
            if c == '&' {
                wire.push('-');
            }
        } else {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                shifted.extend_from_slice(&unit.to_be_bytes());
            }
        }
    }
    end_shift(&mut shifted, &mut wire);
    wire
}

fn end_shift(shifted: &mut Vec<u8>, wire: &mut String) {
    if !shifted.is_empty() {
        wire.push('&');
        BASE64.encode_string(&shifted, wire);
        wire.push('-');
        shifted.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(wire: &str, name: &str) {
        assert_eq!(decode(wire), name);
    }

    #[test]
    fn names() {
        check("Sent", "Sent");
        check("&AMk-l&AOk-ments envoy&AOk-s", "Éléments envoyés");
        check("~peter/mail/&U,BTFw-/&ZeVnLIqe-", "~peter/mail/台北/日本語");
        check("R&-D", "R&D");
        check("&2D3eAA-", "😀");
        check("Envoyés", "Envoyés");
    }

    #[test]
    fn broken_names_stay() {
        for name in [
            "&", "&!!!-", "&AMk", "&A-", "&AM-", "a&b", "&2D0-", "&&-x", "&====-",
        ] {
            let decoded = decode(name);
            assert!(decoded.contains('&'), "{name} gave {decoded}");
        }
        check("&AMk", "&AMk");
        check("&!!!-&AMk-", "&!!!-É");
    }

    proptest! {
        #[test]
        fn round_trip(name in ".*") {
            let wire = encode(&name);
            prop_assert!(wire.bytes().all(|b| matches!(b, b' '..=b'~')));
            prop_assert_eq!(decode(&wire), name);
        }

        #[test]
        fn never_panics(wire in "[&A-Za-z0-9+,/=é-]*") {
            let _ = decode(&wire);
        }
    }
}
