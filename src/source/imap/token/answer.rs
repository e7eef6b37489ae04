//! What a token endpoint answered: a token (RFC 6749, 5.1), or a refusal (5.2) with what a person can do about it.

use std::io;
use std::path::Path;
use std::time::Duration;

use secrecy::SecretString;
use serde::Deserialize;
use serde_json::Value;

use super::{Token, TokenUrl};
use crate::finding::Stage;
use crate::source::SourceError;
use crate::source::imap::{refusal, tls};

/// What an endpoint's words reveal.
struct Reason {
    /// Lower-case words, any of which gives it away.
    signs: &'static [&'static str],
    code: &'static str,
    what_to_do: &'static str,
}

/// In order: the first that fits holds. `AADSTS` numbers are Microsoft's, the sentences are Google's, the single words are
/// those of RFC 6749, 5.2.
const REASONS: [Reason; 13] = [
    Reason {
        signs: &["aadsts7000222"],
        code: "client-secret-expired",
        what_to_do: "have a new secret made for the application (Entra: Certificates & secrets) and put it where the \
                     configuration says",
    },
    Reason {
        signs: &["aadsts7000215", "aadsts7000216"],
        code: "invalid-client",
        what_to_do: "use the client secret's value, not its id (Entra: Certificates & secrets)",
    },
    Reason {
        signs: &["aadsts700016", "aadsts7000112"],
        code: "invalid-client",
        what_to_do: "check `client_id` and `tenant`: the application must be registered, and switched on, in this tenant",
    },
    Reason {
        signs: &["aadsts90002", "aadsts900023", "aadsts900021"],
        code: "unknown-tenant",
        what_to_do: "set `tenant` to the tenant's id or one of its domains",
    },
    Reason {
        signs: &["aadsts53003", "aadsts53000", "aadsts530036"],
        code: "policy",
        what_to_do: "a conditional-access policy forbids this login from here: have it allow the application, or run \
                     where it may",
    },
    Reason {
        signs: &["invalid email or user id"],
        code: "unknown-mailbox",
        what_to_do: "check the roster's `mailbox`: it must be the primary address of an account of the domain that is not \
                     suspended or deleted",
    },
    Reason {
        signs: &["reasonable timeframe", "token must be a short-lived"],
        code: "clock",
        what_to_do: "set this machine's clock",
    },
    Reason {
        signs: &[
            "invalid jwt signature",
            "account not found",
            "invalid_client",
        ],
        code: "invalid-client",
        what_to_do: "check the client's id and its secret or key: it may have been deleted or replaced",
    },
    Reason {
        signs: &["unauthorized_client", "access_denied"],
        code: "not-delegated",
        what_to_do: "allow the client this way to log in. Google: domain-wide delegation for its client id and exactly the \
                     scope in use (Admin console: Security, API controls); elsewhere: the client-credentials grant",
    },
    Reason {
        signs: &["invalid_scope", "aadsts70011", "aadsts1002012"],
        code: "invalid-scope",
        what_to_do: "check `scope`: the provider knows no such scope for this client",
    },
    Reason {
        signs: &["invalid_grant"],
        code: "invalid-grant",
        what_to_do: "ask the provider's administrator why it refuses this client",
    },
    Reason {
        signs: &["unsupported_grant_type"],
        code: "token-endpoint",
        what_to_do: "allow the grant at the provider, or check `token_url`",
    },
    Reason {
        signs: &["temporarily_unavailable", "server_error"],
        code: "unavailable",
        what_to_do: "run again later; if it stays, ask the provider's administrator",
    },
];

/// Whether a refusal has nothing to do with the mailbox that the token was for.
pub(super) fn meets_everybody(code: &str) -> bool {
    matches!(
        code,
        "client-secret-expired"
            | "invalid-client"
            | "unknown-tenant"
            | "policy"
            | "clock"
            | "not-delegated"
            | "invalid-scope"
            | "token-endpoint"
    )
}

