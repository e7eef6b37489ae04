//! The mailboxes there are (LIST, RFC 9051, 6.3.9) and whose they are (NAMESPACE, RFC 2342).

use std::io::{BufRead, Write};

use super::cursor::{Cursor, Value};
use super::dialogue::Dialogue;
use super::framing::{Literal, Response};
use super::grammar::{Kind, kind, split_word};
use super::{refusal, utf7};
use crate::finding::Stage;
use crate::source::SourceError;

/// A line of a LIST answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Listing {
    /// Lower case, with their backslash.
    attributes: Vec<String>,
    delimiter: Option<char>,
    /// As the server spells it.
    pub(super) wire_name: String,
    /// In UTF-8.
    pub(super) name: String,
}

impl Listing {
    pub(super) fn has(&self, attribute: &str) -> bool {
        self.attributes.iter().any(|a| a == attribute)
    }

    pub(super) fn selectable(&self) -> bool {
        !self.has("\\noselect") && !self.has("\\nonexistent")
    }

    /// The name behind the last delimiter, in UTF-8.
    pub(super) fn last_component(&self) -> &str {
        match self.delimiter {
            Some(delimiter) => self.name.rsplit(delimiter).next().unwrap_or_default(),
            None => &self.name,
        }
    }

    /// The name with `/` between its components, whatever the server uses.
    pub(super) fn with_slashes(&self) -> String {
        match self.delimiter {
            Some(delimiter) => self.name.replace(delimiter, "/"),
            None => self.name.clone(),
        }
    }
}

/// How a server tells what its mailboxes are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Uses {
    /// In any LIST answer, or not at all.
    Plain,
    /// If asked (RFC 6154, 4, with RFC 5258).
    Returned,
    /// In the answer to XLIST, which large providers had before there was a standard.
    Xlist,
}

/// All mailboxes; a line that cannot be read is passed over.
pub(super) fn list<C: BufRead + Write>(
    dialogue: &mut Dialogue<'_, C>,
    uses: Uses,
) -> Result<Vec<Listing>, SourceError> {
    let plain = "LIST \"\" \"*\"";
    let mut listings = Vec::new();
    let mut hear = |response: &mut Response| listings.extend(read_listing(response));
    let mut outcome = match uses {
        Uses::Plain => dialogue.run(plain, &mut hear)?,
        Uses::Returned => dialogue.run(format!("{plain} RETURN (SPECIAL-USE)"), &mut hear)?,
        Uses::Xlist => dialogue.run(format!("X{plain}"), &mut hear)?,
    };
    if uses != Uses::Plain && !outcome.ok {
        outcome = dialogue.run(plain, &mut hear)?;
    }
    if outcome.ok {
        Ok(listings)
    } else {
        Err(refusal::refused(
            Stage::List,
            "the server does not list the mailboxes",
            &outcome.text,
        ))
    }
}

/// Reads `* LIST (attributes) delimiter name`, or the same of XLIST.
fn read_listing(response: &Response) -> Option<Listing> {
    let Kind::Data(data) = kind(&response.text) else {
        return None;
    };
    let (word, rest) = split_word(data);
    if !word.eq_ignore_ascii_case(b"LIST") && !word.eq_ignore_ascii_case(b"XLIST") {
        return None;
    }
    let mut cursor = Cursor::new(rest);
    let mut attributes = Vec::new();
    if !cursor.eat(b'(') {
        return None;
    }
    while !cursor.eat(b')') {
        if !cursor.eat(b' ') {
            let Value::Atom(attribute) = cursor.value()? else {
                return None;
            };
            let attribute = String::from_utf8_lossy(attribute).to_ascii_lowercase();
            attributes.push(match attribute.as_str() {
                // As XLIST has them.
                "\\allmail" => "\\all".to_owned(),
                "\\spam" => "\\junk".to_owned(),
                "\\starred" => "\\flagged".to_owned(),
                _ => attribute,
            });
        }
    }
    cursor.eat(b' ');
    let delimiter = match cursor.value()? {
        Value::Quoted(text) => text.first().map(|&b| char::from(b)),
        Value::Nil => None,
        _ => return None,
    };
    cursor.eat(b' ');
    let wire_name = string(&cursor.value()?, response)?;
    Some(Listing {
        attributes,
        delimiter,
        name: utf7::decode(&wire_name),
        wire_name,
    })
}

/// A string in any of its spellings. A name that is not UTF-8 cannot be opened later, and that is told then.
fn string(value: &Value<'_>, response: &Response) -> Option<String> {
    let octets = match value {
        Value::Atom(word) => word,
        Value::Quoted(text) => text.as_ref(),
        // `nil` is a lawful name here.
        Value::Nil => b"NIL",
        Value::Literal(index) => match response.literals.get(*index)? {
            Literal::Whole(octets) => octets.as_slice(),
            Literal::TooLarge(_) | Literal::Taken => return None,
        },
        Value::List => return None,
    };
    Some(String::from_utf8_lossy(octets).into_owned())
}

/// Prefixes of mailbox names (RFC 2342), as the server spells them.
#[derive(Debug, Default)]
pub(super) struct Namespaces {
    personal: Vec<String>,
    /// Other users' and shared.
    foreign: Vec<String>,
}

impl Namespaces {
    /// Whether a mailbox belongs to somebody else: another person's sent mail must not count as the custodian's.
    pub(super) fn is_foreign(&self, wire_name: &str) -> bool {
        let longest = |prefixes: &[String]| {
            prefixes
                .iter()
                .filter(|prefix| wire_name.starts_with(prefix.as_str()))
                .map(String::len)
                .max()
        };
        longest(&self.foreign).is_some_and(|len| len > 0)
            && longest(&self.foreign) > longest(&self.personal)
    }
}

pub(super) fn namespaces<C: BufRead + Write>(
    dialogue: &mut Dialogue<'_, C>,
) -> Result<Namespaces, SourceError> {
    let mut found = Namespaces::default();
    dialogue.run("NAMESPACE", &mut |response| {
        if let Some(namespaces) = read_namespaces(response) {
            found = namespaces;
        }
    })?;
    Ok(found)
}

/// Reads `* NAMESPACE personal other-users shared`, each NIL or `(("prefix" "delimiter" …) …)`.
fn read_namespaces(response: &Response) -> Option<Namespaces> {
    let Kind::Data(data) = kind(&response.text) else {
        return None;
    };
    let (word, rest) = split_word(data);
    if !word.eq_ignore_ascii_case(b"NAMESPACE") {
        return None;
    }
    let mut cursor = Cursor::new(rest);
    let personal = read_prefixes(&mut cursor, response)?;
    let mut foreign = Vec::new();
    for _ in ["other users", "shared"] {
        cursor.eat(b' ');
        foreign.extend(read_prefixes(&mut cursor, response)?);
    }
    Some(Namespaces { personal, foreign })
}

fn read_prefixes(cursor: &mut Cursor<'_>, response: &Response) -> Option<Vec<String>> {
    let mut prefixes = Vec::new();
    if !cursor.eat(b'(') {
        return (cursor.value()? == Value::Nil).then_some(prefixes);
    }
    while !cursor.eat(b')') {
        cursor.eat(b' ');
        if !cursor.eat(b'(') {
            return None;
        }
        prefixes.push(string(&cursor.value()?, response)?);
        while !cursor.eat(b')') {
            if !cursor.eat(b' ') {
                cursor.value()?;
            }
        }
    }
    Some(prefixes)
}
