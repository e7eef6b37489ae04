//! Arbitrary attachments of the kinds that are read in-process. The first octet chooses the kind.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sent_audit_fuzz::{judged, parsed, prepare, with_attachment};

const KINDS: [(&str, &str); 6] = [
    ("text/vcard", "card.vcf"),
    ("text/calendar", "invite.ics"),
    ("text/html", "page.html"),
    ("text/csv", "clients.csv"),
    ("message/rfc822", "mail.eml"),
    ("application/octet-stream", "card.vcf"),
];

fuzz_target!(init: prepare(), |octets: &[u8]| {
    let Some((&first, content)) = octets.split_first() else {
        return;
    };
    let (media_type, file_name) = KINDS[usize::from(first) % KINDS.len()];
    judged(&parsed(&with_attachment(media_type, file_name, content)));
});
