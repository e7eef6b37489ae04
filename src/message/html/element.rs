//! Open elements that have an effect on the text inside them, and how they are closed, explicitly or by implication.

/// The elements that matter; all others are [`Tag::Other`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Tag {
    A,
    Block,
    Blockquote,
    Br,
    Cell,
    Div,
    Font,
    Hr,
    Li,
    List,
    #[default]
    Other,
    P,
    Pre,
    Row,
    Span,
    Table,
    Void,
    // Elements whose text is not shown.
    Script,
    Style,
    Title,
    Unshown,
}

/// Number of variants of [`Tag`].
const TAGS: usize = Tag::Unshown as usize + 1;

impl Tag {
    /// By its name in lower case.
    pub(super) fn of(name: &[u8]) -> Self {
        match name {
            b"a" => Self::A,
            b"blockquote" => Self::Blockquote,
            b"br" => Self::Br,
            b"td" | b"th" => Self::Cell,
            b"div" => Self::Div,
            b"font" => Self::Font,
            b"hr" => Self::Hr,
            b"li" => Self::Li,
            b"ul" | b"ol" | b"dl" => Self::List,
            b"p" => Self::P,
            b"pre" => Self::Pre,
            b"tr" => Self::Row,
            b"span" => Self::Span,
            b"table" => Self::Table,
            b"script" => Self::Script,
            b"style" => Self::Style,
            b"title" => Self::Title,
            b"iframe" | b"noembed" | b"noframes" | b"noscript" | b"template" | b"datalist" => {
                Self::Unshown
            }
            b"area" | b"base" | b"basefont" | b"bgsound" | b"col" | b"embed" | b"frame"
            | b"img" | b"input" | b"link" | b"meta" | b"param" | b"source" | b"track" | b"wbr" => {
                Self::Void
            }
            b"address" | b"article" | b"aside" | b"body" | b"caption" | b"center" | b"dd"
            | b"details" | b"dir" | b"dt" | b"fieldset" | b"figcaption" | b"figure" | b"footer"
            | b"form" | b"h1" | b"h2" | b"h3" | b"h4" | b"h5" | b"h6" | b"header" | b"hgroup"
            | b"html" | b"legend" | b"main" | b"menu" | b"nav" | b"option" | b"section"
            | b"select" | b"summary" | b"tbody" | b"textarea" | b"tfoot" | b"thead" | b"xmp" => {
                Self::Block
            }
            _ => Self::Other,
        }
    }

    /// Begins and ends a line.
    pub(super) fn is_block(self) -> bool {
        matches!(
            self,
            Self::Block
                | Self::Blockquote
                | Self::Div
                | Self::Li
                | Self::List
                | Self::P
                | Self::Pre
                | Self::Row
                | Self::Table
        )
    }

    /// Its text is not shown.
    pub(super) fn is_dropped(self) -> bool {
        matches!(
            self,
            Self::Script | Self::Style | Self::Title | Self::Unshown
        )
    }
}

/// What an open element does to the text inside it.
#[derive(Debug, Clone, Default)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "independent effects, each with its own counter in the machine"
)]
pub(super) struct Element {
    pub(super) hidden: bool,
    pub(super) quote: bool,
    pub(super) forward: bool,
    /// Gmail's container around an attribution line and a quote.
    pub(super) gmail: bool,
    /// A `<blockquote>` that counts as a quote.
    pub(super) is_quote_block: bool,
    /// An indented block that may be a quote.
    pub(super) indent: bool,
    pub(super) signature: bool,
    pub(super) cut: bool,
    pub(super) border: bool,
    pub(super) preformatted: bool,
    pub(super) background: bool,
    pub(super) white: bool,
}

impl Element {
    fn has_effect_until_closed(&self) -> bool {
        self.hidden
            || self.quote
            || self.indent
            || self.signature
            || self.preformatted
            || self.background
            || self.white
    }
}

struct Open {
    tag: Tag,
    /// Which of the open elements of this tag it is, counted from 1.
    depth: usize,
    /// How many tables were open.
    tables: usize,
    /// How many quotes are open, itself included.
    quotes: usize,
    element: Element,
}

