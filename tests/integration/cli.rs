//! The command line: help, exit statuses, and errors that say what to do.
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot be set up has failed"
)]

use std::path::Path;

use assert_cmd::Command;
use assert_cmd::cargo::cargo_bin_cmd;

fn sent_audit(directory: &Path, arguments: &[&str]) -> Command {
    let mut command = cargo_bin_cmd!("sent-audit");
    command
        .current_dir(directory)
        .env_remove("RUST_LOG")
        .env("IMAP_PASSWORD", "not-the-password")
        .args(arguments);
    command
}

/// Runs a command and gives standard output and standard error, after the status was compared.
#[track_caller]
fn check(directory: &Path, arguments: &[&str], status: i32) -> (String, String) {
    let output = sent_audit(directory, arguments).output().unwrap();
    let out = String::from_utf8(output.stdout).unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    assert_eq!(
        output.status.code(),
        Some(status),
        "{arguments:?}\n{out}\n{err}"
    );
    assert!(!err.contains("panicked"), "{err}");
    (out, err)
}

fn write(directory: &Path, name: &str, text: &str) {
    std::fs::write(directory.join(name), text).unwrap();
}

const CONFIG: &str = "[organisation]\ndomains = [\"acme.example\"]\n[roster]\nfile = \"leavers.csv\"\n\
                      [servers.default]\nhost = \"127.0.0.1\"\nport = 1\ntimeout = \"5s\"\n\
                      auth = { password_env = \"IMAP_PASSWORD\" }\n";
const ROSTER: &str =
    "custodian,mailbox,last_day\nana@acme.example,ana,2024-06-28\nbob@acme.example,bob,\n";

fn configured() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    write(directory.path(), "audit.toml", CONFIG);
    write(directory.path(), "leavers.csv", ROSTER);
    directory
}

#[test]
fn help_names_the_commands_that_are_there_and_no_others() {
    let directory = tempfile::tempdir().unwrap();
    let (help, _) = check(directory.path(), &["--help"], 0);
    let commands: Vec<&str> = help
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert_eq!(
        commands,
        [
            "init",
            "check",
            "run",
            "scan",
            "explain",
            "queries",
            "report",
            "review",
            "verify",
            "runs",
            "purge",
            "demo",
            "completions"
        ]
    );
    for command in commands {
        let (help, _) = check(directory.path(), &[command, "--help"], 0);
        assert!(help.contains("Examples:\n  sent-audit "), "{help}");
        assert!(help.contains("Exit status:\n  0   "), "{help}");
    }
}

#[test]
fn what_cannot_be_meant_ends_in_2_and_is_told_on_standard_error() {
    let directory = configured();
    let refused = |arguments: &[&str], expected: &str| {
        let (out, err) = check(directory.path(), arguments, 2);
        assert_eq!(out, "");
        assert!(err.contains(expected), "{err}");
    };
    refused(&[], "Usage: sent-audit");
    refused(&["rnu"], "unrecognized subcommand");
    refused(&["run", "--since", "05/06/2024"], "ambiguous");
    refused(&["run", "--format", "xslx"], "write csv, xlsx or html");
    refused(&["run", "--config", "absent.toml"], "sent-audit init");
    refused(&["run", "--audience", "clients"], "needs a client list");
    refused(
        &["run", "--since", "2024-06-02", "--until", "2024-06-01"],
        "no day is left",
    );
    refused(
        &["check", "--custodian", "zoe*"],
        "names nobody on the roster",
    );
    refused(&["scan", "absent"], "absent");
    refused(
        &["scan", "leavers.csv", "--audience", "clients"],
        "needs a client list",
    );
}

#[test]
fn a_wrong_configuration_is_told_once_with_file_line_and_key() {
    let directory = configured();
    write(
        directory.path(),
        "audit.toml",
        &CONFIG.replace("password_env = \"IMAP_PASSWORD\"", "password = \"hunter2\""),
    );
    let (_, err) = check(directory.path(), &["run"], 2);
    assert!(
        err.starts_with("error: audit.toml:9: servers.default.auth.password: "),
        "{err}"
    );
    assert_eq!(err.lines().count(), 1, "{err}");
    assert!(!err.contains("hunter2"), "{err}");
}

#[test]
fn a_name_on_the_command_line_cannot_drive_the_terminal() {
    let directory = tempfile::tempdir().unwrap();
    let (_, err) = check(
        directory.path(),
        &["run", "--config", "\x1b]0;x\x07.toml"],
        2,
    );
    assert!(!err.contains('\x1b') && err.contains("\\u{1b}"), "{err:?}");
}

#[test]
fn init_writes_what_check_reads() {
    let directory = tempfile::tempdir().unwrap();
    let arguments = [
        "init",
        "--custodian",
        "ana@acme.example",
        "--last-day",
        "28/06/2024",
        "--host",
        "localhost",
    ];
    let (out, _) = check(directory.path(), &arguments, 0);
    assert!(
        out.contains("audit.toml: written\n") && out.contains("leavers.csv: written\n"),
        "{out}"
    );
    assert!(
        out.contains("\n  sent-audit check\n  sent-audit run\n"),
        "{out}"
    );
    let (_, err) = check(directory.path(), &["check", "--custodian", "nobody"], 2);
    assert!(
        err.contains("names nobody on the roster"),
        "the files were accepted: {err}"
    );
    let (_, err) = check(directory.path(), &arguments, 2);
    assert!(err.contains("exists and is left as it is"), "{err}");
}

