//! Data told in one breath (`ana@example.net or 600 111 222`) belong to the same person.

use super::super::contact::{Found, is_number_cue};
use super::words::{MOBILE, OFFICE, PRIVATE, is_office_phone};
use super::{Opinion, Scene};
use crate::finding::{ContactKind, Owner, Place};
use crate::query::fold::fold_words;

/// Characters between two data that are told in one breath, at most.
const REACH: usize = 60;
/// Words between them that are neither joints nor say what follows, at most.
const OTHER_WORDS: usize = 4;

/// Words that name a kind of datum, besides those that announce numbers.
const KINDS: &[&str] = &[
    "mail",
    "email",
    "e",
    "mails",
    "correo",
    "courriel",
    "adresse",
    "address",
    "web",
    "website",
    "www",
    "site",
    "sitio",
    "sito",
    "pagina",
    "page",
    "blog",
    "linkedin",
    "xing",
    "instagram",
    "insta",
    "ig",
    "facebook",
    "fb",
    "skype",
    "threema",
    "sms",
    "festnetz",
    "fix",
    "fijo",
    "fixe",
    "fisso",
    "fixo",
    "vast",
    "homepage",
    "profil",
    "profile",
    "perfil",
    "rufnummer",
    "fax",
    "telefax",
    "orcid",
    "twitter",
    "tel",
    "tfn",
    "telf",
    "mov",
    "new",
    "neu",
    "nuevo",
    "nouveau",
    "nuovo",
    "novo",
    "nou",
    "nieuw",
    "nieuwe",
    "neue",
];

/// Words that join data of one person.
const JOINTS: &[&str] = &[
    "or",
    "and",
    "o",
    "u",
    "y",
    "i",
    "e",
    "ou",
    "et",
    "oder",
    "und",
    "of",
    "en",
    "also",
    "auch",
    "sinon",
    "sino",
    "oppure",
    "both",
    "bzw",
    "otherwise",
    "per",
    "par",
    "via",
    "by",
    "on",
    "at",
    "al",
    "a",
    "au",
    "sur",
    "auf",
    "op",
    "su",
    "no",
];

/// Words behind which somebody else's data follow.
const OTHERS: &[&str] = &[
    "he",
    "she",
    "her",
    "his",
    "him",
    "er",
    "ihn",
    "ihm",
    "ella",
    "elle",
    "lui",
    "lei",
    "hij",
    "zij",
    "hem",
    "haar",
    "ele",
    "ela",
    "until",
    "till",
    "bis",
    "hasta",
    "fins",
    "fino",
    "tot",
    "ate",
    "jusqu",
    "colleague",
    "colleagues",
    "kollege",
    "kollegin",
    "companero",
    "companera",
    "company",
    "companya",
    "collegue",
    "collega",
    "colega",
    "for",
    "team",
    "equipo",
    "equipe",
    "equip",
    "squadra",
];

/// Words behind which the custodian's data follow, when somebody else's, or those of the time before, were told.
const MINE: &[&str] = &[
    "i",
    "me",
    "myself",
    "ich",
    "mich",
    "mir",
    "yo",
    "mi",
    "jo",
    "moi",
    "je",
    "io",
    "mim",
    "eu",
    "ik",
    "mij",
    "my",
    "mein",
    "meine",
    "mon",
    "ma",
    "mio",
    "mia",
    "meu",
    "meva",
    "minha",
    "mijn",
    "then",
    "dann",
    "danach",
    "ensuite",
    "puis",
    "apres",
    "luego",
    "despues",
    "desde",
    "despres",
    "dopo",
    "poi",
    "dal",
    "depois",
    "daarna",
    "vanaf",
    "ab",
    "from",
    "after",
    "afterwards",
    "des",
    "partir",
];

/// The opinions on all data: first on each alone, then on those that are told in one breath with a datum of the custodian's.
pub(super) fn opinions(scene: &Scene<'_>, found: &[Found]) -> Vec<Opinion> {
    let mut opinions: Vec<Opinion> = found.iter().map(|f| scene.owner(f, false)).collect();
    if !scene.context.notice {
        return opinions;
    }
    let mut order: Vec<usize> = (0..found.len())
        .filter(|&n| found.get(n).is_some_and(may_join))
        .collect();
    order.sort_by_key(|&n| found.get(n).map(|f| (f.body, f.range.start)));
    let back: Vec<usize> = order.iter().rev().copied().collect();
    // A row of data takes its owner from any of them, so that both ways are gone.
    for way in [order, back] {
        for pair in way.windows(2) {
            let &[from, to] = pair else { continue };
            let (Some(a), Some(b)) = (found.get(from), found.get(to)) else {
                continue;
            };
            let owned = |n: usize| opinions.get(n).is_some_and(|o| o.owner == Owner::Custodian);
            if owned(from) && !owned(to) && scene.in_one_breath(a, b) {
                let opinion = scene.owner(b, true);
                if let Some(slot) = opinions.get_mut(to) {
                    *slot = opinion;
                }
            }
        }
    }
    opinions
}

