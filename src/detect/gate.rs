//! The gate over everything: all phrases of all queries and languages, by the seldom words and pairs of words that anchor them,
//! looked up word by word.
//!
//! Most messages hold none of the phrases without which no pattern of a query can hold (its *leads*), so those are looked for
//! first, and a query's other phrases only where one of its leads stands.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;
use std::sync::Arc;

use rustc_hash::FxBuildHasher;

use super::fact;
use super::reading::Reading;
use crate::query::phrase::{Anchor, Phrase};
use crate::query::vocabulary::{Atom, Sentence, Spoken, Vocabulary};
use crate::query::{Pattern, Query, QuerySet, Term};

/// All phrases of a query set.
#[derive(Debug)]
pub(super) struct Gate {
    vocabulary: Arc<Vocabulary>,
    leads: Index,
    /// For each query, its other phrases.
    others: Vec<Index>,
    /// For each query, whether it needs a lead.
    needs_lead: Vec<bool>,
}

/// A message at the gate: its words, and the leads of all queries that stand in it.
#[derive(Debug)]
pub(super) struct Gated {
    words: Spoken,
    leads: Vec<Hit>,
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
            let (first, rest): (Vec<_>, Vec<_>) =
                phrases(number, query).partition(|p| is_lead(&p.signal));
            leading.extend(first);
            others.push(Index::new(rest, &queries.vocabulary));
            needs_lead.push(leads.is_some());
        }
        Self {
            vocabulary: Arc::clone(&queries.vocabulary),
            leads: Index::new(leading, &queries.vocabulary),
            others,
            needs_lead,
        }
    }

    /// Looks for the leads of all queries.
    #[must_use]
    pub(super) fn look(&self, reading: &Reading<'_>) -> Gated {
        let mut words = Spoken::default();
        for passage in &reading.passages {
            words.add(&passage.folded, &self.vocabulary);
        }
        let leads = self.leads.hits(&words);
        Gated { words, leads }
    }

    /// Every phrase of a query that stands in the message: sorted, each phrase once a sentence; `None` if the query needs a
    /// lead and there is none.
    #[must_use]
    pub(super) fn hits(&self, query: usize, gated: &Gated) -> Option<Vec<Hit>> {
        let needs_lead = self.needs_lead.get(query).copied().unwrap_or(false);
        let is_led = !needs_lead || gated.leads.iter().any(|h| h.query == query);
        is_led.then(|| self.all_hits(query, gated))
    }

    /// The same whether there is a lead or not.
    #[must_use]
    pub(super) fn all_hits(&self, query: usize, gated: &Gated) -> Vec<Hit> {
        let leads = gated.leads.iter().filter(|h| h.query == query);
        let mut hits: Vec<Hit> = leads.cloned().collect();
        if let Some(others) = self.others.get(query) {
            hits.extend(others.hits(&gated.words));
        }
        hits.sort_by_key(|h: &Hit| (h.sentence, h.signal, h.phrase, h.range.start));
        hits
    }
}

