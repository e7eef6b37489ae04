//! Sent mailboxes over IMAP, strictly read-only: EXAMINE and `BODY.PEEK`, verified TLS, bounded batches.

mod accepted;
mod bearer;
mod credentials;
pub mod cursor;
mod dialogue;
mod discovery;
mod draft;
mod fetch;
pub mod fetch_answer;
pub mod framing;
pub mod grammar;
mod lean;
mod listing;
mod login;
mod mailboxes;
mod placeholder;
mod refusal;
#[cfg(test)]
mod scripted;
mod secret;
mod sent_names;
mod session;
mod sets;
mod shared;
mod starttls;
mod stream;
pub mod structure;
mod tls;
mod token;
pub mod utf7;

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;

use super::SourceError;
use crate::mailbox::Fingerprint;

pub use accepted::Accepted;
pub use bearer::BearerMechanism;
pub use discovery::SPECIAL_USES;
pub use refusal::asked_to_wait;
pub use secret::{HAS_KEYRING, Secret};
pub use session::Session;
pub use token::{TokenOrigin, TokenUrl, Tokens, check_key_file};

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
    /// The logins that it took in this run.
    pub accepted: Accepted,
}

/// Whether a host is this machine.
#[must_use]
pub fn is_loopback(host: &str) -> bool {
    let host = host.trim_matches(['[', ']']).to_ascii_lowercase();
    host == "localhost"
        || host.ends_with(".localhost")
        || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
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
    /// An access token.
    Bearer {
        /// `AUTHENTICATE XOAUTH2` or `OAUTHBEARER`.
        mechanism: BearerMechanism,
        /// Whose mailbox: template, usually `{mailbox}`.
        user: String,
        /// Where the token comes from.
        tokens: Tokens,
    },
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

/// What a mailbox holds from some UID on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListedFrom {
    /// All messages, in the window or not.
    pub messages: u64,
    /// Those in the window, ascending by UID.
    pub in_window: Vec<Listed>,
}

/// How much of a message is fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// All its octets.
    Whole,
    /// Of a large message only what [`message::parse`](crate::message::parse) reads: header, text, readable
    /// attachments; of all other parts their headers. Judged, it gives what the whole message would.
    Read,
}

/// A message that arrived.
#[derive(Debug, Clone)]
pub struct Fetched {
    /// Which one.
    pub listed: Listed,
    /// Its octets; of a long message perhaps without some that nobody reads.
    pub octets: Vec<u8>,
    /// What it was with all its octets, where all came and some were left out.
    pub whole: Option<Fingerprint>,
    /// Whether these are all its octets, or the parts that are read, put together again.
    pub extent: Extent,
}

/// A message that was listed but did not arrive, and why.
#[derive(Debug)]
pub struct Undelivered {
    /// Which one.
    pub listed: Listed,
    /// `not-delivered`, `server-refused`, `no-content`, `too-large`, `placeholder`: an exception of this message alone.
    pub error: SourceError,
}
