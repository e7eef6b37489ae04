//! Every trap of the configuration, by the error that it gives.

use super::*;

const GOOD: &str = r#"
[organisation]
domains = ["@ACME.example", "acme.example"]
phones = ["+34 91 555 01xx"]
region = "es"
privileged = ["counsel.example"]
protected = ["worksCouncil.example"]

[roster]
file = "leavers.csv"

[servers.default]
host = "imap.acme.example"
tls = "implicit"
timeout = "2m"
auth = { method = "login", user = "{mailbox}", password_env = "IMAP_PASSWORD" }
connections = 4

[audit]
mailboxes = ["\\Sent"]
window = { before = "180d", after = "60d" }
store = "audit.db"

[report]
directory = "out"
formats = ["csv"]
csv_separator = ";"
"#;

fn load(text: &str, roster: &str) -> Result<Settings, String> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("audit.toml");
    std::fs::write(&path, text).unwrap();
    std::fs::write(directory.path().join("leavers.csv"), roster).unwrap();
    std::fs::write(
        directory.path().join("clients.csv"),
        "domain\nclient.example\n",
    )
    .unwrap();
    std::fs::write(directory.path().join("ca.der"), [0x30, 0x82]).unwrap();
    let base = format!("{}/", directory.path().display());
    Settings::load(&path).map_err(|e| e.problem.replace(&base, ""))
}

const ROSTER: &str = "custodian,mailbox,last_day\nana@acme.example,ana,2024-06-28\n";

/// Replaces one line (or adds after it) and compares the error.
#[track_caller]
fn check(from: &str, to: &str, expected: &str) {
    assert!(GOOD.contains(from), "{from}");
    match load(&GOOD.replace(from, to), ROSTER) {
        Ok(_) => panic!("{to}: accepted"),
        Err(problem) => assert_eq!(problem, expected),
    }
}

#[track_caller]
fn check_ok(from: &str, to: &str) -> Settings {
    assert!(GOOD.contains(from), "{from}");
    load(&GOOD.replace(from, to), ROSTER).unwrap()
}

#[test]
fn everything_is_read() {
    let s = load(GOOD, ROSTER).unwrap();
    assert_eq!(s.organisation.domains, ["acme.example"]);
    assert_eq!(s.organisation.region.as_deref(), Some("ES"));
    assert_eq!(s.protected, ["workscouncil.example"]);
    assert_eq!(s.accounts[0].server, "default");
    assert_eq!(s.servers[0].port, 993);
    assert_eq!(s.servers[0].timeout.as_secs(), 120);
    assert_eq!(s.csv_separator, b';');
    assert!(s.report_directory.ends_with("out"));
    assert!(s.store.is_absolute(), "relative to the file");
    assert_eq!((s.sha256.len(), s.roster_sha256.len()), (64, 64));
}

#[test]
fn defaults() {
    let text = "[organisation]\ndomains = [\"acme.example\"]\n[roster]\nfile = \"leavers.csv\"\n[servers.default]\n\
                host = \"imap.acme.example\"\nauth = { password_env = \"P\" }\n";
    let s = load(text, ROSTER).unwrap();
    assert_eq!(s.mailboxes, ["\\Sent"]);
    assert_eq!((s.window_before, s.window_after), (180, 60));
    assert!(s.queries.is_empty());
    assert_eq!(s.csv_separator, b',');
    assert!(s.clients.is_none());
    let server = &s.servers[0];
    assert_eq!(
        (server.port, server.connections, server.timeout.as_secs()),
        (993, 4, 60)
    );
    assert!(
        matches!(&server.auth, crate::source::imap::Auth::Login { user, .. } if user == "{mailbox}")
    );
}

#[test]
fn a_scan_needs_neither_roster_nor_server() {
    let s = load(
        "[organisation]\ndomains = [\"acme.example\"]\nclients = \"clients.csv\"\n",
        "",
    )
    .unwrap();
    assert!(s.custodians.is_empty() && s.servers.is_empty());
    assert_eq!(s.clients.map(|c| c.len()), Some(1));
}

#[test]
fn byte_order_marks_and_utf16() {
    assert!(load(&format!("\u{FEFF}{GOOD}"), ROSTER).is_ok());
}

#[test]
fn windows() {
    let mut s = load(GOOD, ROSTER).unwrap();
    let window = s.window(&s.custodians[0]);
    assert_eq!(window.since.unwrap().to_string(), "2023-12-31");
    assert_eq!(window.until.unwrap().to_string(), "2024-08-27");
    s.window_before = i32::MAX;
    s.window_after = i32::MAX;
    let window = s.window(&s.custodians[0]);
    assert_eq!(
        (window.since, window.until),
        (Some(Date::MIN), Some(Date::MAX))
    );
    let nobody = Custodian::default();
    assert!(s.window(&nobody).is_unlimited());
}

