//! Walks through the values of a response, without recursion.

use std::borrow::Cow;

use super::grammar::number;

/// One value of an answer.
#[derive(Debug, PartialEq, Eq)]
pub enum Value<'a> {
    /// `NIL`.
    Nil,
    /// A word or number.
    Atom(&'a [u8]),
    /// A quoted string, its escapes undone.
    Quoted(Cow<'a, [u8]>),
    /// Index of a literal.
    Literal(usize),
    /// A parenthesised list, passed over.
    List,
}

/// Walks through the text of a response.
#[derive(Debug, Clone)]
pub struct Cursor<'a> {
    rest: &'a [u8],
    literals: usize,
}

impl<'a> Cursor<'a> {
    /// Begins at `text`, none of whose literals was passed yet.
    #[must_use]
    pub fn new(text: &'a [u8]) -> Self {
        Self {
            rest: text,
            literals: 0,
        }
    }

    /// Steps over `byte` if it is next.
    pub fn eat(&mut self, byte: u8) -> bool {
        match self.rest.split_first() {
            Some((&first, rest)) if first == byte => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    /// Whether `byte` is next.
    #[must_use]
    pub fn next_is(&self, byte: u8) -> bool {
        self.rest.first() == Some(&byte)
    }

    /// Whether nothing but white space is left.
    #[must_use]
    pub fn at_end(&self) -> bool {
        self.rest.trim_ascii().is_empty()
    }

    /// The next octets up to one of `stops`.
    fn until(&mut self, stops: &[u8]) -> &'a [u8] {
        let end = self
            .rest
            .iter()
            .position(|b| stops.contains(b))
            .unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        word
    }

    /// The name of a FETCH item, in which brackets hide spaces and parentheses.
    pub fn item_name(&mut self) -> Option<&'a [u8]> {
        let start = self.rest;
        self.until(b" [()");
        if self.eat(b'[') {
            // Names of header fields may be strings, which may hold brackets, or be literals, which count.
            self.until(b"](");
            if self.next_is(b'(') && !self.pass_list() || !self.eat(b']') {
                return None;
            }
            self.until(b" ()");
        }
        let name = start.get(..start.len() - self.rest.len())?;
        (!name.is_empty()).then_some(name)
    }

    /// The next value; `None` if there is none or it is malformed.
    pub fn value(&mut self) -> Option<Value<'a>> {
        match self.rest.first()? {
            b'(' => self.pass_list().then_some(Value::List),
            b')' => None,
            _ => self.single(),
        }
    }

    /// The next value that is no list.
    fn single(&mut self) -> Option<Value<'a>> {
        if self.rest.first() == Some(&b'"') {
            return self.quoted();
        }
        if let Some(literal) = self.literal() {
            return Some(literal);
        }
        let word = self.until(b" ()\"");
        match word {
            [] => None,
            _ if word.eq_ignore_ascii_case(b"NIL") => Some(Value::Nil),
            _ => Some(Value::Atom(word)),
        }
    }

    fn quoted(&mut self) -> Option<Value<'a>> {
        let body = self.rest.get(1..)?;
        let mut text = Cow::Borrowed(&[][..]);
        let mut at = 0;
        loop {
            let end = at + memchr::memchr2(b'"', b'\\', body.get(at..)?)?;
            let plain = body.get(at..end)?;
            if text.is_empty() {
                text = Cow::Borrowed(plain);
            } else {
                text.to_mut().extend_from_slice(plain);
            }
            if body.get(end) == Some(&b'"') {
                self.rest = body.get(end + 1..)?;
                return Some(Value::Quoted(text));
            }
            text.to_mut().push(*body.get(end + 1)?);
            at = end + 2;
        }
    }

    fn literal(&mut self) -> Option<Value<'a>> {
        let marker = self.rest.strip_prefix(b"~").unwrap_or(self.rest);
        let inner = marker.strip_prefix(b"{")?;
        let end = memchr::memchr(b'}', inner)?;
        let _size: u64 = number(inner.get(..end)?)?;
        self.rest = inner.get(end + 1..)?;
        self.literals += 1;
        Some(Value::Literal(self.literals - 1))
    }

    /// Passes over a list, however deeply nested.
    fn pass_list(&mut self) -> bool {
        let mut depth = 0_usize;
        loop {
            if self.eat(b'(') {
                depth += 1;
            } else if self.eat(b')') {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return true;
                }
            } else if !self.eat(b' ') && self.single().is_none() {
                return false;
            }
        }
    }
}
