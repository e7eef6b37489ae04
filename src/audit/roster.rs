//! Who is audited: the roster's accounts that were chosen, by server.

use std::collections::HashMap;
use std::sync::atomic::AtomicUsize;

use super::accounts::{Job, Queue};
use super::mood::Mood;
use super::{AuditError, RunOptions};
use crate::config::Settings;
use crate::detect::Judge;
use crate::mailbox::{Account, Custodian};
use crate::store::{Store, StoreError};

/// The chosen accounts, a queue for each server.
pub(super) fn queues(
    settings: &Settings,
    chosen: &[&Account],
    options: &RunOptions,
    judge: &Judge,
) -> Result<Vec<Queue>, AuditError> {
    let custodians: HashMap<&str, &Custodian> = settings
        .custodians
        .iter()
        .map(|c| (c.id.as_str(), c))
        .collect();
    let mut queues: Vec<Queue> = Vec::new();
    for account in chosen {
        let Some(&custodian) = custodians.get(account.custodian.as_str()) else {
            return Err(AuditError::Usage(format!(
                "the roster has a login but no line of its own for {}",
                account.custodian
            )));
        };
        let job = Job {
            account: (*account).clone(),
            custodian: custodian.clone(),
            window: options.window.unwrap_or_else(|| settings.window(custodian)),
            key: judge.key(custodian, &settings.organisation),
            full: options.full,
        };
        if let Some(queue) = queues.iter_mut().find(|q| q.server.name == account.server) {
            queue.jobs.push(job);
            continue;
        }
        let server = settings.servers.iter().find(|s| s.name == account.server);
        let server = server.ok_or_else(|| {
            AuditError::Usage(format!(
                "the configuration has no [servers.{}], which the roster names",
                account.server
            ))
        })?;
        queues.push(Queue {
            server: server.clone(),
            patterns: settings.mailboxes.clone(),
            jobs: vec![job],
            next: AtomicUsize::new(0),
            spare: AtomicUsize::new(0),
            mood: Mood::default(),
        });
    }
    for queue in &mut queues {
        let spare = queue.server.connections.saturating_sub(queue.connections());
        queue.spare = AtomicUsize::new(spare);
    }
    Ok(queues)
}

/// Tells, before anything is fetched, how much will be judged again because queries, organisation or roster have changed.
pub(super) fn tell_again(store: &Store, queues: &[Queue]) -> Result<(), StoreError> {
    let mut keys: Vec<_> = queues
        .iter()
        .flat_map(|queue| &queue.jobs)
        .map(|job| (job.custodian.id.as_str(), &job.key))
        .collect();
    keys.sort_unstable();
    keys.dedup();
    let (mut messages, mut again, mut custodians) = (0, 0, 0_u64);
    for (custodian, key) in keys {
        let otherwise = store.judged_otherwise(custodian, key)?;
        messages += otherwise.messages;
        again += otherwise.again;
        custodians += u64::from(otherwise.messages > 0);
    }
    if again > 0 {
        tracing::warn!(
            "{messages} messages of {custodians} custodians were judged by other queries, or with another organisation or \
             roster: {again} of them are judged again, as far as they are in the window; of the others the store knows that \
             they hold nothing that could lead to a finding"
        );
    }
    Ok(())
}