#[test]
fn unknown_keys_and_wrong_types() {
    check(
        "host = \"imap.acme.example\"",
        "hots = \"imap.acme.example\"",
        "audit.toml:13: servers.default.hots: unknown key; did you mean `host`?",
    );
    check(
        "[report]",
        "[reports]",
        "audit.toml:24: reports: unknown key; did you mean `report`?",
    );
    check(
        "store = \"audit.db\"",
        "colour = 1",
        "audit.toml:22: audit.colour: unknown key; known here: mailboxes, window, queries, store",
    );
    check(
        "before = \"180d\"",
        "befor = \"180d\"",
        "audit.toml:21: audit.window.befor: unknown key; did you mean `before`?",
    );
    check(
        "connections = 4",
        "connections = \"4\"",
        "audit.toml:17: servers.default.connections: wrong kind of value: write a whole number, without quotation \
         marks, up to 65535",
    );
    check(
        "[\"@ACME.example\", \"acme.example\"]",
        "\"acme.example\"",
        "audit.toml:3: organisation.domains: wrong kind of value: write a list, like [\"…\", \"…\"]",
    );
    check(
        "timeout = \"2m\"",
        "timeout = 60",
        "audit.toml:15: servers.default.timeout: wrong kind of value: write text in quotation marks",
    );
    check(
        "host = \"imap.acme.example\"\n",
        "",
        "audit.toml:12: servers.default: the key `host` is missing here",
    );
    check(
        "connections = 4",
        "connections = 0",
        "audit.toml:17: servers.default.connections: write a number from 1 to 64",
    );
    check(
        "timeout = \"2m\"",
        "timeout = \"2\"",
        "audit.toml:15: servers.default.timeout: `2` is no timeout: write it as \"60s\" or \"2m\", an hour at most",
    );
    check(
        "before = \"180d\"",
        "before = \"6 months\"",
        "audit.toml:21: audit.window.before: `6 months` is no number of days: write it as \"180d\" or \"26w\"",
    );
    let syntax = load("[organisation\n", ROSTER).unwrap_err();
    assert!(syntax.starts_with("audit.toml:1: "), "{syntax}");
    let escape = load("a = \"C:\\Users\"\n", ROSTER).unwrap_err();
    assert!(escape.contains("single quotes"), "{escape}");
}

#[test]
fn organisation_values() {
    check(
        "\"@ACME.example\"",
        "\"acme\"",
        "audit.toml:3: organisation.domains: `acme` is no domain: write it like acme.example",
    );
    check(
        "[\"@ACME.example\", \"acme.example\"]",
        "[]",
        "audit.toml:3: organisation.domains: name at least one domain: without it nobody is outside the organisation",
    );
    check(
        "\"es\"",
        "\"Spain\"",
        "audit.toml:5: organisation.region: `Spain` is no country code: write two letters, like ES",
    );
    check(
        "\"+34 91 555 01xx\"",
        "\"our number\"",
        "audit.toml:4: organisation.phones: `our number` is no number range: write it like \"+34 91 555 01xx\", x for any digit",
    );
    check(
        "region = \"es\"",
        "clients = \"absent.csv\"",
        "audit.toml:5: organisation.clients: cannot read absent.csv: No such file or directory (os error 2)",
    );
    assert_eq!(
        check_ok("\"es\"", "\"uk\"").organisation.region.as_deref(),
        Some("GB")
    );
    let missing = load("", ROSTER).unwrap_err();
    assert_eq!(
        missing,
        "audit.toml: [organisation] is missing: add it with domains = [\"acme.example\"]"
    );
}

#[test]
fn later_features_are_refused_by_name() {
    check(
        "formats = [\"csv\"]",
        "formats = [\"csv\", \"xslx\"]",
        "audit.toml:26: report.formats: unknown value `xslx`; did you mean `xlsx`?",
    );
    check(
        "formats = [\"csv\"]",
        "formats = []",
        "audit.toml:26: report.formats: without a format there is no report; use [\"csv\", \"xlsx\", \"html\"]",
    );
}

/// Replaces the whole of `auth`.
#[track_caller]
fn check_auth(auth: &str, expected: &str) {
    let good = "method = \"login\", user = \"{mailbox}\", password_env = \"IMAP_PASSWORD\"";
    check(
        good,
        auth,
        &format!("audit.toml:16: servers.default.auth{expected}"),
    );
}

