//! The tree of a message's parts as the server sees it (BODYSTRUCTURE, RFC 9051, 7.5.2), as far as the audit needs it.

use super::cursor::{Cursor, Value};

/// Deeper trees are not worth taking apart: their message is fetched whole.
const DEEPEST: usize = 16;

/// A part and what is in it. Nested messages count as single parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Structure {
    /// A part that is not divided.
    Single {
        /// Whether its type is `text`.
        is_text: bool,
        /// Octets, still encoded; a hint.
        size: u64,
    },
    /// A multipart.
    Multipart(Vec<Structure>),
}

impl Structure {
    /// Reads one `BODYSTRUCTURE` or `BODY` value; `None` for what makes no sense or is nested too deeply.
    #[must_use]
    pub fn read(cursor: &mut Cursor<'_>) -> Option<Self> {
        Self::read_below(cursor, 0)
    }

    fn read_below(cursor: &mut Cursor<'_>, depth: usize) -> Option<Self> {
        if depth > DEEPEST || !cursor.eat(b'(') {
            return None;
        }
        let mut children = Vec::new();
        while cursor.next_is(b'(') {
            children.push(Self::read_below(cursor, depth + 1)?);
            cursor.eat(b' ');
        }
        let structure = if children.is_empty() {
            Self::read_single(cursor)?
        } else {
            Self::Multipart(children)
        };
        // Extension data, and what goes with the type.
        while !cursor.eat(b')') {
            if !cursor.eat(b' ') {
                cursor.value()?;
            }
        }
        Some(structure)
    }

    /// Type, subtype, parameters, id, description, encoding, size.
    fn read_single(cursor: &mut Cursor<'_>) -> Option<Self> {
        let is_text = match cursor.value()? {
            Value::Quoted(kind) => kind.eq_ignore_ascii_case(b"text"),
            Value::Atom(kind) => kind.eq_ignore_ascii_case(b"text"),
            Value::Nil | Value::Literal(_) | Value::List => return None,
        };
        for _ in ["subtype", "parameters", "id", "description", "encoding"] {
            cursor.eat(b' ');
            cursor.value()?;
        }
        cursor.eat(b' ');
        let Value::Atom(digits) = cursor.value()? else {
            return None;
        };
        let size = super::grammar::number(digits)?;
        Some(Self::Single { is_text, size })
    }

    /// Octets that may not have to be fetched, at most.
    #[must_use]
    pub fn other_than_text(&self) -> u64 {
        match self {
            Self::Single { is_text: true, .. } => 0,
            Self::Single { size, .. } => *size,
            Self::Multipart(children) => children.iter().map(Self::other_than_text).sum(),
        }
    }

    /// How many parts there are, multiparts included.
    #[must_use]
    pub fn parts(&self) -> usize {
        match self {
            Self::Single { .. } => 1,
            Self::Multipart(children) => 1 + children.iter().map(Self::parts).sum::<usize>(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<&Structure>) {
        let mut cursor = Cursor::new(text.as_bytes());
        let found = Structure::read(&mut cursor);
        assert!(found.is_none() || cursor.at_end(), "{text}");
        assert_eq!(found.as_ref(), expected, "{text}");
    }

    fn single(is_text: bool, size: u64) -> Structure {
        Structure::Single { is_text, size }
    }

    #[test]
    fn structures() {
        check(
            "(\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 41 3)",
            Some(&single(true, 41)),
        );
        check(
            "((\"TEXT\" \"HTML\" NIL NIL NIL \"8BIT\" 5 1 NIL (\"inline\" (\"x\" \"y\")) NIL NIL)\
             (\"image\" \"png\" (\"name\" {3}) NIL NIL \"base64\" 90000 NIL NIL NIL NIL) \"mixed\" (\"boundary\" \"(b\") NIL)",
            Some(&Structure::Multipart(vec![
                single(true, 5),
                single(false, 90_000),
            ])),
        );
        check(
            "(\"message\" \"rfc822\" NIL NIL NIL \"7bit\" 700 (NIL NIL) (\"text\" \"plain\" NIL NIL NIL \"7bit\" 9 1) 20)",
            Some(&single(false, 700)),
        );
    }

    #[test]
    fn nonsense() {
        for text in [
            "",
            "NIL",
            "()",
            "(\"text\")",
            "(\"text\" \"plain\" NIL NIL NIL \"7bit\" many 3)",
            "(\"text\" \"plain\" NIL NIL NIL \"7bit\" -1)",
            "((\"text\" \"plain\" NIL NIL NIL \"7bit\" 41 3) \"mixed\"",
            "({4} \"plain\" NIL NIL NIL \"7bit\" 41 3)",
        ] {
            check(text, None);
        }
        check(&"(".repeat(200_000), None);
        let deep = format!("{}\"text\"", "(".repeat(DEEPEST + 2));
        check(&deep, None);
    }
}
