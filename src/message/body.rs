//! Which parts are displayed, in reading order, and what is attached.

use super::attachment;
use super::header::Header;
use super::html::{self, Mark};
use super::mime::{Encoding, Part};
use super::zones::{self, Clues};
use super::{Attachment, Defect, Link, Text, charset, flowed, fold, transfer};

/// More text than anybody reads: what lies beyond is not judged, and a defect says so.
pub(super) const LONGEST_BODY: usize = 4 * 1024 * 1024;

/// A part's text with what its mark-up said about it.
#[derive(Debug, Default)]
pub(super) struct Displayed {
    /// MIME part number.
    pub(super) part: String,
    /// UTF-8, line ends as `\n`.
    pub(super) content: String,
    /// Link targets.
    pub(super) links: Vec<Link>,
    /// Of HTML.
    pub(super) marks: Vec<Mark>,
    /// Rendered from HTML.
    is_html: bool,
}

/// What was collected from a tree of parts.
#[derive(Debug, Default)]
pub(super) struct Contents {
    /// Displayed texts, in reading order.
    pub(super) displayed: Vec<Displayed>,
    /// Everything else.
    pub(super) attachments: Vec<Attachment>,
    /// What could not be read.
    pub(super) defects: Vec<Defect>,
}

impl Contents {
    /// Collects from `part` and everything below it; `depth` counts the messages around it.
    pub(super) fn collect(&mut self, part: &Part<'_>, depth: usize) {
        match part.media_type.as_str() {
            "multipart/alternative" => self.collect_alternative(part, depth),
            kind if kind.starts_with("multipart/") && !part.children.is_empty() => {
                for child in &part.children {
                    self.collect(child, depth);
                }
            }
            "text/plain" | "text/html" | "text/enriched" | "text/x-amp-html"
                if self.is_displayed(part) =>
            {
                let displayed = self.read(part);
                self.displayed.push(displayed);
            }
            _ => attachment::read(part, depth, self),
        }
    }

    fn is_displayed(&self, part: &Part<'_>) -> bool {
        let first = self.displayed.is_empty();
        match (part.is_attachment, part.file_name.is_empty()) {
            (false, named) => named || first && !attachment::has_text_name(&part.file_name),
            // Some gateways call the only part of a message an attachment.
            (true, true) => part.number == "1" && first,
            (true, false) => false,
        }
    }

    /// Takes the best of several forms of one text; what is attached to any of them is kept.
    fn collect_alternative(&mut self, part: &Part<'_>, depth: usize) {
        let mut forms: Vec<Vec<Displayed>> = Vec::new();
        for child in &part.children {
            let mut contents = Self::default();
            contents.collect(child, depth);
            self.attachments.append(&mut contents.attachments);
            self.defects.append(&mut contents.defects);
            if !contents.displayed.is_empty() && child.media_type != "text/x-amp-html" {
                forms.push(contents.displayed);
            }
        }
        let plain = forms
            .iter()
            .position(|form| form.iter().all(|text| !text.is_html));
        let html = forms
            .iter()
            .rposition(|form| form.iter().any(|text| text.is_html));
        let chosen = match (plain, html) {
            (Some(plain), Some(html)) => {
                if is_stopgap(forms.get(plain), forms.get(html)) {
                    html
                } else {
                    let links = forms.get(html).map(Vec::as_slice).map(behind);
                    if let (Some(links), Some(form)) = (links, forms.get_mut(plain)) {
                        carry_links(&links, form);
                    }
                    plain
                }
            }
            (Some(one), None) | (None, Some(one)) => one,
            (None, None) => return,
        };
        if chosen < forms.len() {
            self.displayed.append(&mut forms.swap_remove(chosen));
        }
    }

    /// Decodes a text part for display.
    pub(super) fn read(&mut self, part: &Part<'_>) -> Displayed {
        let text = self.text_of(part, LONGEST_BODY, false);
        if part.media_type == "text/html" || part.media_type == "text/x-amp-html" {
            let rendered = html::render(&text);
            return Displayed {
                part: part.number.clone(),
                content: rendered.text,
                links: rendered.links,
                marks: rendered.marks,
                is_html: true,
            };
        }
        let text = skip_uuencoded(text, &part.number, self);
        let content = if part.flowed {
            flowed::unflow(&text, part.delete_space)
        } else {
            text
        };
        Displayed {
            part: part.number.clone(),
            content,
            ..Displayed::default()
        }
    }

