//! `audit.toml`, the roster and the client list: read, validated, resolved. Everything after this is sound.

mod clients;
pub(crate) mod dates;
pub(crate) mod domains;
mod file;
mod roster;
mod server;
pub(crate) mod table;

use std::path::{Path, PathBuf};

use jiff::Span;
use jiff::civil::Date;
use sha2::{Digest, Sha256};
use toml::Spanned;

use self::domains::parse_domain;
use self::file::{Document, RawAudit, RawOrganisation, RawReport, RawServer};
use self::roster::Roster;
use self::table::TableError;
use crate::finding::hexadecimal;
use crate::mailbox::{Account, Custodian, Organisation, Window};
use crate::report::Client;
use crate::source::imap::ServerSettings;

/// Days before the last day that are audited unless the file says otherwise.
const WINDOW_BEFORE: i32 = 180;
/// Days after it.
const WINDOW_AFTER: i32 = 60;

/// A configuration in which everything was checked.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The file.
    pub path: PathBuf,
    /// Its SHA-256.
    pub sha256: String,
    /// Whose mail.
    pub organisation: Organisation,
    /// The client list, if one is named.
    pub clients: Option<Vec<Client>>,
    /// Lawyers' domains.
    pub privileged: Vec<String>,
    /// Works council, union, company doctor.
    pub protected: Vec<String>,
    /// The roster's custodians, in its order; none without a roster.
    pub custodians: Vec<Custodian>,
    /// The roster's SHA-256; empty without a roster.
    pub roster_sha256: String,
    /// Their accounts.
    pub accounts: Vec<Account>,
    /// By name.
    pub servers: Vec<ServerSettings>,
    /// `audit.mailboxes`.
    pub mailboxes: Vec<String>,
    /// Days before the last day.
    pub window_before: i32,
    /// Days after it.
    pub window_after: i32,
    /// Query files or directories; empty for the built-in ones.
    pub queries: Vec<PathBuf>,
    /// The store.
    pub store: PathBuf,
    /// Where reports go.
    pub report_directory: PathBuf,
    /// `,` `;` or tab.
    pub csv_separator: u8,
}

/// A configuration that cannot be used; names file, line and key, and says what to do.
#[derive(Debug, thiserror::Error)]
#[error("{problem}")]
pub struct ConfigError {
    /// For people, complete.
    pub problem: String,
}

impl ConfigError {
    fn in_table(path: &Path, error: &TableError) -> Self {
        let line = error.line.map_or_else(String::new, |n| format!("{n}:"));
        Self {
            problem: format!("{}:{line} {}", path.display(), error.problem),
        }
    }
}

impl Settings {
    /// Reads and validates everything; opens no connection.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let octets = std::fs::read(path).map_err(|error| unreadable_file(path, &error))?;
        let text = table::decode(&octets).map_err(|error| ConfigError::in_table(path, &error))?;
        let document = Document { path, text: &text };
        let raw = document.parse()?;
        let base = path.parent().unwrap_or(Path::new(""));

        let Some(raw_organisation) = raw.organisation else {
            return Err(
                document.missing("[organisation]", "add it with domains = [\"acme.example\"]")
            );
        };
        let clients = clients(&document, base, &raw_organisation)?;
        let privileged = domain_list(&document, &raw_organisation.privileged)?;
        let protected = domain_list(&document, &raw_organisation.protected)?;
        let organisation = organisation(&document, &raw_organisation)?;

        let roster_path = raw.roster.map(|r| r.file);
        let (roster, roster_sha256) = match &roster_path {
            Some(written) => load_roster(&document, base, written)?,
            None => (Roster::default(), String::new()),
        };
        let servers = servers(&document, base, raw.servers, &roster, roster_path.as_ref())?;
        let audit = audit(&document, base, raw.audit)?;
        let (report_directory, csv_separator) = report(&document, base, &raw.report)?;
        Ok(Self {
            path: path.to_owned(),
            sha256: sha256(&octets),
            organisation,
            clients,
            privileged,
            protected,
            custodians: roster.custodians,
            roster_sha256,
            accounts: roster.accounts.into_iter().map(|(_, a)| a).collect(),
            servers,
            mailboxes: audit.mailboxes,
            window_before: audit.before,
            window_after: audit.after,
            queries: audit.queries,
            store: audit.store,
            report_directory,
            csv_separator,
        })
    }

    /// The days to audit for a custodian: around the last day, or all if there is none.
    #[must_use]
    pub fn window(&self, custodian: &Custodian) -> Window {
        let around = |day: Date, days: i32| {
            // A span beyond the calendar's end means its end.
            match Span::new().try_days(days) {
                Ok(span) => day.saturating_add(span),
                Err(_) if days < 0 => Date::MIN,
                Err(_) => Date::MAX,
            }
        };
        Window {
            since: custodian.last_day.map(|d| around(d, -self.window_before)),
            until: custodian.last_day.map(|d| around(d, self.window_after)),
        }
    }
}

