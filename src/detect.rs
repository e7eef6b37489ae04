//! A message and queries to conclusions; pure: no clock, no disk, no order of threads. What stands in office files and PDF
//! is asked for through [`Documents`], which whoever calls provides.

mod author;
pub mod contact;
pub mod examples;
pub mod explain;
mod fact;
mod gate;
mod key;
mod language;
pub mod owner;
mod reading;
mod successor;
mod verdict;
pub mod whole;

use crate::finding::Conclusion;
use crate::mailbox::{Custodian, Organisation};
use crate::message::{Message, Text};
use crate::query::{Query, QuerySet};
use gate::{Gate, Hit};
use reading::Reading;
use whole::Observation;

pub use key::JudgementKey;

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
    /// Of what decides who gets past the gate.
    gate_digest: String,
}

/// What a message was judged to be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Judgement {
    /// One for each query that matched.
    pub conclusions: Vec<Conclusion>,
    /// Whether it got past the gate of any query: scope and recipients allow it, and there are words that may lead to a
    /// finding.
    pub is_gated: bool,
}

impl Judge {
    /// Compiles the queries.
    #[must_use]
    pub fn new(queries: &QuerySet) -> Self {
        Self {
            gate: Gate::new(queries),
            digest: queries.digest(),
            gate_digest: key::of_gate(queries),
            queries: queries.clone(),
        }
    }

    /// The queries that judge.
    #[must_use]
    pub fn queries(&self) -> &QuerySet {
        &self.queries
    }

    /// What a message shows of a query before its model is asked; to train one.
    #[must_use]
    pub fn observe(&self, query: &str, message: &Message) -> Option<Observation> {
        let queries = &self.queries.queries;
        let number = queries.iter().position(|q| q.id == query)?;
        let query = queries.get(number)?;
        let from = message.from.first().map_or("", |a| &a.address);
        let reading = Reading::new(message, &implied_organisation(from));
        let hits = self.gate.all_hits(number, &self.gate.look(&reading));
        let languages = fact::Signals::by_language(query, &hits);
        let facts = fact::weigh_frames(query, &languages, &reading);
        Some(fact::observe(query, &languages, &reading, &facts).0)
    }

    /// The judgement key for a custodian. A message that was judged under another key is judged again, unless the key tells
    /// that it need not be.
    #[must_use]
    pub fn key(&self, custodian: &Custodian, organisation: &Organisation) -> JudgementKey {
        key::of(&self.digest, &self.gate_digest, custodian, organisation)
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
            .conclusions
    }

    /// As [`Judge::judge`], with the documents where they matter.
    #[must_use]
    pub fn judge_with(
        &self,
        message: &Message,
        documents: &dyn Documents,
        custodian: &Custodian,
        organisation: &Organisation,
    ) -> Judgement {
        let reading = Reading::new(message, organisation);
        let words = self.gate.look(&reading);
        let case = verdict::Case {
            message,
            documents,
            custodian,
            organisation,
            reading: &reading,
        };
        let gated: Vec<(&Query, Vec<Hit>)> = self
            .queries
            .queries
            .iter()
            .enumerate()
            .filter(|(_, query)| case.leaves_out(query).is_none() && case.recipients_allow(query))
            .filter_map(|(number, query)| Some((query, self.gate.hits(number, &words)?)))
            .collect();
        let mut concluded: Vec<(&Query, Conclusion)> = gated
            .iter()
            .filter_map(|(query, hits)| Some((*query, case.conclude(query, hits)?)))
            .collect();
        let ids: Vec<String> = concluded.iter().map(|(q, _)| q.id.clone()).collect();
        concluded.retain(|(query, _)| !query.silent && query.yields_to(&ids).is_none());
        Judgement {
            conclusions: concluded.into_iter().map(|(_, c)| c).collect(),
            is_gated: !gated.is_empty(),
        }
    }
}
