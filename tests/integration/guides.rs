//! The guides: every command in them is run, every text of an error is one that the program has, and the units are sound.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::harness::{Desk, Dovecot, PASSWORD};

/// The guides with commands, each followed by a test below.
const FOLLOWED: [&str; 6] = [
    "first-report.md",
    "investigation.md",
    "nightly.md",
    "privacy.md",
    "reviewing.md",
    "verdicts.md",
];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn guide(name: &str) -> String {
    fs::read_to_string(root().join("docs").join(name)).unwrap()
}

/// Command lines of the guide, in order, with the exit status that it promises (`# status 1`; else 0).
fn commands(guide: &str) -> Vec<(String, i32)> {
    let mut commands = Vec::new();
    let mut is_console = false;
    for line in guide.lines().map(str::trim) {
        if let Some(language) = line.strip_prefix("```") {
            is_console = language == "console";
        } else if let Some(command) = line.strip_prefix("$ ").filter(|_| is_console) {
            let (command, note) = command.split_once(" # ").unwrap_or((command, "status 0"));
            let status = note.trim().strip_prefix("status ").expect("`# status N`");
            commands.push((command.trim().to_owned(), status.parse().unwrap()));
        }
    }
    commands
}

/// Runs the commands of a guide one after the other; `between` sees each one once it has run.
#[track_caller]
fn follow(name: &str, desk: &Desk, between: impl Fn(&str)) {
    assert!(
        FOLLOWED.contains(&name),
        "{name} is not counted as followed"
    );
    let commands = commands(&guide(name));
    assert!(!commands.is_empty(), "{name} shows no command");
    for (command, status) in commands {
        let (told, ended) = typed(desk, &command);
        assert_eq!(ended, Some(status), "{name}: {command}\n{told}");
        between(&command);
    }
}

/// Types a command at a shell: what it said on both streams, and its exit status.
fn typed(desk: &Desk, command: &str) -> (String, Option<i32>) {
    let program = Path::new(env!("CARGO_BIN_EXE_sent-audit"))
        .parent()
        .unwrap();
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap());
    let output = Command::new("sh")
        .args(["-c", command])
        .current_dir(desk.path(""))
        .env("PATH", &path)
        .env("IMAP_PASSWORD", PASSWORD)
        .env_remove("RUST_LOG")
        .output()
        .unwrap();
    let told = [output.stdout, output.stderr].concat();
    let told = String::from_utf8_lossy(&told).into_owned();
    (told, output.status.code())
}

/// Follows a guide that begins with `init`, on a server with Anna's mail.
#[track_caller]
fn follow_on_a_server(name: &str, afterwards: impl Fn(&Desk)) {
    let Some(dovecot) = Dovecot::with_anna().map(Dovecot::start) else {
        return;
    };
    let desk = Desk::new();
    for name in ["audit.toml", "leavers.csv"] {
        fs::remove_file(desk.path(name)).unwrap();
    }
    follow(name, &desk, |command| {
        if command.starts_with("sent-audit init") {
            let written = fs::read_to_string(desk.path("audit.toml")).unwrap();
            let here = format!(
                "host = \"localhost\"\nport = {}\nca_file = \"{}\"",
                dovecot.tls_port(),
                dovecot.authority().display()
            );
            let configured = written.replace("host = \"imap.acme.example\"", &here);
            assert!(written != configured);
            desk.write("audit.toml", &configured);
        }
    });
    afterwards(&desk);
}

#[test]
fn no_command_of_a_guide_is_left_out() {
    let mut followed = Vec::new();
    for entry in fs::read_dir(root().join("docs")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let text = guide(&name);
        let fences = text
            .lines()
            .filter_map(|line| line.trim().strip_prefix("```"));
        // Every other one ends a block.
        let languages: Vec<_> = fences.step_by(2).collect();
        for language in &languages {
            let is_known = match *language {
                // Samples of configuration are read by `guide`; what other programs read is text.
                "console" | "toml" | "text" => true,
                // How speed is measured, for developers, on a server of theirs.
                "sh" => name == "performance.md",
                _ => false,
            };
            assert!(
                is_known,
                "{name}: a block of `{language}` that no test reads"
            );
        }
        if languages.contains(&"console") {
            followed.push(name);
        }
    }
    followed.sort();
    assert_eq!(followed, FOLLOWED);
}

