//! Attribution lines: `On 5 Jan 2024 at 15:04, Ana <ana@x.example> wrote:` by all clients in eight languages.

use std::sync::LazyLock;

use regex::Regex;

use super::line::Line;
use crate::message::Zone;
use crate::message::fold::fold;

/// An attribution whose last line was given.
pub(super) struct Attribution {
    /// Its first line.
    pub(super) first: usize,
    /// Clear without quote marks below it.
    pub(super) certain: bool,
}

/// An attribution may be wrapped over this many lines.
const LINES: usize = 4;

const LONGEST: usize = 400;

/// Folded verbs after which only a date or nothing stands.
const FINAL_VERBS: [&str; 19] = [
    "wrote",
    "writes",
    "escribio",
    "ha escrito",
    "escribia",
    "va escriure",
    "ha escrit",
    "escrigue",
    "a ecrit",
    "ecrivait",
    "ecrit",
    "escreveu",
    "ha scritto",
    "scrisse",
    "geschrieben",
    "geschreven",
    "folgendes",
    "skrev",
    "napisal",
];

/// Folded verbs after which the name stands.
const INNER_VERBS: [&str; 4] = ["schrieb", "schreef", "hat", "heeft"];

/// Folded words at the start of a line that a date follows.
const STARTS: [&str; 19] = [
    "on ",
    "el ",
    "en ",
    "am ",
    "le ",
    "il ",
    "em ",
    "op ",
    "no dia ",
    "a les ",
    "as ",
    "at ",
    "de ",
    "den ",
    "dia ",
    "in data ",
    "missatge de ",
    "els ",
    "a(s) ",
];

/// Folded; an address follows.
const QUOTING: [&str; 9] = [
    "quoting ",
    "citando ",
    "citando a ",
    "zitat von ",
    "citant ",
    "quotando ",
    "citat ",
    "en reponse a ",
    "selon ",
];

static DATE: LazyLock<Regex> = LazyLock::new(|| {
    let month = "(?:jan|ene|gen|fev|feb|mar|maa|mrt|mae|apr|abr|avr|mai|may|mag|mei|jun|juin|giu|jul|juil|lug|ago|aug|\
                 aou|ag|sep|set|oct|okt|out|ott|nov|dec|dez|dic|des)[a-z]*";
    let pattern = format!(
        r"(?-u:\b)(?:\d{{1,2}}[./-]\d{{1,2}}[./-]\d{{2,4}}|\d{{4}}[./-]\d{{1,2}}[./-]\d{{1,2}}|\d{{1,2}}(?:st|nd|rd|th|er|o|a|\.)?,?[ -](?:de |d'|of )?{month}\.?,?[ -](?:de |del |d')?\d{{2,4}}|{month}\.? \d{{1,2}}(?:st|nd|rd|th)?,? \d{{4}})(?-u:\b)"
    );
    Regex::new(&pattern).expect("a constant pattern")
});

static TIME: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?-u:\b)\d{1,2}[:.h]\d{2}(?-u:\b)").expect("a constant pattern"));

/// What a candidate shows.
#[derive(Default)]
struct Signs {
    certain: bool,
    possible: bool,
    starts_well: bool,
}

