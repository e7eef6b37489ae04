//! Web addresses, profiles and messenger handles, as links and as words.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::Datum;
use super::email::is_domain;
use crate::finding::ContactKind;

static URL: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"(?i)(?-u:\b)(?:https?://|www\.)[^\s<>"'\)\]|]+|(?-u:\b)(?:[a-z]{2,3}\.)?(?:linkedin\.com|xing\.com|instagram\.com|facebook\.com|fb\.com|twitter\.com|github\.com|t\.me|wa\.me|telegram\.me|threads\.net|bsky\.app|orcid\.org|researchgate\.net|malt\.fr|linktr\.ee|youtube\.com|tiktok\.com|vimeo\.com|behance\.net|calendly\.com|about\.me)/[^\s<>"'\)\]|]+"#)
        .expect("a constant pattern compiles")
});

static HANDLE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)(?-u:\b)(telegram|signal|skype|threema|instagram|insta|ig|twitter|tiktok|wechat)(?-u:\b)(?:[^\n@.!?]{0,60}?[:\s(]\s*(@[a-z0-9_.]{3,40})|[\p{L}\s]{0,24}?[:\s(]\s*(live:[a-z0-9_.:-]{3,60}|[a-z0-9]+[_.][a-z0-9_.]{2,40}))|(@[a-z0-9_.]{3,40})[\s,(]{1,3}(?:en|on|auf|sur|su|no|op|a|in)?\s{0,2}(telegram|signal|instagram|insta|twitter|tiktok)(?-u:\b)")
        .expect("a constant pattern compiles")
});

static SERVICE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)(?-u:\b)(?:telegram|signal|skype|threema|instagram|insta|ig|twitter|tiktok|wechat)(?-u:\b)")
        .expect("a constant pattern compiles")
});

/// A handle right behind its service that no word is, by its point or underscore.
static SIGNED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^[:\s(]{1,3}([a-z0-9]+[_.][a-z0-9_.]{2,40})").expect("a constant pattern compiles")
});

/// A handle that looks like any word, which a service's name and a colon announce and nothing follows.
static WORD_HANDLE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?im)(?-u:\b)(telegram|signal|skype|threema|instagram|insta|ig|twitter|tiktok)(?:[ -]?(?:id|handle|user|name|profil|konto|account))? ?: ?([a-z0-9][a-z0-9_.-]{4,39})[ \t\r]*(?:[,;|/·)]|$)")
        .expect("a constant pattern compiles")
});

/// A site without `www.`, in lower case, under a top label that is seldom a word or a file's ending.
static SITE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?-u:\b)[a-z0-9](?:[a-z0-9-]{1,40}\.){1,2}(?:com|net|org|info|biz|eu|cat|es|de|at|ch|fr|be|it|nl|pt|uk|ie|ca|au|br|mx|ar|cl|studio|consulting|legal|coach|example)(?:/[a-z0-9._~/-]+)?(?-u:\b)")
        .expect("a constant pattern compiles")
});

