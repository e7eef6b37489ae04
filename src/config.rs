//! `audit.toml`, the roster and the client list: read, validated, resolved. Everything after this is sound.

mod clients;
pub(crate) mod dates;
pub(crate) mod domains;
mod file;
mod nearest;
mod organisation;
mod roster;
mod scope;
mod server;
pub(crate) mod table;

use std::path::{Path, PathBuf};

use jiff::Span;
use jiff::civil::Date;
use sha2::{Digest, Sha256};
use toml::Spanned;

use self::file::{Document, RawOrganisation, RawServer};
use self::nearest::nearest;
use self::organisation::domain_list;
pub(crate) use self::organisation::parse_region;
use self::roster::Roster;
use self::table::TableError;
use crate::finding::hexadecimal;
use crate::mailbox::{Account, Custodian, Organisation, Window};
use crate::report::{Client, Format};
use crate::source::imap::ServerSettings;

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
    /// In which formats reports are written, unless the command line says otherwise.
    pub formats: Vec<Format>,
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
        let organisation = organisation::organisation(&document, &raw_organisation)?;

        let roster_path = raw.roster.map(|r| r.file);
        let (roster, roster_sha256) = match &roster_path {
            Some(written) => load_roster(&document, base, written)?,
            None => (Roster::default(), String::new()),
        };
        let servers = servers(&document, base, raw.servers, &roster, roster_path.as_ref())?;
        let audit = scope::audit(&document, base, raw.audit)?;
        let (report_directory, formats, csv_separator) =
            scope::report(&document, base, &raw.report)?;
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
            formats,
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

fn sha256(octets: &[u8]) -> String {
    hexadecimal(&Sha256::digest(octets))
}

#[cfg(test)]
mod tests;
