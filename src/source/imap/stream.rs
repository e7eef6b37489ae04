//! The connection itself: TCP with timeouts, verified TLS, STARTTLS without its traps, octets counted.

use std::fmt::Write as _;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::time::Duration;

use native_tls::{Certificate, HandshakeError, Protocol, TlsConnector, TlsStream};
use sha2::{Digest, Sha256};

use super::dialogue::{Dialogue, Pace};
use super::framing::{Limits, read_response};
use super::grammar::{Kind, Status, kind};
use super::refusal;
use super::{ServerSettings, Tls};
use crate::finding::Stage;
use crate::source::SourceError;

/// Holds many small messages, so that they are framed out of memory.
const BUFFER: usize = 256 << 10;

/// A connection whose reads are buffered and counted.
#[derive(Debug)]
pub(super) struct Wire {
    reader: BufReader<Socket>,
}

#[derive(Debug)]
struct Socket {
    layer: Layer,
    received: u64,
}

#[derive(Debug)]
enum Layer {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Layer {
    fn tcp(&self) -> &TcpStream {
        match self {
            Self::Plain(tcp) => tcp,
            Self::Tls(tls) => tls.get_ref(),
        }
    }
}

impl Read for Socket {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = match &mut self.layer {
            Layer::Plain(tcp) => tcp.read(buffer),
            Layer::Tls(tls) => tls.read(buffer),
        }?;
        self.received += count as u64;
        Ok(count)
    }
}

impl Wire {
    fn new(layer: Layer) -> Self {
        Self {
            reader: BufReader::with_capacity(BUFFER, Socket { layer, received: 0 }),
        }
    }

    /// Octets received so far, after decryption.
    pub(super) fn received(&self) -> u64 {
        self.reader.get_ref().received
    }

    /// Shortens or lengthens what every read and write may take.
    pub(super) fn set_timeout(&self, timeout: Duration) -> io::Result<()> {
        set_timeout(self.reader.get_ref().layer.tcp(), timeout)
    }
}

impl Read for Wire {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.reader.read(buffer)
    }
}

impl BufRead for Wire {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.reader.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.reader.consume(amount);
    }
}

impl Write for Wire {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        match &mut self.reader.get_mut().layer {
            Layer::Plain(tcp) => tcp.write(buffer),
            Layer::Tls(tls) => tls.write(buffer),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.reader.get_mut().layer {
            Layer::Plain(tcp) => tcp.flush(),
            Layer::Tls(tls) => tls.flush(),
        }
    }
}

/// A connection that is ready for the login.
#[derive(Debug)]
pub(super) struct Connected {
    pub(super) wire: Wire,
    /// SHA-256 of the certificate, lower-case hexadecimal.
    pub(super) fingerprint: Option<String>,
    /// Whether the greeting was read already (STARTTLS).
    pub(super) greeted: bool,
}

/// Connects as the settings say.
pub(super) fn connect(server: &ServerSettings) -> Result<Connected, SourceError> {
    let connector = match server.tls {
        Tls::None => None,
        Tls::Implicit | Tls::StartTls => Some(connector(server)?),
    };
    let tcp = connect_tcp(server)?;
    match (server.tls, connector) {
        (Tls::StartTls, Some(connector)) => {
            let tcp = start_tls(server, tcp)?;
            secure(server, &connector, tcp, true)
        }
        (_, Some(connector)) => secure(server, &connector, tcp, false),
        (_, None) => Ok(Connected {
            wire: Wire::new(Layer::Plain(tcp)),
            fingerprint: None,
            greeted: false,
        }),
    }
}

fn failed(
    server: &ServerSettings,
    code: &'static str,
    detail: &str,
    what_to_do: impl Into<String>,
) -> SourceError {
    let detail = format!("{}:{}: {detail}", server.host, server.port);
    SourceError::new(Stage::Connect, code, detail, what_to_do)
}

