//! `run`, `scan` and `demo`: what was typed, resolved against the configuration.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use super::arguments::{
    self, AudienceTyped, Dates, Demo, DialectTyped, Loudness, Report, Run, Scan,
};
use super::status::{self, Failure, Status};
use super::summary;
use super::summary_json;
use super::terminal::{Terminal, say};
use crate::audit::{self, Conduct, Outcome, Questions, ReportChoice, RunOptions, ScanOptions};
use crate::config::Settings;
use crate::demo::{self, DemoOptions};
use crate::document::Reader;
use crate::mailbox::Window;
use crate::report::{Audience, Dialect, Format};

/// `sent-audit run`.
pub(super) fn run(typed: &Run, loudness: &Loudness) -> Result<Status, Failure> {
    let settings = Settings::load(&typed.config)?;
    require_roster(&settings)?;
    let report = ReportChoice {
        evidence: typed.evidence.evidence,
        ..report_choice(&typed.report, Some(&settings))?
    };
    let options = RunOptions {
        custodians: typed.who.custodian.clone(),
        window: window(&typed.window)?,
        questions: questions(&typed.questions),
        full: typed.full,
        store: store(typed.report.store.as_deref(), Some(&settings)),
        conduct: conduct(typed.showing.no_progress, loudness)?,
    };
    let outcome = audit::run(&settings, &options, &report)?;
    finish(&outcome, &typed.report, loudness)
}

/// `sent-audit scan`.
pub(super) fn scan(typed: &Scan, loudness: &Loudness) -> Result<Status, Failure> {
    let settings = typed.config.as_deref().map(Settings::load).transpose()?;
    let report = ReportChoice {
        evidence: typed.evidence.evidence,
        ..report_choice(&typed.report, settings.as_ref())?
    };
    let options = ScanOptions {
        paths: typed.paths.clone(),
        org_domains: typed.org_domain.clone(),
        owners: typed.owner.clone(),
        last_day: typed.last_day,
        region: typed.region.clone(),
        window: window(&typed.window)?,
        questions: questions(&typed.questions),
        store: store(typed.report.store.as_deref(), settings.as_ref()),
        conduct: conduct(typed.showing.no_progress, loudness)?,
    };
    let outcome = audit::scan(settings.as_ref(), &options, &report)?;
    finish(&outcome, &typed.report, loudness)
}

/// `sent-audit demo`, which tells its own story.
pub(super) fn demo(typed: &Demo, loudness: &Loudness) -> Result<Status, Failure> {
    let options = DemoOptions {
        out: typed.out.clone(),
        conduct: conduct(typed.no_progress, loudness)?,
    };
    let outcome = demo::run(&options, &mut Terminal)?;
    Ok(status::of_outcome(&outcome, None))
}

/// Refuses a configuration without custodians: a run over nobody would look like a clean one.
pub(super) fn require_roster(settings: &Settings) -> Result<(), Failure> {
    if settings.accounts.is_empty() {
        return Err(Failure::usage(format!(
            "{} names no roster: add [roster] with file = \"leavers.csv\"",
            settings.path.display()
        )));
    }
    Ok(())
}

pub(super) fn finish(
    outcome: &Outcome,
    typed: &Report,
    loudness: &Loudness,
) -> Result<Status, Failure> {
    let text = if loudness.quiet > 0 {
        summary::place(outcome)
    } else {
        summary::tell(outcome, audience(typed.audience))
    };
    say(&text)?;
    let status = status::of_outcome(outcome, typed.fail_on);
    if let Some(path) = &typed.summary_json {
        summary_json::write(path, outcome, status)?;
    }
    Ok(status)
}

