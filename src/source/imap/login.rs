//! Greeting and login through the `imap` crate, every refusal told apart.

use std::io::{BufRead, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};

use secrecy::{ExposeSecret, SecretString};

use super::bearer::{Bearer, TokenRefusal};
use super::credentials::{Credentials, Proof};
use super::refusal;
use super::shared::Shared;
use super::starttls::check_greeting;
use crate::finding::Stage;
use crate::source::SourceError;

/// Runs a call of the crate, which panics on some answers.
pub(super) fn guarded<T>(stage: Stage, call: impl FnOnce() -> T) -> Result<T, SourceError> {
    catch_unwind(AssertUnwindSafe(call))
        .map_err(|_| refusal::protocol(stage, "the server's answer cannot be read"))
}

/// SASL PLAIN (RFC 4616).
struct Plain<'a> {
    authzid: &'a str,
    user: &'a str,
    password: &'a SecretString,
}

impl imap::Authenticator for Plain<'_> {
    type Response = String;

    fn process(&self, _challenge: &[u8]) -> String {
        let Self {
            authzid,
            user,
            password,
        } = self;
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
    credentials: &Credentials<'_>,
) -> Result<imap::Session<Shared<C>>, SourceError> {
    let session = match &credentials.proof {
        Proof::Password { value, .. } => {
            with_password(client, shared, capabilities, credentials, value)
        }
        Proof::Token {
            mechanism, token, ..
        } => {
            let server = credentials.server;
            let address = (server.host.as_str(), server.port);
            let bearer = Bearer::new(*mechanism, &credentials.user, address, token);
            with_token(client, shared, capabilities, credentials, &bearer)
        }
    }?;
    credentials.server.accepted.note(credentials.login);
    Ok(session)
}

fn with_password<C: BufRead + Write>(
    client: imap::Client<Shared<C>>,
    shared: &Shared<C>,
    capabilities: &[String],
    credentials: &Credentials<'_>,
    password: &SecretString,
) -> Result<imap::Session<Shared<C>>, SourceError> {
    let Credentials { user, authzid, .. } = credentials;
    let offers = |name: &str| capabilities.iter().any(|c| c == name);
    let is_ascii = user.is_ascii() && password.expose_secret().is_ascii();
    // LOGIN has no way to say anything but ASCII, and some servers have switched it off in favour of SASL.
    let sasl_instead = offers("AUTH=PLAIN") && (offers("LOGINDISABLED") || !is_ascii);
    let result = if authzid.is_some() || sasl_instead {
        let plain = Plain {
            authzid: authzid.as_deref().unwrap_or_default(),
            user,
            password,
        };
        guarded(Stage::Login, || {
            without_client(client.authenticate("PLAIN", &plain))
        })?
    } else if offers("LOGINDISABLED") {
        return Err(refusal::refused(
            Stage::Login,
            "the server takes no login here",
            b"LOGINDISABLED",
        ));
    } else {
        guarded(Stage::Login, || {
            without_client(client.login(user, password.expose_secret()))
        })?
    };
    result.map_err(|e| password_refused(credentials, failure(Stage::Login, shared, &e)))
}

fn with_token<C: BufRead + Write>(
    client: imap::Client<Shared<C>>,
    shared: &Shared<C>,
    capabilities: &[String],
    credentials: &Credentials<'_>,
    bearer: &Bearer<'_>,
) -> Result<imap::Session<Shared<C>>, SourceError> {
    let mechanism = bearer.mechanism.name();
    let offered = |c: &String| c.strip_prefix("AUTH=") == Some(mechanism);
    if !capabilities.iter().any(offered) {
        let others: Vec<_> = capabilities
            .iter()
            .filter_map(|c| c.strip_prefix("AUTH="))
            .collect();
        let others = refusal::quoted(others.join(", ").as_bytes());
        return Err(SourceError::new(
            Stage::Login,
            "mechanism-not-offered",
            format!("the server does not offer {mechanism}; it offers: {others}"),
            "use an auth method that it offers, or have it switched on there; no token was sent",
        ));
    }
    let result = guarded(Stage::Login, || {
        without_client(client.authenticate(mechanism, bearer))
    })?;
    result.map_err(|e| token_refused(credentials, bearer, failure(Stage::Login, shared, &e)))
}

/// Tells a wrong password from one that is right, but not for this mailbox.
fn password_refused(credentials: &Credentials<'_>, mut error: SourceError) -> SourceError {
    if error.code != "wrong-password" {
        return error;
    }
    let Credentials { server, login, .. } = credentials;
    let is_shared = matches!(credentials.proof, Proof::Password { is_shared, .. } if is_shared);
    if is_shared && server.accepted.has_others(login) {
        return no_access(credentials, error);
    }
    error.what_to_do = credentials.advice();
    error
}

/// Tells a token that has ended from one that is for something else, and from a mailbox that it does not open.
fn token_refused(
    credentials: &Credentials<'_>,
    bearer: &Bearer<'_>,
    mut error: SourceError,
) -> SourceError {
    if error.code != "wrong-password" {
        return error;
    }
    let Credentials { server, login, .. } = credentials;
    let said = bearer.refusal();
    if let TokenRefusal::NotThisScope(scope) = &said {
        error.code = "token-scope";
        error.detail = format!("{}; the token lacks the scope {scope}", error.detail);
        error.what_to_do = format!(
            "have the token issued for this scope (auth in [servers.{}])",
            server.name
        );
    } else if bearer.token.has_ended() || server.accepted.has(login) {
        error.code = "token-expired";
        error.detail = format!("{}; the token has expired, or was revoked", error.detail);
        error.what_to_do = format!("have it renewed: {}", credentials.advice());
    } else if server.accepted.has_others(login) {
        return no_access(credentials, error);
    } else {
        error.code = "token-refused";
        if let TokenRefusal::NotThis(status) = &said {
            error.detail = format!(
                "{} (the server's word for the token: {status})",
                error.detail
            );
        }
        error.what_to_do = format!(
            "{}: the token must be for this server (scope, audience), the mailbox must exist, and the client must have \
             the right to it (Exchange: Add-MailboxPermission for the service principal)",
            credentials.advice()
        );
    }
    error
}

fn no_access(credentials: &Credentials<'_>, mut error: SourceError) -> SourceError {
    error.code = "no-access";
    error.what_to_do = format!(
        "check that the mailbox {} exists, that IMAP is switched on for it, and that the login has the right to it: the \
         same login opened other mailboxes",
        refusal::quoted(credentials.login.as_bytes())
    );
    error
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
mod tests;
