//! Facts: what the frames of a query make of the signals in a message, sentence by sentence, and its model of the whole.

use std::collections::{BTreeMap, BTreeSet};

use super::gate::Hit;
use super::reading::Reading;
use super::whole::{Observation, Read};
use crate::finding::Place;
use crate::query::{Frame, Pattern, Query, Term, Within};

/// A fact holds from so many points on.
pub(super) const HOLDS: i32 = 50;
/// A fact is likely from so many points on.
pub(super) const LIKELY: i32 = 20;
/// What each further frame for the same fact adds in one sentence, at most twice.
const SUPPORT: i32 = 10;

/// What speaks for and against a fact in the sentence that supports it most.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Fact {
    /// Sum of the points.
    pub points: i32,
    /// The sentence.
    pub sentence: usize,
    /// Frames that matched, the strongest first, with their points.
    pub frames: Vec<(usize, i32)>,
    /// The points that the model adds to those of the frames.
    pub model: i32,
    /// The words that the model holds for the strongest.
    pub words: Vec<String>,
}

impl Fact {
    /// Whether it may be one, in the light of what else there is.
    #[must_use]
    pub(super) fn is_likely(&self) -> bool {
        self.points >= LIKELY
    }

    /// Whether it is one.
    #[must_use]
    pub(super) fn holds(&self) -> bool {
        self.points >= HOLDS
    }
}

/// Signals by sentence.
#[derive(Debug, Default)]
pub(super) struct Signals<'h> {
    by_sentence: BTreeMap<usize, Vec<&'h Hit>>,
    /// By the signal's index, in the order of the sentences.
    by_signal: Vec<Vec<&'h Hit>>,
}

impl<'h> Signals<'h> {
    /// The hits of a query.
    #[must_use]
    pub(super) fn new(hits: &'h [Hit]) -> Self {
        Self::grouped(hits.iter())
    }

    /// The hits of one query, apart by language; phrases for any language count in each.
    #[must_use]
    pub(super) fn by_language(query: &Query, hits: &'h [Hit]) -> Vec<Self> {
        let of = |hit: &Hit| {
            let phrase = query
                .signals
                .get(hit.signal)
                .and_then(|s| s.phrases.get(hit.phrase));
            phrase.map_or("", |p| p.language.as_str())
        };
        let mut languages: Vec<&str> = hits.iter().map(of).collect();
        languages.sort_unstable();
        languages.dedup();
        languages
            .into_iter()
            .map(|language| {
                let of_language = |h: &&Hit| of(h) == language || of(h).is_empty();
                Self::grouped(hits.iter().filter(of_language))
            })
            .collect()
    }

    fn grouped(hits: impl Iterator<Item = &'h Hit>) -> Self {
        let mut signals = Self::default();
        for hit in hits {
            let in_sentence = signals.by_sentence.entry(hit.sentence);
            in_sentence.or_default().push(hit);
            if signals.by_signal.len() <= hit.signal {
                signals.by_signal.resize(hit.signal + 1, Vec::new());
            }
            if let Some(of_signal) = signals.by_signal.get_mut(hit.signal) {
                of_signal.push(hit);
            }
        }
        signals
    }

    /// Whether any stands in a sentence.
    fn stand_in(&self, sentence: usize) -> bool {
        self.by_sentence.contains_key(&sentence)
    }

    /// Sentences in which a signal stands, in order.
    fn sentences(&self) -> impl Iterator<Item = usize> + '_ {
        self.by_sentence.keys().copied()
    }

    /// The hits in a sentence.
    pub(super) fn in_sentence(&self, sentence: usize) -> impl Iterator<Item = &'h Hit> + '_ {
        self.by_sentence
            .get(&sentence)
            .into_iter()
            .flatten()
            .copied()
    }

    /// The first hit of a signal near a sentence.
    #[must_use]
    pub(super) fn find(&self, signal: usize, sentence: usize, within: Within) -> Option<&'h Hit> {
        let (first, last) = match within {
            Within::Sentence => (sentence, sentence),
            Within::Near => (sentence.saturating_sub(1), sentence + 1),
            Within::Message => (0, usize::MAX),
        };
        let hits = self.by_signal.get(signal)?;
        let next = hits
            .get(hits.partition_point(|h| h.sentence < first))
            .copied();
        next.filter(|hit| hit.sentence <= last)
    }

    /// Whether a frame holds around a sentence.
    #[must_use]
    pub(super) fn frame_holds(&self, frame: &Frame, sentence: usize) -> bool {
        let Some((&first, others)) = frame.all.split_first() else {
            return false;
        };
        let here = |signal: usize| self.find(signal, sentence, frame.within).is_some();
        self.find(first, sentence, Within::Sentence).is_some()
            && others.iter().all(|&s| here(s))
            && (frame.any.is_empty() || frame.any.iter().any(|&s| here(s)))
            && !frame.none.iter().any(|&s| here(s))
    }
}

