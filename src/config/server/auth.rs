//! `auth` of a server: the method, its keys, and where its secrets come from.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

use toml::Spanned;

use super::ca_file;
use super::secret::Places;
use crate::config::ConfigError;
use crate::config::file::{Document, RawAuth, unknown_value};
use crate::source::imap::{Auth, BearerMechanism, TokenOrigin, TokenUrl, Tokens, check_key_file};

/// What stands for the account's login in templates.
const MAILBOX: &str = "{mailbox}";

const METHODS: [&str; 5] = ["login", "plain", "master-user", "xoauth2", "oauthbearer"];

/// All of what an application may do there, as the administrator has granted it.
const MICROSOFT_SCOPE: &str = "https://outlook.office365.com/.default";

/// The only scope with which Google lets anybody in over IMAP.
const GOOGLE_SCOPE: &str = "https://mail.google.com/";

/// What the keys are read against.
pub(super) struct Context<'a> {
    pub(super) document: &'a Document<'a>,
    /// The directory of the file.
    pub(super) base: &'a Path,
    /// How many accounts of the roster lie on this server.
    pub(super) accounts: usize,
    /// For each request to a token endpoint.
    pub(super) timeout: Duration,
}

impl Context<'_> {
    pub(super) fn auth(&self, written: &Spanned<RawAuth>) -> Result<Auth, ConfigError> {
        let raw = written.get_ref();
        let word = raw
            .method
            .as_ref()
            .map_or("login", |m| m.get_ref().as_str());
        let span = raw
            .method
            .as_ref()
            .map_or_else(|| written.span(), Spanned::span);
        let error = |problem: String| self.document.error(&span, problem);
        let only = |allowed: &[&str]| self.only(raw, word, allowed);
        let password = || password(raw).one(self.document, self.base, &written.span());
        match word {
            "login" => {
                only(&["user", "password_"])?;
                Ok(Auth::Login {
                    user: self.template(raw.user.as_ref())?,
                    password: password()?,
                })
            }
            "plain" => {
                only(&["user", "authzid", "password_"])?;
                let needed = "method plain needs the key `user`: who logs in for all mailboxes";
                let user = raw.user.as_ref().ok_or_else(|| error(needed.to_owned()))?;
                Ok(Auth::Plain {
                    authzid: self.template(raw.authzid.as_ref())?,
                    user: self.checked_user(user)?,
                    password: password()?,
                })
            }
            "master-user" => {
                only(&["master", "separator", "password_"])?;
                let needed = "method master-user needs the key `master`: the master user's name";
                let master = raw
                    .master
                    .as_ref()
                    .ok_or_else(|| error(needed.to_owned()))?;
                Ok(Auth::MasterUser {
                    master: self.checked_user(master)?,
                    separator: raw
                        .separator
                        .as_ref()
                        .map_or_else(|| "*".to_owned(), |s| s.get_ref().clone()),
                    password: password()?,
                })
            }
            "xoauth2" => self.bearer(BearerMechanism::Xoauth2, word, written),
            "oauthbearer" => self.bearer(BearerMechanism::OauthBearer, word, written),
            other => Err(error(unknown_value(other, &METHODS))),
        }
    }

    fn bearer(
        &self,
        mechanism: BearerMechanism,
        method: &str,
        written: &Spanned<RawAuth>,
    ) -> Result<Auth, ConfigError> {
        let raw = written.get_ref();
        let given = token(raw);
        let ways = [
            given.is_named(),
            raw.tenant.is_some(),
            raw.token_url.is_some(),
            raw.service_account_file.is_some(),
        ];
        let only = |allowed: &[&str]| self.only(raw, method, allowed);
        if ways.iter().filter(|&&way| way).count() > 1 {
            return Err(self.document.error(
                &written.span(),
                "more than one source of the token: keep one of tenant, token_url, service_account_file, token_command, \
                 token_file, token_env, token_keyring",
            ));
        }
        let origin = if given.is_named() {
            only(&[
                "user",
                "token_env",
                "token_file",
                "token_command",
                "token_keyring",
            ])?;
            TokenOrigin::Given(given.one(self.document, self.base, &written.span())?)
        } else if let Some(file) = &raw.service_account_file {
            only(&["user", "service_account_file", "token_ca_file", "scope"])?;
            let path = self.base.join(file.get_ref());
            let url = check_key_file(&path)
                .map_err(|problem| self.document.error(&file.span(), problem))?;
            TokenOrigin::ServiceAccount {
                file: path,
                url,
                ca_file: self.token_ca_file(raw)?,
                scope: self.scope(raw)?.unwrap_or_else(|| GOOGLE_SCOPE.to_owned()),
            }
        } else if ways.contains(&true) {
            only(&[
                "user",
                "tenant",
                "token_url",
                "token_ca_file",
                "client_id",
                "client_secret_",
                "scope",
            ])?;
            self.client_credentials(written)?
        } else {
            return Err(self.document.error(
                &written.span(),
                "no source of the token: add tenant (Microsoft 365) or token_url (another provider), each with client_id \
                 and client_secret_env; or service_account_file (Google); or token_command, token_file or token_env",
            ));
        };
        Ok(Auth::Bearer {
            mechanism,
            user: self.template(raw.user.as_ref())?,
            tokens: Tokens::new(origin, self.timeout),
        })
    }

    fn client_credentials(&self, written: &Spanned<RawAuth>) -> Result<TokenOrigin, ConfigError> {
        let raw = written.get_ref();
        let at = |span: Range<usize>| move |problem: &str| self.document.error(&span, problem);
        let (url, scope) = match (&raw.tenant, &raw.token_url) {
            (Some(tenant), _) => (
                TokenUrl::microsoft(tenant.get_ref().trim()).map_err(at(tenant.span()))?,
                Some(MICROSOFT_SCOPE.to_owned()),
            ),
            (None, Some(url)) => (
                TokenUrl::parse(url.get_ref().trim()).map_err(at(url.span()))?,
                None,
            ),
            (None, None) => unreachable!("the caller has seen one of them"),
        };
        let client = raw.client_id.as_ref().ok_or_else(|| {
            at(written.span())(
                "the key `client_id` is missing here: the application's id at the provider",
            )
        })?;
        if client.get_ref().trim().is_empty() {
            return Err(at(client.span())(
                "this is empty: write the application's id at the provider",
            ));
        }
        Ok(TokenOrigin::ClientCredentials {
            url,
            ca_file: self.token_ca_file(raw)?,
            client: client.get_ref().trim().to_owned(),
            secret: client_secret(raw).one(self.document, self.base, &written.span())?,
            scope: self.scope(raw)?.or(scope),
            in_form: raw.tenant.is_some(),
        })
    }

    fn token_ca_file(&self, raw: &RawAuth) -> Result<Option<PathBuf>, ConfigError> {
        raw.token_ca_file
            .as_ref()
            .map(|written| ca_file(self.document, self.base, written))
            .transpose()
    }

    fn scope(&self, raw: &RawAuth) -> Result<Option<String>, ConfigError> {
        let Some(written) = &raw.scope else {
            return Ok(None);
        };
        let scope = written.get_ref().trim();
        if scope.is_empty() || scope.contains(char::is_control) {
            let problem = "write the scopes, separated by spaces, or leave the key out";
            return Err(self.document.error(&written.span(), problem));
        }
        Ok(Some(scope.to_owned()))
    }

    /// Refuses keys that the method does not read: whoever wrote them believes that they do something. `password_` allows all
    /// keys that begin so.
    fn only(&self, raw: &RawAuth, method: &str, allowed: &[&str]) -> Result<(), ConfigError> {
        let is_allowed = |key: &str| {
            let fits = |a: &&str| key == *a || a.ends_with('_') && key.starts_with(a);
            allowed.iter().any(fits)
        };
        match raw.keys().into_iter().find(|(key, _)| !is_allowed(key)) {
            None => Ok(()),
            Some((key, span)) => Err(self.document.error(
                &span,
                format!(
                    "method {method} does not use `{key}`{}: take it out or change the method",
                    beside(method)
                ),
            )),
        }
    }

    /// The template of a login. One login for several accounts would read one mailbox as everybody's.
    fn template(&self, written: Option<&Spanned<String>>) -> Result<String, ConfigError> {
        let Some(written) = written else {
            return Ok(MAILBOX.to_owned());
        };
        let user = self.checked_user(written)?;
        if !user.contains(MAILBOX) && self.accounts > 1 {
            return Err(self.document.error(
                &written.span(),
                format!("{} accounts of the roster would read the same mailbox: write {MAILBOX} where their \
                         login belongs", self.accounts),
            ));
        }
        Ok(user)
    }

    fn checked_user(&self, written: &Spanned<String>) -> Result<String, ConfigError> {
        let user = written.get_ref();
        let rest = user.replace(MAILBOX, "");
        let problem = if user.trim().is_empty() {
            "this is empty: write a login".to_owned()
        } else if user.contains(char::is_control) {
            "a login cannot hold line breaks or control characters".to_owned()
        } else if rest.contains(['{', '}']) {
            format!("only {MAILBOX} has a meaning in braces")
        } else {
            return Ok(user.clone());
        };
        Err(self.document.error(&written.span(), problem))
    }
}

/// Which of a method's ways the keys must fit.
fn beside(method: &str) -> &'static str {
    match method {
        "xoauth2" | "oauthbearer" => " beside this source of the token",
        _ => "",
    }
}

fn password(raw: &RawAuth) -> Places<'_> {
    Places {
        prefix: "password",
        env: raw.password_env.as_ref(),
        file: raw.password_file.as_ref(),
        command: raw.password_command.as_ref(),
        keyring: raw.password_keyring.as_ref(),
    }
}

fn token(raw: &RawAuth) -> Places<'_> {
    Places {
        prefix: "token",
        env: raw.token_env.as_ref(),
        file: raw.token_file.as_ref(),
        command: raw.token_command.as_ref(),
        keyring: raw.token_keyring.as_ref(),
    }
}

fn client_secret(raw: &RawAuth) -> Places<'_> {
    Places {
        prefix: "client_secret",
        env: raw.client_secret_env.as_ref(),
        file: raw.client_secret_file.as_ref(),
        command: raw.client_secret_command.as_ref(),
        keyring: raw.client_secret_keyring.as_ref(),
    }
}
