//! State that outlives a run, in `SQLite`: what was judged, what was found, what could not be judged. One thread writes.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use crate::finding::Exception;
use crate::mailbox::MailboxId;

mod changes;
mod exceptions;
mod lock;
mod place;
mod presence;
mod purge;
mod read;
mod records;
mod schema;
mod trail;
mod write;

pub use changes::{Changes, Regraded};
pub use exceptions::exception_id;
use lock::{LockError, RunLock, open_private};
pub use presence::Presence;
pub use records::{
    Coverage, CoverageStatus, Decision, Import, Judged, RunRecord, ServerSeen, Sighting, Standing,
    StandingException, evidence_digest,
};
use schema::Condition;
pub use trail::{Broken, TrailEntry, check_trail};

/// The state of an audit.
///
/// A run holds it alone ([`Store::open`]); reports read it at any time ([`Store::open_to_read`]): in WAL mode neither
/// waits for the other.
pub struct Store {
    connection: Connection,
    /// For messages about it.
    path: String,
    /// The run that writes; 0 before the first.
    run: i64,
    /// Ids of the queries that the run judges by.
    queries: Vec<String>,
    /// Released after the connection is closed.
    _lock: Option<RunLock>,
}

/// Why the store cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// `SQLite` says so.
    #[error("the store {path} cannot be used")]
    Sqlite {
        /// Which file.
        path: String,
        /// Why.
        source: rusqlite::Error,
    },
    /// The file, or the lock file beside it, cannot be opened.
    #[error(
        "the store {path} cannot be opened: check that the directory exists and is yours to write"
    )]
    Io {
        /// Which file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// A `SQLite` file of another program.
    #[error("{path} is no store of sent-audit: name another file")]
    Foreign {
        /// Which file.
        path: String,
    },
    /// It was written by an older program, and only read here.
    #[error(
        "the store {path} was written by an older version: it is brought up to date by the next run"
    )]
    Older {
        /// Which file.
        path: String,
    },
    /// Another run holds it.
    #[error("another run holds the store {path}: {holder}")]
    Locked {
        /// Which file.
        path: String,
        /// Who: process id, host, since when.
        holder: String,
    },
    /// It was written by a newer program.
    #[error(
        "the store {path} has schema version {found}, this program knows {known}: use the newer program"
    )]
    Newer {
        /// Which file.
        path: String,
        /// Its version.
        found: u32,
        /// Ours.
        known: u32,
    },
}

