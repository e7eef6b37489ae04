//! mbox files, streamed: `From ` lines separate messages, `>From ` lines are unescaped (mboxrd, which reads mboxo too).

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;

use super::{LONGEST_MESSAGE, ReadResult, cannot_read, too_large};
use crate::mailbox::{Locator, RawMessage};
use crate::source::intake::{Intake, Keep};
use crate::source::{Receiver, SourceError};

/// Reads one message after the other.
pub(super) struct Reader {
    path: PathBuf,
    keep: Keep,
    input: BufReader<File>,
    /// Messages given so far.
    ordinal: u64,
    /// The line that was read last, when it opened the next message.
    next: Option<Separator>,
    at_start: bool,
    ended: bool,
}

/// A `From ` line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Separator {
    /// When the message was delivered; a zone that is not a number counts as UTC.
    pub(super) date: Option<Timestamp>,
}

impl Reader {
    pub(super) fn open(path: &Path, keep: Keep) -> Result<Self, SourceError> {
        let file = File::open(path).map_err(|error| cannot_read(path, &error))?;
        Ok(Self {
            path: path.to_owned(),
            keep,
            input: BufReader::with_capacity(1 << 18, file),
            ordinal: 0,
            next: None,
            at_start: true,
            ended: false,
        })
    }

    /// Collects lines up to the next separator or the end.
    fn collect(&mut self, message: &mut Collected<'_>) -> io::Result<()> {
        let mut line = Vec::new();
        let mut after_blank = self.at_start;
        loop {
            line.clear();
            // A line may be as long as the file: it is read in pieces that fit.
            let read = self
                .input
                .by_ref()
                .take(1 << 20)
                .read_until(b'\n', &mut line)?;
            if read == 0 {
                self.ended = true;
                return Ok(());
            }
            let is_whole = line.ends_with(b"\n");
            if after_blank && line.starts_with(b"From ") {
                // Before anything else such a line can be nothing but a separator, however it is spelt.
                let first = self.at_start.then_some(Separator { date: None });
                if let Some(separator) = separator(&line).or(first) {
                    self.at_start = false;
                    if message.is_empty() && message.opened.is_none() {
                        message.opened = Some(separator);
                        after_blank = false;
                        continue;
                    }
                    self.next = Some(separator);
                    return Ok(());
                }
            }
            let is_blank = matches!(line.as_slice(), b"\n" | b"\r\n") && !message.in_line;
            if self.at_start && is_blank {
                continue;
            }
            self.at_start = false;
            message.add(&line);
            message.in_line = !is_whole;
            after_blank = is_blank;
        }
    }
}

impl Reader {
    /// Reads the next message, whose octets go to `put`; gives its place and when it was delivered.
    fn next_into(&mut self, put: &mut dyn FnMut(&[u8])) -> Option<Result<Placed, Unread>> {
        if self.ended {
            return None;
        }
        let mut message = Collected::new(self.next.take(), put);
        let outcome = self.collect(&mut message);
        if message.opened.is_none() && message.is_empty() && outcome.is_ok() {
            return None;
        }
        if let Err(error) = outcome {
            // What follows cannot be reached either, and nobody knows how much that is: it concerns the mailbox.
            self.ended = true;
            let mut error = cannot_read(&self.path, &error);
            error.detail = format!("{} (after message {})", error.detail, self.ordinal);
            return Some(Err((None, error)));
        }
        message.finish();
        let (too_long, opened) = (message.length > LONGEST_MESSAGE, message.opened);
        self.ordinal += 1;
        let locator = Locator::Ordinal(self.ordinal);
        if too_long {
            return Some(Err((Some(locator), too_large(&self.path))));
        }
        Some(Ok((locator, opened.and_then(|s| s.date))))
    }
}

/// Where a message lies, and when it was delivered.
type Placed = (Locator, Option<Timestamp>);

type Unread = (Option<Locator>, SourceError);

impl Iterator for Reader {
    type Item = ReadResult;

    fn next(&mut self) -> Option<ReadResult> {
        let mut intake = Intake::new(0, self.keep);
        let placed = self.next_into(&mut |piece| intake.push(piece))?;
        Some(placed.map(|(locator, internal_date)| {
            let (octets, whole) = intake.finish();
            RawMessage {
                locator,
                octets,
                whole,
                internal_date,
            }
        }))
    }
}

/// Hands the wanted messages on in pieces.
pub(super) fn hand_on(
    path: &Path,
    wanted: &dyn Fn(&Locator) -> bool,
    receiver: &mut dyn Receiver<Locator>,
) -> ControlFlow<()> {
    let Ok(mut reader) = Reader::open(path, Keep::Read) else {
        return ControlFlow::Continue(());
    };
    loop {
        let is_wanted = wanted(&Locator::Ordinal(reader.ordinal + 1));
        if is_wanted {
            receiver.begin();
        }
        let mut flow = ControlFlow::Continue(());
        let read = reader.next_into(&mut |piece| {
            if is_wanted && flow.is_continue() {
                flow = receiver.piece(piece);
            }
        });
        flow?;
        match read {
            None => return ControlFlow::Continue(()),
            Some(Ok((locator, _))) if is_wanted => receiver.end(&locator)?,
            Some(_) => {}
        }
    }
}

