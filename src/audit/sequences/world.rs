//! A server in memory with two sent mailboxes, whose lines break when told to, and runs over them.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use crossbeam_channel::unbounded;
use jiff::civil::date;
use jiff::{Timestamp, ToSpan};

use super::super::accounts::{Job, Queue};
use super::super::begun::{self, Begun};
use super::super::judging::{Bench, RosterJudging};
use super::super::line::{Line, Opener, fetch_in_one_piece};
use super::super::mood::Mood;
use super::super::pipeline::Pipeline;
use super::super::progress::{Progress, Units};
use super::super::writer::Writer;
use super::super::{Conduct, ReportChoice, record};
use crate::detect::{Judge, JudgementKey};
use crate::finding::Stage;
use crate::mailbox::{Account, Custodian, Organisation, Window};
use crate::query::QuerySet;
use crate::report::{Audience, Dialect, Format, ReportSettings};
use crate::source::imap::{
    Accepted, Auth, Examined, Extent, Fetched, Listed, ListedFrom, Secret, SentMailbox,
    ServerSettings, Tls, Undelivered,
};
use crate::source::{Receiver, SourceError};
use crate::store::Store;

/// What a message says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Farewell,
    /// A farewell with a word that one variant of the query takes as a guard.
    Guarded,
    /// A farewell in words that one variant knows.
    Foreign,
    /// A farewell with a number that may turn out to be the organisation's.
    Office,
    /// The same, with a private address that makes it grave in any case.
    OfficeAndHome,
    Ordinary,
    /// An ordinary one that the server never delivers.
    Stuck,
}

impl Kind {
    pub(super) const ALL: [Self; 7] = [
        Self::Farewell,
        Self::Guarded,
        Self::Foreign,
        Self::Office,
        Self::OfficeAndHome,
        Self::Ordinary,
        Self::Stuck,
    ];

    fn body(self) -> &'static str {
        match self {
            Self::Farewell => {
                "Goodbye from me. Write to my private mail ana.prueba@homepost.example."
            }
            Self::Guarded => "Goodbye for today, dear friends.",
            Self::Foreign => "Hasta siempre, dear friends.",
            Self::Office => "Goodbye from me. My private mobile is +44 7700 900123.",
            Self::OfficeAndHome => {
                "Goodbye from me. My private mail is ana.prueba@homepost.example, my private mobile +44 7700 900123."
            }
            Self::Ordinary | Self::Stuck => "The pallets come on Tuesday.",
        }
    }
}

/// How the desk's queries differ: the second and third behind the same gate, the others not.
pub(super) const QUERIES: [fn(&str) -> Vec<String>; 5] = [
    |notice| vec![notice.to_owned()],
    |notice| vec![notice.replace("confidence = 50", "confidence = 70")],
    |notice| vec![notice.replace("[\"never\"]", "[\"today\"]")],
    |notice| vec![notice.replace("\"goodbye\"", "\"goodbye\", \"hasta siempre\"")],
    |notice| vec![notice.to_owned(), PALLETS.to_owned()],
];

const NOTICE: &str = r#"
id = "notice"
version = 1
title = "Notice"
signal.lead.en = ["goodbye"]
signal.guard.en = ["never"]
signal.cue_own.en = ["my private mail", "my private mobile"]

[[pattern]]
verdict = "personal-contact"
all = ["lead", "personal contact"]
confidence = 50
says = "gives private contact data"

[[pattern]]
verdict = "open-notice"
all = ["lead"]
none = ["guard"]
confidence = 50
says = "says goodbye"
"#;

const PALLETS: &str = r#"
id = "pallets"
version = 1
title = "Pallets"
signal.pallets.en = ["pallets", "goodbye"]
pattern = [{ verdict = "match", all = ["pallets"], confidence = 90, says = "speaks of pallets" }]
"#;

