//! Ctrl-C: the first asks for a clean end, the second gets any end.

use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

/// The flag that the first Ctrl-C, SIGTERM or SIGHUP raises; a second one ends the process at once with status 130. What is committed stays, and a report is written whole or not at all, so nothing is
/// left half-done then.
///
/// Signals that the process was started to ignore stay ignored: `nohup`, or `&` in a script.
///
/// # Errors
/// If the system does not take a handler.
pub fn stop_on_interrupt() -> io::Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    for signal in signals().filter(|&signal| !is_ignored(&status, signal)) {
        // In this order: the first signal finds the flag down, goes on, and raises it.
        flag::register_conditional_shutdown(signal, 130, Arc::clone(&stop))?;
        flag::register(signal, Arc::clone(&stop))?;
    }
    Ok(stop)
}

fn signals() -> impl Iterator<Item = i32> {
    #[cfg(unix)]
    let hang_up = Some(signal_hook::consts::SIGHUP);
    #[cfg(not(unix))]
    let hang_up = None;
    [SIGINT, SIGTERM].into_iter().chain(hang_up)
}

/// Whether Linux's `/proc/self/status` names a signal as ignored (proc(5), `SigIgn`); elsewhere none is.
fn is_ignored(status: &str, signal: i32) -> bool {
    let mask = status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask >> (signal - 1) & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(status: &str, expected: [bool; 3]) {
        assert_eq!(
            [1, 2, 15].map(|signal| is_ignored(status, signal)),
            expected
        );
    }

    #[test]
    fn ignored_signals_are_read_from_the_mask() {
        check(
            "SigBlk:\tffff\nSigIgn:\t0000000000000001\n",
            [true, false, false],
        );
        check("SigIgn:\t0000000000001006\n", [false, true, false]);
        check("SigIgn:\t0000000000004000\n", [false, false, true]);
        check("SigIgn:\tnothing\n", [false; 3]);
        check("", [false; 3]);
    }
}
