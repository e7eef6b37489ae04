//! What the demonstration's server answers: one conversation as a state machine without a socket (RFC 3501, 3).

use std::borrow::Cow;
use std::num::NonZeroU32;

use imap_codec::imap_types::IntoStatic;
use imap_codec::imap_types::auth::{AuthMechanism, AuthenticateData};
use imap_codec::imap_types::command::{Command, CommandBody};
use imap_codec::imap_types::core::{Atom, QuotedChar, Tag, Text, Vec1};
use imap_codec::imap_types::flag::{Flag, FlagNameAttribute};
use imap_codec::imap_types::mailbox::{ListMailbox, Mailbox as MailboxName};
use imap_codec::imap_types::response::{
    Bye, Capability, Code, CommandContinuationRequest, Data, Greeting, GreetingKind, Response,
    Status, StatusBody, StatusKind, Tagged,
};
use imap_codec::imap_types::secret::Secret;

use super::{Account, Mailbox, fetch};

/// How far a client has come (RFC 3501, 3: the states of a connection).
enum State<'a> {
    NotAuthenticated,
    AwaitsCredentials(Tag<'static>),
    Authenticated(&'a Account),
    Examined(&'a Account, &'a Mailbox),
    LoggedOut,
}

/// One client's conversation.
pub(super) struct Conversation<'a> {
    accounts: &'a [Account],
    state: State<'a>,
}

impl<'a> Conversation<'a> {
    pub(super) fn new(accounts: &'a [Account]) -> Self {
        Self {
            accounts,
            state: State::NotAuthenticated,
        }
    }

