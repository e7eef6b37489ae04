//! What a whole message shows of a fact, beside the frames of its best sentence.
//!
//! The model's head `FACT message` weighs these traits, in hundredths:
//!
//! - `points`: a hundred for thirty points of the frames in the best sentence, from -60 to 90 points. They also count by
//!   themselves, six hundredths of a logit each. `likely` and `holds`: a hundred from 20 and from 50 points on.
//! - `signal NAME`: a hundred if the signal stands anywhere; `both NAME NAME`: if two stand in one sentence.
//! - `first`, `second`, `third`: a third of the logits, by the head `FACT`, of the three likeliest passages; a passage is a
//!   sentence, or two in a row.
//! - `here`: the same of the sentence in which the frames make the most points.
//! - `text`: a third of the whole text's logit, by the head `FACT text`.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::fact::{HOLDS, LIKELY};
use crate::query::model::{Model, Weights};

/// Hundredths of a logit that are one point.
pub const POINT: i32 = 6;
/// Sentences at the beginning of a message that the model reads, at most.
const MOST_SENTENCES: usize = 300;

/// What a message shows before the model is asked: its author's own sentences and what the phrases and frames of a query make
/// of them. Signatures are left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Observation {
    /// Sentences, folded, in order.
    pub sentences: Vec<String>,
    /// For each sentence, the signals in it.
    pub signals: Vec<BTreeSet<String>>,
    /// By fact, what the frames make of the best sentence, and its place among the sentences; none for one that stands
    /// elsewhere.
    pub points: BTreeMap<String, (i32, Option<usize>)>,
}

/// What the model makes of the passages and of the whole text for one fact, in hundredths of a logit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Opinion {
    /// Of the three likeliest passages, the likeliest first.
    pub best: [i32; 3],
    /// Of the sentence in which the frames make the most points.
    pub here: i32,
    /// Of the whole text.
    pub text: i32,
}

impl Opinion {
    /// From the logits of all passages, the place of the sentence in which the frames make the most points, and the text's
    /// logit.
    #[must_use]
    pub fn new(mut passages: Vec<i32>, here: Option<usize>, text: i32) -> Self {
        let here = here.and_then(|at| passages.get(at).copied());
        passages.sort_unstable_by_key(|&logit| Reverse(logit));
        let of = |rank: usize| {
            let known = passages.get(rank).or(passages.last());
            counted(known.copied().unwrap_or_default())
        };
        Self {
            best: [of(0), of(1), of(2)],
            here: here.map_or_else(|| of(0), counted),
            text: counted(text),
        }
    }
}

/// Logits beyond these say no more.
fn counted(logit: i32) -> i32 {
    logit.clamp(-600, 900)
}

/// Points of frames beyond these say no more.
#[must_use]
pub fn counted_points(points: i32) -> i32 {
    points.clamp(-60, 90)
}

impl Observation {
    /// The sentences that the model reads.
    fn read(&self) -> &[String] {
        let first = self.sentences.get(..MOST_SENTENCES);
        first.unwrap_or(&self.sentences)
    }

    /// The passages that the model reads: each sentence, and each with its next.
    #[must_use]
    pub fn passages(&self) -> Vec<String> {
        let read = self.read();
        let pairs = read.windows(2).map(|two| two.join(" "));
        read.iter().cloned().chain(pairs).collect()
    }

    /// The text that the model reads.
    #[must_use]
    pub fn text(&self) -> String {
        self.read().join(" ")
    }

    /// What the frames make of the best sentence for a fact.
    #[must_use]
    pub fn points(&self, fact: &str) -> i32 {
        self.points.get(fact).map_or(0, |(points, _)| *points)
    }

    /// The place of that sentence.
    #[must_use]
    pub fn place(&self, fact: &str) -> Option<usize> {
        let place = self.points.get(fact).and_then(|(_, place)| *place);
        // Passages are the single sentences first.
        place.filter(|&at| at < self.read().len())
    }

    /// The traits for a fact, in hundredths.
    #[must_use]
    pub fn traits(&self, fact: &str, opinion: &Opinion) -> Vec<(String, i32)> {
        let points = self.points(fact);
        let mut traits = vec![("points".to_owned(), counted_points(points) * 100 / 30)];
        let reached = [("likely", LIKELY), ("holds", HOLDS)];
        traits.extend(
            reached
                .iter()
                .filter(|(_, bar)| points >= *bar)
                .map(|(name, _)| ((*name).to_owned(), 100)),
        );
        let mut shown: BTreeSet<String> = BTreeSet::new();
        for signals in &self.signals {
            shown.extend(signals.iter().map(|signal| format!("signal {signal}")));
            let pairs = signals
                .iter()
                .enumerate()
                .flat_map(|(at, a)| signals.iter().skip(at + 1).map(move |b| (a, b)));
            shown.extend(pairs.map(|(a, b)| format!("both {a} {b}")));
        }
        traits.extend(shown.into_iter().map(|name| (name, 100)));
        let ranks = ["first", "second", "third"].iter().zip(opinion.best);
        let logits = ranks.chain([(&"here", opinion.here), (&"text", opinion.text)]);
        traits.extend(logits.map(|(name, logit)| ((*name).to_owned(), logit / 3)));
        traits
    }
}

