//! `--evidence`, `--redact`, and runs that ask for something else: `--query`, `--phrase`, `--full`.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use openssl::hash::MessageDigest;
use openssl::x509::X509;

use crate::harness::{Audit, Desk, Dovecot, farewell, ordinary};

const SCAN: [&str; 5] = ["scan", "mail", "--config", "audit.toml", "--no-progress"];

fn scan<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&SCAN, more].concat()
}

#[test]
fn messages_are_saved_as_they_were_received() {
    let desk = Desk::new();
    desk.does(&scan(&["--evidence", "--out", "r"]), 0);
    let rows = desk.rows("r/findings.csv");
    assert_eq!(rows.len(), 3);
    for row in &rows {
        let name = format!("evidence/{}.eml", row["finding_id"]);
        assert_eq!(row["evidence_file"], name);
        let saved = desk.path("r").join(&name);
        let source = desk.path("mail").join(&row["uid"]);
        assert_eq!(fs::read(&saved).unwrap(), fs::read(source).unwrap());
        assert_eq!(
            saved.metadata().unwrap().permissions().mode() & 0o777,
            0o600
        );
        let manifest = fs::read_to_string(desk.path("r/manifest.json")).unwrap();
        assert!(manifest.contains(&row["sha256"]) && manifest.contains(&name));
    }
    assert!(desk.does(&["verify", "r"], 0).contains("All 11 files"));
    desk.does(&scan(&["--evidence", "--redact", "--out", "x"]), 2);
}

#[test]
fn what_is_no_longer_there_is_told() {
    let desk = Desk::new();
    desk.scan("first");
    desk.write("mail/1.eml", &ordinary("anna", 1));
    fs::remove_file(desk.path("mail/4.eml")).unwrap();
    let told = desk.does(&scan(&["--evidence", "--out", "r"]), 3);
    assert!(
        told.contains("INCOMPLETE: 1 messages could not be saved"),
        "{told}"
    );
    let saved: Vec<bool> = desk
        .rows("r/findings.csv")
        .iter()
        .map(|row| !row["evidence_file"].is_empty())
        .collect();
    assert_eq!(saved, [true, false]);
}

#[test]
fn privileged_and_protected_mail_is_only_counted() {
    for kind in ["privileged", "protected"] {
        let desk = Desk::new();
        let settings = fs::read_to_string(desk.path("audit.toml")).unwrap();
        let line = format!("\n{kind} = [\"client.example\"]\n\n");
        desk.write("audit.toml", &settings.replacen("\n\n", &line, 1));
        desk.does(&scan(&["--evidence", "--out", "r"]), 0);
        let rows = desk.rows("r/findings.csv");
        assert_eq!(rows.len(), 3, "{kind}");
        for row in rows {
            for column in ["subject", "notice", "excerpt", "reason"] {
                assert_eq!(row[column], "[withheld]", "{kind}: {column}");
            }
            assert_eq!(row["verdict"], "personal-contact", "{kind}");
            assert_eq!(row["evidence_file"], "", "{kind}");
        }
        assert!(!desk.path("r/evidence").exists());
        for (name, table) in desk.tables("r") {
            for text in ["homepost.example", "7700", "my last day", "Goodbye"] {
                assert!(!table.contains(text), "{kind}: {name}: {text}");
            }
        }
    }
}

#[test]
fn the_manifest_says_who_ran_what_where_against_whom() {
    let Some(dovecot) = Dovecot::new() else {
        return;
    };
    let dovecot = dovecot
        .user("anna")
        .mailbox("anna", "Sent")
        .seen("anna", "Sent", "S", &farewell("anna", 1))
        .start();
    let audit = Audit::on(&dovecot)
        .leaver("anna")
        .environment("USER", "officer-7");
    let ran = audit.run(&["--matter", "2024/17"]).ended(0);
    let text = fs::read(ran.report.join("manifest.json")).unwrap();
    let manifest: serde_json::Value = serde_json::from_slice(&text).unwrap();
    let run = &manifest["run"];
    assert_eq!(run["operator"], "officer-7");
    let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
    assert_eq!(run["host"], host.trim());
    assert_eq!(run["matter"], "2024/17");
    let typed: Vec<&str> = run["command_line"]
        .as_array()
        .unwrap()
        .iter()
        .map(|argument| argument.as_str().unwrap())
        .collect();
    let out = ran.report.to_str().unwrap();
    let given = ["run", "--no-progress", "--out", out, "--matter", "2024/17"];
    assert_eq!(typed[typed.len() - given.len()..], given, "{typed:?}");
    let shown = X509::from_pem(&fs::read(dovecot.certificate()).unwrap()).unwrap();
    let digest = shown.digest(MessageDigest::sha256()).unwrap();
    let digits: Vec<String> = digest.iter().map(|octet| format!("{octet:02x}")).collect();
    let servers = serde_json::json!([{
        "name": "default",
        "address": format!("localhost:{}", dovecot.tls_port()),
        "certificate_sha256": digits.concat(),
    }]);
    assert_eq!(manifest["servers"], servers);
}

