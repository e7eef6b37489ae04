//! HTML to text: one line per block, links with their targets, and marks where containers say whose words they hold.
//!
//! A tokenizer drives a small machine instead of a tree builder, so that time stays linear in hostile nesting.

mod container;
mod element;
mod writer;

use std::convert::Infallible;
use std::ops::Range;

use html5gum::Tokenizer;
use html5gum::emitters::callback::{CallbackEmitter, CallbackEvent};

use super::Link;
use container::Attributes;
use element::{Element, Stack, Tag};
use writer::Writer;

/// What HTML shows.
#[derive(Debug, Default)]
pub(super) struct Rendered {
    /// The displayed text.
    pub(super) text: String,
    /// Links to somewhere outside the message.
    pub(super) links: Vec<Link>,
    /// What the mark-up says about stretches of the text, in order of their ends.
    pub(super) marks: Vec<Mark>,
}

/// A stretch of the text with something to know about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mark {
    /// Bytes of the text.
    pub(super) range: Range<usize>,
    /// What about it.
    pub(super) kind: MarkKind,
}

/// What mark-up can say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MarkKind {
    /// A client's container for what is quoted.
    Quote,
    /// A client's container for what is forwarded.
    Forward,
    /// An indented block: quoted if an attribution line stands before it.
    Indent,
    /// From here to the end is the message that is answered or forwarded.
    Cut,
    /// A line above: what follows is the answered message if a header block follows.
    Border,
    /// The client's container for the signature.
    Signature,
    /// Not shown to a reader.
    Hidden,
}

/// Renders `html`.
pub(super) fn render(html: &str) -> Rendered {
    let mut machine = Machine::default();
    let mut emitter = CallbackEmitter::new(
        |event: CallbackEvent<'_>, _: html5gum::Span<()>| -> Option<Infallible> {
            machine.event(&event);
            None
        },
    );
    emitter.naively_switch_states(true);
    let Ok(()) = Tokenizer::new_with_emitter(html, emitter).finish();
    machine.finish()
}

/// The state between two tokens.
#[derive(Default)]
struct Machine {
    out: Writer,
    stack: Stack,
    attributes: Attributes,
    tag: Tag,
    /// Inside an element whose text nobody sees (`<style>`, `<script>`, `<title>`).
    dropped: Option<Tag>,
    link: Option<(usize, String)>,
    links: Vec<Link>,
    marks: Vec<Mark>,
    cut: bool,
    open: Open,
}

/// How many open elements have an effect, and where the outermost of them began.
#[derive(Default)]
struct Open {
    hidden: Counter,
    quote: Counter,
    signature: Counter,
    indent: Counter,
    background: usize,
    white: usize,
}

#[derive(Default)]
struct Counter {
    depth: usize,
    start: usize,
}

impl Counter {
    fn enter(&mut self, at: usize) {
        if self.depth == 0 {
            self.start = at;
        }
        self.depth += 1;
    }

    /// The stretch that ends here, if this was the outermost.
    fn leave(&mut self, at: usize) -> Option<Range<usize>> {
        self.depth = self.depth.saturating_sub(1);
        (self.depth == 0 && self.start < at).then_some(self.start..at)
    }
}

impl Machine {
    fn event(&mut self, event: &CallbackEvent<'_>) {
        match event {
            CallbackEvent::OpenStartTag { name } => {
                self.tag = Tag::of(name);
                self.attributes.clear();
            }
            CallbackEvent::AttributeName { name } => self.attributes.name(name),
            CallbackEvent::AttributeValue { value } => self.attributes.value(value),
            CallbackEvent::CloseStartTag { .. } => self.start_tag(),
            CallbackEvent::EndTag { name } => self.end_tag(Tag::of(name)),
            CallbackEvent::String { value } if self.dropped.is_none() => self.text(value),
            _ => {}
        }
    }

    fn text(&mut self, value: &[u8]) {
        let text = String::from_utf8_lossy(value);
        // White text on the white page that mail clients show; a background anywhere around makes it readable.
        if self.open.white > 0 && self.open.background == 0 && !text.trim().is_empty() {
            let start = self.out.len();
            self.out.text(&text);
            if self.open.hidden.depth == 0 {
                self.marks.push(Mark {
                    range: start..self.out.len(),
                    kind: MarkKind::Hidden,
                });
            }
            return;
        }
        self.out.text(&text);
    }

    fn start_tag(&mut self) {
        if self.dropped.is_some() {
            return;
        }
        let tag = self.tag;
        if tag.is_dropped() {
            self.dropped = Some(tag);
            return;
        }
        match tag {
            Tag::Br => self.out.line_break(),
            Tag::Hr => self.rule(),
            Tag::Void => {}
            _ => self.open_element(tag),
        }
    }

