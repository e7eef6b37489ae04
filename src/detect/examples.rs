//! A query's own examples: what must, and must not, match, judged as any message is.

use super::{Judge, implied_organisation};
use crate::finding::{Owner, Place, Verdict};
use crate::mailbox::Custodian;
use crate::message::{self, Message};
use crate::query::{Example, Query, QuerySet};

/// How an example came out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The query's id.
    pub query: String,
    /// Which example, counted from 1.
    pub number: usize,
    /// The first words of its message.
    pub begins: String,
    /// What the example expects; `None` for no match.
    pub expected: Option<Verdict>,
    /// What the judge says.
    pub said: Option<Verdict>,
    /// Contact values that were expected and not found as the custodian's.
    pub missing: Vec<String>,
}

impl Outcome {
    /// Whether the example holds.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.expected == self.said && self.missing.is_empty()
    }
}

/// Judges every example of every query.
#[must_use]
pub fn run(queries: &QuerySet) -> Vec<Outcome> {
    let judge = Judge::new(queries);
    let all = queries
        .queries
        .iter()
        .flat_map(|q| q.examples.iter().enumerate().map(move |(n, e)| (q, n, e)));
    all.map(|(query, number, example)| outcome(&judge, query, number, example))
        .collect()
}

fn outcome(judge: &Judge, query: &Query, number: usize, example: &Example) -> Outcome {
    let message = message::parse(complete(&example.message).as_bytes());
    let from = message.from.first().cloned().unwrap_or_default();
    let custodian = Custodian {
        id: from.address.clone(),
        name: Some(from.name),
        ..Custodian::default()
    };
    let conclusions = judge.judge(&message, &custodian, &implied_organisation(&from.address));
    let conclusion = conclusions.iter().find(|c| c.query_id == query.id);
    let found: Vec<&str> = conclusion
        .iter()
        .flat_map(|c| &c.contacts)
        .filter(|c| c.owner == Owner::Custodian && c.place != Place::Header)
        .map(|c| c.value.as_str())
        .collect();
    Outcome {
        query: query.id.clone(),
        number: number + 1,
        begins: begins(&message),
        expected: example.verdict,
        said: conclusion.map(|c| c.verdict),
        missing: example
            .contacts
            .iter()
            .filter(|c| !found.contains(&c.as_str()))
            .cloned()
            .collect(),
    }
}

/// An example may leave out headers: it is then from Ana of the organisation `acme.example` to a client.
fn complete(example: &str) -> String {
    let has = |name: &str| {
        example
            .lines()
            .take_while(|l| !l.is_empty())
            .any(|l| l.starts_with(name))
    };
    let mut headers = String::new();
    if !has("From:") {
        headers.push_str("From: Ana Prueba <ana.prueba@acme.example>\n");
    }
    if !has("To:") {
        headers.push_str("To: Client <client@customer.example>\n");
    }
    if !has("Content-Type:") {
        headers.push_str("Content-Type: text/plain; charset=utf-8\n");
    }
    let begins_with_header = has("From:") || has("To:") || has("Subject:") || has("Content-Type:");
    let gap = if begins_with_header { "" } else { "\n" };
    format!("{headers}{gap}{example}").replace('\n', "\r\n")
}

fn begins(message: &Message) -> String {
    let text = message
        .bodies
        .first()
        .map_or(message.subject.as_str(), |b| b.content.as_str());
    text.split_whitespace()
        .take(8)
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_queries_that_the_program_carries_hold_their_examples() {
        let queries = QuerySet::builtin().expect("the built-in queries compile");
        let outcomes = run(&queries);
        assert!(
            outcomes.iter().any(|o| o.expected.is_some()),
            "no example must match"
        );
        assert!(
            outcomes.iter().any(|o| o.expected.is_none()),
            "no example must not match"
        );
        let broken: Vec<&Outcome> = outcomes.iter().filter(|o| !o.holds()).collect();
        assert!(broken.is_empty(), "{broken:#?}");
    }
}