    /// The server's first line.
    pub(super) fn greeting() -> Greeting<'static> {
        Greeting {
            kind: GreetingKind::Ok,
            code: Some(Code::Capability(capabilities())),
            text: Text::unvalidated("sample mailboxes, read-only"),
        }
    }

    /// Whether the next line is the client's answer to AUTHENTICATE and no command.
    pub(super) fn awaits_credentials(&self) -> bool {
        matches!(self.state, State::AwaitsCredentials(_))
    }

    /// Whether nothing more will be said.
    pub(super) fn is_over(&self) -> bool {
        matches!(self.state, State::LoggedOut)
    }

    /// Answers a line that is no command.
    pub(super) fn misunderstood(&mut self, tag: Option<Tag<'_>>) -> Vec<Response<'a>> {
        let waiting = std::mem::replace(&mut self.state, State::NotAuthenticated);
        let tag = match waiting {
            State::AwaitsCredentials(tag) => Some(tag),
            other => {
                self.state = other;
                tag.map(IntoStatic::into_static)
            }
        };
        vec![status(tag, StatusKind::Bad, None, "not understood")]
    }

    /// Answers the client's line after AUTHENTICATE PLAIN.
    pub(super) fn credentials(&mut self, data: &AuthenticateData<'_>) -> Vec<Response<'a>> {
        match std::mem::replace(&mut self.state, State::NotAuthenticated) {
            State::AwaitsCredentials(tag) => match data {
                AuthenticateData::Continue(plain) => vec![self.plain(tag, plain.declassify())],
                AuthenticateData::Cancel => {
                    vec![status(Some(tag), StatusKind::Bad, None, "cancelled")]
                }
            },
            other => {
                self.state = other;
                self.misunderstood(None)
            }
        }
    }

    /// Answers a command: untagged responses first, the tagged one last.
    pub(super) fn answer(&mut self, command: Command<'_>) -> Vec<Response<'a>> {
        let tag = command.tag.into_static();
        match (command.body, &self.state) {
            (CommandBody::Capability, _) => vec![
                Response::Data(Data::Capability(capabilities())),
                ok(tag, None, "these"),
            ],
            (CommandBody::Noop, _) => vec![ok(tag, None, "nothing new")],
            (CommandBody::Logout, _) => {
                self.state = State::LoggedOut;
                let bye = Status::Bye(Bye {
                    code: None,
                    text: Text::unvalidated("goodbye"),
                });
                vec![Response::Status(bye), ok(tag, None, "logged out")]
            }
            (CommandBody::Login { username, password }, State::NotAuthenticated) => {
                vec![self.log_in(tag, username.as_ref(), password.declassify().as_ref())]
            }
            (
                CommandBody::Authenticate {
                    mechanism: AuthMechanism::Plain,
                    initial_response,
                },
                State::NotAuthenticated,
            ) => vec![self.authenticate(tag, initial_response)],
            (body, &(State::Authenticated(account) | State::Examined(account, _))) => {
                self.answer_authenticated(tag, body, account)
            }
            _ => vec![status(Some(tag), StatusKind::Bad, None, "log in first")],
        }
    }

    fn answer_authenticated(
        &mut self,
        tag: Tag<'static>,
        body: CommandBody<'_>,
        account: &'a Account,
    ) -> Vec<Response<'a>> {
        match (body, &self.state) {
            (
                CommandBody::List {
                    mailbox_wildcard, ..
                },
                _,
            ) => list(tag, &wildcard(&mailbox_wildcard), account),
            (CommandBody::Examine { mailbox, .. }, _) => self.examine(tag, &mailbox, account),
            (
                CommandBody::Fetch {
                    sequence_set,
                    macro_or_item_names,
                    uid,
                    ..
                },
                &State::Examined(_, mailbox),
            ) => match fetch::answer(mailbox, &sequence_set, &macro_or_item_names, uid) {
                Ok(mut answers) => {
                    answers.push(ok(tag, None, "fetched"));
                    answers
                }
                Err(refusal) => vec![no(tag, refusal)],
            },
            _ => vec![no(
                tag,
                "this server is read-only and knows no more than it must",
            )],
        }
    }

    /// With the credentials at once (SASL-IR, RFC 4959), or after an empty challenge.
    fn authenticate(
        &mut self,
        tag: Tag<'static>,
        initial_response: Option<Secret<Cow<'_, [u8]>>>,
    ) -> Response<'a> {
        if let Some(plain) = initial_response {
            return self.plain(tag, plain.declassify());
        }
        self.state = State::AwaitsCredentials(tag);
        let challenge = CommandContinuationRequest::base64(b"".as_slice());
        Response::CommandContinuationRequest(challenge)
    }

    /// A refused EXAMINE leaves no mailbox open (RFC 3501, 6.3.1).
    fn examine(
        &mut self,
        tag: Tag<'static>,
        name: &MailboxName<'_>,
        account: &'a Account,
    ) -> Vec<Response<'a>> {
        self.state = State::Authenticated(account);
        let Some(mailbox) = account.mailboxes.iter().find(|m| is_named(m, name)) else {
            return vec![no(tag, "no such mailbox")];
        };
        self.state = State::Examined(account, mailbox);
        examined(tag, mailbox)
    }

    fn log_in(&mut self, tag: Tag<'static>, login: &[u8], password: &[u8]) -> Response<'a> {
        let account = self.accounts.iter().find(|account| {
            account.login.as_bytes() == login && account.password.as_bytes() == password
        });
        match account {
            Some(account) => {
                self.state = State::Authenticated(account);
                ok(tag, Some(Code::Capability(capabilities())), "logged in")
            }
            None => no(tag, "wrong user name or password"),
        }
    }

    /// RFC 4616: authorisation identity, user name and password with NUL between them.
    fn plain(&mut self, tag: Tag<'static>, message: &[u8]) -> Response<'a> {
        let mut fields = message.split(|&octet| octet == 0);
        match (fields.next(), fields.next(), fields.next(), fields.next()) {
            (Some(identity), Some(login), Some(password), None)
                if identity.is_empty() || identity == login =>
            {
                self.log_in(tag, login, password)
            }
            _ => no(tag, "wrong user name or password"),
        }
    }
}

fn capabilities() -> Vec1<Capability<'static>> {
    Vec1::unvalidated(vec![
        Capability::Imap4Rev1,
        Capability::Auth(AuthMechanism::Plain),
        Capability::SaslIr,
        Capability::LiteralPlus,
        Capability::from(Atom::unvalidated("SPECIAL-USE")),
    ])
}