#[derive(Deserialize)]
struct Granted {
    access_token: String,
    token_type: Option<String>,
    /// A number by the standard; some write it as text.
    expires_in: Option<Value>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Refused {
    error: Value,
    error_description: String,
}

/// Reads an answer; `wait` is its `Retry-After`.
pub(super) fn read(
    url: &TokenUrl,
    status: u16,
    wait: Option<Duration>,
    body: &[u8],
) -> Result<Token, SourceError> {
    if status != 200 {
        return Err(refused(url, status, wait, body));
    }
    // What the parser says may quote the token: it is not repeated.
    let granted: Granted = serde_json::from_slice(body)
        .map_err(|_| useless(url, "its answer holds no access token"))?;
    let value = SecretString::from(granted.access_token);
    if granted
        .token_type
        .is_some_and(|kind| !kind.eq_ignore_ascii_case("bearer"))
    {
        return Err(useless(url, "its token is no bearer token"));
    }
    let seconds = granted.expires_in.and_then(|life| match life {
        Value::String(text) => text.trim().parse().ok(),
        number => number.as_u64(),
    });
    Ok(Token::new(value, seconds.map(Duration::from_secs)))
}

fn refused(url: &TokenUrl, status: u16, wait: Option<Duration>, body: &[u8]) -> SourceError {
    let said: Refused = serde_json::from_slice(body).unwrap_or_default();
    let error = said.error.as_str().unwrap_or_default();
    let said = format!("{error} {}", said.error_description);
    let words = match said.trim() {
        "" => format!("it answered with status {status}"),
        said => refusal::quoted(said.as_bytes()),
    };
    let detail = format!("the token endpoint {} gives no token: {words}", url.host());
    if status == 429 {
        // In the words by which servers of mail ask for time: all connections wait then.
        let wait = wait.map_or_else(String::new, |wait| {
            format!(
                " (suggested backoff time: {} milliseconds)",
                wait.as_millis()
            )
        });
        let advice = "run again later; what is done is kept";
        return error_of("throttled", format!("{detail}{wait}"), advice).worth_retrying();
    }
    let said = said.to_lowercase();
    let reason = REASONS
        .iter()
        .find(|reason| reason.signs.iter().any(|sign| said.contains(sign)));
    match reason {
        Some(reason) if reason.code == "unavailable" => {
            error_of(reason.code, detail, reason.what_to_do).worth_retrying()
        }
        Some(reason) => error_of(reason.code, detail, reason.what_to_do),
        None if status >= 500 => {
            let advice = "run again later; if it stays, ask the provider's administrator";
            error_of("unavailable", detail, advice).worth_retrying()
        }
        None => error_of("token-endpoint", detail, CHECK_URL),
    }
}

const CHECK_URL: &str = "check `token_url`: it must be the token endpoint itself, as `token_endpoint` in the provider's \
                         /.well-known/openid-configuration names it";

fn useless(url: &TokenUrl, why: &str) -> SourceError {
    let detail = format!("the token endpoint {} is of no use: {why}", url.host());
    error_of("token-endpoint", detail, CHECK_URL)
}

fn error_of(code: &'static str, detail: String, what_to_do: &str) -> SourceError {
    SourceError::new(Stage::Login, code, detail, what_to_do)
}

/// No answer at all.
pub(super) fn unreached(url: &TokenUrl, error: &ureq::Error) -> SourceError {
    let host = url.host();
    let told = |code, detail: &str, what_to_do: &str| {
        let detail = format!("the token endpoint {host}: {detail}");
        SourceError::new(Stage::Connect, code, detail, what_to_do)
    };
    match error {
        ureq::Error::NativeTls(e) => {
            let said = e.to_string();
            match tls::trouble(&said) {
                Some(tls::Trouble::Name) => told(
                    "tls-name",
                    &format!("its certificate is for another name ({said})"),
                    "set `token_url` to the name in the certificate",
                ),
                Some(tls::Trouble::Expired) => told(
                    "tls-expired",
                    &format!("its certificate is not valid today ({said})"),
                    "have the certificate renewed; check this machine's clock",
                ),
                Some(tls::Trouble::UnknownAuthority) => told(
                    "unknown-ca",
                    &format!(
                        "nobody whom this machine trusts vouches for its certificate ({said})"
                    ),
                    "set `token_ca_file` to the PEM file of the organisation's own CA; if there is none, somebody may be \
                     listening in between",
                ),
                None => told("tls", &said, "check `token_url`"),
            }
        }
        ureq::Error::HostNotFound => told(
            "dns",
            "no address found",
            "check `token_url` and this machine's DNS",
        )
        .worth_retrying(),
        ureq::Error::Timeout(_) => told(
            "timeout",
            "no answer in time",
            "check the firewalls and proxies on the way (HTTPS_PROXY), or raise `timeout`",
        )
        .worth_retrying(),
        ureq::Error::Io(e) if e.kind() == io::ErrorKind::ConnectionRefused => told(
            "refused",
            "nothing listens there",
            "check `token_url`, and whether the provider runs",
        )
        .worth_retrying(),
        error => told(
            "unreachable",
            &error.to_string(),
            "check `token_url` and the network",
        )
        .worth_retrying(),
    }
}

/// The CA to trust at the token endpoint cannot be read.
pub(super) fn bad_ca_file(file: &Path, why: &str) -> SourceError {
    SourceError::new(
        Stage::Connect,
        "ca-file",
        format!("{}: {why}", file.display()),
        "set `token_ca_file` to a PEM file with the CA's certificate",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &str) -> Result<Token, SourceError> {
        let url = TokenUrl::parse("https://id.acme.example/token").expect("an address");
        read(&url, status, None, body.as_bytes())
    }

    #[test]
    fn granted() {
        #[track_caller]
        fn check(body: &str, expected: Result<&str, &str>) {
            let found = answer(200, body);
            let found = found.as_ref().map(Token::expose).map_err(|e| e.code);
            assert_eq!(found, expected, "{body}");
        }
        check(
            r#"{"access_token":"t.1","token_type":"Bearer","expires_in":3599}"#,
            Ok("t.1"),
        );
        check(
            r#"{"access_token":"t.1","token_type":"bearer","expires_in":"3599"}"#,
            Ok("t.1"),
        );
        check(r#"{"access_token":"t.1"}"#, Ok("t.1"));
        check(
            r#"{"access_token":"t.1","token_type":"mac"}"#,
            Err("token-endpoint"),
        );
        check(r#"{"token":"t.1"}"#, Err("token-endpoint"));
        check("<html>log in</html>", Err("token-endpoint"));
        check("", Err("token-endpoint"));
    }

    #[test]
    fn refusals() {
        #[track_caller]
        fn check(status: u16, body: &str, code: &str, retryable: bool) {
            let error = answer(status, body).expect_err("a refusal");
            assert_eq!((error.code, error.retryable), (code, retryable), "{body}");
            assert!(!error.what_to_do.is_empty());
        }
        let wrong = r#"{"error":"invalid_client","error_description":"AADSTS7000215: Invalid client secret provided."}"#;
        check(401, wrong, "invalid-client", false);
        let old = r#"{"error":"invalid_client","error_description":"AADSTS7000222: The provided client secret keys are expired."}"#;
        check(401, old, "client-secret-expired", false);
        let nowhere = r#"{"error":"invalid_request","error_description":"AADSTS90002: Tenant 'x' not found."}"#;
        check(400, nowhere, "unknown-tenant", false);
        let nobody = r#"{"error":"invalid_grant","error_description":"Invalid email or User ID"}"#;
        check(400, nobody, "unknown-mailbox", false);
        let late = r#"{"error":"invalid_grant","error_description":"Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe."}"#;
        check(400, late, "clock", false);
        let undelegated = r#"{"error":"unauthorized_client","error_description":"Client is unauthorized to retrieve access tokens using this method, or client not authorized for any of the scopes requested."}"#;
        check(401, undelegated, "not-delegated", false);
        check(400, r#"{"error":"invalid_scope"}"#, "invalid-scope", false);
        check(400, r#"{"error":{"code":7}}"#, "token-endpoint", false);
        check(404, "<html>", "token-endpoint", false);
        check(302, "", "token-endpoint", false);
        check(503, "busy", "unavailable", true);
        check(
            400,
            r#"{"error":"temporarily_unavailable"}"#,
            "unavailable",
            true,
        );
        check(429, "", "throttled", true);
    }

    #[test]
    fn an_endpoint_is_waited_for_as_it_asks() {
        let url = TokenUrl::parse("https://id.acme.example/token").expect("an address");
        let error = refused(&url, 429, Some(Duration::from_secs(7)), b"");
        let wait = crate::source::imap::asked_to_wait(&error);
        assert_eq!(wait, Some(Duration::from_secs(7)));
    }
}