#[test]
fn entries_of_the_keyring() {
    use crate::source::imap::{Auth, HAS_KEYRING, Secret};
    let good = "password_env = \"IMAP_PASSWORD\"";
    let entry = "password_keyring = { service = \"imap.acme.example\", user = \"{mailbox}\" }";
    if HAS_KEYRING {
        let server = check_ok(good, entry).servers.remove(0);
        let Auth::Login { password, .. } = server.auth else {
            panic!("{:?}", server.auth);
        };
        assert!(
            matches!(&password, Secret::Keyring { service, .. } if service == "imap.acme.example")
        );
        assert!(password.names_mailbox());
    } else {
        check(
            good,
            entry,
            "audit.toml:16: servers.default.auth.password_keyring: this build of sent-audit cannot read the keyring: build it with --features keyring, or use password_env, password_file or password_command",
        );
    }
    check(
        good,
        "password_keyring = { service = \"x\", user = \"y\", password = \"hunter2\" }",
        "audit.toml:16: servers.default.auth.password_keyring.password: a secret does not belong into this file: use password_env = \"NAME\" (an environment variable), password_file = \"path\" or password_command = [\"program\", \"argument\"]",
    );
}

#[test]
fn sources_of_tokens() {
    use crate::source::imap::{Auth, BearerMechanism, TokenOrigin};
    let good = "method = \"login\", user = \"{mailbox}\", password_env = \"IMAP_PASSWORD\"";
    let bearer = |auth: &str| match check_ok(good, auth).servers.remove(0).auth {
        Auth::Bearer {
            mechanism,
            user,
            tokens,
        } => {
            assert_eq!(user, "{mailbox}");
            (mechanism, tokens.origin().clone())
        }
        other => panic!("{other:?}"),
    };
    let client = "client_id = \"app\", client_secret_env = \"S\"";
    let (mechanism, origin) = bearer(&format!(
        "method = \"xoauth2\", tenant = \"acme.example\", {client}"
    ));
    assert_eq!(mechanism, BearerMechanism::Xoauth2);
    let TokenOrigin::ClientCredentials {
        url,
        scope,
        in_form,
        ..
    } = origin
    else {
        panic!("{origin:?}");
    };
    assert_eq!(
        url.as_str(),
        "https://login.microsoftonline.com/acme.example/oauth2/v2.0/token"
    );
    assert_eq!(
        scope.as_deref(),
        Some("https://outlook.office365.com/.default")
    );
    assert!(in_form);
    let (mechanism, origin) = bearer(&format!(
        "method = \"oauthbearer\", token_url = \"https://id.acme.example/token\", {client}"
    ));
    assert_eq!(mechanism, BearerMechanism::OauthBearer);
    assert!(matches!(
        origin,
        TokenOrigin::ClientCredentials {
            scope: None,
            in_form: false,
            ..
        }
    ));
    let (_, origin) =
        bearer("method = \"xoauth2\", token_command = [\"oama\", \"access\", \"{mailbox}\"]");
    assert!(matches!(origin, TokenOrigin::Given(_)));

    check_auth(
        "method = \"xoauth2\"",
        ": no source of the token: add tenant (Microsoft 365) or token_url (another provider), each with client_id and client_secret_env; or service_account_file (Google); or token_command, token_file or token_env",
    );
    check_auth(
        "method = \"xoauth2\", tenant = \"t\", token_env = \"T\"",
        ": more than one source of the token: keep one of tenant, token_url, service_account_file, token_command, token_file, token_env, token_keyring",
    );
    check_auth(
        "method = \"xoauth2\", token_env = \"T\", client_id = \"c\"",
        ".client_id: method xoauth2 does not use `client_id` beside this source of the token: take it out or change the method",
    );
    check_auth(
        "tenant = \"t\", password_env = \"P\"",
        ".tenant: method login does not use `tenant`: take it out or change the method",
    );
    check_auth(
        "method = \"xoauth2\", tenant = \"t\", client_secret_env = \"S\"",
        ": the key `client_id` is missing here: the application's id at the provider",
    );
    check_auth(
        "method = \"xoauth2\", tenant = \"t\", client_id = \"c\"",
        ": no client secret: add client_secret_env = \"IMAP_SECRET\" (an environment variable), client_secret_file, client_secret_command or client_secret_keyring",
    );
    check_auth(
        &format!("method = \"xoauth2\", token_url = \"http://id.acme.example/token\", {client}"),
        ".token_url: the client's secret would cross the network in the clear: write https://",
    );
    check_auth(
        &format!("method = \"xoauth2\", tenant = \"https://x\", {client}"),
        ".tenant: write the tenant's id, or one of its domains: acme.onmicrosoft.com",
    );
    check_auth(
        "method = \"xoauth2\", service_account_file = \"absent.json\"",
        ".service_account_file: cannot read absent.json: No such file or directory (os error 2)",
    );
    check_auth(
        "method = \"xoauth2\", service_account_file = \"leavers.csv\"",
        ".service_account_file: leavers.csv is no key of a service account (JSON as Google gives it)",
    );
    check_auth(
        "method = \"xoauth2\", client_secret = \"hunter2\"",
        ".client_secret: a secret does not belong into this file: use client_secret_env = \"NAME\" (an environment variable), client_secret_file = \"path\" or client_secret_command = [\"program\", \"argument\"]",
    );
}

