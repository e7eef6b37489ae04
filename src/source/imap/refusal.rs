//! Why a server said no, told apart, each with what a person can do about it.

use std::io;
use std::time::Duration;

use super::framing::FramingError;
use crate::finding::Stage;
use crate::source::SourceError;

/// Characters of a server's text that an error quotes.
const QUOTED_CHARACTERS: usize = 200;

/// What a server's text reveals.
struct Mood {
    /// Lower-case words, any of which gives it away.
    signs: &'static [&'static str],
    code: &'static str,
    retryable: bool,
    what_to_do: &'static str,
}

/// In order: the first that fits holds. Response codes are those of RFC 5530 and what large providers really say.
const MOODS: [Mood; 15] = [
    Mood {
        signs: &["authenticated but not connected"],
        code: "not-connected",
        retryable: false,
        what_to_do: "give the login full access to this mailbox (Exchange: Add-MailboxPermission), check that the \
                     mailbox exists and that IMAP is enabled for it",
    },
    Mood {
        signs: &[
            "[privacyrequired]",
            "plaintext auth",
            "cleartext",
            "logindisabled",
            "login disabled",
            "login is disabled",
        ],
        code: "plaintext-refused",
        retryable: false,
        what_to_do: "set tls = \"implicit\" or \"starttls\", or another auth method: the server takes no plain LOGIN here",
    },
    Mood {
        signs: &["[expired]", "password expired", "password has expired"],
        code: "password-expired",
        retryable: false,
        what_to_do: "have the password renewed",
    },
    Mood {
        signs: &["application-specific password", "app password"],
        code: "app-password",
        retryable: false,
        what_to_do: "create an application password for this account and use it instead of the usual one",
    },
    Mood {
        signs: &["[webalert", "web browser"],
        code: "web-login",
        retryable: false,
        what_to_do: "log in with a web browser once and follow the provider's instructions",
    },
    Mood {
        signs: &[
            "[authorizationfailed]",
            "authorization failure",
            "not authorized to",
            "not authorised to",
        ],
        code: "not-authorised",
        retryable: false,
        what_to_do: "allow the login to act for this mailbox (proxy authorisation, master user)",
    },
    Mood {
        signs: &[
            "not enabled for imap",
            "imap access is disabled",
            "imap is disabled",
            "imap disabled",
        ],
        code: "imap-disabled",
        retryable: false,
        what_to_do: "switch on IMAP for this account",
    },
    Mood {
        signs: &[
            "account is locked",
            "account locked",
            "account is disabled",
            "account disabled",
            "account has been",
            "user is disabled",
            "account suspended",
        ],
        code: "account-disabled",
        retryable: false,
        what_to_do: "have the account unlocked, or its mailbox made readable for another login",
    },
    Mood {
        signs: &[
            "[nonexistent]",
            "unknown user",
            "user unknown",
            "no such user",
            "user not found",
            "user doesn't exist",
            "user does not exist",
            "mailbox not found",
        ],
        code: "unknown-mailbox",
        retryable: false,
        what_to_do: "check the roster's `mailbox`: the server knows no such account",
    },
    Mood {
        signs: &[
            "[limit]",
            "too many simultaneous connections",
            "too many connections",
            "maximum number of connections",
        ],
        code: "connection-limit",
        retryable: true,
        what_to_do: "lower `connections` of this server, or close other programs that are logged in to this account",
    },
    Mood {
        signs: &[
            "[throttled]",
            "[overquota]",
            "throttl",
            "backoff time",
            "too many",
            "maximum number of",
            "rate limit",
            "bandwidth",
        ],
        code: "throttled",
        retryable: true,
        what_to_do: "lower `connections` of this server, or run again later; what is done is kept",
    },
    Mood {
        signs: &[
            "[authenticationfailed]",
            "invalid credentials",
            "authentication failed",
            "login failed",
            "authenticate failed",
        ],
        code: "wrong-password",
        retryable: false,
        what_to_do: "",
    },
    Mood {
        signs: &[
            "[unavailable]",
            "[inuse]",
            "temporar",
            "try again",
            "not available",
        ],
        code: "unavailable",
        retryable: true,
        what_to_do: "run again later; if it stays, ask the server's administrator",
    },
    Mood {
        signs: &["[serverbug]", "internal error"],
        code: "server-error",
        retryable: true,
        what_to_do: "ask the server's administrator to look into the server's log",
    },
    Mood {
        signs: &["[contactadmin]"],
        code: "contact-admin",
        retryable: false,
        what_to_do: "ask the server's administrator",
    },
];