/// How a run is asked for, and how it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Run {
    Nightly,
    Full,
    /// With `--since`.
    Narrow,
    /// With `--phrase`.
    Phrase,
    /// With `--query`.
    OneQuery,
    /// The line breaks for good after so many messages.
    BrokenAfter(usize),
    /// Ctrl-C after so many messages.
    StoppedAfter(usize),
    /// `kill -9` after the writer took so many events.
    KilledAfter(usize),
    /// `kill -9` before the writer changed one of [`TABLES`].
    KilledBefore(usize),
}

/// What the writer changes while it works.
pub(super) const TABLES: [&str; 4] = ["judged", "sightings", "exceptions", "coverage"];

/// A row of a table, by column.
pub(super) type Row = BTreeMap<String, String>;

/// What a report says.
pub(super) struct Report {
    pub(super) findings: Vec<Row>,
    pub(super) coverage: Vec<Row>,
    pub(super) exceptions: Vec<Row>,
    pub(super) incomplete: bool,
}

/// What came of a run.
pub(super) struct Ran {
    /// Mailbox and UID of everything that was asked for.
    asked: Vec<(usize, u32)>,
    key: JudgementKey,
    /// None of a killed run.
    pub(super) report: Option<Report>,
}

/// A message that was sent once, and may lie in several places.
#[derive(Debug, Clone)]
struct Letter {
    kind: Kind,
    octets: Vec<u8>,
    at: Timestamp,
}

#[derive(Debug, Clone)]
struct Mailbox {
    name: &'static str,
    uidvalidity: u32,
    next: u32,
    /// UID, and which letter.
    held: Vec<(u32, usize)>,
}

/// A message by mailbox, UIDVALIDITY and UID.
type Known = (usize, u32, u32);

/// The server, the desk's settings, and what runs must remember.
pub(super) struct World {
    letters: Vec<Letter>,
    mailboxes: [Mailbox; 2],
    pub(super) queries: usize,
    pub(super) own_phones: bool,
    runs: u32,
    /// Under which key a run that came to its end had it judged.
    judged: HashMap<Known, JudgementKey>,
    /// In how many runs a message that never comes was asked for.
    tried: HashMap<Known, u32>,
}

impl Default for World {
    fn default() -> Self {
        let mailbox = |name| Mailbox {
            name,
            uidvalidity: 7,
            next: 1,
            held: Vec::new(),
        };
        Self {
            letters: Vec::new(),
            mailboxes: [mailbox("Sent"), mailbox("Sent Items")],
            queries: 0,
            own_phones: false,
            runs: 0,
            judged: HashMap::new(),
            tried: HashMap::new(),
        }
    }
}

impl World {
    pub(super) fn deliver(&mut self, mailbox: usize, kind: Kind, day: i8) {
        let number = self.letters.len();
        let at = date(2024, 6, 10).at(9, 0, 0, 0) + i64::from(day).days();
        let at = at.in_tz("UTC").unwrap().timestamp();
        let octets = format!(
            "From: ana@acme.example\r\nTo: marsh@client.example\r\nSubject: Letter {number}\r\nDate: {}\r\n\
             Message-ID: <{number}@acme.example>\r\n\r\n{}\r\n",
            jiff::fmt::rfc2822::to_string(&at.to_zoned_datetime(jiff::tz::TimeZone::UTC)).unwrap(),
            kind.body()
        );
        let octets = octets.into_bytes();
        self.letters.push(Letter { kind, octets, at });
        self.mailboxes[mailbox].hold(number);
    }

    pub(super) fn copy(&mut self, from: usize, into: usize) {
        if !self.letters.is_empty() {
            let letter = from % self.letters.len();
            self.mailboxes[into].hold(letter);
        }
    }

