//! Reads secrets where the configuration says they are; errors name the place, never the value.

use std::fmt;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use secrecy::SecretString;

use crate::finding::Stage;
use crate::source::SourceError;

/// Where a secret comes from; its value is read when it is needed and never printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Secret {
    /// An environment variable.
    Env(String),
    /// A file's first line.
    File(PathBuf),
    /// First line of a command's standard output; never a shell.
    Command(Vec<String>),
}

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
        }
    }
}

impl Secret {
    /// Reads it.
    ///
    /// # Errors
    /// Names the variable, file or program, never the value.
    pub fn read(&self) -> Result<SecretString, SourceError> {
        let whole = match self {
            Self::Env(name) => std::env::var_os(name)
                .ok_or_else(|| self.missing("is not set"))
                .map(|value| value.to_string_lossy().into_owned())?,
            Self::File(path) => {
                std::fs::read_to_string(path).map_err(|e| self.missing(&e.kind().to_string()))?
            }
            Self::Command(words) => self.run(words)?,
        };
        let line = whole.lines().next().unwrap_or_default();
        if line.is_empty() {
            return Err(self.missing("gives nothing"));
        }
        Ok(SecretString::from(line))
    }

    fn run(&self, words: &[String]) -> Result<String, SourceError> {
        let (program, arguments) = words
            .split_first()
            .ok_or_else(|| self.missing("names no program"))?;
        // Its standard error is the person's: a password manager asks there.
        let output = Command::new(program)
            .args(arguments)
            .stdin(Stdio::null())
            .stderr(Stdio::inherit())
            .output()
            .map_err(|e| self.missing(&e.kind().to_string()))?;
        if !output.status.success() {
            return Err(self.missing(&format!("failed ({})", output.status)));
        }
        String::from_utf8(output.stdout).map_err(|_| self.missing("gives no UTF-8 text"))
    }

    fn missing(&self, why: &str) -> SourceError {
        SourceError::new(
            Stage::Login,
            "no-secret",
            format!("the password is missing: {self} {why}"),
            format!("make {self} give the password, or name another place in `auth`"),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    #[track_caller]
    fn check(secret: &Secret, expected: Result<&str, &str>) {
        match (secret.read(), expected) {
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
}
