//! Runs that are killed at any moment: the next goes on, and ends in the report of an undisturbed one.

use std::process::Child;
use std::thread;
use std::time::Duration;

use crate::harness::{Audit, Dovecot, Ran, Row, Wiretap, farewell, ordinary};

const MESSAGES: u32 = 1500;
/// Kills that must hit a run with work done and work left.
const KILLS: usize = 5;

/// Everything but times, run ids, and what was judged when.
fn standing(ran: &Ran, table: &str) -> Vec<Row> {
    let mut rows = ran.rows(table);
    for row in &mut rows {
        for column in [
            "change",
            "judged",
            "judged_before",
            "bytes_fetched",
            "seconds",
            "throttled_seconds",
            "status",
        ] {
            row.remove(column);
        }
        // Attempts tell what was tried; here nothing ever fails for good.
        row.remove("attempts");
    }
    rows
}

/// How many rows a table of the store has, whatever state it was left in.
fn rows(audit: &Audit, table: &str) -> u32 {
    let path = audit.path("audit.db");
    if !path.exists() {
        return 0;
    }
    let connection = rusqlite::Connection::open(path).unwrap();
    let query = format!("SELECT count(*) FROM {table}");
    // Killed before the schema was written: nothing is there yet.
    connection
        .query_row(&query, [], |row| row.get(0))
        .unwrap_or(0)
}

fn is_sound(audit: &Audit) -> bool {
    let connection = rusqlite::Connection::open(audit.path("audit.db")).unwrap();
    let told: String = connection
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .unwrap();
    told == "ok"
}

/// Waits until the run has begun, so that the kill hits its work and not its start.
fn wait_for_begin(audit: &Audit, run: &mut Child, before: u32) {
    for _ in 0..3000 {
        if rows(audit, "runs") > before || !matches!(run.try_wait(), Ok(None)) {
            return;
        }
        thread::sleep(Duration::from_millis(10));
    }
    panic!("the run does not begin");
}

/// Waits until the run has work to show.
fn wait_for_commit(audit: &Audit, run: &mut Child) {
    for _ in 0..6000 {
        if rows(audit, "judged") > 0 || !matches!(run.try_wait(), Ok(None)) {
            return;
        }
        thread::sleep(Duration::from_millis(5));
    }
    panic!("the run judges nothing");
}

#[test]
fn a_killed_run_costs_nothing() {
    let Some(mut dovecot) = Dovecot::new() else {
        return;
    };
    let names = ["anna", "bert"];
    for (name, number) in names.iter().zip([0, 2000]) {
        dovecot = dovecot.user(name).mailbox(name, "Sent");
        for number in number..number + MESSAGES {
            let write = if number % 100 == 0 {
                farewell
            } else {
                ordinary
            };
            dovecot = dovecot.seen(name, "Sent", "S", &write(name, number));
        }
    }
    let dovecot = dovecot.start();
    let line = Wiretap::slow(dovecot.tls_port());
    let audit = names
        .iter()
        .fold(Audit::on(&dovecot).port(line.port()), |audit, name| {
            audit.leaver(name)
        });
    let everything = 2 * MESSAGES;
    let (mut killed_at_work, mut kills) = (0_usize, 0);
    // Steps that have nothing in common with anything, so that kills fall everywhere.
    for step in 0..40_u64 {
        if rows(&audit, "judged") == everything {
            break;
        }
        let begun = rows(&audit, "runs");
        let mut run = audit.start(&["run", "--no-progress", "--out", &format!("killed-{step}")]);
        wait_for_begin(&audit, &mut run, begun);
        if step == 0 {
            wait_for_commit(&audit, &mut run);
        }
        // Five short ones take less than the line needs for all, whatever the machine; long ones reach the report.
        let longest = if killed_at_work < KILLS { 400 } else { 1700 };
        thread::sleep(Duration::from_millis(step * 7919 % longest));
        if matches!(run.try_wait(), Ok(None)) {
            kills += 1;
            run.kill().unwrap();
            assert!(is_sound(&audit), "after kill {step}");
            let done = rows(&audit, "judged");
            killed_at_work += usize::from(0 < done && done < everything);
        }
        run.wait().unwrap();
        // Whole or not at all.
        let report = audit.path(&format!("killed-{step}"));
        assert!(!report.exists() || report.join("manifest.json").exists());
    }
    eprintln!("{kills} kills, {killed_at_work} with work done and work left");
    assert!(
        killed_at_work >= KILLS,
        "only {killed_at_work} of {kills} kills hit a run at work"
    );
    // What is left need not be slow.
    let audit = audit.port(dovecot.tls_port());
    let resumed = audit.run(&[]).ended(0);
    let undisturbed = audit.run(&["--store", "fresh.db"]).ended(0);
    for table in [
        "findings.csv",
        "contacts.csv",
        "recipients.csv",
        "clients.csv",
        "coverage.csv",
        "exceptions.csv",
    ] {
        assert_eq!(
            standing(&resumed, table),
            standing(&undisturbed, table),
            "{table}"
        );
    }
    assert_eq!(resumed.rows("findings.csv").len(), names.len() * 15);
}
