//! A linear model over folded words and character n-grams, with its weights in a text file that people can read.
//!
//! One line a weight: `head TAB term TAB weight`, where the head is the fact that the weight counts for, and the weight is in
//! hundredths of a logit. Terms: `=word`, `=two words`, `~gram` (five characters inside one word, `^` and `$` being its ends),
//! and `*` alone for the intercept. A text is scored by the sum over its distinct terms, times
//! eight, divided by the root of their number.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::hash::BuildHasher;

use rustc_hash::FxBuildHasher;

/// Weights of all heads.
#[derive(Debug, Clone, Default)]
pub struct Model {
    heads: Vec<String>,
    /// By term, a weight for each head.
    weights: HashMap<String, Vec<i32>, FxBuildHasher>,
    intercepts: Vec<i32>,
}

/// A head's score of a text, with what speaks for it most.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Score {
    /// Hundredths of a logit.
    pub logit: i32,
    /// The strongest words for it, as folded, strongest first.
    pub strongest: Vec<String>,
}

/// Words of a sentence that are looked at, at most.
const MOST_WORDS: usize = 120;
/// Length of a character n-gram.
const GRAM: usize = 5;
/// [`length`] of a sentence in which weights count as they are written.
pub const USUAL_LENGTH: i32 = 8;

impl Model {
    /// Reads a weights file.
    ///
    /// # Errors
    /// Names the line that is wrong.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut model = Self::default();
        for (number, line) in text.lines().enumerate() {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let broken = || {
                format!(
                    "line {}: expected head, term and weight, apart by tabs",
                    number + 1
                )
            };
            let mut fields = line.split('\t');
            let (Some(head), Some(term), Some(weight), None) =
                (fields.next(), fields.next(), fields.next(), fields.next())
            else {
                return Err(broken());
            };
            let weight: i32 = weight.parse().map_err(|_| broken())?;
            model.add(head, term, weight);
        }
        Ok(model)
    }

    fn add(&mut self, head: &str, term: &str, weight: i32) {
        let at = self
            .heads
            .iter()
            .position(|h| h == head)
            .unwrap_or_else(|| {
                self.heads.push(head.to_owned());
                self.intercepts.push(0);
                self.heads.len() - 1
            });
        let weights = if term == "*" {
            &mut self.intercepts
        } else {
            self.weights.entry(term.to_owned()).or_default()
        };
        if weights.len() <= at {
            weights.resize(at + 1, 0);
        }
        if let Some(slot) = weights.get_mut(at) {
            *slot += weight;
        }
    }

    /// The facts that the model has weights for.
    #[must_use]
    pub fn heads(&self) -> &[String] {
        &self.heads
    }

    /// Scores a folded sentence for every head, in the order of [`Model::heads`].
    #[must_use]
    pub fn score(&self, sentence: &str) -> Vec<Score> {
        let mut known: Vec<(&str, &[i32])> = Vec::new();
        let terms = each_term(sentence, |term, word| {
            if let Some(weights) = self.weights.get(term) {
                known.push((word, weights));
            }
        });
        let length = length(terms);
        let heads = self.intercepts.iter().enumerate();
        heads
            .map(|(head, &intercept)| {
                let of_head = |weights: &[i32]| weights.get(head).copied().unwrap_or_default();
                let sum: i32 = known.iter().map(|(_, weights)| of_head(weights)).sum();
                let mut words: BTreeMap<&str, i32> = BTreeMap::new();
                for (word, weights) in &known {
                    *words.entry(word).or_default() += of_head(weights);
                }
                let mut strongest: Vec<(&str, i32)> =
                    words.into_iter().filter(|&(_, w)| w > 0).collect();
                strongest.sort_by_key(|&(word, weight)| (-weight, word));
                let strongest = strongest.into_iter().take(3);
                Score {
                    logit: intercept + sum * USUAL_LENGTH / length,
                    strongest: strongest.map(|(w, _)| w.to_owned()).collect(),
                }
            })
            .collect()
    }
}

/// What a sentence's weights are divided by: the root of the number of its terms, so that a long sentence does not score
/// by its length alone.
#[must_use]
pub fn length(terms: usize) -> i32 {
    i32::try_from(terms.isqrt()).unwrap_or(i32::MAX).max(1)
}

/// The distinct terms of a folded sentence. Numbers count as `0`.
#[must_use]
pub fn terms(sentence: &str) -> BTreeSet<String> {
    let mut terms = BTreeSet::new();
    each_term(sentence, |term, _| {
        terms.insert(term.to_owned());
    });
    terms
}

/// Hands over each distinct term of a folded sentence once, with the word or words that it comes from, and tells how many
/// there are.
fn each_term<'s>(sentence: &'s str, mut take: impl FnMut(&str, &'s str)) -> usize {
    let mut words: Vec<(usize, &str)> = Vec::new();
    let mut at = 0;
    for word in sentence.split(' ') {
        if !word.is_empty() && words.len() < MOST_WORDS {
            words.push((at, word));
        }
        at += word.len() + 1;
    }
    let hasher = FxBuildHasher;
    let mut seen: HashSet<u64, FxBuildHasher> = HashSet::default();
    let mut offer = |term: &str, from: &'s str| {
        // Two terms of one sentence with the same digest of 64 bits: one is not counted.
        if seen.insert(hasher.hash_one(term)) {
            take(term, from);
        }
    };
    let mut term = String::new();
    for (position, &(start, word)) in words.iter().enumerate() {
        let plain = masked(word);
        let mut write = |parts: &[&str], from: &'s str| {
            term.clear();
            term.extend(parts.iter().copied());
            offer(&term, from);
        };
        write(&["=", plain], word);
        grams(plain, |gram| write(&["~", gram], word));
        if let Some(&(next_start, next)) = words.get(position + 1) {
            let both = sentence.get(start..next_start + next.len()).unwrap_or(word);
            write(&["=", plain, " ", masked(next)], both);
        }
    }
    seen.len()
}

fn masked(word: &str) -> &str {
    if word.bytes().any(|b| b.is_ascii_digit()) {
        "0"
    } else {
        word
    }
}

/// The n-grams of a word between its ends.
fn grams(word: &str, mut take: impl FnMut(&str)) {
    let marked = format!("^{word}$");
    let mut starts = marked.char_indices().map(|(at, _)| at);
    let ends = marked
        .char_indices()
        .map(|(at, _)| at)
        .chain([marked.len()]);
    for end in ends.skip(GRAM) {
        if let Some(gram) = starts.next().and_then(|start| marked.get(start..end)) {
            take(gram);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_weights_of_distinct_terms() {
        let model = Model::parse(
            "# c\nnotice\t*\t-300\nnotice\t=last day\t400\nnotice\t=day\t10\nother\t=my\t7\n",
        )
        .expect("parses");
        let scores = model.score("my last day is a day");
        assert_eq!(
            scores[0],
            Score {
                logit: 793,
                strongest: vec!["last day".to_owned(), "day".to_owned()]
            }
        );
        assert_eq!(scores[1].logit, 18);
    }

    #[test]
    fn terms_are_words_pairs_and_grams() {
        let all: Vec<String> = terms("am 28 leaving").into_iter().collect();
        assert_eq!(
            all,
            [
                "=0",
                "=0 leaving",
                "=am",
                "=am 0",
                "=leaving",
                "~^leav",
                "~aving",
                "~eavin",
                "~leavi",
                "~ving$"
            ]
        );
    }

    #[test]
    fn a_broken_line_is_named() {
        assert!(
            Model::parse("notice\tx")
                .expect_err("two fields")
                .contains("line 1")
        );
    }
}
