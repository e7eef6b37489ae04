//! What the `imap` crate's parser can read, our framing cuts off at the same octet, and the values that the audit asks for are the same.

#![no_main]

use imap_proto::Response;
use imap_proto::types::{AttributeValue, SectionPath};
use libfuzzer_sys::fuzz_target;
use sent_audit::source::imap::fetch_answer::{Body, FetchAnswer, fetch_answer};
use sent_audit::source::imap::framing::{Limits, read_response};
use sent_audit::source::imap::grammar::{Kind, kind};
use sent_audit_fuzz::forgiven;

fuzz_target!(|octets: &[u8]| {
    // The crate's parser recurses until the stack is full; the program keeps such data from it.
    if octets.iter().filter(|&&b| b == b'(').count() > 100 {
        return;
    }
    let mut rest = octets;
    // The crate's parser panics on some answers: what it cannot read is not compared.
    while let Some(Ok((behind, theirs))) = forgiven(|| Response::from_bytes(rest)) {
        // It takes a literal that is glued to a word, which the grammar has nowhere, for one.
        let read = rest.strip_suffix(behind).unwrap_or(rest);
        let is_glued = |pair: &[u8]| pair[1] == b'{' && !b" (~".contains(&pair[0]);
        if read.windows(2).any(is_glued) {
            return;
        }
        let mut ours = read_response(&mut rest, &Limits::default()).expect("a whole response");
        assert_eq!(rest.len(), behind.len(), "cut off elsewhere: {theirs:?}");
        match &theirs {
            Response::Fetch(sequence, values) => {
                // The crate forgives tabs before a parenthesis that closes.
                if ours.text.contains(&b'\t') {
                    continue;
                }
                let answer = fetch_answer(&mut ours);
                let answer = answer.expect("readable").expect("a FETCH answer");
                assert_eq!(answer.sequence, *sequence);
                compare(&answer, values);
            }
            Response::Done { .. } | Response::Continue { .. } => {}
            Response::Data { .. } => {
                assert!(
                    matches!(kind(&ours.text), Kind::Untagged { .. }),
                    "{theirs:?}"
                );
            }
            _ => assert!(matches!(kind(&ours.text), Kind::Data(_)), "{theirs:?}"),
        }
    }
});

/// Of several values of one item the last one counts.
fn compare(answer: &FetchAnswer, values: &[AttributeValue<'_>]) {
    let mut sections = Vec::new();
    let (mut uid, mut size) = (None, None);
    for value in values {
        match value {
            AttributeValue::Uid(number) => uid = Some(*number),
            AttributeValue::Rfc822Size(octets) => size = Some(u64::from(*octets)),
            AttributeValue::BodySection { section, data, .. } => {
                sections.push((section, data.as_deref()));
            }
            _ => {}
        }
    }
    assert_eq!((answer.uid, answer.size), (uid, size));
    assert_eq!(answer.sections.len(), sections.len());
    for ((name, body), (section, data)) in answer.sections.iter().zip(sections) {
        assert_eq!(name.is_empty(), section.is_none(), "{name}: {section:?}");
        if let Some(SectionPath::Part(numbers, _)) = section {
            let ours: Vec<u32> = name.split('.').map_while(|n| n.parse().ok()).collect();
            assert_eq!(ours, *numbers, "{name}");
        }
        match (body, data) {
            (Body::Nil, None) => {}
            // The crate leaves a quoted string's escapes as they are.
            (Body::Octets(ours), Some(theirs)) => {
                assert!(ours == theirs || *ours == unescaped(theirs), "{answer:?}");
            }
            _ => panic!("{body:?} is not {data:?}"),
        }
    }
}

fn unescaped(quoted: &[u8]) -> Vec<u8> {
    let mut text = Vec::new();
    let mut octets = quoted.iter();
    while let Some(&octet) = octets.next() {
        match octet {
            b'\\' => text.extend(octets.next()),
            _ => text.push(octet),
        }
    }
    text
}
