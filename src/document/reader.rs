//! The program's side: starts workers, watches their time, replaces those that fail.

use std::fmt;
use std::io::{self, BufReader};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::text::Kind;
use super::{COMMAND, Extract, MOST_OCTETS, Shortfall, frame};

/// How long workers are let work.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// For one document, by the clock. Longer than the time of computing that a worker allows itself, since the machine
    /// may have other things to do.
    pub deadline: Duration,
    /// A worker that has worked so long is replaced before its time of computing runs out.
    pub service: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            deadline: Duration::from_secs(120),
            service: Duration::from_secs(40),
        }
    }
}

/// Reads documents, in as many workers as are asked at a time.
pub struct Reader {
    program: PathBuf,
    arguments: Vec<String>,
    limits: Limits,
    idle: Mutex<Vec<Worker>>,
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader")
            .field("program", &self.program)
            .finish_non_exhaustive()
    }
}

impl Reader {
    /// Workers are this very program, also if its file was replaced or removed meanwhile.
    ///
    /// # Errors
    /// The system does not tell where the program lies.
    pub fn of_this_program() -> io::Result<Self> {
        let running = PathBuf::from("/proc/self/exe");
        let program = if running.exists() {
            running
        } else {
            std::env::current_exe()?
        };
        Ok(Self::new(program, &[COMMAND], Limits::default()))
    }

    /// Workers are `program`, started with `arguments`.
    #[must_use]
    pub fn new(program: impl Into<PathBuf>, arguments: &[&str], limits: Limits) -> Self {
        Self {
            program: program.into(),
            arguments: arguments.iter().map(ToString::to_string).collect(),
            limits,
            idle: Mutex::default(),
        }
    }

    /// The text of a document. What goes wrong is told in [`Extract::shortfall`]; the next document is read all the same.
    #[must_use]
    pub fn read(&self, octets: Vec<u8>) -> Extract {
        if octets.len() > MOST_OCTETS {
            return Shortfall::TooLarge.into();
        }
        if Kind::of(&octets).is_none() {
            return Shortfall::Broken.into();
        }
        let octets = Arc::new(octets);
        // The list must not stay locked while a worker that came from it is at work.
        let idle = self.idle().pop();
        if let Some(worker) = idle {
            match self.read_by(worker, &octets) {
                // What a worker has kept of documents before must not matter: a fresh one has the last word.
                Err(failure) if failure != Shortfall::TookTooLong => {}
                done => return done.unwrap_or_else(Extract::from),
            }
        }
        match Worker::start(self) {
            Ok(worker) => self.read_by(worker, &octets).unwrap_or_else(Extract::from),
            Err(error) => {
                tracing::warn!(%error, "no process for documents could be started");
                Shortfall::NoWorker.into()
            }
        }
    }

