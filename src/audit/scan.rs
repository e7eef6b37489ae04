//! The same judgement on files: whose each message is, and in which window, the message itself tells.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use super::begun::{self, Begun};
use super::evidence::Originals;
use super::files::Shelf;
use super::judging::{Bench, ScanJudging};
use super::progress::{Progress, Units};
use super::record;
use super::{AuditError, Outcome, ReportChoice, ScanOptions};
use crate::config::Settings;
use crate::detect::Judge;
use crate::mailbox::{Custodian, Organisation};
use crate::report::ReportSettings;
use crate::source::files;

/// Judges the mail in files and writes the report.
///
/// # Errors
/// As [`run`](super::run).
pub fn scan(
    settings: Option<&Settings>,
    options: &ScanOptions,
    report: &ReportChoice,
) -> Result<Outcome, AuditError> {
    let judge = options
        .questions
        .judge(settings.map_or(&[][..], |s| &s.queries))?;
    let mailboxes = files::discover(&options.paths)?;
    let judging = Arc::new(judging(judge, options, settings));
    let judge = &judging.bench.judge;
    let organisation = judging.organisation.clone();
    let record = record::begin(
        "scan",
        &options.conduct.command_line,
        judge.queries(),
        settings,
        window(options),
    );
    let shelf = Shelf {
        mailboxes,
        // Whose a message is shows only when it is read; nothing is looked up under this key.
        key: judge.key(&Custodian::default(), &organisation),
        next: AtomicUsize::new(0),
    };
    let mut begun = Begun::begin(
        record,
        judge.queries(),
        options.store.as_deref(),
        report,
        settings,
    )?;
    let units = shelf.mailboxes.len() as u64;
    let progress = Progress::new(options.conduct.progress, Units::Mailboxes, units);
    begun.work(judging, &options.conduct, progress, |scope, pipeline| {
        for _ in 0..shelf.readers() {
            let (shelf, pipeline) = (&shelf, Arc::clone(pipeline));
            begun::spawn(scope, "files", move || shelf.work(&pipeline))?;
        }
        Ok(())
    })?;
    let mut people = begun.tally.people();
    let known = settings.iter().flat_map(|s| &s.custodians);
    let unmet: Vec<_> = known
        .filter(|k| people.iter().all(|p| p.id != k.id))
        .cloned()
        .collect();
    people.extend(unmet);
    begun.end(
        &options.conduct,
        ReportSettings {
            roster: people,
            organisation,
            command_line: options.conduct.command_line.clone(),
            ..report.settings(settings)
        },
        report
            .evidence
            .then(|| Originals::of(settings, &options.conduct)),
    )
}

/// What was typed goes before what is configured.
fn organisation(settings: Option<&Settings>, options: &ScanOptions) -> Organisation {
    let mut organisation = settings.map(|s| s.organisation.clone()).unwrap_or_default();
    if !options.org_domains.is_empty() {
        let bare = |domain: &String| domain.trim().trim_start_matches('@').to_lowercase();
        organisation.domains = options.org_domains.iter().map(bare).collect();
    }
    if let Some(region) = &options.region {
        organisation.region = Some(region.to_uppercase());
    }
    organisation
}

/// Judges as the options and the configuration ask.
pub(super) fn judging(
    judge: Judge,
    options: &ScanOptions,
    settings: Option<&Settings>,
) -> ScanJudging {
    ScanJudging {
        bench: Bench {
            judge,
            documents: options.conduct.documents.clone(),
        },
        organisation: organisation(settings, options),
        owners: options
            .owners
            .iter()
            .map(|owner| owner.trim().to_lowercase())
            .collect(),
        last_day: options.last_day,
        window: options.window,
        settings: settings.cloned(),
        roster: settings.map(by_address).unwrap_or_default(),
    }
}

/// The roster's custodians by everything that may stand in a From.
fn by_address(settings: &Settings) -> HashMap<String, Custodian> {
    let mut roster = HashMap::new();
    for custodian in &settings.custodians {
        let logins = settings
            .accounts
            .iter()
            .filter(|a| a.custodian == custodian.id);
        let names = std::iter::once(&custodian.id)
            .chain(&custodian.aliases)
            .chain(logins.map(|a| &a.login));
        for name in names.filter(|name| name.contains('@')) {
            roster
                .entry(name.to_lowercase())
                .or_insert_with(|| custodian.clone());
        }
    }
    roster
}

fn window(options: &ScanOptions) -> String {
    match (&options.window, options.last_day) {
        (Some(window), _) => record::dates(window),
        (None, Some(day)) => format!("around the last day {day}"),
        (None, None) => "around last days, where known; else all days".to_owned(),
    }
}