/// An empty pattern asks for the hierarchy delimiter alone (RFC 3501, 6.3.8).
fn list<'a>(tag: Tag<'static>, pattern: &[u8], account: &'a Account) -> Vec<Response<'a>> {
    let mut answers = Vec::new();
    if pattern.is_empty() {
        answers.push(list_line(vec![FlagNameAttribute::Noselect], ""));
    }
    for mailbox in &account.mailboxes {
        if matches(pattern, mailbox.name.as_bytes()) {
            let special_use = mailbox.special_use.map(Atom::unvalidated);
            let attributes = special_use
                .map(FlagNameAttribute::from)
                .into_iter()
                .collect();
            answers.push(list_line(attributes, mailbox.name));
        }
    }
    answers.push(ok(tag, None, "listed"));
    answers
}

fn list_line<'a>(items: Vec<FlagNameAttribute<'a>>, name: &'a str) -> Response<'a> {
    Response::Data(Data::List {
        items,
        delimiter: Some(QuotedChar::unvalidated('/')),
        mailbox: MailboxName::try_from(name).expect("the names of the sample mailboxes are ASCII"),
    })
}

fn wildcard<'c>(pattern: &'c ListMailbox<'_>) -> Cow<'c, [u8]> {
    match pattern {
        ListMailbox::Token(token) => token.as_ref().into(),
        ListMailbox::String(string) => string.as_ref().into(),
    }
}

/// `*` and `%` stand for anything; they differ only where there is a hierarchy, and here is none.
fn matches(pattern: &[u8], name: &[u8]) -> bool {
    match (pattern.split_first(), name.split_first()) {
        (None, None) => true,
        (Some((b'*' | b'%', rest)), _) => {
            matches(rest, name) || name.split_first().is_some_and(|(_, n)| matches(pattern, n))
        }
        (Some((p, pattern)), Some((n, name))) => {
            p.eq_ignore_ascii_case(n) && matches(pattern, name)
        }
        _ => false,
    }
}

fn is_named(mailbox: &Mailbox, name: &MailboxName<'_>) -> bool {
    match name {
        MailboxName::Inbox => mailbox.name == "INBOX",
        MailboxName::Other(other) => other.inner().as_ref() == mailbox.name.as_bytes(),
    }
}

fn examined<'a>(tag: Tag<'static>, mailbox: &'a Mailbox) -> Vec<Response<'a>> {
    let exists = u32::try_from(mailbox.messages.len()).expect("the samples are a few dozen");
    let next = mailbox
        .messages
        .last()
        .map_or(NonZeroU32::MIN, |last| last.uid.saturating_add(1));
    vec![
        Response::Data(Data::Flags(vec![Flag::Seen])),
        Response::Data(Data::Exists(exists)),
        Response::Data(Data::Recent(0)),
        status(
            None,
            StatusKind::Ok,
            Some(Code::PermanentFlags(Vec::new())),
            "none",
        ),
        status(
            None,
            StatusKind::Ok,
            Some(Code::UidValidity(mailbox.uidvalidity)),
            "valid",
        ),
        status(None, StatusKind::Ok, Some(Code::UidNext(next)), "next"),
        ok(tag, Some(Code::ReadOnly), "open for reading"),
    ]
}

fn ok<'a>(tag: Tag<'static>, code: Option<Code<'static>>, text: &'static str) -> Response<'a> {
    status(Some(tag), StatusKind::Ok, code, text)
}

fn no<'a>(tag: Tag<'static>, text: &'static str) -> Response<'a> {
    status(Some(tag), StatusKind::No, None, text)
}

fn status<'a>(
    tag: Option<Tag<'static>>,
    kind: StatusKind,
    code: Option<Code<'static>>,
    text: &'static str,
) -> Response<'a> {
    let body = StatusBody {
        kind,
        code,
        text: Text::unvalidated(text),
    };
    Response::Status(match tag {
        Some(tag) => Status::Tagged(Tagged { tag, body }),
        None => Status::Untagged(body),
    })
}
