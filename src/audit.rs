//! The run: accounts, connections, judges, one writer, accounting.

mod accounting;
mod accounts;
mod again;
mod begun;
mod budget;
pub mod check;
mod documents;
mod evidence;
mod explain;
mod fetching;
mod files;
pub mod history;
mod interrupt;
mod judging;
mod known;
mod line;
mod mood;
mod patience;
mod pipeline;
mod progress;
pub mod purge;
mod questions;
mod quiet;
mod record;
pub mod review;
mod roster;
mod scan;
#[cfg(test)]
mod sequences;
#[cfg(test)]
mod tests;
pub mod verify;
mod writer;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use jiff::civil::Date;

use crate::config::Settings;
use crate::detect::examples::Unproven;
use crate::document::Reader;
use crate::mailbox::Window;
use crate::query::QueryError;
use crate::report::{Audience, Dialect, Format, ReportError, ReportSettings, Summary};
use crate::source::SourceError;
use crate::store::{RunRecord, StoreError};

use begun::Begun;
use evidence::Originals;
use judging::{Bench, RosterJudging};
use progress::{Progress, Units};

pub use again::{AgainOptions, report};
pub use explain::{ExplainOptions, Explained, explain};
pub use interrupt::stop_on_interrupt;
pub use progress::AboveBars;
pub use questions::Questions;
pub use scan::scan;

/// How the work is conducted, whatever the mail comes from; but for `documents`, nothing here changes a report.
#[derive(Debug, Clone)]
pub struct Conduct {
    /// Threads that judge; `None` for as many as there are cores.
    pub threads: Option<usize>,
    /// Judged messages per transaction.
    pub batch: usize,
    /// Whether progress is shown on standard error (bars on a terminal, lines otherwise).
    pub progress: bool,
    /// As typed, for the manifest.
    pub command_line: Vec<String>,
    /// Opens office files and PDF where they matter; without one they are listed as not opened.
    pub documents: Option<Arc<Reader>>,
    /// Set by Ctrl-C ([`stop_on_interrupt`]): end cleanly, list the rest as `not-reached`.
    pub stop: Arc<AtomicBool>,
}

impl Default for Conduct {
    fn default() -> Self {
        Self {
            threads: None,
            batch: 500,
            progress: false,
            command_line: Vec::new(),
            documents: None,
            stop: Arc::default(),
        }
    }
}

/// What a run over IMAP needs beyond the configuration.
#[derive(Debug, Clone, Default)]
pub struct RunOptions {
    /// Only these custodians (globs on id or login, any case); empty means all.
    pub custodians: Vec<String>,
    /// Replaces the window around the last day.
    pub window: Option<Window>,
    /// Which queries.
    pub questions: Questions,
    /// Judge again what was judged before.
    pub full: bool,
    /// `None` keeps no store.
    pub store: Option<PathBuf>,
    /// How the work is conducted.
    pub conduct: Conduct,
}

/// What a scan of files needs; with a configuration its organisation, roster, clients and queries hold too.
#[derive(Debug, Clone, Default)]
pub struct ScanOptions {
    /// Maildirs, mbox files, message files, or directories of them.
    pub paths: Vec<PathBuf>,
    /// The organisation's domains; empty for the configuration's, else for each From's own.
    pub org_domains: Vec<String>,
    /// The custodian's addresses, the main one first; empty takes each message's From.
    pub owners: Vec<String>,
    /// Last day of employment of whoever is scanned; the window lies around it.
    pub last_day: Option<Date>,
    /// Region for numbers without a country code (ISO 3166-1 alpha-2); `None` for the configuration's.
    pub region: Option<String>,
    /// Replaces the window around the last day.
    pub window: Option<Window>,
    /// Which queries.
    pub questions: Questions,
    /// `None` keeps no store.
    pub store: Option<PathBuf>,
    /// How the work is conducted.
    pub conduct: Conduct,
}

/// What to report, and where.
#[derive(Debug, Clone)]
pub struct ReportChoice {
    /// The directory; `None` for `reports/<run id>` (the configuration's report directory, if there is one).
    pub out: Option<PathBuf>,
    /// In which formats.
    pub formats: Vec<Format>,
    /// How careful cells are.
    pub dialect: Dialect,
    /// Which findings.
    pub audience: Audience,
    /// `,` `;` or tab.
    pub separator: u8,
    /// Ids of the queries whose findings are shown; empty for those of the run.
    pub queries: Vec<String>,
    /// The matter that the report belongs to, for the manifest; empty for none.
    pub matter: String,
    /// Whether contact data and text are masked, for wider circulation.
    pub redact: bool,
    /// Whether the messages themselves are saved with the report.
    pub evidence: bool,
}

