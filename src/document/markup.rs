//! XML as a stream: text by paragraphs, cells and rows, whatever the vocabulary.

use std::io::BufRead;

use quick_xml::events::{BytesStart, Event};

use super::Shortfall;
use super::text::Kept;

/// Tables in tables in text boxes: no document that people write is nested deeper.
const DEEPEST: usize = 1000;

/// Which elements of a vocabulary mean what, by local name.
pub(super) struct Vocabulary {
    /// Their character data is text.
    pub(super) text: &'static [&'static str],
    /// They stand for a character.
    pub(super) characters: &'static [(&'static str, &'static str)],
    /// What follows the end of an element.
    pub(super) ends: &'static [(&'static str, &'static str)],
    /// Nothing in them is read.
    pub(super) skipped: &'static [&'static str],
    /// Attributes that hold a link's target.
    pub(super) targets: &'static [&'static str],
}

/// Adds the text of one XML file, and its links' targets to `targets`.
///
/// # Errors
/// What is not whole; the text before a mistake is kept.
pub(super) fn read(
    xml: impl BufRead,
    vocabulary: &Vocabulary,
    text: &mut Kept,
    targets: &mut Vec<String>,
) -> Result<(), Shortfall> {
    let mut reader = quick_xml::Reader::from_reader(xml);
    let mut buffer = Vec::new();
    let (mut depth, mut inside, mut skipping) = (0_usize, 0_usize, 0_usize);
    loop {
        buffer.clear();
        let event = reader.read_event_into(&mut buffer);
        let event = event.map_err(|_| Shortfall::Broken)?;
        depth = match &event {
            Event::Start(_) if depth == DEEPEST => return Err(Shortfall::TooComplex),
            Event::Start(_) => depth + 1,
            Event::End(_) => depth - 1,
            _ => depth,
        };
        match event {
            Event::Eof => return Ok(()),
            Event::Start(element) => {
                let name = element.local_name();
                if skipping > 0 || vocabulary.skipped.contains(&name.as_ref()) {
                    skipping += 1;
                    continue;
                }
                inside += usize::from(vocabulary.text.contains(&name.as_ref()));
                add_target(&element, vocabulary, targets);
            }
            Event::End(_) if skipping > 0 => skipping -= 1,
            Event::End(element) => {
                let name = element.local_name();
                if vocabulary.text.contains(&name.as_ref()) {
                    inside = inside.saturating_sub(1);
                }
                add_meaning(vocabulary.ends, name.as_ref(), text)?;
            }
            _ if skipping > 0 => {}
            Event::Empty(element) => {
                let name = element.local_name();
                add_target(&element, vocabulary, targets);
                add_meaning(vocabulary.characters, name.as_ref(), text)?;
                add_meaning(vocabulary.ends, name.as_ref(), text)?;
            }
            Event::Text(content) if inside > 0 => text.add(&content.xml10_content())?,
            Event::CData(content) if inside > 0 => text.add(&content.xml10_content())?,
            Event::GeneralRef(reference) if inside > 0 => {
                let character = reference.resolve_char_ref().ok().flatten();
                let named = quick_xml::escape::resolve_xml_entity(&reference.xml10_content())
                    .and_then(|text| text.chars().next());
                if let Some(character) = character.or(named) {
                    text.add(character.encode_utf8(&mut [0; 4]))?;
                }
            }
            _ => {}
        }
    }
}

fn add_meaning(meanings: &[(&str, &str)], name: &str, text: &mut Kept) -> Result<(), Shortfall> {
    match meanings.iter().find(|(element, _)| *element == name) {
        Some((_, meaning)) => text.add(meaning),
        None => Ok(()),
    }
}

fn add_target(element: &BytesStart<'_>, vocabulary: &Vocabulary, targets: &mut Vec<String>) {
    for attribute in element.attributes().filter_map(Result::ok) {
        if vocabulary
            .targets
            .contains(&attribute.key.local_name().as_ref())
            && let Ok(target) = attribute.normalized_value(quick_xml::XmlVersion::Implicit1_0)
        {
            targets.push(target.into_owned());
        }
    }
}
