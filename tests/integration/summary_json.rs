//! What programs around this one read: the summary as JSON, completions, manual pages.

use std::fs;

use serde_json::Value;

use crate::harness::Desk;

fn scan<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [
        &[
            "scan",
            "mail",
            "--config",
            "audit.toml",
            "--no-progress",
            "--summary-json",
            "s.json",
        ],
        more,
    ]
    .concat()
}

#[test]
fn a_run_is_told_as_json() {
    let desk = Desk::new();
    desk.does(&scan(&["--out", "r", "--fail-on", "any"]), 1);
    let read = |name: &str| -> Value {
        serde_json::from_slice(&fs::read(desk.path(name)).unwrap()).unwrap()
    };
    let (told, manifest) = (read("s.json"), read("r/manifest.json"));
    assert_eq!(told["status"], 1);
    assert_eq!(told["complete"], true);
    assert_eq!(told["counts"], manifest["counts"]);
    assert_eq!(told["counts"]["findings"], 3);
    assert_eq!(told["run"]["id"], manifest["run"]["id"]);
    assert_eq!(told["report"]["directory"], "r");
    assert!(told["report"]["audit_trail"].is_string());
}

#[test]
fn a_run_that_fails_leaves_no_old_summary() {
    let desk = Desk::new();
    desk.write("s.json", "of yesterday");
    desk.write("taken/x", "");
    desk.does(&scan(&["--out", "taken"]), 2);
    assert!(!desk.path("s.json").exists());
    let told = desk.does(&["report", "--summary-json", "no/such/s.json"], 2);
    assert!(
        told.contains("--summary-json no/such/s.json: cannot be written"),
        "{told}"
    );
}

#[test]
fn shells_and_man_know_the_commands() {
    let desk = Desk::new();
    for shell in ["bash", "zsh", "fish"] {
        let script = desk.does(&["completions", shell], 0);
        assert!(
            script.contains("purge") && script.contains("summary-json"),
            "{shell}"
        );
    }
    fs::create_dir(desk.path("man")).unwrap();
    desk.does(&["man", "--out", "man"], 0);
    let page = fs::read_to_string(desk.path("man/sent-audit-run.1")).unwrap();
    assert!(
        page.contains("fail") && page.contains("Exit status"),
        "{page}"
    );
}
