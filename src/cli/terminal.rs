//! Text on a terminal: foreign words cannot drive it, and nobody minds a closed pipe.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::{self, ErrorKind, Write};

use super::status::Failure;
use crate::audit::AuditError;
use crate::source::SourceError;

/// Foreign text with everything made visible that a terminal would obey: control characters (C0, DEL, C1), and the marks
/// that change the direction or the lines of text (Unicode Annex 9; `U+2028`, `U+2029`).
pub(super) fn terminal_safe(text: &str) -> Cow<'_, str> {
    if !text.contains(is_dangerous) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_dangerous(c) {
            write!(safe, "{}", c.escape_default()).expect("writing to a string cannot fail");
        } else {
            safe.push(c);
        }
    }
    Cow::Owned(safe)
}

fn is_dangerous(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Standard output. A reader that has gone away (`| head`) has seen enough: what follows is thrown away.
pub(super) struct Terminal;

impl Write for Terminal {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        quiet(io::stdout().lock().write(octets), octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        quiet(io::stdout().lock().flush(), ())
    }
}

fn quiet<T>(result: io::Result<T>, instead: T) -> io::Result<T> {
    match result {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(instead),
        result => result,
    }
}

/// Writes to standard output.
///
/// # Errors
/// A full disk behind a redirection.
pub(super) fn say(text: &str) -> Result<(), Failure> {
    Terminal
        .write_all(text.as_bytes())
        .and_then(|()| Terminal.flush())
        .map_err(|error| {
            Failure::failed(anyhow::Error::new(error).context("cannot write to standard output"))
        })
}

/// Prints a failure once, with its causes and what to do, on standard error.
pub(super) fn complain(failure: &Failure) {
    // With standard error closed there is nobody to tell.
    let _ = io::stderr().lock().write_all(complaint(failure).as_bytes());
}

fn complaint(failure: &Failure) -> String {
    let mut text = String::new();
    let mut add = |what: &str, words: &str| {
        writeln!(text, "{what}: {}", terminal_safe(words))
            .expect("writing to a string cannot fail");
    };
    let mut last = failure.error.to_string();
    add("error", &last);
    for cause in failure.error.chain().skip(1) {
        let words = cause.to_string();
        // A transparent error repeats the words of its source.
        if words != last {
            add("  because", &words);
        }
        last = words;
    }
    if let Some(advice) = advice(&failure.error) {
        add("  what to do", advice);
    }
    text
}

fn advice(error: &anyhow::Error) -> Option<&str> {
    // A transparent error hides its source from the chain, so it is asked itself.
    let source = match error.downcast_ref::<AuditError>() {
        Some(AuditError::Source(source)) => Some(source),
        _ => error
            .chain()
            .find_map(|cause| cause.downcast_ref::<SourceError>()),
    };
    source
        .map(|s| s.what_to_do.as_str())
        .filter(|w| !w.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(terminal_safe(text), expected);
    }

    #[test]
    fn foreign_text_cannot_drive_a_terminal() {
        check("Enviados José 😀", "Enviados José 😀");
        check("\x1b]0;pwned\x07", "\\u{1b}]0;pwned\\u{7}");
        check("a\nb\tc\r", "a\\nb\\tc\\r");
        check("\u{9b}2J", "\\u{9b}2J");
        check("a\u{202e}fdp.exe", "a\\u{202e}fdp.exe");
        check("\u{7f}", "\\u{7f}");
    }

    #[test]
    fn a_failure_is_told_once_with_causes_and_advice() {
        let source = SourceError {
            stage: crate::finding::Stage::List,
            code: "unreadable",
            detail: "cannot list x".to_owned(),
            retryable: false,
            what_to_do: "name another path".to_owned(),
        };
        let failure = Failure::from(AuditError::Source(source));
        assert_eq!(
            complaint(&failure),
            "error: cannot list x\n  what to do: name another path\n"
        );
        let inner = io::Error::other("disk \x1b[31mfull");
        let failure = Failure::failed(anyhow::Error::new(inner).context("cannot write x"));
        assert_eq!(
            complaint(&failure),
            "error: cannot write x\n  because: disk \\u{1b}[31mfull\n"
        );
    }
}