/// A message under way to `put`.
struct Collected<'p> {
    opened: Option<Separator>,
    put: &'p mut dyn FnMut(&[u8]),
    /// Octets so far.
    length: u64,
    /// Whether what was added last is an unfinished line.
    in_line: bool,
    /// A blank line that may be the one that an mbox adds, and whether the line before ends in the same way.
    blank: Option<(&'static [u8], bool)>,
    /// The last octets.
    last: [u8; 2],
}

impl<'p> Collected<'p> {
    fn new(opened: Option<Separator>, put: &'p mut dyn FnMut(&[u8])) -> Self {
        Self {
            opened,
            put,
            length: 0,
            in_line: false,
            blank: None,
            last: [0; 2],
        }
    }

    fn is_empty(&self) -> bool {
        self.length == 0
    }

    fn add(&mut self, line: &[u8]) {
        let (line, blank): (_, Option<(&[u8], bool)>) = match line {
            _ if self.in_line => (line, None),
            b"\r\n" => (line, Some((b"\r\n", self.last == *b"\r\n"))),
            b"\n" => (line, Some((b"\n", self.last.ends_with(b"\n")))),
            _ => (unescaped(line), None),
        };
        self.length += line.len() as u64;
        if self.length > LONGEST_MESSAGE {
            return;
        }
        if let Some((blank, _)) = self.blank.take() {
            (self.put)(blank);
        }
        self.last = match (line, self.last) {
            ([.., before, last], _) => [*before, *last],
            ([last], [_, before]) => [before, *last],
            ([], last) => last,
        };
        self.blank = blank;
        if self.blank.is_none() {
            (self.put)(line);
        }
    }

    /// Ends the message, without the blank line that an mbox adds.
    fn finish(&mut self) {
        if let Some((blank, false)) = self.blank.take() {
            (self.put)(blank);
        }
    }
}

/// Takes one `>` from a line that is some `>` and then `From ` (mboxrd; for mboxo there is only one to take).
fn unescaped(line: &[u8]) -> &[u8] {
    let quotes = line.iter().take_while(|&&o| o == b'>').count();
    if quotes > 0
        && line
            .get(quotes..)
            .is_some_and(|rest| rest.starts_with(b"From "))
    {
        line.get(1..).unwrap_or_default()
    } else {
        line
    }
}

/// Reads a line as a separator: `From `, somebody, and a date as asctime(3) or RFC 5322 write it. Prose that begins
/// with the word is none.
pub(super) fn separator(line: &[u8]) -> Option<Separator> {
    let line = std::str::from_utf8(line.get(..line.len().min(512))?).ok()?;
    let words: Vec<&str> = line
        .strip_prefix("From ")?
        .split_ascii_whitespace()
        .collect();
    let weekday = words.iter().position(|word| is_weekday(word))?;
    let rest = words.get(weekday + 1..)?;
    let date = asctime(rest).or_else(|| rfc5322(rest))?;
    Some(Separator { date: Some(date) })
}

fn is_weekday(word: &str) -> bool {
    ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"].contains(&word.trim_end_matches(','))
}

/// `Jun  3 10:00:00 2024`, with a zone before or after the year.
fn asctime(words: &[&str]) -> Option<Timestamp> {
    let [month, day, time, rest @ ..] = words else {
        return None;
    };
    let year = rest.iter().take(2).find_map(|w| year(w))?;
    let zone = rest.iter().take(2).find_map(|w| zone(w));
    timestamp(year, month, day, time, zone)
}

/// `3 Jun 2024 10:00:00 +0200`.
fn rfc5322(words: &[&str]) -> Option<Timestamp> {
    let [day, month, written_year, time, rest @ ..] = words else {
        return None;
    };
    timestamp(
        year(written_year)?,
        month,
        day,
        time,
        rest.first().and_then(|w| zone(w)),
    )
}

fn year(word: &str) -> Option<i16> {
    word.parse()
        .ok()
        .filter(|year| (1970..=2200).contains(year) && word.len() == 4)
}

/// Seconds east of UTC out of `+0200`.
fn zone(word: &str) -> Option<i32> {
    let (sign, digits) = match word.split_at_checked(1)? {
        ("+", digits) => (1, digits),
        ("-", digits) => (-1, digits),
        _ => return None,
    };
    let number: i32 = digits.parse().ok().filter(|_| digits.len() == 4)?;
    Some(sign * (number / 100 * 3600 + number % 100 * 60))
}

