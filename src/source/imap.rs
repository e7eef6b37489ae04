//! Sent mailboxes over IMAP, strictly read-only: EXAMINE and `BODY.PEEK`, verified TLS, bounded batches.

use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use secrecy::SecretString;

use super::SourceError;
use crate::mailbox::Window;

/// How to reach a server.
#[derive(Debug, Clone)]
pub struct ServerSettings {
    /// Name of its section in the configuration.
    pub name: String,
    /// Host name, as verified in the certificate.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// How the connection is protected.
    pub tls: Tls,
    /// PEM file with the CA to trust instead of the system's.
    pub ca_file: Option<PathBuf>,
    /// For connecting, and for every read and write.
    pub timeout: Duration,
    /// How to log in.
    pub auth: Auth,
    /// Connections at most.
    pub connections: usize,
}

/// How the connection is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tls {
    /// TLS from the first byte (RFC 8314).
    Implicit,
    /// STARTTLS (RFC 9051, 6.2.1); refused if the server does not offer it.
    StartTls,
    /// No protection: loopback only.
    None,
}

/// How to log in. `{mailbox}` in `user` stands for the account's login.
#[derive(Debug, Clone)]
pub enum Auth {
    /// `LOGIN`.
    Login {
        /// User name template.
        user: String,
        /// Where the password comes from.
        password: Secret,
    },
    /// `AUTHENTICATE PLAIN` with an authorisation identity (RFC 4616).
    Plain {
        /// Whose mailbox: template, usually `{mailbox}`.
        authzid: String,
        /// Who logs in.
        user: String,
        /// Where the password comes from.
        password: Secret,
    },
    /// Dovecot's master user: logs in as `{mailbox}*master`.
    MasterUser {
        /// The master user's name.
        master: String,
        /// Dovecot's `auth_master_user_separator`.
        separator: String,
        /// Where the password comes from.
        password: Secret,
    },
}

/// Where a secret comes from; its value is read when it is needed and never printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Secret {
    /// An environment variable.
    Env(String),
    /// A file's first line.
    File(PathBuf),
    /// First line of a command's standard output; never a shell.
    Command(Vec<String>),
}

impl Secret {
    /// Reads it.
    ///
    /// # Errors
    /// Names the variable, file or program, never the value.
    pub fn read(&self) -> Result<SecretString, SourceError> {
        todo!()
    }
}

/// A mailbox that holds sent mail, and why we think so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentMailbox {
    /// UTF-8 name.
    pub name: String,
    /// As the server spells it (modified UTF-7, RFC 3501 5.1.3).
    pub wire_name: String,
    /// `\Sent attribute`, `known name`, `configured name`, …
    pub chosen_by: String,
}

/// What EXAMINE said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Examined {
    /// RFC 9051, 2.3.1.1.
    pub uidvalidity: u32,
    /// Messages in the mailbox.
    pub exists: u32,
    /// The next UID, if told.
    pub uidnext: Option<u32>,
    /// RFC 7162, if offered.
    pub highest_modseq: Option<u64>,
    /// Whether the server confirmed `[READ-ONLY]`.
    pub read_only: bool,
}

/// One message in the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listed {
    /// Its UID.
    pub uid: u32,
    /// RFC822.SIZE as the server says: a hint.
    pub size: u32,
    /// INTERNALDATE.
    pub internal_date: Option<Timestamp>,
}

/// A message that arrived whole.
#[derive(Debug, Clone)]
pub struct Fetched {
    /// Which one.
    pub listed: Listed,
    /// Its octets.
    pub octets: Vec<u8>,
}

/// An authenticated connection.
pub struct Session {}

impl Session {
    /// Connects, verifies, logs in. No plaintext login away from loopback.
    ///
    /// # Errors
    /// `connect` or `login` stage, every refusal told apart, with what to do.
    pub fn open(_server: &ServerSettings, _login: &str) -> Result<Self, SourceError> {
        todo!()
    }

    /// SHA-256 of the server's certificate (DER), lower-case hexadecimal; `None` without TLS.
    #[must_use]
    pub fn certificate_fingerprint(&self) -> Option<&str> {
        todo!()
    }

    /// The mailboxes that `patterns` (contract §3, `audit.mailboxes`) choose, sorted by name, each once.
    ///
    /// # Errors
    /// `list` stage; `no-sent-mailbox` if there is none, naming the mailboxes there are.
    pub fn sent_mailboxes(
        &mut self,
        _patterns: &[String],
    ) -> Result<Vec<SentMailbox>, SourceError> {
        todo!()
    }

    /// Opens a mailbox read-only; an answer without `[READ-ONLY]` is told in [`Examined::read_only`].
    ///
    /// # Errors
    /// `list` stage.
    pub fn examine(&mut self, _mailbox: &SentMailbox) -> Result<Examined, SourceError> {
        todo!()
    }

    /// Lists the open mailbox's messages in the window, ascending by UID.
    ///
    /// # Errors
    /// `list` stage.
    pub fn list(&mut self, _window: &Window) -> Result<Vec<Listed>, SourceError> {
        todo!()
    }

    /// Fetches whole messages (`BODY.PEEK[]`), giving each to `sink` as it arrives, in the server's order. Batches are cut by bytes
    /// inside. A message that the server does not deliver (expunged meanwhile, a `NO`) is not given; the caller
    /// compares. If `sink` returns `false`, stops after the batch that is under way.
    ///
    /// # Errors
    /// `fetch` stage; what was given to `sink` before stays valid; the session must then be dropped.
    pub fn fetch(
        &mut self,
        _messages: &[Listed],
        _sink: &mut dyn FnMut(Fetched) -> bool,
    ) -> Result<(), SourceError> {
        todo!()
    }

    /// Logs out; errors do not matter any more.
    pub fn close(self) {
        todo!()
    }
}
