//! What the targets share: messages around arbitrary text, what always holds of a message, and panics that are no finding.

use std::cell::Cell;
use std::panic::{self, UnwindSafe};
use std::sync::{LazyLock, Once};

use sent_audit::detect::contact;
use sent_audit::detect::{Judge, Judgement};
use sent_audit::finding::Conclusion;
use sent_audit::mailbox::{Custodian, Organisation};
use sent_audit::message::{self, Message, Text};
use sent_audit::query::QuerySet;

/// The header of a custodian's message to a client, without what describes the content.
const HEADER: &str = "From: Ana Soler <ana@acme.example>\r\nTo: Bo Lind <bo@client.example>\r\n\
                      Date: Fri, 28 Jun 2024 10:00:00 +0200\r\nSubject: Re: order\r\n";

/// The queries that the program carries.
static JUDGE: LazyLock<Judge> =
    LazyLock::new(|| Judge::new(&QuerySet::builtin().expect("the queries are proven by tests")));

static ORGANISATION: LazyLock<Organisation> = LazyLock::new(|| Organisation {
    domains: vec!["acme.example".to_owned()],
    region: Some("ES".to_owned()),
    ..Organisation::default()
});

static CUSTODIAN: LazyLock<Custodian> = LazyLock::new(|| Custodian {
    id: "ana@acme.example".to_owned(),
    name: Some("Ana Soler".to_owned()),
    ..Custodian::default()
});

/// A message of one part with this content.
#[must_use]
pub fn mail(media_type: &str, content: &[u8]) -> Vec<u8> {
    let mut octets = HEADER.as_bytes().to_vec();
    octets.extend_from_slice(b"Content-Type: ");
    octets.extend_from_slice(media_type.as_bytes());
    octets.extend_from_slice(b"; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n");
    octets.extend_from_slice(content);
    octets
}

/// A message with a short text and one attachment.
#[must_use]
pub fn with_attachment(media_type: &str, file_name: &str, content: &[u8]) -> Vec<u8> {
    let mut octets = HEADER.as_bytes().to_vec();
    octets.extend_from_slice(
        b"Content-Type: multipart/mixed; boundary=\"-=fuzz=-\"\r\n\r\n---=fuzz=-\r\n\r\n\
          Today is my last day at Acme. My card is attached.\r\n---=fuzz=-\r\n",
    );
    octets.extend_from_slice(
        format!(
            "Content-Type: {media_type}; charset=utf-8; name=\"{file_name}\"\r\n\
             Content-Disposition: attachment; filename=\"{file_name}\"\r\n\r\n"
        )
        .as_bytes(),
    );
    octets.extend_from_slice(content);
    octets.extend_from_slice(b"\r\n---=fuzz=---\r\n");
    octets
}

/// Reads a message and checks what always holds of one.
pub fn parsed(octets: &[u8]) -> Message {
    let message = message::parse(octets);
    let attached = message.attachments.iter().filter_map(|a| a.text.as_ref());
    for text in message.bodies.iter().chain(attached) {
        check(text);
    }
    message
}

/// Zones cover the text without gaps; zones and links begin and end between characters.
fn check(text: &Text) {
    let mut end = 0;
    for zoned in &text.zones {
        assert_eq!(zoned.range.start, end, "zones leave a gap, or overlap");
        assert!(zoned.range.start < zoned.range.end, "a zone is empty");
        assert!(text.content.is_char_boundary(zoned.range.end));
        end = zoned.range.end;
    }
    assert_eq!(end, text.content.len(), "zones do not reach the end");
    for link in &text.links {
        assert!(text.content.get(link.range.clone()).is_some());
    }
}

/// Compiles the queries, lest the first message take all the time.
pub fn prepare() {
    LazyLock::force(&JUDGE);
}

/// Judges a message with the queries that the program carries, after its contact data were read.
pub fn judged(message: &Message) -> Judgement {
    let regions = contact::regions(message, ORGANISATION.region.as_deref());
    for found in contact::extract(message, &regions) {
        let Some(body) = found.body else { continue };
        let content = &message.bodies[body].content;
        assert!(content.get(found.range.clone()).is_some(), "{found:?}");
    }
    JUDGE.judge_with(message, &(), &CUSTODIAN, &ORGANISATION)
}

/// What the explanation of a message says that is concluded.
pub fn explained(message: &Message) -> Vec<Conclusion> {
    let explanation = JUDGE.explain(message, &(), &CUSTODIAN, &ORGANISATION);
    let queries = explanation.queries.into_iter();
    queries
        .filter(|query| query.yields_to.is_none())
        .filter_map(|query| query.conclusion)
        .collect()
}

thread_local! {
    static FORGIVEN: Cell<bool> = const { Cell::new(false) };
}

/// What a function that may panic returns; `None` if it did. Only for other people's code, whose panics the program catches too.
pub fn forgiven<T>(function: impl FnOnce() -> T + UnwindSafe) -> Option<T> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        // libFuzzer's own hook ends the process.
        let fatal = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let is_others = info.location().is_some_and(|l| {
                ["/registry/src/", "/rustc/"]
                    .iter()
                    .any(|at| l.file().contains(at))
            });
            if !(FORGIVEN.get() && is_others) {
                fatal(info);
            }
        }));
    });
    FORGIVEN.set(true);
    let result = panic::catch_unwind(function).ok();
    FORGIVEN.set(false);
    result
}
