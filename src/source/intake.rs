//! Takes a message in from pieces: a long one without what nobody reads, but with the fingerprint of all of it.

use crate::document;
use crate::mailbox::{Fingerprint, Fingerprinter, LONG};
use crate::message::Sieve;

/// A message that is coming.
#[derive(Debug)]
pub(super) struct Intake {
    octets: Vec<u8>,
    /// Once it is long.
    long: Option<Long>,
    keep: Keep,
}

/// What is kept of a long message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keep {
    /// Every octet.
    Whole,
    /// What [`message::parse`](crate::message::parse) and the reader of documents read.
    Read,
}

#[derive(Debug)]
struct Long {
    sieve: Sieve,
    fingerprinter: Fingerprinter,
}

impl Intake {
    /// `size` is how long the message will be, as far as that is known.
    pub(super) fn new(size: u64, keep: Keep) -> Self {
        let mut intake = Self {
            octets: Vec::new(),
            long: None,
            keep,
        };
        if size > LONG {
            intake.lengthen();
        } else {
            intake
                .octets
                .reserve_exact(usize::try_from(size).unwrap_or(0));
        }
        intake
    }

    /// Takes the next octets.
    pub(super) fn push(&mut self, octets: &[u8]) {
        if self.long.is_none() && (self.octets.len() + octets.len()) as u64 > LONG {
            self.lengthen();
        }
        match &mut self.long {
            Some(long) => long.push(octets),
            None => self.octets.extend_from_slice(octets),
        }
    }

    /// What was kept, and the fingerprint of the whole if that may not be all.
    pub(super) fn finish(self) -> (Vec<u8>, Option<Fingerprint>) {
        match self.long {
            Some(long) => (long.sieve.finish(), Some(long.fingerprinter.finish())),
            None => (self.octets, None),
        }
    }

    /// From here on only what is read is kept.
    fn lengthen(&mut self) {
        if self.keep == Keep::Whole {
            return;
        }
        let mut long = Long {
            sieve: Sieve::new(document::MOST_OCTETS as u64),
            fingerprinter: Fingerprinter::default(),
        };
        long.push(&std::mem::take(&mut self.octets));
        self.long = Some(long);
    }
}

impl Long {
    fn push(&mut self, octets: &[u8]) {
        self.sieve.push(octets);
        self.fingerprinter.update(octets);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mailbox::{Content, Locator, RawMessage};
    use crate::message;

    const LENGTH: usize = 8 << 20;

    /// A message with a picture, in all of so many octets.
    fn message(length: usize) -> Vec<u8> {
        let head = "From: ana@acme.example\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n\
                    --b\r\n\r\nAdieu.\r\n--b\r\nContent-Type: image/png\r\n\r\n";
        let line = "iVBORw0KGgo=\r\n".repeat(length / 14 + 1);
        let picture = line.get(..length - head.len()).expect("enough");
        [head, picture].concat().into_bytes()
    }

    /// Takes in a message of so many octets, of which is told that it has `size`; whether all of it was kept.
    #[track_caller]
    fn check(length: usize, size: usize, keep: Keep, all: bool) {
        let octets = message(length);
        let mut intake = Intake::new(size as u64, keep);
        for piece in octets.chunks(100_000) {
            intake.push(piece);
        }
        let (kept, whole) = intake.finish();
        assert_eq!(kept == octets, all);
        assert_eq!(whole.is_none(), all);
        assert!(all || kept.len() < 1_000);
        let raw = |octets, whole| RawMessage {
            locator: Locator::Ordinal(1),
            octets,
            whole,
            internal_date: None,
        };
        let (kept, there) = (raw(kept, whole), raw(octets, None));
        assert_eq!(kept.size(), there.size());
        assert_eq!(kept.sha256(), there.sha256());
        assert!(kept.content() == there.content());
        assert!(all || matches!(kept.content(), Content::Long(_)));
        let read = |raw: &RawMessage| message::parse(&raw.octets).bodies;
        assert_eq!(read(&kept), read(&there));
    }

    #[test]
    fn only_what_is_read_of_long_messages_is_kept() {
        assert_eq!(LENGTH as u64, LONG);
        check(LENGTH, LENGTH, Keep::Read, true);
        check(LENGTH, 0, Keep::Read, true);
        check(LENGTH + 1, LENGTH + 1, Keep::Read, false);
        check(LENGTH + 1, 0, Keep::Read, false);
        check(3 * LENGTH, 100, Keep::Read, false);
        check(LENGTH + 1, LENGTH + 1, Keep::Whole, true);
    }
}