/// Signals of which one must stand in a message for any pattern to hold; `None` if a pattern can hold without words.
pub(super) fn leads(query: &Query) -> Option<BTreeSet<usize>> {
    let of_term = |term: &Term| match term {
        Term::Signal(signal) => Some(BTreeSet::from([*signal])),
        Term::Fact(fact) => fact::leads(query, fact),
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

/// Phrases by their anchors.
#[derive(Debug)]
struct Index {
    phrases: Vec<GatePhrase>,
    /// By the atom of a single word: phrases, as a range of `anchored`.
    singles: Vec<Range<u32>>,
    /// By atom: whether it is the last word of a pair, or the one before.
    in_pairs: Vec<InPairs>,
    pairs: HashMap<(Atom, Atom), Range<u32>, FxBuildHasher>,
    anchored: Vec<u32>,
}

#[derive(Debug, Clone, Copy, Default)]
struct InPairs {
    before: bool,
    last: bool,
}

/// What was seen so far. Sentences are numbered from one.
struct Last {
    /// For each phrase, the sentence in which it was looked for last, and how many places are left to look at in it.
    phrases: Vec<(usize, u32)>,
    /// For each atom, the sentence in which it stood last.
    atoms: Vec<usize>,
}

/// Places of one sentence at which a phrase is looked for, at most. So many anchors without the phrase are in no sentence that
/// people write, and without an end a message could be made to take minutes.
const MOST_PLACES: u32 = 1000;

impl Index {
    fn new(phrases: Vec<GatePhrase>, vocabulary: &Vocabulary) -> Self {
        let mut by_anchor: Vec<(Anchor, u32)> = Vec::new();
        for (number, p) in (0..).zip(&phrases) {
            by_anchor.extend(p.phrase.anchors.iter().map(|&anchor| (anchor, number)));
        }
        by_anchor.sort_unstable();
        let mut index = Self {
            phrases,
            singles: vec![0..0; vocabulary.len()],
            in_pairs: vec![InPairs::default(); vocabulary.len()],
            pairs: HashMap::default(),
            anchored: by_anchor.iter().map(|&(_, number)| number).collect(),
        };
        let mut start = 0;
        for same in by_anchor.chunk_by(|a, b| a.0 == b.0) {
            let end = start + u32::try_from(same.len()).unwrap_or(u32::MAX);
            if let Some(&(anchor, _)) = same.first() {
                index.add(anchor, start..end);
            }
            start = end;
        }
        index
    }

    fn add(&mut self, anchor: Anchor, phrases: Range<u32>) {
        let Some(before) = anchor.before else {
            if let Some(slot) = self.singles.get_mut(anchor.last as usize) {
                *slot = phrases;
            }
            return;
        };
        if let Some(flags) = self.in_pairs.get_mut(before as usize) {
            flags.before = true;
        }
        if let Some(flags) = self.in_pairs.get_mut(anchor.last as usize) {
            flags.last = true;
        }
        self.pairs.insert((before, anchor.last), phrases);
    }

    fn hits(&self, words: &Spoken) -> Vec<Hit> {
        let mut hits = Vec::new();
        let mut last = Last {
            phrases: vec![(0, 0); self.phrases.len()],
            atoms: vec![0; self.in_pairs.len()],
        };
        for number in 0..words.len() {
            let sentence = words.sentence(number);
            for &atom in sentence.all_atoms() {
                if let Some(seen) = last.atoms.get_mut(atom as usize) {
                    *seen = number + 1;
                }
            }
            let mut before: Vec<Atom> = Vec::new();
            for word in 0..sentence.len() {
                let atoms = sentence.atoms(word);
                for &atom in atoms {
                    let single = self.singles.get(atom as usize).cloned();
                    let is_last = self.in_pairs(atom).last;
                    let pairs = before.iter().filter(|_| is_last);
                    let pairs = pairs.filter_map(|&b| self.pairs.get(&(b, atom)).cloned());
                    for phrases in single.into_iter().chain(pairs) {
                        self.look(phrases, sentence, (number, word), &mut last, &mut hits);
                    }
                }
                before.clear();
                before.extend(atoms.iter().filter(|&&a| self.in_pairs(a).before));
            }
        }
        hits
    }

    fn in_pairs(&self, atom: Atom) -> InPairs {
        self.in_pairs
            .get(atom as usize)
            .copied()
            .unwrap_or_default()
    }

    /// Looks whether phrases stand around an anchor whose last word is at a place: sentence, and word in it.
    fn look(
        &self,
        phrases: Range<u32>,
        words: Sentence<'_>,
        (sentence, word): (usize, usize),
        last: &mut Last,
        hits: &mut Vec<Hit>,
    ) {
        let phrases = self
            .anchored
            .get(phrases.start as usize..phrases.end as usize);
        for &number in phrases.into_iter().flatten() {
            let number = number as usize;
            let (Some(p), Some(seen)) = (self.phrases.get(number), last.phrases.get_mut(number))
            else {
                continue;
            };
            if seen.0 != sentence + 1 {
                let has = |atom: Atom| last.atoms.get(atom as usize) == Some(&(sentence + 1));
                let places = if p.phrase.may_stand(has) {
                    MOST_PLACES
                } else {
                    0
                };
                *seen = (sentence + 1, places);
            }
            if seen.1 == 0 {
                continue;
            }
            seen.1 -= 1;
            if let Some(range) = p.phrase.find(words, word) {
                seen.1 = 0;
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
        let hits = gate.hits(0, &gate.look(&reading));
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
