//! The connection threads: account by account, mailbox by mailbox, with patience for bad lines.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::accounting;
use super::fetching::{Listing, Second};
use super::known::{self, Roll};
use super::line::{Line, Opener};
use super::mood::{Mood, Place, Refusal};
use super::pipeline::{Before, End, Event, Pipeline, Work};
use super::{patience, quiet};
use crate::detect::JudgementKey;
use crate::finding::Stage;
use crate::mailbox::{Account, Custodian, MailboxId, Window};
use crate::source::SourceError;
use crate::source::imap::{Examined, Extent, SentMailbox, ServerSettings};
use crate::store::{Coverage, LastListing, ServerSeen};

/// Failures in a row, nothing having arrived in between, after which a mailbox or login is given up.
const ATTEMPTS: u32 = 4;

/// Where the server asked for patience, and got it.
const ATTEMPTS_THROTTLED: u32 = 7;

/// An account to audit.
pub(super) struct Job {
    pub(super) account: Account,
    pub(super) custodian: Custodian,
    pub(super) window: Window,
    /// The judgement key.
    pub(super) key: JudgementKey,
    /// Judge again what was judged before.
    pub(super) full: bool,
}

/// A server's accounts: its connection threads take them one after the other.
pub(super) struct Queue {
    pub(super) server: ServerSettings,
    /// `audit.mailboxes`.
    pub(super) patterns: Vec<String>,
    pub(super) jobs: Vec<Job>,
    pub(super) next: AtomicUsize,
    /// Connections that the server allows and nobody uses.
    pub(super) spare: AtomicUsize,
    /// How the server is, shared by its connections.
    pub(super) mood: Mood,
}

impl Queue {
    /// Connections that it pays to open.
    pub(super) fn connections(&self) -> usize {
        self.server.connections.min(self.jobs.len())
    }

    /// Takes accounts until there are none.
    pub(super) fn work(&self, opener: &dyn Opener, pipeline: &Arc<Pipeline>) {
        while let Some(job) = self.jobs.get(self.next.fetch_add(1, Ordering::Relaxed)) {
            let mut caller = Caller {
                queue: self,
                job,
                opener,
                pipeline,
                line: None,
                place: None,
                throttled: Duration::ZERO,
            };
            if let Err(place) = quiet::caught(|| caller.account()) {
                // What was open has accounted for itself.
                not_opened(
                    pipeline,
                    job.mailbox(""),
                    "",
                    Duration::ZERO,
                    &accounting::bug(Stage::List, &place),
                );
            }
            pipeline.tell(Event::UnitDone);
        }
        self.give_spare();
    }

    /// Takes one of the connections that nobody uses; whether there was one.
    pub(super) fn take_spare(&self) -> bool {
        self.spare
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1))
            .is_ok()
    }

    /// Gives one back.
    pub(super) fn give_spare(&self) {
        self.spare.fetch_add(1, Ordering::Relaxed);
    }
}

impl Job {
    fn mailbox(&self, name: &str) -> MailboxId {
        MailboxId {
            custodian: self.custodian.id.clone(),
            account: self.account.login.clone(),
            mailbox: name.to_owned(),
        }
    }
}

/// One account and its connection, which its mailboxes share.
struct Caller<'a> {
    queue: &'a Queue,
    job: &'a Job,
    opener: &'a dyn Opener,
    pipeline: &'a Arc<Pipeline>,
    line: Option<Box<dyn Line>>,
    /// The connection's place among those that the server lets in.
    place: Option<Place<'a>>,
    /// Waited because the server asked for it, and not yet told.
    throttled: Duration,
}

