//! One message's walk: read, judged, and what was concluded bound to who, where and when.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use jiff::civil::Date;

use super::documents::Documents;
use super::pipeline::{Judging, Opinion, Work};
use crate::config::Settings;
use crate::detect::{self, Judge, Judgement};
use crate::document::Reader;
use crate::finding::{Exception, Field, Finding, Recipient, Stage, finding_id, hexadecimal};
use crate::mailbox::{Custodian, Organisation, RawMessage, Window};
use crate::message::{self, Address, Message};
use crate::source::imap::Extent;
use crate::store::Judged;

/// Who judges, and what opens documents.
pub(super) struct Bench {
    pub(super) judge: Judge,
    pub(super) documents: Option<Arc<Reader>>,
}

impl Bench {
    /// Judges a message as a custodian's; `None` if documents matter that were not fetched.
    fn judged(
        &self,
        work: &Work,
        raw: &RawMessage,
        extent: Extent,
        message: &Message,
        custodian: &Custodian,
        organisation: &Organisation,
    ) -> Option<Judged> {
        let documents = Documents::new(message, &raw.octets, extent, self.documents.as_deref());
        let judgement = self
            .judge
            .judge_with(message, &documents, custodian, organisation);
        let bound = Bound {
            work,
            raw,
            message,
            documents: &documents,
        };
        (!documents.are_missing()).then(|| bound.to(&custodian.id, judgement))
    }
}

/// Judges what lies in a roster's mailboxes: it is the custodian's, whatever its From says.
pub(super) struct RosterJudging {
    pub(super) bench: Bench,
    pub(super) organisation: Organisation,
}

impl Judging for RosterJudging {
    fn judge(&self, work: &Work, raw: &RawMessage, extent: Extent) -> Opinion {
        let message = message::parse(&raw.octets);
        let nobody = Custodian::default();
        let custodian = work.custodian.as_ref().unwrap_or(&nobody);
        let judged = self
            .bench
            .judged(work, raw, extent, &message, custodian, &self.organisation);
        judged.map_or(Opinion::Flagged, |judged| Opinion::Judged {
            judged,
            author: None,
        })
    }
}

/// Judges what lies in files: each message tells whose it is.
pub(super) struct ScanJudging {
    pub(super) bench: Bench,
    /// Without domains each From's own domain counts.
    pub(super) organisation: Organisation,
    /// Lower case; empty if every author is audited.
    pub(super) owners: Vec<String>,
    pub(super) last_day: Option<Date>,
    /// Overrides what follows from last days.
    pub(super) window: Option<Window>,
    pub(super) settings: Option<Settings>,
    /// The roster's custodians by address, alias and login, lower case.
    pub(super) roster: HashMap<String, Custodian>,
}

impl Judging for ScanJudging {
    fn judge(&self, work: &Work, raw: &RawMessage, extent: Extent) -> Opinion {
        let message = message::parse(&raw.octets);
        let Some(custodian) = self.custodian(&message) else {
            return Opinion::NotOwner;
        };
        if !self
            .window(&custodian)
            .admits(message.sent, raw.internal_date)
        {
            return Opinion::OutOfWindow;
        }
        let organisation = self.organisation_of(&message);
        let judged = self
            .bench
            .judged(work, raw, extent, &message, &custodian, &organisation);
        judged.map_or(Opinion::Flagged, |judged| Opinion::Judged {
            judged,
            author: Some(Box::new(custodian)),
        })
    }
}

