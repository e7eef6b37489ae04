//! The gate over everything: automatons of all queries' phrases, of all languages, run over a message's words.
//!
//! Most messages hold none of the phrases without which no pattern of a query can hold (its *leads*), so those are looked for
//! first, in one automaton, and a query's other phrases only where one of its leads stands.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

use super::reading::{Passage, Reading};
use crate::query::phrase::{Phrase, Words};
use crate::query::{Pattern, Query, QuerySet, Term};

/// All phrases of a query set.
#[derive(Debug)]
pub(super) struct Gate {
    leads: Automaton,
    /// For each query, its other phrases.
    others: Vec<Automaton>,
    /// For each query, whether it needs a lead.
    needs_lead: Vec<bool>,
}

/// A phrase that stands in a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Hit {
    /// Index of the query.
    pub query: usize,
    /// Index of the sentence in the reading.
    pub sentence: usize,
    /// Index of the signal in the query.
    pub signal: usize,
    /// Index of the phrase in the signal.
    pub phrase: usize,
    /// Bytes of the passage's folded text.
    pub range: Range<usize>,
}

impl Gate {
    /// Compiles the phrases.
    #[must_use]
    pub(super) fn new(queries: &QuerySet) -> Self {
        let mut leading = Vec::new();
        let mut others = Vec::new();
        let mut needs_lead = Vec::new();
        for (number, query) in queries.queries.iter().enumerate() {
            let leads = leads(query);
            let is_lead = |signal: &usize| leads.as_ref().is_some_and(|l| l.contains(signal));
            let (first, rest) =
                phrases(number, query).partition(|p: &GatePhrase| is_lead(&p.signal));
            let first: Vec<GatePhrase> = first;
            leading.extend(first);
            // What few messages need is worth less memory.
            others.push(Automaton::new(rest, AhoCorasickKind::ContiguousNFA));
            needs_lead.push(leads.is_some());
        }
        Self {
            leads: Automaton::new(leading, AhoCorasickKind::DFA),
            others,
            needs_lead,
        }
    }

    /// The leads of all queries that stand in the reading.
    #[must_use]
    pub(super) fn leads(&self, reading: &Reading<'_>) -> Vec<Hit> {
        self.leads.hits(reading)
    }

    /// Every phrase of a query that stands in the reading: sorted, each phrase once a sentence; `None` if the query needs a
    /// lead and there is none.
    #[must_use]
    pub(super) fn hits(
        &self,
        query: usize,
        leads: &[Hit],
        reading: &Reading<'_>,
    ) -> Option<Vec<Hit>> {
        let needs_lead = self.needs_lead.get(query).copied().unwrap_or(false);
        let is_led = !needs_lead || leads.iter().any(|h| h.query == query);
        is_led.then(|| self.all_hits(query, leads, reading))
    }

    /// The same whether there is a lead or not.
    #[must_use]
    pub(super) fn all_hits(&self, query: usize, leads: &[Hit], reading: &Reading<'_>) -> Vec<Hit> {
        let mut hits: Vec<Hit> = leads.iter().filter(|h| h.query == query).cloned().collect();
        let others = self.others.get(query);
        hits.extend(others.into_iter().flat_map(|o| o.hits(reading)));
        hits.sort_by_key(|h: &Hit| (h.sentence, h.signal, h.phrase, h.range.start));
        hits
    }
}

/// Signals of which one must stand in a message for any pattern to hold; `None` if a pattern can hold without words.
pub(super) fn leads(query: &Query) -> Option<BTreeSet<usize>> {
    let of_term = |term: &Term| match term {
        Term::Signal(signal) => Some(BTreeSet::from([*signal])),
        Term::Fact(fact) => {
            let frames = query
                .frames
                .iter()
                .filter(|f| f.fact == *fact && f.points > 0);
            Some(frames.filter_map(|f| f.all.first().copied()).collect())
        }
        _ => None,
    };
    let of_pattern = |pattern: &Pattern| {
        let required = pattern.all.iter().find_map(of_term);
        required.or_else(|| {
            let each: Option<Vec<_>> = pattern.any.iter().map(of_term).collect();
            each.filter(|each| !each.is_empty())
                .map(|each| each.into_iter().flatten().collect())
        })
    };
    let each: Option<Vec<_>> = query.patterns.iter().map(of_pattern).collect();
    Some(each?.into_iter().flatten().collect())
}

fn phrases(number: usize, query: &Query) -> impl Iterator<Item = GatePhrase> {
    query
        .signals
        .iter()
        .enumerate()
        .flat_map(move |(signal, s)| {
            s.phrases
                .iter()
                .enumerate()
                .map(move |(phrase, p)| GatePhrase {
                    query: number,
                    signal,
                    number: phrase,
                    phrase: Arc::clone(&p.phrase),
                })
        })
}

#[derive(Debug)]
struct GatePhrase {
    query: usize,
    signal: usize,
    number: usize,
    phrase: Arc<Phrase>,
}

