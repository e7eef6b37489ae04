//! Near-duplicates: the same text to many clients is one campaign.

use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{Hash, Hasher};

use jiff::{SignedDuration, Timestamp};

use super::view::Seen;

/// Words of a shingle.
const SHINGLE: usize = 5;
/// Texts of which four fifths of the shingles are common (Jaccard ≥ 0.8) are the same.
const SAME: (usize, usize) = (4, 5);
/// Two messages of one campaign are at most this far apart.
const APART: SignedDuration = SignedDuration::from_hours(14 * 24);

/// The campaign of a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Campaign {
    /// `c-` and the id of its earliest finding; empty for a message on its own.
    pub(super) id: String,
    /// Findings in it, at least 1.
    pub(super) size: usize,
}

impl Default for Campaign {
    fn default() -> Self {
        Self {
            id: String::new(),
            size: 1,
        }
    }
}

/// The campaign of each finding, in their order, which must be that of the report.
pub(super) fn find(findings: &[Seen<'_>]) -> Vec<Campaign> {
    let texts: Vec<_> = findings.iter().map(Text::of).collect();
    let mut groups = Groups::new(texts.len());
    let mut candidates: HashMap<(&str, &str, u64), Vec<usize>> = HashMap::new();
    for (index, text) in texts.iter().enumerate() {
        for &shingle in text.prefix() {
            let sharing = candidates
                .entry((text.custodian, text.query, shingle))
                .or_default();
            for &other in sharing.iter() {
                let is_new = groups.root(other) != groups.root(index);
                if is_new && texts.get(other).is_some_and(|other| text.is_like(other)) {
                    groups.join(other, index);
                }
            }
            sharing.push(index);
        }
    }
    let mut sizes: BTreeMap<usize, usize> = BTreeMap::new();
    let roots: Vec<_> = (0..texts.len()).map(|index| groups.root(index)).collect();
    for &root in &roots {
        *sizes.entry(root).or_default() += 1;
    }
    roots
        .iter()
        .map(|root| name(findings, *root, sizes.get(root).copied()))
        .collect()
}

fn name(findings: &[Seen<'_>], root: usize, size: Option<usize>) -> Campaign {
    match (findings.get(root), size) {
        (Some(first), Some(size)) if size > 1 => Campaign {
            id: format!("c-{}", first.finding().id),
            size,
        },
        _ => Campaign::default(),
    }
}

/// What is compared of a finding.
struct Text<'a> {
    custodian: &'a str,
    query: &'a str,
    sent_at: Option<Timestamp>,
    /// Hashes of its shingles, in order, each once. None for what is withheld: likeness would tell of its content.
    shingles: Vec<u64>,
}

impl<'a> Text<'a> {
    fn of(seen: &Seen<'a>) -> Self {
        let finding = seen.finding();
        let said = &finding.conclusion;
        let shingles = if seen.withheld {
            Vec::new()
        } else if said.excerpt.contains(&said.notice) {
            shingles(&masked(&said.excerpt, seen))
        } else {
            shingles(&masked(&format!("{}\n{}", said.notice, said.excerpt), seen))
        };
        Self {
            custodian: &finding.custodian,
            query: &said.query_id,
            sent_at: finding.sent_at,
            shingles,
        }
    }

    /// The shingles of which two texts that are alike have at least one in common, so that not every pair is compared: if
    /// they share four fifths, they cannot differ in the whole of their first fifth plus one.
    fn prefix(&self) -> &[u64] {
        let count = self.shingles.len();
        let length = count - (count * SAME.0).div_ceil(SAME.1) + usize::from(count > 0);
        self.shingles.get(..length).unwrap_or(&self.shingles)
    }

    fn is_like(&self, other: &Self) -> bool {
        let is_near = match (self.sent_at, other.sent_at) {
            (Some(one), Some(two)) => one.duration_since(two).abs() <= APART,
            (None, None) => true,
            _ => false,
        };
        let common = self
            .shingles
            .iter()
            .filter(|s| other.shingles.binary_search(s).is_ok())
            .count();
        let all = self.shingles.len() + other.shingles.len() - common;
        is_near && common * SAME.1 >= all * SAME.0
    }
}

fn shingles(words: &[String]) -> Vec<u64> {
    let hash = |words: &[String]| {
        let mut hasher = DefaultHasher::new();
        words.hash(&mut hasher);
        hasher.finish()
    };
    let hashes: BTreeSet<u64> = if words.is_empty() {
        BTreeSet::new()
    } else if words.len() < SHINGLE {
        BTreeSet::from([hash(words)])
    } else {
        words.windows(SHINGLE).map(hash).collect()
    };
    hashes.into_iter().collect()
}

/// The words in lower case without the greeting, numbers and the recipients' names masked: what differs between the copies
/// of a circular.
fn masked(text: &str, seen: &Seen<'_>) -> Vec<String> {
    let names: BTreeSet<String> = seen
        .addressees
        .iter()
        .flat_map(|addressee| {
            let local = addressee
                .recipient
                .address
                .split('@')
                .next()
                .unwrap_or_default();
            words(&addressee.recipient.display_name).chain(words(local))
        })
        .filter(|name| name.chars().count() > 2)
        .collect();
    let mut masked: Vec<String> = Vec::new();
    for word in words(without_greeting(text)) {
        if word.contains(|c: char| c.is_numeric()) {
            masked.push("0".to_owned());
        } else if !names.contains(&word) {
            masked.push(word);
        } else if masked.last().is_none_or(|last| last != "@") {
            // First names and full names come to the same.
            masked.push("@".to_owned());
        }
    }
    masked
}

fn words(text: &str) -> impl Iterator<Item = String> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
}

