//! Beside a run that is at work: everything but another run goes on without waiting.

use std::thread;
use std::time::{Duration, Instant};

use crate::harness::{Audit, Dovecot, Wiretap, farewell, ordinary};

const MESSAGES: u32 = 1500;

/// Long enough that the line needs a minute and more for all.
fn long(number: u32) -> String {
    ordinary("anna", number) + &"Nothing to see here.\r\n".repeat(900)
}

fn judged(audit: &Audit) -> u32 {
    let connection = rusqlite::Connection::open(audit.path("audit.db")).unwrap();
    connection
        .query_row("SELECT count(*) FROM judged", [], |row| row.get(0))
        .unwrap()
}

#[test]
fn nothing_but_another_run_waits_for_a_run() {
    let Some(dovecot) = Dovecot::new() else {
        return;
    };
    let mut dovecot = dovecot
        .user("anna")
        .mailbox("anna", "Sent")
        .seen("anna", "Sent", "S", &farewell("anna", 1))
        .start();
    let audit = Audit::on(&dovecot).leaver("anna");
    let first = audit.run(&[]).ended(0);
    let id = first.rows("findings.csv")[0]["finding_id"].clone();
    for number in 2..MESSAGES {
        dovecot = dovecot.seen("anna", "Sent", "S", &long(number));
    }
    let line = Wiretap::slow(dovecot.tls_port());
    let audit = audit.port(line.port());
    let mut run = audit.start(&["run", "--no-progress", "--out", "second"]);
    let until = Instant::now() + Duration::from_secs(60);
    while judged(&audit) < 2 {
        assert!(Instant::now() < until, "the run judges nothing");
        thread::sleep(Duration::from_millis(5));
    }
    let mut at_once = |arguments: &[&str], status| {
        let since = Instant::now();
        let ran = audit.command(arguments).ended(status);
        assert!(
            run.try_wait().unwrap().is_none(),
            "the run has ended too early"
        );
        assert!(
            since.elapsed() < Duration::from_secs(20),
            "{arguments:?} waited"
        );
        ran
    };
    let copy = format!("finding_id,review_status,review_note\n{id},escalated,at once\n");
    std::fs::write(audit.path("copy.csv"), copy).unwrap();
    let told = at_once(&["review", "import", "copy.csv"], 0);
    assert!(told.stdout.contains("1 taken, "), "{}", told.stdout);
    // What the run has not shown yet is missing, and the report says so.
    let told = at_once(&["report", "--format", "csv", "--out", "meanwhile"], 3);
    let meanwhile = told.reported_in(audit.path("meanwhile"));
    assert_eq!(
        meanwhile.rows("findings.csv")[0]["review_status"],
        "escalated"
    );
    let told = at_once(&["runs"], 0);
    assert!(told.stdout.contains(" did not end "), "{}", told.stdout);
    let verify = ["verify", "meanwhile", "--config", "audit.toml"];
    let told = at_once(&verify, 0);
    assert!(told.stdout.contains("vouches"), "{}", told.stdout);
    let told = at_once(&["run", "--no-progress", "--out", "third"], 75);
    assert!(
        told.stderr.contains("another run holds the store"),
        "{}",
        told.stderr
    );
    let stderr = told.stderr;
    let holder = format!("process {} on ", run.id());
    assert!(stderr.contains(&holder), "{stderr}");
    assert!(!audit.path("third").exists());
    // It has not been disturbed, and need not end by itself here.
    assert!(run.try_wait().unwrap().is_none());
    run.kill().unwrap();
    run.wait().unwrap();
}
