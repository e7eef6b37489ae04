//! An OAuth 2 provider on loopback: tokens for a client or for a service account's assertion, and their introspection, which
//! Dovecot asks for.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use native_tls::{Identity, TlsAcceptor};
use openssl::hash::MessageDigest;
use openssl::pkey::{PKey, Private};
use openssl::rsa::Rsa;
use openssl::sign::Verifier;
use serde_json::{Value, json};

use super::certificates::Certificates;

/// The client's id and secret: characters that a form has to escape.
pub(crate) const CLIENT: (&str, &str) = ("sent audit", "tr0ub:4dor&3%");

/// What a provider does.
#[derive(Clone, Copy)]
pub(crate) struct Habits {
    /// How long tokens live.
    pub(crate) life: Duration,
    /// How many logins a token is good for, whatever was said of its life.
    pub(crate) logins: usize,
    /// Who a client's token is for.
    pub(crate) client_is: &'static str,
}

impl Default for Habits {
    fn default() -> Self {
        Self {
            life: Duration::from_secs(3600),
            logins: usize::MAX,
            client_is: "anna",
        }
    }
}

struct Issued {
    user: String,
    until: Instant,
    logins: usize,
}

/// A provider that listens.
#[derive(Clone)]
pub(crate) struct Provider {
    habits: Habits,
    port: u16,
    tls_port: u16,
    pub(crate) authority: String,
    key: Arc<PKey<Private>>,
    issued: Arc<Mutex<HashMap<String, Issued>>>,
    refused: Arc<AtomicUsize>,
}

impl Provider {
    pub(crate) fn start(habits: Habits) -> Self {
        let certificates = Certificates::issue();
        let (plain, tls) = (
            TcpListener::bind("127.0.0.1:0").unwrap(),
            TcpListener::bind("127.0.0.1:0").unwrap(),
        );
        let key = PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap();
        let provider = Self {
            habits,
            port: plain.local_addr().unwrap().port(),
            tls_port: tls.local_addr().unwrap().port(),
            authority: certificates.authority,
            key: Arc::new(key),
            issued: Arc::default(),
            refused: Arc::default(),
        };
        let identity = Identity::from_pkcs8(
            certificates.server.as_bytes(),
            certificates.server_key.as_bytes(),
        );
        let acceptor = TlsAcceptor::new(identity.unwrap()).unwrap();
        provider.listen(plain, |tcp| Some(Box::new(tcp)));
        provider.listen(tls, move |tcp| Some(Box::new(acceptor.accept(tcp).ok()?)));
        provider
    }

    /// Where tokens are to be had.
    pub(crate) fn token_url(&self) -> String {
        format!("http://127.0.0.1:{}/token", self.port)
    }

    /// The same over TLS.
    pub(crate) fn secure_token_url(&self) -> String {
        format!("https://localhost:{}/token", self.tls_port)
    }

    /// Where Dovecot asks whose a token is.
    pub(crate) fn introspection_url(&self) -> String {
        format!("http://127.0.0.1:{}/introspect", self.port)
    }

    /// A service account's key file, as Google would give it.
    pub(crate) fn key_file(&self) -> String {
        let pem = self.key.private_key_to_pem_pkcs8().unwrap();
        json!({
            "type": "service_account",
            "project_id": "acme",
            "private_key_id": "k1",
            "private_key": String::from_utf8(pem).unwrap(),
            "client_email": "audit@acme.example",
            "client_id": "1",
            "token_uri": self.token_url(),
        })
        .to_string()
    }

    /// How many tokens were issued.
    pub(crate) fn issued(&self) -> usize {
        self.issued.lock().unwrap().len()
    }

    /// How often a token was said to be none.
    pub(crate) fn refused(&self) -> usize {
        self.refused.load(Ordering::Relaxed)
    }

    /// The tokens themselves.
    pub(crate) fn tokens(&self) -> Vec<String> {
        self.issued.lock().unwrap().keys().cloned().collect()
    }

    /// A token for a user, as if somebody else had asked for it.
    pub(crate) fn issue(&self, user: &str, life: Duration) -> String {
        let mut issued = self.issued.lock().unwrap();
        let token = format!("{}.opaque-token-{}", "x".repeat(1500), issued.len());
        let until = Instant::now() + life;
        let (user, logins) = (user.to_owned(), self.habits.logins);
        issued.insert(
            token.clone(),
            Issued {
                user,
                until,
                logins,
            },
        );
        token
    }

