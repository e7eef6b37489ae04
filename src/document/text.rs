//! Which kind a document is, by its first octets, and its text.

use std::fmt;
use std::io::{self, Cursor};

use zip::ZipArchive;
use zip::result::ZipError;

use super::sheet::{self, Format};
use super::{Extract, MOST_TEXT, Shortfall, office, pdf};

/// What a document is. Names and media types lie, so only its first octets count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Archive,
    Compound,
    Pdf,
    Plain,
}

/// Octets that tell the kind.
const HEAD: usize = 4096;

impl Kind {
    /// `None` for what is no document at all.
    pub(super) fn of(octets: &[u8]) -> Option<Self> {
        // The header of a PDF may stand behind other octets (ISO 32000-1, implementation note 13).
        let begins = octets.get(..1024).unwrap_or(octets);
        if octets.starts_with(b"PK\x03\x04") {
            Some(Self::Archive)
        } else if octets.starts_with(b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1") {
            Some(Self::Compound)
        } else if memchr::memmem::find(begins, b"%PDF-").is_some() {
            Some(Self::Pdf)
        } else {
            let (head, _, _) = encoding_rs::UTF_8.decode(octets.get(..HEAD).unwrap_or(octets));
            is_text(&head).then_some(Self::Plain)
        }
    }
}

/// The text of a document, read in this very process without any limit of time and memory: strangers' documents belong
/// into a worker. It may panic where a library does.
#[must_use]
pub fn read(octets: &[u8]) -> Extract {
    match Kind::of(octets) {
        Some(Kind::Archive) => archive(octets),
        Some(Kind::Compound) => compound(octets),
        Some(Kind::Pdf) => {
            let mut text = Kept::default();
            let shortfall = pdf::read(octets, &mut text).err();
            text.with(shortfall)
        }
        Some(Kind::Plain) => plain(octets),
        None => Shortfall::Broken.into(),
    }
}

/// Office Open XML (ECMA-376) and `OpenDocument` (ISO/IEC 26300) are archives.
fn archive(octets: &[u8]) -> Extract {
    let mut archive = match ZipArchive::new(Cursor::new(octets)) {
        Ok(archive) => archive,
        Err(error) => return Shortfall::from(error).into(),
    };
    let names: Vec<String> = archive
        .file_names()
        .filter_map(Result::ok)
        .map(std::borrow::Cow::into_owned)
        .collect();
    let has = |start: &str| names.iter().any(|name| name.starts_with(start));
    let mut text = Kept::default();
    let result = if has("xl/") {
        let format = if has("xl/workbook.bin") {
            Format::Xlsb
        } else {
            Format::Xlsx
        };
        sheet::read(octets, format, &mut text)
            .and_then(|()| office::links(&mut archive, &names, &mut text))
    } else if has("word/") || has("ppt/") {
        office::open_xml(&mut archive, &names, &mut text)
    } else if has("content.xml") {
        office::open_document(&mut archive, &names, &mut text)
    } else {
        Ok(())
    };
    text.with(result.err())
}

/// The container of old Office files, and of encrypted new ones ([MS-OFFCRYPTO], 1.3.2).
fn compound(octets: &[u8]) -> Extract {
    let holds = |stream: &str| {
        let name: Vec<u8> = stream.encode_utf16().flat_map(u16::to_le_bytes).collect();
        memchr::memmem::find(octets, &name).is_some()
    };
    if holds("EncryptedPackage") {
        return Shortfall::Encrypted.into();
    }
    let mut text = Kept::default();
    let result = if holds("Workbook") || holds("Book") {
        sheet::read(octets, Format::Xls, &mut text)
    } else {
        Ok(())
    };
    text.with(result.err())
}

/// Programs write tables as CSV, HTML or XML and call them `.xls`.
fn plain(octets: &[u8]) -> Extract {
    let (decoded, _, _) = encoding_rs::UTF_8.decode(octets);
    if !is_text(&decoded) {
        return Shortfall::Broken.into();
    }
    let mut text = Kept::default();
    let result = text.add(&decoded);
    text.with(result.err())
}

/// Hardly any characters are none of a text's.
fn is_text(decoded: &str) -> bool {
    let controls = decoded
        .chars()
        .filter(|c| c.is_control() && !c.is_whitespace() || *c == char::REPLACEMENT_CHARACTER);
    controls.count() * 20 <= decoded.len()
}

