//! Who runs what, where and when: the run's record.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::patience;
use crate::config::Settings;
use crate::mailbox::Window;
use crate::query::QuerySet;
use crate::store::RunRecord;

/// The record of a run that begins now.
pub(super) fn begin(
    command: &str,
    command_line: &[String],
    queries: &QuerySet,
    settings: Option<&Settings>,
    window: String,
) -> RunRecord {
    let now = Timestamp::now();
    RunRecord {
        id: new_id(now),
        program_version: env!("CARGO_PKG_VERSION").to_owned(),
        command: command.to_owned(),
        command_line: command_line.to_vec(),
        operator: operator(),
        host: host(),
        started: Some(now),
        queries: queries.citations(),
        configuration_sha256: settings.map(|s| s.sha256.clone()).unwrap_or_default(),
        roster_sha256: settings
            .map(|s| s.roster_sha256.clone())
            .unwrap_or_default(),
        window,
        ..RunRecord::default()
    }
}

/// An id that no other run or report has.
pub(super) fn new_id(now: Timestamp) -> String {
    run_id(now, patience::random())
}

/// `20261123T141500Z-4f2a`: sorts by time; chance keeps two of the same second apart.
fn run_id(now: Timestamp, chance: u64) -> String {
    let utc = now.to_zoned_datetime(TimeZone::UTC);
    format!("{}-{:04x}", utc.strftime("%Y%m%dT%H%M%SZ"), chance & 0xffff)
}

/// Two dates as people read them.
pub(super) fn dates(window: &Window) -> String {
    match (window.since, window.until) {
        (None, None) => "all days".to_owned(),
        (Some(since), None) => format!("since {since}"),
        (None, Some(until)) => format!("until {until}"),
        (Some(since), Some(until)) => format!("{since} to {until}"),
    }
}

/// The login name, as the environment tells it, else the user's number.
pub(super) fn operator() -> String {
    let named = ["USER", "LOGNAME", "USERNAME"]
        .iter()
        .find_map(|name| std::env::var(name).ok());
    named
        .filter(|name| !name.is_empty())
        .or_else(user_number)
        .unwrap_or_default()
}

#[cfg(unix)]
fn user_number() -> Option<String> {
    use std::os::unix::fs::MetadataExt;
    // The process's own entry belongs to whoever runs it.
    Some(format!(
        "uid {}",
        std::fs::metadata("/proc/self").ok()?.uid()
    ))
}

#[cfg(not(unix))]
fn user_number() -> Option<String> {
    None
}

/// The machine's name, as far as files and environment tell it.
fn host() -> String {
    let files = ["/proc/sys/kernel/hostname", "/etc/hostname"];
    let read = files
        .iter()
        .find_map(|file| std::fs::read_to_string(file).ok());
    let named = ["HOSTNAME", "COMPUTERNAME"]
        .iter()
        .find_map(|name| std::env::var(name).ok());
    read.or(named).unwrap_or_default().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_sort_by_time() {
        let at = |text: &str| run_id(text.parse().unwrap(), 0x1_4f2a);
        assert_eq!(at("2026-11-23T14:15:00Z"), "20261123T141500Z-4f2a");
        assert!(at("2026-11-23T14:15:00Z") < at("2026-11-23T14:15:01Z"));
    }

    #[test]
    fn somebody_runs_it_somewhere() {
        assert!(!operator().is_empty());
        assert!(!host().is_empty());
    }
}
