//! A message and queries to conclusions; pure: no clock, no disk, no order of threads.

use crate::finding::Conclusion;
use crate::mailbox::{Custodian, Organisation};
use crate::message::Message;
use crate::query::QuerySet;

/// The organisation that a scanned message's `From` implies: its registrable domain (public suffix list), or none at all
/// if that is a free-mail provider's.
#[must_use]
pub fn implied_organisation(_from: &str) -> Organisation {
    todo!()
}

/// Compiled queries, shared by all judging threads.
pub struct Judge {}

impl Judge {
    /// Compiles the queries.
    #[must_use]
    pub fn new(_queries: &QuerySet) -> Self {
        todo!()
    }

    /// The judgement key for a custodian: digest of queries, organisation, this custodian's facts and the judging version.
    /// A message that was judged under another key is judged again.
    #[must_use]
    pub fn key(&self, _custodian: &Custodian, _organisation: &Organisation) -> String {
        todo!()
    }

    /// Judges one message as the custodian's, one conclusion per query that matched.
    #[must_use]
    pub fn judge(
        &self,
        _message: &Message,
        _custodian: &Custodian,
        _organisation: &Organisation,
    ) -> Vec<Conclusion> {
        todo!()
    }
}
