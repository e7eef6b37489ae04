//! What the store takes and gives: judged messages, coverage, runs, and what stands of them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

#[cfg(doc)]
use super::exception_id;
use crate::finding::{Exception, Finding, hexadecimal};
use crate::mailbox::{Locator, MailboxId};

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
    /// Whose it is, where the mailbox does not tell: in files.
    pub custodian: Option<String>,
    /// `Date`, else INTERNALDATE.
    pub sent_at: Option<Timestamp>,
    /// The Message-ID, if it has one.
    pub message_id: String,
    /// Usually none.
    pub findings: Vec<Finding>,
    /// Whether it got past the gate: then another judgement key may make something else of it.
    pub is_gated: bool,
    /// Attachments that could not be read: rows in `exceptions.csv`, stage `attachment`.
    pub partly: Vec<Exception>,
}

/// Messages that were judged under another key than the one that holds now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Otherwise {
    /// All of them.
    pub messages: u64,
    /// Those that have to be judged again: the others did not get past the gate, and would not now.
    pub again: u64,
}

/// Where a finding was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sighting {
    /// In which mailbox.
    pub mailbox: MailboxId,
    /// Where in it.
    pub locator: Locator,
}

/// A finding as it stands, whichever run found it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// As the first of its copies has it, with the earliest time of all.
    pub finding: Finding,
    /// Id of the run that found it first.
    pub first_seen: String,
    /// Whether it is no longer in any of the places where it was seen.
    pub gone: bool,
    /// Every copy, ordered by mailbox and place; at least one.
    pub sightings: Vec<Sighting>,
    /// The last decision on it.
    pub decision: Option<Decision>,
}

/// An exception as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StandingException {
    /// [`exception_id`].
    pub id: String,
    /// What could not be judged.
    pub exception: Exception,
    /// In how many runs it was tried, at least 1.
    pub attempts: u64,
    /// The last decision on it.
    pub decision: Option<Decision>,
}

/// What a reviewer decided of a finding or an exception.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Decision {
    /// The `review_status` column; `accepted` for an exception.
    pub status: String,
    /// The `review_note` column.
    pub note: String,
    /// The `reviewer` column.
    pub reviewer: String,
    /// The `reviewed_on` column: an ISO 8601 date, or empty.
    pub reviewed_on: String,
    /// [`evidence_digest`] of the finding on which it was decided; empty for an exception.
    pub evidence: String,
}

/// Where decisions came from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Import {
    /// When.
    pub at: Timestamp,
    /// Login name of who imported them.
    pub operator: String,
    /// SHA-256 of the file.
    pub source_sha256: String,
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

impl Coverage {
    /// Whether every message in the window is accounted for.
    #[must_use]
    pub fn adds_up(&self) -> bool {
        self.in_window == self.judged + self.judged_before + self.exceptions
    }
}

impl RunRecord {
    /// The ids of its queries: what stands before the `@`.
    #[must_use]
    pub fn query_ids(&self) -> Vec<String> {
        self.queries
            .iter()
            .map(|query| query.split('@').next().unwrap_or(query).to_owned())
            .collect()
    }
}

/// Digest of what a reviewer judges a finding by: verdict, notice, successor and contact data. A decision on another
/// digest has to be looked at again.
///
/// # Panics
/// Never: what is digested can always be written as JSON.
#[must_use]
pub fn evidence_digest(finding: &Finding) -> String {
    let said = &finding.conclusion;
    let evidence = (said.verdict, &said.notice, &said.successor, &said.contacts);
    let text = serde_json::to_string(&evidence).expect("words, strings and numbers are valid JSON");
    hexadecimal(&Sha256::digest(text))
}
