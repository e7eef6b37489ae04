//! The token endpoint (RFC 6749, 3.2): one request over verified HTTPS, and the token or why there is none.

use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretString};
use ureq::http::Uri;
use ureq::tls::{PemItem, RootCerts, TlsConfig, TlsProvider, parse_pem};

use super::{Token, answer};
use crate::source::SourceError;

/// No token answer comes near: a provider's page of HTML may.
const LONGEST_ANSWER: u64 = 256 << 10;

/// The address of a token endpoint: `https`, or `http` on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenUrl {
    text: String,
    host: String,
    is_loopback: bool,
}

impl TokenUrl {
    /// Reads an address.
    ///
    /// # Errors
    /// What to write instead.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        const SHAPE: &str = "this is no address of a token endpoint: write it like https://login.acme.example/oauth2/token";
        let uri: Uri = text.parse().map_err(|_| SHAPE)?;
        let host = uri.host().filter(|host| !host.is_empty()).ok_or(SHAPE)?;
        if uri.authority().is_some_and(|a| a.as_str().contains('@')) {
            return Err(
                "a secret does not belong into an address: use client_id and client_secret_env",
            );
        }
        let is_loopback = crate::source::imap::is_loopback(host);
        match uri.scheme_str() {
            Some("https") => {}
            Some("http") if is_loopback => {}
            Some("http") => {
                return Err(
                    "the client's secret would cross the network in the clear: write https://",
                );
            }
            _ => return Err(SHAPE),
        }
        Ok(Self {
            host: host.to_owned(),
            is_loopback,
            text: text.to_owned(),
        })
    }

    /// The token endpoint of a Microsoft 365 tenant, by its domain or id.
    ///
    /// # Errors
    /// What to write instead.
    pub fn microsoft(tenant: &str) -> Result<Self, &'static str> {
        let is_word = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'.';
        if tenant.is_empty() || !tenant.bytes().all(is_word) {
            return Err("write the tenant's id, or one of its domains: acme.onmicrosoft.com");
        }
        Self::parse(&format!(
            "https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token"
        ))
    }

    /// The whole address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Its host alone, for people.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }
}

/// A token endpoint, the connection to which is kept for the next request.
#[derive(Debug)]
pub(super) struct Endpoint {
    url: TokenUrl,
    ca_file: Option<PathBuf>,
    timeout: Duration,
    agent: OnceLock<ureq::Agent>,
}

impl Endpoint {
    pub(super) fn new(url: TokenUrl, ca_file: Option<PathBuf>, timeout: Duration) -> Self {
        Self {
            url,
            ca_file,
            timeout,
            agent: OnceLock::new(),
        }
    }

    /// RFC 6749, 4.4.
    pub(super) fn client_credentials(
        &self,
        client: &str,
        secret: &SecretString,
        scope: Option<&str>,
        in_form: bool,
    ) -> Result<Token, SourceError> {
        let mut form = vec![("grant_type", "client_credentials")];
        form.extend(scope.map(|scope| ("scope", scope)));
        let secret = secret.expose_secret();
        if in_form {
            form.extend([("client_id", client), ("client_secret", secret)]);
            return self.post(&form, None);
        }
        // Both are written as in a form before they are joined (RFC 6749, 2.3.1): a colon in them must not divide them.
        let pair = format!("{}:{}", escaped(client), escaped(secret));
        self.post(&form, Some(format!("Basic {}", STANDARD.encode(pair))))
    }

    /// RFC 7523, 2.1.
    pub(super) fn jwt_bearer(&self, assertion: &str) -> Result<Token, SourceError> {
        let grant = "urn:ietf:params:oauth:grant-type:jwt-bearer";
        self.post(&[("grant_type", grant), ("assertion", assertion)], None)
    }