    fn listen(
        &self,
        listener: TcpListener,
        secure: impl Fn(TcpStream) -> Option<Box<dyn Stream>> + Send + 'static,
    ) {
        let provider = self.clone();
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let provider = provider.clone();
                if let Some(stream) = secure(client) {
                    thread::spawn(move || provider.serve(stream));
                }
            }
        });
    }

    /// One request (RFC 9112), then the end.
    fn serve(&self, stream: Box<dyn Stream>) -> Option<()> {
        let mut reader = BufReader::new(stream);
        let mut head = Vec::new();
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).ok().filter(|&n| n > 0)?;
            if line.trim().is_empty() {
                break;
            }
            head.push(line.trim().to_owned());
        }
        let field = |name: &str| {
            let of = |line: &String| {
                let (key, value) = line.split_once(": ")?;
                key.eq_ignore_ascii_case(name).then(|| value.to_owned())
            };
            head.iter().find_map(of)
        };
        let mut body = vec![0; field("content-length").map_or(0, |n| n.parse().unwrap())];
        reader.read_exact(&mut body).ok()?;
        let form = form(&String::from_utf8(body).unwrap());
        let (status, answer) = if head[0].starts_with("POST /token ") {
            self.token(&form, field("authorization").as_deref())
        } else {
            (200, self.introspect(&form))
        };
        let answer = answer.to_string();
        let head = format!(
            "HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
            answer.len()
        );
        let stream = reader.get_mut();
        stream.write_all((head + &answer).as_bytes()).ok()?;
        stream.flush().ok()
    }

    fn token(&self, form: &HashMap<String, String>, authorization: Option<&str>) -> (u16, Value) {
        let user = match form.get("grant_type").map(String::as_str) {
            Some("client_credentials") => {
                let (client, secret) = CLIENT;
                let expected = format!("{}:{}", escaped(client), escaped(secret));
                if authorization == Some(&format!("Basic {}", STANDARD.encode(expected))) {
                    Ok(self.habits.client_is.to_owned())
                } else {
                    Err((401, "invalid_client", "no such client, or another secret"))
                }
            }
            Some("urn:ietf:params:oauth:grant-type:jwt-bearer") => self.user_of(&form["assertion"]),
            _ => Err((400, "unsupported_grant_type", "")),
        };
        match user {
            Ok(user) => {
                let token = self.issue(&user, self.habits.life);
                let life = self.habits.life.as_secs();
                (
                    200,
                    json!({"access_token": token, "token_type": "Bearer", "expires_in": life}),
                )
            }
            Err((status, error, description)) => (
                status,
                json!({"error": error, "error_description": description}),
            ),
        }
    }

    /// Whom an assertion speaks for, if all of it is in order (RFC 7523, 3).
    fn user_of(&self, assertion: &str) -> Result<String, (u16, &'static str, &'static str)> {
        let (signed, signature) = assertion.rsplit_once('.').unwrap();
        let mut verifier = Verifier::new(MessageDigest::sha256(), &self.key).unwrap();
        verifier.update(signed.as_bytes()).unwrap();
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
        if !verifier.verify(&signature).unwrap() {
            return Err((400, "invalid_grant", "Invalid JWT Signature."));
        }
        let part = |text: &str| -> Value {
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).unwrap()).unwrap()
        };
        let (header, claims) = signed.split_once('.').unwrap();
        assert_eq!(
            part(header),
            json!({"alg": "RS256", "typ": "JWT", "kid": "k1"})
        );
        let claims = part(claims);
        assert_eq!(claims["iss"], "audit@acme.example");
        assert_eq!(claims["aud"], self.token_url().as_str());
        assert_eq!(
            claims["exp"].as_u64().unwrap() - claims["iat"].as_u64().unwrap(),
            3600
        );
        if claims["scope"] != "https://mail.google.com/" {
            let said = "Client is unauthorized to retrieve access tokens using this method, or client not authorized for \
                        any of the scopes requested.";
            return Err((401, "unauthorized_client", said));
        }
        match claims["sub"].as_str().unwrap() {
            "nobody" => Err((400, "invalid_grant", "Invalid email or User ID")),
            user => Ok(user.to_owned()),
        }
    }

    /// RFC 7662.
    fn introspect(&self, form: &HashMap<String, String>) -> Value {
        let mut issued = self.issued.lock().unwrap();
        match issued.get_mut(form.get("token").map_or("", String::as_str)) {
            Some(token) if token.until > Instant::now() && token.logins > 0 => {
                token.logins -= 1;
                json!({"active": true, "username": token.user})
            }
            _ => {
                self.refused.fetch_add(1, Ordering::Relaxed);
                json!({"active": false})
            }
        }
    }
}

trait Stream: Read + Write + Send {}
impl<S: Read + Write + Send> Stream for S {}

fn form(text: &str) -> HashMap<String, String> {
    let unescaped = |text: &str| {
        let mut octets = Vec::new();
        let mut rest = text.bytes();
        while let Some(octet) = rest.next() {
            octets.push(match octet {
                b'+' => b' ',
                b'%' => {
                    let digits = [rest.next().unwrap(), rest.next().unwrap()];
                    u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap()
                }
                other => other,
            });
        }
        String::from_utf8(octets).unwrap()
    };
    text.split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(key, value)| (unescaped(key), unescaped(value)))
        .collect()
}

fn escaped(text: &str) -> String {
    text.replace('%', "%25")
        .replace(' ', "+")
        .replace(':', "%3A")
        .replace('&', "%26")
}