/// The attribution that ends with the line `at`.
pub(super) fn find(lines: &[Line<'_>], at: usize) -> Option<Attribution> {
    let last = lines.get(at)?.text;
    if last.len() > LONGEST || !trim(last).ends_with(':') {
        return None;
    }
    let lowest = at.saturating_sub(LINES - 1);
    let tells = |line: &Line<'_>| line.text.contains(|c: char| c == '@' || c.is_ascii_digit());
    if !lines.get(lowest..=at)?.iter().any(tells) {
        // Neither an address nor a date in reach: no more than a verb can be there.
        let possible = read(&fold(trim(last).trim_end_matches([':', ' ']))).possible;
        return possible.then_some(Attribution {
            first: at,
            certain: false,
        });
    }
    let mut joined = String::new();
    let mut fallback = None;
    for first in (0..=at).rev().take(LINES) {
        let line = lines.get(first)?;
        if line.is_blank() || line.fixed || line.zone != Zone::Own || line.is_marked_quote() {
            break;
        }
        joined = if joined.is_empty() {
            fold(line.text)
        } else {
            format!("{} {joined}", fold(line.text))
        };
        if joined.len() > LONGEST {
            break;
        }
        let signs = read(trim(&joined).trim_end_matches([':', ' ']));
        if signs.certain && signs.starts_well {
            return Some(Attribution {
                first,
                certain: true,
            });
        }
        if fallback.is_none() && (signs.certain || first == at && signs.possible) {
            fallback = Some(Attribution {
                first,
                certain: signs.certain,
            });
        }
    }
    fallback
}

/// Whether `text`, without a colon at its end, is an attribution by itself.
pub(super) fn is_certain(text: &str) -> bool {
    read(&fold(text)).certain
}

/// A date and a time of day.
pub(super) fn has_date_and_time(text: &str) -> bool {
    let folded = fold(text);
    DATE.is_match(&folded) && TIME.is_match(&folded)
}

fn trim(text: &str) -> &str {
    text.trim_end_matches(['*', '_', ' ', '\u{a0}', '"'])
}

fn read(folded: &str) -> Signs {
    let folded = folded.trim_start_matches(['*', '_', '-', ' ', '"']);
    let address = has_address(folded);
    let verb = has_verb(folded);
    let catalan = folded.starts_with("missatge de ");
    let quoting = QUOTING.iter().any(|word| folded.starts_with(word));
    if !(address || verb || catalan || quoting) {
        return Signs::default();
    }
    let date = DATE.is_match(folded);
    let time = date && TIME.is_match(folded);
    let starts_with_date = folded.starts_with(|c: char| c.is_ascii_digit()) && date;
    let starts_well = starts_with_date || starts_before_date(folded);
    let certain = verb && (address || date && time || date && starts_well)
        || catalan && date && (address || time)
        || starts_with_date && address && folded.ends_with('>')
        || address && quoting;
    Signs {
        certain,
        possible: folded.len() <= 200 && (verb || quoting),
        starts_well: starts_well || catalan,
    }
}

/// A starting word with a digit soon after it: clients put the date there.
fn starts_before_date(folded: &str) -> bool {
    STARTS.iter().any(|word| {
        folded
            .strip_prefix(word)
            .is_some_and(|rest| rest.bytes().take(40).any(|b| b.is_ascii_digit()))
    })
}

fn has_verb(folded: &str) -> bool {
    let finals = FINAL_VERBS.iter().any(|verb| {
        after_word(folded, verb).is_some_and(|tail| {
            let tail = tail.trim();
            tail.is_empty()
                || tail.len() <= 70 && tail.bytes().any(|b| b.is_ascii_digit())
                || matches!(
                    tail,
                    "the following" | "lo siguiente" | "o seguinte" | "quanto segue"
                )
        })
    });
    finals
        || INNER_VERBS.iter().any(|verb| {
            after_word(folded, verb).is_some_and(|tail| {
                let helper = matches!(*verb, "hat" | "heeft");
                tail.len() <= 200
                    && (!helper || tail.ends_with("geschrieben") || tail.ends_with("geschreven"))
            })
        })
}

/// What follows the last occurrence of a whole word.
fn after_word<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    let at = text.rfind(word)?;
    let (before, from) = text.split_at(at);
    let after = from.get(word.len()..)?;
    let bounded =
        !before.ends_with(char::is_alphanumeric) && !after.starts_with(char::is_alphanumeric);
    bounded.then_some(after)
}

fn has_address(text: &str) -> bool {
    text.split('@')
        .zip(text.split('@').skip(1))
        .any(|(left, right)| {
            left.ends_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.'))
                && right.starts_with(char::is_alphanumeric)
        })
}
