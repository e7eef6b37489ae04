//! `clients.csv`: what each client was told, and whom to call.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::audience::{Addressee, domain};
use super::cell::Cell;
use super::view::{REDACTED, Seen, View};
use crate::finding::Verdict;

/// Everything that one custodian told one client.
pub(super) struct Told<'a> {
    custodian: &'a str,
    addressee: &'a Addressee<'a>,
    first_notice_at: Option<Timestamp>,
    notices: u64,
    worst: Verdict,
    personal_contacts: Vec<String>,
    successors: Vec<String>,
}

/// The columns of `clients.csv`.
pub(super) const CLIENTS: &[&str] = &[
    "client",
    "client_name",
    "client_domain",
    "status",
    "custodian",
    "first_notice_at",
    "notices",
    "worst_verdict",
    "personal_contacts",
    "successor",
    "follow_up",
];

/// One row per client and custodian, ordered by custodian, first notice and client. Only notices count, and none that is
/// withheld.
pub(super) fn told<'a>(view: &'a View<'a>) -> Vec<Told<'a>> {
    let mut told: BTreeMap<(&str, &str), Told<'a>> = BTreeMap::new();
    let notices = view
        .findings
        .iter()
        .filter(|seen| !seen.withheld && is_notice(seen));
    // In order of time, so that the first notice is the first seen.
    for seen in notices {
        let mut addressed = BTreeSet::new();
        for addressee in seen.addressees.iter().filter(|a| a.client) {
            let address = addressee.recipient.address.as_str();
            if addressed.insert(address) {
                told.entry((&seen.finding().custodian, address))
                    .or_insert_with(|| Told::new(seen, addressee))
                    .add(seen);
            }
        }
    }
    let mut told: Vec<_> = told.into_values().collect();
    told.sort_by_key(|told| (told.custodian, told.first_notice_at));
    told
}

/// Client addresses that were reached, and those of them that a custodian left with nobody to turn to.
pub(super) fn count(told: &[Told<'_>]) -> (u64, u64) {
    let addresses = |told: &mut dyn Iterator<Item = &Told<'_>>| {
        told.map(|told| told.addressee.recipient.address.clone())
            .collect::<BTreeSet<_>>()
            .len() as u64
    };
    (
        addresses(&mut told.iter()),
        addresses(&mut told.iter().filter(|told| told.successors.is_empty())),
    )
}

fn is_notice(seen: &Seen<'_>) -> bool {
    seen.finding().conclusion.verdict <= Verdict::Solicitation
}

impl<'a> Told<'a> {
    fn new(seen: &'a Seen<'a>, addressee: &'a Addressee<'a>) -> Self {
        let finding = seen.finding();
        Self {
            custodian: &finding.custodian,
            addressee,
            first_notice_at: finding.sent_at,
            notices: 0,
            worst: finding.conclusion.verdict,
            personal_contacts: Vec::new(),
            successors: Vec::new(),
        }
    }

    fn add(&mut self, seen: &Seen<'_>) {
        let said = &seen.finding().conclusion;
        self.notices += 1;
        self.worst = self.worst.max(said.verdict);
        for value in seen.personal_contacts() {
            if !self.personal_contacts.contains(&value) {
                self.personal_contacts.push(value);
            }
        }
        if !said.successor.is_empty() && !self.successors.contains(&said.successor) {
            self.successors.push(said.successor.clone());
        }
        // A notice without a date sorts first, but tells nothing of the time.
        self.first_notice_at = self.first_notice_at.or(seen.finding().sent_at);
    }

    /// Whether nobody was named to turn to.
    pub(super) fn is_alone(&self) -> bool {
        self.successors.is_empty()
    }

