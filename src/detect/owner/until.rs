//! Numbers that hold only until the departure (`until Friday you reach me on …`): the office's.

use super::super::contact::Found;
use super::Scene;
use crate::query::fold::fold_words;

/// Characters behind a number in which its end may be told.
const REACH: usize = 30;

/// Words for "until", folded.
const UNTIL: &[&str] = &[
    "until", "till", "before", "hasta", "fins", "bis", "jusqu", "jusque", "ici", "fino", "sino",
    "tot", "ate", "prima", "antes", "abans", "avant", "vor", "voor",
];

/// Times that "until" goes with, folded; figures do, too.
const TIMES: &[&str] = &[
    "then",
    "that",
    "entonces",
    "llavors",
    "aleshores",
    "dahin",
    "allora",
    "dan",
    "toen",
    "alors",
    "entao",
    "la",
    "friday",
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "viernes",
    "lunes",
    "martes",
    "miercoles",
    "jueves",
    "divendres",
    "dilluns",
    "dimarts",
    "dimecres",
    "dijous",
    "freitag",
    "montag",
    "dienstag",
    "mittwoch",
    "donnerstag",
    "vendredi",
    "lundi",
    "mardi",
    "mercredi",
    "jeudi",
    "venerdi",
    "lunedi",
    "martedi",
    "mercoledi",
    "giovedi",
    "vrijdag",
    "maandag",
    "dinsdag",
    "woensdag",
    "donderdag",
    "sexta",
    "segunda",
    "terca",
    "quarta",
    "quinta",
    "end",
    "ende",
    "fin",
    "finales",
    "final",
    "finals",
    "fine",
    "fim",
    "eind",
    "einde",
    "monatsende",
];

/// Small words between "until" and the time.
const SMALL: &[&str] = &[
    "the",
    "el",
    "al",
    "a",
    "le",
    "au",
    "il",
    "o",
    "zum",
    "am",
    "de",
    "den",
    "dem",
    "da",
    "d",
    "next",
    "this",
    "este",
    "ce",
    "diesen",
    "kommenden",
    "proximo",
    "prossimo",
    "prochain",
    "vinent",
];

/// Words that turn to the time behind it.
const AFTER: &[&str] = &[
    "after",
    "afterwards",
    "from",
    "then",
    "dann",
    "danach",
    "ab",
    "ensuite",
    "puis",
    "apres",
    "despues",
    "luego",
    "despres",
    "dopo",
    "poi",
    "depois",
    "daarna",
    "vanaf",
    "also",
    "auch",
    "tambien",
    "aussi",
    "anche",
    "tambem",
    "ook",
    "tambe",
];

/// Whether the words around a datum say that it holds until the departure only.
pub(super) fn is_for_now(scene: &Scene<'_>, datum: &Found) -> bool {
    let behind = scene.text(datum).get(datum.range.end..);
    let behind = behind.unwrap_or_default();
    let end = behind
        .char_indices()
        .take(REACH)
        .find(|&(_, c)| matches!(c, ',' | ';' | '.' | '\n'))
        .or(behind.char_indices().nth(REACH))
        .map_or(behind.len(), |(at, _)| at);
    let behind = behind.get(..end).unwrap_or_default();
    says_until(scene.clause(datum)) || says_until(behind)
}

fn says_until(clause: &str) -> bool {
    let folded = fold_words(clause);
    let words: Vec<&str> = folded.split(' ').filter(|w| !w.is_empty()).collect();
    let until = |at: usize| {
        let mut rest = words.iter().skip(at + 1).skip_while(|w| SMALL.contains(w));
        words.get(at).is_some_and(|w| UNTIL.contains(w))
            && rest.next().is_some_and(|w| {
                TIMES.contains(w) || w.bytes().next().is_some_and(|b| b.is_ascii_digit())
            })
    };
    let last = (0..words.len()).rev().find(|&at| until(at));
    // The time itself may be called "then".
    last.is_some_and(|at| words.iter().skip(at + 2).all(|w| !AFTER.contains(w)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(clause: &str, expected: bool) {
        assert_eq!(says_until(clause), expected, "{clause}");
    }

    #[test]
    fn until_the_departure() {
        check("Before then call me at the office on", true);
        check("Hasta el viernes me localizas en el", true);
        check("Bis dahin erreichen Sie mich unter", true);
        check("D'ici là, appelez-moi au", true);
        check("Fino al 30 mi trovi allo", true);
        check("tot vrijdag ben ik bereikbaar op", true);
        check("até sexta estou no", true);
        check("fins llavors em trobaràs al", true);
    }

    #[test]
    fn for_afterwards() {
        check("I am here until Friday, after that try", false);
        check("bis bald, mobil", false);
        check("hasta siempre, mi móvil es", false);
        check("Bis Freitag bin ich da, danach unter", false);
        check("à bientôt au", false);
    }
}
