//! A small store and its report, for tests.

use std::fs;

use jiff::Timestamp;
use jiff::civil::date;
use tempfile::TempDir;

use super::{
    Audience, Client, ClientStatus, Dialect, Format, Organisation, ReportSettings, Summary, write,
};
use crate::detect::JudgementKey;
use crate::finding::{
    Author, Conclusion, Contact, ContactKind, Exception, Field, Finding, Owner, Place, Recipient,
    Stage, Verdict,
};
use crate::mailbox::{Custodian, Locator, MailboxId};
use crate::store::{Coverage, CoverageStatus, Judged, RunRecord, Store};

pub(super) struct Sample {
    pub(super) store: Store,
    pub(super) run: RunRecord,
    pub(super) settings: ReportSettings,
    next_uid: u32,
    _above: TempDir,
}

pub(super) struct Report {
    pub(super) settings: ReportSettings,
    pub(super) summary: Summary,
    _above: TempDir,
}

/// Ana Ruiz, leaving acme.example on 28 June 2024, and an empty store.
pub(super) fn sample() -> Sample {
    let above = tempfile::tempdir().unwrap();
    let mut store = Store::in_memory().unwrap();
    let run = RunRecord {
        id: "run-1".to_owned(),
        ..RunRecord::default()
    };
    store.begin_run(&run).unwrap();
    let settings = ReportSettings {
        directory: above.path().join("report"),
        formats: vec![Format::Csv],
        dialect: Dialect::Excel,
        separator: b',',
        audience: Audience::External,
        custodians: Vec::new(),
        roster: vec![Custodian {
            id: "ana@acme.example".to_owned(),
            name: Some("Ana Ruiz".to_owned()),
            last_day: Some(date(2024, 6, 28)),
            ..Custodian::default()
        }],
        organisation: Organisation {
            domains: vec!["acme.example".to_owned()],
            ..Organisation::default()
        },
        clients: None,
        privileged: Vec::new(),
        protected: Vec::new(),
        queries: Vec::new(),
        matter: String::new(),
        redact: false,
        command_line: Vec::new(),
        today: Some(date(2024, 9, 1)),
    };
    Sample {
        store,
        run,
        settings,
        next_uid: 1,
        _above: above,
    }
}

impl Sample {
    /// Commits a handover to an outsider, changed by `edit`.
    pub(super) fn add(&mut self, id: &str, sent_at: &str, edit: impl FnOnce(&mut Finding)) {
        let mut finding = finding(id, sent_at);
        edit(&mut finding);
        let judged = Judged {
            locator: Locator::Uid {
                uidvalidity: 7,
                uid: self.next_uid,
            },
            custodian: None,
            sent_at: finding.sent_at,
            message_id: finding.message_id.clone(),
            findings: vec![finding],
            is_gated: true,
            partly: Vec::new(),
        };
        self.next_uid += 1;
        self.store
            .commit(&mailbox("Sent"), &JudgementKey::default(), &[judged])
            .unwrap();
    }

    /// Writes the report into a directory of its own.
    pub(super) fn written(&self) -> Report {
        let above = tempfile::tempdir().unwrap();
        let settings = ReportSettings {
            directory: above.path().join("report"),
            ..self.settings.clone()
        };
        let summary = write(&self.store, &self.run, &settings, None).unwrap();
        Report {
            settings,
            summary,
            _above: above,
        }
    }
}

impl Report {
    pub(super) fn text(&self, name: &str) -> String {
        fs::read_to_string(self.settings.directory.join(name)).unwrap()
    }

    /// For tables without line breaks in their cells.
    pub(super) fn lines(&self, name: &str) -> Vec<String> {
        self.text(name).lines().map(str::to_owned).collect()
    }
}

fn finding(id: &str, sent_at: &str) -> Finding {
    Finding {
        id: id.to_owned(),
        custodian: "ana@acme.example".to_owned(),
        sent_at: Some(at(sent_at)),
        from: "ana@acme.example".to_owned(),
        subject: "Goodbye".to_owned(),
        message_id: format!("{id}@acme.example"),
        sha256: String::new(),
        size: 100,
        recipients: vec![recipient("Eva <eva@other.example>")],
        conclusion: Conclusion {
            query_id: "notice".to_owned(),
            query: "notice@1+00000000".to_owned(),
            verdict: Verdict::Handover,
            confidence: 90,
            author: Author::Own,
            notice: format!("I leave {id}"),
            excerpt: format!("I leave {id}"),
            reason: "because".to_owned(),
            language: "en".to_owned(),
            successor: String::new(),
            successor_reach: None,
            contacts: Vec::new(),
            evidence: Vec::new(),
        },
    }
}

pub(super) fn at(time: &str) -> Timestamp {
    time.parse().unwrap()
}

pub(super) fn contact(finding: &mut Finding, value: &str, owner: Owner) {
    finding.conclusion.contacts.push(Contact {
        kind: ContactKind::Phone,
        value: value.to_owned(),
        written: value.to_owned(),
        owner,
        place: Place::Body,
        part: "1".to_owned(),
        confidence: 80,
    });
}

/// `Name <address>`, or an address.
pub(super) fn recipient(written: &str) -> Recipient {
    let (display_name, address) = written
        .trim_end_matches('>')
        .split_once(" <")
        .unwrap_or(("", written));
    Recipient {
        address: address.to_owned(),
        display_name: display_name.to_owned(),
        field: Field::To,
    }
}

pub(super) fn client(address_or_domain: &str, status: ClientStatus) -> Client {
    Client {
        address_or_domain: address_or_domain.to_owned(),
        name: "Name".to_owned(),
        status,
    }
}

pub(super) fn mailbox(name: &str) -> MailboxId {
    MailboxId {
        custodian: "ana@acme.example".to_owned(),
        account: "ana".to_owned(),
        mailbox: name.to_owned(),
    }
}

pub(super) fn coverage(mailbox: MailboxId, status: CoverageStatus) -> Coverage {
    Coverage {
        mailbox,
        chosen_by: "\\Sent".to_owned(),
        read_only: Some(true),
        uidvalidity: Some(7),
        messages: 0,
        in_window: 0,
        judged: 0,
        judged_before: 0,
        exceptions: 0,
        partly_read: 0,
        not_owner: 0,
        bytes_fetched: 0,
        bytes_stored: 0,
        seconds: 1.5,
        throttled_seconds: 0.0,
        status,
    }
}

pub(super) fn exception(mailbox: MailboxId, stage: Stage, uids: &[u32]) -> Exception {
    Exception {
        mailbox,
        locators: uids
            .iter()
            .map(|&uid| Locator::Uid {
                uidvalidity: 7,
                uid,
            })
            .collect(),
        count: uids.len() as u64,
        message_id: String::new(),
        stage,
        code: "line-cut".to_owned(),
        detail: "it broke".to_owned(),
        retryable: true,
        what_to_do: "try again".to_owned(),
    }
}
