//! TLS, always verified: by the system's CAs, or by the one that is configured, and nobody else.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::net::TcpStream;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use native_tls::{Certificate, HandshakeError, Protocol, TlsConnector};
use sha2::{Digest, Sha256};

use super::ServerSettings;
use super::stream::{Connected, Wire, failed};
use crate::finding::Stage;
use crate::finding::hexadecimal;
use crate::source::SourceError;

/// Connectors by the PEM text they trust.
///
/// Building one reads all of the system's certificates: 70 ms of computing, for each of a thousand custodians.
static CONNECTORS: Mutex<BTreeMap<Option<Vec<u8>>, TlsConnector>> = Mutex::new(BTreeMap::new());

pub(super) fn connector(server: &ServerSettings) -> Result<TlsConnector, SourceError> {
    let pem = server
        .ca_file
        .as_ref()
        .map(|file| std::fs::read(file).map_err(|e| bad_ca_file(server, &e)))
        .transpose()?;
    let mut connectors = CONNECTORS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(connector) = connectors.get(&pem) {
        return Ok(connector.clone());
    }
    let connector = build_connector(server, pem.as_deref())?;
    connectors.insert(pem, connector.clone());
    Ok(connector)
}

fn build_connector(
    server: &ServerSettings,
    pem: Option<&[u8]>,
) -> Result<TlsConnector, SourceError> {
    let mut builder = TlsConnector::builder();
    builder.min_protocol_version(Some(Protocol::Tlsv12));
    if let Some(pem) = pem {
        let certificates = Certificate::stack_from_pem(pem).map_err(|e| bad_ca_file(server, &e))?;
        if certificates.is_empty() {
            return Err(bad_ca_file(server, &"no certificate in it"));
        }
        builder.disable_built_in_roots(true);
        for certificate in certificates {
            builder.add_root_certificate(certificate);
        }
    }
    builder.build().map_err(|e| {
        let what = "check this machine's TLS library";
        failed(server, "tls", &e.to_string(), what)
    })
}

fn bad_ca_file(server: &ServerSettings, why: &dyn Display) -> SourceError {
    let file = server.ca_file.as_deref().unwrap_or(Path::new(""));
    SourceError::new(
        Stage::Connect,
        "ca-file",
        format!("{}: {why}", file.display()),
        format!(
            "set `ca_file` in [servers.{}] to a PEM file with the CA's certificate",
            server.name
        ),
    )
}

pub(super) fn secure(
    server: &ServerSettings,
    connector: &TlsConnector,
    tcp: TcpStream,
    greeted: bool,
) -> Result<Connected, SourceError> {
    let host = server.host.trim_matches(['[', ']']);
    let tls = connector.connect(host, tcp).map_err(|e| match e {
        HandshakeError::Failure(e) => handshake_failure(server, &e.to_string()),
        HandshakeError::WouldBlock(_) => failed(
            server,
            "timeout",
            "the TLS handshake was not finished in time",
            format!("check `port` and `tls` in [servers.{}]", server.name),
        )
        .worth_retrying(),
    })?;
    let certificate = tls.peer_certificate().ok().flatten();
    let fingerprint = certificate
        .and_then(|certificate| certificate.to_der().ok())
        .map(|der| hexadecimal(&Sha256::digest(der)));
    Ok(Connected {
        wire: Wire::protected(tls),
        fingerprint,
        greeted,
    })
}

/// What is wrong with a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trouble {
    /// It is for another name.
    Name,
    /// Not valid today.
    Expired,
    /// Nobody whom this machine trusts vouches for it.
    UnknownAuthority,
}

/// Tells refusals of certificates apart by the TLS library's words: `native-tls` gives nothing else.
pub(super) fn trouble(said: &str) -> Option<Trouble> {
    const SIGNS: [(Trouble, &[&str]); 3] = [
        (
            Trouble::Name,
            &[
                "hostname mismatch",
                "ip address mismatch",
                "host name",
                "name mismatch",
                "cn name",
            ],
        ),
        (Trouble::Expired, &["expired", "not yet valid"]),
        (
            Trouble::UnknownAuthority,
            &[
                "issuer",
                "signature failure",
                "self-signed",
                "self signed",
                "unknown ca",
                "trust",
            ],
        ),
    ];
    let lower = said.to_lowercase();
    SIGNS
        .iter()
        .find(|(_, signs)| signs.iter().any(|sign| lower.contains(sign)))
        .map(|(trouble, _)| *trouble)
}

