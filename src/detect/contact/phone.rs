//! Telephone numbers: runs of digits with separators, read by the numbering plans of the likely countries.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;
use rlibphonenumber::{NumberLengthType, PhoneNumber, PhoneNumberFormat, PhoneNumberType, Region};

use super::{Datum, is_free, spelled};
use crate::finding::ContactKind;
use crate::query::fold::fold_words;

/// Digits of a number (ITU-T E.164: 15 at most; shorter ones than seven are extensions).
const DIGITS: std::ops::RangeInclusive<usize> = 7..=15;
/// Words before a number that say that it is something else: tax and bank numbers, orders, policies.
const LABELS: &str = include_str!("phone/labels.txt");
/// Words before a number that say that it is one to call.
const CUES: &str = include_str!("phone/cues.txt");
/// Countries whose mobiles are written with a trunk prefix, where the eight languages are spoken.
const ELSEWHERE: [Region; 7] = [
    Region::FR,
    Region::DE,
    Region::CH,
    Region::BE,
    Region::AT,
    Region::GB,
    Region::NL,
];
/// Characters before a number in which a cue word may stand.
const CUE_REACH: usize = 40;

/// A bank account's number (ISO 13616): country, check digits, then groups that may hold letters.
static IBAN: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?-u:\b)[A-Z]{2}[0-9]{2}(?:[ \u{a0}]?[A-Z0-9]{4}){2,7}(?:[ \u{a0}]?[A-Z0-9]{1,3})?(?-u:\b)")
        .expect("a constant pattern compiles")
});

/// All numbers in a text, in order.
pub(super) fn find(text: &str, regions: &[String]) -> Vec<Datum> {
    let regions: Vec<Region> = regions.iter().filter_map(|r| r.parse().ok()).collect();
    let bytes = text.as_bytes();
    let mut data = Vec::new();
    let mut at = 0;
    while let Some(start) = next_start(bytes, at) {
        let end = run_end(text, start);
        at = end.max(start + 1);
        read(text, start..end, &regions, &mut data);
    }
    let accounts: Vec<Range<usize>> = IBAN.find_iter(text).map(|m| m.range()).collect();
    data.retain(|d| is_free(&accounts, &d.range));
    for spelled in spelled::find(text) {
        // Words that spell a number are no number of goods, so that a plan need not vouch for it.
        // Beside figures they may be, of other things.
        if let Some((value, certain)) = number(&spelled.digits, &regions, true)
            && (certain || !spelled.has_figures)
        {
            data.retain(|d| {
                d.range.end <= spelled.range.start || d.range.start >= spelled.range.end
            });
            data.push(Datum {
                kind: ContactKind::Phone,
                value,
                range: spelled.range,
                certain,
            });
        }
    }
    data.sort_by_key(|d| d.range.start);
    data
}

/// Numbers with a country code that are looked at for their countries, at most.
const MOST_COUNTRIES: usize = 8;

/// The countries of the international numbers in a text (`+41 …`), in order.
pub(super) fn countries(text: &str) -> Vec<String> {
    let starts = memchr::memchr_iter(b'+', text.as_bytes()).take(MOST_COUNTRIES);
    starts
        .filter_map(|start| {
            let end = run_end(text, start);
            let written = text.get(start..end)?.replace("(0)", " ");
            let number = PhoneNumber::parse(written, None).ok()?;
            number.get_region_code()
        })
        .map(|region| format!("{region:?}"))
        .collect()
}

/// Where the next run of digits begins: a digit, `+` or `(` before one, not inside a word.
fn next_start(bytes: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        at += bytes
            .get(at..)?
            .iter()
            .position(|b| b.is_ascii_digit() || matches!(b, b'+' | b'('))?;
        let before = at.checked_sub(1).and_then(|b| bytes.get(b));
        let inside = before.is_some_and(|b| {
            b.is_ascii_alphanumeric() || matches!(b, b'_' | b'@' | b'=' | b'&' | b'#' | b'$' | b'/')
        });
        let begins = match bytes.get(at) {
            Some(b'+') => bytes
                .get(at + 1)
                .is_some_and(|b| b.is_ascii_digit() || matches!(b, b'(' | b' ')),
            Some(b'(') => bytes
                .get(at + 1)
                .is_some_and(|b| b.is_ascii_digit() || *b == b'+'),
            _ => true,
        };
        if begins && !inside {
            return Some(at);
        }
        at += 1;
        if inside {
            // The rest of a run of digits inside a word is no number either.
            while bytes.get(at).is_some_and(u8::is_ascii_digit) {
                at += 1;
            }
        }
    }
}

