//! The two stages of learning: passages and texts by their terms, messages by their traits.

use std::collections::HashMap;
use std::fmt::{self, Write as _};

use sent_audit::detect::whole::{Observation, Opinion, POINT, counted_points};
use sent_audit::query::model::{USUAL_LENGTH, length, terms};

use super::Fact;
use super::reader::Text;
use super::regression::{Example, Weights, learn};

/// Parts of the texts that are judged by what was learned from the others.
pub(crate) const FOLDS: usize = 4;
/// A term counts if it stands in so many texts.
const LEAST_TEXTS: usize = 3;
/// Rounds in which the passage is chosen that makes a message a notice (multiple-instance learning, Andrews et al. 2003).
const ROUNDS: usize = 2;
/// What errors cost, by stage.
const COST_OF_TERMS: f64 = 20.0;
const COST_OF_TRAITS: f64 = 0.3;
/// Weights below this, in hundredths, are left out of the file.
const LEAST_WEIGHT: i32 = 12;

/// The part that a text belongs to.
pub(crate) fn fold(number: usize) -> usize {
    number % FOLDS
}

/// Features by name, numbered in the order of their coming.
#[derive(Default)]
struct Names {
    numbers: HashMap<String, u32>,
    all: Vec<String>,
}

impl Names {
    fn number(&mut self, name: &str) -> u32 {
        if let Some(&known) = self.numbers.get(name) {
            return known;
        }
        let number = u32::try_from(self.all.len()).expect("few features");
        self.numbers.insert(name.to_owned(), number);
        self.all.push(name.to_owned());
        number
    }
}

/// The first stage: what passages and whole texts say by their terms.
pub(crate) struct Opinions {
    names: Names,
    passages: Weights,
    texts: Weights,
}

impl Opinions {
    /// Learns from the chosen texts; `mixed` are the same as whole messages.
    pub(crate) fn learn(fact: &Fact, texts: &[Text], mixed: &[Text], chosen: &[usize]) -> Self {
        let names = names(chosen.iter().map(|&n| &texts[n]));
        let truth = |n: usize| fact.truth(&texts[n]).unwrap_or_default();
        let example = |text: &str, truth| Example {
            features: features(&names, text),
            offset: 0.0,
            truth,
        };
        let mut known = Vec::new();
        let mut bags = Vec::new();
        for &n in chosen {
            let passages = texts[n].shows.passages();
            if texts[n].is_passage {
                known.push(example(&texts[n].shows.text(), truth(n)));
            }
            if !truth(n) {
                let apart = !texts[n].is_passage || passages.len() > 1;
                let apart = passages.iter().filter(|_| apart);
                known.extend(apart.map(|passage| example(passage, false)));
            } else if !texts[n].is_passage {
                bags.push(passages);
            }
        }
        let mut passages = learn(&known, names.all.len(), COST_OF_TERMS);
        for _ in 0..ROUNDS {
            let before = known.len();
            let likeliest = bags.iter().filter_map(|bag| {
                let logit = |passage: &&String| passages.logit(&features(&names, passage));
                bag.iter().max_by(|a, b| logit(a).total_cmp(&logit(b)))
            });
            let likeliest: Vec<Example> = likeliest.map(|p| example(p, true)).collect();
            known.extend(likeliest);
            passages = learn(&known, names.all.len(), COST_OF_TERMS);
            known.truncate(before);
        }
        let whole: Vec<Example> = chosen
            .iter()
            .map(|&n| example(&mixed[n].shows.text(), truth(n)))
            .collect();
        let texts = learn(&whole, names.all.len(), COST_OF_TERMS / 2.0);
        Self {
            names,
            passages,
            texts,
        }
    }

    /// What it says of a text.
    pub(crate) fn of(&self, fact: &Fact, text: &Text) -> Opinion {
        let hundredths = |weights: &Weights, said: &str| {
            (weights.logit(&features(&self.names, said)) * 100.0).round() as i32
        };
        let passages = text.shows.passages();
        let logits = passages.iter().map(|p| hundredths(&self.passages, p));
        Opinion::new(
            logits.collect(),
            text.shows.place(fact.name),
            hundredths(&self.texts, &text.shows.text()),
        )
    }

