//! The tables and how they came to be: one migration per schema version, counted by `SQLite`'s `user_version`.

use rusqlite::{Connection, TransactionBehavior};

/// `SAud`: tells a store of ours from another program's `SQLite` file.
const APPLICATION_ID: i32 = 0x5341_7564;

/// Every migration, oldest first. Published ones are never edited: stores of that version exist.
const MIGRATIONS: &[&str] = &[
    // `place` has no type on purpose: a UID and an ordinal stay integers, a file name stays text. `uidvalidity` is -1 for
    // a file and -2 for an ordinal. `judged` has a row per message, so it holds small integers only.
    "
    CREATE TABLE runs (
        run      INTEGER PRIMARY KEY,
        id       TEXT NOT NULL UNIQUE,
        record   TEXT NOT NULL
    );
    CREATE TABLE judgement_keys (
        key_id   INTEGER PRIMARY KEY,
        key      TEXT NOT NULL UNIQUE,
        queries  TEXT NOT NULL
    );
    CREATE TABLE mailboxes (
        mailbox_id INTEGER PRIMARY KEY,
        custodian  TEXT NOT NULL,
        account    TEXT NOT NULL,
        mailbox    TEXT NOT NULL,
        uidvalidity INTEGER,
        UNIQUE (custodian, account, mailbox)
    );
    CREATE TABLE judged (
        mailbox_id  INTEGER NOT NULL,
        uidvalidity INTEGER NOT NULL,
        place       NOT NULL,
        key_id      INTEGER NOT NULL,
        PRIMARY KEY (mailbox_id, uidvalidity, place, key_id)
    ) WITHOUT ROWID;
    CREATE TABLE findings (
        finding_id  TEXT PRIMARY KEY,
        custodian   TEXT NOT NULL,
        query_id    TEXT NOT NULL,
        first_seen  INTEGER NOT NULL,
        changed     INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE INDEX findings_by_custodian ON findings (custodian);
    CREATE TABLE sightings (
        mailbox_id  INTEGER NOT NULL,
        uidvalidity INTEGER NOT NULL,
        place       NOT NULL,
        finding_id  TEXT NOT NULL,
        payload     TEXT NOT NULL,
        PRIMARY KEY (mailbox_id, uidvalidity, place, finding_id)
    ) WITHOUT ROWID;
    CREATE INDEX sightings_by_finding ON sightings (finding_id);
    CREATE TABLE partly_read (
        mailbox_id   INTEGER NOT NULL,
        uidvalidity  INTEGER NOT NULL,
        place        NOT NULL,
        exception_id TEXT NOT NULL,
        payload      TEXT NOT NULL,
        PRIMARY KEY (mailbox_id, uidvalidity, place, exception_id)
    ) WITHOUT ROWID;
    CREATE TABLE exceptions (
        run          INTEGER NOT NULL,
        exception_id TEXT NOT NULL,
        mailbox_id   INTEGER NOT NULL,
        attempts     INTEGER NOT NULL,
        payload      TEXT NOT NULL,
        PRIMARY KEY (run, exception_id)
    ) WITHOUT ROWID;
    CREATE INDEX exceptions_by_id ON exceptions (exception_id, run);
    CREATE TABLE coverage (
        run        INTEGER NOT NULL,
        mailbox_id INTEGER NOT NULL,
        payload    TEXT NOT NULL,
        PRIMARY KEY (run, mailbox_id)
    ) WITHOUT ROWID;
    CREATE INDEX coverage_by_mailbox ON coverage (mailbox_id, run);
    CREATE TABLE decisions (
        decision    INTEGER PRIMARY KEY AUTOINCREMENT,
        subject     TEXT NOT NULL,
        status      TEXT NOT NULL,
        note        TEXT NOT NULL,
        reviewer    TEXT NOT NULL,
        reviewed_on TEXT NOT NULL,
        evidence    TEXT NOT NULL,
        imported_at TEXT NOT NULL
    );
    CREATE INDEX decisions_by_subject ON decisions (subject, decision);
    CREATE TRIGGER decisions_are_kept BEFORE UPDATE ON decisions
    BEGIN SELECT RAISE(ABORT, 'decisions are only ever added'); END;
    ",
    // Who imported a decision, and from which file.
    "
    ALTER TABLE decisions ADD COLUMN imported_by TEXT NOT NULL DEFAULT '';
    ALTER TABLE decisions ADD COLUMN source_sha256 TEXT NOT NULL DEFAULT '';
    ",
    // The audit trail, and the run that noticed that a message had gone from its place.
    "
    CREATE TABLE trail (
        entry  INTEGER PRIMARY KEY,
        at     TEXT NOT NULL,
        what   TEXT NOT NULL,
        id     TEXT NOT NULL,
        digest TEXT NOT NULL,
        hash   TEXT NOT NULL
    );
    CREATE TRIGGER trail_is_kept BEFORE UPDATE ON trail
    BEGIN SELECT RAISE(ABORT, 'the trail is only ever added to'); END;
    CREATE TRIGGER trail_is_whole BEFORE DELETE ON trail
    BEGIN SELECT RAISE(ABORT, 'the trail is only ever added to'); END;
    ALTER TABLE sightings ADD COLUMN gone INTEGER;
    ",
    // What was tried in vain is looked up for each mailbox in each run.
    "
    CREATE INDEX exceptions_by_mailbox ON exceptions (mailbox_id);
    ",
    // Which messages got past the gate, and what decided it. Of what was judged before nobody knows.
    "
    ALTER TABLE judgement_keys ADD COLUMN gate TEXT NOT NULL DEFAULT '';
    ALTER TABLE judged ADD COLUMN gated INTEGER NOT NULL DEFAULT 1;
    ",
    // A copy elsewhere was judged anew, and the finding is no more. Whose messages lie in scanned files, of which nothing is
    // looked up by name. A mailbox's coverage row that is that of an earlier run says so, and its own time.
    "
    ALTER TABLE sightings ADD COLUMN overruled INTEGER NOT NULL DEFAULT 0;
    CREATE TABLE people (
        mailbox_id INTEGER NOT NULL,
        custodian  TEXT NOT NULL,
        PRIMARY KEY (mailbox_id, custodian)
    ) WITHOUT ROWID;
    INSERT INTO people SELECT DISTINCT s.mailbox_id, f.custodian FROM sightings AS s JOIN findings AS f USING (finding_id)
        JOIN mailboxes AS m USING (mailbox_id) WHERE m.custodian = '';
    ALTER TABLE partly_read ADD COLUMN custodian TEXT NOT NULL DEFAULT '';
    DELETE FROM judged WHERE uidvalidity < 0;
    ALTER TABLE coverage ADD COLUMN same_as INTEGER;
    ALTER TABLE coverage ADD COLUMN milliseconds INTEGER;
    CREATE VIEW told_coverage AS
        SELECT c.run, c.mailbox_id,
               CASE WHEN c.milliseconds IS NULL THEN c.payload
                    ELSE json_set(coalesce(same.payload, c.payload), '$.seconds', c.milliseconds / 1000.0) END AS payload
        FROM coverage AS c LEFT JOIN coverage AS same ON same.run = c.same_as AND same.mailbox_id = c.mailbox_id;
    ",
    // What the queries of the runs asked, rung by rung. Of findings from before it is known once a run asks the same again.
    "
    CREATE TABLE ladders (
        query TEXT PRIMARY KEY,
        rungs TEXT NOT NULL
    ) WITHOUT ROWID;
    ",
    // What a server's mailbox held when it was last listed.
    "
    CREATE TABLE listings (
        mailbox_id INTEGER PRIMARY KEY,
        payload    TEXT NOT NULL
    );
    ",
];

/// The schema version that this program writes.
pub(super) const VERSION: u32 = 8;

/// What a file turned out to be.
pub(super) enum Condition {
    /// Ours, at [`VERSION`].
    Ready,
    /// Ours (or empty), at an older version.
    Older,
    /// Ours, written by a newer program.
    Newer(u32),
    /// A `SQLite` file of another program.
    Foreign,
}

/// Looks, changes nothing.
pub(super) fn examine(connection: &Connection) -> rusqlite::Result<Condition> {
    let version: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let application: i32 =
        connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let tables: u32 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    Ok(
        if application != APPLICATION_ID && (tables > 0 || version > 0) {
            Condition::Foreign
        } else if version > VERSION {
            Condition::Newer(version)
        } else if version == VERSION {
            Condition::Ready
        } else {
            Condition::Older
        },
    )
}

/// Brings a store from its version to ours, whole or not at all.
pub(super) fn migrate(connection: &mut Connection) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let version: u32 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
    for migration in MIGRATIONS.iter().skip(version as usize) {
        transaction.execute_batch(migration)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", VERSION)?;
    transaction.commit()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_version_has_its_migration() {
        assert_eq!(MIGRATIONS.len(), VERSION as usize);
    }

    #[test]
    fn what_an_older_store_tells_stays() {
        let mut connection = Connection::open_in_memory().unwrap();
        for migration in &MIGRATIONS[..5] {
            connection.execute_batch(migration).unwrap();
        }
        connection
            .execute_batch(
                "INSERT INTO mailboxes VALUES (1, '', '', '/mail', NULL);
                 INSERT INTO findings VALUES ('f-1', 'ana@acme.example', 'notice', 1, 1);
                 INSERT INTO sightings (mailbox_id, uidvalidity, place, finding_id, payload)
                     VALUES (1, -1, 'ana.eml', 'f-1', '{}');
                 INSERT INTO judged (mailbox_id, uidvalidity, place, key_id) VALUES (1, -1, 'ana-2.eml', 1);
                 INSERT INTO coverage (run, mailbox_id, payload) VALUES (1, 1, '{\"seconds\":0.25}');
                 PRAGMA user_version = 5",
            )
            .unwrap();
        migrate(&mut connection).unwrap();
        let told = |sql: &str| {
            let text = |row: &rusqlite::Row<'_>| row.get::<_, String>(0);
            connection.query_row(sql, [], text).unwrap()
        };
        assert_eq!(
            told("SELECT payload FROM told_coverage"),
            "{\"seconds\":0.25}"
        );
        assert_eq!(told("SELECT custodian FROM people"), "ana@acme.example");
        assert_eq!(told("SELECT CAST(count(*) AS TEXT) FROM judged"), "0");
    }

    /// Tables, indexes, triggers and views.
    fn schema(connection: &Connection) -> Vec<String> {
        let mut statement = connection
            .prepare("SELECT coalesce(sql, name) FROM sqlite_schema ORDER BY name")
            .unwrap();
        let rows = statement.query_map([], |row| row.get(0)).unwrap();
        rows.collect::<rusqlite::Result<_>>().unwrap()
    }

    #[test]
    fn a_store_of_any_version_becomes_one_of_ours_and_keeps_its_rows() {
        let mut fresh = Connection::open_in_memory().unwrap();
        migrate(&mut fresh).unwrap();
        for version in 1..=VERSION {
            let mut older = Connection::open_in_memory().unwrap();
            for migration in &MIGRATIONS[..version as usize] {
                older.execute_batch(migration).unwrap();
            }
            older.pragma_update(None, "user_version", version).unwrap();
            older
                .execute("INSERT INTO runs (id, record) VALUES ('a', '{}')", [])
                .unwrap();
            migrate(&mut older).unwrap();
            assert_eq!(schema(&older), schema(&fresh), "{version}");
            assert!(matches!(examine(&older), Ok(Condition::Ready)), "{version}");
            let runs: u32 = older
                .query_row("SELECT count(*) FROM runs", [], |row| row.get(0))
                .unwrap();
            assert_eq!(runs, 1, "{version}");
        }
    }
}