/// Where a run of digits and the separators people put between them ends.
fn run_end(text: &str, start: usize) -> usize {
    let mut end = start;
    let mut gap = 0;
    let mut digits = 0;
    let bracketed = text.get(start..start + 2) == Some("(0");
    for (at, c) in text.get(start..).unwrap_or_default().char_indices() {
        match c {
            '0'..='9' => {
                gap = 0;
                digits += 1;
                end = start + at + 1;
            }
            ' ' | '.' | '-' | '/' | '(' | ')' | '\u{a0}' | '–' | '‑' | '·' | '\u{2009}'
            | '\u{202f}' => {
                gap += 1;
                if gap > 3 {
                    break;
                }
            }
            '+' if at == 0 || digits == 0 => {}
            // Brazil's place for the carrier's code: `(0xx41) …`.
            'x' | 'X' if at <= 3 && bracketed => {}
            _ => break,
        }
        if digits > 40 {
            break;
        }
    }
    end
}

fn read(text: &str, range: Range<usize>, regions: &[Region], data: &mut Vec<Datum>) {
    let Some(written) = text.get(range.clone()) else {
        return;
    };
    let count = written.bytes().filter(u8::is_ascii_digit).count();
    if count < *DIGITS.start() || is_followed_by_word(text, range.end) {
        return;
    }
    if count > *DIGITS.end() {
        split(text, &range, regions, data);
        return;
    }
    let before = before(text, range.start);
    let cue = has_cue(&before);
    if looks_otherwise(written) || !cue && is_labelled_otherwise(&before, regions) {
        if !cue {
            split(text, &range, regions, data);
        }
        return;
    }
    if let Some((value, certain)) = number(written, regions, cue) {
        data.push(Datum {
            kind: ContactKind::Phone,
            value,
            range,
            certain,
        });
    } else {
        split(text, &range, regions, data);
    }
}

/// Two numbers side by side (`600 111 222 / 91 555 01 00`).
fn split(text: &str, range: &Range<usize>, regions: &[Region], data: &mut Vec<Datum>) {
    let Some(written) = text.get(range.clone()) else {
        return;
    };
    for separator in [" / ", "/", " - ", " – ", "  "] {
        let Some((left, right)) = written.split_once(separator) else {
            continue;
        };
        if left.is_empty() || right.is_empty() {
            continue;
        }
        let middle = range.start + left.len();
        read(text, range.start..middle, regions, data);
        read(text, middle + separator.len()..range.end, regions, data);
        return;
    }
}

fn before(text: &str, start: usize) -> String {
    let head = text.get(..start).unwrap_or_default();
    let from = head
        .char_indices()
        .rev()
        .nth(CUE_REACH)
        .map_or(0, |(at, _)| at);
    let reach = head.get(from..).unwrap_or_default();
    // A cue on the line above belongs to what stands there.
    let line = reach.rsplit('\n').next().unwrap_or_default();
    format!(" {} ", fold_words(line))
}

fn is_followed_by_word(text: &str, end: usize) -> bool {
    let mut rest = text.get(end..).unwrap_or_default().chars();
    match rest.next() {
        Some(c) if c.is_alphabetic() || matches!(c, '@' | '_' | '%' | '€' | '$' | '£') => true,
        Some(' ' | '\u{a0}') => {
            let word: String = rest
                .take_while(|c| c.is_alphabetic() || matches!(c, '€' | '$' | '%'))
                .collect();
            matches!(
                word.to_lowercase().as_str(),
                "€" | "$" | "%" | "eur" | "usd" | "euros" | "kg" | "units" | "mwh" | "mmbtu"
            )
        }
        Some(',') => rest.next().is_some_and(|c| c.is_ascii_digit()),
        _ => false,
    }
}