fn unreadable_file(path: &Path, error: &std::io::Error) -> ConfigError {
    let problem = if error.kind() == std::io::ErrorKind::NotFound {
        format!(
            "there is no {}: write one with `sent-audit init`, or name yours with --config FILE",
            path.display()
        )
    } else {
        format!("cannot read {}: {error}", path.display())
    };
    ConfigError { problem }
}

fn organisation(
    document: &Document<'_>,
    raw: &RawOrganisation,
) -> Result<Organisation, ConfigError> {
    let domains = domain_list(document, raw.domains.get_ref())?;
    if domains.is_empty() {
        return Err(document.error(
            &raw.domains.span(),
            "name at least one domain: without it nobody is outside the organisation",
        ));
    }
    let mut phones = Vec::new();
    for written in &raw.phones {
        let phone = written.get_ref().trim();
        let sound = phone.bytes().filter(u8::is_ascii_digit).count() >= 3
            && phone
                .chars()
                .all(|c| c.is_ascii_digit() || "+-./() xX".contains(c));
        if !sound {
            return Err(document.error(
                &written.span(),
                format!("`{phone}` is no number range: write it like \"+34 91 555 01xx\", x for any digit"),
            ));
        }
        phones.push(phone.to_owned());
    }
    let region = raw
        .region
        .as_ref()
        .map(|r| region(document, r))
        .transpose()?;
    Ok(Organisation {
        domains,
        phones,
        region,
    })
}

fn region(document: &Document<'_>, written: &Spanned<String>) -> Result<String, ConfigError> {
    parse_region(written.get_ref()).map_err(|problem| document.error(&written.span(), problem))
}

/// An ISO 3166-1 alpha-2 code, in upper case.
///
/// # Errors
/// Says what to write.
pub(crate) fn parse_region(written: &str) -> Result<String, String> {
    let code = written.trim().to_ascii_uppercase();
    // People know the country's Internet domain better than its code.
    let code = if code == "UK" { "GB".to_owned() } else { code };
    if code.len() == 2 && code.bytes().all(|b| b.is_ascii_uppercase()) {
        Ok(code)
    } else {
        Err(format!(
            "`{}` is no country code: write two letters, like ES",
            written.trim()
        ))
    }
}

fn domain_list(
    document: &Document<'_>,
    written: &[Spanned<String>],
) -> Result<Vec<String>, ConfigError> {
    let mut domains = Vec::new();
    for domain in written {
        let parsed = parse_domain(domain.get_ref())
            .map_err(|problem| document.error(&domain.span(), problem))?;
        if !domains.contains(&parsed) {
            domains.push(parsed);
        }
    }
    Ok(domains)
}

/// Reads a file that the configuration names.
fn named_file(
    document: &Document<'_>,
    base: &Path,
    written: &Spanned<PathBuf>,
) -> Result<(PathBuf, Vec<u8>), ConfigError> {
    let path = base.join(written.get_ref());
    match std::fs::read(&path) {
        Ok(octets) => Ok((path, octets)),
        Err(error) => Err(document.error(
            &written.span(),
            format!("cannot read {}: {error}", path.display()),
        )),
    }
}

fn warn(path: &Path, warnings: &[String]) {
    for warning in warnings {
        tracing::warn!("{}: {warning}", path.display());
    }
}

fn clients(
    document: &Document<'_>,
    base: &Path,
    raw: &RawOrganisation,
) -> Result<Option<Vec<Client>>, ConfigError> {
    let Some(written) = &raw.clients else {
        return Ok(None);
    };
    let (path, octets) = named_file(document, base, written)?;
    let (clients, warnings) =
        clients::read(&octets).map_err(|error| ConfigError::in_table(&path, &error))?;
    warn(&path, &warnings);
    Ok(Some(clients))
}

