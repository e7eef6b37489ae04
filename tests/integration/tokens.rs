//! Logins with access tokens: from a real endpoint, accepted by a real server, renewed when they end.

use std::time::Duration;

use crate::harness::{Audit, CLIENT, Dovecot, Habits, Provider, Ran, Weather, farewell};

/// A server that takes this provider's tokens, with a farewell in each user's sent mailbox.
fn dovecot(provider: &Provider, users: &[&str], messages: u32) -> Option<Dovecot> {
    let mut dovecot = Dovecot::new()?.trusting(provider);
    for user in users {
        dovecot = dovecot.user(user).mailbox(user, "Sent");
        for number in 0..messages {
            dovecot = dovecot.seen(user, "Sent", "S", &farewell(user, number));
        }
    }
    Some(dovecot.start())
}

/// The client's keys for `auth`.
fn client(provider: &Provider, more: &str) -> String {
    format!(
        "token_url = \"{}\", client_id = \"{}\", client_secret_env = \"TEST_CLIENT\"{more}",
        provider.token_url(),
        CLIENT.0
    )
}

fn audit(dovecot: &Dovecot, auth: &str) -> Audit {
    Audit::on(dovecot)
        .auth(&format!("{{ {auth} }}"))
        .environment("TEST_CLIENT", CLIENT.1)
}

/// What is printed, and every file of the report, if there is one, is free of secrets.
#[track_caller]
fn check_keeps_secrets(ran: &Ran, provider: &Provider) {
    let mut texts = vec![ran.stdout.clone(), ran.stderr.clone()];
    for entry in std::fs::read_dir(&ran.report).into_iter().flatten() {
        let octets = std::fs::read(entry.unwrap().path()).unwrap();
        texts.push(String::from_utf8_lossy(&octets).into_owned());
    }
    for secret in provider
        .tokens()
        .iter()
        .map(String::as_str)
        .chain([CLIENT.1])
    {
        assert!(texts.iter().all(|text| !text.contains(secret)));
    }
}

#[track_caller]
fn check_ready(audit: &Audit, provider: &Provider) {
    let ran = audit.command(&["check", "-vv"]).ended(0);
    check_keeps_secrets(&ran, provider);
}

#[track_caller]
fn check_refused(audit: &Audit, provider: &Provider, code: &str) {
    let ran = audit.command(&["check", "-vv"]).ended(3);
    let result = |line: &str| line.split_whitespace().last() == Some(code);
    assert!(ran.stdout.lines().any(result), "{code}: {}", ran.stdout);
    check_keeps_secrets(&ran, provider);
}

#[test]
fn a_clients_token_by_both_mechanisms() {
    let provider = Provider::start(Habits::default());
    let Some(dovecot) = dovecot(&provider, &["anna"], 1) else {
        return;
    };
    for method in ["xoauth2", "oauthbearer"] {
        let auth = format!("method = \"{method}\", {}", client(&provider, ""));
        check_ready(&audit(&dovecot, &auth).leaver("anna"), &provider);
    }
    let auth = format!("method = \"xoauth2\", {}", client(&provider, ""));
    let ran = audit(&dovecot, &auth).leaver("anna").run(&["-vv"]).ended(0);
    ran.has("coverage.csv", &["judged", "status"], &["1|complete"]);
    check_keeps_secrets(&ran, &provider);
}

#[test]
fn one_token_of_a_master_user_opens_all_mailboxes() {
    let provider = Provider::start(Habits {
        client_is: "auditor",
        ..Habits::default()
    });
    let users = ["anna", "bert", "cleo"];
    let Some(dovecot) = dovecot(&provider, &users, 1) else {
        return;
    };
    let user = ", user = \"{mailbox}*auditor\"";
    let auth = format!("method = \"xoauth2\", {}", client(&provider, user));
    let audit = users
        .iter()
        .fold(audit(&dovecot, &auth), |a, user| a.leaver(user));
    check_ready(&audit, &provider);
    assert_eq!(
        provider.issued(),
        1,
        "one token is shared by all connections"
    );
}

#[test]
fn a_service_accounts_tokens_are_one_for_each_user() {
    let provider = Provider::start(Habits::default());
    let Some(dovecot) = dovecot(&provider, &["anna", "bert"], 1) else {
        return;
    };
    let auth = "method = \"xoauth2\", service_account_file = \"key.json\"";
    let audit = audit(&dovecot, auth).file("key.json", &provider.key_file());
    check_ready(&audit.leaver("anna").leaver("bert"), &provider);
    assert_eq!(provider.issued(), 2);
}

#[test]
fn a_token_from_a_command() {
    let provider = Provider::start(Habits::default());
    let Some(dovecot) = dovecot(&provider, &["anna"], 1) else {
        return;
    };
    let token = provider.issue("anna", Duration::from_secs(60));
    let auth = "method = \"oauthbearer\", token_command = [\"/bin/cat\", \"token-{mailbox}\"]";
    let audit = audit(&dovecot, auth).file("token-anna", &token);
    check_ready(&audit.leaver("anna"), &provider);
}

