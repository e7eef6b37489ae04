//! Why a store cannot be used.

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
