//! Arbitrary text as the body of a message: own words, quoted, forwarded, signature and disclaimer.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sent_audit_fuzz::{mail, parsed};

fuzz_target!(|text: &str| {
    let message = parsed(&mail("text/plain", text.as_bytes()));
    // Lines that end in `=` are taken for quoted-printable that nobody declared.
    if text.contains('=') {
        return;
    }
    // No word is lost or added, whatever zone it is in.
    let shown: usize = message.bodies.iter().map(|b| words(&b.content)).sum();
    assert_eq!(shown, words(text));
});

fn words(text: &str) -> usize {
    text.chars().filter(|c| c.is_alphanumeric()).count()
}
