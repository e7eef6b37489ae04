//! Text to folded sentences: lower case, no accents, words apart by one space, every byte traceable to the original.

use std::ops::Range;

use unicode_normalization::char::{decompose_canonical, is_combining_mark};

/// Folded text. Words (letters and digits) stand apart by one space; a line feed between spaces ends a sentence, so that
/// every word has a space on both sides.
#[derive(Debug, Clone, Default)]
pub struct Folded {
    /// The folded text.
    pub text: String,
    /// For each byte of `text`, the offset of its character in the original, in bytes.
    origin: Vec<u32>,
    /// Sentences, in order.
    pub sentences: Vec<Sentence>,
}

/// One sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sentence {
    /// Bytes of the folded text, without the spaces around it.
    pub folded: Range<usize>,
    /// Bytes of the original.
    pub original: Range<usize>,
}

/// A line shorter than this ends a sentence at its line feed; a longer one was wrapped by the mail client.
const WRAPPED_LINE: usize = 46;

/// What stands in folded text in place of the organisation's name; no text folds into it.
pub const OWN_NAME: &str = "§";
/// Words of an organisation's name, at most.
const MOST_NAME_WORDS: usize = 4;
/// Letters from which on the first word of a name will do.
const LONG_WORD: usize = 5;
/// Letters of a label that is a name, at least.
const SHORT_LABEL: usize = 3;

impl Folded {
    /// Folds `original[range]`. Offsets refer to the whole of `original`.
    #[must_use]
    pub fn new(original: &str, range: Range<usize>) -> Self {
        let mut folder = Folder::default();
        let start = range.start;
        folder.run(original.get(range).unwrap_or_default(), start);
        folder.folded
    }

    /// Replaces the organisation's name by [`OWN_NAME`], so that phrases can ask for it: words that together spell the first
    /// label of one of its domains (`talleres-iruna` and `talleresiruna` are "Talleres Iruña"), or one long word that
    /// begins it.
    #[must_use]
    pub fn with_own_name(self, labels: &[String]) -> Self {
        if labels.is_empty() {
            return self;
        }
        let mut marked = Self::default();
        let mut copied = 0;
        for sentence in &self.sentences {
            marked.copy(&self, copied..sentence.folded.start);
            let start = marked.text.len();
            let mut at = sentence.folded.start;
            while at < sentence.folded.end {
                let rest = self.text.get(at..sentence.folded.end).unwrap_or_default();
                let word = rest.find(' ').unwrap_or(rest.len());
                if let Some(length) = own_name(rest, labels) {
                    let last = at + length.saturating_sub(1);
                    marked.push_from(&self, OWN_NAME, at, last);
                    at += length;
                } else {
                    marked.copy(&self, at..at + word);
                    at += word;
                }
                let gap = (at + 1).min(sentence.folded.end);
                marked.copy(&self, at..gap);
                at = gap;
            }
            marked.sentences.push(Sentence {
                folded: start..marked.text.len(),
                original: sentence.original.clone(),
            });
            copied = sentence.folded.end;
        }
        marked.copy(&self, copied..self.text.len());
        marked
    }

    fn copy(&mut self, from: &Self, range: Range<usize>) {
        self.text
            .push_str(from.text.get(range.clone()).unwrap_or_default());
        self.origin
            .extend_from_slice(from.origin.get(range).unwrap_or_default());
    }

    /// Pushes a word that stands for the bytes from `first` to `last`.
    fn push_from(&mut self, from: &Self, word: &str, first: usize, last: usize) {
        self.text.push_str(word);
        let origin = |at: usize| from.origin.get(at).copied().unwrap_or_default();
        self.origin.push(origin(first));
        self.origin.extend((1..word.len()).map(|_| origin(last)));
    }

    /// The original's range for a range of the folded text.
    #[must_use]
    pub fn original_range(&self, folded: &Range<usize>, original: &str) -> Range<usize> {
        let start = self.origin.get(folded.start).map_or(0, |&o| o as usize);
        let last = self
            .origin
            .get(folded.end.saturating_sub(1))
            .map_or(start, |&o| o as usize);
        let width = original
            .get(last..)
            .and_then(|rest| rest.chars().next())
            .map_or(0, char::len_utf8);
        start..last + width
    }

