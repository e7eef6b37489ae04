//! Office Open XML (ECMA-376: `.docx`, `.pptx`) and `OpenDocument` (ISO/IEC 26300: `.odt`, `.ods`, `.odp`): archives of XML.

use std::io::{BufReader, Cursor, Read};
use std::path::Path;

use zip::ZipArchive;

use super::Shortfall;
use super::markup::{self, Vocabulary};
use super::text::Kept;

/// Of all XML of a document so much is unpacked: honest ones hold a tenth of it, bombs a thousand times more.
const MOST_XML: u64 = 64 << 20;

type Archive<'o> = ZipArchive<Cursor<&'o [u8]>>;

/// Words and slides.
const OPEN_XML: Vocabulary = Vocabulary {
    text: &["t"],
    characters: &[
        ("tab", "\t"),
        ("br", "\n"),
        ("cr", "\n"),
        ("noBreakHyphen", "-"),
    ],
    ends: &[("p", "\n"), ("tc", "\t")],
    // What stands in a choice stands in its fallback again.
    skipped: &["Fallback"],
    targets: &[],
};

/// Files of relationships, which hold the targets of links.
const RELATIONSHIPS: Vocabulary = Vocabulary {
    text: &[],
    characters: &[],
    ends: &[],
    skipped: &[],
    targets: &["Target"],
};

const OPEN_DOCUMENT: Vocabulary = Vocabulary {
    text: &["p", "h"],
    characters: &[("s", " "), ("tab", "\t"), ("line-break", "\n")],
    ends: &[
        ("p", "\n"),
        ("h", "\n"),
        ("table-cell", "\t"),
        ("table-row", "\n"),
    ],
    skipped: &["tracked-changes"],
    targets: &["href"],
};

/// Adds the text of a word document or a presentation.
///
/// # Errors
/// What is not whole.
pub(super) fn open_xml(
    archive: &mut Archive<'_>,
    names: &[String],
    text: &mut Kept,
) -> Result<(), Shortfall> {
    let parts = [
        "word/document",
        "word/header",
        "word/footer",
        "word/footnotes",
        "word/endnotes",
        "word/comments",
        "ppt/slides/slide",
        "ppt/notesSlides/notesSlide",
    ];
    // Beside the parts lie pictures and fonts.
    let is_read = |name: &str| is_xml(name) && parts.iter().any(|part| name.starts_with(part));
    unpack(archive, names, is_read, &OPEN_XML, text)?;
    links(archive, names, text)
}

/// Adds the targets of the links of an Office Open XML document.
///
/// # Errors
/// What is not whole.
pub(super) fn links(
    archive: &mut Archive<'_>,
    names: &[String],
    text: &mut Kept,
) -> Result<(), Shortfall> {
    unpack(
        archive,
        names,
        |name| name.contains("_rels/"),
        &RELATIONSHIPS,
        text,
    )
}

/// Adds the text of an `OpenDocument` file.
///
/// # Errors
/// What is not whole.
pub(super) fn open_document(
    archive: &mut Archive<'_>,
    names: &[String],
    text: &mut Kept,
) -> Result<(), Shortfall> {
    if is_encrypted(archive) {
        return Err(Shortfall::Encrypted);
    }
    // Headers and footers stand with the styles.
    let is_read = |name: &str| matches!(name, "content.xml" | "styles.xml");
    unpack(archive, names, is_read, &OPEN_DOCUMENT, text)
}

/// Whether the manifest (part 3, 4.8) tells of a password.
fn is_encrypted(archive: &mut Archive<'_>) -> bool {
    let mut manifest = Vec::new();
    let read = archive
        .by_name("META-INF/manifest.xml")
        .map(|file| file.take(MOST_XML / 64).read_to_end(&mut manifest));
    matches!(read, Ok(Ok(_))) && memchr::memmem::find(&manifest, b"encryption-data").is_some()
}

/// Adds the text of the files that `is_read` names, then the targets of their links.
fn unpack(
    archive: &mut Archive<'_>,
    names: &[String],
    is_read: impl Fn(&str) -> bool,
    vocabulary: &Vocabulary,
    text: &mut Kept,
) -> Result<(), Shortfall> {
    let mut targets = Vec::new();
    let mut left = MOST_XML;
    let mut result = Ok(());
    for name in names.iter().filter(|name| is_read(name)) {
        let file = archive.by_name(name)?;
        let mut limited = file.take(left);
        let read = markup::read(BufReader::new(&mut limited), vocabulary, text, &mut targets);
        left = limited.limit();
        if left == 0 {
            return Err(Shortfall::TooLarge);
        }
        // What the other files hold is worth reading all the same.
        if let Err(shortfall) = read {
            result = Err(shortfall);
        }
    }
    for target in targets.iter().filter(|target| leads_out(target)) {
        text.add("\n")?;
        text.add(target)?;
    }
    result
}

fn is_xml(name: &str) -> bool {
    let extension = Path::new(name).extension();
    extension.is_some_and(|extension| extension.eq_ignore_ascii_case("xml"))
}

/// Whether a target is no part of the document itself.
fn leads_out(target: &str) -> bool {
    ["mailto:", "tel:", "sms:", "http:", "https:"]
        .iter()
        .any(|scheme| {
            let start = target.trim_start().get(..scheme.len());
            start.is_some_and(|start| start.eq_ignore_ascii_case(scheme))
        })
}
