//! Messages in files of their own: Maildirs and directories of `.eml` files.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::sniff::{self, Kind};
use super::{FileMailbox, Format, LONGEST_MESSAGE, ReadResult, cannot_read, mbox, too_large};
use crate::mailbox::{Locator, RawMessage};
use crate::source::Receiver;
use crate::source::intake::{Intake, Keep};

/// Octets that are read at a time.
const PIECE: usize = 64 << 10;

/// A message file: its path, and its name relative to the mailbox.
struct Named {
    path: PathBuf,
    name: String,
}

/// Octets of the files of a mailbox.
pub(super) fn size(mailbox: &FileMailbox) -> u64 {
    files(mailbox)
        .iter()
        .flatten()
        .filter_map(|f| fs::metadata(&f.path).ok())
        .map(|m| m.len())
        .sum()
}

pub(super) fn read(
    mailbox: &FileMailbox,
    keep: Keep,
) -> Box<dyn Iterator<Item = ReadResult> + Send> {
    let is_maildir = mailbox.format == Format::Maildir;
    match files(mailbox) {
        Ok(files) => Box::new(
            files
                .into_iter()
                .filter_map(move |file| one(file, is_maildir, keep)),
        ),
        Err(error) => Box::new(std::iter::once(Err((
            None,
            cannot_read(&mailbox.path, &error),
        )))),
    }
}

/// Hands the wanted messages on in pieces.
pub(super) fn hand_on(
    mailbox: &FileMailbox,
    wanted: &dyn Fn(&Locator) -> bool,
    receiver: &mut dyn Receiver<Locator>,
) -> ControlFlow<()> {
    let is_maildir = mailbox.format == Format::Maildir;
    for file in files(mailbox).into_iter().flatten() {
        let locator = Locator::File(file.name);
        if !wanted(&locator) || !is_maildir && !matches!(sniff::kind(&file.path), Ok(Kind::Message))
        {
            continue;
        }
        receiver.begin();
        let mut flow = ControlFlow::Continue(());
        let whole = pieces(&file.path, |piece| {
            flow = receiver.piece(piece);
            flow
        });
        flow?;
        if matches!(whole, Ok(true)) {
            receiver.end(&locator)?;
        }
    }
    ControlFlow::Continue(())
}

/// The files in the order of their names.
fn files(mailbox: &FileMailbox) -> io::Result<Vec<Named>> {
    let mut files = Vec::new();
    match mailbox.format {
        Format::Maildir => {
            for part in ["cur", "new"] {
                let directory = mailbox.path.join(part);
                if directory.is_dir() {
                    list(&directory, &format!("{part}/"), &mut files)?;
                }
            }
            // Names that begin with a dot are not messages (maildir(5)).
            files.retain(|f| {
                f.path
                    .file_name()
                    .is_none_or(|n| !n.as_encoded_bytes().starts_with(b"."))
            });
        }
        Format::Mbox | Format::Eml if mailbox.path.is_dir() => list(&mailbox.path, "", &mut files)?,
        Format::Mbox | Format::Eml => {
            let name = mailbox
                .path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            files.push(Named {
                path: mailbox.path.clone(),
                name,
            });
        }
    }
    files.sort_unstable_by(|a, b| (&a.name, &a.path).cmp(&(&b.name, &b.path)));
    Ok(files)
}

fn list(directory: &Path, prefix: &str, files: &mut Vec<Named>) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        // A symbolic link is judged by what it leads to; a broken one cannot be read and is reported.
        let kind = match entry.file_type() {
            Ok(kind) if !kind.is_symlink() => Some(kind),
            _ => fs::metadata(entry.path()).ok().map(|m| m.file_type()),
        };
        if kind.is_none_or(|k| k.is_file()) {
            let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
            files.push(Named {
                path: entry.path(),
                name,
            });
        }
    }
    Ok(())
}

/// Reads one file; `None` if it turns out not to be a message (the walk has told so).
fn one(file: Named, is_maildir: bool, keep: Keep) -> Option<ReadResult> {
    let locator = Locator::File(file.name);
    let internal_date = if is_maildir {
        delivered(&file.path)
    } else {
        None
    };
    if !is_maildir {
        match sniff::kind(&file.path) {
            Ok(Kind::Message) => {}
            Ok(Kind::Mbox | Kind::Empty | Kind::Outlook | Kind::Other) => return None,
            Err(error) => return Some(Err((Some(locator), cannot_read(&file.path, &error)))),
        }
    }
    let length = fs::metadata(&file.path).map_or(0, |m| m.len());
    let mut intake = Intake::new(length.min(LONGEST_MESSAGE), keep);
    let read = pieces(&file.path, |piece| {
        intake.push(piece);
        ControlFlow::Continue(())
    });
    match read {
        Ok(true) => {
            let (octets, whole) = intake.finish();
            Some(Ok(RawMessage {
                locator,
                octets,
                whole,
                internal_date,
            }))
        }
        Ok(false) => Some(Err((Some(locator), too_large(&file.path)))),
        Err(error) => Some(Err((Some(locator), cannot_read(&file.path, &error)))),
    }
}

/// Hands a file's octets to `put`, in pieces; `false` if there are too many, or if `put` wants no more.
fn pieces(path: &Path, mut put: impl FnMut(&[u8]) -> ControlFlow<()>) -> io::Result<bool> {
    let file = File::open(path)?;
    if file.metadata()?.len() > LONGEST_MESSAGE {
        return Ok(false);
    }
    let mut reader = BufReader::with_capacity(PIECE, file.take(LONGEST_MESSAGE + 1));
    let mut length = 0;
    let mut at_start = true;
    loop {
        let mut piece = reader.fill_buf()?;
        let count = piece.len();
        length += count as u64;
        if count == 0 {
            return Ok(true);
        }
        if std::mem::take(&mut at_start) {
            piece = without_separator(piece);
        }
        if length > LONGEST_MESSAGE || put(piece).is_break() {
            return Ok(false);
        }
        reader.consume(count);
    }
}

/// Some programs save a message with the line that would separate it in an mbox; it is no part of it.
fn without_separator(octets: &[u8]) -> &[u8] {
    memchr::memchr(b'\n', octets)
        .and_then(|end| octets.split_at_checked(end + 1))
        .filter(|(line, _)| mbox::separator(line).is_some())
        .map_or(octets, |(_, rest)| rest)
}

/// When a Maildir received a file: the seconds that its name begins with (maildir(5)), else its modification time.
fn delivered(path: &Path) -> Option<Timestamp> {
    let name = path.file_name()?.to_string_lossy();
    // Before 1990 there was no Maildir; smaller numbers count something else.
    let from_name = name
        .split_once('.')
        .and_then(|(seconds, _)| seconds.parse::<i64>().ok())
        .filter(|seconds| (631_152_000..=253_402_300_799).contains(seconds))
        .and_then(|seconds| Timestamp::from_second(seconds).ok());
    from_name.or_else(|| Timestamp::try_from(fs::metadata(path).ok()?.modified().ok()?).ok())
}
