//! Text and link targets of PDF (ISO 32000-1), page by page.

use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};

use pdf_extract::{Dictionary, Document, Object, ObjectId, PlainTextOutput, output_doc_page};

use super::Shortfall;
use super::text::Kept;

/// Adds the text of a PDF. A page that cannot be read costs only itself.
///
/// # Errors
/// What is not whole.
pub(super) fn read(octets: &[u8], text: &mut Kept) -> Result<(), Shortfall> {
    let mut document = Document::load_mem(octets).map_err(|_| Shortfall::Broken)?;
    // Documents that only forbid printing or changing open without a password.
    if document.is_encrypted() && document.decrypt("").is_err() {
        return Err(Shortfall::Encrypted);
    }
    let pages = document.get_pages();
    if pages.is_empty() {
        return Err(Shortfall::Broken);
    }
    let mut result = Ok(());
    for (number, id) in pages {
        if page(&document, number, text).is_err() {
            result = Err(Shortfall::Broken);
        }
        text.add("\n")?;
        for target in targets(&document, id) {
            text.add(&target)?;
            text.add("\n")?;
        }
    }
    result
}

fn page(document: &Document, number: u32, text: &mut Kept) -> Result<(), Shortfall> {
    let writer: &mut dyn Write = text;
    let mut output = PlainTextOutput::new(writer);
    // The library panics on fonts that it does not know.
    let read = catch_unwind(AssertUnwindSafe(|| {
        output_doc_page(document, &mut output, number)
    }));
    match read {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) | Err(_) => Err(Shortfall::Broken),
    }
}

/// Where the page's links lead (12.6.4.7).
fn targets(document: &Document, page: ObjectId) -> Vec<String> {
    let annotations = document.get_page_annotations(page).unwrap_or_default();
    let target = |annotation: &Dictionary| {
        let action = resolved(document, annotation.get(b"A").ok()?)?;
        let target = resolved(document, action.as_dict().ok()?.get(b"URI").ok()?)?;
        let target = String::from_utf8_lossy(target.as_str().ok()?).into_owned();
        Some(target)
    };
    annotations.into_iter().filter_map(target).collect()
}

fn resolved<'d>(document: &'d Document, object: &'d Object) -> Option<&'d Object> {
    document.dereference(object).ok().map(|(_, object)| object)
}
