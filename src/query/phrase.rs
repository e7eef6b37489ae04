//! The phrase language: words, alternatives, options, gaps and lists, compiled into literals for the gate and a matcher for the
//! rest.
//!
//! ```text
//! my last day                 words in this order, whatever their case and accents
//! leav*                       a word that begins so
//! (my|our) last [working] day alternatives, and a part that may be missing
//! last ..2 day                up to two words in between
//! 0 years                     any number, in figures
//! leave @own                  the organisation's name
//! from @weekday               any entry of the list `weekday` of the same language
//! ```

mod anchor;
mod syntax;

use std::ops::Range;
use std::sync::Arc;

pub use anchor::Anchor;
pub use syntax::Lists;

use super::vocabulary::{Atom, Sentence, Vocabulary};

/// One element of a phrase.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Node {
    /// A word that one of these atoms fits, in all spellings (`fuer`, `fur`), sorted.
    Word(Box<[Atom]>),
    /// Up to so many words.
    Gap(usize),
    /// One of several sequences.
    Any(Branches),
    /// A sequence that may be missing.
    Maybe(Branches),
}

/// Alternatives; those of a list are shared by all phrases that name it.
type Branches = Arc<[Vec<Node>]>;

/// A compiled phrase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Phrase {
    nodes: Vec<Node>,
    /// Words, or pairs of words beside each other, of which every match contains at least one; seldom seen.
    pub anchors: Vec<Anchor>,
    /// Parts that a match cannot do without: for each, the atoms of which one is there.
    needs: Vec<Box<[Atom]>>,
    /// How many words of a match stand before its anchor's last word.
    before: anchor::Span,
}

/// Atoms up to which looking at each is the quickest.
const FEW: usize = 6;
/// Words of a match, at most: a position is a bit.
const MOST_WORDS: usize = 127;

impl Phrase {
    /// Compiles a phrase; its words are added to the vocabulary.
    ///
    /// # Errors
    /// What is wrong with it, for people.
    pub fn compile(
        source: &str,
        lists: &Lists,
        vocabulary: &mut Vocabulary,
    ) -> Result<Self, String> {
        let nodes = syntax::parse(source, lists, vocabulary)?;
        if anchor::fewest(&nodes) == 0 {
            return Err(
                "the phrase can match nothing at all: make a part of it obligatory".to_owned(),
            );
        }
        let (anchors, before) = anchor::anchors(&nodes, vocabulary)
            .ok_or_else(|| "the phrase needs at least one obligatory word".to_owned())?;
        Ok(Self {
            needs: anchor::needs(&nodes, vocabulary),
            nodes,
            anchors,
            before,
        })
    }

    /// Whether a sentence that has these atoms may hold the phrase: a look before [`Phrase::find`].
    #[must_use]
    pub fn may_stand(&self, has: impl Fn(Atom) -> bool) -> bool {
        let mut needs = self.needs.iter();
        needs.all(|atoms| atoms.iter().any(|&atom| has(atom)))
    }

    /// The match around an anchor whose last word is the word `anchor` of a sentence, as a range of the text's bytes.
    #[must_use]
    pub fn find(&self, sentence: Sentence<'_>, anchor: usize) -> Option<Range<usize>> {
        let (fewest, most) = self.before;
        let starts = anchor.saturating_sub(most)..(anchor + 1).saturating_sub(fewest);
        starts.into_iter().find_map(|start| {
            let ends = walk(&self.nodes, sentence, start, 1);
            let length = usize::try_from(ends.checked_ilog2()?).ok()?;
            sentence.bytes(start..start + length)
        })
    }
}

/// Positions that a sequence can reach from a set of positions: bit `n` is the position `n` words after `start`.
fn walk(nodes: &[Node], sentence: Sentence<'_>, start: usize, from: u128) -> u128 {
    let mut reached = from;
    for node in nodes {
        if reached == 0 {
            break;
        }
        let through = |branches: &[Vec<Node>]| {
            branches
                .iter()
                .fold(0, |all, b| all | walk(b, sentence, start, reached))
        };
        reached = match node {
            Node::Word(atoms) => step(atoms, sentence, start, reached),
            Node::Gap(most) => {
                let rest = sentence.len().saturating_sub(start).min(MOST_WORDS);
                let inside = u128::MAX >> (MOST_WORDS - rest);
                (0..*most).fold(reached, |all, _| all | all << 1) & inside
            }
            Node::Any(branches) => through(branches),
            Node::Maybe(branches) => reached | through(branches),
        };
    }
    reached
}