fn load_roster(
    document: &Document<'_>,
    base: &Path,
    written: &Spanned<PathBuf>,
) -> Result<(Roster, String), ConfigError> {
    let (path, octets) = named_file(document, base, written)?;
    let roster = roster::read(&octets).map_err(|error| ConfigError::in_table(&path, &error))?;
    warn(&path, &roster.warnings);
    Ok((roster, sha256(&octets)))
}

fn servers(
    document: &Document<'_>,
    base: &Path,
    raw: std::collections::BTreeMap<String, Spanned<RawServer>>,
    roster: &Roster,
    roster_path: Option<&Spanned<PathBuf>>,
) -> Result<Vec<ServerSettings>, ConfigError> {
    let names: Vec<&str> = raw.keys().map(String::as_str).collect();
    for (line, account) in &roster.accounts {
        if names.contains(&account.server.as_str()) {
            continue;
        }
        if account.server == "default" {
            return Err(document.missing(
                "[servers.default]",
                "add it, with host and auth; or name another section in the roster's column `server`",
            ));
        }
        let advice = match nearest(&account.server, &names) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!(
                "add [servers.{}] to {}",
                account.server,
                document.path.display()
            ),
        };
        let path = roster_path.map_or_else(PathBuf::new, |p| base.join(p.get_ref()));
        let problem = format!("unknown server `{}`; {advice}", account.server);
        return Err(ConfigError::in_table(
            &path,
            &TableError::at(*line, problem),
        ));
    }
    raw.into_iter()
        .map(|(name, section)| {
            let here = roster.accounts.iter().filter(|(_, a)| a.server == name);
            server::resolve(document, base, &name, section.into_inner(), here.count())
        })
        .collect()
}

struct Audit {
    mailboxes: Vec<String>,
    before: i32,
    after: i32,
    queries: Vec<PathBuf>,
    store: PathBuf,
}

fn audit(document: &Document<'_>, base: &Path, raw: RawAudit) -> Result<Audit, ConfigError> {
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
        Some(w) => dates::parse_days(w.get_ref()).map_err(|p| document.error(&w.span(), p)),
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
            } else if attribute.starts_with('\\') && !attribute.eq_ignore_ascii_case("\\Sent") {
                "the only attribute here is \"\\\\Sent\" (or \"=\\\\Sent\"); name other mailboxes by their names"
                    .to_owned()
            } else if let Err(error) = globset::Glob::new(&pattern.replace('\\', "\\\\")) {
                format!("this is no name and no glob: {}", error.kind())
            } else {
                return Ok(pattern);
            };
            Err(document.error(&span, problem))
        })
        .collect()
}

fn report(
    document: &Document<'_>,
    base: &Path,
    raw: &RawReport,
) -> Result<(PathBuf, u8), ConfigError> {
    for format in raw.formats.iter().flat_map(Spanned::get_ref) {
        let word = format.get_ref().as_str();
        let problem = match word {
            "csv" => continue,
            "xlsx" | "html" => {
                format!("format {word} is not available in this version; use [\"csv\"]")
            }
            _ => file::unknown_value(word, &["csv"]),
        };
        return Err(document.error(&format.span(), problem));
    }
    if let Some(list) = raw.formats.as_ref().filter(|f| f.get_ref().is_empty()) {
        return Err(document.error(
            &list.span(),
            "without a format there is no report; use [\"csv\"]",
        ));
    }
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
    Ok((base.join(directory), separator))
}

fn sha256(octets: &[u8]) -> String {
    hexadecimal(&Sha256::digest(octets))
}

/// The known word that is most like `word`, if one is like it at all: at most half of its letters differ, and no more than three.
pub(crate) fn nearest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    known
        .iter()
        .map(|candidate| (edits(word, candidate), *candidate))
        .min_by_key(|(distance, _)| *distance)
        .filter(|(distance, candidate)| *distance <= (candidate.chars().count() / 2).min(3))
        .map(|(_, candidate)| candidate)
}

/// Levenshtein's distance, ignoring ASCII case.
fn edits(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut previous: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut current = vec![i + 1];
        let diagonal = previous.iter().zip(previous.iter().skip(1)).zip(&b);
        for ((replaced, deleted), y) in diagonal {
            let inserted = current.last().copied().unwrap_or(0);
            let cost = usize::from(!x.eq_ignore_ascii_case(y));
            current.push((replaced + cost).min(deleted + 1).min(inserted + 1));
        }
        previous = current;
    }
    previous.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests;
