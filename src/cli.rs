//! What was typed, and the exit status it ends in.

mod arguments;
mod check;
mod completions;
mod explain;
mod init;
mod purge;
mod queries;
mod report;
mod review;
mod run;
mod runs;
mod status;
mod summary;
mod summary_json;
mod terminal;
mod verify;

use std::io::IsTerminal;
use std::process::ExitCode;

use clap::Parser;
use tracing_subscriber::EnvFilter;

use crate::audit::AboveBars;
use crate::document;

use self::arguments::{Arguments, Command, Loudness};
use self::status::{Failure, Status};

/// Runs the program with the process's arguments and says how it came out.
#[must_use]
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version come this way too, with status 0; whoever closed the pipe has seen enough.
            let _ = error.print();
            return if error.use_stderr() {
                Status::Refused.into()
            } else {
                Status::Done.into()
            };
        }
    };
    start_log(&arguments.loudness);
    let loudness = &arguments.loudness;
    let result = match arguments.command {
        Command::Init(typed) => init::init(&typed),
        Command::Check(typed) => check::check(&typed),
        Command::Run(typed) => run::run(&typed, loudness),
        Command::Scan(typed) => run::scan(&typed, loudness),
        Command::Report(typed) => report::report(&typed, loudness),
        Command::Review(typed) => review::review(&typed),
        Command::Verify(typed) => verify::verify(&typed),
        Command::Runs(typed) => runs::runs(&typed),
        Command::Purge(typed) => purge::purge(&typed),
        Command::Explain(typed) => explain::explain(&typed),
        Command::Queries(typed) => queries::queries(&typed),
        Command::Demo(typed) => run::demo(&typed, loudness),
        Command::Completions(typed) => completions::completions(&typed),
        Command::Man(typed) => completions::man(&typed),
        Command::DocumentWorker => document::serve()
            .map(|()| Status::Done)
            .map_err(Failure::failed),
    };
    match result {
        Ok(status) => status.into(),
        Err(failure) => {
            terminal::complain(&failure);
            failure.status.into()
        }
    }
}

/// Logs go to standard error; `RUST_LOG` has the last word on what is logged.
fn start_log(loudness: &Loudness) {
    let level = match (loudness.quiet, loudness.verbose) {
        (1.., _) => "error",
        (0, 0) => "warn",
        (0, 1) => "info",
        (0, 2) => "debug",
        (0, _) => "trace",
    };
    // Only our own modules: what libraries log at these levels may hold what went over the wire.
    let filter = EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| EnvFilter::new(format!("warn,sent_audit={level}")));
    let colours = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(|| AboveBars)
        .with_ansi(colours)
        .with_target(false)
        .init();
}