/// The open elements: counted by tag, and kept if they have an effect. Every operation takes amortised constant time,
/// whatever the nesting.
#[derive(Default)]
pub(super) struct Stack {
    depths: [usize; TAGS],
    by_tag: [Vec<usize>; TAGS],
    open: Vec<Open>,
    gmail: Vec<usize>,
}

impl Stack {
    pub(super) fn push(&mut self, tag: Tag, element: Element, quotes: usize) {
        let tables = self.depth(Tag::Table);
        let Some(depth) = self.depths.get_mut(tag as usize) else {
            return;
        };
        *depth += 1;
        if !element.has_effect_until_closed() {
            return;
        }
        let index = self.open.len();
        if let Some(indexes) = self.by_tag.get_mut(tag as usize) {
            indexes.push(index);
        }
        if element.gmail {
            self.gmail.push(index);
        }
        self.open.push(Open {
            tag,
            depth: *depth,
            tables,
            quotes,
            element,
        });
    }

    /// Closes the innermost element of that tag and everything with an effect inside it, innermost first.
    pub(super) fn pop(&mut self, tag: Tag) -> Vec<Element> {
        let depth = self.depth(tag);
        if depth == 0 {
            return Vec::new();
        }
        if let Some(count) = self.depths.get_mut(tag as usize) {
            *count -= 1;
        }
        let cells = if tag == Tag::Table {
            self.first_in_table(depth)
        } else {
            None
        };
        let own = self
            .last(tag)
            .filter(|&index| self.open.get(index).is_some_and(|o| o.depth == depth));
        match own.into_iter().chain(cells).min() {
            Some(index) => self.truncate(index),
            None => Vec::new(),
        }
    }

    /// Closes what HTML lets authors leave open before an element of that tag.
    pub(super) fn implied_by(&mut self, tag: Tag) -> Vec<Element> {
        let mut closed = if tag.is_block() {
            self.pop(Tag::P)
        } else {
            Vec::new()
        };
        if matches!(tag, Tag::Cell | Tag::Row) {
            let tables = self.depth(Tag::Table);
            let sibling = self
                .last(tag)
                .filter(|&index| self.open.get(index).is_some_and(|o| o.tables == tables));
            if let Some(index) = sibling {
                closed.extend(self.truncate(index));
            }
        }
        closed
    }

    /// Closes everything.
    pub(super) fn pop_all(&mut self) -> Vec<Element> {
        self.truncate(0)
    }

    /// Whether the innermost Gmail container is the innermost open quote; it stops being one.
    pub(super) fn ends_gmail_quote(&mut self, quotes: usize) -> bool {
        let Some(open) = self.gmail.last().and_then(|&i| self.open.get_mut(i)) else {
            return false;
        };
        std::mem::take(&mut open.element.quote) && {
            let innermost = open.quotes == quotes;
            open.element.quote = !innermost;
            innermost
        }
    }

    fn depth(&self, tag: Tag) -> usize {
        self.depths.get(tag as usize).copied().unwrap_or(0)
    }

    fn last(&self, tag: Tag) -> Option<usize> {
        self.by_tag.get(tag as usize)?.last().copied()
    }

    /// The outermost row or cell with an effect that belongs to the innermost table.
    fn first_in_table(&self, tables: usize) -> Option<usize> {
        let first = |tag: Tag| {
            let indexes = self.by_tag.get(tag as usize)?;
            let inside =
                |&&index: &&usize| self.open.get(index).is_some_and(|o| o.tables >= tables);
            indexes.iter().rev().take_while(inside).last().copied()
        };
        [first(Tag::Row), first(Tag::Cell)]
            .into_iter()
            .flatten()
            .min()
    }

    fn truncate(&mut self, index: usize) -> Vec<Element> {
        let mut closed = Vec::new();
        while self.open.len() > index
            && let Some(open) = self.open.pop()
        {
            if let Some(indexes) = self.by_tag.get_mut(open.tag as usize) {
                indexes.pop();
            }
            if open.element.gmail {
                self.gmail.pop();
            }
            closed.push(open.element);
        }
        closed
    }
}
