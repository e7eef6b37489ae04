//! The one writer: commits what the judges say, and accounts for every message of every mailbox.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError};

use super::pipeline::{Before, End, Event, Opinion, Slot, Work};
use super::progress::Progress;
use super::{Conduct, accounting};
use crate::finding::Exception;
use crate::mailbox::{Custodian, Locator};
use crate::source::SourceError;
use crate::store::{Coverage, Judged, Presence, ServerSeen, Store, StoreError};

/// What the writer learned besides what went into the store.
#[derive(Default)]
pub(super) struct Tally {
    /// Who wrote the scanned messages, by id, with how often each name was met.
    pub(super) authors: BTreeMap<String, (Custodian, BTreeMap<String, u64>)>,
    pub(super) servers: BTreeSet<ServerSeen>,
    pub(super) not_owner: u64,
    pub(super) bytes_fetched: u64,
}

/// Owns the store while sources and judges work.
pub(super) struct Writer<'s> {
    store: &'s mut Store,
    /// Judged messages per transaction.
    batch: usize,
    progress: Progress,
    /// Raised by Ctrl-C; taken out when that was told.
    stop: Option<Arc<AtomicBool>>,
    open: HashMap<Slot, Open>,
    tally: Tally,
}

/// A mailbox under way.
struct Open {
    work: Arc<Work>,
    coverage: Coverage,
    /// UIDs that nothing was heard of yet; `None` where only reading tells what there is.
    awaited: Option<BTreeSet<u32>>,
    /// Messages that were read, but not judged before Ctrl-C.
    not_reached: Vec<Locator>,
    judged: Vec<Judged>,
    exceptions: Vec<Exception>,
    received: u64,
    closed: Option<(u64, End)>,
    since: Instant,
}

impl<'s> Writer<'s> {
    pub(super) fn new(store: &'s mut Store, conduct: &Conduct, progress: Progress) -> Self {
        let (open, tally) = (HashMap::new(), Tally::default());
        Self {
            store,
            batch: conduct.batch.max(1),
            progress,
            stop: Some(Arc::clone(&conduct.stop)),
            open,
            tally,
        }
    }

    /// Works until all sources and judges are through.
    pub(super) fn work(mut self, events: &Receiver<Event>) -> Result<Tally, StoreError> {
        loop {
            match events.recv_timeout(Duration::from_millis(250)) {
                Ok(event) => self.take(event)?,
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            self.progress.tick();
            self.tell_stop();
        }
        Ok(self.tally)
    }

    fn tell_stop(&mut self) {
        if self
            .stop
            .take_if(|stop| stop.load(Ordering::Relaxed))
            .is_some()
        {
            tracing::warn!("stopping: what was done is being written; Ctrl-C again ends at once");
        }
    }

    fn take(&mut self, event: Event) -> Result<(), StoreError> {
        match event {
            Event::DoneBefore {
                mailbox,
                uidvalidity,
                key,
                answer,
            } => {
                let store = &self.store;
                let before = Before {
                    judged: store.judged_uids(&mailbox, uidvalidity, &key)?,
                    given_up: store.given_up(&mailbox, uidvalidity, accounting::ATTEMPTS)?,
                    listing: store.last_listing(&mailbox)?,
                };
                // Whoever asked may have ended in the meantime.
                let _ = answer.send(before);
            }
            Event::GivenUp(exceptions) => self.store.list_again(&exceptions)?,
            Event::Opened {
                slot,
                work,
                coverage,
                expected,
                octets,
            } => {
                self.progress.opened(slot, &work.mailbox.mailbox, octets);
                self.open.insert(slot, Open::new(work, *coverage, expected));
            }
            Event::Message {
                slot,
                locator,
                octets,
                size,
                opinion,
                permit,
            } => {
                // What is flagged comes again, and is counted then.
                if !matches!(opinion, Ok(Opinion::Flagged)) {
                    self.progress.message(slot, size);
                }
                if let Some(open) = self.open.get_mut(&slot) {
                    open.message(locator, octets, opinion, &mut self.tally);
                    if open.judged.len() + open.exceptions.len() >= self.batch {
                        open.commit(self.store)?;
                    }
                }
                drop(permit);
                self.close_if_through(slot)?;
            }
            Event::Unread {
                slot,
                locator,
                error,
            } => {
                if let Some(open) = self.open.get_mut(&slot) {
                    open.unread(locator, &error);
                }
            }
            Event::Closed {
                slot,
                submitted,
                throttled,
                end,
            } => {
                if let Some(open) = self.open.get_mut(&slot) {
                    open.coverage.throttled_seconds = throttled.as_secs_f64();
                    open.closed = Some((submitted, end));
                }
                self.close_if_through(slot)?;
            }
            Event::NotOpened {
                coverage,
                exception,
            } => {
                self.progress.exceptions(1);
                self.store.add_exceptions(&[*exception])?;
                self.store.set_coverage(&coverage)?;
            }
            Event::UnitDone => self.progress.unit_done(),
            Event::Server(server) => {
                self.tally.servers.insert(server);
            }
        }
        Ok(())
    }

    /// Ends a mailbox once its source and all its messages are through.
    fn close_if_through(&mut self, slot: Slot) -> Result<(), StoreError> {
        let through = |open: &Open| {
            open.closed
                .as_ref()
                .is_some_and(|(submitted, _)| *submitted == open.received)
        };
        if !self.open.get(&slot).is_some_and(through) {
            return Ok(());
        }
        if let Some(open) = self.open.remove(&slot) {
            self.progress.closed(slot);
            let coverage = open.finish(self.store)?;
            self.progress.exceptions(coverage.exceptions);
            self.tally.bytes_fetched += coverage.bytes_fetched;
        }
        Ok(())
    }
}

impl Open {
    fn new(work: Arc<Work>, coverage: Coverage, awaited: Option<BTreeSet<u32>>) -> Self {
        Self {
            work,
            coverage,
            awaited,
            not_reached: Vec::new(),
            judged: Vec::new(),
            exceptions: Vec::new(),
            received: 0,
            closed: None,
            since: Instant::now(),
        }
    }

