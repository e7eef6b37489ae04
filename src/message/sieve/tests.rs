//! What is kept reads as the whole does.

use proptest::prelude::*;

use super::super::{Message, attached, parse};
use super::*;

/// Documents with more octets than this are not read.
const DOCUMENT: u64 = 60;

fn sifted(octets: &[u8], piece: usize) -> Vec<u8> {
    let mut sieve = Sieve::new(DOCUMENT);
    for piece in octets.chunks(piece) {
        sieve.push(piece);
    }
    sieve.finish()
}

/// A message without what the sieve may change, and its documents as far as they are read.
fn read(octets: &[u8]) -> (Message, Vec<Option<Vec<u8>>>) {
    let mut message = parse(octets);
    let documents = message.attachments.iter().filter(|a| a.is_document);
    let documents = documents
        .map(|a| (a.size <= DOCUMENT).then(|| attached(octets, &a.part).unwrap()))
        .collect();
    for attachment in &mut message.attachments {
        attachment.size = 0;
    }
    (message, documents)
}

#[track_caller]
fn check_same(octets: &[u8], piece: usize) -> Vec<u8> {
    let kept = sifted(octets, piece);
    assert_eq!(
        read(&kept),
        read(octets),
        "{piece}: of\n{}\nis kept\n{}",
        String::from_utf8_lossy(octets),
        String::from_utf8_lossy(&kept)
    );
    kept
}

const HEAD: &str = "From: ana@acme.example\r\nSubject: x\r\n";
const MIXED: &str = "Content-Type: multipart/mixed; boundary=a\r\n\r\n";

/// Sifts a message with these lines below its header, and insists on what is kept of them.
#[track_caller]
fn check(lines: &str, expected: &str) {
    let octets = format!("{HEAD}{MIXED}{lines}");
    let unix = octets.replace("\r\n", "\n");
    for piece in [1, 7, 10_000] {
        let kept = check_same(octets.as_bytes(), piece);
        assert_eq!(
            String::from_utf8_lossy(&kept),
            format!("{HEAD}{MIXED}{expected}")
        );
        check_same(unix.as_bytes(), piece);
    }
}

#[test]
fn what_nobody_reads_is_dropped() {
    check(
        "--a\r\n\r\nAdieu.\r\n--a\r\nContent-Type: image/png\r\n\r\nAAAA\r\nAAAA\r\n--a--\r\nepilogue\r\n",
        "--a\r\n\r\nAdieu.\r\n--a\r\nContent-Type: image/png\r\n\r\n\r\n--a--\r\n",
    );
    // In a message that is attached, too; and what is outside cuts first.
    check(
        "--a\r\nContent-Type: message/rfc822\r\n\r\nSubject: y\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n\
         --b\r\nContent-Type: video/mp4\r\n\r\nAAAA\r\n--b\r\n\r\nHello\r\n--a\r\n\r\nend\r\n--b\r\n--a--\r\n",
        "--a\r\nContent-Type: message/rfc822\r\n\r\nSubject: y\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n\
         --b\r\nContent-Type: video/mp4\r\n\r\n\r\n--b\r\n\r\nHello\r\n--a\r\n\r\nend\r\n--b\r\n--a--\r\n",
    );
}

#[test]
fn documents_are_kept_as_far_as_they_are_read() {
    let line = "AAAABBBBCCCCDDDD\r\n";
    let head = "--a\r\nContent-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n";
    let lines = |n: usize| line.repeat(n);
    check(
        &format!("{head}{}--a--\r\n", lines(5)),
        &format!("{head}{}--a--\r\n", lines(5)),
    );
    check(
        &format!("{head}{}--a--\r\n", lines(50)),
        &format!("{head}{}\r\n--a--\r\n", lines(6)),
    );
}

#[test]
fn long_texts_are_kept_as_far_as_they_are_decoded() {
    for (head, text) in [
        ("", "a line of text\r\n"),
        (
            "Content-Transfer-Encoding: quoted-printable\r\n",
            "=41=42=0D=0A=\r\n",
        ),
        ("Content-Transfer-Encoding: base64\r\n", "YSBiIGMK\r\n"),
    ] {
        let text = text.repeat((14 << 20) / text.len());
        let octets = format!("{HEAD}{MIXED}--a\r\n{head}\r\n{text}\r\n--a\r\n\r\nend\r\n--a--\r\n");
        let kept = sifted(octets.as_bytes(), 1 << 16);
        assert!(read(&kept) == read(octets.as_bytes()), "{head}");
        assert!(kept.len() as u64 <= MOST_TEXT + 300);
    }
}

