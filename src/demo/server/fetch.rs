//! FETCH on the demonstration's server: which messages and which of their items (RFC 3501, 6.4.5).

use std::num::NonZeroU32;

use imap_codec::imap_types::core::{AString, Literal, NString, Vec1};
use imap_codec::imap_types::fetch::{
    MacroOrMessageDataItemNames, MessageDataItem, MessageDataItemName, Section,
};
use imap_codec::imap_types::flag::{Flag, FlagFetch};
use imap_codec::imap_types::response::{Data, Response};
use imap_codec::imap_types::sequence::{SeqOrUid, Sequence, SequenceSet};
use imap_codec::imap_types::{IntoStatic, ToStatic};

use super::{Mailbox, Served};

/// The untagged answers to a FETCH, in the mailbox's order.
///
/// # Errors
/// Why the server says NO: an item that it does not have, or one that would set `\Seen`.
pub(super) fn answer<'a>(
    mailbox: &'a Mailbox,
    wanted: &SequenceSet,
    items: &MacroOrMessageDataItemNames<'_>,
    by_uid: bool,
) -> Result<Vec<Response<'a>>, &'static str> {
    let mut names = match items {
        MacroOrMessageDataItemNames::Macro(shorthand) => shorthand.expand(),
        MacroOrMessageDataItemNames::MessageDataItemNames(names) => names.clone(),
    };
    // RFC 3501, 6.4.8: the answer to a UID command names the UID, asked for or not.
    if by_uid && !names.contains(&MessageDataItemName::Uid) {
        names.push(MessageDataItemName::Uid);
    }
    let last_uid = mailbox.messages.last().map_or(0, |last| last.uid.get());
    let numbered = (1..).map_while(NonZeroU32::new).zip(&mailbox.messages);
    let count = u32::try_from(mailbox.messages.len()).unwrap_or(u32::MAX);
    numbered
        .filter(|(seq, message)| {
            let (number, last) = if by_uid {
                (message.uid.get(), last_uid)
            } else {
                (seq.get(), count)
            };
            contains(wanted, number, last)
        })
        .map(|(seq, message)| {
            let items: Vec<_> = names
                .iter()
                .map(|name| item(message, name))
                .collect::<Result<_, _>>()?;
            let items = Vec1::try_from(items).map_err(|_| "nothing was asked for")?;
            Ok(Response::Data(Data::Fetch { seq, items }))
        })
        .collect()
}

/// `*` is the last one, and a range may be written backwards: `9:*` names the last message even if its number is 5.
fn contains(set: &SequenceSet, number: u32, last: u32) -> bool {
    let value = |end: &SeqOrUid| match end {
        SeqOrUid::Value(value) => value.get(),
        SeqOrUid::Asterisk => last,
    };
    set.0.as_ref().iter().any(|sequence| match sequence {
        Sequence::Single(single) => value(single) == number,
        Sequence::Range(from, to) => {
            let (from, to) = (value(from), value(to));
            (from.min(to)..=from.max(to)).contains(&number)
        }
    })
}

fn item<'a>(
    message: &'a Served,
    name: &MessageDataItemName<'_>,
) -> Result<MessageDataItem<'a>, &'static str> {
    Ok(match name {
        MessageDataItemName::Uid => MessageDataItem::Uid(message.uid),
        MessageDataItemName::Flags => MessageDataItem::Flags(vec![FlagFetch::Flag(Flag::Seen)]),
        MessageDataItemName::InternalDate => MessageDataItem::InternalDate(message.arrived.clone()),
        MessageDataItemName::Rfc822Size => {
            let size = u32::try_from(message.octets.len());
            MessageDataItem::Rfc822Size(size.map_err(|_| "too large")?)
        }
        MessageDataItemName::BodyExt { peek: false, .. } => {
            return Err("BODY[] would set \\Seen; ask for BODY.PEEK[]");
        }
        MessageDataItemName::BodyExt {
            section, partial, ..
        } => {
            let whole = octets(message, section.as_ref())?;
            let (origin, data) = match partial {
                None => (None, whole),
                Some((origin, length)) => (Some(*origin), cut(whole, *origin, *length)),
            };
            MessageDataItem::BodyExt {
                section: section.as_ref().map(ToStatic::to_static),
                origin,
                data: literal(data)?,
            }
        }
        _ => return Err("this server has no such item"),
    })
}

fn octets(message: &Served, section: Option<&Section<'_>>) -> Result<Vec<u8>, &'static str> {
    let (header, text) = split(&message.octets);
    match section {
        None => Ok(message.octets.clone()),
        Some(Section::Header(None)) => Ok(header.to_vec()),
        Some(Section::Text(None)) => Ok(text.to_vec()),
        Some(Section::HeaderFields(None, names)) => Ok(fields(header, names.as_ref())),
        Some(_) => Err("this server has no such section"),
    }
}

/// The header with the empty line that ends it, and the rest.
fn split(octets: &[u8]) -> (&[u8], &[u8]) {
    let end = memchr::memmem::find(octets, b"\r\n\r\n").map_or(octets.len(), |at| at + 4);
    octets.split_at(end)
}

/// The named fields, folded lines included, and the empty line (RFC 3501, 6.4.5).
fn fields(header: &[u8], names: &[AString<'_>]) -> Vec<u8> {
    let mut chosen = Vec::new();
    let mut is_chosen = false;
    for line in header.split_inclusive(|&octet| octet == b'\n') {
        if !line.starts_with(b" ") && !line.starts_with(b"\t") {
            let name = line
                .split(|&octet| octet == b':')
                .next()
                .unwrap_or_default();
            is_chosen = names
                .iter()
                .any(|wanted| wanted.as_ref().eq_ignore_ascii_case(name));
        }
        if is_chosen {
            chosen.extend_from_slice(line);
        }
    }
    chosen.extend_from_slice(b"\r\n");
    chosen
}

/// What lies beyond the end is cut off without complaint (RFC 3501, 6.4.5).
fn cut(whole: Vec<u8>, origin: u32, length: NonZeroU32) -> Vec<u8> {
    let length = usize::try_from(length.get()).unwrap_or(usize::MAX);
    let origin = usize::try_from(origin).unwrap_or(usize::MAX);
    whole.into_iter().skip(origin).take(length).collect()
}

/// Always a literal: servers send messages so, and a quoted string may hold no line end.
fn literal(data: Vec<u8>) -> Result<NString<'static>, &'static str> {
    Literal::try_from(data)
        .map(|literal| NString::from(literal).into_static())
        .map_err(|_| "the message holds NUL, which IMAP cannot send")
}
