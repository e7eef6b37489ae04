//! Ways to open a store: for a run, which holds it alone; beside one; only to read.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use super::lock::{LockError, RunLock, open_private};
use super::schema::{self, Condition};
use super::{Store, StoreError};

impl Store {
    /// Opens or creates a store for a run and locks it against other runs. File mode 0600.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let name = path.display().to_string();
        let lock = RunLock::take(path).map_err(|error| match error {
            LockError::Held(holder) => StoreError::Locked {
                path: name.clone(),
                holder,
            },
            LockError::Io(source) => StoreError::Io {
                path: name.clone(),
                source,
            },
        })?;
        // SQLite gives its `-wal` and `-shm` files the mode of the main file, so that is made first.
        open_private(path).map_err(|source| StoreError::Io {
            path: name.clone(),
            source,
        })?;
        let connection = Connection::open(path).map_err(|source| StoreError::Sqlite {
            path: name.clone(),
            source,
        })?;
        let mut store = Self::new(connection, name, Some(lock));
        store.prepare()?;
        Ok(store)
    }

    /// Opens a store that is there to add what is no run's: decisions, entries of the trail. Does not wait for a run.
    ///
    /// # Errors
    /// [`StoreError`]; also if there is none.
    pub fn open_beside_runs(path: &Path) -> Result<Self, StoreError> {
        let name = path.display().to_string();
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection =
            Connection::open_with_flags(path, flags).map_err(|source| StoreError::Sqlite {
                path: name.clone(),
                source,
            })?;
        let mut store = Self::new(connection, name, None);
        store.prepare()?;
        // A run that loses its last moments to a power cut does them again; what people decided comes only once.
        store.told(store.connection.pragma_update(None, "synchronous", "FULL"))?;
        Ok(store)
    }

    /// Opens a store to read what stands in it, whoever is writing.
    ///
    /// # Errors
    /// [`StoreError`]; also if there is none.
    pub fn open_to_read(path: &Path) -> Result<Self, StoreError> {
        let name = path.display().to_string();
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection =
            Connection::open_with_flags(path, flags).map_err(|source| StoreError::Sqlite {
                path: name.clone(),
                source,
            })?;
        let store = Self::new(connection, name, None);
        match store.told(schema::examine(&store.connection))? {
            Condition::Ready => Ok(store),
            Condition::Older => Err(StoreError::Older { path: store.path }),
            Condition::Newer(found) => Err(store.newer(found)),
            Condition::Foreign => Err(StoreError::Foreign { path: store.path }),
        }
    }

    /// A store that is forgotten at the end.
    ///
    /// # Errors
    /// Practically none.
    pub fn in_memory() -> Result<Self, StoreError> {
        let name = "in memory".to_owned();
        let connection = Connection::open_in_memory().map_err(|source| StoreError::Sqlite {
            path: name.clone(),
            source,
        })?;
        let mut store = Self::new(connection, name, None);
        store.prepare()?;
        Ok(store)
    }

    fn new(connection: Connection, path: String, lock: Option<RunLock>) -> Self {
        Self {
            connection,
            path,
            run: 0,
            queries: Vec::new(),
            _lock: lock,
        }
    }

    /// Makes a connection ready to write: WAL, and our schema at our version.
    fn prepare(&mut self) -> Result<(), StoreError> {
        match self.told(schema::examine(&self.connection))? {
            Condition::Foreign => {
                return Err(StoreError::Foreign {
                    path: self.path.clone(),
                });
            }
            Condition::Newer(found) => return Err(self.newer(found)),
            Condition::Ready | Condition::Older => {}
        }
        // A checkpoint or a report that is just being read may hold the file for a moment.
        self.told(self.connection.busy_timeout(Duration::from_secs(30)))?;
        self.told(self.connection.pragma_update(None, "journal_mode", "WAL"))?;
        self.told(self.connection.pragma_update(None, "synchronous", "NORMAL"))?;
        self.connection.set_prepared_statement_cache_capacity(64);
        let done = schema::migrate(&mut self.connection);
        self.told(done)
    }

    fn newer(&self, found: u32) -> StoreError {
        StoreError::Newer {
            path: self.path.clone(),
            found,
            known: schema::VERSION,
        }
    }
}
