//! A linear model over folded words and character n-grams, with its weights in a text file that people can read.
//!
//! One line a weight: `head TAB term TAB weight`, where the head is the fact that the weight counts for, and the weight is in
//! hundredths of a logit. Terms: `=word`, `=two words`, `~gram` (five characters inside one word, `^` and `$` being its ends),
//! and `*` alone for the intercept. A text is scored by the sum over its distinct terms, times
//! eight, divided by the root of their number.

use std::collections::BTreeMap;
use std::collections::HashMap;

/// Weights of all heads.
#[derive(Debug, Clone, Default)]
pub struct Model {
    heads: Vec<String>,
    /// By term, a weight for each head.
    weights: HashMap<String, Vec<i32>>,
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
        let mut scores = vec![Score::default(); self.intercepts.len()];
        let mut spoken: Vec<BTreeMap<&str, i32>> = vec![BTreeMap::new(); scores.len()];
        let terms = terms(sentence);
        for (term, word) in &terms {
            let Some(weights) = self.weights.get(term.as_str()) else {
                continue;
            };
            for ((score, words), &weight) in scores.iter_mut().zip(&mut spoken).zip(weights) {
                score.logit += weight;
                *words.entry(word).or_default() += weight;
            }
        }
        let length = length(terms.len());
        for (score, &intercept) in scores.iter_mut().zip(&self.intercepts) {
            score.logit = intercept + score.logit * USUAL_LENGTH / length;
        }
        for (score, words) in scores.iter_mut().zip(spoken) {
            let mut strongest: Vec<(&str, i32)> =
                words.into_iter().filter(|&(_, w)| w > 0).collect();
            strongest.sort_by_key(|&(word, weight)| (-weight, word));
            score.strongest = strongest
                .into_iter()
                .take(3)
                .map(|(w, _)| w.to_owned())
                .collect();
        }
        scores
    }
}

/// What a sentence's weights are divided by: the root of the number of its terms, so that a long sentence does not score
/// by its length alone.
#[must_use]
pub fn length(terms: usize) -> i32 {
    i32::try_from(terms.isqrt()).unwrap_or(i32::MAX).max(1)
}

/// The distinct terms of a folded sentence, each with the word or words that it comes from. Numbers count as `0`.
#[must_use]
pub fn terms(sentence: &str) -> BTreeMap<String, &str> {
    let mut terms = BTreeMap::new();
    let mut words: Vec<(usize, &str)> = Vec::new();
    let mut at = 0;
    for word in sentence.split(' ') {
        if !word.is_empty() && words.len() < MOST_WORDS {
            words.push((at, word));
        }
        at += word.len() + 1;
    }
    for (position, &(start, word)) in words.iter().enumerate() {
        let plain = masked(word);
        terms.entry(format!("={plain}")).or_insert(word);
        grams(plain, |gram| {
            terms.entry(format!("~{gram}")).or_insert(word);
        });
        if let Some(&(next_start, next)) = words.get(position + 1) {
            let both = sentence.get(start..next_start + next.len()).unwrap_or(word);
            terms
                .entry(format!("={plain} {}", masked(next)))
                .or_insert(both);
        }
    }
    terms
}

fn masked(word: &str) -> &str {
    if word.bytes().any(|b| b.is_ascii_digit()) {
        "0"
    } else {
        word
    }
}

fn grams(word: &str, mut take: impl FnMut(&str)) {
    let marked = format!("^{word}$");
    let starts: Vec<usize> = marked
        .char_indices()
        .map(|(at, _)| at)
        .chain([marked.len()])
        .collect();
    for window in starts.windows(GRAM + 1) {
        if let (Some(&start), Some(&end)) = (window.first(), window.last())
            && let Some(gram) = marked.get(start..end)
        {
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
        let all: Vec<String> = terms("am 28 leaving").into_keys().collect();
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