fn mood(text: &str) -> Option<&'static Mood> {
    let text = text.to_lowercase();
    MOODS
        .iter()
        .find(|mood| mood.signs.iter().any(|sign| text.contains(sign)))
}

/// A server's text, fit to be shown: no control characters, not too long.
pub(super) fn quoted(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    let shown: String = text
        .trim()
        .chars()
        .take(QUOTED_CHARACTERS)
        .map(|c| if is_safe(c) { c } else { '\u{fffd}' })
        .collect();
    if shown.is_empty() {
        "(no reason given)".to_owned()
    } else {
        shown
    }
}

/// Neither a control character nor one that turns the direction of text around.
fn is_safe(c: char) -> bool {
    !c.is_control()
        && !matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A tagged NO or BAD, or a BYE, where nothing more special is known.
pub(super) fn refused(stage: Stage, what: &str, text: &[u8]) -> SourceError {
    let said = quoted(text);
    let detail = format!("{what}: {said}");
    match mood(&said) {
        // Only a login can fail for its password or its user; elsewhere the words mean something else.
        Some(mood)
            if stage == Stage::Login
                || !matches!(mood.code, "wrong-password" | "unknown-mailbox") =>
        {
            SourceError {
                stage,
                code: mood.code,
                detail,
                retryable: mood.retryable,
                what_to_do: mood.what_to_do.to_owned(),
            }
        }
        _ => SourceError::new(
            stage,
            "server-refused",
            detail,
            "ask the server's administrator why it refuses this",
        ),
    }
}

/// The server hung up with a word.
pub(super) fn bye(stage: Stage, text: &[u8]) -> SourceError {
    let error = refused(stage, "the server hung up", text);
    if error.code != "server-refused" {
        return error;
    }
    SourceError::new(
        stage,
        "bye",
        error.detail,
        "run again; if it stays, ask the server's administrator",
    )
    .worth_retrying()
}

/// How long the server asked to be left alone, at most a quarter of an hour: Exchange writes `Suggested Backoff Time: 2500
/// milliseconds`.
#[must_use]
pub fn asked_to_wait(error: &SourceError) -> Option<Duration> {
    const LONGEST: Duration = Duration::from_secs(15 * 60);
    let said = error.detail.to_ascii_lowercase();
    let (_, rest) = said.split_once("backoff time:")?;
    let rest = rest.trim_start();
    let end = rest
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(rest.len());
    let digits = rest.get(..end).filter(|digits| !digits.is_empty())?;
    let wait = digits.parse().map_or(LONGEST, Duration::from_millis);
    Some(wait.min(LONGEST))
}

/// The server says what the protocol does not allow, or what we cannot read.
pub(super) fn protocol(stage: Stage, detail: impl Into<String>) -> SourceError {
    SourceError::new(
        stage,
        "protocol",
        detail,
        "check that host and port name an IMAP server; if they do, report this with the server's name and version",
    )
}

/// A failing socket or TLS layer.
pub(super) fn io(stage: Stage, error: &io::Error) -> SourceError {
    match error.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => SourceError::new(
            stage,
            "timeout",
            "the server did not answer in time",
            if stage == Stage::Connect {
                "check that `port` and `tls` of this server fit (993 is for \"implicit\", 143 for \"starttls\"), or raise `timeout`"
            } else {
                "run again; if it stays, raise `timeout` of this server"
            },
        ),
        _ => SourceError::new(
            stage,
            "connection-lost",
            format!("the connection broke: {error}"),
            "run again; what is done is kept",
        ),
    }
    .worth_retrying()
}

