//! One run per store: a lock file beside it says who works, and files that nobody else may read.

use std::fs::{self, File, OpenOptions, Permissions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use jiff::Timestamp;

/// Held as long as it lives; the system lets go of it when the process ends, however it ends.
#[derive(Debug)]
pub(super) struct RunLock {
    /// The lock is on the open file, not on its presence.
    _file: File,
}

/// Why there is no lock.
#[derive(Debug)]
pub(super) enum LockError {
    /// Another process holds it, and wrote this.
    Held(String),
    /// The lock file could not be used.
    Io(io::Error),
}

impl RunLock {
    /// Locks `store` against other runs without waiting.
    pub(super) fn take(store: &Path) -> Result<Self, LockError> {
        let mut file = open_private(&lock_path(store)).map_err(LockError::Io)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(LockError::Held(holder(&mut file))),
            Err(TryLockError::Error(error)) => return Err(LockError::Io(error)),
        }
        let who = format!(
            "process {} on {} since {:.0}",
            std::process::id(),
            host(),
            Timestamp::now()
        );
        write_holder(&mut file, &who).map_err(LockError::Io)?;
        Ok(Self { _file: file })
    }
}

/// `audit.db` is locked by `audit.db.lock`: `SQLite`'s own locks on the store stay free for readers.
fn lock_path(store: &Path) -> PathBuf {
    let mut name = store.as_os_str().to_owned();
    name.push(".lock");
    PathBuf::from(name)
}

/// Opens a file to read and write, creating it if need be, with mode 0600 whatever it had before.
pub(super) fn open_private(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)?;
    if file.metadata()?.permissions().mode() & 0o077 != 0 {
        file.set_permissions(Permissions::from_mode(0o600))?;
    }
    Ok(file)
}

fn write_holder(file: &mut File, who: &str) -> io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    file.write_all(who.as_bytes())
}

/// What the holder wrote; a holder that has only just begun may not have written yet.
fn holder(file: &mut File) -> String {
    let mut who = String::new();
    match file.take(300).read_to_string(&mut who) {
        Ok(length) if length > 0 => who.replace(|c: char| c.is_control(), " "),
        _ => "a process that has just begun".to_owned(),
    }
}

fn host() -> String {
    fs::read_to_string("/proc/sys/kernel/hostname")
        .or_else(|_| fs::read_to_string("/etc/hostname"))
        .map_or_else(|_| "this machine".to_owned(), |name| name.trim().to_owned())
}
