//! What of a listed mailbox has not arrived yet, and how it is fetched: lean first, flagged messages whole, the second half
//! of a large mailbox on a connection of its own.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::thread;

use super::accounts::Queue;
use super::line::{Line, Opener};
use super::pipeline::{Feed, Pipeline};
use super::quiet;
use crate::mailbox::Locator;
use crate::source::SourceError;
use crate::source::imap::{Extent, Fetched, Listed, SentMailbox, Undelivered};

/// From so many octets on a second connection pays for its login.
const WORTH_TWO: u64 = 24 << 20;

/// What a message costs at most where only what is read is fetched, and what it costs besides its octets.
const READ_OF_LARGE: u32 = 64 << 10;
const OVERHEAD: u64 = 500;

/// A mailbox that was listed, and what of it has not arrived yet.
pub(super) struct Listing {
    pub(super) feed: Feed,
    pub(super) uidvalidity: u32,
    /// By UID.
    pub(super) remaining: BTreeMap<u32, Listed>,
    /// What was judged by what is read, and matched: it is fetched again, whole, for its digest is evidence.
    pub(super) flagged: BTreeSet<u32>,
    /// Messages at which the line broke again and again: passed over, so that they cost only themselves.
    pub(super) aside: Vec<(Listed, SourceError)>,
}

/// Whom to ask for a second connection.
pub(super) struct Second<'a> {
    pub(super) queue: &'a Queue,
    pub(super) login: &'a str,
    pub(super) opener: &'a dyn Opener,
    pub(super) chosen: &'a SentMailbox,
    pub(super) pipeline: &'a Arc<Pipeline>,
}

impl Listing {
    /// Passes over the message at which the line broke: messages come in the order of their UIDs.
    pub(super) fn set_first_aside(&mut self, error: SourceError) {
        if let Some((_, listed)) = self.remaining.pop_first() {
            self.aside.push((listed, error));
        }
    }

    /// Whether all that remains is fetched whole anyway, in the order of the UIDs.
    pub(super) fn is_all_small(&self) -> bool {
        self.remaining.values().all(|m| m.size < READ_OF_LARGE)
    }

    /// The rest has come, so it was these messages that broke the line.
    pub(super) fn blame_those_aside(&mut self, translate: impl Fn(&SourceError) -> SourceError) {
        for (listed, error) in self.aside.drain(..) {
            let uid = listed.uid;
            let uidvalidity = self.uidvalidity;
            let locator = Locator::Uid { uidvalidity, uid };
            self.feed.unread(locator, translate(&error));
        }
    }

    /// Fetches until nothing remains or the run is stopped.
    pub(super) fn fetch(
        &mut self,
        line: &mut dyn Line,
        extent: Extent,
        second: &Second<'_>,
    ) -> Result<(), SourceError> {
        loop {
            let result = self.fetch_on_one_or_two(line, extent, second);
            // What was judged meanwhile counts even if the line broke.
            for listed in self.feed.settle() {
                self.flagged.insert(listed.uid);
                self.remaining.insert(listed.uid, listed);
            }
            result?;
            if self.remaining.is_empty() || second.pipeline.stopping() {
                return Ok(());
            }
        }
    }

    fn fetch_on_one_or_two(
        &mut self,
        line: &mut dyn Line,
        extent: Extent,
        second: &Second<'_>,
    ) -> Result<(), SourceError> {
        let Self {
            feed,
            uidvalidity,
            remaining,
            flagged,
            ..
        } = self;
        let share = Share {
            feed,
            uidvalidity: *uidvalidity,
            flagged,
            extent,
            second,
        };
        let Some(half) = upper_half(remaining).filter(|_| second.queue.take_spare()) else {
            return share.fetch(line, remaining);
        };
        let mut theirs = remaining.split_off(&half);
        let result = thread::scope(|scope| {
            let helping = thread::Builder::new()
                .name(format!("{}second", quiet::THREAD_PREFIX))
                .spawn_scoped(scope, || share.help(&mut theirs));
            if helping.is_err() {
                second.queue.give_spare();
            }
            share.fetch(line, remaining)
        });
        // What the second connection left comes over the first, where failures are told.
        remaining.append(&mut theirs);
        result
    }
}

/// What a connection has to know besides its messages.
struct Share<'a> {
    feed: &'a Feed,
    uidvalidity: u32,
    flagged: &'a BTreeSet<u32>,
    extent: Extent,
    second: &'a Second<'a>,
}

