//! The connection threads: account by account, mailbox by mailbox, with patience for bad lines.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::accounting;
use super::line::{Line, Opener};
use super::pipeline::{End, Event, Feed, Pipeline, Work};
use super::{patience, quiet};
use crate::finding::Stage;
use crate::mailbox::{Account, Custodian, Locator, MailboxId, RawMessage, Window};
use crate::source::SourceError;
use crate::source::imap::{Listed, SentMailbox, ServerSettings};
use crate::store::{Coverage, ServerSeen};

/// Failures in a row, nothing having arrived in between, after which a mailbox or login is given up.
const ATTEMPTS: u32 = 4;

/// An account to audit.
pub(super) struct Job {
    pub(super) account: Account,
    pub(super) custodian: Custodian,
    pub(super) window: Window,
    /// The judgement key.
    pub(super) key: String,
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
            };
            if let Err(place) = quiet::caught(|| caller.account()) {
                // What was open has accounted for itself.
                not_opened(
                    pipeline,
                    job.mailbox(""),
                    "",
                    &accounting::bug(Stage::List, &place),
                );
            }
            pipeline.tell(Event::UnitDone);
        }
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
}

/// A mailbox that was listed, and what of it has not arrived yet.
struct Listing {
    feed: Feed,
    uidvalidity: u32,
    /// By UID.
    remaining: BTreeMap<u32, Listed>,
    /// Messages at which the line broke again and again: passed over, so that they cost only themselves.
    aside: Vec<(Listed, SourceError)>,
}

impl Listing {
    /// Passes over the message at which the line broke: messages come in the order of their UIDs.
    fn set_first_aside(&mut self, error: SourceError) {
        if let Some((_, listed)) = self.remaining.pop_first() {
            self.aside.push((listed, error));
        }
    }

    /// The rest has come, so it was these messages that broke the line.
    fn blame_those_aside(&mut self) {
        for (listed, error) in self.aside.drain(..) {
            let locator = Locator::Uid {
                uidvalidity: self.uidvalidity,
                uid: listed.uid,
            };
            self.feed.unread(locator, breaks_the_line(&error));
        }
    }
}

impl Caller<'_> {
    fn account(&mut self) {
        let mut failures = 0;
        let sent = loop {
            if self.pipeline.stopping() {
                return self.not_opened("", "", &accounting::not_reached());
            }
            match self.sent_mailboxes() {
                Ok(sent) => break sent,
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
            match self.pass(chosen, &mut listing) {
                Ok(()) => break End::Done,
                Err(error) => {
                    if before != remaining(listing.as_ref()) {
                        failures = 0;
                    }
                    if !self.may_retry(&error, &mut failures) {
                        break End::Failed(error);
                    }
                    if let Some(listing) = &mut listing
                        && failures > 1
                        && error.stage == Stage::Fetch
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
            listing.blame_those_aside();
        }
        match (listing, end) {
            (Some(listing), end) => listing.feed.close(end),
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
    ) -> Result<(), SourceError> {
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
                let listed = self.line()?.list(&job.window)?;
                let mut coverage =
                    accounting::coverage(self.job.mailbox(&chosen.name), &chosen.chosen_by);
                coverage.read_only = Some(seen.read_only);
                coverage.uidvalidity = Some(seen.uidvalidity);
                coverage.messages = u64::from(seen.exists);
                match self.opened(coverage, seen.uidvalidity, listed) {
                    Some(opened) => listing.insert(opened),
                    // The writer is gone: the run ends.
                    None => return Ok(()),
                }
            }
        };
        match &mut self.line {
            Some(line) => fetch(line.as_mut(), listing),
            None => Ok(()),
        }
    }

    /// Leaves out what was judged before and begins to account for the rest.
    fn opened(
        &self,
        mut coverage: Coverage,
        uidvalidity: u32,
        listed: Vec<Listed>,
    ) -> Option<Listing> {
        let work = Work {
            mailbox: coverage.mailbox.clone(),
            custodian: Some(self.job.custodian.clone()),
            key: self.job.key.clone(),
            listed: Some((listed.iter().map(|l| l.uid).collect(), self.job.window)),
        };
        let before = if self.job.full {
            BTreeSet::new()
        } else {
            self.pipeline
                .judged_before(&work.mailbox, uidvalidity, &work.key)?
        };
        coverage.in_window = listed.len() as u64;
        coverage.bytes_stored = listed.iter().map(|l| u64::from(l.size)).sum();
        let new = listed.into_iter().filter(|l| !before.contains(&l.uid));
        let remaining: BTreeMap<_, _> = new.map(|l| (l.uid, l)).collect();
        coverage.judged_before = coverage.in_window - remaining.len() as u64;
        let octets = remaining.values().map(|l| u64::from(l.size)).sum();
        let expected = remaining.keys().copied().collect();
        let feed = self.pipeline.open(work, coverage, Some(expected), octets);
        Some(Listing {
            feed,
            uidvalidity,
            remaining,
            aside: Vec::new(),
        })
    }

    /// The open connection, or a new one.
    fn line(&mut self) -> Result<&mut dyn Line, SourceError> {
        let line = if let Some(line) = self.line.take() {
            line
        } else {
            let server = &self.queue.server;
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
        *failures += 1;
        let again = error.retryable && *failures < ATTEMPTS;
        tracing::debug!(
            account = self.job.account.login,
            stage = %error.stage,
            code = error.code,
            again,
            "the source failed"
        );
        if again {
            patience::wait(patience::pause(*failures), || self.pipeline.stopping());
        }
        again
    }

    fn not_opened(&self, name: &str, chosen_by: &str, error: &SourceError) {
        not_opened(self.pipeline, self.job.mailbox(name), chosen_by, error);
    }
}

/// Fetches what remains, keeping track of what arrives.
fn fetch(line: &mut dyn Line, listing: &mut Listing) -> Result<(), SourceError> {
    let Listing {
        feed,
        uidvalidity,
        remaining,
        ..
    } = listing;
    let wanted: Vec<_> = remaining.values().copied().collect();
    line.fetch(&wanted, &mut |delivery| {
        let (uid, delivery) = match delivery {
            Ok(fetched) => (fetched.listed.uid, Ok(fetched.octets)),
            Err(undelivered) => (undelivered.listed.uid, Err(undelivered.error)),
        };
        // Nothing is counted twice, whatever a server sends.
        let Some(listed) = remaining.remove(&uid) else {
            return true;
        };
        let locator = Locator::Uid {
            uidvalidity: *uidvalidity,
            uid,
        };
        match delivery {
            Ok(octets) => feed.submit(RawMessage {
                locator,
                octets,
                internal_date: listed.internal_date,
            }),
            Err(error) => {
                feed.unread(locator, error);
                true
            }
        }
    })
}

fn remaining(listing: Option<&Listing>) -> Option<usize> {
    listing.map(|l| l.remaining.len())
}

fn not_opened(pipeline: &Pipeline, mailbox: MailboxId, chosen_by: &str, error: &SourceError) {
    let (coverage, exception) = accounting::not_opened(mailbox, chosen_by, error);
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
