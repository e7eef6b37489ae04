//! Whatever octets a stranger writes: reading and judging them never panics, and takes no longer than their length allows.
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot be set up has failed"
)]

use std::sync::LazyLock;
use std::time::{Duration, Instant};

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use rustix::time::{ClockId, clock_gettime};
use sent_audit::detect::{Judge, implied_organisation};
use sent_audit::mailbox::Custodian;
use sent_audit::message;
use sent_audit::query::QuerySet;

/// What mail programs, and those who mean harm, put into messages; mutations combine them.
const PIECES: &[&str] = &[
    "From: Ana Prueba <ana@acme.example>\r\n",
    "To: a@customer.example, \"b\" <b@gmail.com>, grp: c@d.example;\r\n",
    "Subject: =?utf-8?B?SSdtIGxlYXZpbmc=?= =?utf-8?Q?=C3?=\r\n",
    "Content-Type: text/html; charset=utf-7\r\n",
    "Content-Type: multipart/mixed; boundary=b\r\n",
    "Content-Type: message/rfc822\r\n",
    "Content-Type: text/vcard; name=\"c.vcf\"\r\n",
    "Content-Transfer-Encoding: base64\r\n",
    "Content-Transfer-Encoding: quoted-printable\r\n",
    "\r\n",
    "\r\n--b\r\n",
    "\r\n--b--\r\n",
    "Friday is my last day with the company. Reach me at ana (at) home dot example or +34 600 111 222.\r\n",
    "Ich verlasse das Unternehmen; meine private Nummer: +49 171 0000000\r\n",
    "<div style=\"display:none\"><blockquote type=cite><table><tr><td>",
    "<a href=\"mailto:x@y.example\">&#x110000;&amp",
    "<!--[if mso]><style><script>",
    "-- \r\nAna\r\n",
    "> > > On Friday, Mia wrote:\r\n",
    "-----Original Message-----\r\nFrom: x\r\nSent: y\r\n",
    "=?=?=?=?",
    "((((((((",
    "@@@@@@@@",
    "1 2 3 4 5 6 7 8 9 0 ",
    "six 12 and y und ",
    "i will be leaving not ",
    "\u{202e}\u{feff}\u{0}é\u{301}🦀",
];

static JUDGE: LazyLock<Judge> = LazyLock::new(|| Judge::new(&QuerySet::builtin().unwrap()));

/// A piece over and over, a stretch of noise, or a piece with noise in it.
fn stretch() -> impl Strategy<Value = Vec<u8>> {
    let piece = || select(PIECES).prop_map(str::as_bytes);
    prop_oneof![
        6 => piece().prop_map(<[u8]>::to_vec),
        2 => (piece(), 1_usize..400).prop_map(|(piece, times)| piece.repeat(times)),
        1 => vec(any::<u8>(), 0..200),
        1 => (piece(), any::<Index>(), any::<u8>()).prop_map(|(piece, at, octet)| {
            let mut piece = piece.to_vec();
            *at.get_mut(&mut piece) = octet;
            piece
        }),
    ]
}

fn judged(octets: &[u8]) -> usize {
    let custodian = Custodian {
        id: "ana@acme.example".into(),
        name: Some("Ana Prueba".into()),
        ..Custodian::default()
    };
    let message = message::parse(octets);
    let organisation = implied_organisation("ana@acme.example");
    JUDGE.judge(&message, &custodian, &organisation).len()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn octets_of_any_kind_are_judged(stretches in vec(stretch(), 1..24)) {
        LazyLock::force(&JUDGE);
        let octets = stretches.concat();
        let begun = Instant::now();
        judged(&octets);
        // Without optimisation and on a busy machine: what is quadratic takes far longer.
        let limit = Duration::from_secs(5) + Duration::from_millis(octets.len() as u64 / 10);
        prop_assert!(begun.elapsed() < limit, "{} octets: {:?}", octets.len(), begun.elapsed());
    }
}

/// Each piece thirty thousand octets long, alone in header, text and HTML: time grows with the length and no faster.
#[test]
fn one_piece_over_and_over_takes_no_longer_than_its_length() {
    LazyLock::force(&JUDGE);
    let heads = [
        "",
        "From: ana@acme.example\r\nSubject: ",
        "From: ana@acme.example\r\n\r\n",
        "From: ana@acme.example\r\nContent-Type: text/html\r\n\r\n",
    ];
    for head in heads {
        for piece in PIECES {
            let octets = format!("{head}{}", piece.repeat(30_000 / piece.len()));
            let begun = Instant::now();
            judged(octets.as_bytes());
            let taken = begun.elapsed();
            assert!(
                taken < Duration::from_secs(20),
                "{head:?} {piece:?}: {taken:?}"
            );
        }
    }
}

/// Each of them belongs to somebody, which what stands before it on its line tells.
#[test]
fn thousands_of_numbers_on_one_line_take_no_longer_than_their_length() {
    LazyLock::force(&JUDGE);
    let numbers: Vec<_> = (0..4000).map(|n| format!("+34 600 111 {n:03}")).collect();
    let numbers = numbers.join(" ");
    let octets = format!(
        "From: ana@acme.example\r\nTo: bo@customer.example\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n\
         --b\r\n\r\nFriday is my last day with the company.\r\n--b\r\nContent-Type: text/csv\r\n\
         Content-Disposition: attachment; filename=a.csv\r\n\r\n{numbers}\r\n--b--\r\n"
    );
    // Of computing: it is millions of comparisons or a few thousand, whatever else the machine does.
    let computed = || clock_gettime(ClockId::ThreadCPUTime).tv_sec;
    let begun = computed();
    assert!(judged(octets.as_bytes()) > 0);
    let taken = computed() - begun;
    assert!(taken < 20, "{taken} s");
}
