//! A query's own examples: what must, and must not, match, judged as any message is.

use super::{Judge, implied_organisation};
use crate::finding::{Owner, Place, Verdict};
use crate::mailbox::Custodian;
use crate::message::{self, Message};
use crate::query::{Example, Query, QuerySet};

/// How an example came out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The query's id.
    pub query: String,
    /// Where the example stands: `queries/client-notice/de.toml:61`.
    pub place: String,
    /// The first words of its message.
    pub begins: String,
    /// What the example expects; `None` for no match.
    pub expected: Option<Verdict>,
    /// What the judge says.
    pub said: Option<Verdict>,
    /// Contact values that were expected and not found as the custodian's.
    pub missing: Vec<String>,
}

impl Outcome {
    /// Whether the example holds.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.expected == self.said && self.missing.is_empty()
    }
}

/// Why a stable query may not judge.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unproven {
    /// Nothing shows that it finds anything.
    #[error(
        "the query `{0}` is stable and has no example that must match: add an [[example]] with its verdict, or make it a draft"
    )]
    NothingMatches(String),
    /// Nothing shows that it leaves anything alone.
    #[error(
        "the query `{0}` is stable and has no example that must not match: add an [[example]] with verdict = \"none\", or make it a draft"
    )]
    NothingIsLeftAlone(String),
    /// An example does not come out as it says.
    #[error(
        "the query `{}` is stable and fails its example {} (\"{}\"): {}; mend the query, or make it a draft",
        .0.query, .0.place, .0.begins, .0.difference()
    )]
    Fails(Box<Outcome>),
}

impl Outcome {
    /// What was expected and what came, in words.
    #[must_use]
    pub fn difference(&self) -> String {
        let word = |verdict: Option<Verdict>| verdict.map_or("none", Verdict::as_str);
        let mut text = format!("expected {}, got {}", word(self.expected), word(self.said));
        if !self.missing.is_empty() {
            let missing = self.missing.join(", ");
            text = format!("{text}; not found as the custodian's: {missing}");
        }
        text
    }
}

/// Judges every example of every query of the judge.
#[must_use]
pub fn run(judge: &Judge) -> Vec<Outcome> {
    let told = judge.queries().queries.iter().filter(|q| !q.silent);
    let all = told.flat_map(|query| query.examples.iter().map(move |example| (query, example)));
    all.map(|(query, example)| outcome(judge, query, example))
        .collect()
}

/// What keeps stable queries from judging, given how their examples came out.
#[must_use]
pub fn unproven(queries: &QuerySet, outcomes: &[Outcome]) -> Vec<Unproven> {
    let stable = queries.queries.iter().filter(|q| q.stable && !q.silent);
    let mut reasons = Vec::new();
    for query in stable {
        let id = || query.id.clone();
        if query.examples.iter().all(|e| e.verdict.is_none()) {
            reasons.push(Unproven::NothingMatches(id()));
        }
        if query.examples.iter().all(|e| e.verdict.is_some()) {
            reasons.push(Unproven::NothingIsLeftAlone(id()));
        }
        let own = outcomes.iter().filter(|o| o.query == query.id);
        let failing = own.filter(|o| !o.holds());
        reasons.extend(failing.map(|o| Unproven::Fails(Box::new(o.clone()))));
    }
    reasons
}

fn outcome(judge: &Judge, query: &Query, example: &Example) -> Outcome {
    let message = message::parse(complete(&example.message).as_bytes());
    let from = message.from.first().cloned().unwrap_or_default();
    let custodian = Custodian {
        id: from.address.clone(),
        name: Some(from.name),
        ..Custodian::default()
    };
    let conclusions = judge.judge(&message, &custodian, &implied_organisation(&from.address));
    let conclusion = conclusions.iter().find(|c| c.query_id == query.id);
    let found: Vec<&str> = conclusion
        .iter()
        .flat_map(|c| &c.contacts)
        .filter(|c| c.owner == Owner::Custodian && c.place != Place::Header)
        .map(|c| c.value.as_str())
        .collect();
    Outcome {
        query: query.id.clone(),
        place: example.place.clone(),
        begins: begins(&message),
        expected: example.verdict,
        said: conclusion.map(|c| c.verdict),
        missing: example
            .contacts
            .iter()
            .filter(|c| !found.contains(&c.as_str()))
            .cloned()
            .collect(),
    }
}

