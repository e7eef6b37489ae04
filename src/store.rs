//! SQLite: what was judged, what was found, what could not be judged. One thread writes.

use std::collections::BTreeSet;
use std::path::Path;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::finding::{Exception, Finding};
use crate::mailbox::{Locator, MailboxId};

/// The state of an audit.
pub struct Store {}

/// Why the store cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// SQLite says so.
    #[error("the store {path}: {source}")]
    Sqlite {
        /// Which file.
        path: String,
        /// Why.
        source: rusqlite::Error,
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

/// How a mailbox came out; the words of `coverage.csv`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CoverageStatus {
    /// Every message in the window was judged.
    Complete,
    /// Nothing new since the last run.
    Unchanged,
    /// Some messages could not be judged.
    Partial,
    /// The account or mailbox could not be read.
    Failed,
    /// The run ended first.
    NotReached,
}

/// One row of `coverage.csv`. `in_window = judged + judged_before + exceptions` always holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Coverage {
    /// Which mailbox; `mailbox` is empty for an account that failed.
    pub mailbox: MailboxId,
    /// Why it was chosen.
    pub chosen_by: String,
    /// Whether it was opened read-only, as the server confirmed; `None` if it was never opened.
    pub read_only: Option<bool>,
    /// UIDVALIDITY; `None` for files.
    pub uidvalidity: Option<u32>,
    /// Messages there.
    pub messages: u64,
    /// Of them in the window.
    pub in_window: u64,
    /// Judged in this run.
    pub judged: u64,
    /// Judged in earlier runs, under the same key.
    pub judged_before: u64,
    /// Messages in the window that could not be judged.
    pub exceptions: u64,
    /// Messages judged of which an attachment could not be read.
    pub partly_read: u64,
    /// Scanned messages of other authors than `--owner`; 0 over IMAP. Not a column: told in the summary.
    pub not_owner: u64,
    /// Octets that came over the wire (or from disk).
    pub bytes_fetched: u64,
    /// Octets of the messages as stored.
    pub bytes_stored: u64,
    /// Wall time.
    pub seconds: f64,
    /// Of it spent waiting because the server asked for it.
    pub throttled_seconds: f64,
    /// How it came out.
    pub status: CoverageStatus,
}

/// A message that was judged, with what was found in it.
#[derive(Debug, Clone)]
pub struct Judged {
    /// Where it lies.
    pub locator: Locator,
    /// `Date`, else INTERNALDATE.
    pub sent_at: Option<Timestamp>,
    /// Usually none.
    pub findings: Vec<Finding>,
    /// Attachments that could not be read: rows in `exceptions.csv`, stage `attachment`.
    pub partly: Vec<Exception>,
}

/// What is known about a run; fills `manifest.json`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct RunRecord {
    /// `20261123T141500Z-4f2a`: sorts by time, unique.
    pub id: String,
    /// Program version.
    pub program_version: String,
    /// `run`, `scan`, `demo`.
    pub command: String,
    /// The command line, as typed.
    pub command_line: Vec<String>,
    /// Login name of who ran it.
    pub operator: String,
    /// Host name.
    pub host: String,
    /// When it began.
    pub started: Option<Timestamp>,
    /// When it ended.
    pub finished: Option<Timestamp>,
    /// `id@version+digest8` of each query.
    pub queries: Vec<String>,
    /// SHA-256 of the configuration file; empty without one.
    pub configuration_sha256: String,
    /// SHA-256 of the roster; empty without one.
    pub roster_sha256: String,
    /// Servers, with the fingerprints of their certificates.
    pub servers: Vec<ServerSeen>,
    /// The window as told (`180d before, 60d after the last day`, or two dates).
    pub window: String,
    /// Whether Ctrl-C or a signal ended it.
    pub interrupted: bool,
}

/// A server that a run spoke to.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ServerSeen {
    /// Section name.
    pub name: String,
    /// `host:port`.
    pub address: String,
    /// SHA-256 of the certificate (DER), lower-case hexadecimal.
    pub certificate_sha256: String,
}

impl Store {
    /// Opens or creates a store for a run and locks it against other runs. File mode 0600.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn open(_path: &Path) -> Result<Self, StoreError> {
        todo!()
    }

    /// A store that is forgotten at the end.
    ///
    /// # Errors
    /// Practically none.
    pub fn in_memory() -> Result<Self, StoreError> {
        todo!()
    }

    /// Begins a run. Coverage rows and exceptions belong to it.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn begin_run(&mut self, _run: &RunRecord) -> Result<(), StoreError> {
        todo!()
    }

    /// UIDs of a mailbox that were judged under `key` and this UIDVALIDITY.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn judged_uids(
        &self,
        _mailbox: &MailboxId,
        _uidvalidity: u32,
        _key: &str,
    ) -> Result<BTreeSet<u32>, StoreError> {
        todo!()
    }

    /// Commits a batch of judged messages: that they were judged and what was found, in one transaction. Judging a message again
    /// replaces what was found in it before. Identical messages share their findings (`copies` counts the places).
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn commit(
        &mut self,
        _mailbox: &MailboxId,
        _key: &str,
        _judged: &[Judged],
    ) -> Result<(), StoreError> {
        todo!()
    }

    /// Adds exceptions of this run.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn add_exceptions(&mut self, _exceptions: &[Exception]) -> Result<(), StoreError> {
        todo!()
    }

    /// Writes a mailbox's coverage row (at its end).
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn set_coverage(&mut self, _coverage: &Coverage) -> Result<(), StoreError> {
        todo!()
    }

    /// Ends the run.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn finish_run(&mut self, _run: &RunRecord) -> Result<(), StoreError> {
        todo!()
    }
}
