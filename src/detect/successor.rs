//! The successor that a notice names: a colleague, a team or a functional mailbox of the organisation.

use super::author::{domain, is_custodian, local_part};
use super::fact::{Fact, Signals};
use super::reading::Reading;
use crate::finding::{Contact, ContactKind, Owner, Place, SuccessorReach};
use crate::mailbox::{Custodian, Organisation};
use crate::message::{Address, Message};
use crate::query::fold::fold_words;
use crate::query::{Query, Within};

/// Who follows, and how the notice's readers can reach them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Successor {
    /// Name, team or address, as written.
    pub name: String,
    /// How they can be reached.
    pub reach: SuccessorReach,
}

/// What the search for a successor looks at.
pub(super) struct Scene<'s> {
    /// The message.
    pub message: &'s Message,
    /// Its sentences.
    pub reading: &'s Reading<'s>,
    /// Whose mail.
    pub custodian: &'s Custodian,
    /// The organisation.
    pub organisation: &'s Organisation,
    /// ISO 639-1.
    pub language: &'s str,
    /// All contact data, with their owners.
    pub contacts: &'s [Contact],
}

/// Finds the successor. `fact` is what the query's `successor` frames made of the message.
#[must_use]
pub(super) fn find(
    scene: &Scene<'_>,
    query: &Query,
    signals: &Signals<'_>,
    fact: Option<&Fact>,
) -> Option<Successor> {
    let likely = fact.filter(|f| f.is_likely());
    let sure = likely.filter(|f| f.holds());
    let address = scene.organisation_address();
    let named = likely.and_then(|f| {
        let beside = usize::from(f.holds());
        [
            f.sentence,
            f.sentence + beside,
            f.sentence.saturating_sub(beside),
        ]
        .into_iter()
        .find_map(|s| scene.person(s, f.holds(), &scene.told(s, query, signals)))
        .or_else(|| team(scene, query, signals, f.sentence))
    });
    let copied = scene.copied_colleague(likely.map(|f| f.sentence), sure.is_some());
    let name = named
        .or_else(|| address.clone())
        .or_else(|| copied.map(shown))?;
    let number = scene.contacts.iter().any(|c| {
        c.kind == ContactKind::Phone
            && c.place == Place::Body
            && matches!(c.owner, Owner::Colleague | Owner::Organisation)
    });
    let reach = if address.is_some() || number {
        SuccessorReach::Data
    } else if copied.is_some() {
        SuccessorReach::Copied
    } else {
        SuccessorReach::NameOnly
    };
    Some(Successor { name, reach })
}

fn team(
    scene: &Scene<'_>,
    query: &Query,
    signals: &Signals<'_>,
    sentence: usize,
) -> Option<String> {
    let signal = query.signal("team")?;
    let hit = signals.find(signal, sentence, Within::Near)?;
    let (passage, _) = scene.reading.passage(hit.sentence)?;
    let range = passage.folded.original_range(&hit.range);
    passage.text.get(range).map(str::to_owned)
}

fn shown(address: &Address) -> String {
    if address.name.is_empty() {
        address.address.clone()
    } else {
        address.name.clone()
    }
}

