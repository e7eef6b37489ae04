//! Arbitrary octets as what an IMAP server sends: however they arrive, they are framed alike, and every answer can be read.

#![no_main]

use std::io::{BufRead, BufReader};

use libfuzzer_sys::fuzz_target;
use sent_audit::source::imap::cursor::Cursor;
use sent_audit::source::imap::fetch_answer::fetch_answer;
use sent_audit::source::imap::framing::{Limits, Response, read_response};
use sent_audit::source::imap::grammar::{internal_date, kind, response_code};
use sent_audit::source::imap::structure::Structure;
use sent_audit::source::imap::utf7;

const LIMITS: Limits = Limits {
    line: 4096,
    literal: 1024,
    discard: 2048,
};

fuzz_target!(|octets: &[u8]| {
    let mut responses = framed(octets);
    for capacity in [1, 7] {
        assert_eq!(
            responses,
            framed(BufReader::with_capacity(capacity, octets))
        );
    }
    for response in &mut responses {
        let _ = kind(&response.text);
        let _ = response_code(&response.text, "UIDVALIDITY");
        let _ = internal_date(&response.text);
        let _ = Structure::read(&mut Cursor::new(&response.text));
        if let Ok(text) = std::str::from_utf8(&response.text) {
            let _ = utf7::decode(text);
        }
        let _ = fetch_answer(response);
    }
});

fn framed(mut reader: impl BufRead) -> Vec<Response> {
    let mut responses = Vec::new();
    while let Ok(response) = read_response(&mut reader, &LIMITS) {
        responses.push(response);
    }
    responses
}
