//! The ladder: from facts, contact data and successor to one verdict with one readable reason.

use std::cell::OnceCell;
use std::collections::BTreeMap;

use super::author::{self, Authorship, domain};
use super::contact::{self, Found};
use super::fact::{self, Fact, Signals};
use super::gate::Hit;
use super::language;
use super::owner::{self, Cues};
use super::reading::Reading;
use super::successor::{self, Successor};
use crate::finding::{Author, Conclusion, Contact, Evidence, Owner, Place, SuccessorReach};
use crate::mailbox::{Custodian, Organisation};
use crate::message::{Message, Zone};
use crate::query::{Pattern, Query, Term};

/// A message before the judge.
pub(super) struct Case<'c> {
    pub(super) message: &'c Message,
    pub(super) custodian: &'c Custodian,
    pub(super) organisation: &'c Organisation,
    pub(super) reading: &'c Reading<'c>,
    pub(super) hits: &'c [Hit],
}

/// Addresses of outsiders that make a list, at least.
const LIST_LENGTH: usize = 15;

/// What one query makes of the case; the costly parts are found when a pattern asks for them.
pub(super) struct Findings<'f, 'c> {
    case: &'f Case<'c>,
    query: &'f Query,
    pub(super) signals: Signals<'f>,
    pub(super) facts: BTreeMap<String, Fact>,
    found: OnceCell<Vec<Found>>,
    contacts: OnceCell<Vec<Contact>>,
    successor: OnceCell<Option<Successor>>,
}

impl Case<'_> {
    /// Whether anybody outside the organisation gets the message; unknown recipients count.
    fn reaches_outside(&self) -> bool {
        let mut all = self
            .message
            .to
            .iter()
            .chain(&self.message.cc)
            .chain(&self.message.bcc)
            .peekable();
        all.peek().is_none() || all.any(|a| !self.organisation.owns(domain(&a.address)))
    }

    /// Why a query's scope leaves the message out.
    pub(super) fn leaves_out(&self, query: &Query) -> Option<&'static str> {
        if self.message.automatic && !query.scope.automatic {
            Some("a generated message")
        } else if query.scope.outside_only && !self.reaches_outside() {
            Some("to nobody outside the organisation")
        } else {
            None
        }
    }

    /// What a query concludes.
    pub(super) fn conclude(&self, number: usize, query: &Query) -> Option<Conclusion> {
        let needs_signal = query.patterns.iter().all(Pattern::needs_words);
        if needs_signal && Signals::new(self.hits, number).is_empty() {
            return None;
        }
        let findings = self.findings(number, query);
        let (_, pattern) = findings.holding()?;
        Some(findings.conclusion(pattern))
    }

    /// What a query makes of the case.
    pub(super) fn findings<'f>(&'f self, number: usize, query: &'f Query) -> Findings<'f, 'f> {
        Findings {
            case: self,
            query,
            signals: Signals::new(self.hits, number),
            facts: fact::weigh(query, self.hits, number, self.reading),
            found: OnceCell::new(),
            contacts: OnceCell::new(),
            successor: OnceCell::new(),
        }
    }
}

impl Pattern {
    /// Whether it can only hold where a phrase of the query stands.
    fn needs_words(&self) -> bool {
        let words = |t: &Term| matches!(t, Term::Signal(_) | Term::Fact(_));
        self.all.iter().any(words) || !self.any.is_empty() && self.any.iter().all(words)
    }
}

