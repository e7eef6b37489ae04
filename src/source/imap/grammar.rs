//! What kind of response a line is, and the small words in it.

use jiff::Timestamp;
use jiff::fmt::strtime;

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

#[cfg(test)]
mod tests {
    use super::*;

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
