//! The reading threads of a scan: mailbox by mailbox, each message handed to the judges.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::pipeline::{End, Event, Pipeline, Work};
use super::{accounting, quiet};
use crate::detect::JudgementKey;
use crate::mailbox::MailboxId;
use crate::source::files::{self, FileMailbox, Format};

/// Threads that read; more would only make a disk seek.
const READERS: usize = 4;

/// The mailboxes that a scan found.
pub(super) struct Shelf {
    pub(super) mailboxes: Vec<FileMailbox>,
    /// The judgement key.
    pub(super) key: JudgementKey,
    pub(super) next: AtomicUsize,
}

impl Shelf {
    pub(super) fn readers(&self) -> usize {
        self.mailboxes.len().min(READERS)
    }

    /// Takes mailboxes until there are none.
    pub(super) fn work(&self, pipeline: &Arc<Pipeline>) {
        while let Some(mailbox) = self
            .mailboxes
            .get(self.next.fetch_add(1, Ordering::Relaxed))
        {
            if let Err(place) = quiet::caught(|| self.mailbox(mailbox, pipeline)) {
                // The open mailbox has told that it was cut short; where is for whoever mends it.
                tracing::error!(place, "reading a mailbox failed in the program itself");
            }
        }
    }

    fn mailbox(&self, mailbox: &FileMailbox, pipeline: &Arc<Pipeline>) {
        let id = MailboxId {
            custodian: String::new(),
            account: String::new(),
            mailbox: mailbox.path.to_string_lossy().into_owned(),
        };
        let chosen_by = match mailbox.format {
            Format::Maildir => "Maildir",
            Format::Mbox => "mbox file",
            Format::Eml => "message files",
        };
        if pipeline.stopping() {
            let (coverage, exception) =
                accounting::not_opened(id, chosen_by, &accounting::not_reached());
            let (coverage, exception) = (Box::new(coverage), Box::new(exception));
            pipeline.tell(Event::NotOpened {
                coverage,
                exception,
            });
            return pipeline.tell(Event::UnitDone);
        }
        let mut coverage = accounting::coverage(id.clone(), chosen_by);
        // A file that is only ever opened for reading cannot be changed.
        coverage.read_only = Some(true);
        let work = Work {
            mailbox: id,
            custodian: None,
            key: self.key.clone(),
            listing: None,
        };
        let feed = pipeline.open(work, coverage, None, mailbox.size());
        let mut end = End::Done;
        for message in files::read(mailbox) {
            // Only a message that is there and not read tells that stopping leaves anything behind.
            if pipeline.stopping() {
                end = End::Stopped;
                break;
            }
            match message {
                Ok(raw) => {
                    feed.submit(raw);
                }
                Err((Some(locator), error)) => feed.unread(locator, error),
                Err((None, error)) => end = End::Failed(error),
            }
        }
        feed.close(end);
    }
}
