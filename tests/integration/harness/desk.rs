//! A compliance desk without a server: a configuration, message files, and the compiled program.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use super::audit::Row;
use super::mail::{farewell, ordinary};

const CONFIGURATION: &str = "[organisation]\ndomains = [\"acme.example\"]\n\n[roster]\nfile = \"leavers.csv\"\n\n\
    [servers.default]\nhost = \"127.0.0.1\"\nport = 1\ntimeout = \"5s\"\nauth = { password_env = \"IMAP_PASSWORD\" }\n";

const ROSTER: &str = "custodian,mailbox,last_day,name\nanna@acme.example,anna,2024-06-28,Anna Lee\n\
                      bert@acme.example,bert,2024-06-28,Bert Moss\n";

/// A directory with `audit.toml`, a roster of Anna and Bert, and `mail/`, in which Anna sent two farewells and Bert one.
pub(crate) struct Desk {
    directory: TempDir,
}

impl Desk {
    pub(crate) fn new() -> Self {
        let desk = Self {
            directory: tempfile::tempdir().unwrap(),
        };
        desk.write("audit.toml", CONFIGURATION);
        desk.write("leavers.csv", ROSTER);
        desk.write("mail/1.eml", &farewell("anna", 1));
        desk.write("mail/2.eml", &ordinary("anna", 2));
        desk.write("mail/3.eml", &farewell("anna", 3));
        desk.write("mail/4.eml", &farewell("bert", 4));
        desk
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Runs the program, insists on its exit status, and gives what it said on both streams.
    #[track_caller]
    pub(crate) fn does(&self, arguments: &[&str], status: i32) -> String {
        let output = Command::new(env!("CARGO_BIN_EXE_sent-audit"))
            .current_dir(self.directory.path())
            .env_remove("RUST_LOG")
            .env("IMAP_PASSWORD", "unused")
            .args(arguments)
            .output()
            .unwrap();
        let told = format!(
            "{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        assert_eq!(output.status.code(), Some(status), "{arguments:?}\n{told}");
        assert!(!told.contains("panicked"), "{told}");
        told
    }

    /// Scans `mail/` into the store and the directory `out`.
    #[track_caller]
    pub(crate) fn scan(&self, out: &str) -> String {
        self.does(
            &[
                "scan",
                "mail",
                "--config",
                "audit.toml",
                "--no-progress",
                "--out",
                out,
            ],
            0,
        )
    }

    /// The tables of a report as they are.
    pub(crate) fn tables(&self, report: &str) -> BTreeMap<String, String> {
        fs::read_dir(self.path(report))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|e| e == "csv"))
            .map(|path| (name(&path), fs::read_to_string(&path).unwrap()))
            .collect()
    }

    /// The rows of a table, by column.
    pub(crate) fn rows(&self, table: &str) -> Vec<Row> {
        let text = fs::read_to_string(self.path(table)).unwrap();
        csv::Reader::from_reader(text.trim_start_matches('\u{feff}').as_bytes())
            .deserialize()
            .collect::<Result<_, _>>()
            .unwrap()
    }
}

fn name(path: &Path) -> String {
    path.file_name().unwrap().to_str().unwrap().to_owned()
}
