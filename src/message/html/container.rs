//! Attributes of a tag, and what mail clients say with them: quotes, forwards, signatures, text that nobody sees.

use super::element::{Element, Tag};

/// The attributes of the tag that is being read; buffers are reused from tag to tag.
#[derive(Default)]
pub(super) struct Attributes {
    current: Attribute,
    class: String,
    id: String,
    style: String,
    href: String,
    name: String,
    kind: String,
    color: String,
    hidden: bool,
    background: bool,
    cite: bool,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Attribute {
    Class,
    Id,
    Style,
    Href,
    Label,
    Kind,
    Color,
    #[default]
    Other,
}

/// Containers of what is quoted, by class or id in lower case.
const QUOTES: [&str; 19] = [
    "gmail_attr",
    "yahoo_quoted",
    "moz-cite-prefix",
    "protonmail_quote",
    "zmail_extra",
    "ms-outlook-mobile-reference-message",
    "mail-editor-reference-message-container",
    "olk_src_body_section",
    "tutanota_quote",
    "freebirdquotedreply",
    "front-blockquote",
    "missive_quote",
    "sh-quoted-content",
    "airmail_on",
    "reply-intro",
    "isreplycontent",
    "messagereplysection",
    "__quoted_text__",
    "__headers__",
];

/// Containers of what is forwarded.
const FORWARDS: [&str; 2] = ["moz-forward-container", "isforwardcontent"];

/// Markers after which everything is the message that is answered.
const CUTS: [&str; 3] = ["appendonsend", "divrplyfwdmsg", "outlookmessageheader"];

/// Containers of the signature.
const SIGNATURES: [&str; 11] = [
    "gmail_signature",
    "gmail_signature_prefix",
    "moz-signature",
    "protonmail_signature_block",
    "ms-outlook-mobile-signature",
    "applemailsignature",
    "signature",
    "ymail_android_signature",
    "_rc_sig",
    "__sig_post__",
    "__sig_pre__",
];

impl Attributes {
    pub(super) fn clear(&mut self) {
        for text in [
            &mut self.class,
            &mut self.id,
            &mut self.style,
            &mut self.href,
            &mut self.name,
            &mut self.kind,
            &mut self.color,
        ] {
            text.clear();
        }
        self.current = Attribute::Other;
        self.hidden = false;
        self.background = false;
        self.cite = false;
    }

    pub(super) fn name(&mut self, name: &[u8]) {
        self.current = match name {
            b"class" => Attribute::Class,
            b"id" => Attribute::Id,
            b"style" => Attribute::Style,
            b"href" => Attribute::Href,
            b"name" | b"data-marker" => Attribute::Label,
            b"type" => Attribute::Kind,
            b"color" => Attribute::Color,
            _ => Attribute::Other,
        };
        self.hidden |= name == b"hidden";
        self.background |= matches!(name, b"bgcolor" | b"background");
        self.cite |= name == b"cite";
    }

    pub(super) fn value(&mut self, value: &[u8]) {
        let text = String::from_utf8_lossy(value);
        let lower = |text: &str| text.to_lowercase();
        match self.current {
            Attribute::Class => self.class = lower(&text),
            Attribute::Id => self.id = lower(&text),
            Attribute::Style => {
                self.style.clear();
                self.style.extend(
                    text.chars()
                        .filter(|c| !c.is_whitespace())
                        .map(|c| c.to_ascii_lowercase()),
                );
            }
            Attribute::Href => text.trim().clone_into(&mut self.href),
            Attribute::Label => self.name = lower(&text),
            Attribute::Kind => self.kind = lower(&text),
            Attribute::Color => self.color = lower(&text),
            Attribute::Other => {}
        }
    }