    fn rule(&mut self) {
        if self.attributes.is_reply_rule() {
            self.cut();
        }
        self.out.block();
        self.out.text("________________________________");
        self.out.block();
    }

    fn open_element(&mut self, tag: Tag) {
        if tag.is_block() {
            let implied = self.stack.implied_by(tag);
            self.close_all(implied);
            self.out.block();
            match tag {
                Tag::P if !self.attributes.is_word_paragraph() => self.out.blank_line(),
                Tag::Li => self.out.text("• "),
                _ => {}
            }
        } else if tag == Tag::Cell {
            let implied = self.stack.implied_by(tag);
            self.close_all(implied);
            self.out.cell();
        }
        if tag == Tag::A {
            self.close_link();
            let target = self.attributes.href();
            self.out.flush_space();
            self.link = target.map(|target| (self.out.len(), target.to_owned()));
        }
        let element = self.attributes.element(tag);
        self.enter(&element);
        self.stack.push(tag, element, self.open.quote.depth);
    }

    fn enter(&mut self, element: &Element) {
        let at = self.out.len();
        if element.cut {
            self.cut();
        }
        if element.border && self.open.quote.depth == 0 {
            self.mark(at..at, MarkKind::Border);
        }
        if element.hidden {
            self.out.flush_space();
            self.open.hidden.enter(self.out.len());
        }
        if element.quote {
            self.open.quote.enter(at);
        }
        if element.signature {
            self.open.signature.enter(at);
        }
        if element.indent {
            self.open.indent.enter(at);
        }
        self.out.preformatted += usize::from(element.preformatted);
        self.open.background += usize::from(element.background);
        self.open.white += usize::from(element.white);
    }

    fn end_tag(&mut self, tag: Tag) {
        if let Some(dropped) = self.dropped {
            if tag == dropped {
                self.dropped = None;
            }
            return;
        }
        if tag.is_block() {
            self.out.block();
        }
        if tag == Tag::A {
            self.close_link();
        }
        let closed = self.stack.pop(tag);
        self.close_all(closed);
    }

    fn close_all(&mut self, closed: Vec<Element>) {
        for element in closed {
            self.leave(&element);
        }
    }

    fn leave(&mut self, element: &Element) {
        let at = self.out.len();
        if element.hidden
            && let Some(range) = self.open.hidden.leave(at)
        {
            self.mark(range, MarkKind::Hidden);
        }
        if element.signature
            && let Some(range) = self.open.signature.leave(at)
        {
            self.mark(range, MarkKind::Signature);
        }
        if element.quote
            && let Some(range) = self.open.quote.leave(at)
        {
            let kind = if element.forward {
                MarkKind::Forward
            } else {
                MarkKind::Quote
            };
            self.mark(range, kind);
        }
        if element.indent
            && let Some(range) = self.open.indent.leave(at)
            && self.open.quote.depth == 0
        {
            self.mark(range, MarkKind::Indent);
        }
        self.out.preformatted -= usize::from(element.preformatted).min(self.out.preformatted);
        self.open.background -= usize::from(element.background).min(self.open.background);
        self.open.white -= usize::from(element.white).min(self.open.white);
        // Gmail puts an answer between two quotes inside the container of all of them; a forwarded message there, which
        // begins with dashes, may hold quotes of its own and goes on to the container's end.
        if element.is_quote_block
            && !self.out.shows_dashes_at(self.open.quote.start)
            && self.stack.ends_gmail_quote(self.open.quote.depth)
            && let Some(range) = self.open.quote.leave(at)
        {
            self.mark(range, MarkKind::Quote);
        }
    }

    fn cut(&mut self) {
        let at = self.out.len();
        if self.open.quote.depth == 0 && !self.cut {
            self.cut = true;
            self.out.block();
            self.mark(at..at, MarkKind::Cut);
        }
    }

    fn mark(&mut self, range: Range<usize>, kind: MarkKind) {
        self.marks.push(Mark { range, kind });
    }

    fn close_link(&mut self) {
        if let Some((start, target)) = self.link.take() {
            let range = self.out.shown_since(start);
            self.links.push(Link { range, target });
        }
    }

    fn finish(mut self) -> Rendered {
        self.close_link();
        self.out.block();
        let closed = self.stack.pop_all();
        self.close_all(closed);
        let text = self.out.finish();
        for mark in &mut self.marks {
            mark.range.end = mark.range.end.min(text.len());
            mark.range.start = mark.range.start.min(mark.range.end);
        }
        for link in &mut self.links {
            link.range.end = link.range.end.min(text.len());
            link.range.start = link.range.start.min(link.range.end);
        }
        Rendered {
            text,
            links: self.links,
            marks: self.marks,
        }
    }
}

#[cfg(test)]
mod tests;