fn handshake_failure(server: &ServerSettings, said: &str) -> SourceError {
    let section = &server.name;
    match trouble(said) {
        Some(Trouble::Name) => failed(
            server,
            "tls-name",
            &format!(
                "the server's certificate is for another name than \"{}\" ({said})",
                server.host
            ),
            format!(
                "set `host` in [servers.{section}] to the name in the certificate, or have the certificate renewed with this name"
            ),
        ),
        Some(Trouble::Expired) => failed(
            server,
            "tls-expired",
            &format!("the server's certificate is not valid today ({said})"),
            "have the certificate renewed; check this machine's clock",
        ),
        Some(Trouble::UnknownAuthority) => failed(
            server,
            "unknown-ca",
            &format!(
                "nobody whom this machine trusts vouches for the server's certificate ({said})"
            ),
            format!(
                "set `ca_file` in [servers.{section}] to the PEM file of the organisation's own CA; if there is none, somebody may be listening in between"
            ),
        ),
        None => failed(
            server,
            "tls",
            &format!("no TLS connection ({said})"),
            format!(
                "check `port` and `tls` in [servers.{section}]: 993 is for \"implicit\", 143 for \"starttls\""
            ),
        ),
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::thread;
    use std::time::Duration;

    use native_tls::{Identity, TlsAcceptor};
    use rcgen::{CertificateParams, CertifiedIssuer, KeyPair, date_time_ymd};

    use super::*;
    use crate::source::imap::{Accepted, Auth, Secret, Tls};

    /// The certificate of a server, signed by a CA that exists for this test alone.
    struct Server {
        ca: String,
        identity: Identity,
    }

    fn server(names: &[&str], last_year: i32) -> Server {
        let mut ca = CertificateParams::default();
        // A CA with the leaf's name would make the leaf look self-signed.
        ca.distinguished_name
            .push(rcgen::DnType::CommonName, "A CA of its own");
        ca.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let ca = CertifiedIssuer::self_signed(ca, KeyPair::generate().expect("a key"))
            .expect("a CA certificate");
        let names: Vec<_> = names.iter().map(|&n| n.to_owned()).collect();
        let mut params = CertificateParams::new(names).expect("names");
        params.not_after = date_time_ymd(last_year, 12, 31);
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &ca).expect("a certificate");
        let key = key.serialize_pem();
        Server {
            ca: ca.pem(),
            identity: Identity::from_pkcs8(certificate.pem().as_bytes(), key.as_bytes())
                .expect("an identity"),
        }
    }

    /// Connects to `server` as `host`, trusting `ca`; gives the fingerprint or the error's code.
    fn fingerprint(server: Server, host: &str, ca: &str) -> Result<String, &'static str> {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let answering = thread::spawn(move || {
            let acceptor = TlsAcceptor::new(server.identity).expect("an acceptor");
            let (tcp, _) = listener.accept().expect("a client");
            // The client may refuse: that is what is tested, on its side.
            drop(acceptor.accept(tcp));
        });
        let ca_file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(ca_file.path(), ca).expect("written");
        let settings = ServerSettings {
            name: "default".to_owned(),
            host: host.to_owned(),
            port,
            tls: Tls::Implicit,
            ca_file: Some(ca_file.path().to_owned()),
            timeout: Duration::from_secs(5),
            auth: Auth::Login {
                user: String::new(),
                password: Secret::Env(String::new()),
            },
            connections: 1,
            accepted: Accepted::default(),
        };
        let tcp = TcpStream::connect(("127.0.0.1", port)).expect("a connection");
        let result = connector(&settings).and_then(|c| secure(&settings, &c, tcp, false));
        let result = result.map(|c| c.fingerprint.expect("TLS has a certificate"));
        answering.join().expect("a server");
        result.map_err(|e| e.code)
    }

    #[test]
    fn a_certificate_in_order() {
        let good = server(&["localhost", "127.0.0.1"], 2999);
        let ca = good.ca.clone();
        let print = fingerprint(good, "127.0.0.1", &ca).expect("a trusted server");
        assert_eq!(print.len(), 64);
        assert!(
            print
                .bytes()
                .all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
        );
    }

    #[test]
    fn certificates_that_are_refused() {
        #[track_caller]
        fn check(name: &str, last_year: i32, host: &str, code: &str) {
            let server = server(&[name], last_year);
            let ca = server.ca.clone();
            assert_eq!(fingerprint(server, host, &ca), Err(code));
        }
        check("mail.example", 2999, "localhost", "tls-name");
        check("localhost", 2999, "127.0.0.1", "tls-name");
        check("localhost", 2020, "localhost", "tls-expired");

        // A CA of the same name with another key, and no CA of ours at all.
        let other = server(&["localhost"], 2999).ca;
        let server = server(&["localhost"], 2999);
        assert_eq!(fingerprint(server, "localhost", &other), Err("unknown-ca"));
    }

    #[test]
    fn useless_ca_files() {
        let empty = server(&["localhost"], 2999);
        assert_eq!(fingerprint(empty, "localhost", "no PEM\n"), Err("ca-file"));
    }
}