#[test]
fn a_first_report() {
    follow("first-report.md", &Desk::new(), |_| {});
}

/// What systemd starts, from the directory in which a test stands.
fn of_the_service() -> String {
    let unit = fs::read_to_string(root().join("dist/sent-audit.service")).unwrap();
    let start = unit
        .lines()
        .find_map(|line| line.strip_prefix("ExecStart="));
    here(start.unwrap())
}

/// What cron starts. The environment has no password but that of the line itself.
fn of_cron() -> String {
    let table = fs::read_to_string(root().join("dist/cron.d/sent-audit")).unwrap();
    let line = table.lines().find(|line| line.starts_with("0 2 ")).unwrap();
    let (_, command) = line.split_once("  sent-audit  ").unwrap();
    format!("unset IMAP_PASSWORD; {}", here(command))
}

fn here(command: &str) -> String {
    command
        .replace("/usr/bin/sent-audit", "sent-audit")
        .replace("/etc/sent-audit/", "")
        .replace("/var/lib/sent-audit", ".")
}

#[test]
fn a_night() {
    follow_on_a_server("nightly.md", |desk| {
        desk.write("imap-password", &format!("{PASSWORD}\n"));
        for command in [of_the_service(), of_cron()] {
            let (told, ended) = typed(desk, &command);
            assert_eq!(ended, Some(0), "{command}\n{told}");
            assert!(told.contains("Mailboxes: 1 of 1 complete"), "{told}");
        }
    });
}

#[test]
fn an_investigation() {
    follow_on_a_server("investigation.md", |_| {});
}

#[test]
fn a_review() {
    let desk = Desk::new();
    desk.scan("r");
    follow("reviewing.md", &desk, |_| {});
}

#[test]
fn what_verdicts_mean() {
    follow("verdicts.md", &Desk::new(), |_| {});
}

#[test]
fn retention() {
    let desk = Desk::new();
    desk.scan("r");
    desk.write(
        "leavers.csv",
        "custodian,mailbox,last_day\nbert@acme.example,bert,2024-06-28\n",
    );
    follow("privacy.md", &desk, |_| {});
}

fn source(directory: &Path) -> String {
    let entries = fs::read_dir(directory).unwrap();
    entries
        .map(|entry| entry.unwrap().path())
        .map(|path| {
            if path.is_dir() {
                source(&path)
            } else {
                String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned()
            }
        })
        .collect()
}

#[test]
fn texts_of_errors_are_those_of_the_program() {
    let source = source(&root().join("src"));
    let guide = guide("troubleshooting.md");
    let texts: Vec<_> = guide
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split('`').next())
        .collect();
    assert!(texts.len() > 10, "{texts:?}");
    for text in texts {
        assert!(source.contains(text), "the program never says `{text}`");
    }
}

#[test]
fn the_service_is_sound_and_hardened() {
    let analyze = |arguments: &[&str]| Command::new("systemd-analyze").args(arguments).output();
    if analyze(&["--version"]).is_err() {
        assert!(
            std::env::var_os("SENT_AUDIT_REQUIRE_ALL").is_none(),
            "systemd-analyze is missing (Debian: systemd)"
        );
        eprintln!("skipped: systemd-analyze is missing (Debian: systemd)");
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    for unit in ["sent-audit.service", "sent-audit.timer"] {
        let text = fs::read_to_string(root().join("dist").join(unit)).unwrap();
        // Neither the program nor its manual page is installed here.
        let text = text
            .replace("/usr/bin/sent-audit", env!("CARGO_BIN_EXE_sent-audit"))
            .replace("Documentation=man:sent-audit-run(1)\n", "");
        fs::write(directory.path().join(unit), text).unwrap();
    }
    let path = |unit: &str| directory.path().join(unit).display().to_string();
    let checks: [&[&str]; 2] = [
        &[
            "verify",
            &path("sent-audit.service"),
            &path("sent-audit.timer"),
        ],
        &[
            "security",
            "--offline=yes",
            "--threshold=20",
            &path("sent-audit.service"),
        ],
    ];
    for check in checks {
        let output = analyze(check).unwrap();
        let told = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        assert!(output.status.success(), "{check:?}: {told}");
    }
}
