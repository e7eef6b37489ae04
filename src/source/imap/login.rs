//! Greeting and login through the `imap` crate, every refusal told apart.

use std::io::{BufRead, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};

use secrecy::{ExposeSecret, SecretString};

use super::refusal;
use super::shared::Shared;
use super::starttls::check_greeting;
use super::{Auth, Secret, ServerSettings};
use crate::finding::Stage;
use crate::source::SourceError;

/// Runs a call of the crate, which panics on some answers.
pub(super) fn guarded<T>(stage: Stage, call: impl FnOnce() -> T) -> Result<T, SourceError> {
    catch_unwind(AssertUnwindSafe(call))
        .map_err(|_| refusal::protocol(stage, "the server's answer cannot be read"))
}

/// Whom to log in as.
pub(super) struct Credentials {
    user: String,
    /// Whose mailbox, if the user acts for somebody else.
    authzid: Option<String>,
    password: SecretString,
    /// What to check if the server refuses them.
    advice: String,
}

impl Credentials {
    /// Fills the templates for `login` and reads the secret.
    pub(super) fn read(server: &ServerSettings, login: &str) -> Result<Self, SourceError> {
        let fill = |template: &str| template.replace("{mailbox}", login);
        let (user, authzid, secret) = match &server.auth {
            Auth::Login { user, password } => (fill(user), None, password),
            Auth::Plain {
                authzid,
                user,
                password,
            } => (fill(user), Some(fill(authzid)), password),
            Auth::MasterUser {
                master,
                separator,
                password,
            } => (format!("{login}{separator}{master}"), None, password),
        };
        let credentials = Self {
            advice: advice(server, &user, secret),
            user,
            authzid,
            password: secret.read()?,
        };
        credentials.check()?;
        Ok(credentials)
    }

    /// A control character would end the command, or the field of RFC 4616.
    fn check(&self) -> Result<(), SourceError> {
        let names = [Some(&self.user), self.authzid.as_ref()];
        let in_names = names.iter().flatten().any(|n| n.contains(char::is_control));
        if in_names || self.password.expose_secret().contains(char::is_control) {
            return Err(SourceError::new(
                Stage::Login,
                "bad-credentials",
                "the user name or the password holds a control character",
                self.advice.clone(),
            ));
        }
        Ok(())
    }

    fn is_ascii(&self) -> bool {
        self.user.is_ascii() && self.password.expose_secret().is_ascii()
    }
}

fn advice(server: &ServerSettings, user: &str, secret: &Secret) -> String {
    format!(
        "check the user name \"{}\" and the password from {secret} (auth in [servers.{}])",
        refusal::quoted(user.as_bytes()),
        server.name
    )
}

/// SASL PLAIN (RFC 4616).
struct Plain<'a>(&'a Credentials);

impl imap::Authenticator for Plain<'_> {
    type Response = String;

    fn process(&self, _challenge: &[u8]) -> String {
        let Credentials {
            user,
            authzid,
            password,
            ..
        } = self.0;
        let authzid = authzid.as_deref().unwrap_or_default();
        format!("{authzid}\0{user}\0{}", password.expose_secret())
    }
}

/// Makes a client of the crate; reads the greeting unless STARTTLS has done so.
pub(super) fn greet<C: BufRead + Write>(
    shared: &Shared<C>,
    greeted: bool,
) -> Result<imap::Client<Shared<C>>, SourceError> {
    let mut client = imap::Client::new(shared.clone());
    if !greeted {
        let greeting = guarded(Stage::Connect, || client.read_greeting())?
            .map_err(|e| failure(Stage::Connect, shared, &e))?;
        check_greeting(&greeting)?;
    }
    Ok(client)
}

/// Logs in by the means that the settings and the server agree on.
pub(super) fn log_in<C: BufRead + Write>(
    client: imap::Client<Shared<C>>,
    shared: &Shared<C>,
    capabilities: &[String],
    credentials: &Credentials,
) -> Result<imap::Session<Shared<C>>, SourceError> {
    let offers = |name: &str| capabilities.iter().any(|c| c == name);
    // LOGIN has no way to say anything but ASCII, and some servers have switched it off in favour of SASL.
    let sasl_instead = offers("AUTH=PLAIN") && (offers("LOGINDISABLED") || !credentials.is_ascii());
    let result = if credentials.authzid.is_some() || sasl_instead {
        guarded(Stage::Login, || {
            without_client(client.authenticate("PLAIN", &Plain(credentials)))
        })?
    } else if offers("LOGINDISABLED") {
        return Err(refusal::refused(
            Stage::Login,
            "the server takes no login here",
            b"LOGINDISABLED",
        ));
    } else {
        guarded(Stage::Login, || {
            let password = credentials.password.expose_secret();
            without_client(client.login(&credentials.user, password))
        })?
    };
    result.map_err(|e| {
        let mut error = failure(Stage::Login, shared, &e);
        if error.code == "wrong-password" {
            error.what_to_do.clone_from(&credentials.advice);
        }
        error
    })
}

