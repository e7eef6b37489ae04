//! The words of all phrases as numbers, and texts read as such numbers: a phrase is then matched without comparing letters.

use std::collections::HashMap;
use std::ops::Range;

use rustc_hash::FxBuildHasher;

use super::fold::Folded;

/// A word of some phrase, the beginning of a word (`leav*`), or any number in figures.
pub type Atom = u32;

/// Any word that begins with a figure.
const NUMBER: Atom = 0;
/// Bytes of the beginning of a word, at most: its length is a bit.
pub(super) const LONGEST_BEGINNING: usize = 63;
type Atoms = HashMap<Box<str>, Atom, FxBuildHasher>;

/// Every word and every beginning of a word that phrases ask for.
///
/// It grows while phrases are compiled and is fixed afterwards. Texts only look words up, so what a stranger writes cannot
/// fill it.
#[derive(Debug, Default)]
pub struct Vocabulary {
    words: Atoms,
    beginnings: Atoms,
    /// Which lengths beginnings have, by how they begin themselves.
    lengths: Lengths,
    /// For each atom but the number, by its own number less one: how often it may stand among a thousand words.
    often: Vec<u32>,
}

/// Lengths in bytes, one bit for each, by the first two bytes: most words begin as no beginning of that length does, and so
/// need no look.
#[derive(Debug)]
struct Lengths(Box<[u64]>);

impl Default for Lengths {
    fn default() -> Self {
        Self(vec![0; 1 << 12].into())
    }
}

impl Lengths {
    fn place(first: u8, second: u8) -> usize {
        (usize::from(first) << 6 ^ usize::from(second)) & 0xfff
    }

    fn add(&mut self, stem: &[u8]) {
        let bit = 1 << stem.len().min(LONGEST_BEGINNING);
        let (first, seconds) = match *stem {
            [] => return,
            // Any byte may follow.
            [first] => (first, 0..=u8::MAX),
            [first, second, ..] => (first, second..=second),
        };
        for second in seconds {
            if let Some(lengths) = self.0.get_mut(Self::place(first, second)) {
                *lengths |= bit;
            }
        }
    }

    /// Lengths of the beginnings that the word may have, ascending.
    fn of(&self, word: &[u8]) -> impl Iterator<Item = usize> + use<> {
        let second = word.get(1).copied().unwrap_or_default();
        let first = word.first().copied().unwrap_or_default();
        let fit = u64::MAX >> (LONGEST_BEGINNING - word.len().min(LONGEST_BEGINNING));
        let mut left = fit & self.0.get(Self::place(first, second)).unwrap_or(&0);
        std::iter::from_fn(move || {
            let length = left.trailing_zeros();
            left &= left.wrapping_sub(1);
            (length < u64::BITS).then_some(length as usize)
        })
    }
}

impl Vocabulary {
    /// The atom of any number.
    pub(super) const fn number() -> Atom {
        NUMBER
    }

    /// The atom of a folded word.
    pub(super) fn word(&mut self, word: &str) -> Atom {
        if let Some(&known) = self.words.get(word) {
            return known;
        }
        let atom = self.add(often(word.len()));
        self.words.insert(word.into(), atom);
        atom
    }

    /// The atom of all folded words that begin so.
    pub(super) fn beginning(&mut self, stem: &str) -> Atom {
        if let Some(&known) = self.beginnings.get(stem) {
            return known;
        }
        // A beginning stands for several words.
        let atom = self.add(often(stem.len()) * 3);
        self.beginnings.insert(stem.into(), atom);
        self.lengths.add(stem.as_bytes());
        atom
    }

    fn add(&mut self, often: u32) -> Atom {
        self.often.push(often);
        Atom::try_from(self.often.len()).expect("phrases have fewer words than a u32 counts")
    }

    /// How many atoms there are; each is smaller than this.
    #[must_use]
    pub fn len(&self) -> usize {
        self.often.len() + 1
    }

    /// Whether there is no word in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.often.is_empty()
    }

    /// How often an atom may stand among a thousand words of a text: short words are common.
    pub(super) fn often(&self, atom: Atom) -> u64 {
        let known = (atom as usize)
            .checked_sub(1)
            .and_then(|at| self.often.get(at));
        u64::from(known.copied().unwrap_or(often(1)))
    }

    /// Adds the atoms that fit a word: itself, its beginnings, and that it is a number.
    fn atoms(&self, word: &str, atoms: &mut Vec<Atom>) {
        let bytes = word.as_bytes();
        if bytes.first().is_some_and(u8::is_ascii_digit) {
            atoms.push(NUMBER);
        }
        atoms.extend(self.words.get(word));
        let stems = self.lengths.of(bytes).filter_map(|n| word.get(..n));
        atoms.extend(stems.filter_map(|stem| self.beginnings.get(stem)));
    }
}

