//! Finds the mailboxes that hold sent mail: by attribute (RFC 6154), by name, or as configured.

use std::collections::BTreeMap;
use std::io::{BufRead, Write};

use globset::{GlobBuilder, GlobMatcher};

use super::dialogue::Dialogue;
use super::mailboxes::{Listing, Namespaces, Uses, list, namespaces};
use super::{SentMailbox, refusal, sent_names};
use crate::finding::Stage;
use crate::source::SourceError;

/// The attributes that `audit.mailboxes` may name (RFC 6154, 2).
pub const SPECIAL_USES: [&str; 7] = [
    "\\Sent",
    "\\Drafts",
    "\\Trash",
    "\\Archive",
    "\\All",
    "\\Junk",
    "\\Flagged",
];

/// Mailbox names that an error shows.
const NAMES_SHOWN: usize = 20;

/// Asks the server for its mailboxes and chooses.
pub(super) fn sent_mailboxes<C: BufRead + Write>(
    dialogue: &mut Dialogue<'_, C>,
    capabilities: &[String],
    patterns: &[String],
) -> Result<Vec<SentMailbox>, SourceError> {
    let offers = |name: &str| capabilities.iter().any(|c| c == name);
    let uses = if offers("SPECIAL-USE") && offers("LIST-EXTENDED") {
        Uses::Returned
    } else if offers("XLIST") && !offers("SPECIAL-USE") {
        Uses::Xlist
    } else {
        Uses::Plain
    };
    let listings = list(dialogue, uses)?;
    let namespaces = if offers("NAMESPACE") {
        namespaces(dialogue)?
    } else {
        Namespaces::default()
    };
    let chosen = choose(&listings, &namespaces, patterns);
    if chosen.is_empty() {
        return Err(none_found(&listings, patterns));
    }
    Ok(chosen)
}

/// One entry of `audit.mailboxes`.
enum Pattern {
    /// `\Sent`: the attribute, and known names.
    Sent,
    /// `=\Sent`, `\Drafts`: an attribute alone, in lower case with its backslash.
    Attribute(String),
    /// A name, which may also be read as a glob.
    Name(String, Option<GlobMatcher>),
}

impl Pattern {
    fn read(text: &str) -> Self {
        if text.eq_ignore_ascii_case("\\Sent") {
            return Self::Sent;
        }
        let attribute = text.strip_prefix('=').unwrap_or(text);
        if SPECIAL_USES
            .iter()
            .any(|s| s.eq_ignore_ascii_case(attribute))
        {
            return Self::Attribute(attribute.to_ascii_lowercase());
        }
        let glob = GlobBuilder::new(text)
            .case_insensitive(true)
            .backslash_escape(true)
            .build();
        Self::Name(
            text.to_lowercase(),
            glob.ok().map(|glob| glob.compile_matcher()),
        )
    }

    fn chooses(&self, listing: &Listing, namespaces: &Namespaces) -> Option<String> {
        let foreign = || namespaces.is_foreign(&listing.wire_name);
        match self {
            Self::Sent if listing.has("\\sent") && !foreign() => {
                Some("\\Sent attribute".to_owned())
            }
            Self::Sent if sent_names::is_known(listing.last_component()) && !foreign() => {
                Some("known name".to_owned())
            }
            Self::Attribute(attribute) if listing.has(attribute) && !foreign() => {
                let mut uses = SPECIAL_USES.iter();
                let attribute = uses.find(|s| s.eq_ignore_ascii_case(attribute))?;
                Some(format!("{attribute} attribute"))
            }
            Self::Sent | Self::Attribute(_) => None,
            Self::Name(name, glob) => {
                let spellings = [listing.name.clone(), listing.with_slashes()];
                let matches = |glob: &GlobMatcher| spellings.iter().any(|s| glob.is_match(s));
                if spellings.iter().any(|s| s.to_lowercase() == *name) {
                    Some("configured name".to_owned())
                } else {
                    let is_match = glob.as_ref().is_some_and(matches);
                    is_match.then(|| "configured pattern".to_owned())
                }
            }
        }
    }
}

fn choose(listings: &[Listing], namespaces: &Namespaces, patterns: &[String]) -> Vec<SentMailbox> {
    let patterns: Vec<_> = patterns.iter().map(|text| Pattern::read(text)).collect();
    let mut chosen = BTreeMap::new();
    for listing in listings.iter().filter(|l| l.selectable()) {
        let reason = patterns.iter().find_map(|p| p.chooses(listing, namespaces));
        if let Some(reason) = reason {
            chosen
                .entry((&listing.name, &listing.wire_name))
                .or_insert(reason);
        }
    }
    chosen
        .into_iter()
        .map(|((name, wire_name), reason)| SentMailbox {
            name: name.clone(),
            wire_name: wire_name.clone(),
            chosen_by: reason,
        })
        .collect()
}

