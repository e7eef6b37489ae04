//! The account is whole whatever happens: accounts and files with faults, judged by a judge with faults.

use std::collections::VecDeque;
use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::accounts::{Job, Queue};
use super::files::Shelf;
use super::line::{Line, Opener, fetch_in_one_piece};
use super::mood::Mood;
use super::pipeline::{Judging, Opinion, Work};
use super::progress::{Progress, Units};
use super::{Conduct, begun};
use crate::detect::JudgementKey;
use crate::finding::{Author, Conclusion, Finding, Stage, Verdict};
use crate::mailbox::{Account, Custodian, RawMessage, Window};
use crate::source::files::{FileMailbox, Format};
use crate::source::imap::{
    Accepted, Auth, Examined, Extent, Fetched, Listed, ListedFrom, Secret, SentMailbox,
    ServerSettings, Tls, Undelivered,
};
use crate::source::{Receiver, SourceError};
use crate::store::{Coverage, Judged, RunRecord, Store};

/// Panics at `panic`, passes over `early` and `other`; judges the rest, and raises the flag at `stop`.
#[derive(Default)]
struct Words(Conduct);

impl Judging for Words {
    fn judge(&self, _work: &Work, raw: &RawMessage, _extent: Extent) -> Opinion {
        let text = String::from_utf8_lossy(&raw.octets).into_owned();
        assert!(!text.contains("panic"), "as asked");
        if text.contains("early") {
            return Opinion::OutOfWindow;
        }
        if text.contains("other") {
            return Opinion::NotOwner;
        }
        if text.contains("stop") {
            self.0.stop.store(true, Ordering::Relaxed);
        }
        let author = Custodian {
            id: text,
            ..Custodian::default()
        };
        let matches = author.id.contains("match");
        let judged = Judged {
            locator: raw.locator.clone(),
            custodian: None,
            sent_at: None,
            message_id: String::new(),
            findings: matches.then(finding).into_iter().collect(),
            is_gated: matches,
            partly: Vec::new(),
        };
        Opinion::Judged {
            judged,
            author: Some(Box::new(author)),
        }
    }
}

fn finding() -> Finding {
    Finding {
        id: "f-1".into(),
        custodian: "0@acme.example".into(),
        sent_at: None,
        from: String::new(),
        subject: String::new(),
        message_id: String::new(),
        sha256: String::new(),
        size: 0,
        recipients: Vec::new(),
        conclusion: Conclusion {
            query_id: "client-notice".into(),
            query: "client-notice@1+0".into(),
            verdict: Verdict::Handover,
            confidence: 50,
            author: Author::Own,
            notice: String::new(),
            excerpt: String::new(),
            reason: String::new(),
            language: String::new(),
            successor: String::new(),
            successor_reach: None,
            contacts: Vec::new(),
            evidence: Vec::new(),
        },
    }
}