/// No response could be read.
pub(super) fn framing(stage: Stage, error: &FramingError) -> SourceError {
    match error {
        FramingError::Io(e) => io(stage, e),
        FramingError::Closed => SourceError::new(
            stage,
            "connection-lost",
            "the server closed the connection",
            "run again; what is done is kept",
        )
        .worth_retrying(),
        FramingError::LineTooLong(_)
        | FramingError::LiteralTooLong(_)
        | FramingError::NotWanted => protocol(stage, error.to_string()).worth_retrying(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(stage: Stage, text: &str, code: &str, retryable: bool) {
        let error = refused(stage, "refused", text.as_bytes());
        assert_eq!((error.code, error.retryable), (code, retryable), "{text}");
    }

    #[test]
    fn moods() {
        use Stage::{Fetch, List, Login};
        check(
            Login,
            "[AUTHENTICATIONFAILED] Authentication failed.",
            "wrong-password",
            false,
        );
        check(Login, "LOGIN failed.", "wrong-password", false);
        check(
            List,
            "User is authenticated but not connected.",
            "not-connected",
            false,
        );
        check(
            Login,
            "[PRIVACYREQUIRED] Plaintext authentication disallowed",
            "plaintext-refused",
            false,
        );
        check(
            Login,
            "[UNAVAILABLE] Temporary authentication failure.",
            "unavailable",
            true,
        );
        check(
            Login,
            "[LIMIT] Too many simultaneous connections",
            "connection-limit",
            true,
        );
        check(
            Fetch,
            "Request is throttled. Suggested Backoff Time: 123 milliseconds",
            "throttled",
            true,
        );
        check(
            Fetch,
            "[OVERQUOTA] Account exceeded command or bandwidth limits",
            "throttled",
            true,
        );
        check(Login, "[AUTHORIZATIONFAILED] nope", "not-authorised", false);
        check(
            Login,
            "[ALERT] Application-specific password required",
            "app-password",
            false,
        );
        check(
            Login,
            "[ALERT] Your account is not enabled for IMAP use. (Failure)",
            "imap-disabled",
            false,
        );
        check(Login, "Account is locked", "account-disabled", false);
        check(Login, "Unknown user", "unknown-mailbox", false);
        check(
            List,
            "[NONEXISTENT] Mailbox doesn't exist",
            "server-refused",
            false,
        );
        check(
            List,
            "authentication failed upstream",
            "server-refused",
            false,
        );
    }

    #[test]
    fn foreign_text_is_tamed() {
        assert_eq!(
            quoted(b"a\x1b[31m\r\nb\xff"),
            "a\u{fffd}[31m\u{fffd}\u{fffd}b\u{fffd}"
        );
        assert_eq!(quoted(b""), "(no reason given)");
        assert_eq!(quoted(&[b'x'; 1000]).chars().count(), QUOTED_CHARACTERS);
    }

    #[test]
    fn hanging_up_is_worth_a_retry() {
        let error = bye(Stage::Fetch, b"Server shutting down.");
        assert_eq!((error.code, error.retryable), ("bye", true));
        let error = bye(Stage::Connect, b"Too many connections from your IP");
        assert_eq!((error.code, error.retryable), ("connection-limit", true));
    }

    #[test]
    fn servers_say_how_long_to_wait() {
        for (text, expected) in [
            (
                "Request is throttled. Suggested Backoff Time: 2500 milliseconds",
                Some(2_500),
            ),
            (
                "[THROTTLED] suggested backoff time:7 milliseconds.",
                Some(7),
            ),
            (
                "Backoff Time: 99999999999999999999 milliseconds",
                Some(900_000),
            ),
            ("Backoff Time: soon", None),
            ("slow down", None),
        ] {
            let error = refused(Stage::Fetch, "refused", text.as_bytes());
            let wait = expected.map(Duration::from_millis);
            assert_eq!(asked_to_wait(&error), wait, "{text}");
        }
    }
}
