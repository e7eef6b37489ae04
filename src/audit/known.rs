//! What is known of a mailbox without listing it: all of it where nothing came or went since the last run, or all but what
//! is new.

use std::collections::BTreeSet;

use super::line::Line;
use super::pipeline::Before;
use crate::mailbox::Window;
use crate::source::SourceError;
use crate::source::imap::{Examined, Listed};
use crate::store::LastListing;

/// The messages of a mailbox that are in the window.
pub(super) struct Roll {
    /// Judged before, and still there.
    pub(super) known: BTreeSet<u32>,
    /// The sum of their sizes.
    pub(super) octets: u64,
    /// All others.
    pub(super) listed: Vec<Listed>,
}

/// Lists as little of the mailbox as `before` allows.
///
/// Messages never change, new ones have UIDs from UIDNEXT on, and whatever goes makes EXISTS smaller (RFC 9051, 2.3.1.1 and
/// 7.4.1): with the new ones counted, EXISTS tells whether an old one is missing. Only HIGHESTMODSEQ would not do, since
/// without QRESYNC it may stay as it is when a message goes (RFC 7162, 3.1).
pub(super) fn roll(
    line: &mut dyn Line,
    seen: &Examined,
    before: &Before,
    window: &Window,
) -> Result<Roll, SourceError> {
    if let Some(last) = before
        .listing
        .as_ref()
        .filter(|last| is_of_use(last, seen, before, window))
    {
        let roll = |listed| Roll {
            known: last.uids.clone(),
            octets: last.octets,
            listed,
        };
        if is_same(last, seen) {
            return Ok(roll(Vec::new()));
        }
        if let Some(uidnext) = last.uidnext {
            let new = line.list_from(uidnext, window)?;
            if u64::from(last.messages) + new.messages == u64::from(seen.exists) {
                return Ok(roll(new.in_window));
            }
        }
    }
    Ok(Roll {
        known: BTreeSet::new(),
        octets: 0,
        listed: line.list(window)?,
    })
}

/// Whether nothing has to be asked about the messages that were listed.
fn is_of_use(last: &LastListing, seen: &Examined, before: &Before, window: &Window) -> bool {
    last.uidvalidity == seen.uidvalidity
        && last.window == *window
        && last.messages <= seen.exists
        && last.uids.is_subset(&before.judged)
}

