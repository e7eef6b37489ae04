//! `sent-audit runs`: the runs of a store as a table, or what changed between two.

use std::fmt::Write as _;

use super::arguments::Runs;
use super::report::{settings, stored};
use super::status::{Failure, Status};
use super::summary::grouped;
use super::terminal::{say, terminal_safe};
use crate::audit::history::{self, PastRun};
use crate::store::{Changes, Regraded};

/// Tells.
pub(super) fn runs(typed: &Runs) -> Result<Status, Failure> {
    let settings = settings(typed.config.as_deref(), typed.store.as_deref())?;
    let store = stored(typed.store.as_deref(), settings.as_ref())?;
    let runs = history::runs(&store)?;
    let last = runs.last().map(|run| run.record.id.clone());
    let text = match (&typed.before, typed.after.as_ref().or(last.as_ref())) {
        (Some(before), Some(after)) => {
            let changes = history::changes(&store, before, after)?;
            tell_changes(&changes, before, after)
        }
        _ => tell_runs(&runs),
    };
    say(&text)?;
    Ok(Status::Done)
}

const HEADING: [&str; 8] = [
    "run",
    "command",
    "state",
    "mailboxes",
    "messages",
    "judged",
    "missing",
    "new",
];

fn tell_runs(runs: &[PastRun]) -> String {
    let mut rows = vec![HEADING.map(str::to_owned)];
    rows.extend(runs.iter().map(row));
    let mut widths = [0; HEADING.len()];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut text = String::new();
    for row in rows {
        for (number, (cell, width)) in row.iter().zip(widths).enumerate() {
            // Words to the left, numbers to the right.
            let written = if number < 3 {
                write!(text, "{cell:width$}  ")
            } else {
                write!(text, "{cell:>width$}  ")
            };
            written.expect("a string takes all");
        }
        text.truncate(text.trim_end().len());
        text.push('\n');
    }
    if runs.len() > 1 {
        text.push_str("\nWhat changed: sent-audit runs BEFORE [AFTER]\n");
    }
    text
}

fn row(run: &PastRun) -> [String; 8] {
    let state = if run.record.finished.is_none() {
        "did not end"
    } else if run.record.interrupted {
        "interrupted"
    } else if run.complete < run.mailboxes {
        "incomplete"
    } else {
        "complete"
    };
    [
        terminal_safe(&run.record.id).into_owned(),
        terminal_safe(&run.record.command).into_owned(),
        state.to_owned(),
        format!("{}/{}", grouped(run.complete), grouped(run.mailboxes)),
        grouped(run.in_window),
        grouped(run.judged),
        grouped(run.exceptions),
        grouped(run.new_findings),
    ]
}

fn tell_changes(changes: &Changes, before: &str, after: &str) -> String {
    let mut text = format!(
        "From {} to {}\n",
        terminal_safe(before),
        terminal_safe(after)
    );
    for (what, findings) in [
        ("new", &changes.new),
        ("regraded", &changes.regraded),
        ("gone from the server", &changes.gone),
    ] {
        writeln!(text, "{} {what}", grouped(findings.len() as u64)).expect("a string takes all");
        for Regraded {
            id,
            custodian,
            verdict,
        } in findings
        {
            writeln!(text, "  {id}  {verdict:<16}  {}", terminal_safe(custodian))
                .expect("a string takes all");
        }
    }
    let failing = changes.newly_failing.len() as u64;
    writeln!(text, "{} mailboxes newly failing", grouped(failing)).expect("a string takes all");
    for mailbox in &changes.newly_failing {
        let name = [&mailbox.custodian, &mailbox.account, &mailbox.mailbox]
            .map(|part| terminal_safe(part).into_owned())
            .join("  ");
        writeln!(text, "  {}", name.trim()).expect("a string takes all");
    }
    text
}
