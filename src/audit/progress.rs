//! What a person sees while it runs: bars on a terminal, a line every few seconds otherwise.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{
    BinaryBytes, HumanCount, HumanDuration, MultiProgress, ProgressBar, ProgressStyle,
};

use super::pipeline::Slot;

/// Between two plain lines.
const EVERY: Duration = Duration::from_secs(5);
/// Mailboxes that are shown below the overall bar.
const SHOWN: usize = 8;

/// The bars on the terminal, if there are any: whoever writes to standard error meanwhile has to move them.
static BARS: Mutex<Option<MultiProgress>> = Mutex::new(None);

/// Standard error for logs: lines appear above the progress bars, not in them.
#[derive(Debug, Clone, Copy, Default)]
pub struct AboveBars;

impl Write for AboveBars {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        let bars = BARS.lock().unwrap_or_else(PoisonError::into_inner);
        match &*bars {
            Some(bars) => bars.suspend(|| io::stderr().write(octets)),
            None => io::stderr().write(octets),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

/// Makes the bars known to [`AboveBars`], or forgets them.
fn announce(bars: Option<MultiProgress>) {
    *BARS.lock().unwrap_or_else(PoisonError::into_inner) = bars;
}

/// Counts, and shows what it counts.
pub(super) struct Progress {
    meter: Meter,
    display: Display,
}

enum Display {
    None,
    Lines { last: Instant },
    Bars(Bars),
}

struct Bars {
    all: MultiProgress,
    overall: ProgressBar,
    mailboxes: BTreeMap<Slot, ProgressBar>,
}

/// What a run goes through one by one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Units {
    /// Each with any number of mailboxes.
    Accounts,
    Mailboxes,
}

/// The figures behind both kinds of display.
struct Meter {
    started: Instant,
    kind: Units,
    units: u64,
    units_done: u64,
    /// Mailboxes opened so far, and the octets they hold.
    opened: u64,
    known: u64,
    messages: u64,
    octets: u64,
    exceptions: u64,
}

impl Progress {
    pub(super) fn new(enabled: bool, kind: Units, units: u64) -> Self {
        let display = if !enabled {
            Display::None
        } else if io::stderr().is_terminal() {
            let all = MultiProgress::new();
            announce(Some(all.clone()));
            let overall = all.add(ProgressBar::new(0));
            overall.set_style(style("{bar:30} {msg}"));
            overall.enable_steady_tick(Duration::from_millis(250));
            Display::Bars(Bars {
                all,
                overall,
                mailboxes: BTreeMap::new(),
            })
        } else {
            Display::Lines {
                last: Instant::now(),
            }
        };
        let meter = Meter {
            started: Instant::now(),
            kind,
            units,
            units_done: 0,
            opened: 0,
            known: 0,
            messages: 0,
            octets: 0,
            exceptions: 0,
        };
        Self { meter, display }
    }

    pub(super) fn opened(&mut self, slot: Slot, name: &str, octets: u64) {
        self.meter.opened += 1;
        self.meter.known += octets;
        if let Display::Bars(bars) = &mut self.display
            && bars.mailboxes.len() < SHOWN
            && octets > 0
        {
            let bar = bars.all.add(ProgressBar::new(octets));
            bar.set_style(style("{bar:30} {percent:>3} % {msg}"));
            bar.set_message(printable(name));
            bars.mailboxes.insert(slot, bar);
        }
    }

    pub(super) fn message(&mut self, slot: Slot, octets: u64) {
        self.meter.messages += 1;
        self.meter.octets += octets;
        if let Display::Bars(bars) = &self.display
            && let Some(bar) = bars.mailboxes.get(&slot)
        {
            bar.inc(octets);
        }
    }

    pub(super) fn exceptions(&mut self, count: u64) {
        self.meter.exceptions += count;
    }

    pub(super) fn closed(&mut self, slot: Slot) {
        if self.meter.kind == Units::Mailboxes {
            self.meter.units_done += 1;
        }
        if let Display::Bars(bars) = &mut self.display
            && let Some(bar) = bars.mailboxes.remove(&slot)
        {
            bar.finish_and_clear();
            bars.all.remove(&bar);
        }
    }

    /// A unit is through of which nothing (more) is open.
    pub(super) fn unit_done(&mut self) {
        self.meter.units_done += 1;
    }

    /// Shows where things stand, if it is time.
    pub(super) fn tick(&mut self) {
        match &mut self.display {
            Display::None => {}
            Display::Bars(bars) => {
                bars.overall.set_length(self.meter.expected());
                bars.overall.set_position(self.meter.octets);
                bars.overall.set_message(self.meter.told());
            }
            Display::Lines { last } => {
                if last.elapsed() >= EVERY {
                    *last = Instant::now();
                    // Who closed standard error does not want to know.
                    let _ = writeln!(io::stderr(), "{}", self.meter.told());
                }
            }
        }
    }
}

impl Drop for Progress {
    /// Leaves a clean terminal, also after an error.
    fn drop(&mut self) {
        if let Display::Bars(bars) = &self.display {
            for bar in bars.mailboxes.values() {
                bar.finish_and_clear();
            }
            bars.overall.finish_and_clear();
            announce(None);
        }
    }
}

impl Meter {
    /// Octets in total, supposing that what is not opened yet is like what is.
    fn expected(&self) -> u64 {
        let seen = self.units_done.max(1);
        let ahead = self
            .units
            .saturating_sub(self.units_done.max(self.opened.min(self.units)));
        self.known
            .saturating_add(self.known / seen.max(self.opened) * ahead)
    }

    /// `12,345 messages, 1.2 GiB, 20 MiB/s, 3 of 10 accounts, 2 exceptions, 4 minutes left`
    fn told(&self) -> String {
        let seconds = self.started.elapsed().as_secs_f64().max(0.001);
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a rate that people read needs no more than a few digits, and is never negative"
        )]
        let rate = (self.octets as f64 / seconds) as u64;
        let mut text = format!(
            "{} messages, {}, {}/s, {} of {} {}",
            HumanCount(self.messages),
            BinaryBytes(self.octets),
            BinaryBytes(rate),
            self.units_done,
            self.units,
            match self.kind {
                Units::Accounts => "accounts",
                Units::Mailboxes => "mailboxes",
            }
        );
        // Writing into a string cannot fail.
        if self.exceptions > 0 {
            let _ = write!(text, ", {} exceptions", HumanCount(self.exceptions));
        }
        let left = self.expected().saturating_sub(self.octets);
        if left > 0 && rate > 0 {
            let _ = write!(
                text,
                ", about {} left",
                HumanDuration(Duration::from_secs(left / rate))
            );
        }
        text
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

/// A name out of somebody's server must not drive the terminal.
fn printable(name: &str) -> String {
    name.chars()
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .take(60)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rest_is_taken_to_be_like_what_was_seen() {
        let mut progress = Progress::new(false, Units::Accounts, 4);
        progress.opened(0, "Sent", 100);
        assert_eq!(progress.meter.expected(), 400);
        progress.message(0, 100);
        progress.unit_done();
        progress.opened(1, "Sent", 300);
        assert_eq!(progress.meter.expected(), 800);
        assert!(
            progress.meter.told().contains("1 of 4 accounts"),
            "{}",
            progress.meter.told()
        );
    }

    #[test]
    fn names_cannot_drive_a_terminal() {
        assert_eq!(printable("a\u{1b}[2J\nb"), "a\u{fffd}[2J\u{fffd}b");
    }
}
