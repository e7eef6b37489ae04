//! The reports again from the store: no server is asked, and a run that holds the store is not waited for.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Instant;

use globset::{GlobBuilder, GlobMatcher};
use jiff::Timestamp;

use super::{AuditError, Outcome, ReportChoice, record};
use crate::config::Settings;
use crate::query::QuerySet;
use crate::report::{self, ReportSettings};
use crate::store::{RunRecord, Store, StoreError};

/// Which store, and of whom to tell.
#[derive(Debug, Clone, Default)]
pub struct AgainOptions {
    /// The store.
    pub store: PathBuf,
    /// Only these custodians (globs on id or login, any case); empty means all.
    pub custodians: Vec<String>,
    /// As typed, for the manifest.
    pub command_line: Vec<String>,
}

/// Writes a report of what stands in the store, as the last run would have written it with the lists of today.
///
/// # Errors
/// A store that is not there, a directory that cannot be written.
pub fn report(
    settings: Option<&Settings>,
    options: &AgainOptions,
    choice: &ReportChoice,
) -> Result<Outcome, AuditError> {
    let since = Instant::now();
    let mut store = open(&options.store)?;
    let mut run = last_run(&store, &options.store)?;
    // A run that is under way, or was killed, has not shown everything yet.
    run.interrupted |= run.finished.is_none();
    let custodians = custodians(&store, settings, &options.custodians)?;
    let queries = queries(&store, settings, &choice.queries)?;
    let id = record::new_id(Timestamp::now());
    let directory = choice.out.clone().unwrap_or_else(|| {
        let reports = settings.map_or(Path::new("reports"), |s| s.report_directory.as_path());
        reports.join(&id)
    });
    report::prepare(&directory).map_err(AuditError::Unwritable)?;
    let settings = ReportSettings {
        directory,
        custodians,
        queries,
        command_line: options.command_line.clone(),
        ..choice.settings(settings)
    };
    let summary = report::write(&store, &run, &settings, None).map_err(AuditError::Report)?;
    let head = store.note("report", &id, &summary.manifest_sha256)?;
    Ok(Outcome {
        summary,
        run,
        trail_head: Some(head),
        seconds: since.elapsed().as_secs_f64(),
        ..Outcome::default()
    })
}

/// A store that must be there, opened beside whatever run holds it.
pub(super) fn open(path: &Path) -> Result<Store, AuditError> {
    must_be_there(path)?;
    Ok(Store::open_beside_runs(path)?)
}

/// A store that is only now created would look like one in which nothing was ever found.
fn must_be_there(path: &Path) -> Result<(), AuditError> {
    if path.exists() {
        return Ok(());
    }
    Err(AuditError::Usage(format!(
        "there is no store {}: it is written by `sent-audit run`; name another with --store",
        path.display()
    )))
}

fn last_run(store: &Store, path: &Path) -> Result<RunRecord, AuditError> {
    store.last_run()?.ok_or_else(|| {
        AuditError::Usage(format!(
            "the store {} knows of no run: there is nothing to report yet",
            path.display()
        ))
    })
}

/// The queries whose findings are shown: those that were named, else those that are configured, whatever the last run was
/// narrowed to.
fn queries(
    store: &Store,
    settings: Option<&Settings>,
    named: &[String],
) -> Result<Vec<String>, AuditError> {
    if named.is_empty() {
        let configured = settings.map(|s| QuerySet::load(&s.queries)).transpose()?;
        let queries = configured.into_iter().flat_map(|set| set.queries);
        return Ok(queries.map(|query| query.id).collect());
    }
    let runs = store.runs()?;
    let known: BTreeSet<String> = runs.iter().flat_map(RunRecord::query_ids).collect();
    match named.iter().find(|name| !known.contains(*name)) {
        None => Ok(named.to_vec()),
        Some(unknown) => Err(AuditError::Usage(format!(
            "--query {unknown}: no run of this store judged by it; there are: {}",
            known.into_iter().collect::<Vec<_>>().join(", ")
        ))),
    }
}

/// The ids that the globs name, on the roster or in the store: whoever left the roster can still be reported.
pub(super) fn custodians(
    store: &Store,
    settings: Option<&Settings>,
    globs: &[String],
) -> Result<Vec<String>, AuditError> {
    let mut ids = BTreeSet::new();
    for glob in globs {
        let named = named(store, settings, &matcher(glob)?)?;
        if named.is_empty() {
            return Err(AuditError::Usage(format!(
                "--custodian {glob} names nobody on the roster or in the store"
            )));
        }
        ids.extend(named);
    }
    Ok(ids.into_iter().collect())
}

fn named(
    store: &Store,
    settings: Option<&Settings>,
    matcher: &GlobMatcher,
) -> Result<BTreeSet<String>, StoreError> {
    let accounts = settings.iter().flat_map(|s| &s.accounts);
    let on_roster = accounts
        .filter(|a| matcher.is_match(&a.custodian) || matcher.is_match(&a.login))
        .map(|a| a.custodian.clone());
    let known = store.custodians()?;
    let stored = known.into_iter().filter(|id| matcher.is_match(id));
    Ok(on_roster.chain(stored).collect())
}

pub(super) fn matcher(glob: &str) -> Result<GlobMatcher, AuditError> {
    GlobBuilder::new(glob)
        .case_insensitive(true)
        .build()
        .map(|glob| glob.compile_matcher())
        .map_err(|error| AuditError::Usage(format!("--custodian {glob}: {}", error.kind())))
}