impl Caller<'_> {
    fn account(&mut self) {
        let mut failures = 0;
        let sent = loop {
            if self.pipeline.stopping() {
                return self.not_opened("", "", &accounting::not_reached());
            }
            match self.sent_mailboxes() {
                Ok(sent) => {
                    self.queue.mood.praise();
                    break sent;
                }
                Err(error) if !self.may_retry(&error, &mut failures) => {
                    return self.not_opened("", "", &error);
                }
                Err(_) => {}
            }
        };
        for mailbox in &sent {
            if self.pipeline.stopping() {
                self.not_opened(
                    &mailbox.name,
                    &mailbox.chosen_by,
                    &accounting::not_reached(),
                );
            } else {
                self.mailbox(mailbox);
            }
        }
        if let Some(line) = self.line.take() {
            line.close();
        }
    }

    fn sent_mailboxes(&mut self) -> Result<Vec<SentMailbox>, SourceError> {
        self.hold_back();
        let patterns = &self.queue.patterns;
        self.line()?.sent_mailboxes(patterns)
    }

    /// Reads a mailbox, on as many connections as it takes.
    fn mailbox(&mut self, chosen: &SentMailbox) {
        let mut listing = None;
        let mut failures = 0;
        let end = loop {
            if self.pipeline.stopping() {
                break End::Stopped;
            }
            let before = remaining(listing.as_ref());
            // Where lean fetching fails twice, messages are asked for whole and in order: then it is the first that did not
            // come which breaks the line.
            let extent = if failures < 2 {
                Extent::Read
            } else {
                Extent::Whole
            };
            match self.pass(chosen, &mut listing, extent) {
                Ok(()) => break End::Done,
                Err(error) => {
                    if before != remaining(listing.as_ref()) {
                        failures = 0;
                        self.queue.mood.praise();
                    }
                    if !self.may_retry(&error, &mut failures) {
                        break End::Failed(error);
                    }
                    if let Some(listing) = &mut listing
                        && failures > 1
                        && error.stage == Stage::Fetch
                        && (extent == Extent::Whole || listing.is_all_small())
                    {
                        listing.set_first_aside(error);
                    }
                }
            }
        };
        let end = match end {
            End::Done if self.pipeline.stopping() => End::Stopped,
            end => end,
        };
        if let (Some(listing), End::Done) = (&mut listing, &end) {
            listing.blame_those_aside(breaks_the_line);
        }
        match (listing, end) {
            (Some(listing), end) => {
                let throttled = std::mem::take(&mut self.throttled);
                listing.feed.held_back(throttled);
                listing.feed.close(end);
            }
            (None, End::Failed(error)) => self.not_opened(&chosen.name, &chosen.chosen_by, &error),
            (None, _) => {
                self.not_opened(&chosen.name, &chosen.chosen_by, &accounting::not_reached());
            }
        }
    }

    /// Opens the mailbox and fetches what has not arrived yet.
    fn pass(
        &mut self,
        chosen: &SentMailbox,
        listing: &mut Option<Listing>,
        extent: Extent,
    ) -> Result<(), SourceError> {
        self.hold_back();
        let seen = self.line()?.examine(chosen)?;
        if !seen.read_only {
            return Err(not_read_only(chosen));
        }
        let listing = match listing {
            Some(listing) if listing.uidvalidity != seen.uidvalidity => {
                return Err(renumbered(chosen));
            }
            Some(listing) => listing,
            None => {
                let job = self.job;
                let Some(before) = self.done_before(chosen, &seen) else {
                    // The writer is gone: the run ends.
                    return Ok(());
                };
                let roll = known::roll(self.line()?, &seen, &before, &job.window)?;
                let mut coverage =
                    accounting::coverage(self.job.mailbox(&chosen.name), &chosen.chosen_by);
                coverage.read_only = Some(seen.read_only);
                coverage.uidvalidity = Some(seen.uidvalidity);
                coverage.messages = u64::from(seen.exists);
                listing.insert(self.opened(coverage, &seen, before, roll))
            }
        };
        let second = Second {
            queue: self.queue,
            login: &self.job.account.login,
            opener: self.opener,
            chosen,
            pipeline: self.pipeline,
        };
        match &mut self.line {
            Some(line) => listing.fetch(line.as_mut(), extent, &second),
            None => Ok(()),
        }
    }

    /// What earlier runs did of the mailbox; `None` once the writer is gone.
    fn done_before(&self, chosen: &SentMailbox, seen: &Examined) -> Option<Before> {
        if self.job.full {
            return Some(Before::default());
        }
        let mailbox = self.job.mailbox(&chosen.name);
        self.pipeline
            .done_before(&mailbox, seen.uidvalidity, &self.job.key)
    }

    /// Leaves out what was judged before and begins to account for the rest.
    fn opened(
        &self,
        mut coverage: Coverage,
        seen: &Examined,
        mut before: Before,
        roll: Roll,
    ) -> Listing {
        let uidvalidity = seen.uidvalidity;
        let sizes = roll.listed.iter().map(|l| u64::from(l.size));
        coverage.bytes_stored = roll.octets + sizes.sum::<u64>();
        coverage.judged_before = roll.known.len() as u64;
        let mut uids = roll.known;
        uids.extend(roll.listed.iter().map(|l| l.uid));
        coverage.in_window = uids.len() as u64;
        let mut given_up = Vec::new();
        let mut remaining = BTreeMap::new();
        for message in roll.listed {
            if before.judged.contains(&message.uid) {
                coverage.judged_before += 1;
            } else if let Some(exception) = before.given_up.remove(&message.uid) {
                given_up.push(accounting::given_up(exception));
            } else {
                remaining.insert(message.uid, message);
            }
        }
        coverage.exceptions = given_up.len() as u64;
        if !given_up.is_empty() {
            self.pipeline.tell(Event::GivenUp(given_up));
        }
        let octets = remaining.values().map(|l| u64::from(l.size)).sum();
        let expected = remaining.keys().copied().collect();
        let work = Work {
            mailbox: coverage.mailbox.clone(),
            custodian: Some(self.job.custodian.clone()),
            key: self.job.key.clone(),
            listing: Some(LastListing {
                uidvalidity,
                messages: seen.exists,
                uidnext: seen.uidnext,
                modseq: seen.highest_modseq,
                window: self.job.window,
                uids,
                octets: coverage.bytes_stored,
            }),
        };
        let feed = self.pipeline.open(work, coverage, Some(expected), octets);
        Listing {
            feed,
            uidvalidity,
            remaining,
            flagged: BTreeSet::new(),
            aside: Vec::new(),
        }
    }

    /// The open connection, or a new one.
    fn line(&mut self) -> Result<&mut dyn Line, SourceError> {
        let line = if let Some(line) = self.line.take() {
            line
        } else {
            let server = &self.queue.server;
            let mood = &self.queue.mood;
            if let Some(error) = mood.given_up() {
                return Err(error);
            }
            let place = mood.enter(|| self.pipeline.stopping());
            self.place = Some(place.ok_or_else(accounting::not_reached)?);
            let line = self.opener.open(server, &self.job.account.login)?;
            self.pipeline.tell(Event::Server(ServerSeen {
                name: server.name.clone(),
                address: format!("{}:{}", server.host, server.port),
                certificate_sha256: line.fingerprint().unwrap_or_default().to_owned(),
            }));
            line
        };
        Ok(self.line.insert(line).as_mut())
    }

    /// Drops the connection, which is out of step after any error, and waits if another try is worth it.
    fn may_retry(&mut self, error: &SourceError, failures: &mut u32) -> bool {
        self.line = None;
        let refusal = self.queue.mood.note(error);
        self.place = None;
        if refusal == Refusal::Full {
            return true;
        }
        *failures += 1;
        let attempts = match error.code {
            "throttled" | "unavailable" => ATTEMPTS_THROTTLED,
            "server-given-up" => 0,
            _ => ATTEMPTS,
        };
        let again = error.retryable && *failures < attempts;
        tracing::debug!(
            account = self.job.account.login,
            stage = %error.stage,
            code = error.code,
            again,
            "the source failed"
        );
        // Patience that the server asked for is waited, and counted, by the next attempt.
        if again && refusal == Refusal::Failure {
            patience::wait(patience::pause(*failures), || self.pipeline.stopping());
        }
        again
    }

    /// Waits as long as the server wants to be left alone.
    fn hold_back(&mut self) {
        self.throttled += self.queue.mood.wait(|| self.pipeline.stopping());
    }

    fn not_opened(&mut self, name: &str, chosen_by: &str, error: &SourceError) {
        let throttled = std::mem::take(&mut self.throttled);
        not_opened(
            self.pipeline,
            self.job.mailbox(name),
            chosen_by,
            throttled,
            error,
        );
    }
}

