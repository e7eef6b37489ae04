//! `sent-audit init`: a commented configuration and a roster to start from.

use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::{self, ErrorKind, Write};
use std::path::Path;

use super::arguments::Init;
use super::status::{Failure, Status};
use super::terminal::{say, terminal_safe};
use crate::config::domains::{parse_address_or_domain, parse_domain};

const CONFIGURATION: &str = include_str!("init/audit.toml");
const ROSTER: &str = "leavers.csv";
const HEADING: &str = "custodian,mailbox,last_day,name,notice_day,manager,successor,employment,server,aliases,known_contacts\n";
const EXAMPLE: &str = "ana.ruiz@acme.example,ana.ruiz@acme.example,2024-06-28,Ana Ruiz,2024-05-31,\
                       eva.soler@acme.example,luis.vega@acme.example,employee,,aruiz@acme.example,\
                       +34 600 111 222;ana.ruiz@mail.example\n";

/// `sent-audit init`.
pub(super) fn init(typed: &Init) -> Result<Status, Failure> {
    say(&write(typed)?)?;
    Ok(Status::Done)
}

/// Writes what is not there yet, and tells what was done and what comes next.
fn write(typed: &Init) -> Result<String, Failure> {
    let roster_path = typed.config.with_file_name(ROSTER);
    let files = files(typed)?;
    let (new_config, new_roster) = (!exists(&typed.config), !exists(&roster_path));
    if !new_config && (!new_roster || typed.custodian.is_some()) {
        return Err(Failure::usage(format!(
            "{} exists and is left as it is; nothing was written: name another with --config, or edit this one",
            typed.config.display()
        )));
    }
    if !new_roster && typed.custodian.is_some() {
        return Err(Failure::usage(format!(
            "{} exists and is left as it is; nothing was written: add the leaver's row there yourself",
            roster_path.display()
        )));
    }
    let mut text = String::new();
    for (path, content) in [
        (&typed.config, &files.configuration),
        (&roster_path, &files.roster),
    ] {
        let name = path.display().to_string();
        let told = if write_new(path, content)? {
            "written"
        } else {
            "exists, left as it is"
        };
        writeln!(text, "{}: {told}", terminal_safe(&name))
            .expect("writing to a string cannot fail");
    }
    next_steps(&mut text, typed);
    Ok(text)
}

struct Files {
    configuration: String,
    roster: String,
}

fn files(typed: &Init) -> Result<Files, Failure> {
    let wrong = |option: &str, problem: String| Failure::usage(format!("{option}: {problem}"));
    let Some(written) = &typed.custodian else {
        let host = typed.host.as_deref().unwrap_or("imap.acme.example");
        let domain = host
            .split_once('.')
            .map_or("acme.example", |(_, domain)| domain);
        let domain = parse_domain(domain).unwrap_or_else(|_| "acme.example".to_owned());
        return Ok(Files {
            configuration: configuration(&domain, host),
            roster: format!("{HEADING}{EXAMPLE}"),
        });
    };
    let custodian = parse_address_or_domain(written).map_err(|p| wrong("--custodian", p))?;
    let Some((_, domain)) = custodian.rsplit_once('@') else {
        let problem = "write the leaver's address, like ana@acme.example".to_owned();
        return Err(wrong("--custodian", problem));
    };
    let host = typed
        .host
        .clone()
        .unwrap_or_else(|| format!("imap.{domain}"));
    let mailbox = typed.mailbox.as_deref().unwrap_or(&custodian);
    let last_day = typed
        .last_day
        .map_or_else(String::new, |day| day.to_string());
    let row = row(&[
        &custodian, mailbox, &last_day, "", "", "", "", "", "", "", "",
    ])
    .map_err(Failure::failed)?;
    Ok(Files {
        configuration: configuration(domain, &host),
        roster: format!("{HEADING}{row}"),
    })
}

fn configuration(domain: &str, host: &str) -> String {
    let quoted = |text: &str| toml::Value::from(text).to_string();
    CONFIGURATION
        .replace("\"acme.example\"", &quoted(domain))
        .replace("\"imap.acme.example\"", &quoted(host))
}

fn row(cells: &[&str]) -> csv::Result<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(cells)?;
    let octets = writer
        .into_inner()
        .map_err(|error| csv::Error::from(error.into_error()))?;
    Ok(String::from_utf8_lossy(&octets).into_owned())
}