impl Share<'_> {
    /// Fetches `share` on a second connection, as far as it gets.
    fn help(&self, share: &mut BTreeMap<u32, Listed>) {
        let second = self.second;
        let helped = quiet::caught(|| self.open_and_fetch(share));
        match helped {
            // The server allows no more: none is asked for again in this run.
            Ok(Err(ref error)) if matches!(error.code, "connection-limit" | "throttled") => {}
            _ => second.queue.give_spare(),
        }
        if !matches!(helped, Ok(Ok(()))) {
            tracing::debug!(
                account = second.login,
                left = share.len(),
                "the second connection failed"
            );
        }
    }

    fn open_and_fetch(&self, share: &mut BTreeMap<u32, Listed>) -> Result<(), SourceError> {
        let second = self.second;
        let place = second.queue.mood.enter(|| second.pipeline.stopping());
        let _place = place.ok_or_else(super::accounting::not_reached)?;
        let mut line = second.opener.open(&second.queue.server, second.login)?;
        let seen = line.examine(second.chosen)?;
        if seen.read_only && seen.uidvalidity == self.uidvalidity {
            self.fetch(line.as_mut(), share)?;
        }
        line.close();
        Ok(())
    }

    /// Fetches what remains, keeping track of what arrives.
    fn fetch(
        &self,
        line: &mut dyn Line,
        remaining: &mut BTreeMap<u32, Listed>,
    ) -> Result<(), SourceError> {
        let (whole, lean): (Vec<_>, Vec<_>) = remaining
            .values()
            .copied()
            .partition(|m| self.extent == Extent::Whole || self.flagged.contains(&m.uid));
        for (wanted, extent) in [(lean, Extent::Read), (whole, Extent::Whole)] {
            if !wanted.is_empty() {
                line.fetch(&wanted, extent, &mut |delivery| {
                    let go_on = self.take(delivery, remaining);
                    self.hold_back();
                    go_on
                })?;
            }
        }
        Ok(())
    }

    /// Reads nothing, and so asks nothing, while the server wants to be left alone.
    fn hold_back(&self) {
        let pipeline = self.second.pipeline;
        let waited = self.second.queue.mood.wait(|| pipeline.stopping());
        self.feed.held_back(waited);
    }

    fn take(
        &self,
        delivery: Result<Fetched, Undelivered>,
        remaining: &mut BTreeMap<u32, Listed>,
    ) -> bool {
        let uid = match &delivery {
            Ok(fetched) => fetched.listed.uid,
            Err(undelivered) => undelivered.listed.uid,
        };
        // Nothing is counted twice, whatever a server sends.
        let Some(listed) = remaining.remove(&uid) else {
            return true;
        };
        match delivery {
            Ok(fetched) => self.feed.submit_fetched(
                Fetched { listed, ..fetched },
                Locator::Uid {
                    uidvalidity: self.uidvalidity,
                    uid,
                },
            ),
            Err(undelivered) => {
                let uidvalidity = self.uidvalidity;
                self.feed
                    .unread(Locator::Uid { uidvalidity, uid }, undelivered.error);
                true
            }
        }
    }
}

/// Where the second of two connections begins, if it pays.
fn upper_half(remaining: &BTreeMap<u32, Listed>) -> Option<u32> {
    let worth = |listed: &Listed| u64::from(listed.size.min(READ_OF_LARGE)) + OVERHEAD;
    let all: u64 = remaining.values().map(worth).sum();
    let mut first = 0;
    (all >= WORTH_TWO)
        .then(|| {
            remaining.values().find_map(|listed| {
                first += worth(listed);
                (first * 2 > all).then_some(listed.uid)
            })
        })
        .flatten()
        .filter(|uid| remaining.keys().next() != Some(uid))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(sizes: &[u32], expected: Option<u32>) {
        let remaining = (1..)
            .zip(sizes)
            .map(|(uid, &size)| {
                let internal_date = None;
                (
                    uid,
                    Listed {
                        uid,
                        size,
                        internal_date,
                    },
                )
            })
            .collect();
        assert_eq!(upper_half(&remaining), expected);
    }

    #[test]
    fn halves() {
        check(&[], None);
        check(&[u32::MAX; 10], None);
        check(&[64 << 10; 1000], Some(501));
        check(&vec![1000; 40_000], Some(20_001));
    }
}
