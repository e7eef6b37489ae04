//! The demonstration: the main job over IMAPS on loopback, on sample mailboxes, with the real configuration loader, the real
//! run and the real report.

mod certificates;
mod mail;
mod server;
mod told;

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

use crate::audit::{self, AuditError, Conduct, Outcome, ReportChoice, RunOptions};
use crate::config::{ConfigError, Settings};
use crate::finding::hexadecimal;
use mail::LEAVERS;
use server::Server;

/// The only host that the demonstration speaks to.
const HOST: &str = "127.0.0.1";

/// What was asked of the demonstration.
#[derive(Debug, Clone, Default)]
pub struct DemoOptions {
    /// The report directory; `None` for `reports/demo-<time>` (UTC) below the working directory.
    pub out: Option<PathBuf>,
    /// How the work is conducted.
    pub conduct: Conduct,
}

/// Why the demonstration could not be shown.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// The temporary directory, the certificates or the server.
    #[error("cannot prepare the demonstration")]
    Prepare(#[source] io::Error),
    /// Its own configuration was refused.
    #[error("the demonstration's configuration is refused")]
    Config(#[from] ConfigError),
    /// The run failed.
    #[error(transparent)]
    Audit(#[from] AuditError),
    /// The report could not be read back, or the terminal could not be written.
    #[error("cannot show the report in {}", directory.display())]
    Tell {
        /// The report, which is whole.
        directory: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Serves the sample mailboxes, audits them, writes the report and tells what it says on `terminal`.
///
/// # Errors
/// [`DemoError`]; the server and its directory are gone in any case.
pub fn run(options: &DemoOptions, terminal: &mut dyn Write) -> Result<Outcome, DemoError> {
    let directory = tempfile::Builder::new()
        .prefix("sent-audit-demo-")
        .tempdir()
        .map_err(DemoError::Prepare)?;
    let (_server, configuration) = set_up(directory.path()).map_err(DemoError::Prepare)?;
    let settings = Settings::load(&configuration)?;
    let out = options.out.clone().unwrap_or_else(default_directory);
    let run = RunOptions {
        conduct: options.conduct.clone(),
        ..RunOptions::default()
    };
    let report = ReportChoice {
        out: Some(out.clone()),
        ..ReportChoice::default()
    };
    let outcome = audit::run(&settings, &run, &report)?;
    told::tell(&outcome, &out, terminal).map_err(|source| DemoError::Tell {
        directory: out,
        source,
    })?;
    Ok(outcome)
}

/// `reports/demo-20240628T101500Z`: it sorts by time, as those of other runs do.
fn default_directory() -> PathBuf {
    let now = Timestamp::now().to_zoned_datetime(TimeZone::UTC);
    Path::new("reports").join(format!("demo-{}", now.strftime("%Y%m%dT%H%M%SZ")))
}

/// Starts the server and writes what a compliance desk would: configuration, roster, client list, password file, CA.
fn set_up(directory: &Path) -> io::Result<(Server, PathBuf)> {
    let certificates = certificates::issue(
        HOST,
        Timestamp::now().to_zoned_datetime(TimeZone::UTC).date(),
    )?;
    let password = password()?;
    let accounts = LEAVERS
        .iter()
        .map(|leaver| leaver.account(password.expose_secret()))
        .collect::<io::Result<_>>()?;
    let server = Server::start(accounts, certificates.identity)?;
    fs::write(directory.join("ca.pem"), certificates.authority_pem)?;
    fs::write(directory.join("password"), password.expose_secret())?;
    fs::write(directory.join("leavers.csv"), roster())?;
    fs::write(directory.join("clients.csv"), CLIENTS)?;
    let configuration = directory.join("audit.toml");
    fs::write(&configuration, configuration_text(server.port()))?;
    Ok((server, configuration))
}

/// A new one each time, so that nobody else on this machine reads the samples' server; a fresh key is as random as it gets.
fn password() -> io::Result<SecretString> {
    let key = rcgen::KeyPair::generate().map_err(io::Error::other)?;
    Ok(hexadecimal(&Sha256::digest(key.serialize_der())).into())
}

fn roster() -> String {
    let mut rows = String::from("custodian,mailbox,last_day,name,successor\r\n");
    for leaver in LEAVERS {
        let cells = [
            leaver.address,
            leaver.address,
            leaver.last_day,
            leaver.name,
            leaver.successor,
        ];
        rows.push_str(&cells.join(","));
        rows.push_str("\r\n");
    }
    rows
}

const CLIENTS: &str = "\
address_or_domain,name,status\r
panaderiavidal.example,Panadería Vidal,client\r
talleresorbe.example,Talleres Orbe,client\r
clinicasantamaria.example,Clínica Santa María,client\r
transportesduero.example,Transportes Duero,client\r
viverososuna.example,Viveros Osuna,client\r
hotelmirador.example,Hotel Mirador,client\r
andres@carrilloarquitectos.example,Carrillo Arquitectos,prospect\r
bodegasmanrique.example,Bodegas Manrique,client\r
fenwickprinters.example,Fenwick Printers,client\r
harbourcycles.example,Harbour Cycles,client\r
ashdowndental.example,Ashdown Dental,client\r
quaysideevents.example,Quayside Events,client\r
saltmarshboats.example,Saltmarsh Boats,client\r
whitlockjoinery.example,Whitlock Joinery,prospect\r
werftpetersen.example,Werft Petersen,client\r
gaertnereiblohm.example,Gärtnerei Blohm,client\r
buchbindereilindner.example,Buchbinderei Lindner,client\r
kuehlhauscarstens.example,Kühlhaus Carstens,client\r
moebelhausreimer.example,Möbelhaus Reimer,client\r
nordfracht.example,Nordfracht,former\r
tischlereibrandt.example,Tischlerei Brandt,client\r
";

fn configuration_text(port: u16) -> String {
    format!(
        r#"[organisation]
domains = ["brezo.example"]
phones  = ["+34 91 555 01xx", "+44 20 7946 01xx", "+49 40 66969 1xx"]
region  = "ES"
clients = "clients.csv"

[roster]
file = "leavers.csv"

[servers.default]
host    = "{HOST}"
port    = {port}
tls     = "implicit"
ca_file = "ca.pem"
auth    = {{ method = "login", user = "{{mailbox}}", password_file = "password" }}
"#
    )
}

#[cfg(test)]
mod tests;
