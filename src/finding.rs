//! Conclusions: what was found in a message, with its evidence, and what could not be judged.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::mailbox::{Content, Locator, MailboxId};

macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$vmeta:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum $name { $($(#[$vmeta])* #[serde(rename = $word)] $variant),+ }

        impl $name {
            /// Every value, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word that reports and queries use.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = UnknownWord;

            fn from_str(word: &str) -> Result<Self, UnknownWord> {
                Self::ALL.iter().copied().find(|v| v.as_str() == word)
                    .ok_or_else(|| UnknownWord(word.to_owned()))
            }
        }
    };
}

/// A word that the reports do not know.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown word `{0}`")]
pub struct UnknownWord(pub String);

words! {
    /// How grave a finding is, mildest first; the first four are the ladder of a client notice.
    Verdict {
        /// Names a successor, gives no personal contact data.
        Handover = "handover",
        /// Gives neither personal contact data nor a successor.
        OpenNotice = "open-notice",
        /// Gives personal contact data.
        PersonalContact = "personal-contact",
        /// Invites the recipients to follow, to keep or to start doing business with the custodian.
        Solicitation = "solicitation",
        /// Personal contact data for a client, without a notice.
        ContactData = "contact-data",
        /// A list of clients leaves the organisation.
        ClientList = "client-list",
        /// An investigator's own query or phrase matched.
        Match = "match",
    }
}

impl Verdict {
    /// What a message of this verdict does, in a few words.
    #[must_use]
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Solicitation => "invites to follow, or to do business with, whoever left",
            Self::PersonalContact => "gives personal contact data",
            Self::OpenNotice => "gives neither personal contact data nor a successor",
            Self::Handover => "names a successor, gives no personal contact data",
            Self::ContactData => "gives a client personal contact data, without a notice",
            Self::ClientList => "sends a list of clients out of the organisation",
            Self::Match => "matched a query of your own",
        }
    }
}

words! {
    /// What kind of contact datum.
    ContactKind {
        /// An e-mail address.
        Email = "email",
        /// A telephone number.
        Phone = "phone",
        /// A messenger handle or link.
        Messenger = "messenger",
        /// A social or professional profile.
        Profile = "profile",
        /// A web address.
        Url = "url",
        /// A postal address.
        Postal = "postal",
    }
}

words! {
    /// Whose a contact datum is.
    Owner {
        /// The departed employee's own, the new employer's included.
        Custodian = "custodian",
        /// A colleague's.
        Colleague = "colleague",
        /// The client's own.
        Client = "client",
        /// The organisation's.
        Organisation = "organisation",
        /// Nobody could tell.
        Unknown = "unknown",
    }
}

words! {
    /// Where in a message a datum stands, as reports name it.
    Place {
        /// The subject line.
        Subject = "subject",
        /// The author's own words.
        Body = "body",
        /// The signature block.
        Signature = "signature",
        /// A header field.
        Header = "header",
        /// Text that a reader does not see.
        Hidden = "hidden",
        /// An attachment.
        Attachment = "attachment",
    }
}

words! {
    /// Under which address the custodian wrote.
    Author {
        /// The custodian's own address.
        Own = "own",
        /// Another address of the custodian.
        Alias = "alias",
        /// Another person of the organisation wrote on the custodian's behalf.
        OnBehalf = "on-behalf",
    }
}

words! {
    /// How the successor can be reached.
    SuccessorReach {
        /// With the organisation's contact data.
        Data = "data",
        /// Copied on the message.
        Copied = "copied",
        /// By name alone.
        NameOnly = "name-only",
    }
}

words! {
    /// The header field that names a recipient.
    Field {
        /// `To`.
        To = "to",
        /// `Cc`.
        Cc = "cc",
        /// `Bcc`.
        Bcc = "bcc",
    }
}

words! {
    /// How far the work on something got when it failed.
    Stage {
        /// Reaching the server: name, TCP, TLS, greeting.
        Connect = "connect",
        /// Authentication.
        Login = "login",
        /// Finding mailboxes, EXAMINE, listing the window.
        List = "list",
        /// Getting a message.
        Fetch = "fetch",
        /// Reading a message.
        Parse = "parse",
        /// Judging a message.
        Judge = "judge",
        /// Reading an attachment; the message itself was judged.
        Attachment = "attachment",
        /// The run ended first.
        NotReached = "not-reached",
    }
}

/// A contact datum found in a message.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Contact {
    /// What it is.
    pub kind: ContactKind,
    /// As a URI (`tel:+34600111222`, `mailto:ana@example.net`, `https://…`); a number of unknown country is its digits.
    pub value: String,
    /// As the message writes it.
    pub written: String,
    /// Whose it is.
    pub owner: Owner,
    /// Where it stands.
    pub place: Place,
    /// MIME part number (RFC 9051 section numbering, `1.2`), or the header field's name.
    pub part: String,
    /// How sure the owner is, 0 to 100.
    pub confidence: u8,
}

