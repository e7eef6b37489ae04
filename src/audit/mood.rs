//! A server's mood as all its connections know it: when it wants to be left alone, how many it lets in, and when there is
//! no point in asking any more.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::patience;
use crate::finding::Stage;
use crate::source::SourceError;
use crate::source::imap::asked_to_wait;

/// Refusals of all connections together, nothing having worked in between, after which the server is given up for this run.
const STRIKES: u32 = 16;

/// Where the server does not say how long to wait, waiting begins with two to four seconds and doubles.
const HEAD_START: u32 = 2;

/// How often waiting looks whether the run was stopped.
const GLANCE: Duration = Duration::from_millis(100);

/// What the connections to one server tell each other.
pub(super) struct Mood {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    /// Nobody asks anything before.
    quiet_until: Option<Instant>,
    strikes: u32,
    open: usize,
    /// Connections that the server was found to let in.
    allowed: usize,
}

/// What a refusal means for the connection that met it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// There are only too many connections: no failure, it waits for a place.
    Full,
    /// The server wants to be left alone: [`Mood::wait`] knows how long.
    Patience,
    /// Its own affair.
    Failure,
}

/// A connection's place among those that the server lets in; free again when it is dropped.
pub(super) struct Place<'a>(&'a Mood);

impl Default for Mood {
    fn default() -> Self {
        let state = State {
            quiet_until: None,
            strikes: 0,
            open: 0,
            allowed: usize::MAX,
        };
        Self {
            state: Mutex::new(state),
            changed: Condvar::new(),
        }
    }
}

impl Mood {
    /// Waits as long as the server wants to be left alone; gives how long that was.
    pub(super) fn wait(&self, stopping: impl Fn() -> bool) -> Duration {
        let since = Instant::now();
        while let Some(until) = self.lock().quiet_until {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() || stopping() {
                break;
            }
            patience::wait(left.min(GLANCE), &stopping);
        }
        let waited = since.elapsed();
        // A glance at the clock is no waiting.
        if waited < Duration::from_millis(1) {
            Duration::ZERO
        } else {
            waited
        }
    }

    /// Waits for a place among the connections that the server lets in; `None` if the run was stopped.
    pub(super) fn enter(&self, stopping: impl Fn() -> bool) -> Option<Place<'_>> {
        let mut state = self.lock();
        while state.open >= state.allowed {
            if stopping() {
                return None;
            }
            state = self
                .changed
                .wait_timeout(state, GLANCE)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
        state.open += 1;
        drop(state);
        Some(Place(self))
    }

    /// Takes note of a refusal, so that all connections hold back.
    pub(super) fn note(&self, error: &SourceError) -> Refusal {
        let mut state = self.lock();
        if error.code == "connection-limit" && state.open > 1 {
            state.allowed = state.open - 1;
            return Refusal::Full;
        }
        if !is_the_servers(error) {
            return Refusal::Failure;
        }
        state.strikes += 1;
        let named = asked_to_wait(error);
        if named.is_none() && !matches!(error.code, "throttled" | "unavailable") {
            return Refusal::Failure;
        }
        let pause = named.unwrap_or_else(|| patience::pause(state.strikes + HEAD_START));
        let until = Instant::now() + pause;
        state.quiet_until = Some(state.quiet_until.map_or(until, |other| other.max(until)));
        tracing::info!(
            seconds = pause.as_secs_f64(),
            reason = error.detail,
            "a server asks for patience"
        );
        Refusal::Patience
    }

    /// Something worked.
    pub(super) fn praise(&self) {
        self.lock().strikes = 0;
    }

    /// Why not to ask the server any more, if it has failed everybody for long.
    pub(super) fn given_up(&self) -> Option<SourceError> {
        (self.lock().strikes >= STRIKES).then(|| SourceError {
            stage: Stage::Connect,
            code: "server-given-up",
            detail: format!("the server failed {STRIKES} times in a row, and was not asked again"),
            retryable: true,
            what_to_do: "see the other rows of this server for its reasons, and run again when it is well; what is done \
                         is kept"
                .into(),
        })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Numbers cannot be left half-changed by a panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.lock().open -= 1;
        self.0.changed.notify_all();
    }
}

/// Whether an error speaks of the server as a whole, and not of one account or mailbox.
fn is_the_servers(error: &SourceError) -> bool {
    let mood = matches!(
        error.code,
        "throttled" | "unavailable" | "server-error" | "connection-limit"
    );
    mood || error.retryable && error.stage == Stage::Connect
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(code: &'static str, detail: &str) -> SourceError {
        SourceError::new(Stage::Fetch, code, detail, "").worth_retrying()
    }

    #[test]
    fn one_is_told_and_all_wait() {
        let mood = Mood::default();
        assert_eq!(mood.wait(|| false), Duration::ZERO);
        let told = "Suggested Backoff Time: 80 milliseconds";
        assert_eq!(mood.note(&refusal("throttled", told)), Refusal::Patience);
        let waits: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..3)
                .map(|_| scope.spawn(|| mood.wait(|| false)))
                .collect();
            threads.into_iter().map(|t| t.join().unwrap()).collect()
        });
        assert!(waits.iter().all(|w| w.as_millis() >= 50), "{waits:?}");
        assert_eq!(mood.wait(|| false), Duration::ZERO);
        mood.note(&refusal("throttled", "slow down"));
        assert!(mood.wait(|| true) < Duration::from_millis(50), "stopped");
    }

    #[test]
    fn a_server_that_fails_everybody_is_given_up() {
        let mood = Mood::default();
        for _ in 1..STRIKES {
            mood.note(&refusal("unavailable", "Backoff Time: 0 milliseconds"));
            mood.note(&refusal("wrong-password", "this is an account's own"));
        }
        assert!(mood.given_up().is_none());
        mood.praise();
        for _ in 0..STRIKES {
            assert!(mood.given_up().is_none());
            mood.note(&refusal("unavailable", "Backoff Time: 0 milliseconds"));
        }
        assert_eq!(mood.given_up().map(|e| e.code), Some("server-given-up"));
    }

    #[test]
    fn the_limit_of_connections_is_found_out() {
        let mood = Mood::default();
        let first = mood.enter(|| false).unwrap();
        let second = mood.enter(|| false).unwrap();
        let limit = refusal("connection-limit", "too many");
        assert_eq!(mood.note(&limit), Refusal::Full);
        drop(second);
        assert!(mood.enter(|| true).is_none(), "one is the limit now");
        drop(first);
        let only = mood.enter(|| false).unwrap();
        assert_eq!(mood.note(&limit), Refusal::Failure, "one alone is too many");
        drop(only);
    }
}
