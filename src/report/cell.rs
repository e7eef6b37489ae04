//! One cell: control characters made visible, long text and long lists cut, formulas disarmed.

use jiff::Timestamp;
use jiff::civil::Date;

use super::Dialect;
use super::safe::protect;

/// Characters of text from mail in a cell.
const TEXT_LIMIT: usize = 2_000;
/// Characters of one entry of a list in a cell; twenty of them stay below the 32,767 that spreadsheets hold.
const ENTRY_LIMIT: usize = 300;
/// Entries of a list in a cell.
const LIST_LIMIT: usize = 20;
/// Between entries of a list; neither `,` nor `;`, at which a spreadsheet may split.
const BETWEEN: &str = " | ";

/// What a cell holds, by where it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Cell {
    /// The program's own words and names.
    Own(String),
    /// A number, as it is written.
    Number(String),
    /// A day.
    Day(Date),
    /// A point in time, told in UTC to the second.
    Time(Timestamp),
    /// Text that others wrote: cut, and made safe.
    Foreign(String),
    /// What a reviewer wrote: made safe, never cut.
    Reviewer(String),
    /// Entries that others wrote.
    List(Vec<String>),
}

impl Cell {
    /// The program's own word as it displays itself.
    #[allow(
        clippy::needless_pass_by_value,
        reason = "most callers hand over a word"
    )]
    pub(super) fn own(value: impl ToString) -> Self {
        Self::Own(value.to_string())
    }

    /// The value, or nothing.
    pub(super) fn maybe(value: Option<impl ToString>) -> Self {
        Self::Own(value.map_or_else(String::new, |value| value.to_string()))
    }

    /// A number as it displays itself.
    #[allow(
        clippy::needless_pass_by_value,
        reason = "callers hand over a number or have just formatted it"
    )]
    pub(super) fn number(value: impl ToString) -> Self {
        Self::Number(value.to_string())
    }

    /// The number, or nothing.
    pub(super) fn maybe_number(value: Option<impl ToString>) -> Self {
        value.map_or_else(Self::nothing, Self::number)
    }

    /// The day, or nothing.
    pub(super) fn day(day: Option<Date>) -> Self {
        day.map_or_else(Self::nothing, Self::Day)
    }

    /// The time, or nothing.
    pub(super) fn time(time: Option<Timestamp>) -> Self {
        time.map_or_else(Self::nothing, Self::Time)
    }

    /// The day that a reviewer wrote: as a day, unless that would change what was written.
    pub(super) fn reviewed_on(written: &str) -> Self {
        match written.parse::<Date>() {
            Ok(day) if day.to_string() == written => Self::Day(day),
            _ => Self::Reviewer(written.to_owned()),
        }
    }

    fn nothing() -> Self {
        Self::Own(String::new())
    }

    /// `yes` or `no`.
    pub(super) fn yes(value: bool) -> Self {
        Self::Own(if value { "yes" } else { "no" }.to_owned())
    }

    /// Text that others wrote.
    pub(super) fn foreign(text: impl Into<String>) -> Self {
        Self::Foreign(text.into())
    }

    /// As it is written into a file.
    pub(super) fn written(&self, dialect: Dialect) -> String {
        let text = match self {
            Self::Own(text) | Self::Number(text) => return text.clone(),
            Self::Day(day) => return day.to_string(),
            Self::Time(time) => return format!("{time:.0}"),
            Self::Foreign(text) => cut(&visible(text), TEXT_LIMIT),
            Self::Reviewer(text) => visible(text),
            Self::List(entries) => list(entries),
        };
        match dialect {
            Dialect::Excel => protect(&text),
            Dialect::Plain => text,
        }
    }
}

fn list(entries: &[String]) -> String {
    let shown: Vec<_> = entries
        .iter()
        .take(LIST_LIMIT)
        .map(|entry| cut(&visible(entry), ENTRY_LIMIT))
        .collect();
    let text = shown.join(BETWEEN);
    match entries.len().checked_sub(LIST_LIMIT) {
        None | Some(0) => text,
        Some(more) => format!("{text} and {more} more"),
    }
}

/// Keeps `limit` characters and tells how many more there were.
fn cut(text: &str, limit: usize) -> String {
    match text.char_indices().nth(limit) {
        None => text.to_owned(),
        Some((end, _)) => {
            let (kept, rest) = text.split_at(end);
            format!("{kept}… [+{} characters]", rest.chars().count())
        }
    }
}

/// Line ends become `\n`, and no character acts on what displays it: controls are shown by Unicode's pictures of them, those
/// that reverse the direction of writing by their number; characters without any width are left out.
fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\r' => {
                characters.next_if_eq(&'\n');
                shown.push('\n');
            }
            '\u{2028}' | '\u{2029}' | '\u{85}' => shown.push('\n'),
            '\n' | '\t' => shown.push(character),
            '\u{7f}' => shown.push('\u{2421}'),
            '\0'..='\u{1f}' => {
                shown.extend(char::from_u32(0x2400 + u32::from(character)));
            }
            '\u{200b}' | '\u{2060}' | '\u{feff}' => {}
            '\u{80}'..='\u{9f}'
            | '\u{61c}'
            | '\u{200e}'
            | '\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}'
            | '\u{fff9}'..='\u{fffb}' => {
                let number = format!("[U+{:04X}]", u32::from(character));
                shown.push_str(&number);
            }
            _ => shown.push(character),
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(cell: &Cell, expected: &str) {
        assert_eq!(cell.written(Dialect::Excel), expected);
    }

    #[test]
    fn own_numbers_are_exempt() {
        check(&Cell::number(-12), "-12");
        check(&Cell::foreign("-12"), "'-12");
        assert_eq!(Cell::foreign("=1").written(Dialect::Plain), "=1");
    }

    #[test]
    fn long_text_is_cut_by_characters_and_says_so() {
        check(&Cell::foreign("ñ".repeat(2_000)), &"ñ".repeat(2_000));
        let cut = format!("{}… [+38000 characters]", "ñ".repeat(2_000));
        check(&Cell::foreign("ñ".repeat(40_000)), &cut);
        let note = "n".repeat(32_767);
        check(&Cell::Reviewer(note.clone()), &note);
    }

    #[test]
    fn long_lists_are_cut_and_say_so() {
        let entries: Vec<_> = (1..=23).map(|n| n.to_string()).collect();
        check(&Cell::List(entries[..2].to_vec()), "1 | 2");
        let shown = Cell::List(entries).written(Dialect::Excel);
        assert!(shown.ends_with("19 | 20 and 3 more"), "{shown}");
        let long = Cell::List(vec!["x".repeat(5_000); 500]).written(Dialect::Excel);
        assert!(long.chars().count() < 32_767);
    }

    #[test]
    fn nothing_acts_on_what_displays_it() {
        check(&Cell::foreign("a\r\nb\rc\u{2028}d"), "a\nb\nc\nd");
        check(&Cell::foreign("red\u{1b}[31m\u{7}\0"), "red␛[31m␇␀");
        check(
            &Cell::foreign("exe\u{202e}gpj.\u{9b}"),
            "exe[U+202E]gpj.[U+009B]",
        );
        check(&Cell::foreign("\u{feff}\u{200b}=1"), "'=1");
        check(
            &Cell::foreign("👩\u{200d}🚀 José Núñez"),
            "👩\u{200d}🚀 José Núñez",
        );
    }
}