/// How many points the frames must make of a sentence for a fact to be able to hold, whatever the model says.
fn least(query: &Query, fact: &str) -> i32 {
    let weights = query.model.as_ref().and_then(|m| m.message(fact));
    weights.map_or(HOLDS, |weights| weights.least)
}

/// Signals of which one must stand in a message for a fact to hold; `None` if it can hold without. Of the signals that begin
/// its frames these are the strongest: what the others make together stays too weak.
#[must_use]
pub(super) fn leads(query: &Query, fact: &str) -> Option<BTreeSet<usize>> {
    let least = least(query, fact);
    if least <= 0 {
        return None;
    }
    let mut frames: Vec<(usize, i32)> = query
        .frames
        .iter()
        .filter(|f| f.fact == fact && f.points > 0)
        .filter_map(|f| Some((*f.all.first()?, f.points)))
        .collect();
    frames.sort_by_key(|&(_, points)| -points);
    let mut signals: Vec<usize> = Vec::new();
    for &(signal, _) in &frames {
        if !signals.contains(&signal) {
            signals.push(signal);
        }
    }
    while let Some(weakest) = signals.pop() {
        let without = frames.iter().filter(|f| !signals.contains(&f.0));
        if frame_points(&mut without.copied().collect::<Vec<_>>()) >= least {
            signals.push(weakest);
            break;
        }
    }
    Some(signals.into_iter().collect())
}

