//! The audit trail: what was done with the store, each entry chained to the one before by its hash.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};
use sha2::{Digest, Sha256};

use crate::finding::hexadecimal;

/// One entry. It holds ids and digests only, so that it can stay when names and texts are deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrailEntry {
    /// Counted from 1.
    pub number: i64,
    /// RFC 3339, UTC.
    pub at: String,
    /// `run-begun`, `run`, `report`, `import`, `purge`.
    pub what: String,
    /// Of the run or report; of an import the SHA-256 of the file.
    pub id: String,
    /// SHA-256 of the manifest, of the decisions, of the custodian's id.
    pub digest: String,
    /// SHA-256 over the hash before and this entry, lower-case hexadecimal.
    pub hash: String,
}

/// The first entry that is not what was written, by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Broken(pub i64);

/// Whether every entry follows from the one before. This shows accidents and careless hands; who can write the store can
/// write the whole chain anew, so keep its head elsewhere.
///
/// # Errors
/// The first entry that does not.
pub fn check_trail(entries: &[TrailEntry]) -> Result<(), Broken> {
    let mut head = String::new();
    for (expected, entry) in (1..).zip(entries) {
        let hash = hash(&head, [&entry.at, &entry.what, &entry.id, &entry.digest]);
        if entry.number != expected || entry.hash != hash {
            return Err(Broken(expected));
        }
        head = hash;
    }
    Ok(())
}

pub(super) fn add(
    connection: &mut Connection,
    what: &str,
    id: &str,
    digest: &str,
) -> rusqlite::Result<String> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let last = transaction
        .query_row(
            "SELECT entry, hash FROM trail ORDER BY entry DESC LIMIT 1",
            [],
            |row| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?)),
        )
        .optional()?;
    let (number, head) = last.unwrap_or_default();
    let at = Timestamp::now().to_string();
    let hash = hash(&head, [&at, what, id, digest]);
    transaction.execute(
        "INSERT INTO trail (entry, at, what, id, digest, hash) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![number + 1, at, what, id, digest, hash],
    )?;
    transaction.commit()?;
    Ok(hash)
}

pub(super) fn entries(connection: &Connection) -> rusqlite::Result<Vec<TrailEntry>> {
    connection
        .prepare("SELECT entry, at, what, id, digest, hash FROM trail ORDER BY entry")?
        .query_map([], |row| {
            Ok(TrailEntry {
                number: row.get(0)?,
                at: row.get(1)?,
                what: row.get(2)?,
                id: row.get(3)?,
                digest: row.get(4)?,
                hash: row.get(5)?,
            })
        })?
        .collect()
}

fn hash(head: &str, fields: [&str; 4]) -> String {
    let mut hash = Sha256::new();
    for field in std::iter::once(head).chain(fields) {
        // The length keeps `ab`+`c` apart from `a`+`bc`.
        hash.update((field.len() as u64).to_be_bytes());
        hash.update(field);
    }
    hexadecimal(&hash.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Store;

    fn trail() -> Vec<TrailEntry> {
        let mut store = Store::in_memory().unwrap();
        let mut heads = Vec::new();
        for id in ["a", "b", "c"] {
            heads.push(store.note("run", id, "digest").unwrap());
        }
        let trail = store.trail().unwrap();
        let hashes: Vec<_> = trail.iter().map(|entry| entry.hash.clone()).collect();
        assert_eq!(heads, hashes);
        trail
    }

    #[track_caller]
    fn check(change: impl FnOnce(&mut Vec<TrailEntry>), expected: Result<(), Broken>) {
        let mut trail = trail();
        change(&mut trail);
        assert_eq!(check_trail(&trail), expected);
    }

    #[test]
    fn a_changed_entry_is_found() {
        check(|_| {}, Ok(()));
        check(|trail| trail[1].digest.push('x'), Err(Broken(2)));
        check(|trail| trail[0].id.clear(), Err(Broken(1)));
        check(|trail| drop(trail.remove(1)), Err(Broken(2)));
        check(|trail| trail.swap(0, 1), Err(Broken(1)));
        // A cut end shows only to whoever kept the head.
        check(|trail| drop(trail.pop()), Ok(()));
    }

    #[test]
    fn the_trail_is_only_added_to() {
        let mut store = Store::in_memory().unwrap();
        store.note("run", "a", "").unwrap();
        for statement in ["DELETE FROM trail", "UPDATE trail SET id = 'b'"] {
            assert!(store.connection.execute_batch(statement).is_err());
        }
    }
}
