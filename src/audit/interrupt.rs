//! Ctrl-C: the first asks for a clean end, the second gets any end.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::progress::AboveBars;

/// The flag that the first Ctrl-C (or SIGTERM) raises; a second one ends the process at once with status 130.
///
/// # Errors
/// If a handler is set already.
pub fn stop_on_interrupt() -> Result<Arc<AtomicBool>, ctrlc::Error> {
    let stop = Arc::new(AtomicBool::new(false));
    let raised = Arc::clone(&stop);
    ctrlc::try_set_handler(move || {
        if raised.swap(true, Ordering::Relaxed) {
            // What is committed stays; a report is written whole or not at all. So nothing is left half-done.
            std::process::exit(130);
        }
        // Nobody may be listening any more, and that changes nothing.
        let _ = writeln!(
            AboveBars,
            "stopping: what was done is being written; Ctrl-C again ends at once"
        );
    })?;
    Ok(stop)
}
