//! Access tokens (RFC 6749): where they come from, and those that are still good, shared by all connections.

mod answer;
mod endpoint;
mod service_account;

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret, SecretString};

use super::Secret;
use crate::finding::Stage;
use crate::source::SourceError;

pub use endpoint::TokenUrl;
pub use service_account::check_key_file;

/// What a token lives where nobody says how long: providers give an hour, and whoever printed it may have had it for long.
const UNSAID: Duration = Duration::from_secs(5 * 60);

/// A token is renewed so long before its end, or a tenth of its life before if that is shorter: a login must not meet its
/// end on the way.
const MARGIN: Duration = Duration::from_secs(5 * 60);

/// After a refusal made us ask for another token, the next refusals do not: it is not the token, then.
const RENEWED_LATELY: Duration = Duration::from_secs(30);

/// A token that was got so lately is as good as another one would be.
const GOT_LATELY: Duration = Duration::from_secs(1);

/// A refusal that concerns everybody is not asked for again for so long.
const REFUSED_LATELY: Duration = Duration::from_secs(60);

/// Where access tokens come from, and those that are still good. Clones share them.
#[derive(Debug, Clone)]
pub struct Tokens(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    origin: TokenOrigin,
    endpoint: Option<endpoint::Endpoint>,
    /// By whom they are for: nobody in particular (an empty name), or a login.
    slots: Mutex<BTreeMap<String, Arc<Mutex<Slot>>>>,
    /// A refusal that meets everybody, and when it was met.
    refusal: Mutex<Option<(Instant, SourceError)>>,
}

/// Where access tokens come from.
#[derive(Debug, Clone)]
pub enum TokenOrigin {
    /// Somebody else gets them: `{mailbox}` in a command's arguments stands for the account's login.
    Given(Secret),
    /// The client-credentials grant (RFC 6749, 4.4): one token for all mailboxes.
    ClientCredentials {
        /// The token endpoint.
        url: TokenUrl,
        /// PEM file with the CA to trust there instead of the system's.
        ca_file: Option<PathBuf>,
        /// `client_id`.
        client: String,
        /// Where the client's secret comes from.
        secret: Secret,
        /// Scopes, separated by spaces.
        scope: Option<String>,
        /// Whether the client says who it is in the form, as Microsoft's documentation has it, or by HTTP Basic, which every
        /// server must take (RFC 6749, 2.3.1).
        in_form: bool,
    },
    /// A Google service account with domain-wide delegation: a token for each mailbox, for a signed JWT (RFC 7523).
    ServiceAccount {
        /// The key file, as Google gives it (JSON).
        file: PathBuf,
        /// The token endpoint that the key file names.
        url: TokenUrl,
        /// PEM file with the CA to trust there instead of the system's.
        ca_file: Option<PathBuf>,
        /// Scopes, separated by spaces.
        scope: String,
    },
}

/// The place, for people.
impl fmt::Display for TokenOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Given(secret) => write!(f, "{secret}"),
            Self::ClientCredentials { url, client, .. } => {
                write!(f, "client {client} at {}", url.host())
            }
            Self::ServiceAccount { file, .. } => write!(f, "service account {}", file.display()),
        }
    }
}

/// Locked while a token is asked for: everybody else who wants the same one waits for it instead of asking, too.
#[derive(Debug, Default)]
struct Slot {
    token: Option<Token>,
    /// When a server's refusal last made us ask for another.
    replaced: Option<Instant>,
}

/// For whom a token is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Whom<'a> {
    /// The account's login in the roster.
    pub(super) login: &'a str,
    /// The user as whom to log in.
    pub(super) user: &'a str,
}

/// A token that may be shown to a server.
#[derive(Debug, Clone)]
pub(super) struct Token {
    value: SecretString,
    got: Instant,
    /// From then on another is asked for.
    stale: Instant,
    /// When it ends, if anybody said so.
    ends: Option<Instant>,
}

impl Token {
    fn new(value: SecretString, life: Option<Duration>) -> Self {
        let now = Instant::now();
        let known = life.or_else(|| life_told_by(value.expose_secret()));
        let life = known.unwrap_or(UNSAID);
        Self {
            value,
            got: now,
            stale: later(now, life.saturating_sub(MARGIN.min(life / 10))),
            ends: known.map(|known| later(now, known)),
        }
    }

    pub(super) fn expose(&self) -> &str {
        self.value.expose_secret()
    }

    pub(super) fn has_ended(&self) -> bool {
        self.ends.is_some_and(|end| end <= Instant::now())
    }

    fn is_fresh(&self) -> bool {
        Instant::now() < self.stale
    }

    fn is(&self, other: &Self) -> bool {
        self.expose() == other.expose()
    }
}

/// So much later, or in a day: nothing here lives as long.
fn later(now: Instant, wait: Duration) -> Instant {
    now + wait.min(Duration::from_secs(24 * 60 * 60))
}