/// How often a word of so many bytes may stand among a thousand.
fn often(bytes: usize) -> u32 {
    match bytes {
        0..=2 => 20,
        3 => 12,
        4 => 6,
        5 => 3,
        6 => 2,
        _ => 1,
    }
}

/// Sentences, word by word, each word with the atoms that fit it.
#[derive(Debug, Default)]
pub struct Spoken {
    words: Vec<Word>,
    atoms: Vec<Atom>,
    /// For each sentence, its words.
    sentences: Vec<Range<usize>>,
}

#[derive(Debug)]
struct Word {
    /// Bytes of the text.
    bytes: Range<u32>,
    /// Of [`Spoken::atoms`].
    atoms: Range<u32>,
}

impl Spoken {
    /// Adds the sentences of a folded text.
    pub fn add(&mut self, folded: &Folded, vocabulary: &Vocabulary) {
        self.words.reserve(folded.words.len());
        self.atoms.reserve(folded.words.len());
        for sentence in &folded.sentences {
            let first = self.words.len();
            for word in folded.words_of(sentence) {
                let before = self.atoms.len();
                let letters = folded.text.get(word.folded.clone());
                vocabulary.atoms(letters.unwrap_or_default(), &mut self.atoms);
                self.words.push(Word {
                    bytes: narrow(word.folded.clone()),
                    atoms: narrow(before..self.atoms.len()),
                });
            }
            self.sentences.push(first..self.words.len());
        }
    }

    /// How many sentences there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.sentences.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.sentences.is_empty()
    }

    /// A sentence, by its number; an empty one where there is none.
    #[must_use]
    pub fn sentence(&self, number: usize) -> Sentence<'_> {
        let words = self.sentences.get(number).cloned().unwrap_or_default();
        Sentence {
            words: self.words.get(words).unwrap_or_default(),
            atoms: &self.atoms,
        }
    }
}

/// Texts are far shorter than four gigabytes.
fn narrow(range: Range<usize>) -> Range<u32> {
    let narrow = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    narrow(range.start)..narrow(range.end)
}

/// The words of one sentence.
#[derive(Debug, Clone, Copy)]
pub struct Sentence<'s> {
    words: &'s [Word],
    atoms: &'s [Atom],
}

impl Sentence<'_> {
    /// How many words it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.words.len()
    }

    /// Whether it has none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// The atoms that fit a word.
    #[must_use]
    pub fn atoms(&self, word: usize) -> &[Atom] {
        let range = self.words.get(word).map(|w| &w.atoms);
        range.map_or(&[], |range| {
            let range = range.start as usize..range.end as usize;
            self.atoms.get(range).unwrap_or_default()
        })
    }

    /// The atoms of all its words.
    #[must_use]
    pub fn all_atoms(&self) -> &[Atom] {
        let range = self.words.first().zip(self.words.last());
        range.map_or(&[], |(first, last)| {
            let range = first.atoms.start as usize..last.atoms.end as usize;
            self.atoms.get(range).unwrap_or_default()
        })
    }

    /// Bytes of the folded text for a range of words; `None` where there are no such words.
    #[must_use]
    pub fn bytes(&self, words: Range<usize>) -> Option<Range<usize>> {
        let words = self.words.get(words)?;
        Some(words.first()?.bytes.start as usize..words.last()?.bytes.end as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_has_all_atoms_that_fit_it() {
        let mut vocabulary = Vocabulary::default();
        let leaving = vocabulary.word("leaving");
        let leav = vocabulary.beginning("leav");
        let l = vocabulary.beginning("l");
        let second = vocabulary.beginning("2n");
        assert_eq!(vocabulary.word("leaving"), leaving);
        assert_eq!(vocabulary.len(), 5);
        let mut spoken = Spoken::default();
        let text = "So. L, leaving leave -- late on 2nd";
        spoken.add(&Folded::new(text, 0..text.len()), &vocabulary);
        let sentence = spoken.sentence(1);
        let atoms: Vec<&[Atom]> = (0..sentence.len()).map(|w| sentence.atoms(w)).collect();
        let expected: [&[Atom]; 6] = [
            &[l],
            &[leaving, l, leav],
            &[l, leav],
            &[l],
            &[],
            &[NUMBER, second],
        ];
        assert_eq!(atoms, expected);
        assert_eq!(sentence.bytes(1..3), Some(5..18));
        assert_eq!(sentence.bytes(5..7), None);
    }
}