/// Dates, amounts, IP addresses and card numbers have shapes of their own.
fn looks_otherwise(written: &str) -> bool {
    let groups: Vec<&str> = written
        .split(|c: char| !c.is_ascii_digit())
        .filter(|g| !g.is_empty())
        .collect();
    let number = |g: &str| g.parse::<u32>().unwrap_or(u32::MAX);
    let separators: String = written
        .chars()
        .filter(|c| matches!(c, '.' | '-' | '/' | ' ' | '(' | '+'))
        .collect();
    if written.starts_with('+') {
        return false;
    }
    let year = |g: &&str| g.len() == 4 && (1900..=2100).contains(&number(g));
    let day = |g: &&str| g.len() <= 2 && (1..=31).contains(&number(g));
    match groups.as_slice() {
        [a, b, c] if day(a) && day(b) && (year(c) || c.len() == 2) => true,
        [a, b, c, ..] if year(a) && day(b) && day(c) => true,
        [a, b, c, ..] if day(a) && day(b) && year(c) => true,
        [a, b] if year(a) && year(b) => true,
        // 1.234.567: thousands.
        [first, rest @ ..]
            if !rest.is_empty() && first.len() <= 3 && separators.chars().all(|c| c == '.') =>
        {
            rest.len() == 2 && rest.iter().all(|g| g.len() == 3) && first.len() < 3
        }
        [a, b, c, d] if [a, b, c, d].iter().all(|g| number(g) <= 255) && separators == "..." => {
            true
        }
        [a] => {
            a.len() == 8
                && (number(a.get(..4).unwrap_or_default()) >= 1990
                    && number(a.get(..4).unwrap_or_default()) <= 2035
                    && number(a.get(4..6).unwrap_or_default()) <= 12)
        }
        _ => false,
    }
}

/// Words before a number that say that it is something else.
fn is_labelled_otherwise(before: &str, regions: &[Region]) -> bool {
    // In Portuguese "no" is a preposition.
    let portuguese = regions.iter().any(|r| matches!(r, Region::PT | Region::BR));
    let last: Vec<&str> = before
        .split(' ')
        .filter(|w| !w.is_empty())
        .rev()
        .take(2)
        .collect();
    last.iter()
        .any(|w| is_label(w) && !(portuguese && *w == "no"))
}

/// Whether a folded word says of a number that it is something else.
pub(super) fn is_label(word: &str) -> bool {
    LABELS.lines().any(|label| label == word)
}

/// Words before a number that say that it is one.
fn has_cue(before: &str) -> bool {
    before
        .split(' ')
        .filter(|w| !w.is_empty())
        .rev()
        .take(5)
        .any(is_cue)
}

/// Whether a folded word announces a number.
pub(in crate::detect) fn is_cue(word: &str) -> bool {
    CUES.lines().any(|cue| cue == word)
}

/// The number's URI, and whether a numbering plan vouches for it.
fn number(written: &str, regions: &[Region], cue: bool) -> Option<(String, bool)> {
    let digits: String = written.chars().filter(char::is_ascii_digit).collect();
    if digits.chars().all(|c| digits.starts_with(c)) {
        return None;
    }
    // `+34 (0) 91 …` repeats the trunk prefix, which no plan knows.
    let written = written.replace("(0)", " ").replace("(0xx", "(");
    let written = written.replace("(0XX", "(");
    if let Some(international) = written
        .trim_start_matches('(')
        .strip_prefix('+')
        .or_else(|| written.strip_prefix("00"))
    {
        let digits: String = international.chars().filter(char::is_ascii_digit).collect();
        return match PhoneNumber::parse(format!("+{digits}"), None) {
            Ok(number) if number.is_valid() => Some((uri(&number), true)),
            Ok(_) if (8..=15).contains(&digits.len()) => Some((format!("tel:+{digits}"), false)),
            _ => None,
        };
    }
    // Bare digits without separators and cue are any number.
    let grouped = written.chars().any(|c| !c.is_ascii_digit());
    if grouped || cue || digits.len() == 9 || digits.starts_with('0') {
        let valid = regions.iter().filter_map(|&region| {
            let number = PhoneNumber::parse(&written, Some(region)).ok()?;
            number.is_valid_for_region(region).then_some(number)
        });
        if let Some(number) = likeliest(valid, &written) {
            return Some((uri(&number), true));
        }
    }
    if let Some(number) = mobile_of_elsewhere(&written) {
        return Some((uri(&number), true));
    }
    // Numbering plans lag behind, and some ranges are never given out: the right length, trunk prefix and grouping
    // will do for the likeliest country.
    if grouped || cue {
        for &region in regions.iter().take(2) {
            if let Ok(number) = PhoneNumber::parse(&written, Some(region))
                && number
                    .is_possible_with_reason()
                    .is_ok_and(|l| l == NumberLengthType::IsPossible)
                && (digits.starts_with('0') || cue)
                && groups(&written) <= 6
            {
                return Some((uri(&number), false));
            }
        }
    }
    cue.then(|| (format!("tel:{digits}"), false))
}

