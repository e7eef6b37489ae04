//! Panics of worker threads: caught, told as an exception row, and not printed on the terminal.

use std::cell::RefCell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

/// Begins the name of every thread whose panics are caught.
pub(super) const THREAD_PREFIX: &str = "audit-";

thread_local! {
    static PLACE: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Runs `work`; if it panics, says where in the program that was. The panic's own words are dropped, since they may
/// quote the message.
pub(super) fn caught<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    panic::catch_unwind(AssertUnwindSafe(work)).map_err(|_| {
        PLACE
            .take()
            .unwrap_or_else(|| "at an unknown place".to_owned())
    })
}

/// Keeps the default hook from printing what [`caught`] reports; other threads' panics are printed as ever.
pub(super) fn silence_workers() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let is_worker = std::thread::current()
                .name()
                .is_some_and(|name| name.starts_with(THREAD_PREFIX));
            if is_worker {
                let place = info
                    .location()
                    .map_or_else(String::new, ToString::to_string);
                tracing::debug!(place, "a worker panicked");
                PLACE.set(Some(place));
            } else {
                before(info);
            }
        }));
    });
}
