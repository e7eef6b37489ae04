//! The messages themselves, saved with the report: one `.eml` per finding, exactly as it was judged.

use std::collections::BTreeMap;
use std::{io, mem};

use super::ReportError;
use super::directory::{Directory, FileRecord, Unnamed};
use super::view::View;
use crate::store::Sighting;

/// The directory inside the report's.
const DIRECTORY: &str = "evidence";

/// A message that is to be saved.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// The finding that it supports.
    pub finding_id: &'a str,
    /// Its size in octets, as judged.
    pub size: u64,
    /// Every place where it was seen.
    pub places: &'a [Sighting],
}

/// Where messages are to be had from.
pub trait Messages {
    /// Lays the messages that can be had into `tray`, one at a time, in any order: where it says that these were not the
    /// ones, another place may have them. What cannot be had is left out.
    ///
    /// # Errors
    /// Those of `tray`, at once.
    fn deliver(&mut self, wanted: &[Wanted<'_>], tray: &mut Tray<'_>) -> Result<(), ReportError>;
}

/// Takes messages in pieces, straight to the disk. One that does not end leaves nothing behind.
pub struct Tray<'d> {
    draft: &'d Directory,
    /// Digests by finding.
    expected: BTreeMap<&'d str, &'d str>,
    /// By finding.
    saved: BTreeMap<String, FileRecord>,
    current: Current,
}

/// The message that came last.
enum Current {
    None,
    /// Not, or not yet, known to be wanted.
    Incoming(Unnamed),
    Saved(FileRecord),
}

impl Tray<'_> {
    /// Whether the finding's message is saved already.
    #[must_use]
    pub fn has(&self, finding_id: &str) -> bool {
        self.saved.contains_key(finding_id)
    }

    /// Begins a message; what came of one before that was not kept is forgotten.
    ///
    /// # Errors
    /// [`ReportError::Write`].
    pub fn begin(&mut self) -> Result<(), ReportError> {
        self.current = Current::Incoming(self.draft.unnamed(DIRECTORY)?);
        Ok(())
    }

    /// Adds to the message that was begun.
    ///
    /// # Errors
    /// [`ReportError::Write`].
    pub fn add(&mut self, octets: &[u8]) -> Result<(), ReportError> {
        match &mut self.current {
            Current::Incoming(file) => file.add(octets),
            Current::None | Current::Saved(_) => Ok(()),
        }
    }

    /// Keeps the message, which is complete, as the finding's; of one message there may be several findings. Whether it was
    /// the one that was judged.
    ///
    /// # Errors
    /// [`ReportError::Write`].
    pub fn keep(&mut self, finding_id: &str) -> Result<bool, ReportError> {
        if self.has(finding_id) {
            return Ok(true);
        }
        let name = format!("{DIRECTORY}/{finding_id}.eml");
        let sha256 = match &mut self.current {
            Current::Incoming(file) => file.sha256()?,
            Current::Saved(first) => first.sha256.clone(),
            Current::None => return Ok(false),
        };
        // Under the same UID or file name something else may lie by now.
        if self.expected.get(finding_id) != Some(&sha256.as_str()) {
            return Ok(false);
        }
        let record = match mem::replace(&mut self.current, Current::None) {
            Current::Incoming(file) => self.draft.name(file, &name)?,
            Current::Saved(first) => self.draft.write(&name, |out| {
                io::copy(&mut self.draft.read(&first.name)?, out).map(|_| None)
            })?,
            Current::None => return Ok(false),
        };
        self.current = Current::Saved(record.clone());
        self.saved.insert(finding_id.to_owned(), record);
        Ok(true)
    }
}

/// Saves the messages of the findings that are shown, and tells how many could not be had. What is withheld is never saved,
/// and what is known to be gone is not asked for.
pub(super) fn save(
    draft: &Directory,
    view: &mut View<'_>,
    messages: &mut dyn Messages,
) -> Result<(Vec<FileRecord>, u64), ReportError> {
    let shown = || {
        view.findings
            .iter()
            .filter(|seen| !seen.withheld && !seen.standing.gone)
    };
    let expected: BTreeMap<&str, &str> = shown()
        .map(|seen| (seen.finding().id.as_str(), seen.finding().sha256.as_str()))
        .collect();
    let wanted: Vec<Wanted<'_>> = shown()
        .map(|seen| Wanted {
            finding_id: &seen.finding().id,
            size: seen.finding().size,
            places: &seen.standing.sightings,
        })
        .collect();
    if !wanted.is_empty() {
        draft.add_directory(DIRECTORY)?;
    }
    let count = expected.len();
    let mut tray = Tray {
        draft,
        expected,
        saved: BTreeMap::new(),
        current: Current::None,
    };
    messages.deliver(&wanted, &mut tray)?;
    let saved = tray.saved;
    let not_saved = (count - saved.len()) as u64;
    for seen in &mut view.findings {
        seen.evidence_file = saved
            .get(&seen.standing.finding.id)
            .map(|record| record.name.clone());
    }
    Ok((saved.into_values().collect(), not_saved))
}