/// Whether the frames leave it possible that all facts hold that a pattern requires, whatever the model says: a quick look
/// before [`weigh`].
#[must_use]
pub(super) fn may_hold(query: &Query, pattern: &Pattern, languages: &[Signals<'_>]) -> bool {
    let mut required = pattern.all.iter().filter_map(|term| match term {
        Term::Fact(fact) => Some(fact),
        _ => None,
    });
    required.all(|fact| {
        let least = least(query, fact);
        let frames: Vec<(usize, &Frame)> = query
            .frames
            .iter()
            .enumerate()
            .filter(|(_, f)| f.fact == *fact)
            .collect();
        least <= 0
            || languages.iter().any(|signals| {
                signals.sentences().any(|sentence| {
                    let mut points: Vec<(usize, i32)> = frames
                        .iter()
                        .filter(|(_, f)| signals.frame_holds(f, sentence))
                        .map(|&(number, f)| (number, f.points))
                        .collect();
                    frame_points(&mut points) >= least
                })
            })
    })
}

/// Weighs every fact of a query: by frames in every sentence in which a signal stands, of which the best is kept, and by what
/// the model makes of the whole message.
#[must_use]
pub(super) fn weigh(
    query: &Query,
    languages: &[Signals<'_>],
    reading: &Reading<'_>,
) -> BTreeMap<String, Fact> {
    let mut facts = weigh_frames(query, languages, reading);
    ask_model(query, languages, reading, &mut facts);
    facts
}

/// Weighs every fact by frames, and keeps the best sentence for each. Frames combine signals of one language only: a word of
/// another may mean something else.
pub(super) fn weigh_frames(
    query: &Query,
    languages: &[Signals<'_>],
    reading: &Reading<'_>,
) -> BTreeMap<String, Fact> {
    let mut best: BTreeMap<String, Fact> = BTreeMap::new();
    for sentence in 0..reading.len() {
        for signals in languages.iter().filter(|s| s.stand_in(sentence)) {
            for (name, fact) in weigh_sentence(query, signals, sentence) {
                let slot = best.entry(name).or_insert_with(|| fact.clone());
                // The first of equals is kept, so that the order of sentences decides and nothing else.
                if fact.points > slot.points {
                    *slot = fact;
                }
            }
        }
    }
    best
}

/// Weighs the facts for which a frame holds in a sentence.
fn weigh_sentence(query: &Query, signals: &Signals<'_>, sentence: usize) -> BTreeMap<String, Fact> {
    let mut facts: BTreeMap<String, Fact> = BTreeMap::new();
    for (number, frame) in query.frames.iter().enumerate() {
        if signals.frame_holds(frame, sentence) {
            let fact = facts.entry(frame.fact.clone()).or_default();
            fact.frames.push((number, frame.points));
        }
    }
    for fact in facts.values_mut() {
        fact.sentence = sentence;
        fact.points = frame_points(&mut fact.frames);
    }
    facts
}

/// Adds what the model makes of the message to the facts that it knows and that the frames leave possible.
fn ask_model(
    query: &Query,
    languages: &[Signals<'_>],
    reading: &Reading<'_>,
    facts: &mut BTreeMap<String, Fact>,
) {
    let Some(model) = &query.model else { return };
    let mut asked = model.facts().filter(|(fact, weights)| {
        let points = facts.get(*fact).map_or(0, |f| f.points);
        weights.least > 0 && points >= weights.least
    });
    if asked.next().is_none() {
        return;
    }
    let (observation, numbers) = observe(query, languages, reading, facts);
    let read = Read::new(model, &observation);
    for (name, weights) in model.facts() {
        let fact = facts.entry(name.to_owned()).or_default();
        if fact.points < weights.least {
            continue;
        }
        let weighed = read.weigh(model, weights, name, &observation);
        // The frames tell better than the model which sentence it is.
        if !fact.is_likely() {
            let likeliest = weighed.sentence.and_then(|at| numbers.get(at));
            fact.sentence = likeliest.copied().unwrap_or(fact.sentence);
        }
        fact.model = weights.bounded(weighed.points);
        fact.points += fact.model;
        fact.words = weighed.words;
    }
}

/// What the message shows before the model is asked, and the numbers of its sentences in the reading.
pub(super) fn observe(
    query: &Query,
    languages: &[Signals<'_>],
    reading: &Reading<'_>,
    facts: &BTreeMap<String, Fact>,
) -> (Observation, Vec<usize>) {
    let mut observation = Observation::default();
    let mut numbers = Vec::new();
    for sentence in 0..reading.len() {
        let place = reading.passage(sentence).map(|(p, _)| p.place);
        if !matches!(place, Some(Place::Subject | Place::Body)) {
            continue;
        }
        let hits = languages.iter().flat_map(|s| s.in_sentence(sentence));
        let names = hits.filter_map(|hit| query.signals.get(hit.signal));
        let names = names.map(|signal| signal.name.clone()).collect();
        observation.signals.push(names);
        observation
            .sentences
            .push(reading.folded(sentence).to_owned());
        numbers.push(sentence);
    }
    let place = |fact: &Fact| numbers.binary_search(&fact.sentence).ok();
    let points = facts.iter();
    observation.points = points
        .map(|(name, fact)| (name.clone(), (fact.points, place(fact))))
        .collect();
    (observation, numbers)
}

/// What frames, the strongest first, add: the strongest counts whole, two more support it, guards count whole.
pub(super) fn counted(frames: &[(usize, i32)]) -> impl Iterator<Item = (usize, i32)> + '_ {
    frames.iter().enumerate().map(|(rank, &(frame, points))| {
        let counts = match rank {
            0 => points,
            1 | 2 if points > 0 => SUPPORT,
            _ => points.min(0),
        };
        (frame, counts)
    })
}

/// Puts frames into the order of their strength, and sums what they add.
fn frame_points(frames: &mut [(usize, i32)]) -> i32 {
    frames.sort_by_key(|&(number, points)| (-points, number));
    counted(frames).map(|(_, points)| points).sum()
}
