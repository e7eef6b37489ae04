//! Why a message is judged as it is: what matched where, which points it made, whose the contact data are, and which rung
//! of each query's ladder held.

use std::ops::Range;

use super::fact::{Fact, HOLDS, Signals, counted};
use super::gate::Hit;
use super::owner::Reason;
use super::reading::Reading;
use super::verdict::{Case, Depth, Findings};
use super::{Documents, Judge};
use crate::finding::{Conclusion, Contact, Place, SuccessorReach, Verdict};
use crate::mailbox::{Custodian, Organisation};
use crate::message::Message;
use crate::query::{Pattern, Query, Term};

/// What a judge makes of a message, with everything that led to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// Whether the subject counts as the author's: not in an answer or a forwarded message.
    pub subject_is_read: bool,
    /// What each query makes of it, in the order of their ids.
    pub queries: Vec<QueryExplanation>,
}

/// What one query makes of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueryExplanation {
    /// `id@version+digest8`.
    pub query: String,
    /// Its title.
    pub title: String,
    /// Why its scope leaves the message out; then all that follows is empty.
    pub left_out: Option<&'static str>,
    /// Sentences in which phrases stand, in reading order.
    pub sentences: Vec<SentenceExplanation>,
    /// Facts for or against which anything speaks, by name.
    pub facts: Vec<FactExplanation>,
    /// All contact data with their owners, and the rules that told them.
    pub contacts: Vec<(Contact, Vec<Reason>)>,
    /// Who is named to follow, and how they can be reached.
    pub successor: Option<(String, SuccessorReach)>,
    /// The ladder, from the top.
    pub rungs: Vec<Rung>,
    /// What is concluded; `None` if no rung held.
    pub conclusion: Option<Conclusion>,
    /// The query whose finding makes this one's superfluous: then it is not reported.
    pub yields_to: Option<String>,
}

/// A sentence in which phrases stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentenceExplanation {
    /// As written.
    pub written: String,
    /// Where.
    pub place: Place,
    /// MIME part number; empty for the subject.
    pub part: String,
    /// The phrases.
    pub phrases: Vec<PhraseExplanation>,
}

/// A phrase that stands in a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PhraseExplanation {
    /// The signal it belongs to.
    pub signal: String,
    /// ISO 639-1, or empty for any language.
    pub language: String,
    /// The phrase as the query file writes it.
    pub phrase: String,
    /// The words that it matched, as bytes of the part's decoded text, or of the subject.
    pub range: Range<usize>,
    /// The same, as written.
    pub written: String,
}

/// What speaks for and against a fact, in the sentence that supports it most.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FactExplanation {
    /// Its name.
    pub name: String,
    /// The sum.
    pub points: i32,
    /// From how many points on it holds.
    pub bar: i32,
    /// The sentence, as written.
    pub sentence: String,
    /// Frames that matched: name, what they say, and the points that they added in company.
    pub frames: Vec<(String, String, i32)>,
    /// The model's points.
    pub model: i32,
    /// The words that the model holds for the strongest.
    pub words: Vec<String>,
}

/// One rung of a ladder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rung {
    /// What it would be called.
    pub verdict: Verdict,
    /// What it says of itself.
    pub says: String,
    /// Whether it holds; `None` below the one that does.
    pub holds: Option<bool>,
    /// What it asks for.
    pub terms: Vec<TermExplanation>,
}

/// One thing that a rung asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TermExplanation {
    /// `all`, `any` or `none`.
    pub list: &'static str,
    /// As the query file names it.
    pub term: String,
    /// Whether it is there.
    pub holds: bool,
}

impl Judge {
    /// Judges a message as [`Judge::judge_with`] does, and tells how.
    #[must_use]
    pub fn explain(
        &self,
        message: &Message,
        documents: &dyn Documents,
        custodian: &Custodian,
        organisation: &Organisation,
    ) -> Explanation {
        let reading = Reading::new(message, organisation);
        let gated = self.gate.look(&reading);
        let case = Case {
            message,
            documents,
            custodian,
            organisation,
            reading: &reading,
        };
        let all = || self.queries.queries.iter();
        let mut queries: Vec<QueryExplanation> = all()
            .enumerate()
            .map(|(number, query)| {
                let hits = self.gate.all_hits(number, &gated);
                of_query(&case, query, &hits)
            })
            .collect();
        let concluded = queries.iter().filter_map(|q| q.conclusion.as_ref());
        let ids: Vec<String> = concluded.map(|c| c.query_id.clone()).collect();
        for (explanation, query) in queries.iter_mut().zip(all()) {
            let found = explanation.conclusion.is_some();
            explanation.yields_to = query.yields_to(&ids).filter(|_| found).map(str::to_owned);
        }
        let mut told = all().map(|query| !query.silent);
        queries.retain(|_| told.next().unwrap_or(true));
        Explanation {
            subject_is_read: reading.passages.iter().any(|p| p.place == Place::Subject),
            queries,
        }
    }
}

