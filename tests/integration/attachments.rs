//! Office files and PDF in attachments: read in a limited process, where a finding needs them.

use std::fs;
use std::io::{Cursor, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use base64::Engine;
use sent_audit::document::{COMMAND, Limits, Reader, Shortfall};
use zip::write::{SimpleFileOptions, ZipWriter};

use crate::harness::{Audit, Desk, Dovecot, farewell, ordinary};
use crate::spreadsheet::{converted, has_spreadsheet};

fn reader(limits: Limits) -> Reader {
    Reader::new(env!("CARGO_BIN_EXE_sent-audit"), &[COMMAND], limits)
}

/// A word document with this content of its body.
fn words(body: &str) -> Vec<u8> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    archive
        .start_file("word/document.xml", SimpleFileOptions::default())
        .unwrap();
    let whole = format!("<w:document><w:body>{body}</w:body></w:document>");
    archive.write_all(whole.as_bytes()).unwrap();
    archive.finish().unwrap().into_inner()
}

/// A long document, quickly packed and slowly read.
fn bomb() -> Vec<u8> {
    words(&"<w:p><w:x/></w:p>".repeat(4 << 20))
}

/// `message` with files attached to it: name and content.
fn attach(message: &str, files: &[(&str, &[u8])]) -> String {
    let (head, body) = message.split_once("\r\n\r\n").unwrap();
    let mut whole = format!(
        "{head}\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=out\r\n\r\n--out\r\n\r\n{body}"
    );
    for (name, content) in files {
        let encoded = base64::engine::general_purpose::STANDARD.encode(content);
        let lines: Vec<&str> = (0..encoded.len())
            .step_by(76)
            .map(|at| &encoded[at..encoded.len().min(at + 76)])
            .collect();
        let head = "Content-Disposition: attachment\r\nContent-Transfer-Encoding: base64";
        let kind = [
            "Content-Type: application/octet-stream; name=\"",
            name,
            "\"",
        ]
        .concat();
        let part = ["", "--out", &kind, head, "", &lines.join("\r\n")];
        whole += &part.join("\r\n");
    }
    whole + "\r\n--out--\r\n"
}

/// A list of twenty addresses of clients, as a spreadsheet saves it.
fn list(directory: &Path, format: &str) -> Vec<u8> {
    let file = directory.join("list.csv");
    let rows = (10..30)
        .map(|number| format!("Client {number},c{number}@client.example,346001112{number}\n"));
    let text = "name,mail,phone\n".to_owned() + &rows.collect::<String>();
    fs::write(&file, text).unwrap();
    fs::read(&converted(&[file], b',', format)[0]).unwrap()
}

