//! What stands in the store, seen with the organisation, the roster and the client list of today.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::audience::{Addressee, People, Reach, manager_copied};
use super::campaign::{self, Campaign};
use super::{ReportSettings, Summary};
use crate::finding::{Finding, Owner, Stage};
use crate::mailbox::{Custodian, MailboxId};
use crate::store::{
    Coverage, CoverageStatus, RunRecord, Rung, Standing, StandingException, Store, StoreError,
    evidence_digest,
};

/// In place of what mail of lawyers and works councils says.
pub(super) const WITHHELD: &str = "[withheld]";

/// In place of what is masked for wider circulation.
pub(crate) const REDACTED: &str = "[redacted]";

/// What the store holds, before anything is made of it.
pub(super) struct Stand {
    findings: Vec<Standing>,
    coverage: Vec<Coverage>,
    exceptions: Vec<StandingException>,
    ladders: BTreeMap<String, Vec<Rung>>,
}

/// What the files say, in their order.
pub(super) struct View<'a> {
    pub(super) findings: Vec<Seen<'a>>,
    pub(super) coverage: Vec<&'a Coverage>,
    pub(super) exceptions: Vec<&'a StandingException>,
    pub(super) left_out: u64,
    /// The rungs of queries, by citation, as far as they are known.
    pub(super) ladders: &'a BTreeMap<String, Vec<Rung>>,
    findings_in: BTreeMap<&'a MailboxId, usize>,
}

/// A finding with what is computed when the report is written.
pub(super) struct Seen<'a> {
    pub(super) standing: &'a Standing,
    pub(super) custodian: Option<&'a Custodian>,
    pub(super) addressees: Vec<Addressee<'a>>,
    pub(super) reach: Reach,
    pub(super) manager_copied: &'static str,
    pub(super) change: &'static str,
    /// Mail of lawyers and works councils: counted, not shown.
    pub(super) withheld: bool,
    /// What stands for text and contact data that are not shown.
    pub(super) masked: Option<&'static str>,
    /// Where the message was saved, in the report's directory.
    pub(super) evidence_file: Option<String>,
    pub(super) campaign: Campaign,
}

impl Stand {
    /// Reads everything from one state of the store.
    pub(super) fn read(store: &Store) -> Result<Self, StoreError> {
        store.snapshot(|store| {
            Ok(Self {
                findings: store.findings()?,
                coverage: store.coverage()?,
                exceptions: store.exceptions()?,
                ladders: store.ladders()?,
            })
        })
    }
}

impl<'a> View<'a> {
    /// Chooses what `settings` ask for, and orders it by what it is, never by when it was stored.
    pub(super) fn new(stand: &'a Stand, run: &RunRecord, settings: &'a ReportSettings) -> Self {
        let people = People::new(settings);
        let queries = if settings.queries.is_empty() {
            run.query_ids()
        } else {
            settings.queries.clone()
        };
        let is_chosen =
            |id: &String| settings.custodians.is_empty() || settings.custodians.contains(id);
        let is_asked = |query: &String| queries.is_empty() || queries.contains(query);
        let all = stand.findings.iter().filter(|standing| {
            is_chosen(&standing.finding.custodian)
                && is_asked(&standing.finding.conclusion.query_id)
        });
        let (mut findings, left): (Vec<_>, Vec<_>) = all
            .map(|standing| Seen::new(standing, run, &people, settings.redact))
            .partition(|seen| seen.reach.is_in(settings.audience));
        findings.sort_by(|a, b| a.order().cmp(&b.order()));
        for (seen, campaign) in campaign::find(&findings).into_iter().enumerate() {
            if let Some(seen) = findings.get_mut(seen) {
                seen.campaign = campaign;
            }
        }
        // Scanned files belong to nobody until their messages are read.
        let is_shown =
            |mailbox: &MailboxId| mailbox.custodian.is_empty() || is_chosen(&mailbox.custodian);
        Self {
            findings_in: count_by_mailbox(&findings),
            findings,
            coverage: stand
                .coverage
                .iter()
                .filter(|row| is_shown(&row.mailbox))
                .collect(),
            exceptions: stand
                .exceptions
                .iter()
                .filter(|row| is_shown(&row.exception.mailbox))
                .collect(),
            left_out: left.len() as u64,
            ladders: &stand.ladders,
        }
    }

    /// How many findings of the report were seen in a mailbox.
    pub(super) fn findings_in(&self, mailbox: &MailboxId) -> usize {
        self.findings_in.get(mailbox).copied().unwrap_or(0)
    }

