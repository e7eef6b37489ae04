//! The ladders that findings stand on: each query's rungs, told once in the page, and the rung that holds of a finding.
//!
//! The first rung that holds decides, so where it is known no message need be judged again: those above it do not hold, and
//! those below it were not asked.

use std::collections::{BTreeMap, BTreeSet};

use super::words::{self, BETWEEN, Piece};
use crate::finding::{Conclusion, Verdict};
use crate::report::view::View;
use crate::store::Rung;

/// The ladders of the findings of a page, in the order of their citations.
pub(super) struct Ladders<'a>(Vec<Ladder<'a>>);

/// A query's ladder.
pub(super) struct Ladder<'a> {
    pub(super) query: &'a str,
    rungs: &'a [Rung],
}

/// Where on which ladder a finding stands.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Standing {
    /// The ladder's place in the page, from 0.
    pub(super) ladder: usize,
    /// The rung that holds, from 1 at the top.
    pub(super) rung: usize,
    /// Of so many.
    pub(super) rungs: usize,
}

impl<'a> Ladders<'a> {
    pub(super) fn of(view: &View<'a>) -> Self {
        let shown = view.findings.iter().filter(|seen| seen.masked.is_none());
        let cited = shown.map(|seen| seen.finding().conclusion.query.as_str());
        Self::among(cited.collect(), view.ladders)
    }

    fn among(cited: BTreeSet<&str>, known: &'a BTreeMap<String, Vec<Rung>>) -> Self {
        let known = cited.into_iter().filter_map(|c| known.get_key_value(c));
        let ladders = known.map(|(query, rungs)| Ladder { query, rungs });
        Self(ladders.collect())
    }

    pub(super) fn all(&self) -> &[Ladder<'a>] {
        &self.0
    }

    /// `None` where the store does not know the ladder, or where it cannot be told which of its rungs it was.
    pub(super) fn standing(&self, said: &Conclusion) -> Option<Standing> {
        let ladder = self.0.iter().position(|l| l.query == said.query)?;
        let rungs = self.0.get(ladder)?.rungs;
        Some(Standing {
            ladder,
            rung: holding(rungs, said)? + 1,
            rungs: rungs.len(),
        })
    }
}

impl Ladder<'_> {
    pub(super) fn rungs(&self) -> impl Iterator<Item = (Verdict, Piece)> {
        self.rungs
            .iter()
            .map(|rung| (rung.verdict, words::word(&rung.says)))
    }
}

/// The rung that gave the verdict. Of several with one verdict it is the one whose words are the reason's first clause; one may say what
/// another says, and more.
fn holding(rungs: &[Rung], said: &Conclusion) -> Option<usize> {
    let leads = |says: &str| {
        said.reason
            .strip_prefix(says)
            .is_some_and(|rest| says.is_empty() || rest.is_empty() || rest.starts_with(BETWEEN))
    };
    let rungs = rungs.iter().enumerate();
    let with_verdict: Vec<_> = rungs.filter(|(_, r)| r.verdict == said.verdict).collect();
    if let [(only, _)] = with_verdict.as_slice() {
        return Some(*only);
    }
    let leading = || with_verdict.iter().filter(|(_, r)| leads(&r.says));
    let longest = leading().map(|(_, r)| r.says.len()).max()?;
    let mut said_most = leading().filter(|(_, r)| r.says.len() == longest);
    match (said_most.next(), said_most.next()) {
        (Some((place, _)), None) => Some(*place),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Author;

    const LADDER: [(Verdict, &str); 6] = [
        (Verdict::Solicitation, "invites"),
        (Verdict::PersonalContact, "gives data"),
        (Verdict::PersonalContact, "gives data; by phone"),
        (Verdict::PersonalContact, ""),
        (Verdict::OpenNotice, "twice"),
        (Verdict::OpenNotice, "twice"),
    ];

    #[track_caller]
    fn check(query: &str, verdict: Verdict, reason: &str, expected: Option<usize>) {
        let rungs = LADDER.map(|(verdict, says)| Rung {
            verdict,
            says: says.to_owned(),
        });
        let known = BTreeMap::from([("a@1".to_owned(), vec![]), ("b@1".to_owned(), rungs.into())]);
        let ladders = Ladders::among(BTreeSet::from(["a@1", "b@1", "c@1"]), &known);
        let said = Conclusion {
            query_id: String::new(),
            query: query.to_owned(),
            verdict,
            confidence: 90,
            author: Author::Own,
            notice: String::new(),
            excerpt: String::new(),
            reason: reason.to_owned(),
            language: String::new(),
            successor: String::new(),
            successor_reach: None,
            contacts: Vec::new(),
            evidence: Vec::new(),
        };
        let expected = expected.map(|rung| Standing {
            ladder: 1,
            rung,
            rungs: LADDER.len(),
        });
        assert_eq!(ladders.standing(&said), expected, "{reason}");
    }

    #[test]
    fn the_rung_that_holds_is_found_by_verdict_and_reason() {
        check("b@1", Verdict::Solicitation, "whatever", Some(1));
        check("b@1", Verdict::PersonalContact, "gives data", Some(2));
        check("b@1", Verdict::PersonalContact, "gives data; more", Some(2));
        let both = "gives data; by phone; more";
        check("b@1", Verdict::PersonalContact, both, Some(3));
        check("b@1", Verdict::PersonalContact, "gives datasets", Some(4));
    }

    #[test]
    fn where_it_cannot_be_told_nothing_is() {
        check("b@1", Verdict::OpenNotice, "twice", None);
        check("b@1", Verdict::Handover, "gives data", None);
        check("a@1", Verdict::Solicitation, "invites", None);
        check("c@1", Verdict::Solicitation, "invites", None);
    }
}
