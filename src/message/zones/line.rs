//! A line of text with what is known about it.

use std::ops::Range;

use crate::message::Zone;
use crate::message::fold::is_space;

/// One line while its zone is being decided.
#[derive(Debug, Clone)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "independent marks, each set by its own kind of container"
)]
pub(in crate::message) struct Line<'a> {
    /// Bytes of the text, the line break included.
    pub(in crate::message) range: Range<usize>,
    /// Without white space around it.
    pub(in crate::message) text: &'a str,
    /// As far as decided.
    pub(in crate::message) zone: Zone,
    /// Decided by a container of the HTML.
    pub(in crate::message) fixed: bool,
    /// Inside the client's container for the signature.
    pub(in crate::message) signature: bool,
    /// From here on the HTML holds the answered message.
    pub(super) cut: bool,
    /// The HTML draws a line above.
    pub(super) border: bool,
    /// Inside an indented block: the first line after it.
    pub(super) indent_end: Option<usize>,
}

/// Cuts `text` into lines; at least one.
pub(super) fn split(text: &str) -> Vec<Line<'_>> {
    let mut start = 0;
    text.split_inclusive('\n')
        .map(|line| {
            let range = start..start + line.len();
            start = range.end;
            Line {
                range,
                text: line.trim_matches(is_space),
                zone: Zone::Own,
                fixed: false,
                signature: false,
                cut: false,
                border: false,
                indent_end: None,
            }
        })
        .collect()
}

impl Line<'_> {
    pub(in crate::message) fn is_blank(&self) -> bool {
        self.text.is_empty()
    }

    /// Begins with `>`, or with initials and `>` as old readers wrote.
    pub(super) fn is_marked_quote(&self) -> bool {
        self.text.starts_with('>') || self.has_initials()
    }

    /// Begins with initials and `>`.
    pub(super) fn has_initials(&self) -> bool {
        let initials = self.text.bytes().take_while(u8::is_ascii_uppercase).count();
        (1..=3).contains(&initials)
            && self
                .text
                .get(initials..)
                .is_some_and(|rest| rest.starts_with("> "))
    }

    /// Begins with a vertical bar, and is no line of a table or a box.
    pub(super) fn is_bar_quote(&self) -> bool {
        self.text.starts_with('|') && !(self.text.len() > 1 && self.text.ends_with('|'))
    }

    /// Only dashes, underscores or the like.
    pub(in crate::message) fn is_rule(&self) -> bool {
        self.text.len() >= 5 && self.text.chars().all(is_decoration)
    }
}

/// Characters that people draw lines with.
pub(in crate::message) fn is_decoration(c: char) -> bool {
    matches!(
        c,
        '-' | '_' | '=' | '*' | '~' | '#' | '+' | '.' | '·' | '•' | '‐'..='―' | '─' | '━'
    ) || is_space(c)
}
