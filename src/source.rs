//! Where mail comes from: IMAP servers, Maildirs, mbox files and single messages.

pub mod files;
pub mod imap;

use crate::finding::Stage;

/// Why a source, or one message of it, could not be read.
#[derive(Debug, thiserror::Error)]
#[error("{detail}")]
pub struct SourceError {
    /// How far it got.
    pub stage: Stage,
    /// A stable word for scripts: `wrong-password`, `tls-name`, `unknown-ca`, `no-sent-mailbox`, `timeout`, …
    pub code: &'static str,
    /// What happened, for people; never a secret, never message text.
    pub detail: String,
    /// Whether trying again (at once, on a new connection) may help.
    pub retryable: bool,
    /// What to do, for people.
    pub what_to_do: String,
}
