//! What a store keeps, forgets and refuses.

use std::os::unix::fs::PermissionsExt;

use jiff::Timestamp;

use super::*;
use crate::finding::{Author, Conclusion, Finding, Stage, Verdict};
use crate::mailbox::{Locator, Window};

fn run(id: &str, queries: &[&str]) -> RunRecord {
    let queries = queries.iter().map(|&query| query.to_owned()).collect();
    RunRecord {
        id: id.to_owned(),
        queries,
        ..RunRecord::default()
    }
}

fn sent() -> MailboxId {
    mailbox("Sent")
}

fn mailbox(name: &str) -> MailboxId {
    MailboxId {
        custodian: "ana@acme.example".to_owned(),
        account: if name.starts_with('/') { "" } else { "ana" }.to_owned(),
        mailbox: name.to_owned(),
    }
}

/// A key whose gate is that of no other.
fn key(name: &str) -> JudgementKey {
    key_at(name, name)
}

fn key_at(name: &str, gate: &str) -> JudgementKey {
    JudgementKey {
        whole: name.to_owned(),
        gate: gate.to_owned(),
    }
}

fn uid(uidvalidity: u32, uid: u32) -> Locator {
    Locator::Uid { uidvalidity, uid }
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn finding(id: &str, query: &str) -> Finding {
    Finding {
        id: id.to_owned(),
        custodian: "ana@acme.example".to_owned(),
        sent_at: Some(at(1_700_000_000)),
        from: "ana@acme.example".to_owned(),
        subject: "Goodbye".to_owned(),
        message_id: String::new(),
        sha256: String::new(),
        size: 100,
        recipients: Vec::new(),
        conclusion: Conclusion {
            query_id: query.to_owned(),
            query: format!("{query}@1+00000000"),
            verdict: Verdict::Handover,
            confidence: 90,
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

fn judged(locator: Locator, findings: &[(&str, &str)]) -> Judged {
    let findings = findings
        .iter()
        .map(|(id, query)| finding(id, query))
        .collect();
    Judged {
        locator,
        custodian: None,
        sent_at: None,
        message_id: String::new(),
        findings,
        is_gated: true,
        partly: Vec::new(),
    }
}

fn coverage(mailbox: MailboxId, uidvalidity: Option<u32>, status: CoverageStatus) -> Coverage {
    Coverage {
        mailbox,
        chosen_by: String::new(),
        read_only: Some(true),
        uidvalidity,
        messages: 0,
        in_window: 0,
        judged: 0,
        judged_before: 0,
        exceptions: 0,
        partly_read: 0,
        not_owner: 0,
        bytes_fetched: 0,
        bytes_stored: 0,
        seconds: 0.0,
        throttled_seconds: 0.0,
        status,
    }
}

fn exception(mailbox: MailboxId, locators: Vec<Locator>, stage: Stage) -> Exception {
    Exception {
        mailbox,
        count: locators.len() as u64,
        locators,
        message_id: String::new(),
        stage,
        code: "panic".to_owned(),
        detail: "part 1.2".to_owned(),
        retryable: true,
        what_to_do: String::new(),
    }
}

fn begun(id: &str) -> Store {
    let mut store = Store::in_memory().unwrap();
    store.begin_run(&run(id, &["notice@1+00000000"])).unwrap();
    store
}

/// Finding id, number of copies, run that found it first.
#[track_caller]
fn check(store: &Store, expected: &[(&str, usize, &str)]) {
    let standing = store.findings().unwrap();
    let seen: Vec<_> = standing
        .iter()
        .map(|s| {
            (
                s.finding.id.as_str(),
                s.sightings.len(),
                s.first_seen.as_str(),
            )
        })
        .collect();
    assert_eq!(seen, expected);
}

#[test]
fn progress_belongs_to_mailbox_uidvalidity_and_key() {
    let mut store = begun("1");
    let messages = [judged(uid(7, 1), &[]), judged(uid(7, 4_000_000_000), &[])];
    store.commit(&sent(), &key("key"), &messages).unwrap();
    let uids = |mailbox, validity, name| store.judged_uids(&mailbox, validity, &key(name)).unwrap();
    assert_eq!(uids(sent(), 7, "key"), BTreeSet::from([1, 4_000_000_000]));
    assert_eq!(uids(sent(), 8, "key"), BTreeSet::new());
    assert_eq!(uids(sent(), 7, "other"), BTreeSet::new());
    assert_eq!(uids(mailbox("Archive"), 7, "key"), BTreeSet::new());
}

#[test]
fn identical_messages_share_a_finding() {
    let mut store = begun("1");
    store
        .commit(
            &sent(),
            &key("key"),
            &[judged(uid(7, 1), &[("a", "notice")])],
        )
        .unwrap();
    let mut early = judged(Locator::File("new/1".into()), &[("a", "notice")]);
    early.findings[0].sent_at = Some(at(1));
    store
        .commit(&mailbox("/mail"), &key("key"), &[early])
        .unwrap();
    check(&store, &[("a", 2, "1")]);
    let standing = store.findings().unwrap();
    assert_eq!(standing[0].finding.sent_at, Some(at(1)));
    let first = &standing[0].sightings[0];
    assert_eq!(
        first.mailbox,
        mailbox("/mail"),
        "an empty account sorts first"
    );
    assert_eq!(first.locator, Locator::File("new/1".into()));
}

#[test]
fn judging_again_replaces_findings() {
    let mut store = begun("1");
    store
        .commit(
            &sent(),
            &key("old"),
            &[judged(uid(7, 1), &[("a", "notice")])],
        )
        .unwrap();
    store.begin_run(&run("2", &["notice@2+11111111"])).unwrap();
    store
        .commit(
            &sent(),
            &key("new"),
            &[judged(uid(7, 1), &[("b", "notice")])],
        )
        .unwrap();
    check(&store, &[("b", 1, "2")]);
    assert!(
        store
            .judged_uids(&sent(), 7, &key("old"))
            .unwrap()
            .is_empty(),
        "it was overruled"
    );
    store
        .commit(&sent(), &key("newer"), &[judged(uid(7, 1), &[])])
        .unwrap();
    check(&store, &[]);
}

#[test]
fn a_run_with_other_queries_leaves_the_rest_alone() {
    let mut store = begun("1");
    store
        .commit(
            &sent(),
            &key("all"),
            &[judged(uid(7, 1), &[("a", "notice")])],
        )
        .unwrap();
    store.begin_run(&run("2", &["phrase@1+22222222"])).unwrap();
    store
        .commit(
            &sent(),
            &key("phrase"),
            &[judged(uid(7, 1), &[("p", "phrase")])],
        )
        .unwrap();
    check(&store, &[("a", 1, "1"), ("p", 1, "2")]);
    assert_eq!(
        store.judged_uids(&sent(), 7, &key("all")).unwrap(),
        BTreeSet::from([1])
    );
    assert_eq!(
        store.judged_uids(&sent(), 7, &key("phrase")).unwrap(),
        BTreeSet::from([1])
    );
    let otherwise = |custodian: &str, name| {
        store
            .judged_otherwise(custodian, &key(name))
            .unwrap()
            .messages
    };
    let custodian = sent().custodian;
    assert_eq!(otherwise(&custodian, "all"), 0);
    assert_eq!(otherwise(&custodian, "third"), 1);
    assert_eq!(otherwise("nobody@acme.example", "third"), 0);
}

#[test]
fn behind_the_same_gate_only_what_got_past_it_is_judged_again() {
    let mut store = begun("1");
    let mut messages = [1, 2, 3].map(|n| judged(uid(7, n), &[]));
    messages[1].is_gated = false;
    store
        .commit(&sent(), &key_at("old", "gate"), &messages)
        .unwrap();
    let custodian = sent().custodian;
    let check = |name, gate, uids: &[u32], messages, again| {
        let key = key_at(name, gate);
        let held = store.judged_uids(&sent(), 7, &key).unwrap();
        assert!(held.iter().eq(uids), "{name} {gate}: {held:?}");
        let otherwise = store.judged_otherwise(&custodian, &key).unwrap();
        assert_eq!(otherwise, Otherwise { messages, again }, "{name} {gate}");
    };
    check("old", "gate", &[1, 2, 3], 0, 0);
    check("new", "gate", &[2], 3, 2);
    check("new", "wider", &[], 3, 3);
}

#[test]
fn new_uids_lose_no_finding_and_make_no_copies() {
    let mut store = begun("1");
    let both = |validity| {
        [
            judged(uid(validity, 1), &[("a", "notice")]),
            judged(uid(validity, 2), &[("b", "notice")]),
        ]
    };
    store.commit(&sent(), &key("key"), &both(7)).unwrap();
    store
        .set_coverage(&coverage(sent(), Some(7), CoverageStatus::Complete))
        .unwrap();
    store.begin_run(&run("2", &["notice@1+00000000"])).unwrap();
    // The second message is no longer on the server.
    store.commit(&sent(), &key("key"), &both(8)[..1]).unwrap();
    check(&store, &[("a", 1, "1"), ("b", 1, "1")]);
    store
        .set_coverage(&coverage(sent(), Some(8), CoverageStatus::Complete))
        .unwrap();
    check(&store, &[("a", 1, "1"), ("b", 1, "1")]);
    assert_eq!(store.findings().unwrap()[0].sightings[0].locator, uid(8, 1));
    assert!(
        store
            .judged_uids(&sent(), 7, &key("key"))
            .unwrap()
            .is_empty()
    );
}

#[test]
fn a_place_that_is_certain_speaks_before_one_that_is_not() {
    let mut store = begun("1");
    let copy = |validity, confidence| {
        let mut copy = judged(uid(validity, 1), &[("a", "notice")]);
        copy.findings[0].conclusion.confidence = confidence;
        [copy]
    };
    store.commit(&sent(), &key("old"), &copy(7, 50)).unwrap();
    // Renumbered, and what became of the message there is unknown; its copy elsewhere is judged by newer queries.
    let renumbered = coverage(sent(), Some(8), CoverageStatus::Partial);
    store.set_coverage(&renumbered).unwrap();
    store
        .commit(&mailbox("Sent Items"), &key("new"), &copy(3, 70))
        .unwrap();
    let standing = store.findings().unwrap().remove(0);
    assert_eq!(standing.finding.conclusion.confidence, 70);
    assert_eq!(standing.sightings[0].mailbox, mailbox("Sent Items"));
    assert_eq!(standing.sightings.len(), 2);
}

#[test]
fn a_renumbered_message_that_is_found_no_more_is_not_gone() {
    let mut store = begun("1");
    let letter = |validity, number: u32, findings| {
        let mut judged = judged(uid(validity, number), findings);
        judged.message_id = format!("{number}@acme.example");
        judged.sent_at = Some(at(1_700_000_000));
        for finding in &mut judged.findings {
            finding.message_id.clone_from(&judged.message_id);
        }
        judged
    };
    let before = [
        letter(7, 1, &[("a", "notice")]),
        letter(7, 2, &[("b", "notice")]),
    ];
    store.commit(&sent(), &key("old"), &before).unwrap();
    store.begin_run(&run("2", &["notice@2+11111111"])).unwrap();
    // The first is found no more; the second was deleted.
    store
        .commit(&sent(), &key("new"), &[letter(8, 1, &[])])
        .unwrap();
    check(&store, &[("b", 1, "1")]);
}

/// Notice `a` in two copies under the old key, then: the first is deleted, the second judged anew under `key`, in this order.
#[track_caller]
fn check_copies(second: (&str, u32), key_name: &str, is_gone_first: bool, expected: &[&str]) {
    let mut store = begun("1");
    let copy = |validity, n, findings| {
        let mut copy = judged(uid(validity, n), findings);
        copy.message_id = "1@acme.example".to_owned();
        copy.sent_at = Some(at(1_700_000_000));
        for finding in &mut copy.findings {
            finding.message_id.clone_from(&copy.message_id);
        }
        [copy]
    };
    let (name, n) = second;
    store
        .commit(&sent(), &key("old"), &copy(7, 1, &[("a", "notice")]))
        .unwrap();
    let listed = BTreeSet::from([2]);
    let presence = Presence {
        uidvalidity: 7,
        listed: &listed,
        window: &Window::default(),
        is_read_whole: true,
    };
    if is_gone_first {
        store.mark_gone(&sent(), &presence).unwrap();
    }
    store
        .commit(&mailbox(name), &key(key_name), &copy(7, n, &[]))
        .unwrap();
    if !is_gone_first {
        check(&store, &[("a", 1, "1")]);
        store.mark_gone(&sent(), &presence).unwrap();
    }
    let standing = store.findings().unwrap();
    let ids: Vec<_> = standing.iter().map(|s| s.finding.id.as_str()).collect();
    assert_eq!(ids, expected);
}

#[test]
fn a_copy_that_is_found_no_more_overrules_one_that_has_gone() {
    for (second, is_gone_first) in [
        (("Sent", 2), true),
        (("Sent", 2), false),
        (("Sent Items", 1), true),
        (("Sent Items", 1), false),
    ] {
        check_copies(second, "new", is_gone_first, &[]);
        // Under the same key it says of another message what it says.
        check_copies(second, "old", is_gone_first, &["a"]);
    }
}

#[test]
fn an_account_stands_as_its_last_run_left_it() {
    let mut store = begun("1");
    let account = mailbox("");
    store
        .set_coverage(&coverage(account.clone(), None, CoverageStatus::Failed))
        .unwrap();
    store
        .add_exceptions(&[exception(account, vec![], Stage::Login)])
        .unwrap();
    store
        .set_coverage(&coverage(mailbox("/mail"), None, CoverageStatus::Complete))
        .unwrap();
    assert_eq!(store.exceptions().unwrap().len(), 1);
    store.begin_run(&run("2", &[])).unwrap();
    store
        .set_coverage(&coverage(sent(), Some(7), CoverageStatus::Complete))
        .unwrap();
    let rows = store.coverage().unwrap();
    let names: Vec<_> = rows
        .iter()
        .map(|row| row.mailbox.mailbox.as_str())
        .collect();
    assert_eq!(names, ["/mail", "Sent"]);
    assert_eq!(store.exceptions().unwrap(), []);
}

#[test]
fn exceptions_count_their_attempts() {
    let mut store = begun("1");
    let failed = exception(sent(), vec![uid(7, 3)], Stage::Judge);
    store.add_exceptions(std::slice::from_ref(&failed)).unwrap();
    store.begin_run(&run("2", &[])).unwrap();
    let another = exception(sent(), vec![uid(7, 4)], Stage::Judge);
    store.add_exceptions(&[failed.clone(), another]).unwrap();
    let standing = store.exceptions().unwrap();
    let attempts: Vec<_> = standing
        .iter()
        .map(|s| (s.attempts, s.exception.locators[0].clone()))
        .collect();
    assert_eq!(attempts, [(2, uid(7, 3)), (1, uid(7, 4))]);
    let accepted = Decision {
        status: "accepted".to_owned(),
        ..Decision::default()
    };
    store
        .add_decisions(
            &[(exception_id(&failed), accepted.clone())],
            &Import::default(),
        )
        .unwrap();
    assert_eq!(
        store.exceptions().unwrap()[0].decision.as_ref(),
        Some(&accepted)
    );
}

#[test]
fn what_the_end_of_a_run_left_over_is_one_exception() {
    let mut store = begun("1");
    for n in [5, 6] {
        let left = exception(sent(), vec![uid(7, n)], Stage::NotReached);
        store.add_exceptions(&[left]).unwrap();
    }
    let standing = store.exceptions().unwrap();
    assert_eq!(standing.len(), 1);
    assert_eq!(
        (
            standing[0].exception.count,
            standing[0].exception.locators.len()
        ),
        (2, 2)
    );
}

#[test]
fn unread_attachments_stay_listed_in_later_runs() {
    let mut store = begun("1");
    let mut message = judged(uid(7, 1), &[]);
    message.partly = vec![exception(sent(), vec![uid(7, 1)], Stage::Attachment)];
    store.commit(&sent(), &key("key"), &[message]).unwrap();
    store.begin_run(&run("2", &[])).unwrap();
    store
        .set_coverage(&coverage(sent(), Some(7), CoverageStatus::Unchanged))
        .unwrap();
    assert_eq!(store.exceptions().unwrap().len(), 1);
    assert_eq!(store.coverage().unwrap()[0].partly_read, 1);
}

#[test]
fn decisions_outlive_their_finding() {
    let mut store = begun("1");
    for status in ["open", "confirmed"] {
        let decision = Decision {
            status: status.to_owned(),
            ..Decision::default()
        };
        store
            .add_decisions(&[("a".to_owned(), decision)], &Import::default())
            .unwrap();
    }
    let found: &[(&str, &str)] = &[("a", "notice")];
    for (name, findings) in [("1", found), ("2", &[]), ("3", found)] {
        store
            .commit(&sent(), &key(name), &[judged(uid(7, 1), findings)])
            .unwrap();
    }
    let standing = store.findings().unwrap();
    assert_eq!(standing[0].decision.as_ref().unwrap().status, "confirmed");
}

#[test]
fn one_run_holds_a_store_and_readers_do_not_wait() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("audit.db");
    let mut store = Store::open(&path).unwrap();
    store.begin_run(&run("1", &[])).unwrap();
    store
        .commit(
            &sent(),
            &key("key"),
            &[judged(uid(7, 1), &[("a", "notice")])],
        )
        .unwrap();
    match Store::open(&path) {
        Err(StoreError::Locked { holder, .. }) => {
            assert!(holder.contains(&std::process::id().to_string()), "{holder}");
        }
        other => panic!("{:?}", other.err()),
    }
    check(&Store::open_to_read(&path).unwrap(), &[("a", 1, "1")]);
    for file in std::fs::read_dir(directory.path()).unwrap() {
        let file = file.unwrap();
        let mode = file.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{}", file.path().display());
    }
    drop(store);
    let store = Store::open(&path).unwrap();
    assert_eq!(store.last_run().unwrap(), Some(run("1", &[])));
}

#[test]
fn decisions_reach_the_disk_at_once() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("audit.db");
    let synchronous = |store: &Store| -> i64 {
        let connection = &store.connection;
        let read = connection.pragma_query_value(None, "synchronous", |row| row.get(0));
        read.unwrap()
    };
    // SQLite's words: 1 is NORMAL, 2 is FULL.
    assert_eq!(synchronous(&Store::open(&path).unwrap()), 1);
    assert_eq!(synchronous(&Store::open_beside_runs(&path).unwrap()), 2);
}

#[test]
fn other_files_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("other.db");
    Connection::open(&path)
        .unwrap()
        .execute_batch("CREATE TABLE t (a)")
        .unwrap();
    assert!(matches!(
        Store::open(&path),
        Err(StoreError::Foreign { .. })
    ));
    let path = directory.path().join("newer.db");
    drop(Store::open(&path).unwrap());
    Connection::open(&path)
        .unwrap()
        .pragma_update(None, "user_version", 99)
        .unwrap();
    assert!(matches!(
        Store::open(&path),
        Err(StoreError::Newer { found: 99, .. })
    ));
    let path = directory.path().join("text.db");
    std::fs::write(&path, "no database, but long enough to look at ".repeat(9)).unwrap();
    assert!(matches!(Store::open(&path), Err(StoreError::Sqlite { .. })));
    assert!(Store::open_to_read(&directory.path().join("none.db")).is_err());
}

#[test]
fn a_night_with_nothing_new_takes_few_bytes_and_is_told_as_it_was() {
    let mut store = begun("0");
    let names: Vec<String> = (0..200).map(|n| format!("Sent {n}")).collect();
    let row = |name: &String, night: u32, judged_before| Coverage {
        messages: judged_before,
        in_window: judged_before,
        judged_before,
        seconds: f64::from(night) / 1000.0,
        ..coverage(mailbox(name), Some(7), CoverageStatus::Unchanged)
    };
    let mut sizes = Vec::new();
    for night in 0..=100 {
        if night > 0 {
            let id = format!("{night:03}");
            store.begin_run(&run(&id, &[])).unwrap();
        }
        for name in &names {
            store.set_coverage(&row(name, night, 200)).unwrap();
        }
        sizes.push(size(&store));
    }
    let grown = (sizes[100] - sizes[0]) / 100 / 200;
    assert!(grown < 40, "{grown} bytes for each mailbox and night");
    // What is new is told, and what was before stays as it was.
    store.begin_run(&run("last", &[])).unwrap();
    store.set_coverage(&row(&names[0], 101, 201)).unwrap();
    store.begin_run(&run("after", &[])).unwrap();
    store.set_coverage(&row(&names[0], 102, 201)).unwrap();
    let told = store.coverage_by_run().unwrap();
    assert_eq!(told["050"].len(), 200);
    assert!(told["050"].contains(&row(&names[0], 50, 200)));
    assert_eq!(told["last"], [row(&names[0], 101, 201)]);
    assert_eq!(told["after"], [row(&names[0], 102, 201)]);
    assert_eq!(store.coverage().unwrap(), [row(&names[0], 102, 201)]);
}

fn size(store: &Store) -> i64 {
    let sql = "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size";
    let connection = &store.connection;
    connection.query_row(sql, [], |row| row.get(0)).unwrap()
}

#[test]
fn a_judged_message_takes_few_bytes() {
    let mut store = begun("1");
    let batch: Vec<_> = (1..=20_000)
        .map(|n| judged(uid(1_700_000_000, n), &[]))
        .collect();
    store.commit(&sent(), &key("key"), &batch).unwrap();
    let size = size(&store);
    assert!(size / 20_000 < 40, "{size} bytes for 20,000 messages");
}

impl Store {
    /// From here on every change of a table fails, as if the process had ended before it.
    pub(crate) fn fail_at(&self, table: &str) {
        for change in ["INSERT", "UPDATE"] {
            let trigger = format!(
                "CREATE TEMP TRIGGER fail_at_{change} BEFORE {change} ON {table}
                 BEGIN SELECT RAISE(ABORT, 'as asked'); END"
            );
            self.connection.execute_batch(&trigger).unwrap();
        }
    }
}
