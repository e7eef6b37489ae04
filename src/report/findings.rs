//! `findings.csv`, `contacts.csv`, `recipients.csv`: what was found, the data in it, and to whom it went.

use super::cell::Cell;
use super::view::{REDACTED, Seen};
use crate::store::Decision;

/// The columns of `findings.csv`.
pub(super) const FINDINGS: &[&str] = &[
    "finding_id",
    "review_status",
    "review_note",
    "reviewer",
    "reviewed_on",
    "change",
    "verdict",
    "confidence",
    "custodian",
    "name",
    "last_day",
    "days_from_last_day",
    "sent_at",
    "from",
    "author",
    "subject",
    "personal_contacts",
    "clients",
    "client_count",
    "recipient_count",
    "audience",
    "successor",
    "successor_reach",
    "manager_copied",
    "notice",
    "excerpt",
    "reason",
    "language",
    "campaign_id",
    "campaign_size",
    "query",
    "account",
    "mailbox",
    "uidvalidity",
    "uid",
    "copies",
    "message_id",
    "sha256",
    "size",
    "evidence_file",
];

/// A row of `findings.csv`.
pub(super) fn finding(seen: &Seen<'_>) -> Vec<Cell> {
    let finding = seen.finding();
    let said = &finding.conclusion;
    let masked = |cell: Cell| seen.masked.map_or(cell, Cell::own);
    let clients: Vec<_> = seen.addressees.iter().filter(|a| a.client).collect();
    let addresses = clients
        .iter()
        .map(|a| a.recipient.address.clone())
        .collect();
    // The first copy speaks for all.
    let place = seen.standing.sightings.first();
    let nobody = Decision::default();
    let decision = seen.standing.decision.as_ref().unwrap_or(&nobody);
    vec![
        Cell::own(&finding.id),
        Cell::Reviewer(decision.status.clone()),
        note(seen, decision),
        Cell::Reviewer(decision.reviewer.clone()),
        Cell::reviewed_on(&decision.reviewed_on),
        Cell::own(seen.change),
        Cell::own(said.verdict),
        Cell::number(said.confidence),
        Cell::foreign(&finding.custodian),
        Cell::foreign(
            seen.custodian
                .and_then(|c| c.name.clone())
                .unwrap_or_default(),
        ),
        Cell::day(seen.custodian.and_then(|c| c.last_day)),
        Cell::maybe_number(seen.days_from_last_day()),
        Cell::time(finding.sent_at),
        Cell::foreign(&finding.from),
        Cell::own(said.author),
        masked(Cell::foreign(&finding.subject)),
        masked(Cell::List(seen.personal_contacts())),
        masked(Cell::List(addresses)),
        Cell::number(clients.len()),
        Cell::number(seen.addressees.len()),
        Cell::own(seen.reach.as_str()),
        masked(Cell::foreign(&said.successor)),
        Cell::maybe(said.successor_reach),
        Cell::own(seen.manager_copied),
        masked(Cell::foreign(&said.notice)),
        masked(Cell::foreign(&said.excerpt)),
        masked(Cell::foreign(&said.reason)),
        Cell::own(&said.language),
        Cell::own(&seen.campaign.id),
        Cell::number(seen.campaign.size),
        Cell::foreign(&said.query),
        Cell::foreign(place.map_or("", |p| &p.mailbox.account)),
        Cell::foreign(place.map_or("", |p| &p.mailbox.mailbox)),
        Cell::maybe_number(place.and_then(|p| p.locator.uidvalidity())),
        Cell::foreign(place.map_or_else(String::new, |p| p.locator.to_string())),
        Cell::number(seen.standing.sightings.len()),
        Cell::foreign(&finding.message_id),
        Cell::own(&finding.sha256),
        Cell::number(finding.size),
        Cell::maybe(seen.evidence_file.as_ref()),
    ]
}

/// What reviewers write may repeat what is masked.
fn note(seen: &Seen<'_>, decision: &Decision) -> Cell {
    if seen.masked == Some(REDACTED) && !decision.note.is_empty() {
        Cell::own(REDACTED)
    } else {
        Cell::Reviewer(decision.note.clone())
    }
}

/// The columns of `contacts.csv`.
pub(super) const CONTACTS: &[&str] = &[
    "finding_id",
    "kind",
    "value",
    "written",
    "owner",
    "zone",
    "part",
    "confidence",
];

/// The rows of `contacts.csv` for one finding.
pub(super) fn contacts<'a>(seen: &'a Seen<'a>) -> impl Iterator<Item = Vec<Cell>> + 'a {
    let mut contacts: Vec<_> = seen.finding().conclusion.contacts.iter().collect();
    contacts.sort();
    contacts.into_iter().map(|contact| {
        let masked = |text: &str| seen.masked.map_or_else(|| Cell::foreign(text), Cell::own);
        vec![
            Cell::own(&seen.finding().id),
            Cell::own(contact.kind),
            masked(&contact.value),
            masked(&contact.written),
            Cell::own(contact.owner),
            Cell::own(contact.place),
            Cell::foreign(&contact.part),
            Cell::number(contact.confidence),
        ]
    })
}

/// The columns of `recipients.csv`.
pub(super) const RECIPIENTS: &[&str] = &[
    "finding_id",
    "address",
    "display_name",
    "field",
    "kind",
    "status",
];

/// The rows of `recipients.csv` for one finding.
pub(super) fn recipients<'a>(seen: &'a Seen<'a>) -> impl Iterator<Item = Vec<Cell>> + 'a {
    seen.addressees.iter().map(|addressee| {
        let masked = |text: &str| seen.masked.map_or_else(|| Cell::foreign(text), Cell::own);
        vec![
            Cell::own(&seen.finding().id),
            masked(&addressee.recipient.address),
            masked(&addressee.recipient.display_name),
            Cell::own(addressee.recipient.field),
            Cell::own(addressee.kind.as_str()),
            Cell::own(addressee.status),
        ]
    })
}
