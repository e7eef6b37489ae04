//! Where a secret comes from: `NAME_env`, `NAME_file`, `NAME_command` or `NAME_keyring`, one of them, never the secret itself.

use std::ops::Range;
use std::path::{Path, PathBuf};

use toml::Spanned;

use crate::config::ConfigError;
use crate::config::file::{Document, RawKeyring};
use crate::source::imap::{HAS_KEYRING, Secret};

/// The keys for one secret, as written.
pub(super) struct Places<'a> {
    /// What the keys begin with: `password`, `token`, `client_secret`.
    pub(super) prefix: &'static str,
    pub(super) env: Option<&'a Spanned<String>>,
    pub(super) file: Option<&'a Spanned<PathBuf>>,
    pub(super) command: Option<&'a Spanned<Vec<String>>>,
    pub(super) keyring: Option<&'a Spanned<RawKeyring>>,
}

impl Places<'_> {
    /// Whether any is named.
    pub(super) fn is_named(&self) -> bool {
        self.env.is_some()
            || self.file.is_some()
            || self.command.is_some()
            || self.keyring.is_some()
    }

    /// The one that is named; `span` is where an error is told if there is none, or more than one.
    pub(super) fn one(
        &self,
        document: &Document<'_>,
        base: &Path,
        span: &Range<usize>,
    ) -> Result<Secret, ConfigError> {
        let Self { prefix, .. } = self;
        let name = prefix.replace('_', " ");
        match (self.env, self.file, self.command, self.keyring) {
            (Some(name), None, None, None) => environment(document, name),
            (None, Some(path), None, None) => Ok(Secret::File(base.join(path.get_ref()))),
            (None, None, Some(command), None) => match command.get_ref().first() {
                Some(program) if !program.trim().is_empty() => {
                    Ok(Secret::Command(command.get_ref().clone()))
                }
                _ => Err(document.error(
                    &command.span(),
                    "write the program and its arguments, each in quotation marks: [\"pass\", \"show\", \"imap\"]",
                )),
            },
            (None, None, None, Some(entry)) => keyring(document, prefix, entry),
            (None, None, None, None) => {
                let variable = match *prefix {
                    "password" => "IMAP_PASSWORD",
                    _ => "IMAP_SECRET",
                };
                Err(document.error(
                    span,
                    format!(
                        "no {name}: add {prefix}_env = \"{variable}\" (an environment variable), {prefix}_file, \
                         {prefix}_command or {prefix}_keyring"
                    ),
                ))
            }
            _ => Err(document.error(
                span,
                format!(
                    "more than one source of the {name}: keep one of {prefix}_env, {prefix}_file, {prefix}_command, \
                     {prefix}_keyring"
                ),
            )),
        }
    }
}

fn keyring(
    document: &Document<'_>,
    prefix: &str,
    entry: &Spanned<RawKeyring>,
) -> Result<Secret, ConfigError> {
    let RawKeyring { service, user } = entry.get_ref();
    if !HAS_KEYRING {
        let problem = format!(
            "this build of sent-audit cannot read the keyring: build it with --features keyring, or use {prefix}_env, \
             {prefix}_file or {prefix}_command"
        );
        return Err(document.error(&entry.span(), problem));
    }
    if service.trim().is_empty() || user.trim().is_empty() {
        let problem = "name the entry: { service = \"imap.acme.example\", user = \"auditor\" }";
        return Err(document.error(&entry.span(), problem));
    }
    Ok(Secret::Keyring {
        service: service.clone(),
        user: user.clone(),
    })
}

fn environment(document: &Document<'_>, name: &Spanned<String>) -> Result<Secret, ConfigError> {
    let word = name.get_ref();
    let sound = !word.starts_with(|c: char| c.is_ascii_digit())
        && !word.is_empty()
        && word.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if sound {
        return Ok(Secret::Env(word.clone()));
    }
    // Not repeated: people write the password itself here.
    Err(document.error(
        &name.span(),
        "this is no name of an environment variable (letters, digits, _); the password itself does not belong here",
    ))
}
