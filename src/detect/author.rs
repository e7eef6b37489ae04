//! Under which address a message was written, and who its recipients are.

use crate::finding::Author;
use crate::mailbox::{Custodian, Organisation};
use crate::message::{Address, Message};

/// Who wrote, as far as the headers tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Authorship {
    /// The word for the report.
    pub author: Author,
    /// The other person's address, if somebody wrote on the custodian's behalf.
    pub on_behalf: Option<String>,
    /// A `From` outside the organisation: a clue that a private account was used.
    pub outside: Option<String>,
}

/// Reads the authorship out of From and Sender.
#[must_use]
pub(super) fn authorship(
    message: &Message,
    custodian: &Custodian,
    organisation: &Organisation,
) -> Authorship {
    let mut result = Authorship {
        author: Author::Own,
        on_behalf: None,
        outside: None,
    };
    let addresses = message.from.iter().take(1).chain(message.sender.iter());
    for address in addresses {
        if is_custodian(address, custodian) {
            if !address.address.eq_ignore_ascii_case(&custodian.id) && result.author == Author::Own
            {
                result.author = Author::Alias;
            }
        } else if organisation.owns(domain(&address.address)) {
            result.author = Author::OnBehalf;
            result.on_behalf = Some(address.address.clone());
        } else if result.author == Author::Own {
            result.author = Author::Alias;
            result.outside = Some(address.address.clone());
        }
    }
    result
}

/// Whether an address is the custodian's: by address, alias or name.
#[must_use]
pub(super) fn is_custodian(address: &Address, custodian: &Custodian) -> bool {
    let known = std::iter::once(&custodian.id)
        .chain(&custodian.aliases)
        .chain(&custodian.known_contacts);
    let by_address = known
        .clone()
        .any(|k| k.eq_ignore_ascii_case(&address.address));
    let name = address.name.trim();
    let names = custodian.name.iter().chain(&custodian.aliases);
    by_address || !name.is_empty() && names.into_iter().any(|n| same_name(n, name))
}

/// Whether two names have the same words, in any order (`Prueba, Ana` and `Ana Prueba`).
fn same_name(a: &str, b: &str) -> bool {
    let words = |name: &str| {
        let folded = crate::query::fold::fold_words(&name.replace('@', " at "));
        let mut words: Vec<String> = folded.split(' ').map(str::to_owned).collect();
        words.sort();
        words
    };
    words(a) == words(b)
}

/// The domain of an addr-spec; empty if there is none.
#[must_use]
pub(super) fn domain(address: &str) -> &str {
    address.rsplit_once('@').map_or("", |(_, domain)| domain)
}

/// The local part of an addr-spec.
#[must_use]
pub(super) fn local_part(address: &str) -> &str {
    address.rsplit_once('@').map_or(address, |(local, _)| local)
}