/// What a model makes of a whole message.
#[derive(Debug, Clone, Default)]
pub(super) struct Read {
    /// Of each passage, the logits by head.
    passages: Vec<(String, Vec<i32>)>,
    /// Of the text, the logits by head.
    text: Vec<i32>,
}

impl Read {
    pub(super) fn new(model: &Model, observation: &Observation) -> Self {
        let passages = observation.passages().into_iter();
        let scored = passages.map(|passage| {
            let logits = model.score(&passage);
            (passage, logits)
        });
        Self {
            passages: scored.collect(),
            text: model.score(&observation.text()),
        }
    }

    /// The points that a message's traits add to those of the frames, with the words that speak most for the fact, and the
    /// place of the likeliest single sentence.
    pub(super) fn weigh(
        &self,
        model: &Model,
        weights: &Weights,
        fact: &str,
        observation: &Observation,
    ) -> Weighed {
        let head = model.head(fact);
        let logit = |of: &[i32]| head.and_then(|h| of.get(h)).copied().unwrap_or_default();
        let of_text = model.head(&format!("{fact} text"));
        let text = of_text.and_then(|h| self.text.get(h)).copied();
        let logits = self.passages.iter().map(|(_, of)| logit(of)).collect();
        let here = observation.place(fact);
        let opinion = Opinion::new(logits, here, text.unwrap_or_default());
        let traits = observation.traits(fact, &opinion);
        let sum = weights.sum(traits.iter().map(|(name, much)| (name.as_str(), *much)));
        let singles = self.passages.iter().take(observation.read().len());
        let likeliest = singles
            .enumerate()
            .max_by_key(|(at, (_, of))| (logit(of), Reverse(*at)));
        let words = head.zip(likeliest);
        Weighed {
            points: sum / POINT,
            sentence: likeliest.map(|(at, _)| at),
            words: words.map_or_else(Vec::new, |(h, (_, (said, _)))| model.strongest(h, said)),
        }
    }
}

/// What [`Read::weigh`] finds.
#[derive(Debug, Clone, Default)]
pub(super) struct Weighed {
    /// To be added to the frames'.
    pub points: i32,
    /// Index among the observation's sentences.
    pub sentence: Option<usize>,
    /// As folded, strongest first.
    pub words: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn observation(sentences: &[(&str, &[&str])], points: (i32, Option<usize>)) -> Observation {
        let named = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        Observation {
            sentences: sentences.iter().map(|(s, _)| (*s).to_owned()).collect(),
            signals: sentences.iter().map(|(_, names)| named(names)).collect(),
            points: BTreeMap::from([("notice".to_owned(), points)]),
        }
    }

    #[test]
    fn traits_tell_points_signals_and_opinions() {
        let shown = observation(
            &[
                ("i leave on friday", &["departure", "time"]),
                ("bye", &["farewell"]),
            ],
            (30, Some(1)),
        );
        let opinion = Opinion::new(vec![90, 1200, -60], shown.place("notice"), 33);
        let traits = shown.traits("notice", &opinion);
        let expected = [
            ("points", 100),
            ("likely", 100),
            ("both departure time", 100),
            ("signal departure", 100),
            ("signal farewell", 100),
            ("signal time", 100),
            ("first", 300),
            ("second", 30),
            ("third", -20),
            ("here", 300),
            ("text", 11),
        ];
        assert_eq!(traits, expected.map(|(name, much)| (name.to_owned(), much)));
    }

    #[test]
    fn a_model_weighs_the_whole_message() {
        let model = Model::parse(
            "notice\t*\t-100\nnotice\t=leave\t300\nnotice message\t*\t30\n\
             notice message\tfirst\t90\nnotice message\tsignal time\t12\n",
        )
        .expect("parses");
        let shown = observation(&[("bye", &["time"]), ("i leave", &[])], (0, None));
        let weights = model.message("notice").expect("is there");
        let weighed = Read::new(&model, &shown).weigh(&model, weights, "notice", &shown);
        assert_eq!(weighed.sentence, Some(1));
        assert_eq!(weighed.words, ["leave"]);
        // Of `i leave`, seven terms: -100 + 300 * 8 / 2, which counts up to 900; a third of that by 90, 12 and 30.
        assert_eq!(weighed.points, (30 + 270 + 12) / POINT);
    }

    #[test]
    fn a_long_message_is_read_at_its_beginning() {
        let many: Vec<(&str, &[&str])> = vec![("again", &[]); MOST_SENTENCES + 5];
        let shown = observation(&many, (60, Some(MOST_SENTENCES + 1)));
        assert_eq!(shown.passages().len(), 2 * MOST_SENTENCES - 1);
        assert_eq!(shown.place("notice"), None);
    }
}
