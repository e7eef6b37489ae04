//! The phrase language: words, alternatives, options, gaps and lists, compiled into literals for the gate and a matcher for the
//! rest.
//!
//! ```text
//! my last day                 words in this order, whatever their case and accents
//! leav*                       a word that begins so
//! (my|our) last [working] day alternatives, and a part that may be missing
//! last ..2 day                up to two words in between
//! 0 years                     any number, in figures
//! leave @own                  the organisation's name
//! from @weekday               any entry of the list `weekday` of the same language
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use crate::query::fold::{OWN_NAME, fold_words};

/// Named lists of phrases, by name.
pub type Lists = BTreeMap<String, Vec<String>>;

/// One element of a phrase.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Node {
    /// A folded word, in its spellings (`fur`, `fuer`).
    Word(Vec<String>),
    /// A word that begins so.
    Prefix(Vec<String>),
    /// A word that begins with a digit, written `0`.
    Number,
    /// Up to so many words.
    Gap(usize),
    /// One of several sequences.
    Any(Vec<Vec<Node>>),
    /// A sequence that may be missing.
    Maybe(Vec<Vec<Node>>),
}

/// A compiled phrase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Phrase {
    nodes: Vec<Node>,
    /// Literals of which every match contains at least one, each with a space before it, and after it unless it is a
    /// prefix.
    pub anchors: Vec<String>,
    /// Whether an anchor is already the whole match.
    pub exact: bool,
}

/// Expansions of a phrase into plain literals, at most.
const MOST_LITERALS: usize = 48;
/// Nesting of brackets, at most.
const MOST_DEPTH: usize = 8;
/// Words before an anchor at which a match may begin, at most.
const MOST_BEFORE: usize = 40;
/// Words of one sentence that the matcher looks at, at most.
const MOST_WORDS: usize = 400;

impl Phrase {
    /// Compiles a phrase.
    ///
    /// # Errors
    /// What is wrong with it, for people.
    pub fn compile(source: &str, lists: &Lists) -> Result<Self, String> {
        let nodes = parse(source, lists, 0)?;
        if let Some(literals) = expand(&nodes) {
            if literals.iter().any(|l| l.trim().is_empty()) {
                return Err(
                    "the phrase can match nothing at all: make a part of it obligatory".to_owned(),
                );
            }
            let anchors = literals.into_iter().collect();
            return Ok(Self {
                nodes,
                anchors,
                exact: true,
            });
        }
        let anchors = anchors(&nodes)
            .ok_or_else(|| "the phrase needs at least one obligatory word".to_owned())?;
        Ok(Self {
            nodes,
            anchors: anchors.into_iter().collect(),
            exact: false,
        })
    }

    /// The first match in a folded sentence, as a range of its bytes; `near` is where an anchor was seen.
    #[must_use]
    pub fn find(&self, sentence: &str, near: usize) -> Option<Range<usize>> {
        let words = Words::around(sentence, near);
        let anchor = words.0.partition_point(|r| r.end <= near);
        let starts = anchor.saturating_sub(MOST_BEFORE)..words.0.len().min(anchor + 1);
        starts
            .filter(|&start| may_begin(&self.nodes, &words, start))
            .find_map(|start| {
                let ends = walk(&self.nodes, &words, &[start]);
                let last = *ends.last()?;
                let first = words.0.get(start)?.start;
                let end = words.0.get(last.checked_sub(1)?)?.end;
                (end > first).then_some(first..end)
            })
    }
}

/// Byte ranges of a sentence's words.
struct Words<'s>(Vec<Range<usize>>, &'s str);

impl<'s> Words<'s> {
    fn around(sentence: &'s str, near: usize) -> Self {
        let mut ranges = Vec::new();
        let mut start = 0;
        for word in sentence.split(' ') {
            if !word.is_empty() {
                ranges.push(start..start + word.len());
            }
            start += word.len() + 1;
        }
        if ranges.len() > MOST_WORDS {
            let at = ranges.partition_point(|r| r.end <= near);
            let first = at.saturating_sub(MOST_WORDS / 2);
            ranges = ranges.into_iter().skip(first).take(MOST_WORDS).collect();
        }
        Self(ranges, sentence)
    }

