//! `sent-audit report`: the reports again, from the store.

use std::path::{Path, PathBuf};

use super::arguments::{Loudness, ReportAgain};
use super::run::{command_line, finish, report_choice, store};
use super::status::{Failure, Status};
use crate::audit::{self, AgainOptions, ReportChoice};
use crate::config::Settings;

/// Writes them.
pub(super) fn report(typed: &ReportAgain, loudness: &Loudness) -> Result<Status, Failure> {
    let settings = settings(typed.config.as_deref(), typed.report.store.as_deref())?;
    let choice = ReportChoice {
        queries: typed.query.clone(),
        ..report_choice(&typed.report, settings.as_ref())?
    };
    let options = AgainOptions {
        store: stored(typed.report.store.as_deref(), settings.as_ref())?,
        custodians: typed.who.custodian.clone(),
        command_line: command_line(),
    };
    let outcome = audit::report(settings.as_ref(), &options, &choice)?;
    finish(&outcome, &typed.report, loudness)
}

/// The configuration that is named or lies here; none is needed where the store is named.
pub(super) fn settings(
    config: Option<&Path>,
    store: Option<&Path>,
) -> Result<Option<Settings>, Failure> {
    let usual = Path::new("audit.toml");
    match config {
        None if store.is_some() && !usual.exists() => Ok(None),
        config => Ok(Some(Settings::load(config.unwrap_or(usual))?)),
    }
}

/// The store that is named or configured.
pub(super) fn stored(
    typed: Option<&Path>,
    settings: Option<&Settings>,
) -> Result<PathBuf, Failure> {
    store(typed, settings)
        .ok_or_else(|| Failure::usage("--store none: this command works on a store, name its file"))
}
