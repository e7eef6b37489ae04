//! A small read-only IMAP server (RFC 3501) over TLS on loopback, for the demonstration: it serves the sample mailboxes and
//! has no command that could change them.

mod answers;
mod fetch;

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use imap_codec::encode::Encoder;
use imap_codec::fragmentizer::{FragmentInfo, Fragmentizer, LiteralAnnouncement};
use imap_codec::imap_types::core::LiteralMode;
use imap_codec::imap_types::datetime::DateTime;
use imap_codec::imap_types::response::{CommandContinuationRequest, Response};
use imap_codec::{AuthenticateDataCodec, CommandCodec, GreetingCodec, ResponseCodec};
use native_tls::{Identity, TlsAcceptor};

use answers::Conversation;

/// Octets of one command, literals included; the audit's longest is a list of UIDs.
const LONGEST_COMMAND: u32 = 64 * 1024;

/// A client that says nothing for so long is dropped, so that no thread outlives the demonstration by much.
const PATIENCE: Duration = Duration::from_secs(60);

/// One login with its mailboxes.
pub(super) struct Account {
    /// User name.
    pub(super) login: String,
    /// Password.
    pub(super) password: String,
    /// In the order in which LIST names them.
    pub(super) mailboxes: Vec<Mailbox>,
}

/// One mailbox.
pub(super) struct Mailbox {
    /// ASCII, without hierarchy.
    pub(super) name: &'static str,
    /// Special-use attribute without its backslash (RFC 6154).
    pub(super) special_use: Option<&'static str>,
    /// RFC 3501, 2.3.1.1.
    pub(super) uidvalidity: NonZeroU32,
    /// Ascending by UID.
    pub(super) messages: Vec<Served>,
}

/// One message as the server holds it.
pub(super) struct Served {
    /// RFC 3501, 2.3.1.1.
    pub(super) uid: NonZeroU32,
    /// INTERNALDATE.
    pub(super) arrived: DateTime,
    /// Whole, line ends as CRLF.
    pub(super) octets: Vec<u8>,
}

/// A running server; stops listening when it is dropped.
pub(super) struct Server {
    address: SocketAddr,
    stop: Arc<AtomicBool>,
    listening: Option<JoinHandle<()>>,
}

impl Server {
    /// Listens on 127.0.0.1, at a port that the system chooses, with TLS from the first byte (RFC 8314).
    ///
    /// # Errors
    /// The identity cannot be used, or the system has no port to give.
    pub(super) fn start(accounts: Vec<Account>, identity: Identity) -> io::Result<Self> {
        let acceptor = TlsAcceptor::new(identity).map_err(io::Error::other)?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let stop = Arc::new(AtomicBool::new(false));
        let listening = thread::Builder::new()
            .name("demo-server".to_owned())
            .spawn({
                let stop = Arc::clone(&stop);
                move || listen(&listener, &acceptor, &Arc::new(accounts), &stop)
            })?;
        Ok(Self {
            address,
            stop,
            listening: Some(listening),
        })
    }

    /// Where it listens.
    pub(super) fn port(&self) -> u16 {
        self.address.port()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        // The listening thread waits in accept(); a connection of our own lets it see that it shall stop.
        let woken = TcpStream::connect(self.address).is_ok();
        if let Some(listening) = self.listening.take().filter(|_| woken) {
            // It holds nothing that needs saving, so that a panic there does not matter any more.
            let _ = listening.join();
        }
    }
}

fn listen(
    listener: &TcpListener,
    acceptor: &TlsAcceptor,
    accounts: &Arc<Vec<Account>>,
    stop: &AtomicBool,
) {
    for stream in listener.incoming() {
        if stop.load(Ordering::Relaxed) {
            return;
        }
        let Ok(stream) = stream else { continue };
        let (acceptor, accounts) = (acceptor.clone(), Arc::clone(accounts));
        let spawned = thread::Builder::new()
            .name("demo-connection".to_owned())
            .spawn(move || {
                if let Err(error) = serve(stream, &acceptor, &accounts) {
                    tracing::debug!(%error, "a connection to the demonstration's server ended");
                }
            });
        if let Err(error) = spawned {
            tracing::warn!(%error, "the demonstration's server has no thread for a connection");
        }
    }
}

fn serve(stream: TcpStream, acceptor: &TlsAcceptor, accounts: &[Account]) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.set_nodelay(true)?;
    let stream = acceptor.accept(stream).map_err(io::Error::other)?;
    converse(stream, accounts)
}

/// Speaks with one client until it logs out or goes away. Commands may be pipelined: they are answered in their order.
fn converse(mut stream: impl Read + Write, accounts: &[Account]) -> io::Result<()> {
    let mut conversation = Conversation::new(accounts);
    stream.write_all(
        &GreetingCodec::default()
            .encode(&Conversation::greeting())
            .dump(),
    )?;
    let mut received = Fragmentizer::new(LONGEST_COMMAND);
    let mut buffer = vec![0; 8 * 1024];
    loop {
        let Some(fragment) = received.progress() else {
            let length = match stream.read(&mut buffer) {
                Ok(0) => return Ok(()),
                Ok(length) => length,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            received.enqueue_bytes(buffer.get(..length).unwrap_or_default());
            continue;
        };
        if !received.is_message_complete() {
            if waits_for_permission(fragment) {
                let go_on = CommandContinuationRequest::base64(b"".as_slice());
                send(&mut stream, &Response::CommandContinuationRequest(go_on))?;
            }
            continue;
        }
        let answers = if conversation.awaits_credentials() {
            match received.decode_message(&AuthenticateDataCodec::default()) {
                Ok(data) => conversation.credentials(&data),
                Err(_) => conversation.misunderstood(None),
            }
        } else {
            match received.decode_message(&CommandCodec::default()) {
                Ok(command) => conversation.answer(command),
                Err(_) => conversation.misunderstood(received.decode_tag()),
            }
        };
        for answer in &answers {
            send(&mut stream, answer)?;
        }
        stream.flush()?;
        if conversation.is_over() {
            return Ok(());
        }
    }
}

/// Whether the client announced a literal and waits until it may send it (RFC 3501, 4.3).
fn waits_for_permission(fragment: FragmentInfo) -> bool {
    matches!(
        fragment,
        FragmentInfo::Line {
            announcement: Some(LiteralAnnouncement {
                mode: LiteralMode::Sync,
                ..
            }),
            ..
        }
    )
}

fn send(stream: &mut impl Write, response: &Response<'_>) -> io::Result<()> {
    stream.write_all(&ResponseCodec::default().encode(response).dump())
}

#[cfg(test)]
mod tests;
