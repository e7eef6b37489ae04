//! The report at a glance: who, when, how many clients were reached, and what is missing; no text of messages.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::civil::Date;

use super::clients::Told;
use super::view::{Seen, View};
use crate::finding::{Exception, Stage, Verdict};
use crate::store::{CoverageStatus, StandingException};

/// In the order in which people want to see them.
const ORDER: [Verdict; 7] = [
    Verdict::Solicitation,
    Verdict::PersonalContact,
    Verdict::OpenNotice,
    Verdict::Handover,
    Verdict::ClientList,
    Verdict::ContactData,
    Verdict::Match,
];

/// Sums and lists that the tables do not show.
pub(super) struct Overview<'a> {
    /// The verdicts of a client notice, and what else occurs.
    pub(super) verdicts: Vec<Verdict>,
    /// Custodians with findings, those with most first.
    pub(super) people: Vec<Person<'a>>,
    /// Custodians whose mailboxes were looked at.
    pub(super) custodians: usize,
    /// Texts that went out more than once, the widest reach first.
    pub(super) campaigns: Vec<Sent<'a>>,
    /// What to do next, and for how many clients; most first.
    pub(super) follow_ups: Vec<(&'static str, u64)>,
    /// Mailboxes by status: those of the `status` column of `coverage.csv`.
    pub(super) mailboxes: Vec<(CoverageStatus, u64)>,
    /// What could not be judged and nobody has accepted.
    pub(super) missing: Vec<&'a Exception>,
}

/// A custodian with findings.
pub(super) struct Person<'a> {
    pub(super) id: &'a str,
    /// As the roster writes it; empty if it does not.
    pub(super) name: &'a str,
    pub(super) last_day: Option<Date>,
    /// Findings by verdict, in the order of [`Overview::verdicts`].
    pub(super) counts: Vec<u64>,
    /// Days from the last day and verdict of each finding that has them.
    pub(super) days: Vec<(i32, Verdict)>,
}

/// A text that went out more than once.
pub(super) struct Sent<'a> {
    pub(super) id: &'a str,
    pub(super) custodian: &'a str,
    pub(super) first_sent_at: Option<Timestamp>,
    pub(super) messages: usize,
    /// Distinct addresses.
    pub(super) clients: usize,
    pub(super) worst: Verdict,
}

impl<'a> Overview<'a> {
    /// Sums up what the tables show.
    pub(super) fn new(view: &'a View<'a>, told: &'a [Told<'a>]) -> Self {
        let occurs = |verdict: &Verdict| {
            *verdict <= Verdict::Solicitation
                || view
                    .findings
                    .iter()
                    .any(|seen| verdict_of(seen) == *verdict)
        };
        let verdicts: Vec<_> = ORDER.into_iter().filter(occurs).collect();
        Self {
            people: people(&view.findings, &verdicts),
            custodians: custodians(view),
            campaigns: campaigns(&view.findings),
            follow_ups: follow_ups(told),
            mailboxes: mailboxes(view),
            missing: view
                .exceptions
                .iter()
                .filter_map(|row| is_missing(row))
                .collect(),
            verdicts,
        }
    }
}

impl Person<'_> {
    /// All findings.
    pub(super) fn total(&self) -> u64 {
        self.counts.iter().sum()
    }
}

fn verdict_of(seen: &Seen<'_>) -> Verdict {
    seen.finding().conclusion.verdict
}

fn people<'a>(findings: &'a [Seen<'a>], verdicts: &[Verdict]) -> Vec<Person<'a>> {
    let mut people: BTreeMap<&str, Person<'a>> = BTreeMap::new();
    for seen in findings {
        let id = seen.finding().custodian.as_str();
        let person = people.entry(id).or_insert_with(|| Person {
            id,
            name: seen
                .custodian
                .and_then(|c| c.name.as_deref())
                .unwrap_or_default(),
            last_day: seen.custodian.and_then(|c| c.last_day),
            counts: vec![0; verdicts.len()],
            days: Vec::new(),
        });
        let verdict = verdict_of(seen);
        for (count, _) in person
            .counts
            .iter_mut()
            .zip(verdicts)
            .filter(|(_, v)| **v == verdict)
        {
            *count += 1;
        }
        person
            .days
            .extend(seen.days_from_last_day().map(|days| (days, verdict)));
    }
    let mut people: Vec<_> = people.into_values().collect();
    people.sort_by_key(|person| (std::cmp::Reverse(person.total()), person.id));
    people
}

fn custodians(view: &View<'_>) -> usize {
    let covered = view
        .coverage
        .iter()
        .map(|row| row.mailbox.custodian.as_str());
    let found = view
        .findings
        .iter()
        .map(|seen| seen.finding().custodian.as_str());
    // Scanned files belong to nobody.
    covered
        .chain(found)
        .filter(|id| !id.is_empty())
        .collect::<BTreeSet<_>>()
        .len()
}

fn campaigns<'a>(findings: &'a [Seen<'a>]) -> Vec<Sent<'a>> {
    let mut campaigns: BTreeMap<&str, (Sent<'a>, BTreeSet<&str>)> = BTreeMap::new();
    for seen in findings.iter().filter(|seen| seen.campaign.size > 1) {
        let finding = seen.finding();
        let (sent, clients) = campaigns.entry(&seen.campaign.id).or_insert_with(|| {
            let sent = Sent {
                id: &seen.campaign.id,
                custodian: &finding.custodian,
                first_sent_at: finding.sent_at,
                messages: seen.campaign.size,
                clients: 0,
                worst: finding.conclusion.verdict,
            };
            (sent, BTreeSet::new())
        });
        sent.worst = sent.worst.max(finding.conclusion.verdict);
        let addressed = seen.addressees.iter().filter(|addressee| addressee.client);
        clients.extend(addressed.map(|addressee| addressee.recipient.address.as_str()));
    }
    let mut campaigns: Vec<_> = campaigns
        .into_values()
        .map(|(sent, clients)| Sent {
            clients: clients.len(),
            ..sent
        })
        .collect();
    campaigns.sort_by_key(|sent| (std::cmp::Reverse((sent.clients, sent.messages)), sent.id));
    campaigns
}

fn follow_ups(told: &[Told<'_>]) -> Vec<(&'static str, u64)> {
    let mut counts: BTreeMap<&'static str, u64> = BTreeMap::new();
    for told in told {
        *counts.entry(told.follow_up()).or_default() += 1;
    }
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by_key(|&(words, count)| (std::cmp::Reverse(count), words));
    counts
}

fn mailboxes(view: &View<'_>) -> Vec<(CoverageStatus, u64)> {
    [
        CoverageStatus::Complete,
        CoverageStatus::Unchanged,
        CoverageStatus::Partial,
        CoverageStatus::Failed,
        CoverageStatus::NotReached,
    ]
    .into_iter()
    .map(|status| {
        let count = view
            .coverage
            .iter()
            .filter(|row| row.status == status)
            .count();
        (status, count as u64)
    })
    .filter(|(_, count)| *count > 0)
    .collect()
}

fn is_missing(row: &StandingException) -> Option<&Exception> {
    let is_accepted = row
        .decision
        .as_ref()
        .is_some_and(|decision| decision.status == "accepted");
    (row.exception.stage != Stage::Attachment && !is_accepted).then_some(&row.exception)
}
