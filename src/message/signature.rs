//! The author's signature block: what stands below a separator, a sign-off or the author's name and looks like it.
//!
//! Careful on purpose: a sentence that slips into the signature may be the notice. Only lines that look like names, titles
//! and contact data count, and the sign-off itself stays the author's own.

mod shape;
mod words;

use super::Zone;
use super::fold::fold;
use super::zones::Line;
use shape::Shape;
use words::SignOff;

/// A block of lines below a sign-off is not longer.
const LONGEST_BLOCK: usize = 30;

/// How far a paragraph is looked at, in lines, up and down.
const WINDOW: usize = 40;

/// Marks signatures in a run of the author's own lines. `names` are the folded words of the author's name.
pub(super) fn mark(lines: &mut [Line<'_>], names: &[String]) {
    let mut state = State::default();
    for at in 0..lines.len() {
        let Some(line) = lines.get(at) else { break };
        if line.is_blank() || line.zone == Zone::Disclaimer {
            continue;
        }
        if state.step(lines, at, names)
            && let Some(line) = lines.get_mut(at)
        {
            line.zone = Zone::Signature;
        }
    }
    mark_rules(lines);
}

/// Where the walk through the lines is.
#[derive(Default)]
struct State {
    mode: Mode,
    /// A sign-off was seen and no postscript since: contact data may come in a second block.
    signed: bool,
    /// Lines of the block so far.
    length: usize,
}

#[derive(Default, Clone, Copy, PartialEq, Eq)]
enum Mode {
    #[default]
    Text,
    /// Below `-- ` or in a client's container: everything but prose belongs to it.
    Delimited,
    /// Below a sign-off: only what looks like it belongs to it.
    Signed,
}

impl State {
    /// Whether the line `at`, which is not blank, belongs to a signature.
    fn step(&mut self, lines: &[Line<'_>], at: usize, names: &[String]) -> bool {
        let Some(line) = lines.get(at) else {
            return false;
        };
        if words::is_device_line(line.text) {
            return true;
        }
        if words::is_postscript(line.text) {
            *self = Self::default();
            return false;
        }
        if is_separator(line.text) {
            self.enter(Mode::Delimited);
            return true;
        }
        if words::is_greeting(line.text) {
            *self = Self::default();
            return false;
        }
        if self.mode == Mode::Delimited || line.signature {
            return !is_prose_paragraph(lines, at);
        }
        if let Some(sign_off) = words::sign_off(line.text)
            && closes(lines, at, sign_off, names)
        {
            self.enter(Mode::Signed);
            return false;
        }
        if self.mode == Mode::Text && begins_with_rule(lines, at, names) {
            self.enter(Mode::Signed);
            return true;
        }
        if self.mode == Mode::Signed {
            self.length += 1;
            if self.length <= LONGEST_BLOCK && Shape::of(line.text, names).fits() {
                return true;
            }
            self.mode = Mode::Text;
            return false;
        }
        let again = self.signed && Shape::of(line.text, names).is_plain_contact();
        if again || names_contact_block(lines, at, names) {
            self.enter(Mode::Signed);
            return true;
        }
        false
    }

    fn enter(&mut self, mode: Mode) {
        *self = Self {
            mode,
            signed: true,
            length: 0,
        };
    }
}

/// `-- ` (RFC 3676, 4.3), also without its space.
fn is_separator(text: &str) -> bool {
    matches!(text, "--" | "—" | "-- =" | "--=20")
}

/// Whether a sign-off ends the message: something that looks like a signature follows, or nothing.
fn closes(lines: &[Line<'_>], at: usize, sign_off: SignOff, names: &[String]) -> bool {
    let mut following = lines
        .iter()
        .skip(at + 1)
        .filter(|line| !line.is_blank() && line.zone != Zone::Disclaimer);
    let Some(next) = following.next() else {
        return true;
    };
    let shape = Shape::of(next.text, names);
    let another = words::sign_off(next.text).is_some() || is_separator(next.text);
    match sign_off {
        SignOff::Clear => shape.fits() || another || words::is_device_line(next.text),
        // "Thanks" stands in the middle of mail as well.
        SignOff::Thanks => {
            (shape.is_name() || another) && following.take(LONGEST_BLOCK).count() < LONGEST_BLOCK
        }
    }
}

/// The author's name, with contact data in one of the lines below it and nothing but such lines in between.
fn names_contact_block(lines: &[Line<'_>], at: usize, names: &[String]) -> bool {
    if !lines
        .get(at)
        .is_some_and(|line| shape::is_author(line.text, names))
    {
        return false;
    }
    let below = lines
        .iter()
        .skip(at + 1)
        .filter(|line| !line.is_blank())
        .take(6)
        .map(|line| Shape::of(line.text, names));
    below
        .take_while(Shape::fits)
        .any(|shape| shape.is_plain_contact())
}

/// A rule of underscores or dashes with the author's name or contact data right below it.
fn begins_with_rule(lines: &[Line<'_>], at: usize, names: &[String]) -> bool {
    let Some(line) = lines.get(at).filter(|line| line.is_rule()) else {
        return false;
    };
    if line.text.starts_with(['*', '=', '#', '.']) {
        return false;
    }
    let below: Vec<Shape> = lines
        .iter()
        .skip(at + 1)
        .filter(|line| !line.is_blank())
        .take(4)
        .map(|line| Shape::of(line.text, names))
        .collect();
    !below.is_empty()
        && below.iter().all(Shape::fits)
        && below
            .iter()
            .any(|shape| shape.is_author || shape.is_plain_contact())
}

/// Whether the paragraph around `at` is running text: long, and in long lines.
fn is_prose_paragraph(lines: &[Line<'_>], at: usize) -> bool {
    // Longer paragraphs are looked at in a window, so that no text takes quadratic time.
    let ends = |line: &Line<'_>| line.is_blank() || line.is_rule();
    let before = lines.get(at.saturating_sub(WINDOW)..at).unwrap_or_default();
    let first = at - before.iter().rev().position(ends).unwrap_or(before.len());
    let after = lines
        .get(at..lines.len().min(at + WINDOW))
        .unwrap_or_default();
    let last = at + after.iter().position(ends).unwrap_or(after.len());
    let paragraph = lines.get(first..last).unwrap_or_default();
    let is_prose_line = |line: &Line<'_>| {
        let words = line.text.split_whitespace().count();
        words > 12 && !Shape::of(line.text, &[]).fits()
    };
    if lines.get(at).is_some_and(is_prose_line) {
        return true;
    }
    let words: usize = paragraph
        .iter()
        .map(|line| line.text.split_whitespace().count())
        .sum();
    words > 12 && words >= 8 * paragraph.len() && paragraph.iter().any(is_sentence)
}

fn is_sentence(line: &Line<'_>) -> bool {
    let lower = line
        .text
        .split_whitespace()
        .filter(|word| word.starts_with(char::is_lowercase))
        .count();
    lower >= 5
}

/// Rules between two lines of a signature, and at its end, belong to it.
fn mark_rules(lines: &mut [Line<'_>]) {
    let mut previous = Zone::Own;
    for line in lines {
        if line.is_rule() && line.zone == Zone::Own && previous == Zone::Signature {
            line.zone = Zone::Signature;
        }
        if !line.is_blank() {
            previous = line.zone;
        }
    }
}

/// The folded words of a person's name, and of the local part of the address.
pub(super) fn name_words(name: &str, address: &str) -> Vec<String> {
    let local = address.split('@').next().unwrap_or("");
    let folded = fold(&format!("{name} {local}"));
    let mut words: Vec<String> = folded
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| word.chars().count() >= 2)
        .map(str::to_owned)
        .collect();
    words.sort();
    words.dedup();
    words
}

#[cfg(test)]
mod tests;