    /// Deletes a message; if asked for, one that lies elsewhere, too, as long as there is any.
    pub(super) fn delete(&mut self, which: usize, is_copy: bool) {
        let places: Vec<(usize, (u32, usize))> = self
            .mailboxes
            .iter()
            .enumerate()
            .flat_map(|(number, m)| m.held.iter().map(move |held| (number, *held)))
            .collect();
        let count = |letter: usize| places.iter().filter(|(_, held)| held.1 == letter).count();
        let copied = places.iter().filter(|(_, held)| count(held.1) > 1);
        let copied: Vec<_> = copied.copied().collect();
        let chosen = if is_copy && !copied.is_empty() {
            copied
        } else {
            places
        };
        if let Some(&(mailbox, place)) = chosen.get(which % chosen.len().max(1)) {
            self.mailboxes[mailbox].held.retain(|held| *held != place);
        }
    }

    pub(super) fn renumber(&mut self, mailbox: usize) {
        let mailbox = &mut self.mailboxes[mailbox];
        mailbox.uidvalidity += 1;
        mailbox.next = 1;
        for letter in std::mem::take(&mut mailbox.held) {
            mailbox.hold(letter.1);
        }
    }

    /// Whether no mailbox holds the message any more.
    pub(super) fn is_deleted(&self, message_id: &str) -> bool {
        let number = message_id.split_once('@').unwrap().0;
        let number = number.parse::<usize>().unwrap();
        let mut held = self.mailboxes.iter().flat_map(|m| &m.held);
        held.all(|(_, letter)| *letter != number)
    }

    /// Whether a mailbox cannot be read whole: then nobody can tell what became of renumbered messages.
    pub(super) fn is_unsure(&self) -> bool {
        let mut held = self.mailboxes.iter().flat_map(|m| &m.held);
        held.any(|(_, letter)| self.letters[*letter].kind == Kind::Stuck)
    }

    fn organisation(&self) -> Organisation {
        Organisation {
            domains: vec!["acme.example".into()],
            phones: self
                .own_phones
                .then(|| "+44 7700 9001xx".into())
                .into_iter()
                .collect(),
            region: None,
        }
    }

    fn judge(&self, run: Run) -> Judge {
        let directory = tempfile::tempdir().unwrap();
        let texts = match run {
            Run::Phrase => vec![PALLETS.replace("id = \"pallets\"", "id = \"phrase-1\"")],
            _ => QUERIES[self.queries](NOTICE),
        };
        for (number, text) in texts.iter().enumerate() {
            std::fs::write(directory.path().join(format!("{number}.toml")), text).unwrap();
        }
        let mut queries = QuerySet::load(&[directory.path()]).unwrap();
        if run == Run::OneQuery {
            queries.keep(&["notice".to_owned()]);
        }
        Judge::new(&queries)
    }

    /// Runs, with a store that is kept or one that is not.
    pub(super) fn run(&mut self, run: Run, store: Option<&Path>, out: &Path) -> Ran {
        self.runs += 1;
        let judge = self.judge(run);
        let conduct = Conduct {
            threads: Some(1),
            batch: 2,
            ..Conduct::default()
        };
        let server = Server::new(self, run, &conduct);
        let queue = queue(&judge, run, &self.organisation());
        let key = queue.jobs[0].key.clone();
        let mut record = record::begin("run", &[], judge.queries(), None, "all days".into());
        record.id = format!("run-{}", self.runs);
        let judging = Arc::new(RosterJudging {
            bench: Bench {
                judge,
                documents: None,
            },
            organisation: self.organisation(),
        });
        let progress = Progress::new(false, Units::Accounts, 1);
        let report = match run {
            Run::KilledAfter(_) | Run::KilledBefore(_) => {
                let mut store = Store::open(store.unwrap()).unwrap();
                store.begin_run(&record).unwrap();
                let writer = |store| Writer::new(store, &conduct, progress);
                let sources = (Arc::clone(&server), &queue, judging, &conduct);
                killed(&mut store, run, sources, writer);
                None
            }
            _ => {
                let choice = ReportChoice {
                    out: Some(out.to_owned()),
                    formats: vec![Format::Csv],
                    dialect: Dialect::Plain,
                    audience: Audience::All,
                    ..ReportChoice::default()
                };
                let mut begun =
                    Begun::begin(record, judging.bench.judge.queries(), store, &choice, None)
                        .unwrap();
                begun
                    .work(judging, &conduct, progress, |scope, pipeline| {
                        let (server, queue, pipeline) = (&server, &queue, Arc::clone(pipeline));
                        begun::spawn(scope, "imap", move || queue.work(server, &pipeline))
                    })
                    .unwrap();
                let settings = ReportSettings {
                    roster: vec![ana()],
                    organisation: self.organisation(),
                    ..choice.settings(None)
                };
                let outcome = begun.end(&conduct, settings, None).unwrap();
                Some(Report {
                    findings: rows(out, "findings"),
                    coverage: rows(out, "coverage"),
                    exceptions: rows(out, "exceptions"),
                    incomplete: outcome.summary.incomplete,
                })
            }
        };
        let asked = server.asked.lock().unwrap().clone();
        Ran { asked, key, report }
    }

