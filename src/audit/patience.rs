//! Waiting before another try: longer each time, never all at once, and not after Ctrl-C.

use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, Instant};

/// The pause after so many failures in a row: 1, 2, 4 … seconds up to a minute, of which the second half is left to chance, so
/// that many connections that were cut together do not come back together.
pub(super) fn pause(failures: u32) -> Duration {
    let whole =
        Duration::from_secs(1 << failures.saturating_sub(1).min(6)).min(Duration::from_secs(60));
    let chance = u32::try_from(random() % 1000).unwrap_or(0);
    whole / 2 + whole / 2 * chance / 1000
}

/// Sleeps, but not on when `stopping` turns true.
pub(super) fn wait(pause: Duration, stopping: impl Fn() -> bool) {
    let end = Instant::now() + pause;
    while !stopping() {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return;
        }
        std::thread::sleep(left.min(Duration::from_millis(100)));
    }
}

/// A number that differs from call to call and from process to process; nothing secret hangs on it.
pub(super) fn random() -> u64 {
    RandomState::new().hash_one(Instant::now())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_end() {
        for (failures, most) in [(1, 1), (2, 2), (3, 4), (7, 60), (1000, 60)] {
            let (pause, most) = (pause(failures), Duration::from_secs(most));
            assert!(most / 2 <= pause && pause <= most, "{failures}: {pause:?}");
        }
    }

    #[test]
    fn stopping_ends_a_pause() {
        wait(Duration::from_secs(3600), || true);
    }
}