/// The first of the readings, in the order of the regions; but if nobody there groups it so, and it is a landline or has a
/// trunk prefix, the first one that is a mobile grouped as usual: `0470/12.34.56` is no French landline, it is a Belgian
/// mobile.
fn likeliest(
    mut readings: impl Iterator<Item = PhoneNumber>,
    written: &str,
) -> Option<PhoneNumber> {
    let first = readings.next()?;
    let as_usual = |number: &PhoneNumber| {
        let usual = number.format_as(PhoneNumberFormat::National);
        figures(&usual).eq(figures(written))
    };
    let doubtful = first.get_type() == PhoneNumberType::FixedLine || written.starts_with('0');
    if !doubtful || as_usual(&first) {
        return Some(first);
    }
    let mobile = readings.find(|n| n.get_type() == PhoneNumberType::Mobile && as_usual(n));
    mobile.or(Some(first))
}

/// A mobile of a country that nothing points to, where it has a trunk prefix and the grouping that is usual there.
fn mobile_of_elsewhere(written: &str) -> Option<PhoneNumber> {
    let separated = figures(written).nth(1).is_some();
    let mut countries = ELSEWHERE.iter().filter_map(|&region| {
        let number = PhoneNumber::parse(written, Some(region)).ok()?;
        let usual = number.format_as(PhoneNumberFormat::National);
        (number.is_valid_for_region(region)
            && number.get_type() == PhoneNumberType::Mobile
            && figures(&usual).eq(figures(written)))
        .then_some(number)
    });
    (separated && written.starts_with('0'))
        .then(|| countries.next())
        .flatten()
}

fn figures(written: &str) -> impl Iterator<Item = &str> {
    let groups = written.split(|c: char| !c.is_ascii_digit());
    groups.filter(|g| !g.is_empty())
}

fn groups(written: &str) -> usize {
    figures(written).count()
}

fn uri(number: &PhoneNumber) -> String {
    format!("tel:{}", number.format_as(PhoneNumberFormat::E164))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, region: &str, expected: &[&str]) {
        let values: Vec<String> = find(text, &[region.to_owned()])
            .into_iter()
            .map(|d| d.value.replace("tel:", ""))
            .collect();
        assert_eq!(values, expected);
    }

    #[test]
    fn national_and_international() {
        check("móvil 600 111 222.", "ES", &["+34600111222"]);
        check("+34 600-111-222", "DE", &["+34600111222"]);
        check(
            "(713) 555-0123 or 713.555.0124",
            "US",
            &["+17135550123", "+17135550124"],
        );
        check("0171 2345678", "DE", &["+491712345678"]);
        check("+44 (0)20 7946 0123", "ES", &["+442079460123"]);
        check("06 12 34 56 78", "FR", &["+33612345678"]);
        check("depois no 96 555 01 22", "PT", &["+351965550122"]);
        check("cel (0xx41) 98765-4321", "BR", &["+5541987654321"]);
        check("tel. (091) 123 45", "DE", &["+499112345"]);
        check(
            "mi número: seis cero cero, uno uno uno, dos dos dos",
            "ES",
            &["+34600111222"],
        );
    }

    #[test]
    fn countries_of_numbers() {
        assert_eq!(
            countries("T +41 44 668 18 00 oder +49 (0)30 901820, 3 + 4"),
            ["CH", "DE"]
        );
    }

    /// Numbers that are valid in several of the likely countries.
    #[test]
    fn grouped_as_usual() {
        #[track_caller]
        fn check(text: &str, regions: &[&str], expected: &str) {
            let regions: Vec<String> = regions.iter().map(|&r| r.to_owned()).collect();
            let found = find(text, &regions);
            let values: Vec<&str> = found.iter().map(|d| d.value.as_str()).collect();
            assert_eq!(values, [expected], "{text}");
        }
        check("0470/12.34.56", &["FR", "BE", "CH"], "tel:+32470123456");
        check("04 70 12 34 56", &["FR", "BE", "CH"], "tel:+33470123456");
        check("079 441 22 33", &["FR", "BE", "CH"], "tel:+41794412233");
        check("079 441 22 33", &["IT", "CH"], "tel:+41794412233");
        check("06 12 34 56 78", &["ES", "AD"], "tel:+33612345678");
        check("0412 345 678", &["GB", "AU"], "tel:+61412345678");
    }

    #[test]
    fn other_numbers() {
        check("IBAN ES91 2100 0418 4502 0005 1332", "ES", &[]);
        check("rekening NL91 ABNA 0417 1643 00", "NL", &[]);
        check("factura 600111222", "ES", &[]);
        check("on 12.03.2024 and 2024-03-12", "ES", &[]);
        check("1.234.567 EUR", "ES", &[]);
    }
}