impl ScanJudging {
    /// The organisation that is known, or the one that the From implies.
    pub(super) fn organisation_of(&self, message: &Message) -> Cow<'_, Organisation> {
        if !self.organisation.domains.is_empty() {
            return Cow::Borrowed(&self.organisation);
        }
        let from = message.from.first().map_or("", |a| a.address.as_str());
        Cow::Owned(Organisation {
            domains: detect::implied_organisation(from).domains,
            ..self.organisation.clone()
        })
    }

    /// Whose message it is; `None` if nobody's who is asked for.
    pub(super) fn custodian(&self, message: &Message) -> Option<Custodian> {
        let writers = || message.from.iter().chain(&message.sender);
        let Some(owner) = self.owners.first() else {
            let writer = writers().find(|a| !a.address.is_empty());
            let address = writer.map_or_else(String::new, |a| a.address.to_lowercase());
            return Some(self.known(address, writer, &[]));
        };
        let writer = writers().find(|a| self.owners.contains(&a.address.to_lowercase()))?;
        let aliases = self.owners.get(1..).unwrap_or_default();
        Some(self.known(owner.clone(), Some(writer), aliases))
    }

    /// The custodian of that address, with what the roster or else the message knows.
    fn known(&self, address: String, writer: Option<&Address>, aliases: &[String]) -> Custodian {
        let mut custodian = self.roster.get(&address).map_or_else(
            || Custodian {
                id: address,
                ..Custodian::default()
            },
            Custodian::clone,
        );
        if custodian.name.is_none() {
            custodian.name = writer
                .map(|a| a.name.clone())
                .filter(|name| !name.is_empty());
        }
        custodian.aliases.extend_from_slice(aliases);
        custodian.last_day = self.last_day.or(custodian.last_day);
        custodian
    }

    fn window(&self, custodian: &Custodian) -> Window {
        match (self.window, &self.settings) {
            (Some(window), _) => window,
            (None, Some(settings)) => settings.window(custodian),
            (None, None) => around(custodian.last_day),
        }
    }
}

/// The window without a configuration: 180 days before the last day to 60 after it, or everything.
fn around(last_day: Option<Date>) -> Window {
    let shifted = |days: i32| {
        last_day.and_then(|day| {
            let span = jiff::Span::new().try_days(days).ok()?;
            Some(day.saturating_add(span))
        })
    };
    Window {
        since: shifted(-180),
        until: shifted(60),
    }
}

/// What conclusions are bound to.
struct Bound<'b> {
    work: &'b Work,
    raw: &'b RawMessage,
    message: &'b Message,
    documents: &'b Documents<'b>,
}

impl Bound<'_> {
    /// Binds what was concluded to the message.
    fn to(&self, custodian: &str, judgement: Judgement) -> Judged {
        let Self { raw, message, .. } = *self;
        let Judgement {
            conclusions,
            is_gated,
        } = judgement;
        let sent_at = message.sent.or(raw.internal_date);
        let mut findings = Vec::new();
        // Most messages have no finding, and need neither digest nor recipients.
        if !conclusions.is_empty() {
            let (sha256, content) = (hexadecimal(&raw.sha256()), raw.content());
            let recipients = recipients(message);
            findings.extend(conclusions.into_iter().map(|conclusion| {
                Finding {
                    id: finding_id(custodian, &conclusion.query_id, &content),
                    custodian: custodian.to_owned(),
                    sent_at,
                    from: message
                        .from
                        .first()
                        .map_or_else(String::new, |a| a.address.clone()),
                    subject: message.subject.clone(),
                    message_id: message.message_id.clone().unwrap_or_default(),
                    sha256: sha256.clone(),
                    size: raw.size(),
                    recipients: recipients.clone(),
                    conclusion,
                }
            }));
        }
        Judged {
            locator: raw.locator.clone(),
            custodian: self.work.custodian.is_none().then(|| custodian.to_owned()),
            sent_at,
            message_id: message.message_id.clone().unwrap_or_default(),
            findings,
            is_gated,
            partly: self.partly(),
        }
    }

    /// What of a message could not be read although the message itself was judged.
    fn partly(&self) -> Vec<Exception> {
        let defects = self.message.defects.iter().filter(|d| d.is_attachment);
        let mut partly: Vec<Exception> = defects
            .map(|defect| self.unread(&defect.part, defect.code, &defect.detail))
            .collect();
        partly.extend(self.documents.unread().map(|(part, shortfall)| Exception {
            retryable: shortfall.is_retryable(),
            what_to_do: shortfall.what_to_do().into(),
            ..self.unread(part, shortfall.code(), shortfall.detail())
        }));
        partly
    }

    fn unread(&self, part: &str, code: &str, detail: &str) -> Exception {
        Exception {
            mailbox: self.work.mailbox.clone(),
            locators: vec![self.raw.locator.clone()],
            count: 1,
            message_id: self.message.message_id.clone().unwrap_or_default(),
            stage: Stage::Attachment,
            code: code.to_owned(),
            detail: format!("part {part}: {detail}"),
            retryable: false,
            what_to_do: "open the attachment by hand; the message itself was judged".into(),
        }
    }
}

