//! Whose a contact datum is.

use super::contact::Found;
use crate::finding::Contact;
use crate::mailbox::{Custodian, Organisation};
use crate::message::Message;

/// Words near a datum that tell whose it is, found by the query's `cue_…` signals.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cues {
    /// `cue_own`: "my mobile", "reach me at", "my private address".
    pub own: bool,
    /// `cue_colleague`: "my colleague", "her number", "will take over".
    pub colleague: bool,
    /// `cue_new_job`: "my new firm", "I'll be joining".
    pub new_job: bool,
    /// `cue_old`: "will no longer work", "this address will be closed".
    pub old: bool,
    /// `cue_office`: "switchboard", "our office", "direct line", "fax".
    pub office: bool,
}

/// What ownership depends on.
pub struct Context<'m> {
    /// The message.
    pub message: &'m Message,
    /// Whose mail it is.
    pub custodian: &'m Custodian,
    /// The organisation.
    pub organisation: &'m Organisation,
    /// Whether the message is a notice: data in it are then more likely the leaver's own.
    pub notice: bool,
    /// Cues in the sentence of a datum, and in the sentence before it.
    pub cues: &'m dyn Fn(&Found) -> (Cues, Cues),
}

/// Tells the owner of every datum; the result is sorted and without duplicates.
#[must_use]
pub fn attribute(_found: &[Found], _context: &Context<'_>) -> Vec<Contact> {
    todo!()
}

/// Whether a domain is a free-mail or Internet access provider's, where anybody has an address.
#[must_use]
pub fn is_free_mail(_domain: &str) -> bool {
    todo!()
}