/// What a scripted server does with one connection.
#[derive(Clone, Copy, Default)]
struct Script {
    /// Refuses it with this error.
    refusal: Option<(&'static str, bool)>,
    uidvalidity: u32,
    writable: bool,
    /// Breaks the line after so many messages.
    cut_after: Option<usize>,
    /// Breaks the line at this UID.
    breaks_at: Option<u32>,
    /// Does not deliver this UID.
    hides: Option<u32>,
    /// Panics at this UID.
    panics_at: Option<u32>,
    /// Announces messages of so many octets.
    size: Option<u32>,
}

/// Plays its scripts connection by connection, the last one for ever. Every mailbox has the same messages, with UIDs from 1.
struct Server {
    scripts: Mutex<VecDeque<Script>>,
    mailboxes: Vec<&'static str>,
    messages: Vec<&'static str>,
    asked: Arc<Mutex<Vec<u32>>>,
}

struct Connection {
    script: Script,
    delivered: usize,
    mailboxes: Vec<&'static str>,
    messages: Vec<&'static str>,
    asked: Arc<Mutex<Vec<u32>>>,
}

fn error(stage: Stage, code: &'static str, retryable: bool) -> SourceError {
    let detail = match code {
        "throttled" => "Suggested Backoff Time: 80 milliseconds".into(),
        _ => "it broke".into(),
    };
    let what_to_do = "mend it".into();
    SourceError {
        stage,
        code,
        detail,
        retryable,
        what_to_do,
    }
}

impl Opener for Server {
    fn open(&self, _: &ServerSettings, _: &str) -> Result<Box<dyn Line>, SourceError> {
        let mut scripts = self.scripts.lock().unwrap();
        let script = if scripts.len() > 1 {
            scripts.pop_front()
        } else {
            scripts.front().copied()
        };
        let script = script.unwrap_or_default();
        match script.refusal {
            Some((code, retryable)) => Err(error(Stage::Login, code, retryable)),
            None => Ok(Box::new(Connection {
                script,
                delivered: 0,
                mailboxes: self.mailboxes.clone(),
                messages: self.messages.clone(),
                asked: Arc::clone(&self.asked),
            })),
        }
    }
}

impl Line for Connection {
    fn fingerprint(&self) -> Option<&str> {
        None
    }

    fn sent_mailboxes(&mut self, _: &[String]) -> Result<Vec<SentMailbox>, SourceError> {
        let chosen = |name: &&str| SentMailbox {
            name: (*name).to_owned(),
            wire_name: (*name).to_owned(),
            chosen_by: "known name".to_owned(),
        };
        Ok(self.mailboxes.iter().map(chosen).collect())
    }

    fn examine(&mut self, _: &SentMailbox) -> Result<Examined, SourceError> {
        Ok(Examined {
            uidvalidity: self.script.uidvalidity,
            exists: u32::try_from(self.messages.len()).unwrap(),
            uidnext: None,
            highest_modseq: None,
            read_only: !self.script.writable,
        })
    }

    fn list(&mut self, _: &Window) -> Result<Vec<Listed>, SourceError> {
        let size = self.script.size.unwrap_or(10);
        Ok((1..)
            .zip(&self.messages)
            .map(|(uid, _)| Listed {
                uid,
                size,
                internal_date: None,
            })
            .collect())
    }

    fn list_from(&mut self, uid: u32, window: &Window) -> Result<ListedFrom, SourceError> {
        let mut listed = self.list(window)?;
        listed.retain(|l| l.uid >= uid);
        Ok(ListedFrom {
            messages: listed.len() as u64,
            in_window: listed,
        })
    }

    fn fetch(
        &mut self,
        messages: &[Listed],
        extent: Extent,
        sink: &mut dyn FnMut(Result<Fetched, Undelivered>) -> bool,
    ) -> Result<(), SourceError> {
        for &listed in messages {
            self.asked.lock().unwrap().push(listed.uid);
            if self.script.cut_after == Some(self.delivered)
                || self.script.breaks_at == Some(listed.uid)
            {
                return Err(error(Stage::Fetch, "connection-lost", true));
            }
            self.delivered += 1;
            assert!(self.script.panics_at != Some(listed.uid), "as asked");
            let text = self.messages[listed.uid as usize - 1];
            let delivery = if self.script.hides == Some(listed.uid) {
                Err(Undelivered {
                    listed,
                    error: error(Stage::Fetch, "not-delivered", true),
                })
            } else {
                Ok(Fetched {
                    listed,
                    octets: text.into(),
                    whole: None,
                    extent,
                })
            };
            if !sink(delivery) {
                return Ok(());
            }
        }
        Ok(())
    }

    fn fetch_into(
        &mut self,
        messages: &[Listed],
        receiver: &mut dyn Receiver<u32>,
    ) -> Result<(), SourceError> {
        fetch_in_one_piece(self, messages, receiver)
    }