fn remaining(listing: Option<&Listing>) -> Option<usize> {
    listing.map(|l| l.remaining.len())
}

fn not_opened(
    pipeline: &Pipeline,
    mailbox: MailboxId,
    chosen_by: &str,
    throttled: Duration,
    error: &SourceError,
) {
    let (mut coverage, exception) = accounting::not_opened(mailbox, chosen_by, error);
    coverage.throttled_seconds = throttled.as_secs_f64();
    pipeline.tell(Event::NotOpened {
        coverage: Box::new(coverage),
        exception: Box::new(exception),
    });
}

fn not_read_only(chosen: &SentMailbox) -> SourceError {
    SourceError {
        stage: Stage::List,
        code: "not-read-only",
        detail: format!("the server did not confirm that `{}` was opened read-only", chosen.name),
        retryable: false,
        what_to_do: "nothing was read; have the server's administrator give read rights only, or export the mailbox \
                     and scan the files"
            .into(),
    }
}

fn breaks_the_line(error: &SourceError) -> SourceError {
    SourceError {
        stage: error.stage,
        code: "breaks-connection",
        detail: format!("each time this message was asked for: {}", error.detail),
        retryable: true,
        what_to_do: "have the server's administrator look for this message in the server's log; or export it and scan \
                     the file"
            .into(),
    }
}

fn renumbered(chosen: &SentMailbox) -> SourceError {
    SourceError {
        stage: Stage::Fetch,
        code: "uidvalidity-changed",
        detail: format!(
            "the server renumbered the messages of `{}` during the run",
            chosen.name
        ),
        retryable: true,
        what_to_do: "run again: the mailbox is then read anew".into(),
    }
}