fn of_query(case: &Case<'_>, query: &Query, hits: &[Hit]) -> QueryExplanation {
    let left_out = case.leaves_out(query);
    let mut explanation = QueryExplanation {
        query: query.citation(),
        title: query.title.clone(),
        left_out,
        sentences: Vec::new(),
        facts: Vec::new(),
        contacts: Vec::new(),
        successor: None,
        rungs: Vec::new(),
        conclusion: None,
        yields_to: None,
    };
    if left_out.is_some() {
        return explanation;
    }
    let findings = case.findings(query, hits, &Signals::by_language(query, hits));
    let held = findings.holding();
    explanation.sentences = sentences(case.reading, query, &findings);
    explanation.facts = facts(case.reading, query, &findings);
    explanation.contacts = findings.attributed(if held.is_some() {
        Depth::Documents
    } else {
        Depth::Message
    });
    explanation.successor = findings.successor().map(|s| (s.name.clone(), s.reach));
    explanation.rungs = query
        .patterns
        .iter()
        .enumerate()
        .map(|(rung, pattern)| of_rung(query, &findings, pattern, held.is_some_and(|h| rung > h.0)))
        .collect();
    explanation.conclusion = held.map(|(_, pattern)| findings.conclusion(pattern));
    explanation
}

fn sentences(
    reading: &Reading<'_>,
    query: &Query,
    findings: &Findings<'_, '_>,
) -> Vec<SentenceExplanation> {
    let mut sentences = Vec::new();
    for sentence in 0..reading.len() {
        let Some((passage, _)) = reading.passage(sentence) else {
            continue;
        };
        let hits = findings.signals.in_sentence(sentence);
        let phrases = hits.filter_map(|hit| {
            let signal = query.signals.get(hit.signal)?;
            let phrase = signal.phrases.get(hit.phrase)?;
            let range = passage.folded.original_range(&hit.range);
            Some(PhraseExplanation {
                signal: signal.name.clone(),
                language: phrase.language.clone(),
                phrase: phrase.source.clone(),
                written: passage.text.get(range.clone())?.to_owned(),
                range,
            })
        });
        let phrases: Vec<_> = phrases.collect();
        if !phrases.is_empty() {
            sentences.push(SentenceExplanation {
                written: reading.written(sentence).to_owned(),
                place: passage.place,
                part: passage.part.to_owned(),
                phrases,
            });
        }
    }
    sentences
}

fn facts(
    reading: &Reading<'_>,
    query: &Query,
    findings: &Findings<'_, '_>,
) -> Vec<FactExplanation> {
    let spoken = |fact: &Fact| fact.model != 0 || fact.frames.iter().any(|f| f.1 != 0);
    let facts = findings.facts.iter().filter(|(_, fact)| spoken(fact));
    facts
        .map(|(name, fact)| FactExplanation {
            name: name.clone(),
            points: fact.points,
            bar: HOLDS,
            sentence: reading.written(fact.sentence).to_owned(),
            frames: counted(&fact.frames)
                .filter_map(|(frame, points)| {
                    let frame = query.frames.get(frame)?;
                    Some((frame.name.clone(), frame.says.clone(), points))
                })
                .collect(),
            model: fact.model,
            words: fact.words.clone(),
        })
        .collect()
}

fn of_rung(query: &Query, findings: &Findings<'_, '_>, pattern: &Pattern, below: bool) -> Rung {
    let lists = [
        ("all", &pattern.all),
        ("any", &pattern.any),
        ("none", &pattern.none),
    ];
    let terms = lists.into_iter().flat_map(|(list, terms)| {
        terms.iter().map(move |term| TermExplanation {
            list,
            term: name(query, term),
            holds: findings.term(term, pattern),
        })
    });
    Rung {
        verdict: pattern.verdict,
        says: pattern.says.clone(),
        holds: (!below).then(|| findings.holds(pattern)),
        terms: if below { Vec::new() } else { terms.collect() },
    }
}