    fn post(
        &self,
        form: &[(&str, &str)],
        authorization: Option<String>,
    ) -> Result<Token, SourceError> {
        let mut request = self
            .agent()?
            .post(self.url.as_str())
            .header("accept", "application/json");
        if let Some(value) = authorization {
            request = request.header("authorization", value);
        }
        let unreached = |e| answer::unreached(&self.url, &e);
        let mut response = request.send_form(form.iter().copied()).map_err(unreached)?;
        let status = response.status().as_u16();
        let wait = response.headers().get("retry-after");
        let wait = wait.and_then(|value| value.to_str().ok()?.trim().parse().ok());
        let body = response
            .body_mut()
            .with_config()
            .limit(LONGEST_ANSWER)
            .read_to_vec();
        let body = body.map_err(unreached)?;
        answer::read(&self.url, status, wait.map(Duration::from_secs), &body)
    }

    fn agent(&self) -> Result<&ureq::Agent, SourceError> {
        if let Some(agent) = self.agent.get() {
            return Ok(agent);
        }
        let tls = TlsConfig::builder()
            .provider(TlsProvider::NativeTls)
            .root_certs(self.roots()?)
            .build();
        let mut config = ureq::Agent::config_builder()
            .https_only(!self.url.is_loopback)
            .http_status_as_error(false)
            // A secret goes where the configuration says, and nowhere else.
            .max_redirects(0)
            .timeout_global(Some(self.timeout))
            .user_agent(concat!("sent-audit/", env!("CARGO_PKG_VERSION")))
            .tls_config(tls);
        if self.url.is_loopback {
            config = config.proxy(None);
        }
        Ok(self.agent.get_or_init(|| config.build().into()))
    }

    fn roots(&self) -> Result<RootCerts, SourceError> {
        let Some(file) = &self.ca_file else {
            return Ok(RootCerts::PlatformVerifier);
        };
        let unusable = |why: &str| answer::bad_ca_file(file, why);
        let pem = std::fs::read(file).map_err(|e| unusable(&e.to_string()))?;
        let mut certificates = Vec::new();
        for item in parse_pem(&pem) {
            if let PemItem::Certificate(certificate) = item.map_err(|e| unusable(&e.to_string()))? {
                certificates.push(certificate);
            }
        }
        if certificates.is_empty() {
            return Err(unusable("no certificate in it"));
        }
        Ok(RootCerts::new_with_certs(&certificates))
    }
}

/// As in a form (`application/x-www-form-urlencoded`).
fn escaped(text: &str) -> String {
    text.bytes()
        .map(|b| match b {
            b' ' => "+".to_owned(),
            b if b.is_ascii_alphanumeric() || b"*-._".contains(&b) => char::from(b).to_string(),
            b => format!("%{b:02X}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        #[track_caller]
        fn check(text: &str, expected: Result<&str, &str>) {
            let found = TokenUrl::parse(text);
            match (&found, expected) {
                (Ok(url), Ok(host)) => assert_eq!(url.host(), host),
                (Err(problem), Err(sign)) => assert!(problem.contains(sign), "{problem}"),
                _ => panic!("{text}: {found:?}"),
            }
        }
        check("https://id.acme.example/token?x=1", Ok("id.acme.example"));
        check("http://127.0.0.1:8080/token", Ok("127.0.0.1"));
        check("http://localhost/token", Ok("localhost"));
        check("http://[::1]:8080/token", Ok("[::1]"));
        check("http://id.acme.example/token", Err("in the clear"));
        check("http://localhost.example/token", Err("in the clear"));
        check(
            "https://me:hidden@id.acme.example/",
            Err("secret does not belong"),
        );
        check("ftp://id.acme.example/", Err("no address"));
        check("id.acme.example/token", Err("no address"));
        check("/token", Err("no address"));
        check("", Err("no address"));
    }

    #[test]
    fn tenants() {
        let url = TokenUrl::microsoft("acme.onmicrosoft.com").expect("a tenant");
        assert_eq!(
            url.as_str(),
            "https://login.microsoftonline.com/acme.onmicrosoft.com/oauth2/v2.0/token"
        );
        for wrong in ["", "a/b", "a?b", "a b", "a@b"] {
            assert!(TokenUrl::microsoft(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn escapes() {
        assert_eq!(escaped("a b:c%ü-._*"), "a+b%3Ac%25%C3%BC-._*");
    }
}
