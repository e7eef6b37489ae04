//! The sample report under `reports/sample` is what the demonstration writes today.

use std::fs;
use std::path::Path;
use std::process::Command;

/// Tables that hold nothing of the time and place of a run.
const TABLES: [&str; 4] = [
    "findings.csv",
    "contacts.csv",
    "recipients.csv",
    "clients.csv",
];

/// Set to anything, writes the sample anew instead of comparing it; read the difference before it is committed.
const RENEW: &str = "SENT_AUDIT_RENEW_SAMPLE";

#[test]
fn the_sample_report_is_true() {
    let directory = tempfile::tempdir().unwrap();
    let report = directory.path().join("report");
    let output = Command::new(env!("CARGO_BIN_EXE_sent-audit"))
        .current_dir(directory.path())
        .args(["demo", "--no-progress", "--out", "report"])
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("reports/sample");
    for table in TABLES {
        let written = fs::read(report.join(table)).unwrap();
        if std::env::var_os(RENEW).is_some() {
            fs::write(sample.join(table), &written).unwrap();
        }
        let kept = fs::read(sample.join(table)).unwrap();
        assert!(
            written == kept,
            "{table} differs: run this test with {RENEW}=1 and read the difference"
        );
    }
}