/// As the query file writes it.
fn name(query: &Query, term: &Term) -> String {
    match term {
        Term::Fact(fact) => fact.clone(),
        Term::Signal(signal) => query
            .signals
            .get(*signal)
            .map_or_else(String::new, |s| s.name.clone()),
        Term::PersonalContact => "personal contact".to_owned(),
        Term::Successor => "successor".to_owned(),
        Term::AddressList => "address list".to_owned(),
        Term::PrivateRecipient => "private recipient".to_owned(),
        Term::OwnPrivateAddress => "own private address".to_owned(),
        Term::OutsideRecipient => "outside recipient".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use super::*;
    use crate::message;
    use crate::query::QuerySet;

    const NOTICE: &str = "From: Ana Prueba <ana@acme.example>\r\nTo: m@customer.example\r\nSubject: Moving on\r\n\r\n\
                          Hi Martin,\r\n\r\nFriday is my last day with the company. My own mobile is +44 7700 900123.\r\n\r\n\
                          > Are you leaving the company on Friday?\r\n";

    /// Compiling all phrases takes a while without optimisation.
    static JUDGE: LazyLock<Judge> = LazyLock::new(|| Judge::new(&QuerySet::builtin().unwrap()));

    fn explained(octets: &str) -> (Explanation, Vec<Conclusion>) {
        let judge = &*JUDGE;
        let message = message::parse(octets.as_bytes());
        let custodian = Custodian {
            id: "ana@acme.example".into(),
            ..Custodian::default()
        };
        let organisation = super::super::implied_organisation("ana@acme.example");
        (
            judge.explain(&message, &(), &custodian, &organisation),
            judge.judge(&message, &custodian, &organisation),
        )
    }

    fn of_notice(explanation: &Explanation) -> &QueryExplanation {
        let notice = |q: &&QueryExplanation| q.query.starts_with("client-notice@");
        explanation.queries.iter().find(notice).unwrap()
    }

    #[test]
    fn it_concludes_what_the_judge_concludes_and_its_points_add_up() {
        let (explanation, judged) = explained(NOTICE);
        let concluded: Vec<Conclusion> = explanation
            .queries
            .iter()
            .filter(|q| q.yields_to.is_none())
            .filter_map(|q| q.conclusion.clone())
            .collect();
        assert_eq!(concluded, judged);
        assert!(explanation.subject_is_read);
        let notice = of_notice(&explanation);
        assert!(!notice.facts.is_empty());
        for fact in &notice.facts {
            let frames: i32 = fact.frames.iter().map(|f| f.2).sum();
            assert_eq!(fact.points, frames + fact.model, "{}", fact.name);
        }
        let (contact, why) = notice
            .contacts
            .iter()
            .find(|(c, _)| c.value == "tel:+447700900123")
            .unwrap();
        assert!(
            why.iter().any(|r| r.rule == "the message is a notice"),
            "{contact:?}: {why:?}"
        );
        let holds: Vec<Option<bool>> = notice.rungs.iter().map(|r| r.holds).collect();
        assert_eq!(holds, [Some(false), Some(true), None, None]);
    }

    #[test]
    fn phrases_tell_where_they_stand_and_quoted_words_count_for_nothing() {
        let (explanation, _) = explained(NOTICE);
        let message = message::parse(NOTICE.as_bytes());
        for sentence in &of_notice(&explanation).sentences {
            assert!(!sentence.written.contains("Are you"), "{sentence:?}");
            for phrase in &sentence.phrases {
                let text = match sentence.place {
                    Place::Subject => &message.subject,
                    _ => &message.bodies[0].content,
                };
                assert_eq!(text[phrase.range.clone()], phrase.written);
            }
        }
    }

    #[test]
    fn a_query_that_does_not_look_says_why() {
        let automatic = NOTICE.replace("Subject:", "Auto-Submitted: auto-replied\r\nSubject:");
        let (explanation, judged) = explained(&automatic);
        assert_eq!(judged, []);
        assert_eq!(
            of_notice(&explanation).left_out,
            Some("a generated message")
        );
        assert!(of_notice(&explanation).rungs.is_empty());
    }
}
