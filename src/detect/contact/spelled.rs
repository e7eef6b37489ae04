//! Telephone numbers spelled out in words (`oh four nine one …`, `zéro six, trente-neuf …`), as people dictate or hide them.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::LazyLock;

use crate::query::fold::fold_words;

/// Number words that follow each other in a telephone number, at least.
const WORDS: usize = 5;
/// Digits that they spell, at least.
const DIGITS: usize = 7;
/// Number words beside figures (`zéro six, 12 34 56 78`), at least.
const WORDS_BESIDE_FIGURES: usize = 2;
/// Digits that words and figures make together: a whole number, not an extension or a year.
const DIGITS_TOGETHER: std::ops::RangeInclusive<usize> = 9..=12;
/// Number words, a language a line: its words in pairs of value and word.
const TABLE: &str = include_str!("spelled/numbers.txt");

/// What one word says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Piece {
    /// A number below a hundred.
    Number(u8),
    /// Tens that others may join, as in French (`soixante-douze`, `quatre-vingts`).
    French(u8),
    /// `double`, `triple`: the next digit so often.
    Times(usize),
    /// `and` between tens and units, and words that only part numbers.
    Joint,
    /// Figures: their value, and how many there are.
    Figures(u32, usize),
}

/// Number words, folded.
type Language = HashMap<String, Piece>;

static LANGUAGES: LazyLock<Vec<Language>> = LazyLock::new(|| TABLE.lines().map(language).collect());

fn language(line: &str) -> Language {
    let piece = |entry: &str| {
        let (value, word) = entry.split_once('=')?;
        let piece = match value {
            "&" => Piece::Joint,
            "x2" => Piece::Times(2),
            "x3" => Piece::Times(3),
            "60f" => Piece::French(60),
            "20f" => Piece::French(20),
            number => Piece::Number(number.parse().ok()?),
        };
        Some((word.to_owned(), piece))
    };
    line.split_whitespace().filter_map(piece).collect()
}

/// A number that is spelled out: its digits, and where it stands.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Spelled {
    pub(super) digits: String,
    pub(super) range: Range<usize>,
    /// Whether figures stand among the words: then it may be two numbers of other things.
    pub(super) has_figures: bool,
}

/// All numbers spelled out in a text, in order.
pub(super) fn find(text: &str) -> Vec<Spelled> {
    let words: Vec<(Range<usize>, String)> = words(text);
    let mut found = Vec::new();
    let mut at = 0;
    while at < words.len() {
        let rest = words.get(at..).unwrap_or_default();
        // The language that reads on for longest is the one that is spoken.
        let runs = LANGUAGES.iter().map(|language| run(language, rest));
        let longest = runs.max_by_key(Vec::len).unwrap_or_default();
        let read = longest.len();
        if let Some(spelled) = spelled(&longest, rest) {
            found.push(spelled);
        }
        at += read.max(1);
    }
    found
}

/// The words of a text, folded, with their places.
fn words(text: &str) -> Vec<(Range<usize>, String)> {
    let mut words = Vec::new();
    let mut start = None;
    for (at, c) in text.char_indices().chain([(text.len(), ' ')]) {
        match (c.is_alphanumeric(), start) {
            (true, None) => start = Some(at),
            (false, Some(from)) => {
                let word = text.get(from..at).unwrap_or_default();
                // Most words need no more, and there are many.
                let folded = if word.is_ascii() {
                    word.to_ascii_lowercase()
                } else {
                    fold_words(word)
                };
                words.push((from..at, folded));
                start = None;
            }
            _ => {}
        }
    }
    words
}

/// The pieces that a language makes of the words from the first one on, without joints at its ends.
fn run(language: &Language, words: &[(Range<usize>, String)]) -> Vec<Piece> {
    // Asked first: a run is sought at every word, and most are no numbers.
    let first = words.first().and_then(|(_, word)| language.get(word));
    if first.is_none_or(|piece| *piece == Piece::Joint) {
        return Vec::new();
    }
    let known = words.iter().map_while(|(_, word)| {
        let figures = || match word.len() {
            1..=5 => Some(Piece::Figures(word.parse().ok()?, word.len())),
            _ => None,
        };
        language.get(word).copied().or_else(figures)
    });
    let mut pieces: Vec<Piece> = known.collect();
    while pieces.last() == Some(&Piece::Joint) {
        pieces.pop();
    }
    pieces
}

