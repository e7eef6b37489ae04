//! What a judgement depends on, so that what was judged otherwise is judged again, and nothing else.

use sha2::{Digest, Sha256};

use super::gate;
use crate::finding::hexadecimal;
use crate::mailbox::{Custodian, Organisation};
use crate::query::{Pattern, QuerySet, Term};

/// Raised whenever the program judges differently with the same queries.
const JUDGING_VERSION: u32 = 6;

/// Under what a message was judged: two digests, lower-case hexadecimal.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JudgementKey {
    /// Of everything: queries, organisation, the custodian's facts, the judging version. Under another one a message may be
    /// judged otherwise.
    pub whole: String,
    /// Of what decides whether a message gets past the gate: scopes, recipients, leading phrases. Under the same one, a
    /// message that did not get past it is found by no query, whatever else has changed.
    pub gate: String,
}

/// Digest of what of the queries decides who gets past the gate.
pub(super) fn of_gate(queries: &QuerySet) -> String {
    let mut hash = Sha256::new();
    for query in &queries.queries {
        let leads = gate::leads(query);
        let asked = |p: &Pattern| {
            [&p.all, &p.none].map(|t| t.iter().filter(|t| asks_who(t)).cloned().collect())
        };
        let recipients: Vec<[Vec<Term>; 2]> = query.patterns.iter().map(asked).collect();
        hash.update(format!(
            "{:?}\n{:?}\n{recipients:?}\n{leads:?}\n{}\n",
            query.id, query.scope, query.lists
        ));
        for &signal in leads.iter().flatten() {
            let phrases = query.signals.get(signal).map_or(&[][..], |s| &s.phrases);
            for phrase in phrases {
                hash.update(format!("{:?} {:?}\n", phrase.language, phrase.source));
            }
        }
    }
    hexadecimal(&hash.finalize())
}

fn asks_who(term: &Term) -> bool {
    matches!(
        term,
        Term::PrivateRecipient | Term::OwnPrivateAddress | Term::OutsideRecipient
    )
}

/// The key for a custodian. `queries` and `gate` are digests: of the queries, and [`of_gate`].
pub(super) fn of(
    queries: &str,
    gate: &str,
    custodian: &Custodian,
    organisation: &Organisation,
) -> JudgementKey {
    let who = who(custodian);
    let domains = &organisation.domains;
    JudgementKey {
        whole: digest(&format!(
            "{JUDGING_VERSION}\n{queries}\n{who}\n{organisation:?}"
        )),
        gate: digest(&format!("{JUDGING_VERSION}\n{gate}\n{who}\n{domains:?}")),
    }
}

/// What a judge knows of the custodian. The days, the manager and the successor of the roster count when the report is
/// written, or choose the window: no message is judged again because of them.
fn who(custodian: &Custodian) -> String {
    let Custodian {
        id,
        name,
        aliases,
        known_contacts,
        last_day: _,
        notice_day: _,
        manager: _,
        successor: _,
        employment: _,
    } = custodian;
    format!("{id:?} {name:?} {aliases:?} {known_contacts:?}")
}

fn digest(facts: &str) -> String {
    let digest = hexadecimal(&Sha256::digest(facts));
    digest.get(..32).unwrap_or(&digest).to_owned()
}

#[cfg(test)]
mod tests {
    use super::super::Judge;
    use super::*;
    use crate::message;

    const QUERY: &str = r#"
id = "x"
version = 1
title = "X"
signal.lead.any = ["project x", "project y"]
signal.cue.any = ["soon"]
frame = [{ name = "f", fact = "notice", all = ["lead"], points = 100, says = "leads" }]
pattern = [{ verdict = "match", all = ["lead"], none = ["cue"], confidence = 50, says = "it leads" }]
"#;

    fn judge(query: &str) -> Judge {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("x.toml");
        std::fs::write(&path, query).unwrap();
        Judge::new(&QuerySet::load(&[path]).unwrap())
    }

    fn acme() -> Organisation {
        Organisation {
            domains: vec!["acme.example".into()],
            ..Organisation::default()
        }
    }

    fn ana() -> Custodian {
        Custodian {
            id: "ana@acme.example".into(),
            ..Custodian::default()
        }
    }

    /// Which of the two digests change.
    #[track_caller]
    fn check(other: &JudgementKey, whole: bool, gate: bool) {
        let key = judge(QUERY).key(&ana(), &acme());
        assert_eq!(
            (key.whole != other.whole, key.gate != other.gate),
            (whole, gate)
        );
    }

    #[test]
    fn a_key_tells_what_changed() {
        check(&judge(QUERY).key(&ana(), &acme()), false, false);
        let queries = |from: &str, to: &str| judge(&QUERY.replace(from, to)).key(&ana(), &acme());
        check(&queries("= 50", "= 60"), true, false);
        check(&queries("\"soon\"", "\"soon\", \"later\""), true, false);
        check(&queries("project y", "project z"), true, true);
        check(&queries("\"x\"\nversion", "\"y\"\nversion"), true, true);
        check(
            &queries(
                "all = [\"lead\"], none",
                "all = [\"private recipient\"], none",
            ),
            true,
            true,
        );
        // What a lead names in a list is part of it.
        let listed = |word: &str| {
            let lead = QUERY.replace("lead.any = [", "lead.en = [\"@what\", ");
            judge(&format!("{lead}lists.en.what = [\"{word}\"]\n")).key(&ana(), &acme())
        };
        assert_ne!(listed("project z").gate, listed("project w").gate);
        let organisation = |change: fn(&mut Organisation)| {
            let mut other = acme();
            change(&mut other);
            judge(QUERY).key(&ana(), &other)
        };
        check(
            &organisation(|o| o.phones.push("+34 91 555 01xx".into())),
            true,
            false,
        );
        check(
            &organisation(|o| o.domains.push("acme.test".into())),
            true,
            true,
        );
        let custodian = |change: fn(&mut Custodian)| {
            let mut other = ana();
            change(&mut other);
            judge(QUERY).key(&other, &acme())
        };
        check(&custodian(|c| c.aliases.push("Ana R".into())), true, true);
        check(
            &custodian(|c| c.known_contacts.push("ana@home.example".into())),
            true,
            true,
        );
        // These count when the report is written, or choose the window.
        check(
            &custodian(|c| c.last_day = "2024-06-28".parse().ok()),
            false,
            false,
        );
        check(
            &custodian(|c| c.successor = Some("Bea".into())),
            false,
            false,
        );
        check(&custodian(|c| c.manager = Some("Leo".into())), false, false);
    }

    #[test]
    fn what_holds_no_lead_stays_before_the_gate() {
        let is_gated = |body: &str| {
            let text = format!("From: ana@acme.example\r\nTo: m@client.example\r\n\r\n{body}\r\n");
            let message = message::parse(text.as_bytes());
            judge(QUERY)
                .judge_with(&message, &(), &ana(), &acme())
                .is_gated
        };
        assert!(is_gated("We begin project x."));
        // Found by no pattern, but another confidence or guard might change that.
        assert!(is_gated("We begin project x soon."));
        assert!(!is_gated("We begin soon."));
    }
}
