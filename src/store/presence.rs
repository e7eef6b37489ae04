//! Whether the messages of findings are still where they were seen.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use rusqlite::{Connection, TransactionBehavior, params};

use super::place;
use super::write::{drop_sighting, from_json, mailbox_number};
use crate::finding::Finding;
use crate::mailbox::{Locator, MailboxId, Window};

/// What a run saw of a mailbox on a server.
#[derive(Debug, Clone, Copy)]
pub struct Presence<'a> {
    /// The mailbox's UIDVALIDITY.
    pub uidvalidity: u32,
    /// The UIDs of all messages in the window.
    pub listed: &'a BTreeSet<u32>,
    /// What was listed.
    pub window: &'a Window,
    /// Whether every message of it was judged: only then it is certain what became of renumbered messages.
    pub is_read_whole: bool,
}

impl Presence<'_> {
    /// `None` if this listing does not tell.
    fn has(&self, locator: &Locator, sent_at: Option<Timestamp>) -> Option<bool> {
        let Locator::Uid { uidvalidity, uid } = locator else {
            return None;
        };
        if *uidvalidity == self.uidvalidity && self.listed.contains(uid) {
            return Some(true);
        }
        // What the run did not ask for may be there all the same.
        let is_asked_for = sent_at.is_none_or(|at| is_within(self.window, at));
        let is_known = *uidvalidity == self.uidvalidity || self.is_read_whole;
        (is_asked_for && is_known).then_some(false)
    }
}

/// Without the days that [`Window::contains`] adds for time zones, about which servers may think otherwise.
fn is_within(window: &Window, at: Timestamp) -> bool {
    let day = at.to_zoned_datetime(TimeZone::UTC).date();
    window.since.is_none_or(|since| since < day) && window.until.is_none_or(|until| day < until)
}

pub(super) fn mark_gone(
    connection: &mut Connection,
    run: i64,
    mailbox: &MailboxId,
    presence: &Presence<'_>,
) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let number = mailbox_number(&transaction, mailbox)?;
    let seen: Vec<(Locator, String, bool, Option<Timestamp>)> = transaction
        .prepare_cached(
            "SELECT uidvalidity, place, finding_id, overruled, payload FROM sightings WHERE mailbox_id = ?1",
        )?
        .query_map([number], |row| {
            let finding: Finding = from_json(&row.get::<_, String>(4)?)?;
            Ok((
                place::locator(row, 0)?,
                row.get(2)?,
                row.get(3)?,
                finding.sent_at,
            ))
        })?
        .collect::<rusqlite::Result<_>>()?;
    for (locator, finding, is_overruled, sent_at) in seen {
        let Some(is_there) = presence.has(&locator, sent_at) else {
            continue;
        };
        if is_overruled && !is_there {
            drop_sighting(&transaction, number, &locator, &finding)?;
            continue;
        }
        // The run that noticed it first is remembered.
        transaction
            .prepare_cached(
                "UPDATE sightings SET gone = CASE WHEN ?5 THEN NULL ELSE coalesce(gone, ?6) END
                 WHERE mailbox_id = ?1 AND uidvalidity = ?2 AND place = ?3 AND finding_id = ?4
                 AND (gone IS NULL) <> ?5",
            )?
            .execute(params![
                number,
                place::validity(&locator),
                place::Place(&locator),
                finding,
                is_there,
                run
            ])?;
    }
    transaction.commit()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(uidvalidity: u32, uid: u32, day: &str, is_read_whole: bool, expected: Option<bool>) {
        let listed = BTreeSet::from([1, 2]);
        let window = Window {
            since: Some("2024-06-01".parse().unwrap()),
            until: Some("2024-06-30".parse().unwrap()),
        };
        let presence = Presence {
            uidvalidity: 7,
            listed: &listed,
            window: &window,
            is_read_whole,
        };
        let sent_at = (!day.is_empty()).then(|| format!("{day}T12:00:00Z").parse().unwrap());
        let locator = Locator::Uid { uidvalidity, uid };
        assert_eq!(presence.has(&locator, sent_at), expected);
    }

    #[test]
    fn only_what_was_asked_for_can_be_gone() {
        check(7, 1, "2024-06-10", true, Some(true));
        check(7, 3, "2024-06-10", false, Some(false));
        check(7, 3, "", false, Some(false));
        check(7, 3, "2024-05-10", true, None);
        check(7, 3, "2024-06-01", true, None);
        check(7, 3, "2024-07-10", true, None);
        check(6, 1, "2024-06-10", true, Some(false));
        check(6, 1, "2024-06-10", false, None);
    }
}
