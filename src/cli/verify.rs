//! `sent-audit verify`: what differs in a report directory, told to people.

use std::fmt::Write as _;

use super::arguments::Verify;
use super::status::{Failure, Status};
use super::terminal::{say, terminal_safe};
use crate::audit::verify::{self, Difference, Trail, Verification};
use crate::config::Settings;

/// Compares and tells.
pub(super) fn verify(typed: &Verify) -> Result<Status, Failure> {
    let configured = typed.config.as_deref().map(Settings::load).transpose()?;
    let store = typed
        .store
        .as_deref()
        .or(configured.as_ref().map(|s| s.store.as_path()));
    let verification = verify::verify(&typed.directory, store)?;
    say(&tell(&verification))?;
    Ok(if verification.holds() {
        Status::Done
    } else {
        Status::Incomplete
    })
}

fn tell(verification: &Verification) -> String {
    let mut text = String::new();
    let width = verification
        .differences
        .iter()
        .map(|(name, _)| name.chars().count())
        .max()
        .unwrap_or(0);
    for (name, difference) in &verification.differences {
        let name = terminal_safe(name);
        writeln!(text, "{name:width$}  {}", meaning(difference)).expect("a string takes all");
    }
    let run = terminal_safe(&verification.run);
    let differing = verification.differences.len();
    let verdict = if differing == 0 {
        format!(
            "All {} files are as run {run} wrote them.",
            verification.files
        )
    } else if is_review(verification) {
        format!(
            "Only what reviewers fill in differs from what run {run} wrote: import it with `sent-audit review import`, \
             and keep the report as it was."
        )
    } else {
        format!("{differing} differ from what run {run} wrote.")
    };
    let digest = &verification.manifest_sha256;
    writeln!(text, "{verdict}\nmanifest.json has SHA-256 {digest}").expect("a string takes all");
    if let Some(trail) = verification.trail {
        let told = match trail {
            Trail::Vouches(number) => format!("Entry {number} of the audit trail vouches for it."),
            Trail::Silent => "The audit trail knows no such manifest: it was changed, or belongs to another store."
                .to_owned(),
            Trail::Broken(number) => {
                format!("The audit trail is broken: entry {number} was changed, or one before it is missing.")
            }
        };
        writeln!(text, "{told}").expect("a string takes all");
    }
    text
}

fn is_review(verification: &Verification) -> bool {
    let mut all = verification.differences.iter();
    all.all(|(_, difference)| *difference == Difference::Reviewed)
}

fn meaning(difference: &Difference) -> String {
    match difference {
        Difference::Missing => "is missing".to_owned(),
        Difference::Changed => "was changed".to_owned(),
        Difference::Reviewed => "differs only in what reviewers fill in".to_owned(),
        Difference::Unreadable(why) => format!("cannot be read: {}", terminal_safe(why)),
        Difference::Added => "is not part of the report".to_owned(),
    }
}