    /// Where a link leads, if that is somewhere outside the message.
    pub(super) fn href(&self) -> Option<&str> {
        let (scheme, rest) = self.href.split_once(':')?;
        let outside = !["cid", "javascript", "file", "data", "about", "blob", "mid"]
            .iter()
            .any(|s| scheme.eq_ignore_ascii_case(s));
        let is_scheme = scheme
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'));
        (outside && is_scheme && !rest.is_empty()).then_some(self.href.as_str())
    }

    /// Word and Outlook on the web write a paragraph per line and set margins to nothing.
    pub(super) fn is_word_paragraph(&self) -> bool {
        self.names().any(|name| name.starts_with("mso"))
            || self.style.contains("margin:0")
            || self.style.contains("margin-bottom:0")
            || self.style.contains("margin-top:0")
    }

    /// The rule that Hotmail and Zimbra draw above the answered message.
    pub(super) fn is_reply_rule(&self) -> bool {
        self.names()
            .any(|name| matches!(name, "stopspelling" | "zwchr"))
    }

    /// What an element of `tag` with these attributes does.
    pub(super) fn element(&self, tag: Tag) -> Element {
        let mut element = Element {
            preformatted: tag == Tag::Pre || self.style.contains("white-space:pre"),
            ..Element::default()
        };
        if !self.style.is_empty() || self.hidden || self.background || !self.color.is_empty() {
            self.style_effects(&mut element);
        }
        if !(self.class.is_empty() && self.id.is_empty() && self.name.is_empty()) {
            self.container_effects(&mut element);
        }
        if tag == Tag::Blockquote {
            let marked = self.kind == "cite" || self.cite || self.style.contains("border-left");
            let gmail = self.names().any(|name| name == "gmail_quote");
            element.gmail = false;
            element.quote |= marked || gmail;
            element.is_quote_block = element.quote;
            element.indent = !element.quote;
        } else if tag == Tag::Div {
            element.indent = !element.quote && self.style.contains("border-left:solid");
            element.border = self.style.contains("border:none;border-top:solid");
        }
        element
    }

    fn style_effects(&self, element: &mut Element) {
        let style = self.style.as_str();
        element.hidden = self.hidden
            || style.contains("display:none")
            || style.contains("visibility:hidden")
            || style.contains("max-height:0") && style.contains("overflow:hidden")
            || is_zero_font(style);
        element.background = self.background || style.contains("background");
        element.white = is_white(&self.color)
            || style
                .split(';')
                .filter_map(|rule| rule.strip_prefix("color:"))
                .any(is_white);
    }

    fn container_effects(&self, element: &mut Element) {
        for name in self.names() {
            element.gmail |= name == "gmail_quote";
            element.forward |= FORWARDS.contains(&name);
            element.quote |= element.gmail
                || element.forward
                || QUOTES.contains(&name)
                || name.starts_with("yahoo_quoted");
            element.signature |= SIGNATURES.contains(&name);
            element.cut |= CUTS.contains(&name);
        }
        element.quote |= self.name == "quote";
    }

    /// Classes and ids, without the prefixes that webmailers put before foreign ones.
    fn names(&self) -> impl Iterator<Item = &str> {
        self.class
            .split_ascii_whitespace()
            .chain(std::iter::once(self.id.as_str()))
            .chain(std::iter::once(self.name.as_str()))
            .map(|name| {
                let name = name.strip_prefix("x_").unwrap_or(name);
                name.strip_prefix("ecx").unwrap_or(name)
            })
    }
}

/// `font-size:0`, but not `font-size:0.9em`.
fn is_zero_font(style: &str) -> bool {
    let Some((_, size)) = style.split_once("font-size:0") else {
        return false;
    };
    let digits = size.trim_start_matches(['0', '.']);
    !digits.starts_with(|c: char| c.is_ascii_digit())
}

fn is_white(color: &str) -> bool {
    let color = color.trim().trim_end_matches("!important");
    matches!(
        color,
        "#fff" | "#ffffff" | "white" | "rgb(255,255,255)" | "rgba(255,255,255,1)"
    )
}
