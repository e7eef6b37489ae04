//! What a run writes: judged messages with their findings, exceptions, coverage.

use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::exceptions::{add_exception, exception_id};
use super::place::{self, Place, validity};
use super::{Coverage, Decision, Import, Judged, RunRecord};
use crate::detect::JudgementKey;
use crate::finding::{Exception, Finding};
use crate::mailbox::{Locator, MailboxId};

/// Everything of a commit that is the same for all its messages.
struct Batch<'a> {
    run: i64,
    mailbox: i64,
    key: i64,
    /// Ids of the queries that judged; empty if the run did not say, which then means all.
    queries: &'a [String],
}

impl Batch<'_> {
    fn judges(&self, query: &String) -> bool {
        self.queries.is_empty() || self.queries.contains(query)
    }
}

/// Records that a run has begun, and returns its number.
pub(super) fn begin_run(connection: &Connection, run: &RunRecord) -> rusqlite::Result<i64> {
    connection.execute(
        "INSERT INTO runs (id, record) VALUES (?1, ?2)",
        params![run.id, json(run)?],
    )?;
    Ok(connection.last_insert_rowid())
}

/// Records how it ended.
pub(super) fn finish_run(connection: &Connection, run: &RunRecord) -> rusqlite::Result<()> {
    connection.execute(
        "UPDATE runs SET record = ?2 WHERE id = ?1",
        params![run.id, json(run)?],
    )?;
    Ok(())
}

/// Begins to write at once: a transaction that reads first fails if somebody imported decisions in between.
fn begin(connection: &mut Connection) -> rusqlite::Result<Transaction<'_>> {
    connection.transaction_with_behavior(TransactionBehavior::Immediate)
}

/// One transaction: progress and findings cannot disagree.
pub(super) fn commit(
    connection: &mut Connection,
    run: i64,
    queries: &[String],
    mailbox: &MailboxId,
    key: &JudgementKey,
    judged: &[Judged],
) -> rusqlite::Result<()> {
    let transaction = begin(connection)?;
    let batch = Batch {
        run,
        mailbox: mailbox_number(&transaction, mailbox)?,
        key: key_number(&transaction, key, queries)?,
        queries,
    };
    for message in judged {
        mark_judged(&transaction, &batch, message)?;
    }
    let others = other_sightings(&transaction, &batch, judged)?;
    for message in judged {
        let dropped = replace_findings(&transaction, &batch, message)?;
        replace_partly_read(&transaction, &batch, message)?;
        overrule(&transaction, &batch, message, &dropped, &others)?;
    }
    if let Some(uidvalidity) = judged
        .iter()
        .find_map(|message| message.locator.uidvalidity())
    {
        set_uidvalidity(&transaction, batch.mailbox, uidvalidity)?;
    }
    transaction.commit()
}

pub(super) fn add_exceptions(
    connection: &mut Connection,
    run: i64,
    exceptions: &[Exception],
    is_attempt: bool,
) -> rusqlite::Result<()> {
    let transaction = begin(connection)?;
    for exception in exceptions {
        add_exception(&transaction, run, exception, is_attempt)?;
    }
    transaction.commit()
}

pub(super) fn set_coverage(
    connection: &mut Connection,
    run: i64,
    coverage: &Coverage,
) -> rusqlite::Result<()> {
    let transaction = begin(connection)?;
    let mailbox = mailbox_number(&transaction, &coverage.mailbox)?;
    // Nights with nothing new differ by the time that they took, and there are many of them.
    let payload = json(&Coverage {
        seconds: 0.0,
        ..coverage.clone()
    })?;
    let before = transaction
        .prepare_cached(
            "SELECT same.run, same.payload FROM coverage AS c JOIN coverage AS same
                 ON same.run = coalesce(c.same_as, c.run) AND same.mailbox_id = c.mailbox_id
             WHERE c.mailbox_id = ?1 AND c.run < ?2 ORDER BY c.run DESC LIMIT 1",
        )?
        .query_row(params![mailbox, run], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?))
        })
        .optional()?;
    let same_as = before.filter(|(_, told)| *told == payload).map(|b| b.0);
    let own = if same_as.is_some() { "" } else { &payload };
    transaction
        .prepare_cached(
            "INSERT OR REPLACE INTO coverage (run, mailbox_id, payload, same_as, milliseconds)
             VALUES (?1, ?2, ?3, ?4, CAST(round(?5 * 1000) AS INTEGER))",
        )?
        .execute(params![run, mailbox, own, same_as, coverage.seconds])?;
    if let Some(uidvalidity) = coverage.uidvalidity {
        set_uidvalidity(&transaction, mailbox, uidvalidity)?;
        forget_renumbered(&transaction, mailbox, uidvalidity)?;
    }
    transaction.commit()
}

