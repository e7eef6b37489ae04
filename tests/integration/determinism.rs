//! The third promise: the same mail gives the same report, whatever the number of threads and the size of batches.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use sent_audit::audit::{self, Conduct, ReportChoice, RunOptions, ScanOptions};
use sent_audit::config::Settings;

use crate::harness::{Audit, Dovecot, PASSWORD, farewell, ordinary};

/// One thread and one message at a time, and eight threads with everything at once.
const WAYS: &[(usize, usize)] = &[(1, 1), (8, 500), (8, 3), (2, 7)];

fn conduct((threads, batch): (usize, usize)) -> Conduct {
    Conduct {
        threads: Some(threads),
        batch,
        ..Conduct::default()
    }
}

/// Judges everything once per way, and insists on equal reports.
fn check(directory: &Path, judge: impl Fn(Conduct, &ReportChoice)) {
    let mut first: Option<BTreeMap<String, String>> = None;
    for (number, way) in WAYS.iter().enumerate() {
        let out = directory.join(format!("out-{number}"));
        let choice = ReportChoice {
            out: Some(out.clone()),
            ..ReportChoice::default()
        };
        judge(conduct(*way), &choice);
        let report = tables(&out);
        assert!(
            report["findings.csv"].lines().count() > 10,
            "too little to compare"
        );
        match &first {
            None => first = Some(report),
            Some(first) => check_same(first, &report, *way),
        }
    }
}

/// Tells the first line that differs, and not two whole reports.
fn check_same(
    first: &BTreeMap<String, String>,
    other: &BTreeMap<String, String>,
    way: (usize, usize),
) {
    for ((name, left), (other_name, right)) in first.iter().zip(other) {
        assert_eq!(name, other_name);
        for (left, right) in left.lines().zip(right.lines()) {
            assert_eq!(left, right, "{name} {way:?}");
        }
        assert_eq!(left.len(), right.len(), "{name} {way:?}");
    }
    assert_eq!(first.len(), other.len());
}

/// The tables of a report; how long something took is left out.
fn tables(report: &Path) -> BTreeMap<String, String> {
    let mut tables = BTreeMap::new();
    for entry in fs::read_dir(report).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if Path::new(&name).extension().is_some_and(|e| e == "csv") {
            let text = fs::read_to_string(report.join(&name)).unwrap();
            let text = if name == "coverage.csv" {
                without_seconds(&text)
            } else {
                text
            };
            tables.insert(name, text);
        }
    }
    assert!(tables.len() >= 6, "{:?}", tables.keys());
    tables
}

fn without_seconds(text: &str) -> String {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let header = reader.headers().unwrap().clone();
    let mut kept = String::new();
    for row in reader.records() {
        for (name, cell) in header.iter().zip(&row.unwrap()) {
            if !name.ends_with("seconds") {
                kept.push_str(cell);
                kept.push('|');
            }
        }
        kept.push('\n');
    }
    kept
}

#[test]
fn scans_alike() {
    let directory = tempfile::tempdir().unwrap();
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/demo/mail");
    check(directory.path(), |conduct, choice| {
        let options = ScanOptions {
            paths: vec![samples.clone()],
            conduct,
            ..ScanOptions::default()
        };
        audit::scan(None, &options, choice).unwrap();
    });
}

#[test]
fn runs_alike() {
    let Some(mut dovecot) = Dovecot::new() else {
        return;
    };
    let names = ["anna", "bert", "cleo"];
    for (name, number) in names.iter().zip([0, 100, 200]) {
        dovecot = dovecot.user(name).mailbox(name, "Sent");
        for number in number..number + 20 {
            let write = if number % 2 == 0 { farewell } else { ordinary };
            dovecot = dovecot.seen(name, "Sent", "S", &write(name, number));
        }
    }
    let dovecot = dovecot.start();
    let auth = r#"{ method = "login", user = "{mailbox}", password_file = "secret" }"#;
    let audit = names
        .iter()
        .fold(Audit::on(&dovecot).auth(auth), |audit, name| {
            audit.leaver(name)
        });
    let audit = audit.file("secret", PASSWORD);
    let settings = Settings::load(&audit.configure()).unwrap();
    check(&audit.path(""), |conduct, choice| {
        let options = RunOptions {
            conduct,
            ..RunOptions::default()
        };
        audit::run(&settings, &options, choice).unwrap();
    });
}
