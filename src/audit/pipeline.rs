//! From sources to judges to the writer: who hands what to whom, and how much may be under way.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZero;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded, unbounded};
use rayon::{ThreadPool, ThreadPoolBuilder};

use super::budget::{Budget, Permit};
use super::quiet;
use crate::detect::JudgementKey;
use crate::finding::Exception;
use crate::mailbox::{Custodian, Locator, MailboxId, RawMessage};
use crate::source::SourceError;
use crate::source::imap::{Extent, Fetched, Listed};
use crate::store::{Coverage, Judged, LastListing, ServerSeen};

/// Octets of messages between a source and the writer, in total.
const IN_FLIGHT: usize = 8 << 20;
/// A judge's stack; HTML and MIME nest as deep as strangers like.
const STACK: usize = 16 << 20;

/// A mailbox whose messages are judged.
pub(super) struct Work {
    pub(super) mailbox: MailboxId,
    /// Whose it is; `None` if each message tells (a scan).
    pub(super) custodian: Option<Custodian>,
    /// Under which key its messages are judged.
    pub(super) key: JudgementKey,
    /// What the server holds; `None` for files.
    pub(super) listing: Option<LastListing>,
}

/// What comes of one message.
pub(super) enum Opinion {
    Judged {
        judged: Judged,
        /// Who wrote it, where the message itself tells.
        author: Option<Box<Custodian>>,
    },
    /// Not in the window.
    OutOfWindow,
    /// By somebody else than `--owner`.
    NotOwner,
    /// Ctrl-C came before its turn.
    NotReached,
    /// Judged by what is read of it, and matched, or may match by what was not fetched: it will come again, whole.
    Flagged,
}

/// Judges messages, on many threads at a time.
pub(super) trait Judging: Send + Sync {
    /// `extent` tells what was fetched of the message; only of a part of it the opinion may be [`Opinion::Flagged`].
    fn judge(&self, work: &Work, raw: &RawMessage, extent: Extent) -> Opinion;
}

/// How the work on a mailbox ended.
#[derive(Debug)]
pub(super) enum End {
    /// The source gave all that it has.
    Done,
    /// Ctrl-C.
    Stopped,
    /// The source gave up.
    Failed(SourceError),
    /// A bug in the source; where.
    Panicked(String),
}

/// Names a mailbox between threads.
pub(super) type Slot = u64;

/// What earlier runs did of a mailbox, by UID.
#[derive(Default)]
pub(super) struct Before {
    pub(super) judged: BTreeSet<u32>,
    pub(super) given_up: BTreeMap<u32, Exception>,
    /// What the mailbox held then.
    pub(super) listing: Option<LastListing>,
}

/// What the writer is told.
pub(super) enum Event {
    /// What of a mailbox need not be fetched? The thread that asks waits for the answer.
    DoneBefore {
        mailbox: MailboxId,
        uidvalidity: u32,
        key: JudgementKey,
        answer: Sender<Before>,
    },
    /// Messages that were tried in vain too often: they are listed, and not tried again.
    GivenUp(Vec<Exception>),
    Opened {
        slot: Slot,
        work: Arc<Work>,
        coverage: Box<Coverage>,
        /// UIDs that are to be judged; `None` if only reading tells.
        expected: Option<BTreeSet<u32>>,
        /// Octets that are to be read, as far as known.
        octets: u64,
    },
    Message {
        slot: Slot,
        locator: Locator,
        /// Octets that came.
        octets: u64,
        /// Octets that the mailbox holds of it.
        size: u64,
        /// Or where in the program judging panicked.
        opinion: Result<Opinion, String>,
        /// Freed when the writer is done with the message.
        permit: Permit,
    },
    /// A message that the source could not read.
    Unread {
        slot: Slot,
        locator: Locator,
        error: SourceError,
    },
    /// The last word of a source; messages may still be at the judges.
    Closed {
        slot: Slot,
        submitted: u64,
        /// Waited because the server asked for it.
        throttled: Duration,
        end: End,
    },
    /// An account or mailbox that was never opened.
    NotOpened {
        coverage: Box<Coverage>,
        exception: Box<Exception>,
    },
    /// An account, or a mailbox that was not opened, is through.
    UnitDone,
    Server(ServerSeen),
}

