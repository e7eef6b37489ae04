//! Something over and over, 64 KiB of it, as a message: what takes time that grows faster than the message shows itself here.
//!
//! The first octet chooses where; then come, parted by NUL, what stands before, what is repeated, and what stands behind. In what
//! is repeated an octet 1 becomes its number.

#![no_main]

use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use rustix::time::{ClockId, clock_gettime};
use sent_audit_fuzz::{judged, mail, parsed, prepare, with_attachment};

const OCTETS: usize = 64 << 10;

/// A build for fuzzing takes some six times as long as a release.
const MOST: Duration = Duration::from_secs(3);

fuzz_target!(init: prepare(), |octets: &[u8]| {
    let Some((&first, content)) = octets.split_first() else {
        return;
    };
    let mut pieces = content.splitn(3, |&b| b == 0);
    let before = pieces.next().unwrap_or_default();
    let unit = pieces.next().unwrap_or_default();
    let behind = pieces.next().unwrap_or_default();
    if unit.is_empty() {
        return;
    }
    let mut content = before.to_vec();
    let mut number = 0;
    while content.len() < OCTETS {
        for &octet in unit {
            match octet {
                1 => content.extend_from_slice(format!("{number}").as_bytes()),
                _ => content.push(octet),
            }
        }
        number += 1;
    }
    content.extend_from_slice(behind);
    let message = match first % 6 {
        0 => mail("text/html", &content),
        1 => with_attachment("text/vcard", "card.vcf", &content),
        2 => with_attachment("text/csv", "clients.csv", &content),
        3 => content,
        4 => [
            b"From: Ana <ana@acme.example>\r\nTo: bo@client.example\r\nSubject: ",
            &content[..],
        ]
        .concat(),
        _ => mail("text/plain", &content),
    };
    // Of computing, so that other work on the machine does not count; what is slow by chance is quick the next time.
    let is_quick = (0..3).any(|_| {
        let since = computed();
        judged(&parsed(&message));
        computed() - since < MOST
    });
    assert!(is_quick, "a message of {} octets takes over {MOST:?}", message.len());
});

fn computed() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(
        time.tv_sec.unsigned_abs(),
        u32::try_from(time.tv_nsec).unwrap_or(0),
    )
}
