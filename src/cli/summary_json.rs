//! `--summary-json`: how a run came out, for programs that watch over it.

use std::fs;
use std::io::Write;
use std::path::Path;

use jiff::Timestamp;
use serde::Serialize;

use super::status::{Failure, Status};
use crate::audit::Outcome;
use crate::report::Counts;

/// Raised when a field changes its meaning or goes.
const FORMAT: u32 = 1;

#[derive(Serialize)]
struct Told<'a> {
    format: u32,
    version: &'static str,
    /// The exit status.
    status: u8,
    complete: bool,
    run: Run<'a>,
    report: Report<'a>,
    counts: Counts,
    not_owner: u64,
    bytes_fetched: u64,
    seconds: f64,
}

#[derive(Serialize)]
struct Run<'a> {
    id: &'a str,
    command: &'a str,
    started: Option<Timestamp>,
    finished: Option<Timestamp>,
    interrupted: bool,
    window: &'a str,
}

#[derive(Serialize)]
struct Report<'a> {
    directory: String,
    formats: Vec<&'static str>,
    manifest_sha256: &'a str,
    audit_trail: Option<&'a str>,
}

/// Takes an old summary away and checks that a new one can be written: what a run that failed leaves behind must not look like
/// its outcome.
pub(super) fn begin(path: &Path) -> Result<(), Failure> {
    let refused = |error: std::io::Error| {
        Failure::usage(format!(
            "--summary-json {}: cannot be written: {error}",
            path.display()
        ))
    };
    if is_device(path) {
        return Ok(());
    }
    draft(path).map_err(refused)?;
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(refused(error)),
        _ => Ok(()),
    }
}

/// Writes it, whole or not at all, for its owner alone.
pub(super) fn write(path: &Path, outcome: &Outcome, status: Status) -> Result<(), Failure> {
    let octets = told(outcome, status);
    let written = if is_device(path) {
        fs::write(path, octets)
    } else {
        draft(path).and_then(|mut file| {
            file.write_all(&octets)?;
            file.as_file().sync_all()?;
            file.persist(path)?;
            Ok(())
        })
    };
    written.map_err(|error| {
        Failure::failed(std::io::Error::new(
            error.kind(),
            format!("--summary-json {}: {error}", path.display()),
        ))
    })
}

fn told(outcome: &Outcome, status: Status) -> Vec<u8> {
    let (run, summary) = (&outcome.run, &outcome.summary);
    let told = Told {
        format: FORMAT,
        version: env!("CARGO_PKG_VERSION"),
        status: status as u8,
        complete: !summary.incomplete && !run.interrupted,
        run: Run {
            id: &run.id,
            command: &run.command,
            started: run.started,
            finished: run.finished,
            interrupted: run.interrupted,
            window: &run.window,
        },
        report: Report {
            directory: summary.directory.display().to_string(),
            formats: summary
                .formats
                .iter()
                .map(|format| format.as_str())
                .collect(),
            manifest_sha256: &summary.manifest_sha256,
            audit_trail: outcome.trail_head.as_deref(),
        },
        counts: Counts::of(summary),
        not_owner: outcome.not_owner,
        bytes_fetched: outcome.bytes_fetched,
        seconds: outcome.seconds,
    };
    let mut octets = serde_json::to_vec_pretty(&told).expect("numbers and text are always JSON");
    octets.push(b'\n');
    octets
}

/// A terminal, a pipe, `/dev/null`: written to, never replaced.
fn is_device(path: &Path) -> bool {
    path.metadata()
        .is_ok_and(|metadata| !metadata.is_file() && !metadata.is_dir())
}

/// A file beside the place, so that it can be renamed into it.
fn draft(path: &Path) -> std::io::Result<tempfile::NamedTempFile> {
    if path.is_dir() {
        return Err(std::io::Error::other("it is a directory"));
    }
    let above = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty());
    tempfile::Builder::new()
        .prefix(".sent-audit-")
        .tempfile_in(above.unwrap_or(Path::new(".")))
}