fn spelled(pieces: &[Piece], words: &[(Range<usize>, String)]) -> Option<Spelled> {
    let last = words.get(pieces.len().checked_sub(1)?)?.0.end;
    let is_figures = |p: &&Piece| matches!(p, Piece::Figures(..));
    let numbers = pieces.iter().filter(|p| **p != Piece::Joint).count();
    let figures = pieces.iter().filter(is_figures).count();
    let digits = digits(pieces);
    let first = words.first()?.0.start;
    let enough = if figures == 0 {
        numbers >= WORDS && (DIGITS..=15).contains(&digits.len())
    } else {
        numbers - figures >= WORDS_BESIDE_FIGURES && DIGITS_TOGETHER.contains(&digits.len())
    };
    enough.then_some(Spelled {
        digits,
        range: first..last,
        has_figures: figures > 0,
    })
}

/// Tens take the units behind them (`cincuenta y dos`, `quatre-vingt-dix-huit`), every other number stands for itself.
fn digits(pieces: &[Piece]) -> String {
    let mut digits = String::new();
    let mut numbers: Vec<u8> = Vec::new();
    let mut times = 1;
    // Whether the last number takes ten to nineteen, too.
    let mut is_french = false;
    for &piece in pieces {
        let (number, french) = match piece {
            Piece::Joint => continue,
            Piece::Times(count) => {
                times = count;
                continue;
            }
            Piece::Figures(value, length) => {
                digits.extend(numbers.drain(..).map(|n| n.to_string()));
                digits.extend(std::iter::once(format!("{value:0length$}")));
                continue;
            }
            Piece::Number(number) => (number, false),
            Piece::French(number) => (number, true),
        };
        match (numbers.last_mut(), number) {
            // quatre-vingt
            (Some(last @ 4), 20) if french => *last = 80,
            (Some(last), 1..=9) if times == 1 && *last >= 20 && *last % 10 == 0 => *last += number,
            // soixante-douze, quatre-vingt-dix
            (Some(last @ (60 | 80)), 10..=19) if is_french => {
                *last += number;
                continue;
            }
            _ => numbers.extend(std::iter::repeat_n(number, times)),
        }
        times = 1;
        is_french = french;
    }
    digits.extend(numbers.iter().map(u8::to_string));
    digits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let digits: Vec<String> = find(text).into_iter().map(|s| s.digits).collect();
        assert_eq!(digits, expected, "{text}");
    }

    #[test]
    fn numbers_in_words() {
        check("ring oh seven seven double zero nine hundred", &[]);
        check(
            "ring oh seven seven double zero nine double oh one two three for now",
            &["07700900123"],
        );
        check(
            "mi móvil: seis cero cero uno uno uno dos dos dos, gracias",
            &["600111222"],
        );
        check(
            "seis cero cero, once, doce, veintidós, tres",
            &["6001112223"],
        );
        check(
            "ZERO SIX, DOUZE, TRENTE-NEUF, QUATRE-VINGT-DIX-HUIT, SOIXANTE-DOUZE",
            &["0612399872"],
        );
        check(
            "null eins sieben eins zwo drei vier fünf sechs",
            &["017123456"],
        );
        check(
            "nove um dois, trinta e quatro, cinquenta e seis, sete",
            &["91234567"],
        );
        check("par SMS zéro six, 12 34 56 78", &["0612345678"]);
        check("onze nove 6123 4567 por favor", &["11961234567"]);
        check("null eins sieben eins 234 567 8", &["01712345678"]);
        check("het is zes uur, 12 34 56 78 9", &[]);
        check("one or two of three people, four or five at most", &[]);
    }
}