/// What sources share.
pub(super) struct Pipeline {
    judging: Arc<dyn Judging>,
    pool: ThreadPool,
    budget: Arc<Budget>,
    events: Sender<Event>,
    stop: Arc<AtomicBool>,
    /// The writer has failed: everything ends.
    broken: Arc<AtomicBool>,
    slots: AtomicU64,
}

/// Lets the writer end everything when the store fails.
pub(super) struct Brake {
    budget: Arc<Budget>,
    broken: Arc<AtomicBool>,
}

impl Brake {
    pub(super) fn pull(&self) {
        self.broken.store(true, Ordering::Relaxed);
        self.budget.close();
    }
}

impl Pipeline {
    /// Starts the judging threads. The events end when the pipeline and all that it gave out are gone.
    pub(super) fn start(
        judging: Arc<dyn Judging>,
        threads: Option<usize>,
        stop: Arc<AtomicBool>,
    ) -> Result<(Self, Brake, Receiver<Event>), rayon::ThreadPoolBuildError> {
        quiet::silence_workers();
        let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
        let pool = ThreadPoolBuilder::new()
            .num_threads(threads.unwrap_or(cores).max(1))
            .stack_size(STACK)
            .thread_name(|number| format!("{}judge-{number}", quiet::THREAD_PREFIX))
            .build()?;
        // Judges must never wait; what bounds the channel is the budget, which the writer gives back.
        let (events, received) = unbounded();
        let budget = Arc::new(Budget::new(IN_FLIGHT));
        let broken = Arc::new(AtomicBool::new(false));
        let brake = Brake {
            budget: Arc::clone(&budget),
            broken: Arc::clone(&broken),
        };
        let slots = AtomicU64::new(0);
        Ok((
            Self {
                judging,
                pool,
                budget,
                events,
                stop,
                broken,
                slots,
            },
            brake,
            received,
        ))
    }

    /// Whether to take up nothing more.
    pub(super) fn stopping(&self) -> bool {
        self.stop.load(Ordering::Relaxed) || self.broken.load(Ordering::Relaxed)
    }

    /// What the store holds as done; `None` once the writer is gone.
    pub(super) fn done_before(
        &self,
        mailbox: &MailboxId,
        uidvalidity: u32,
        key: &JudgementKey,
    ) -> Option<Before> {
        let (answer, answered) = bounded(1);
        self.tell(Event::DoneBefore {
            mailbox: mailbox.clone(),
            uidvalidity,
            key: key.clone(),
            answer,
        });
        answered.recv().ok()
    }

    pub(super) fn tell(&self, event: Event) {
        // After a failure of the store nobody listens, and nobody needs to.
        let _ = self.events.send(event);
    }

    /// Opens a mailbox: from here on each of its messages is accounted for.
    pub(super) fn open(
        self: &Arc<Self>,
        work: Work,
        coverage: Coverage,
        expected: Option<BTreeSet<u32>>,
        octets: u64,
    ) -> Feed {
        let work = Arc::new(work);
        let slot = self.slots.fetch_add(1, Ordering::Relaxed);
        let coverage = Box::new(coverage);
        let opened = Arc::clone(&work);
        self.tell(Event::Opened {
            slot,
            work: opened,
            coverage,
            expected,
            octets,
        });
        Feed {
            pipeline: Arc::clone(self),
            slot,
            work,
            submitted: AtomicU64::new(0),
            throttled_micros: AtomicU64::new(0),
            end: None,
            lean: Arc::default(),
        }
    }
}

/// An open mailbox's way to the judges. Dropped without [`Feed::close`] (a panic), it closes by itself.
pub(super) struct Feed {
    pipeline: Arc<Pipeline>,
    slot: Slot,
    work: Arc<Work>,
    submitted: AtomicU64,
    throttled_micros: AtomicU64,
    end: Option<End>,
    lean: Arc<Lean>,
}

/// Messages of which only what is read was handed over.
#[derive(Default)]
struct Lean {
    state: Mutex<LeanState>,
    settled: Condvar,
}

#[derive(Default)]
struct LeanState {
    pending: usize,
    flagged: Vec<Listed>,
}

/// One of them, pending until it is dropped: a judge that is never run counts, too.
struct LeanOne {
    lean: Arc<Lean>,
    listed: Listed,
}

