//! Forgetting a custodian, so that nothing of them can be read from the file any more.

use rusqlite::{Connection, TransactionBehavior, params};

use super::RunRecord;
use super::write::{from_json, json};

/// In place of a name in a run's command line.
const PURGED: &str = "[purged]";

pub(super) fn purge(connection: &mut Connection, custodian: &str) -> rusqlite::Result<Option<u64>> {
    // Freed pages are overwritten with zeros, not merely released.
    connection.pragma_update(None, "secure_delete", "ON")?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mailboxes: u32 = transaction.query_row(
        "SELECT count(*) FROM mailboxes WHERE custodian = ?1",
        [custodian],
        |row| row.get(0),
    )?;
    let findings: u32 = transaction.query_row(
        "SELECT count(*) FROM findings WHERE custodian = ?1",
        [custodian],
        |row| row.get(0),
    )?;
    if mailboxes == 0 && findings == 0 {
        return Ok(None);
    }
    // Scanned files belong to no custodian: there the places of the findings tell what to forget.
    for statement in [
        "DELETE FROM decisions WHERE subject IN (SELECT finding_id FROM findings WHERE custodian = ?1)
         OR subject IN (SELECT exception_id FROM exceptions JOIN mailboxes USING (mailbox_id) WHERE custodian = ?1)
         OR subject IN (SELECT exception_id FROM partly_read JOIN mailboxes USING (mailbox_id) WHERE custodian = ?1)",
        "DELETE FROM partly_read WHERE (mailbox_id, uidvalidity, place) IN
             (SELECT mailbox_id, uidvalidity, place FROM sightings JOIN findings USING (finding_id) WHERE custodian = ?1)",
        "DELETE FROM sightings WHERE finding_id IN (SELECT finding_id FROM findings WHERE custodian = ?1)",
        "DELETE FROM findings WHERE custodian = ?1",
        "DELETE FROM partly_read WHERE mailbox_id IN (SELECT mailbox_id FROM mailboxes WHERE custodian = ?1)",
        "DELETE FROM exceptions WHERE mailbox_id IN (SELECT mailbox_id FROM mailboxes WHERE custodian = ?1)",
        "DELETE FROM coverage WHERE mailbox_id IN (SELECT mailbox_id FROM mailboxes WHERE custodian = ?1)",
        "DELETE FROM judged WHERE mailbox_id IN (SELECT mailbox_id FROM mailboxes WHERE custodian = ?1)",
        "DELETE FROM mailboxes WHERE custodian = ?1",
    ] {
        transaction.execute(statement, [custodian])?;
    }
    let runs: Vec<(i64, String)> = transaction
        .prepare("SELECT run, record FROM runs")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    for (run, record) in runs {
        let mut record: RunRecord = from_json(&record)?;
        for argument in &mut record.command_line {
            if argument.to_lowercase().contains(&custodian.to_lowercase()) {
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
