//! Starts the command line.

use std::process::ExitCode;

fn main() -> ExitCode {
    sent_audit::cli::main()
}
