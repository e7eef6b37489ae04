//! Forgetting a custodian, so that nothing of them can be read from the file any more.

use std::path::Path;

use rusqlite::{Connection, Transaction, TransactionBehavior, params};

use super::RunRecord;
use super::write::{from_json, json};

/// In place of a name in a run's command line, or in the path of a scanned file that holds other people's mail, too.
const PURGED: &str = "[purged]";

/// The mailboxes that hold the mail of nobody else. Scanned files belong to nobody: there their messages tell.
const THEIRS: &str = "(SELECT mailbox_id FROM mailboxes WHERE custodian = ?1
     UNION SELECT mailbox_id FROM people GROUP BY mailbox_id HAVING min(custodian = ?1))";

pub(super) fn purge(connection: &mut Connection, custodian: &str) -> rusqlite::Result<Option<u64>> {
    // Freed pages are overwritten with zeros, not merely released.
    connection.pragma_update(None, "secure_delete", "ON")?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let is_known: bool = transaction.query_row(
        "SELECT EXISTS (SELECT 1 FROM mailboxes WHERE custodian = ?1)
         OR EXISTS (SELECT 1 FROM findings WHERE custodian = ?1) OR EXISTS (SELECT 1 FROM people WHERE custodian = ?1)",
        [custodian],
        |row| row.get(0),
    )?;
    if !is_known {
        return Ok(None);
    }
    let findings: u32 = transaction.query_row(
        "SELECT count(*) FROM findings WHERE custodian = ?1",
        [custodian],
        |row| row.get(0),
    )?;
    let before = paths(&transaction)?;
    forget(&transaction, custodian)?;
    rename(&transaction, custodian)?;
    let after = paths(&transaction)?;
    let is_forgotten = |argument: &str| {
        let leads_to = |path: &String| Path::new(path).starts_with(argument);
        before.iter().any(leads_to) && !after.iter().any(leads_to)
    };
    let runs: Vec<(i64, String)> = transaction
        .prepare("SELECT run, record FROM runs")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    for (run, record) in runs {
        let mut record: RunRecord = from_json(&record)?;
        for argument in &mut record.command_line {
            if names(argument, custodian) || is_forgotten(argument) {
                PURGED.clone_into(argument);
            }
        }
        transaction.execute(
            "UPDATE runs SET record = ?2 WHERE run = ?1",
            params![run, json(&record)?],
        )?;
    }
    transaction.commit()?;
    // The log still holds what was deleted until it is written back, and the file its old shape.
    for statement in [
        "PRAGMA wal_checkpoint(TRUNCATE)",
        "VACUUM",
        "PRAGMA wal_checkpoint(TRUNCATE)",
    ] {
        connection.execute_batch(statement)?;
    }
    Ok(Some(findings.into()))
}

fn forget(transaction: &Transaction<'_>, custodian: &str) -> rusqlite::Result<()> {
    for statement in [
        "DELETE FROM decisions WHERE subject IN (SELECT finding_id FROM findings WHERE custodian = ?1)
         OR subject IN (SELECT exception_id FROM exceptions WHERE mailbox_id IN THEIRS)
         OR subject IN (SELECT exception_id FROM partly_read WHERE custodian = ?1 OR mailbox_id IN THEIRS)",
        "DELETE FROM partly_read WHERE custodian = ?1 OR (mailbox_id, uidvalidity, place) IN
             (SELECT mailbox_id, uidvalidity, place FROM sightings JOIN findings USING (finding_id) WHERE custodian = ?1)",
        "DELETE FROM sightings WHERE finding_id IN (SELECT finding_id FROM findings WHERE custodian = ?1)",
        "DELETE FROM findings WHERE custodian = ?1",
        "DELETE FROM partly_read WHERE mailbox_id IN THEIRS",
        "DELETE FROM exceptions WHERE mailbox_id IN THEIRS",
        "DELETE FROM coverage WHERE mailbox_id IN THEIRS",
        "DELETE FROM judged WHERE mailbox_id IN THEIRS",
        "DELETE FROM listings WHERE mailbox_id IN THEIRS",
        "DELETE FROM mailboxes WHERE mailbox_id IN THEIRS",
        "DELETE FROM people WHERE custodian = ?1",
    ] {
        transaction.execute(&statement.replace("THEIRS", THEIRS), [custodian])?;
    }
    Ok(())
}

/// The paths of scanned files.
fn paths(transaction: &Transaction<'_>) -> rusqlite::Result<Vec<String>> {
    transaction
        .prepare("SELECT mailbox FROM mailboxes WHERE custodian = ''")?
        .query_map([], |row| row.get(0))?
        .collect()
}

/// Takes the custodian's id out of the paths of files that hold other people's mail, too.
fn rename(transaction: &Transaction<'_>, custodian: &str) -> rusqlite::Result<()> {
    let named: Vec<(i64, String)> = transaction
        .prepare("SELECT mailbox_id, mailbox FROM mailboxes WHERE custodian = ''")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    for (mailbox, _) in named.iter().filter(|(_, path)| names(path, custodian)) {
        // The number keeps two of them apart.
        let name = format!("{PURGED} {mailbox}");
        transaction.execute(
            "UPDATE mailboxes SET mailbox = ?2 WHERE mailbox_id = ?1",
            params![mailbox, name],
        )?;
        for table in ["coverage", "exceptions", "partly_read"] {
            transaction.execute(
                &format!(
                    "UPDATE {table} SET payload = json_set(payload, '$.mailbox.mailbox', ?2)
                     WHERE mailbox_id = ?1 AND payload <> ''"
                ),
                params![mailbox, name],
            )?;
        }
    }
    Ok(())
}

fn names(text: &str, custodian: &str) -> bool {
    text.to_lowercase().contains(&custodian.to_lowercase())
}
