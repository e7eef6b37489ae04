//! Where mail comes from: IMAP servers, Maildirs, mbox files and single messages.

pub mod files;
pub mod imap;
mod intake;

use std::ops::ControlFlow;

use crate::finding::Stage;

/// Why a source, or one message of it, could not be read.
#[derive(Debug, Clone, thiserror::Error)]
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

impl SourceError {
    /// An error that trying again does not mend.
    pub(crate) fn new(
        stage: Stage,
        code: &'static str,
        detail: impl Into<String>,
        what_to_do: impl Into<String>,
    ) -> Self {
        Self {
            stage,
            code,
            detail: detail.into(),
            retryable: false,
            what_to_do: what_to_do.into(),
        }
    }

    /// The same error, but worth another try on a new connection.
    pub(crate) fn worth_retrying(mut self) -> Self {
        self.retryable = true;
        self
    }
}

/// Receives messages in pieces, so that none of them need fit into memory. `P` names a message's place.
pub trait Receiver<P> {
    /// A message begins. What came of one before that did not end is void.
    fn begin(&mut self);

    /// Its next octets. Break ends the reading at once.
    fn piece(&mut self, octets: &[u8]) -> ControlFlow<()>;

    /// All its octets have come, and it lies there. Break as above.
    fn end(&mut self, place: &P) -> ControlFlow<()>;
}