pub(super) fn json(value: &impl Serialize) -> rusqlite::Result<String> {
    serde_json::to_string(value)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))
}

pub(super) fn from_json<T: DeserializeOwned>(text: &str) -> rusqlite::Result<T> {
    serde_json::from_str(text).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, error.into())
    })
}

pub(super) fn mailbox_number(
    transaction: &Transaction<'_>,
    mailbox: &MailboxId,
) -> rusqlite::Result<i64> {
    let names = params![mailbox.custodian, mailbox.account, mailbox.mailbox];
    transaction
        .prepare_cached(
            "INSERT INTO mailboxes (custodian, account, mailbox) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
        )?
        .execute(names)?;
    transaction
        .prepare_cached(
            "SELECT mailbox_id FROM mailboxes WHERE custodian = ?1 AND account = ?2 AND mailbox = ?3",
        )?
        .query_row(names, |row| row.get(0))
}

fn key_number(
    transaction: &Transaction<'_>,
    key: &JudgementKey,
    queries: &[String],
) -> rusqlite::Result<i64> {
    transaction
        .prepare_cached(
            "INSERT INTO judgement_keys (key, gate, queries) VALUES (?1, ?2, ?3)
             ON CONFLICT (key) DO UPDATE SET queries = excluded.queries WHERE queries <> excluded.queries",
        )?
        .execute(params![key.whole, key.gate, json(&queries)?])?;
    transaction
        .prepare_cached("SELECT key_id FROM judgement_keys WHERE key = ?1")?
        .query_row([&key.whole], |row| row.get(0))
}

/// Remembers the judgement, and forgets those that it overrules.
///
/// A run with another choice of queries keeps what others concluded, so a message may be judged under several keys. But
/// once one of its queries has been judged anew, an older key no longer describes the findings that stand.
fn mark_judged(
    transaction: &Transaction<'_>,
    batch: &Batch<'_>,
    message: &Judged,
) -> rusqlite::Result<()> {
    // Files are read anew each time, and their names may be those of people.
    if message.locator.uidvalidity().is_none() {
        return keep_custodian(transaction, batch, message);
    }
    let (validity, place) = (validity(&message.locator), Place(&message.locator));
    let others = transaction
        .prepare_cached(
            "SELECT key_id, queries FROM judged JOIN judgement_keys USING (key_id)
             WHERE mailbox_id = ?1 AND uidvalidity = ?2 AND place = ?3 AND key_id <> ?4",
        )?
        .query_map(params![batch.mailbox, validity, place, batch.key], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?))
        })?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    for (key, queries) in others {
        if overlap(batch.queries, &from_json::<Vec<String>>(&queries)?) {
            transaction
                .prepare_cached(
                    "DELETE FROM judged WHERE mailbox_id = ?1 AND uidvalidity = ?2 AND place = ?3 AND key_id = ?4",
                )?
                .execute(params![batch.mailbox, validity, place, key])?;
        }
    }
    transaction
        .prepare_cached(
            "INSERT OR REPLACE INTO judged (mailbox_id, uidvalidity, place, key_id, gated) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![
            batch.mailbox,
            validity,
            place,
            batch.key,
            message.is_gated
        ])?;
    Ok(())
}

fn keep_custodian(
    transaction: &Transaction<'_>,
    batch: &Batch<'_>,
    message: &Judged,
) -> rusqlite::Result<()> {
    if let Some(custodian) = &message.custodian {
        transaction
            .prepare_cached("INSERT OR IGNORE INTO people (mailbox_id, custodian) VALUES (?1, ?2)")?
            .execute(params![batch.mailbox, custodian])?;
    }
    Ok(())
}

fn overlap(ours: &[String], theirs: &[String]) -> bool {
    ours.is_empty() || theirs.is_empty() || ours.iter().any(|query| theirs.contains(query))
}

