//! The digest of a table without the columns that reviewers fill in: it tells a decision from a changed finding.

use sha2::{Digest, Sha256};

use crate::finding::hexadecimal;

/// The columns that reviewers fill in; all others are evidence.
pub(crate) const REVIEW_COLUMNS: &[&str] =
    &["review_status", "review_note", "reviewer", "reviewed_on"];

/// The rows so far. Their order does not count, nor do white space around a cell and the kind of line ends: spreadsheets
/// change these without anybody's doing.
#[derive(Debug, Default)]
pub(crate) struct EvidenceDigest {
    rows: Vec<[u8; 32]>,
}

impl EvidenceDigest {
    /// Adds a row: pairs of column and cell, in the order of the report's columns.
    pub(crate) fn add<'a>(&mut self, cells: impl Iterator<Item = (&'a str, &'a str)>) {
        let mut hash = Sha256::new();
        for (column, cell) in cells {
            if !REVIEW_COLUMNS.contains(&column) {
                let cell = cell.replace("\r\n", "\n").replace('\r', "\n");
                let cell = cell.trim();
                // The length keeps `ab`+`c` apart from `a`+`bc`.
                hash.update((cell.len() as u64).to_be_bytes());
                hash.update(cell);
            }
        }
        self.rows.push(hash.finalize().into());
    }

    /// Lower-case hexadecimal SHA-256.
    pub(crate) fn finish(mut self) -> String {
        self.rows.sort_unstable();
        let mut hash = Sha256::new();
        for row in self.rows {
            hash.update(row);
        }
        hexadecimal(&hash.finalize())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Row<'a> = &'a [(&'a str, &'a str)];

    fn digest(rows: &[Row]) -> String {
        let mut digest = EvidenceDigest::default();
        for row in rows {
            digest.add(row.iter().copied());
        }
        digest.finish()
    }

    #[track_caller]
    fn check(one: &[Row], two: &[Row], same: bool) {
        assert_eq!(digest(one) == digest(two), same);
    }

    #[test]
    fn only_evidence_counts() {
        let row: Row = &[("id", "1"), ("review_note", ""), ("notice", "a\nb")];
        check(
            &[row],
            &[&[("id", "1 "), ("review_note", "x"), ("notice", "a\r\nb")]],
            true,
        );
        check(
            &[row],
            &[&[("id", "1"), ("review_note", ""), ("notice", "a\nc")]],
            false,
        );
        check(&[row], &[&[("id", "1a"), ("notice", "\nb")]], false);
        check(&[row, &[("id", "2")]], &[&[("id", "2")], row], true);
        check(&[row], &[row, row], false);
        check(&[row], &[], false);
    }
}
