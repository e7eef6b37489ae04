//! Mail on disk: Maildir, mbox (mboxrd and mboxo) and `.eml` files, found recursively and read one message at a time.

mod discover;
mod mbox;
mod single;
mod sniff;

use std::path::{Path, PathBuf};

use super::intake::Keep;
use super::{Receiver, SourceError};
use crate::finding::Stage;
use crate::mailbox::{Locator, RawMessage};

/// A message longer than this is not read: nothing that people write is, and what is read of it has to fit into memory.
const LONGEST_MESSAGE: u64 = 256 << 20;

/// What kind of store a path is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Format {
    /// A directory with `cur` and `new`.
    Maildir,
    /// One file with `From ` lines.
    Mbox,
    /// A directory's message files, or one such file.
    Eml,
}

/// One mailbox on disk: what gets one row in `coverage.csv`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct FileMailbox {
    /// The Maildir, the mbox file, the directory of message files, or the single message file.
    pub path: PathBuf,
    /// What it is.
    pub format: Format,
}

impl FileMailbox {
    /// Octets on disk, for progress; what cannot be asked counts as nothing.
    #[must_use]
    pub fn size(&self) -> u64 {
        match self.format {
            Format::Mbox => std::fs::metadata(&self.path).map_or(0, |m| m.len()),
            Format::Maildir | Format::Eml => single::size(self),
        }
    }
}

/// A message of a [`FileMailbox`], or why it could not be read, with its place if it has one.
pub type ReadResult = Result<RawMessage, (Option<Locator>, SourceError)>;

/// Finds every mailbox below the paths, sorted; symbolic links to directories are not followed twice.
///
/// Below a directory a file counts as mail if it is named `.eml` or begins like mail; the others are left out, with a
/// line in the log. A directory that cannot be listed is returned too: reading it yields the reason.
///
/// # Errors
/// A path that does not exist or is no mail (an Outlook file, say), or when there is no mail at all.
pub fn discover(paths: &[impl AsRef<Path>]) -> Result<Vec<FileMailbox>, SourceError> {
    discover::discover(paths)
}

/// Reads the messages in a stable order (by file name or position). One message that cannot be read is one `Err`, with its
/// locator; the rest goes on.
///
/// Single message files are named as they are; octets come as they are stored, without an mbox's `From ` lines and escapes;
/// of a long message ([`LONG`](crate::mailbox::LONG)) only those that are read.
#[must_use]
pub fn read(mailbox: &FileMailbox) -> Box<dyn Iterator<Item = ReadResult> + Send> {
    read_keeping(mailbox, Keep::Read)
}

/// As [`read`], but with all octets of long messages.
#[must_use]
pub fn read_whole(mailbox: &FileMailbox) -> Box<dyn Iterator<Item = ReadResult> + Send> {
    read_keeping(mailbox, Keep::Whole)
}

fn read_keeping(mailbox: &FileMailbox, keep: Keep) -> Box<dyn Iterator<Item = ReadResult> + Send> {
    match mailbox.format {
        Format::Mbox => match mbox::Reader::open(&mailbox.path, keep) {
            Ok(messages) => Box::new(messages),
            Err(error) => Box::new(std::iter::once(Err((None, error)))),
        },
        Format::Maildir | Format::Eml => single::read(mailbox, keep),
    }
}

/// Hands the messages that are `wanted` on in pieces, as far as they can be read; `receiver` may end it.
pub fn hand_on(
    mailbox: &FileMailbox,
    wanted: &dyn Fn(&Locator) -> bool,
    receiver: &mut dyn Receiver<Locator>,
) {
    // Break ends the reading, and nothing else is left to do.
    let _ = match mailbox.format {
        Format::Mbox => mbox::hand_on(&mailbox.path, wanted, receiver),
        Format::Maildir | Format::Eml => single::hand_on(mailbox, wanted, receiver),
    };
}

fn cannot_read(path: &Path, source: &std::io::Error) -> SourceError {
    SourceError {
        stage: Stage::Fetch,
        code: "unreadable-file",
        detail: format!("cannot read {}: {source}", path.display()),
        retryable: false,
        what_to_do: "check the file's permissions and the disk, then scan it again".into(),
    }
}

