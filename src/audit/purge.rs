//! Forgetting a custodian when the retention period is over.

use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::AuditError;
use crate::config::Settings;
use crate::finding::hexadecimal;
use crate::store::Store;

/// What was forgotten, and what still remembers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Purged {
    /// Findings that were deleted.
    pub findings: u64,
    /// Report directories that still name the custodian, below the configured one.
    pub reports: Vec<PathBuf>,
    /// The last hash of the audit trail, which says that somebody was forgotten, but not who.
    pub trail_head: String,
}

/// Deletes everything that the store holds of a custodian, and leaves a record of it in the audit trail.
///
/// # Errors
/// A custodian whom the roster still names (the next run would bring everything back) or whom nobody knows; a store that
/// a run holds.
pub fn purge(
    settings: Option<&Settings>,
    store: &Path,
    custodian: &str,
) -> Result<Purged, AuditError> {
    let is_it = |id: &String| id.eq_ignore_ascii_case(custodian);
    if settings.is_some_and(|s| s.custodians.iter().any(|c| is_it(&c.id))) {
        return Err(AuditError::Usage(format!(
            "the roster names {custodian}: take the line out first, or the next run brings everything back"
        )));
    }
    let unknown = || {
        AuditError::Usage(format!(
            "the store {} knows nothing of {custodian}: write the custodian as coverage.csv does",
            store.display()
        ))
    };
    if !store.exists() {
        return Err(unknown());
    }
    let mut opened = Store::open(store)?;
    let id = opened.custodians()?.into_iter().find(is_it);
    let id = id.ok_or_else(unknown)?;
    let findings = opened.purge(&id)?.unwrap_or(0);
    let digest = hexadecimal(&Sha256::digest(&id));
    let trail_head = opened.note("purge", "", &digest)?;
    let reports = settings.map_or(Path::new("reports"), |s| s.report_directory.as_path());
    Ok(Purged {
        findings,
        reports: naming(reports, &id),
        trail_head,
    })
}

/// The report directories of which a table names the custodian.
fn naming(reports: &Path, custodian: &str) -> Vec<PathBuf> {
    let mut naming: Vec<PathBuf> = entries(reports)
        .into_iter()
        .filter(|directory| directory.join("manifest.json").exists())
        .filter(|directory| {
            entries(directory).iter().any(|file| {
                let octets = fs::read(file).unwrap_or_default();
                let text = String::from_utf8_lossy(&octets).to_lowercase();
                text.contains(&custodian.to_lowercase())
            })
        })
        .collect();
    naming.sort();
    naming
}

/// What cannot be listed has nothing.
fn entries(directory: &Path) -> Vec<PathBuf> {
    let read = fs::read_dir(directory).into_iter().flatten();
    read.flatten().map(|entry| entry.path()).collect()
}
