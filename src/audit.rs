//! The run: accounts, connections, judges, one writer, accounting.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use crate::config::Settings;
use crate::mailbox::Window;
use crate::report::{ReportSettings, Summary};

/// What a run over IMAP needs beyond the configuration.
#[derive(Debug, Clone)]
pub struct RunOptions {
    /// Only these custodians (globs on id or login); empty means all.
    pub custodians: Vec<String>,
    /// Replaces the window around the last day.
    pub window: Option<Window>,
    /// Threads that judge; `None` for as many as there are cores.
    pub threads: Option<usize>,
    /// `None` keeps no store.
    pub store: Option<PathBuf>,
    /// As typed, for the manifest.
    pub command_line: Vec<String>,
    /// Set by Ctrl-C: end cleanly, list the rest as `not-reached`.
    pub stop: Arc<AtomicBool>,
}
