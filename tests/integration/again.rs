//! `report` and `verify`: the same report again, and what was changed in one.

use std::fs;

use sent_audit::store::Store;

use crate::harness::Desk;

#[test]
fn a_report_is_written_again_without_a_server() {
    let desk = Desk::new();
    desk.scan("first");
    // Whoever holds the store for a run does not keep others from reading it.
    let _run = Store::open(&desk.path("audit.db")).unwrap();
    let told = desk.does(&["report", "--out", "again", "--matter", "M-7"], 0);
    assert!(told.contains("Findings: 3"), "{told}");
    assert_eq!(desk.tables("first"), desk.tables("again"));
    let manifest = fs::read_to_string(desk.path("again/manifest.json")).unwrap();
    assert!(manifest.contains("\"matter\": \"M-7\""), "{manifest}");
    desk.does(&["report", "--custodian", "bert*", "--out", "bert"], 0);
    assert_eq!(desk.rows("bert/findings.csv").len(), 1);
    desk.does(&["report", "--custodian", "nobody", "--out", "x"], 2);
    desk.does(&["report", "--store", "none"], 2);
    desk.does(&["report", "--store", "other.db"], 2);
    assert!(!desk.path("other.db").exists() && !desk.path("x").exists());
    let failed = &["report", "--fail-on", "any", "--out", "y"];
    desk.does(failed, 1);
}

#[test]
fn no_configuration_is_needed_where_the_store_is_named() {
    let desk = Desk::new();
    desk.scan("first");
    fs::remove_file(desk.path("audit.toml")).unwrap();
    desk.does(&["report", "--store", "audit.db", "--out", "again"], 0);
    assert_eq!(desk.rows("again/findings.csv").len(), 3);
    desk.does(&["report", "--out", "other"], 2);
}

#[test]
fn verify_names_what_differs() {
    let desk = Desk::new();
    desk.scan("r");
    let verify = |status, expected: &str| {
        let told = desk.does(&["verify", "r"], status);
        assert!(told.contains(expected), "{told}");
    };
    verify(0, "All 8 files are as run ");
    let findings = fs::read_to_string(desk.path("r/findings.csv")).unwrap();
    let reviewed = findings.replacen(",,,,,new,", ",cleared,\"a, b\",Leo,2024-07-01,new,", 1);
    assert_ne!(findings, reviewed);
    desk.write("r/findings.csv", &reviewed);
    verify(3, "findings.csv  differs only in what reviewers fill in");
    verify(3, "Only what reviewers fill in differs");
    desk.write("r/findings.csv", &reviewed.replacen("Goodbye", "Hello", 1));
    verify(3, "findings.csv  was changed");
    desk.write("r/findings.csv", &findings);
    desk.write("r/notes.txt", "x");
    verify(3, "notes.txt  is not part of the report");
    fs::remove_file(desk.path("r/notes.txt")).unwrap();
    verify(0, "manifest.json has SHA-256 ");
    fs::remove_file(desk.path("r/clients.csv")).unwrap();
    verify(3, "clients.csv  is missing");
    fs::remove_file(desk.path("r/manifest.json")).unwrap();
    verify(2, "name a directory that sent-audit wrote");
    desk.write("r/manifest.json", "{}");
    verify(2, "is no manifest of sent-audit");
}

#[test]
fn a_manifest_cannot_make_verify_read_other_places() {
    let desk = Desk::new();
    let file = |name: &str| {
        format!(
            r#"{{"format":1,"run":{{"id":"r"}},"files":[{{"name":"{name}","size":0,"sha256":""}}]}}"#
        )
    };
    for name in ["../audit.toml", "/etc/passwd"] {
        desk.write("r/manifest.json", &file(name));
        let told = desk.does(&["verify", "r"], 3);
        assert!(told.contains("it lies outside the directory"), "{told}");
    }
}
