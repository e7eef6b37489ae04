//! What of a long message has to be kept while it comes: all but the octets that no reader looks at.

use super::attachment::{self, Need};
use super::body::LONGEST_BODY;
use super::header::{self, Header};
use super::mime;

/// So much of a line is looked at; a boundary has at most 200 octets.
const LINE: usize = 1 << 10;

/// A longer header block is not taken for one.
const LONGEST_HEAD: usize = 1 << 20;

/// Fewer than the reader cuts: from here on everything is kept.
const MOST_PARTS: usize = 5_000;

/// Fewer than the reader goes down into.
const DEEPEST: usize = 30;

/// More of a text is never decoded (quoted-printable needs three octets for one), and that it was cut has to show.
const MOST_TEXT: u64 = LONGEST_BODY as u64 * 3 + 8;

/// Takes a message in pieces and keeps what [`parse`](super::parse) reads of it, so that parsed, it gives the same message.
///
/// Only [`Attachment::size`](super::Attachment::size) may be smaller, of parts whose content nobody reads. Where the
/// structure is unusual, everything is kept.
#[derive(Debug)]
pub struct Sieve {
    kept: Vec<u8>,
    /// The line under way.
    line: Vec<u8>,
    /// Whether what comes continues a line that is too long to be looked at as one.
    in_line: bool,
    /// Whether octets were left out since the last line that was kept.
    dropped: bool,
    /// The multiparts around, outermost first: it is they that are cut first.
    levels: Vec<Level>,
    parts: usize,
    state: State,
    most_document: u64,
}

/// A multipart that has not been closed.
#[derive(Debug)]
struct Level {
    delimiter: Vec<u8>,
    /// Whether a part of it has begun.
    opened: bool,
}

/// Where the next line stands.
#[derive(Debug, Clone, Copy)]
enum State {
    /// In the header block that begins there.
    Head { start: usize, whose: Whose },
    /// In a body of which this is needed.
    Body(Need),
    /// All is kept.
    Lost,
}

/// Whose header block it is: they are read in different ways.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Whose {
    Outermost,
    Nested,
    Part,
}

impl Sieve {
    /// A document with more than `most_document` octets, its transfer encoding undone, is not read.
    #[must_use]
    pub fn new(most_document: u64) -> Self {
        Self {
            kept: Vec::new(),
            line: Vec::new(),
            in_line: false,
            dropped: false,
            levels: Vec::new(),
            parts: 0,
            state: State::Head {
                start: 0,
                whose: Whose::Outermost,
            },
            most_document,
        }
    }

    /// Takes the next octets.
    pub fn push(&mut self, octets: &[u8]) {
        let mut rest = octets;
        while let Some(at) = memchr::memchr(b'\n', rest) {
            let (line, after) = rest.split_at_checked(at + 1).unwrap_or((rest, &[]));
            rest = after;
            if self.line.is_empty() {
                self.take(line, true);
            } else {
                self.line.extend_from_slice(line);
                self.take_buffered(true);
            }
        }
        self.line.extend_from_slice(rest);
        if self.line.len() > LINE {
            self.take_buffered(false);
        }
    }

    /// What was kept.
    #[must_use]
    pub fn finish(mut self) -> Vec<u8> {
        if !self.line.is_empty() {
            self.take_buffered(true);
        }
        self.kept
    }

    fn take_buffered(&mut self, is_whole: bool) {
        let mut line = std::mem::take(&mut self.line);
        self.take(&line, is_whole);
        line.clear();
        self.line = line;
    }

    /// Takes a line, or as much of it as was waited for.
    fn take(&mut self, line: &[u8], is_whole: bool) {
        let continues = std::mem::replace(&mut self.in_line, !is_whole);
        if !continues && line.starts_with(b"--") && !matches!(self.state, State::Lost) {
            match self.delimiter(line, is_whole) {
                Some(Delimiter::Unclear) => self.lose(),
                Some(Delimiter::Opens(level)) => return self.open(level, line),
                Some(Delimiter::Closes(level)) => return self.close(level, line),
                None => {}
            }
        }
        match &mut self.state {
            State::Lost => self.kept.extend_from_slice(line),
            State::Body(need) => {
                let most = need.of(line).min(line.len());
                self.kept
                    .extend_from_slice(line.get(..most).unwrap_or(line));
                self.dropped |= most < line.len();
            }
            State::Head { start, .. } => {
                let start = *start;
                self.kept.extend_from_slice(line);
                if self.kept.len() - start > LONGEST_HEAD {
                    self.state = State::Body(Need::All);
                } else if !continues && header::is_blank(line) {
                    self.state = if is_whole {
                        self.below_head()
                    } else {
                        State::Body(Need::All)
                    };
                }
            }
        }
    }