impl From<ZipError> for Shortfall {
    fn from(error: ZipError) -> Self {
        match error {
            ZipError::UnsupportedArchive(ZipError::PASSWORD_REQUIRED)
            | ZipError::InvalidPassword => Self::Encrypted,
            _ => Self::Broken,
        }
    }
}

/// Text as far as it is kept.
#[derive(Default)]
pub(super) struct Kept {
    text: String,
    is_full: bool,
}

impl Kept {
    /// Adds text.
    ///
    /// # Errors
    /// [`Shortfall::TooLarge`] once not all can be kept: there is no use in reading on.
    pub(super) fn add(&mut self, more: &str) -> Result<(), Shortfall> {
        let room = MOST_TEXT - self.text.len();
        if more.len() <= room {
            self.text.push_str(more);
            return Ok(());
        }
        let end = (0..=room).rev().find(|&at| more.is_char_boundary(at));
        self.text
            .push_str(more.get(..end.unwrap_or(0)).unwrap_or(""));
        self.is_full = true;
        Err(Shortfall::TooLarge)
    }

    /// What came of the document.
    fn with(self, shortfall: Option<Shortfall>) -> Extract {
        // A library that was stopped because the text is full gives its own reason.
        let shortfall = if self.is_full {
            Some(Shortfall::TooLarge)
        } else {
            shortfall
        };
        Extract {
            text: self.text,
            shortfall,
        }
    }
}

impl fmt::Write for Kept {
    fn write_str(&mut self, more: &str) -> fmt::Result {
        self.add(more).map_err(|_| fmt::Error)
    }
}

impl io::Write for Kept {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.add(&String::from_utf8_lossy(octets))
            .map_err(|_| io::ErrorKind::StorageFull)?;
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use zip::write::{SimpleFileOptions, ZipWriter};

    use super::*;