    /// Writes the weights of both heads.
    pub(crate) fn write(&self, fact: &str, file: &mut String) -> fmt::Result {
        for (head, weights) in [
            (fact.to_owned(), &self.passages),
            (format!("{fact} text"), &self.texts),
        ] {
            let intercept = (weights.intercept * 100.0).round() as i32;
            writeln!(file, "{head}\t*\t{intercept}")?;
            let mut terms: Vec<(&String, i32)> = self
                .names
                .all
                .iter()
                .zip(&weights.of)
                .map(|(term, weight)| {
                    (
                        term,
                        (weight * 100.0 / f64::from(USUAL_LENGTH)).round() as i32,
                    )
                })
                .filter(|(_, weight)| weight.abs() >= LEAST_WEIGHT)
                .collect();
            terms.sort_unstable();
            for (term, weight) in terms {
                writeln!(file, "{head}\t{term}\t{weight}")?;
            }
        }
        Ok(())
    }
}

fn names<'t>(texts: impl Iterator<Item = &'t Text>) -> Names {
    let mut counts: HashMap<String, usize> = HashMap::new();
    for text in texts {
        for term in terms(&text.shows.text()) {
            *counts.entry(term).or_default() += 1;
        }
    }
    let mut known: Vec<String> = counts
        .into_iter()
        .filter(|&(_, n)| n >= LEAST_TEXTS)
        .map(|(term, _)| term)
        .collect();
    known.sort_unstable();
    let mut names = Names::default();
    for name in &known {
        names.number(name);
    }
    names
}

/// The known terms of a text, each by its share.
fn features(names: &Names, text: &str) -> Vec<(u32, f32)> {
    let all = terms(text);
    let share = 1.0 / length(all.len()) as f32;
    let known = all.iter().filter_map(|term| names.numbers.get(term));
    known.map(|&number| (number, share)).collect()
}

/// The second stage: weights of traits, in hundredths of a logit, by name.
pub(crate) fn learn_messages(
    fact: &Fact,
    texts: &[Text],
    chosen: &[usize],
    opinions: &[Option<Opinion>],
) -> Vec<(String, i32)> {
    let mut names = Names::default();
    let mut examples = Vec::new();
    let mut told = Vec::new();
    for &n in chosen {
        let Some(opinion) = &opinions[n] else {
            continue;
        };
        let traits = texts[n].shows.traits(fact.name, opinion);
        examples.push(Example {
            features: traits
                .iter()
                .map(|(name, much)| (names.number(name), *much as f32 / 100.0))
                .collect(),
            offset: offset(&texts[n].shows, fact.name),
            truth: fact.truth(&texts[n]).unwrap_or_default(),
        });
        told.push(n);
    }
    let weights = learn(&examples, names.all.len(), COST_OF_TRAITS);
    report(fact, texts, &told, &examples, &weights);
    let hundredths = |weight: f64| (weight * 100.0).round() as i32;
    let mut written: Vec<(String, i32)> = names
        .all
        .iter()
        .zip(&weights.of)
        .map(|(name, &weight)| (name.clone(), hundredths(weight)))
        .filter(|(_, weight)| *weight != 0)
        .collect();
    written.push(("*".to_owned(), hundredths(weights.intercept) - fact.doubt));
    written.sort_unstable();
    written
}

/// What the frames' points say already.
fn offset(shows: &Observation, fact: &str) -> f64 {
    f64::from((counted_points(shows.points(fact)) - 50) * POINT) / 100.0
}

/// Prints precision and recall at several bars over the texts in which the model has a say: of opinions that have not seen
/// them, but weights of traits that have.
fn report(fact: &Fact, texts: &[Text], told: &[usize], examples: &[Example], weights: &Weights) {
    for bar in [-1.0, 0.0, 1.0, 2.0, 3.0] {
        let (mut hits, mut misses, mut alarms) = (0, 0, 0);
        for (&n, example) in told.iter().zip(examples) {
            let has_say = texts[n].shows.points(fact.name) >= fact.least;
            let said = has_say && example.offset + weights.logit(&example.features) >= bar;
            match (example.truth, said) {
                (true, true) => hits += 1,
                (true, false) => misses += 1,
                (false, true) => alarms += 1,
                (false, false) => {}
            }
        }
        let ratio = |a: i32, b: i32| f64::from(a) / f64::from((a + b).max(1));
        println!(
            "{:10} {bar:5.1}: precision {:.3} recall {:.3}",
            fact.name,
            ratio(hits, alarms),
            ratio(hits, misses)
        );
    }
}
