//! The gate over everything: one automaton of the phrases of all queries and languages, run once over a message's words.

use std::ops::Range;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

use super::reading::Reading;
use crate::query::QuerySet;
use crate::query::phrase::Phrase;

/// All phrases of a query set, compiled into one automaton.
#[derive(Debug)]
pub(super) struct Gate {
    automaton: AhoCorasick,
    /// For each pattern of the automaton, the phrases that it may begin.
    anchored: Vec<Vec<usize>>,
    phrases: Vec<GatePhrase>,
}

#[derive(Debug)]
struct GatePhrase {
    query: usize,
    signal: usize,
    number: usize,
    phrase: Phrase,
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
        let mut phrases = Vec::new();
        let mut literals: Vec<(String, usize)> = Vec::new();
        for (query, q) in queries.queries.iter().enumerate() {
            for (signal, s) in q.signals.iter().enumerate() {
                for (number, p) in s.phrases.iter().enumerate() {
                    literals.extend(p.phrase.anchors.iter().map(|a| (a.clone(), phrases.len())));
                    phrases.push(GatePhrase {
                        query,
                        signal,
                        number,
                        phrase: p.phrase.clone(),
                    });
                }
            }
        }
        literals.sort();
        let mut patterns: Vec<String> = Vec::new();
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
        let automaton = AhoCorasick::builder()
            .kind(Some(AhoCorasickKind::DFA))
            .match_kind(MatchKind::Standard)
            .build(&patterns)
            .expect("the phrases of query files stay far below the automaton's limits");
        Self {
            automaton,
            anchored,
            phrases,
        }
    }

    /// Every phrase that stands in the reading: sorted, each phrase once a sentence.
    #[must_use]
    pub(super) fn hits(&self, reading: &Reading<'_>) -> Vec<Hit> {
        let mut hits = Vec::new();
        for passage in &reading.passages {
            let text = passage.folded.text.as_str();
            let mut seen = std::collections::HashSet::new();
            for found in self.automaton.find_overlapping_iter(text) {
                // A literal begins with the space before its first word.
                let Some(sentence) = passage.folded.sentence_at(found.start() + 1) else {
                    continue;
                };
                let Some(range) = passage
                    .folded
                    .sentences
                    .get(sentence)
                    .map(|s| s.folded.clone())
                else {
                    continue;
                };
                for &number in self
                    .anchored
                    .get(found.pattern().as_usize())
                    .into_iter()
                    .flatten()
                {
                    if seen.contains(&(number, sentence)) {
                        continue;
                    }
                    let Some(phrase) = self.phrases.get(number) else {
                        continue;
                    };
                    let matched = if phrase.phrase.exact {
                        Some(found.start() + 1..found.end() - 1)
                    } else {
                        let near = found.start() + 1 - range.start;
                        let words = text.get(range.clone()).unwrap_or_default();
                        phrase
                            .phrase
                            .find(words, near)
                            .map(|m| m.start + range.start..m.end + range.start)
                    };
                    if let Some(range) = matched {
                        seen.insert((number, sentence));
                        hits.push(Hit {
                            query: phrase.query,
                            sentence: passage.first_sentence + sentence,
                            signal: phrase.signal,
                            phrase: phrase.number,
                            range,
                        });
                    }
                }
            }
        }
        hits.sort_by_key(|h: &Hit| (h.query, h.sentence, h.signal, h.phrase, h.range.start));
        hits
    }
}