/// How long a token that is a JWT still lives, by its own word (RFC 7519, 4.1.4).
///
/// Only its issuer's servers can judge that word: here it decides nothing but when to ask for another.
fn life_told_by(token: &str) -> Option<Duration> {
    let claims = token
        .split('.')
        .nth(1)
        .filter(|_| token.matches('.').count() == 2)?;
    let claims = URL_SAFE_NO_PAD.decode(claims).ok()?;
    let claims: serde_json::Value = serde_json::from_slice(&claims).ok()?;
    let end = Duration::from_secs(claims.get("exp")?.as_u64()?);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).ok()?;
    Some(end.saturating_sub(now))
}

impl Tokens {
    /// Tokens from `origin`, none of which is got yet; `timeout` holds for each request.
    #[must_use]
    pub fn new(origin: TokenOrigin, timeout: Duration) -> Self {
        let endpoint =
            match &origin {
                TokenOrigin::Given(_) => None,
                TokenOrigin::ClientCredentials { url, ca_file, .. }
                | TokenOrigin::ServiceAccount { url, ca_file, .. } => Some(
                    endpoint::Endpoint::new(url.clone(), ca_file.clone(), timeout),
                ),
            };
        Self(Arc::new(Shared {
            origin,
            endpoint,
            slots: Mutex::default(),
            refusal: Mutex::default(),
        }))
    }

    /// Where they come from.
    #[must_use]
    pub fn origin(&self) -> &TokenOrigin {
        &self.0.origin
    }

    /// A token for somebody: one that was got before, or another if that one is about to end.
    ///
    /// # Errors
    /// Every refusal told apart, with what to do.
    pub(super) fn get(&self, whom: Whom<'_>) -> Result<Token, SourceError> {
        let slot = self.slot(whom);
        let mut slot = lock(&slot);
        if let Some(token) = slot.token.as_ref().filter(|token| token.is_fresh()) {
            return Ok(token.clone());
        }
        let token = self.request(whom)?;
        Ok(slot.token.insert(token).clone())
    }

    /// Another token instead of one that a server refused; nothing if there is no other, or if the last one was replaced
    /// just now.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub(super) fn replace(
        &self,
        whom: Whom<'_>,
        refused: &Token,
    ) -> Result<Option<Token>, SourceError> {
        let slot = self.slot(whom);
        let mut slot = lock(&slot);
        // Another connection may have met the same refusal first.
        if let Some(token) = slot.token.as_ref().filter(|token| !token.is(refused)) {
            return Ok(Some(token.clone()));
        }
        let is_new = refused.got.elapsed() < GOT_LATELY;
        if is_new
            || slot
                .replaced
                .is_some_and(|at| at.elapsed() < RENEWED_LATELY)
        {
            return Ok(None);
        }
        slot.replaced = Some(Instant::now());
        slot.token = None;
        let token = self.request(whom)?;
        let other = (!token.is(refused)).then(|| token.clone());
        slot.token = Some(token);
        Ok(other)
    }

    fn slot(&self, whom: Whom<'_>) -> Arc<Mutex<Slot>> {
        let whose = match &self.0.origin {
            TokenOrigin::Given(secret) if !secret.names_mailbox() => "",
            TokenOrigin::ClientCredentials { .. } => "",
            TokenOrigin::Given(_) => whom.login,
            TokenOrigin::ServiceAccount { .. } => whom.user,
        };
        Arc::clone(lock(&self.0.slots).entry(whose.to_owned()).or_default())
    }

    fn request(&self, whom: Whom<'_>) -> Result<Token, SourceError> {
        let met = lock(&self.0.refusal).clone();
        if let Some((_, error)) = met.filter(|(at, _)| at.elapsed() < REFUSED_LATELY) {
            return Err(error);
        }
        let token = self.request_from_origin(whom).inspect_err(|error| {
            if answer::meets_everybody(error.code) {
                *lock(&self.0.refusal) = Some((Instant::now(), error.clone()));
            }
        })?;
        if is_sendable(token.expose()) {
            return Ok(token);
        }
        Err(SourceError::new(
            Stage::Login,
            "bad-credentials",
            format!(
                "what {} gives is no token: it holds characters that none may have",
                self.0.origin
            ),
            "have it give the access token alone, in one line",
        ))
    }

    fn request_from_origin(&self, whom: Whom<'_>) -> Result<Token, SourceError> {
        match (&self.0.origin, &self.0.endpoint) {
            (
                TokenOrigin::ClientCredentials {
                    client,
                    secret,
                    scope,
                    in_form,
                    ..
                },
                Some(endpoint),
            ) => {
                let secret = secret.read("client secret", whom.login)?;
                endpoint.client_credentials(client, &secret, scope.as_deref(), *in_form)
            }
            (TokenOrigin::ServiceAccount { file, scope, .. }, Some(endpoint)) => {
                let assertion = service_account::assertion(file, whom.user, scope)?;
                endpoint.jwt_bearer(assertion.expose_secret())
            }
            (TokenOrigin::Given(secret), _) => {
                Ok(Token::new(secret.read("token", whom.login)?, None))
            }
            (_, None) => unreachable!("an endpoint is made for every origin that has one"),
        }
    }
}