    fn read_by(&self, mut worker: Worker, octets: &Arc<Vec<u8>>) -> Result<Extract, Shortfall> {
        let since = Instant::now();
        let extract = worker.read(Arc::clone(octets), self.limits.deadline)?;
        worker.worked += since.elapsed();
        if worker.worked < self.limits.service {
            self.idle().push(worker);
        }
        Ok(extract)
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Worker>> {
        // A list cannot be left half-changed by a panic.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A worker's process, and the thread that talks to it: whoever waits for an answer must be able to give up waiting.
struct Worker {
    child: Child,
    documents: SyncSender<Arc<Vec<u8>>>,
    extracts: Receiver<io::Result<Extract>>,
    worked: Duration,
}

impl Worker {
    fn start(reader: &Reader) -> io::Result<Self> {
        let mut command = Command::new(&reader.program);
        command
            .args(&reader.arguments)
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        // Ctrl-C is for the run, which ends in order and needs its workers until then.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut child = command.spawn()?;
        let (Some(to), Some(from)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(io::ErrorKind::BrokenPipe.into());
        };
        let (documents, requests) = sync_channel(1);
        let (answers, extracts) = sync_channel(1);
        let talking = thread::Builder::new()
            .name("documents".to_owned())
            .spawn(move || talk(to, from, &requests, &answers));
        let worker = Self {
            child,
            documents,
            extracts,
            worked: Duration::ZERO,
        };
        talking.map(|_| worker)
    }

    fn read(&mut self, octets: Arc<Vec<u8>>, deadline: Duration) -> Result<Extract, Shortfall> {
        // If nobody talks any more, no answer comes either.
        let _ = self.documents.send(octets);
        match self.extracts.recv_timeout(deadline) {
            Ok(Ok(extract)) => Ok(extract),
            Err(RecvTimeoutError::Timeout) => Err(Shortfall::TookTooLong),
            // It lives, and talks nonsense.
            Ok(Err(error)) if error.kind() == io::ErrorKind::InvalidData => Err(Shortfall::Broken),
            Ok(Err(_)) | Err(RecvTimeoutError::Disconnected) => Err(self.cause()),
        }
    }

    /// Why the worker died.
    fn cause(&mut self) -> Shortfall {
        let patience = Instant::now() + Duration::from_millis(500);
        loop {
            match self.child.try_wait() {
                Ok(Some(status)) => return of_status(status),
                Ok(None) if Instant::now() < patience => thread::sleep(Duration::from_millis(2)),
                Ok(None) | Err(_) => return Shortfall::Broken,
            }
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // Its thread ends with its pipes. Whoever has ended already cannot be killed, and that is well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Hands documents over and takes the answers, until the first failure.
fn talk(
    mut to: ChildStdin,
    from: ChildStdout,
    documents: &Receiver<Arc<Vec<u8>>>,
    extracts: &SyncSender<io::Result<Extract>>,
) {
    let mut from = BufReader::new(from);
    while let Ok(octets) = documents.recv() {
        let extract =
            frame::write_document(&mut to, &octets).and_then(|()| frame::read_extract(&mut from));
        let failed = extract.is_err();
        if extracts.send(extract).is_err() || failed {
            return;
        }
    }
}

#[cfg(unix)]
fn of_status(status: ExitStatus) -> Shortfall {
    use std::os::unix::process::ExitStatusExt;

    use rustix::process::Signal;

    match status.signal() {
        Some(signal) if signal == Signal::XCPU.as_raw() => Shortfall::TookTooLong,
        // Memory and stack that run out end in SIGABRT or SIGSEGV; the system itself kills with SIGKILL.
        Some(_) => Shortfall::TooComplex,
        None => Shortfall::NoWorker,
    }
}

#[cfg(not(unix))]
fn of_status(_: ExitStatus) -> Shortfall {
    Shortfall::NoWorker
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Asks twice: after a failure the next document is read by another worker.
    #[track_caller]
    fn check(program: &str, arguments: &[&str], expected: Shortfall) {
        let limits = Limits {
            deadline: Duration::from_millis(200),
            ..Limits::default()
        };
        let reader = Reader::new(program, arguments, limits);
        for _ in 0..2 {
            assert_eq!(reader.read(b"%PDF-1.7".to_vec()), expected.into());
            assert!(reader.idle().is_empty());
        }
    }

    #[test]
    fn workers_that_fail_cost_one_document() {
        check("sleep", &["60"], Shortfall::TookTooLong);
        check("false", &[], Shortfall::NoWorker);
        check("/nowhere/worker", &[], Shortfall::NoWorker);
        check("sh", &["-c", "kill -SEGV $$"], Shortfall::TooComplex);
        check("sh", &["-c", "kill -XCPU $$"], Shortfall::TookTooLong);
        check("yes", &[], Shortfall::Broken);
    }

    #[test]
    fn a_worker_that_does_not_listen_is_killed() {
        let limits = Limits {
            deadline: Duration::from_millis(200),
            ..Limits::default()
        };
        let reader = Reader::new("sleep", &["60"], limits);
        let since = Instant::now();
        // More than fits into a pipe.
        let extract = reader.read(vec![b' '; MOST_OCTETS]);
        assert_eq!(extract, Shortfall::TookTooLong.into());
        assert!(since.elapsed() < Duration::from_secs(30));
    }

    #[test]
    fn what_is_too_large_is_not_sent() {
        let reader = Reader::new("/nowhere/worker", &[], Limits::default());
        let extract = reader.read(vec![0; MOST_OCTETS + 1]);
        assert_eq!(extract, Shortfall::TooLarge.into());
    }
}