fn connect_tcp(server: &ServerSettings) -> Result<TcpStream, SourceError> {
    let host = server.host.trim_matches(['[', ']']);
    let section = &server.name;
    let addresses: Vec<SocketAddr> = (host, server.port)
        .to_socket_addrs()
        .map_err(|e| {
            let what = format!("check `host` in [servers.{section}] and this machine's DNS");
            failed(server, "dns", &format!("no address found: {e}"), what).worth_retrying()
        })?
        .filter(|a| server.tls != Tls::None || a.ip().to_canonical().is_loopback())
        .collect();
    if addresses.is_empty() && server.tls == Tls::None {
        return Err(failed(
            server,
            "plaintext-refused",
            "no password is sent unprotected over a network",
            format!("set tls = \"implicit\" or \"starttls\" in [servers.{section}]"),
        ));
    }
    let mut failure = io::Error::from(io::ErrorKind::AddrNotAvailable);
    for address in &addresses {
        let connected = TcpStream::connect_timeout(address, server.timeout).and_then(|tcp| {
            set_timeout(&tcp, server.timeout)?;
            tcp.set_nodelay(true)?;
            Ok(tcp)
        });
        match connected {
            Ok(tcp) => return Ok(tcp),
            Err(e) => failure = e,
        }
    }
    Err(unreachable_host(server, &failure))
}

fn set_timeout(tcp: &TcpStream, timeout: Duration) -> io::Result<()> {
    tcp.set_read_timeout(Some(timeout))?;
    tcp.set_write_timeout(Some(timeout))
}

fn unreachable_host(server: &ServerSettings, error: &io::Error) -> SourceError {
    let section = &server.name;
    match error.kind() {
        io::ErrorKind::ConnectionRefused => failed(
            server,
            "refused",
            "nothing listens there",
            format!("check `port` and `tls` in [servers.{section}], and whether the server runs"),
        ),
        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => failed(
            server,
            "timeout",
            "no connection in time",
            format!(
                "check `host` and `port` in [servers.{section}] and the firewalls on the way, or raise `timeout`"
            ),
        ),
        _ => failed(
            server,
            "unreachable",
            &format!("cannot connect: {error}"),
            format!("check `host` in [servers.{section}] and the network"),
        ),
    }
    .worth_retrying()
}

fn connector(server: &ServerSettings) -> Result<TlsConnector, SourceError> {
    let mut builder = TlsConnector::builder();
    builder.min_protocol_version(Some(Protocol::Tlsv12));
    if let Some(file) = &server.ca_file {
        let bad = |why: String| {
            failed(
                server,
                "ca-file",
                &format!("{}: {why}", file.display()),
                format!(
                    "set `ca_file` in [servers.{}] to a PEM file with the CA's certificate",
                    server.name
                ),
            )
        };
        let pem = std::fs::read(file).map_err(|e| bad(e.to_string()))?;
        let certificates = Certificate::stack_from_pem(&pem).map_err(|e| bad(e.to_string()))?;
        if certificates.is_empty() {
            return Err(bad("no certificate in it".to_owned()));
        }
        builder.disable_built_in_roots(true);
        for certificate in certificates {
            builder.add_root_certificate(certificate);
        }
    }
    builder.build().map_err(|e| {
        failed(
            server,
            "tls",
            &e.to_string(),
            "check this machine's TLS library",
        )
    })
}

fn secure(
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
        wire: Wire::new(Layer::Tls(Box::new(tls))),
        fingerprint,
        greeted,
    })
}

fn hexadecimal(octets: &[u8]) -> String {
    octets.iter().fold(String::new(), |mut text, octet| {
        let written = write!(text, "{octet:02x}");
        debug_assert!(written.is_ok(), "a String takes all text");
        text
    })
}

/// Tells refusals of certificates apart by the TLS library's words: `native-tls` gives nothing else.
fn handshake_failure(server: &ServerSettings, said: &str) -> SourceError {
    let section = &server.name;
    let lower = said.to_lowercase();
    let has = |signs: &[&str]| signs.iter().any(|sign| lower.contains(sign));
    if has(&[
        "hostname mismatch",
        "ip address mismatch",
        "host name",
        "name mismatch",
        "cn name",
    ]) {
        failed(
            server,
            "tls-name",
            &format!(
                "the server's certificate is for another name than \"{}\" ({said})",
                server.host
            ),
            format!(
                "set `host` in [servers.{section}] to the name in the certificate, or have the certificate renewed with this name"
            ),
        )
    } else if has(&["expired", "not yet valid"]) {
        failed(
            server,
            "tls-expired",
            &format!("the server's certificate is not valid today ({said})"),
            "have the certificate renewed; check this machine's clock",
        )
    } else if has(&[
        "local issuer",
        "self-signed",
        "self signed",
        "issuer",
        "unknown ca",
        "not trusted",
        "trust",
    ]) {
        failed(
            server,
            "unknown-ca",
            &format!(
                "nobody whom this machine trusts vouches for the server's certificate ({said})"
            ),
            format!(
                "set `ca_file` in [servers.{section}] to the PEM file of the organisation's own CA; if there is none, somebody may be listening in between"
            ),
        )
    } else {
        failed(
            server,
            "tls",
            &format!("no TLS connection ({said})"),
            format!(
                "check `port` and `tls` in [servers.{section}]: 993 is for \"implicit\", 143 for \"starttls\""
            ),
        )
    }
}