#[test]
fn secrets_are_refused_and_not_repeated() {
    let literal = "a secret does not belong into this file: use password_env = \"NAME\" (an environment variable), \
                   password_file = \"path\" or password_command = [\"program\", \"argument\"]";
    check(
        "password_env = \"IMAP_PASSWORD\"",
        "password = \"hunter2\"",
        &format!("audit.toml:16: servers.default.auth.password: {literal}"),
    );
    check(
        "tls = \"implicit\"",
        "password = \"hunter2\"",
        &format!("audit.toml:14: servers.default.password: {literal}"),
    );
    check(
        "\"IMAP_PASSWORD\"",
        "\"hunter2!\"",
        "audit.toml:16: servers.default.auth.password_env: this is no name of an environment variable (letters, digits, _); the password itself does not belong here",
    );
    check(
        "password_env = \"IMAP_PASSWORD\"",
        "password_command = \"hunter2\"",
        "audit.toml:16: servers.default.auth.password_command: wrong kind of value: write a list, like [\"…\", \"…\"]",
    );
    check(
        "password_env = \"IMAP_PASSWORD\"",
        "password_command = []",
        "audit.toml:16: servers.default.auth.password_command: write the program and its arguments, each in quotation marks: [\"pass\", \"show\", \"imap\"]",
    );
    check(
        ", password_env = \"IMAP_PASSWORD\"",
        "",
        "audit.toml:16: servers.default.auth: no password: add password_env = \"IMAP_PASSWORD\" (an environment variable), password_file, password_command or password_keyring",
    );
    check(
        "password_env =",
        "password_file = \"p\", password_env =",
        "audit.toml:16: servers.default.auth: more than one source of the password: keep one of password_env, password_file, password_command, password_keyring",
    );
}

#[test]
fn servers_and_protection() {
    let insecure = "audit.toml:14: servers.default.tls: without TLS the password of every custodian would cross the \
                    network to imap.acme.example in the clear: use \"implicit\" or \"starttls\"";
    check("tls = \"implicit\"", "tls = \"none\"", insecure);
    check(
        "\"implicit\"",
        "\"start-tls\"",
        "audit.toml:14: servers.default.tls: unknown value `start-tls`; did you mean `starttls`?",
    );
    check(
        "\"imap.acme.example\"",
        "\"imaps://imap.acme.example\"",
        "audit.toml:13: servers.default.host: write the host name alone, without imaps://",
    );
    check(
        "\"imap.acme.example\"",
        "\"imap.acme.example:993\"",
        "audit.toml:13: servers.default.host: write the host name alone; the port has a key of its own: port = 993",
    );
    check(
        "\"imap.acme.example\"",
        "\"imap acme\"",
        "audit.toml:13: servers.default.host: this is no host name: write it like imap.acme.example",
    );
    check(
        "tls = \"implicit\"",
        "ca_file = \"ca.der\"",
        "audit.toml:14: servers.default.ca_file: ca.der holds no certificate in PEM (`-----BEGIN CERTIFICATE-----`): convert it with openssl x509 -inform der",
    );
    check(
        "tls = \"implicit\"",
        "port = 0",
        "audit.toml:14: servers.default.port: 0 is no port: leave it out, or write 993 or 143",
    );
    for host in ["localhost", "127.0.0.2", "::1"] {
        let text = format!("host = \"{host}\"\ntls = \"none\"");
        let s = check_ok("host = \"imap.acme.example\"\ntls = \"implicit\"", &text);
        assert_eq!(s.servers[0].port, 143);
    }
    assert_eq!(
        check_ok("\"implicit\"", "\"starttls\"").servers[0].port,
        143
    );
    let section = load(&GOOD.replace("[servers.default]", "[servers.main]"), ROSTER).unwrap_err();
    assert!(
        section.starts_with("audit.toml: [servers.default] is missing"),
        "{section}"
    );
    let row = "custodian,mailbox,last_day,server\na,b,,defualt\n";
    assert_eq!(
        load(GOOD, row).unwrap_err(),
        "leavers.csv:2: unknown server `defualt`; did you mean `default`?"
    );
    let row = "custodian,mailbox,last_day,server\na,b,,main\n";
    assert!(load(&GOOD.replace("[servers.default]", "[servers.main]"), row).is_ok());
}

