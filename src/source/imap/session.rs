//! An authenticated connection and what the audit does with it.

use std::fmt;
use std::time::Duration;

use super::credentials::Credentials;
use super::dialogue::{Dialogue, Pace};
use super::framing::Response;
use super::grammar::{Kind, Status, kind, number, response_code, split_word};
use super::login::{greet, guarded, log_in};
use super::shared::Shared;
use super::stream::{Wire, connect};
use super::{
    Examined, Fetched, Listed, ListedFrom, SentMailbox, ServerSettings, Undelivered, discovery,
    fetch, listing, refusal,
};
use crate::finding::Stage;
use crate::mailbox::Window;
use crate::message;
use crate::source::{Receiver, SourceError};

/// How long a server may take over its farewell.
const FAREWELL: Duration = Duration::from_secs(5);

/// An authenticated connection.
///
/// After an error that is no plain refusal, and after a sink that stopped, it is out of step: every later call fails, and
/// only [`Session::close`] makes sense.
pub struct Session {
    shared: Shared<Wire>,
    /// The crate's end of the connection, which said hello and will say goodbye.
    library: imap::Session<Shared<Wire>>,
    pace: Pace,
    capabilities: Vec<String>,
    fingerprint: Option<String>,
    /// Messages in the open mailbox, if one is open.
    exists: Option<u32>,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The buffers below have held the password.
        f.debug_struct("Session").finish_non_exhaustive()
    }
}

impl Session {
    /// Connects, verifies, logs in. No plaintext login away from loopback.
    ///
    /// # Errors
    /// `connect` or `login` stage, every refusal told apart, with what to do.
    pub fn open(server: &ServerSettings, login: &str) -> Result<Self, SourceError> {
        let credentials = Credentials::read(server, login)?;
        let refusal = match Self::open_as(server, &credentials) {
            Err(refusal) => refusal,
            opened => return opened,
        };
        match credentials.renewed(&refusal)? {
            Some(renewed) => Self::open_as(server, &renewed),
            None => Err(refusal),
        }
    }

    fn open_as(
        server: &ServerSettings,
        credentials: &Credentials<'_>,
    ) -> Result<Self, SourceError> {
        let connected = connect(server)?;
        let shared = Shared::new(connected.wire);
        let mut pace = Pace::default();
        let client = greet(&shared, connected.greeted)?;
        let offered = capabilities(&shared, &mut pace)?;
        let library = log_in(client, &shared, &offered, credentials)?;
        let capabilities = capabilities(&shared, &mut pace)?;
        Ok(Self {
            shared,
            library,
            pace,
            capabilities,
            fingerprint: connected.fingerprint,
            exists: None,
        })
    }

    /// SHA-256 of the server's certificate (DER), lower-case hexadecimal; `None` without TLS.
    #[must_use]
    pub fn certificate_fingerprint(&self) -> Option<&str> {
        self.fingerprint.as_deref()
    }

    /// Octets received on this connection so far, after decryption, protocol included.
    #[must_use]
    pub fn bytes_received(&self) -> u64 {
        self.shared.lock().received()
    }

    /// The mailboxes that `patterns` (contract §3, `audit.mailboxes`) choose, sorted by name, each once.
    ///
    /// # Errors
    /// `list` stage; `no-sent-mailbox` if there is none, naming the mailboxes there are.
    pub fn sent_mailboxes(&mut self, patterns: &[String]) -> Result<Vec<SentMailbox>, SourceError> {
        let Self {
            shared,
            pace,
            capabilities,
            ..
        } = self;
        let mut dialogue = Dialogue {
            connection: &mut *shared.lock(),
            pace,
            stage: Stage::List,
        };
        discovery::sent_mailboxes(&mut dialogue, capabilities, patterns)
    }

    /// Opens a mailbox read-only; an answer without `[READ-ONLY]` is told in [`Examined::read_only`].
    ///
    /// # Errors
    /// `list` stage.
    pub fn examine(&mut self, mailbox: &SentMailbox) -> Result<Examined, SourceError> {
        // A refused EXAMINE closes the mailbox that was open before (RFC 9051, 6.3.2).
        self.exists = None;
        let examined = self.with_dialogue(Stage::List, |dialogue| examine(dialogue, mailbox))?;
        self.exists = Some(examined.exists);
        Ok(examined)
    }

