//! Reads the few IMAP answers that the audit asks for, never recursing and never failing on what it did not ask for.

use std::borrow::Cow;

use jiff::Timestamp;
use jiff::fmt::strtime;

use super::framing::{Literal, Response};

/// What kind of response a line is (RFC 9051, 2.2.2).
#[derive(Debug, PartialEq, Eq)]
pub enum Kind<'a> {
    /// `tag OK text`: a command is done.
    Tagged {
        /// The command's tag.
        tag: &'a [u8],
        /// Whether it succeeded.
        status: Status,
        /// Response code and text for people.
        text: &'a [u8],
    },
    /// `* OK text` and its like.
    Untagged {
        /// Which.
        status: Status,
        /// Response code and text for people.
        text: &'a [u8],
    },
    /// `* …` anything else, without the asterisk.
    Data(&'a [u8]),
    /// `+ …`.
    Continuation,
    /// Nothing that a server may send.
    Noise,
}

/// RFC 9051, 7.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Success.
    Ok,
    /// Failure.
    No,
    /// The command was not understood.
    Bad,
    /// The server hangs up.
    Bye,
    /// Already authenticated.
    Preauth,
}

impl Status {
    fn read(word: &[u8]) -> Option<Self> {
        match word.to_ascii_uppercase().as_slice() {
            b"OK" => Some(Self::Ok),
            b"NO" => Some(Self::No),
            b"BAD" => Some(Self::Bad),
            b"BYE" => Some(Self::Bye),
            b"PREAUTH" => Some(Self::Preauth),
            _ => None,
        }
    }
}

/// Tells what kind of response `text` is.
#[must_use]
pub fn kind(text: &[u8]) -> Kind<'_> {
    if text == b"+" || text.starts_with(b"+ ") {
        return Kind::Continuation;
    }
    if let Some(rest) = text.strip_prefix(b"* ") {
        let (word, text) = split_word(rest);
        return match Status::read(word) {
            Some(status) => Kind::Untagged { status, text },
            None => Kind::Data(rest),
        };
    }
    let (tag, rest) = split_word(text);
    let (word, text) = split_word(rest);
    match Status::read(word) {
        Some(status @ (Status::Ok | Status::No | Status::Bad))
            if !tag.is_empty() && tag.iter().all(u8::is_ascii_alphanumeric) =>
        {
            Kind::Tagged { tag, status, text }
        }
        _ => Kind::Noise,
    }
}

/// The first word and what follows its space.
#[must_use]
pub fn split_word(text: &[u8]) -> (&[u8], &[u8]) {
    match memchr::memchr(b' ', text) {
        Some(at) => (
            text.get(..at).unwrap_or_default(),
            text.get(at + 1..).unwrap_or_default(),
        ),
        None => (text, &[]),
    }
}

/// What follows `name` in a response code: `[UIDVALIDITY 7] text` has `7` after `UIDVALIDITY`.
#[must_use]
pub fn response_code<'a>(text: &'a [u8], name: &str) -> Option<&'a [u8]> {
    let inner = text.strip_prefix(b"[")?;
    let (code, _) = inner.split_at_checked(memchr::memchr(b']', inner)?)?;
    let (word, arguments) = split_word(code);
    word.eq_ignore_ascii_case(name.as_bytes())
        .then_some(arguments)
}

