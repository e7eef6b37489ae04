//! The folding itself: where words and sentences begin and end.

use std::ops::Range;

use unicode_normalization::char::{decompose_canonical, is_combining_mark};

use super::Folded;

/// A line shorter than this ends a sentence at its line feed; a longer one was wrapped by the mail client.
const WRAPPED_LINE: usize = 46;

/// Folds a text that begins at the byte `base` of its original.
pub(super) fn fold(text: &str, base: usize) -> Folded {
    let mut folder = Folder {
        begins: true,
        ..Folder::default()
    };
    folder.folded.text.reserve(text.len());
    folder.folded.words.reserve(text.len() / 6);
    folder.run(text, base);
    folder.folded
}

#[derive(Default)]
struct Folder {
    folded: Folded,
    in_word: bool,
    /// The next word begins a sentence.
    begins: bool,
}

impl Folder {
    fn run(&mut self, text: &str, base: usize) {
        let bytes = text.as_bytes();
        let mut line_start = 0;
        let mut at = 0;
        while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
            let plain = rest.bytes().take_while(u8::is_ascii_alphanumeric).count();
            if plain > 0 {
                let word = rest.get(..plain).unwrap_or_default();
                self.letters(word, base + at..base + at + plain);
                at += plain;
                continue;
            }
            let Some(c) = rest.chars().next() else {
                break;
            };
            let after = at + c.len_utf8();
            match c {
                '\n' => {
                    let line = text.get(line_start..at).unwrap_or_default().trim();
                    let is_short = line.len() < WRAPPED_LINE || line.chars().count() < WRAPPED_LINE;
                    let next = || text.get(after..).and_then(|rest| rest.chars().next());
                    if is_short || next().is_none_or(starts_block) {
                        self.end_sentence();
                    }
                    self.in_word = false;
                    line_start = after;
                }
                '!' | '?' | '…' | ';' | '¿' | '¡' => self.end_sentence(),
                '.' | ':' => {
                    let next = bytes.get(after).copied();
                    let space = next.is_none_or(|b| b.is_ascii_whitespace() || !b.is_ascii());
                    if space
                        && (c == '.' && !self.after_abbreviation()
                            || c == ':' && next.is_none_or(|b| b == b'\n'))
                    {
                        self.end_sentence();
                    }
                    self.in_word = false;
                }
                _ => self.other(c, base + at..base + after),
            }
            at = after;
        }
    }

    fn other(&mut self, c: char, at: Range<usize>) {
        if c.is_ascii() {
            self.in_word = false;
            return;
        }
        match c {
            'ß' => self.letters("ss", at),
            'æ' | 'Æ' => self.letters("ae", at),
            'œ' | 'Œ' => self.letters("oe", at),
            'ø' | 'Ø' => self.letters("o", at),
            // Catalan `l·l` is one word; soft hyphens and zero-width characters are nothing.
            '·' | '\u{ad}' | '\u{200b}'..='\u{200d}' | '\u{feff}' | '\u{2060}' => {}
            c if c.is_alphanumeric() => {
                decompose_canonical(c, |d| {
                    if !is_combining_mark(d) {
                        for letter in d.to_lowercase() {
                            let mut bytes = [0; 4];
                            self.letters(letter.encode_utf8(&mut bytes), at.clone());
                        }
                    }
                });
            }
            c if is_combining_mark(c) => {}
            _ => self.in_word = false,
        }
    }

    /// Adds letters, in lower case but for those of ASCII, to the word, or begins one with them.
    fn letters(&mut self, letters: &str, original: Range<usize>) {
        let folded = &mut self.folded;
        if self.in_word {
            folded.text.push_str(letters);
            if let Some(word) = folded.words.last_mut() {
                word.folded.end = folded.text.len();
                word.original.end = original.end;
            }
            folded.grow();
        } else {
            folded.push(letters, original, self.begins);
            (self.in_word, self.begins) = (true, false);
        }
        let start = folded.text.len() - letters.len();
        if let Some(added) = folded.text.get_mut(start..) {
            added.make_ascii_lowercase();
        }
    }

    fn end_sentence(&mut self) {
        self.begins = true;
        self.in_word = false;
    }

    /// A full stop after a short word (`Dr.`, `z.B.`, `Sra.`) or a lone figure does not end a sentence.
    fn after_abbreviation(&self) -> bool {
        if !self.in_word {
            return false;
        }
        let last = self.folded.words.last().map(|w| w.folded.clone());
        let word = last
            .and_then(|w| self.folded.text.get(w))
            .unwrap_or_default();
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
