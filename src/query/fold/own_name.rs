//! The organisation's name in a folded text, however it is written.

use super::{Folded, Word, fold_words};

/// What stands in folded text in place of the organisation's name; no text folds into it.
pub const OWN_NAME: &str = "§";
/// Words of an organisation's name, at most.
const MOST_NAME_WORDS: usize = 4;
/// Letters from which on the first word of a name will do.
const LONG_WORD: usize = 5;
/// Letters of a label that is a name, at least.
const SHORT_LABEL: usize = 3;

/// The names by which an organisation may be called: the first labels of its domains, folded, without hyphens, and the long
/// words between the hyphens (`cabinet-armor` is also "Armor").
#[must_use]
pub fn own_labels(domains: &[String]) -> Vec<String> {
    let mut labels = Vec::new();
    for first in domains.iter().filter_map(|d| d.split('.').next()) {
        let folded = fold_words(first);
        labels.push(folded.replace(' ', ""));
        let words = folded.split(' ').filter(|w| w.len() >= LONG_WORD);
        labels.extend(words.map(str::to_owned));
    }
    labels.retain(|label| label.len() >= SHORT_LABEL);
    labels.dedup();
    labels
}

impl Folded {
    /// Replaces the organisation's name by [`OWN_NAME`], so that phrases can ask for it: words that together spell the first
    /// label of one of its domains (`talleres-iruna` and `talleresiruna` are "Talleres Iruña"), or one long word that
    /// begins it.
    #[must_use]
    pub fn with_own_name(self, labels: &[String]) -> Self {
        let is_named = || {
            let mut sentences = self.sentences.iter().map(|s| self.words_of(s));
            sentences.any(|words| {
                (0..words.len()).any(|at| {
                    let rest = words.get(at..).unwrap_or_default();
                    self.own_name(rest, labels).is_some()
                })
            })
        };
        if labels.is_empty() || !is_named() {
            return self;
        }
        let mut marked = Self::default();
        for sentence in &self.sentences {
            let mut rest = self.words_of(sentence);
            let mut begins = true;
            while let Some(first) = rest.first() {
                let named = self.own_name(rest, labels);
                let (taken, after) = rest.split_at(named.unwrap_or(1));
                let end = taken.last().map_or(first.original.end, |w| w.original.end);
                let word = match named {
                    Some(_) => OWN_NAME,
                    None => self.word(first),
                };
                marked.push(word, first.original.start..end, begins);
                (rest, begins) = (after, false);
            }
        }
        marked
    }

    fn word(&self, word: &Word) -> &str {
        self.text.get(word.folded.clone()).unwrap_or_default()
    }

    /// How many of the words, from the first on, spell one of the labels.
    fn own_name(&self, words: &[Word], labels: &[String]) -> Option<usize> {
        labels.iter().find_map(|label| {
            let mut left = label.as_str();
            for (number, word) in words.iter().take(MOST_NAME_WORDS).enumerate() {
                let word = self.word(word);
                left = left.strip_prefix(word)?;
                let next = words.get(number + 1).map(|w| self.word(w));
                let goes_on = next.is_some_and(|next| left.starts_with(next));
                let begins = number == 0 && word.len() >= LONG_WORD;
                if left.is_empty() || begins && !goes_on {
                    return Some(number + 1);
                }
            }
            None
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_organisation_is_marked() {
        let labels = own_labels(&[
            "talleres-iruna.example".to_owned(),
            "brezo.example".to_owned(),
        ]);
        let check = |text: &str, expected: &str| {
            let folded = Folded::new(text, 0..text.len()).with_own_name(&labels);
            let first = folded.sentences.first().expect("a sentence").clone();
            assert_eq!(&folded.text[first.folded.clone()], expected);
            assert_eq!(folded.original_range(&first.folded), first.original);
        };
        check("I leave Brezo", "i leave §");
        check("Dejo Talleres Iruña hoy", "dejo § hoy");
        check("los talleres de Iruña", "los § de §");
        check("brezos", "brezos");
        check("je quitte Iruña", "je quitte §");
    }
}