impl Scene<'_> {
    /// An address of the organisation in the author's own words that is not the custodian's.
    fn organisation_address(&self) -> Option<String> {
        self.contacts
            .iter()
            .filter(|c| c.kind == ContactKind::Email && matches!(c.place, Place::Body))
            .filter_map(|c| c.value.strip_prefix("mailto:"))
            .find(|a| self.organisation.owns(domain(a)) && !self.is_own_address(a))
            .map(str::to_owned)
    }

    fn is_own_address(&self, address: &str) -> bool {
        let as_address = Address {
            name: String::new(),
            address: address.to_owned(),
        };
        is_custodian(&as_address, self.custodian)
            || self
                .message
                .from
                .iter()
                .any(|f| f.address.eq_ignore_ascii_case(address))
    }

    /// A recipient of the organisation whom the text names near the likely sentence, or anywhere; or the only one in Cc
    /// if a sentence surely announces a successor.
    fn copied_colleague(&self, likely: Option<usize>, sure: bool) -> Option<&Address> {
        let sentences = match likely {
            Some(s) => s.saturating_sub(1)..(s + 2).min(self.reading.len()),
            None => 0..self.reading.len(),
        };
        let text: Vec<&str> = sentences.map(|s| self.reading.folded(s)).collect();
        let text = format!(" {} ", text.join(" "));
        let recipients = self.message.cc.iter().chain(&self.message.to);
        let colleagues = recipients.filter(|a| {
            self.organisation.owns(domain(&a.address)) && !self.is_own_address(&a.address)
        });
        let named = |a: &&Address| {
            let local = local_part(&a.address).replace(['.', '_', '-'], " ");
            fold_words(&format!("{} {local}", a.name))
                .split(' ')
                .any(|w| w.len() > 2 && text.contains(&format!(" {w} ")))
        };
        let outside = self
            .message
            .to
            .iter()
            .any(|a| !self.organisation.owns(domain(&a.address)));
        colleagues
            .clone()
            .filter(|_| outside)
            .find(named)
            .or_else(|| {
                let mut in_cc = colleagues.filter(|a| self.message.cc.contains(a));
                in_cc.next().filter(|_| sure && in_cc.next().is_none())
            })
    }

    /// A person's name in a sentence: capitalised words that are neither the custodian nor the addressee, nor begin the
    /// sentence as any word would.
    fn person(&self, sentence: usize, sure: bool, told: &[usize]) -> Option<String> {
        let (passage, _) = self.reading.passage(sentence)?;
        if passage.place != Place::Body {
            return None;
        }
        let written = self.reading.written(sentence);
        // German capitalises its nouns.
        let single = sure && self.language != "de";
        names(written, single, told)
            .into_iter()
            .find(|name| !self.is_known_otherwise(name))
            .map(str::to_owned)
    }

    /// Where the phrases begin that tell who follows, as bytes of the sentence as it is written.
    fn told(&self, sentence: usize, query: &Query, signals: &Signals<'_>) -> Vec<usize> {
        let Some((passage, at)) = self.reading.passage(sentence) else {
            return Vec::new();
        };
        let start = passage.folded.sentences.get(at).map(|s| s.original.start);
        let tells = ["successor", "successor_weak"].map(|name| query.signal(name));
        signals
            .in_sentence(sentence)
            .filter(|hit| tells.contains(&Some(hit.signal)))
            .filter_map(|hit| {
                let range = passage.folded.original_range(&hit.range);
                range.start.checked_sub(start?)
            })
            .collect()
    }

    /// Names of the custodian, of the organisation and of those who are addressed are no successor's.
    fn is_known_otherwise(&self, name: &str) -> bool {
        let folded = fold_words(name);
        let words: Vec<&str> = folded.split(' ').filter(|w| w.len() > 1).collect();
        let outside = self
            .message
            .to
            .iter()
            .filter(|a| !self.organisation.owns(domain(&a.address)))
            .map(|a| format!("{} {}", a.name, a.address));
        let own = self
            .message
            .from
            .iter()
            .map(|a| format!("{} {}", a.name, a.address));
        let custodian = std::iter::once(format!(
            "{} {}",
            self.custodian.id,
            self.custodian.name.as_deref().unwrap_or_default()
        ));
        let organisation = self.organisation.domains.iter().cloned();
        outside
            .chain(own)
            .chain(custodian)
            .chain(organisation)
            .any(|other| {
                let other = format!(" {} ", fold_words(&other));
                words.iter().any(|w| other.contains(&format!(" {w} ")))
            })
            || self.organisation.domains.iter().any(|domain| {
                // `caixanova.example` is called Caixa.
                let is_part = |w: &&str| w.len() >= 5 && domain.starts_with(*w);
                words.len() == 1 && words.iter().any(is_part)
            })
    }
}