    /// Lists the open mailbox's messages in the window, ascending by UID.
    ///
    /// A message whose data the server hides is listed with size 0 and no INTERNALDATE.
    ///
    /// # Errors
    /// `list` stage.
    pub fn list(&mut self, window: &Window) -> Result<Vec<Listed>, SourceError> {
        let exists = self
            .exists
            .ok_or_else(|| refusal::protocol(Stage::List, "no mailbox is open"))?;
        // The judgement's own reader: a Date that it cannot read counts as unreadable here too.
        let read_date = |header: &[u8]| message::parse(header).sent;
        self.with_dialogue(Stage::List, |dialogue| {
            listing::list(dialogue, exists, window, &read_date)
        })
    }

    /// As [`Session::list`], of the messages whose UID is `uid` or higher; what the server hides is not among them.
    ///
    /// # Errors
    /// `list` stage.
    pub fn list_from(&mut self, uid: u32, window: &Window) -> Result<ListedFrom, SourceError> {
        let read_date = |header: &[u8]| message::parse(header).sent;
        self.with_dialogue(Stage::List, |dialogue| {
            listing::list_from(dialogue, uid, window, &read_date)
        })
    }

    /// Fetches whole messages (`BODY.PEEK[]`, `Extent::Whole`), giving each to `sink` as it arrives, in the server's order: every one of
    /// `messages` once, also those that the server does not deliver (expunged meanwhile, refused, too large). Batches are
    /// cut by bytes inside. If `sink` returns `false`, stops at once, and the session is out of step.
    ///
    /// # Errors
    /// `fetch` stage; what was given to `sink` before stays valid; the session must then be dropped.
    pub fn fetch(
        &mut self,
        messages: &[Listed],
        sink: &mut dyn FnMut(Result<Fetched, Undelivered>) -> bool,
    ) -> Result<(), SourceError> {
        self.with_dialogue(Stage::Fetch, |dialogue| {
            fetch::fetch(dialogue, messages, sink)
        })
    }

    /// As [`Session::fetch`], but hands each message on in pieces while it comes; what does not come is passed over.
    ///
    /// # Errors
    /// As [`Session::fetch`]; a message that has not ended was cut.
    pub fn fetch_into(
        &mut self,
        messages: &[Listed],
        receiver: &mut dyn Receiver<u32>,
    ) -> Result<(), SourceError> {
        self.with_dialogue(Stage::Fetch, |dialogue| {
            fetch::fetch_into(dialogue, messages, receiver)
        })
    }

    /// As [`Session::fetch`], but of large messages only what is read (`Extent::Read`), wherever the server's answers
    /// allow it. Large messages come first.
    ///
    /// # Errors
    /// As [`Session::fetch`].
    pub fn fetch_read(
        &mut self,
        messages: &[Listed],
        sink: &mut dyn FnMut(Result<Fetched, Undelivered>) -> bool,
    ) -> Result<(), SourceError> {
        self.with_dialogue(Stage::Fetch, |dialogue| {
            fetch::fetch_read(dialogue, messages, sink)
        })
    }

    /// Logs out; errors do not matter any more.
    pub fn close(mut self) {
        if self.pace.out_of_step || self.shared.lock().set_timeout(FAREWELL).is_err() {
            return;
        }
        let farewell = guarded(Stage::Fetch, || self.library.logout());
        if !matches!(farewell, Ok(Ok(()))) {
            tracing::debug!("the server did not take leave properly");
        }
    }

