//! A report directory checked against its manifest: what was changed since it was written.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::{AuditError, again};
use crate::config::table::{Column, Table};
use crate::finding::hexadecimal;
use crate::report::{EvidenceDigest, reviewed_columns};
use crate::store::{Broken, check_trail};

/// The newest form of a manifest that is understood.
const FORMAT: u32 = 1;

/// How a directory compares with its manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verification {
    /// The run whose report it is.
    pub run: String,
    /// Lower-case hexadecimal SHA-256 of the manifest itself, which nothing in the directory vouches for.
    pub manifest_sha256: String,
    /// Files that the manifest lists.
    pub files: usize,
    /// What differs, by file name.
    pub differences: Vec<(String, Difference)>,
    /// What the audit trail says; `None` if no store was named.
    pub trail: Option<Trail>,
}

/// What a store's audit trail says of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trail {
    /// The chain holds, and the manifest is the one that this entry tells of.
    Vouches(i64),
    /// The chain holds, but no entry tells of this manifest.
    Silent,
    /// This entry was changed, or one before it is missing.
    Broken(i64),
}

impl Verification {
    /// Whether everything is as it was written.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.differences.is_empty() && matches!(self.trail, None | Some(Trail::Vouches(_)))
    }
}

/// What is the matter with a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Difference {
    /// It is gone.
    Missing,
    /// It is not what was written.
    Changed,
    /// Only what reviewers fill in, or the order of rows, is not as it was written.
    Reviewed,
    /// It cannot be read.
    Unreadable(String),
    /// The manifest does not know it.
    Added,
}

/// Why a directory cannot be checked at all (exit status 2).
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// No manifest can be read there.
    #[error("cannot read {}: name a directory that sent-audit wrote", path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is none.
    #[error("{} is no manifest of sent-audit: it was changed, or written by something else", path.display())]
    Invalid {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
    /// The store that was named cannot be read.
    #[error(transparent)]
    Store(#[from] AuditError),
    /// It was written by a newer program.
    #[error("{} has format {found}, this program knows {FORMAT}: use the newer program", path.display())]
    Newer {
        /// Which file.
        path: PathBuf,
        /// Its format.
        found: u32,
    },
}

#[derive(Deserialize)]
struct Manifest {
    format: u32,
    run: Run,
    files: Vec<Listed>,
}

#[derive(Deserialize)]
struct Run {
    id: String,
}

#[derive(Deserialize)]
struct Listed {
    name: String,
    size: u64,
    sha256: String,
    #[serde(default)]
    evidence_sha256: Option<String>,
}

/// Compares every file with the manifest, and the manifest with the audit trail of `store`, if one is named.
///
/// # Errors
/// A directory without a manifest that can be read.
pub fn verify(directory: &Path, store: Option<&Path>) -> Result<Verification, VerifyError> {
    let path = directory.join("manifest.json");
    let octets = match fs::read(&path) {
        Ok(octets) => octets,
        Err(source) => return Err(VerifyError::Unreadable { path, source }),
    };
    let manifest: Manifest = match serde_json::from_slice(&octets) {
        Ok(manifest) => manifest,
        Err(source) => return Err(VerifyError::Invalid { path, source }),
    };
    if manifest.format > FORMAT {
        let found = manifest.format;
        return Err(VerifyError::Newer { path, found });
    }
    let mut differences: Vec<_> = manifest
        .files
        .iter()
        .filter_map(|file| Some((file.name.clone(), compare(directory, file)?)))
        .collect();
    let listed: BTreeSet<&str> = manifest.files.iter().map(|f| f.name.as_str()).collect();
    let present = present(directory, "").map_err(|source| VerifyError::Unreadable {
        path: directory.to_owned(),
        source,
    })?;
    let is_added = |name: &String| name != "manifest.json" && !listed.contains(name.as_str());
    let added = present.into_iter().filter(is_added);
    differences.extend(added.map(|name| (name, Difference::Added)));
    differences.sort_by(|(a, _), (b, _)| a.cmp(b));
    let manifest_sha256 = hexadecimal(&Sha256::digest(&octets));
    let trail = store.map(|store| ask_trail(store, &manifest_sha256));
    Ok(Verification {
        run: manifest.run.id,
        trail: trail.transpose()?,
        manifest_sha256,
        files: manifest.files.len(),
        differences,
    })
}

fn ask_trail(store: &Path, manifest_sha256: &str) -> Result<Trail, AuditError> {
    let entries = again::open(store)?.trail()?;
    if let Err(Broken(number)) = check_trail(&entries) {
        return Ok(Trail::Broken(number));
    }
    let vouching = entries
        .iter()
        .find(|entry| matches!(&*entry.what, "run" | "report") && entry.digest == manifest_sha256);
    Ok(vouching.map_or(Trail::Silent, |entry| Trail::Vouches(entry.number)))
}

fn compare(directory: &Path, listed: &Listed) -> Option<Difference> {
    // A manifest may come from anywhere: it names files of its own directory, and nothing else is opened.
    let is_inside = Path::new(&listed.name)
        .components()
        .all(|part| matches!(part, std::path::Component::Normal(_)));
    if !is_inside {
        return Some(Difference::Unreadable(
            "it lies outside the directory".to_owned(),
        ));
    }
    let path = directory.join(&listed.name);
    match digest(&path) {
        Ok((size, sha256)) if size == listed.size && sha256 == listed.sha256 => None,
        Ok(_) if is_reviewed(&path, listed) => Some(Difference::Reviewed),
        Ok(_) => Some(Difference::Changed),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Some(Difference::Missing),
        Err(error) => Some(Difference::Unreadable(error.to_string())),
    }
}

fn digest(path: &Path) -> io::Result<(u64, String)> {
    if !fs::symlink_metadata(path)?.is_file() {
        return Err(io::Error::other("it is no file"));
    }
    let mut file = File::open(path)?;
    let mut hash = Sha256::new();
    let mut size = 0;
    let mut buffer = vec![0; 1 << 16];
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            return Ok((size, hexadecimal(&hash.finalize())));
        }
        size += read as u64;
        hash.update(buffer.get(..read).unwrap_or_default());
    }
}

/// Whether only the columns differ that reviewers fill in, in whatever form a spreadsheet saved the table.
fn is_reviewed(path: &Path, listed: &Listed) -> bool {
    let (Some(columns), Some(expected)) = (reviewed_columns(&listed.name), &listed.evidence_sha256)
    else {
        return false;
    };
    let asked: Vec<Column> = columns
        .iter()
        .map(|&name| Column {
            name,
            synonyms: &[],
            required: true,
        })
        .collect();
    let table = fs::read(path)
        .ok()
        .and_then(|octets| Table::read(&octets, &asked).ok());
    let Some(table) = table else {
        return false;
    };
    let mut digest = EvidenceDigest::default();
    for row in &table.rows {
        digest.add(columns.iter().map(|&column| (column, row.get(column))));
    }
    digest.finish() == *expected
}

/// The files below a directory, by their names in it.
fn present(directory: &Path, above: &str) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let name = format!("{above}{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            names.extend(present(&entry.path(), &format!("{name}/"))?);
        } else {
            names.push(name);
        }
    }
    Ok(names)
}
