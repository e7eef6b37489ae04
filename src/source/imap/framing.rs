//! Splits what an IMAP server sends into responses: a line with its literals (RFC 9051, 4.3), each under a cap.

use std::io::{self, BufRead};
use std::ops::ControlFlow;

/// The longest text of one response, its literals not counted.
const LINE_LIMIT: usize = 1 << 20;

/// The longest literal that is kept.
///
/// Larger than any limit we know of for sent mail (Microsoft 365: 150 MB); a server that announces more is lying or
/// would push the audit out of memory.
pub const LITERAL_LIMIT: u64 = 256 << 20;

/// The longest literal that is read and thrown away to stay in step; RFC 9051 allows 32-bit numbers.
const DISCARD_LIMIT: u64 = u32::MAX as u64;

/// Room reserved on the strength of an announcement alone; more is taken as the octets arrive.
const TRUSTED_RESERVE: u64 = 4 << 20;

/// What [`read_response`] accepts.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Octets of text in one response.
    pub line: usize,
    /// Octets kept of all literals of one response.
    pub literal: u64,
    /// Octets of one literal that is read without being kept.
    pub discard: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            line: LINE_LIMIT,
            literal: LITERAL_LIMIT,
            discard: DISCARD_LIMIT,
        }
    }
}

/// One response as it arrived.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Response {
    /// Its lines without line ends, joined; where a literal stood the text has its `{n}`.
    pub text: Vec<u8>,
    /// The literals in order.
    pub literals: Vec<Literal>,
}

/// A counted string.
#[derive(Debug, PartialEq, Eq)]
pub enum Literal {
    /// All its octets.
    Whole(Vec<u8>),
    /// Its size; over the cap, so its octets were thrown away.
    TooLarge(u64),
    /// A [`Taker`] has its octets.
    Taken,
}

/// Takes literals as they arrive, so that they need not fit into memory.
pub trait Taker {
    /// Whether it takes the literal of `size` octets that `text`, the response so far, announces at its end.
    fn begins(&mut self, text: &[u8], size: u64) -> bool {
        let _ = (text, size);
        false
    }

    /// Takes the next octets of that literal. Break: it wants no more, and nobody reads on.
    fn takes(&mut self, piece: &[u8]) -> ControlFlow<()> {
        let _ = piece;
        ControlFlow::Continue(())
    }
}

/// Takes nothing: every literal is kept.
#[derive(Debug, Clone, Copy)]
pub struct Keep;

impl Taker for Keep {}