    /// The decoded text of a part, at most `limit` octets of it, with line ends as `\n`.
    pub(super) fn text_of(&mut self, part: &Part<'_>, limit: usize, is_attachment: bool) -> String {
        let most = match part.encoding {
            Encoding::Identity => limit,
            Encoding::Base64 => limit / 3 * 4 + limit / 16,
            Encoding::QuotedPrintable => limit * 3,
        };
        let encoded = part.body.get(..most).unwrap_or(part.body);
        let mut decoded = match part.encoding {
            Encoding::Identity => transfer::heal_quoted_printable(encoded).into_owned(),
            Encoding::QuotedPrintable => transfer::quoted_printable(encoded),
            Encoding::Base64 => {
                let decoded = transfer::base64(encoded);
                if decoded.damaged {
                    self.defect(
                        part,
                        "bad-base64",
                        "characters outside the alphabet were skipped",
                        false,
                    );
                }
                decoded.octets
            }
        };
        if encoded.len() < part.body.len() || decoded.len() > limit {
            decoded.truncate(limit);
            let code = if is_attachment {
                "attachment-too-large"
            } else {
                "text-too-long"
            };
            self.defect(
                part,
                code,
                &format!("only the first {limit} octets were read"),
                is_attachment,
            );
        }
        normalize(charset::decode(&decoded, part.charset.as_deref()))
    }

    pub(super) fn defect(
        &mut self,
        part: &Part<'_>,
        code: &'static str,
        detail: &str,
        is_attachment: bool,
    ) {
        self.defects.push(Defect {
            part: part.number.clone(),
            code,
            detail: detail.to_owned(),
            is_attachment,
        });
    }
}

impl Displayed {
    /// The text with its zones.
    pub(super) fn divided(self, clues: &Clues) -> Text {
        let zones = zones::divide(&self.content, &self.marks, clues);
        Text {
            part: self.part,
            content: self.content,
            zones,
            links: self.links,
        }
    }
}

/// Line ends as `\n`, without NULs and other controls, byte order marks and characters that nobody sees.
fn normalize(text: String) -> String {
    let text = without_carriage_returns(text);
    // Without early exits inside a block the compiler compares many bytes at once.
    let any = |is_odd: fn(u8) -> bool| {
        let blocks = text.as_bytes().chunks(256);
        blocks
            .into_iter()
            .any(|block| block.iter().fold(false, |odd, &byte| odd | is_odd(byte)))
    };
    let controls = any(|byte| byte < b' ' && byte != b'\n' && byte != b'\t' || byte == 0x7f);
    // The first octets of U+00AD and of everything else that `is_invisible` knows.
    let invisible =
        !text.is_ascii() && any(|byte| matches!(byte, 0xc2 | 0xcd | 0xe1 | 0xe2 | 0xef));
    if !(controls || invisible && text.contains(fold::is_invisible)) {
        return text;
    }
    text.chars()
        .filter_map(|c| match c {
            '\n' | '\t' => Some(c),
            '\u{b}' | '\u{c}' => Some('\n'),
            _ if c.is_ascii_control() || fold::is_invisible(c) => None,
            _ => Some(c),
        })
        .collect()
}

/// CRLF becomes LF, and so does a lone CR, which ended lines in old Macintosh mail.
fn without_carriage_returns(text: String) -> String {
    let Some(first) = memchr::memchr(b'\r', text.as_bytes()) else {
        return text;
    };
    let mut out = String::with_capacity(text.len());
    let (head, mut rest) = text.split_at(first);
    out.push_str(head);
    while let Some(after) = rest.strip_prefix('\r') {
        // `\r\r\n` comes from transfers that translated line ends twice.
        let after = after.trim_start_matches('\r');
        if !after.starts_with('\n') {
            out.push('\n');
        }
        let end = memchr::memchr(b'\r', after.as_bytes()).unwrap_or(after.len());
        let (line, next) = after.split_at(end);
        out.push_str(line);
        rest = next;
    }
    out
}

