//! Arbitrary HTML as the body of a message.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sent_audit_fuzz::{mail, parsed};

fuzz_target!(|html: &[u8]| {
    parsed(&mail("text/html", html));
});