/// Why no response could be read; the connection is of no use any more.
#[derive(Debug, thiserror::Error)]
pub enum FramingError {
    /// The socket or the TLS layer failed, or timed out.
    #[error("reading failed")]
    Io(#[source] io::Error),
    /// The server closed the connection.
    #[error("the server closed the connection")]
    Closed,
    /// The text of a response has more octets than this.
    #[error("a response line is longer than {0} octets")]
    LineTooLong(usize),
    /// A literal was announced that is too long even to be skipped.
    #[error("a literal of {0} octets was announced")]
    LiteralTooLong(u64),
    /// The [`Taker`] of a literal wanted no more.
    #[error("the rest is not wanted")]
    NotWanted,
}

/// Reads one response: up to the line end that is not followed by a literal.
///
/// # Errors
/// [`FramingError`]; what was read of the response is lost, and the reader is out of step.
pub fn read_response(reader: &mut impl BufRead, limits: &Limits) -> Result<Response, FramingError> {
    read_response_for(reader, limits, &mut Keep)
}

/// As [`read_response`], but what `taker` takes is not kept. A literal over the cap is not offered.
///
/// # Errors
/// As [`read_response`], and [`FramingError::NotWanted`].
pub fn read_response_for(
    reader: &mut impl BufRead,
    limits: &Limits,
    taker: &mut dyn Taker,
) -> Result<Response, FramingError> {
    let mut response = Response::default();
    let mut kept = 0;
    loop {
        let start = response.text.len();
        read_line(reader, &mut response.text, limits.line)?;
        if !may_carry_literals(&response.text) {
            return Ok(response);
        }
        let line = response.text.get(start..).unwrap_or_default();
        let Some(size) = announced_literal(line)? else {
            return Ok(response);
        };
        let literal = if size <= limits.literal && taker.begins(&response.text, size) {
            pass(reader, size, |piece| taker.takes(piece))?;
            Literal::Taken
        } else if size <= limits.literal.saturating_sub(kept) {
            kept += size;
            Literal::Whole(read_literal(reader, size)?)
        } else if size <= limits.discard {
            skip(reader, size)?;
            Literal::TooLarge(size)
        } else {
            return Err(FramingError::LiteralTooLong(size));
        };
        response.literals.push(literal);
    }
}

/// Appends a line without its line end. A bare LF ends a line too.
fn read_line(
    reader: &mut impl BufRead,
    text: &mut Vec<u8>,
    limit: usize,
) -> Result<(), FramingError> {
    loop {
        let available = fill(reader)?;
        let (piece, used, ended) = match memchr::memchr(b'\n', available) {
            Some(at) => (available.get(..at).unwrap_or_default(), at + 1, true),
            None => (available, available.len(), false),
        };
        if text.len() + piece.len() > limit {
            return Err(FramingError::LineTooLong(limit));
        }
        text.extend_from_slice(piece);
        reader.consume(used);
        if ended {
            if text.last() == Some(&b'\r') {
                text.pop();
            }
            return Ok(());
        }
    }
}

fn read_literal(reader: &mut impl BufRead, size: u64) -> Result<Vec<u8>, FramingError> {
    let reserve = usize::try_from(size.min(TRUSTED_RESERVE)).unwrap_or_default();
    let mut octets = Vec::with_capacity(reserve);
    pass(reader, size, |piece| {
        octets.extend_from_slice(piece);
        ControlFlow::Continue(())
    })?;
    Ok(octets)
}

fn skip(reader: &mut impl BufRead, size: u64) -> Result<(), FramingError> {
    pass(reader, size, |_| ControlFlow::Continue(()))
}

/// Hands exactly `size` octets to `take`, in pieces.
fn pass(
    reader: &mut impl BufRead,
    size: u64,
    mut take: impl FnMut(&[u8]) -> ControlFlow<()>,
) -> Result<(), FramingError> {
    let mut left = size;
    while left > 0 {
        let available = fill(reader)?;
        let wanted = usize::try_from(left).unwrap_or(usize::MAX);
        let piece = available.get(..wanted).unwrap_or(available);
        if take(piece).is_break() {
            return Err(FramingError::NotWanted);
        }
        let used = piece.len();
        reader.consume(used);
        left -= used as u64;
    }
    Ok(())
}

/// What is there to read: at least one octet.
fn fill(reader: &mut impl BufRead) -> Result<&[u8], FramingError> {
    loop {
        match reader.fill_buf() {
            Ok([]) => return Err(FramingError::Closed),
            Ok(_) => break,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => return Err(FramingError::Closed),
            Err(e) => return Err(FramingError::Io(e)),
        }
    }
    // Asked again because a borrow cannot leave the loop that may ask again; the buffer is full, so this costs nothing.
    reader.fill_buf().map_err(FramingError::Io)
}

/// The size that a line announces at its end: `{n}` or `~{n}` where a string may begin.
fn announced_literal(line: &[u8]) -> Result<Option<u64>, FramingError> {
    let Some(inner) = line.strip_suffix(b"}") else {
        return Ok(None);
    };
    let Some(brace) = memchr::memrchr(b'{', inner) else {
        return Ok(None);
    };
    let (before, digits) = inner.split_at(brace);
    let digits = digits.get(1..).unwrap_or_default();
    let before = before.strip_suffix(b"~").unwrap_or(before);
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return Ok(None);
    }
    // A mailbox or a flag may end in braces; a string begins only after a space or a parenthesis.
    if !matches!(before.last(), Some(b' ' | b'(')) {
        return Ok(None);
    }
    let size = std::str::from_utf8(digits)
        .ok()
        .and_then(|d| d.parse().ok())
        .ok_or(FramingError::LiteralTooLong(u64::MAX))?;
    Ok(Some(size))
}