/// All links and handles in a text, in order.
pub(super) fn find(text: &str) -> Vec<Datum> {
    let mut data: Vec<Datum> = URL
        .find_iter(text)
        .filter_map(|found| {
            let written = found
                .as_str()
                .trim_end_matches(['.', ',', ';', ':', '!', '?', '*', '_', '»', '”', '’']);
            target(written, found.start()..found.start() + written.len())
        })
        .collect();
    let links = data.len();
    let mut from = 0;
    while let Some(found) = HANDLE.captures_at(text, from) {
        let Some(whole) = found.get(0) else { break };
        from = whole.end();
        // `Telegram ana_p, Instagram @ana.p`: the handle is the nearest service's.
        if let (Some(service), Some(handle)) = (found.get(1), found.get(2))
            && let Some(other) = text
                .get(service.end()..handle.start())
                .and_then(|between| SERVICE.find(between))
        {
            let named = text.get(service.end()..service.end() + other.start());
            if let Some(name) = named
                .and_then(|n| SIGNED.captures(n))
                .and_then(|n| n.get(1))
                && let Some((kind, value)) =
                    handle_uri(&service.as_str().to_lowercase(), name.as_str())
            {
                let start = service.end() + name.start();
                push(&mut data, kind, value, start..start + name.len(), true);
            }
            from = service.end();
            continue;
        }
        let handle = [2, 3, 4].into_iter().find_map(|group| found.get(group));
        let (Some(service), Some(handle)) = (found.get(1).or(found.get(5)), handle) else {
            continue;
        };
        if let Some((kind, value)) = handle_uri(&service.as_str().to_lowercase(), handle.as_str())
            && data
                .iter()
                .take(links)
                .all(|d| d.range.end <= handle.start() || d.range.start >= handle.end())
        {
            data.push(Datum {
                kind,
                value,
                range: handle.range(),
                certain: true,
            });
        }
    }
    for found in WORD_HANDLE.captures_iter(text) {
        if let (Some(service), Some(handle)) = (found.get(1), found.get(2))
            && let Some((kind, value)) =
                handle_uri(&service.as_str().to_lowercase(), handle.as_str())
        {
            push(&mut data, kind, value, handle.range(), true);
        }
    }
    for found in SITE.find_iter(text) {
        if stands_alone(text, &found.range())
            && let Some(site) = target(found.as_str(), found.range())
        {
            push(&mut data, site.kind, site.value, site.range, false);
        }
    }
    data.sort_by_key(|d| d.range.start);
    data
}

fn push(
    data: &mut Vec<Datum>,
    kind: ContactKind,
    value: String,
    range: Range<usize>,
    certain: bool,
) {
    let apart = |d: &Datum| d.range.end <= range.start || d.range.start >= range.end;
    if data.iter().all(apart) {
        data.push(Datum {
            kind,
            value,
            range,
            certain,
        });
    }
}

/// Whether neither an address nor a longer word goes on at either end.
fn stands_alone(text: &str, range: &Range<usize>) -> bool {
    let before = text
        .get(..range.start)
        .unwrap_or_default()
        .chars()
        .next_back();
    let mut behind = text.get(range.end..).unwrap_or_default().chars();
    let next = behind.next();
    let joins = |c: char| c.is_alphanumeric() || matches!(c, '@' | '_' | '-' | '/' | '.');
    !before.is_some_and(joins)
        && !next.is_some_and(|c| c.is_alphanumeric() || matches!(c, '@' | '_' | '-'))
        && (next != Some('.') || !behind.next().is_some_and(char::is_alphanumeric))
}

fn handle_uri(service: &str, handle: &str) -> Option<(ContactKind, String)> {
    let name = handle.trim_start_matches('@').trim_end_matches('.');
    Some(match service {
        "telegram" => (ContactKind::Messenger, format!("https://t.me/{name}")),
        "signal" | "threema" | "skype" | "wechat" => {
            (ContactKind::Messenger, format!("{service}:{name}"))
        }
        "instagram" | "insta" | "ig" => (
            ContactKind::Profile,
            format!("https://www.instagram.com/{name}"),
        ),
        "twitter" => (ContactKind::Profile, format!("https://twitter.com/{name}")),
        "tiktok" => (
            ContactKind::Profile,
            format!("https://www.tiktok.com/@{name}"),
        ),
        _ => return None,
    })
}