#[test]
fn what_is_unusual_is_kept() {
    for lines in [
        "--a--\r\nAAAA\r\n--a\r\nContent-Type: image/png\r\n\r\nAAAA\r\n",
        "--a\r\nContent-Type: image/png\r\nprose\r\n\r\nAAAA\r\n--a--\r\n",
        "--a\r\nContent-Type: multipart/digest; boundary=b\r\n\r\n--b\r\nContent-Type: image/png\r\n\r\nAA\r\n--b--\r\n--a--\r\n",
        "--a\r\nContent-Type: multipart/mixed\r\n\r\n--frontier\r\nContent-Type: image/png\r\n\r\nAA\r\n--frontier--\r\n",
    ] {
        check(lines, lines);
    }
    // Whether a line is a delimiter shows at its end, for which nobody waits so long.
    let wide = format!(
        "{HEAD}{MIXED}--a{}\r\nContent-Type: image/png\r\n\r\nAA\r\n",
        " ".repeat(3_000)
    );
    assert_eq!(check_same(wide.as_bytes(), 10), wide.as_bytes());
    check_same(wide.as_bytes(), 10_000);
    let mut deep = String::new();
    for level in 0..50 {
        let head = format!(
            "--a{level}\r\nContent-Type: multipart/mixed; boundary=a{}\r\n\r\n",
            level + 1
        );
        deep.push_str(&head);
    }
    let octets = format!("{HEAD}Content-Type: multipart/mixed; boundary=a0\r\n\r\n{deep}");
    check_same(octets.as_bytes(), 100);
    let many = format!(
        "{HEAD}{MIXED}{}",
        "--a\r\nContent-Type: image/png\r\n\r\nAAAA\r\n".repeat(11_000)
    );
    check_same(many.as_bytes(), 1 << 16);
}

/// Beginnings of messages: none, a part of a multipart, and one in another, whose boundary closes the inner one.
const BEGINNINGS: &[&str] = &[
    "",
    "From: a@b.example\r\nContent-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\n",
    "From: a@b.example\r\nContent-Type: multipart/mixed; boundary=\"a--\"\r\n\r\n--a--\r\n\
     Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\n",
];

/// Lines that mail, and those who would confuse its readers, may have in any order.
const LINES: &[&str] = &[
    "--a",
    "--a",
    "--a",
    "--a--",
    "--b",
    "--b",
    "--b--",
    "--a ",
    "--a-- x",
    "--ab",
    "--aa--",
    "-- a",
    "--",
    "",
    "",
    "",
    "",
    " ",
    "\t ",
    "words of a text",
    "AAAABBBBCCCCDDDDEEEEFFFFGGGGHHHHIIIIJJJJKKKKLLLLMMMMNNNNOOOOPPPPQQQQRRRRSSSSTTTTUUUU",
    "=41=",
    "begin 644 x",
    "end",
    "From me",
    ">From you",
    "Note: prose",
    "From: eva@acme.example",
    "Subject: y",
    "Content-Type: multipart/mixed; boundary=a",
    "Content-Type: multipart/mixed; boundary=b",
    "Content-Type: multipart/alternative; boundary=b",
    "Content-Type: multipart/mixed; boundary=\"a--\"",
    "Content-Type: multipart/related; boundary=\"a \"",
    "Content-Type: multipart/digest; boundary=b",
    "Content-Type: multipart/mixed",
    "Content-Type: multipart/mixed; boundary=\"\"",
    "Content-Type: image/png",
    "Content-Type: image/png; name=x.pdf",
    "Content-Type: application/pdf",
    "Content-Type: application/octet-stream; name=x.docx",
    "Content-Type: text/plain; name=x.eml",
    "Content-Type: text/html",
    "Content-Type: text/vcard",
    "Content-Type: message/rfc822",
    "Content-Transfer-Encoding: base64",
    "Content-Transfer-Encoding: quoted-printable",
    "Content-Disposition: attachment; filename=y.png",
    "Content-Disposition: attachment; filename=y.eml",
    "Content-Disposition: attachment",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn any_lines_read_the_same(
        numbers in prop::collection::vec(0..LINES.len(), 0..40),
        begins in prop::sample::select(BEGINNINGS),
        bare in prop::bool::ANY,
        ends in prop::bool::ANY,
        piece in 1_usize..200,
    ) {
        let lines: Vec<&str> = numbers.iter().map(|n| LINES[*n]).collect();
        let mut octets = format!("{begins}{}", lines.join("\r\n"));
        if ends {
            octets.push_str("\r\n");
        }
        if bare {
            octets = octets.replace("\r\n", "\n");
        }
        check_same(octets.as_bytes(), piece);
    }
}
