//! Linear models over folded words and character n-grams, with their weights in a text file that people can read.
//!
//! One line a weight: `head TAB term TAB weight`, the weight in hundredths of a logit, and the term `*` alone for the
//! intercept. There are three kinds of heads:
//!
//! - `FACT` weighs a sentence's terms: `=word`, `=two words`, `~gram` (five characters inside one word, `^` and `$` being its
//!   ends).
//! - `FACT text` weighs the same terms of the author's whole text.
//! - `FACT message` weighs what a whole message shows: its signals, the points of its frames, and what the other heads make of
//!   it. [`crate::detect::whole`] describes these traits. Its term `least` tells how many points of frames there must be, `up` and `down` how many points
//!   it may add or take away.
//!
//! A text is scored by the sum over its distinct terms, times eight, divided by the root of their number.

mod terms;

use std::collections::{BTreeMap, HashMap};

use rustc_hash::FxBuildHasher;

pub use terms::{USUAL_LENGTH, length, terms};

/// How heads over whole messages end.
const MESSAGE: &str = " message";

/// Weights of all heads.
#[derive(Debug, Clone, Default)]
pub struct Model {
    /// Of the heads over terms.
    heads: Vec<String>,
    /// By term, a weight for each head.
    weights: HashMap<String, Vec<i32>, FxBuildHasher>,
    intercepts: Vec<i32>,
    /// By fact.
    messages: BTreeMap<String, Weights>,
}

/// Weights of one head, in hundredths of a logit.
#[derive(Debug, Clone, Default)]
pub struct Weights {
    /// What is there always.
    pub intercept: i32,
    /// Points of frames from which on the head has a say, by the term `least`.
    pub least: i32,
    /// Points that the head may add, at most, by the term `up`; as many as it likes without.
    pub up: Option<i32>,
    /// Points that the head may take away, at most, by the term `down`.
    pub down: Option<i32>,
    /// By term.
    pub of: HashMap<String, i32, FxBuildHasher>,
}

impl Weights {
    /// The sum over terms, each with how much of it there is, in hundredths.
    #[must_use]
    pub fn sum<'t>(&self, terms: impl Iterator<Item = (&'t str, i32)>) -> i32 {
        let weighed = terms.filter_map(|(term, much)| Some(self.of.get(term)? * much / 100));
        self.intercept + weighed.sum::<i32>()
    }

    /// Points as the head may add them.
    #[must_use]
    pub fn bounded(&self, points: i32) -> i32 {
        let no_more = points.min(self.up.unwrap_or(points));
        no_more.max(self.down.map_or(no_more, i32::wrapping_neg))
    }

    fn add(&mut self, term: &str, weight: i32) {
        match term {
            "*" => self.intercept += weight,
            "least" => self.least = weight,
            "up" => self.up = Some(weight),
            "down" => self.down = Some(weight),
            _ => *self.of.entry(term.to_owned()).or_default() += weight,
        }
    }
}

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
        if let Some(fact) = head.strip_suffix(MESSAGE) {
            let weights = self.messages.entry(fact.to_owned()).or_default();
            weights.add(term, weight);
        } else {
            self.add_term(head, term, weight);
        }
    }

    fn add_term(&mut self, head: &str, term: &str, weight: i32) {
        let at = self.head(head).unwrap_or_else(|| {
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

    /// The heads over terms.
    #[must_use]
    pub fn heads(&self) -> &[String] {
        &self.heads
    }

    /// The place of a head among those over terms.
    #[must_use]
    pub fn head(&self, name: &str) -> Option<usize> {
        self.heads.iter().position(|h| h == name)
    }

    /// The weights for a fact of what a whole message shows.
    #[must_use]
    pub fn message(&self, fact: &str) -> Option<&Weights> {
        self.messages.get(fact)
    }

    /// The facts that whole messages are weighed for, with their weights.
    pub fn facts(&self) -> impl Iterator<Item = (&str, &Weights)> {
        self.messages
            .iter()
            .map(|(fact, weights)| (fact.as_str(), weights))
    }

    /// Scores a folded text for every head over terms, in hundredths of a logit, in the order of [`Model::heads`].
    #[must_use]
    pub fn score(&self, text: &str) -> Vec<i32> {
        let mut sums = vec![0; self.heads.len()];
        let terms = terms::each_term(text, |term, _| {
            let known = self.weights.get(term).into_iter().flatten();
            for (sum, weight) in sums.iter_mut().zip(known) {
                *sum += weight;
            }
        });
        let length = length(terms);
        let scored = sums.iter().zip(&self.intercepts);
        scored
            .map(|(sum, intercept)| intercept + sum * USUAL_LENGTH / length)
            .collect()
    }

    /// The words of a folded text that speak most for a head, as folded, strongest first, three at most.
    #[must_use]
    pub fn strongest(&self, head: usize, text: &str) -> Vec<String> {
        let mut words: BTreeMap<&str, i32> = BTreeMap::new();
        terms::each_term(text, |term, word| {
            let weight = self.weights.get(term).and_then(|of| of.get(head));
            *words.entry(word).or_default() += weight.unwrap_or(&0);
        });
        let mut strongest: Vec<(&str, i32)> = words.into_iter().filter(|&(_, w)| w > 0).collect();
        strongest.sort_by_key(|&(word, weight)| (-weight, word));
        let strongest = strongest.into_iter().take(3);
        strongest.map(|(word, _)| word.to_owned()).collect()
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
        let text = "my last day is a day";
        assert_eq!(model.score(text), [793, 18]);
        assert_eq!(model.strongest(0, text), ["last day", "day"]);
        assert_eq!(model.heads(), ["notice", "other"]);
    }

    #[test]
    fn heads_over_messages_are_kept_apart() {
        let model = Model::parse(
            "notice message\t*\t-5\nnotice message\tsignal departure\t250\nnotice message\tup\t30\n\
             notice message\tdown\t20\nnotice message\tleast\t15\n",
        )
        .expect("parses");
        assert_eq!(model.heads(), [""; 0]);
        let message = model.message("notice").expect("is there");
        let traits = [("signal departure", 100), ("signal time", 100)];
        assert_eq!(message.sum(traits.into_iter()), 245);
        assert_eq!(message.least, 15);
        assert_eq!([45, 7, -45].map(|p| message.bounded(p)), [30, 7, -20]);
        assert_eq!(Weights::default().bounded(-45), -45);
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
