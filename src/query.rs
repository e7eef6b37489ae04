//! Query files: which phrases and patterns make a finding, as data that a compliance desk can read, change and test.

use std::path::{Path, PathBuf};

/// Queries that passed their own examples' syntax, ready to be compiled into a judge.
#[derive(Debug, Clone)]
pub struct QuerySet {}

/// A query file that cannot be used; names file, line and key.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    /// The file could not be read.
    #[error("cannot read the query file {}", path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file's content is wrong.
    #[error("{}: {problem}", path.display())]
    Invalid {
        /// Which file.
        path: PathBuf,
        /// What is wrong, with line and key.
        problem: String,
    },
}

impl QuerySet {
    /// The queries that the program carries.
    ///
    /// # Errors
    /// Only if a built-in file is broken, which the tests exclude.
    pub fn builtin() -> Result<Self, QueryError> {
        todo!()
    }

    /// Reads query files, or directories of `*.toml`.
    ///
    /// # Errors
    /// A file that cannot be read or used.
    pub fn load(_paths: &[impl AsRef<Path>]) -> Result<Self, QueryError> {
        todo!()
    }

    /// `id@version+digest8` of every query, sorted.
    #[must_use]
    pub fn citations(&self) -> Vec<String> {
        todo!()
    }

    /// Lower-case hexadecimal SHA-256 over all queries.
    #[must_use]
    pub fn digest(&self) -> String {
        todo!()
    }
}