/// Removes uuencoded files, which are attachments of an older time.
fn skip_uuencoded(text: String, number: &str, contents: &mut Contents) -> String {
    if !text.contains("\nend") || !(text.starts_with("begin ") || text.contains("\nbegin ")) {
        return text;
    }
    let mut out = String::with_capacity(text.len());
    let mut file: Option<(String, u64)> = None;
    for line in text.split_inclusive('\n') {
        let bare = line.trim_end();
        match &mut file {
            Some((name, size)) if bare == "end" => {
                contents.attachments.push(Attachment {
                    part: number.to_owned(),
                    file_name: std::mem::take(name),
                    media_type: "application/octet-stream".to_owned(),
                    size: *size,
                    ..Attachment::default()
                });
                file = None;
            }
            Some((_, size)) => *size += bare.len().saturating_sub(1) as u64 * 3 / 4,
            None => match uuencoded_name(bare) {
                Some(name) if text.contains("\nend") => file = Some((name.to_owned(), 0)),
                _ => out.push_str(line),
            },
        }
    }
    if file.is_some() {
        // Without its end it may be prose that begins with `begin`.
        return text;
    }
    out
}

fn uuencoded_name(line: &str) -> Option<&str> {
    let (mode, name) = line.strip_prefix("begin ")?.split_once(' ')?;
    let is_mode = (3..=4).contains(&mode.len()) && mode.bytes().all(|b| (b'0'..=b'7').contains(&b));
    is_mode.then_some(name.trim())
}

/// Whether the plain form only stands in for the HTML: empty, cut short, or an appeal to view the other one.
fn is_stopgap(plain: Option<&Vec<Displayed>>, html: Option<&Vec<Displayed>>) -> bool {
    let letters = |form: Option<&Vec<Displayed>>| -> usize {
        form.into_iter()
            .flatten()
            .map(|text| text.content.chars().filter(|c| c.is_alphanumeric()).count())
            .sum()
    };
    let (plain_letters, html_letters) = (letters(plain), letters(html));
    if plain_letters * 2 < html_letters {
        return true;
    }
    let short = plain_letters < 400;
    short
        && plain.into_iter().flatten().any(|text| {
            let folded = fold::fold(&text.content);
            ["html", "view this", "navegador", "browser", "navigateur"]
                .iter()
                .any(|word| folded.contains(word))
                && [
                    "view", "ver ", "mostrar", "anzeigen", "afficher", "visual", "bekijk",
                    "support", "display",
                ]
                .iter()
                .any(|word| folded.contains(word))
        })
}

/// The links of a form with the text they are behind.
fn behind(form: &[Displayed]) -> Vec<(String, String)> {
    form.iter()
        .flat_map(|text| {
            text.links.iter().map(|link| {
                let shown = text.content.get(link.range.clone()).unwrap_or("").trim();
                (shown.to_owned(), link.target.clone())
            })
        })
        .collect()
}

/// How far beyond the last link the next one is sought, in bytes.
const LINK_WINDOW: usize = 32 * 1024;

/// Puts the links of the HTML behind the same words of the plain form; without such words, at its end.
fn carry_links(links: &[(String, String)], form: &mut [Displayed]) {
    let Some(text) = form.first_mut() else { return };
    let end = text.content.len();
    let mut from = 0;
    for (shown, target) in links {
        // Only forwards and not too far: else many links in a long text would take quadratic time.
        let window = text
            .content
            .as_bytes()
            .get(from..end.min(from + LINK_WINDOW));
        let found = window
            .filter(|_| !shown.is_empty())
            .and_then(|window| memchr::memmem::find(window, shown.as_bytes()));
        let range = found.map_or(end..end, |at| from + at..from + at + shown.len());
        if !range.is_empty() {
            from = range.start;
        }
        text.links.push(Link {
            range,
            target: target.clone(),
        });
    }
}

/// The header of a nested message and its displayed text, one after the other, as a reader of the attachment sees them.
pub(super) fn nested_text(header: &Header<'_>, contents: &[Displayed]) -> String {
    let mut out = String::new();
    for name in ["From", "To", "Cc", "Date", "Subject"] {
        if let Some(value) = header.text(name) {
            out.push_str(name);
            out.push_str(": ");
            out.push_str(&value);
            out.push('\n');
        }
    }
    for text in contents {
        out.push('\n');
        out.push_str(&text.content);
    }
    out
}
