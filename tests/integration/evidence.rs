//! `--evidence`, `--redact`, and runs that ask for something else: `--query`, `--phrase`, `--full`.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use openssl::hash::MessageDigest;
use openssl::x509::X509;

use crate::harness::{Audit, Desk, Dovecot, Weather, farewell, ordinary, with_attachments};

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
    let Some(dovecot) = Dovecot::with_anna().map(Dovecot::start) else {
        return;
    };
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

/// What lies in the report's directory of messages.
fn saved(report: &Path) -> Vec<String> {
    let entries = fs::read_dir(report.join("evidence")).unwrap();
    let names = entries.map(|e| e.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names.collect();
    names.sort();
    names
}

/// A farewell with a list of outsiders' addresses that goes to a private mailbox, too: two queries find it.
fn found_twice(number: u32) -> String {
    let list: Vec<String> = (0..12)
        .map(|n| format!("client{n}@customers{n}.example, Client {n}\r\n"))
        .collect();
    farewell("anna", number)
        .replace("\r\nDate:", ", anna.privately@gmail.com\r\nDate:")
        .replace(
            "Kind regards",
            &format!("{}\r\nKind regards", list.concat()),
        )
}

#[test]
fn messages_in_an_mbox_are_saved_without_its_marks() {
    let desk = Desk::new();
    fs::remove_dir_all(desk.path("mail")).unwrap();
    let line = "From anna@acme.example Mon Jun 10 09:00:00 2024\n";
    let unix = |message: String| message.replace("\r\n", "\n");
    let quoting = unix(farewell("anna", 3)).replace("Kind regards", "From now on,\n\nAnna");
    let messages = [
        unix(ordinary("anna", 1)),
        unix(found_twice(2)),
        quoting.clone(),
    ];
    let mbox: Vec<String> = messages
        .iter()
        .map(|m| format!("{line}{}\n", m.replace("\nFrom ", "\n>From ")))
        .collect();
    desk.write("mail/Sent", &mbox.concat());
    desk.does(&scan(&["--evidence", "--out", "r"]), 0);
    let rows = desk.rows("r/findings.csv");
    let mut found: Vec<(&str, String)> = rows
        .iter()
        .map(|row| {
            let saved = desk.path("r").join(&row["evidence_file"]);
            (&*row["uid"], fs::read_to_string(saved).unwrap())
        })
        .collect();
    found.sort();
    let twice = &messages[1];
    assert_eq!(
        found,
        [
            ("2", twice.clone()),
            ("2", twice.clone()),
            ("3", quoting.clone())
        ]
    );
    assert_eq!(saved(&desk.path("r")).len(), 3);
    assert!(desk.does(&["verify", "r"], 0).contains("All 11 files"));
}

#[test]
fn a_line_that_breaks_leaves_no_half_message() {
    let Some(dovecot) = Dovecot::new() else {
        return;
    };
    let large = with_attachments("anna", 2, 4_000_000);
    let dovecot = dovecot
        .user("anna")
        .mailbox("anna", "Sent")
        .seen("anna", "Sent", "S", &found_twice(1))
        .seen("anna", "Sent", "S", &large)
        .start();
    let mut audit = Audit::on(&dovecot).leaver("anna");
    audit.run(&[]).ended(0);
    let cut = |cuts| {
        let weather = Weather {
            delay: Duration::ZERO,
            octets_per_second: 100_000_000,
            cuts,
            cut_after: 1_000_000,
        };
        weather.before(dovecot.port())
    };
    // The run itself lists and judges nothing new on a connection that is not cut yet.
    for (cuts, status, count) in [(2, 0, 3), (usize::MAX, 3, 2)] {
        audit = audit.plain(cut(cuts));
        let ran = audit.run(&["--evidence"]).ended(status);
        let rows = ran.rows("findings.csv");
        assert_eq!(rows.len(), 3);
        let names: Vec<_> = rows
            .iter()
            .filter(|row| !row["evidence_file"].is_empty())
            .map(|row| {
                let octets = fs::read(ran.report.join(&row["evidence_file"])).unwrap();
                let size = row["size"].parse::<usize>().unwrap();
                assert_eq!(octets.len(), size, "{cuts}");
                format!("{}.eml", row["finding_id"])
            })
            .collect();
        assert_eq!(names.len(), count, "{cuts}");
        assert_eq!(saved(&ran.report).len(), count, "{cuts}");
    }
}