    fn zipped(files: &[(&str, &str)]) -> Vec<u8> {
        let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, content) in files {
            archive
                .start_file(*name, SimpleFileOptions::default())
                .unwrap();
            archive.write_all(content.as_bytes()).unwrap();
        }
        archive.finish().unwrap().into_inner()
    }

    #[track_caller]
    fn check(octets: &[u8], text: &str, shortfall: Option<Shortfall>) {
        let extract = read(octets);
        let told: Vec<&str> = extract.text.split_whitespace().collect();
        assert_eq!(
            (told.join(" ").as_str(), extract.shortfall),
            (text, shortfall)
        );
    }

    const LINK: &str = r#"<Relationships><Relationship Target="mailto:ana@home.example"/><Relationship Target="styles.xml"/></Relationships>"#;

    #[test]
    fn word_documents() {
        let body = "<w:document><w:body><w:p><w:r><w:t>+34 600</w:t></w:r><w:r><w:t xml:space='preserve'> 111&#32;222 &amp;</w:t>\
                    </w:r><w:r><w:tab/><w:t>m\u{e1}s</w:t></w:r></w:p><w:p><w:del><w:r><w:delText>gone</w:delText></w:r></w:del>\
                    <mc:AlternateContent><mc:Choice><w:t>box</w:t></mc:Choice><mc:Fallback><w:t>box</w:t></mc:Fallback>\
                    </mc:AlternateContent></w:p></w:body></w:document>";
        let files = [
            ("word/document.xml", body),
            (
                "word/footer1.xml",
                "<w:ftr><w:p><w:t>foot</w:t></w:p></w:ftr>",
            ),
            ("word/styles.xml", "<w:t>style</w:t>"),
            ("word/_rels/document.xml.rels", LINK),
        ];
        let text = "+34 600 111 222 & m\u{e1}s box foot mailto:ana@home.example";
        check(&zipped(&files), text, None);
        let slide = "<p:sld><a:p><a:t>one</a:t></a:p></p:sld>";
        check(&zipped(&[("ppt/slides/slide1.xml", slide)]), "one", None);
    }

    #[test]
    fn open_documents() {
        let content = "<office:text><text:tracked-changes><text:p>gone</text:p></text:tracked-changes>\
                       <text:p>a<text:s/>b<text:line-break/>c <text:a xlink:href='tel:+34600111222'>call</text:a></text:p>\
                       <table:table-row><table:table-cell><text:p>x</text:p></table:table-cell><table:table-cell>\
                       <text:p>y</text:p></table:table-cell></table:table-row></office:text>";
        check(
            &zipped(&[("mimetype", "x"), ("content.xml", content)]),
            "a b c call x y tel:+34600111222",
            None,
        );
        let manifest = "<manifest:file-entry><manifest:encryption-data/></manifest:file-entry>";
        let files = [
            ("META-INF/manifest.xml", manifest),
            ("content.xml", "\u{1}"),
        ];
        check(&zipped(&files), "", Some(Shortfall::Encrypted));
    }

    /// A workbook with one sheet.
    fn workbook(sheet: &str) -> Vec<u8> {
        let names = "xmlns='http://schemas.openxmlformats.org/spreadsheetml/2006/main' \
                     xmlns:r='http://schemas.openxmlformats.org/officeDocument/2006/relationships'";
        let book = format!(
            "<workbook {names}><sheets><sheet name='Clients' sheetId='1' r:id='r1'/></sheets></workbook>"
        );
        let relations = "<Relationships xmlns='http://schemas.openxmlformats.org/package/2006/relationships'>\
                         <Relationship Id='r1' Target='worksheets/sheet1.xml' \
                         Type='http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet'/></Relationships>";
        let sheet = format!("<worksheet {names}><sheetData>{sheet}</sheetData></worksheet>");
        let root = relations.replace("worksheets/sheet1.xml", "xl/workbook.xml");
        let root = root.replace("/worksheet'", "/officeDocument'");
        zipped(&[
            ("[Content_Types].xml", "<Types/>"),
            ("_rels/.rels", &root),
            ("xl/workbook.xml", &book),
            ("xl/_rels/workbook.xml.rels", relations),
            ("xl/worksheets/sheet1.xml", &sheet),
            ("xl/worksheets/_rels/sheet1.xml.rels", LINK),
        ])
    }

    #[test]
    fn workbooks() {
        // Two cells at the ends of the sheet: all cells between them would take hundreds of gigabytes.
        let sheet = "<row r='1'><c r='A1' t='inlineStr'><is><t>eva@client.example</t></is></c><c r='B1'><v>3.46E10</v></c></row>\
                     <row r='1048576'><c r='XFD1048576'><v>0.5</v></c></row>";
        let text = "Clients eva@client.example 34600000000 0.5 mailto:ana@home.example";
        check(&workbook(sheet), text, None);
    }

    #[test]
    fn bombs() {
        let much = "0123456789abcde ".repeat(5 << 20);
        let open = "<w:p>".repeat(100_000);
        for (content, expected) in [
            (format!("<w:t>{much}"), Shortfall::TooLarge),
            (format!("<w:x>{much}"), Shortfall::TooLarge),
            (open, Shortfall::TooComplex),
        ] {
            let extract = read(&zipped(&[("word/document.xml", &content)]));
            assert_eq!(extract.shortfall, Some(expected));
            assert!(extract.text.len() <= MOST_TEXT);
        }
    }

    #[test]
    fn what_is_damaged_gives_what_it_has() {
        let broken = Some(Shortfall::Broken);
        let whole = zipped(&[("word/document.xml", "<w:p><w:t>abc</w:t></w:p><w:p></w:r>")]);
        check(&whole, "abc", broken);
        check(whole.get(..whole.len() / 2).unwrap(), "", broken);
        check(b"%PDF-1.7\n1 0 obj\n<<", "", broken);
        check(b"\0\x01\x02\x03", "", broken);
        check(b"PK\x03\x04", "", broken);
    }

    #[test]
    fn other_kinds() {
        check(&zipped(&[("readme.txt", "abc")]), "", None);
        check(
            "caf\u{e9};ana@home.example\n".as_bytes(),
            "caf\u{e9};ana@home.example",
            None,
        );
        check(b"", "", None);
        let container = |stream: &str| {
            let name: Vec<u8> = stream.encode_utf16().flat_map(u16::to_le_bytes).collect();
            [&b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1"[..], &name].concat()
        };
        check(
            &container("EncryptedPackage"),
            "",
            Some(Shortfall::Encrypted),
        );
        check(&container("Workbook"), "", Some(Shortfall::Broken));
        check(&container("WordDocument"), "", None);
    }
}
