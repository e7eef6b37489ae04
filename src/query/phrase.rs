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

pub use syntax::Lists;

/// One element of a phrase.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Node {
    /// A folded word, or one of several, in all spellings (`fuer`, `fur`), sorted.
    Word(Vec<String>),
    /// A word that begins so.
    Prefix(Vec<String>),
    /// A word that begins with a digit, written `0`.
    Number,
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
    /// Literals of which every match contains at least one, each with a space before it, and after it unless it is a
    /// prefix.
    pub anchors: Vec<String>,
    /// Whether an anchor is already the whole match.
    pub exact: bool,
    /// How many words of a match may stand before its anchor.
    before: anchor::Span,
}

/// Spellings up to which looking at each is the quickest.
const FEW: usize = 4;
/// Words of a match, at most: a position is a bit.
const MOST_WORDS: usize = 127;

impl Phrase {
    /// Compiles a phrase.
    ///
    /// # Errors
    /// What is wrong with it, for people.
    pub fn compile(source: &str, lists: &Lists) -> Result<Self, String> {
        let nodes = syntax::parse(source, lists)?;
        if let Some(literals) = anchor::expand(&nodes) {
            if literals.iter().any(|l| l.trim().is_empty()) {
                return Err(
                    "the phrase can match nothing at all: make a part of it obligatory".to_owned(),
                );
            }
            let anchors = literals.into_iter().collect();
            return Ok(Self {
                nodes,
                anchors,
                exact: true,
                before: (0, 0),
            });
        }
        let (anchors, before) = anchor::anchors(&nodes)
            .ok_or_else(|| "the phrase needs at least one obligatory word".to_owned())?;
        Ok(Self {
            nodes,
            anchors: anchors.into_iter().collect(),
            exact: false,
            before,
        })
    }

    /// The match around the anchor that begins at the byte `near` of a folded sentence, as a range of the sentence's bytes.
    #[must_use]
    pub fn find(&self, words: &Words<'_>, near: usize) -> Option<Range<usize>> {
        let anchor = words.at(near);
        let (fewest, most) = self.before;
        let starts = anchor.saturating_sub(most)..(anchor + 1).saturating_sub(fewest);
        starts.into_iter().find_map(|start| {
            let ends = walk(&self.nodes, words, start, 1);
            let length = usize::try_from(ends.checked_ilog2()?).ok()?;
            let last = (start + length).checked_sub(1)?;
            (length > 0).then_some(words.ranges.get(start)?.start..words.ranges.get(last)?.end)
        })
    }
}

/// A folded sentence, word by word.
#[derive(Debug, Default)]
pub struct Words<'s> {
    sentence: &'s str,
    ranges: Vec<Range<usize>>,
}

impl<'s> Words<'s> {
    /// Finds the words.
    #[must_use]
    pub fn of(sentence: &'s str) -> Self {
        let mut words = Self::default();
        words.become_those_of(sentence);
        words
    }

    /// The same for another sentence, in the same memory.
    pub fn become_those_of(&mut self, sentence: &'s str) {
        self.sentence = sentence;
        self.ranges.clear();
        let mut start = 0;
        for end in memchr::memchr_iter(b' ', sentence.as_bytes()).chain([sentence.len()]) {
            if end > start {
                self.ranges.push(start..end);
            }
            start = end + 1;
        }
    }

    /// Index of the word that holds a byte, or of the next one.
    fn at(&self, byte: usize) -> usize {
        self.ranges.partition_point(|r| r.end <= byte)
    }

    fn word(&self, at: usize) -> Option<&'s str> {
        self.sentence.get(self.ranges.get(at)?.clone())
    }
}

impl Node {
    /// Whether a single word fits a node that stands for one.
    fn fits(&self, word: &str) -> bool {
        match self {
            Self::Word(spellings) if spellings.len() > FEW => {
                spellings.binary_search_by(|s| s.as_str().cmp(word)).is_ok()
            }
            Self::Word(spellings) => spellings.iter().any(|s| s == word),
            Self::Prefix(spellings) => spellings.iter().any(|s| word.starts_with(s.as_str())),
            Self::Number => word.starts_with(|c: char| c.is_ascii_digit()),
            Self::Gap(_) | Self::Any(_) | Self::Maybe(_) => false,
        }
    }
}

/// Positions that a sequence can reach from a set of positions: bit `n` is the position `n` words after `start`.
fn walk(nodes: &[Node], words: &Words<'_>, start: usize, from: u128) -> u128 {
    let mut reached = from;
    for node in nodes {
        if reached == 0 {
            break;
        }
        let through = |branches: &[Vec<Node>]| {
            branches
                .iter()
                .fold(0, |all, b| all | walk(b, words, start, reached))
        };
        reached = match node {
            Node::Word(_) | Node::Prefix(_) | Node::Number => step(node, words, start, reached),
            Node::Gap(most) => {
                let rest = words.ranges.len().saturating_sub(start).min(MOST_WORDS);
                let inside = u128::MAX >> (MOST_WORDS - rest);
                (0..*most).fold(reached, |all, _| all | all << 1) & inside
            }
            Node::Any(branches) => through(branches),
            Node::Maybe(branches) => reached | through(branches),
        };
    }
    reached
}

/// One word further from each position whose word fits.
fn step(node: &Node, words: &Words<'_>, start: usize, from: u128) -> u128 {
    let (mut left, mut reached) = (from, 0);
    while left != 0 {
        let at = left.trailing_zeros();
        left &= left - 1;
        let word = words.word(start + at as usize);
        if word.is_some_and(|w| node.fits(w)) {
            reached |= 2_u128 << at;
        }
    }
    reached
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::query::fold::fold_words;

    fn lists() -> Lists {
        let days = vec!["monday".to_owned(), "next friday".to_owned()];
        Lists::from(BTreeMap::from([("day".to_owned(), days)]))
    }

    #[track_caller]
    fn check(phrase: &str, sentence: &str, expected: Option<&str>) {
        let phrase = Phrase::compile(phrase, &lists()).expect("compiles");
        let sentence = fold_words(sentence);
        let spaced = format!(" {sentence} ");
        // The gate calls with the places of the anchors.
        let found = phrase
            .anchors
            .iter()
            .flat_map(|anchor| spaced.match_indices(anchor.as_str()))
            .find_map(|(at, _)| phrase.find(&Words::of(&sentence), at))
            .map(|range| sentence[range].to_owned());
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
        for broken in ["", "..3", "[a]", "(a", "a)", "@nothing", "a ..x", "..40 a"] {
            assert!(Phrase::compile(broken, &lists()).is_err(), "{broken}");
        }
    }

    #[test]
    fn anchors_are_obligatory() {
        let phrase =
            Phrase::compile("last ..2 (monday|friday) [maybe]", &lists()).expect("compiles");
        assert!(!phrase.exact);
        assert_eq!(phrase.anchors, [" friday ", " monday "]);
        let phrase =
            Phrase::compile("leaving ..2 (to|at) ..1 [maybe]", &lists()).expect("compiles");
        assert_eq!(phrase.anchors, [" leaving "]);
    }
}
