//! The ladder: from facts, contact data and successor to one verdict with one readable reason.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

use super::Documents;
use super::author::{self, Authorship, domain};
use super::contact::{self, Found};
use super::fact::{self, Fact, Signals};
use super::gate::{self, Hit};
use super::language;
use super::owner::{self, Cues};
use super::reading::Reading;
use super::successor::{self, Successor};
use crate::finding::{Author, Conclusion, Contact, Evidence, Owner, Place, SuccessorReach};
use crate::mailbox::{Custodian, Organisation};
use crate::message::{Address, Message, Text, Zone};
use crate::query::{Pattern, Query, Term};

/// A message before the judge.
pub(super) struct Case<'c> {
    pub(super) message: &'c Message,
    pub(super) documents: &'c dyn Documents,
    pub(super) custodian: &'c Custodian,
    pub(super) organisation: &'c Organisation,
    pub(super) reading: &'c Reading<'c>,
}

/// Addresses of outsiders that make a list, at least.
const LIST_LENGTH: usize = 10;
/// Figures of a telephone number, at least (ITU-T E.164 sets only the most).
const FEWEST_FIGURES: usize = 6;

/// What one query makes of the case; the costly parts are found when a pattern asks for them.
pub(super) struct Findings<'f, 'c> {
    case: &'f Case<'c>,
    query: &'f Query,
    pub(super) signals: Signals<'f>,
    pub(super) facts: BTreeMap<String, Fact>,
    found: OnceCell<Vec<Found>>,
    found_in_all: OnceCell<Vec<Found>>,
    contacts: OnceCell<Vec<Contact>>,
    contacts_in_all: OnceCell<Vec<Contact>>,
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

    /// Whether the recipients leave it possible that a pattern of the query holds: a look before any text is read.
    pub(super) fn recipients_allow(&self, query: &Query) -> bool {
        query.patterns.iter().any(|pattern| {
            let allows = |term, unless| self.of_recipients(term) != Some(unless);
            pattern.all.iter().all(|t| allows(t, false))
                && pattern.none.iter().all(|t| allows(t, true))
        })
    }

    /// Whether a term holds that only asks for recipients; `None` for others.
    fn of_recipients(&self, term: &Term) -> Option<bool> {
        let mut domains = self.recipients().map(|a| domain(&a.address));
        match term {
            Term::PrivateRecipient => Some(domains.any(owner::is_free_mail)),
            Term::OwnPrivateAddress => Some(self.reaches_own_private_address()),
            Term::OutsideRecipient => {
                Some(domains.any(|d| !self.organisation.owns(d) && !owner::is_free_mail(d)))
            }
            _ => None,
        }
    }

    fn recipients(&self) -> impl Iterator<Item = &Address> {
        let m = self.message;
        m.to.iter().chain(&m.cc).chain(&m.bcc)
    }

    /// Whether a recipient is the custodian outside the organisation: known to be, so called, or a free-mail address that
    /// is named after the custodian.
    fn reaches_own_private_address(&self) -> bool {
        let names = OnceCell::new();
        let so_called = |local: &str| {
            let names = names.get_or_init(|| owner::Names::of(self.message, self.custodian));
            names.stand_in(local)
        };
        self.recipients()
            .filter(|a| !self.organisation.owns(domain(&a.address)))
            .any(|a| {
                author::is_custodian(a, self.custodian)
                    || owner::is_free_mail(domain(&a.address))
                        && so_called(author::local_part(&a.address))
            })
    }

    /// What a query concludes from its phrases that stand in the message.
    pub(super) fn conclude(&self, query: &Query, hits: &[Hit]) -> Option<Conclusion> {
        let languages = Signals::by_language(query, hits);
        let may_hold = |p| fact::may_hold(query, p, &languages);
        if !query.patterns.iter().any(may_hold) {
            return None;
        }
        let findings = self.findings(query, hits, &languages);
        let (_, pattern) = findings.holding()?;
        Some(findings.conclusion(pattern))
    }

    /// What a query makes of the case, by its phrases that stand in the message and the same apart by language.
    pub(super) fn findings<'f>(
        &'f self,
        query: &'f Query,
        hits: &'f [Hit],
        languages: &[Signals<'_>],
    ) -> Findings<'f, 'f> {
        Findings {
            case: self,
            query,
            signals: Signals::new(hits),
            facts: fact::weigh(query, languages, self.reading),
            found: OnceCell::new(),
            found_in_all: OnceCell::new(),
            contacts: OnceCell::new(),
            contacts_in_all: OnceCell::new(),
            successor: OnceCell::new(),
        }
    }
}

impl Term {
    /// Whether to tell whether it holds takes contact data, or even documents.
    fn is_costly(&self) -> bool {
        matches!(
            self,
            Self::PersonalContact | Self::Successor | Self::AddressList
        )
    }
}

/// Where contact data are sought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Depth {
    /// In the message and the attachments that are read with it.
    Message,
    /// In its documents, too.
    Documents,
}