impl Store {
    /// Opens or creates a store for a run and locks it against other runs. File mode 0600.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let name = path.display().to_string();
        let lock = RunLock::take(path).map_err(|error| match error {
            LockError::Held(holder) => StoreError::Locked {
                path: name.clone(),
                holder,
            },
            LockError::Io(source) => StoreError::Io {
                path: name.clone(),
                source,
            },
        })?;
        // SQLite gives its `-wal` and `-shm` files the mode of the main file, so that is made first.
        open_private(path).map_err(|source| StoreError::Io {
            path: name.clone(),
            source,
        })?;
        let connection = Connection::open(path).map_err(|source| StoreError::Sqlite {
            path: name.clone(),
            source,
        })?;
        let mut store = Self::new(connection, name, Some(lock));
        store.prepare()?;
        Ok(store)
    }

    /// Opens a store that is there to add what is no run's: decisions, entries of the trail. Does not wait for a run.
    ///
    /// # Errors
    /// [`StoreError`]; also if there is none.
    pub fn open_beside_runs(path: &Path) -> Result<Self, StoreError> {
        let name = path.display().to_string();
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection =
            Connection::open_with_flags(path, flags).map_err(|source| StoreError::Sqlite {
                path: name.clone(),
                source,
            })?;
        let mut store = Self::new(connection, name, None);
        store.prepare()?;
        Ok(store)
    }

    /// Opens a store to read what stands in it, whoever is writing.
    ///
    /// # Errors
    /// [`StoreError`]; also if there is none.
    pub fn open_to_read(path: &Path) -> Result<Self, StoreError> {
        let name = path.display().to_string();
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection =
            Connection::open_with_flags(path, flags).map_err(|source| StoreError::Sqlite {
                path: name.clone(),
                source,
            })?;
        let store = Self::new(connection, name, None);
        match store.told(schema::examine(&store.connection))? {
            Condition::Ready => Ok(store),
            Condition::Older => Err(StoreError::Older { path: store.path }),
            Condition::Newer(found) => Err(store.newer(found)),
            Condition::Foreign => Err(StoreError::Foreign { path: store.path }),
        }
    }

    /// A store that is forgotten at the end.
    ///
    /// # Errors
    /// Practically none.
    pub fn in_memory() -> Result<Self, StoreError> {
        let name = "in memory".to_owned();
        let connection = Connection::open_in_memory().map_err(|source| StoreError::Sqlite {
            path: name.clone(),
            source,
        })?;
        let mut store = Self::new(connection, name, None);
        store.prepare()?;
        Ok(store)
    }

    /// Begins a run. Coverage rows and exceptions belong to it, and its queries are those whose findings
    /// [`Store::commit`] replaces (all, if it names none).
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn begin_run(&mut self, run: &RunRecord) -> Result<(), StoreError> {
        self.run = self.told(write::begin_run(&self.connection, run))?;
        self.queries = run.query_ids();
        Ok(())
    }

    /// UIDs of a mailbox that were judged under `key` and this UIDVALIDITY.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn judged_uids(
        &self,
        mailbox: &MailboxId,
        uidvalidity: u32,
        key: &str,
    ) -> Result<BTreeSet<u32>, StoreError> {
        self.told(read::judged_uids(
            &self.connection,
            mailbox,
            uidvalidity,
            key,
        ))
    }

    /// Commits a batch of judged messages: that they were judged and what was found, in one transaction. Judging a message again
    /// replaces what was found in it before. Identical messages share their findings (`copies` counts the places).
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn commit(
        &mut self,
        mailbox: &MailboxId,
        key: &str,
        judged: &[Judged],
    ) -> Result<(), StoreError> {
        let done = write::commit(
            &mut self.connection,
            self.run,
            &self.queries,
            mailbox,
            key,
            judged,
        );
        self.told(done)
    }

    /// Adds exceptions of this run; several with one [`exception_id`] become one.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn add_exceptions(&mut self, exceptions: &[Exception]) -> Result<(), StoreError> {
        let done = write::add_exceptions(&mut self.connection, self.run, exceptions, true);
        self.told(done)
    }

    /// Adds exceptions that stand from earlier runs and were not tried again in this one: their attempts stay.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn list_again(&mut self, exceptions: &[Exception]) -> Result<(), StoreError> {
        let done = write::add_exceptions(&mut self.connection, self.run, exceptions, false);
        self.told(done)
    }

    /// How many messages of a custodian were judged, but not under `key`.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn judged_otherwise(&self, custodian: &str, key: &str) -> Result<u64, StoreError> {
        self.told(read::judged_otherwise(&self.connection, custodian, key))
    }

    /// Messages of a mailbox under this UIDVALIDITY that were tried `attempts` times or more and never judged: by UID, what
    /// was told of them last.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn given_up(
        &self,
        mailbox: &MailboxId,
        uidvalidity: u32,
        attempts: u32,
    ) -> Result<BTreeMap<u32, Exception>, StoreError> {
        let connection = &self.connection;
        self.told(exceptions::given_up(
            connection,
            mailbox,
            uidvalidity,
            attempts,
        ))
    }

    /// Writes a mailbox's coverage row (at its end).
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn set_coverage(&mut self, coverage: &Coverage) -> Result<(), StoreError> {
        debug_assert!(
            coverage.adds_up(),
            "in_window = judged + judged_before + exceptions: {coverage:?}"
        );
        let done = write::set_coverage(&mut self.connection, self.run, coverage);
        self.told(done)
    }

    /// Marks findings whose messages are no longer in a mailbox, as far as the listing tells; one that is back is unmarked.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn mark_gone(
        &mut self,
        mailbox: &MailboxId,
        presence: &Presence<'_>,
    ) -> Result<(), StoreError> {
        let done = presence::mark_gone(&mut self.connection, self.run, mailbox, presence);
        self.told(done)
    }

    /// Ends the run.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn finish_run(&mut self, run: &RunRecord) -> Result<(), StoreError> {
        self.told(write::finish_run(&self.connection, run))
    }

    /// The run that began last.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn last_run(&self) -> Result<Option<RunRecord>, StoreError> {
        self.told(read::last_run(&self.connection))
    }

    /// Every run, oldest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn runs(&self) -> Result<Vec<RunRecord>, StoreError> {
        self.told(read::runs(&self.connection))
    }

    /// Everybody of whom there is a mailbox or a finding, ordered by id.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn custodians(&self) -> Result<Vec<String>, StoreError> {
        self.told(read::custodians(&self.connection))
    }

    /// Every finding that stands, ordered by id.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn findings(&self) -> Result<Vec<Standing>, StoreError> {
        self.told(read::findings(&self.connection))
    }

    /// Of each account (or place on disk) the rows of the last run that looked at it, ordered by custodian, account and
    /// mailbox. `partly_read` counts what no run could read whole.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn coverage(&self) -> Result<Vec<Coverage>, StoreError> {
        self.told(read::coverage(&self.connection))
    }

    /// The exceptions of the runs that [`Store::coverage`] tells of, and the attachments that no run could read; ordered by
    /// custodian, account, mailbox, stage, code and place.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn exceptions(&self) -> Result<Vec<StandingException>, StoreError> {
        self.told(read::exceptions(&self.connection))
    }

    /// Adds decisions on findings and exceptions (by their ids), all or none; earlier ones stay in the history.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn add_decisions(
        &mut self,
        decisions: &[(String, Decision)],
        import: &Import,
    ) -> Result<(), StoreError> {
        let done = write::add_decisions(&mut self.connection, decisions, import);
        self.told(done)
    }

    /// Adds an entry to the audit trail: ids and digests only, never a name or a text. Returns its hash, the trail's new head.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn note(&mut self, what: &str, id: &str, digest: &str) -> Result<String, StoreError> {
        let done = trail::add(&mut self.connection, what, id, digest);
        self.told(done)
    }

    /// The audit trail, oldest entry first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn trail(&self) -> Result<Vec<TrailEntry>, StoreError> {
        self.told(trail::entries(&self.connection))
    }

    /// What changed after the run `before` up to and including the run `after` (ids). `None` if there is no such run, or they
    /// are in the wrong order.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn changes(&self, before: &str, after: &str) -> Result<Option<Changes>, StoreError> {
        self.told(changes::changes(&self.connection, before, after))
    }

    /// The coverage rows of each run, by the run's id.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn coverage_by_run(&self) -> Result<BTreeMap<String, Vec<Coverage>>, StoreError> {
        self.told(changes::coverage_by_run(&self.connection))
    }

    /// How many findings each run found first, by the run's id.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn findings_by_run(&self) -> Result<BTreeMap<String, u64>, StoreError> {
        self.told(changes::findings_by_run(&self.connection))
    }

    /// Forgets a custodian: findings, decisions, exceptions, coverage, what was judged. What was deleted cannot be read from the
    /// file any more. Returns how many findings there were; `None` if nothing was known of them.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn purge(&mut self, custodian: &str) -> Result<Option<u64>, StoreError> {
        let done = purge::purge(&mut self.connection, custodian);
        self.told(done)
    }

    /// Every decision on each finding and exception, the last one last.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn history(&self) -> Result<BTreeMap<String, Vec<Decision>>, StoreError> {
        self.told(read::history(&self.connection))
    }

    /// The ids of all exceptions that any run listed.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn exception_ids(&self) -> Result<BTreeSet<String>, StoreError> {
        self.told(read::exception_ids(&self.connection))
    }

    /// Runs `read` on one state of the store, whatever is written meanwhile.
    ///
    /// # Errors
    /// [`StoreError`], or that of `read`.
    pub fn snapshot<T, E: From<StoreError>>(
        &self,
        read: impl FnOnce(&Self) -> Result<T, E>,
    ) -> Result<T, E> {
        let transaction = self.told(self.connection.unchecked_transaction())?;
        let seen = read(self)?;
        self.told(transaction.finish())?;
        Ok(seen)
    }

    fn new(connection: Connection, path: String, lock: Option<RunLock>) -> Self {
        Self {
            connection,
            path,
            run: 0,
            queries: Vec::new(),
            _lock: lock,
        }
    }

    /// Makes a connection ready to write: WAL, and our schema at our version.
    fn prepare(&mut self) -> Result<(), StoreError> {
        match self.told(schema::examine(&self.connection))? {
            Condition::Foreign => {
                return Err(StoreError::Foreign {
                    path: self.path.clone(),
                });
            }
            Condition::Newer(found) => return Err(self.newer(found)),
            Condition::Ready | Condition::Older => {}
        }
        // A checkpoint or a report that is just being read may hold the file for a moment.
        self.told(self.connection.busy_timeout(Duration::from_secs(30)))?;
        self.told(self.connection.pragma_update(None, "journal_mode", "WAL"))?;
        self.told(self.connection.pragma_update(None, "synchronous", "NORMAL"))?;
        self.connection.set_prepared_statement_cache_capacity(64);
        let done = schema::migrate(&mut self.connection);
        self.told(done)
    }

    fn newer(&self, found: u32) -> StoreError {
        StoreError::Newer {
            path: self.path.clone(),
            found,
            known: schema::VERSION,
        }
    }

    fn told<T>(&self, result: rusqlite::Result<T>) -> Result<T, StoreError> {
        result.map_err(|source| StoreError::Sqlite {
            path: self.path.clone(),
            source,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use jiff::Timestamp;

    use super::*;
    use crate::finding::{Author, Conclusion, Finding, Stage, Verdict};
    use crate::mailbox::Locator;

    fn run(id: &str, queries: &[&str]) -> RunRecord {
        let queries = queries.iter().map(|&query| query.to_owned()).collect();
        RunRecord {
            id: id.to_owned(),
            queries,
            ..RunRecord::default()
        }
    }

    fn sent() -> MailboxId {
        mailbox("Sent")
    }

    fn mailbox(name: &str) -> MailboxId {
        MailboxId {
            custodian: "ana@acme.example".to_owned(),
            account: if name.starts_with('/') { "" } else { "ana" }.to_owned(),
            mailbox: name.to_owned(),
        }
    }

    fn uid(uidvalidity: u32, uid: u32) -> Locator {
        Locator::Uid { uidvalidity, uid }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn finding(id: &str, query: &str) -> Finding {
        Finding {
            id: id.to_owned(),
            custodian: "ana@acme.example".to_owned(),
            sent_at: Some(at(1_700_000_000)),
            from: "ana@acme.example".to_owned(),
            subject: "Goodbye".to_owned(),
            message_id: String::new(),
            sha256: String::new(),
            size: 100,
            recipients: Vec::new(),
            conclusion: Conclusion {
                query_id: query.to_owned(),
                query: format!("{query}@1+00000000"),
                verdict: Verdict::Handover,
                confidence: 90,
                author: Author::Own,
                notice: String::new(),
                excerpt: String::new(),
                reason: String::new(),
                language: String::new(),
                successor: String::new(),
                successor_reach: None,
                contacts: Vec::new(),
                evidence: Vec::new(),
            },
        }
    }

    fn judged(locator: Locator, findings: &[(&str, &str)]) -> Judged {
        let findings = findings
            .iter()
            .map(|(id, query)| finding(id, query))
            .collect();
        Judged {
            locator,
            sent_at: None,
            findings,
            partly: Vec::new(),
        }
    }

    fn coverage(mailbox: MailboxId, uidvalidity: Option<u32>, status: CoverageStatus) -> Coverage {
        Coverage {
            mailbox,
            chosen_by: String::new(),
            read_only: Some(true),
            uidvalidity,
            messages: 0,
            in_window: 0,
            judged: 0,
            judged_before: 0,
            exceptions: 0,
            partly_read: 0,
            not_owner: 0,
            bytes_fetched: 0,
            bytes_stored: 0,
            seconds: 0.0,
            throttled_seconds: 0.0,
            status,
        }
    }

    fn exception(mailbox: MailboxId, locators: Vec<Locator>, stage: Stage) -> Exception {
        Exception {
            mailbox,
            count: locators.len() as u64,
            locators,
            message_id: String::new(),
            stage,
            code: "panic".to_owned(),
            detail: "part 1.2".to_owned(),
            retryable: true,
            what_to_do: String::new(),
        }
    }

    fn begun(id: &str) -> Store {
        let mut store = Store::in_memory().unwrap();
        store.begin_run(&run(id, &["notice@1+00000000"])).unwrap();
        store
    }

    /// Finding id, number of copies, run that found it first.
    #[track_caller]
    fn check(store: &Store, expected: &[(&str, usize, &str)]) {
        let standing = store.findings().unwrap();
        let seen: Vec<_> = standing
            .iter()
            .map(|s| {
                (
                    s.finding.id.as_str(),
                    s.sightings.len(),
                    s.first_seen.as_str(),
                )
            })
            .collect();
        assert_eq!(seen, expected);
    }

    #[test]
    fn progress_belongs_to_mailbox_uidvalidity_and_key() {
        let mut store = begun("1");
        let messages = [judged(uid(7, 1), &[]), judged(uid(7, 4_000_000_000), &[])];
        store.commit(&sent(), "key", &messages).unwrap();
        let uids = |mailbox, validity, key| store.judged_uids(&mailbox, validity, key).unwrap();
        assert_eq!(uids(sent(), 7, "key"), BTreeSet::from([1, 4_000_000_000]));
        assert_eq!(uids(sent(), 8, "key"), BTreeSet::new());
        assert_eq!(uids(sent(), 7, "other"), BTreeSet::new());
        assert_eq!(uids(mailbox("Archive"), 7, "key"), BTreeSet::new());
    }

    #[test]
    fn identical_messages_share_a_finding() {
        let mut store = begun("1");
        store
            .commit(&sent(), "key", &[judged(uid(7, 1), &[("a", "notice")])])
            .unwrap();
        let mut early = judged(Locator::File("new/1".into()), &[("a", "notice")]);
        early.findings[0].sent_at = Some(at(1));
        store.commit(&mailbox("/mail"), "key", &[early]).unwrap();
        check(&store, &[("a", 2, "1")]);
        let standing = store.findings().unwrap();
        assert_eq!(standing[0].finding.sent_at, Some(at(1)));
        let first = &standing[0].sightings[0];
        assert_eq!(
            first.mailbox,
            mailbox("/mail"),
            "an empty account sorts first"
        );
        assert_eq!(first.locator, Locator::File("new/1".into()));
    }

    #[test]
    fn judging_again_replaces_findings() {
        let mut store = begun("1");
        store
            .commit(&sent(), "old", &[judged(uid(7, 1), &[("a", "notice")])])
            .unwrap();
        store.begin_run(&run("2", &["notice@2+11111111"])).unwrap();
        store
            .commit(&sent(), "new", &[judged(uid(7, 1), &[("b", "notice")])])
            .unwrap();
        check(&store, &[("b", 1, "2")]);
        assert!(
            store.judged_uids(&sent(), 7, "old").unwrap().is_empty(),
            "it was overruled"
        );
        store
            .commit(&sent(), "newer", &[judged(uid(7, 1), &[])])
            .unwrap();
        check(&store, &[]);
    }

    #[test]
    fn a_run_with_other_queries_leaves_the_rest_alone() {
        let mut store = begun("1");
        store
            .commit(&sent(), "all", &[judged(uid(7, 1), &[("a", "notice")])])
            .unwrap();
        store.begin_run(&run("2", &["phrase@1+22222222"])).unwrap();
        store
            .commit(&sent(), "phrase", &[judged(uid(7, 1), &[("p", "phrase")])])
            .unwrap();
        check(&store, &[("a", 1, "1"), ("p", 1, "2")]);
        assert_eq!(
            store.judged_uids(&sent(), 7, "all").unwrap(),
            BTreeSet::from([1])
        );
        assert_eq!(
            store.judged_uids(&sent(), 7, "phrase").unwrap(),
            BTreeSet::from([1])
        );
        let otherwise = |custodian: &str, key| store.judged_otherwise(custodian, key).unwrap();
        let custodian = sent().custodian;
        assert_eq!(otherwise(&custodian, "all"), 0);
        assert_eq!(otherwise(&custodian, "third"), 1);
        assert_eq!(otherwise("nobody@acme.example", "third"), 0);
    }

    #[test]
    fn new_uids_lose_no_finding_and_make_no_copies() {
        let mut store = begun("1");
        let both = |validity| {
            [
                judged(uid(validity, 1), &[("a", "notice")]),
                judged(uid(validity, 2), &[("b", "notice")]),
            ]
        };
        store.commit(&sent(), "key", &both(7)).unwrap();
        store
            .set_coverage(&coverage(sent(), Some(7), CoverageStatus::Complete))
            .unwrap();
        store.begin_run(&run("2", &["notice@1+00000000"])).unwrap();
        // The second message is no longer on the server.
        store.commit(&sent(), "key", &both(8)[..1]).unwrap();
        check(&store, &[("a", 1, "1"), ("b", 1, "1")]);
        store
            .set_coverage(&coverage(sent(), Some(8), CoverageStatus::Complete))
            .unwrap();
        check(&store, &[("a", 1, "1"), ("b", 1, "1")]);
        assert_eq!(store.findings().unwrap()[0].sightings[0].locator, uid(8, 1));
        assert!(store.judged_uids(&sent(), 7, "key").unwrap().is_empty());
    }

    #[test]
    fn an_account_stands_as_its_last_run_left_it() {
        let mut store = begun("1");
        let account = mailbox("");
        store
            .set_coverage(&coverage(account.clone(), None, CoverageStatus::Failed))
            .unwrap();
        store
            .add_exceptions(&[exception(account, vec![], Stage::Login)])
            .unwrap();
        store
            .set_coverage(&coverage(mailbox("/mail"), None, CoverageStatus::Complete))
            .unwrap();
        assert_eq!(store.exceptions().unwrap().len(), 1);
        store.begin_run(&run("2", &[])).unwrap();
        store
            .set_coverage(&coverage(sent(), Some(7), CoverageStatus::Complete))
            .unwrap();
        let rows = store.coverage().unwrap();
        let names: Vec<_> = rows
            .iter()
            .map(|row| row.mailbox.mailbox.as_str())
            .collect();
        assert_eq!(names, ["/mail", "Sent"]);
        assert_eq!(store.exceptions().unwrap(), []);
    }

    #[test]
    fn exceptions_count_their_attempts() {
        let mut store = begun("1");
        let failed = exception(sent(), vec![uid(7, 3)], Stage::Judge);
        store.add_exceptions(std::slice::from_ref(&failed)).unwrap();
        store.begin_run(&run("2", &[])).unwrap();
        let another = exception(sent(), vec![uid(7, 4)], Stage::Judge);
        store.add_exceptions(&[failed.clone(), another]).unwrap();
        let standing = store.exceptions().unwrap();
        let attempts: Vec<_> = standing
            .iter()
            .map(|s| (s.attempts, s.exception.locators[0].clone()))
            .collect();
        assert_eq!(attempts, [(2, uid(7, 3)), (1, uid(7, 4))]);
        let accepted = Decision {
            status: "accepted".to_owned(),
            ..Decision::default()
        };
        store
            .add_decisions(
                &[(exception_id(&failed), accepted.clone())],
                &Import::default(),
            )
            .unwrap();
        assert_eq!(
            store.exceptions().unwrap()[0].decision.as_ref(),
            Some(&accepted)
        );
    }

    #[test]
    fn what_the_end_of_a_run_left_over_is_one_exception() {
        let mut store = begun("1");
        for n in [5, 6] {
            let left = exception(sent(), vec![uid(7, n)], Stage::NotReached);
            store.add_exceptions(&[left]).unwrap();
        }
        let standing = store.exceptions().unwrap();
        assert_eq!(standing.len(), 1);
        assert_eq!(
            (
                standing[0].exception.count,
                standing[0].exception.locators.len()
            ),
            (2, 2)
        );
    }

    #[test]
    fn unread_attachments_stay_listed_in_later_runs() {
        let mut store = begun("1");
        let mut message = judged(uid(7, 1), &[]);
        message.partly = vec![exception(sent(), vec![uid(7, 1)], Stage::Attachment)];
        store.commit(&sent(), "key", &[message]).unwrap();
        store.begin_run(&run("2", &[])).unwrap();
        store
            .set_coverage(&coverage(sent(), Some(7), CoverageStatus::Unchanged))
            .unwrap();
        assert_eq!(store.exceptions().unwrap().len(), 1);
        assert_eq!(store.coverage().unwrap()[0].partly_read, 1);
    }

    #[test]
    fn decisions_outlive_their_finding() {
        let mut store = begun("1");
        for status in ["open", "confirmed"] {
            let decision = Decision {
                status: status.to_owned(),
                ..Decision::default()
            };
            store
                .add_decisions(&[("a".to_owned(), decision)], &Import::default())
                .unwrap();
        }
        let found: &[(&str, &str)] = &[("a", "notice")];
        for (key, findings) in [("1", found), ("2", &[]), ("3", found)] {
            store
                .commit(&sent(), key, &[judged(uid(7, 1), findings)])
                .unwrap();
        }
        let standing = store.findings().unwrap();
        assert_eq!(standing[0].decision.as_ref().unwrap().status, "confirmed");
    }

    #[test]
    fn one_run_holds_a_store_and_readers_do_not_wait() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("audit.db");
        let mut store = Store::open(&path).unwrap();
        store.begin_run(&run("1", &[])).unwrap();
        store
            .commit(&sent(), "key", &[judged(uid(7, 1), &[("a", "notice")])])
            .unwrap();
        match Store::open(&path) {
            Err(StoreError::Locked { holder, .. }) => {
                assert!(holder.contains(&std::process::id().to_string()), "{holder}");
            }
            other => panic!("{:?}", other.err()),
        }
        check(&Store::open_to_read(&path).unwrap(), &[("a", 1, "1")]);
        for file in std::fs::read_dir(directory.path()).unwrap() {
            let file = file.unwrap();
            let mode = file.metadata().unwrap().permissions().mode() & 0o777;
            assert_eq!(mode, 0o600, "{}", file.path().display());
        }
        drop(store);
        let store = Store::open(&path).unwrap();
        assert_eq!(store.last_run().unwrap(), Some(run("1", &[])));
    }

    #[test]
    fn other_files_are_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("other.db");
        Connection::open(&path)
            .unwrap()
            .execute_batch("CREATE TABLE t (a)")
            .unwrap();
        assert!(matches!(
            Store::open(&path),
            Err(StoreError::Foreign { .. })
        ));
        let path = directory.path().join("newer.db");
        drop(Store::open(&path).unwrap());
        Connection::open(&path)
            .unwrap()
            .pragma_update(None, "user_version", 99)
            .unwrap();
        assert!(matches!(
            Store::open(&path),
            Err(StoreError::Newer { found: 99, .. })
        ));
        let path = directory.path().join("text.db");
        std::fs::write(&path, "no database, but long enough to look at ".repeat(9)).unwrap();
        assert!(matches!(Store::open(&path), Err(StoreError::Sqlite { .. })));
        assert!(Store::open_to_read(&directory.path().join("none.db")).is_err());
    }

    #[test]
    fn a_judged_message_takes_few_bytes() {
        let mut store = begun("1");
        let batch: Vec<_> = (1..=20_000)
            .map(|n| judged(uid(1_700_000_000, n), &[]))
            .collect();
        store.commit(&sent(), "key", &batch).unwrap();
        let sql = "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size";
        let size: i64 = store
            .connection
            .query_row(sql, [], |row| row.get(0))
            .unwrap();
        assert!(size / 20_000 < 40, "{size} bytes for 20,000 messages");
    }
}
