//! Queries, organisation and roster that change between two nights: what it concerns is judged again, and told before.

use crate::harness::{Audit, Dovecot, farewell, ordinary};

const QUERY: &str = r#"
id = "goodbye"
version = 1
title = "Goodbye"
signal.leaving.en = ["i am leaving"]
signal.guard.en = ["never"]
pattern = [{ verdict = "open-notice", all = ["leaving"], none = ["guard"], confidence = 50, says = "leaves" }]
"#;

#[test]
fn only_what_a_change_concerns_is_judged_again() {
    let Some(dovecot) = Dovecot::new() else {
        return;
    };
    let mut dovecot = dovecot.user("anna").mailbox("anna", "Sent");
    for number in 1..=9 {
        dovecot = dovecot.seen("anna", "Sent", "S", &ordinary("anna", number));
    }
    let dovecot = dovecot
        .seen("anna", "Sent", "S", &farewell("anna", 10))
        .start();
    let sections = "\n[audit]\nqueries = [\"goodbye.toml\"]\n";
    let mut audit = Audit::on(&dovecot)
        .leaver("anna")
        .sections(sections)
        .file("goodbye.toml", QUERY);
    let check = |audit: &Audit, accounted: &str, findings: usize, told: &str| {
        let ran = audit.run(&[]).ended(0);
        ran.has("coverage.csv", &["judged", "judged_before"], &[accounted]);
        assert_eq!(ran.rows("findings.csv").len(), findings);
        let is_told = ran.stderr.contains("judged by other queries");
        assert_eq!(is_told, !told.is_empty(), "{}", ran.stderr);
        assert!(ran.stderr.contains(told), "{}", ran.stderr);
    };
    check(&audit, "10|0", 1, "");
    check(&audit, "0|10", 1, "");
    // Another guard can only concern what got past the gate.
    let guarded = QUERY.replace("\"never\"", "\"my last day\"");
    audit = audit.file("goodbye.toml", &guarded);
    let told = "10 messages of 1 custodians were judged by other queries, or with another organisation or roster: 1 of them";
    check(&audit, "1|9", 0, told);
    check(&audit, "0|10", 0, "");
    // Another lead concerns everything.
    let wider = QUERY.replace("\"i am leaving\"", "\"i am leaving\", \"the pallets\"");
    audit = audit.file("goodbye.toml", &wider);
    check(&audit, "10|0", 10, "10 of them are judged again");
    // A day chooses the window, and nothing else.
    audit = audit.last_days("2024-06-30");
    check(&audit, "0|10", 10, "");
}

#[test]
fn what_is_told_otherwise_is_regraded() {
    let Some(dovecot) = Dovecot::with_anna().map(Dovecot::start) else {
        return;
    };
    let mut audit = Audit::on(&dovecot)
        .leaver("anna")
        .sections("\n[audit]\nqueries = [\"goodbye.toml\"]\n")
        .file("goodbye.toml", QUERY);
    let run = |audit: &Audit| {
        let ran = audit.run(&[]).ended(0);
        let manifest = std::fs::read(ran.report.join("manifest.json")).unwrap();
        let manifest: serde_json::Value = serde_json::from_slice(&manifest).unwrap();
        let id = ran.rows("findings.csv")[0]["finding_id"].clone();
        (manifest["run"]["id"].as_str().unwrap().to_owned(), id)
    };
    let (first, finding) = run(&audit);
    let (second, _) = run(&audit);
    audit = audit.file("goodbye.toml", &QUERY.replace("open-notice", "handover"));
    let (third, _) = run(&audit);
    let (fourth, _) = run(&audit);
    let check = |before: &str, after: &str, expected: &str| {
        let told = audit.command(&["runs", before, after]).ended(0).stdout;
        assert!(told.contains(expected), "{told}");
        assert!(told.contains("0 new\n"), "{told}");
    };
    check(&first, &second, "0 regraded\n");
    let regraded = format!("1 regraded\n  {finding}  handover");
    check(&second, &third, &regraded);
    check(&first, &fourth, &regraded);
    check(&third, &fourth, "0 regraded\n");
}