fn exists(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

/// Writes a file that is not there yet, for its owner alone: a roster says who is leaving. `false` if there was one.
fn write_new(path: &Path, content: &str) -> Result<bool, Failure> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written: io::Result<()> = options
        .open(path)
        .and_then(|mut file| file.write_all(content.as_bytes()));
    match written {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(Failure::failed(
            anyhow::Error::new(error).context(format!("cannot write {}", path.display())),
        )),
    }
}

fn next_steps(text: &mut String, typed: &Init) {
    let config = if typed.config == Path::new("audit.toml") {
        String::new()
    } else {
        format!(
            " --config {}",
            shell_word(&typed.config.display().to_string())
        )
    };
    let before = if typed.custodian.is_some() {
        "Look through the configuration"
    } else {
        "Put your organisation, server and leavers into both files"
    };
    writeln!(
        text,
        "\n{before}, then:\n  read -rs IMAP_PASSWORD && export IMAP_PASSWORD    # type the password; nothing is shown\n  \
         sent-audit check{config}\n  sent-audit run{config}"
    )
    .expect("writing to a string cannot fail");
}

/// A word as a POSIX shell reads it back.
fn shell_word(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", terminal_safe(word).replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Settings;

    fn typed(directory: &Path, custodian: Option<&str>) -> Init {
        Init {
            config: directory.join("audit.toml"),
            custodian: custodian.map(str::to_owned),
            mailbox: None,
            last_day: None,
            host: None,
        }
    }

    #[test]
    fn what_is_written_can_be_loaded() {
        let directory = tempfile::tempdir().unwrap();
        let typed = typed(directory.path(), None);
        let told = write(&typed).unwrap();
        assert!(told.contains("sent-audit check --config"), "{told}");
        let settings = Settings::load(&typed.config).unwrap();
        assert_eq!(settings.accounts.len(), 1);
        assert_eq!(settings.custodians[0].known_contacts.len(), 2);
        assert_eq!(settings.servers[0].host, "imap.acme.example");
    }

    #[test]
    fn one_leaver() {
        let directory = tempfile::tempdir().unwrap();
        let mut typed = typed(directory.path(), Some("Ana@Beta.example"));
        typed.mailbox = Some("corp\\ana, \"x\"".to_owned());
        typed.last_day = Some("2024-06-28".parse().unwrap());
        write(&typed).unwrap();
        let settings = Settings::load(&typed.config).unwrap();
        assert_eq!(settings.organisation.domains, ["beta.example"]);
        assert_eq!(settings.servers[0].host, "imap.beta.example");
        assert_eq!(settings.custodians[0].id, "ana@beta.example");
        assert_eq!(settings.custodians[0].last_day, typed.last_day);
        assert_eq!(settings.accounts[0].login, "corp\\ana, \"x\"");
    }

    #[test]
    fn nothing_is_overwritten() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        std::fs::write(
            path("leavers.csv"),
            "custodian,mailbox,last_day\nbob,bob,\n",
        )
        .unwrap();
        let refused = write(&typed(directory.path(), Some("ana@acme.example"))).unwrap_err();
        assert_eq!(refused.status, Status::Refused);
        assert!(!path("audit.toml").exists(), "nothing was written");
        // A roster from HR is kept, the configuration for it is written.
        write(&typed(directory.path(), None)).unwrap();
        let settings = Settings::load(&path("audit.toml")).unwrap();
        assert_eq!(settings.custodians[0].id, "bob");
        assert!(write(&typed(directory.path(), None)).is_err());
        assert!(write(&typed(directory.path(), Some("ana@acme.example"))).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_reads_them() {
        use std::os::unix::fs::PermissionsExt;
        let directory = tempfile::tempdir().unwrap();
        write(&typed(directory.path(), None)).unwrap();
        for name in ["audit.toml", ROSTER] {
            let mode = std::fs::metadata(directory.path().join(name))
                .unwrap()
                .permissions()
                .mode();
            assert_eq!(mode & 0o777, 0o600, "{name}");
        }
    }

    #[test]
    fn flags_that_cannot_be_meant() {
        let directory = tempfile::tempdir().unwrap();
        for custodian in ["acme.example", "Ana Ruiz", "ana@acme"] {
            let failure = write(&typed(directory.path(), Some(custodian))).unwrap_err();
            assert_eq!(failure.status, Status::Refused, "{custodian}");
        }
    }

    #[test]
    fn words_for_a_shell() {
        assert_eq!(shell_word("a/b.toml"), "a/b.toml");
        assert_eq!(shell_word("it's here"), r"'it'\''s here'");
    }
}