fn recipients(message: &Message) -> Vec<Recipient> {
    [
        (Field::To, &message.to),
        (Field::Cc, &message.cc),
        (Field::Bcc, &message.bcc),
    ]
    .into_iter()
    .flat_map(|(field, addresses)| addresses.iter().map(move |address| (field, address)))
    .filter(|(_, address)| !address.address.is_empty())
    .map(|(field, address)| Recipient {
        address: address.address.to_lowercase(),
        display_name: address.name.clone(),
        field,
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::QuerySet;

    fn judging(owners: &[&str]) -> ScanJudging {
        let known = Custodian {
            id: "ana@acme.example".into(),
            name: Some("Ana Prueba".into()),
            ..Custodian::default()
        };
        ScanJudging {
            bench: Bench {
                judge: Judge::new(&QuerySet::builtin().unwrap()),
                documents: None,
            },
            organisation: Organisation::default(),
            owners: owners.iter().map(ToString::to_string).collect(),
            last_day: None,
            window: None,
            settings: None,
            roster: HashMap::from([("aprueba@acme.example".to_owned(), known)]),
        }
    }

    fn address(address: &str) -> Address {
        Address {
            name: "A. P.".into(),
            address: address.into(),
        }
    }

    /// Whose a message is, as `id: name`.
    #[track_caller]
    fn check(owners: &[&str], from: &[&str], sender: Option<&str>, expected: Option<&str>) {
        let message = Message {
            from: from.iter().map(|a| address(a)).collect(),
            sender: sender.map(address),
            ..Message::default()
        };
        let custodian = judging(owners).custodian(&message);
        let told = custodian.map(|c| format!("{}: {}", c.id, c.name.unwrap_or_default()));
        assert_eq!(told.as_deref(), expected);
    }

    #[test]
    fn without_owners_the_author_is_the_custodian() {
        check(
            &[],
            &["Eva@Acme.example"],
            None,
            Some("eva@acme.example: A. P."),
        );
        check(
            &[],
            &["aprueba@acme.example"],
            None,
            Some("ana@acme.example: Ana Prueba"),
        );
        check(
            &[],
            &[],
            Some("eva@acme.example"),
            Some("eva@acme.example: A. P."),
        );
        check(
            &[],
            &["", "eva@acme.example"],
            None,
            Some("eva@acme.example: A. P."),
        );
        check(&[], &[], None, Some(": "));
    }

    #[test]
    fn with_owners_nobody_else_counts() {
        let owners = ["eva@acme.example", "e.p@acme.example"];
        check(
            &owners,
            &["E.P@acme.example"],
            None,
            Some("eva@acme.example: A. P."),
        );
        check(
            &owners,
            &["boss@acme.example"],
            Some("eva@acme.example"),
            Some("eva@acme.example: A. P."),
        );
        check(&owners, &["boss@acme.example"], None, None);
        check(&owners, &[], None, None);
        let aliases = judging(&owners).custodian(&Message {
            from: vec![address("eva@acme.example")],
            ..Message::default()
        });
        assert_eq!(aliases.unwrap().aliases, ["e.p@acme.example"]);
    }

    #[track_caller]
    fn check_window(last_day: Option<&str>, expected: (Option<&str>, Option<&str>)) {
        let window = around(last_day.map(|day| day.parse().unwrap()));
        let told = (
            window.since.map(|d| d.to_string()),
            window.until.map(|d| d.to_string()),
        );
        assert_eq!((told.0.as_deref(), told.1.as_deref()), expected);
    }

    #[test]
    fn the_window_lies_around_the_last_day() {
        check_window(None, (None, None));
        check_window(Some("2024-06-28"), (Some("2023-12-31"), Some("2024-08-27")));
        check_window(Some("9999-12-31"), (Some("9999-07-04"), Some("9999-12-31")));
    }
}