    /// Nothing that a run had judged is asked for again unless something that concerns it has changed, and what never comes
    /// is not asked for for ever.
    pub(super) fn check_nothing_twice(&mut self, run: Run, ran: &Ran) {
        let everything: Vec<(Known, Kind)> = self
            .mailboxes
            .iter()
            .enumerate()
            .flat_map(|(number, m)| {
                let known = move |uid: u32| (number, m.uidvalidity, uid);
                m.held
                    .iter()
                    .map(move |&(uid, letter)| (known(uid), letter))
            })
            .map(|(known, letter)| (known, self.letters[letter].kind))
            .collect();
        // An ordinary message gets past the gate of the one query that asks for pallets.
        let asks_for_pallets = self.queries == 4 && run != Run::OneQuery;
        let still_holds = |kind: Kind, before: &JudgementKey| {
            let is_kept_out = kind == Kind::Ordinary && !asks_for_pallets;
            before.whole == ran.key.whole || is_kept_out && before.gate == ran.key.gate
        };
        for &(known, kind) in &everything {
            let is_asked = ran.asked.contains(&(known.0, known.2));
            let before = self.judged.get(&known);
            if kind == Kind::Stuck {
                let tried = self.tried.entry(known).or_default();
                assert!(
                    !is_asked || *tried < 5 || run == Run::Full,
                    "{known:?} again"
                );
                // Of a line that broke nobody knows whether it was the message's doing.
                let is_told = ran.report.is_some() && !matches!(run, Run::BrokenAfter(_));
                *tried += u32::from(is_asked && is_told);
            } else if before.is_some_and(|b| still_holds(kind, b)) && run != Run::Full {
                assert!(!is_asked, "{known:?} was judged before");
            }
            match run {
                Run::Nightly | Run::Full if kind != Kind::Stuck => {
                    self.judged.insert(known, ran.key.clone());
                }
                // It leaves what the others concluded as it is.
                Run::Phrase => {}
                // Who knows how far it got.
                _ if before.is_some_and(|b| !still_holds(kind, b)) => {
                    self.judged.remove(&known);
                }
                _ => {}
            }
        }
    }
}

impl Mailbox {
    fn hold(&mut self, letter: usize) {
        self.held.push((self.next, letter));
        self.next += 1;
    }
}

fn ana() -> Custodian {
    Custodian {
        id: "ana@acme.example".into(),
        ..Custodian::default()
    }
}