/// Phrases, and one automaton of their anchors.
#[derive(Debug)]
struct Automaton {
    anchors: AhoCorasick,
    /// For each anchor, the phrases that it may belong to.
    anchored: Vec<Vec<usize>>,
    phrases: Vec<GatePhrase>,
}

impl Automaton {
    fn new(phrases: Vec<GatePhrase>, kind: AhoCorasickKind) -> Self {
        let mut literals: Vec<(&str, usize)> = Vec::new();
        for (number, p) in phrases.iter().enumerate() {
            literals.extend(p.phrase.anchors.iter().map(|a| (a.as_str(), number)));
        }
        literals.sort_unstable();
        let mut patterns: Vec<&str> = Vec::new();
        let mut anchored: Vec<Vec<usize>> = Vec::new();
        for (literal, phrase) in literals {
            if patterns.last() != Some(&literal) {
                patterns.push(literal);
                anchored.push(Vec::new());
            }
            if let Some(last) = anchored.last_mut() {
                last.push(phrase);
            }
        }
        let anchors = AhoCorasick::builder()
            .kind(Some(kind))
            .match_kind(MatchKind::Standard)
            .build(&patterns)
            .expect("the phrases of query files stay far below the automaton's limits");
        Self {
            anchors,
            anchored,
            phrases,
        }
    }

    fn hits(&self, reading: &Reading<'_>) -> Vec<Hit> {
        let mut hits = Vec::new();
        // For each phrase, the number of the sentence in which it was seen last, counted from one.
        let mut seen = vec![0; self.phrases.len()];
        for passage in &reading.passages {
            self.hits_in(passage, &mut seen, &mut hits);
        }
        hits
    }

    fn hits_in(&self, passage: &Passage<'_>, seen: &mut [usize], hits: &mut Vec<Hit>) {
        let text = passage.folded.text.as_str();
        let mut words = Words::default();
        let mut words_of = None;
        for found in self.anchors.find_overlapping_iter(text) {
            // An anchor begins with the space before its first word.
            let start = found.start() + 1;
            let Some(at) = passage.folded.sentence_at(start) else {
                continue;
            };
            let Some(range) = passage.folded.sentences.get(at).map(|s| s.folded.clone()) else {
                continue;
            };
            let sentence = passage.first_sentence + at;
            let anchored = self.anchored.get(found.pattern().as_usize());
            for &number in anchored.into_iter().flatten() {
                let (Some(p), Some(seen)) = (self.phrases.get(number), seen.get_mut(number)) else {
                    continue;
                };
                if *seen == sentence + 1 {
                    continue;
                }
                let matched = if p.phrase.exact {
                    Some(start..found.end() - 1)
                } else {
                    if words_of != Some(at) {
                        words.become_those_of(text.get(range.clone()).unwrap_or_default());
                        words_of = Some(at);
                    }
                    let within = p.phrase.find(&words, start - range.start);
                    within.map(|m| m.start + range.start..m.end + range.start)
                };
                if let Some(range) = matched {
                    *seen = sentence + 1;
                    hits.push(Hit {
                        query: p.query,
                        sentence,
                        signal: p.signal,
                        phrase: p.number,
                        range,
                    });
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mailbox::Organisation;
    use crate::message;

    const QUERY: &str = r#"
        id = "leaving"
        version = 1
        title = "t"
        [signal.departure]
        en = ["my last day"]
        [signal.time]
        en = ["on (friday|monday)"]
        [signal.holiday]
        en = ["holiday"]
        [[frame]]
        name = "f"
        fact = "notice"
        all = ["departure", "time"]
        points = 60
        says = "s"
        [[frame]]
        name = "g"
        fact = "notice"
        all = ["holiday"]
        points = -60
        says = "s"
        [[pattern]]
        verdict = "open-notice"
        all = ["notice"]
        confidence = 60
        says = "s"
    "#;

    /// The signals that are found, by name; nothing if the query's leads are missing.
    #[track_caller]
    fn check(text: &str, expected: Option<&[&str]>) {
        let file = tempfile::Builder::new().suffix(".toml").tempfile().unwrap();
        std::fs::write(file.path(), QUERY).unwrap();
        let queries = QuerySet::load(&[file.path()]).unwrap();
        let gate = Gate::new(&queries);
        let message = message::parse(format!("From: a@acme.example\n\n{text}\n").as_bytes());
        let reading = Reading::new(&message, &Organisation::default());
        let leads = gate.leads(&reading);
        let hits = gate.hits(0, &leads, &reading);
        let names = hits.map(|hits| {
            let name = |h: &Hit| queries.queries[0].signals[h.signal].name.clone();
            hits.iter().map(name).collect::<Vec<_>>()
        });
        assert_eq!(
            names
                .as_deref()
                .map(|n| n.iter().map(String::as_str).collect()),
            expected.map(<[_]>::to_vec)
        );
    }

    #[test]
    fn other_phrases_are_looked_for_where_a_lead_stands() {
        check("See you on Friday after my holiday.", None);
        check(
            "My last day is on Friday, no holiday.",
            Some(&["departure", "holiday", "time"]),
        );
        check("My last day.", Some(&["departure"]));
    }
}
