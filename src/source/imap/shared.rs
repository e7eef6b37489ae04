//! One connection with two users: the `imap` crate and our own framing, in turns.

use std::io::{self, BufRead, Read, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::grammar::{Kind, Status, kind};

/// A handle to a connection.
///
/// The `imap` crate buffers what it reads, so it is handed one line per read at most: whatever the server sent after that
/// line stays here, for whoever reads next.
#[derive(Debug)]
pub(super) struct Shared<C> {
    connection: Arc<Mutex<C>>,
    /// The last `* BYE …` that was handed over: the crate drops its text, and with it the reason.
    farewell: Arc<Mutex<Option<Vec<u8>>>>,
}

impl<C> Clone for Shared<C> {
    fn clone(&self) -> Self {
        Self {
            connection: Arc::clone(&self.connection),
            farewell: Arc::clone(&self.farewell),
        }
    }
}

impl<C> Shared<C> {
    pub(super) fn new(connection: C) -> Self {
        Self {
            connection: Arc::new(Mutex::new(connection)),
            farewell: Arc::default(),
        }
    }

    /// The text of a BYE that the crate was handed.
    pub(super) fn farewell(&self) -> Option<Vec<u8>> {
        self.farewell
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn note_farewell(&self, line: &[u8]) {
        if let Kind::Untagged {
            status: Status::Bye,
            text,
        } = kind(line)
        {
            *self.farewell.lock().unwrap_or_else(PoisonError::into_inner) = Some(text.to_vec());
        }
    }

    /// The connection itself, for reading and writing in large pieces.
    pub(super) fn lock(&self) -> MutexGuard<'_, C> {
        // A panic of the crate while it reads leaves no half-changed state here; the session is given up anyway.
        self.connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl<C: BufRead> Read for Shared<C> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut connection = self.lock();
        let available = connection.fill_buf()?;
        let line = match memchr::memchr(b'\n', available) {
            Some(at) => available.get(..=at).unwrap_or(available),
            None => available,
        };
        let count = line.len().min(buffer.len());
        for (to, from) in buffer.iter_mut().zip(line) {
            *to = *from;
        }
        self.note_farewell(line);
        connection.consume(count);
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
