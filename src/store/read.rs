//! What stands: findings with the places where they were seen, coverage and exceptions as last known, decisions.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::de::DeserializeOwned;

use super::place;
use super::write::from_json;
use super::{Coverage, Decision, Otherwise, Sighting, Standing, StandingException};
use crate::detect::JudgementKey;
use crate::finding::{Exception, Finding};
use crate::mailbox::{Locator, MailboxId};

/// What a run looks at as one: an account with all its mailboxes, or one place on disk.
const UNIT: &str = "CASE WHEN m.account = '' THEN m.mailbox ELSE '' END";

/// What was judged under the key, or did not get past its gate: of the latter the store knows all that matters.
const STILL_HOLDS: &str = "(k.key = ?1 OR j.gated = 0 AND k.gate = ?2)";

pub(super) fn judged_uids(
    connection: &Connection,
    mailbox: &MailboxId,
    uidvalidity: u32,
    key: &JudgementKey,
) -> rusqlite::Result<BTreeSet<u32>> {
    connection
        .prepare_cached(&format!(
            "SELECT j.place FROM judged AS j JOIN judgement_keys AS k USING (key_id)
             WHERE j.uidvalidity = ?3 AND {STILL_HOLDS}
             AND j.mailbox_id = (SELECT mailbox_id FROM mailboxes
                                 WHERE custodian = ?4 AND account = ?5 AND mailbox = ?6)"
        ))?
        .query_map(
            params![
                key.whole,
                key.gate,
                uidvalidity,
                mailbox.custodian,
                mailbox.account,
                mailbox.mailbox
            ],
            |row| row.get(0),
        )?
        .collect()
}

/// Messages where they lie today: what was judged before a server renumbered them does not count twice.
pub(super) fn judged_otherwise(
    connection: &Connection,
    custodian: &str,
    key: &JudgementKey,
) -> rusqlite::Result<Otherwise> {
    connection
        .prepare_cached(&format!(
            "SELECT count(*), coalesce(sum(NOT holds), 0) FROM (
                 SELECT max(k.key = ?1) AS same, max({STILL_HOLDS}) AS holds
                 FROM mailboxes AS m JOIN judged AS j
                     ON j.mailbox_id = m.mailbox_id AND j.uidvalidity = coalesce(m.uidvalidity, j.uidvalidity)
                 JOIN judgement_keys AS k USING (key_id)
                 WHERE m.custodian = ?3 GROUP BY j.mailbox_id, j.place)
             WHERE NOT same"
        ))?
        .query_row(params![key.whole, key.gate, custodian], |row| {
            Ok(Otherwise {
                messages: row.get::<_, u32>(0)?.into(),
                again: row.get::<_, u32>(1)?.into(),
            })
        })
}

pub(super) fn last_run<T: DeserializeOwned>(
    connection: &Connection,
) -> rusqlite::Result<Option<T>> {
    connection
        .query_row(
            "SELECT record FROM runs ORDER BY run DESC LIMIT 1",
            [],
            |row| row.get::<_, String>(0),
        )
        .optional()?
        .map(|record| from_json(&record))
        .transpose()
}

pub(super) fn runs<T: DeserializeOwned>(connection: &Connection) -> rusqlite::Result<Vec<T>> {
    let mut statement = connection.prepare("SELECT record FROM runs ORDER BY run")?;
    let records = statement.query_map([], |row| row.get::<_, String>(0))?;
    records.map(|record| from_json(&record?)).collect()
}

pub(super) fn custodians(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    connection
        .prepare(
            "SELECT custodian FROM mailboxes WHERE custodian <> ''
             UNION SELECT custodian FROM findings WHERE custodian <> ''
             UNION SELECT custodian FROM people WHERE custodian <> '' ORDER BY 1",
        )?
        .query_map([], |row| row.get(0))?
        .collect()
}

/// One row of the join: a finding in one of its places.
struct Seen {
    id: String,
    found_by: Option<String>,
    sighting: Sighting,
    current: bool,
    gone: bool,
    payload: String,
}

