//! Octets to text: declared charsets where they hold, what the octets say where they do not.

use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};

/// Decodes a text part or an encoded word. Never fails: octets that mean nothing become U+FFFD.
pub(super) fn decode(octets: &[u8], declared: Option<&str>) -> String {
    if let Some((encoding, mark)) = Encoding::for_bom(octets) {
        let text = octets.get(mark..).unwrap_or_default();
        return encoding.decode_without_bom_handling(text).0.into_owned();
    }
    let declared = declared.and_then(|label| Encoding::for_label(label.trim().as_bytes()));
    let Some(encoding) = declared else {
        return utf8_or_windows(octets);
    };
    if encoding == UTF_8 {
        return utf8_or_windows(octets);
    }
    // Valid UTF-8 beyond ASCII does not happen by accident in a single-byte charset: the label is wrong.
    if encoding.is_single_byte()
        && let Ok(text) = std::str::from_utf8(octets)
    {
        return text.to_owned();
    }
    encoding.decode_without_bom_handling(octets).0.into_owned()
}

/// UTF-8, with single bad octets replaced; Windows-1252 if there is hardly a valid multi-byte character in it.
fn utf8_or_windows(octets: &[u8]) -> String {
    if let Ok(text) = std::str::from_utf8(octets) {
        return text.to_owned();
    }
    let (mut good, mut bad) = (0_usize, 0_usize);
    for chunk in octets.utf8_chunks() {
        good += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
        bad += usize::from(!chunk.invalid().is_empty());
    }
    let encoding = if good > bad { UTF_8 } else { WINDOWS_1252 };
    encoding.decode_without_bom_handling(octets).0.into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(octets: &[u8], declared: Option<&str>, expected: &str) {
        assert_eq!(decode(octets, declared), expected);
    }

    #[test]
    fn declared_charsets_hold_where_they_can() {
        check(b"ma\xf1ana", Some("iso-8859-1"), "mañana");
        check(b"5 \x80", Some("windows-1252"), "5 €");
        check(b"5 \xa4", Some("iso-8859-15"), "5 €");
        check(b"\xcf\xf0\xe8", Some("windows-1251"), "При");
        check("mañana".as_bytes(), Some("UTF-8"), "mañana");
    }

    #[test]
    fn wrong_or_missing_labels_are_seen_through() {
        check("mañana".as_bytes(), Some("us-ascii"), "mañana");
        check("mañana".as_bytes(), Some("iso-8859-1"), "mañana");
        check("mañana".as_bytes(), None, "mañana");
        check(b"ma\xf1ana", Some("utf-8"), "mañana");
        check(b"ma\xf1ana", None, "mañana");
        check(b"ma\xf1ana", Some("x-unknown"), "mañana");
        check(b"\xef\xbb\xbfhola", Some("iso-8859-1"), "hola");
        check(b"\xff\xfeh\0o\0", None, "ho");
        check("año ñ \u{fffd}".as_bytes(), None, "año ñ \u{fffd}");
        check(b"a\xc3\xb1o, a\xc3\xb1o \xff", None, "año, año \u{fffd}");
    }

    #[test]
    fn seven_bit_charsets_are_not_taken_for_ascii() {
        check(b"\x1b$B$\"\x1b(B", Some("iso-2022-jp"), "あ");
    }
}
