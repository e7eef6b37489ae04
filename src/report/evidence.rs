//! The messages themselves, saved with the report: one `.eml` per finding, exactly as it was judged.

use std::collections::BTreeMap;
use std::io;

use sha2::{Digest, Sha256};

use super::ReportError;
use super::directory::{Directory, FileRecord};
use super::view::View;
use crate::finding::hexadecimal;
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

/// Takes a finding's id and octets; says whether these were the ones. Fails if they cannot be saved.
pub type Take<'a> = dyn FnMut(&str, &[u8]) -> Result<bool, ReportError> + 'a;

/// Where messages are to be had from.
pub trait Messages {
    /// Hands over the messages that can be had, one at a time, in any order: where `take` says that
    /// these were not the ones, another place may have them. What cannot be had is left out.
    ///
    /// # Errors
    /// Those of `take`, at once.
    fn deliver(&mut self, wanted: &[Wanted<'_>], take: &mut Take<'_>) -> Result<(), ReportError>;
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
    let mut saved: BTreeMap<String, FileRecord> = BTreeMap::new();
    if !wanted.is_empty() {
        draft.add_directory(DIRECTORY)?;
    }
    messages.deliver(&wanted, &mut |id, octets| {
        if saved.contains_key(id) {
            return Ok(true);
        }
        // Under the same UID or file name something else may lie by now.
        if expected.get(id) != Some(&hexadecimal(&Sha256::digest(octets)).as_str()) {
            return Ok(false);
        }
        let record = draft.write(&format!("{DIRECTORY}/{id}.eml"), |out| {
            out.write_all(octets)?;
            io::Result::Ok(None)
        })?;
        saved.insert(id.to_owned(), record);
        Ok(true)
    })?;
    let not_saved = (expected.len() - saved.len()) as u64;
    for seen in &mut view.findings {
        seen.evidence_file = saved
            .get(&seen.standing.finding.id)
            .map(|record| record.name.clone());
    }
    Ok((saved.into_values().collect(), not_saved))
}
