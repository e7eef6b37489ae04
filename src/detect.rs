//! A message and queries to conclusions; pure: no clock, no disk, no order of threads.

mod author;
pub mod contact;
pub mod examples;
pub mod explain;
mod fact;
mod gate;
mod language;
pub mod owner;
mod reading;
mod successor;
mod verdict;

use sha2::{Digest, Sha256};

use crate::finding::{Conclusion, hexadecimal};
use crate::mailbox::{Custodian, Organisation};
use crate::message::Message;
use crate::query::QuerySet;
use gate::Gate;
use reading::Reading;

/// Raised whenever the program judges differently with the same queries.
const JUDGING_VERSION: u32 = 1;

/// The organisation that a scanned message's `From` implies: its registrable domain (public suffix list), or none at all
/// if that is a free-mail provider's.
#[must_use]
pub fn implied_organisation(from: &str) -> Organisation {
    let domain = author::domain(from).to_ascii_lowercase();
    let registrable = psl::domain_str(&domain).unwrap_or(&domain).to_owned();
    let known = !registrable.is_empty() && !owner::is_free_mail(&registrable);
    Organisation {
        domains: known.then_some(registrable).into_iter().collect(),
        ..Organisation::default()
    }
}

/// Compiled queries, shared by all judging threads.
pub struct Judge {
    queries: QuerySet,
    gate: Gate,
    digest: String,
}

impl Judge {
    /// Compiles the queries.
    #[must_use]
    pub fn new(queries: &QuerySet) -> Self {
        Self {
            gate: Gate::new(queries),
            digest: queries.digest(),
            queries: queries.clone(),
        }
    }

    /// The queries that judge.
    #[must_use]
    pub fn queries(&self) -> &QuerySet {
        &self.queries
    }

    /// The judgement key for a custodian: digest of queries, organisation, this custodian's facts and the judging version.
    /// A message that was judged under another key is judged again.
    #[must_use]
    pub fn key(&self, custodian: &Custodian, organisation: &Organisation) -> String {
        let facts = format!(
            "{JUDGING_VERSION}\n{}\n{custodian:?}\n{organisation:?}",
            self.digest
        );
        let digest = hexadecimal(&Sha256::digest(facts));
        digest.get(..32).unwrap_or(&digest).to_owned()
    }

    /// Judges one message as the custodian's, one conclusion per query that matched.
    #[must_use]
    pub fn judge(
        &self,
        message: &Message,
        custodian: &Custodian,
        organisation: &Organisation,
    ) -> Vec<Conclusion> {
        let reading = Reading::new(message, organisation);
        let hits = self.gate.hits(&reading);
        let case = verdict::Case {
            message,
            custodian,
            organisation,
            reading: &reading,
            hits: &hits,
        };
        self.queries
            .queries
            .iter()
            .enumerate()
            .filter(|(_, query)| case.leaves_out(query).is_none())
            .filter_map(|(number, query)| case.conclude(number, query))
            .collect()
    }
}
