//! A message that is put together from its parts: which are still needed, and what comes of them.

use std::collections::HashMap;

use super::Listed;
use super::fetch_answer::Body;
use super::structure::Structure;
use crate::mailbox::LONG;
use crate::message::{PartHead, part_head};

/// More parts than this are not asked for one by one; so a command stays below 8,192 octets, too.
const MOST_PARTS: usize = 100;

/// Saving less than this, or less than a quarter of the message, is not worth the questions.
const LEAST_SAVING: u64 = 32 << 10;

/// Octets of a part's header, usually.
const HEAD_WEIGHT: u64 = 300;

/// A large message under way.
#[derive(Debug)]
pub(super) struct Draft {
    listed: Listed,
    structure: Structure,
    header: Vec<u8>,
    /// Answers by section (`1.MIME`, `1`).
    sections: HashMap<String, Vec<u8>>,
}

/// What a draft needs.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// These FETCH items, with about so many octets.
    Ask { items: String, octets: u64 },
    /// Nothing: the message as far as it is read.
    Done(Vec<u8>),
    /// The whole message: its parts do not fit together.
    GiveUp,
}

impl Draft {
    /// Begins with what the server told first; `None` if the message had better be fetched whole.
    pub(super) fn begin(listed: Listed, structure: Structure, header: Vec<u8>) -> Option<Self> {
        let saving = structure.other_than_text();
        let pays = saving >= LEAST_SAVING && saving >= u64::from(listed.size) / 4;
        let draft = Self {
            listed,
            structure,
            header,
            sections: HashMap::new(),
        };
        (pays && draft.structure.parts() <= MOST_PARTS && draft.next() != Next::GiveUp)
            .then_some(draft)
    }

    pub(super) fn listed(&self) -> Listed {
        self.listed
    }

    /// Octets of header and parts that have come.
    pub(super) fn kept(&self) -> usize {
        self.header.len() + self.sections.values().map(Vec::len).sum::<usize>()
    }

    /// Takes an answer; whether it brought anything new, and nothing that the server does not have.
    pub(super) fn take(&mut self, sections: Vec<(String, Body)>) -> bool {
        let before = self.sections.len();
        for (section, body) in sections {
            match body {
                Body::Octets(octets) => self.sections.insert(section, octets),
                Body::TooLarge(_) | Body::Nil | Body::Taken => return false,
            };
        }
        self.sections.len() > before
    }

    /// What is needed next.
    pub(super) fn next(&self) -> Next {
        let mut walk = Walk {
            sections: &self.sections,
            needs: Vec::new(),
            octets: 0,
            boundaries: Vec::new(),
            message: Vec::new(),
        };
        match walk.visit(&self.structure, "", Some(&self.header)) {
            None => Next::GiveUp,
            Some(()) if walk.needs.is_empty() => Next::Done(walk.message),
            Some(()) => Next::Ask {
                items: walk.needs.join(" "),
                octets: walk.octets,
            },
        }
    }
}

/// A walk through the tree that writes the message as far as its parts are there, and notes those that are not.
struct Walk<'a> {
    sections: &'a HashMap<String, Vec<u8>>,
    needs: Vec<String>,
    octets: u64,
    /// Delimiters of the multiparts around.
    boundaries: Vec<Vec<u8>>,
    message: Vec<u8>,
}

