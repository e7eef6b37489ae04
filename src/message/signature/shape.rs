//! What a line looks like: a name, a title, contact data, or a sentence.

use super::words;
use crate::message::fold::fold;

/// The looks of one line.
pub(super) struct Shape {
    words: usize,
    /// Words in lower case that are no particles.
    lower: usize,
    contact: bool,
    sentence: bool,
    /// Nothing but words of the author's name.
    pub(super) is_author: bool,
}

impl Shape {
    /// Looks at `text`; `names` are the folded words of the author's name.
    pub(super) fn of(text: &str, names: &[String]) -> Self {
        let words: Vec<&str> = text
            .split(|c: char| c.is_whitespace() || matches!(c, '|' | '/' | '•' | '·'))
            .filter(|word| word.contains(char::is_alphanumeric))
            .take(40)
            .collect();
        let lower = words.iter().filter(|word| is_plain_lower(word)).count();
        let contact = has_contact(text);
        let folded: Vec<String> = if words.len() <= 16 {
            words.iter().map(|word| fold(word)).collect()
        } else {
            Vec::new()
        };
        let speaks = folded.iter().any(|word| {
            words::is_spoken(word.trim_matches(|c: char| !c.is_alphanumeric() && c != '\''))
        });
        Self {
            words: words.len(),
            lower,
            contact,
            sentence: speaks && !(contact && lower <= 2)
                || ends_like_sentence(text, words.len(), lower),
            is_author: is_author(text, names),
        }
    }

    /// Could be a line of a signature.
    pub(super) fn fits(&self) -> bool {
        if self.is_author {
            return true;
        }
        if self.contact {
            return self.lower <= 3 && self.words <= 18 && !self.sentence;
        }
        let titles = if self.words <= 4 { 3 } else { 2 };
        !self.sentence && self.words <= 9 && self.lower <= titles
    }

    /// Contact data with hardly a word around it.
    pub(super) fn is_plain_contact(&self) -> bool {
        self.contact && self.lower <= 1 && self.words <= 12 && !self.sentence
    }

    /// A name, the author's or a short one.
    pub(super) fn is_name(&self) -> bool {
        self.is_author || !self.sentence && !self.contact && self.words <= 5 && self.lower <= 1
    }
}

/// Nothing but words of the author's name.
pub(super) fn is_author(text: &str, names: &[String]) -> bool {
    let mut any = false;
    text.len() <= 80
        && text
            .split(|c: char| !c.is_alphanumeric())
            .filter(|word| !word.is_empty())
            .all(|word| {
                any = true;
                is_one_of(word, names)
            })
        && any
}

fn is_one_of(word: &str, names: &[String]) -> bool {
    names
        .iter()
        .any(|name| name.eq_ignore_ascii_case(word) || !word.is_ascii() && *name == fold(word))
}

fn is_plain_lower(word: &str) -> bool {
    let word = word.trim_matches(|c: char| !c.is_alphanumeric());
    word.starts_with(char::is_lowercase)
        && word.chars().count() >= 2
        && !word.contains(['@', '.', ':'])
        && !words::is_particle(word)
}

fn has_contact(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    if digits >= 6 || text.contains('@') {
        return true;
    }
    text.contains("www.") || text.contains("://") || words::is_labelled(text)
}

/// A full stop after several words, unless it ends an abbreviation (`S.L.`, `Inc.`).
fn ends_like_sentence(text: &str, words: usize, lower: usize) -> bool {
    if text.ends_with(['?', '…']) || text.ends_with('!') && words > 2 {
        return true;
    }
    if words < 3 || lower == 0 || !text.ends_with('.') {
        return false;
    }
    let last = text.rsplit(char::is_whitespace).next().unwrap_or("");
    let abbreviation = last.trim_end_matches('.').contains('.')
        || last.len() <= 5 && last.starts_with(char::is_uppercase);
    !abbreviation
}
