//! A connection to a server as the run sees it; the tests have lines of their own.

use crate::mailbox::Window;
use crate::source::imap::{
    Examined, Extent, Fetched, Listed, ListedFrom, SentMailbox, ServerSettings, Session,
    Undelivered,
};
use crate::source::{Receiver, SourceError};

/// Opens connections, from any thread.
pub(super) trait Opener: Sync {
    fn open(&self, server: &ServerSettings, login: &str) -> Result<Box<dyn Line>, SourceError>;
}

/// An authenticated connection; the contracts are those of [`Session`].
pub(super) trait Line {
    fn fingerprint(&self) -> Option<&str>;
    fn sent_mailboxes(&mut self, patterns: &[String]) -> Result<Vec<SentMailbox>, SourceError>;
    fn examine(&mut self, mailbox: &SentMailbox) -> Result<Examined, SourceError>;
    fn list(&mut self, window: &Window) -> Result<Vec<Listed>, SourceError>;
    fn list_from(&mut self, uid: u32, window: &Window) -> Result<ListedFrom, SourceError>;
    fn fetch(
        &mut self,
        messages: &[Listed],
        extent: Extent,
        sink: &mut dyn FnMut(Result<Fetched, Undelivered>) -> bool,
    ) -> Result<(), SourceError>;
    fn fetch_into(
        &mut self,
        messages: &[Listed],
        receiver: &mut dyn Receiver<u32>,
    ) -> Result<(), SourceError>;
    fn close(self: Box<Self>);
}

/// IMAP.
pub(super) struct Imap;

impl Opener for Imap {
    fn open(&self, server: &ServerSettings, login: &str) -> Result<Box<dyn Line>, SourceError> {
        Ok(Box::new(Session::open(server, login)?))
    }
}

impl Line for Session {
    fn fingerprint(&self) -> Option<&str> {
        self.certificate_fingerprint()
    }

    fn sent_mailboxes(&mut self, patterns: &[String]) -> Result<Vec<SentMailbox>, SourceError> {
        Session::sent_mailboxes(self, patterns)
    }

    fn examine(&mut self, mailbox: &SentMailbox) -> Result<Examined, SourceError> {
        Session::examine(self, mailbox)
    }

    fn list(&mut self, window: &Window) -> Result<Vec<Listed>, SourceError> {
        Session::list(self, window)
    }

    fn list_from(&mut self, uid: u32, window: &Window) -> Result<ListedFrom, SourceError> {
        Session::list_from(self, uid, window)
    }

    fn fetch(
        &mut self,
        messages: &[Listed],
        extent: Extent,
        sink: &mut dyn FnMut(Result<Fetched, Undelivered>) -> bool,
    ) -> Result<(), SourceError> {
        match extent {
            Extent::Whole => Session::fetch(self, messages, sink),
            Extent::Read => Session::fetch_read(self, messages, sink),
        }
    }

    fn fetch_into(
        &mut self,
        messages: &[Listed],
        receiver: &mut dyn Receiver<u32>,
    ) -> Result<(), SourceError> {
        Session::fetch_into(self, messages, receiver)
    }

    fn close(self: Box<Self>) {
        Session::close(*self);
    }
}

/// Fetches messages and hands each on in one piece, for lines of tests.
#[cfg(test)]
pub(super) fn fetch_in_one_piece(
    line: &mut dyn Line,
    messages: &[Listed],
    receiver: &mut dyn Receiver<u32>,
) -> Result<(), SourceError> {
    line.fetch(messages, Extent::Whole, &mut |delivery| {
        let Ok(fetched) = delivery else {
            return true;
        };
        receiver.begin();
        receiver.piece(&fetched.octets).is_continue()
            && receiver.end(&fetched.listed.uid).is_continue()
    })
}