impl Walk<'_> {
    /// `None` if our reading of the headers and the server's of the body differ.
    fn visit(&mut self, part: &Structure, number: &str, head: Option<&[u8]>) -> Option<()> {
        let Some(head) = head else {
            self.needs.push(format!("BODY.PEEK[{number}.MIME]"));
            self.octets += HEAD_WEIGHT;
            return match part {
                Structure::Multipart(children) => self.children(children, number),
                // Text is always read: its header need not be waited for.
                Structure::Single {
                    is_text: true,
                    size,
                } => self.content(number, *size, TEXT_AHEAD),
                Structure::Single { .. } => Some(()),
            };
        };
        match (part, part_head(head)?) {
            (Structure::Multipart(children), PartHead::Multipart { boundary }) => {
                self.message.extend_from_slice(head);
                let delimiter = format!("--{}", boundary.trim_end()).into_bytes();
                self.boundaries.push(delimiter.clone());
                for (index, child) in (1..).zip(children) {
                    let number = below(number, index);
                    self.line(&delimiter, b"");
                    let head = self.sections.get(&format!("{number}.MIME"));
                    self.visit(child, &number, head.map(Vec::as_slice))?;
                }
                self.line(&delimiter, b"--");
                self.boundaries.pop();
                Some(())
            }
            (Structure::Single { size, .. }, PartHead::Read { most }) => {
                self.message.extend_from_slice(head);
                let number = if number.is_empty() { "TEXT" } else { number };
                self.content(number, *size, most)
            }
            (Structure::Single { .. }, PartHead::Listed) => {
                self.message.extend_from_slice(head);
                Some(())
            }
            (Structure::Multipart(_), _) | (_, PartHead::Multipart { .. }) => None,
        }
    }

    /// Asks for the headers below a multipart whose own header has not come.
    fn children(&mut self, children: &[Structure], number: &str) -> Option<()> {
        (1..)
            .zip(children)
            .try_for_each(|(index, child)| self.visit(child, &below(number, index), None))
    }

    fn content(&mut self, number: &str, size: u64, most: u64) -> Option<()> {
        // Only a message that is attached is read to its end. Of a long one less is held when the message around it comes
        // whole, for then what nobody reads is dropped inside it, too.
        if most == u64::MAX && size > LONG {
            return None;
        }
        if let Some(content) = self.sections.get(number) {
            let cut = content.len() as u64 == TEXT_AHEAD && most > TEXT_AHEAD;
            if cut || self.boundaries.iter().any(|d| holds_line(content, d)) {
                return None;
            }
            self.message.extend_from_slice(content);
        } else if size > most {
            self.needs.push(format!("BODY.PEEK[{number}]<0.{most}>"));
            self.octets += most;
        } else {
            self.needs.push(format!("BODY.PEEK[{number}]"));
            self.octets += size;
        }
        Some(())
    }

    /// A delimiter line; the line break before it belongs to it (RFC 2046, 5.1.1).
    fn line(&mut self, delimiter: &[u8], end: &[u8]) {
        for piece in [b"\r\n", delimiter, end, b"\r\n"] {
            self.message.extend_from_slice(piece);
        }
    }
}

/// Of text whose header is not known yet so much is asked for: all that is ever read.
const TEXT_AHEAD: u64 = 12 << 20 | 1;

fn below(number: &str, index: usize) -> String {
    if number.is_empty() {
        index.to_string()
    } else {
        format!("{number}.{index}")
    }
}

