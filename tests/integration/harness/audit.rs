//! Runs the compiled program in a directory of its own, and reads what it wrote.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

use std::process::{Child, Stdio};

use assert_cmd::Command;

use tempfile::TempDir;

use super::dovecot::{Dovecot, PASSWORD};

/// One line of a report's table, by column.
pub(crate) type Row = BTreeMap<String, String>;

/// A program that takes longer hangs, and has failed.
const PATIENCE: Duration = Duration::from_secs(120);

/// An audit that is about to be run.
pub(crate) struct Audit {
    directory: Rc<TempDir>,
    host: String,
    port: u16,
    tls: &'static str,
    authority: Option<PathBuf>,
    auth: String,
    /// Further lines of `[servers.default]`.
    server: String,
    /// Further sections.
    sections: String,
    roster: String,
    environment: Vec<(String, String)>,
}

impl Audit {
    /// Over implicit TLS, with LOGIN and everybody's password from the environment.
    pub(crate) fn on(dovecot: &Dovecot) -> Self {
        let auth = r#"{ method = "login", user = "{mailbox}", password_env = "TEST_PASSWORD" }"#;
        Self {
            directory: Rc::new(tempfile::tempdir().unwrap()),
            host: "localhost".to_owned(),
            port: dovecot.tls_port(),
            tls: "implicit",
            authority: Some(dovecot.authority()),
            auth: auth.to_owned(),
            server: "timeout = \"20s\"\n".to_owned(),
            sections: String::new(),
            roster: "custodian,mailbox,last_day\n".to_owned(),
            environment: vec![("TEST_PASSWORD".to_owned(), PASSWORD.to_owned())],
        }
    }

    /// Without TLS, on a server of the test's own on a port of 127.0.0.1.
    pub(crate) fn on_port(port: u16) -> Self {
        let auth = r#"{ method = "login", user = "{mailbox}", password_env = "TEST_PASSWORD" }"#;
        Self {
            directory: Rc::new(tempfile::tempdir().unwrap()),
            host: "127.0.0.1".to_owned(),
            port,
            tls: "none",
            authority: None,
            auth: auth.to_owned(),
            server: "timeout = \"20s\"\n".to_owned(),
            sections: String::new(),
            roster: "custodian,mailbox,last_day\n".to_owned(),
            environment: vec![("TEST_PASSWORD".to_owned(), PASSWORD.to_owned())],
        }
    }

    pub(crate) fn starttls(mut self, dovecot: &Dovecot) -> Self {
        self.tls = "starttls";
        self.port = dovecot.port();
        self
    }

    /// Without TLS, to a port of 127.0.0.1.
    pub(crate) fn plain(mut self, port: u16) -> Self {
        self.tls = "none";
        "127.0.0.1".clone_into(&mut self.host);
        self.port = port;
        self.authority = None;
        self
    }

    /// To another port that leads to the same server.
    pub(crate) fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Starts a command that somebody else ends.
    pub(crate) fn start(&self, arguments: &[&str]) -> Child {
        self.configure();
        std::process::Command::new(env!("CARGO_BIN_EXE_sent-audit"))
            .current_dir(self.directory.path())
            .args(arguments)
            .envs(self.environment.iter().cloned())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    }

    pub(crate) fn host(mut self, host: &str) -> Self {
        host.clone_into(&mut self.host);
        self
    }

    /// Trusts this authority, or those of the system.
    pub(crate) fn authority(mut self, authority: Option<&Path>) -> Self {
        self.authority = authority.map(Path::to_owned);
        self
    }

    /// The value of `auth`, a TOML table.
    pub(crate) fn auth(mut self, auth: &str) -> Self {
        auth.clone_into(&mut self.auth);
        self
    }

    /// The lines for timeout and connections.
    pub(crate) fn server(mut self, lines: &str) -> Self {
        lines.clone_into(&mut self.server);
        self
    }

    /// Sections behind those that there are.
    pub(crate) fn sections(mut self, text: &str) -> Self {
        text.clone_into(&mut self.sections);
        self
    }

