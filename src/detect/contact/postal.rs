//! Postal addresses: a street with a house number, and a town with its postal code, on one line or two.

use std::sync::LazyLock;

use regex::Regex;

use super::Datum;
use super::phone::is_label;
use crate::finding::ContactKind;
use crate::query::fold::fold_words;

/// Continental: the street's name before the house number, the postal code before the town.
const NUMBER_LAST: &str = r"\p{Lu}[\p{L}.'’/º-]*(?:[ -][\p{L}.'’/º-]+){0,5},? (?:n[.º°] ?)?\d{1,4} ?[a-zA-Z]?(?:[ ,]+[\p{L}0-9.º°ª/]{1,6}){0,3}";
/// French and English: the house number first, then the street with a word for what it is.
const NUMBER_FIRST: &str = r"\d{1,5}(?: ?(?:bis|ter|[a-zA-Z]))?,? (?:(?i:rue|avenue|av\.|boulevard|bd|chemin|impasse|place|allée|allee|route|quai|cours|square|rang|montée)(?: [\p{L}.'’-]+){1,6}|(?:\p{Lu}[\p{L}.'’-]* ){1,4}(?:Street|St|Road|Rd|Lane|Ln|Avenue|Ave|Drive|Dr|Court|Ct|Close|Crescent|Way|Place|Terrace|Gardens|Boulevard|Blvd|Circle|Row|Parade|Hill|Mews)(?-u:\b)\.?(?: (?:Apt|Unit|Flat|No)\.? ?\w{1,5})?)";
/// `58540 Meinerzhagen`, `CH-3110 Münsingen`, `1234 AB Delft`, `1100-123 Lisboa`.
const TOWN_LAST: &str = r"(?:[A-Z]{1,2}[- ])?\d{4,5}(?:-\d{3}| ?[A-Z]{2}(?-u:\b))? \p{Lu}[\p{L}.'’-]+(?:[ -]\p{L}[\p{L}.'’-]+){0,3}";
/// `Houston, TX 77002`, `Leeds LS1 4DY`, `Ottawa ON K1A 0B1`.
const TOWN_FIRST: &str = r"\p{Lu}[\p{L}.'’-]+(?: \p{L}[\p{L}.'’-]+){0,3},? (?:[A-Z]{2,3} \d{4,5}(?:-\d{4})?|(?:[A-Z]{2} )?(?:[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}|[A-Z]\d[A-Z] ?\d[A-Z]\d))(?-u:\b)";

static ADDRESS: LazyLock<Regex> = LazyLock::new(|| {
    let between = r"(?:[ \t]*,[ \t]*|[ \t]*,?[ \t]*\r?\n[ \t]*)";
    Regex::new(&format!(
        r"(?:{NUMBER_LAST}{between}{TOWN_LAST}|{NUMBER_FIRST}{between}(?:{TOWN_LAST}|{TOWN_FIRST}))"
    ))
    .expect("a constant pattern compiles")
});

/// All postal addresses in a text, in order; the value is the address on one line.
pub(super) fn find(text: &str) -> Vec<Datum> {
    ADDRESS
        .find_iter(text)
        .filter(|found| {
            let first = found.as_str().split(' ').next().unwrap_or_default();
            !is_label(&fold_words(first))
        })
        .map(|found| {
            let lines = found
                .as_str()
                .lines()
                .map(|l| l.trim().trim_end_matches(','));
            Datum {
                kind: ContactKind::Postal,
                value: lines.collect::<Vec<_>>().join(", "),
                range: found.range(),
                certain: true,
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let values: Vec<String> = find(text).into_iter().map(|d| d.value).collect();
        assert_eq!(values, expected, "{text}");
    }

    #[test]
    fn addresses_of_many_countries() {
        check(
            "Post bitte an\nRita Muster\nAm Mühlbach 12a\n12345 Musterstadt\nGruß",
            &["Am Mühlbach 12a, 12345 Musterstadt"],
        );
        check(
            "escríbanme a: Calle del Olmo, 7\n28012 Madrid",
            &["Calle del Olmo, 7, 28012 Madrid"],
        );
        check(
            "12 bis, rue des Lilas, 31000 Toulouse",
            &["12 bis, rue des Lilas, 31000 Toulouse"],
        );
        check(
            "Kerkstraat 5, 1234 AB Voorbeeld",
            &["Kerkstraat 5, 1234 AB Voorbeeld"],
        );
        check(
            "write to 14 Orchard Lane, Springfield, IL 62704 any time",
            &["14 Orchard Lane, Springfield, IL 62704"],
        );
        check(
            "14 Orchard Lane\nLeeds LS1 4DY",
            &["14 Orchard Lane, Leeds LS1 4DY"],
        );
    }

    #[test]
    fn other_lines() {
        check("Rechnung 12, 12345 Stück", &[]);
        check("am 12. Mai, 2024 war das", &[]);
        check("Pos. 4 / 58540 Euro netto", &[]);
        check("Rechnung 17\n45000 Euro netto", &[]);
    }
}
