//! A Google service account's key, and the assertion by which it asks for a token as one of the domain's users (RFC 7523).

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use secrecy::{ExposeSecret, SecretSlice, SecretString};
use serde::Deserialize;
use serde_json::json;

use super::TokenUrl;
use crate::finding::Stage;
use crate::source::SourceError;

/// The longest that Google allows.
const LIFE_SECONDS: u64 = 60 * 60;

/// A service account.
struct Account {
    email: String,
    key_id: Option<String>,
    url: TokenUrl,
    audience: String,
    key: RsaKeyPair,
}

/// The key file as Google gives it; it holds more that is not needed here.
#[derive(Deserialize)]
struct KeyFile {
    r#type: String,
    client_email: String,
    private_key: String,
    private_key_id: Option<String>,
    token_uri: String,
}

/// The token endpoint of a key file in order.
///
/// # Errors
/// What is wrong with the file; never anything out of its key.
pub fn check_key_file(file: &Path) -> Result<TokenUrl, String> {
    Account::read(file).map(|account| account.url)
}

/// A signed request to act as `user`, as a JWT (RFC 7519).
pub(super) fn assertion(file: &Path, user: &str, scope: &str) -> Result<SecretString, SourceError> {
    let signed = Account::read(file).and_then(|account| {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let now = now.map_err(|_| "this machine's clock is before 1970".to_owned())?;
        account.sign(user, scope, now.as_secs())
    });
    signed.map(SecretString::from).map_err(|problem| {
        SourceError::new(
            Stage::Login,
            "no-secret",
            problem,
            "set `service_account_file` to a key of the service account, in JSON as Google gives it",
        )
    })
}

impl Account {
    fn read(file: &Path) -> Result<Self, String> {
        let name = file.display();
        let text = std::fs::read_to_string(file).map_err(|e| format!("cannot read {name}: {e}"))?;
        let text = SecretString::from(text);
        // What the parser says may quote the file: it is not repeated.
        let file: KeyFile = serde_json::from_str(text.expose_secret()).map_err(|_| {
            format!("{name} is no key of a service account (JSON as Google gives it)")
        })?;
        let private_key = SecretString::from(file.private_key);
        if file.r#type != "service_account" {
            return Err(format!(
                "{name} is no key of a service account: its `type` is another"
            ));
        }
        Ok(Self {
            key: rsa_key(private_key.expose_secret()).ok_or_else(|| {
                format!("{name}: its `private_key` is no RSA key in PEM (PKCS #8)")
            })?,
            email: file.client_email,
            key_id: file.private_key_id,
            url: TokenUrl::parse(&file.token_uri)
                .map_err(|problem| format!("{name}: `token_uri`: {problem}"))?,
            audience: file.token_uri,
        })
    }

    fn sign(&self, user: &str, scope: &str, now: u64) -> Result<String, String> {
        let header = json!({ "alg": "RS256", "typ": "JWT", "kid": self.key_id });
        let claims = json!({
            "iss": self.email,
            "sub": user,
            "scope": scope,
            "aud": self.audience,
            "iat": now,
            "exp": now + LIFE_SECONDS,
        });
        let encoded = |value: &serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let mut token = format!("{}.{}", encoded(&header), encoded(&claims));
        let mut signature = vec![0; self.key.public().modulus_len()];
        self.key
            .sign(
                &RSA_PKCS1_SHA256,
                &SystemRandom::new(),
                token.as_bytes(),
                &mut signature,
            )
            .map_err(|_| "the service account's key cannot sign".to_owned())?;
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut token);
        Ok(token)
    }
}

/// An RSA key out of PEM (RFC 7468).
fn rsa_key(pem: &str) -> Option<RsaKeyPair> {
    let body = pem
        .trim()
        .strip_prefix("-----BEGIN PRIVATE KEY-----")?
        .strip_suffix("-----END PRIVATE KEY-----")?;
    let body: String = body.split_ascii_whitespace().collect();
    let body = SecretString::from(body);
    let der = SecretSlice::from(STANDARD.decode(body.expose_secret()).ok()?);
    RsaKeyPair::from_pkcs8(der.expose_secret()).ok()
}
