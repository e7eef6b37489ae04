//! What a server's mailbox held when it was last listed, so that it need not be listed again while nothing comes or goes.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use jiff::civil::Date;
use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};
use serde::{Deserialize, Serialize};

use super::write::{from_json, json, mailbox_number};
use crate::mailbox::{MailboxId, Window};

/// A listing, and what EXAMINE told before it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LastListing {
    /// The mailbox's UIDVALIDITY.
    pub uidvalidity: u32,
    /// Messages in the mailbox.
    pub messages: u32,
    /// UIDNEXT, if told.
    pub uidnext: Option<u32>,
    /// HIGHESTMODSEQ, if told (RFC 7162).
    pub modseq: Option<u64>,
    /// What was listed.
    pub window: Window,
    /// The UIDs of all messages in the window.
    pub uids: BTreeSet<u32>,
    /// The sum of their sizes.
    pub octets: u64,
}

/// As it is stored.
#[derive(Serialize, Deserialize)]
struct Stored {
    uidvalidity: u32,
    messages: u32,
    uidnext: Option<u32>,
    modseq: Option<u64>,
    since: Option<Date>,
    until: Option<Date>,
    /// As in a command: `1:200,205`.
    uids: String,
    octets: u64,
}

pub(super) fn last(
    connection: &Connection,
    mailbox: &MailboxId,
) -> rusqlite::Result<Option<LastListing>> {
    let payload = connection
        .prepare_cached(
            "SELECT payload FROM listings JOIN mailboxes USING (mailbox_id)
             WHERE custodian = ?1 AND account = ?2 AND mailbox = ?3",
        )?
        .query_row(
            params![mailbox.custodian, mailbox.account, mailbox.mailbox],
            |row| row.get::<_, String>(0),
        )
        .optional()?;
    let stored = payload.map(|payload| from_json::<Stored>(&payload));
    Ok(stored.transpose()?.and_then(|stored| {
        Some(LastListing {
            uidvalidity: stored.uidvalidity,
            messages: stored.messages,
            uidnext: stored.uidnext,
            modseq: stored.modseq,
            window: Window {
                since: stored.since,
                until: stored.until,
            },
            // What cannot be read is not known: the mailbox is listed again.
            uids: read_set(&stored.uids)?,
            octets: stored.octets,
        })
    }))
}

/// Takes the place of what was known; nothing is written if it is the same, since there are many nights with nothing new.
pub(super) fn keep(
    connection: &mut Connection,
    mailbox: &MailboxId,
    listing: &LastListing,
) -> rusqlite::Result<()> {
    let payload = json(&Stored {
        uidvalidity: listing.uidvalidity,
        messages: listing.messages,
        uidnext: listing.uidnext,
        modseq: listing.modseq,
        since: listing.window.since,
        until: listing.window.until,
        uids: set(&listing.uids),
        octets: listing.octets,
    })?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let number = mailbox_number(&transaction, mailbox)?;
    transaction
        .prepare_cached(
            "INSERT INTO listings (mailbox_id, payload) VALUES (?1, ?2)
             ON CONFLICT (mailbox_id) DO UPDATE SET payload = excluded.payload WHERE payload <> excluded.payload",
        )?
        .execute(params![number, payload])?;
    transaction.commit()
}

fn set(uids: &BTreeSet<u32>) -> String {
    let mut text = String::new();
    let mut uids = uids.iter().copied().peekable();
    while let Some(first) = uids.next() {
        let mut last = first;
        while let Some(next) = uids.next_if(|next| last.checked_add(1) == Some(*next)) {
            last = next;
        }
        let comma = if text.is_empty() { "" } else { "," };
        let written = if first == last {
            write!(text, "{comma}{first}")
        } else {
            write!(text, "{comma}{first}:{last}")
        };
        debug_assert!(written.is_ok(), "a String takes all text");
    }
    text
}

fn read_set(text: &str) -> Option<BTreeSet<u32>> {
    let mut uids = BTreeSet::new();
    for range in text.split(',').filter(|range| !range.is_empty()) {
        let (first, last) = range.split_once(':').unwrap_or((range, range));
        let (first, last): (u32, u32) = (first.parse().ok()?, last.parse().ok()?);
        uids.extend(first..=last);
    }
    Some(uids)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Store;

    #[track_caller]
    fn check(uids: &[u32], expected: &str) {
        let uids = uids.iter().copied().collect();
        assert_eq!(set(&uids), expected);
        assert_eq!(read_set(expected), Some(uids));
    }

    #[test]
    fn sets() {
        check(&[], "");
        check(&[7], "7");
        check(&[1, 2, 3, 5, 8, 9], "1:3,5,8:9");
        check(&[u32::MAX - 1, u32::MAX], "4294967294:4294967295");
        assert_eq!(read_set("1:3,x"), None);
    }

    #[test]
    fn the_last_one_is_kept() {
        let mut store = Store::in_memory().unwrap();
        let sent = |custodian: &str| MailboxId {
            custodian: custodian.to_owned(),
            account: "anna".to_owned(),
            mailbox: "Sent".to_owned(),
        };
        assert_eq!(store.last_listing(&sent("anna")).unwrap(), None);
        let mut listing = LastListing {
            uidvalidity: 7,
            messages: 5,
            uidnext: Some(9),
            modseq: Some(5_000_000_000),
            window: Window {
                since: "2024-05-01".parse().ok(),
                until: None,
            },
            uids: [3, 4, 8].into(),
            octets: 99,
        };
        store.keep_listing(&sent("anna"), &listing).unwrap();
        listing.uids.insert(9);
        store.keep_listing(&sent("anna"), &listing).unwrap();
        assert_eq!(store.last_listing(&sent("anna")).unwrap(), Some(listing));
        assert_eq!(store.last_listing(&sent("bert")).unwrap(), None);
        store.purge("anna").unwrap();
        assert_eq!(store.last_listing(&sent("anna")).unwrap(), None);
    }
}
