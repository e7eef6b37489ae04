//! `[servers.NAME]`: where the mail is, how the connection is protected, how to log in.

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use toml::Spanned;

use super::ConfigError;
use super::dates::parse_timeout;
use super::file::{Document, RawAuth, RawServer, RawTls, unknown_value};
use crate::source::imap::{Auth, Secret, ServerSettings, Tls};

/// What stands for the account's login in templates.
const MAILBOX: &str = "{mailbox}";
const DEFAULT_TIMEOUT: &str = "60s";
const DEFAULT_CONNECTIONS: u16 = 4;
/// Beyond this every server we know closes connections; Gmail allows 15 for each account.
const MAX_CONNECTIONS: u16 = 64;

/// Checks a section. `base` is the directory of the file; `accounts` is how many accounts of the roster lie on this server.
pub(super) fn resolve(
    document: &Document<'_>,
    base: &Path,
    name: &str,
    raw: RawServer,
    accounts: usize,
) -> Result<ServerSettings, ConfigError> {
    let tls = match raw.tls.as_ref().map(|t| *t.get_ref()) {
        None | Some(RawTls::Implicit) => Tls::Implicit,
        Some(RawTls::Starttls) => Tls::StartTls,
        Some(RawTls::None) => Tls::None,
    };
    let host = host(document, &raw.host)?;
    if let (Tls::None, Some(written)) = (tls, &raw.tls)
        && !is_loopback(&host)
    {
        return Err(document.error(
            &written.span(),
            format!("without TLS the password of every custodian would cross the network to {host} in the clear: \
                     use \"implicit\" or \"starttls\""),
        ));
    }
    let port = match &raw.port {
        None if tls == Tls::Implicit => 993,
        None => 143,
        Some(port) if *port.get_ref() == 0 => {
            return Err(document.error(
                &port.span(),
                "0 is no port: leave it out, or write 993 or 143",
            ));
        }
        Some(port) => *port.get_ref(),
    };
    let timeout = match &raw.timeout {
        None => parse_timeout(DEFAULT_TIMEOUT).expect("the default is well-formed"),
        Some(written) => parse_timeout(written.get_ref())
            .map_err(|problem| document.error(&written.span(), problem))?,
    };
    let connections = match &raw.connections {
        None => DEFAULT_CONNECTIONS,
        Some(n) if (1..=MAX_CONNECTIONS).contains(n.get_ref()) => *n.get_ref(),
        Some(n) => {
            return Err(document.error(
                &n.span(),
                format!("write a number from 1 to {MAX_CONNECTIONS}"),
            ));
        }
    };
    let ca_file = raw
        .ca_file
        .map(|written| ca_file(document, base, &written))
        .transpose()?;
    Ok(ServerSettings {
        name: name.to_owned(),
        host,
        port,
        tls,
        ca_file,
        timeout,
        auth: auth(document, base, &raw.auth, accounts)?,
        connections: usize::from(connections),
    })
}

fn host(document: &Document<'_>, written: &Spanned<String>) -> Result<String, ConfigError> {
    let host = written.get_ref().trim();
    let advice = if host.contains("//") {
        "write the host name alone, without imaps://"
    } else if host.parse::<IpAddr>().is_ok() {
        return Ok(host.to_owned());
    } else if host.contains(':') {
        "write the host name alone; the port has a key of its own: port = 993"
    } else if host.is_empty() || host.contains(|c: char| !c.is_alphanumeric() && !".-_".contains(c))
    {
        "this is no host name: write it like imap.acme.example"
    } else {
        return Ok(host.to_owned());
    };
    Err(document.error(&written.span(), advice))
}

