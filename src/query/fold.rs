//! Text to folded sentences: lower case, no accents, words apart by one space, every word traceable to the original.

mod folder;
mod own_name;

use std::ops::Range;

pub use own_name::{OWN_NAME, own_labels};

/// Folded text. Words (letters and digits) stand apart by one space, sentences by a line feed.
#[derive(Debug, Clone, Default)]
pub struct Folded {
    /// The folded text.
    pub text: String,
    /// Its words, in order.
    pub words: Vec<Word>,
    /// Sentences, in order.
    pub sentences: Vec<Sentence>,
}

/// One word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// Bytes of the folded text.
    pub folded: Range<usize>,
    /// Bytes of the original.
    pub original: Range<usize>,
}

/// One sentence; it has at least one word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sentence {
    /// Bytes of the folded text, without the space around it.
    pub folded: Range<usize>,
    /// Bytes of the original.
    pub original: Range<usize>,
    /// Its words, of [`Folded::words`].
    pub words: Range<usize>,
}

impl Folded {
    /// Folds `original[range]`. Offsets refer to the whole of `original`.
    #[must_use]
    pub fn new(original: &str, range: Range<usize>) -> Self {
        let start = range.start;
        folder::fold(original.get(range).unwrap_or_default(), start)
    }

    /// The words of a sentence.
    #[must_use]
    pub fn words_of(&self, sentence: &Sentence) -> &[Word] {
        self.words.get(sentence.words.clone()).unwrap_or_default()
    }

    /// The original's range for a range of the folded text that begins and ends with whole words.
    #[must_use]
    pub fn original_range(&self, folded: &Range<usize>) -> Range<usize> {
        let first = self.words.partition_point(|w| w.folded.end <= folded.start);
        let end = self.words.partition_point(|w| w.folded.start < folded.end);
        let words = self.words.get(first..end).unwrap_or_default();
        words.first().map_or(0, |w| w.original.start)..words.last().map_or(0, |w| w.original.end)
    }

    /// Adds a word to the last sentence, or begins one with it.
    fn push(&mut self, word: &str, original: Range<usize>, begins: bool) {
        if !self.text.is_empty() {
            self.text.push(if begins { '\n' } else { ' ' });
        }
        let start = self.text.len();
        self.text.push_str(word);
        let end = self.text.len();
        if begins {
            self.sentences.push(Sentence {
                folded: start..start,
                original: original.clone(),
                words: self.words.len()..self.words.len(),
            });
        }
        self.words.push(Word {
            folded: start..end,
            original,
        });
        self.grow();
    }

    /// Lets the last sentence end with the last word.
    fn grow(&mut self) {
        if let (Some(sentence), Some(word)) = (self.sentences.last_mut(), self.words.last()) {
            sentence.folded.end = word.folded.end;
            sentence.original.end = word.original.end;
            sentence.words.end = self.words.len();
        }
    }
}

/// Folds a phrase or word as text is folded, without sentence ends.
#[must_use]
pub fn fold_words(text: &str) -> String {
    if text.bytes().all(|b| b.is_ascii_lowercase()) {
        return text.to_owned();
    }
    Folded::new(text, 0..text.len()).text.replace('\n', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(input: &str, expected: &[&str]) {
        let folded = Folded::new(input, 0..input.len());
        let said: Vec<&str> = folded
            .sentences
            .iter()
            .map(|s| &folded.text[s.folded.clone()])
            .collect();
        assert_eq!(said, expected);
        for s in &folded.sentences {
            assert!(
                input.get(s.original.clone()).is_some(),
                "{s:?} is not on character boundaries"
            );
            assert_eq!(folded.original_range(&s.folded), s.original);
            let last = folded.words_of(s).last().map(|w| w.folded.end);
            assert_eq!(last, Some(s.folded.end));
        }
    }

    #[test]
    fn words_are_folded() {
        check("¡Mañana es mi ÚLTIMO día!", &["manana es mi ultimo dia"]);
        check("I'm off – really", &["i m off really"]);
        check("Grüße, Straße", &["grusse strasse"]);
        check("col·laboració", &["collaboracio"]);
        check("", &[]);
        check("🙂\n\n", &[]);
    }

    #[test]
    fn sentences_end_where_people_end_them() {
        check("One. Two! Three? Four", &["one", "two", "three", "four"]);
        check("Dr. Smith is here. Bye", &["dr smith is here", "bye"]);
        check(
            "am 15. Mai, zum 29.02. weg. Danke",
            &["am 15 mai zum 29 02 weg", "danke"],
        );
        check("Hello\nBye", &["hello", "bye"]);
        let wrapped = "this line is long enough to have been wrapped by\nthe mail client";
        check(
            wrapped,
            &["this line is long enough to have been wrapped by the mail client"],
        );
        check(
            "on 3.5.2024 at www.acme.example",
            &["on 3 5 2024 at www acme example"],
        );
    }

    #[test]
    fn offsets_lead_back() {
        let text = "ab. Él se va";
        let folded = Folded::new(text, 0..text.len());
        let at = folded.text.find("el se").expect("folded");
        assert_eq!(folded.original_range(&(at..at + 5)), 4..10);
        let second = Folded::new(text, 4..text.len());
        assert_eq!(second.original_range(&(0..2)), 4..7);
    }
}
