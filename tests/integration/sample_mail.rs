//! The demonstration, as `./demo` starts it: what it finds in its sample mail is what the samples were written for.

use std::collections::BTreeSet;
use std::process::Command;

use sent_audit::finding::Verdict;

#[test]
fn the_demonstration_finds_what_it_was_made_for() {
    let directory = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_sent-audit"))
        .current_dir(directory.path())
        .args(["demo", "--out", "report"])
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let complained = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{complained}");
    for next in [
        "sent-audit scan",
        "sent-audit init",
        "sent-audit check",
        "sent-audit run",
    ] {
        assert!(said.contains(next), "{said}");
    }

    let octets = std::fs::read(directory.path().join("report/findings.csv")).unwrap();
    let mut table =
        csv::Reader::from_reader(octets.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&octets));
    let header = table.headers().unwrap().clone();
    let column = |name: &str| header.iter().position(|h| h == name).unwrap();
    let (custodian, verdict, sent_at) = (column("custodian"), column("verdict"), column("sent_at"));
    let found: BTreeSet<String> = table
        .records()
        .map(|row| row.unwrap())
        .map(|row| {
            format!(
                "{} {} {}",
                &row[custodian],
                &row[sent_at][..10],
                &row[verdict]
            )
        })
        .collect();
    let expected: BTreeSet<String> = EXPECTED.iter().map(|line| (*line).to_owned()).collect();
    assert_eq!(found, expected, "{said}");
    for verdict in [
        Verdict::Solicitation,
        Verdict::PersonalContact,
        Verdict::OpenNotice,
        Verdict::Handover,
    ] {
        assert!(found.iter().any(|line| line.ends_with(verdict.as_str())));
    }
}

/// Custodian, day, verdict: no holiday, no other person's farewell, no resignation letter.
const EXPECTED: &[&str] = &[
    "lucia.ferrer@brezo.example 2024-06-11 handover",
    "lucia.ferrer@brezo.example 2024-06-18 personal-contact",
    "lucia.ferrer@brezo.example 2024-06-20 solicitation",
    "lucia.ferrer@brezo.example 2024-06-25 open-notice",
    "lucia.ferrer@brezo.example 2024-06-26 personal-contact",
    "tom.hargreave@brezo.example 2024-03-04 handover",
    "tom.hargreave@brezo.example 2024-03-12 personal-contact",
    "tom.hargreave@brezo.example 2024-03-19 solicitation",
    "tom.hargreave@brezo.example 2024-03-21 solicitation",
    "tom.hargreave@brezo.example 2024-03-26 open-notice",
    "katrin.oldenburg@brezo.example 2024-09-02 handover",
    "katrin.oldenburg@brezo.example 2024-09-10 personal-contact",
    "katrin.oldenburg@brezo.example 2024-09-17 solicitation",
    "katrin.oldenburg@brezo.example 2024-09-20 open-notice",
    "katrin.oldenburg@brezo.example 2024-09-27 personal-contact",
];
