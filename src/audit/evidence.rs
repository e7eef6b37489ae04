//! Messages fetched once more, to be saved with the report: from the places where they were seen.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::Conduct;
use super::line::{Imap, Line, Opener};
use crate::config::Settings;
use crate::mailbox::{Locator, MailboxId};
use crate::report::{Messages, ReportError, Take, Wanted};
use crate::source::SourceError;
use crate::source::files;
use crate::source::imap::{Extent, Listed};

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
    fn deliver(&mut self, wanted: &[Wanted<'_>], take: &mut Take<'_>) -> Result<(), ReportError> {
        let mut had = BTreeSet::new();
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
                places.retain(|_, wanted| wanted.iter().any(|w| !had.contains(w.finding_id)));
            }
            mailboxes.retain(|_, places| !places.is_empty());
            let mut take = |id: &str, octets: &[u8]| {
                let is_it = take(id, octets)?;
                if is_it {
                    had.insert(id.to_owned());
                }
                Ok(is_it)
            };
            if login.is_empty() {
                for (mailbox, places) in &mailboxes {
                    read_files(&mailbox.mailbox, places, &mut take)?;
                }
            } else if !mailboxes.is_empty() {
                let mut ask = || self.ask_server(custodian, login, &mailboxes, &mut take);
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

impl Originals<'_> {
    fn ask_server(
        &self,
        custodian: &str,
        login: &str,
        mailboxes: &BTreeMap<&MailboxId, ByPlace<'_>>,
        take: &mut Take<'_>,
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
                fetch(line.as_mut(), seen.uidvalidity, places, take)?;
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
    take: &mut Take<'_>,
) -> Result<(), Failed> {
    let mut by_uid: BTreeMap<u32, &Vec<Wanted<'_>>> = BTreeMap::new();
    for (locator, wanted) in places {
        match locator {
            Locator::Uid { uidvalidity, uid } if *uidvalidity == now => {
                by_uid.insert(*uid, wanted);
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
    let mut failed = None;
    line.fetch(&listed, Extent::Whole, &mut |delivery| {
        let Ok(fetched) = delivery else {
            return true;
        };
        let wanted = by_uid.get(&fetched.listed.uid);
        match hand_over(wanted.copied(), &fetched.octets, take) {
            Ok(()) => true,
            Err(error) => {
                failed = Some(error);
                false
            }
        }
    })?;
    failed.map_or(Ok(()), |error| Err(Failed::Report(error)))
}

fn hand_over(
    wanted: Option<&Vec<Wanted<'_>>>,
    octets: &[u8],
    take: &mut Take<'_>,
) -> Result<(), ReportError> {
    for wanted in wanted.into_iter().flatten() {
        take(wanted.finding_id, octets)?;
    }
    Ok(())
}

/// Reads through the file or directory until everything that is wanted of it has come.
fn read_files(path: &str, places: &ByPlace<'_>, take: &mut Take<'_>) -> Result<(), ReportError> {
    let found = match files::discover(&[Path::new(path)]) {
        Ok(found) => found,
        Err(error) => {
            tracing::warn!(code = error.code, "messages could not be saved: {error}");
            return Ok(());
        }
    };
    for mailbox in found.iter().filter(|m| m.path == Path::new(path)) {
        let mut missing = places.len();
        for raw in files::read(mailbox).flatten() {
            if let Some(wanted) = places.get(&raw.locator) {
                hand_over(Some(wanted), &raw.octets, take)?;
                missing -= 1;
                if missing == 0 {
                    break;
                }
            }
        }
    }
    Ok(())
}
