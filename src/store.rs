//! State that outlives a run, in `SQLite`: what was judged, what was found, what could not be judged. One thread writes.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::Connection;

use crate::detect::JudgementKey;
use crate::finding::Exception;
use crate::mailbox::MailboxId;

mod changes;
mod error;
mod exceptions;
mod ladders;
mod listings;
mod lock;
mod open;
mod place;
mod presence;
mod purge;
mod read;
mod records;
mod schema;
#[cfg(test)]
mod tests;
mod trail;
mod write;

pub use changes::{Changes, Regraded};
pub use error::StoreError;
pub use exceptions::exception_id;
pub use ladders::Rung;
pub use listings::LastListing;
use lock::RunLock;
pub use presence::Presence;
pub use records::{
    Coverage, CoverageStatus, Decision, Import, Judged, Otherwise, RunRecord, ServerSeen, Sighting,
    Standing, StandingException, evidence_digest,
};
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

impl Store {
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

    /// Remembers the ladder of a query, from the top, by the query's citation.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn keep_ladder(&mut self, query: &str, rungs: &[Rung]) -> Result<(), StoreError> {
        self.told(ladders::keep(&self.connection, query, rungs))
    }

    /// The ladders of all queries that any run judged by, by citation; not of runs of older programs.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn ladders(&self) -> Result<BTreeMap<String, Vec<Rung>>, StoreError> {
        self.told(ladders::all(&self.connection))
    }

    /// UIDs of a mailbox that were judged under this UIDVALIDITY and need not be judged again under `key`: they were judged
    /// under it, or did not get past the same gate.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn judged_uids(
        &self,
        mailbox: &MailboxId,
        uidvalidity: u32,
        key: &JudgementKey,
    ) -> Result<BTreeSet<u32>, StoreError> {
        self.told(read::judged_uids(
            &self.connection,
            mailbox,
            uidvalidity,
            key,
        ))
    }

    /// What a server's mailbox held when a run listed it last.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn last_listing(&self, mailbox: &MailboxId) -> Result<Option<LastListing>, StoreError> {
        self.told(listings::last(&self.connection, mailbox))
    }

    /// Remembers what a server's mailbox holds, in the place of what it held before.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn keep_listing(
        &mut self,
        mailbox: &MailboxId,
        listing: &LastListing,
    ) -> Result<(), StoreError> {
        let done = listings::keep(&mut self.connection, mailbox, listing);
        self.told(done)
    }

    /// Commits a batch of judged messages: that they were judged and what was found, in one transaction. Judging a message again
    /// replaces what was found in it before. Identical messages share their findings (`copies` counts the places).
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn commit(
        &mut self,
        mailbox: &MailboxId,
        key: &JudgementKey,
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

    /// Of a custodian's messages, those that were judged, but not under `key`.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn judged_otherwise(
        &self,
        custodian: &str,
        key: &JudgementKey,
    ) -> Result<Otherwise, StoreError> {
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

    fn told<T>(&self, result: rusqlite::Result<T>) -> Result<T, StoreError> {
        result.map_err(|source| StoreError::Sqlite {
            path: self.path.clone(),
            source,
        })
    }
}
