//! Exceptions have names, so that a reviewer's `accepted` and the count of attempts find them again in the next run.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, Transaction, params};
use sha2::{Digest, Sha256};

use super::write::{from_json, json, mailbox_number};
use crate::finding::{Exception, Stage, hexadecimal};
use crate::mailbox::{Locator, MailboxId};

/// `x-` and sixteen hexadecimal digits over what could not be judged, where and why; the same in every run, whatever the
/// number of attempts. The letter keeps a spreadsheet from reading digits around an `e` as a number.
#[must_use]
pub fn exception_id(exception: &Exception) -> String {
    let mut hash = Sha256::new();
    let mut add = |field: &str| {
        // The length keeps `ab`+`c` apart from `a`+`bc`.
        hash.update((field.len() as u64).to_be_bytes());
        hash.update(field);
    };
    add(&exception.mailbox.custodian);
    add(&exception.mailbox.account);
    add(&exception.mailbox.mailbox);
    add(exception.stage.as_str());
    add(&exception.code);
    // A message-id survives new UIDs. What the end of a run left over has no names: its messages differ each time.
    if !exception.message_id.is_empty() {
        add(&exception.message_id);
    } else if exception.stage != Stage::NotReached {
        let mut places: Vec<_> = exception.locators.iter().collect();
        places.sort();
        for place in places {
            add(&place
                .uidvalidity()
                .map_or_else(String::new, |v| v.to_string()));
            add(&place.to_string());
        }
    }
    if exception.stage == Stage::Attachment {
        // Only the detail tells two attachments of one message apart.
        add(&exception.detail);
    }
    let digits = hexadecimal(&hash.finalize());
    format!("x-{}", digits.get(..16).unwrap_or(&digits))
}

/// Rows with one id are one row: their messages are put together. Without a new attempt the count stays.
pub(super) fn add_exception(
    transaction: &Transaction<'_>,
    run: i64,
    exception: &Exception,
    is_attempt: bool,
) -> rusqlite::Result<()> {
    let id = exception_id(exception);
    let known = transaction
        .prepare_cached("SELECT payload FROM exceptions WHERE run = ?1 AND exception_id = ?2")?
        .query_row(params![run, id], |row| row.get::<_, String>(0))
        .optional()?;
    let mut exception = exception.clone();
    if let Some(known) = known {
        let known: Exception = from_json(&known)?;
        exception.count += known.count;
        exception.locators.extend(known.locators);
        exception.locators.sort();
        exception.locators.dedup();
    }
    let attempts = i64::from(is_attempt) + transaction
        .prepare_cached(
            "SELECT attempts FROM exceptions WHERE exception_id = ?1 AND run < ?2 ORDER BY run DESC LIMIT 1",
        )?
        .query_row(params![id, run], |row| row.get::<_, i64>(0))
        .optional()?
        .unwrap_or(0);
    let mailbox = mailbox_number(transaction, &exception.mailbox)?;
    transaction
        .prepare_cached(
            "INSERT OR REPLACE INTO exceptions (run, exception_id, mailbox_id, attempts, payload)
             VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![run, id, mailbox, attempts, json(&exception)?])?;
    Ok(())
}

/// Messages that no attempt has judged, by UID: what was told of them last.
pub(super) fn given_up(
    connection: &Connection,
    mailbox: &MailboxId,
    uidvalidity: u32,
    attempts: u32,
) -> rusqlite::Result<BTreeMap<u32, Exception>> {
    let number = connection
        .prepare_cached(
            "SELECT mailbox_id FROM mailboxes WHERE custodian = ?1 AND account = ?2 AND mailbox = ?3",
        )?
        .query_row(
            params![mailbox.custodian, mailbox.account, mailbox.mailbox],
            |row| row.get::<_, i64>(0),
        )
        .optional()?;
    let Some(number) = number else {
        return Ok(BTreeMap::new());
    };
    // Of several rows with one id, SQLite gives the one with the greatest run.
    let mut latest = connection.prepare_cached(
        "SELECT max(run), attempts, payload FROM exceptions WHERE mailbox_id = ?1
         GROUP BY exception_id HAVING attempts >= ?2",
    )?;
    let mut judged = connection.prepare_cached(
        "SELECT 1 FROM judged WHERE mailbox_id = ?1 AND uidvalidity = ?2 AND place = ?3",
    )?;
    let payloads = latest
        .query_map(params![number, attempts], |row| row.get::<_, String>(2))?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    let mut given_up = BTreeMap::new();
    for payload in payloads {
        let exception: Exception = from_json(&payload)?;
        let &[
            Locator::Uid {
                uidvalidity: v,
                uid,
            },
        ] = exception.locators.as_slice()
        else {
            continue;
        };
        let is_tried = matches!(exception.stage, Stage::Fetch | Stage::Parse | Stage::Judge);
        if is_tried && v == uidvalidity && !judged.exists(params![number, v, uid])? {
            given_up.insert(uid, exception);
        }
    }
    Ok(given_up)
}
