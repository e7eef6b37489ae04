//! `sent-audit completions` and `sent-audit man`: what shells and `man` need to know, out of the arguments themselves.

use clap::CommandFactory;

use super::arguments::{Arguments, Completions, Man};
use super::status::{Failure, Status};
use super::terminal::say;

/// Prints the completions of a shell.
pub(super) fn completions(typed: &Completions) -> Result<Status, Failure> {
    let mut script = Vec::new();
    let mut command = Arguments::command();
    clap_complete::generate(typed.shell, &mut command, "sent-audit", &mut script);
    say(&String::from_utf8_lossy(&script))?;
    Ok(Status::Done)
}

/// Writes a page for the program and one for each of its commands.
pub(super) fn man(typed: &Man) -> Result<Status, Failure> {
    clap_mangen::generate_to(Arguments::command(), &typed.out).map_err(|error| {
        Failure::usage(format!("cannot write to {}: {error}", typed.out.display()))
    })?;
    Ok(Status::Done)
}