pub(super) fn report_choice(
    typed: &Report,
    settings: Option<&Settings>,
) -> Result<ReportChoice, Failure> {
    if let Some(path) = &typed.summary_json {
        summary_json::begin(path)?;
    }
    let audience = audience(typed.audience);
    if audience == Audience::Clients && settings.is_none_or(|s| s.clients.is_none()) {
        return Err(Failure::usage(
            "--audience clients needs a client list: name it in audit.toml, [organisation] clients = \"clients.csv\"",
        ));
    }
    Ok(ReportChoice {
        out: typed.out.clone(),
        formats: formats(typed, settings),
        dialect: match typed.dialect {
            DialectTyped::Excel => Dialect::Excel,
            DialectTyped::Plain => Dialect::Plain,
        },
        audience,
        separator: settings.map_or(b',', |s| s.csv_separator),
        queries: Vec::new(),
        matter: typed.matter.clone(),
        redact: typed.redact,
        evidence: false,
    })
}

/// Those that were typed, else those that are configured, else all.
fn formats(typed: &Report, settings: Option<&Settings>) -> Vec<Format> {
    if typed.format.is_empty() {
        settings.map_or_else(|| Format::ALL.to_vec(), |s| s.formats.clone())
    } else {
        typed.format.clone()
    }
}

pub(super) fn questions(typed: &arguments::Questions) -> Questions {
    Questions {
        names: typed.query.clone(),
        phrases: typed.phrase.clone(),
    }
}

fn audience(typed: AudienceTyped) -> Audience {
    match typed {
        AudienceTyped::Clients => Audience::Clients,
        AudienceTyped::External => Audience::External,
        AudienceTyped::All => Audience::All,
    }
}

fn window(typed: &Dates) -> Result<Option<Window>, Failure> {
    match (typed.since, typed.until) {
        (None, None) => Ok(None),
        (Some(since), Some(until)) if until < since => Err(Failure::usage(format!(
            "--until {until} is before --since {since}: no day is left"
        ))),
        (since, until) => Ok(Some(Window { since, until })),
    }
}

pub(super) fn store(typed: Option<&Path>, settings: Option<&Settings>) -> Option<PathBuf> {
    match typed {
        Some(path) if path == Path::new("none") => None,
        Some(path) => Some(path.to_owned()),
        None => settings.map(|s| s.store.clone()),
    }
}

fn conduct(no_progress: bool, loudness: &Loudness) -> Result<Conduct, Failure> {
    Ok(Conduct {
        progress: !no_progress && loudness.quiet == 0,
        command_line: command_line(),
        documents: Some(Arc::new(
            Reader::of_this_program().map_err(Failure::failed)?,
        )),
        stop: interrupt()?,
        ..Conduct::default()
    })
}

/// What opens office files and PDF.
pub(super) fn documents() -> Result<Option<Arc<Reader>>, Failure> {
    let reader = Reader::of_this_program().map_err(Failure::failed)?;
    Ok(Some(Arc::new(reader)))
}

/// As typed.
pub(super) fn command_line() -> Vec<String> {
    std::env::args_os()
        .map(|argument| argument.to_string_lossy().into_owned())
        .collect()
}

fn interrupt() -> Result<Arc<AtomicBool>, Failure> {
    audit::stop_on_interrupt().map_err(Failure::failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_replace_the_window() {
        let day = |d: &str| Some(d.parse().unwrap());
        let dates = |since, until| window(&Dates { since, until });
        assert_eq!(dates(None, None).unwrap(), None);
        let window = dates(day("2024-06-01"), None).unwrap().unwrap();
        assert_eq!((window.since, window.until), (day("2024-06-01"), None));
        assert!(dates(day("2024-06-01"), day("2024-06-01")).is_ok());
        let failure = dates(day("2024-06-02"), day("2024-06-01")).unwrap_err();
        assert_eq!(failure.status, Status::Refused);
    }

    #[test]
    fn stores() {
        assert_eq!(store(Some(Path::new("none")), None), None);
        assert_eq!(store(Some(Path::new("x.db")), None), Some("x.db".into()));
        assert_eq!(store(None, None), None);
    }
}
