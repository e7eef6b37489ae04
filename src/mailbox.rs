//! Names of things: the organisation, its custodians, their accounts and mailboxes, and where a message lies.

mod fingerprint;

use std::fmt;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

pub use fingerprint::{Content, Fingerprint, Fingerprinter, LONG};

/// The organisation whose mail is audited.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Organisation {
    /// Its own mail domains, lower case, without a leading `@`; subdomains are included by [`Organisation::owns`].
    pub domains: Vec<String>,
    /// Its own number ranges as written (`+34 91 555 01xx`): `x` stands for any digit.
    pub phones: Vec<String>,
    /// Region for numbers written without a country code (ISO 3166-1 alpha-2, upper case).
    pub region: Option<String>,
}

impl Organisation {
    /// Whether `domain` (any case) is one of the organisation's domains or a subdomain of one.
    #[must_use]
    pub fn owns(&self, domain: &str) -> bool {
        self.domains
            .iter()
            .any(|own| is_domain_or_subdomain(domain, own))
    }
}

/// Whether `domain` is `parent` or lies below it (`mail.acme.example` below `acme.example`), ignoring ASCII case.
#[must_use]
pub fn is_domain_or_subdomain(domain: &str, parent: &str) -> bool {
    let domain = domain.trim_end_matches('.');
    let Some(start) = domain.len().checked_sub(parent.len()) else {
        return false;
    };
    let Some((head, tail)) = domain.split_at_checked(start) else {
        return false;
    };
    tail.eq_ignore_ascii_case(parent) && (head.is_empty() || head.ends_with('.'))
}

/// The departed (or departing) employee whose mail is audited: one line of the roster, or the `From` of a scanned file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Custodian {
    /// What the roster's `custodian` column says, as written: usually the main address.
    pub id: String,
    /// Full name, if the roster gives one.
    pub name: Option<String>,
    /// Last day of employment; `None` audits everything.
    pub last_day: Option<Date>,
    /// The day on which notice was given.
    pub notice_day: Option<Date>,
    /// The manager's address or name.
    pub manager: Option<String>,
    /// The successor's address or name, as the organisation decided it.
    pub successor: Option<String>,
    /// Free text from HR (`employee`, `contractor`, …).
    pub employment: Option<String>,
    /// Other addresses and names of the custodian inside the organisation.
    pub aliases: Vec<String>,
    /// Private addresses, numbers and profiles of the custodian that the organisation knows: they decide ownership.
    pub known_contacts: Vec<String>,
}

/// One login whose mail is read; a custodian may have several.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Account {
    /// [`Custodian::id`] of the owner.
    pub custodian: String,
    /// The login, from the roster's `mailbox` column.
    pub login: String,
    /// Name of the server section in the configuration (`default`).
    pub server: String,
}

/// One mailbox of one account (RFC 9051's word for a folder), or one place on disk.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct MailboxId {
    /// [`Custodian::id`] of the owner; empty for scanned files whose custodian is each message's `From`.
    pub custodian: String,
    /// The login; empty for files.
    pub account: String,
    /// The mailbox name in UTF-8, or a path.
    pub mailbox: String,
}

/// Where a message lies inside its mailbox.
///
/// A UID means something only together with its UIDVALIDITY: after a server hands out a new one, every UID that we
/// remember may name another message (RFC 9051, 2.3.1.1).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Locator {
    /// A message on an IMAP server.
    Uid {
        /// The mailbox's UIDVALIDITY.
        uidvalidity: u32,
        /// The message's UID.
        uid: u32,
    },
    /// A file of its own (`.eml`, Maildir), named relative to the mailbox's path.
    File(String),
    /// The n-th message of an mbox, counted from 1.
    Ordinal(u64),
}

impl Locator {
    /// The `uidvalidity` column: empty for files.
    #[must_use]
    pub fn uidvalidity(&self) -> Option<u32> {
        match self {
            Self::Uid { uidvalidity, .. } => Some(*uidvalidity),
            Self::File(_) | Self::Ordinal(_) => None,
        }
    }
}

/// The `uid` column: the UID, the file's name, or the ordinal.
impl fmt::Display for Locator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Uid { uid, .. } => write!(f, "{uid}"),
            Self::File(name) => f.write_str(name),
            Self::Ordinal(n) => write!(f, "{n}"),
        }
    }
}

/// A message as it was received, before anything was read out of it.
#[derive(Debug, Clone)]
pub struct RawMessage {
    /// Where it lies.
    pub locator: Locator,
    /// The octets as received; of a long message perhaps without some that nobody reads.
    pub octets: Vec<u8>,
    /// What it was with all its octets, where some were left out.
    pub whole: Option<Fingerprint>,
    /// When the server (or the Maildir, mbox) received it.
    pub internal_date: Option<Timestamp>,
}

impl RawMessage {
    /// Octets as received.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.whole.map_or(self.octets.len() as u64, |w| w.size)
    }

    /// SHA-256 of the octets as received.
    #[must_use]
    pub fn sha256(&self) -> [u8; 32] {
        let here = || Sha256::digest(&self.octets).into();
        self.whole.map_or_else(here, |whole| whole.sha256)
    }

    /// Its content, as far as line ends do not matter.
    #[must_use]
    pub fn content(&self) -> Content<'_> {
        let here = || Content::of(&self.octets);
        self.whole
            .map_or_else(here, |whole| Content::Long(whole.content))
    }
}

/// Days that are audited, inclusive; `None` on a side means no limit there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Window {
    /// First day.
    pub since: Option<Date>,
    /// Last day.
    pub until: Option<Date>,
}

impl Window {
    /// Whether nothing is left out.
    #[must_use]
    pub fn is_unlimited(&self) -> bool {
        self.since.is_none() && self.until.is_none()
    }

    /// Whether `instant` lies in the window, widened by one day on each side for time zones.
    #[must_use]
    pub fn contains(&self, instant: Timestamp) -> bool {
        let day = instant.to_zoned_datetime(jiff::tz::TimeZone::UTC).date();
        let since = self.since.map(|d| d.yesterday().unwrap_or(d));
        let until = self.until.map(|d| d.tomorrow().unwrap_or(d));
        since.is_none_or(|s| s <= day) && until.is_none_or(|u| day <= u)
    }

    /// A message is in the window if its `Date` or its INTERNALDATE is, or if its `Date` is missing or unreadable.
    #[must_use]
    pub fn admits(&self, date: Option<Timestamp>, internal_date: Option<Timestamp>) -> bool {
        date.is_none_or(|d| self.contains(d)) || internal_date.is_some_and(|d| self.contains(d))
    }
}