/// Only untagged data carry strings; a status text for people may end in `{5}` by chance.
fn may_carry_literals(text: &[u8]) -> bool {
    let Some(rest) = text.strip_prefix(b"* ") else {
        return false;
    };
    let word = rest.split(|&b| b == b' ').next().unwrap_or_default();
    ![&b"OK"[..], b"NO", b"BAD", b"BYE", b"PREAUTH"]
        .iter()
        .any(|status| word.eq_ignore_ascii_case(status))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: Limits = Limits {
        line: 64,
        literal: 10,
        discard: 1000,
    };

    /// Reads all responses through a buffer of every small size, so that each split of the input is met.
    #[track_caller]
    fn check(input: &[u8], expected: &[(&str, &[Literal])], end: &str) {
        for capacity in [1, 2, 3, 7, 4096] {
            let mut reader = io::BufReader::with_capacity(capacity, input);
            for (text, literals) in expected {
                let response = read_response(&mut reader, &SMALL).expect("a response");
                assert_eq!(String::from_utf8_lossy(&response.text), *text);
                assert_eq!(response.literals, *literals);
            }
            let error = read_response(&mut reader, &SMALL).expect_err("an end");
            assert_eq!(error.to_string(), end);
        }
    }

    fn whole(octets: &[u8]) -> Literal {
        Literal::Whole(octets.to_vec())
    }

    const CLOSED: &str = "the server closed the connection";

    #[test]
    fn lines_and_literals() {
        check(b"", &[], CLOSED);
        check(b"* OK hi\r\n", &[("* OK hi", &[])], CLOSED);
        check(b"* OK bare\n\r\n", &[("* OK bare", &[]), ("", &[])], CLOSED);
        check(
            b"* 1 FETCH (BODY[] {5}\r\na\r\nb\0 UID 7)\r\ns1 OK done\r\n",
            &[
                ("* 1 FETCH (BODY[] {5} UID 7)", &[whole(b"a\r\nb\0")]),
                ("s1 OK done", &[]),
            ],
            CLOSED,
        );
        check(
            b"* 1 FETCH (A {2}\r\nxy B ~{0}\r\n C {1}\r\n\xff)\r\n",
            &[(
                "* 1 FETCH (A {2} B ~{0} C {1})",
                &[whole(b"xy"), whole(b""), whole(b"\xff")],
            )],
            CLOSED,
        );
    }

    #[test]
    fn braces_that_announce_nothing() {
        for line in [
            "* OK see {5}",
            "* no {5}",
            "s1 NO see {5}",
            "+ {5}",
            "* OK see {99999999999999999999999}",
            "* LIST () \"/\" odd{5}",
            "* 1 FETCH (X {})",
            "* 1 FETCH (X {5a}",
            "* 1 FETCH (X \"{5}\"",
        ] {
            check(format!("{line}\r\n").as_bytes(), &[(line, &[])], CLOSED);
        }
    }

    #[test]
    fn caps() {
        check(
            b"* 1 FETCH (A {8}\r\n12345678 B {3}\r\nabc C {2}\r\nxy)\r\n* 2 EXISTS\r\n",
            &[
                (
                    "* 1 FETCH (A {8} B {3} C {2})",
                    &[whole(b"12345678"), Literal::TooLarge(3), whole(b"xy")],
                ),
                ("* 2 EXISTS", &[]),
            ],
            CLOSED,
        );
        check(
            b"* 1 FETCH (A {1001}\r\n",
            &[],
            "a literal of 1001 octets was announced",
        );
        check(
            b"* 1 FETCH (A {99999999999999999999999}\r\n",
            &[],
            "a literal of 18446744073709551615 octets was announced",
        );
        check(
            &[b'x'; 200],
            &[],
            "a response line is longer than 64 octets",
        );
    }

    #[test]
    fn cut_off_inside_a_literal() {
        check(b"* 1 FETCH (A {9}\r\n1234", &[], CLOSED);
        check(b"* 1 FETCH (A {4}\r\n1234", &[], CLOSED);
        check(b"* 1 FETCH (A {40}\r\n1234", &[], CLOSED);
    }

    /// Takes what follows an `X`, until it has `wants` octets.
    struct Taking {
        taken: Vec<u8>,
        wants: usize,
    }

    impl Taker for Taking {
        fn begins(&mut self, text: &[u8], _: u64) -> bool {
            memchr::memmem::rfind(text, b"X {").is_some_and(|at| at + 6 > text.len())
        }

        fn takes(&mut self, piece: &[u8]) -> ControlFlow<()> {
            self.taken.extend_from_slice(piece);
            if self.taken.len() > self.wants {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        }
    }

    /// Reads a response with literals of 4, 9, 5 and 11 octets; gives what was taken of it, and the literals.
    #[track_caller]
    fn check_taken(wants: usize, taken: &str, expected: Result<&[Literal], &str>) {
        let input = b"* 1 FETCH (A {4}\r\nabcd X {9}\r\n123456789 B {5}\r\nefghi X {99}\r\n";
        let mut input = input.to_vec();
        input.extend([b'z'; 99]);
        input.extend(b")\r\n");
        for capacity in [1, 3, 4096] {
            let mut reader = io::BufReader::with_capacity(capacity, input.as_slice());
            let mut taking = Taking {
                taken: Vec::new(),
                wants,
            };
            let read = read_response_for(&mut reader, &SMALL, &mut taking);
            let read = read.map(|r| r.literals).map_err(|e| e.to_string());
            assert_eq!(
                read.as_deref().map_err(String::as_str),
                expected,
                "{capacity}"
            );
            assert!(String::from_utf8_lossy(&taking.taken).starts_with(taken));
        }
    }

    #[test]
    fn what_is_taken_is_not_kept() {
        // The two that are kept come to nine octets, under the cap of ten; the one over it is offered to nobody.
        check_taken(
            9,
            "123456789",
            Ok(&[
                whole(b"abcd"),
                Literal::Taken,
                whole(b"efghi"),
                Literal::TooLarge(99),
            ]),
        );
        check_taken(2, "123", Err("the rest is not wanted"));
    }
}