/// `b64token` of RFC 6750, 2.1, and what providers add to it: anything else could end the field it stands in.
fn is_sendable(token: &str) -> bool {
    !token.is_empty() && token.bytes().all(|b| b.is_ascii_graphic())
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What is behind these locks is whole at every moment.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whom(name: &str) -> Whom<'_> {
        Whom {
            login: name,
            user: name,
        }
    }

    fn jwt(end: u64) -> String {
        let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
        let claims = format!("{{\"exp\":{end}}}");
        [part("{}"), part(&claims), part("signature")].join(".")
    }

    #[test]
    fn the_life_of_a_token() {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap()
            .as_secs();
        let seconds = |token: &str| life_told_by(token).map(|life| life.as_secs());
        assert!((3590..=3600).contains(&seconds(&jwt(now + 3600)).unwrap()));
        assert_eq!(seconds(&jwt(now - 10)), Some(0));
        for opaque in ["ya29.a0Af", "a.b.c", "a.bm8.c", "e30.e30.e30", ""] {
            assert_eq!(seconds(opaque), None, "{opaque}");
        }
        let ended = Token::new(SecretString::from(jwt(now - 10)), None);
        assert!(ended.has_ended() && !ended.is_fresh());
        let unsaid = Token::new(SecretString::from("t"), None);
        assert!(!unsaid.has_ended() && unsaid.is_fresh());
        let endless = Token::new(SecretString::from("t"), Some(Duration::MAX));
        assert!(!endless.has_ended() && endless.is_fresh());
        assert!(!format!("{ended:?}").contains("e30"));
    }

    /// Tokens that a command prints: the number of its calls, for each login its own count if it is told the login.
    fn counted(directory: &std::path::Path, arguments: &[&str]) -> Tokens {
        let script = "echo x >>\"$0.$1\"; echo \"$1-$(wc -l <\"$0.$1\")\"";
        let count = directory.join("count").display().to_string();
        let words = ["sh", "-c", script, &count]
            .into_iter()
            .chain(arguments.iter().copied());
        let secret = Secret::Command(words.map(str::to_owned).collect());
        Tokens::new(TokenOrigin::Given(secret), Duration::from_secs(5))
    }

    #[test]
    fn a_token_is_got_once_and_shared() {
        let directory = tempfile::tempdir().unwrap();
        let tokens = counted(directory.path(), &["all"]);
        std::thread::scope(|scope| {
            for name in ["ana", "bob", "ana", "eva"] {
                let tokens = tokens.clone();
                scope.spawn(move || assert_eq!(tokens.get(whom(name)).unwrap().expose(), "all-1"));
            }
        });
        let own = counted(directory.path(), &["{mailbox}"]);
        for (name, expected) in [("ana", "ana-1"), ("bob", "bob-1"), ("ana", "ana-1")] {
            assert_eq!(own.get(whom(name)).unwrap().expose(), expected);
        }
    }

    #[test]
    fn a_refused_token_is_replaced_once() {
        let directory = tempfile::tempdir().unwrap();
        let tokens = counted(directory.path(), &["all"]);
        let first = tokens.get(whom("ana")).unwrap();
        assert!(
            tokens.replace(whom("ana"), &first).unwrap().is_none(),
            "it is new"
        );
        let old = Token {
            got: first.got.checked_sub(GOT_LATELY).unwrap(),
            ..first.clone()
        };
        let second = tokens.replace(whom("ana"), &old).unwrap().expect("another");
        assert_eq!(second.expose(), "all-2");
        // Whoever still holds the first one is given the second; the second is not at fault so soon.
        assert_eq!(
            tokens
                .replace(whom("bob"), &old)
                .unwrap()
                .expect("another")
                .expose(),
            "all-2"
        );
        let old = Token {
            got: second.got.checked_sub(GOT_LATELY).unwrap(),
            ..second
        };
        assert!(tokens.replace(whom("bob"), &old).unwrap().is_none());
        assert_eq!(tokens.get(whom("bob")).unwrap().expose(), "all-2");
    }

    #[test]
    fn what_is_no_token_goes_nowhere() {
        let printed = |text: &str| {
            let words = ["printf", "%s", text].map(str::to_owned);
            let secret = Secret::Command(words.to_vec());
            let tokens = Tokens::new(TokenOrigin::Given(secret), Duration::from_secs(5));
            tokens
                .get(whom("ana"))
                .map(|token| token.expose().to_owned())
                .map_err(|e| e.code)
        };
        assert_eq!(printed("ya29.A-_~+/="), Ok("ya29.A-_~+/=".to_owned()));
        assert_eq!(printed("a\u{1}user=bob"), Err("bad-credentials"));
        assert_eq!(printed("log in first"), Err("bad-credentials"));
        assert_eq!(printed(""), Err("no-secret"));
    }
}