    /// The last column of the roster: somebody's last day, for everybody.
    pub(crate) fn last_days(mut self, day: &str) -> Self {
        self.roster = self.roster.replace("2024-06-28", day);
        self
    }

    pub(crate) fn environment(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Adds a file beside the configuration.
    pub(crate) fn file(self, name: &str, text: &str) -> Self {
        fs::write(self.path(name), text).unwrap();
        self
    }

    /// Adds a line to the roster: NAME@acme.example, whose last day was 28 June 2024.
    pub(crate) fn leaver(mut self, name: &str) -> Self {
        let row = [name, "@acme.example,", name, ",2024-06-28\n"].concat();
        self.roster.push_str(&row);
        self
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Writes configuration and roster; gives the configuration's path.
    pub(crate) fn configure(&self) -> PathBuf {
        let authority = self
            .authority
            .as_ref()
            .map(|path| format!("ca_file = \"{}\"\n", path.display()))
            .unwrap_or_default();
        let configuration = format!(
            "[organisation]\ndomains = [\"acme.example\"]\n\n[roster]\nfile = \"leavers.csv\"\n\n\
             [servers.default]\nhost = \"{}\"\nport = {}\ntls = \"{}\"\n{}{authority}auth = {}\n{}",
            self.host, self.port, self.tls, self.server, self.auth, self.sections
        );
        fs::write(self.path("audit.toml"), configuration).unwrap();
        fs::write(self.path("leavers.csv"), &self.roster).unwrap();
        self.path("audit.toml")
    }

    /// `sent-audit run` with a report in a new directory.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        let report = (1..100)
            .map(|number| self.path(&format!("report-{number}")))
            .find(|path| !path.exists())
            .expect("a test runs the program a few times");
        let out = report.to_str().unwrap();
        let mut all = vec!["run", "--no-progress", "--out", out];
        all.extend(arguments);
        let mut ran = self.command(&all);
        ran.report = report;
        ran
    }

    /// Any command, in the directory that has the configuration.
    pub(crate) fn command(&self, arguments: &[&str]) -> Ran {
        self.configure();
        let output = Command::new(env!("CARGO_BIN_EXE_sent-audit"))
            .current_dir(self.directory.path())
            .args(arguments)
            .envs(self.environment.iter().cloned())
            .timeout(PATIENCE)
            .output()
            .unwrap();
        Ran {
            status: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            report: PathBuf::new(),
            _directory: Rc::clone(&self.directory),
        }
    }
}

/// A program that has ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) status: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) report: PathBuf,
    /// The report goes with its directory.
    _directory: Rc<TempDir>,
}

impl Ran {
    /// Insists on an exit status (contract §2).
    #[track_caller]
    pub(crate) fn ended(self, status: i32) -> Self {
        assert_eq!(
            self.status,
            Some(status),
            "{}\n{}",
            self.stdout,
            self.stderr
        );
        self
    }

    /// With the report that the command was told to write.
    pub(crate) fn reported_in(mut self, report: PathBuf) -> Self {
        self.report = report;
        self
    }

    /// The lines of a table of the report.
    #[track_caller]
    pub(crate) fn rows(&self, table: &str) -> Vec<Row> {
        let octets = fs::read(self.report.join(table)).unwrap();
        let text = octets.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&octets);
        csv::Reader::from_reader(text)
            .deserialize()
            .collect::<Result<_, _>>()
            .unwrap()
    }

    /// Insists on these cells, one line per row of the table, cells with `|` between them.
    #[track_caller]
    pub(crate) fn has(&self, table: &str, columns: &[&str], expected: &[&str]) -> &Self {
        let lines: Vec<String> = self
            .rows(table)
            .iter()
            .map(|row| {
                columns
                    .iter()
                    .map(|c| row[*c].as_str())
                    .collect::<Vec<_>>()
                    .join("|")
            })
            .collect();
        assert_eq!(lines, expected, "{table}\n{}", self.stderr);
        self
    }
}