/// A postal address names a place, which may be the office's.
fn may_join(datum: &Found) -> bool {
    datum.place == Place::Body && datum.body.is_some() && datum.kind != ContactKind::Postal
}

impl Scene<'_> {
    fn in_one_breath(&self, a: &Found, b: &Found) -> bool {
        let (first, second) = if a.range.start <= b.range.start {
            (a, b)
        } else {
            (b, a)
        };
        let between = self
            .text(first)
            .get(first.range.end..second.range.start)
            .unwrap_or_default();
        a.body == b.body
            && first.range.end <= second.range.start
            && joins(between, a.range.start < b.range.start)
            && !self.stands_with_colleague(b)
    }
}

/// Whether what stands between two data leaves them in one breath; `forth` if the first is known to be the custodian's.
fn joins(between: &str, forth: bool) -> bool {
    if between.chars().count() > REACH
        || between.matches('\n').count() > 1
        || sentence_end(between).is_some()
        || is_office_phone(&format!(" {} ", fold_words(between)))
    {
        return false;
    }
    let label = |word: &str| {
        let lists = [KINDS, JOINTS, MOBILE, PRIVATE];
        lists.iter().any(|list| list.contains(&word)) || is_number_cue(word)
    };
    // In a new line the other datum may be anything, unless it is said what it is.
    let most = if between.contains('\n') {
        0
    } else {
        OTHER_WORDS
    };
    let turns = if forth { OTHERS } else { MINE };
    let mut others = 0;
    for written in between
        .split(|c: char| !c.is_alphanumeric())
        .filter(|w| !w.is_empty())
    {
        let word = fold_words(written);
        let joint = JOINTS.contains(&word.as_str()) && word.chars().count() == 1;
        if OFFICE.contains(&word.as_str()) || turns.contains(&word.as_str()) && !joint {
            return false;
        }
        if !label(&word) {
            others += 1;
            // A name: somebody else's datum follows.
            if written.starts_with(char::is_uppercase) {
                return false;
            }
        }
    }
    others <= most
}

/// Where the last sentence that ends in a text does: behind a mark and before a capital; an abbreviation ends none.
pub(super) fn sentence_end(text: &str) -> Option<usize> {
    text.char_indices()
        .rev()
        .filter(|&(_, c)| matches!(c, '.' | '!' | '?' | '…'))
        .find(|&(at, c)| {
            let rest = text.get(at + c.len_utf8()..).unwrap_or_default();
            let next = rest.trim_start();
            let letters = text
                .get(..at)
                .unwrap_or_default()
                .chars()
                .rev()
                .take_while(|c| c.is_alphanumeric())
                .count();
            rest.len() > next.len()
                && next.starts_with(|c: char| {
                    c.is_uppercase() || matches!(c, '¿' | '¡' | '"' | '«' | '„')
                })
                && (c != '.' || letters >= 5)
        })
        .map(|(at, c)| at + c.len_utf8())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(between: &str, forth: bool, expected: bool) {
        assert_eq!(joins(between, forth), expected, "{between:?}");
    }

    #[test]
    fn what_joins_two_data() {
        for between in [
            ", ",
            " or ",
            " oder ",
            " / cel. ",
            " – GSM ",
            "\nTel. ",
            " o al ",
            ", tel. ",
            " ou par SMS ",
            ", sinon ",
            ", su telegram sono ",
            " en per app ",
            "\n",
            " i el mòbil ",
            ", handy ",
            ", Fax ",
        ] {
            check(between, true, true);
            check(between, false, true);
        }
        check(" or ring me on ", true, true);
        check(", ab dann auch ", true, true);
    }

    #[test]
    fn what_parts_two_data() {
        for between in [
            ", Marta Ruiz ",
            "\n\n",
            ". Die Nummer ist ",
            ", office ",
            " (Büro) ",
            "\nLisa Brandt ",
        ] {
            check(between, true, false);
            check(between, false, false);
        }
        check(" y el móvil de empresa (", true, false);
        check(", then ", false, false);
        check(" danach ", false, false);
        check(" y yo en ", false, false);
        check(" ou moi au ", false, false);
        check(", and until Friday ", true, false);
        check(" oder unser Kollege ", true, false);
    }

    #[test]
    fn sentences_end_before_capitals() {
        assert_eq!(sentence_end("Das war alles. Tel. "), Some(14));
        assert_eq!(sentence_end("mein Tel. Privat "), None);
        assert_eq!(sentence_end("alles klar! Also "), Some(11));
    }
}