/// A recipient as the header names it. Kind and status are computed when the report is written.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Recipient {
    /// The addr-spec (RFC 5322), lower case.
    pub address: String,
    /// The display name; empty if there is none.
    pub display_name: String,
    /// Which field.
    pub field: Field,
}

/// A place in a message that supports a finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// Name of the signal or rule.
    pub signal: String,
    /// The words that matched, as written.
    pub written: String,
    /// Where.
    pub place: Place,
    /// MIME part number.
    pub part: String,
    /// Offset in bytes into the part's decoded text.
    pub offset: usize,
}

/// What one query concludes of one message; free of who, where and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conclusion {
    /// The query's id (`client-notice`).
    pub query_id: String,
    /// The query as reports cite it: `id@version+digest8`.
    pub query: String,
    /// How grave.
    pub verdict: Verdict,
    /// 0 to 100.
    pub confidence: u8,
    /// Under which address it was written.
    pub author: Author,
    /// The sentence that makes it a finding.
    pub notice: String,
    /// The paragraph around it.
    pub excerpt: String,
    /// One readable reason for the verdict.
    pub reason: String,
    /// ISO 639-1; empty if unknown.
    pub language: String,
    /// The successor that the notice names; empty if none.
    pub successor: String,
    /// How the successor can be reached.
    pub successor_reach: Option<SuccessorReach>,
    /// All contact data, whoever owns them, sorted and without duplicates.
    pub contacts: Vec<Contact>,
    /// What supports it.
    pub evidence: Vec<Evidence>,
}

/// A conclusion with the message it was drawn from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// [`finding_id`]: the same in every run, also after UIDs were renumbered.
    pub id: String,
    /// The custodian's id.
    pub custodian: String,
    /// `Date`, else INTERNALDATE.
    pub sent_at: Option<Timestamp>,
    /// The From field's first addr-spec.
    pub from: String,
    /// The decoded subject.
    pub subject: String,
    /// Without angle brackets; empty if there is none.
    pub message_id: String,
    /// Of the octets as received, lower-case hexadecimal.
    pub sha256: String,
    /// Octets as received.
    pub size: u64,
    /// To whom.
    pub recipients: Vec<Recipient>,
    /// What was concluded.
    pub conclusion: Conclusion,
}

/// Something that could not be judged, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exception {
    /// Where; `mailbox` is empty if the account as a whole failed.
    pub mailbox: MailboxId,
    /// The messages concerned: one, several, or none if it concerns the mailbox or account.
    pub locators: Vec<Locator>,
    /// How many messages it concerns; 0 if it concerns the mailbox or account as a whole.
    pub count: u64,
    /// The message's id, if it could be read.
    pub message_id: String,
    /// How far it got.
    pub stage: Stage,
    /// A stable word for scripts: `wrong-password`, `no-sent-mailbox`, `line-cut`, `panic`, …
    pub code: String,
    /// What happened, for people.
    pub detail: String,
    /// Whether trying again may help.
    pub retryable: bool,
    /// What to do, for people.
    pub what_to_do: String,
}

/// Names a finding: `f-` and twenty hexadecimal digits of a SHA-256 over custodian, query id and the message's content.
/// The letter keeps a spreadsheet from reading digits around an `e` as a number.
///
/// Neither UID nor place go into it, and bare line feeds count as CRLF, so that a message has one name whether it
/// comes over IMAP, out of a Maildir or from an mbox. For content of more than 8 MiB its own SHA-256 stands.
#[must_use]
pub fn finding_id(custodian: &str, query_id: &str, content: &Content<'_>) -> String {
    let mut hash = Sha256::new();
    for field in [custodian, query_id] {
        // The length keeps `ab`+`c` apart from `a`+`bc`.
        hash.update((field.len() as u64).to_be_bytes());
        hash.update(field);
    }
    content.add_to(&mut hash);
    let digits = hexadecimal(&hash.finalize());
    format!("f-{}", digits.get(..20).unwrap_or(&digits))
}

/// Lower-case hexadecimal.
#[must_use]
pub fn hexadecimal(octets: &[u8]) -> String {
    let mut digits = String::with_capacity(octets.len() * 2);
    for octet in octets {
        for nibble in [octet >> 4, octet & 15] {
            digits.extend(char::from_digit(u32::from(nibble), 16));
        }
    }
    digits
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(custodian: &str, query_id: &str, octets: &[u8]) -> String {
        finding_id(custodian, query_id, &Content::of(octets))
    }

    #[test]
    fn line_ends_do_not_change_a_name() {
        let name = named("ana", "client-notice", b"A: b\r\n\r\nc\r\n");
        assert_eq!(name, named("ana", "client-notice", b"A: b\n\nc\n"));
        assert_eq!(name.len(), "f-".len() + 20);
    }

    #[test]
    fn custodian_query_and_content_change_a_name() {
        let name = named("ana", "client-notice", b"a\n");
        assert_ne!(name, named("an", "aclient-notice", b"a\n"));
        assert_ne!(name, named("ana", "client-list", b"a\n"));
        assert_ne!(name, named("ana", "client-notice", b"a\n\n"));
        assert_ne!(name, named("ana", "client-notice", b"a\r\r\n"));
    }
}