#[test]
fn logins() {
    let two = "custodian,mailbox,last_day\na,a,\nb,b,\n";
    let shared = load(
        &GOOD.replace("user = \"{mailbox}\"", "user = \"admin\""),
        two,
    )
    .unwrap_err();
    assert_eq!(
        shared,
        "audit.toml:16: servers.default.auth.user: 2 accounts of the roster would read the same mailbox: write {mailbox} where their login belongs"
    );
    check_ok("user = \"{mailbox}\"", "user = \"admin\"");
    check(
        "{mailbox}",
        "{login}",
        "audit.toml:16: servers.default.auth.user: only {mailbox} has a meaning in braces",
    );
    check(
        "method = \"login\"",
        "method = \"logn\"",
        "audit.toml:16: servers.default.auth.method: unknown value `logn`; did you mean `login`?",
    );
    check(
        "method = \"login\"",
        "method = \"login\", authzid = \"x\"",
        "audit.toml:16: servers.default.auth.authzid: method login does not use `authzid`: take it out or change the method",
    );
    check(
        "method = \"login\", user = \"{mailbox}\"",
        "method = \"plain\"",
        "audit.toml:16: servers.default.auth.method: method plain needs the key `user`: who logs in for all mailboxes",
    );
    check(
        "method = \"login\", user = \"{mailbox}\"",
        "method = \"master-user\"",
        "audit.toml:16: servers.default.auth.method: method master-user needs the key `master`: the master user's name",
    );
    let s = check_ok(
        "method = \"login\", user = \"{mailbox}\"",
        "method = \"master-user\", master = \"m\"",
    );
    assert!(
        matches!(&s.servers[0].auth, crate::source::imap::Auth::MasterUser { separator, .. } if separator == "*")
    );
    let s = check_ok(
        "method = \"login\", user = \"{mailbox}\"",
        "method = \"plain\", user = \"m\"",
    );
    assert!(
        matches!(&s.servers[0].auth, crate::source::imap::Auth::Plain { authzid, .. } if authzid == "{mailbox}")
    );
}

#[test]
fn audit_and_report_values() {
    check(
        "mailboxes = [\"\\\\Sent\"]",
        "mailboxes = []",
        "audit.toml:20: audit.mailboxes: name a mailbox, or leave the key out for \"\\\\Sent\"",
    );
    check(
        "mailboxes = [\"\\\\Sent\"]",
        "mailboxes = [\"\\\\Draft\"]",
        "audit.toml:20: audit.mailboxes: no mailbox has this attribute; known are \"\\\\Sent\", \"\\\\Drafts\", \"\\\\Trash\", \
         \"\\\\Archive\", \"\\\\All\", \"\\\\Junk\", \"\\\\Flagged\"; name other mailboxes by their names",
    );
    check_ok(
        "mailboxes = [\"\\\\Sent\"]",
        "mailboxes = [\"=\\\\Sent\", \"\\\\drafts\", \"Archive/*\", \"Sent Items\"]",
    );
    check(
        "store = \"audit.db\"",
        "queries = [\"absent\"]",
        "audit.toml:22: audit.queries: there is no absent: leave the key out for the built-in queries",
    );
    check(
        "csv_separator = \";\"",
        "csv_separator = \"|\"",
        "audit.toml:27: report.csv_separator: write \",\" or \";\" or \"\\t\"",
    );
    assert_eq!(
        check_ok("csv_separator = \";\"", "csv_separator = \"\\t\"").csv_separator,
        b'\t'
    );
}

#[test]
fn files_that_are_not_there() {
    let none = Settings::load(Path::new("absent/audit.toml")).unwrap_err();
    assert!(none.problem.contains("sent-audit init"), "{none}");
    check(
        "leavers.csv",
        "absent.csv",
        "audit.toml:10: roster.file: cannot read absent.csv: No such file or directory (os error 2)",
    );
    let row = load(GOOD, "custodian,mailbox,last_day\na,b,05/06/2024\n").unwrap_err();
    assert!(
        row.starts_with("leavers.csv:2: `last_day`: the date `05/06/2024` is ambiguous"),
        "{row}"
    );
}
