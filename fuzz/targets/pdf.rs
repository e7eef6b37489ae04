//! PDF, as a worker reads it. The library may loop, or fill memory or stack: that is what workers are for. With `SENT_AUDIT` set to
//! the program, its workers read, and must answer in time whatever happens to them.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use sent_audit::document::{self, COMMAND, Limits, MOST_TEXT, Reader};
use sent_audit_fuzz::forgiven;

static READER: LazyLock<Option<Reader>> = LazyLock::new(|| {
    let program = std::env::var_os("SENT_AUDIT")?;
    Some(Reader::new(program, &[COMMAND], Limits::default()))
});

fuzz_target!(|octets: &[u8]| {
    let document = [b"%PDF-1.4\n", octets].concat();
    let extract = match &*READER {
        Some(reader) => Some(reader.read(document)),
        None => forgiven(|| document::read(&document)),
    };
    if let Some(extract) = extract {
        assert!(extract.text.len() <= MOST_TEXT);
    }
});