/// Cuts off `Dear Ms Lopez,` in a line of its own or before the first words.
fn without_greeting(text: &str) -> &str {
    let text = text.trim_start();
    let Some(end) = text.find([',', ':', '!', '\n']) else {
        return text;
    };
    match text.split_at_checked(end) {
        Some((greeting, rest)) if words(greeting).count() <= 4 && words(rest).next().is_some() => {
            rest
        }
        _ => text,
    }
}

/// Disjoint sets of which the smallest member is the root.
struct Groups(Vec<usize>);

impl Groups {
    fn new(count: usize) -> Self {
        Self((0..count).collect())
    }

    fn root(&mut self, mut index: usize) -> usize {
        while let Some(&above) = self.0.get(index)
            && above != index
        {
            let top = self.0.get(above).copied().unwrap_or(above);
            if let Some(link) = self.0.get_mut(index) {
                *link = top;
            }
            index = above;
        }
        index
    }

    fn join(&mut self, one: usize, two: usize) {
        let (one, two) = (self.root(one), self.root(two));
        if let Some(link) = self.0.get_mut(one.max(two)) {
            *link = one.min(two);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::report::sample::{recipient, sample};

    const BODY: &str = "after nine good years I leave the firm on 28 June and would like to thank you for your trust; \
                        from then on please write to my colleague, who knows all your files and will be glad to help";

    /// Findings (day of June, to, text), and the campaign sizes of their rows in order of time.
    #[track_caller]
    fn check(findings: &[(u8, &str, &str)], expected: &[&str]) {
        for turn in 0..findings.len() {
            let mut sample = sample();
            for index in 0..findings.len() {
                let index = (index + turn) % findings.len();
                let (day, to, text) = findings[index];
                sample.add(
                    &format!("f-{index}"),
                    &format!("2024-06-{day:02}T08:00:00Z"),
                    |finding| {
                        finding.recipients = vec![recipient(to)];
                        text.clone_into(&mut finding.conclusion.excerpt);
                        text.clone_into(&mut finding.conclusion.notice);
                    },
                );
            }
            let report = sample.written();
            let mut rows =
                csv::Reader::from_path(report.settings.directory.join("findings.csv")).unwrap();
            let seen: Vec<_> = rows
                .records()
                .map(|row| row.map(|row| format!("{} {}", &row[28], &row[29])).unwrap())
                .collect();
            assert_eq!(seen, expected, "stored from {turn} on");
        }
    }

    #[test]
    fn a_circular_is_one_campaign() {
        let to_bea = format!("Dear Bea,\n\n{BODY}");
        let to_max = format!("Hello Mr Mustermann, {BODY} (your file 4711)");
        let other = "I am leaving the company at the end of the month, and Leo Sanz takes over everything from then.";
        check(
            &[
                (1, "Bea <bea@client.example>", &to_bea),
                (2, "Max Mustermann <max@other.example>", &to_max),
                (3, "Eva <eva@third.example>", other),
            ],
            &["c-f-0 2", "c-f-0 2", " 1"],
        );
    }

    #[test]
    fn two_weeks_part_a_campaign_unless_something_lies_between() {
        let to = "Bea <bea@client.example>";
        check(&[(1, to, BODY), (20, to, BODY)], &[" 1", " 1"]);
        check(
            &[(1, to, BODY), (10, to, BODY), (20, to, BODY)],
            &["c-f-0 3"; 3],
        );
    }

    #[test]
    fn short_and_empty_texts_are_compared_whole() {
        let to = "Bea <bea@client.example>";
        check(
            &[(1, to, "I leave"), (2, to, "I leave!"), (3, to, "I left")],
            &["c-f-0 2", "c-f-0 2", " 1"],
        );
        check(&[(1, to, ""), (2, to, "")], &[" 1", " 1"]);
    }
}