    /// From here on everything is kept.
    fn lose(&mut self) {
        self.end_dropped();
        self.state = State::Lost;
    }

    /// A line break of its own belongs to what follows: where it begins a delimiter, it is no part of what was dropped.
    fn end_dropped(&mut self) {
        if std::mem::take(&mut self.dropped) {
            self.kept.extend_from_slice(b"\r\n");
        }
    }

    /// As the reader finds delimiters: a closing one may have text behind it, an opening one not.
    fn delimiter(&self, line: &[u8], is_whole: bool) -> Option<Delimiter> {
        self.levels.iter().enumerate().find_map(|(number, level)| {
            let tail = line.strip_prefix(level.delimiter.as_slice())?;
            if tail.starts_with(b"--") {
                Some(Delimiter::Closes(number))
            } else if !tail.trim_ascii().is_empty() {
                None
            } else if is_whole {
                Some(Delimiter::Opens(number))
            } else {
                Some(Delimiter::Unclear)
            }
        })
    }

    fn open(&mut self, level: usize, line: &[u8]) {
        self.end_dropped();
        self.kept.extend_from_slice(line);
        self.levels.truncate(level + 1);
        if let Some(level) = self.levels.last_mut() {
            level.opened = true;
        }
        self.parts += 1;
        self.state = if self.parts > MOST_PARTS {
            State::Lost
        } else {
            State::Head {
                start: self.kept.len(),
                whose: Whose::Part,
            }
        };
    }

    fn close(&mut self, level: usize, line: &[u8]) {
        self.end_dropped();
        self.kept.extend_from_slice(line);
        let opened = self.levels.get(level).is_some_and(|l| l.opened);
        self.levels.truncate(level);
        // What is closed before it was opened has no parts, and is read as text.
        self.state = State::Body(if opened { Need::Nothing } else { Need::All });
    }

    /// What the header block that was just closed says of what follows.
    fn below_head(&mut self) -> State {
        let State::Head { start, whose } = self.state else {
            return self.state;
        };
        let block = self.kept.get(start..).unwrap_or_default();
        let first = block.split(|&b| b == b'\n').next().unwrap_or(block);
        // Where a message begins with blank lines, what follows them decides.
        if whose != Whose::Part && header::is_blank(first) {
            return State::Body(Need::All);
        }
        let (header, rest) = Header::split_part(block);
        if !rest.is_empty() {
            return State::Body(Need::All);
        }
        if whose == Whose::Outermost && !header.is_a_messages() {
            return State::Body(Need::AtMost(MOST_TEXT));
        }
        let (part, boundary) = mime::describe_head(&header);
        if part.media_type.starts_with("multipart/") {
            let boundary = boundary.filter(|_| part.media_type != "multipart/digest");
            return match boundary.as_deref().and_then(delimiter) {
                Some(delimiter) if self.levels.len() < DEEPEST => {
                    let opened = false;
                    self.levels.push(Level { delimiter, opened });
                    // If none of its delimiters comes, it is read as text.
                    State::Body(Need::AtMost(MOST_TEXT))
                }
                _ => State::Body(Need::All),
            };
        }
        match attachment::need(&part, MOST_TEXT, self.most_document) {
            None => State::Head {
                start: self.kept.len(),
                whose: Whose::Nested,
            },
            Some(need) => State::Body(need),
        }
    }
}

/// What a line is to the multiparts around, by number.
enum Delimiter {
    Opens(usize),
    Closes(usize),
    /// Only its end would tell.
    Unclear,
}

/// The delimiter of an ordinary boundary.
fn delimiter(boundary: &str) -> Option<Vec<u8>> {
    let boundary = boundary.trim_end().as_bytes();
    let ordinary = (1..=200).contains(&boundary.len())
        && boundary.iter().all(|b| b.is_ascii_graphic() || *b == b' ');
    ordinary.then(|| [b"--", boundary].concat())
}

#[cfg(test)]
mod tests;