    fn word(&self, at: usize) -> Option<&'s str> {
        self.1.get(self.0.get(at)?.clone())
    }
}

/// Whether a sequence may begin at a word: a cheap look before [`walk`].
fn may_begin(nodes: &[Node], words: &Words<'_>, start: usize) -> bool {
    let Some((node, rest)) = nodes.split_first() else {
        return true;
    };
    let Some(word) = words.word(start) else {
        return false;
    };
    match node {
        Node::Word(_) | Node::Prefix(_) | Node::Number => node.fits(word),
        Node::Gap(_) => true,
        Node::Any(branches) => branches.iter().any(|b| may_begin(b, words, start)),
        Node::Maybe(branches) => {
            may_begin(rest, words, start) || branches.iter().any(|b| may_begin(b, words, start))
        }
    }
}

impl Node {
    /// Whether a single word fits a node that stands for one.
    fn fits(&self, word: &str) -> bool {
        match self {
            Self::Word(spellings) => spellings.iter().any(|s| s == word),
            Self::Prefix(spellings) => spellings.iter().any(|s| word.starts_with(s.as_str())),
            Self::Number => word.starts_with(|c: char| c.is_ascii_digit()),
            Self::Gap(_) | Self::Any(_) | Self::Maybe(_) => false,
        }
    }
}

/// Positions that a sequence can reach from a set of positions; both sorted and without duplicates.
fn walk(nodes: &[Node], words: &Words<'_>, from: &[usize]) -> Vec<usize> {
    let mut reached = from.to_vec();
    for node in nodes {
        if reached.is_empty() {
            break;
        }
        let mut next: Vec<usize> = match node {
            Node::Word(_) | Node::Prefix(_) | Node::Number => {
                let fits = |at: &usize| words.word(*at).is_some_and(|w| node.fits(w));
                reached
                    .iter()
                    .filter(|at| fits(at))
                    .map(|at| at + 1)
                    .collect()
            }
            Node::Gap(most) => reached
                .iter()
                .flat_map(|&at| at..=(at + most).min(words.0.len()))
                .collect(),
            Node::Any(branches) | Node::Maybe(branches) => branches
                .iter()
                .filter(|b| reached.iter().any(|&at| may_begin(b, words, at)))
                .flat_map(|b| walk(b, words, &reached))
                .collect(),
        };
        if matches!(node, Node::Maybe(_)) {
            next.extend(&reached);
        }
        next.sort_unstable();
        next.dedup();
        reached = next;
    }
    reached
}

fn parse(source: &str, lists: &Lists, depth: usize) -> Result<Vec<Node>, String> {
    if depth > MOST_DEPTH {
        return Err(format!("brackets or lists nest deeper than {MOST_DEPTH}"));
    }
    let mut nodes = Vec::new();
    let mut rest = source.trim_start();
    while let Some(first) = rest.chars().next() {
        let (node, after) = match first {
            '(' | '[' => {
                let (inside, after) = bracket(rest)?;
                let branches = branches(inside, lists, depth)?;
                (
                    if first == '(' {
                        Node::Any(branches)
                    } else {
                        Node::Maybe(branches)
                    },
                    after,
                )
            }
            ')' | ']' | '|' => return Err(format!("`{first}` without its opening bracket")),
            _ => {
                let end = rest
                    .find([' ', '(', '[', ')', ']', '|'])
                    .unwrap_or(rest.len());
                let (token, after) = rest.split_at(end);
                (token_nodes(token, lists, depth)?, after)
            }
        };
        match node {
            Node::Any(mut branches) if branches.len() == 1 => nodes.append(&mut branches.remove(0)),
            node => nodes.push(node),
        }
        rest = after.trim_start();
    }
    Ok(nodes)
}

