//! The terms of a folded text: words, pairs of words, and character n-grams.

use std::collections::{BTreeSet, HashSet};
use std::hash::BuildHasher;

use rustc_hash::FxBuildHasher;

/// Words of a text that are looked at, at most.
const MOST_WORDS: usize = 400;
/// Length of a character n-gram.
const GRAM: usize = 5;
/// [`length`] of a text in which weights count as they are written.
pub const USUAL_LENGTH: i32 = 8;

/// What a text's weights are divided by: the root of the number of its terms, so that a long text does not score by its
/// length alone.
#[must_use]
pub fn length(terms: usize) -> i32 {
    i32::try_from(terms.isqrt()).unwrap_or(i32::MAX).max(1)
}

/// The distinct terms of a folded text. Numbers count as `0`.
#[must_use]
pub fn terms(text: &str) -> BTreeSet<String> {
    let mut terms = BTreeSet::new();
    each_term(text, |term, _| {
        terms.insert(term.to_owned());
    });
    terms
}

/// Hands over each distinct term of a folded text once, with the word or words that it comes from, and tells how many
/// there are.
pub(super) fn each_term<'s>(text: &'s str, mut take: impl FnMut(&str, &'s str)) -> usize {
    let mut words: Vec<(usize, &str)> = Vec::new();
    let mut at = 0;
    for word in text.split([' ', '\n']) {
        if !word.is_empty() && words.len() < MOST_WORDS {
            words.push((at, word));
        }
        at += word.len() + 1;
    }
    let hasher = FxBuildHasher;
    let mut seen: HashSet<u64, FxBuildHasher> = HashSet::default();
    let mut offer = |term: &str, from: &'s str| {
        // Two terms of one text with the same digest of 64 bits: one is not counted.
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
            let both = text.get(start..next_start + next.len()).unwrap_or(word);
            write(&["=", plain, " ", masked(next)], both);
        }
    }
    seen.len()
}

/// A word as terms spell it: numbers are alike.
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
}