    /// Index of the sentence that holds a folded offset.
    #[must_use]
    pub fn sentence_at(&self, offset: usize) -> Option<usize> {
        let after = self.sentences.partition_point(|s| s.folded.start <= offset);
        after
            .checked_sub(1)
            .filter(|&i| self.sentences.get(i).is_some_and(|s| offset < s.folded.end))
    }
}

/// How many bytes at the beginning of `rest` spell one of the labels.
fn own_name(rest: &str, labels: &[String]) -> Option<usize> {
    labels.iter().find_map(|label| {
        let mut spelled = 0;
        let mut length = 0;
        for (number, word) in rest.split(' ').take(MOST_NAME_WORDS).enumerate() {
            if word.is_empty() || !label.get(spelled..).is_some_and(|l| l.starts_with(word)) {
                return None;
            }
            spelled += word.len();
            length += word.len() + usize::from(number > 0);
            let begins = number == 0 && word.len() >= LONG_WORD;
            if spelled == label.len() {
                return Some(length);
            }
            let next = rest.get(length + 1..).unwrap_or_default();
            let goes_on = next.split(' ').next().is_some_and(|w| {
                !w.is_empty() && label.get(spelled..).is_some_and(|l| l.starts_with(w))
            });
            if begins && !goes_on {
                return Some(length);
            }
        }
        None
    })
}

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

/// Folds a phrase or word as text is folded, without sentence ends.
#[must_use]
pub fn fold_words(text: &str) -> String {
    if text.bytes().all(|b| b.is_ascii_lowercase()) {
        return text.to_owned();
    }
    Folded::new(text, 0..text.len())
        .text
        .split_ascii_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}

#[derive(Default)]
struct Folder {
    folded: Folded,
    sentence: Option<usize>,
    original_start: usize,
    original_end: usize,
    in_word: bool,
    pending_end: bool,
}

impl Folder {
    fn run(&mut self, text: &str, base: usize) {
        self.folded.text.reserve(text.len() + 2);
        self.folded.origin.reserve(text.len() + 2);
        self.push('\n', base);
        self.push(' ', base);
        let bytes = text.as_bytes();
        let mut line_start = 0;
        let mut chars = text.char_indices().peekable();
        while let Some((at, c)) = chars.next() {
            if c.is_ascii_alphanumeric() {
                self.letter(c.to_ascii_lowercase(), base + at, 1);
                continue;
            }
            match c {
                '\n' => {
                    let line = text.get(line_start..at).unwrap_or_default().trim();
                    let next = chars.peek().map(|&(_, n)| n);
                    if line.chars().count() < WRAPPED_LINE || next.is_none_or(starts_block) {
                        self.end_sentence();
                    }
                    self.in_word = false;
                    line_start = at + 1;
                }
                '!' | '?' | '…' | ';' | '¿' | '¡' => self.end_sentence(),
                '.' | ':' => {
                    let next = bytes.get(at + 1).copied();
                    let space = next.is_none_or(|b| b.is_ascii_whitespace() || !b.is_ascii());
                    if space
                        && (c == '.' && !self.after_abbreviation()
                            || c == ':' && next.is_none_or(|b| b == b'\n'))
                    {
                        self.end_sentence();
                    }
                    self.in_word = false;
                }
                _ => self.other(c, base + at),
            }
        }
        self.finish_sentence();
    }

    fn other(&mut self, c: char, at: usize) {
        if c.is_ascii() {
            self.in_word = false;
            return;
        }
        let width = c.len_utf8();
        match c {
            'ß' => "ss".chars().for_each(|f| self.letter(f, at, width)),
            'æ' | 'Æ' => "ae".chars().for_each(|f| self.letter(f, at, width)),
            'œ' | 'Œ' => "oe".chars().for_each(|f| self.letter(f, at, width)),
            'ø' | 'Ø' => self.letter('o', at, width),
            // Catalan `l·l` is one word; soft hyphens and zero-width characters are nothing.
            '·' | '\u{ad}' | '\u{200b}'..='\u{200d}' | '\u{feff}' | '\u{2060}' => {}
            c if c.is_alphanumeric() => {
                decompose_canonical(c, |d| {
                    if !is_combining_mark(d) {
                        d.to_lowercase().for_each(|l| self.letter(l, at, width));
                    }
                });
            }
            c if is_combining_mark(c) => {}
            _ => self.in_word = false,
        }
    }

