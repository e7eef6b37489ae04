//! Ways to reach a server and to log in, and what is told of those that fail.

use crate::harness::{Audit, Certificates, Dovecot, MASTER, PASSWORD, Ran, farewell};

fn anna() -> Option<Dovecot> {
    let dovecot = Dovecot::new()?.user("anna").mailbox("anna", "Sent");
    Some(
        dovecot
            .seen("anna", "Sent", "S", &farewell("anna", 1))
            .start(),
    )
}

#[track_caller]
fn check_succeeds(audit: &Audit) {
    let ran = audit.run(&[]).ended(0);
    ran.has(
        "coverage.csv",
        &["read_only", "judged", "status"],
        &["yes|1|complete"],
    );
    check_keeps_secrets(&ran);
}

#[track_caller]
fn check_fails(audit: &Audit, stage_and_code: &str) {
    let ran = audit.run(&[]).ended(3);
    ran.has("exceptions.csv", &["stage", "code"], &[stage_and_code]);
    ran.has(
        "coverage.csv",
        &["custodian", "status"],
        &["anna@acme.example|failed"],
    );
    check_keeps_secrets(&ran);
}

/// Neither what is printed nor any file of the report has a password.
#[track_caller]
fn check_keeps_secrets(ran: &Ran) {
    let mut texts = vec![ran.stdout.clone(), ran.stderr.clone()];
    for entry in std::fs::read_dir(&ran.report).unwrap() {
        texts.push(
            String::from_utf8_lossy(&std::fs::read(entry.unwrap().path()).unwrap()).into_owned(),
        );
    }
    for text in texts {
        assert!(
            !text.contains(PASSWORD) && !text.contains(MASTER.1),
            "{text}"
        );
    }
}

#[test]
fn password_from_a_file() {
    let Some(dovecot) = anna() else { return };
    let audit = Audit::on(&dovecot)
        .leaver("anna")
        .file("secret", &format!("{PASSWORD}\n"));
    let auth = r#"{ method = "login", user = "{mailbox}", password_file = "secret" }"#;
    check_succeeds(&audit.auth(auth));
}

#[test]
fn password_from_a_command() {
    let Some(dovecot) = anna() else { return };
    let auth = format!(
        r#"{{ method = "login", user = "{{mailbox}}", password_command = ["/bin/echo", "{PASSWORD}"] }}"#
    );
    check_succeeds(&Audit::on(&dovecot).leaver("anna").auth(&auth));
}

#[test]
fn master_user() {
    let Some(dovecot) = anna() else { return };
    let auth = format!(
        r#"{{ method = "master-user", master = "{}", password_env = "TEST_MASTER" }}"#,
        MASTER.0
    );
    let audit = Audit::on(&dovecot).leaver("anna").auth(&auth);
    check_succeeds(&audit.environment("TEST_MASTER", MASTER.1));
}

#[test]
fn plain_with_an_authorisation_identity() {
    let Some(dovecot) = anna() else { return };
    let auth = format!(
        r#"{{ method = "plain", authzid = "{{mailbox}}", user = "{}", password_env = "TEST_MASTER" }}"#,
        MASTER.0
    );
    let audit = Audit::on(&dovecot).leaver("anna").auth(&auth);
    check_succeeds(&audit.environment("TEST_MASTER", MASTER.1));
}

#[test]
fn wrong_password() {
    let Some(dovecot) = anna() else { return };
    let audit = Audit::on(&dovecot).leaver("anna");
    check_fails(
        &audit.environment("TEST_PASSWORD", "wrong"),
        "login|wrong-password",
    );
}

#[test]
fn wrong_authority() {
    let Some(dovecot) = anna() else { return };
    let audit = Audit::on(&dovecot)
        .leaver("anna")
        .file("other.pem", &Certificates::issue().authority);
    let other = audit.path("other.pem");
    check_fails(&audit.authority(Some(&other)), "connect|unknown-ca");
    check_fails(
        &Audit::on(&dovecot).leaver("anna").authority(None),
        "connect|unknown-ca",
    );
    let starttls = Audit::on(&dovecot).leaver("anna").starttls(&dovecot);
    check_fails(&starttls.authority(None), "connect|unknown-ca");
}

#[test]
fn wrong_name() {
    let Some(dovecot) = anna() else { return };
    let audit = Audit::on(&dovecot).leaver("anna").host("127.0.0.1");
    check_fails(&audit, "connect|tls-name");
}

#[test]
fn no_server() {
    let Some(mut dovecot) = anna() else { return };
    let audit = Audit::on(&dovecot).leaver("anna");
    dovecot.stop();
    check_fails(&audit, "connect|refused");
}

#[test]
fn missing_secret() {
    let Some(dovecot) = anna() else { return };
    let auth = r#"{ method = "login", user = "{mailbox}", password_file = "nowhere" }"#;
    let audit = Audit::on(&dovecot).leaver("anna").auth(auth);
    check_fails(&audit, "login|no-secret");
}