/// A token is a gap, a list, a prefix or a word; a word that folds into several (`I'm`) becomes a branch of its own.
fn token_nodes(token: &str, lists: &Lists, depth: usize) -> Result<Node, String> {
    if let Some(count) = token.strip_prefix("..") {
        let most: usize = count
            .parse()
            .map_err(|_| format!("`{token}`: write a gap as `..3`"))?;
        return if most <= 12 {
            Ok(Node::Gap(most))
        } else {
            Err(format!("`{token}`: a gap is 12 words at most"))
        };
    }
    if token == "@own" {
        return Ok(Node::Word(vec![OWN_NAME.to_owned()]));
    }
    if let Some(name) = token.strip_prefix('@') {
        let entries = lists
            .get(name)
            .ok_or_else(|| format!("there is no list `{name}` in this language"))?;
        let branches: Result<Vec<_>, _> =
            entries.iter().map(|e| parse(e, lists, depth + 1)).collect();
        return Ok(Node::Any(branches?));
    }
    if let Some(stem) = token.strip_suffix('*') {
        return Ok(Node::Prefix(spellings(stem)?));
    }
    if token == "0" {
        return Ok(Node::Number);
    }
    let folded = fold_words(token);
    if folded.contains(' ') {
        let words: Result<Vec<_>, _> = token
            .split(|c: char| !c.is_alphanumeric() && c != '·')
            .filter(|w| !w.is_empty())
            .map(|w| spellings(w).map(Node::Word))
            .collect();
        return Ok(Node::Any(vec![words?]));
    }
    Ok(Node::Word(spellings(token)?))
}

/// The spellings of a word: folded, and with German umlauts written out.
fn spellings(word: &str) -> Result<Vec<String>, String> {
    let mut all = vec![fold_words(word)];
    if word.contains(['ä', 'ö', 'ü', 'Ä', 'Ö', 'Ü']) {
        let written_out: String = word
            .chars()
            .map(|c| match c {
                'ä' | 'Ä' => "ae".to_owned(),
                'ö' | 'Ö' => "oe".to_owned(),
                'ü' | 'Ü' => "ue".to_owned(),
                c => c.to_string(),
            })
            .collect();
        all.push(fold_words(&written_out));
    }
    if all.iter().any(|w| w.is_empty() || w.contains(' ')) {
        return Err(format!("`{word}` is not a word"));
    }
    Ok(all)
}

/// Splits `(inside) after`.
fn bracket(text: &str) -> Result<(&str, &str), String> {
    let mut depth = 0usize;
    for (at, c) in text.char_indices() {
        match c {
            '(' | '[' => depth += 1,
            ')' | ']' => {
                depth -= 1;
                if depth == 0 {
                    let inside = text.get(1..at).unwrap_or_default();
                    return Ok((inside, text.get(at + 1..).unwrap_or_default()));
                }
            }
            _ => {}
        }
    }
    Err(format!("`{text}`: a bracket is not closed"))
}

