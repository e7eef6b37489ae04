//! The report directory, whole or not at all: written beside its place, synced, then renamed into it.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, BufWriter, IntoInnerError, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use serde::Serialize;
use sha2::{Digest, Sha256};
use tempfile::{NamedTempFile, TempDir};

use super::ReportError;
use crate::finding::hexadecimal;

/// A directory in the making; dropped before [`Directory::publish`] it leaves nothing behind.
pub(super) struct Directory {
    place: PathBuf,
    draft: TempDir,
}

/// A file of the report, as the manifest lists it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct FileRecord {
    /// Its name in the directory.
    pub(super) name: String,
    /// Records without the header line; absent where there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) rows: Option<u64>,
    /// Octets.
    pub(super) size: u64,
    /// Lower-case hexadecimal.
    pub(super) sha256: String,
    /// Of the tables that reviewers fill in: [`super::EvidenceDigest`] of the rest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) evidence_sha256: Option<String>,
}

/// Checks that a report can be written to `place`, making the directories above it.
pub(super) fn check(place: &Path) -> Result<(), ReportError> {
    match fs::read_dir(place) {
        Ok(mut entries) => {
            if entries.next().is_some() {
                return Err(ReportError::NotEmpty(place.to_owned()));
            }
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(source) => return Err(failed(place, source)),
    }
    Directory::draft(place).map(drop)
}

impl Directory {
    /// Begins a directory that will stand at `place`.
    pub(super) fn draft(place: &Path) -> Result<Self, ReportError> {
        let parent = parent(place);
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(parent)
            .map_err(|source| failed(parent, source))?;
        let draft = tempfile::Builder::new()
            .prefix(".sent-audit-")
            .suffix(".partial")
            .permissions(Permissions::from_mode(0o700))
            // On the same file system, or it could not be renamed.
            .tempdir_in(parent)
            .map_err(|source| failed(place, source))?;
        Ok(Self {
            place: place.to_owned(),
            draft,
        })
    }

    /// Makes a directory inside.
    pub(super) fn add_directory(&self, name: &str) -> Result<(), ReportError> {
        DirBuilder::new()
            .mode(0o700)
            .create(self.draft.path().join(name))
            .map_err(|source| failed(&self.place.join(name), source))
    }

    /// Writes one file through `fill`, which returns the number of its rows.
    pub(super) fn write(
        &self,
        name: &str,
        fill: impl FnOnce(&mut dyn Write) -> io::Result<Option<u64>>,
    ) -> Result<FileRecord, ReportError> {
        self.write_file(name, fill)
            .map_err(|source| failed(&self.place.join(name), source))
    }

    fn write_file(
        &self,
        name: &str,
        fill: impl FnOnce(&mut dyn Write) -> io::Result<Option<u64>>,
    ) -> io::Result<FileRecord> {
        let opened = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(self.draft.path().join(name))?;
        let mut out = BufWriter::new(Hashing::new(opened));
        let rows = fill(&mut out)?;
        let hashing = out.into_inner().map_err(IntoInnerError::into_error)?;
        hashing.inner.sync_all()?;
        Ok(record(name, rows, hashing.hash, hashing.size))
    }

    /// Begins a file inside the directory `beside` whose name is not known yet.
    pub(super) fn unnamed(&self, beside: &str) -> Result<Unnamed, ReportError> {
        let file = tempfile::Builder::new()
            .prefix(".unnamed-")
            .permissions(Permissions::from_mode(0o600))
            .tempfile_in(self.draft.path().join(beside))
            .map_err(|source| failed(&self.place.join(beside), source))?;
        Ok(Unnamed {
            out: BufWriter::new(Hashing::new(file)),
            place: self.place.join(beside),
        })
    }

    /// Gives a file that is complete its name.
    pub(super) fn name(&self, file: Unnamed, name: &str) -> Result<FileRecord, ReportError> {
        self.name_file(file, name)
            .map_err(|source| failed(&self.place.join(name), source))
    }

    fn name_file(&self, file: Unnamed, name: &str) -> io::Result<FileRecord> {
        let hashing = file.out.into_inner().map_err(IntoInnerError::into_error)?;
        hashing.inner.as_file().sync_all()?;
        let Hashing { inner, hash, size } = hashing;
        inner.persist_noclobber(self.draft.path().join(name))?;
        Ok(record(name, None, hash, size))
    }

    /// A file of the directory in the making, for reading.
    pub(super) fn read(&self, name: &str) -> io::Result<File> {
        File::open(self.draft.path().join(name))
    }

    /// Puts the directory in its place.
    pub(super) fn publish(self) -> Result<(), ReportError> {
        self.rename().map_err(|source| match source.kind() {
            io::ErrorKind::DirectoryNotEmpty | io::ErrorKind::AlreadyExists => {
                ReportError::NotEmpty(self.place.clone())
            }
            _ => failed(&self.place, source),
        })?;
        // It has moved: there is nothing left to remove, and nothing else of that name may be removed.
        let _ = self.draft.keep();
        Ok(())
    }

    fn rename(&self) -> io::Result<()> {
        File::open(self.draft.path())?.sync_all()?;
        // Renaming replaces an empty directory, and refuses one that is not.
        fs::rename(self.draft.path(), &self.place)?;
        File::open(parent(&self.place))?.sync_all()
    }
}

fn parent(place: &Path) -> &Path {
    place
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}

fn failed(path: &Path, source: io::Error) -> ReportError {
    ReportError::Write {
        path: path.to_owned(),
        source,
    }
}

/// A file that has no name yet: what comes of it shows only at its end. Dropped, it leaves nothing behind.
pub(super) struct Unnamed {
    out: BufWriter<Hashing<NamedTempFile>>,
    /// Where it will stand, for errors.
    place: PathBuf,
}

impl Unnamed {
    /// Writes on.
    pub(super) fn add(&mut self, octets: &[u8]) -> Result<(), ReportError> {
        self.out
            .write_all(octets)
            .map_err(|source| failed(&self.place, source))
    }

    /// The digest of what was written so far, lower-case hexadecimal.
    pub(super) fn sha256(&mut self) -> Result<String, ReportError> {
        self.out
            .flush()
            .map_err(|source| failed(&self.place, source))?;
        Ok(hexadecimal(&self.out.get_ref().hash.clone().finalize()))
    }
}

/// Writes, and hashes what it writes.
struct Hashing<W> {
    inner: W,
    hash: Sha256,
    size: u64,
}

impl<W> Hashing<W> {
    fn new(inner: W) -> Self {
        Self {
            inner,
            hash: Sha256::new(),
            size: 0,
        }
    }
}

fn record(name: &str, rows: Option<u64>, hash: Sha256, size: u64) -> FileRecord {
    FileRecord {
        name: name.to_owned(),
        rows,
        size,
        sha256: hexadecimal(&hash.finalize()),
        evidence_sha256: None,
    }
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(octets)?;
        self.hash.update(octets.get(..written).unwrap_or(octets));
        self.size += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(directory: &Path) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(directory)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn is_there_whole_or_not_at_all() {
        let above = tempfile::tempdir().unwrap();
        let place = above.path().join("reports/one");
        check(&place).unwrap();
        assert_eq!(names(&above.path().join("reports")), Vec::<String>::new());
        let draft = Directory::draft(&place).unwrap();
        let record = draft
            .write("a.csv", |out| out.write_all(b"abc").map(|()| Some(1)))
            .unwrap();
        assert_eq!(record.size, 3);
        assert_eq!(
            record.sha256,
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        let error = draft
            .write("b.csv", |_| Err(io::Error::other("disk full")))
            .unwrap_err();
        assert!(matches!(error, ReportError::Write { path, .. } if path == place.join("b.csv")));
        assert!(!place.exists());
        drop(draft);
        assert_eq!(names(&above.path().join("reports")), Vec::<String>::new());
    }

    #[test]
    fn only_its_owner_may_read_it() {
        let above = tempfile::tempdir().unwrap();
        let place = above.path().join("one");
        // An empty directory may be there already.
        fs::create_dir(&place).unwrap();
        let draft = Directory::draft(&place).unwrap();
        draft.write("a.csv", |_| Ok(None)).unwrap();
        draft.publish().unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&place), mode(&place.join("a.csv"))), (0o700, 0o600));
        assert_eq!(names(above.path()), ["one"]);
    }

    #[test]
    fn nothing_is_overwritten() {
        let above = tempfile::tempdir().unwrap();
        let place = above.path().join("one");
        fs::create_dir(&place).unwrap();
        fs::write(place.join("old.csv"), "old").unwrap();
        assert!(matches!(check(&place), Err(ReportError::NotEmpty(_))));
        let draft = Directory::draft(&place).unwrap();
        assert!(matches!(draft.publish(), Err(ReportError::NotEmpty(_))));
        assert_eq!(names(above.path()), ["one"]);
        assert_eq!(names(&place), ["old.csv"]);
        assert!(matches!(
            check(&place.join("old.csv")),
            Err(ReportError::Write { .. })
        ));
    }
}