/// A refused client is of no use: the next try is on a new connection.
fn without_client<S, C>(result: Result<S, (imap::Error, C)>) -> Result<S, imap::Error> {
    result.map_err(|(error, _)| error)
}

/// Translates an error of the crate; never shows what was sent.
pub(super) fn failure<C>(stage: Stage, shared: &Shared<C>, error: &imap::Error) -> SourceError {
    if let Some(text) = shared.farewell() {
        return refusal::bye(stage, &text);
    }
    match error {
        imap::Error::No(no) => {
            let mut error = refusal::refused(
                stage,
                "the server refused the login",
                no.information.as_bytes(),
            );
            if error.code == "server-refused" {
                // RFC 9051, 6.2.3: NO to a login means that the name or the password was rejected.
                error.code = "wrong-password";
            }
            error
        }
        imap::Error::Bad(bad) => refusal::refused(
            stage,
            "the server did not accept the login",
            bad.information.as_bytes(),
        ),
        imap::Error::Io(e) => refusal::io(stage, e),
        imap::Error::ConnectionLost => {
            refusal::framing(stage, &super::framing::FramingError::Closed)
        }
        _ => refusal::protocol(stage, "the server's answer to the login cannot be read")
            .worth_retrying(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::imap::scripted::Scripted;

    fn credentials(password: &str, authzid: Option<&str>) -> Credentials {
        Credentials {
            user: "ana".to_owned(),
            authzid: authzid.map(str::to_owned),
            password: SecretString::from(password),
            advice: "check IMAP_PASSWORD".to_owned(),
        }
    }

    fn log_in_with(
        script: &str,
        capabilities: &[&str],
        credentials: &Credentials,
    ) -> (Result<(), SourceError>, String) {
        let shared = Shared::new(Scripted::new(script));
        let capabilities: Vec<_> = capabilities.iter().map(|&c| c.to_owned()).collect();
        let client = greet(&shared, true).expect("no greeting is read");
        let result = log_in(client, &shared, &capabilities, credentials).map(|_| ());
        let sent = shared.lock().sent();
        (result, sent)
    }

    #[track_caller]
    fn check_sent(script: &str, capabilities: &[&str], credentials: &Credentials, expected: &str) {
        let (result, sent) = log_in_with(script, capabilities, credentials);
        result.expect("a login");
        assert_eq!(sent, expected);
    }

    #[test]
    fn ways_in() {
        let ok = "a1 OK in\r\n";
        let challenge = "+ \r\na1 OK in\r\n";
        check_sent(
            ok,
            &[],
            &credentials("a\"b", None),
            "a1 LOGIN \"ana\" \"a\\\"b\"\r\n",
        );
        // "\0ana\0x" and "bob\0ana\0x".
        let plain = "a1 AUTHENTICATE PLAIN\r\nAGFuYQB4\r\n";
        let disabled = ["LOGINDISABLED", "AUTH=PLAIN"];
        check_sent(challenge, &disabled, &credentials("x", None), plain);
        let acting = "a1 AUTHENTICATE PLAIN\r\nYm9iAGFuYQB4\r\n";
        check_sent(challenge, &[], &credentials("x", Some("bob")), acting);
        let umlaut = "a1 AUTHENTICATE PLAIN\r\nAGFuYQDDvA==\r\n";
        check_sent(challenge, &["AUTH=PLAIN"], &credentials("ü", None), umlaut);
    }

    #[track_caller]
    fn check_refused(script: &str, code: &str) {
        let (result, _) = log_in_with(script, &[], &credentials("s3cret", None));
        let error = result.expect_err("a refusal");
        assert_eq!(error.code, code, "{script}");
        assert!(!format!("{error:?}").contains("s3cret"));
        if code == "wrong-password" {
            assert_eq!(error.what_to_do, "check IMAP_PASSWORD");
        }
    }

    #[test]
    fn refusals() {
        check_refused(
            "a1 NO [AUTHENTICATIONFAILED] Authentication failed.\r\n",
            "wrong-password",
        );
        check_refused(
            "a1 NO s3cret?no\r\n".replace("s3cret", "").as_str(),
            "wrong-password",
        );
        check_refused("a1 NO [PRIVACYREQUIRED] Plaintext\r\n", "plaintext-refused");
        check_refused("a1 BAD syntax\r\n", "server-refused");
        check_refused("* BYE Too many connections\r\n", "connection-limit");
        check_refused("* BYE good night\r\n", "bye");
        check_refused("", "connection-lost");
        check_refused("\u{ff}\u{ff}\r\n", "connection-lost");
        check_refused("a7 OK\r\n", "protocol");
    }

    #[test]
    fn login_switched_off() {
        let (result, sent) = log_in_with("", &["LOGINDISABLED"], &credentials("x", None));
        assert_eq!(result.expect_err("a refusal").code, "plaintext-refused");
        assert_eq!(sent, "", "no password may be sent");
    }
}
