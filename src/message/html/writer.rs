//! Displayed text as it grows: collapsed white space, one line per block.

use std::ops::Range;

use crate::message::fold::is_invisible;

/// Collects text.
#[derive(Default)]
pub(super) struct Writer {
    text: String,
    /// White space was seen that is written only if more follows on the line.
    space: bool,
    /// The current line shows something.
    line_started: bool,
    /// Open elements that keep white space as it is.
    pub(super) preformatted: usize,
}

impl Writer {
    pub(super) fn len(&self) -> usize {
        self.text.len()
    }

    /// What was written since `start`, without white space around it.
    pub(super) fn shown_since(&self, start: usize) -> Range<usize> {
        let written = self.text.get(start..).unwrap_or("");
        let shown = written.trim_start();
        let start = start + (written.len() - shown.len());
        start..start + shown.trim_end().len()
    }

    /// Whether what is written from `start` on begins with a line of dashes.
    pub(super) fn shows_dashes_at(&self, start: usize) -> bool {
        let written = self.text.get(start..).unwrap_or("");
        let mut shown = written
            .chars()
            .take(200)
            .skip_while(|c| c.is_whitespace())
            .take(5);
        (0..5).all(|_| shown.next() == Some('-'))
    }

    /// Adds text between tags.
    pub(super) fn text(&mut self, text: &str) {
        for c in text.chars() {
            match c {
                '\n' if self.preformatted > 0 => self.line_break(),
                '\r' => {}
                ' ' | '\t' | '\n' | '\u{c}' if self.preformatted == 0 => self.space = true,
                '\u{a0}' => self.push(' '),
                _ if is_invisible(c) || c.is_control() && c != '\t' => {}
                _ => self.push(c),
            }
        }
    }

    fn push(&mut self, c: char) {
        self.flush_space();
        self.line_started = true;
        self.text.push(c);
    }

    /// Writes the space that is due, so that what follows can be located.
    pub(super) fn flush_space(&mut self) {
        if self.space && self.line_started {
            self.text.push(' ');
        }
        self.space = false;
    }

    /// A block begins or ends: the line ends if it shows something.
    pub(super) fn block(&mut self) {
        self.space = false;
        if self.line_started {
            self.text.push('\n');
            self.line_started = false;
        }
    }

    /// `<br>`: the line ends in any case.
    pub(super) fn line_break(&mut self) {
        self.space = false;
        self.text.push('\n');
        self.line_started = false;
    }

    /// A paragraph begins: it is set off from what stands before.
    pub(super) fn blank_line(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with("\n\n") {
            self.text.push('\n');
        }
    }

    /// A table cell begins: a tab sets it off from the one before.
    pub(super) fn cell(&mut self) {
        self.space = false;
        if self.line_started && !self.text.ends_with('\t') {
            self.text.push('\t');
        }
    }

    pub(super) fn finish(mut self) -> String {
        let end = self.text.trim_end_matches([' ', '\n', '\t']).len();
        self.text.truncate(end);
        self.text
    }
}
