//! `sent-audit review import`: what was taken, and what was not, row by row.

use std::fmt::Write as _;

use super::arguments::{Review, ReviewCommand, ReviewImport};
use super::report::{settings, stored};
use super::status::{Failure, Status};
use super::terminal::{say, terminal_safe};
use crate::audit::review::{self, Imported, Taken};

/// Takes the decisions and tells.
pub(super) fn review(typed: &Review) -> Result<Status, Failure> {
    let ReviewCommand::Import(typed) = &typed.command;
    let settings = settings(typed.config.as_deref(), typed.store.as_deref())?;
    let store = stored(typed.store.as_deref(), settings.as_ref())?;
    let imported = review::import(&typed.file, &store, typed.dry_run)?;
    say(&tell(&imported, typed))?;
    Ok(if imported.refused.is_empty() {
        Status::Done
    } else {
        Status::Incomplete
    })
}

fn tell(imported: &Imported, typed: &ReviewImport) -> String {
    let mut lines = Vec::new();
    lines.extend(imported.taken.iter().map(taken));
    for (place, id, status) in &imported.overruled {
        lines.push(format!(
            "{place}: {id} was decided so before, and later otherwise; `{status}` stays (change note or date to return)"
        ));
    }
    for (place, problem) in &imported.refused {
        lines.push(format!("{place}: refused: {problem}"));
    }
    if !imported.ignored.is_empty() {
        let columns = imported.ignored.len();
        lines.push(format!("{columns} other columns were left alone"));
    }
    let mut text = String::new();
    for line in lines {
        writeln!(text, "{}", terminal_safe(&line)).expect("a string takes all");
    }
    let taken = if typed.dry_run {
        "would be taken"
    } else {
        "taken"
    };
    writeln!(
        text,
        "{} {taken}, {} as before, {} overruled, {} undecided, {} refused.",
        imported.taken.len(),
        imported.same,
        imported.overruled.len(),
        imported.undecided,
        imported.refused.len()
    )
    .expect("a string takes all");
    if !imported.taken.is_empty() && !typed.dry_run {
        text.push_str("Next: `sent-audit report` writes them into a new report\n");
    }
    text
}

/// `f-0123… cleared (was open), by Leo on 2024-07-01`.
fn taken(taken: &Taken) -> String {
    let decision = &taken.decision;
    let status = match decision.status.as_str() {
        "" => "a note",
        status => status,
    };
    let mut line = format!("{} {status}", taken.id);
    if !taken.before.is_empty() && taken.before != decision.status {
        write!(line, " (was {})", taken.before).expect("a string takes all");
    }
    for (word, value) in [(", by", &decision.reviewer), (" on", &decision.reviewed_on)] {
        if !value.is_empty() {
            write!(line, "{word} {value}").expect("a string takes all");
        }
    }
    if taken.recheck {
        line.push_str("; its evidence has changed since: to be looked at again");
    }
    line
}