#[test]
fn what_a_spreadsheet_saves_is_read() {
    if !has_spreadsheet() {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let reader = reader(Limits::default());
    for format in ["xlsx", "xls", "ods", "pdf"] {
        let extract = reader.read(list(directory.path(), format));
        assert_eq!(extract.shortfall, None, "{format}");
        for part in ["c10@client.example", "c29@client.example", "34600111229"] {
            assert!(extract.text.contains(part), "{format}: {}", extract.text);
        }
    }
}

#[test]
fn a_worker_ends_at_its_deadline() {
    let hasty = reader(Limits {
        deadline: Duration::from_millis(20),
        ..Limits::default()
    });
    assert_eq!(hasty.read(bomb()), Shortfall::TookTooLong.into());
    let patient = reader(Limits::default());
    assert_eq!(patient.read(bomb()).shortfall, Some(Shortfall::TooLarge));
    let good = words("<w:p><w:t>still here</w:t></w:p>");
    assert_eq!(patient.read(good).text, "still here\n");
}

#[test]
fn a_worker_gives_up_what_it_does_not_need() {
    let mut worker = Command::new(env!("CARGO_BIN_EXE_sent-audit"))
        .arg(COMMAND)
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let document = words("<w:t>x</w:t>");
    let mut to = worker.stdin.take().unwrap();
    to.write_all(&u32::try_from(document.len()).unwrap().to_be_bytes())
        .unwrap();
    to.write_all(&document).unwrap();
    let mut answer = [0; 6];
    std::io::Read::read_exact(worker.stdout.as_mut().unwrap(), &mut answer).unwrap();
    assert_eq!(&answer, b"\0\0\0\0\x01x");
    let process = Path::new("/proc").join(worker.id().to_string());
    let limits = fs::read_to_string(process.join("limits")).unwrap();
    let maximum = |name: &str| {
        let line = limits.lines().find(|line| line.starts_with(name)).unwrap();
        line[26..].split_whitespace().nth(1).unwrap().to_owned()
    };
    let told = [
        "Max open files",
        "Max file size",
        "Max core file size",
        "Max cpu time",
        "Max address space",
    ]
    .map(maximum);
    assert_eq!(told, ["3", "0", "0", "60", "805306368"]);
    assert_eq!(fs::read(process.join("environ")).unwrap(), b"");
    // Without more documents it ends by itself.
    drop(to);
    assert!(worker.wait().unwrap().success());
}

const CONTACTS: &[&str] = &["value", "owner", "zone", "part"];

#[test]
fn documents_of_findings_are_read() {
    let desk = Desk::new();
    let bare = farewell("anna", 1)
        .replace("anna.privately@homepost.example", "told in the letter")
        .replace("my mobile is +44 7700 900461", "so is my number");
    let letter = words("<w:p><w:t>My private mobile: +44 7700 900463</w:t></w:p>");
    let files: &[(&str, &[u8])] = &[
        ("letter.docx", &letter),
        ("broken.pdf", b"%PDF-1.7 and no more"),
        (
            "locked.xlsx",
            b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1E\0n\0c\0r\0y\0p\0t\0e\0d\0P\0a\0c\0k\0a\0g\0e\0",
        ),
        ("large.docx", &bomb()),
        ("photo.jpg", b"\xff\xd8\xff"),
    ];
    desk.write("mail/1.eml", &attach(&bare, files));
    // The same documents with a message that nobody asked about are not opened.
    let order = fs::read_to_string(desk.path("mail/2.eml")).unwrap();
    desk.write("mail/2.eml", &attach(&order, files));
    desk.scan("r");
    let contacts: Vec<Vec<String>> = desk
        .rows("r/contacts.csv")
        .iter()
        .filter(|row| row["zone"] == "attachment")
        .map(|row| CONTACTS.iter().map(|c| row[*c].clone()).collect())
        .collect();
    assert_eq!(
        contacts,
        [["tel:+447700900463", "custodian", "attachment", "2"]]
    );
    let verdicts: Vec<String> = desk
        .rows("r/findings.csv")
        .iter()
        .filter(|row| row["custodian"] == "anna@acme.example")
        .map(|row| row["verdict"].clone())
        .collect();
    assert_eq!(verdicts, ["personal-contact"; 2]);
    let exceptions: Vec<String> = desk
        .rows("r/exceptions.csv")
        .iter()
        .map(|row| format!("{} {} {}", row["uid"], row["stage"], row["code"]))
        .collect();
    let mut sorted = exceptions.clone();
    sorted.sort();
    assert_eq!(
        sorted,
        [
            "1.eml attachment attachment-broken",
            "1.eml attachment attachment-encrypted",
            "1.eml attachment attachment-too-large",
        ]
    );
    let coverage = desk.rows("r/coverage.csv");
    assert_eq!(
        (
            coverage[0]["partly_read"].as_str(),
            coverage[0]["judged"].as_str()
        ),
        ("1", "4")
    );
}

const LISTS: &str = "id = \"lists\"\nversion = 1\ntitle = \"Lists\"\n\
    pattern = [{ verdict = \"client-list\", all = [\"address list\", \"private recipient\"] }]\n";

#[test]
fn lists_are_counted_in_small_and_large_messages() {
    let Some(dovecot) = Dovecot::new().filter(|_| has_spreadsheet()) else {
        return;
    };
    let directory = tempfile::tempdir().unwrap();
    let workbook = list(directory.path(), "xlsx");
    let picture = vec![7; 100_000];
    let home = |number| {
        ordinary("anna", number).replace("Peter Marsh <marsh@client.example>", "anna.lee@gmail.com")
    };
    let small = attach(&home(1), &[("list.xlsx", &workbook)]);
    let large = attach(&home(2), &[("a.png", &picture), ("list.xlsx", &workbook)]);
    let harmless = attach(&home(3), &[("a.png", &picture)]);
    let outside = attach(
        &farewell("anna", 4),
        &[("a.png", &picture), ("list.xlsx", &workbook)],
    );
    let mut dovecot = dovecot.user("anna").mailbox("anna", "Sent");
    for message in [&small, &large, &harmless, &outside] {
        dovecot = dovecot.seen("anna", "Sent", "S", message);
    }
    let dovecot = dovecot.start();
    let auth = "{ method = \"login\", user = \"{mailbox}\", password_env = \"TEST_PASSWORD\" }\n\n\
                [audit]\nqueries = [\"lists.toml\"]";
    let audit = Audit::on(&dovecot)
        .auth(auth)
        .leaver("anna")
        .file("lists.toml", LISTS);
    let run = audit.run(&[]).ended(0);
    run.has(
        "findings.csv",
        &["verdict", "uid"],
        &["client-list|1", "client-list|2"],
    );
    let coverage = &run.rows("coverage.csv")[0];
    let octets = |column: &str| coverage[column].parse::<u64>().unwrap();
    let fetched = (small.len() + large.len()) as u64;
    assert!(octets("bytes_fetched") >= fetched);
    assert!(octets("bytes_fetched") + 2 * 100_000 < octets("bytes_stored"));
}