/// Particles that join the words of a name.
const PARTICLES: &[&str] = &[
    "de", "del", "la", "las", "los", "da", "do", "dos", "das", "di", "van", "von", "der", "den",
    "zu", "el", "le", "i", "y", "e", "ten", "ter", "du",
];
/// Titles before a name, and capitalised words that are none. German capitalises nouns, so that a single word counts only
/// behind a title or where another capitalised word follows.
const TITLES: &[&str] = &[
    "mr",
    "mrs",
    "ms",
    "dr",
    "dra",
    "sr",
    "sra",
    "srta",
    "don",
    "dona",
    "herr",
    "herrn",
    "frau",
    "kollege",
    "kollegen",
    "kollegin",
    "kollega",
    "monsieur",
    "madame",
    "mme",
    "m",
    "mlle",
    "signor",
    "signora",
    "dott",
    "dottoressa",
    "ing",
    "lic",
    "senhor",
    "senhora",
    "senyor",
    "senyora",
    "dhr",
    "mevrouw",
    "mw",
    "meneer",
    "collega",
    "colleague",
    "companera",
    "companero",
    "companya",
    "company",
    "colega",
    "collegue",
    "en",
    "na",
    "la",
    "el",
    "il",
    "le",
    "o",
    "a",
    "to",
    "by",
    "is",
    "est",
    "sera",
    "ist",
    "wird",
    "van",
    "with",
    "contact",
    "ask",
    "por",
    "con",
    "amb",
    "com",
    "par",
    "avec",
    "met",
    "mit",
    "an",
    "bei",
    "to",
    "e",
    "a",
];

/// Runs of capitalised words, the longest first; a `single` one counts too, if it does not begin the sentence. One that
/// does counts where a phrase that tells who follows begins right behind it (`told`, bytes of the sentence), and there a
/// run in capitals, too: it shouts the name, or all of it.
fn names<'s>(sentence: &'s str, single: bool, told: &[usize]) -> Vec<&'s str> {
    let words: Vec<(usize, &str)> = words_of(sentence);
    let goes_before = |end: usize| words.get(end).is_some_and(|next| told.contains(&next.0));
    let mut runs: Vec<(usize, usize, usize)> = Vec::new();
    let mut at = 0;
    while at < words.len() {
        let mut end = at;
        let mut count = 0;
        while let Some(&(_, word)) = words.get(end) {
            if is_name_word(word, end) {
                count += 1;
                end += 1;
                continue;
            }
            let particles = words
                .iter()
                .skip(end)
                .take_while(|w| PARTICLES.contains(&w.1))
                .count();
            let goes_on = words
                .get(end + particles)
                .is_some_and(|w| is_name_word(w.1, end));
            if count == 0 || particles == 0 || particles > 2 || !goes_on {
                break;
            }
            end += particles;
        }
        let before = at
            .checked_sub(1)
            .and_then(|b| words.get(b))
            .map(|w| fold_words(w.1));
        let titled = before.is_some_and(|b| TITLES.contains(&b.as_str()));
        if count >= 2 || count == 1 && ((titled || single) && at > 0 || goes_before(end)) {
            runs.push((at, end, count));
        }
        let shouted = words.iter().skip(at).take_while(|w| is_shouted(w.1));
        let most = shouted.take(4).count();
        if count == 0
            // A single one may be an abbreviation, unless all is shouted.
            && let Some(length) = (1..=most).find(|&length| goes_before(at + length))
            && (length > 1 || words.get(at + 1).is_some_and(|w| is_shouted(w.1)))
        {
            runs.push((at, at + length, length));
            at += length;
            continue;
        }
        at = end.max(at + 1);
    }
    runs.sort_by_key(|&(start, _, count)| (std::cmp::Reverse(count.min(3)), start));
    runs.iter()
        .filter_map(|&(start, end, _)| {
            let first = words.get(start)?;
            let last = words.get(end.checked_sub(1)?)?;
            sentence.get(first.0..last.0 + last.1.len())
        })
        .collect()
}