fn too_large(path: &Path) -> SourceError {
    SourceError {
        stage: Stage::Fetch,
        code: "message-too-large",
        detail: format!(
            "a message of {} is longer than {LONGEST_MESSAGE} octets",
            path.display()
        ),
        retryable: false,
        what_to_do: "read this message by hand".into(),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const MESSAGE: &str = "From: ana@acme.example\nTo: luis@client.example\nSubject: x\n\ny\n";

    fn write(root: &Path, name: &str, content: &str) {
        let path = root.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    /// What is found below a directory with these files, and in it, as `format path: locators`.
    fn found(root: &Path, paths: &[PathBuf]) -> Vec<String> {
        discover(paths)
            .unwrap()
            .iter()
            .map(|mailbox| {
                let locators: Vec<_> = read(mailbox)
                    .map(|m| match m {
                        Ok(raw) => raw.locator.to_string(),
                        Err((_, error)) => error.code.to_owned(),
                    })
                    .collect();
                let path = mailbox.path.strip_prefix(root).unwrap().display();
                format!("{:?} {path}: {}", mailbox.format, locators.join(" "))
            })
            .collect()
    }

    #[track_caller]
    fn check(files: &[(&str, &str)], expected: &[&str]) {
        let root = tempfile::tempdir().unwrap();
        for (name, content) in files {
            write(root.path(), name, content);
        }
        assert_eq!(found(root.path(), &[root.path().to_owned()]), expected);
    }

    #[test]
    fn maildirs_hide_their_subfolders_in_two_ways() {
        check(
            &[
                ("m/cur/1717400000.b:2,S", MESSAGE),
                ("m/new/1717400001.a", MESSAGE),
                ("m/new/.hidden", MESSAGE),
                ("m/tmp/1717400002.c", MESSAGE),
                ("m/.Sent/cur/2", MESSAGE),
                ("m/.Sent/new/3", MESSAGE),
                ("m/Archive/2024/cur/4", MESSAGE),
                ("m/Archive/2024/tmp/5", MESSAGE),
                ("m/dovecot-uidlist", "3 V1 N2\n"),
            ],
            &[
                "Maildir m: cur/1717400000.b:2,S new/1717400001.a",
                "Maildir m/.Sent: cur/2 new/3",
                "Maildir m/Archive/2024: cur/4",
            ],
        );
    }

    #[test]
    fn a_directory_of_messages_is_one_mailbox() {
        let mbox = format!("From a@b.example Mon Jun  3 10:00:00 2024\n{MESSAGE}");
        check(
            &[
                ("x/b.eml", MESSAGE),
                ("x/a.eml", "no message at all"),
                ("x/17.", MESSAGE),
                ("x/18", MESSAGE),
                ("x/notes.txt", "Subject: not mail\n"),
                ("x/letter.txt", MESSAGE),
                ("x/page.html", "<html>\n"),
                ("x/empty", ""),
                ("x/old", &mbox),
                ("x/deep/er/c.EML", MESSAGE),
            ],
            &[
                "Eml x: 17. 18 a.eml b.eml letter.txt",
                "Eml x/deep/er: c.EML",
                "Mbox x/old: 1",
            ],
        );
    }

    #[cfg(unix)]
    #[test]
    fn loops_end_and_broken_links_are_told() {
        let root = tempfile::tempdir().unwrap();
        write(root.path(), "a/1.eml", MESSAGE);
        std::os::unix::fs::symlink(root.path(), root.path().join("a/up")).unwrap();
        std::os::unix::fs::symlink("nowhere", root.path().join("a/2.eml")).unwrap();
        assert_eq!(
            found(
                root.path(),
                &[root.path().to_owned(), root.path().join("a/1.eml")]
            ),
            ["Eml a: 1.eml unreadable-file"]
        );
    }

    #[test]
    fn what_is_no_mail_is_refused_by_name() {
        let root = tempfile::tempdir().unwrap();
        let advice = |name: &str| {
            let error = discover(&[root.path().join(name)]).unwrap_err();
            assert!(error.detail.contains(name), "{}", error.detail);
            error.what_to_do
        };
        assert!(advice("missing").contains("spelling"));
        write(root.path(), "a.msg", "x");
        assert!(advice("a.msg").contains("msgconvert"));
        write(root.path(), "a.pdf", "%PDF");
        assert!(advice("a.pdf").contains(".eml"));
        assert_eq!(discover(&[root.path()]).unwrap_err().code, "no-mail");
    }

    #[test]
    fn dates_come_from_names_and_separator_lines() {
        let root = tempfile::tempdir().unwrap();
        write(root.path(), "m/cur/1717408800.b:2,S", MESSAGE);
        write(root.path(), "m/new/1.eml", MESSAGE);
        write(
            root.path(),
            "s.eml",
            &format!("From a Mon Jun  3 10:00:00 2024\n{MESSAGE}"),
        );
        let read_all = |name: &str, format| {
            let path = root.path().join(name);
            read(&FileMailbox { path, format })
                .map(Result::unwrap)
                .collect::<Vec<_>>()
        };
        let maildir = read_all("m", Format::Maildir);
        assert_eq!(
            maildir[0].internal_date.unwrap().to_string(),
            "2024-06-03T10:00:00Z"
        );
        assert!(maildir[1].internal_date.is_some());
        let single = read_all("s.eml", Format::Eml);
        assert_eq!(single[0].internal_date, None);
        assert_eq!(single[0].octets, MESSAGE.as_bytes());
    }
}
