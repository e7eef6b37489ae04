//! Reads secrets where the configuration says they are; errors name the place, never the value.

use std::fmt;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use secrecy::{ExposeSecret, SecretString};

use crate::finding::Stage;
use crate::source::SourceError;

/// Where a secret comes from; its value is read when it is needed and never printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Secret {
    /// An environment variable.
    Env(String),
    /// A file's first line.
    File(PathBuf),
    /// First line of a command's standard output; never a shell. `{mailbox}` in an argument stands for the account's login.
    Command(Vec<String>),
    /// An entry of the system's keyring: Secret Service, Keychain, Credential Manager. `{mailbox}` in the user stands for the
    /// account's login.
    Keyring {
        /// What the secret is for.
        service: String,
        /// Whose it is there.
        user: String,
    },
}

/// Whether this build of the program can read the keyring.
pub const HAS_KEYRING: bool = cfg!(feature = "keyring");

/// What stands for the account's login in a command's arguments.
const MAILBOX: &str = "{mailbox}";

/// The place, for people.
impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => write!(f, "environment variable {name}"),
            Self::File(path) => write!(f, "file {}", path.display()),
            // Arguments may tell more about the secret than a report should.
            Self::Command(words) => {
                write!(f, "command {}", words.first().map_or("", String::as_str))
            }
            Self::Keyring { service, user } => write!(f, "keyring entry {service} of {user}"),
        }
    }
}

impl Secret {
    /// Reads it; `what` it is, for people. `login` is the account's.
    ///
    /// # Errors
    /// Names the variable, file or program, never the value.
    pub fn read(&self, what: &str, login: &str) -> Result<SecretString, SourceError> {
        let missing = |why: &str| self.missing(what, why);
        let whole = match self {
            Self::Env(name) => std::env::var_os(name)
                .ok_or_else(|| missing("is not set"))
                .map(|value| value.to_string_lossy().into_owned())?,
            Self::File(path) => {
                std::fs::read_to_string(path).map_err(|e| missing(&e.kind().to_string()))?
            }
            Self::Command(words) => run(words, login).map_err(|why| missing(&why))?,
            Self::Keyring { service, user } => {
                let user = user.replace(MAILBOX, login);
                from_keyring(service, &user).map_err(|why| missing(&why))?
            }
        };
        let whole = SecretString::from(whole);
        let line = whole.expose_secret().lines().next().unwrap_or_default();
        if line.is_empty() {
            return Err(missing("gives nothing"));
        }
        Ok(SecretString::from(line))
    }

    /// Whether each account has its own.
    #[must_use]
    pub fn names_mailbox(&self) -> bool {
        match self {
            Self::Command(words) => words.iter().skip(1).any(|word| word.contains(MAILBOX)),
            Self::Keyring { user, .. } => user.contains(MAILBOX),
            Self::Env(_) | Self::File(_) => false,
        }
    }

    fn missing(&self, what: &str, why: &str) -> SourceError {
        SourceError::new(
            Stage::Login,
            "no-secret",
            format!("the {what} is missing: {self} {why}"),
            format!("make {self} give the {what}, or name another place in `auth`"),
        )
    }
}

/// What a command prints; or why it does not, without its words.
fn run(words: &[String], login: &str) -> Result<String, String> {
    let (program, arguments) = words.split_first().ok_or("names no program")?;
    // A login out of a roster must not become an option.
    if login.starts_with('-') && arguments.iter().any(|word| word.starts_with(MAILBOX)) {
        return Err("is not run for a login that begins with `-`".to_owned());
    }
    // Its standard error is the person's: a password manager asks there.
    let output = Command::new(program)
        .args(arguments.iter().map(|word| word.replace(MAILBOX, login)))
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|e| e.kind().to_string())?;
    if !output.status.success() {
        return Err(format!("failed ({})", output.status));
    }
    String::from_utf8(output.stdout).map_err(|_| "gives no UTF-8 text".to_owned())
}

#[cfg(feature = "keyring")]
fn from_keyring(service: &str, user: &str) -> Result<String, String> {
    use keyring::{Entry, Error};
    // What went wrong when the keyring was looked for is told once, by another call.
    let reason = |error| match (error, Entry::store_status()) {
        (Error::NoEntry, _) => "is not there".to_owned(),
        (Error::NoDefaultStore, Err(why)) => format!("cannot be asked for: {why}"),
        (error, _) => format!("cannot be read: {error}"),
    };
    Entry::new(service, user)
        .and_then(|entry| entry.get_password())
        .map_err(reason)
}

#[cfg(not(feature = "keyring"))]
fn from_keyring(_: &str, _: &str) -> Result<String, String> {
    Err("cannot be read by this build of sent-audit: build it with --features keyring".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(secret: &Secret, expected: Result<&str, &str>) {
        match (secret.read("password", "ana"), expected) {
            (Ok(found), Ok(expected)) => assert_eq!(found.expose_secret(), expected),
            (Err(found), Err(expected)) => assert_eq!(found.detail, expected),
            (found, _) => panic!(
                "expected {expected:?}, found {:?}",
                found.map(|_| "a secret")
            ),
        }
    }

    fn command(words: &[&str]) -> Secret {
        Secret::Command(words.iter().map(|&w| w.to_owned()).collect())
    }

    #[test]
    fn secrets() {
        check(
            &Secret::Env("SENT_AUDIT_NOT_SET".to_owned()),
            Err("the password is missing: environment variable SENT_AUDIT_NOT_SET is not set"),
        );
        let file = tempfile::NamedTempFile::new().expect("a file");
        let path = Secret::File(file.path().to_owned());
        let gives_nothing = format!("the password is missing: {path} gives nothing");
        check(&path, Err(&gives_nothing));
        std::fs::write(file.path(), " ünter wegs \r\nsecond\n").expect("written");
        check(&path, Ok(" ünter wegs "));
        check(
            &command(&["printf", "%s;%s\n", "a b", "$HOME"]),
            Ok("a b;$HOME"),
        );
        check(&command(&["printf", "%s", "for {mailbox}"]), Ok("for ana"));
        check(
            &command(&["sh", "-c", "echo hidden; exit 3"]),
            Err("the password is missing: command sh failed (exit status: 3)"),
        );
        check(
            &command(&["/does/not/exist", "hidden"]),
            Err("the password is missing: command /does/not/exist entity not found"),
        );
        check(
            &command(&[]),
            Err("the password is missing: command  names no program"),
        );
    }

    #[test]
    fn a_login_never_becomes_an_option() {
        let echo = command(&["echo", "{mailbox}"]);
        let error = echo.read("token", "-n").expect_err("a refusal");
        let why = "the token is missing: command echo is not run for a login that begins with `-`";
        assert_eq!(error.detail, why);
        assert!(
            command(&["echo", "--user={mailbox}"])
                .read("token", "-n")
                .is_ok()
        );
    }
}
