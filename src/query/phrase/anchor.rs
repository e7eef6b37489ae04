//! Anchors: literals without which a phrase cannot match, chosen so that they are seldom seen.

use std::collections::BTreeSet;

use super::Node;

/// A number of words: at least, and at most.
pub(super) type Span = (usize, usize);

/// Expansions of a phrase into plain literals, at most.
const MOST_LITERALS: usize = 48;

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
            Self::Word(_) | Self::Prefix(_) | Self::Number => (1, 1),
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

/// All literals of a phrase without gaps and prefixes, if they are few.
pub(super) fn expand(nodes: &[Node]) -> Option<BTreeSet<String>> {
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

/// Literals of which every match contains one, and where: the best of the sequence's obligatory parts.
pub(super) fn anchors(nodes: &[Node]) -> Option<(BTreeSet<String>, Span)> {
    let mut best: Option<(BTreeSet<String>, Span)> = None;
    let mut rarest = u64::MAX;
    let mut offer = |set: BTreeSet<String>, before: Span| {
        let often = set.iter().map(|l| frequency(l)).sum();
        if best.is_none() || often < rarest {
            rarest = often;
            best = Some((set, before));
        }
    };
    // Words without a gap between them are one literal, with and without what may be missing.
    let mut first = 0;
    for (at, node) in nodes.iter().enumerate() {
        let before = |first: usize| span(nodes.get(..first).unwrap_or_default());
        match node {
            Node::Word(_) | Node::Any(_) => {
                let run = |first: usize| nodes.get(first..=at).and_then(expand);
                if let Some(set) = run(first) {
                    offer(set, before(first));
                    continue;
                }
                first = at;
                if let Some(set) = run(first) {
                    offer(set, before(first));
                    continue;
                }
                first = at + 1;
                if let Node::Any(branches) = node
                    && let Some((set, inside)) = anchors_of_each(branches)
                {
                    let (least, most) = before(at);
                    offer(set, (least + inside.0, most + inside.1));
                }
            }
            Node::Prefix(spellings) => {
                first = at + 1;
                offer(
                    spellings.iter().map(|s| format!(" {s}")).collect(),
                    before(at),
                );
            }
            // In front of a literal it would only widen the set.
            Node::Maybe(_) if first < at => {}
            Node::Number | Node::Gap(_) | Node::Maybe(_) => first = at + 1,
        }
    }
    best
}

/// How often a literal may stand in a thousand million words: short words are common, and one more word makes it rare.
fn frequency(literal: &str) -> u64 {
    let of_word = |word: &str| match word.len() {
        0..=2 => 20,
        3 => 12,
        4 => 6,
        5 => 3,
        6 => 2,
        _ => 1,
    };
    let words = literal.split_ascii_whitespace();
    let whole = words.fold(1_000_000_000, |all, word| all * of_word(word) / 1000);
    // A literal without its last space is a prefix, of several words.
    let several = if literal.ends_with(' ') { 1 } else { 3 };
    (whole * several).max(1)
}

fn anchors_of_each(branches: &[Vec<Node>]) -> Option<(BTreeSet<String>, Span)> {
    let mut all = BTreeSet::new();
    let mut before: Option<Span> = None;
    for branch in branches {
        let (set, span) = anchors(branch)?;
        all.extend(set);
        before = before.map_or(Some(span), |b| Some((b.0.min(span.0), b.1.max(span.1))));
    }
    Some((all, before?))
}
