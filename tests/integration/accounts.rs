//! Several accounts in one run: what each costs, and that one that fails costs no other.

use crate::harness::{Audit, Dovecot, farewell, ordinary};

const COVERAGE: &[&str] = &[
    "custodian",
    "mailbox",
    "read_only",
    "messages",
    "in_window",
    "judged",
    "exceptions",
    "findings",
    "status",
];

/// Anna has a farewell among three messages, Bert business alone.
fn anna_and_bert() -> Option<Dovecot> {
    let dovecot = Dovecot::new()?
        .user("anna")
        .mailbox("anna", "Sent")
        .seen("anna", "Sent", "S", &ordinary("anna", 1))
        .seen("anna", "Sent", "S", &farewell("anna", 2))
        .unseen("anna", "Sent", &ordinary("anna", 3))
        .user("bert")
        .mailbox("bert", "Sent")
        .seen("bert", "Sent", "S", &ordinary("bert", 4));
    Some(dovecot.start())
}

const BOTH: &[&str] = &[
    "anna@acme.example|Sent|yes|3|3|3|0|1|complete",
    "bert@acme.example|Sent|yes|1|1|1|0|0|complete",
];

#[test]
fn several_accounts_over_imaps() {
    let Some(dovecot) = anna_and_bert() else {
        return;
    };
    let ran = Audit::on(&dovecot)
        .leaver("anna")
        .leaver("bert")
        .run(&[])
        .ended(0);
    ran.has("coverage.csv", COVERAGE, BOTH)
        .has("exceptions.csv", &["code"], &[])
        .has(
            "findings.csv",
            &["custodian", "verdict", "subject", "mailbox", "copies"],
            &["anna@acme.example|personal-contact|Goodbye 2|Sent|1"],
        );
}

#[test]
fn several_accounts_over_starttls() {
    let Some(dovecot) = anna_and_bert() else {
        return;
    };
    let audit = Audit::on(&dovecot)
        .starttls(&dovecot)
        .leaver("anna")
        .leaver("bert");
    audit.run(&[]).ended(0).has("coverage.csv", COVERAGE, BOTH);
}

#[test]
fn a_finding_can_fail_the_run() {
    let Some(dovecot) = anna_and_bert() else {
        return;
    };
    let audit = Audit::on(&dovecot).leaver("anna").leaver("bert");
    audit.run(&["--fail-on", "personal-contact"]).ended(1);
    audit.run(&["--fail-on", "solicitation"]).ended(0);
    audit
        .run(&["--fail-on", "any", "--custodian", "bert*"])
        .ended(0);
}

#[test]
fn accounts_that_fail_cost_no_other() {
    let Some(dovecot) = Dovecot::new() else {
        return;
    };
    let dovecot = dovecot
        .user("anna")
        .mailbox("anna", "Sent")
        .seen("anna", "Sent", "S", &farewell("anna", 1))
        .user_with_password("carl", "another-password")
        .mailbox("carl", "Sent")
        .user("dora")
        .mailbox("dora", "Projects")
        .start();
    let audit = Audit::on(&dovecot)
        .leaver("anna")
        .leaver("carl")
        .leaver("dora");
    let ran = audit.run(&[]).ended(3);
    ran.has(
        "coverage.csv",
        COVERAGE,
        &[
            "anna@acme.example|Sent|yes|1|1|1|0|1|complete",
            "carl@acme.example|||0|0|0|0|0|failed",
            "dora@acme.example|||0|0|0|0|0|failed",
        ],
    );
    ran.has(
        "exceptions.csv",
        &["custodian", "stage", "code", "count"],
        &[
            "carl@acme.example|login|wrong-password|0",
            "dora@acme.example|list|no-sent-mailbox|0",
        ],
    );
    for row in ran.rows("exceptions.csv") {
        assert!(!row["what_to_do"].is_empty(), "{row:?}");
    }
    let dora = &ran.rows("exceptions.csv")[1];
    assert!(dora["detail"].contains("Projects"), "{dora:?}");
}

#[test]
fn an_empty_mailbox_is_complete() {
    let Some(dovecot) = Dovecot::new() else {
        return;
    };
    let dovecot = dovecot.user("anna").mailbox("anna", "Sent").start();
    Audit::on(&dovecot).leaver("anna").run(&[]).ended(0).has(
        "coverage.csv",
        COVERAGE,
        &["anna@acme.example|Sent|yes|0|0|0|0|0|complete"],
    );
}

