//! Conversations of a login, scripted: what is sent, and what a refusal is called.

use std::time::Duration;

use super::*;
use crate::source::imap::bearer::BearerMechanism;
use crate::source::imap::scripted::Scripted;
use crate::source::imap::token::Whom;
use crate::source::imap::{Accepted, Auth, Secret, ServerSettings, Tls, TokenOrigin, Tokens};

fn server() -> ServerSettings {
    ServerSettings {
        name: "default".to_owned(),
        host: "imap.acme.example".to_owned(),
        port: 993,
        tls: Tls::Implicit,
        ca_file: None,
        timeout: Duration::from_secs(1),
        auth: Auth::Login {
            user: "{mailbox}".to_owned(),
            password: PLACE.clone(),
        },
        connections: 1,
        accepted: Accepted::default(),
    }
}

static PLACE: Secret = Secret::Env(String::new());

fn credentials<'a>(
    server: &'a ServerSettings,
    password: &str,
    authzid: Option<&str>,
) -> Credentials<'a> {
    Credentials {
        server,
        login: authzid.map_or("ana", |_| "bob"),
        user: "ana".to_owned(),
        authzid: authzid.map(str::to_owned),
        proof: Proof::Password {
            place: &PLACE,
            value: SecretString::from(password),
            is_shared: authzid.is_some(),
        },
    }
}

fn log_in_with(
    script: &str,
    capabilities: &[&str],
    credentials: &Credentials<'_>,
) -> (Result<(), SourceError>, String) {
    let shared = Shared::new(Scripted::new(script));
    let capabilities: Vec<_> = capabilities.iter().map(|&c| c.to_owned()).collect();
    let client = greet(&shared, true).expect("no greeting is read");
    let result = log_in(client, &shared, &capabilities, credentials).map(|_| ());
    let sent = shared.lock().sent();
    (result, sent)
}

#[track_caller]
fn check_sent(script: &str, capabilities: &[&str], credentials: &Credentials<'_>, expected: &str) {
    let (result, sent) = log_in_with(script, capabilities, credentials);
    result.expect("a login");
    assert_eq!(sent, expected);
}

#[test]
fn ways_in() {
    let server = server();
    let ok = "a1 OK in\r\n";
    let challenge = "+ \r\na1 OK in\r\n";
    check_sent(
        ok,
        &[],
        &credentials(&server, "a\"b", None),
        "a1 LOGIN \"ana\" \"a\\\"b\"\r\n",
    );
    // "\0ana\0x" and "bob\0ana\0x".
    let plain = "a1 AUTHENTICATE PLAIN\r\nAGFuYQB4\r\n";
    let disabled = ["LOGINDISABLED", "AUTH=PLAIN"];
    check_sent(
        challenge,
        &disabled,
        &credentials(&server, "x", None),
        plain,
    );
    let acting = "a1 AUTHENTICATE PLAIN\r\nYm9iAGFuYQB4\r\n";
    check_sent(
        challenge,
        &[],
        &credentials(&server, "x", Some("bob")),
        acting,
    );
    let umlaut = "a1 AUTHENTICATE PLAIN\r\nAGFuYQDDvA==\r\n";
    check_sent(
        challenge,
        &["AUTH=PLAIN"],
        &credentials(&server, "ü", None),
        umlaut,
    );
}

#[track_caller]
fn check_refused(script: &str, code: &str) {
    let server = server();
    let (result, _) = log_in_with(script, &[], &credentials(&server, "s3cret", None));
    let error = result.expect_err("a refusal");
    assert_eq!(error.code, code, "{script}");
    assert!(!format!("{error:?}").contains("s3cret"));
    if code == "wrong-password" {
        let expected = "check the user name \"ana\" and the password from environment variable  (auth in [servers.default])";
        assert_eq!(error.what_to_do, expected);
    }
}

#[test]
fn refusals() {
    check_refused(
        "a1 NO [AUTHENTICATIONFAILED] Authentication failed.\r\n",
        "wrong-password",
    );
    check_refused(
        "a1 NO s3cret?no\r\n".replace("s3cret", "").as_str(),
        "wrong-password",
    );
    check_refused("a1 NO [PRIVACYREQUIRED] Plaintext\r\n", "plaintext-refused");
    check_refused("a1 BAD syntax\r\n", "server-refused");
    check_refused("* BYE Too many connections\r\n", "connection-limit");
    check_refused("* BYE good night\r\n", "bye");
    check_refused("", "connection-lost");
    check_refused("\u{ff}\u{ff}\r\n", "connection-lost");
    check_refused("a7 OK\r\n", "protocol");
}

#[test]
fn login_switched_off() {
    let server = server();
    let (result, sent) = log_in_with("", &["LOGINDISABLED"], &credentials(&server, "x", None));
    assert_eq!(result.expect_err("a refusal").code, "plaintext-refused");
    assert_eq!(sent, "", "no password may be sent");
}

#[test]
fn a_password_that_opened_others_is_not_wrong() {
    let server = server();
    let refused = "+ \r\na1 NO [AUTHENTICATIONFAILED] Authentication failed.\r\n";
    let code = || {
        let (result, _) = log_in_with(refused, &[], &credentials(&server, "x", Some("bob")));
        result.expect_err("a refusal").code
    };
    assert_eq!(code(), "wrong-password");
    server.accepted.note("bob");
    assert_eq!(code(), "wrong-password");
    server.accepted.note("eva");
    assert_eq!(code(), "no-access");
}