    fn close(self: Box<Self>) {}
}

struct Audited {
    store: Store,
    asked: Vec<u32>,
}

/// Audits `accounts` accounts with mailboxes of `messages` on a server that plays `scripts`.
fn audit_with(
    store: Store,
    accounts: usize,
    mailboxes: &[&'static str],
    messages: &[&'static str],
    scripts: &[Script],
) -> Audited {
    let server = Server {
        scripts: Mutex::new(scripts.iter().copied().collect()),
        mailboxes: mailboxes.to_vec(),
        messages: messages.to_vec(),
        asked: Arc::default(),
    };
    let job = |number| {
        let id = format!("{number}@acme.example");
        Job {
            account: Account {
                custodian: id.clone(),
                login: id.clone(),
                server: String::new(),
            },
            custodian: Custodian {
                id,
                ..Custodian::default()
            },
            window: Window::default(),
            key: JudgementKey::default(),
            full: false,
        }
    };
    let queue = Queue {
        server: ServerSettings {
            name: "default".into(),
            host: "imap.acme.example".into(),
            port: 993,
            tls: Tls::Implicit,
            ca_file: None,
            timeout: Duration::from_secs(1),
            auth: Auth::Login {
                user: String::new(),
                password: Secret::Env(String::new()),
            },
            connections: 2,
            accepted: Accepted::default(),
        },
        patterns: Vec::new(),
        jobs: (0..accounts).map(job).collect(),
        next: AtomicUsize::new(0),
        spare: AtomicUsize::new(usize::from(accounts == 1)),
        mood: Mood::default(),
    };
    let conduct = Conduct {
        batch: 2,
        ..Conduct::default()
    };
    let judging = Arc::new(Words(conduct.clone()));
    let mut store = store;
    let progress = Progress::new(false, Units::Accounts, 1);
    begun::work(
        &mut store,
        judging,
        &conduct,
        progress,
        |scope, pipeline| {
            for _ in 0..queue.connections() {
                let (queue, server, pipeline) = (&queue, &server, Arc::clone(pipeline));
                begun::spawn(scope, "imap", move || queue.work(server, &pipeline))?;
            }
            Ok(())
        },
    )
    .unwrap();
    let asked = server.asked.lock().unwrap().clone();
    Audited { store, asked }
}

/// What the store says of each mailbox and exception, without account names.
fn told(store: &Store) -> Vec<String> {
    let mut rows: Vec<_> = store.coverage().unwrap().iter().map(row).collect();
    for standing in store.exceptions().unwrap() {
        let e = standing.exception;
        let uids: Vec<_> = e.locators.iter().map(ToString::to_string).collect();
        rows.push(format!(
            "{} {} {} [{}]",
            e.stage,
            e.code,
            e.count,
            uids.join(" ")
        ));
    }
    rows.sort();
    rows
}

fn row(c: &Coverage) -> String {
    assert!(c.adds_up(), "{c:?}");
    format!(
        "{:?}: {} messages, {} in window = {} + {} + {}",
        c.status, c.messages, c.in_window, c.judged, c.judged_before, c.exceptions
    )
}

const FIVE: [&str; 5] = ["a", "b", "c", "d", "e"];

#[track_caller]
fn check(messages: &[&'static str], scripts: &[Script], expected: &[&str]) -> Vec<u32> {
    let audited = audit_with(Store::in_memory().unwrap(), 1, &["Sent"], messages, scripts);
    assert_eq!(told(&audited.store), expected);
    audited.asked
}

#[test]
fn all_is_judged() {
    check(
        &FIVE,
        &[Script::default()],
        &["Complete: 5 messages, 5 in window = 5 + 0 + 0"],
    );
    check(
        &[],
        &[Script::default()],
        &["Complete: 0 messages, 0 in window = 0 + 0 + 0"],
    );
}

#[test]
fn what_was_judged_is_not_fetched_again() {
    let store = Store::in_memory().unwrap();
    let scripts = [Script {
        hides: Some(4),
        ..Script::default()
    }];
    let first = audit_with(store, 1, &["Sent"], &FIVE, &scripts);
    let second = audit_with(first.store, 1, &["Sent"], &FIVE, &[Script::default()]);
    assert_eq!(second.asked, [4]);
    let third = audit_with(second.store, 1, &["Sent"], &FIVE, &[Script::default()]);
    assert!(third.asked.is_empty());
    assert_eq!(
        told(&third.store).first().map(String::as_str),
        Some("Unchanged: 5 messages, 5 in window = 0 + 5 + 0")
    );
}

#[test]
fn a_panic_costs_one_message() {
    check(
        &["a", "panic", "c"],
        &[Script::default()],
        &[
            "Partial: 3 messages, 3 in window = 2 + 0 + 1",
            "judge panic 1 [2]",
        ],
    );
}

#[test]
fn what_fails_again_and_again_is_only_listed() {
    let mut store = Store::in_memory().unwrap();
    for run in 1..=7 {
        let record = RunRecord {
            id: run.to_string(),
            ..RunRecord::default()
        };
        store.begin_run(&record).unwrap();
        let messages = ["a", "panic", "c"];
        let audited = audit_with(store, 1, &["Sent"], &messages, &[Script::default()]);
        store = audited.store;
        let asked: &[u32] = match run {
            1 => &[1, 2, 3],
            2..=5 => &[2],
            _ => &[],
        };
        assert_eq!(audited.asked, asked, "run {run}");
        let standing = store.exceptions().unwrap();
        assert_eq!(standing.len(), 1);
        assert_eq!(standing[0].attempts, run.min(5), "run {run}");
        let is_told = standing[0].exception.what_to_do.ends_with("without --full");
        assert_eq!(is_told, run > 5);
        let judged = if run == 1 { "2 + 0 + 1" } else { "0 + 2 + 1" };
        assert!(told(&store)[0].ends_with(judged), "{:?}", told(&store));
    }
}

#[test]
fn a_message_that_does_not_come_costs_itself() {
    check(
        &FIVE,
        &[Script {
            hides: Some(4),
            ..Script::default()
        }],
        &[
            "Partial: 5 messages, 5 in window = 4 + 0 + 1",
            "fetch not-delivered 1 [4]",
        ],
    );
}

#[test]
fn what_matches_comes_again_whole() {
    let asked = check(
        &["a", "match", "c"],
        &[Script::default()],
        &["Complete: 3 messages, 3 in window = 3 + 0 + 0"],
    );
    assert_eq!(asked, [1, 2, 3, 2]);
    // The line breaks at the whole message; the next one brings it.
    let cut = Script {
        cut_after: Some(3),
        ..Script::default()
    };
    let asked = check(
        &["a", "match", "c"],
        &[cut, Script::default()],
        &["Complete: 3 messages, 3 in window = 3 + 0 + 0"],
    );
    assert_eq!(asked, [1, 2, 3, 2, 2]);
    // It never comes whole: what is not evidence is no finding, but a row.
    check(
        &["a", "match", "c"],
        &[
            cut,
            Script {
                hides: Some(2),
                ..Script::default()
            },
        ],
        &[
            "Partial: 3 messages, 3 in window = 2 + 0 + 1",
            "fetch not-delivered 1 [2]",
        ],
    );
}

/// Many large messages: two connections share them.
fn large(script: Script) -> Script {
    let size = Some(64 << 10);
    Script { size, ..script }
}

#[test]
fn a_large_mailbox_has_two_connections() {
    let complete = "Complete: 500 messages, 500 in window = 500 + 0 + 0";
    let many = ["a"; 500];
    let mut asked = check(&many, &[large(Script::default())], &[complete]);
    asked.sort_unstable();
    assert!(asked.into_iter().eq(1..=500));
    // The second is refused, or cut, or finds other messages: the first does all the work.
    let refusal = Some(("throttled", true));
    let second = |second| [large(Script::default()), second, large(Script::default())];
    check(
        &many,
        &second(Script {
            refusal,
            ..Script::default()
        }),
        &[complete],
    );
    let cut_after = Some(10);
    check(
        &many,
        &second(Script {
            cut_after,
            ..Script::default()
        }),
        &[complete],
    );
    let panics_at = Some(400);
    check(
        &many,
        &second(Script {
            panics_at,
            ..Script::default()
        }),
        &[complete],
    );
    let uidvalidity = 9;
    check(
        &many,
        &second(Script {
            uidvalidity,
            ..Script::default()
        }),
        &[complete],
    );
}

#[test]
fn what_a_server_asks_for_is_counted() {
    let refusal = Some(("throttled", true));
    let throttled = Script {
        refusal,
        ..Script::default()
    };
    let store = Store::in_memory().unwrap();
    let audited = audit_with(store, 1, &["Sent"], &FIVE, &[throttled, Script::default()]);
    let coverage = audited.store.coverage().unwrap();
    assert_eq!(
        row(&coverage[0]),
        "Complete: 5 messages, 5 in window = 5 + 0 + 0"
    );
    assert!(coverage[0].throttled_seconds >= 0.07, "{coverage:?}");
}

#[test]
fn a_full_server_lets_in_one_after_the_other() {
    let refusal = Some(("connection-limit", true));
    let full = Script {
        refusal,
        ..Script::default()
    };
    let store = Store::in_memory().unwrap();
    let scripts = [Script::default(), full, full, full, Script::default()];
    let audited = audit_with(store, 4, &["Sent"], &FIVE, &scripts);
    let complete = "Complete: 5 messages, 5 in window = 5 + 0 + 0";
    assert_eq!(told(&audited.store), [complete; 4]);
}

#[test]
fn a_cut_line_goes_on_where_it_broke() {
    let cut = Script {
        cut_after: Some(2),
        ..Script::default()
    };
    let asked = check(
        &FIVE,
        &[cut, Script::default()],
        &["Complete: 5 messages, 5 in window = 5 + 0 + 0"],
    );
    assert_eq!(asked, [1, 2, 3, 3, 4, 5]);
}

#[test]
fn a_message_that_breaks_every_line_costs_itself() {
    let asked = check(
        &FIVE,
        &[Script {
            breaks_at: Some(3),
            ..Script::default()
        }],
        &[
            "Partial: 5 messages, 5 in window = 4 + 0 + 1",
            "fetch breaks-connection 1 [3]",
        ],
    );
    assert_eq!(asked, [1, 2, 3, 3, 4, 5]);
}

#[test]
fn a_line_that_stays_cut_costs_one_row() {
    let dead = Script {
        cut_after: Some(0),
        ..Script::default()
    };
    check(
        &FIVE,
        &[
            Script {
                cut_after: Some(2),
                ..Script::default()
            },
            dead,
        ],
        &[
            "Partial: 5 messages, 5 in window = 2 + 0 + 3",
            "fetch connection-lost 3 [3 4 5]",
        ],
    );
}

#[test]
fn new_numbers_end_a_mailbox() {
    check(
        &FIVE,
        &[
            Script {
                cut_after: Some(2),
                ..Script::default()
            },
            Script {
                uidvalidity: 7,
                ..Script::default()
            },
        ],
        &[
            "Partial: 5 messages, 5 in window = 2 + 0 + 3",
            "fetch uidvalidity-changed 3 [3 4 5]",
        ],
    );
}

#[test]
fn nothing_is_read_from_a_writable_mailbox() {
    let asked = check(
        &FIVE,
        &[Script {
            writable: true,
            ..Script::default()
        }],
        &[
            "Failed: 0 messages, 0 in window = 0 + 0 + 0",
            "list not-read-only 0 []",
        ],
    );
    assert!(asked.is_empty());
}

#[test]
fn a_bug_in_a_source_costs_its_mailbox() {
    check(
        &FIVE,
        &[Script {
            panics_at: Some(3),
            ..Script::default()
        }],
        &[
            "Failed: 0 messages, 0 in window = 0 + 0 + 0",
            "Partial: 5 messages, 5 in window = 2 + 0 + 3",
            "fetch panic 3 [3 4 5]",
            "list panic 0 []",
        ],
    );
}

#[test]
fn a_refused_login_costs_its_account() {
    let refused = Script {
        refusal: Some(("wrong-password", false)),
        ..Script::default()
    };
    let store = Store::in_memory().unwrap();
    let audited = audit_with(
        store,
        2,
        &["Sent", "Sent Items"],
        &FIVE,
        &[refused, Script::default()],
    );
    assert_eq!(
        told(&audited.store),
        [
            "Complete: 5 messages, 5 in window = 5 + 0 + 0",
            "Complete: 5 messages, 5 in window = 5 + 0 + 0",
            "Failed: 0 messages, 0 in window = 0 + 0 + 0",
            "login wrong-password 0 []",
        ]
    );
}

#[test]
fn a_busy_server_is_asked_again() {
    check(
        &FIVE,
        &[
            Script {
                refusal: Some(("unavailable", true)),
                ..Script::default()
            },
            Script::default(),
        ],
        &["Complete: 5 messages, 5 in window = 5 + 0 + 0"],
    );
}

#[test]
fn a_stopped_run_lists_the_rest() {
    let store = Store::in_memory().unwrap();
    let messages: Vec<_> = ["stop"]
        .into_iter()
        .chain(std::iter::repeat_n("x", 200_000))
        .collect();
    let audited = audit_with(
        store,
        1,
        &["Sent", "Sent Items"],
        &messages,
        &[Script::default()],
    );
    let coverage = audited.store.coverage().unwrap();
    let rows = told(&audited.store);
    assert!(
        rows.iter()
            .any(|row| row.starts_with("NotReached: 0 messages")),
        "{rows:?}"
    );
    let sent = coverage.iter().find(|c| c.in_window > 0).unwrap();
    assert_eq!(sent.judged + sent.exceptions, 200_001);
    assert!(sent.judged > 0 && sent.exceptions > 0, "{sent:?}");
    let codes: Vec<_> = audited.store.exceptions().unwrap();
    assert!(codes.iter().all(|e| e.exception.stage == Stage::NotReached));
}

#[test]
fn files_are_accounted_for() {
    let directory = tempfile::tempdir().unwrap();
    for (name, text) in [
        ("1.eml", "a"),
        ("2.eml", "early"),
        ("3.eml", "other"),
        ("4.eml", "panic"),
        ("5.eml", "b"),
    ] {
        fs::write(directory.path().join(name), text).unwrap();
    }
    fs::create_dir(directory.path().join("6.eml")).unwrap();
    let (told, not_owner) = scanned(vec![
        FileMailbox {
            path: directory.path().to_owned(),
            format: Format::Eml,
        },
        FileMailbox {
            path: directory.path().join("gone"),
            format: Format::Mbox,
        },
    ]);
    assert_eq!(
        told,
        [
            "Failed: 0 messages, 0 in window = 0 + 0 + 0",
            "Partial: 5 messages, 3 in window = 2 + 0 + 1",
            "fetch unreadable-file 0 []",
            "judge panic 1 [4.eml]",
        ]
    );
    assert_eq!(not_owner, 1);
}

fn scanned(mailboxes: Vec<FileMailbox>) -> (Vec<String>, u64) {
    let shelf = Shelf {
        mailboxes,
        key: JudgementKey::default(),
        next: AtomicUsize::new(0),
    };
    let mut store = Store::in_memory().unwrap();
    let conduct = Conduct::default();
    let judging = Arc::new(Words(conduct.clone()));
    let progress = Progress::new(false, Units::Mailboxes, 1);
    let tally = begun::work(
        &mut store,
        judging,
        &conduct,
        progress,
        |scope, pipeline| {
            let (shelf, pipeline) = (&shelf, Arc::clone(pipeline));
            begun::spawn(scope, "files", move || shelf.work(&pipeline))
        },
    )
    .unwrap();
    (told(&store), tally.not_owner)
}
