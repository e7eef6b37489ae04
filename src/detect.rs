//! A message and queries to conclusions; pure: no clock, no disk, no order of threads. What stands in office files and PDF
//! is asked for through [`Documents`], which whoever calls provides.

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
use crate::message::{Message, Text};
use crate::query::{Query, QuerySet};
use gate::Gate;
use reading::Reading;

/// Raised whenever the program judges differently with the same queries.
const JUDGING_VERSION: u32 = 4;

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

/// Where the texts of a message's documents come from: office files and PDF, which [`crate::message::parse`] only lists.
///
/// To read them costs a process of its own, so they are asked for only where they can matter: for a message that is found,
/// and where nothing but an address list decides whether it is.
pub trait Documents {
    /// The texts that could be read, in the order of the attachments; the same whenever they are asked for.
    fn texts(&self) -> &[Text];
}

/// No documents.
impl Documents for () {
    fn texts(&self) -> &[Text] {
        &[]
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

    /// Judges one message as the custodian's, one conclusion per query that matched; its documents are not read.
    #[must_use]
    pub fn judge(
        &self,
        message: &Message,
        custodian: &Custodian,
        organisation: &Organisation,
    ) -> Vec<Conclusion> {
        self.judge_with(message, &(), custodian, organisation)
    }

    /// As [`Judge::judge`], with the documents where they matter.
    #[must_use]
    pub fn judge_with(
        &self,
        message: &Message,
        documents: &dyn Documents,
        custodian: &Custodian,
        organisation: &Organisation,
    ) -> Vec<Conclusion> {
        let reading = Reading::new(message, organisation);
        let gated = self.gate.look(&reading);
        let case = verdict::Case {
            message,
            documents,
            custodian,
            organisation,
            reading: &reading,
        };
        let mut concluded: Vec<(&Query, Conclusion)> = self
            .queries
            .queries
            .iter()
            .enumerate()
            .filter(|(_, query)| case.leaves_out(query).is_none() && case.recipients_allow(query))
            .filter_map(|(number, query)| {
                let hits = self.gate.hits(number, &gated)?;
                Some((query, case.conclude(query, &hits)?))
            })
            .collect();
        let ids: Vec<String> = concluded.iter().map(|(q, _)| q.id.clone()).collect();
        concluded.retain(|(query, _)| !query.silent && query.yields_to(&ids).is_none());
        concluded.into_iter().map(|(_, c)| c).collect()
    }
}