/// An example may leave out headers: it is then from Ana of the organisation `acme.example` to a client.
fn complete(example: &str) -> String {
    let has = |name: &str| {
        example
            .lines()
            .take_while(|l| !l.is_empty())
            .any(|l| l.starts_with(name))
    };
    let mut headers = String::new();
    if !has("From:") {
        headers.push_str("From: Ana Prueba <ana.prueba@acme.example>\n");
    }
    if !has("To:") {
        headers.push_str("To: Client <client@customer.example>\n");
    }
    if !has("Content-Type:") {
        headers.push_str("Content-Type: text/plain; charset=utf-8\n");
    }
    let begins_with_header = has("From:") || has("To:") || has("Subject:") || has("Content-Type:");
    let gap = if begins_with_header { "" } else { "\n" };
    format!("{headers}{gap}{example}").replace('\n', "\r\n")
}

fn begins(message: &Message) -> String {
    let text = message
        .bodies
        .first()
        .map_or(message.subject.as_str(), |b| b.content.as_str());
    text.split_whitespace()
        .take(8)
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_queries_that_the_program_carries_hold_their_examples() {
        let judge = Judge::new(&QuerySet::builtin().expect("the built-in queries compile"));
        let outcomes = run(&judge);
        let broken: Vec<&Outcome> = outcomes.iter().filter(|o| !o.holds()).collect();
        assert!(broken.is_empty(), "{broken:#?}");
        for query in &judge.queries().queries {
            assert!(query.stable, "{}: a draft is shipped", query.id);
        }
        assert_eq!(unproven(judge.queries(), &outcomes), []);
    }

    #[test]
    fn private_data_in_a_notice_are_the_notices_alone() {
        let text = "From: Ana Prueba <ana@acme.example>\r\nTo: m@customer.example\r\n\r\n\
                    Friday is my last day with the company. My private mobile is +44 7700 900123.\r\n";
        let found = |names: &[&str]| -> Vec<String> {
            let mut queries = QuerySet::builtin().unwrap();
            if !names.is_empty() {
                queries.keep(&names.iter().map(ToString::to_string).collect::<Vec<_>>());
            }
            let judge = Judge::new(&queries);
            let organisation = implied_organisation("ana@acme.example");
            let message = message::parse(text.as_bytes());
            let concluded = judge.judge(&message, &Custodian::default(), &organisation);
            concluded.into_iter().map(|c| c.query_id).collect()
        };
        assert_eq!(found(&[]), ["client-notice"]);
        assert_eq!(found(&["client-notice"]), ["client-notice"]);
        assert_eq!(found(&["contact-data"]), [""; 0]);
    }

    const QUERY: &str = "id = \"x\"\nversion = 1\ntitle = \"X\"\nsignal.x.any = [\"project x\"]\n\
                         pattern = [{ verdict = \"match\", all = [\"x\"] }]\n";

    /// What is said of a query with these examples: `verdict: message`.
    #[track_caller]
    fn check(status: &str, examples: &[(&str, &str)], expected: &[&str]) {
        let tables = examples.iter().map(|(verdict, message)| {
            format!("[[example]]\nverdict = \"{verdict}\"\nmessage = \"\"\"\n{message}\"\"\"\n")
        });
        let text: String = std::iter::once(format!("status = \"{status}\"\n{QUERY}"))
            .chain(tables)
            .collect();
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("x.toml");
        std::fs::write(&path, text).unwrap();
        let judge = Judge::new(&QuerySet::load(&[path]).unwrap());
        let told: Vec<String> = unproven(judge.queries(), &run(&judge))
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(told.len(), expected.len(), "{told:#?}");
        for (told, expected) in told.iter().zip(expected) {
            assert!(told.contains(expected), "{told}");
        }
    }

    #[test]
    fn a_stable_query_proves_itself() {
        let good = ("match", "About Project X.");
        let quiet = ("none", "About lunch.");
        check("stable", &[good, quiet], &[]);
        check("stable", &[good], &["no example that must not match"]);
        check("stable", &[quiet], &["no example that must match"]);
        check(
            "stable",
            &[good, quiet, ("none", "Also project x.")],
            &["x.toml:17 (\"Also project x.\"): expected none, got match"],
        );
        check("draft", &[("match", "About lunch.")], &[]);
    }

    #[test]
    fn contact_data_belong_to_an_example() {
        let outcome = Outcome {
            query: "x".into(),
            place: "x.toml:1".into(),
            begins: String::new(),
            expected: Some(Verdict::Match),
            said: Some(Verdict::Match),
            missing: vec!["tel:+34600111222".into()],
        };
        assert!(!outcome.holds());
        assert!(
            outcome
                .difference()
                .ends_with("custodian's: tel:+34600111222")
        );
    }
}
