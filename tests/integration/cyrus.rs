//! The same mail on a second real server, Cyrus: the same findings, nothing changed there, and its own ways to log in.

use crate::harness::{Audit, Cyrus, Dovecot, Ran, farewell, ordinary, with_attachments};

const FINDINGS: &[&str] = &[
    "finding_id",
    "verdict",
    "subject",
    "sha256",
    "size",
    "personal_contacts",
];

fn mail() -> Vec<String> {
    (0..12)
        .map(|number| match number % 4 {
            0 => farewell("anna", number),
            1 => with_attachments("anna", number, 150_000),
            _ => ordinary("anna", number),
        })
        .collect()
}

fn findings(ran: &Ran) -> Vec<String> {
    let cells = |row: &crate::harness::Row| -> Vec<String> {
        FINDINGS.iter().map(|column| row[*column].clone()).collect()
    };
    let mut lines: Vec<_> = ran
        .rows("findings.csv")
        .iter()
        .map(|row| cells(row).join("|"))
        .collect();
    lines.sort();
    lines
}

/// As the auditor, who may log in as anybody.
fn as_proxy(cyrus: &Cyrus) -> Audit {
    let auth = "{ method = \"plain\", authzid = \"{mailbox}\", user = \"auditor\", password_env = \"TEST_PASSWORD\" }";
    Audit::on_port(cyrus.port()).auth(auth)
}

#[test]
fn the_same_mail_gives_the_same_findings_on_both_servers() {
    let Some(cyrus) = Cyrus::start(&["anna"]) else {
        return;
    };
    let Some(mut dovecot) = Dovecot::new() else {
        return;
    };
    dovecot = dovecot.user("anna").mailbox("anna", "Sent");
    for message in mail() {
        // The file and the server's literal have the same line ends.
        let message = message.replace("\r\n", "\n").replace('\n', "\r\n");
        cyrus.sent("anna", &message);
        dovecot = dovecot.seen("anna", "Sent", "S", &message);
    }
    let dovecot = dovecot.start();
    let state =
        || cyrus.speak("anna", &["EXAMINE Sent", "FETCH 1:* (UID FLAGS MODSEQ)"])[1].clone();
    let before = state();

    let audit = as_proxy(&cyrus).leaver("anna");
    let there = audit.run(&[]).ended(0);
    let columns = [
        "mailbox",
        "chosen_by",
        "read_only",
        "judged",
        "exceptions",
        "status",
    ];
    there.has(
        "coverage.csv",
        &columns,
        &["Sent|\\Sent attribute|yes|12|0|complete"],
    );
    let here = Audit::on(&dovecot).leaver("anna").run(&[]).ended(0);
    assert_eq!(findings(&there), findings(&here));
    assert!(findings(&there).len() >= 3);
    assert_eq!(state(), before);

    let again = audit.run(&[]).ended(0);
    again.has("coverage.csv", &["judged", "judged_before"], &["0|12"]);
}

#[test]
fn a_read_right_is_enough() {
    let Some(cyrus) = Cyrus::start(&["anna", "auditor"]) else {
        return;
    };
    cyrus.sent("anna", &farewell("anna", 1));
    let granted = cyrus.speak("admin", &["SETACL user/anna/Sent auditor lr"]);
    assert!(granted[0].contains("a OK"), "{granted:?}");
    let auth = "{ method = \"login\", user = \"auditor\", password_env = \"TEST_PASSWORD\" }\n\n\
                [audit]\nmailboxes = [\"Other Users/anna/*\"]";
    let ran = Audit::on_port(cyrus.port())
        .auth(auth)
        .leaver("anna")
        .run(&[])
        .ended(0);
    let columns = ["mailbox", "read_only", "judged", "status"];
    ran.has(
        "coverage.csv",
        &columns,
        &["Other Users/anna/Sent|yes|1|complete"],
    );
}

#[test]
fn who_may_not_act_for_others_is_told_what_to_check() {
    let Some(cyrus) = Cyrus::start(&["anna"]) else {
        return;
    };
    let auth = "{ method = \"plain\", authzid = \"{mailbox}\", user = \"mallory\", password_env = \"TEST_PASSWORD\" }";
    let mallory = Audit::on_port(cyrus.port()).auth(auth).leaver("anna");
    let told = mallory.command(&["check"]).ended(3).stdout;
    assert!(told.contains("that it may log in as others"), "{told}");

    // Cyrus lets the proxy in for somebody who has no mailbox; for one of two custodians that is no failure of the other.
    let both = as_proxy(&cyrus).leaver("anna").leaver("nobody");
    let told = both.command(&["check"]).ended(3).stdout;
    assert!(told.contains("1 of 2 accounts ready"), "{told}");
    assert!(told.contains("no-sent-mailbox"), "{told}");
}
