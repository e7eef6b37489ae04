//! E-mail addresses: as RFC 5321 writes them, in any script, and spelled out against harvesters.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::super::owner::is_free_mail;
use super::Datum;
use crate::finding::ContactKind;

/// Octets of a local part or a domain, at most (RFC 5321, 4.5.3.1).
const MOST_LOCAL: usize = 64;
const MOST_DOMAIN: usize = 255;

/// All addresses in a text, in order.
pub(super) fn find(text: &str) -> Vec<Datum> {
    let mut data = Vec::new();
    let mut from = 0;
    for at in memchr::memchr_iter(b'@', text.as_bytes()) {
        let Some(range) = around(text, at).filter(|r| r.start >= from) else {
            continue;
        };
        let Some(written) = text.get(range.clone()) else {
            continue;
        };
        from = range.end;
        data.push(datum(&written.to_lowercase(), range));
    }
    data.extend(spelled_out(text));
    data.sort_by_key(|d| d.range.start);
    data
}

fn datum(address: &str, range: Range<usize>) -> Datum {
    Datum {
        kind: ContactKind::Email,
        value: format!("mailto:{address}"),
        range,
        certain: true,
    }
}

/// The address around an `@`.
fn around(text: &str, at: usize) -> Option<Range<usize>> {
    let before = text.get(..at)?;
    let local: usize = before
        .chars()
        .rev()
        .take(MOST_LOCAL)
        .take_while(|&c| {
            c.is_alphanumeric() || matches!(c, '.' | '_' | '%' | '+' | '-' | '\'' | '&' | '~')
        })
        .map(char::len_utf8)
        .sum();
    let after = text.get(at + 1..)?;
    let length: usize = after
        .chars()
        .take(MOST_DOMAIN)
        .take_while(|&c| c.is_alphanumeric() || matches!(c, '.' | '-'))
        .map(char::len_utf8)
        .sum();
    let host = after.get(..length)?.trim_end_matches(['.', '-']);
    let local = before
        .get(before.len() - local..)?
        .trim_start_matches(['.', '\'', '-', '&', '~']);
    let plausible = !local.is_empty() && !local.ends_with('.') && is_domain(host);
    plausible.then(|| at - local.len()..at + 1 + host.len())
}

/// Whether a domain has two labels and a top label that is one.
pub(super) fn is_domain(host: &str) -> bool {
    let mut labels = host.rsplit('.');
    let top = labels.next().unwrap_or_default();
    let known = || {
        top == "example"
            || psl::suffix(host.to_lowercase().as_bytes()).is_some_and(|s| s.is_known())
    };
    labels.next().is_some_and(|l| !l.is_empty())
        && top.chars().count() >= 2
        && top.chars().all(char::is_alphabetic)
        && !host.contains("..")
        && known()
}

static SPELLED: LazyLock<Regex> = LazyLock::new(|| {
    let at = r"(?:\s*[\(\[\{<]\s*(?:at|@|arroba|arrova|arobase|arrobas|chiocciola|chiocciolina|ät|aet|apenstaartje|apestaartje|apenstaart|apestaart|klammeraffe|affe|a commerciale|a-commerciale|ad)\s*[\)\]\}>]\s*|\s+(?:at|arroba|arrova|arobase|arrobas|chiocciola|chiocciolina|ät|apenstaartje|apestaartje|apenstaart|apestaart|klammeraffe|chez|presso|bei)\s+|\s+@\s*|\s*@\s+)";
    let dot = r"(?:\s*[\(\[\{<]\s*(?:dot|punto|point|punkt|punt|ponto|\.)\s*[\)\]\}>]\s*|\s+(?:dot|punto|point|punkt|punt|ponto)\s+|\.)";
    let word = r"[\p{L}\p{N}_+-]+";
    let joined = r"(?:\s+(?:guion bajo|guión bajo|underscore|unterstrich|guion|guión|dash|hyphen|bindestrich|tiret|trattino|hífen|streepje)\s+)";
    Regex::new(&format!(
        "(?i)({word}(?:(?:{dot}|{joined}){word}){{0,4}})({at})({word}(?:{dot}{word}){{1,3}})"
    ))
    .expect("a constant pattern compiles")
});

