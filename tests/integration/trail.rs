//! `runs`, the audit trail, and `purge`.

use std::fs;

use sent_audit::store::{Store, check_trail};

use crate::harness::{Desk, farewell, ordinary};

fn whats(desk: &Desk) -> Vec<String> {
    let store = Store::open_to_read(&desk.path("audit.db")).unwrap();
    let trail = store.trail().unwrap();
    assert_eq!(check_trail(&trail), Ok(()));
    trail.into_iter().map(|entry| entry.what).collect()
}

#[test]
fn everything_done_is_an_entry_without_names() {
    let desk = Desk::new();
    let told = desk.scan("reports/r");
    let id = desk.rows("reports/r/findings.csv")[0]["finding_id"].clone();
    desk.write(
        "copy.csv",
        &format!("finding_id,review_status,review_note\n{id},cleared,Marsh\n"),
    );
    desk.does(&["review", "import", "copy.csv"], 0);
    desk.does(&["report", "--out", "reports/s"], 0);
    assert_eq!(whats(&desk), ["run-begun", "run", "import", "report"]);
    let store = Store::open_to_read(&desk.path("audit.db")).unwrap();
    let trail = store.trail().unwrap();
    assert!(told.contains(&trail[1].hash), "{told}");
    let text = format!("{trail:?}");
    assert!(!text.contains("anna") && !text.contains("Marsh"), "{text}");
}

#[test]
fn the_trail_vouches_for_reports() {
    let desk = Desk::new();
    desk.scan("r");
    let verify = |status, expected: &str| {
        let told = desk.does(&["verify", "r", "--config", "audit.toml"], status);
        assert!(told.contains(expected), "{told}");
    };
    verify(0, "Entry 2 of the audit trail vouches for it.");
    let manifest = fs::read_to_string(desk.path("r/manifest.json")).unwrap();
    desk.write(
        "r/manifest.json",
        &manifest.replace("\"matter\": \"\"", "\"matter\": \"x\""),
    );
    desk.does(&["verify", "r"], 0);
    verify(3, "The audit trail knows no such manifest");
    desk.write("r/manifest.json", &manifest);
    verify(0, "vouches");
    let connection = rusqlite::Connection::open(desk.path("audit.db")).unwrap();
    connection
        .execute_batch("DROP TRIGGER trail_is_kept; UPDATE trail SET id = 'x' WHERE entry = 1")
        .unwrap();
    verify(3, "The audit trail is broken: entry 1 was changed");
    desk.does(&["verify", "r", "--store", "absent.db"], 2);
}

#[test]
fn runs_tells_what_changed() {
    let desk = Desk::new();
    desk.scan("first");
    desk.write("mail/9.eml", &farewell("bert", 9));
    desk.scan("second");
    // Nobody listens there: both accounts fail.
    desk.does(&["run", "--no-progress", "--out", "third"], 3);
    let told = desk.does(&["runs"], 0);
    let lines: Vec<Vec<&str>> = told
        .lines()
        .take_while(|line| !line.is_empty())
        .map(|line| line.split_whitespace().skip(1).collect())
        .collect();
    assert_eq!(
        lines,
        [
            vec![
                "command",
                "state",
                "mailboxes",
                "messages",
                "judged",
                "missing",
                "new"
            ],
            vec!["scan", "complete", "1/1", "4", "4", "0", "3"],
            vec!["scan", "complete", "1/1", "5", "5", "0", "1"],
            vec!["run", "incomplete", "0/2", "0", "0", "0", "0"],
        ],
        "{told}"
    );
    let ids: Vec<&str> = told
        .lines()
        .skip(1)
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    let changed = desk.does(&["runs", ids[0]], 0);
    for expected in [
        "1 new\n  f-",
        "  bert@acme.example\n",
        "0 regraded\n",
        "0 gone from the server\n",
        "2 mailboxes newly failing\n  anna@acme.example  anna\n",
    ] {
        assert!(changed.contains(expected), "{changed}");
    }
    let changed = desk.does(&["runs", ids[1], ids[2]], 0);
    assert!(changed.contains("0 new\n"), "{changed}");
    desk.does(&["runs", ids[1], ids[0]], 2);
    desk.does(&["runs", "x"], 2);
    desk.does(&["runs", "--store", "absent.db"], 2);
}

/// Everything in the store's files.
fn octets(desk: &Desk) -> String {
    let files = ["audit.db", "audit.db-wal"].map(|name| desk.path(name));
    let read = files
        .iter()
        .flat_map(|file| fs::read(file).unwrap_or_default());
    String::from_utf8_lossy(&read.collect::<Vec<u8>>()).into_owned()
}

