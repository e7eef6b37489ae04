//! The syntax of phrases: text to nodes.

use std::cell::RefCell;
use std::collections::BTreeMap;

use super::{Branches, Node};
use crate::query::fold::{OWN_NAME, fold_words};
use crate::query::vocabulary::{Atom, LONGEST_BEGINNING, Vocabulary};

/// Nesting of brackets and lists, at most.
const MOST_DEPTH: usize = 8;

/// Named lists of phrases, parsed when a phrase first names them.
#[derive(Debug, Default)]
pub struct Lists {
    sources: BTreeMap<String, Vec<String>>,
    parsed: RefCell<BTreeMap<String, Branches>>,
}

impl From<BTreeMap<String, Vec<String>>> for Lists {
    fn from(sources: BTreeMap<String, Vec<String>>) -> Self {
        Self {
            sources,
            parsed: RefCell::default(),
        }
    }
}

impl Lists {
    fn branches(
        &self,
        name: &str,
        depth: usize,
        vocabulary: &mut Vocabulary,
    ) -> Result<Branches, String> {
        if let Some(known) = self.parsed.borrow().get(name) {
            return Ok(Branches::clone(known));
        }
        let entries = self
            .sources
            .get(name)
            .ok_or_else(|| format!("there is no list `{name}` in this language"))?;
        let branches: Result<Vec<_>, _> = entries
            .iter()
            .map(|e| parse_at(e, self, depth + 1, vocabulary))
            .collect();
        let branches = merged(branches?);
        let mut parsed = self.parsed.borrow_mut();
        parsed.insert(name.to_owned(), Branches::clone(&branches));
        Ok(branches)
    }
}

/// Parses a phrase.
pub(super) fn parse(
    source: &str,
    lists: &Lists,
    vocabulary: &mut Vocabulary,
) -> Result<Vec<Node>, String> {
    parse_at(source, lists, 0, vocabulary)
}

fn parse_at(
    source: &str,
    lists: &Lists,
    depth: usize,
    vocabulary: &mut Vocabulary,
) -> Result<Vec<Node>, String> {
    if depth > MOST_DEPTH {
        return Err(format!("brackets or lists nest deeper than {MOST_DEPTH}"));
    }
    let mut nodes = Vec::new();
    let mut rest = source.trim_start();
    while let Some(first) = rest.chars().next() {
        let (node, after) = match first {
            '(' | '[' => {
                let (inside, after) = bracket(rest)?;
                let branches = merged(branches(inside, lists, depth, vocabulary)?);
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
                (token_node(token, lists, depth, vocabulary)?, after)
            }
        };
        match node {
            Node::Any(branches) if branches.len() == 1 => {
                nodes.extend(branches.iter().flatten().cloned());
            }
            node => nodes.push(node),
        }
        rest = after.trim_start();
    }
    Ok(nodes)
}

/// The same alternatives with all single words as one node, so that a word is compared with a sorted list.
fn merged(branches: Vec<Vec<Node>>) -> Branches {
    let mut words: Vec<Atom> = Vec::new();
    let mut others = Vec::new();
    for branch in branches {
        match branch.as_slice() {
            [Node::Word(atoms)] => words.extend(atoms),
            _ => others.push(branch),
        }
    }
    if !words.is_empty() {
        others.insert(0, vec![one_of(words)]);
    }
    others.into()
}

fn one_of(mut atoms: Vec<Atom>) -> Node {
    atoms.sort_unstable();
    atoms.dedup();
    Node::Word(atoms.into())
}

/// A token is a gap, a list, a prefix or a word; a word that folds into several (`I'm`) becomes a branch of its own.
fn token_node(
    token: &str,
    lists: &Lists,
    depth: usize,
    vocabulary: &mut Vocabulary,
) -> Result<Node, String> {
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
        return Ok(one_of(vec![vocabulary.word(OWN_NAME)]));
    }
    if let Some(name) = token.strip_prefix('@') {
        return Ok(Node::Any(lists.branches(name, depth, vocabulary)?));
    }
    if let Some(stem) = token.strip_suffix('*') {
        let stems = spellings(stem)?;
        if stems.iter().any(|s| s.len() > LONGEST_BEGINNING) {
            return Err(format!(
                "`{token}`: a beginning has {LONGEST_BEGINNING} bytes at most"
            ));
        }
        let atoms = stems.iter().map(|s| vocabulary.beginning(s));
        return Ok(one_of(atoms.collect()));
    }
    if token == "0" {
        return Ok(one_of(vec![Vocabulary::number()]));
    }
    let mut word = |token: &str| -> Result<Node, String> {
        let spellings = spellings(token)?;
        Ok(one_of(
            spellings.iter().map(|s| vocabulary.word(s)).collect(),
        ))
    };
    if fold_words(token).contains(' ') {
        let words: Result<Vec<_>, _> = token
            .split(|c: char| !c.is_alphanumeric() && c != '·')
            .filter(|w| !w.is_empty())
            .map(word)
            .collect();
        return Ok(Node::Any([words?].into()));
    }
    word(token)
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

fn branches(
    inside: &str,
    lists: &Lists,
    depth: usize,
    vocabulary: &mut Vocabulary,
) -> Result<Vec<Vec<Node>>, String> {
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
        .map(|p| parse_at(p, lists, depth + 1, vocabulary))
        .collect()
}