#[test]
fn a_redacted_report_shows_no_text_and_no_contact_data() {
    let desk = Desk::new();
    desk.scan("full");
    let secrets = [
        "homepost.example",
        "7700",
        "marsh",
        "Marsh",
        "my last day",
        "Goodbye",
    ];
    let full: String = desk.tables("full").into_values().collect();
    assert!(secrets.iter().all(|secret| full.contains(secret)));
    let id = desk.rows("full/findings.csv")[0]["finding_id"].clone();
    let copy = format!("finding_id,review_status,review_note\n{id},cleared,call Marsh\n");
    desk.write("copy.csv", &copy);
    desk.does(&["review", "import", "copy.csv"], 0);
    desk.does(&["report", "--redact", "--out", "r"], 0);
    for (name, table) in desk.tables("r") {
        for secret in secrets {
            assert!(!table.contains(secret), "{name}: {secret}\n{table}");
        }
    }
    let row = &desk.rows("r/findings.csv")[0];
    assert_eq!(
        (&*row["notice"], &*row["review_note"]),
        ("[redacted]", "[redacted]")
    );
    assert_eq!(row["verdict"], "personal-contact");
    let told = desk.does(&["review", "import", "r/findings.csv"], 3);
    assert!(told.contains("comes from a redacted report"), "{told}");
}

#[test]
fn phrases_and_queries_are_asked_for() {
    let desk = Desk::new();
    desk.does(&scan(&["--phrase", "pallets leave*", "--out", "r"]), 0);
    let rows = desk.rows("r/findings.csv");
    assert_eq!(rows.len(), 1);
    assert_eq!((&*rows[0]["verdict"], &*rows[0]["uid"]), ("match", "2.eml"));
    desk.does(&scan(&["--phrase", "(", "--out", "x"]), 2);
    let told = desk.does(&scan(&["--query", "x", "--out", "x"]), 2);
    assert!(
        told.contains("there are: client-list, client-notice, contact-data"),
        "{told}"
    );
    // What was asked once is no part of the standing report, unless it is named.
    desk.does(&scan(&["--query", "client-notice", "--out", "s"]), 0);
    assert_eq!(desk.rows("s/findings.csv").len(), 3);
    desk.does(&["report", "--out", "t"], 0);
    assert_eq!(desk.rows("t/findings.csv").len(), 3);
    let query = rows[0]["query"].split('@').next().unwrap();
    desk.does(&["report", "--query", query, "--out", "u"], 0);
    assert_eq!(desk.rows("u/findings.csv").len(), 1);
    desk.does(&["report", "--query", "y", "--out", "x"], 2);
}

#[test]
fn messages_are_fetched_from_the_server_again() {
    let Some(dovecot) = Dovecot::new() else {
        return;
    };
    let dovecot = dovecot
        .user("anna")
        .mailbox("anna", "Sent")
        .seen("anna", "Sent", "S", &farewell("anna", 1))
        .seen("anna", "Sent", "S", &ordinary("anna", 2))
        .start();
    let audit = Audit::on(&dovecot).leaver("anna");
    let accounted = |ran: crate::harness::Ran, expected: &str| {
        ran.has("coverage.csv", &["judged", "judged_before"], &[expected]);
    };
    accounted(audit.run(&[]).ended(0), "2|0");
    // Nothing is new, and the message is saved all the same.
    let ran = audit.run(&["--evidence"]).ended(0);
    let row = &ran.rows("findings.csv")[0];
    let saved = fs::read_to_string(ran.report.join(&row["evidence_file"])).unwrap();
    assert_eq!(saved, farewell("anna", 1));
    accounted(ran, "0|2");
    accounted(audit.run(&["--full"]).ended(0), "2|0");
    // Another question does not pass for the usual one.
    accounted(audit.run(&["--phrase", "pallets"]).ended(0), "2|0");
    accounted(audit.run(&[]).ended(0), "0|2");
}