impl LeanOne {
    fn begin(lean: &Arc<Lean>, listed: Listed) -> Self {
        let one = Self {
            lean: Arc::clone(lean),
            listed,
        };
        one.lock().pending += 1;
        one
    }

    fn flag(&self) {
        self.lock().flagged.push(self.listed);
    }

    fn lock(&self) -> MutexGuard<'_, LeanState> {
        // A count cannot be left half-changed by a panic.
        let state = self.lean.state.lock();
        state.unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for LeanOne {
    fn drop(&mut self) {
        self.lock().pending -= 1;
        self.lean.settled.notify_all();
    }
}

impl Feed {
    /// Hands a whole message over, waiting while too much is under way. Whether to go on.
    pub(super) fn submit(&self, raw: RawMessage) -> bool {
        let size = raw.size();
        self.hand_over(raw, size, None)
    }

    /// Hands over what was fetched of a message, like [`Feed::submit`]; if it is not all of it and matches,
    /// [`Feed::settle`] tells.
    pub(super) fn submit_fetched(&self, fetched: Fetched, locator: Locator) -> bool {
        let listed = fetched.listed;
        let raw = RawMessage {
            locator,
            octets: fetched.octets,
            whole: fetched.whole,
            internal_date: listed.internal_date,
        };
        match fetched.extent {
            Extent::Whole => self.submit(raw),
            Extent::Read => {
                let lean = LeanOne::begin(&self.lean, listed);
                self.hand_over(raw, u64::from(listed.size), Some(lean))
            }
        }
    }

    fn hand_over(&self, raw: RawMessage, size: u64, lean: Option<LeanOne>) -> bool {
        let Some(permit) = self.pipeline.budget.take(raw.octets.len()) else {
            return false;
        };
        self.submitted.fetch_add(1, Ordering::Relaxed);
        let judging = Arc::clone(&self.pipeline.judging);
        let events = self.pipeline.events.clone();
        let work = Arc::clone(&self.work);
        let slot = self.slot;
        let stop = Arc::clone(&self.pipeline.stop);
        let extent = if lean.is_some() {
            Extent::Read
        } else {
            Extent::Whole
        };
        self.pipeline.pool.spawn(move || {
            // What waits for a judge when the run is stopped would keep its user waiting, too.
            let opinion = if stop.load(Ordering::Relaxed) {
                Ok(Opinion::NotReached)
            } else {
                quiet::caught(|| judging.judge(&work, &raw, extent))
            };
            let opinion = match (opinion, &lean) {
                (Ok(Opinion::Judged { judged, .. }), Some(lean)) if !judged.findings.is_empty() => {
                    lean.flag();
                    Ok(Opinion::Flagged)
                }
                (Ok(Opinion::Flagged), Some(lean)) => {
                    lean.flag();
                    Ok(Opinion::Flagged)
                }
                (opinion, _) => opinion,
            };
            let came = raw.size();
            // As in `Pipeline::tell`.
            let _ = events.send(Event::Message {
                slot,
                locator: raw.locator,
                octets: came,
                size,
                opinion,
                permit,
            });
        });
        !self.pipeline.stopping()
    }

    /// Waits until all that was not handed over whole is judged; gives those that matched, which must come again.
    pub(super) fn settle(&self) -> Vec<Listed> {
        let state = self.lean.state.lock();
        let mut state = self
            .lean
            .settled
            .wait_while(state.unwrap_or_else(PoisonError::into_inner), |s| {
                s.pending > 0
            })
            .unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut state.flagged)
    }

    /// Reports a message that could not be read.
    pub(super) fn unread(&self, locator: Locator, error: SourceError) {
        self.pipeline.tell(Event::Unread {
            slot: self.slot,
            locator,
            error,
        });
    }

    /// Counts time that was waited because the server asked for it.
    pub(super) fn held_back(&self, time: Duration) {
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        self.throttled_micros.fetch_add(micros, Ordering::Relaxed);
    }

    pub(super) fn close(mut self, end: End) {
        self.end = Some(end);
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        let end = self
            .end
            .take()
            .unwrap_or_else(|| End::Panicked("while reading".into()));
        self.pipeline.tell(Event::Closed {
            slot: self.slot,
            submitted: self.submitted.load(Ordering::Relaxed),
            throttled: Duration::from_micros(self.throttled_micros.load(Ordering::Relaxed)),
            end,
        });
    }
}