fn branches(inside: &str, lists: &Lists, depth: usize) -> Result<Vec<Vec<Node>>, String> {
    let mut parts = Vec::new();
    let (mut level, mut start) = (0usize, 0usize);
    for (at, c) in inside.char_indices() {
        match c {
            '(' | '[' => level += 1,
            ')' | ']' => level = level.saturating_sub(1),
            '|' if level == 0 => {
                parts.push(inside.get(start..at).unwrap_or_default());
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(inside.get(start..).unwrap_or_default());
    parts
        .into_iter()
        .map(|p| parse(p, lists, depth + 1))
        .collect()
}

/// All literals of a phrase without gaps and prefixes, if they are few.
fn expand(nodes: &[Node]) -> Option<BTreeSet<String>> {
    let mut all = BTreeSet::from([" ".to_owned()]);
    for node in nodes {
        let tails: BTreeSet<String> = match node {
            Node::Word(spellings) => spellings.iter().map(|s| format!("{s} ")).collect(),
            Node::Prefix(_) | Node::Number | Node::Gap(_) => return None,
            Node::Any(branches) => expand_branches(branches)?,
            Node::Maybe(branches) => {
                let mut tails = expand_branches(branches)?;
                tails.insert(String::new());
                tails
            }
        };
        all = all
            .iter()
            .flat_map(|head| tails.iter().map(move |t| format!("{head}{t}")))
            .collect();
        if all.len() > MOST_LITERALS {
            return None;
        }
    }
    Some(all)
}

fn expand_branches(branches: &[Vec<Node>]) -> Option<BTreeSet<String>> {
    let mut tails = BTreeSet::new();
    for branch in branches {
        tails.extend(
            expand(branch)?
                .into_iter()
                .map(|l| l.trim_start().to_owned()),
        );
    }
    Some(tails)
}

/// Literals of which every match contains one: the best of the sequence's obligatory parts.
fn anchors(nodes: &[Node]) -> Option<BTreeSet<String>> {
    let mut best: Option<BTreeSet<String>> = None;
    let mut offer = |set: BTreeSet<String>| {
        let worth = |s: &BTreeSet<String>| {
            s.iter().map(String::len).min().unwrap_or(0) * 64 / (63 + s.len().min(64))
        };
        if best.as_ref().is_none_or(|b| worth(&set) > worth(b)) {
            best = Some(set);
        }
    };
    let mut run: Vec<Node> = Vec::new();
    for node in nodes {
        match node {
            Node::Word(_) | Node::Any(_) => {
                run.push(node.clone());
                if expand(&run).is_none() {
                    run = vec![node.clone()];
                }
                if let Some(set) = expand(&run) {
                    offer(set);
                    continue;
                }
                run.clear();
                if let Node::Any(branches) = node
                    && let Some(sets) = branches
                        .iter()
                        .map(|b| anchors(b))
                        .collect::<Option<Vec<_>>>()
                {
                    offer(sets.into_iter().flatten().collect());
                }
            }
            Node::Prefix(spellings) => {
                run.clear();
                offer(spellings.iter().map(|s| format!(" {s}")).collect());
            }
            Node::Number | Node::Gap(_) | Node::Maybe(_) => run.clear(),
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lists() -> Lists {
        Lists::from([(
            "day".to_owned(),
            vec!["monday".to_owned(), "next friday".to_owned()],
        )])
    }

    #[track_caller]
    fn check(phrase: &str, sentence: &str, expected: Option<&str>) {
        let phrase = Phrase::compile(phrase, &lists()).expect("compiles");
        let sentence = fold_words(sentence);
        let spaced = format!(" {sentence} ");
        // The gate calls with the places of the anchors.
        let found = phrase
            .anchors
            .iter()
            .flat_map(|anchor| spaced.match_indices(anchor.as_str()))
            .find_map(|(at, _)| phrase.find(&sentence, at))
            .map(|range| sentence[range].to_owned());
        assert_eq!(found.as_deref(), expected);
    }

    #[test]
    fn phrases_match_words() {
        check(
            "my last day",
            "Today is MY last dáy here",
            Some("my last day"),
        );
        check("my last day", "my lasting day", None);
        check("leav*", "I am leaving", Some("leaving"));
        check(
            "(my|our) last [working] day",
            "our last working day",
            Some("our last working day"),
        );
        check(
            "(my|our) last [working] day",
            "my last day",
            Some("my last day"),
        );
        check(
            "last ..2 day",
            "my last full working day",
            Some("last full working day"),
        );
        check("last ..2 day", "my last full and final day", None);
        check("from @day", "from next Friday on", Some("from next friday"));
        check("I'm off", "well I'm off now", Some("i m off"));
        check("0 june", "on 28 june", Some("28 june"));
        check("für immer", "fuer immer weg", Some("fuer immer"));
        check("für immer", "für immer weg", Some("fur immer"));
        check(
            "plego ..4 a finals",
            "plego de la casa a finals",
            Some("plego de la casa a finals"),
        );
        check(
            "[very] (good|bad ..1) leav* @day",
            "bad old leaving monday",
            Some("bad old leaving monday"),
        );
    }

    #[test]
    fn broken_phrases_are_told() {
        for broken in ["", "..3", "[a]", "(a", "a)", "@nothing", "a ..x", "..40 a"] {
            assert!(Phrase::compile(broken, &lists()).is_err(), "{broken}");
        }
    }

    #[test]
    fn anchors_are_obligatory() {
        let phrase =
            Phrase::compile("last ..2 (monday|friday) [maybe]", &lists()).expect("compiles");
        assert!(!phrase.exact);
        assert_eq!(phrase.anchors, [" friday ", " monday "]);
        let phrase =
            Phrase::compile("leaving ..2 (to|at) ..1 [maybe]", &lists()).expect("compiles");
        assert_eq!(phrase.anchors, [" leaving "]);
    }
}
