//! Office files, as a worker reads them. The first octet chooses the kind; what follows are the files of the archive that hold
//! text, parted by NUL: behind checksums and compression a fuzzer would not get far.

#![no_main]

use std::io::{Cursor, Write};

use libfuzzer_sys::fuzz_target;
use sent_audit::document::{self, MOST_TEXT};
use sent_audit_fuzz::forgiven;
use zip::write::{SimpleFileOptions, ZipWriter};

const WORKBOOK: &str = r#"<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="Clients" sheetId="1" r:id="rId1"/></sheets></workbook>"#;
const RELATIONS: &str = r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/sharedStrings" Target="sharedStrings.xml"/></Relationships>"#;

/// Files that are always the same, and names of those that the fuzzer writes.
type Archive = (
    &'static [(&'static str, &'static str)],
    &'static [&'static str],
);

const KINDS: [Archive; 5] = [
    (
        &[],
        &[
            "word/document.xml",
            "word/_rels/document.xml.rels",
            "word/footer1.xml",
        ],
    ),
    (
        &[
            ("xl/workbook.xml", WORKBOOK),
            ("xl/_rels/workbook.xml.rels", RELATIONS),
        ],
        &[
            "xl/worksheets/sheet1.xml",
            "xl/sharedStrings.xml",
            "xl/worksheets/_rels/sheet1.xml.rels",
        ],
    ),
    (
        &[],
        &[
            "xl/workbook.xml",
            "xl/_rels/workbook.xml.rels",
            "xl/sheet.xml",
        ],
    ),
    (&[], &["content.xml", "styles.xml"]),
    (
        &[],
        &["ppt/slides/slide1.xml", "ppt/slides/_rels/slide1.xml.rels"],
    ),
];

fuzz_target!(|octets: &[u8]| {
    let Some((&first, content)) = octets.split_first() else {
        return;
    };
    let document = match KINDS.get(usize::from(first % 8)) {
        Some(kind) => archive(*kind, content),
        None => content.to_vec(),
    };
    if document.windows(5).any(|octets| octets == b"%PDF-") {
        return;
    }
    // What the libraries panic on is a damaged document; a worker says so.
    if let Some(extract) = forgiven(|| document::read(&document)) {
        assert!(extract.text.len() <= MOST_TEXT);
    }
});

fn archive((fixed, names): Archive, content: &[u8]) -> Vec<u8> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let files = fixed.iter().map(|&(name, text)| (name, text.as_bytes()));
    let written = names.iter().copied().zip(content.split(|&b| b == 0));
    for (name, text) in files.chain(written) {
        let stored =
            SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
        archive.start_file(name, stored).expect("into memory");
        archive.write_all(text).expect("into memory");
    }
    archive.finish().expect("into memory").into_inner()
}
