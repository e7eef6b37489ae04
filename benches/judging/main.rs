//! How fast mail is judged, out of memory: `cargo bench --bench judging`. Rates are megabytes for a second of computing of one core,
//! so that other work on the machine counts little; the best of five rounds.
//!
//! On messages that are made here, or on those that lie below the directory that `SENT_AUDIT_BENCH_MAIL` names. `judge` and `parse`
//! count octets of raw mail, `gate` octets of decoded text. That the rate is the same for any number of messages, and hardly
//! another for a quarter of the phrases, shows how time grows with them.
#![allow(
    clippy::print_stdout,
    reason = "a table is what a bench is started for"
)]

mod mail;

use std::hint::black_box;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use sent_audit::detect::{Judge, implied_organisation};
use sent_audit::mailbox::Custodian;
use sent_audit::message::{self, Message};
use sent_audit::query::QuerySet;

const ROUNDS: usize = 5;

/// Of messages, or of phrases, one in so many.
const PARTS: [usize; 3] = [4, 2, 1];

fn main() {
    // `cargo test --benches` starts every bench, to see that it runs, without this.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let mail = mail::messages();
    let parsed: Vec<Message> = mail.iter().map(|octets| message::parse(octets)).collect();
    let queries = QuerySet::builtin().expect("the queries are proven by tests");
    println!("{:44} {:>9} {:>9} {:>9}", "", "MB", "s", "MB/s");
    judge(&mail, &queries);
    row("parse: MIME, HTML and zones", octets(&mail), || {
        for octets in &mail {
            black_box(message::parse(octets));
        }
    });
    gate(&parsed, &queries);
}

/// From octets to conclusions.
fn judge(mail: &[Vec<u8>], queries: &QuerySet) {
    let judge = Judge::new(queries);
    for one_in in PARTS {
        let some = mail.get(..mail.len() / one_in).unwrap_or(mail);
        let what = format!("judge: {} messages", some.len());
        row(&what, octets(some), || {
            for octets in some {
                black_box(judged(&judge, &message::parse(octets)));
            }
        });
    }
}

/// Folding, words, the gate, and whatever gets past it, with a part of the phrases.
fn gate(parsed: &[Message], queries: &QuerySet) {
    let texts = parsed.iter().flat_map(|message| &message.bodies);
    let octets: usize = texts.map(|text| text.content.len()).sum();
    for one_in in PARTS {
        let mut queries = queries.clone();
        let mut phrases = 0;
        for signal in queries.queries.iter_mut().flat_map(|q| &mut q.signals) {
            let mut number = 0;
            signal.phrases.retain(|_| {
                number += 1;
                number % one_in == 0
            });
            phrases += signal.phrases.len();
        }
        let judge = Judge::new(&queries);
        row(&format!("gate: {phrases} phrases"), octets, || {
            for message in parsed {
                black_box(judged(&judge, message));
            }
        });
    }
}

fn octets(mail: &[Vec<u8>]) -> usize {
    mail.iter().map(Vec::len).sum()
}

fn judged(judge: &Judge, message: &Message) -> usize {
    let from = message.from.first();
    let address = from.map_or("", |a| a.address.as_str());
    let custodian = Custodian {
        id: address.to_owned(),
        name: from.map(|a| a.name.clone()),
        ..Custodian::default()
    };
    let organisation = implied_organisation(address);
    judge.judge(message, &custodian, &organisation).len()
}

#[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
fn row(what: &str, octets: usize, work: impl Fn()) {
    let rounds = (0..ROUNDS).map(|_| {
        let since = computed();
        work();
        computed().saturating_sub(since)
    });
    let seconds = rounds.min().unwrap_or_default().as_secs_f64();
    let megabytes = octets as f64 / 1e6;
    let rate = megabytes / seconds;
    println!("{what:44} {megabytes:9.1} {seconds:9.2} {rate:9.1}");
}

/// How long this thread has computed.
fn computed() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(
        time.tv_sec.unsigned_abs(),
        u32::try_from(time.tv_nsec).unwrap_or(0),
    )
}