/// Ana's account, as a run asks for it.
fn queue(judge: &Judge, run: Run, organisation: &Organisation) -> Queue {
    let since = (run == Run::Narrow).then(|| date(2024, 6, 12));
    Queue {
        server: ServerSettings {
            name: "default".into(),
            host: "imap.acme.example".into(),
            port: 993,
            tls: Tls::Implicit,
            ca_file: None,
            timeout: Duration::from_secs(1),
            auth: Auth::Login {
                user: String::new(),
                password: Secret::Env(String::new()),
            },
            connections: 1,
            accepted: Accepted::default(),
        },
        patterns: Vec::new(),
        jobs: vec![Job {
            account: Account {
                custodian: ana().id,
                login: "ana".into(),
                server: "default".into(),
            },
            custodian: ana(),
            window: Window { since, until: None },
            key: judge.key(&ana(), organisation),
            full: run == Run::Full,
        }],
        next: AtomicUsize::new(0),
        spare: AtomicUsize::new(0),
        mood: Mood::default(),
    }
}

/// Works until it is killed: what was not committed by then is lost.
fn killed<'s>(
    store: &'s mut Store,
    run: Run,
    (server, queue, judging, conduct): (Arc<Server>, &Queue, Arc<RosterJudging>, &Conduct),
    writer: impl FnOnce(&'s mut Store) -> Writer<'s>,
) {
    let mut left = match run {
        Run::KilledAfter(events) => events,
        Run::KilledBefore(table) => {
            store.fail_at(TABLES[table]);
            usize::MAX
        }
        _ => unreachable!("only these are killed"),
    };
    let (pipeline, brake, events) =
        Pipeline::start(judging, conduct.threads, Arc::clone(&conduct.stop)).unwrap();
    let pipeline = Arc::new(pipeline);
    let (relay, relayed) = unbounded();
    thread::scope(|scope| {
        let server = &server;
        begun::spawn(scope, "imap", move || queue.work(server, &pipeline)).unwrap();
        scope.spawn(move || {
            while left > 0
                && let Ok(event) = events.recv()
                && relay.send(event).is_ok()
            {
                left -= 1;
            }
            drop(relay);
            brake.pull();
            // Whoever waits learns that nobody listens.
            drop(events);
        });
        let worked = writer(store).work(&relayed);
        drop(relayed);
        assert!(worked.is_ok() || matches!(run, Run::KilledBefore(_)));
    });
}

fn rows(report: &Path, table: &str) -> Vec<Row> {
    let file = report.join(table).with_extension("csv");
    let mut reader = csv::Reader::from_path(file).unwrap();
    reader.deserialize().map(Result::unwrap).collect()
}

/// Rows without what tells one run from another.
pub(super) fn lasting(rows: &[Row], also: &[&str]) -> Vec<Row> {
    const PASSING: &[&str] = &[
        "change",
        "review_status",
        "review_note",
        "campaign_id",
        "campaign_size",
        "judged",
        "judged_before",
        "bytes_fetched",
        "seconds",
        "throttled_seconds",
        "status",
        "findings",
        "attempts",
        "what_to_do",
    ];
    let is_passing = |name: &str| PASSING.contains(&name) || also.contains(&name);
    let strip = |row: &Row| {
        row.clone()
            .into_iter()
            .filter(|(name, _)| !is_passing(name))
            .collect()
    };
    rows.iter().map(strip).collect()
}

/// The world as connections see it in one run.
struct Server {
    mailboxes: [Mailbox; 2],
    letters: Vec<Letter>,
    run: Run,
    conduct: Conduct,
    delivered: AtomicUsize,
    asked: Mutex<Vec<(usize, u32)>>,
}

impl Server {
    fn new(world: &World, run: Run, conduct: &Conduct) -> Arc<Self> {
        Arc::new(Self {
            mailboxes: world.mailboxes.clone(),
            letters: world.letters.clone(),
            run,
            conduct: conduct.clone(),
            delivered: AtomicUsize::new(0),
            asked: Mutex::default(),
        })
    }
}

struct Connection {
    server: Arc<Server>,
    /// Which mailbox is open.
    open: usize,
}

fn error(code: &'static str, retryable: bool) -> SourceError {
    SourceError {
        stage: Stage::Fetch,
        code,
        detail: "as asked".into(),
        retryable,
        what_to_do: "nothing".into(),
    }
}

