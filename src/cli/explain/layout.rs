//! A message's text line by line, with whose words they count as, and with the matched words underlined.

use std::ops::Range;

use super::super::terminal::terminal_safe;
use super::{Explained, line, safe};
use crate::finding::Place;
use crate::message::{Text, Zone};

/// Whether a terminal shows colours.
#[derive(Debug, Clone, Copy)]
pub(super) struct Paint {
    pub(super) colours: bool,
}

/// What stands out, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    Plain,
    Name,
    Heading,
    Strong,
    Verdict,
    Matched,
    Zone(Zone),
}

impl Paint {
    /// Words in a style; they must be safe already.
    pub(super) fn styled(self, words: &str, style: Style) -> String {
        let code = match style {
            Style::Plain | Style::Zone(Zone::Own) => return words.to_owned(),
            _ if !self.colours => return words.to_owned(),
            Style::Name => "36",
            Style::Heading | Style::Strong => "1",
            Style::Verdict => "1;33",
            Style::Matched => "4",
            Style::Zone(Zone::Signature) => "35",
            Style::Zone(Zone::Disclaimer | Zone::Quoted | Zone::Forwarded) => "2",
            Style::Zone(Zone::Hidden) => "31",
        };
        format!("\x1b[{code}m{words}\x1b[0m")
    }
}

/// Every body, line by line.
pub(super) fn bodies(text: &mut String, explained: &Explained, paint: Paint) {
    for body in &explained.message.bodies {
        let title = format!("Text, part {}", safe(&body.part));
        line(text, &format!("\n{}", paint.styled(&title, Style::Heading)));
        let matched = matched(explained, body);
        let mut number = 1;
        for zoned in &body.zones {
            let stretch = body.content.get(zoned.range.clone()).unwrap_or_default();
            let mut start = zoned.range.start;
            for piece in stretch.split_inclusive('\n') {
                let range = start..start + piece.trim_end_matches('\n').len();
                let words = underlined(&body.content, range, &matched, zoned.zone, paint);
                let zone = paint.styled(
                    &format!("{:<10}", word(zoned.zone)),
                    Style::Zone(zoned.zone),
                );
                let row = format!("{number:>4} {zone} | {words}");
                line(text, row.trim_end());
                start += piece.len();
                // Two zones may share a line: then it keeps its number.
                number += usize::from(piece.ends_with('\n'));
            }
        }
    }
}

/// Attachments, and what could not be read.
pub(super) fn parts(text: &mut String, explained: &Explained, paint: Paint) {
    let message = &explained.message;
    if !message.attachments.is_empty() {
        line(
            text,
            &format!("\n{}", paint.styled("Attachments", Style::Heading)),
        );
    }
    for attachment in &message.attachments {
        let read = match (&attachment.text, attachment.is_message) {
            (_, true) => "somebody's message: not the author's words",
            (Some(_), false) => "read for contact data",
            (None, false) if attachment.is_document => "opened only where a finding needs it",
            (None, false) => "not read",
        };
        line(
            text,
            &format!(
                "  part {}: {} {}, {} octets, {read}",
                safe(&attachment.part),
                safe(&attachment.media_type),
                safe(&attachment.file_name),
                attachment.size
            ),
        );
    }
    if !message.defects.is_empty() {
        line(
            text,
            &format!("\n{}", paint.styled("Could not be read", Style::Heading)),
        );
    }
    for defect in &message.defects {
        let place = if defect.part.is_empty() {
            "message"
        } else {
            &defect.part
        };
        line(
            text,
            &format!(
                "  {}: {} ({})",
                safe(place),
                safe(&defect.detail),
                defect.code
            ),
        );
    }
}

fn word(zone: Zone) -> &'static str {
    match zone {
        Zone::Own => "own",
        Zone::Signature => "signature",
        Zone::Disclaimer => "disclaimer",
        Zone::Quoted => "quoted",
        Zone::Forwarded => "forwarded",
        Zone::Hidden => "hidden",
    }
}

/// Where phrases of any query stand in a body: sorted, and apart from each other.
fn matched(explained: &Explained, body: &Text) -> Vec<Range<usize>> {
    let sentences = explained
        .explanation
        .queries
        .iter()
        .flat_map(|q| &q.sentences);
    let mut ranges: Vec<Range<usize>> = sentences
        .filter(|s| s.part == body.part && s.place != Place::Subject)
        .flat_map(|s| s.phrases.iter().map(|p| p.range.clone()))
        .collect();
    ranges.sort_by_key(|r| (r.start, r.end));
    let mut apart: Vec<Range<usize>> = Vec::new();
    for range in ranges {
        match apart.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => apart.push(range),
        }
    }
    apart
}

/// A stretch of a line, safe, in its zone's colour, with what matched underlined.
fn underlined(
    content: &str,
    line: Range<usize>,
    matched: &[Range<usize>],
    zone: Zone,
    paint: Paint,
) -> String {
    let piece = |range: Range<usize>, style: Style| {
        let words = terminal_safe(content.get(range).unwrap_or_default()).into_owned();
        paint.styled(&words, style)
    };
    let mut text = String::new();
    let mut at = line.start;
    let first = matched.partition_point(|m| m.end <= line.start);
    for range in matched
        .iter()
        .skip(first)
        .take_while(|m| m.start < line.end)
    {
        let (start, end) = (range.start.max(at), range.end.min(line.end));
        text.push_str(&piece(at..start, Style::Zone(zone)));
        text.push_str(&piece(start..end, Style::Matched));
        at = end;
    }
    text.push_str(&piece(at..line.end, Style::Zone(zone)));
    text
}
