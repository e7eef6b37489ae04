//! Messages fetched once more, to be saved with the report: from the places where they were seen.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::Conduct;
use super::line::{Imap, Line, Opener};
use crate::config::Settings;
use crate::mailbox::{Locator, MailboxId};
use crate::report::{Messages, ReportError, Tray, Wanted};
use crate::source::files;
use crate::source::imap::Listed;
use crate::source::{Receiver, SourceError};

/// What is wanted of one mailbox: by place, the findings.
type ByPlace<'w> = BTreeMap<&'w Locator, Vec<Wanted<'w>>>;

/// The mailboxes and files that were judged.
pub(super) struct Originals<'a> {
    settings: Option<&'a Settings>,
    opener: &'a dyn Opener,
    stop: Arc<AtomicBool>,
}

impl<'a> Originals<'a> {
    pub(super) fn of(settings: Option<&'a Settings>, conduct: &Conduct) -> Self {
        Self {
            settings,
            opener: &Imap,
            stop: Arc::clone(&conduct.stop),
        }
    }
}

impl Messages for Originals<'_> {
    fn deliver(&mut self, wanted: &[Wanted<'_>], tray: &mut Tray<'_>) -> Result<(), ReportError> {
        let mut accounts: BTreeMap<(&str, &str), BTreeMap<&MailboxId, ByPlace<'_>>> =
            BTreeMap::new();
        for wanted in wanted {
            for place in wanted.places {
                let id = &place.mailbox;
                // Files are an account each.
                let account = if id.account.is_empty() {
                    (id.mailbox.as_str(), "")
                } else {
                    (id.custodian.as_str(), id.account.as_str())
                };
                let mailboxes = accounts.entry(account).or_default();
                let places = mailboxes.entry(id).or_default();
                places.entry(&place.locator).or_default().push(*wanted);
            }
        }
        for ((custodian, login), mut mailboxes) in accounts {
            if self.stop.load(Ordering::Relaxed) {
                return Ok(());
            }
            for places in mailboxes.values_mut() {
                places.retain(|_, wanted| wanted.iter().any(|w| !tray.has(w.finding_id)));
            }
            mailboxes.retain(|_, places| !places.is_empty());
            if login.is_empty() {
                for (mailbox, places) in &mailboxes {
                    read_files(&mailbox.mailbox, places, tray)?;
                }
            } else if !mailboxes.is_empty() {
                let mut ask = || self.ask_server(custodian, login, &mailboxes, tray);
                let answered = match ask() {
                    // One broken line is no reason to do without.
                    Err(Failed::Source(error)) if error.retryable => ask(),
                    answered => answered,
                };
                match answered {
                    Ok(()) => {}
                    Err(Failed::Source(error)) => tracing::warn!(
                        account = login,
                        code = error.code,
                        "messages could not be saved: {error}"
                    ),
                    Err(Failed::Report(error)) => return Err(error),
                }
            }
        }
        Ok(())
    }
}

/// Why an account's messages could not be saved: the account's fault, or that of the disk.
enum Failed {
    Source(SourceError),
    Report(ReportError),
}

impl From<SourceError> for Failed {
    fn from(error: SourceError) -> Self {
        Self::Source(error)
    }
}

impl From<ReportError> for Failed {
    fn from(error: ReportError) -> Self {
        Self::Report(error)
    }
}

impl Originals<'_> {
    fn ask_server(
        &self,
        custodian: &str,
        login: &str,
        mailboxes: &BTreeMap<&MailboxId, ByPlace<'_>>,
        tray: &mut Tray<'_>,
    ) -> Result<(), Failed> {
        let Some(settings) = self.settings else {
            return Ok(());
        };
        let account = settings
            .accounts
            .iter()
            .find(|a| a.login == login && a.custodian == custodian);
        let server = account.and_then(|a| settings.servers.iter().find(|s| s.name == a.server));
        let Some(server) = server else {
            tracing::warn!(
                account = login,
                "no longer on the roster: its messages are not saved"
            );
            return Ok(());
        };
        let mut line = self.opener.open(server, login)?;
        for sent in line.sent_mailboxes(&settings.mailboxes)? {
            let places = mailboxes
                .iter()
                .find(|(id, _)| id.mailbox == sent.name)
                .map(|(_, places)| places);
            let Some(places) = places else {
                continue;
            };
            let seen = line.examine(&sent)?;
            if seen.read_only {
                fetch(line.as_mut(), seen.uidvalidity, places, tray)?;
            }
        }
        line.close();
        Ok(())
    }
}

