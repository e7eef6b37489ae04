//! Anchors: words without which a phrase cannot match, chosen so that they are seldom seen.

use super::Node;
use crate::query::vocabulary::{Atom, Vocabulary};

/// A number of words: at least, and at most.
pub(super) type Span = (usize, usize);

/// Pairs that anchor one phrase, at most.
const MOST_PAIRS: usize = 64;

/// Parts of a phrase that are looked for before it is walked, at most, and the atoms of each.
const MOST_NEEDS: usize = 3;
const MOST_NEEDED: usize = 12;

/// A word, or two words beside each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Anchor {
    /// The word before the last, if it is a pair.
    pub before: Option<Atom>,
    /// The last word, or the only one.
    pub last: Atom,
}

impl Node {
    /// Words that it takes.
    fn span(&self) -> Span {
        let widest = |branches: &[Vec<Self>]| {
            let spans = branches.iter().map(|b| span(b));
            spans
                .reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))
                .unwrap_or_default()
        };
        match self {
            Self::Word(_) => (1, 1),
            Self::Gap(most) => (0, *most),
            Self::Any(branches) => widest(branches),
            Self::Maybe(branches) => (0, widest(branches).1),
        }
    }
}

fn span(nodes: &[Node]) -> Span {
    nodes
        .iter()
        .map(Node::span)
        .fold((0, 0), |a, b| (a.0 + b.0, a.1 + b.1))
}

/// Words of the shortest match.
pub(super) fn fewest(nodes: &[Node]) -> usize {
    span(nodes).0
}

/// Anchors of which every match contains one, and how many words of the match stand before an anchor's last word: the best of
/// the sequence's obligatory parts.
pub(super) fn anchors(nodes: &[Node], vocabulary: &Vocabulary) -> Option<(Vec<Anchor>, Span)> {
    let best = best(nodes, vocabulary)?;
    let mut anchors = best.anchors;
    anchors.sort_unstable();
    anchors.dedup();
    Some((anchors, best.before))
}

struct Choice {
    anchors: Vec<Anchor>,
    before: Span,
    /// How often one of them may stand in a million words.
    often: u64,
}

fn best(nodes: &[Node], vocabulary: &Vocabulary) -> Option<Choice> {
    let choices = nodes.iter().enumerate().flat_map(|(at, node)| {
        let earlier = nodes.get(..at).unwrap_or_default();
        let before = span(earlier);
        let inside = match node {
            Node::Word(atoms) => Some(words(atoms, vocabulary)),
            Node::Any(branches) => best_of_each(branches, vocabulary),
            Node::Gap(_) | Node::Maybe(_) => None,
        };
        let inside = inside.map(|choice| Choice {
            before: (before.0 + choice.before.0, before.1 + choice.before.1),
            ..choice
        });
        [inside, pairs(earlier, node, before, vocabulary)]
    });
    choices.flatten().min_by_key(|choice| choice.often)
}

fn words(atoms: &[Atom], vocabulary: &Vocabulary) -> Choice {
    Choice {
        anchors: atoms
            .iter()
            .map(|&last| Anchor { before: None, last })
            .collect(),
        before: (0, 0),
        often: atoms.iter().map(|&a| vocabulary.often(a) * 1000).sum(),
    }
}

fn best_of_each(branches: &[Vec<Node>], vocabulary: &Vocabulary) -> Option<Choice> {
    let each = branches.iter().map(|b| best(b, vocabulary));
    each.reduce(|all, more| {
        let (mut all, more) = (all?, more?);
        all.anchors.extend(more.anchors);
        all.before.0 = all.before.0.min(more.before.0);
        all.before.1 = all.before.1.max(more.before.1);
        all.often += more.often;
        Some(all)
    })?
}

/// The first word of an obligatory node together with the word before it.
fn pairs(earlier: &[Node], node: &Node, before: Span, vocabulary: &Vocabulary) -> Option<Choice> {
    let (mut firsts, mut lasts) = (Vec::new(), Vec::new());
    let is_obligatory = !matches!(node, Node::Gap(_) | Node::Maybe(_));
    if !is_obligatory || !begin(node, &mut lasts) || !end(earlier, &mut firsts) {
        return None;
    }
    for atoms in [&mut firsts, &mut lasts] {
        atoms.sort_unstable();
        atoms.dedup();
    }
    if firsts.len() * lasts.len() > MOST_PAIRS {
        return None;
    }
    let often = |atoms: &[Atom]| atoms.iter().map(|&a| vocabulary.often(a)).sum::<u64>();
    let pair = |&last: &Atom| {
        let before = firsts.iter().map(|&first| Some(first));
        before.map(move |before| Anchor { before, last })
    };
    Some(Choice {
        anchors: lasts.iter().flat_map(pair).collect(),
        before,
        often: often(&firsts) * often(&lasts),
    })
}

/// Words that a sentence must hold besides an anchor, wherever: for each of the most telling obligatory parts, the atoms of
/// which one must be there.
pub(super) fn needs(nodes: &[Node], vocabulary: &Vocabulary) -> Vec<Box<[Atom]>> {
    let mut sets: Vec<Vec<Atom>> = nodes.iter().filter_map(obligatory).collect();
    sets.retain(|set| set.len() <= MOST_NEEDED);
    sets.sort_by_key(|set| set.iter().map(|&a| vocabulary.often(a)).sum::<u64>());
    sets.truncate(MOST_NEEDS);
    sets.into_iter().map(Into::into).collect()
}

/// Atoms of which one stands in whatever the node matches.
fn obligatory(node: &Node) -> Option<Vec<Atom>> {
    match node {
        Node::Word(atoms) => Some(atoms.to_vec()),
        Node::Any(branches) => {
            let smallest = |branch: &Vec<Node>| {
                let sets = branch.iter().filter_map(obligatory);
                sets.min_by_key(Vec::len)
            };
            let each: Option<Vec<Vec<Atom>>> = branches.iter().map(smallest).collect();
            each.map(|sets| sets.concat())
        }
        Node::Gap(_) | Node::Maybe(_) => None,
    }
}

/// Adds the words with which a sequence may end; false if any word may stand there, or one from before it.
fn end(nodes: &[Node], words: &mut Vec<Atom>) -> bool {
    let Some((last, earlier)) = nodes.split_last() else {
        return false;
    };
    match last {
        Node::Word(atoms) => {
            words.extend(atoms);
            true
        }
        Node::Any(branches) => branches.iter().all(|b| end(b, words)),
        Node::Maybe(branches) => branches.iter().all(|b| end(b, words)) && end(earlier, words),
        Node::Gap(_) => false,
    }
}

/// Adds the words with which a node may begin; false if any word may stand there, or one from after it.
fn begin(node: &Node, words: &mut Vec<Atom>) -> bool {
    let of_sequence = |nodes: &Vec<Node>, words: &mut Vec<Atom>| {
        nodes
            .first()
            .is_some_and(|first| !matches!(first, Node::Maybe(_)) && begin(first, words))
    };
    match node {
        Node::Word(atoms) => {
            words.extend(atoms);
            true
        }
        Node::Any(branches) => branches.iter().all(|b| of_sequence(b, words)),
        Node::Maybe(_) | Node::Gap(_) => false,
    }
}