/// One word further from each position whose word has one of the atoms.
fn step(wanted: &[Atom], sentence: Sentence<'_>, start: usize, from: u128) -> u128 {
    let is_wanted = |atom: &Atom| {
        if wanted.len() > FEW {
            wanted.binary_search(atom).is_ok()
        } else {
            wanted.contains(atom)
        }
    };
    let (mut left, mut reached) = (from, 0);
    while left != 0 {
        let at = left.trailing_zeros();
        left &= left - 1;
        if sentence.atoms(start + at as usize).iter().any(is_wanted) {
            reached |= 2_u128 << at;
        }
    }
    reached
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::query::fold::Folded;
    use crate::query::vocabulary::Spoken;

    fn lists() -> Lists {
        let days = vec!["monday".to_owned(), "next friday".to_owned()];
        Lists::from(BTreeMap::from([("day".to_owned(), days)]))
    }

    #[track_caller]
    fn check(phrase: &str, sentence: &str, expected: Option<&str>) {
        let mut vocabulary = Vocabulary::default();
        let phrase = Phrase::compile(phrase, &lists(), &mut vocabulary).expect("compiles");
        let folded = Folded::new(sentence, 0..sentence.len());
        let mut spoken = Spoken::default();
        spoken.add(&folded, &vocabulary);
        let words = spoken.sentence(0);
        // The gate calls with the places of the anchors.
        let is_anchor = |word: &usize| {
            phrase.anchors.iter().any(|anchor| {
                let before = || word.checked_sub(1).map(|before| words.atoms(before));
                words.atoms(*word).contains(&anchor.last)
                    && anchor
                        .before
                        .is_none_or(|first| before().is_some_and(|b| b.contains(&first)))
            })
        };
        let found = (0..words.len())
            .filter(is_anchor)
            .find_map(|word| phrase.find(words, word))
            .map(|range| folded.text[range].to_owned());
        assert_eq!(found.as_deref(), expected);
    }

    #[test]
    fn phrases_match_words() {
        check(
            "my last day",
            "Today is MY last dáy here",
            Some("my last day"),
        );
        check("my last day", "my lasting day", None);
        check("leav*", "I am leaving", Some("leaving"));
        check(
            "(my|our) last [working] day",
            "our last working day",
            Some("our last working day"),
        );
        check(
            "(my|our) last [working] day",
            "my last day",
            Some("my last day"),
        );
        check(
            "last ..2 day",
            "my last full working day",
            Some("last full working day"),
        );
        check("last ..2 day", "my last full and final day", None);
        check("from @day", "from next Friday on", Some("from next friday"));
        check("I'm off", "well I'm off now", Some("i m off"));
        check("0 june", "on 28 june", Some("28 june"));
        check("für immer", "fuer immer weg", Some("fuer immer"));
        check("für immer", "für immer weg", Some("fur immer"));
        check(
            "plego ..4 a finals",
            "plego de la casa a finals",
            Some("plego de la casa a finals"),
        );
        check(
            "[very] (good|bad ..1) leav* @day",
            "bad old leaving monday",
            Some("bad old leaving monday"),
        );
    }

    #[test]
    fn broken_phrases_are_told() {
        for broken in [
            "", "..3", "[a]", "(a", "a)", "@nothing", "a ..x", "..40 a", "([a]|b)",
        ] {
            let compiled = Phrase::compile(broken, &lists(), &mut Vocabulary::default());
            assert!(compiled.is_err(), "{broken}");
        }
    }

    #[test]
    fn anchors_are_obligatory_and_seldom() {
        let check = |phrase: &str, expected: &[(&str, &str)]| {
            let mut vocabulary = Vocabulary::default();
            let phrase = Phrase::compile(phrase, &lists(), &mut vocabulary).expect("compiles");
            let mut anchors: Vec<Anchor> = expected
                .iter()
                .map(|(before, last)| Anchor {
                    before: (!before.is_empty()).then(|| vocabulary.word(before)),
                    last: vocabulary.word(last),
                })
                .collect();
            anchors.sort_unstable();
            assert_eq!(phrase.anchors, anchors);
        };
        check(
            "last ..2 (monday|friday) [maybe]",
            &[("", "friday"), ("", "monday")],
        );
        check("leaving ..2 (to|at) ..1 [maybe]", &[("", "leaving")]);
        check("my last day", &[("last", "day")]);
        check("am [so] off", &[("am", "off"), ("so", "off")]);
        check(
            "in (my last|our) job ..2",
            &[("last", "job"), ("our", "job")],
        );
    }
}
