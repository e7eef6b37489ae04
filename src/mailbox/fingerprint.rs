//! What identifies a message's octets, computed while they pass by.

use sha2::{Digest, Sha256};

/// Of content longer than this, counted with line ends as CRLF, a digest stands for it wherever it is named.
pub const LONG: u64 = 8 << 20;

/// What is left of a message of which not all octets are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint {
    /// Octets as received.
    pub size: u64,
    /// SHA-256 of the octets as received.
    pub sha256: [u8; 32],
    /// SHA-256 of the octets with every line end as CRLF.
    pub content: [u8; 32],
}

/// Takes a fingerprint of octets that come in pieces.
#[derive(Debug, Clone, Default)]
pub struct Fingerprinter {
    size: u64,
    sha256: Sha256,
    content: Sha256,
    /// The octet before those that come.
    last: u8,
}

impl Fingerprinter {
    /// Takes the next octets.
    pub fn update(&mut self, octets: &[u8]) {
        self.size += octets.len() as u64;
        self.sha256.update(octets);
        canonical(octets, &mut self.last, |piece| self.content.update(piece));
    }

    /// What came of them.
    #[must_use]
    pub fn finish(self) -> Fingerprint {
        Fingerprint {
            size: self.size,
            sha256: self.sha256.finalize().into(),
            content: self.content.finalize().into(),
        }
    }
}

/// A message's content as far as line ends do not matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content<'o> {
    /// The octets themselves, at most [`LONG`].
    Short(&'o [u8]),
    /// [`Fingerprint::content`].
    Long([u8; 32]),
}

impl<'o> Content<'o> {
    /// The content of a message that is there whole.
    #[must_use]
    pub fn of(octets: &'o [u8]) -> Self {
        let mut length = 0;
        canonical(octets, &mut 0, |piece| length += piece.len() as u64);
        if length <= LONG {
            return Self::Short(octets);
        }
        let mut hash = Sha256::new();
        canonical(octets, &mut 0, |piece| hash.update(piece));
        Self::Long(hash.finalize().into())
    }

    /// Adds the content to a hash: the same for each spelling of its line ends.
    pub fn add_to(&self, hash: &mut Sha256) {
        match self {
            Self::Short(octets) => canonical(octets, &mut 0, |piece| hash.update(piece)),
            Self::Long(digest) => hash.update(digest),
        }
    }
}

/// Gives `octets` to `put` with every bare line feed as CRLF. `last` is the octet before them, and becomes their last one.
fn canonical(octets: &[u8], last: &mut u8, mut put: impl FnMut(&[u8])) {
    let mut rest = octets;
    let mut from = 0;
    while let Some(at) = rest.get(from..).and_then(|r| memchr::memchr(b'\n', r)) {
        let at = from + at;
        let before = at.checked_sub(1).and_then(|b| rest.get(b)).unwrap_or(last);
        if *before == b'\r' {
            from = at + 1;
            continue;
        }
        let (line, after) = rest.split_at_checked(at).unwrap_or_default();
        put(line);
        put(b"\r\n");
        *last = b'\n';
        rest = after.get(1..).unwrap_or_default();
        from = 0;
    }
    put(rest);
    *last = rest.last().copied().unwrap_or(*last);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn spelled(octets: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        canonical(octets, &mut 0, |piece| out.extend_from_slice(piece));
        out
    }

    #[track_caller]
    fn check(octets: &str, expected: &str) {
        let found = spelled(octets.as_bytes());
        assert_eq!(String::from_utf8_lossy(&found), expected);
    }

    #[test]
    fn line_ends_are_spelled_alike() {
        check("", "");
        check("a\nb\r\n\n\r\nc", "a\r\nb\r\n\r\n\r\nc");
        check("\n\n", "\r\n\r\n");
        check("a\r\r\nb\rc\r", "a\r\r\nb\rc\r");
    }

    #[test]
    fn long_content_is_named_by_its_digest() {
        let lines = usize::try_from(LONG).unwrap() / 2;
        let (short, long) = ("a\n".repeat(lines / 2), "a\n".repeat(lines));
        assert!(matches!(Content::of(short.as_bytes()), Content::Short(_)));
        // It is long only with its line ends as they count.
        assert_eq!(long.len() as u64, LONG);
        let wide = long.replace('\n', "\r\n");
        let content = Content::of(long.as_bytes());
        assert_eq!(content, Content::of(wide.as_bytes()));
        let mut passing = Fingerprinter::default();
        passing.update(wide.as_bytes());
        assert_eq!(content, Content::Long(passing.finish().content));
    }

    proptest! {
        #[test]
        fn pieces_make_no_difference(octets in "[a\r\n]{0,40}", cuts in prop::collection::vec(0_usize..40, 0..6)) {
            let octets = octets.as_bytes();
            let mut cuts: Vec<usize> = cuts.into_iter().map(|c| c.min(octets.len())).collect();
            cuts.extend([0, octets.len()]);
            cuts.sort_unstable();
            let mut passing = Fingerprinter::default();
            for pair in cuts.windows(2) {
                passing.update(&octets[pair[0]..pair[1]]);
            }
            let expected = Fingerprint {
                size: octets.len() as u64,
                sha256: Sha256::digest(octets).into(),
                content: Sha256::digest(spelled(octets)).into(),
            };
            prop_assert_eq!(passing.finish(), expected);
        }
    }
}