fn none_found(listings: &[Listing], patterns: &[String]) -> SourceError {
    let mut names: Vec<_> = listings
        .iter()
        .filter(|l| l.selectable())
        .map(|l| format!("\"{}\"", refusal::quoted(l.name.as_bytes())))
        .collect();
    names.sort();
    names.dedup();
    let more = names.len().saturating_sub(NAMES_SHOWN);
    names.truncate(NAMES_SHOWN);
    let mut shown = names.join(", ");
    if more > 0 {
        shown = format!("{shown} and {more} more");
    }
    if shown.is_empty() {
        "none".clone_into(&mut shown);
    }
    SourceError::new(
        Stage::List,
        "no-sent-mailbox",
        format!(
            "no mailbox is chosen by {}; there are: {shown}",
            patterns.join(", ")
        ),
        "name the mailbox that holds the sent mail in `mailboxes` of [audit], as a name or a pattern",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::imap::dialogue::Pace;
    use crate::source::imap::scripted::Scripted;
    use crate::source::imap::utf7;

    /// Lines of a LIST answer, the patterns, and `name = reason` for what is chosen.
    #[track_caller]
    fn check(lines: &[&str], patterns: &[&str], expected: &[&str]) {
        check_within("", lines, patterns, expected);
    }

    #[test]
    fn attributes_that_are_asked_for() {
        let lines = [
            "(\\Sent) \"/\" Sent",
            "(\\Drafts) \"/\" Entwurf",
            "(\\Trash) \"/\" Papierkorb",
            "(\\AllMail) \"/\" \"[Gmail]/Alle\"",
            "() \"/\" Trash",
        ];
        check(
            &lines,
            &["\\Sent", "\\trash", "=\\Drafts", "\\All"],
            &[
                "Entwurf = \\Drafts attribute",
                "Papierkorb = \\Trash attribute",
                "Sent = \\Sent attribute",
                "[Gmail]/Alle = \\All attribute",
            ],
        );
    }

    #[test]
    fn uses_are_asked_for_as_the_server_can_tell_them() {
        #[track_caller]
        fn check(capabilities: &[&str], script: &str, sent: &str) {
            let mut connection = Scripted::new(script);
            let capabilities: Vec<_> = capabilities.iter().map(|&c| c.to_owned()).collect();
            let found = sent_mailboxes(
                &mut Dialogue {
                    connection: &mut connection,
                    pace: &mut Pace::default(),
                    stage: Stage::List,
                },
                &capabilities,
                &["=\\Sent".to_owned()],
            );
            let found: Vec<_> = found
                .expect("a mailbox")
                .into_iter()
                .map(|m| m.name)
                .collect();
            assert_eq!(found, ["Salida"]);
            assert_eq!(connection.sent(), sent);
        }
        let list = "* LIST (\\Sent) \"/\" Salida\r\n";
        let one = format!("{list}s1 OK\r\n");
        let plain = "s1 LIST \"\" \"*\"\r\n";
        let both = ["SPECIAL-USE", "LIST-EXTENDED", "XLIST"];
        check(&both, &one, "s1 LIST \"\" \"*\" RETURN (SPECIAL-USE)\r\n");
        check(&["SPECIAL-USE", "XLIST"], &one, plain);
        check(&[], &one, plain);
        let xlist = format!("* X{}s1 OK\r\n", &list[2..]);
        check(&["XLIST"], &xlist, "s1 XLIST \"\" \"*\"\r\n");
        let refused = format!("s1 BAD what?\r\n{list}s2 OK\r\n");
        let again = "s1 XLIST \"\" \"*\"\r\ns2 LIST \"\" \"*\"\r\n";
        check(&["XLIST"], &refused, again);
    }

    #[test]
    fn known_names_of_all_languages_in_modified_utf7() {
        let languages: Vec<_> = sent_names::languages().collect();
        assert!(languages.len() >= 20, "{}", languages.len());
        for names in languages {
            for name in names {
                let line = format!("() \".\" \"INBOX.{}\"", utf7::encode(name));
                check(
                    &["() \".\" INBOX", &line],
                    &["\\Sent"],
                    &[&format!("INBOX.{name} = known name")],
                );
            }
        }
    }

    #[track_caller]
    fn check_within(namespaces: &str, lines: &[&str], patterns: &[&str], expected: &[&str]) {
        let mut script = lines
            .iter()
            .map(|line| format!("* LIST {line}\r\n"))
            .collect::<Vec<_>>()
            .concat();
        script += "s1 OK listed\r\n";
        let mut capabilities = Vec::new();
        if !namespaces.is_empty() {
            capabilities.push("NAMESPACE".to_owned());
            script = format!("{script}* NAMESPACE {namespaces}\r\ns2 OK done\r\n");
        }
        let patterns: Vec<_> = patterns.iter().map(|&p| p.to_owned()).collect();
        let result = sent_mailboxes(
            &mut Dialogue {
                connection: &mut Scripted::new(script),
                pace: &mut Pace::default(),
                stage: Stage::List,
            },
            &capabilities,
            &patterns,
        );
        let found: Vec<_> = match result {
            Ok(chosen) => chosen
                .iter()
                .map(|m| format!("{} = {}", m.name, m.chosen_by))
                .collect(),
            Err(e) => vec![format!("{}: {}", e.code, e.detail)],
        };
        assert_eq!(found, expected);
    }

    #[test]
    fn attribute_and_known_names() {
        check(
            &[
                "(\\HasNoChildren) \"/\" INBOX",
                "(\\HasNoChildren \\Sent) \"/\" \"Salida\"",
                "(\\HasNoChildren) \"/\" \"Sent Items\"",
                "(\\HasNoChildren) \"/\" &AMk-l&AOk-ments&ACA-envoy&AOk-s",
                "() \"/\" Drafts",
            ],
            &["\\Sent"],
            &[
                "Salida = \\Sent attribute",
                "Sent Items = known name",
                "Éléments envoyés = known name",
            ],
        );
        check(
            &[
                "(\\sent) \"/\" A",
                "() \"/\" Sent",
                "(\\Sent \\Noselect) \"/\" B",
                "(\\NonExistent) \".\" INBOX.Sent",
            ],
            &["=\\Sent"],
            &["A = \\Sent attribute"],
        );
        check(
            &[
                "() \".\" INBOX.Sent",
                "() \"|\" \"INBOX|Enviados\"",
                "() \"/\" \"[Gmail]/Sent Mail\"",
                "() NIL Gesendet",
                "() \"/\" Sentinel",
                "() \"/\" Sent/2024",
            ],
            &["\\Sent"],
            &[
                "Gesendet = known name",
                "INBOX.Sent = known name",
                "INBOX|Enviados = known name",
                "[Gmail]/Sent Mail = known name",
            ],
        );
    }

    #[test]
    fn configured_names_and_patterns() {
        let lines = [
            "() \".\" INBOX.Salida",
            "() \".\" INBOX.Salida.2023",
            "() \".\" Sent",
            "() \".\" \"[Gmail].Todos\"",
        ];
        check(
            &lines,
            &["inbox/salida"],
            &["INBOX.Salida = configured name"],
        );
        check(
            &lines,
            &["INBOX.Sal*"],
            &[
                "INBOX.Salida = configured pattern",
                "INBOX.Salida.2023 = configured pattern",
            ],
        );
        check(
            &lines,
            &["[Gmail]/Todos"],
            &["[Gmail].Todos = configured name"],
        );
        check(&lines, &["[bad", "\\Sent", "Sent"], &["Sent = known name"]);
    }

    #[test]
    fn other_peoples_mailboxes_are_left_alone() {
        let lines = [
            "() \"/\" Sent",
            "(\\Sent) \"/\" \"Other Users/bob/Sent\"",
            "() \"/\" shared/Sent",
        ];
        let namespaces =
            "((\"\" \"/\")) ((\"Other Users/\" \"/\" \"X-P\" (\"a\" \"b\"))) ((\"shared/\" \"/\"))";
        check_within(namespaces, &lines, &["\\Sent"], &["Sent = known name"]);
        check_within(
            namespaces,
            &lines,
            &["shared/Sent"],
            &["shared/Sent = configured name"],
        );
        check_within(
            "NIL NIL ((\"\" NIL))",
            &lines[..1],
            &["\\Sent"],
            &["Sent = known name"],
        );
    }

    #[test]
    fn odd_lines_cost_only_themselves() {
        check(
            &[
                "(\\Sent \"/\" broken",
                "() \"/\"",
                "() \"/\" {4}\r\nSent",
                "() \"/\" \"Caf\\\"e\"",
                "(\\HasNoChildren) \"/\" Posta&!!!-",
                "(\\Sent) \"/\" NIL",
            ],
            &["\\Sent"],
            &["NIL = \\Sent attribute", "Sent = known name"],
        );
    }

    #[test]
    fn none() {
        check(
            &[
                "() \"/\" INBOX",
                "(\\Noselect) \"/\" Sent",
                "() \"/\" Archiv",
            ],
            &["\\Sent"],
            &["no-sent-mailbox: no mailbox is chosen by \\Sent; there are: \"Archiv\", \"INBOX\""],
        );
    }
}