impl Opener for Arc<Server> {
    fn open(&self, _: &ServerSettings, _: &str) -> Result<Box<dyn Line>, SourceError> {
        let server = Self::clone(self);
        Ok(Box::new(Connection { server, open: 0 }))
    }
}

impl Line for Connection {
    fn fingerprint(&self) -> Option<&str> {
        None
    }

    fn sent_mailboxes(&mut self, _: &[String]) -> Result<Vec<SentMailbox>, SourceError> {
        let chosen = |mailbox: &Mailbox| SentMailbox {
            name: mailbox.name.to_owned(),
            wire_name: mailbox.name.to_owned(),
            chosen_by: "known name".to_owned(),
        };
        Ok(self.server.mailboxes.iter().map(chosen).collect())
    }

    fn examine(&mut self, chosen: &SentMailbox) -> Result<Examined, SourceError> {
        let mut mailboxes = self.server.mailboxes.iter();
        self.open = mailboxes.position(|m| m.name == chosen.name).unwrap();
        let mailbox = &self.server.mailboxes[self.open];
        Ok(Examined {
            uidvalidity: mailbox.uidvalidity,
            exists: u32::try_from(mailbox.held.len()).unwrap(),
            // Not every server tells it.
            uidnext: (self.open == 0).then_some(mailbox.next),
            highest_modseq: None,
            read_only: true,
        })
    }

    fn list(&mut self, window: &Window) -> Result<Vec<Listed>, SourceError> {
        let letter = |letter: usize| &self.server.letters[letter];
        let listed = |&(uid, number): &(u32, usize)| Listed {
            uid,
            size: u32::try_from(letter(number).octets.len()).unwrap(),
            internal_date: Some(letter(number).at),
        };
        let held = self.server.mailboxes[self.open].held.iter();
        let in_window = held.filter(|(_, number)| window.contains(letter(*number).at));
        Ok(in_window.map(listed).collect())
    }

    fn list_from(&mut self, uid: u32, window: &Window) -> Result<ListedFrom, SourceError> {
        let mut in_window = self.list(window)?;
        in_window.retain(|listed| listed.uid >= uid);
        let held = self.server.mailboxes[self.open].held.iter();
        Ok(ListedFrom {
            messages: held.filter(|held| held.0 >= uid).count() as u64,
            in_window,
        })
    }

    fn fetch(
        &mut self,
        messages: &[Listed],
        _: Extent,
        sink: &mut dyn FnMut(Result<Fetched, Undelivered>) -> bool,
    ) -> Result<(), SourceError> {
        let server = &self.server;
        for &listed in messages {
            server.asked.lock().unwrap().push((self.open, listed.uid));
            let delivered = server.delivered.fetch_add(1, Ordering::Relaxed);
            match server.run {
                Run::BrokenAfter(n) if n == delivered => return Err(error("cut", false)),
                Run::StoppedAfter(n) if n == delivered => {
                    server.conduct.stop.store(true, Ordering::Relaxed);
                }
                _ => {}
            }
            let held = &server.mailboxes[self.open].held;
            let number = held.iter().find(|(uid, _)| *uid == listed.uid).unwrap().1;
            let letter = &server.letters[number];
            let delivery = if letter.kind == Kind::Stuck {
                let error = error("not-delivered", true);
                Err(Undelivered { listed, error })
            } else {
                let (octets, extent) = (letter.octets.clone(), Extent::Whole);
                Ok(Fetched {
                    listed,
                    octets,
                    whole: None,
                    extent,
                })
            };
            if !sink(delivery) {
                return Ok(());
            }
        }
        Ok(())
    }

    fn fetch_into(
        &mut self,
        messages: &[Listed],
        receiver: &mut dyn Receiver<u32>,
    ) -> Result<(), SourceError> {
        fetch_in_one_piece(self, messages, receiver)
    }

    fn close(self: Box<Self>) {}
}
