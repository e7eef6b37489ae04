//! What a run and a scan have in common: a store and a directory made sure of first, a report at the end.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::{self, Scope};
use std::time::Instant;

use jiff::Timestamp;

use super::evidence::Originals;
use super::pipeline::{Judging, Pipeline};
use super::progress::Progress;
use super::quiet;
use super::writer::{Tally, Writer};
use super::{AuditError, Conduct, Outcome, ReportChoice};
use crate::config::Settings;
use crate::query::QuerySet;
use crate::report::{self, ReportSettings};
use crate::store::{RunRecord, Rung, Store};

/// An audit under way.
pub(super) struct Begun {
    record: RunRecord,
    store: Store,
    directory: PathBuf,
    /// Whether the store outlives the run.
    is_kept: bool,
    since: Instant,
    pub(super) tally: Tally,
}

impl Begun {
    /// Makes sure, before anything is read, that the report can be written and the store be used.
    pub(super) fn begin(
        record: RunRecord,
        queries: &QuerySet,
        store: Option<&Path>,
        report: &ReportChoice,
        settings: Option<&Settings>,
    ) -> Result<Self, AuditError> {
        let since = Instant::now();
        let directory = report.out.clone().unwrap_or_else(|| {
            let reports = settings.map_or(Path::new("reports"), |s| s.report_directory.as_path());
            reports.join(&record.id)
        });
        report::prepare(&directory).map_err(AuditError::Unwritable)?;
        let is_kept = store.is_some();
        let mut store = match store {
            Some(path) => Store::open(path)?,
            None => Store::in_memory()?,
        };
        store.begin_run(&record)?;
        for query in &queries.queries {
            let rungs: Vec<_> = query.patterns.iter().map(Rung::from).collect();
            store.keep_ladder(&query.citation(), &rungs)?;
        }
        store.note("run-begun", &record.id, &record.configuration_sha256)?;
        tracing::info!(run = record.id, command = record.command, "the run begins");
        Ok(Self {
            record,
            store,
            directory,
            is_kept,
            since,
            tally: Tally::default(),
        })
    }

    /// The store, before the work begins.
    pub(super) fn store(&self) -> &Store {
        &self.store
    }

    /// As the free function [`work`].
    pub(super) fn work<'env>(
        &mut self,
        judging: Arc<dyn Judging>,
        conduct: &Conduct,
        progress: Progress,
        sources: impl for<'scope> FnOnce(&'scope Scope<'scope, 'env>, &Arc<Pipeline>) -> io::Result<()>,
    ) -> Result<(), AuditError> {
        self.tally = work(&mut self.store, judging, conduct, progress, sources)?;
        Ok(())
    }

    /// Writes the report.
    pub(super) fn end(
        mut self,
        conduct: &Conduct,
        settings: ReportSettings,
        mut originals: Option<Originals<'_>>,
    ) -> Result<Outcome, AuditError> {
        self.record.interrupted = conduct.stop.load(Ordering::Relaxed);
        self.record.servers = self.tally.servers.iter().cloned().collect();
        self.record.finished = Some(Timestamp::now());
        self.store.finish_run(&self.record)?;
        let settings = ReportSettings {
            directory: self.directory,
            ..settings
        };
        let messages = originals.as_mut().map(|o| o as &mut dyn report::Messages);
        let summary = report::write(&self.store, &self.record, &settings, messages)
            .map_err(AuditError::Report)?;
        let head = self
            .store
            .note("run", &self.record.id, &summary.manifest_sha256)?;
        tracing::info!(
            run = self.record.id,
            incomplete = summary.incomplete,
            "the run ends"
        );
        Ok(Outcome {
            summary,
            run: self.record,
            not_owner: self.tally.not_owner,
            bytes_fetched: self.tally.bytes_fetched,
            seconds: self.since.elapsed().as_secs_f64(),
            trail_head: self.is_kept.then_some(head),
        })
    }
}

/// Lets `sources` start their threads and works until they and the judges are through.
pub(super) fn work<'env>(
    store: &mut Store,
    judging: Arc<dyn Judging>,
    conduct: &Conduct,
    progress: Progress,
    sources: impl for<'scope> FnOnce(&'scope Scope<'scope, 'env>, &Arc<Pipeline>) -> io::Result<()>,
) -> Result<Tally, AuditError> {
    let (pipeline, brake, events) =
        Pipeline::start(judging, conduct.threads, Arc::clone(&conduct.stop))
            .map_err(|error| AuditError::Threads(io::Error::other(error)))?;
    let pipeline = Arc::new(pipeline);
    let writer = Writer::new(store, conduct, progress);
    thread::scope(|scope| {
        let started = sources(scope, &pipeline).map_err(AuditError::Threads);
        if started.is_err() {
            brake.pull();
        }
        // The events end with the last thread that holds the pipeline.
        drop(pipeline);
        let worked = writer.work(&events);
        if worked.is_err() {
            brake.pull();
        }
        // Whoever waits for an answer learns that none will come.
        drop(events);
        started?;
        Ok(worked?)
    })
}

/// Starts a source's thread; its panics are caught where they cost least, and never printed.
pub(super) fn spawn<'scope>(
    scope: &'scope Scope<'scope, '_>,
    name: &str,
    work: impl FnOnce() + Send + 'scope,
) -> io::Result<()> {
    let name = format!("{}{name}", quiet::THREAD_PREFIX);
    thread::Builder::new()
        .name(name)
        .spawn_scoped(scope, work)
        .map(|_| ())
}
