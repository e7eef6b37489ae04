//! The connection itself: TCP with timeouts, verified TLS, STARTTLS without its traps, octets counted.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::time::Duration;

use native_tls::TlsStream;

use super::starttls::start_tls;
use super::tls::{connector, secure};
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
    /// A connection without protection.
    pub(super) fn plain(tcp: TcpStream) -> Self {
        Self::new(Layer::Plain(tcp))
    }

    /// A protected connection.
    pub(super) fn protected(tls: TlsStream<TcpStream>) -> Self {
        Self::new(Layer::Tls(Box::new(tls)))
    }

    /// The bare socket, to begin TLS on; `None` if octets have arrived that nobody read.
    pub(super) fn into_untouched(self) -> Option<TcpStream> {
        let untouched = self.reader.buffer().is_empty();
        match self.reader.into_inner().layer {
            Layer::Plain(tcp) if untouched => Some(tcp),
            Layer::Plain(_) | Layer::Tls(_) => None,
        }
    }

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
            wire: Wire::plain(tcp),
            fingerprint: None,
            greeted: false,
        }),
    }
}

/// An error of the `connect` stage.
pub(super) fn failed(
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