    /// Whether something could not be judged and nobody has accepted that.
    pub(super) fn is_incomplete(&self) -> bool {
        let is_open = |row: &&&StandingException| {
            row.exception.stage != Stage::Attachment && !is_accepted(row)
        };
        let is_explained = |coverage: &Coverage| {
            self.exceptions
                .iter()
                .any(|row| row.exception.mailbox == coverage.mailbox)
        };
        self.exceptions.iter().any(|row| is_open(&row))
            || self.coverage.iter().any(|row| {
                let is_whole = matches!(
                    row.status,
                    CoverageStatus::Complete | CoverageStatus::Unchanged
                );
                !is_whole && !is_explained(row)
            })
    }

    /// Sums of the coverage columns, and findings by verdict; clients are counted elsewhere.
    pub(super) fn sum_up(&self) -> Summary {
        let mut summary = Summary {
            left_out: self.left_out,
            incomplete: self.is_incomplete(),
            ..Summary::default()
        };
        for row in &self.coverage {
            let [whole, partial, failed, not_reached] = &mut summary.mailboxes;
            *match row.status {
                CoverageStatus::Complete | CoverageStatus::Unchanged => whole,
                CoverageStatus::Partial => partial,
                CoverageStatus::Failed => failed,
                CoverageStatus::NotReached => not_reached,
            } += 1;
            summary.in_window += row.in_window;
            summary.judged += row.judged;
            summary.judged_before += row.judged_before;
            summary.exceptions += row.exceptions;
        }
        for &verdict in crate::finding::Verdict::ALL.iter().rev() {
            let is_it = |seen: &&Seen<'_>| seen.finding().conclusion.verdict == verdict;
            let count = self.findings.iter().filter(is_it).count() as u64;
            if count > 0 {
                summary.findings.push((verdict, count));
            }
        }
        summary
    }
}

fn count_by_mailbox<'a>(findings: &[Seen<'a>]) -> BTreeMap<&'a MailboxId, usize> {
    let mut counts = BTreeMap::new();
    for seen in findings {
        // Two copies in one mailbox are one finding.
        let mailboxes: BTreeSet<_> = seen.standing.sightings.iter().map(|s| &s.mailbox).collect();
        for mailbox in mailboxes {
            *counts.entry(mailbox).or_default() += 1;
        }
    }
    counts
}

fn is_accepted(exception: &StandingException) -> bool {
    exception
        .decision
        .as_ref()
        .is_some_and(|decision| decision.status == "accepted")
}

impl<'a> Seen<'a> {
    fn new(standing: &'a Standing, run: &RunRecord, people: &People<'a>, redact: bool) -> Self {
        let finding = &standing.finding;
        let custodian = people.custodian(&finding.custodian);
        let addressees = people.addressees(finding);
        let withheld = people.is_withheld(finding);
        Self {
            custodian,
            reach: Reach::of(&addressees),
            manager_copied: manager_copied(custodian, &addressees),
            change: change(standing, run),
            withheld,
            masked: if withheld {
                Some(WITHHELD)
            } else {
                redact.then_some(REDACTED)
            },
            evidence_file: None,
            addressees,
            campaign: Campaign::default(),
            standing,
        }
    }

    pub(super) fn finding(&self) -> &'a Finding {
        &self.standing.finding
    }

    /// Values of the contact data whose owner is the custodian, each once.
    pub(super) fn personal_contacts(&self) -> Vec<String> {
        let mut values: Vec<String> = Vec::new();
        for contact in &self.finding().conclusion.contacts {
            if contact.owner == Owner::Custodian && !values.contains(&contact.value) {
                values.push(contact.value.clone());
            }
        }
        values
    }

    /// Days from the last day to the day of sending (UTC); negative before.
    pub(super) fn days_from_last_day(&self) -> Option<i32> {
        let last_day = self.custodian?.last_day?;
        let sent_on = self
            .finding()
            .sent_at?
            .to_zoned_datetime(TimeZone::UTC)
            .date();
        let hours = sent_on.duration_since(last_day).as_hours();
        i32::try_from(hours / 24).ok()
    }

    fn order(&self) -> (&str, Option<Timestamp>, &str) {
        let finding = self.finding();
        (&finding.custodian, finding.sent_at, &finding.id)
    }
}

fn change(standing: &Standing, run: &RunRecord) -> &'static str {
    let decided = standing
        .decision
        .as_ref()
        .filter(|decision| !decision.status.is_empty());
    if decided.is_some_and(|decision| decision.evidence != evidence_digest(&standing.finding)) {
        "recheck"
    } else if standing.gone {
        "gone"
    } else if standing.first_seen == run.id {
        "new"
    } else {
        "same"
    }
}