impl ReportChoice {
    /// What the configuration and this choice say of a report; where it goes, and of whom it tells, is for the caller.
    fn settings(&self, settings: Option<&Settings>) -> ReportSettings {
        ReportSettings {
            directory: PathBuf::new(),
            formats: self.formats.clone(),
            dialect: self.dialect,
            separator: self.separator,
            audience: self.audience,
            custodians: Vec::new(),
            roster: settings.map(|s| s.custodians.clone()).unwrap_or_default(),
            organisation: settings.map(|s| s.organisation.clone()).unwrap_or_default(),
            clients: settings.and_then(|s| s.clients.clone()),
            privileged: settings.map(|s| s.privileged.clone()).unwrap_or_default(),
            protected: settings.map(|s| s.protected.clone()).unwrap_or_default(),
            queries: self.queries.clone(),
            matter: self.matter.clone(),
            redact: self.redact,
            command_line: Vec::new(),
            today: None,
        }
    }
}

impl Default for ReportChoice {
    fn default() -> Self {
        Self {
            out: None,
            formats: Format::ALL.to_vec(),
            dialect: Dialect::Excel,
            audience: Audience::External,
            separator: b',',
            queries: Vec::new(),
            matter: String::new(),
            redact: false,
            evidence: false,
        }
    }
}

/// How it came out, for the closing summary and the exit status.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Outcome {
    /// What the report says.
    pub summary: Summary,
    /// Who, when, with what; `interrupted` tells whether the end came early.
    pub run: RunRecord,
    /// Scanned messages of other authors than `--owner`.
    pub not_owner: u64,
    /// Octets that came over the wire or from disk.
    pub bytes_fetched: u64,
    /// Wall time, report included.
    pub seconds: f64,
    /// The last hash of the store's audit trail; none without a store.
    pub trail_head: Option<String>,
}

/// Why a run as a whole could not be done.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// The arguments name nothing that there is (exit status 2; nothing was read).
    #[error("{0}")]
    Usage(String),
    /// A query file cannot be used (exit status 2; nothing was read).
    #[error(transparent)]
    Query(#[from] QueryError),
    /// A stable query does not hold its own examples (exit status 2; nothing was read).
    #[error(transparent)]
    Unproven(#[from] Unproven),
    /// A path to scan cannot be used (exit status 2; nothing was read).
    #[error(transparent)]
    Source(#[from] SourceError),
    /// No report can be written there (exit status 2; nothing was read).
    #[error(transparent)]
    Unwritable(ReportError),
    /// Writing the report failed at the end (exit status 4; the store keeps what was done).
    #[error(transparent)]
    Report(ReportError),
    /// The store cannot be used (exit status 75 if [`StoreError::Locked`], else 4).
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A temporary file could not be written (exit status 4).
    #[error("cannot write a temporary file: is the disk full, or TMPDIR wrong?")]
    Temporary(#[source] std::io::Error),
    /// The machine gave no threads (exit status 4).
    #[error(
        "cannot start the threads that a run needs: raise the limit of processes, or audit fewer servers at a time"
    )]
    Threads(#[source] std::io::Error),
}

/// Audits the roster's accounts over IMAP and writes the report.
///
/// # Errors
/// What concerns the run as a whole; a custodian, mailbox or message that fails is a row in the report.
pub fn run(
    settings: &Settings,
    options: &RunOptions,
    report: &ReportChoice,
) -> Result<Outcome, AuditError> {
    let chosen = check::chosen(&settings.accounts, &options.custodians)?;
    let judge = options.questions.judge(&settings.queries)?;
    let window = options.window.as_ref().map_or_else(
        || {
            format!(
                "{}d before, {}d after the last day",
                settings.window_before, settings.window_after
            )
        },
        record::dates,
    );
    let record = record::begin(
        "run",
        &options.conduct.command_line,
        judge.queries(),
        Some(settings),
        window,
    );
    let queues = roster::queues(settings, &chosen, options, &judge)?;
    let accounts = queues.iter().map(|queue| queue.jobs.len() as u64).sum();
    let judging = Arc::new(RosterJudging {
        bench: Bench {
            judge,
            documents: options.conduct.documents.clone(),
        },
        organisation: settings.organisation.clone(),
    });
    let mut begun = Begun::begin(
        record,
        judging.bench.judge.queries(),
        options.store.as_deref(),
        report,
        Some(settings),
    )?;
    roster::tell_again(begun.store(), &queues)?;
    let progress = Progress::new(options.conduct.progress, Units::Accounts, accounts);
    begun.work(judging, &options.conduct, progress, |scope, pipeline| {
        for queue in &queues {
            for _ in 0..queue.connections() {
                let pipeline = Arc::clone(pipeline);
                begun::spawn(scope, "imap", move || queue.work(&line::Imap, &pipeline))?;
            }
        }
        Ok(())
    })?;
    let filter = if options.custodians.is_empty() {
        Vec::new()
    } else {
        let ids: BTreeSet<_> = chosen.iter().map(|a| a.custodian.clone()).collect();
        ids.into_iter().collect()
    };
    begun.end(
        &options.conduct,
        ReportSettings {
            custodians: filter,
            command_line: options.conduct.command_line.clone(),
            ..report.settings(Some(settings))
        },
        report
            .evidence
            .then(|| Originals::of(Some(settings), &options.conduct)),
    )
}