/// Whether a host is this machine.
fn is_loopback(host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    host == "localhost"
        || host.ends_with(".localhost")
        || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

fn ca_file(
    document: &Document<'_>,
    base: &Path,
    written: &Spanned<PathBuf>,
) -> Result<PathBuf, ConfigError> {
    let path = base.join(written.get_ref());
    let problem = match std::fs::read(&path) {
        Ok(octets) if String::from_utf8_lossy(&octets).contains("-----BEGIN CERTIFICATE-----") => {
            return Ok(path);
        }
        Ok(_) => format!(
            "{} holds no certificate in PEM (`-----BEGIN CERTIFICATE-----`): convert it with openssl x509 -inform der",
            path.display()
        ),
        Err(error) => format!("cannot read {}: {error}", path.display()),
    };
    Err(document.error(&written.span(), problem))
}

fn auth(
    document: &Document<'_>,
    base: &Path,
    raw: &Spanned<RawAuth>,
    accounts: usize,
) -> Result<Auth, ConfigError> {
    let RawAuth {
        method,
        user,
        authzid,
        master,
        separator,
        ..
    } = raw.get_ref();
    let password = secret(document, base, raw)?;
    let word = method.as_ref().map_or("login", |m| m.get_ref().as_str());
    let span = method.as_ref().map_or_else(|| raw.span(), Spanned::span);
    let only = |allowed: &[&str]| unused(document, raw.get_ref(), word, allowed);
    match word {
        "login" => {
            only(&["user"])?;
            Ok(Auth::Login {
                user: template(document, user.as_ref(), accounts)?,
                password,
            })
        }
        "plain" => {
            only(&["user", "authzid"])?;
            let user = user.as_ref().ok_or_else(|| {
                document.error(
                    &span,
                    "method plain needs the key `user`: who logs in for all mailboxes",
                )
            })?;
            Ok(Auth::Plain {
                authzid: template(document, authzid.as_ref(), accounts)?,
                user: checked_user(document, user)?,
                password,
            })
        }
        "master-user" => {
            only(&["master", "separator"])?;
            let master = master.as_ref().ok_or_else(|| {
                document.error(
                    &span,
                    "method master-user needs the key `master`: the master user's name",
                )
            })?;
            Ok(Auth::MasterUser {
                master: checked_user(document, master)?,
                separator: separator
                    .as_ref()
                    .map_or_else(|| "*".to_owned(), |s| s.get_ref().clone()),
                password,
            })
        }
        "xoauth2" => Err(document.error(
            &span,
            "method xoauth2 is not available in this version: use login, plain or master-user",
        )),
        other => Err(document.error(
            &span,
            unknown_value(other, &["login", "plain", "master-user"]),
        )),
    }
}

/// Refuses keys that the method does not read: whoever wrote them believes that they do something.
fn unused(
    document: &Document<'_>,
    raw: &RawAuth,
    method: &str,
    allowed: &[&str],
) -> Result<(), ConfigError> {
    let keys = [
        ("user", &raw.user),
        ("authzid", &raw.authzid),
        ("master", &raw.master),
        ("separator", &raw.separator),
    ];
    for (key, value) in keys {
        if let Some(value) = value
            && !allowed.contains(&key)
        {
            return Err(document.error(
                &value.span(),
                format!("method {method} does not use `{key}`: take it out or change the method"),
            ));
        }
    }
    Ok(())
}

/// The template of a login. One login for several accounts would read one mailbox as everybody's.
fn template(
    document: &Document<'_>,
    written: Option<&Spanned<String>>,
    accounts: usize,
) -> Result<String, ConfigError> {
    let Some(written) = written else {
        return Ok(MAILBOX.to_owned());
    };
    let user = checked_user(document, written)?;
    if !user.contains(MAILBOX) && accounts > 1 {
        return Err(document.error(
            &written.span(),
            format!("{accounts} accounts of the roster would read the same mailbox: write {MAILBOX} where their \
                     login belongs"),
        ));
    }
    Ok(user)
}

fn checked_user(document: &Document<'_>, written: &Spanned<String>) -> Result<String, ConfigError> {
    let user = written.get_ref();
    let rest = user.replace(MAILBOX, "");
    let problem = if user.trim().is_empty() {
        "this is empty: write a login".to_owned()
    } else if user.contains(char::is_control) {
        "a login cannot hold line breaks or control characters".to_owned()
    } else if rest.contains(['{', '}']) {
        format!("only {MAILBOX} has a meaning in braces")
    } else {
        return Ok(user.clone());
    };
    Err(document.error(&written.span(), problem))
}

fn secret(
    document: &Document<'_>,
    base: &Path,
    raw: &Spanned<RawAuth>,
) -> Result<Secret, ConfigError> {
    let auth = raw.get_ref();
    match (&auth.password_env, &auth.password_file, &auth.password_command) {
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
        (None, None, None) => Err(document.error(
            &raw.span(),
            "no password: add password_env = \"IMAP_PASSWORD\" (an environment variable), password_file or \
             password_command",
        )),
        _ => Err(document.error(
            &raw.span(),
            "more than one source of the password: keep one of password_env, password_file, password_command",
        )),
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
