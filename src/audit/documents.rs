//! The documents of one message: read in a worker when the judge asks for them, and told where they could not be.

use std::cell::OnceCell;

use crate::detect;
use crate::document::{Extract, MOST_OCTETS, Reader, Shortfall};
use crate::message::{self, Attachment, Defect, Message, Text, Zone, Zoned};
use crate::source::imap::Extent;

/// Of one message so many documents are opened at most.
const MOST: usize = 20;

/// The documents of a message under judgement.
pub(super) struct Documents<'m> {
    message: &'m Message,
    octets: &'m [u8],
    extent: Extent,
    /// Without one, nothing is opened.
    reader: Option<&'m Reader>,
    read: OnceCell<Outcome>,
}

/// What was read because the judge asked for it.
#[derive(Default)]
pub(super) struct Outcome {
    texts: Vec<Text>,
    /// Part numbers.
    unread: Vec<(String, Shortfall)>,
}

impl<'m> Documents<'m> {
    /// Those of `message`, which was read out of `octets`.
    pub(super) fn new(
        message: &'m Message,
        octets: &'m [u8],
        extent: Extent,
        reader: Option<&'m Reader>,
    ) -> Self {
        Self {
            message,
            octets,
            extent,
            reader,
            read: OnceCell::new(),
        }
    }

    /// Whether the judge asked for what was not fetched.
    pub(super) fn are_missing(&self) -> bool {
        self.extent == Extent::Read && self.read.get().is_some()
    }

    /// What the judge asked for and did not get, with the numbers of the parts.
    pub(super) fn unread(&self) -> impl Iterator<Item = (&str, Shortfall)> {
        let unread = self.read.get().into_iter().flat_map(|read| &read.unread);
        unread.map(|(part, shortfall)| (part.as_str(), *shortfall))
    }

    pub(super) fn into_outcome(self) -> Outcome {
        self.read.into_inner().unwrap_or_default()
    }

    fn read(&self) -> Outcome {
        let mut outcome = Outcome::default();
        if self.extent == Extent::Read {
            return outcome;
        }
        let documents = self.message.attachments.iter().filter(|a| a.is_document);
        for (index, attachment) in documents.enumerate() {
            let extract = if index < MOST {
                self.extract(attachment)
            } else {
                Shortfall::TooLarge.into()
            };
            let part = || attachment.part.clone();
            outcome
                .unread
                .extend(extract.shortfall.map(|s| (part(), s)));
            if !extract.text.is_empty() {
                outcome.texts.push(own(part(), extract.text));
            }
        }
        outcome
    }

    fn extract(&self, attachment: &Attachment) -> Extract {
        let Some(reader) = self.reader else {
            return Shortfall::NoWorker.into();
        };
        if attachment.size > MOST_OCTETS as u64 {
            return Shortfall::TooLarge.into();
        }
        match message::attached(self.octets, &attachment.part) {
            // Nothing is attached, and nothing is missing.
            Some(octets) if octets.is_empty() => Extract::default(),
            Some(octets) => reader.read(octets),
            None => Shortfall::Broken.into(),
        }
    }
}

impl Outcome {
    /// Puts the texts, and what could not be read, into the message, for people to see.
    pub(super) fn fill(self, message: &mut Message) {
        for text in self.texts {
            let attachments = message.attachments.iter_mut();
            for attachment in attachments.filter(|a| a.is_document && a.part == text.part) {
                attachment.text = Some(text.clone());
            }
        }
        let unread = self.unread.into_iter();
        message
            .defects
            .extend(unread.map(|(part, shortfall)| Defect {
                part,
                code: shortfall.code(),
                detail: shortfall.detail().to_owned(),
                is_attachment: true,
            }));
    }
}

impl detect::Documents for Documents<'_> {
    fn texts(&self) -> &[Text] {
        &self.read.get_or_init(|| self.read()).texts
    }
}

fn own(part: String, content: String) -> Text {
    let zone = Zoned {
        range: 0..content.len(),
        zone: Zone::Own,
    };
    Text {
        part,
        content,
        zones: vec![zone],
        links: Vec::new(),
    }
}
