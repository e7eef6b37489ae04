//! Mail on disk: Maildir, mbox (mboxrd and mboxo) and `.eml` files, found recursively and read one message at a time.

use std::path::{Path, PathBuf};

use super::SourceError;
use crate::mailbox::RawMessage;

/// What kind of store a path is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Format {
    /// A directory with `cur` and `new`.
    Maildir,
    /// One file with `From ` lines.
    Mbox,
    /// A directory's message files, or one such file.
    Eml,
}

/// One mailbox on disk: what gets one row in `coverage.csv`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct FileMailbox {
    /// The Maildir, the mbox file, the directory of message files, or the single message file.
    pub path: PathBuf,
    /// What it is.
    pub format: Format,
}

/// Finds every mailbox below the paths, sorted; symbolic links to directories are not followed twice.
///
/// # Errors
/// A path that does not exist or cannot be listed, or that holds no mail at all.
pub fn discover(_paths: &[impl AsRef<Path>]) -> Result<Vec<FileMailbox>, SourceError> {
    todo!()
}

/// Reads the messages in a stable order (by file name or position). One message that cannot be read is one `Err`, with its
/// locator; the rest goes on.
pub fn read(
    _mailbox: &FileMailbox,
) -> Box<
    dyn Iterator<Item = Result<RawMessage, (Option<crate::mailbox::Locator>, SourceError)>> + Send,
> {
    todo!()
}