/// Addresses with words in place of `@` and dots.
fn spelled_out(text: &str) -> Vec<Datum> {
    SPELLED
        .captures_iter(text)
        .filter_map(|found| {
            let whole = found.get(0)?;
            if !is_spelled(whole.as_str()) {
                return None;
            }
            let (before, sign, behind) = (found.get(1)?, found.get(2)?, found.get(3)?);
            let local = plain(before.as_str());
            let (host, length) = host(behind.as_str())?;
            let written = behind.as_str().get(..length)?;
            if is_preposition(sign.as_str())
                && !written.contains(' ')
                && before.as_str().chars().all(char::is_alphabetic)
                && !is_free_mail(&host)
            {
                // "Look at acme.example" names a site.
                return None;
            }
            let end = behind.start() + length;
            Some(datum(&format!("{local}@{host}"), whole.start()..end))
        })
        .collect()
}

/// Without a bracket or a spelled-out word it is an ordinary address, or prose.
fn is_spelled(written: &str) -> bool {
    !written.contains('@')
        || written
            .split('@')
            .any(|side| side.ends_with(' ') || side.starts_with(' '))
}

/// Whether the word in place of `@` is one that also stands before any place.
fn is_preposition(sign: &str) -> bool {
    matches!(
        sign.trim().to_lowercase().as_str(),
        "at" | "chez" | "presso" | "bei"
    )
}

/// Words for signs as signs.
fn plain(written: &str) -> String {
    let mut address = String::new();
    for word in written
        .to_lowercase()
        .replace(['(', ')', '[', ']', '{', '}', '<', '>'], " ")
        .replace('.', " . ")
        .split_whitespace()
    {
        match word {
            "dot" | "punto" | "point" | "punkt" | "punt" | "ponto" => address.push('.'),
            "bajo" | "underscore" | "unterstrich" => {
                if address.ends_with('-') {
                    address.pop();
                }
                address.push('_');
            }
            "guion" | "guión" | "dash" | "hyphen" | "bindestrich" | "tiret" | "trattino"
            | "hífen" | "streepje" => {
                address.push('-');
            }
            word => address.push_str(word),
        }
    }
    address
}

/// The longest beginning of a spelled-out host that is a domain, and how many octets of it were used.
fn host(written: &str) -> Option<(String, usize)> {
    let mut ends: Vec<usize> = written
        .char_indices()
        .filter(|&(_, c)| c.is_whitespace())
        .map(|(at, _)| at)
        .collect();
    ends.push(written.len());
    ends.into_iter().rev().find_map(|end| {
        let host = plain(written.get(..end)?);
        let host = host.trim_end_matches('.');
        is_domain(host).then(|| (host.to_owned(), end))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let values: Vec<String> = find(text)
            .into_iter()
            .map(|d| d.value.replace("mailto:", ""))
            .collect();
        assert_eq!(values, expected);
    }

    #[test]
    fn addresses() {
        check(
            "write to Ana.Prueba@Example.net, please.",
            &["ana.prueba@example.net"],
        );
        check(
            "<josé.núñez@correo.example>",
            &["josé.núñez@correo.example"],
        );
        check("a@b and @handle and x@y.z", &[]);
        check(
            "ana@firma.example/ben@firma.example",
            &["ana@firma.example", "ben@firma.example"],
        );
    }

    #[test]
    fn spelled_out_addresses() {
        check(
            "ana punto prueba (arroba) gmail punto com gracias",
            &["ana.prueba@gmail.com"],
        );
        check("john at gmail dot com", &["john@gmail.com"]);
        check("max.muster [ät] gmx punkt de", &["max.muster@gmx.de"]);
        check("ana guion bajo p arroba gmail.com", &["ana_p@gmail.com"]);
        check("meet me at noon. Dot will come", &[]);
        check("look at acme.example or at www.acme.example", &[]);
        check(
            "ana point prueba chez free point fr",
            &["ana.prueba@free.fr"],
        );
        check(
            "an punt prueba apestaartje skynet punt be",
            &["an.prueba@skynet.be"],
        );
        check(
            "ana at gmail.com, ana.p at acme.example",
            &["ana@gmail.com", "ana.p@acme.example"],
        );
        check("ana @ gmail.com", &["ana@gmail.com"]);
    }
}
