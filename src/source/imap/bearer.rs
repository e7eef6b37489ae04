//! Logging in with an access token: SASL XOAUTH2 and OAUTHBEARER (RFC 7628), and what a refusal means.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use serde::Deserialize;
use serde_json::Value;

use super::refusal;
use super::token::Token;

/// How a token is shown to the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BearerMechanism {
    /// Google's and Microsoft's.
    Xoauth2,
    /// The standard's (RFC 7628).
    OauthBearer,
}

impl BearerMechanism {
    /// As the protocol names it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Xoauth2 => "XOAUTH2",
            Self::OauthBearer => "OAUTHBEARER",
        }
    }
}

/// One login with a token.
pub(super) struct Bearer<'a> {
    pub(super) mechanism: BearerMechanism,
    pub(super) user: &'a str,
    pub(super) host: &'a str,
    pub(super) port: u16,
    pub(super) token: &'a Token,
    exchanges: AtomicUsize,
    /// What the server said of the token before it refused the login.
    verdict: Mutex<Option<Verdict>>,
}

/// What the server said of a token that it refused.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum TokenRefusal {
    /// Nothing: Exchange Online says the same for everything.
    Unexplained,
    /// That it takes not this one; its word for it.
    NotThis(String),
    /// That it is for something else than this scope.
    NotThisScope(String),
}

/// The error challenge: RFC 7628, 3.2.2, and what Google made of it before.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Verdict {
    /// A word of RFC 6750, 3.1, or an HTTP status.
    status: Value,
    /// The scope that is needed.
    scope: Option<String>,
}

impl<'a> Bearer<'a> {
    pub(super) fn new(
        mechanism: BearerMechanism,
        user: &'a str,
        (host, port): (&'a str, u16),
        token: &'a Token,
    ) -> Self {
        Self {
            mechanism,
            user,
            host,
            port,
            token,
            exchanges: AtomicUsize::new(0),
            verdict: Mutex::default(),
        }
    }

    fn initial(&self) -> String {
        let Self {
            user, host, port, ..
        } = self;
        let token = self.token.expose();
        match self.mechanism {
            BearerMechanism::Xoauth2 => format!("user={user}\x01auth=Bearer {token}\x01\x01"),
            BearerMechanism::OauthBearer => {
                // A saslname (RFC 5801, 4): a comma would end it.
                let user = user.replace('=', "=3D").replace(',', "=2C");
                format!("n,a={user},\x01host={host}\x01port={port}\x01auth=Bearer {token}\x01\x01")
            }
        }
    }

    /// What a refusal of this login means.
    pub(super) fn refusal(&self) -> TokenRefusal {
        let verdict = self.verdict.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(verdict) = verdict.as_ref() else {
            return TokenRefusal::Unexplained;
        };
        let status = match &verdict.status {
            Value::String(word) => refusal::quoted(word.as_bytes()),
            other => other.to_string(),
        };
        if matches!(status.as_str(), "insufficient_scope" | "403") {
            let scope = verdict.scope.as_deref().unwrap_or_default();
            return TokenRefusal::NotThisScope(refusal::quoted(scope.as_bytes()));
        }
        TokenRefusal::NotThis(status)
    }
}

impl imap::Authenticator for Bearer<'_> {
    type Response = String;

    fn process(&self, challenge: &[u8]) -> String {
        if self.exchanges.fetch_add(1, Ordering::Relaxed) == 0 {
            return self.initial();
        }
        let verdict = serde_json::from_slice(challenge).unwrap_or_default();
        *self.verdict.lock().unwrap_or_else(PoisonError::into_inner) = Some(verdict);
        // The server refuses only after an answer, which says nothing: each mechanism has its own nothing (RFC 7628, 3.2.3).
        match self.mechanism {
            BearerMechanism::Xoauth2 => String::new(),
            BearerMechanism::OauthBearer => "\x01".to_owned(),
        }
    }
}