/// Logs in with the token `t`; `others` were accepted before.
fn with_a_token(
    script: &str,
    mechanism: BearerMechanism,
    others: &[&str],
) -> (Result<(), SourceError>, String) {
    let server = server();
    for other in others {
        server.accepted.note(other);
    }
    let words = ["echo", "t"].map(str::to_owned).to_vec();
    let origin = TokenOrigin::Given(Secret::Command(words));
    let tokens = Tokens::new(origin, Duration::from_secs(5));
    let whom = Whom {
        login: "ana",
        user: "ana",
    };
    let credentials = Credentials {
        server: &server,
        login: "ana",
        user: "ana@acme.example".to_owned(),
        authzid: None,
        proof: Proof::Token {
            mechanism,
            token: tokens.get(whom).expect("a token"),
            tokens: &tokens,
        },
    };
    let offered = ["AUTH=PLAIN", "AUTH=XOAUTH2", "AUTH=OAUTHBEARER"];
    log_in_with(script, &offered, &credentials)
}

#[test]
fn tokens_are_shown_as_each_mechanism_has_it() {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    let encoded = |text: &str| STANDARD.encode(text);
    let ok = "+ \r\na1 OK in\r\n";
    let (result, sent) = with_a_token(ok, BearerMechanism::Xoauth2, &[]);
    result.expect("a login");
    let initial = encoded("user=ana@acme.example\x01auth=Bearer t\x01\x01");
    assert_eq!(sent, format!("a1 AUTHENTICATE XOAUTH2\r\n{initial}\r\n"));
    let (result, sent) = with_a_token(ok, BearerMechanism::OauthBearer, &[]);
    result.expect("a login");
    let initial = encoded(
        "n,a=ana@acme.example,\x01host=imap.acme.example\x01port=993\x01auth=Bearer t\x01\x01",
    );
    assert_eq!(
        sent,
        format!("a1 AUTHENTICATE OAUTHBEARER\r\n{initial}\r\n")
    );

    // A verdict wants an answer that says nothing.
    let refused = "+ \r\n+ eyJzdGF0dXMiOiI0MDEifQ==\r\na1 NO no\r\n";
    let (_, sent) = with_a_token(refused, BearerMechanism::Xoauth2, &[]);
    assert!(sent.ends_with("\r\n\r\n"), "{sent}");
    let (_, sent) = with_a_token(refused, BearerMechanism::OauthBearer, &[]);
    assert!(sent.ends_with("\r\nAQ==\r\n"), "{sent}");
}

#[test]
fn refused_tokens() {
    #[track_caller]
    fn check(verdict: &str, no: &str, others: &[&str], code: &str) {
        use base64::Engine;
        let verdict = base64::engine::general_purpose::STANDARD.encode(verdict);
        let script = if verdict.is_empty() {
            format!("+ \r\na1 NO {no}\r\n")
        } else {
            format!("+ \r\n+ {verdict}\r\na1 NO {no}\r\n")
        };
        let (result, _) = with_a_token(&script, BearerMechanism::Xoauth2, others);
        assert_eq!(result.expect_err("a refusal").code, code, "{verdict} {no}");
    }
    let google = r#"{"status":"400","schemes":"Bearer","scope":"https://mail.google.com/"}"#;
    let failed = "[AUTHENTICATIONFAILED] Invalid credentials (Failure)";
    check(google, failed, &[], "token-refused");
    check("", "AUTHENTICATE failed.", &[], "token-refused");
    check("no json", "no", &[], "token-refused");
    check(
        r#"{"status":["odd"],"scope":null}"#,
        "no",
        &[],
        "token-refused",
    );
    check("", "AUTHENTICATE failed.", &["bob"], "no-access");
    check("", "AUTHENTICATE failed.", &["bob", "ana"], "token-expired");
    check(
        r#"{"status":"insufficient_scope","scope":"mail"}"#,
        "no",
        &["bob"],
        "token-scope",
    );
    let not_connected = "User is authenticated but not connected.";
    check("", not_connected, &[], "not-connected");
    check(
        google,
        "[UNAVAILABLE] Temporary authentication failure.",
        &[],
        "unavailable",
    );
}

#[test]
fn no_token_is_sent_where_nobody_asks_for_it() {
    let server = server();
    let words = ["echo", "t"].map(str::to_owned).to_vec();
    let tokens = Tokens::new(
        TokenOrigin::Given(Secret::Command(words)),
        Duration::from_secs(5),
    );
    let whom = Whom {
        login: "ana",
        user: "ana",
    };
    let proof = Proof::Token {
        mechanism: BearerMechanism::Xoauth2,
        token: tokens.get(whom).expect("a token"),
        tokens: &tokens,
    };
    let credentials = Credentials {
        proof,
        ..credentials(&server, "", None)
    };
    let (result, sent) = log_in_with("", &["AUTH=PLAIN", "AUTH=CRAM-MD5"], &credentials);
    let error = result.expect_err("a refusal");
    assert_eq!(error.code, "mechanism-not-offered");
    assert!(
        error.detail.ends_with("it offers: PLAIN, CRAM-MD5"),
        "{}",
        error.detail
    );
    assert_eq!(sent, "");
}
