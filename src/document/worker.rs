//! The worker's side: gives up what it does not need, then reads documents until there are no more.

use std::io::{self, BufReader};
use std::panic::{self, AssertUnwindSafe};

use super::{Shortfall, frame, text};

/// Reads documents from standard input, one after the other, and writes their texts to standard output, until the input
/// ends. Meant for a process of its own, which it limits for good.
///
/// # Errors
/// Limits that cannot be set, and pipes that break: nobody waits for an answer then.
pub fn serve() -> io::Result<()> {
    limits::begin()?;
    // What a panic says may quote the document.
    panic::set_hook(Box::new(|_| {}));
    let mut from = BufReader::new(io::stdin().lock());
    let mut to = io::stdout().lock();
    while let Some(octets) = frame::read_document(&mut from)? {
        limits::next_document()?;
        let extract = panic::catch_unwind(AssertUnwindSafe(|| text::read(&octets)))
            .unwrap_or_else(|_| Shortfall::Broken.into());
        frame::write_extract(&mut to, &extract)?;
    }
    Ok(())
}

#[cfg(unix)]
mod limits {
    use std::io;

    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    use rustix::time::{ClockId, clock_gettime};

    /// Address space, the program itself included.
    const MEMORY: u64 = 768 << 20;
    /// Seconds of computing for one document, and for all of one worker.
    const SECONDS: u64 = 10;
    const SECONDS_OF_ALL: u64 = 60;
    /// Standard input, output and error are open; nothing else can be opened, no file and no socket.
    const FILES: u64 = 3;

    /// Gives up for good what reading does not need.
    pub(super) fn begin() -> io::Result<()> {
        computed();
        let limits = [
            (Resource::As, MEMORY),
            (Resource::Cpu, SECONDS_OF_ALL),
            (Resource::Fsize, 0),
            (Resource::Core, 0),
            (Resource::Nofile, FILES),
        ];
        for (resource, limit) in limits {
            set(resource, limit, limit)?;
        }
        Ok(())
    }

    /// Allows the time for one more document.
    pub(super) fn next_document() -> io::Result<()> {
        let until = (computed() + SECONDS).min(SECONDS_OF_ALL);
        set(Resource::Cpu, until, SECONDS_OF_ALL)
    }

    /// Seconds that this process has computed, rounded up.
    fn computed() -> u64 {
        let time = clock_gettime(ClockId::ProcessCPUTime);
        u64::try_from(time.tv_sec).unwrap_or(0) + 1
    }

    /// Never above what the process was started with.
    fn set(resource: Resource, current: u64, maximum: u64) -> io::Result<()> {
        let before = getrlimit(resource).maximum.unwrap_or(u64::MAX);
        let limit = Rlimit {
            current: Some(current.min(before)),
            maximum: Some(maximum.min(before)),
        };
        Ok(setrlimit(resource, limit)?)
    }
}

#[cfg(not(unix))]
mod limits {
    use std::io;

    /// Without limits nothing is read.
    pub(super) fn begin() -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub(super) fn next_document() -> io::Result<()> {
        Ok(())
    }
}