    fn with_dialogue<T>(
        &mut self,
        stage: Stage,
        talk: impl FnOnce(&mut Dialogue<'_, Wire>) -> Result<T, SourceError>,
    ) -> Result<T, SourceError> {
        talk(&mut Dialogue {
            connection: &mut *self.shared.lock(),
            pace: &mut self.pace,
            stage,
        })
    }
}

fn capabilities(shared: &Shared<Wire>, pace: &mut Pace) -> Result<Vec<String>, SourceError> {
    Dialogue {
        connection: &mut *shared.lock(),
        pace,
        stage: Stage::Login,
    }
    .capabilities()
}

fn examine<C: std::io::BufRead + std::io::Write>(
    dialogue: &mut Dialogue<'_, C>,
    mailbox: &SentMailbox,
) -> Result<Examined, SourceError> {
    let name = quote(&mailbox.wire_name)
        .ok_or_else(|| refusal::protocol(Stage::List, "the mailbox's name holds a line break"))?;
    let mut state = State::default();
    let outcome = dialogue.run(format!("EXAMINE {name}"), &mut |r| state.hear(r))?;
    if !outcome.ok {
        let what = format!(
            "cannot open \"{}\"",
            refusal::quoted(mailbox.name.as_bytes())
        );
        return Err(refusal::refused(Stage::List, &what, &outcome.text));
    }
    let uidvalidity = state
        .uidvalidity
        .ok_or_else(|| refusal::protocol(Stage::List, "the server gives no UIDVALIDITY"))?;
    // Without it (RFC 9051, 6.3.2 requires it) nothing could be told from an empty mailbox.
    let exists = state.exists.ok_or_else(|| {
        refusal::protocol(
            Stage::List,
            "the server does not tell how many messages there are",
        )
    })?;
    Ok(Examined {
        uidvalidity,
        exists,
        uidnext: state.uidnext,
        highest_modseq: state.highest_modseq,
        read_only: response_code(&outcome.text, "READ-ONLY").is_some(),
    })
}

/// What EXAMINE's untagged responses tell.
#[derive(Default)]
struct State {
    uidvalidity: Option<u32>,
    exists: Option<u32>,
    uidnext: Option<u32>,
    highest_modseq: Option<u64>,
}

impl State {
    fn hear(&mut self, response: &mut Response) {
        match kind(&response.text) {
            Kind::Untagged {
                status: Status::Ok,
                text,
            } => {
                let code = |name| response_code(text, name);
                if let Some(value) = code("UIDVALIDITY") {
                    self.uidvalidity = number(value);
                } else if let Some(value) = code("UIDNEXT") {
                    self.uidnext = number(value);
                } else if let Some(value) = code("HIGHESTMODSEQ") {
                    self.highest_modseq = number(value);
                }
            }
            Kind::Data(data) => {
                let (count, word) = split_word(data);
                if word.trim_ascii().eq_ignore_ascii_case(b"EXISTS") {
                    self.exists = number(count).or(self.exists);
                }
            }
            _ => {}
        }
    }
}

/// A quoted string; `None` for what cannot stand in one.
fn quote(text: &str) -> Option<String> {
    if text.contains(['\r', '\n', '\0']) {
        return None;
    }
    let escaped = text.replace('\\', "\\\\").replace('"', "\\\"");
    Some(format!("\"{escaped}\""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::imap::scripted::Scripted;

    #[track_caller]
    fn check(script: &str, expected: Result<Examined, &str>) {
        let mut connection = Scripted::new(script);
        let mailbox = SentMailbox {
            name: "a\"b".to_owned(),
            wire_name: "a\"b".to_owned(),
            chosen_by: String::new(),
        };
        let found = examine(
            &mut Dialogue {
                connection: &mut connection,
                pace: &mut Pace::default(),
                stage: Stage::List,
            },
            &mailbox,
        );
        assert_eq!(found.map_err(|e| e.code), expected);
        assert_eq!(connection.sent(), "s1 EXAMINE \"a\\\"b\"\r\n");
    }

    #[test]
    fn examine_answers() {
        let examined = Examined {
            uidvalidity: 7,
            exists: 3,
            uidnext: Some(9),
            highest_modseq: Some(5_000_000_000),
            read_only: true,
        };
        check(
            "* FLAGS (\\Seen)\r\n* 3 EXISTS\r\n* 0 RECENT\r\n* OK [UIDVALIDITY 7] x\r\n* NO busy\r\n* OK [UIDNEXT 9] x\r\n\
             * OK [HIGHESTMODSEQ 5000000000]\r\ns1 OK [READ-ONLY] done\r\n",
            Ok(examined),
        );
        let bare = Examined {
            uidvalidity: 7,
            exists: 0,
            uidnext: None,
            highest_modseq: None,
            read_only: false,
        };
        check(
            "* 0 EXISTS\r\n* OK [UIDVALIDITY 7]\r\ns1 OK [READ-WRITE] done\r\n",
            Ok(bare),
        );
        check("* 3 EXISTS\r\ns1 OK done\r\n", Err("protocol"));
        check(
            "* x EXISTS\r\n* OK [UIDVALIDITY 7]\r\ns1 OK done\r\n",
            Err("protocol"),
        );
        check(
            "s1 NO [NONEXISTENT] no such mailbox\r\n",
            Err("server-refused"),
        );
        check(
            "s1 BAD User is authenticated but not connected.\r\n",
            Err("not-connected"),
        );
        check("* BYE\r\n", Err("bye"));
    }
}