fn timestamp(
    year: i16,
    month: &str,
    day: &str,
    time: &str,
    zone: Option<i32>,
) -> Option<Timestamp> {
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let month = i8::try_from(MONTHS.iter().position(|m| *m == month)? + 1).ok()?;
    let mut clock = time.split(':').map(|part| part.parse::<i8>().ok());
    let (hour, minute) = (clock.next()??, clock.next()??);
    let second = clock.next().unwrap_or(Some(0))?;
    let local = DateTime::new(
        year,
        month,
        day.parse().ok()?,
        hour,
        minute,
        second.min(59),
        0,
    )
    .ok()?;
    Offset::from_seconds(zone.unwrap_or(0))
        .ok()?
        .to_timestamp(local)
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(mbox: &str, expected: &[&str]) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("Sent");
        std::fs::write(&path, mbox).unwrap();
        let messages: Vec<_> = Reader::open(&path, Keep::Read)
            .unwrap()
            .map(|m| String::from_utf8(m.unwrap().octets).unwrap())
            .collect();
        assert_eq!(messages, expected);
    }

    const LINE: &str = "From ana@acme.example Mon Jun  3 10:00:00 2024\n";

    #[test]
    fn messages_end_at_the_next_separator() {
        check("", &[]);
        check("\n\n", &[]);
        check(
            &format!("{LINE}A: b\n\nc\n\n{LINE}D: e\n\nf\n"),
            &["A: b\n\nc\n", "D: e\n\nf\n"],
        );
        check(&format!("\n{LINE}A: b\n\nc"), &["A: b\n\nc"]);
        check(
            &format!("{LINE}A: b\n\n{LINE}D: e\n\n"),
            &["A: b\n", "D: e\n"],
        );
        let dos = LINE.replace('\n', "\r\n");
        check(
            &format!("{dos}A: b\r\n\r\nc\r\n\r\n{dos}D: e\r\n"),
            &["A: b\r\n\r\nc\r\n", "D: e\r\n"],
        );
    }

    #[test]
    fn only_separators_separate() {
        for prose in [
            "From now on, write to Mon.\n",
            "From Monday, 3 Jun at 10:00 I am away\n",
        ] {
            let text = format!("A: b\n\n{prose}");
            check(&format!("{LINE}{text}"), &[&text]);
        }
        let unseparated = format!("A: b\n\nc\n{LINE}");
        check(&format!("{LINE}{unseparated}"), &[&unseparated]);
        check("From whoever\nA: b\n\nc\n", &["A: b\n\nc\n"]);
        check("A: b\n\nc\n", &["A: b\n\nc\n"]);
    }

    #[test]
    fn escapes_are_undone_once() {
        check(
            &format!("{LINE}A: b\n\n>From x\n>>From y\n> From z\n>Fromage\n"),
            &["A: b\n\nFrom x\n>From y\n> From z\n>Fromage\n"],
        );
    }

    #[test]
    fn long_lines_are_kept_whole() {
        let text = format!("A: b\n\n{}\n>From the end\n", "x".repeat((1 << 20) + 7));
        check(&format!("{LINE}{text}"), &[&text.replace(">From", "From")]);
        let edge = format!("A: b\n\n{}\nFrom me\n", "x".repeat(1 << 20));
        check(&format!("{LINE}{edge}"), &[&edge]);
    }

    #[track_caller]
    fn check_date(line: &str, expected: Option<&str>) {
        let date = separator(line.as_bytes()).map(|s| s.date.unwrap().to_string());
        assert_eq!(date.as_deref(), expected, "{line}");
    }

    #[test]
    fn separators_carry_the_delivery_date() {
        check_date(
            "From a@b.example Mon Jun  3 10:00:00 2024",
            Some("2024-06-03T10:00:00Z"),
        );
        check_date(
            "From - Mon Jun 03 10:00:00 2024\r\n",
            Some("2024-06-03T10:00:00Z"),
        );
        check_date(
            "From a Mon Jun  3 10:00:00 2024 +0200",
            Some("2024-06-03T08:00:00Z"),
        );
        check_date(
            "From a Mon Jun  3 10:00:00 -0130 2024",
            Some("2024-06-03T11:30:00Z"),
        );
        check_date(
            "From a Mon Jun  3 10:00:60 CEST 2024",
            Some("2024-06-03T10:00:59Z"),
        );
        check_date(
            "From a Mon, 3 Jun 2024 10:00:00 +0200",
            Some("2024-06-03T08:00:00Z"),
        );
        check_date("From a Mon Jun 31 10:00:00 2024", None);
        check_date("From a Mon Jun 3 10:00 x24", None);
        check_date("From the office, Mon", None);
        check_date("Fromm a Mon Jun  3 10:00:00 2024", None);
    }
}