impl<'f> Findings<'f, '_> {
    /// The first pattern that holds, and its place on the ladder.
    pub(super) fn holding(&self) -> Option<(usize, &'f Pattern)> {
        let mut patterns = self.query.patterns.iter().enumerate();
        patterns.find(|(_, pattern)| self.holds(pattern))
    }

    pub(super) fn holds(&self, pattern: &Pattern) -> bool {
        // What is cheap to tell is told first: often nothing else is needed.
        let all = |is_costly: bool| {
            let mut terms = pattern.all.iter().filter(|t| t.is_costly() == is_costly);
            terms.all(|t| self.term(t, pattern))
        };
        let none = |is_costly: bool| {
            let mut terms = pattern.none.iter().filter(|t| t.is_costly() == is_costly);
            !terms.any(|t| self.term(t, pattern))
        };
        all(false)
            && none(false)
            && all(true)
            && (pattern.any.is_empty() || pattern.any.iter().any(|t| self.term(t, pattern)))
            && none(true)
    }

    pub(super) fn term(&self, term: &Term, pattern: &Pattern) -> bool {
        match term {
            Term::Fact(name) => self.facts.get(name).is_some_and(Fact::holds),
            Term::Signal(signal) => (0..self.case.reading.len()).any(|s| {
                self.signals.in_sentence(s).any(|h| h.signal == *signal)
                    && self.others_near(pattern, s)
            }),
            Term::PersonalContact => self.personal(self.depth()).next().is_some(),
            Term::Successor => self.successor().is_some(),
            Term::AddressList => [Depth::Message, Depth::Documents]
                .iter()
                .any(|depth| self.lists_addresses(*depth)),
            Term::PrivateRecipient | Term::OwnPrivateAddress | Term::OutsideRecipient => {
                self.case.of_recipients(term) == Some(true)
            }
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

    /// Where contact data are sought before it is known whether the message is found: in documents, too, if the query can
    /// only match where a phrase of it stands.
    fn depth(&self) -> Depth {
        if gate::leads(self.query).is_some() {
            Depth::Documents
        } else {
            Depth::Message
        }
    }

    fn found(&self, depth: Depth) -> &[Found] {
        let regions = || {
            let region = self.case.organisation.region.clone();
            contact::regions(self.case.message, region.as_deref())
        };
        let in_message = self
            .found
            .get_or_init(|| contact::extract(self.case.message, &regions()));
        let texts = self.documents(depth);
        if texts.is_empty() {
            return in_message;
        }
        self.found_in_all.get_or_init(|| {
            let mut found = in_message.clone();
            found.extend(contact::in_documents(texts, &regions()));
            found
        })
    }

    /// Read only where there are any, and where they count.
    fn documents(&self, depth: Depth) -> &[Text] {
        let attachments = &self.case.message.attachments;
        if depth == Depth::Documents && attachments.iter().any(|a| a.is_document) {
            self.case.documents.texts()
        } else {
            &[]
        }
    }

    fn contacts(&self, depth: Depth) -> &[Contact] {
        let cell = match depth {
            Depth::Message => &self.contacts,
            Depth::Documents => &self.contacts_in_all,
        };
        cell.get_or_init(|| {
            let attributed = self.attributed(depth).into_iter();
            attributed.map(|(contact, _)| contact).collect()
        })
    }

    /// All contact data with their owners, and why.
    pub(super) fn attributed(&self, depth: Depth) -> Vec<(Contact, Vec<owner::Reason>)> {
        let cues = |found: &Found| self.cues(found);
        owner::attribute(
            self.found(depth),
            &owner::Context {
                message: self.case.message,
                custodian: self.case.custodian,
                organisation: self.case.organisation,
                documents: self.documents(depth),
                notice: self.facts.get("notice").is_some_and(Fact::holds),
                cues: &cues,
            },
        )
    }

    /// Contact data of the custodian that the message hands over; what stands in a header only is a clue.
    fn personal(&self, depth: Depth) -> impl Iterator<Item = &Contact> {
        self.contacts(depth)
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
                if !self.query.asks_for_successor() {
                    return None;
                }
                let scene = successor::Scene {
                    message: self.case.message,
                    reading: self.case.reading,
                    custodian: self.case.custodian,
                    organisation: self.case.organisation,
                    language: &self.language(),
                    contacts: self.contacts(self.depth()),
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

    /// Whether own words or attachments hold many addresses or numbers of people who are neither of the organisation nor
    /// recipients themselves.
    fn lists_addresses(&self, depth: Depth) -> bool {
        if !self.may_list_addresses(depth) {
            return false;
        }
        let is_recipient = |address: &str| {
            let mut recipients = self.case.recipients();
            recipients.any(|r| r.address.eq_ignore_ascii_case(address))
        };
        let listed = |c: &&Found| {
            matches!(c.place, Place::Body | Place::Attachment) && c.zone == Zone::Own && c.certain
        };
        let counts = |scheme: &str| {
            let found = self.found(depth).iter().filter(listed);
            let values = found.filter_map(|c| c.value.strip_prefix(scheme));
            let others = values.filter(|value| {
                !value.contains('@')
                    || !self.case.organisation.owns(domain(value)) && !is_recipient(value)
            });
            others.collect::<BTreeSet<&str>>().len()
        };
        counts("mailto:").max(counts("tel:")) >= LIST_LENGTH
    }

    /// Whether there are signs and figures enough for a list: a look before contact data are read.
    fn may_list_addresses(&self, depth: Depth) -> bool {
        let message = self.case.message;
        let links = message.bodies.iter().map(|b| b.links.len()).sum();
        let attached = message.attachments.iter().filter_map(|a| a.text.as_ref());
        let texts = message.bodies.iter().chain(attached);
        let texts = texts.chain(self.documents(depth));
        let (mut signs, mut figures): (usize, usize) = (links, 0);
        for text in texts {
            for octet in text.content.bytes() {
                signs += usize::from(octet == b'@');
                figures += usize::from(octet.is_ascii_digit());
            }
        }
        signs.max(figures / FEWEST_FIGURES) >= LIST_LENGTH
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
            contacts: self.contacts(Depth::Documents).to_vec(),
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
            let range = passage.folded.original_range(&hit.range);
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
        let personal: Vec<&str> = self
            .personal(Depth::Documents)
            .map(|c| c.written.as_str())
            .collect();
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
