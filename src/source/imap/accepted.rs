//! Which logins a server took in this run: they tell what a later refusal means.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The logins that were accepted. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Accepted(Arc<Mutex<BTreeSet<String>>>);

impl Accepted {
    pub(super) fn note(&self, login: &str) {
        let mut logins = self.lock();
        if !logins.contains(login) {
            logins.insert(login.to_owned());
        }
    }

    /// Whether this login was accepted.
    pub(super) fn has(&self, login: &str) -> bool {
        self.lock().contains(login)
    }

    /// Whether any other was.
    pub(super) fn has_others(&self, login: &str) -> bool {
        self.lock().iter().any(|other| other != login)
    }

    fn lock(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