    fn message(
        &mut self,
        locator: Locator,
        octets: u64,
        opinion: Result<Opinion, String>,
        tally: &mut Tally,
    ) {
        self.received += 1;
        // Only messages count: a server's chatter differs from run to run, and the report must not.
        self.coverage.bytes_fetched += octets;
        if matches!(opinion, Ok(Opinion::Flagged)) {
            return;
        }
        self.heard_of(&locator);
        match opinion {
            Ok(Opinion::Judged { judged, author }) => {
                self.coverage.judged += 1;
                self.coverage.partly_read += u64::from(!judged.partly.is_empty());
                self.in_window(octets);
                self.judged.push(judged);
                if let Some(author) = author {
                    tally.met(*author);
                }
            }
            Ok(Opinion::OutOfWindow | Opinion::Flagged) => {}
            Ok(Opinion::NotReached) => {
                self.in_window(octets);
                self.not_reached.push(locator);
            }
            Ok(Opinion::NotOwner) => {
                self.coverage.not_owner += 1;
                tally.not_owner += 1;
            }
            Err(place) => {
                self.in_window(octets);
                self.except(accounting::panicked(&self.work.mailbox, locator, &place));
            }
        }
    }

    /// Where only reading tells what there is, what was read counts.
    fn in_window(&mut self, octets: u64) {
        if self.awaited.is_none() {
            self.coverage.in_window += 1;
            self.coverage.bytes_stored += octets;
        }
    }

    fn heard_of(&mut self, locator: &Locator) {
        match (&mut self.awaited, locator) {
            (Some(awaited), Locator::Uid { uid, .. }) => {
                awaited.remove(uid);
            }
            (Some(_), Locator::File(_) | Locator::Ordinal(_)) => {}
            (None, _) => self.coverage.messages += 1,
        }
    }

    fn unread(&mut self, locator: Locator, error: &SourceError) {
        self.heard_of(&locator);
        self.in_window(0);
        self.except(accounting::unread(&self.work.mailbox, vec![locator], error));
    }

    fn except(&mut self, exception: Exception) {
        self.coverage.exceptions += exception.count;
        self.exceptions.push(exception);
    }

    /// Writes what has come together, in an order that threads do not change.
    fn commit(&mut self, store: &mut Store) -> Result<(), StoreError> {
        self.judged.sort_by(|a, b| a.locator.cmp(&b.locator));
        if !self.judged.is_empty() {
            store.commit(&self.work.mailbox, &self.work.key, &self.judged)?;
            self.judged.clear();
        }
        self.exceptions.sort_by(|a, b| a.locators.cmp(&b.locators));
        if !self.exceptions.is_empty() {
            store.add_exceptions(&self.exceptions)?;
            self.exceptions.clear();
        }
        Ok(())
    }

    fn finish(mut self, store: &mut Store) -> Result<Coverage, StoreError> {
        let end = match self.closed.take() {
            // The source was through, or not; what the judges left is Ctrl-C's doing.
            _ if !self.not_reached.is_empty() => End::Stopped,
            Some((_, end)) => end,
            None => End::Done,
        };
        let mut missing = std::mem::take(&mut self.not_reached);
        let uidvalidity = self.coverage.uidvalidity.unwrap_or_default();
        let awaited = self.awaited.iter().flatten();
        missing.extend(awaited.map(|&uid| Locator::Uid { uidvalidity, uid }));
        missing.sort();
        let knows_all = self.awaited.is_some();
        if let Some(exception) = accounting::remainder(&self.work.mailbox, missing, knows_all, &end)
        {
            self.except(exception);
        }
        self.commit(store)?;
        self.coverage.seconds = self.since.elapsed().as_secs_f64();
        self.coverage.status = accounting::status(&self.coverage, knows_all, &end);
        store.set_coverage(&self.coverage)?;
        if let Some(listing) = &self.work.listing {
            let is_read_whole = self.coverage.exceptions == 0;
            let presence = Presence {
                uidvalidity,
                listed: &listing.uids,
                window: &listing.window,
                is_read_whole,
            };
            store.mark_gone(&self.work.mailbox, &presence)?;
            store.keep_listing(&self.work.mailbox, listing)?;
        }
        Ok(self.coverage)
    }
}

impl Tally {
    fn met(&mut self, author: Custodian) {
        let name = author.name.clone();
        let (_, names) = self
            .authors
            .entry(author.id.clone())
            .or_insert_with(|| (author, BTreeMap::new()));
        if let Some(name) = name {
            *names.entry(name).or_default() += 1;
        }
    }

    /// Everybody met, each under the name met most often (of equals the first in the alphabet).
    pub(super) fn people(&self) -> Vec<Custodian> {
        let named = |(custodian, names): &(Custodian, BTreeMap<String, u64>)| {
            let name = names.iter().max_by(|a, b| a.1.cmp(b.1).then(b.0.cmp(a.0)));
            Custodian {
                name: name.map(|(name, _)| name.clone()),
                ..custodian.clone()
            }
        };
        self.authors.values().map(named).collect()
    }
}
