//! The first promise: an audit changes nothing on the server. Seen in the server's files, in what it says, and on the wire.

use crate::harness::{Audit, Dovecot, Wiretap, farewell, ordinary};

/// Mailboxes in which everything could go wrong: unseen mail in `cur`, mail that just arrived, flags of all kinds.
fn tempting() -> Option<Dovecot> {
    let dovecot = Dovecot::new()?
        .user("anna")
        .mailbox("anna", "Sent")
        .seen("anna", "Sent", "", &farewell("anna", 1))
        .seen("anna", "Sent", "S", &ordinary("anna", 2))
        .seen("anna", "Sent", "RS", &ordinary("anna", 3))
        .seen("anna", "Sent", "ST", &ordinary("anna", 4))
        .unseen("anna", "Sent", &farewell("anna", 5))
        .unseen("anna", "Sent", &ordinary("anna", 6));
    Some(dovecot.start())
}

#[test]
fn nothing_changes_on_the_server() {
    let Some(mut dovecot) = tempting() else {
        return;
    };
    // The first look makes the server number its messages; it is the second that must not differ.
    dovecot.state("anna", "Sent");
    let files = dovecot.files("anna", "Sent");
    let state = dovecot.state("anna", "Sent");
    assert_eq!(
        files.iter().filter(|name| name.starts_with("new/")).count(),
        2
    );
    assert_eq!(
        state.lines().filter(|line| line.contains("\\Seen")).count(),
        3,
        "{state}"
    );

    let ran = Audit::on(&dovecot).leaver("anna").run(&[]).ended(0);
    ran.has("coverage.csv", &["read_only", "judged"], &["yes|6"]);

    assert_eq!(dovecot.files("anna", "Sent"), files);
    assert_eq!(dovecot.state("anna", "Sent"), state);
    dovecot.stop();
    assert_eq!(dovecot.files("anna", "Sent"), files);
}

#[test]
fn no_command_that_writes_is_sent() {
    let Some(dovecot) = tempting() else { return };
    let tap = Wiretap::on(dovecot.port());
    let audit = Audit::on(&dovecot).plain(tap.port()).leaver("anna");
    audit
        .run(&[])
        .ended(0)
        .has("coverage.csv", &["judged"], &["6"]);
    audit.command(&["check"]).ended(0);

    let said = tap.said();
    assert!(
        said.contains(" EXAMINE ") && said.contains("BODY.PEEK["),
        "{said}"
    );
    // BODY[…], RFC822 and RFC822.TEXT would set \Seen (RFC 3501, 6.4.5).
    for item in ["BODY[", "RFC822 ", "RFC822)", "RFC822.TEXT"] {
        assert!(!said.contains(item), "{item} in:\n{said}");
    }
    let writing = [
        "SELECT",
        "STORE",
        "EXPUNGE",
        "APPEND",
        "COPY",
        "MOVE",
        "CREATE",
        "DELETE",
        "RENAME",
        "SUBSCRIBE",
        "UNSUBSCRIBE",
        "CLOSE",
        "SETACL",
        "SETQUOTA",
        "SETMETADATA",
    ];
    for word in said.split(|c: char| !c.is_ascii_alphabetic()) {
        assert!(!writing.contains(&word), "{word} in:\n{said}");
    }
}