impl<'f> Findings<'f, '_> {
    /// The first pattern that holds, and its place on the ladder.
    pub(super) fn holding(&self) -> Option<(usize, &'f Pattern)> {
        let mut patterns = self.query.patterns.iter().enumerate();
        patterns.find(|(_, pattern)| self.holds(pattern))
    }

    pub(super) fn holds(&self, pattern: &Pattern) -> bool {
        pattern.all.iter().all(|t| self.term(t, pattern))
            && (pattern.any.is_empty() || pattern.any.iter().any(|t| self.term(t, pattern)))
            && !pattern.none.iter().any(|t| self.term(t, pattern))
    }

    pub(super) fn term(&self, term: &Term, pattern: &Pattern) -> bool {
        match term {
            Term::Fact(name) => self.facts.get(name).is_some_and(Fact::holds),
            Term::Signal(signal) => (0..self.case.reading.len()).any(|s| {
                self.signals.in_sentence(s).any(|h| h.signal == *signal)
                    && self.others_near(pattern, s)
            }),
            Term::PersonalContact => self.personal().next().is_some(),
            Term::Successor => self.successor().is_some(),
            Term::AddressList => self.lists_addresses(),
            Term::PrivateRecipient => self.recipients().any(owner::is_free_mail),
            Term::OutsideRecipient => self
                .recipients()
                .any(|d| !self.case.organisation.owns(d) && !owner::is_free_mail(d)),
        }
    }

    /// Whether every signal of the pattern stands near the sentence, as the pattern asks.
    fn others_near(&self, pattern: &Pattern, sentence: usize) -> bool {
        pattern.all.iter().all(|t| match t {
            Term::Signal(other) => self
                .signals
                .find(*other, sentence, pattern.within)
                .is_some(),
            _ => true,
        })
    }

    fn recipients(&self) -> impl Iterator<Item = &str> {
        let m = self.case.message;
        m.to.iter()
            .chain(&m.cc)
            .chain(&m.bcc)
            .map(|a| domain(&a.address))
    }

    fn found(&self) -> &[Found] {
        self.found.get_or_init(|| {
            let region = self.case.organisation.region.clone();
            contact::extract(
                self.case.message,
                &contact::regions(self.case.message, region.as_deref()),
            )
        })
    }

    fn contacts(&self) -> &[Contact] {
        self.contacts.get_or_init(|| {
            let attributed = self.attributed().into_iter();
            attributed.map(|(contact, _)| contact).collect()
        })
    }

    /// All contact data with their owners, and why.
    pub(super) fn attributed(&self) -> Vec<(Contact, Vec<owner::Reason>)> {
        let cues = |found: &Found| self.cues(found);
        owner::attribute(
            self.found(),
            &owner::Context {
                message: self.case.message,
                custodian: self.case.custodian,
                organisation: self.case.organisation,
                notice: self.facts.get("notice").is_some_and(Fact::holds),
                cues: &cues,
            },
        )
    }

    /// Contact data of the custodian that the message hands over; what stands in a header only is a clue.
    fn personal(&self) -> impl Iterator<Item = &Contact> {
        self.contacts()
            .iter()
            .filter(|c| c.owner == Owner::Custodian && c.place != Place::Header)
    }

    /// Cues in the sentence of a datum and in the one before it.
    fn cues(&self, found: &Found) -> (Cues, Cues) {
        let Some(sentence) = self.sentence_of(found) else {
            return Default::default();
        };
        let of = |sentence: usize| {
            let has = |name: &str| {
                self.query.signal(name).is_some_and(|signal| {
                    self.signals
                        .in_sentence(sentence)
                        .any(|h| h.signal == signal)
                })
            };
            Cues {
                own: has("cue_own"),
                colleague: has("cue_colleague"),
                new_job: has("cue_new_job"),
                old: has("cue_old"),
                office: has("cue_office"),
            }
        };
        (
            of(sentence),
            sentence.checked_sub(1).map(of).unwrap_or_default(),
        )
    }

    /// The sentence in which a datum stands, or the last one before it.
    fn sentence_of(&self, found: &Found) -> Option<usize> {
        if !matches!(found.zone, Zone::Own | Zone::Signature) {
            return None;
        }
        let text = self.case.message.bodies.get(found.body?)?;
        let passage = self.case.reading.passages.iter().find(|p| {
            p.part == text.part && p.place != Place::Subject && p.range.contains(&found.range.start)
        })?;
        let sentences = &passage.folded.sentences;
        let after = sentences.partition_point(|s| s.original.start <= found.range.start);
        Some(passage.first_sentence + after.checked_sub(1)?)
    }

    pub(super) fn successor(&self) -> Option<&Successor> {
        self.successor
            .get_or_init(|| {
                let scene = successor::Scene {
                    message: self.case.message,
                    reading: self.case.reading,
                    custodian: self.case.custodian,
                    organisation: self.case.organisation,
                    language: &self.language(),
                    contacts: self.contacts(),
                };
                successor::find(
                    &scene,
                    self.query,
                    &self.signals,
                    self.facts.get("successor"),
                )
            })
            .as_ref()
    }

    /// Whether own words or attachments hold many addresses of outsiders.
    fn lists_addresses(&self) -> bool {
        let outside = |c: &&Found| {
            c.value
                .strip_prefix("mailto:")
                .is_some_and(|a| !self.case.organisation.owns(domain(a)))
        };
        let mut addresses: Vec<&str> = self
            .found()
            .iter()
            .filter(|c| matches!(c.place, Place::Body | Place::Attachment) && c.zone == Zone::Own)
            .filter(outside)
            .map(|c| c.value.as_str())
            .collect();
        addresses.sort_unstable();
        addresses.dedup();
        addresses.len() >= LIST_LENGTH
    }

    pub(super) fn conclusion(&self, pattern: &Pattern) -> Conclusion {
        let sentence = self.decisive_sentence(pattern);
        let authorship = author::authorship(
            self.case.message,
            self.case.custodian,
            self.case.organisation,
        );
        let successor = self.successor().cloned();
        Conclusion {
            query_id: self.query.id.clone(),
            query: self.query.citation(),
            verdict: pattern.verdict,
            confidence: self.confidence(pattern, &authorship),
            author: authorship.author,
            notice: self.case.reading.written(sentence).to_owned(),
            excerpt: self.case.reading.paragraph(sentence).to_owned(),
            reason: self.reason(pattern, &authorship, successor.as_ref()),
            language: self.language(),
            successor_reach: successor.as_ref().map(|s| s.reach),
            successor: successor.map(|s| s.name).unwrap_or_default(),
            contacts: self.contacts().to_vec(),
            evidence: self.evidence(pattern),
        }
    }

    /// The sentence that makes it a finding: the notice's, else the first in which a signal of the pattern stands.
    fn decisive_sentence(&self, pattern: &Pattern) -> usize {
        let fact = pattern.facts().find_map(|name| self.facts.get(name));
        let signal = || {
            (0..self.case.reading.len()).find(|&s| {
                self.signals.in_sentence(s).any(|h| {
                    pattern
                        .all
                        .iter()
                        .chain(&pattern.any)
                        .any(|t| *t == Term::Signal(h.signal))
                })
            })
        };
        fact.map(|f| f.sentence).or_else(signal).unwrap_or(0)
    }

    /// The pattern's own confidence, moved by how far its weakest fact stands above the bar, and by doubts about the author.
    fn confidence(&self, pattern: &Pattern, authorship: &Authorship) -> u8 {
        let margin = pattern
            .facts()
            .filter_map(|name| self.facts.get(name))
            .map(|f| f.points - fact::HOLDS)
            .min()
            .unwrap_or(0)
            .clamp(0, 60);
        let doubt = if authorship.author == Author::OnBehalf {
            30
        } else {
            0
        };
        let sum = i32::from(pattern.confidence) + margin / 2 - doubt;
        u8::try_from(sum.clamp(1, 100)).unwrap_or(100)
    }

    fn evidence(&self, pattern: &Pattern) -> Vec<Evidence> {
        let mut sentences: Vec<usize> = pattern
            .facts()
            .filter_map(|n| self.facts.get(n))
            .map(|f| f.sentence)
            .collect();
        if sentences.is_empty() {
            sentences.push(self.decisive_sentence(pattern));
        }
        sentences.sort_unstable();
        sentences.dedup();
        let hits = sentences
            .into_iter()
            .flat_map(|s| self.signals.in_sentence(s));
        hits.filter_map(|hit| {
            let (passage, _) = self.case.reading.passage(hit.sentence)?;
            let range = passage.folded.original_range(&hit.range, passage.text);
            Some(Evidence {
                signal: self.query.signals.get(hit.signal)?.name.clone(),
                written: passage.text.get(range.clone())?.to_owned(),
                place: passage.place,
                part: passage.part.to_owned(),
                offset: range.start,
            })
        })
        .collect()
    }

    fn reason(
        &self,
        pattern: &Pattern,
        authorship: &Authorship,
        successor: Option<&Successor>,
    ) -> String {
        let mut reasons = vec![pattern.says.clone()];
        for name in pattern.facts() {
            let Some(fact) = self.facts.get(name) else {
                continue;
            };
            reasons.push(self.explain(name, fact));
        }
        let personal: Vec<&str> = self.personal().map(|c| c.written.as_str()).collect();
        if !personal.is_empty() {
            reasons.push(format!("personal contact data: {}", personal.join(", ")));
        }
        if let Some(successor) = successor {
            let how = match successor.reach {
                SuccessorReach::Data => "with contact data",
                SuccessorReach::Copied => "copied",
                SuccessorReach::NameOnly => "by name only",
            };
            reasons.push(format!("successor {}, {how}", successor.name));
        }
        if self.facts.get("asks").is_some_and(Fact::holds) {
            reasons.push("invites to ask for the private data".to_owned());
        }
        if let Some(other) = &authorship.on_behalf {
            reasons.push(format!("sent by {other} on the custodian's behalf"));
        }
        if let Some(outside) = &authorship.outside {
            reasons.push(format!("sent from outside the organisation: {outside}"));
        }
        reasons.retain(|r| !r.is_empty());
        reasons.join("; ")
    }

    /// Which frames and words made a fact.
    fn explain(&self, name: &str, fact: &Fact) -> String {
        let frames = fact
            .frames
            .iter()
            .filter(|f| f.1 > 0)
            .filter_map(|&(f, _)| self.query.frames.get(f));
        let says: Vec<&str> = frames.take(2).map(|f| f.says.as_str()).collect();
        let place = self
            .case
            .reading
            .passage(fact.sentence)
            .map_or(Place::Body, |(p, _)| p.place);
        let mut text = format!("{name} in the {place}");
        if !says.is_empty() {
            text = format!("{text}: {}", says.join(" and "));
        }
        if fact.model > 0 && !fact.words.is_empty() {
            text = format!("{text} (wording: {})", fact.words.join(", "));
        }
        text
    }

    fn language(&self) -> String {
        let own: Vec<&str> = self
            .case
            .reading
            .passages
            .iter()
            .filter(|p| p.place == Place::Body)
            .filter_map(|p| p.text.get(p.range.clone()))
            .collect();
        language::identify(&own.join("\n"))
    }
}

impl Pattern {
    fn facts(&self) -> impl Iterator<Item = &str> {
        self.all.iter().chain(&self.any).filter_map(|t| match t {
            Term::Fact(name) => Some(name.as_str()),
            _ => None,
        })
    }
}
