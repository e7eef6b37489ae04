//! A server for tests that has said everything beforehand.

use std::io::{self, BufRead, Cursor, Read, Write};

/// Answers in a fixed order, whatever it is told, and remembers that.
#[derive(Debug)]
pub(super) struct Scripted {
    answers: Cursor<Vec<u8>>,
    sent: Vec<u8>,
    /// How much of it was sent before anything was read.
    ahead: Option<usize>,
    /// Writes that are still taken.
    patience: usize,
    /// Octets that come at a time.
    piece: usize,
}

impl Scripted {
    pub(super) fn new(answers: impl Into<Vec<u8>>) -> Self {
        Self {
            answers: Cursor::new(answers.into()),
            sent: Vec::new(),
            ahead: None,
            patience: usize::MAX,
            piece: usize::MAX,
        }
    }

    /// Gives so many octets at a time.
    pub(super) fn in_pieces(self, piece: usize) -> Self {
        Self { piece, ..self }
    }

    /// Takes so many writes and no more, like a server that has hung up.
    pub(super) fn deaf_after(self, writes: usize) -> Self {
        Self {
            patience: writes,
            ..self
        }
    }

    pub(super) fn sent(&self) -> String {
        String::from_utf8_lossy(&self.sent).into_owned()
    }

    /// What was sent before the first answer was read.
    pub(super) fn sent_ahead(&self) -> String {
        let ahead = self.ahead.and_then(|end| self.sent.get(..end));
        String::from_utf8_lossy(ahead.unwrap_or(&self.sent)).into_owned()
    }
}

impl Read for Scripted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.ahead.get_or_insert(self.sent.len());
        self.answers.read(buffer)
    }
}

impl BufRead for Scripted {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.ahead.get_or_insert(self.sent.len());
        let there = self.answers.fill_buf()?;
        Ok(there.get(..self.piece).unwrap_or(there))
    }

    fn consume(&mut self, amount: usize) {
        self.answers.consume(amount);
    }
}

impl Write for Scripted {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.patience = self
            .patience
            .checked_sub(1)
            .ok_or(io::ErrorKind::BrokenPipe)?;
        self.sent.write(buffer)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
