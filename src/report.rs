//! The store to files: what people review. Recipient status, audience, campaigns and follow-up are computed here.

use std::path::{Path, PathBuf};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::finding::Verdict;
use crate::mailbox::{Custodian, Organisation};
use crate::store::{RunRecord, Store};

/// What a client list says of an address or domain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ClientStatus {
    /// A client.
    Client,
    /// Not yet one.
    Prospect,
    /// No longer one.
    Former,
    /// A personal contact of the custodian.
    Personal,
}

/// One line of the client list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    /// An addr-spec or a domain, lower case.
    pub address_or_domain: String,
    /// The client's name.
    pub name: String,
    /// What it is.
    pub status: ClientStatus,
}

/// Whose messages are reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// At least one recipient on the client list, or recipients unknown.
    Clients,
    /// At least one recipient outside the organisation, or recipients unknown.
    External,
    /// Everything.
    All,
}

/// How careful cells are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// BOM, CRLF, cells that a spreadsheet could compute are made safe.
    Excel,
    /// No BOM, none of this.
    Plain,
}

/// What to write, and what is needed to compute it.
#[derive(Debug, Clone)]
pub struct ReportSettings {
    /// The directory; does not exist yet or is empty.
    pub directory: PathBuf,
    /// Cells.
    pub dialect: Dialect,
    /// `,` `;` or tab.
    pub separator: u8,
    /// Which findings.
    pub audience: Audience,
    /// Which custodians (ids); empty means all.
    pub custodians: Vec<String>,
    /// Everybody in the roster (or met in a scan).
    pub roster: Vec<Custodian>,
    /// The organisation; for a scan without `--org-domain` each From's own domain counts instead.
    pub organisation: Organisation,
    /// The client list.
    pub clients: Option<Vec<Client>>,
    /// Domains whose mail is only counted: lawyers.
    pub privileged: Vec<String>,
    /// Domains whose mail is only counted: works council, union, company doctor.
    pub protected: Vec<String>,
    /// Days of the report: today, for tests fixed.
    pub today: Option<Date>,
}

/// What was written, for the closing summary and the exit status.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Summary {
    /// Where.
    pub directory: PathBuf,
    /// Findings in the report by verdict, gravest first.
    pub findings: Vec<(Verdict, u64)>,
    /// Findings that `audience` left out.
    pub left_out: u64,
    /// Mailboxes by how they came out: complete or unchanged, partial, failed, not reached.
    pub mailboxes: [u64; 4],
    /// Sums of the coverage columns.
    pub in_window: u64,
    /// Judged in this run.
    pub judged: u64,
    /// Judged before.
    pub judged_before: u64,
    /// Messages that could not be judged.
    pub exceptions: u64,
    /// Client addresses reached by a notice.
    pub clients: u64,
    /// Of them without anyone to turn to.
    pub clients_without_successor: u64,
    /// Whether something could not be judged and nobody has accepted that: exit status 3.
    pub incomplete: bool,
}

/// Why no report was written; nothing half-written is left.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// A file could not be written.
    #[error("cannot write {path}", path = path.display())]
    Write {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The directory has something in it.
    #[error("the report directory {} is not empty: name another with --out", .0.display())]
    NotEmpty(PathBuf),
    /// The store could not be read.
    #[error(transparent)]
    Store(#[from] crate::store::StoreError),
}

/// Checks, before anything is read, that a report can be written there.
///
/// # Errors
/// [`ReportError::NotEmpty`], or a parent that cannot be written.
pub fn prepare(_directory: &Path) -> Result<(), ReportError> {
    todo!()
}

/// Writes the report directory, whole or not at all; directory 0700, files 0600.
///
/// # Errors
/// [`ReportError`].
pub fn write(
    _store: &Store,
    _run: &RunRecord,
    _settings: &ReportSettings,
) -> Result<Summary, ReportError> {
    todo!()
}