pub(super) fn findings(connection: &Connection) -> rusqlite::Result<Vec<Standing>> {
    let mut decisions = decisions(connection)?;
    let mut statement = connection.prepare(
        "SELECT s.uidvalidity, s.place, m.custodian, m.account, m.mailbox, s.finding_id, runs.id,
                m.uidvalidity IS NULL OR s.uidvalidity < 0 OR m.uidvalidity = s.uidvalidity, s.payload,
                s.gone IS NOT NULL
         FROM sightings AS s JOIN findings AS f USING (finding_id) JOIN mailboxes AS m USING (mailbox_id)
         LEFT JOIN runs ON runs.run = f.first_seen
         ORDER BY s.finding_id, m.custodian, m.account, m.mailbox, s.uidvalidity, s.place",
    )?;
    let rows = statement.query_map([], |row| {
        Ok(Seen {
            sighting: Sighting {
                mailbox: mailbox(row, 2)?,
                locator: place::locator(row, 0)?,
            },
            id: row.get(5)?,
            found_by: row.get(6)?,
            current: row.get(7)?,
            payload: row.get(8)?,
            gone: row.get(9)?,
        })
    })?;
    let mut standing = Vec::new();
    let mut same: Vec<Seen> = Vec::new();
    for row in rows {
        let row = row?;
        if same.first().is_some_and(|first| first.id != row.id) {
            standing.extend(one_finding(std::mem::take(&mut same), &mut decisions)?);
        }
        same.push(row);
    }
    standing.extend(one_finding(same, &mut decisions)?);
    Ok(standing)
}

/// Puts the sightings of one finding together. The first in order of certainty, mailbox and place speaks for all, so that it does
/// not matter which copy was judged last; the earliest time counts where copies without a Date arrived at different times.
fn one_finding(
    mut seen: Vec<Seen>,
    decisions: &mut BTreeMap<String, Decision>,
) -> rusqlite::Result<Option<Standing>> {
    let renumbered: BTreeSet<MailboxId> = seen
        .iter()
        .filter(|s| s.current)
        .map(|s| s.sighting.mailbox.clone())
        .collect();
    seen.retain(|s| s.current || !renumbered.contains(&s.sighting.mailbox));
    // Where it was once does not count as a copy as long as it is elsewhere.
    let gone = seen.iter().all(|s| s.gone);
    seen.retain(|s| gone || !s.gone);
    // A place under old UIDs may be none any more, and what was judged there may be long out of date.
    seen.sort_by_key(|s| !s.current);
    let Some(first) = seen.first() else {
        return Ok(None);
    };
    let mut finding: Finding = from_json(&first.payload)?;
    let first_seen = first.found_by.clone().unwrap_or_default();
    for other in seen.iter().skip(1) {
        let sent_at = from_json::<Finding>(&other.payload)?.sent_at;
        finding.sent_at = finding.sent_at.into_iter().chain(sent_at).min();
    }
    let decision = decisions.remove(&finding.id);
    let sightings = seen.into_iter().map(|s| s.sighting).collect();
    Ok(Some(Standing {
        finding,
        first_seen,
        gone,
        sightings,
        decision,
    }))
}

/// Of each account (or place on disk) the rows of the last run that looked at it, ordered by custodian, account, mailbox.
pub(super) fn coverage(connection: &Connection) -> rusqlite::Result<Vec<Coverage>> {
    let mut partly = partly_read(connection)?;
    let mut statement = connection.prepare(&format!(
        "WITH touched AS (
             SELECT m.custodian, m.account, {UNIT} AS unit, max(c.run) AS run
             FROM coverage AS c JOIN mailboxes AS m USING (mailbox_id) GROUP BY 1, 2, 3)
         SELECT c.payload FROM told_coverage AS c JOIN mailboxes AS m USING (mailbox_id)
         JOIN touched AS t ON t.custodian = m.custodian AND t.account = m.account AND t.unit = {UNIT}
             AND t.run = c.run
         ORDER BY m.custodian, m.account, m.mailbox"
    ))?;
    let rows = statement.query_map([], |row| row.get::<_, String>(0))?;
    rows.map(|payload| {
        let mut coverage: Coverage = from_json(&payload?)?;
        // What an earlier run could only partly read is not read again, and still only partly read.
        coverage.partly_read = partly.remove(&coverage.mailbox).unwrap_or(0);
        Ok(coverage)
    })
    .collect()
}

