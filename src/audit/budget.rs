//! Octets in flight between sources and judges: a slow judge holds back the network, not the memory.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// What a message costs beyond its octets, so that a million tiny ones do not pile up either.
const OVERHEAD: usize = 2 << 10;

/// A number of octets that may be under way at the same time.
pub(super) struct Budget {
    capacity: usize,
    state: Mutex<State>,
    freed: Condvar,
}

struct State {
    free: usize,
    closed: bool,
}

/// A share of the budget, given back when it is dropped.
pub(super) struct Permit {
    budget: Arc<Budget>,
    octets: usize,
}

impl Budget {
    pub(super) fn new(capacity: usize) -> Self {
        let state = State {
            free: capacity,
            closed: false,
        };
        Self {
            capacity,
            state: Mutex::new(state),
            freed: Condvar::new(),
        }
    }

    /// Waits until `octets` are free; a message larger than the whole budget waits until it is alone. `None` once the
    /// budget is closed.
    pub(super) fn take(self: &Arc<Self>, octets: usize) -> Option<Permit> {
        let octets = octets.saturating_add(OVERHEAD).min(self.capacity);
        let mut state = self
            .freed
            .wait_while(self.lock(), |state| !state.closed && state.free < octets)
            .unwrap_or_else(PoisonError::into_inner);
        if state.closed {
            return None;
        }
        state.free -= octets;
        Some(Permit {
            budget: Arc::clone(self),
            octets,
        })
    }

    /// Ends all waiting: nobody takes the messages any more.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.freed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A count cannot be left half-changed by a panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.budget.lock().free += self.octets;
        self.budget.freed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Duration;

    use super::*;

    #[test]
    fn what_does_not_fit_waits_its_turn() {
        let budget = Arc::new(Budget::new(10 * OVERHEAD));
        let first = budget.take(8 * OVERHEAD).unwrap();
        let (sender, receiver) = mpsc::channel();
        let other = Arc::clone(&budget);
        let waiting = std::thread::spawn(move || sender.send(other.take(usize::MAX).is_some()));
        assert!(receiver.recv_timeout(Duration::from_millis(50)).is_err());
        drop(first);
        assert!(receiver.recv_timeout(Duration::from_secs(10)).unwrap());
        waiting.join().unwrap().unwrap();
    }

    #[test]
    fn closing_ends_the_waiting() {
        let budget = Arc::new(Budget::new(OVERHEAD));
        let _held = budget.take(1).unwrap();
        let other = Arc::clone(&budget);
        let waiting = std::thread::spawn(move || other.take(1).is_none());
        budget.close();
        assert!(waiting.join().unwrap());
    }
}