/// Speaks the plain beginning of a STARTTLS connection (RFC 9051, 6.2.1).
///
/// Nothing said here can be trusted: it only decides whether TLS begins. PREAUTH would make the client skip TLS, and
/// octets behind the OK would be taken for protected ones.
fn start_tls(server: &ServerSettings, tcp: TcpStream) -> Result<TcpStream, SourceError> {
    let mut wire = Wire::new(Layer::Plain(tcp));
    let greeting = read_response(&mut wire, &Limits::default())
        .map_err(|e| refusal::framing(Stage::Connect, &e))?;
    check_greeting(&greeting.text)?;
    let mut pace = Pace::default();
    let mut dialogue = Dialogue {
        connection: &mut wire,
        pace: &mut pace,
        stage: Stage::Connect,
    };
    let none = |why: &str| {
        let what = format!(
            "set tls = \"implicit\" (port 993) in [servers.{}]; no password was sent",
            server.name
        );
        failed(server, "no-starttls", why, what)
    };
    if !dialogue.capabilities()?.iter().any(|c| c == "STARTTLS") {
        return Err(none("the server does not offer STARTTLS"));
    }
    let outcome = dialogue.run("STARTTLS", &mut |_| ())?;
    if !outcome.ok {
        let said = refusal::quoted(&outcome.text);
        return Err(none(&format!("the server refused STARTTLS: {said}")));
    }
    let early = !wire.reader.buffer().is_empty();
    let Layer::Plain(tcp) = wire.reader.into_inner().layer else {
        return Err(none("the connection is protected already"));
    };
    if early || more_is_waiting(&tcp).map_err(|e| refusal::io(Stage::Connect, &e))? {
        return Err(failed(
            server,
            "starttls-injection",
            "there was text between the OK to STARTTLS and the handshake",
            "somebody may be tampering with the connection: use tls = \"implicit\" and tell the network's administrator",
        ));
    }
    Ok(tcp)
}

fn more_is_waiting(tcp: &TcpStream) -> io::Result<bool> {
    tcp.set_nonblocking(true)?;
    let waiting = match tcp.peek(&mut [0]) {
        Ok(count) => count > 0,
        Err(e) if e.kind() == io::ErrorKind::WouldBlock => false,
        Err(e) => return Err(e),
    };
    tcp.set_nonblocking(false)?;
    Ok(waiting)
}

/// Accepts an `* OK` greeting alone.
pub(super) fn check_greeting(line: &[u8]) -> Result<(), SourceError> {
    let stage = Stage::Connect;
    match kind(line.trim_ascii_end()) {
        Kind::Untagged {
            status: Status::Ok, ..
        } => Ok(()),
        Kind::Untagged {
            status: Status::Bye,
            text,
        } => Err(refusal::bye(stage, text)),
        Kind::Untagged {
            status: Status::Preauth,
            ..
        } => Err(SourceError::new(
            stage,
            "preauth",
            "the server says that somebody is logged in already",
            "use a port on which the server asks for a login: whose mail this would be is unknown",
        )),
        _ => Err(refusal::protocol(
            stage,
            format!("no IMAP greeting: {}", refusal::quoted(line)),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn greetings() {
        let check = |line: &str, code: Option<&str>| {
            let found = check_greeting(line.as_bytes()).err().map(|e| e.code);
            assert_eq!(found, code, "{line}");
        };
        check("* OK [CAPABILITY IMAP4rev1] ready\r\n", None);
        check("* PREAUTH welcome\r\n", Some("preauth"));
        check("* BYE too many connections\r\n", Some("throttled"));
        check("* BYE\r\n", Some("bye"));
        check("220 mail.example ESMTP\r\n", Some("protocol"));
        check("", Some("protocol"));
    }
}