/// Whether a line of `content` begins with `start`: we would cut there, and the server did not.
fn holds_line(content: &[u8], start: &[u8]) -> bool {
    memchr::memmem::find_iter(content, start)
        .any(|at| at == 0 || content.get(at - 1) == Some(&b'\n'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::parse;

    const HEADER: &str = "Subject: x\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n";

    fn single(is_text: bool, size: u64) -> Structure {
        Structure::Single { is_text, size }
    }

    fn begin(header: &str, structure: Structure, size: u32) -> Option<Draft> {
        let listed = Listed {
            uid: 1,
            size,
            internal_date: None,
        };
        Draft::begin(listed, structure, header.into())
    }

    fn asked(draft: &Draft) -> String {
        match draft.next() {
            Next::Ask { items, .. } => items,
            other => panic!("{other:?}"),
        }
    }

    fn give(draft: &mut Draft, sections: &[(&str, &str)]) -> Next {
        let octets = |text: &str| Body::Octets(text.as_bytes().to_vec());
        let sections = sections.iter();
        draft.take(
            sections
                .map(|(s, t)| ((*s).to_owned(), octets(t)))
                .collect(),
        );
        draft.next()
    }

    #[test]
    fn only_what_is_read_is_asked_for() {
        let tree = Structure::Multipart(vec![
            Structure::Multipart(vec![single(true, 9), single(false, 70_000)]),
            single(false, 80_000),
            single(false, 300),
        ]);
        let mut draft = begin(HEADER, tree, 160_000).expect("a draft");
        assert_eq!(
            asked(&draft),
            "BODY.PEEK[1.MIME] BODY.PEEK[1.1.MIME] BODY.PEEK[1.1] BODY.PEEK[1.2.MIME] BODY.PEEK[2.MIME] BODY.PEEK[3.MIME]"
        );
        let heads = [
            (
                "1.MIME",
                "Content-Type: multipart/related; boundary=\"c c\"\r\n\r\n",
            ),
            ("1.1.MIME", "\r\n"),
            ("1.1", "Adieu."),
            ("1.2.MIME", "Content-Type: image/png\r\n\r\n"),
            (
                "2.MIME",
                "Content-Type: application/pdf; name=a.pdf\r\n\r\n",
            ),
            (
                "3.MIME",
                "Content-Type: application/octet-stream; name=a.vcf\r\n\r\n",
            ),
        ];
        let next = give(&mut draft, &heads);
        assert_eq!(
            next,
            Next::Ask {
                items: "BODY.PEEK[3]".to_owned(),
                octets: 300
            }
        );
        let Next::Done(octets) = give(&mut draft, &[("3", "BEGIN:VCARD")]) else {
            panic!("not done");
        };
        let message = parse(&octets);
        assert_eq!(
            message.bodies.first().map(|b| b.content.as_str()),
            Some("Adieu.")
        );
        let attached: Vec<_> = message
            .attachments
            .iter()
            .map(|a| (a.part.as_str(), a.text.as_ref().map(|t| t.content.as_str())))
            .collect();
        assert_eq!(
            attached,
            [("1.2", None), ("2", None), ("3", Some("BEGIN:VCARD"))]
        );
        assert_eq!(message.defects, []);
    }

    #[test]
    fn what_saves_nothing_is_not_begun() {
        assert!(begin("\r\n", single(true, 90_000), 90_000).is_none());
        let tree = |other| Structure::Multipart(vec![single(true, 9), single(false, other)]);
        assert!(begin(HEADER, tree(20_000), 70_000).is_none());
        assert!(begin(HEADER, tree(40_000), 700_000).is_none());
        assert!(begin(HEADER, tree(70_000), 71_000).is_some());
        assert!(begin("Subject: x\r\n\r\n", tree(70_000), 71_000).is_none());
        let many = Structure::Multipart(vec![single(false, 70_000); 200]);
        assert!(begin(HEADER, many, 7_000_000).is_none());
    }

    #[test]
    fn what_is_never_decoded_is_not_asked_for() {
        let tree = Structure::Multipart(vec![single(true, 90 << 20), single(false, 90 << 20)]);
        let draft = begin(HEADER, tree, 180 << 20).expect("a draft");
        assert_eq!(
            asked(&draft),
            "BODY.PEEK[1.MIME] BODY.PEEK[1]<0.12582913> BODY.PEEK[2.MIME]"
        );
    }

    #[track_caller]
    fn check_given_up(sections: &[(&str, &str)]) {
        let tree = Structure::Multipart(vec![single(true, 9), single(false, 70_000)]);
        let mut draft = begin(HEADER, tree, 71_000).expect("a draft");
        assert_eq!(give(&mut draft, sections), Next::GiveUp);
    }

    #[test]
    fn parts_that_do_not_fit_together() {
        let (text, image) = (
            ("1.MIME", "\r\n"),
            ("2.MIME", "Content-Type: image/png\r\n\r\n"),
        );
        // The server has seen one part where we would cut.
        check_given_up(&[text, ("1", "a\r\n--b\r\nc"), image]);
        // A multipart to us, and none to the server.
        let mixed = (
            "2.MIME",
            "Content-Type: multipart/mixed; boundary=c\r\n\r\n",
        );
        check_given_up(&[text, ("1", "a"), mixed]);
        // The header does not end.
        check_given_up(&[
            ("1.MIME", "Content-Type: text/plain\r\nprose"),
            ("1", "a"),
            image,
        ]);
    }

    #[test]
    fn a_long_message_inside_is_not_asked_for() {
        let head = ("2.MIME", "Content-Type: message/rfc822\r\n\r\n");
        let next = |size: u32| {
            let children = vec![single(true, 9), single(false, size.into())];
            let mut draft = begin(HEADER, Structure::Multipart(children), size).expect("a draft");
            give(&mut draft, &[("1.MIME", "\r\n"), ("1", "a"), head])
        };
        assert_eq!(next((8 << 20) + 1), Next::GiveUp);
        let (items, octets) = ("BODY.PEEK[2]".to_owned(), LONG);
        assert_eq!(next(8 << 20), Next::Ask { items, octets });
    }

    #[test]
    fn an_answer_without_content_ends_it() {
        let tree = Structure::Multipart(vec![single(true, 9), single(false, 70_000)]);
        let mut draft = begin(HEADER, tree, 71_000).expect("a draft");
        assert!(!draft.take(vec![("1".to_owned(), Body::Nil)]));
        assert!(!draft.take(Vec::new()));
    }
}