fn words_of(sentence: &str) -> Vec<(usize, &str)> {
    let mut words = Vec::new();
    let mut start = None;
    for (at, c) in sentence.char_indices().chain([(sentence.len(), ' ')]) {
        let inside = c.is_alphabetic() || matches!(c, '\'' | '’' | '-' | '.' | '@');
        match (start, inside) {
            (None, true) => start = Some(at),
            (Some(from), false) => {
                let word = sentence
                    .get(from..at)
                    .unwrap_or_default()
                    .trim_end_matches(['.', '-', '\'']);
                // The article of a name: `l'Anna`, `L’Iban`.
                let article = ["l'", "L'", "l’", "L’", "d'", "d’"]
                    .iter()
                    .find(|a| word.starts_with(*a))
                    .map_or(0, |a| a.len());
                let word = word.get(article..).unwrap_or_default();
                if !word.contains('@') && !word.is_empty() {
                    words.push((from + article, word));
                }
                start = None;
            }
            _ => {}
        }
    }
    words
}

/// Capitalised words that are no part of a name: days, months, and what sentences begin with.
const NO_NAMES: &str = include_str!("successor/no_names.txt");

fn is_name_word(word: &str, position: usize) -> bool {
    let folded = fold_words(word);
    let listed = || NO_NAMES.lines().any(|l| l == folded);
    is_capitalised(word) && (position > 0 || folded.len() > 2) && !listed()
}

/// Whether a word is in capitals, and none that sentences begin with.
fn is_shouted(word: &str) -> bool {
    let folded = fold_words(word);
    word.chars()
        .all(|c| c.is_uppercase() || matches!(c, '-' | '\'' | '’'))
        && folded.len() > 2
        && !TITLES.contains(&folded.as_str())
        && !NO_NAMES.lines().any(|l| l == folded)
}

fn is_capitalised(word: &str) -> bool {
    let mut chars = word.chars();
    chars.next().is_some_and(char::is_uppercase) && chars.next().is_some_and(char::is_lowercase)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(sentence: &str, expected: &[&str]) {
        assert_eq!(names(sentence, false, &[]), expected);
    }

    /// `told` is what tells who follows.
    #[track_caller]
    fn check_told(sentence: &str, told: &str, expected: &[&str]) {
        let told = sentence.find(told).expect("it stands in the sentence");
        assert_eq!(names(sentence, true, &[told]), expected);
    }

    #[test]
    fn names_that_begin_a_sentence_or_are_in_capitals() {
        check_told("Sophie prend la suite dès lundi", "prend", &["Sophie"]);
        check_told("Femke neemt mijn klanten over", "neemt", &["Femke"]);
        check_told("L'Anna agafa el relleu", "agafa", &["Anna"]);
        check_told("Camila assume minha carteira", "assume", &["Camila"]);
        check_told("LUCÍA MENA LLEVARÁ SU CUENTA", "LLEVARÁ", &["LUCÍA MENA"]);
        check_told("HERR THOMAS GRAF ÜBERNIMMT", "ÜBERNIMMT", &["THOMAS GRAF"]);
        check_told("Contact the desk", "Contact", &[]);
        check_told("o SAC atenderá você", "atenderá", &[]);
        check_told("o SAC ATENDERÁ VOCÊ", "ATENDERÁ", &["SAC"]);
    }

    #[test]
    fn names_are_capitalised_runs() {
        check(
            "From Monday please write to Ana María de la Fuente.",
            &["Ana María de la Fuente"],
        );
        check("mein Kollege Uwe Brandt übernimmt", &["Uwe Brandt"]);
        check("my colleague Priya will help", &["Priya"]);
        check("Thanks for everything", &[]);
    }
}
