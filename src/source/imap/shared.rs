//! One connection with two users: the `imap` crate and our own framing, in turns.

use std::io::{self, BufRead, Read, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::framing::{FramingError, Limits, read_response};
use super::grammar::{Kind, Status, kind};

/// What the crate waits for is short; it parses an answer again at every line of it.
const LIMITS: Limits = Limits {
    line: 1 << 20,
    literal: 64 << 10,
    discard: 16 << 20,
};

/// Responses in a row that are kept from the crate.
const MOST_CHATTER: usize = 10_000;

/// A handle to a connection.
///
/// The `imap` crate buffers what it reads, so it is handed one response per read at most: whatever the server sent after it
/// stays here, for whoever reads next. It is handed only what a login or a farewell needs: its parser recurses without a
/// limit, and panics, on data that nobody asked for.
#[derive(Debug)]
pub(super) struct Shared<C> {
    connection: Arc<Mutex<C>>,
    /// The last `* BYE …` that was handed over: the crate drops its text, and with it the reason.
    farewell: Arc<Mutex<Option<Vec<u8>>>>,
    /// What the crate has not taken yet of the response that it is handed.
    handed: Vec<u8>,
    /// Whether the first response, which may be the greeting, was handed over.
    begun: bool,
}

impl<C> Clone for Shared<C> {
    fn clone(&self) -> Self {
        Self {
            connection: Arc::clone(&self.connection),
            farewell: Arc::clone(&self.farewell),
            handed: Vec::new(),
            begun: false,
        }
    }
}

impl<C> Shared<C> {
    pub(super) fn new(connection: C) -> Self {
        Self {
            connection: Arc::new(Mutex::new(connection)),
            farewell: Arc::default(),
            handed: Vec::new(),
            begun: false,
        }
    }

    /// The text of a BYE that the crate was handed.
    pub(super) fn farewell(&self) -> Option<Vec<u8>> {
        self.farewell
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// The connection itself, for reading and writing in large pieces.
    pub(super) fn lock(&self) -> MutexGuard<'_, C> {
        // A panic of the crate while it reads leaves no half-changed state here; the session is given up anyway.
        self.connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl<C: BufRead> Shared<C> {
    /// The next response that is for the crate; nothing at the end of the connection.
    fn next_response(&mut self) -> io::Result<Vec<u8>> {
        for _ in 0..MOST_CHATTER {
            let response = match read_response(&mut *self.lock(), &LIMITS) {
                Ok(response) => response,
                Err(FramingError::Closed) => return Ok(Vec::new()),
                Err(FramingError::Io(error)) => return Err(error),
                Err(error) => return Err(io::Error::new(io::ErrorKind::InvalidData, error)),
            };
            if self.is_awaited(&response.text) {
                let mut line = response.text;
                // Texts for people come in any charset; the crate reads ASCII alone.
                line.iter_mut()
                    .filter(|b| !b.is_ascii())
                    .for_each(|b| *b = b'?');
                line.extend_from_slice(b"\r\n");
                return Ok(line);
            }
        }
        let problem = "the server talks without end";
        Err(io::Error::new(io::ErrorKind::InvalidData, problem))
    }

    fn is_awaited(&mut self, line: &[u8]) -> bool {
        match kind(line) {
            Kind::Untagged {
                status: Status::Bye,
                text,
            } => {
                *self.farewell.lock().unwrap_or_else(PoisonError::into_inner) = Some(text.to_vec());
                true
            }
            Kind::Untagged { .. } => !std::mem::replace(&mut self.begun, true),
            Kind::Tagged { .. } | Kind::Continuation => true,
            Kind::Data(_) | Kind::Noise => false,
        }
    }
}

impl<C: BufRead> Read for Shared<C> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.handed.is_empty() {
            self.handed = self.next_response()?;
        }
        let count = self.handed.len().min(buffer.len());
        for (to, from) in buffer.iter_mut().zip(self.handed.drain(..count)) {
            *to = from;
        }
        Ok(count)
    }
}

impl<C: Write> Write for Shared<C> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.lock().write(buffer)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.lock().flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::imap::scripted::Scripted;

    #[test]
    fn the_crate_hears_only_what_it_waits_for() {
        let deep = "(".repeat(200_000);
        let script = format!(
            "* OK hello\r\n* 1 FETCH (BODYSTRUCTURE {deep}\r\n* NO\r\n* LIST () \"/\" {{5}}\r\na1 OK\r\n\u{ff}\r\n\
             a1 OK w\u{e9}lcome\r\n"
        );
        let mut client = imap::Client::new(Shared::new(Scripted::new(script)));
        client.read_greeting().expect("a greeting");
        assert!(client.login("ana", "x").is_ok());
    }

    #[test]
    fn the_crate_strands_nothing() {
        let script = "* OK hello\r\na1 OK logged in\r\n* 5 EXISTS\r\ns1 OK done\r\n";
        let shared = Shared::new(Scripted::new(script));
        let mut client = imap::Client::new(shared.clone());
        client.read_greeting().expect("a greeting");
        let session = client
            .login("ana", "x")
            .map_err(|(e, _)| e)
            .expect("a login");
        let mut rest = String::new();
        shared.lock().read_to_string(&mut rest).expect("the rest");
        assert_eq!(rest, "* 5 EXISTS\r\ns1 OK done\r\n");
        drop(session);
        assert_eq!(shared.lock().sent(), "a1 LOGIN \"ana\" \"x\"\r\n");
    }
}
