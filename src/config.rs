//! `audit.toml`, the roster and the client list: read, validated, resolved. Everything after this is sound.

use std::path::{Path, PathBuf};

use crate::mailbox::{Account, Custodian, Organisation, Window};
use crate::report::Client;
use crate::source::imap::ServerSettings;

/// A configuration in which everything was checked.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The file.
    pub path: PathBuf,
    /// Its SHA-256.
    pub sha256: String,
    /// Whose mail.
    pub organisation: Organisation,
    /// The client list, if one is named.
    pub clients: Option<Vec<Client>>,
    /// Lawyers' domains.
    pub privileged: Vec<String>,
    /// Works council, union, company doctor.
    pub protected: Vec<String>,
    /// The roster's custodians, in its order.
    pub custodians: Vec<Custodian>,
    /// The roster's SHA-256.
    pub roster_sha256: String,
    /// Their accounts.
    pub accounts: Vec<Account>,
    /// By name.
    pub servers: Vec<ServerSettings>,
    /// `audit.mailboxes`.
    pub mailboxes: Vec<String>,
    /// Days before the last day.
    pub window_before: i32,
    /// Days after it.
    pub window_after: i32,
    /// Query files or directories; empty for the built-in ones.
    pub queries: Vec<PathBuf>,
    /// The store.
    pub store: PathBuf,
    /// Where reports go.
    pub report_directory: PathBuf,
    /// `,` `;` or tab.
    pub csv_separator: u8,
}

/// A configuration that cannot be used; names file, line and key, and says what to do.
#[derive(Debug, thiserror::Error)]
#[error("{problem}")]
pub struct ConfigError {
    /// For people, complete.
    pub problem: String,
}

impl Settings {
    /// Reads and validates everything; opens no connection.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn load(_path: &Path) -> Result<Self, ConfigError> {
        todo!()
    }

    /// The days to audit for a custodian.
    #[must_use]
    pub fn window(&self, _custodian: &Custodian) -> Window {
        todo!()
    }
}
