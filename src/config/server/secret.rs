//! Where a secret comes from: `NAME_env`, `NAME_file` or `NAME_command`, one of them, never the secret itself.

use std::ops::Range;
use std::path::{Path, PathBuf};

use toml::Spanned;

use crate::config::ConfigError;
use crate::config::file::Document;
use crate::source::imap::Secret;

/// The keys for one secret, as written.
pub(super) struct Places<'a> {
    /// What the keys begin with: `password`, `token`, `client_secret`.
    pub(super) prefix: &'static str,
    pub(super) env: Option<&'a Spanned<String>>,
    pub(super) file: Option<&'a Spanned<PathBuf>>,
    pub(super) command: Option<&'a Spanned<Vec<String>>>,
}

impl Places<'_> {
    /// Whether any is named.
    pub(super) fn is_named(&self) -> bool {
        self.env.is_some() || self.file.is_some() || self.command.is_some()
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
        match (self.env, self.file, self.command) {
            (Some(name), None, None) => environment(document, name),
            (None, Some(path), None) => Ok(Secret::File(base.join(path.get_ref()))),
            (None, None, Some(command)) => match command.get_ref().first() {
                Some(program) if !program.trim().is_empty() => {
                    Ok(Secret::Command(command.get_ref().clone()))
                }
                _ => Err(document.error(
                    &command.span(),
                    "write the program and its arguments, each in quotation marks: [\"pass\", \"show\", \"imap\"]",
                )),
            },
            (None, None, None) => {
                let variable = match *prefix {
                    "password" => "IMAP_PASSWORD",
                    _ => "IMAP_SECRET",
                };
                Err(document.error(
                    span,
                    format!(
                        "no {name}: add {prefix}_env = \"{variable}\" (an environment variable), {prefix}_file or \
                         {prefix}_command"
                    ),
                ))
            }
            _ => Err(document.error(
                span,
                format!(
                    "more than one source of the {name}: keep one of {prefix}_env, {prefix}_file, {prefix}_command"
                ),
            )),
        }
    }
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