/// Puts a message's findings in the place of what the same queries found in it before. Returns the ids of those that are no
/// more.
fn replace_findings(
    transaction: &Transaction<'_>,
    batch: &Batch<'_>,
    message: &Judged,
) -> rusqlite::Result<Vec<String>> {
    let before = findings_at(transaction, batch, &message.locator)?;
    for finding in &message.findings {
        let payload = json(finding)?;
        let changed = before
            .iter()
            .any(|old| old.id == finding.id && old.payload != payload);
        transaction
            .prepare_cached(
                "INSERT INTO findings (finding_id, custodian, query_id, first_seen, changed) VALUES (?1, ?2, ?3, ?4, ?4)
                 ON CONFLICT (finding_id) DO UPDATE SET changed = ?4 WHERE ?5",
            )?
            .execute(params![
                finding.id,
                finding.custodian,
                finding.conclusion.query_id,
                batch.run,
                changed
            ])?;
        transaction
            .prepare_cached(
                "INSERT OR REPLACE INTO sightings (mailbox_id, uidvalidity, place, finding_id, payload)
                 VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![
                batch.mailbox,
                validity(&message.locator),
                Place(&message.locator),
                finding.id,
                payload
            ])?;
    }
    let mut dropped = Vec::new();
    for old in before {
        let overruled = batch.judges(&old.query_id);
        if overruled && message.findings.iter().all(|finding| finding.id != old.id) {
            drop_sighting(transaction, batch.mailbox, &message.locator, &old.id)?;
            dropped.push(old.id);
        }
    }
    Ok(dropped)
}

struct Before {
    id: String,
    query_id: String,
    payload: String,
}

fn findings_at(
    transaction: &Transaction<'_>,
    batch: &Batch<'_>,
    locator: &Locator,
) -> rusqlite::Result<Vec<Before>> {
    transaction
        .prepare_cached(
            "SELECT finding_id, query_id, payload FROM sightings JOIN findings USING (finding_id)
             WHERE mailbox_id = ?1 AND uidvalidity = ?2 AND place = ?3",
        )?
        .query_map(
            params![batch.mailbox, validity(locator), Place(locator)],
            |row| {
                Ok(Before {
                    id: row.get(0)?,
                    query_id: row.get(1)?,
                    payload: row.get(2)?,
                })
            },
        )?
        .collect()
}

/// A finding in another place of the custodian's mail.
struct Other {
    mailbox: i64,
    locator: Locator,
    finding: Finding,
    /// Whether there is no such place any more: the message was deleted, or the mailbox renumbered.
    is_past: bool,
}

/// What was seen in the custodian's mail before servers renumbered it or the key changed; usually nothing.
fn other_sightings(
    transaction: &Transaction<'_>,
    batch: &Batch<'_>,
    judged: &[Judged],
) -> rusqlite::Result<Vec<Other>> {
    let mut validities = judged.iter().filter_map(|m| m.locator.uidvalidity());
    let Some(now) = validities.next() else {
        return Ok(Vec::new());
    };
    transaction
        .prepare_cached(
            "SELECT s.uidvalidity, s.place, s.mailbox_id, s.payload,
                    s.gone IS NOT NULL OR s.mailbox_id = ?1 AND s.uidvalidity <> ?2
             FROM mailboxes AS m JOIN sightings AS s USING (mailbox_id)
             WHERE m.custodian = (SELECT custodian FROM mailboxes WHERE mailbox_id = ?1) AND s.uidvalidity >= 0
             AND (s.mailbox_id = ?1 AND s.uidvalidity <> ?2
                  OR NOT EXISTS (SELECT 1 FROM judged AS j WHERE j.mailbox_id = s.mailbox_id
                                 AND j.uidvalidity = s.uidvalidity AND j.place = s.place AND j.key_id = ?3))",
        )?
        .query_map(params![batch.mailbox, now, batch.key], |row| {
            Ok(Other {
                locator: place::locator(row, 0)?,
                mailbox: row.get(2)?,
                finding: from_json(&row.get::<_, String>(3)?)?,
                is_past: row.get(4)?,
            })
        })?
        .collect()
}

/// A message in which a query now finds nothing has not gone from the server because a copy of it has: its finding has gone
/// from everywhere. That it is the same message shows by its finding, or by its Message-ID and time. A copy that may still
/// be there is judged in its turn, and keeps the finding until then.
fn overrule(
    transaction: &Transaction<'_>,
    batch: &Batch<'_>,
    message: &Judged,
    dropped: &[String],
    others: &[Other],
) -> rusqlite::Result<()> {
    for other in others {
        let finding = &other.finding;
        let is_same = dropped.contains(&finding.id)
            || !message.message_id.is_empty()
                && finding.message_id == message.message_id
                && finding.sent_at == message.sent_at;
        let is_found = message.findings.iter().any(|f| f.id == finding.id);
        if !is_same || is_found || !batch.judges(&finding.conclusion.query_id) {
            continue;
        }
        if other.is_past {
            drop_sighting(transaction, other.mailbox, &other.locator, &finding.id)?;
        } else {
            transaction
                .prepare_cached(
                    "UPDATE sightings SET overruled = 1
                     WHERE mailbox_id = ?1 AND uidvalidity = ?2 AND place = ?3 AND finding_id = ?4",
                )?
                .execute(params![
                    other.mailbox,
                    validity(&other.locator),
                    Place(&other.locator),
                    finding.id
                ])?;
        }
    }
    Ok(())
}

