//! Long messages: judged with every octet counted, and never held in memory whole.

use std::fs;
use std::thread;
use std::time::Duration;

use openssl::hash::{MessageDigest, hash};

use crate::harness::{Audit, Dovecot, Row, farewell, with_attachments};

/// Octets of the pictures in the long message.
const LONG: usize = 32 << 20;

/// What a long message may add to the peak of a program that reads short ones.
const MORE: u64 = 16 << 20;

/// What a finding says, whatever its message is made of besides.
const SAYS: &[&str] = &[
    "verdict",
    "personal_contacts",
    "notice",
    "excerpt",
    "reason",
];

fn cells<'r>(row: &'r Row, columns: &[&str]) -> Vec<&'r str> {
    columns.iter().map(|column| row[*column].as_str()).collect()
}

/// The findings and the peak, in octets, of a command that writes a report.
fn measured(audit: &Audit, arguments: &[&str]) -> (Vec<Row>, u64) {
    let out = audit.path("measured");
    let _ = fs::remove_dir_all(&out);
    let report = ["--no-progress", "--out", out.to_str().unwrap()];
    let mut child = audit.start(&[arguments, &report].concat());
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    let ended = loop {
        if let Some(ended) = child.try_wait().unwrap() {
            break ended;
        }
        let told = fs::read_to_string(&status).unwrap_or_default();
        let high = told.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kilobytes = high.and_then(|h| h.split_whitespace().next()?.parse::<u64>().ok());
        peak = peak.max(kilobytes.unwrap_or(0) << 10);
        thread::sleep(Duration::from_millis(1));
    };
    assert!(ended.success(), "{arguments:?}: {ended}");
    let table = fs::read_to_string(out.join("findings.csv")).unwrap();
    let rows = csv::Reader::from_reader(table.trim_start_matches('\u{feff}').as_bytes())
        .deserialize()
        .collect::<Result<_, _>>()
        .unwrap();
    (rows, peak)
}

#[track_caller]
fn check_known(row: &Row, message: &str) {
    let digest = hash(MessageDigest::sha256(), message.as_bytes()).unwrap();
    let digits: Vec<String> = digest.iter().map(|octet| format!("{octet:02x}")).collect();
    assert_eq!(row["sha256"], digits.concat());
    assert_eq!(row["size"], message.len().to_string());
}

#[test]
fn a_long_message_is_judged_whole_and_never_held() {
    let Some(dovecot) = Dovecot::new() else {
        return;
    };
    let long = with_attachments("anna", 1, LONG);
    let dovecot = dovecot
        .user("anna")
        .mailbox("anna", "Sent")
        .seen("anna", "Sent", "S", &long)
        .user("bert")
        .mailbox("bert", "Sent")
        .seen("bert", "Sent", "S", &with_attachments("bert", 1, 1_000))
        .start();
    let short = Audit::on(&dovecot).leaver("bert");
    let (told, usual) = measured(&short, &["run"]);
    let audit = Audit::on(&dovecot).leaver("anna");
    let fits = |peak: u64, what: &str| {
        assert!(
            peak < usual + MORE,
            "{what}: {} MiB more than {} MiB",
            (peak - usual) >> 20,
            usual >> 20
        );
    };

    let (over_imap, peak) = measured(&audit, &["run"]);
    fits(peak, "run");
    assert_eq!(over_imap.len(), 1);
    assert_eq!(cells(&over_imap[0], SAYS), cells(&told[0], SAYS));
    check_known(&over_imap[0], &long);

    let (saved, peak) = measured(&audit, &["run", "--evidence"]);
    fits(peak, "run --evidence");
    let file = audit.path("measured").join(&saved[0]["evidence_file"]);
    assert!(fs::read_to_string(file).unwrap() == long);

    let bare = long.replace("\r\n", "\n");
    let separated = format!(
        "From anna@acme.example Mon Jun 10 09:00:00 2024\n{bare}\n\
         From anna@acme.example Mon Jun 10 09:30:00 2024\n{}",
        farewell("anna", 2).replace("\r\n", "\n")
    );
    for (name, text, message) in [("a.eml", &long, &long), ("Sent", &separated, &bare)] {
        fs::write(audit.path(name), text).unwrap();
        let mut scan = vec!["scan", name, "--config", "audit.toml", "--store", "none"];
        scan.push("--evidence");
        let (from_file, peak) = measured(&audit, &scan);
        fits(peak, name);
        check_known(&from_file[0], message);
        for columns in [SAYS, &["finding_id"]] {
            assert_eq!(
                cells(&from_file[0], columns),
                cells(&over_imap[0], columns),
                "{name}"
            );
        }
        let file = audit.path("measured").join(&from_file[0]["evidence_file"]);
        assert!(fs::read_to_string(file).unwrap() == *message, "{name}");
    }
}
