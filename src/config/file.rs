//! `audit.toml` as written: its keys and their types, and errors that name line and key.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::ConfigError;
use super::nearest::nearest;

/// The file, each value with its place.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawFile {
    pub(super) organisation: Option<RawOrganisation>,
    pub(super) roster: Option<RawRoster>,
    #[serde(default)]
    pub(super) servers: BTreeMap<String, Spanned<RawServer>>,
    #[serde(default)]
    pub(super) audit: RawAudit,
    #[serde(default)]
    pub(super) report: RawReport,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawOrganisation {
    pub(super) domains: Spanned<Vec<Spanned<String>>>,
    #[serde(default)]
    pub(super) phones: Vec<Spanned<String>>,
    pub(super) region: Option<Spanned<String>>,
    pub(super) clients: Option<Spanned<PathBuf>>,
    #[serde(default)]
    pub(super) privileged: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) protected: Vec<Spanned<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawRoster {
    pub(super) file: Spanned<PathBuf>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawServer {
    pub(super) host: Spanned<String>,
    pub(super) port: Option<Spanned<u16>>,
    pub(super) tls: Option<Spanned<RawTls>>,
    pub(super) ca_file: Option<Spanned<PathBuf>>,
    pub(super) timeout: Option<Spanned<String>>,
    pub(super) auth: Spanned<RawAuth>,
    pub(super) connections: Option<Spanned<u16>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum RawTls {
    Implicit,
    Starttls,
    None,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawAuth {
    pub(super) method: Option<Spanned<String>>,
    pub(super) user: Option<Spanned<String>>,
    pub(super) authzid: Option<Spanned<String>>,
    pub(super) master: Option<Spanned<String>>,
    pub(super) separator: Option<Spanned<String>>,
    pub(super) password_env: Option<Spanned<String>>,
    pub(super) password_file: Option<Spanned<PathBuf>>,
    pub(super) password_command: Option<Spanned<Vec<String>>>,
    pub(super) password_keyring: Option<Spanned<RawKeyring>>,
    pub(super) token_env: Option<Spanned<String>>,
    pub(super) token_file: Option<Spanned<PathBuf>>,
    pub(super) token_command: Option<Spanned<Vec<String>>>,
    pub(super) token_keyring: Option<Spanned<RawKeyring>>,
    pub(super) tenant: Option<Spanned<String>>,
    pub(super) token_url: Option<Spanned<String>>,
    pub(super) token_ca_file: Option<Spanned<PathBuf>>,
    pub(super) client_id: Option<Spanned<String>>,
    pub(super) client_secret_env: Option<Spanned<String>>,
    pub(super) client_secret_file: Option<Spanned<PathBuf>>,
    pub(super) client_secret_command: Option<Spanned<Vec<String>>>,
    pub(super) client_secret_keyring: Option<Spanned<RawKeyring>>,
    pub(super) scope: Option<Spanned<String>>,
    pub(super) service_account_file: Option<Spanned<PathBuf>>,
}

/// An entry of the system's keyring.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawKeyring {
    pub(super) service: String,
    pub(super) user: String,
}

impl RawAuth {
    /// The keys that are written, besides `method`, each with the place of its value.
    pub(super) fn keys(&self) -> Vec<(&'static str, Range<usize>)> {
        fn at<T>(value: Option<&Spanned<T>>) -> Option<Range<usize>> {
            value.map(Spanned::span)
        }
        let all = [
            ("user", at(self.user.as_ref())),
            ("authzid", at(self.authzid.as_ref())),
            ("master", at(self.master.as_ref())),
            ("separator", at(self.separator.as_ref())),
            ("password_env", at(self.password_env.as_ref())),
            ("password_file", at(self.password_file.as_ref())),
            ("password_command", at(self.password_command.as_ref())),
            ("password_keyring", at(self.password_keyring.as_ref())),
            ("token_env", at(self.token_env.as_ref())),
            ("token_file", at(self.token_file.as_ref())),
            ("token_command", at(self.token_command.as_ref())),
            ("token_keyring", at(self.token_keyring.as_ref())),
            ("tenant", at(self.tenant.as_ref())),
            ("token_url", at(self.token_url.as_ref())),
            ("token_ca_file", at(self.token_ca_file.as_ref())),
            ("client_id", at(self.client_id.as_ref())),
            ("client_secret_env", at(self.client_secret_env.as_ref())),
            ("client_secret_file", at(self.client_secret_file.as_ref())),
            (
                "client_secret_command",
                at(self.client_secret_command.as_ref()),
            ),
            (
                "client_secret_keyring",
                at(self.client_secret_keyring.as_ref()),
            ),
            ("scope", at(self.scope.as_ref())),
            (
                "service_account_file",
                at(self.service_account_file.as_ref()),
            ),
        ];
        let written = all.into_iter().filter_map(|(key, span)| Some((key, span?)));
        written.collect()
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawAudit {
    pub(super) mailboxes: Option<Spanned<Vec<Spanned<String>>>>,
    pub(super) window: Option<RawWindow>,
    #[serde(default)]
    pub(super) queries: Vec<Spanned<PathBuf>>,
    pub(super) store: Option<PathBuf>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawWindow {
    pub(super) before: Option<Spanned<String>>,
    pub(super) after: Option<Spanned<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawReport {
    pub(super) directory: Option<PathBuf>,
    pub(super) formats: Option<Spanned<Vec<Spanned<String>>>>,
    pub(super) csv_separator: Option<Spanned<String>>,
}

/// The file's text, from which an error's line and key are found.
#[derive(Debug)]
pub(super) struct Document<'a> {
    pub(super) path: &'a Path,
    pub(super) text: &'a str,
}

impl Document<'_> {
    /// Reads the keys and checks their types.
    pub(super) fn parse(&self) -> Result<RawFile, ConfigError> {
        toml::from_str(self.text).map_err(|error| {
            let problem = for_people(error.message());
            match error.span() {
                Some(span) => self.error(&span, problem),
                None => ConfigError {
                    problem: format!("{}: {problem}", self.path.display()),
                },
            }
        })
    }

    /// An error about what stands at `span`: `audit.toml:12: servers.default.tls: …`. The line itself is never shown, since it
    /// may hold a secret.
    pub(super) fn error(&self, span: &Range<usize>, problem: impl Display) -> ConfigError {
        let before = self.text.get(..span.start).unwrap_or(self.text);
        let line = before.matches('\n').count() + 1;
        let key = DeTable::parse(self.text)
            .ok()
            .and_then(|table| key_at(table.get_ref(), span))
            .map_or_else(String::new, |key| format!("{key}: "));
        ConfigError {
            problem: format!("{}:{line}: {key}{problem}", self.path.display()),
        }
    }

    /// An error about a key that is not there.
    pub(super) fn missing(&self, key: &str, advice: &str) -> ConfigError {
        ConfigError {
            problem: format!("{}: {key} is missing: {advice}", self.path.display()),
        }
    }
}

/// The dotted key at or around `span`, as deep as there is one.
fn key_at(table: &DeTable<'_>, span: &Range<usize>) -> Option<String> {
    table.iter().find_map(|(key, value)| {
        let name = key.get_ref();
        let here = |range: Range<usize>| range.start <= span.start && span.end <= range.end;
        let deeper = match value.get_ref() {
            DeValue::Table(inner) => key_at(inner, span),
            _ => None,
        };
        match deeper {
            Some(rest) => Some(format!("{name}.{rest}")),
            None => (here(key.span()) || here(value.span())).then(|| name.to_string()),
        }
    })
}

/// What serde says, as advice.
fn for_people(message: &str) -> String {
    let mut words = message.split('`').skip(1).step_by(2);
    let word = words.next().unwrap_or_default();
    let known: Vec<&str> = words.collect();
    if message.starts_with("unknown field") {
        return unknown_key(word, &known);
    }
    if message.starts_with("unknown variant") {
        return unknown_value(word, &known);
    }
    if message.starts_with("missing field") {
        return format!("the key `{word}` is missing here");
    }
    if message.starts_with("invalid type") || message.starts_with("invalid value") {
        // What was written is not repeated: it may be a secret that stands under the wrong key.
        let expected = message.rsplit_once("expected ").map_or("", |(_, e)| e);
        return format!("wrong kind of value: {}", wanted(expected));
    }
    if message.contains("escape") || message.contains("unicode") {
        return format!(
            "{message} (in double quotes write a backslash twice, or use single quotes)"
        );
    }
    message.trim().replace('\n', ", ")
}

fn wanted(expected: &str) -> String {
    match expected {
        e if e.starts_with("a string") || e.starts_with("path") => {
            "write text in quotation marks".to_owned()
        }
        e if e.starts_with("a sequence") => "write a list, like [\"…\", \"…\"]".to_owned(),
        e if e.starts_with('u') || e.starts_with('i') => {
            "write a whole number, without quotation marks, up to 65535".to_owned()
        }
        e if e.starts_with("struct") || e.starts_with("a map") => {
            "write a section or { key = … }".to_owned()
        }
        e => format!("expected {e}"),
    }
}

fn unknown_key(key: &str, known: &[&str]) -> String {
    if let Some(refusal) = refused_key(key) {
        return refusal;
    }
    match nearest(key, known) {
        Some(near) => format!("unknown key; did you mean `{near}`?"),
        None => format!("unknown key; known here: {}", known.join(", ")),
    }
}

/// Keys that mean something to people, refused by name.
fn refused_key(key: &str) -> Option<String> {
    let prefix = match key {
        "password" | "passwd" | "pass" | "secret" => "password",
        "token" | "access_token" => "token",
        "client_secret" => "client_secret",
        _ => return None,
    };
    Some(format!(
        "a secret does not belong into this file: use {prefix}_env = \"NAME\" (an environment variable), \
         {prefix}_file = \"path\" or {prefix}_command = [\"program\", \"argument\"]"
    ))
}

/// A word that none of the known ones is.
pub(super) fn unknown_value(word: &str, known: &[&str]) -> String {
    match nearest(word, known) {
        Some(near) => format!("unknown value `{word}`; did you mean `{near}`?"),
        None => format!("unknown value `{word}`; write one of: {}", known.join(", ")),
    }
}
