//! Octets to text, whatever the file's encoding.

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

use super::TableError;

/// Larger files are no rosters; a limit keeps a wrong path (a mailbox, a video) from filling the memory.
const MAX_OCTETS: usize = 64 * 1024 * 1024;

/// The text of a file: UTF-8 or UTF-16 with or without byte order mark, else Windows-1252.
///
/// # Errors
/// A workbook, an oversized file, broken UTF-16.
pub(crate) fn decode(octets: &[u8]) -> Result<String, TableError> {
    if octets.len() > MAX_OCTETS {
        return Err(TableError::whole(
            "the file is larger than 64 MiB: is it the right one?",
        ));
    }
    if octets.starts_with(b"PK\x03\x04") || octets.starts_with(b"\xD0\xCF\x11\xE0") {
        return Err(TableError::whole(
            "this is a workbook, not a text file: save it as `CSV UTF-8` and name that file",
        ));
    }
    let (encoding, octets): (&Encoding, &[u8]) = match Encoding::for_bom(octets) {
        Some((encoding, length)) => (encoding, octets.get(length..).unwrap_or_default()),
        None => (guess_encoding(octets), octets),
    };
    encoding
        .decode_without_bom_handling_and_without_replacement(octets)
        .map(std::borrow::Cow::into_owned)
        .ok_or_else(|| {
            TableError::whole(format!(
                "the file says that it is {} but is not: save it as UTF-8",
                encoding.name()
            ))
        })
}

fn guess_encoding(octets: &[u8]) -> &'static Encoding {
    // Text in UTF-16 of any Western language has a zero in almost every other octet; no other encoding has any.
    let start = octets.get(..octets.len().min(4096)).unwrap_or_default();
    let zeros = |parity: usize| {
        start
            .iter()
            .skip(parity)
            .step_by(2)
            .filter(|o| **o == 0)
            .count()
    };
    let (even, odd) = (zeros(0), zeros(1));
    if even + odd > start.len() / 8 {
        return if even > odd { UTF_16BE } else { UTF_16LE };
    }
    if std::str::from_utf8(octets).is_ok() {
        UTF_8
    } else {
        WINDOWS_1252
    }
}
