//! `sent-audit purge`: a custodian forgotten, and what still remembers.

use std::fmt::Write as _;

use super::arguments::Purge;
use super::report::{settings, stored};
use super::status::{Failure, Status};
use super::terminal::{say, terminal_safe};
use crate::audit::purge::{self, Purged};

/// Forgets and tells.
pub(super) fn purge(typed: &Purge) -> Result<Status, Failure> {
    let settings = settings(typed.config.as_deref(), typed.store.as_deref())?;
    let store = stored(typed.store.as_deref(), settings.as_ref())?;
    let purged = purge::purge(settings.as_ref(), &store, &typed.custodian)?;
    say(&tell(&purged))?;
    Ok(Status::Done)
}

fn tell(purged: &Purged) -> String {
    let mut text = format!(
        "Forgotten, with {} findings and all decisions on them.\n",
        purged.findings
    );
    if purged.reports.is_empty() {
        text.push_str(
            "No report directory below the configured one names the custodian any more.\n",
        );
    } else {
        text.push_str(
            "These reports still hold the custodian's data; delete them if their time is over:\n",
        );
        for directory in &purged.reports {
            let name = directory.display().to_string();
            writeln!(text, "  {}", terminal_safe(&name)).expect("a string takes all");
        }
    }
    text.push_str("Copies, reports elsewhere (--out) and backups are not known here.\n");
    writeln!(text, "Audit trail: {}", purged.trail_head).expect("a string takes all");
    text
}
