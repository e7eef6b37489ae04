//! Arbitrary octets as a message: zones cover its texts, every part that is listed can be asked for.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sent_audit::message;
use sent_audit_fuzz::parsed;

fuzz_target!(|octets: &[u8]| {
    let message = parsed(octets);
    for attachment in message.attachments.iter().take(8) {
        let _ = message::attached(octets, &attachment.part);
    }
    let _ = message::part_head(octets);
});
