//! Transcripts: what a client says, and what the server answers to it.

use std::io::Cursor;

use super::*;

/// A client that has said everything beforehand, as one that pipelines does.
struct Client {
    says: Cursor<Vec<u8>>,
    hears: Vec<u8>,
}

impl Read for Client {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.says.read(buffer)
    }
}

impl Write for Client {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.hears.write(octets)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn accounts() -> Vec<Account> {
    let message = |uid, octets: &str| Served {
        uid: NonZeroU32::new(uid).unwrap(),
        arrived: chrono::DateTime::parse_from_rfc2822("Mon, 12 Feb 2024 10:04:31 +0100")
            .unwrap()
            .try_into()
            .unwrap(),
        octets: octets.as_bytes().to_vec(),
    };
    vec![Account {
        login: "ana".to_owned(),
        password: "se cret".to_owned(),
        mailboxes: vec![Mailbox {
            name: "Sent Items",
            special_use: Some("Sent"),
            uidvalidity: NonZeroU32::new(7).unwrap(),
            messages: vec![
                message(2, "Subject: a\r\n b\r\nDate: c\r\n\r\nhello\r\n"),
                message(5, "Subject: d\r\n\r\nh\u{f6}rt\r\n"),
            ],
        }],
    }]
}

/// Everything after the greeting and the answer to LOGIN.
#[track_caller]
fn check(says: &str, expected: &str) {
    let heard = hear(&format!("a LOGIN ana \"se cret\"\r\n{says}"));
    let rest = heard.splitn(3, "\r\n").nth(2).unwrap();
    assert_eq!(rest, expected);
}

fn hear(says: &str) -> String {
    let mut client = Client {
        says: Cursor::new(says.as_bytes().to_vec()),
        hears: Vec::new(),
    };
    converse(&mut client, &accounts()).unwrap();
    String::from_utf8(client.hears).unwrap()
}

const CAPABILITIES: &str = "IMAP4REV1 AUTH=PLAIN SASL-IR LITERAL+ SPECIAL-USE";

#[test]
fn greets_and_logs_in() {
    assert_eq!(
        hear("a CAPABILITY\r\nb LOGIN ana {7+}\r\nse cret\r\n"),
        format!(
            "* OK [CAPABILITY {CAPABILITIES}] sample mailboxes, read-only\r\n\
             * CAPABILITY {CAPABILITIES}\r\na OK these\r\n\
             b OK [CAPABILITY {CAPABILITIES}] logged in\r\n"
        )
    );
    let synchronised = hear("a LOGIN {3}\r\nana \"se cret\"\r\n");
    assert!(synchronised.contains("\r\n+ \r\na OK "), "{synchronised}");
}

#[test]
fn authenticates_plain() {
    // NUL ana NUL se cret
    let with_answer = "a AUTHENTICATE PLAIN AGFuYQBzZSBjcmV0\r\n";
    assert!(hear(with_answer).ends_with("] logged in\r\n"));
    let after_challenge = "a AUTHENTICATE PLAIN\r\nAGFuYQBzZSBjcmV0\r\n";
    assert!(hear(after_challenge).contains("\r\n+ \r\na OK "));
    let cancelled = hear("a AUTHENTICATE PLAIN\r\n*\r\nb LIST \"\" *\r\n");
    assert!(cancelled.ends_with("a BAD cancelled\r\nb BAD log in first\r\n"));
}

#[test]
fn refuses_strangers() {
    for says in [
        "a LOGIN ana wrong\r\n",
        "a LOGIN eve \"se cret\"\r\n",
        // eve NUL ana NUL se cret
        "a AUTHENTICATE PLAIN ZXZlAGFuYQBzZSBjcmV0\r\n",
    ] {
        assert!(hear(says).ends_with("a NO wrong user name or password\r\n"));
    }
    assert!(hear("a EXAMINE \"Sent Items\"\r\n").ends_with("a BAD log in first\r\n"));
}

#[test]
fn lists() {
    let line = "* LIST (\\Sent) \"/\" \"Sent Items\"\r\n";
    check("b LIST \"\" *\r\n", &format!("{line}b OK listed\r\n"));
    check(
        "b LIST \"\" \"S%items\"\r\n",
        &format!("{line}b OK listed\r\n"),
    );
    check("b LIST \"\" INBOX\r\n", "b OK listed\r\n");
    check(
        "b LIST \"\" \"\"\r\n",
        "* LIST (\\Noselect) \"/\" \"\"\r\nb OK listed\r\n",
    );
}

const EXAMINED: &str = "* FLAGS (\\Seen)\r\n* 2 EXISTS\r\n* 0 RECENT\r\n\
    * OK [PERMANENTFLAGS ()] none\r\n* OK [UIDVALIDITY 7] valid\r\n* OK [UIDNEXT 6] next\r\n\
    b OK [READ-ONLY] open for reading\r\n";

#[track_caller]
fn check_fetch(says: &str, expected: &str) {
    check(
        &format!("b EXAMINE \"Sent Items\"\r\n{says}"),
        &format!("{EXAMINED}{expected}"),
    );
}

#[test]
fn fetches() {
    check_fetch(
        "c UID FETCH 1:4 (INTERNALDATE RFC822.SIZE FLAGS)\r\n",
        "* 1 FETCH (INTERNALDATE \"12-Feb-2024 10:04:31 +0100\" RFC822.SIZE 34 FLAGS (\\Seen) UID 2)\r\n\
         c OK fetched\r\n",
    );
    check_fetch(
        "c UID FETCH 9:* (UID BODY.PEEK[])\r\n",
        "* 2 FETCH (UID 5 BODY[] {21}\r\nSubject: d\r\n\r\nh\u{f6}rt\r\n)\r\nc OK fetched\r\n",
    );
    check_fetch(
        "c FETCH 1 BODY.PEEK[HEADER.FIELDS (subject x)]\r\n",
        "* 1 FETCH (BODY[HEADER.FIELDS (subject x)] {18}\r\nSubject: a\r\n b\r\n\r\n)\r\nc OK fetched\r\n",
    );
    check_fetch(
        "c FETCH 1 (BODY.PEEK[TEXT] BODY.PEEK[]<9.3>)\r\n",
        "* 1 FETCH (BODY[TEXT] {7}\r\nhello\r\n BODY[]<9> {3}\r\na\r\n)\r\nc OK fetched\r\n",
    );
    check_fetch("c UID FETCH 3:4 UID\r\n", "c OK fetched\r\n");
}

#[test]
fn refuses_what_writes() {
    let no = "NO this server is read-only and knows no more than it must\r\n";
    for command in [
        "SELECT \"Sent Items\"",
        "STORE 1 +FLAGS (\\Deleted)",
        "EXPUNGE",
        "CLOSE",
        "COPY 1 INBOX",
        "CREATE x",
        "DELETE \"Sent Items\"",
        "APPEND \"Sent Items\" {3+}\r\nabc",
    ] {
        check_fetch(&format!("c {command}\r\n"), &format!("c {no}"));
    }
    check_fetch(
        "c FETCH 1 BODY[]\r\n",
        "c NO BODY[] would set \\Seen; ask for BODY.PEEK[]\r\n",
    );
}

#[test]
fn goes_on_after_nonsense_and_ends_at_logout() {
    check(
        "b FROBNICATE\r\nc NOOP\r\nd LOGOUT\r\ne NOOP\r\n",
        "b BAD not understood\r\nc OK nothing new\r\n* BYE goodbye\r\nd OK logged out\r\n",
    );
}