/// A finding goes with its last sighting; decisions on it stay, should it come back.
pub(super) fn drop_sighting(
    transaction: &Transaction<'_>,
    mailbox: i64,
    locator: &Locator,
    finding: &str,
) -> rusqlite::Result<()> {
    transaction
        .prepare_cached(
            "DELETE FROM sightings WHERE mailbox_id = ?1 AND uidvalidity = ?2 AND place = ?3 AND finding_id = ?4",
        )?
        .execute(params![mailbox, validity(locator), Place(locator), finding])?;
    transaction
        .prepare_cached(
            "DELETE FROM findings WHERE finding_id = ?1
             AND NOT EXISTS (SELECT 1 FROM sightings WHERE finding_id = ?1)",
        )?
        .execute([finding])?;
    Ok(())
}

fn replace_partly_read(
    transaction: &Transaction<'_>,
    batch: &Batch<'_>,
    message: &Judged,
) -> rusqlite::Result<()> {
    let (validity, place) = (validity(&message.locator), Place(&message.locator));
    transaction
        .prepare_cached(
            "DELETE FROM partly_read WHERE mailbox_id = ?1 AND uidvalidity = ?2 AND place = ?3",
        )?
        .execute(params![batch.mailbox, validity, place])?;
    for exception in &message.partly {
        transaction
            .prepare_cached(
                "INSERT OR REPLACE INTO partly_read (mailbox_id, uidvalidity, place, exception_id, payload, custodian)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute(params![
                batch.mailbox,
                validity,
                place,
                exception_id(exception),
                json(exception)?,
                message.custodian.as_deref().unwrap_or_default()
            ])?;
    }
    Ok(())
}

fn set_uidvalidity(
    transaction: &Transaction<'_>,
    mailbox: i64,
    uidvalidity: u32,
) -> rusqlite::Result<()> {
    transaction
        .prepare_cached("UPDATE mailboxes SET uidvalidity = ?2 WHERE mailbox_id = ?1")?
        .execute(params![mailbox, uidvalidity])?;
    Ok(())
}

/// Under a new UIDVALIDITY old UIDs name nothing (RFC 9051, 2.3.1.1): what was judged by them is forgotten. A finding that
/// was seen again under a new UID loses its old place; one that was not keeps it, as the last that is known of it.
fn forget_renumbered(
    transaction: &Transaction<'_>,
    mailbox: i64,
    uidvalidity: u32,
) -> rusqlite::Result<()> {
    for table in ["judged", "partly_read"] {
        // Two ranges instead of `<>`, so that a large mailbox is not read through at every run.
        for range in ["uidvalidity BETWEEN 0 AND ?2 - 1", "uidvalidity > ?2"] {
            transaction
                .prepare_cached(&format!(
                    "DELETE FROM {table} WHERE mailbox_id = ?1 AND {range}"
                ))?
                .execute(params![mailbox, uidvalidity])?;
        }
    }
    transaction
        .prepare_cached(
            "DELETE FROM sightings WHERE mailbox_id = ?1 AND uidvalidity >= 0 AND uidvalidity <> ?2
             AND EXISTS (SELECT 1 FROM sightings AS seen WHERE seen.finding_id = sightings.finding_id
                         AND seen.mailbox_id = ?1 AND seen.uidvalidity = ?2)",
        )?
        .execute(params![mailbox, uidvalidity])?;
    Ok(())
}

/// Adds decisions, all or none; earlier ones on the same subjects stay and are overruled.
pub(super) fn add_decisions(
    connection: &mut Connection,
    decisions: &[(String, Decision)],
    import: &Import,
) -> rusqlite::Result<()> {
    let transaction = begin(connection)?;
    for (subject, decision) in decisions {
        transaction
            .prepare_cached(
                "INSERT INTO decisions (subject, status, note, reviewer, reviewed_on, evidence, imported_at,
                                        imported_by, source_sha256)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            )?
            .execute(params![
                subject,
                decision.status,
                decision.note,
                decision.reviewer,
                decision.reviewed_on,
                decision.evidence,
                import.at.to_string(),
                import.operator,
                import.source_sha256
            ])?;
    }
    transaction.commit()
}