    /// What to do next, proposed to people.
    pub(super) fn follow_up(&self) -> &'static str {
        match (self.worst, self.successors.is_empty()) {
            (Verdict::Solicitation, true) => "call and name a contact: was invited to follow",
            (Verdict::Solicitation, false) => "call: was invited to follow",
            (Verdict::PersonalContact, true) => "name a contact: has only private contact data",
            (Verdict::PersonalContact, false) => {
                "confirm the contact: has private contact data too"
            }
            (_, true) => "name a contact: nobody was named",
            (_, false) => "none: a contact was named",
        }
    }

    /// The row.
    pub(super) fn row(&self, redact: bool) -> Vec<Cell> {
        let masked = |cell: Cell| if redact { Cell::own(REDACTED) } else { cell };
        let recipient = self.addressee.recipient;
        let name = self
            .addressee
            .listed
            .map_or(&recipient.display_name, |listed| &listed.name);
        vec![
            masked(Cell::foreign(&recipient.address)),
            masked(Cell::foreign(name)),
            Cell::foreign(domain(&recipient.address).unwrap_or_default()),
            Cell::own(self.addressee.status),
            Cell::foreign(self.custodian),
            Cell::time(self.first_notice_at),
            Cell::number(self.notices),
            Cell::own(self.worst),
            masked(Cell::List(self.personal_contacts.clone())),
            masked(Cell::List(self.successors.clone())),
            Cell::own(self.follow_up()),
        ]
    }
}

#[cfg(test)]
mod tests {
    use crate::finding::Verdict;
    use crate::report::sample::{client, recipient, sample};
    use crate::report::{ClientStatus, Summary};

    /// Notices (verdict, successor) to one client, and the row's notices, worst verdict, successor and follow-up.
    #[track_caller]
    fn check(notices: &[(Verdict, &str)], expected: &str) -> Summary {
        let mut sample = sample();
        for (index, (verdict, successor)) in notices.iter().enumerate() {
            sample.add(&format!("f-{index}"), "2024-06-12T08:00:00Z", |finding| {
                finding.recipients = vec![recipient("Bea <bea@client.example>")];
                finding.conclusion.verdict = *verdict;
                (*successor).clone_into(&mut finding.conclusion.successor);
            });
        }
        let report = sample.written();
        let row = report
            .lines("clients.csv")
            .get(1)
            .cloned()
            .unwrap_or_default();
        assert!(row.ends_with(expected), "{row}");
        report.summary
    }

    #[test]
    fn follow_up_depends_on_all_notices_together() {
        check(
            &[(Verdict::Handover, "Leo")],
            ",1,handover,,Leo,none: a contact was named",
        );
        check(
            &[(Verdict::OpenNotice, "")],
            ",1,open-notice,,,name a contact: nobody was named",
        );
        check(
            &[(Verdict::OpenNotice, ""), (Verdict::Handover, "Leo")],
            ",2,open-notice,,Leo,none: a contact was named",
        );
        check(
            &[
                (Verdict::Solicitation, ""),
                (Verdict::Handover, "Leo"),
                (Verdict::Handover, "Eva"),
            ],
            ",3,solicitation,,Leo | Eva,call: was invited to follow",
        );
        let summary = check(&[(Verdict::ClientList, "")], "");
        assert_eq!(summary.clients, 0, "other queries tell clients nothing");
    }

    #[test]
    fn with_a_client_list_only_clients_have_rows() {
        let mut sample = sample();
        sample.settings.clients = Some(vec![
            client("client.example", ClientStatus::Former),
            client("friend@client.example", ClientStatus::Personal),
        ]);
        sample.add("f-1", "2024-06-12T08:00:00Z", |finding| {
            finding.recipients = [
                "bea@mail.client.example",
                "friend@client.example",
                "x@other.example",
            ]
            .map(recipient)
            .to_vec();
        });
        let report = sample.written();
        let rows = report.lines("clients.csv");
        assert_eq!(rows.len(), 2);
        assert!(rows[1].starts_with("bea@mail.client.example,Name,mail.client.example,former,"));
        let kinds: Vec<_> = report.lines("recipients.csv")[1..]
            .iter()
            .map(|line| line.split(",to,").nth(1).unwrap().to_owned())
            .collect();
        assert_eq!(
            kinds,
            ["client,former", "personal,personal", "external,unlisted"]
        );
    }
}
