//! A mailbox that grows from night to night, with everything that happens to mailboxes in between.

use crate::harness::{Audit, Dovecot, Ran, Row, Wiretap, farewell, ordinary};

/// The rows of a table without what tells one run from another.
fn standing(ran: &Ran, table: &str) -> Vec<Row> {
    let mut rows = ran.rows(table);
    for row in &mut rows {
        row.remove("change");
    }
    rows
}

#[track_caller]
fn check_same(nightly: &Ran, full: &Ran) {
    for table in [
        "findings.csv",
        "contacts.csv",
        "recipients.csv",
        "clients.csv",
    ] {
        assert_eq!(standing(nightly, table), standing(full, table), "{table}");
    }
}

/// Change and status of each finding, by subject.
fn changes(ran: &Ran) -> Vec<String> {
    let rows = ran.rows("findings.csv");
    rows.iter()
        .map(|row| {
            [&row["subject"], &row["change"], &row["review_status"]]
                .map(String::as_str)
                .join(" ")
        })
        .collect()
}

#[test]
fn ten_nights_end_in_the_report_of_one_run() {
    let Some(dovecot) = Dovecot::new() else {
        return;
    };
    let mut dovecot = dovecot.user("anna").mailbox("anna", "Sent").start();
    let audit = Audit::on(&dovecot).leaver("anna");
    let mut decided = String::new();
    for night in 1..=9_u32 {
        // Higher numbers were sent later; the last nights bring what is older than everything before.
        let number = if night < 7 { 10 + night } else { night };
        dovecot = dovecot
            .seen("anna", "Sent", "S", &farewell("anna", number))
            .seen("anna", "Sent", "S", &ordinary("anna", 20 + night));
        match night {
            3 => dovecot.renumber("anna", "Sent"),
            4 => drop(audit.run(&["--phrase", "pallets"]).ended(0)),
            5 => drop(
                audit
                    .run(&["--since", "2024-06-20", "--audience", "all"])
                    .ended(0),
            ),
            6 => drop(audit.run(&["--since", "2024-05-01", "--full"]).ended(0)),
            _ => {}
        }
        let ran = audit.run(&[]).ended(0);
        let findings = ran.rows("findings.csv");
        assert_eq!(findings.len(), night as usize);
        if night == 2 {
            decided.clone_from(&findings[0]["finding_id"]);
            let table = ["finding_id,review_status\n", &decided, ",cleared\n"].concat();
            std::fs::write(audit.path("copy.csv"), table).unwrap();
            audit.command(&["review", "import", "copy.csv"]).ended(0);
        }
        let judged: u32 = ran.rows("coverage.csv")[0]["judged"].parse().unwrap();
        let expected = match night {
            // Renumbered: everything is read again, and nothing is found anew.
            3 => 6,
            // What a full run, or one with other queries, judged is not done again.
            6 => 0,
            _ => 2,
        };
        assert_eq!(judged, expected, "night {night}");
    }
    let nightly = audit.run(&[]).ended(0);
    let full = audit.run(&["--store", "fresh.db"]).ended(0);
    let without_decisions = |ran: &Ran| {
        let mut rows = standing(ran, "findings.csv");
        for row in &mut rows {
            row.remove("review_status");
        }
        rows
    };
    assert_eq!(without_decisions(&nightly), without_decisions(&full));
    audit
        .command(&["review", "import", "copy.csv", "--store", "fresh.db"])
        .ended(0);
    let full = audit.run(&["--store", "fresh.db"]).ended(0);
    check_same(&nightly, &full);

    assert_eq!(dovecot.delete("anna", "Sent", "Goodbye 11\r"), 1);
    let expected = |change: &str| {
        let mut expected: Vec<_> = [7, 8, 9, 11, 12, 13, 14, 15, 16]
            .map(|number| format!("Goodbye {number} same "))
            .to_vec();
        expected[3] = format!("Goodbye 11 {change} cleared");
        expected
    };
    // A run that did not ask for that day cannot tell.
    let ran = audit.run(&["--since", "2024-06-20"]).ended(0);
    assert_eq!(changes(&ran), expected("same"));
    for _ in 0..2 {
        let ran = audit.run(&["--evidence"]).ended(0);
        assert_eq!(changes(&ran), expected("gone"));
    }
    dovecot.renumber("anna", "Sent");
    let ran = audit.run(&[]).ended(0);
    assert_eq!(changes(&ran), expected("gone"));
    let dovecot = dovecot.seen("anna", "Sent", "S", &farewell("anna", 11));
    let ran = audit.run(&[]).ended(0);
    assert_eq!(changes(&ran), expected("same"));
    assert_eq!(ran.rows("findings.csv")[3]["finding_id"], decided);
    drop(dovecot);
}

#[test]
fn an_unchanged_mailbox_is_left_after_one_examine() {
    let Some(dovecot) = Dovecot::with_anna() else {
        return;
    };
    let dovecot = dovecot
        .seen("anna", "Sent", "S", &ordinary("anna", 3))
        .start();
    let tap = Wiretap::on(dovecot.port());
    let audit = Audit::on(&dovecot).plain(tap.port()).leaver("anna");
    // What the run asked after EXAMINE, and what it told.
    let check = |arguments: &[&str], asked: &[&str], accounted: &str, change: &str| {
        let before = tap.said().len();
        let ran = audit.run(arguments).ended(0);
        let columns = ["in_window", "judged", "judged_before", "status"];
        ran.has("coverage.csv", &columns, &[accounted]);
        assert_eq!(changes(&ran)[0], change);
        let said = tap.said()[before..].to_owned();
        let (_, said) = said.split_once(" EXAMINE ").unwrap();
        let commands = said
            .lines()
            .skip(1)
            .filter_map(|line| line.split_once(' '))
            .map(|(_, command)| command.split(" (").next().unwrap())
            .filter(|command| !command.starts_with("LOGOUT"));
        assert_eq!(commands.collect::<Vec<_>>(), asked);
    };
    let (all, new) = ("Goodbye 1 new ", "Goodbye 1 same ");
    check(&[], &["FETCH 1:3", "UID FETCH 1:3"], "3|3|0|complete", all);
    check(&[], &[], "3|0|3|unchanged", new);
    // Somebody asks for mod-sequences, which Dovecot begins to tell then; that may be a change, and is none.
    dovecot.state("anna", "Sent");
    check(&[], &["UID FETCH 4:*"], "3|0|3|unchanged", new);
    check(&[], &[], "3|0|3|unchanged", new);
    let dovecot = dovecot.seen("anna", "Sent", "S", &ordinary("anna", 4));
    let asked = ["UID FETCH 4:*", "UID FETCH 4"];
    check(&[], &asked, "4|1|3|complete", new);
    check(&[], &[], "4|0|4|unchanged", new);
    // As many as before, and not the same.
    assert_eq!(dovecot.delete("anna", "Sent", "Goodbye 1\r"), 1);
    let dovecot = dovecot.seen("anna", "Sent", "S", &ordinary("anna", 5));
    let asked = ["UID FETCH 5:*", "FETCH 1:4", "UID FETCH 5"];
    let gone = "Goodbye 1 gone ";
    check(&[], &asked, "4|1|3|complete", gone);
    check(&[], &[], "4|0|4|unchanged", gone);
    let everything = ["FETCH 1:4", "UID FETCH 2:5"];
    check(&["--full"], &everything, "4|4|0|complete", gone);
    drop(dovecot);
}