#[test]
fn every_sent_mailbox_is_read() {
    let Some(dovecot) = Dovecot::new() else {
        return;
    };
    let dovecot = dovecot
        .user("anna")
        .mailbox("anna", "Sent")
        .seen("anna", "Sent", "S", &farewell("anna", 1))
        .mailbox("anna", "Elementos enviados")
        .seen("anna", "Elementos enviados", "S", &farewell("anna", 2))
        .mailbox("anna", "Projects")
        .seen("anna", "Projects", "S", &farewell("anna", 3))
        .start();
    let ran = Audit::on(&dovecot).leaver("anna").run(&[]).ended(0);
    ran.has(
        "coverage.csv",
        COVERAGE,
        &[
            "anna@acme.example|Elementos enviados|yes|1|1|1|0|1|complete",
            "anna@acme.example|Sent|yes|1|1|1|0|1|complete",
        ],
    );
    let chosen: Vec<_> = ran
        .rows("coverage.csv")
        .iter()
        .map(|row| row["chosen_by"].clone())
        .collect();
    assert!(
        chosen[0] != chosen[1] && chosen[1].contains("\\Sent"),
        "{chosen:?}"
    );
}

#[test]
fn a_copy_in_a_second_mailbox_is_no_second_finding() {
    let Some(dovecot) = Dovecot::new() else {
        return;
    };
    let dovecot = dovecot
        .user("anna")
        .mailbox("anna", "Sent")
        .seen("anna", "Sent", "S", &farewell("anna", 1))
        .mailbox("anna", "Elementos enviados")
        .seen("anna", "Elementos enviados", "S", &farewell("anna", 1))
        .start();
    let ran = Audit::on(&dovecot).leaver("anna").run(&[]).ended(0);
    ran.has("findings.csv", &["subject", "copies"], &["Goodbye 1|2"]);
}

#[test]
fn the_window_leaves_out_what_lies_outside() {
    let Some(dovecot) = anna_and_bert() else {
        return;
    };
    let audit = Audit::on(&dovecot).leaver("anna");
    let columns = &["messages", "in_window", "judged"];
    audit
        .run(&["--since", "2024-06-12"])
        .ended(0)
        .has("coverage.csv", columns, &["3|0|0"]);
    audit
        .run(&["--until", "2024-06-10"])
        .ended(0)
        .has("coverage.csv", columns, &["3|3|3"]);
}

#[test]
fn check_reads_no_message() {
    let Some(dovecot) = anna_and_bert() else {
        return;
    };
    let audit = Audit::on(&dovecot).leaver("anna").leaver("nobody");
    let before = dovecot.files("anna", "Sent");
    let ran = audit.command(&["check"]).ended(3);
    assert!(ran.stdout.contains("anna@acme.example"), "{}", ran.stdout);
    assert!(ran.stdout.contains("nobody@acme.example"), "{}", ran.stdout);
    assert_eq!(dovecot.files("anna", "Sent"), before);
    Audit::on(&dovecot)
        .leaver("anna")
        .command(&["check"])
        .ended(0);
}

#[test]
fn a_note_in_the_place_of_a_message_is_no_message() {
    let Some(dovecot) = Dovecot::new() else {
        return;
    };
    // What Exchange serves for mail that it cannot convert.
    let note = "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=\"us-ascii\"\r\n\
                From: Microsoft Exchange Server 2010\r\nTo: Anna <anna@acme.example>\r\n\
                Subject: Retrieval using the IMAP4 protocol failed for the following\r\n message: 2\r\n\r\n\
                The server couldn't retrieve the following message:\r\n\r\nSubject: \"Goodbye\"\r\n";
    let dovecot = dovecot
        .user("anna")
        .mailbox("anna", "Sent")
        .seen("anna", "Sent", "S", &farewell("anna", 1))
        .seen("anna", "Sent", "S", note)
        .start();
    let ran = Audit::on(&dovecot).leaver("anna").run(&[]).ended(3);
    ran.has(
        "coverage.csv",
        COVERAGE,
        &["anna@acme.example|Sent|yes|2|2|1|1|1|partial"],
    );
    let columns = ["uid", "stage", "code", "retryable"];
    ran.has("exceptions.csv", &columns, &["2|fetch|placeholder|yes"]);
}
