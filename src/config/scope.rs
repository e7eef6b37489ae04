//! `[audit]` and `[report]`: what is looked at, what is remembered, and where the report goes.

use std::path::{Path, PathBuf};

use toml::Spanned;

use super::ConfigError;
use super::dates::parse_days;
use super::file::{Document, RawAudit, RawReport, unknown_value};
use crate::report::Format;
use crate::source::imap::SPECIAL_USES;

/// Days before the last day that are audited unless the file says otherwise.
const WINDOW_BEFORE: i32 = 180;
/// Days after it.
const WINDOW_AFTER: i32 = 60;

/// What is looked at, and where it is remembered.
pub(super) struct Audit {
    pub(super) mailboxes: Vec<String>,
    pub(super) before: i32,
    pub(super) after: i32,
    pub(super) queries: Vec<PathBuf>,
    pub(super) store: PathBuf,
}

/// Checks `[audit]`.
pub(super) fn audit(
    document: &Document<'_>,
    base: &Path,
    raw: RawAudit,
) -> Result<Audit, ConfigError> {
    let mailboxes = match raw.mailboxes {
        None => vec!["\\Sent".to_owned()],
        Some(list) if list.get_ref().is_empty() => {
            return Err(document.error(
                &list.span(),
                "name a mailbox, or leave the key out for \"\\\\Sent\"",
            ));
        }
        Some(list) => mailbox_patterns(document, list.into_inner())?,
    };
    let days = |written: Option<Spanned<String>>, default| match written {
        None => Ok(default),
        Some(w) => parse_days(w.get_ref()).map_err(|p| document.error(&w.span(), p)),
    };
    let (before, after) = raw.window.map_or((None, None), |w| (w.before, w.after));
    let mut queries = Vec::new();
    for written in raw.queries {
        let path = base.join(written.get_ref());
        if !path.exists() {
            return Err(document.error(
                &written.span(),
                format!(
                    "there is no {}: leave the key out for the built-in queries",
                    path.display()
                ),
            ));
        }
        queries.push(path);
    }
    Ok(Audit {
        mailboxes,
        before: days(before, WINDOW_BEFORE)?,
        after: days(after, WINDOW_AFTER)?,
        queries,
        store: base.join(raw.store.unwrap_or_else(|| "audit.db".into())),
    })
}

fn is_special_use(attribute: &str) -> bool {
    let mut uses = SPECIAL_USES.iter();
    uses.any(|name| name.eq_ignore_ascii_case(attribute))
}

fn mailbox_patterns(
    document: &Document<'_>,
    written: Vec<Spanned<String>>,
) -> Result<Vec<String>, ConfigError> {
    written
        .into_iter()
        .map(|pattern| {
            let span = pattern.span();
            let pattern = pattern.into_inner();
            let attribute = pattern.strip_prefix('=').unwrap_or(&pattern);
            let problem = if pattern.trim().is_empty() {
                "this names no mailbox: write \"\\\\Sent\", a name or a glob".to_owned()
            } else if attribute.starts_with('\\') && !is_special_use(attribute) {
                let known = SPECIAL_USES.map(|name| format!("\"\\{name}\"")).join(", ");
                format!("no mailbox has this attribute; known are {known}; name other mailboxes by their names")
            } else if let Err(error) = globset::Glob::new(&pattern.replace('\\', "\\\\")) {
                format!("this is no name and no glob: {}", error.kind())
            } else {
                return Ok(pattern);
            };
            Err(document.error(&span, problem))
        })
        .collect()
}

/// Checks `[report]`: the directory, the formats and the separator.
pub(super) fn report(
    document: &Document<'_>,
    base: &Path,
    raw: &RawReport,
) -> Result<(PathBuf, Vec<Format>, u8), ConfigError> {
    let formats = formats(document, raw)?;
    let separator = match raw
        .csv_separator
        .as_ref()
        .map(|s| (s, s.get_ref().as_str()))
    {
        None | Some((_, ",")) => b',',
        Some((_, ";")) => b';',
        Some((_, "\t" | "tab")) => b'\t',
        Some((written, _)) => {
            return Err(document.error(&written.span(), "write \",\" or \";\" or \"\\t\""));
        }
    };
    let directory = raw.directory.clone().unwrap_or_else(|| "reports".into());
    Ok((base.join(directory), formats, separator))
}

fn formats(document: &Document<'_>, raw: &RawReport) -> Result<Vec<Format>, ConfigError> {
    let Some(list) = &raw.formats else {
        return Ok(Format::ALL.to_vec());
    };
    if list.get_ref().is_empty() {
        return Err(document.error(
            &list.span(),
            "without a format there is no report; use [\"csv\", \"xlsx\", \"html\"]",
        ));
    }
    let words: Vec<&str> = Format::ALL.iter().map(|format| format.as_str()).collect();
    list.get_ref()
        .iter()
        .map(|format| {
            let word = format.get_ref().as_str();
            word.parse()
                .map_err(|_| document.error(&format.span(), unknown_value(word, &words)))
        })
        .collect()
}