#[test]
fn check_tells_what_fails_and_how_to_mend_it() {
    let directory = configured();
    let (out, _) = check(directory.path(), &["check"], 3);
    assert!(
        out.starts_with("custodian         account  server   mailbox"),
        "{out}"
    );
    assert!(out.contains("\n  what to do: "), "{out}");
    assert!(out.ends_with("0 of 2 accounts ready; mend the rest and check again; `sent-audit run` would list them as failed\n"), "{out}");
    let (out, _) = check(directory.path(), &["check", "--custodian", "BOB*"], 3);
    assert!(
        out.contains("bob@acme.example") && !out.contains("ana@acme.example"),
        "{out}"
    );
}

#[test]
fn a_closed_pipe_is_no_failure() {
    let directory = tempfile::tempdir().unwrap();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let output = std::process::Command::new(assert_cmd::cargo::cargo_bin!("sent-audit"))
        .current_dir(directory.path())
        .arg("init")
        .stdout(writer)
        .output()
        .unwrap();
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert_eq!(output.stderr, b"");
}

const QUERY: &str = "id = \"x\"\nversion = 1\ntitle = \"Project X\"\nstatus = \"stable\"\n\
                     signal.x.any = [\"project x\"]\npattern = [{ verdict = \"match\", all = [\"x\"] }]\n\
                     [[example]]\nverdict = \"match\"\nmessage = \"About Project X.\"\n\
                     [[example]]\nverdict = \"none\"\nmessage = \"About lunch.\"\n";

#[test]
fn queries_are_listed_and_tested() {
    let directory = tempfile::tempdir().unwrap();
    write(directory.path(), "x.toml", QUERY);
    let told = |arguments: &[&str], status| check(directory.path(), arguments, status).0;
    let list = told(&["queries"], 0);
    assert!(list.contains("client-notice@"), "{list}");
    assert_eq!(told(&["queries", "list"], 0), list);
    assert!(told(&["queries", "x.toml"], 0).contains("Project X"));
    let tested = told(&["queries", "test", "x.toml"], 0);
    assert!(tested.contains("stable: 2 of 2 examples hold"), "{tested}");
    let (_, err) = check(directory.path(), &["queries", "test", "absent.toml"], 2);
    assert!(
        err.contains("cannot read the query file absent.toml"),
        "{err}"
    );
}

#[test]
fn a_stable_query_that_fails_its_own_examples_is_refused() {
    let directory = configured();
    write(
        directory.path(),
        "x.toml",
        &QUERY.replace("About lunch", "Lunch with Project X"),
    );
    write(
        directory.path(),
        "audit.toml",
        &format!("{CONFIG}[audit]\nqueries = [\"x.toml\"]\n"),
    );
    let expected = "the query `x` is stable and fails its example";
    for arguments in [
        &["run"][..],
        &["check"],
        &["scan", "leavers.csv", "--config", "audit.toml"],
    ] {
        let (_, err) = check(directory.path(), arguments, 2);
        assert!(err.contains(expected), "{err}");
        assert!(err.contains("expected none, got match"), "{err}");
    }
    assert!(!directory.path().join("reports").exists());
    let (out, _) = check(
        directory.path(),
        &["queries", "test", "--config", "audit.toml"],
        3,
    );
    assert!(out.contains("FAILS "), "{out}");
}

#[test]
fn a_message_is_explained() {
    let directory = configured();
    let notice = "From: Ana <ana@acme.example>\nTo: luis@customer.example\nSubject: Farewell\n\n\
                  Friday is my last day with the company.\n\n> Is it?\n";
    write(directory.path(), "m.eml", notice);
    let (out, err) = check(directory.path(), &["explain", "m.eml"], 0);
    assert_eq!(err, "");
    assert!(
        out.contains("\n   1 own        | Friday is my last day"),
        "{out}"
    );
    assert!(out.contains("\n   3 quoted     | > Is it?"), "{out}");
    assert!(out.contains("open-notice       HOLDS"), "{out}");
    let refused = |arguments: &[&str], expected: &str| {
        let (out, err) = check(directory.path(), arguments, 2);
        assert_eq!(out, "");
        assert!(err.contains(expected), "{err}");
    };
    refused(&["explain", "absent.eml"], "absent.eml");
    refused(
        &["explain", "m.eml", "--owner", "bob@acme.example"],
        "none of --owner",
    );
    let nobody = [
        "explain",
        "m.eml",
        "--config",
        "audit.toml",
        "--custodian",
        "zoe",
    ];
    refused(&nobody, "names nobody on the roster");
    let mbox = format!(
        "From x Mon Jun  3 10:00:00 2024\n{notice}\nFrom x Mon Jun  3 10:00:00 2024\n{notice}"
    );
    write(directory.path(), "two.mbox", &mbox);
    refused(&["explain", "two.mbox"], "more than one message");
}