/// What a link's target is: `mailto:`, `tel:`, `https://…`, or a bare host and path.
pub(super) fn target(written: &str, range: Range<usize>) -> Option<Datum> {
    let lower = written.to_lowercase();
    let datum = |kind, value| {
        Some(Datum {
            kind,
            value,
            range: range.clone(),
            certain: true,
        })
    };
    if let Some(address) = lower.strip_prefix("mailto:") {
        let address = address
            .split('?')
            .next()
            .unwrap_or_default()
            .replace("%40", "@");
        let host = address.rsplit_once('@').map_or("", |(_, host)| host);
        return if is_domain(host) {
            datum(ContactKind::Email, format!("mailto:{address}"))
        } else {
            None
        };
    }
    if let Some(number) = lower.strip_prefix("tel:") {
        let digits: String = number
            .chars()
            .filter(|c| c.is_ascii_digit() || *c == '+')
            .collect();
        return if digits.len() >= 7 {
            datum(ContactKind::Phone, format!("tel:{digits}"))
        } else {
            None
        };
    }
    let rest = written
        .get(
            if lower.starts_with("https://") {
                8
            } else if lower.starts_with("http://") {
                7
            } else {
                0
            }..,
        )?
        .trim_end_matches('/');
    let (host, path) = rest
        .split_once('/')
        .map_or((rest, ""), |(host, path)| (host, path));
    let host = host.to_lowercase();
    if !is_domain(host.split(':').next().unwrap_or_default()) {
        return None;
    }
    let site = host.strip_prefix("www.").unwrap_or(&host);
    let path = path
        .split('?')
        .next()
        .unwrap_or_default()
        .trim_end_matches('/');
    let of = |domain: &str| site == domain || site.ends_with(&format!(".{domain}"));
    if of("wa.me") || of("whatsapp.com") {
        let digits: String = written.chars().filter(char::is_ascii_digit).collect();
        return if digits.len() >= 8 {
            datum(ContactKind::Messenger, format!("https://wa.me/{digits}"))
        } else {
            None
        };
    }
    if (of("t.me") || of("telegram.me")) && !path.is_empty() {
        return datum(ContactKind::Messenger, format!("https://t.me/{path}"));
    }
    let profile = [
        "linkedin.com",
        "xing.com",
        "instagram.com",
        "facebook.com",
        "fb.com",
        "twitter.com",
        "github.com",
        "threads.net",
        "bsky.app",
        "x.com",
        "tiktok.com",
        "orcid.org",
        "researchgate.net",
        "malt.fr",
        "linktr.ee",
        "behance.net",
        "about.me",
    ];
    let kind = if profile.iter().any(|p| of(p)) && !path.is_empty() && !path.starts_with("company/")
    {
        ContactKind::Profile
    } else {
        ContactKind::Url
    };
    let value = if path.is_empty() {
        format!("https://{host}")
    } else {
        format!("https://{host}/{path}")
    };
    datum(kind, value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[(ContactKind, &str)]) {
        let found = find(text);
        let values: Vec<(ContactKind, &str)> =
            found.iter().map(|d| (d.kind, d.value.as_str())).collect();
        assert_eq!(values, expected);
    }

    #[test]
    fn links_and_handles() {
        check(
            "see linkedin.com/in/ana-prueba.",
            &[(ContactKind::Profile, "https://linkedin.com/in/ana-prueba")],
        );
        check(
            "https://wa.me/34600111222",
            &[(ContactKind::Messenger, "https://wa.me/34600111222")],
        );
        check(
            "Telegram: @ana_prueba",
            &[(ContactKind::Messenger, "https://t.me/ana_prueba")],
        );
        check(
            "schreib mir auf Telegram, wenn es brennt: @ana_prueba",
            &[(ContactKind::Messenger, "https://t.me/ana_prueba")],
        );
        check("Telegram geht nicht. Mail: ana@prueba.example", &[]);
        check(
            "www.firma.example",
            &[(ContactKind::Url, "https://www.firma.example")],
        );
        check(
            "en Instagram soy @ana.prueba",
            &[(ContactKind::Profile, "https://www.instagram.com/ana.prueba")],
        );
        check("a signal was given", &[]);
        check(
            "Signal de préférence : ana.88",
            &[(ContactKind::Messenger, "signal:ana.88")],
        );
        check(
            "Skype: anaprueba\nInstagram: anaprueba, hasta pronto",
            &[
                (ContactKind::Messenger, "skype:anaprueba"),
                (ContactKind::Profile, "https://www.instagram.com/anaprueba"),
            ],
        );
        check("Telegram: siempre que quieras", &[]);
        check(
            "Telegram ana_prueba, Instagram @ana.prueba.deco",
            &[
                (ContactKind::Messenger, "https://t.me/ana_prueba"),
                (
                    ContactKind::Profile,
                    "https://www.instagram.com/ana.prueba.deco",
                ),
            ],
        );
        check(
            "mi web: anaprueba.example, o orcid.org/0000-0001-2345-6789",
            &[
                (ContactKind::Url, "https://anaprueba.example"),
                (
                    ContactKind::Profile,
                    "https://orcid.org/0000-0001-2345-6789",
                ),
            ],
        );
        check("ana@prueba.example, fine.Es war schön, node.js, a.es", &[]);
    }
}