fn fetch(
    line: &mut dyn Line,
    now: u32,
    places: &ByPlace<'_>,
    tray: &mut Tray<'_>,
) -> Result<(), Failed> {
    let mut by_uid = BTreeMap::new();
    for (locator, wanted) in places {
        match locator {
            // On a second line the first one's messages are not asked for again.
            Locator::Uid { uidvalidity, uid }
                if *uidvalidity == now && wanted.iter().any(|w| !tray.has(w.finding_id)) =>
            {
                by_uid.insert(*uid, wanted.as_slice());
            }
            Locator::Uid { .. } | Locator::File(_) | Locator::Ordinal(_) => {}
        }
    }
    let listed: Vec<Listed> = by_uid
        .iter()
        .map(|(&uid, wanted)| Listed {
            uid,
            size: wanted
                .first()
                .and_then(|w| u32::try_from(w.size).ok())
                .unwrap_or(u32::MAX),
            internal_date: None,
        })
        .collect();
    let mut saving = Saving::new(by_uid, tray, false);
    let fetched = line.fetch_into(&listed, &mut saving);
    saving.ended()?;
    Ok(fetched?)
}

/// Reads through the file or directory until everything that is wanted of it has come.
fn read_files(path: &str, places: &ByPlace<'_>, tray: &mut Tray<'_>) -> Result<(), ReportError> {
    let found = match files::discover(&[Path::new(path)]) {
        Ok(found) => found,
        Err(error) => {
            tracing::warn!(code = error.code, "messages could not be saved: {error}");
            return Ok(());
        }
    };
    for mailbox in found.iter().filter(|m| m.path == Path::new(path)) {
        let by_place = places.iter().map(|(place, w)| ((*place).clone(), &**w));
        let mut saving = Saving::new(by_place.collect(), tray, true);
        files::hand_on(mailbox, &|place| places.contains_key(place), &mut saving);
        saving.ended()?;
    }
    Ok(())
}

/// Puts the messages of one mailbox into the tray.
struct Saving<'s, 'w, 'd, P> {
    wanted: BTreeMap<P, &'s [Wanted<'w>]>,
    tray: &'s mut Tray<'d>,
    /// Whether to break off when nothing more is wanted: of a file much may follow, of a line only what was asked for, and
    /// one that was broken off is of no use for the next mailbox.
    may_break: bool,
    failed: Option<ReportError>,
}

impl<'s, 'w, 'd, P: Ord> Saving<'s, 'w, 'd, P> {
    fn new(wanted: BTreeMap<P, &'s [Wanted<'w>]>, tray: &'s mut Tray<'d>, may_break: bool) -> Self {
        Self {
            wanted,
            tray,
            may_break,
            failed: None,
        }
    }

    /// Goes on as long as the disk does, and something is wanted.
    fn go_on(&mut self, done: Result<(), ReportError>) -> ControlFlow<()> {
        if let Err(error) = done {
            self.failed.get_or_insert(error);
        }
        if self.failed.is_some() || self.may_break && self.wanted.is_empty() {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }

    fn keep(&mut self, place: &P) -> Result<(), ReportError> {
        for wanted in self.wanted.remove(place).into_iter().flatten() {
            self.tray.keep(wanted.finding_id)?;
        }
        Ok(())
    }

    fn ended(self) -> Result<(), ReportError> {
        self.failed.map_or(Ok(()), Err)
    }
}

impl<P: Ord> Receiver<P> for Saving<'_, '_, '_, P> {
    fn begin(&mut self) {
        let begun = self.tray.begin();
        // What failed shows at the next piece.
        let _ = self.go_on(begun);
    }

    fn piece(&mut self, octets: &[u8]) -> ControlFlow<()> {
        if self.failed.is_some() {
            return ControlFlow::Break(());
        }
        let added = self.tray.add(octets);
        self.go_on(added)
    }

    fn end(&mut self, place: &P) -> ControlFlow<()> {
        let kept = self.keep(place);
        self.go_on(kept)
    }
}
