//! `[servers.NAME]`: where the mail is, how the connection is protected, how to log in.

mod auth;
mod secret;

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use toml::Spanned;

use self::auth::Context;
use super::ConfigError;
use super::dates::parse_timeout;
use super::file::{Document, RawServer, RawTls};
use crate::source::imap::{Accepted, ServerSettings, Tls, is_loopback};

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
        auth: Context {
            document,
            base,
            accounts,
            timeout,
        }
        .auth(&raw.auth)?,
        connections: usize::from(connections),
        accepted: Accepted::default(),
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
