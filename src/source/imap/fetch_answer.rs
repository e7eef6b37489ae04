//! FETCH answers: the few items that the audit asks for, in any order; what it did not ask for is passed over.

use jiff::Timestamp;

use super::cursor::{Cursor, Value};
use super::framing::{Literal, Response};
use super::grammar::{Kind, internal_date, kind, number, split_word};
use super::structure::Structure;

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
    /// `BODYSTRUCTURE`, if present and readable.
    pub structure: Option<Structure>,
    /// Every `BODY[…]` by what stands in the brackets, in upper case.
    pub sections: Vec<(String, Body)>,
}

impl FetchAnswer {
    /// The last `BODY[…]`, where only one was asked for.
    #[must_use]
    pub fn into_body(mut self) -> Option<Body> {
        self.sections.pop().map(|(_, body)| body)
    }
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
    /// Its octets were handed on while they came.
    Taken,
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
        let mut begin = cursor.clone();
        let value = cursor.value()?;
        match (name.as_slice(), &value) {
            (b"UID", Value::Atom(digits)) => answer.uid = number(digits),
            (b"RFC822.SIZE", Value::Atom(digits)) => answer.size = number(digits),
            (b"INTERNALDATE", Value::Quoted(date)) => answer.internal_date = internal_date(date),
            (b"BODYSTRUCTURE", Value::List) => answer.structure = Structure::read(&mut begin),
            (name, _) if name.starts_with(b"BODY[") => {
                let section = section(name)?;
                answer
                    .sections
                    .extend(body(value, literals).map(|body| (section, body)));
            }
            _ => {}
        }
        // A string that was longer than announced shows itself here: its tail stands where a space must be.
        if !cursor.eat(b' ') && !cursor.next_is(b')') {
            return None;
        }
        while cursor.eat(b' ') {}
    }
}

/// What stands in the brackets of `BODY[…]<…>`.
fn section(name: &[u8]) -> Option<String> {
    let inside = name.strip_prefix(b"BODY[")?;
    let (inside, _) = inside.split_at_checked(memchr::memrchr(b']', inside)?)?;
    Some(String::from_utf8_lossy(inside).into_owned())
}

fn body(value: Value<'_>, literals: &mut [Literal]) -> Option<Body> {
    match value {
        Value::Nil => Some(Body::Nil),
        Value::Quoted(octets) => Some(Body::Octets(octets.into_owned())),
        Value::Literal(index) => match literals.get_mut(index)? {
            Literal::Whole(octets) => Some(Body::Octets(std::mem::take(octets))),
            Literal::TooLarge(size) => Some(Body::TooLarge(*size)),
            Literal::Taken => Some(Body::Taken),
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

    fn with_section(uid: Option<u32>, section: &str, body: Body) -> FetchAnswer {
        FetchAnswer {
            sequence: 1,
            uid,
            sections: vec![(section.to_owned(), body)],
            ..FetchAnswer::default()
        }
    }

    fn with_body(uid: Option<u32>, body: Body) -> FetchAnswer {
        with_section(uid, "", body)
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
            ..FetchAnswer::default()
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
            &Ok(Some(with_section(
                Some(7),
                "HEADER.FIELDS (\"DATE\")",
                octets(b"\r\n"),
            ))),
        );
        check_fetch(
            b"* 1 FETCH (BODY[HEADER.FIELDS (\"X]\" Y] {1}\r\nZ)]<5> {2}\r\nab UID 7)",
            &Ok(Some(with_section(
                Some(7),
                "HEADER.FIELDS (\"X]\" Y] {1})",
                octets(b"ab"),
            ))),
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
    fn octets_that_are_no_text() {
        let answer = b"* 1 FETCH (UID 7 ENVELOPE (NIL \"\xff\xfe s\xe9nt\" ((\"\x80\" NIL \"a\" \"b\")) NIL {2}\r\n\xff\xff) \
            BODYSTRUCTURE (\"text\" \"plain\" (\"name\" \"\xe9\xff(.txt\") NIL \"\xc3\" \"8bit\" 5 1) BODY[] {1}\r\n\xff)";
        let expected = FetchAnswer {
            structure: Some(Structure::Single {
                is_text: true,
                size: 5,
            }),
            ..with_body(Some(7), octets(b"\xff"))
        };
        check_fetch(answer, &Ok(Some(expected)));
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
}