/// A decimal number, and nothing else.
#[must_use]
pub fn number<N: std::str::FromStr>(text: &[u8]) -> Option<N> {
    if text.is_empty() || !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// INTERNALDATE (`17-Jul-1996 02:44:25 -0700`, a one-digit day behind a space); `None` if it is none.
#[must_use]
pub fn internal_date(text: &[u8]) -> Option<Timestamp> {
    let text = std::str::from_utf8(text).ok()?.trim();
    strtime::parse("%d-%b-%Y %H:%M:%S %z", text)
        .ok()?
        .to_timestamp()
        .ok()
}

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
#[derive(Debug)]
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
    fn next_is(&self, byte: u8) -> bool {
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
    fn item_name(&mut self) -> Option<&'a [u8]> {
        let start = self.rest;
        self.until(b" [()");
        if self.eat(b'[') {
            self.until(b"]");
            if !self.eat(b']') {
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

/// What one FETCH answer tells about a message.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct FetchAnswer {
    /// Message sequence number.
    pub sequence: u32,
    /// The UID, if the answer holds it.
    pub uid: Option<u32>,
    /// INTERNALDATE, if present and readable.
    pub internal_date: Option<Timestamp>,
    /// RFC822.SIZE.
    pub size: Option<u64>,
    /// `BODY[…]`, if the answer holds it.
    pub body: Option<Body>,
}

/// The value of `BODY[…]`.
#[derive(Debug, PartialEq, Eq)]
pub enum Body {
    /// Its octets.
    Octets(Vec<u8>),
    /// Its size; over the cap.
    TooLarge(u64),
    /// The server has none.
    Nil,
}

/// A FETCH answer that cannot be read.
#[derive(Debug, PartialEq, Eq)]
pub struct Malformed;

/// Reads a FETCH answer, whatever the order of its items; `None` for every other response.
///
/// # Errors
/// [`Malformed`]; if the response holds a literal, its announced size was probably wrong.
pub fn fetch_answer(response: &mut Response) -> Result<Option<FetchAnswer>, Malformed> {
    let Response { text, literals } = response;
    let Kind::Data(data) = kind(text) else {
        return Ok(None);
    };
    let (sequence, rest) = split_word(data);
    let (word, rest) = split_word(rest);
    if !word.eq_ignore_ascii_case(b"FETCH") {
        return Ok(None);
    }
    let sequence = number(sequence).ok_or(Malformed)?;
    fetch_items(sequence, rest, literals)
        .map(Some)
        .ok_or(Malformed)
}

fn fetch_items(sequence: u32, items: &[u8], literals: &mut [Literal]) -> Option<FetchAnswer> {
    let mut answer = FetchAnswer {
        sequence,
        ..FetchAnswer::default()
    };
    let mut cursor = Cursor::new(items);
    if !cursor.eat(b'(') {
        return None;
    }
    loop {
        if cursor.eat(b')') {
            return cursor.at_end().then_some(answer);
        }
        let name = cursor.item_name()?.to_ascii_uppercase();
        if !cursor.eat(b' ') {
            return None;
        }
        let value = cursor.value()?;
        match (name.as_slice(), &value) {
            (b"UID", Value::Atom(digits)) => answer.uid = number(digits),
            (b"RFC822.SIZE", Value::Atom(digits)) => answer.size = number(digits),
            (b"INTERNALDATE", Value::Quoted(date)) => answer.internal_date = internal_date(date),
            (name, _) if name.starts_with(b"BODY[") => answer.body = body(value, literals),
            _ => {}
        }
        // A string that was longer than announced shows itself here: its tail stands where a space must be.
        if !cursor.eat(b' ') && !cursor.next_is(b')') {
            return None;
        }
        while cursor.eat(b' ') {}
    }
}

fn body(value: Value<'_>, literals: &mut [Literal]) -> Option<Body> {
    match value {
        Value::Nil => Some(Body::Nil),
        Value::Quoted(octets) => Some(Body::Octets(octets.into_owned())),
        Value::Literal(index) => match literals.get_mut(index)? {
            Literal::Whole(octets) => Some(Body::Octets(std::mem::take(octets))),
            Literal::TooLarge(size) => Some(Body::TooLarge(*size)),
        },
        Value::Atom(_) | Value::List => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::imap::framing::{Limits, read_response};

    #[track_caller]
    fn check_fetch(input: &[u8], expected: &Result<Option<FetchAnswer>, Malformed>) {
        let mut wire = input.to_vec();
        wire.extend_from_slice(b"\r\n");
        let mut response =
            read_response(&mut wire.as_slice(), &Limits::default()).expect("a whole response");
        assert_eq!(
            &fetch_answer(&mut response),
            expected,
            "{}",
            input.escape_ascii()
        );
    }

    fn with_body(uid: Option<u32>, body: Body) -> FetchAnswer {
        FetchAnswer {
            sequence: 1,
            uid,
            body: Some(body),
            ..FetchAnswer::default()
        }
    }

    fn octets(text: &[u8]) -> Body {
        Body::Octets(text.to_vec())
    }

    #[test]
    fn fetch_answers() {
        let summary = FetchAnswer {
            sequence: 12,
            uid: Some(7),
            internal_date: Some("1996-07-17T09:44:25Z".parse().expect("a time")),
            size: Some(4286),
            body: None,
        };
        check_fetch(
            b"* 12 FETCH (UID 7 INTERNALDATE \"17-Jul-1996 02:44:25 -0700\" RFC822.SIZE 4286)",
            &Ok(Some(summary)),
        );
        let before = b"* 1 FETCH (UID 7 BODY[] {3}\r\na\r\n)";
        check_fetch(before, &Ok(Some(with_body(Some(7), octets(b"a\r\n")))));
        let after = b"* 1 fetch (FLAGS (\\Seen $X) BODY[] {3}\r\n)))uid 7)";
        check_fetch(after, &Err(Malformed));
        let after = b"* 1 fetch (FLAGS (\\Seen $X) body[] {3}\r\n))) uid 7)";
        check_fetch(after, &Ok(Some(with_body(Some(7), octets(b")))")))));
        check_fetch(
            b"* 1 FETCH (BODY[HEADER.FIELDS (\"DATE\")]<0> {2}\r\n\r\n UID 7 MODSEQ (12))",
            &Ok(Some(with_body(Some(7), octets(b"\r\n")))),
        );
        check_fetch(
            b"* 1 FETCH (BODY[] \"say \\\"x\\\"\")",
            &Ok(Some(with_body(None, octets(b"say \"x\"")))),
        );
        check_fetch(
            b"* 1 FETCH (BODY[] NIL)",
            &Ok(Some(with_body(None, Body::Nil))),
        );
        check_fetch(
            b"* 1 FETCH (INTERNALDATE NIL UID 4)",
            &Ok(Some(FetchAnswer {
                sequence: 1,
                uid: Some(4),
                ..FetchAnswer::default()
            })),
        );
        check_fetch(b"* 5 EXISTS", &Ok(None));
        check_fetch(b"* NO FETCH (", &Ok(None));
        check_fetch(b"s1 OK FETCH done", &Ok(None));
    }

    #[test]
    fn literals_of_the_wrong_size() {
        // Two octets fewer than the message has, then two more.
        check_fetch(b"* 1 FETCH (UID 7 BODY[] {3}\r\nabcde)", &Err(Malformed));
        check_fetch(
            b"* 1 FETCH (UID 7 BODY[] {7}\r\nabcde)\r\n* 2 FETCH (UID 8 BODY[] {1}\r\na)",
            &Err(Malformed),
        );
    }

    #[test]
    fn malformed_answers() {
        for text in [
            "* x FETCH (UID 1)",
            "* 1 FETCH",
            "* 1 FETCH UID 1",
            "* 1 FETCH (UID)",
            "* 1 FETCH (UID 1",
            "* 1 FETCH (UID 1) x",
            "* 1 FETCH (BODY[ 1)",
            "* 1 FETCH (X \"open)",
            "* 1 FETCH (X \"open\\",
            "* 1 FETCH (X (((()))",
            "* 1 FETCH ( )(",
        ] {
            check_fetch(text.as_bytes(), &Err(Malformed));
        }
        let deep = format!(
            "* 1 FETCH (X {}{} UID 3)",
            "(".repeat(200_000),
            ")".repeat(200_000)
        );
        check_fetch(
            deep.as_bytes(),
            &Ok(Some(FetchAnswer {
                sequence: 1,
                uid: Some(3),
                ..FetchAnswer::default()
            })),
        );
    }

    #[test]
    fn kinds() {
        let check = |text: &'static str, expected: Kind<'static>| {
            assert_eq!(kind(text.as_bytes()), expected);
        };
        check("* 5 EXISTS", Kind::Data(b"5 EXISTS"));
        check(
            "* bye x",
            Kind::Untagged {
                status: Status::Bye,
                text: b"x",
            },
        );
        check(
            "s1 OK [READ-ONLY] done",
            Kind::Tagged {
                tag: b"s1",
                status: Status::Ok,
                text: b"[READ-ONLY] done",
            },
        );
        check(
            "s1 NO",
            Kind::Tagged {
                tag: b"s1",
                status: Status::No,
                text: b"",
            },
        );
        check("+ go on", Kind::Continuation);
        check("+", Kind::Continuation);
        for noise in ["", " ", "*", "\u{e9}\u{e9} OK x", "s1 MAYBE", "Subject: OK"] {
            check(noise, Kind::Noise);
        }
    }

    #[test]
    fn response_codes() {
        let check = |text: &str, name: &str, expected: Option<&str>| {
            let found = response_code(text.as_bytes(), name);
            assert_eq!(found, expected.map(str::as_bytes), "{text}");
        };
        check("[UIDVALIDITY 7] ok", "UIDVALIDITY", Some("7"));
        check("[read-only]", "READ-ONLY", Some(""));
        check("[READ-ONLY", "READ-ONLY", None);
        check("READ-ONLY] x", "READ-ONLY", None);
        check("[UIDNEXT 7]", "UIDVALIDITY", None);
    }

    #[test]
    fn internal_dates() {
        #[track_caller]
        fn check(text: &str, expected: Option<&str>) {
            let found = internal_date(text.as_bytes()).map(|t| t.to_string());
            assert_eq!(found.as_deref(), expected, "{text}");
        }
        check("17-Jul-1996 02:44:25 -0700", Some("1996-07-17T09:44:25Z"));
        check(" 1-feb-2024 00:00:00 +0000", Some("2024-02-01T00:00:00Z"));
        check("01-FEB-2024 23:59:59 +0530", Some("2024-02-01T18:29:59Z"));
        for bad in [
            "",
            "NIL",
            "31-Feb-2024 00:00:00 +0000",
            "01-Xxx-2024 00:00:00 +0000",
            "01-Feb-2024 00:00:00",
            "\u{ff}",
        ] {
            check(bad, None);
        }
    }
}