/// A mailbox on a thin line that is cut once on the way; gives how often a token was refused.
fn cut_on_the_way(habits: Habits, weather: Weather) -> Option<usize> {
    let provider = Provider::start(habits);
    let dovecot = dovecot(&provider, &["anna"], 40)?;
    let auth = format!("method = \"xoauth2\", {}", client(&provider, ""));
    let audit = audit(&dovecot, &auth).port(weather.before(dovecot.tls_port()));
    let ran = audit.leaver("anna").run(&[]).ended(0);
    ran.has(
        "coverage.csv",
        &["in_window", "judged", "exceptions", "status"],
        &["40|40|0|complete"],
    );
    assert_eq!(provider.issued(), 2);
    Some(provider.refused())
}

#[test]
fn a_token_that_ends_in_the_middle_of_a_mailbox_is_renewed() {
    let refused = cut_on_the_way(
        Habits {
            life: Duration::from_secs(2),
            ..Habits::default()
        },
        Weather {
            delay: Duration::ZERO,
            octets_per_second: 8_000,
            cuts: 1,
            cut_after: 22_000,
        },
    );
    assert!(
        matches!(refused, None | Some(0)),
        "it is renewed before it is refused"
    );
}

#[test]
fn a_token_that_is_refused_in_the_middle_of_a_mailbox_is_replaced() {
    let refused = cut_on_the_way(
        Habits {
            logins: 1,
            ..Habits::default()
        },
        Weather {
            delay: Duration::from_millis(100),
            octets_per_second: 2 << 20,
            cuts: 1,
            cut_after: 22_000,
        },
    );
    assert!(refused.is_none_or(|times| times >= 1));
}

#[test]
fn refusals_of_the_server() {
    let provider = Provider::start(Habits::default());
    let Some(dovecot) = dovecot(&provider, &["anna"], 1) else {
        return;
    };
    let given = |token: &str| {
        let auth = "method = \"xoauth2\", token_file = \"token\"";
        audit(&dovecot, auth).file("token", token).leaver("anna")
    };
    check_refused(&given("made-up"), &provider, "token-refused");
    let ended = provider.issue("anna", Duration::ZERO);
    check_refused(&given(&ended), &provider, "token-refused");
    let others = provider.issue("bert", Duration::from_secs(60));
    check_refused(&given(&others), &provider, "token-refused");

    // The provider's own token for Anna opens Anna's mailbox, and not Zoe's.
    let auth = format!("method = \"xoauth2\", {}", client(&provider, ""));
    let both = audit(&dovecot, &auth).server("timeout = \"20s\"\nconnections = 1\n");
    check_refused(&both.leaver("anna").leaver("zoe"), &provider, "no-access");
}

#[test]
fn refusals_of_the_provider() {
    let provider = Provider::start(Habits::default());
    let Some(dovecot) = dovecot(&provider, &["anna"], 1) else {
        return;
    };
    let auth = format!("method = \"xoauth2\", {}", client(&provider, ""));
    let wrong = audit(&dovecot, &auth).environment("TEST_CLIENT", "another");
    check_refused(&wrong.leaver("anna"), &provider, "invalid-client");

    let auth = "method = \"xoauth2\", service_account_file = \"key.json\"";
    let nobody = audit(&dovecot, auth).file("key.json", &provider.key_file());
    check_refused(&nobody.leaver("nobody"), &provider, "unknown-mailbox");
    let scope = format!("{auth}, scope = \"https://acme.example/other\"");
    let scope = audit(&dovecot, &scope).file("key.json", &provider.key_file());
    check_refused(&scope.leaver("anna"), &provider, "not-delegated");
    let stranger = Provider::start(Habits::default()).key_file();
    let mut key: serde_json::Value = serde_json::from_str(&stranger).unwrap();
    key["token_uri"] = provider.token_url().into();
    let stranger = audit(&dovecot, auth).file("key.json", &key.to_string());
    check_refused(&stranger.leaver("anna"), &provider, "invalid-client");

    let gone = "method = \"xoauth2\", token_url = \"http://127.0.0.1:1/token\", client_id = \"x\", \
                client_secret_env = \"TEST_CLIENT\"";
    check_refused(&audit(&dovecot, gone).leaver("anna"), &provider, "refused");
}

#[test]
fn the_token_endpoints_certificate_is_verified() {
    let provider = Provider::start(Habits::default());
    let Some(dovecot) = dovecot(&provider, &["anna"], 1) else {
        return;
    };
    let over_tls = |url: &str, more: &str| {
        let auth = format!(
            "method = \"xoauth2\", token_url = \"{url}\", client_id = \"{}\", client_secret_env = \"TEST_CLIENT\"{more}",
            CLIENT.0
        );
        audit(&dovecot, &auth)
            .file("provider.pem", &provider.authority)
            .leaver("anna")
    };
    let url = provider.secure_token_url();
    let ca = ", token_ca_file = \"provider.pem\"";
    check_ready(&over_tls(&url, ca), &provider);
    check_refused(&over_tls(&url, ""), &provider, "unknown-ca");
    let other = url.replace("localhost", "127.0.0.1");
    check_refused(&over_tls(&other, ca), &provider, "tls-name");
}

#[test]
fn a_server_without_tokens_is_not_shown_any() {
    let provider = Provider::start(Habits::default());
    let Some(dovecot) = Dovecot::new() else {
        return;
    };
    let dovecot = dovecot.user("anna").mailbox("anna", "Sent").start();
    let auth = format!("method = \"xoauth2\", {}", client(&provider, ""));
    let audit = audit(&dovecot, &auth).leaver("anna");
    check_refused(&audit, &provider, "mechanism-not-offered");
}
