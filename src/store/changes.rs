//! What changed between two runs, and how complete each was.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, OptionalExtension, params};

use super::write::from_json;
use super::{Coverage, CoverageStatus};
use crate::finding::{Finding, Verdict};
use crate::mailbox::MailboxId;

/// What changed after one run up to another.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes {
    /// Findings that were not known before.
    pub new: Vec<Regraded>,
    /// Findings that are now told otherwise: another verdict, other evidence.
    pub regraded: Vec<Regraded>,
    /// Findings whose messages have gone from the server.
    pub gone: Vec<Regraded>,
    /// Mailboxes (or accounts, without a mailbox's name) that could be read before, and now could not.
    pub newly_failing: Vec<MailboxId>,
}

/// A finding, as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Regraded {
    /// Its id.
    pub id: String,
    /// Whose message.
    pub custodian: String,
    /// How grave.
    pub verdict: Verdict,
}

pub(super) fn changes(
    connection: &Connection,
    before: &str,
    after: &str,
) -> rusqlite::Result<Option<Changes>> {
    let (Some(first), Some(last)) = (number(connection, before)?, number(connection, after)?)
    else {
        return Ok(None);
    };
    if first >= last {
        return Ok(None);
    }
    let found = |condition: &str| findings(connection, condition, first, last);
    let failing = |run| failing(connection, run);
    let failing_before = failing(first)?;
    Ok(Some(Changes {
        new: found("f.first_seen > ?1 AND f.first_seen <= ?2")?,
        regraded: found("f.first_seen <= ?1 AND f.changed > ?1 AND f.changed <= ?2")?,
        gone: found(
            "NOT EXISTS (SELECT 1 FROM sightings AS o WHERE o.finding_id = f.finding_id AND o.gone IS NULL)
             AND s.gone > ?1 AND s.gone <= ?2",
        )?,
        newly_failing: failing(last)?
            .difference(&failing_before)
            .cloned()
            .collect(),
    }))
}

fn number(connection: &Connection, id: &str) -> rusqlite::Result<Option<i64>> {
    connection
        .query_row("SELECT run FROM runs WHERE id = ?1", [id], |row| row.get(0))
        .optional()
}

fn findings(
    connection: &Connection,
    condition: &str,
    first: i64,
    last: i64,
) -> rusqlite::Result<Vec<Regraded>> {
    connection
        .prepare(&format!(
            "SELECT f.finding_id, f.custodian, min(s.payload) FROM findings AS f JOIN sightings AS s USING (finding_id)
             WHERE {condition} GROUP BY f.finding_id ORDER BY f.custodian, f.finding_id"
        ))?
        .query_map(params![first, last], |row| {
            let finding: Finding = from_json(&row.get::<_, String>(2)?)?;
            Ok(Regraded {
                id: row.get(0)?,
                custodian: row.get(1)?,
                verdict: finding.conclusion.verdict,
            })
        })?
        .collect()
}

/// What could not be read when its account (or file) was last looked at, up to and including a run.
fn failing(connection: &Connection, run: i64) -> rusqlite::Result<BTreeSet<MailboxId>> {
    let mut statement = connection.prepare(
        "SELECT c.payload FROM told_coverage AS c JOIN mailboxes AS m USING (mailbox_id) WHERE c.run =
             (SELECT max(other.run) FROM coverage AS other JOIN mailboxes AS o USING (mailbox_id)
              WHERE o.custodian = m.custodian AND o.account = m.account
              AND (m.account <> '' OR o.mailbox = m.mailbox) AND other.run <= ?1)",
    )?;
    let rows = statement.query_map([run], |row| row.get::<_, String>(0))?;
    let mut failing = BTreeSet::new();
    for row in rows {
        let coverage: Coverage = from_json(&row?)?;
        if matches!(
            coverage.status,
            CoverageStatus::Failed | CoverageStatus::Partial
        ) {
            failing.insert(coverage.mailbox);
        }
    }
    Ok(failing)
}

pub(super) fn coverage_by_run(
    connection: &Connection,
) -> rusqlite::Result<BTreeMap<String, Vec<Coverage>>> {
    let mut by_run: BTreeMap<String, Vec<Coverage>> = BTreeMap::new();
    let mut statement = connection.prepare(
        "SELECT runs.id, c.payload FROM told_coverage AS c JOIN runs USING (run) ORDER BY run",
    )?;
    let rows = statement.query_map([], |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))
    })?;
    for row in rows {
        let (id, payload) = row?;
        by_run.entry(id).or_default().push(from_json(&payload)?);
    }
    Ok(by_run)
}

pub(super) fn findings_by_run(connection: &Connection) -> rusqlite::Result<BTreeMap<String, u64>> {
    connection
        .prepare(
            "SELECT runs.id, count(*) FROM findings AS f JOIN runs ON runs.run = f.first_seen GROUP BY runs.id",
        )?
        .query_map([], |row| Ok((row.get(0)?, row.get::<_, u32>(1)?.into())))?
        .collect()
}
