//! A message and queries to conclusions; pure: no clock, no disk, no order of threads.

mod author;
pub mod contact;
pub mod examples;
mod fact;
mod gate;
mod language;
pub mod owner;
mod reading;
mod successor;
mod verdict;

use sha2::{Digest, Sha256};

use crate::finding::Conclusion;
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

    /// The judgement key for a custodian: digest of queries, organisation, this custodian's facts and the judging version.
    /// A message that was judged under another key is judged again.
    #[must_use]
    pub fn key(&self, custodian: &Custodian, organisation: &Organisation) -> String {
        let facts = format!(
            "{JUDGING_VERSION}\n{}\n{custodian:?}\n{organisation:?}",
            self.digest
        );
        let digest = Sha256::digest(facts);
        digest
            .iter()
            .take(16)
            .map(|octet| format!("{octet:02x}"))
            .collect()
    }

    /// Facts by frames alone.
    #[must_use]
    pub fn facts(&self, message: &Message) -> Vec<(String, Vec<(String, i32, Vec<String>)>)> {
        let reading = Reading::new(message);
        let hits = self.gate.hits(&reading);
        let signals = fact::Signals::new(&hits, 0);
        let Some(query) = self.queries.queries.first() else { return Vec::new() };
        (0..reading.len())
            .map(|s| {
                let facts = fact::weigh_sentence(query, &signals, &reading, s);
                let told = facts.into_iter().map(|(name, f)| {
                    let frames = f.frames.iter().filter_map(|&(n, p)| query.frames.get(n).map(|q| format!("{}{p:+}", q.name))).collect();
                    (name, f.points - f.model, frames)
                });
                (reading.folded(s).to_owned(), told.collect())
            })
            .collect()
    }

    /// Dump.
    #[must_use]
    pub fn dump(&self, message: &Message) -> Vec<(String, Vec<String>, String)> {
        let reading = Reading::new(message);
        let hits = self.gate.hits(&reading);
        let signals = fact::Signals::new(&hits, 0);
        (0..reading.len()).map(|s| (reading.folded(s).to_owned(), { let mut v: Vec<String> = signals.in_sentence(s).filter_map(|h| self.queries.queries.first()?.signals.get(h.signal).map(|x| x.name.clone())).collect(); v.dedup(); v }, reading.passage(s).map_or("?", |p| p.0.place.as_str()).to_owned())).collect()
    }

    /// For people who work on queries: every sentence with the signals and facts in it.
    #[must_use]
    pub fn trace(&self, message: &Message) -> String {
        let reading = Reading::new(message);
        let hits = self.gate.hits(&reading);
        let mut text = String::new();
        for (number, query) in self.queries.queries.iter().enumerate() {
            let signals = fact::Signals::new(&hits, number);
            for sentence in 0..reading.len() {
                text.push_str(&format!("[{}] {}\n", query.id, reading.folded(sentence)));
                for hit in signals.in_sentence(sentence) {
                    if let Some(s) = query.signals.get(hit.signal) {
                        text.push_str(&format!("    {} {}\n", s.name, s.phrases.get(hit.phrase).map_or("", |p| p.source.as_str())));
                    }
                }
                for (name, f) in fact::weigh_sentence(query, &signals, &reading, sentence) {
                    let frames: Vec<String> = f.frames.iter().filter_map(|&(n, p)| query.frames.get(n).map(|q| format!("{}{p:+}", q.name))).collect();
                    if !frames.is_empty() || f.points > 20 {
                        text.push_str(&format!("    => {name} {} model {} {:?} {:?}\n", f.points, f.model, frames, f.words));
                    }
                }
            }
        }
        text
    }

    /// Judges one message as the custodian's, one conclusion per query that matched.
    #[must_use]
    pub fn judge(
        &self,
        message: &Message,
        custodian: &Custodian,
        organisation: &Organisation,
    ) -> Vec<Conclusion> {
        let reading = Reading::new(message);
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
            .filter(|(_, query)| query.scope.automatic || !message.automatic)
            .filter(|(_, query)| !query.scope.outside_only || case.reaches_outside())
            .filter_map(|(number, query)| case.conclude(number, query))
            .collect()
    }
}
