//! What becomes of messages that were not judged: one exception row each way of failing, and the mailbox's status.

use crate::finding::{Exception, Stage};
use crate::mailbox::{Locator, MailboxId};
use crate::source::SourceError;
use crate::store::{Coverage, CoverageStatus};

use super::pipeline::End;

/// An error of a source as a row.
pub(super) fn unread(
    mailbox: &MailboxId,
    locators: Vec<Locator>,
    error: &SourceError,
) -> Exception {
    Exception {
        mailbox: mailbox.clone(),
        count: locators.len() as u64,
        locators,
        message_id: String::new(),
        stage: error.stage,
        code: error.code.to_owned(),
        detail: error.detail.clone(),
        retryable: error.retryable,
        what_to_do: error.what_to_do.clone(),
    }
}

/// Runs in which a message is tried in vain before it is only listed.
pub(super) const ATTEMPTS: u32 = 5;

/// What stands of a message that is not tried again.
pub(super) fn given_up(mut exception: Exception) -> Exception {
    const NOTE: &str = "; it was tried in several runs and is not tried again without --full";
    if !exception.what_to_do.ends_with(NOTE) {
        exception.what_to_do.push_str(NOTE);
    }
    exception
}

/// A message that made the judge panic; `place` is in the program.
pub(super) fn panicked(mailbox: &MailboxId, locator: Locator, place: &str) -> Exception {
    let mut exception = unread(mailbox, vec![locator], &bug(Stage::Judge, place));
    exception.what_to_do = "read this message by hand, and report the program's error".into();
    exception
}

/// A panic as a source's error.
pub(super) fn bug(stage: Stage, place: &str) -> SourceError {
    SourceError {
        stage,
        code: "panic",
        detail: format!("the program itself failed ({place})"),
        retryable: false,
        what_to_do: "report the program's error; the other mailboxes are not affected".into(),
    }
}

/// What Ctrl-C left undone.
pub(super) fn not_reached() -> SourceError {
    SourceError {
        stage: Stage::NotReached,
        code: "interrupted",
        detail: "the run was stopped before".into(),
        retryable: true,
        what_to_do: "run again: it goes on where it stopped".into(),
    }
}

/// The row for what is left of a mailbox at its end, if anything is. `knows_all` tells that `missing` is all that is left;
/// else an early end leaves nobody knows how much.
pub(super) fn remainder(
    mailbox: &MailboxId,
    missing: Vec<Locator>,
    knows_all: bool,
    end: &End,
) -> Option<Exception> {
    if missing.is_empty() && (knows_all || matches!(end, End::Done)) {
        return None;
    }
    let error = match end {
        End::Done => SourceError {
            stage: Stage::Fetch,
            code: "vanished",
            detail: "the server listed these messages, but did not deliver them".into(),
            retryable: true,
            what_to_do: "run again; if they stay here, look for them with a mail program: they may have been \
                         deleted during the run"
                .into(),
        },
        End::Stopped => not_reached(),
        End::Failed(error) => return Some(unread(mailbox, missing, error)),
        End::Panicked(place) => bug(Stage::Fetch, place),
    };
    Some(unread(mailbox, missing, &error))
}

/// How a mailbox came out.
pub(super) fn status(coverage: &Coverage, knows_all: bool, end: &End) -> CoverageStatus {
    let judged = coverage.judged + coverage.judged_before;
    let is_whole = coverage.exceptions == 0 && (knows_all || matches!(end, End::Done));
    match end {
        _ if is_whole && coverage.judged == 0 && judged > 0 => CoverageStatus::Unchanged,
        _ if is_whole => CoverageStatus::Complete,
        End::Stopped => CoverageStatus::NotReached,
        End::Failed(_) | End::Panicked(_) if judged == 0 => CoverageStatus::Failed,
        End::Done | End::Failed(_) | End::Panicked(_) => CoverageStatus::Partial,
    }
}

/// The coverage of something that was never opened, with its row.
pub(super) fn not_opened(
    mailbox: MailboxId,
    chosen_by: &str,
    error: &SourceError,
) -> (Coverage, Exception) {
    let exception = unread(&mailbox, Vec::new(), error);
    let status = match error.stage {
        Stage::NotReached => CoverageStatus::NotReached,
        _ => CoverageStatus::Failed,
    };
    (
        Coverage {
            status,
            ..coverage(mailbox, chosen_by)
        },
        exception,
    )
}

/// A row in which nothing was counted yet.
pub(super) fn coverage(mailbox: MailboxId, chosen_by: &str) -> Coverage {
    Coverage {
        mailbox,
        chosen_by: chosen_by.to_owned(),
        read_only: None,
        uidvalidity: None,
        messages: 0,
        in_window: 0,
        judged: 0,
        judged_before: 0,
        exceptions: 0,
        partly_read: 0,
        not_owner: 0,
        bytes_fetched: 0,
        bytes_stored: 0,
        seconds: 0.0,
        throttled_seconds: 0.0,
        status: CoverageStatus::Complete,
    }
}