/// Whether EXAMINE tells that no message came or went. Flags that change may change HIGHESTMODSEQ: then the mailbox is asked
/// for what is new, in vain.
fn is_same(last: &LastListing, seen: &Examined) -> bool {
    last.messages == seen.exists
        && (last.uidnext.is_some() || last.modseq.is_some())
        && last.uidnext == seen.uidnext
        && last.modseq == seen.highest_modseq
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Receiver;
    use crate::source::imap::{Extent, Fetched, ListedFrom, SentMailbox, Undelivered};

    /// A mailbox with these UIDs, all in the window, that notes what it is asked.
    struct Asked {
        uids: Vec<u32>,
        questions: Vec<String>,
    }

    impl Line for Asked {
        fn fingerprint(&self) -> Option<&str> {
            None
        }

        fn sent_mailboxes(&mut self, _: &[String]) -> Result<Vec<SentMailbox>, SourceError> {
            Ok(Vec::new())
        }

        fn examine(&mut self, _: &SentMailbox) -> Result<Examined, SourceError> {
            Ok(seen(7, 0, None, None))
        }

        fn list(&mut self, _: &Window) -> Result<Vec<Listed>, SourceError> {
            self.questions.push("all".to_owned());
            Ok(self.uids.iter().map(|&uid| listed(uid)).collect())
        }

        fn list_from(&mut self, uid: u32, _: &Window) -> Result<ListedFrom, SourceError> {
            self.questions.push(format!("from {uid}"));
            let new = self.uids.iter().filter(|u| **u >= uid);
            let in_window: Vec<_> = new.map(|&uid| listed(uid)).collect();
            Ok(ListedFrom {
                messages: in_window.len() as u64,
                in_window,
            })
        }

        fn fetch(
            &mut self,
            _: &[Listed],
            _: Extent,
            _: &mut dyn FnMut(Result<Fetched, Undelivered>) -> bool,
        ) -> Result<(), SourceError> {
            Ok(())
        }

        fn fetch_into(
            &mut self,
            _: &[Listed],
            _: &mut dyn Receiver<u32>,
        ) -> Result<(), SourceError> {
            Ok(())
        }

        fn close(self: Box<Self>) {}
    }

    fn listed(uid: u32) -> Listed {
        Listed {
            uid,
            size: 10,
            internal_date: None,
        }
    }

    fn seen(uidvalidity: u32, exists: u32, uidnext: Option<u32>, modseq: Option<u64>) -> Examined {
        Examined {
            uidvalidity,
            exists,
            uidnext,
            highest_modseq: modseq,
            read_only: true,
        }
    }

    /// There were messages 1, 3 and 5, and then `uids`; `known` are taken over, and the rest is asked for as `questions` tell.
    #[track_caller]
    fn check(
        told: (Option<u32>, Option<u64>),
        now: Examined,
        uids: &[u32],
        known: &[u32],
        questions: &[&str],
    ) {
        let before = Before {
            judged: [1, 3, 5].into(),
            listing: Some(LastListing {
                uidvalidity: 7,
                messages: 3,
                uidnext: told.0,
                modseq: told.1,
                window: Window::default(),
                uids: [1, 3, 5].into(),
                octets: 30,
            }),
            ..Before::default()
        };
        check_after(&before, &Window::default(), now, uids, known, questions);
    }

    #[track_caller]
    fn check_after(
        before: &Before,
        window: &Window,
        now: Examined,
        uids: &[u32],
        known: &[u32],
        questions: &[&str],
    ) {
        let mut line = Asked {
            uids: uids.to_vec(),
            questions: Vec::new(),
        };
        let roll = roll(&mut line, &now, before, window).expect("a roll");
        assert_eq!(line.questions, questions);
        assert_eq!(roll.known.iter().copied().collect::<Vec<_>>(), known);
        let all = roll.known.into_iter();
        let mut all: Vec<_> = all.chain(roll.listed.iter().map(|l| l.uid)).collect();
        all.sort_unstable();
        assert_eq!(all, uids);
        assert_eq!(roll.octets, 10 * known.len() as u64);
    }

    #[test]
    fn an_unchanged_mailbox_is_not_listed() {
        let three = [1, 3, 5];
        let check = |told: (Option<u32>, Option<u64>), questions: &[&str]| {
            let known: &[u32] = if questions == ["all"] { &[] } else { &three };
            check(told, seen(7, 3, told.0, told.1), &three, known, questions);
        };
        check((Some(6), Some(9)), &[]);
        check((Some(6), None), &[]);
        check((None, Some(9)), &[]);
        check((None, None), &["all"]);
    }

    #[test]
    fn what_is_new_is_listed() {
        let told = (Some(6), Some(9));
        let three = [1, 3, 5];
        let from = ["from 6"];
        let more = [1, 3, 5, 6, 9];
        check(told, seen(7, 5, Some(10), Some(12)), &more, &three, &from);
        // Only flags have changed, or the server tells less than before.
        check(told, seen(7, 3, Some(6), Some(10)), &three, &three, &from);
        check(told, seen(7, 3, None, None), &three, &three, &from);
        // Without UIDNEXT nobody knows where the new ones begin.
        check(
            (None, Some(9)),
            seen(7, 5, None, Some(12)),
            &more,
            &[],
            &["all"],
        );
    }

    #[test]
    fn whatever_is_missing_has_everything_listed() {
        let told = (Some(6), Some(9));
        let all = ["all"];
        check(told, seen(7, 2, Some(6), Some(10)), &[1, 5], &[], &all);
        // One came and one went.
        let both = ["from 6", "all"];
        check(told, seen(7, 3, Some(7), Some(10)), &[1, 5, 6], &[], &both);
        // A message came after EXAMINE, or went.
        check(
            told,
            seen(7, 4, Some(7), None),
            &[1, 3, 5, 6, 7],
            &[],
            &both,
        );
        check(told, seen(7, 5, Some(8), None), &[1, 3, 5, 6], &[], &both);
        check(told, seen(8, 3, Some(6), Some(9)), &[1, 3, 5], &[], &all);
    }

    #[test]
    fn a_listing_is_of_no_use_for_other_questions() {
        let now = seen(7, 2, Some(6), None);
        let mut before = Before {
            judged: [1, 2].into(),
            listing: Some(LastListing {
                uidvalidity: 7,
                messages: 2,
                uidnext: Some(6),
                uids: [1, 2].into(),
                octets: 20,
                ..LastListing::default()
            }),
            ..Before::default()
        };
        let window = Window {
            since: "2024-05-01".parse().ok(),
            until: None,
        };
        let any = Window::default();
        check_after(&before, &any, now, &[1, 2], &[1, 2], &[]);
        check_after(&before, &window, now, &[1, 2], &[], &["all"]);
        // What has to be judged again, or was never judged, must be fetched.
        before.judged.remove(&2);
        check_after(&before, &any, now, &[1, 2], &[], &["all"]);
        check_after(&Before::default(), &any, now, &[1, 2], &[], &["all"]);
    }
}