    fn letter(&mut self, c: char, at: usize, width: usize) {
        if self.pending_end {
            self.finish_sentence();
        }
        if !self.in_word {
            if self.sentence.is_some() {
                self.push(' ', at);
            } else {
                self.sentence = Some(self.folded.text.len());
                self.original_start = at;
            }
            self.in_word = true;
        }
        self.push(c, at);
        self.original_end = at + width;
    }

    fn push(&mut self, c: char, at: usize) {
        self.folded.text.push(c);
        let at = u32::try_from(at).unwrap_or(u32::MAX);
        for _ in 0..c.len_utf8() {
            self.folded.origin.push(at);
        }
    }

    fn end_sentence(&mut self) {
        self.pending_end = true;
        self.in_word = false;
    }

    fn finish_sentence(&mut self) {
        self.pending_end = false;
        let Some(start) = self.sentence.take() else {
            return;
        };
        let end = self.folded.text.len();
        self.folded.sentences.push(Sentence {
            folded: start..end,
            original: self.original_start..self.original_end,
        });
        for separator in [' ', '\n', ' '] {
            self.push(separator, self.original_end);
        }
    }

    /// A full stop after a short word (`Dr.`, `z.B.`, `Sra.`) or a lone figure does not end a sentence.
    fn after_abbreviation(&self) -> bool {
        if !self.in_word {
            return false;
        }
        let word = self.folded.text.rsplit(' ').next().unwrap_or_default();
        // `am 15. Mai`, `zum 29.02. verlasse`: an ordinal number is no end of a sentence either.
        word.len() <= 2 && word.bytes().all(|b| b.is_ascii_digit())
            || word.len() <= 1
            || matches!(
                word,
                "dr" | "dra"
                    | "sr"
                    | "sra"
                    | "srta"
                    | "mr"
                    | "mrs"
                    | "ms"
                    | "st"
                    | "nr"
                    | "art"
                    | "tel"
                    | "mob"
                    | "prof"
                    | "ing"
                    | "lic"
                    | "dott"
                    | "sig"
                    | "ca"
                    | "bzw"
                    | "zb"
                    | "usw"
                    | "inkl"
                    | "exc"
                    | "av"
                    | "avda"
                    | "num"
                    | "ext"
                    | "hr"
                    | "fr"
                    | "mme"
                    | "mlle"
                    | "dhr"
                    | "mevr"
                    | "mw"
            )
    }
}

fn starts_block(c: char) -> bool {
    matches!(c, '\n' | '-' | '*' | '•' | '·' | '>' | '–' | '—' | '\t')
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
            assert_eq!(folded.original_range(&s.folded, input), s.original);
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
    fn the_organisation_is_marked() {
        let labels = own_labels(&[
            "talleres-iruna.example".to_owned(),
            "brezo.example".to_owned(),
        ]);
        let check = |text: &str, expected: &str| {
            let folded = Folded::new(text, 0..text.len()).with_own_name(&labels);
            let first = folded.sentences.first().expect("a sentence").clone();
            assert_eq!(&folded.text[first.folded.clone()], expected);
            assert_eq!(folded.original_range(&first.folded, text), first.original);
        };
        check("I leave Brezo", "i leave §");
        check("Dejo Talleres Iruña hoy", "dejo § hoy");
        check("los talleres de Iruña", "los § de §");
        check("brezos", "brezos");
        check("je quitte Iruña", "je quitte §");
    }

    #[test]
    fn offsets_lead_back() {
        let text = "ab. Él se va";
        let folded = Folded::new(text, 0..text.len());
        let at = folded.text.find("el se").expect("folded");
        assert_eq!(folded.original_range(&(at..at + 5), text), 4..10);
        assert_eq!(folded.sentence_at(at), Some(1));
        assert_eq!(folded.sentence_at(0), None);
    }
}
