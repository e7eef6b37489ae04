//! Large messages of which only what is read is fetched give what the whole messages give.

use crate::harness::{Audit, Dovecot, Row, ordinary, with_attachments};

const COLUMNS: &[&str] = &[
    "finding_id",
    "verdict",
    "subject",
    "sha256",
    "size",
    "personal_contacts",
    "notice",
    "reason",
];

fn told(rows: &[Row]) -> Vec<Vec<&str>> {
    let cells = |row| -> Vec<&str> {
        COLUMNS
            .iter()
            .map(|column| Row::get(row, *column).unwrap().as_str())
            .collect()
    };
    rows.iter().map(cells).collect()
}

/// The same message without its farewell, and with nothing private in it.
fn pictures(number: u32) -> String {
    let message = with_attachments("anna", number, 200_000);
    message
        .replace("I am leaving Acme", "The pallets leave")
        .replace("will be my last day", "is their last day")
        .replace("My private\r\n", "Our general\r\n")
}

#[test]
fn what_is_not_read_is_not_fetched() {
    let Some(mut dovecot) = Dovecot::new() else {
        return;
    };
    dovecot = dovecot.user("anna").mailbox("anna", "Sent");
    for number in 0..30 {
        let message = match number % 10 {
            0 => with_attachments("anna", number, 200_000),
            1 => ordinary("anna", number),
            _ => pictures(number),
        };
        dovecot = dovecot.seen("anna", "Sent", "S", &message);
    }
    let dovecot = dovecot.start();
    let audit = Audit::on(&dovecot).leaver("anna");
    let run = audit.run(&[]).ended(0);
    let coverage = run.rows("coverage.csv");
    let octets = |column: &str| coverage[0][column].parse::<u64>().unwrap();
    assert_eq!(octets("judged"), 30);
    let (fetched, stored) = (octets("bytes_fetched"), octets("bytes_stored"));
    assert!(fetched * 3 < stored, "{fetched} of {stored}");

    let out = audit.path("scanned");
    let mail = dovecot.mail("anna", "Sent");
    let scan = audit
        .command(&[
            "scan",
            mail.to_str().unwrap(),
            "--config",
            "audit.toml",
            "--owner",
            "anna@acme.example",
            "--store",
            "none",
            "--no-progress",
            "--out",
            out.to_str().unwrap(),
        ])
        .ended(0)
        .reported_in(out);
    let (lean, whole) = (run.rows("findings.csv"), scan.rows("findings.csv"));
    assert_eq!(told(&lean), told(&whole));
    assert!(lean.len() >= 3);
}
