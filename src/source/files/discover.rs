//! The walk through directories that finds mailboxes.

use std::collections::{BTreeSet, HashSet};
use std::path::{Path, PathBuf};

use super::sniff::{self, Kind};
use super::{FileMailbox, Format};
use crate::finding::Stage;
use crate::source::SourceError;

pub(super) fn discover(paths: &[impl AsRef<Path>]) -> Result<Vec<FileMailbox>, SourceError> {
    let mut walk = Walk::default();
    for path in paths {
        walk.named(path.as_ref())?;
    }
    if !walk.left_out.is_empty() {
        let example = walk.left_out.first().map(|p| p.display().to_string());
        tracing::warn!(
            files = walk.left_out.len(),
            example,
            "files that are no mail were left out"
        );
    }
    // A message that is named, and lies in a directory that is named too, is read once.
    let found = walk.found.iter().filter(|m| {
        m.format != Format::Eml
            || !m.path.parent().is_some_and(|parent| {
                m.path.is_file()
                    && walk.found.contains(&FileMailbox {
                        path: parent.to_owned(),
                        format: Format::Eml,
                    })
            })
    });
    let found: Vec<_> = found.cloned().collect();
    if found.is_empty() {
        return Err(no_mail(
            "there is no mail in the paths that were named".into(),
            "name Maildirs, mbox files, .eml files, or directories that hold some",
        ));
    }
    Ok(found)
}

#[derive(Default)]
struct Walk {
    found: BTreeSet<FileMailbox>,
    /// Canonical paths of what was entered: a symbolic link may lead back to where we come from.
    entered: HashSet<PathBuf>,
    left_out: Vec<PathBuf>,
}

impl Walk {
    /// A path that somebody typed: what it is not is an error.
    fn named(&mut self, path: &Path) -> Result<(), SourceError> {
        let metadata = std::fs::metadata(path).map_err(|error| {
            no_mail(
                format!("cannot read {}: {error}", path.display()),
                "check the path's spelling and permissions",
            )
        })?;
        if metadata.is_dir() {
            self.directory(path.to_owned());
            return Ok(());
        }
        let kind = sniff::kind(path).map_err(|error| {
            no_mail(
                format!("cannot read {}: {error}", path.display()),
                "check the file's permissions",
            )
        })?;
        match kind {
            // An empty mbox is how many programs keep an empty mailbox.
            Kind::Mbox | Kind::Empty => self.add(path.to_owned(), Format::Mbox),
            Kind::Message => self.add(path.to_owned(), Format::Eml),
            Kind::Outlook => {
                return Err(no_mail(
                    format!(
                        "{} is in Outlook's own format, which is not read",
                        path.display()
                    ),
                    "save the messages as .eml, or convert them (`msgconvert` for .msg, `readpst -e` for .pst)",
                ));
            }
            Kind::Other => {
                return Err(no_mail(
                    format!("{} is neither a message nor an mbox", path.display()),
                    "name Maildirs, mbox files, .eml files, or directories that hold some",
                ));
            }
        }
        Ok(())
    }

    fn directory(&mut self, top: PathBuf) {
        // A list of what is still to be seen, not recursion: a tree may be deeper than the stack.
        let mut pending = vec![top];
        while let Some(directory) = pending.pop() {
            // An unreadable one cannot be resolved either; it is entered to be reported.
            let canonical = directory
                .canonicalize()
                .unwrap_or_else(|_| directory.clone());
            if !self.entered.insert(canonical) {
                continue;
            }
            let Ok(entries) = std::fs::read_dir(&directory) else {
                self.add(directory, Format::Eml);
                continue;
            };
            let is_maildir = is_maildir(&directory);
            if is_maildir {
                self.add(directory.clone(), Format::Maildir);
            }
            for entry in entries {
                let Ok(entry) = entry else {
                    self.add(directory.clone(), Format::Eml);
                    break;
                };
                let path = entry.path();
                let name = entry.file_name();
                if path.is_dir() {
                    let own = is_maildir && (name == "cur" || name == "new" || name == "tmp");
                    if !own {
                        pending.push(path);
                    }
                } else if is_maildir {
                    tracing::debug!(file = %path.display(), "a file beside a Maildir's directories is not read");
                } else {
                    self.file(&directory, path);
                }
            }
        }
    }

    /// A file met on the walk.
    fn file(&mut self, directory: &Path, path: PathBuf) {
        // Pipes and devices would block or never end.
        if std::fs::metadata(&path).is_ok_and(|m| !m.is_file()) {
            self.left_out.push(path);
            return;
        }
        match sniff::kind(&path) {
            Ok(Kind::Mbox) => self.add(path, Format::Mbox),
            // What cannot be opened may be mail: reading the directory reports it.
            Ok(Kind::Message) | Err(_) => self.add(directory.to_owned(), Format::Eml),
            Ok(Kind::Empty | Kind::Outlook | Kind::Other) => self.left_out.push(path),
        }
    }

    fn add(&mut self, path: PathBuf, format: Format) {
        self.found.insert(FileMailbox { path, format });
    }
}

/// `tmp` and `new` may be missing in a copy: tools that copy files drop empty directories.
fn is_maildir(directory: &Path) -> bool {
    let has = |name: &str| directory.join(name).is_dir();
    (has("cur") && (has("new") || has("tmp"))) || (has("new") && has("tmp"))
}

fn no_mail(detail: String, what_to_do: &str) -> SourceError {
    SourceError {
        stage: Stage::List,
        code: "no-mail",
        detail,
        retryable: false,
        what_to_do: what_to_do.into(),
    }
}
