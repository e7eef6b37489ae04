//! `manifest.json`: who ran what, with which inputs, over what, and the digest of every file.

use std::collections::BTreeMap;
use std::io::{self, Write};

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Serialize;

use super::directory::FileRecord;
use super::{Audience, Dialect, ReportSettings, Summary};
use crate::store::{RunRecord, ServerSeen};

/// Raised when a field changes its meaning or goes.
const FORMAT: u32 = 1;

#[derive(Serialize)]
struct Manifest<'a> {
    format: u32,
    program: Program<'a>,
    run: Run<'a>,
    inputs: Inputs<'a>,
    servers: &'a [ServerSeen],
    report: Report<'a>,
    counts: Counts,
    files: &'a [FileRecord],
}

#[derive(Serialize)]
struct Program<'a> {
    name: &'static str,
    version: &'a str,
}

#[derive(Serialize)]
struct Run<'a> {
    id: &'a str,
    command: &'a str,
    command_line: &'a [String],
    operator: &'a str,
    host: &'a str,
    matter: &'a str,
    started: Option<Timestamp>,
    finished: Option<Timestamp>,
    interrupted: bool,
    window: &'a str,
}

#[derive(Serialize)]
struct Inputs<'a> {
    configuration_sha256: &'a str,
    roster_sha256: &'a str,
    queries: &'a [String],
}

#[derive(Serialize)]
struct Report<'a> {
    written_on: Date,
    command_line: &'a [String],
    queries: &'a [String],
    audience: &'static str,
    custodians: &'a [String],
    dialect: &'static str,
    redacted: bool,
    separator: char,
}

/// Sums of a report's tables, as the manifest and `--summary-json` tell them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Counts {
    findings: u64,
    findings_by_verdict: BTreeMap<&'static str, u64>,
    left_out_by_audience: u64,
    mailboxes_complete: u64,
    mailboxes_partial: u64,
    mailboxes_failed: u64,
    mailboxes_not_reached: u64,
    messages_in_window: u64,
    messages_judged: u64,
    messages_judged_before: u64,
    messages_not_judged: u64,
    clients: u64,
    clients_without_successor: u64,
    messages_not_saved: u64,
    complete: bool,
}

/// Writes it, indented, its keys always in the same order.
pub(super) fn write(
    out: &mut dyn Write,
    run: &RunRecord,
    settings: &ReportSettings,
    summary: &Summary,
    files: &[FileRecord],
) -> io::Result<()> {
    let today = || Timestamp::now().to_zoned_datetime(TimeZone::UTC).date();
    let manifest = Manifest {
        format: FORMAT,
        program: Program {
            name: env!("CARGO_PKG_NAME"),
            version: &run.program_version,
        },
        run: Run {
            id: &run.id,
            command: &run.command,
            command_line: &run.command_line,
            operator: &run.operator,
            host: &run.host,
            matter: &settings.matter,
            started: run.started,
            finished: run.finished,
            interrupted: run.interrupted,
            window: &run.window,
        },
        inputs: Inputs {
            configuration_sha256: &run.configuration_sha256,
            roster_sha256: &run.roster_sha256,
            queries: &run.queries,
        },
        servers: &run.servers,
        report: Report {
            written_on: settings.today.unwrap_or_else(today),
            command_line: &settings.command_line,
            queries: &settings.queries,
            audience: audience(settings.audience),
            custodians: &settings.custodians,
            dialect: dialect(settings.dialect),
            redacted: settings.redact,
            separator: char::from(settings.separator),
        },
        counts: Counts::of(summary),
        files,
    };
    serde_json::to_writer_pretty(&mut *out, &manifest)?;
    out.write_all(b"\n")
}

impl Counts {
    /// Those of a report that was written.
    #[must_use]
    pub fn of(summary: &Summary) -> Self {
        let [complete, partial, failed, not_reached] = summary.mailboxes;
        Self {
            findings: summary.findings.iter().map(|(_, count)| count).sum(),
            findings_by_verdict: summary
                .findings
                .iter()
                .map(|(verdict, count)| (verdict.as_str(), *count))
                .collect(),
            left_out_by_audience: summary.left_out,
            mailboxes_complete: complete,
            mailboxes_partial: partial,
            mailboxes_failed: failed,
            mailboxes_not_reached: not_reached,
            messages_in_window: summary.in_window,
            messages_judged: summary.judged,
            messages_judged_before: summary.judged_before,
            messages_not_judged: summary.exceptions,
            clients: summary.clients,
            clients_without_successor: summary.clients_without_successor,
            messages_not_saved: summary.not_saved,
            complete: !summary.incomplete,
        }
    }
}

fn audience(audience: Audience) -> &'static str {
    match audience {
        Audience::Clients => "clients",
        Audience::External => "external",
        Audience::All => "all",
    }
}

fn dialect(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Excel => "excel",
        Dialect::Plain => "plain",
    }
}
