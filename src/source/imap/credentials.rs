//! Whom to log in as, and what proves it: a password, or an access token that may have to be another one soon.

use secrecy::{ExposeSecret, SecretString};

use super::bearer::BearerMechanism;
use super::refusal;
use super::token::{Token, Tokens, Whom};
use super::{Auth, Secret, ServerSettings};
use crate::finding::Stage;
use crate::source::SourceError;

/// Whom to log in as, and what proves it.
pub(super) struct Credentials<'a> {
    pub(super) server: &'a ServerSettings,
    /// The account's login.
    pub(super) login: &'a str,
    pub(super) user: String,
    /// Whose mailbox, if the user acts for somebody else.
    pub(super) authzid: Option<String>,
    pub(super) proof: Proof<'a>,
}

/// What proves it.
pub(super) enum Proof<'a> {
    Password {
        place: &'a Secret,
        value: SecretString,
        /// Whether the same one opens other mailboxes.
        is_shared: bool,
    },
    Token {
        mechanism: BearerMechanism,
        tokens: &'a Tokens,
        token: Token,
    },
}

impl<'a> Credentials<'a> {
    /// Fills the templates for `login` and reads the secret, or gets a token.
    pub(super) fn read(server: &'a ServerSettings, login: &'a str) -> Result<Self, SourceError> {
        let fill = |template: &str| template.replace("{mailbox}", login);
        let password = |place: &'a Secret, is_shared| {
            Ok::<_, SourceError>(Proof::Password {
                value: place.read("password", login)?,
                place,
                is_shared,
            })
        };
        let (user, authzid, proof) = match &server.auth {
            Auth::Login { user, password: p } => (fill(user), None, password(p, false)?),
            Auth::Plain {
                authzid,
                user,
                password: p,
            } => (fill(user), Some(fill(authzid)), password(p, true)?),
            Auth::MasterUser {
                master,
                separator,
                password: p,
            } => (
                format!("{login}{separator}{master}"),
                None,
                password(p, true)?,
            ),
            Auth::Bearer {
                mechanism,
                user,
                tokens,
            } => {
                let user = fill(user);
                let token = tokens.get(Whom { login, user: &user })?;
                let mechanism = *mechanism;
                let proof = Proof::Token {
                    mechanism,
                    tokens,
                    token,
                };
                (user, None, proof)
            }
        };
        let credentials = Self {
            server,
            login,
            user,
            authzid,
            proof,
        };
        credentials.check()?;
        Ok(credentials)
    }

    /// The same with another token, if the server refused this one and there is another.
    pub(super) fn renewed(&self, refusal: &SourceError) -> Result<Option<Self>, SourceError> {
        let doubted = matches!(
            refusal.code,
            "token-refused" | "token-expired" | "token-scope" | "no-access"
        );
        let whom = Whom {
            login: self.login,
            user: &self.user,
        };
        match &self.proof {
            Proof::Token { tokens, token, .. } if doubted => match tokens.replace(whom, token)? {
                Some(_) => Self::read(self.server, self.login).map(Some),
                None => Ok(None),
            },
            Proof::Token { .. } | Proof::Password { .. } => Ok(None),
        }
    }

    /// A control character would end the command, or the field of RFC 4616.
    fn check(&self) -> Result<(), SourceError> {
        let names = [Some(&self.user), self.authzid.as_ref()];
        let in_names = names.iter().flatten().any(|n| n.contains(char::is_control));
        let in_password = match &self.proof {
            Proof::Password { value, .. } => value.expose_secret().contains(char::is_control),
            Proof::Token { .. } => false,
        };
        if in_names || in_password {
            return Err(SourceError::new(
                Stage::Login,
                "bad-credentials",
                "the user name or the password holds a control character",
                self.advice(),
            ));
        }
        Ok(())
    }

    /// What to check if the server refuses them.
    pub(super) fn advice(&self) -> String {
        let Self { server, .. } = self;
        let user = refusal::quoted(self.user.as_bytes());
        let whence = match &self.proof {
            Proof::Password { place, .. } => format!("the password from {place}"),
            Proof::Token { tokens, .. } => format!("the token from {}", tokens.origin()),
        };
        let advice = format!(
            "check the user name \"{user}\" and {whence} (auth in [servers.{}])",
            server.name
        );
        if let Proof::Password {
            is_shared: true, ..
        } = self.proof
        {
            // Servers tell neither who may not act for others nor who does not exist: both are failed authentications.
            let mailbox = refusal::quoted(self.login.as_bytes());
            return format!(
                "{advice}, that it may log in as others (proxy authorisation, master user), and that the mailbox {mailbox} \
                 exists"
            );
        }
        let takes_tokens_alone = matches!(self.proof, Proof::Password { .. })
            && server.host.eq_ignore_ascii_case("outlook.office365.com");
        if takes_tokens_alone {
            return advice + "; Exchange Online takes no passwords: use method xoauth2";
        }
        advice
    }
}