#[test]
fn a_purged_custodian_s_files_have_no_names_in_the_store() {
    let desk = Desk::new();
    // More text than is ever read of an attachment.
    let (head, body) = ordinary("bert", 7)
        .split_once("\r\n\r\n")
        .map(|(head, body)| (head.to_owned(), body.to_owned()))
        .unwrap();
    let unread = format!(
        "{head}\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=o\r\n\r\n--o\r\n\r\n{body}\r\n\
         --o\r\nContent-Type: text/plain; name=a.txt\r\nContent-Disposition: attachment\r\n\r\n{}--o--\r\n",
        "pallets and more pallets\r\n".repeat(50_000)
    );
    // His alone; with others' in one directory, under his address; with others' elsewhere.
    for (name, text) in [
        ("export/Bert Moss/Sent/1.eml", ordinary("bert", 5)),
        ("export/Bert Moss/Drafts/1.eml", farewell("bert", 6)),
        ("both/bert@acme.example/1.eml", farewell("bert", 8)),
        ("both/bert@acme.example/2.eml", farewell("anna", 9)),
        ("mail/bert-moss-plain.eml", ordinary("bert", 10)),
        ("mail/bert-moss-farewell.eml", farewell("bert", 11)),
        ("mail/bert-moss-unread.eml", unread),
    ] {
        desk.write(name, &text);
    }
    let scan = ["scan", "mail", "export/Bert Moss", "both", "--no-progress"];
    let report = ["--config", "audit.toml", "--out", "r"];
    desk.does(&[&scan[..], &report].concat(), 0);
    assert_eq!(desk.rows("r/exceptions.csv").len(), 1);
    desk.write(
        "leavers.csv",
        "custodian,mailbox,last_day\nanna@acme.example,anna,2024-06-28\n",
    );
    let before = octets(&desk).to_lowercase();
    for trace in ["bert moss", "bert-moss-farewell", "bert-moss-unread"] {
        assert!(before.contains(trace), "{trace}");
    }
    desk.does(&["purge", "--custodian", "bert@acme.example"], 0);
    let after = octets(&desk).to_lowercase();
    for trace in ["bert@acme", "bert moss", "bert-moss", "moss"] {
        assert!(!after.contains(trace), "{trace}");
    }
    // What is not his stays, with where it lies.
    desk.does(&["report", "--out", "after"], 0);
    let rows = desk.rows("after/findings.csv");
    assert!(
        rows.iter()
            .all(|row| row["custodian"] == "anna@acme.example")
    );
    let places: Vec<_> = rows
        .iter()
        .map(|row| (&*row["mailbox"], &*row["uid"]))
        .collect();
    assert_eq!(places.len(), 3, "{places:?}");
    assert!(places.contains(&("mail", "1.eml")), "{places:?}");
    let is_renamed =
        |(mailbox, uid): &(&str, &str)| mailbox.starts_with("[purged] ") && *uid == "2.eml";
    assert!(places.iter().any(is_renamed), "{places:?}");
    let coverage = desk.rows("after/coverage.csv");
    assert_eq!(coverage.len(), 2, "{coverage:?}");
}

#[test]
fn a_purged_custodian_is_nowhere_in_the_store() {
    let desk = Desk::new();
    desk.scan("reports/r");
    desk.does(
        &["run", "--no-progress", "--custodian", "bert*", "--out", "x"],
        3,
    );
    let bert =
        |row: &&std::collections::BTreeMap<String, String>| row["custodian"] == "bert@acme.example";
    let rows = desk.rows("reports/r/findings.csv");
    let id = rows.iter().find(bert).unwrap()["finding_id"].clone();
    desk.write(
        "copy.csv",
        &format!("finding_id,review_status,review_note\n{id},cleared,xylophone\n"),
    );
    desk.does(&["review", "import", "copy.csv"], 0);
    let purge = ["purge", "--custodian", "Bert@acme.example"];
    let told = desk.does(&purge, 2);
    assert!(told.contains("take the line out first"), "{told}");
    desk.write(
        "leavers.csv",
        "custodian,mailbox,last_day\nanna@acme.example,anna,2024-06-28\n",
    );
    {
        let _run = Store::open(&desk.path("audit.db")).unwrap();
        desk.does(&purge, 75);
    }
    let octets = || octets(&desk);
    assert!(octets().contains("bert@acme") && octets().contains("xylophone"));
    let told = desk.does(&purge, 0);
    assert!(
        told.contains("with 1 findings") && told.contains("reports/r\n"),
        "{told}"
    );
    for trace in ["bert@acme", "xylophone", &id] {
        assert!(!octets().contains(trace), "{trace}");
    }
    assert_eq!(whats(&desk).last().unwrap(), "purge");
    desk.does(&["report", "--out", "after"], 0);
    assert_eq!(desk.rows("after/findings.csv").len(), 2);
    desk.does(&purge, 2);
}

#[test]
fn the_docs_say_what_the_chain_cannot_show() {
    for document in ["README.md", "docs/nightly.md", "docs/privacy.md"] {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(document);
        let text = fs::read_to_string(path).unwrap();
        assert!(
            text.contains("a determined owner of the disk"),
            "{document}"
        );
        assert!(
            text.contains("elsewhere") || text.contains("somewhere else"),
            "{document}"
        );
    }
}