fn partly_read(connection: &Connection) -> rusqlite::Result<BTreeMap<MailboxId, u64>> {
    connection
        .prepare(
            "SELECT custodian, account, mailbox, count(*) FROM
                 (SELECT DISTINCT p.mailbox_id, p.uidvalidity, p.place FROM partly_read AS p)
             JOIN mailboxes USING (mailbox_id) GROUP BY mailbox_id",
        )?
        .query_map([], |row| {
            Ok((mailbox(row, 0)?, row.get::<_, u32>(3)?.into()))
        })?
        .collect()
}

/// Exceptions of the same runs that [`coverage`] chooses, and attachments that could not be read in any run.
pub(super) fn exceptions(connection: &Connection) -> rusqlite::Result<Vec<StandingException>> {
    let decisions = decisions(connection)?;
    let mut statement = connection.prepare(&format!(
        "WITH rows AS (
             SELECT run, mailbox_id, 1 AS covered FROM coverage
             UNION ALL SELECT run, mailbox_id, 0 FROM exceptions),
         touched AS (
             SELECT m.custodian, m.account, {UNIT} AS unit,
                    coalesce(max(CASE WHEN covered THEN run END), max(run)) AS run
             FROM rows JOIN mailboxes AS m USING (mailbox_id) GROUP BY 1, 2, 3)
         SELECT e.exception_id, e.attempts, e.payload FROM exceptions AS e JOIN mailboxes AS m USING (mailbox_id)
         JOIN touched AS t ON t.custodian = m.custodian AND t.account = m.account AND t.unit = {UNIT}
             AND t.run = e.run
         UNION ALL SELECT exception_id, 1, payload FROM partly_read"
    ))?;
    let rows = statement.query_map([], |row| {
        Ok((
            row.get::<_, String>(0)?,
            u64::from(row.get::<_, u32>(1)?),
            row.get::<_, String>(2)?,
        ))
    })?;
    let mut standing = Vec::new();
    for row in rows {
        let (id, attempts, payload) = row?;
        let exception: Exception = from_json(&payload)?;
        let decision = decisions.get(&id).cloned();
        standing.push(StandingException {
            id,
            exception,
            attempts,
            decision,
        });
    }
    standing.sort_by(|a, b| {
        let order = |s: &StandingException| {
            (
                s.exception.mailbox.clone(),
                s.exception.stage,
                s.exception.code.clone(),
            )
        };
        order(a)
            .cmp(&order(b))
            .then_with(|| places(a).cmp(places(b)))
            .then_with(|| a.id.cmp(&b.id))
    });
    Ok(standing)
}

fn places(exception: &StandingException) -> &[Locator] {
    &exception.exception.locators
}

/// The last decision on each finding and exception.
fn decisions(connection: &Connection) -> rusqlite::Result<BTreeMap<String, Decision>> {
    connection
        .prepare(
            "SELECT subject, status, note, reviewer, reviewed_on, evidence FROM decisions
             WHERE decision IN (SELECT max(decision) FROM decisions GROUP BY subject)",
        )?
        .query_map([], decision)?
        .collect()
}

/// Every decision, by subject, the last one last.
pub(super) fn history(
    connection: &Connection,
) -> rusqlite::Result<BTreeMap<String, Vec<Decision>>> {
    let mut history: BTreeMap<String, Vec<Decision>> = BTreeMap::new();
    let mut statement = connection.prepare(
        "SELECT subject, status, note, reviewer, reviewed_on, evidence FROM decisions ORDER BY decision",
    )?;
    for row in statement.query_map([], decision)? {
        let (subject, decision) = row?;
        history.entry(subject).or_default().push(decision);
    }
    Ok(history)
}

fn decision(row: &Row<'_>) -> rusqlite::Result<(String, Decision)> {
    let decision = Decision {
        status: row.get(1)?,
        note: row.get(2)?,
        reviewer: row.get(3)?,
        reviewed_on: row.get(4)?,
        evidence: row.get(5)?,
    };
    Ok((row.get(0)?, decision))
}

pub(super) fn exception_ids(connection: &Connection) -> rusqlite::Result<BTreeSet<String>> {
    connection
        .prepare("SELECT exception_id FROM exceptions UNION SELECT exception_id FROM partly_read")?
        .query_map([], |row| row.get(0))?
        .collect()
}

fn mailbox(row: &Row<'_>, first: usize) -> rusqlite::Result<MailboxId> {
    Ok(MailboxId {
        custodian: row.get(first)?,
        account: row.get(first + 1)?,
        mailbox: row.get(first + 2)?,
    })
}
