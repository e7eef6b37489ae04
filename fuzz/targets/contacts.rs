//! Contact data and judgement of arbitrary text, with the queries that the program carries. Explained, it is the same.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sent_audit_fuzz::{explained, judged, mail, parsed, prepare};

fuzz_target!(init: prepare(), |text: &str| {
    let message = parsed(&mail("text/plain", text.as_bytes()));
    assert_eq!(judged(&message).conclusions, explained(&message));
});
