//! Lines by which clients set off what they forward or answer: `-----Original Message-----` in eight languages.

use std::sync::LazyLock;

use regex::Regex;

use super::attribution;
use super::line::{Line, is_decoration};
use crate::message::Zone;
use crate::message::fold::fold;

/// A separator.
pub(super) struct Separator {
    /// The first line after it.
    pub(super) after: usize,
    /// Quoted or forwarded.
    pub(super) zone: Zone,
}

/// Folded; what stands between the dashes above an answered message.
const ANSWERED: [&str; 24] = [
    "original message",
    "original appointment",
    "original e-mail",
    "original email",
    "original-nachricht",
    "originalnachricht",
    "original-mail",
    "originele bericht",
    "origineel bericht",
    "oorspronkelijk bericht",
    "oorspronkelijke bericht",
    "mensaje original",
    "correo original",
    "missatge original",
    "correu original",
    "ursprungliche nachricht",
    "urspruengliche nachricht",
    "urspr. nachricht",
    "ursprungliche mail",
    "message d'origine",
    "message original",
    "mensagem original",
    "messaggio originale",
    "messaggio originario",
];

/// Folded; above a forwarded message.
const FORWARDED: [&str; 15] = [
    "forwarded message",
    "forwarded mail",
    "forwarded email",
    "forwarded e-mail",
    "mensaje reenviado",
    "correo reenviado",
    "missatge reenviat",
    "weitergeleitete nachricht",
    "weitergeleitete mail",
    "message transfere",
    "message reexpedie",
    "mensagem encaminhada",
    "mensagem reencaminhada",
    "messaggio inoltrato",
    "doorgestuurd bericht",
];

/// Folded; followed by a name and mostly a date.
const FORWARDED_BY: [&str; 8] = [
    "forwarded by ",
    "reenviado por ",
    "reenviat per ",
    "weitergeleitet von ",
    "transfere par ",
    "encaminhado por ",
    "inoltrato da ",
    "doorgestuurd door ",
];

/// Folded; clear enough to stand without dashes.
const BEGINNINGS: [&str; 13] = [
    "begin forwarded message",
    "inicio del mensaje reenviado",
    "inici del missatge reenviat",
    "inicia el missatge reenviat",
    "anfang der weitergeleiteten nachricht",
    "anfang der weitergeleiteten e-mail",
    "beginn der weitergeleiteten nachricht",
    "debut du message reexpedie",
    "debut du message transfere",
    "inicio da mensagem encaminhada",
    "inicio da mensagem reencaminhada",
    "inizio messaggio inoltrato",
    "begin doorgestuurd bericht",
];

/// Folded; after them the author speaks again.
const ENDS: [&str; 11] = [
    "end forwarded message",
    "end of forwarded message",
    "fin del mensaje reenviado",
    "fi del missatge reenviat",
    "ende der weitergeleiteten nachricht",
    "fin du message reexpedie",
    "fin du message transfere",
    "fim da mensagem encaminhada",
    "fim da mensagem reencaminhada",
    "fine messaggio inoltrato",
    "einde doorgestuurd bericht",
];

const LONGEST: usize = 300;

/// Lotus Notes 8: `"Ana Ruiz" ---03/12/2024 10:00:00 AM---subject`.
static NOTES: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"---\s?\d{1,4}[./-]\d{1,2}[./-]\d{2,4}[ ,].*---").expect("a constant pattern")
});

/// The separator that begins with the line `at`.
pub(super) fn find(lines: &[Line<'_>], at: usize) -> Option<Separator> {
    let text = lines.get(at)?.text;
    let first = text.chars().next()?;
    if text.len() > LONGEST {
        return None;
    }
    if !is_decoration(first) && !matches!(first, '<' | '>') {
        return undecorated(text, at);
    }
    let inner = text.trim_start_matches(|c| is_decoration(c) || c == '<');
    let leading = text.len() - inner.len();
    if inner.is_empty() || leading < 2 {
        return undecorated(inner, at);
    }
    let folded = fold(inner);
    if ENDS.iter().any(|phrase| folded.starts_with(phrase)) {
        return None;
    }
    for (phrases, zone) in [
        (&ANSWERED[..], Zone::Quoted),
        (&FORWARDED[..], Zone::Forwarded),
        (&BEGINNINGS[..], Zone::Forwarded),
    ] {
        if phrases.iter().any(|p| is_phrase_alone(&folded, p)) {
            return Some(Separator {
                after: at + 1,
                zone,
            });
        }
    }
    if FORWARDED_BY.iter().any(|p| folded.starts_with(p)) {
        return Some(Separator {
            after: at + 1 + usize::from(wraps(text, lines.get(at + 1))),
            zone: Zone::Forwarded,
        });
    }
    // Zoho: `---- On Mon, 05 Jan 2024 10:00:00 +0100 Ana <ana@x.example> wrote ----`.
    let trimmed = inner.trim_end_matches(is_decoration);
    if trimmed.len() + 2 <= inner.len() && attribution::is_certain(trimmed) {
        return Some(Separator {
            after: at + 1,
            zone: Zone::Quoted,
        });
    }
    None
}

/// Whether the line says that a forwarded message ends here.
pub(super) fn is_end(text: &str) -> bool {
    if text.len() > 100 || !text.starts_with(is_decoration) {
        return false;
    }
    let folded = fold(text.trim_matches(is_decoration));
    ENDS.iter().any(|phrase| folded.starts_with(phrase))
}

fn undecorated(text: &str, at: usize) -> Option<Separator> {
    let may_begin = matches!(text.as_bytes().first()?, b'A'..=b'U' | b'a'..=b'u');
    if may_begin && text.len() <= 60 && text.ends_with(':') {
        let folded = fold(text.trim_end_matches([':', ' ', '\u{a0}']));
        if BEGINNINGS.contains(&folded.as_str()) {
            return Some(Separator {
                after: at + 1,
                zone: Zone::Forwarded,
            });
        }
        if ANSWERED.contains(&folded.as_str()) {
            return Some(Separator {
                after: at + 1,
                zone: Zone::Quoted,
            });
        }
    }
    if text.contains("---") && NOTES.is_match(text) {
        return Some(Separator {
            after: at + 1,
            zone: Zone::Quoted,
        });
    }
    None
}

/// After the phrase come dashes, a colon, a bracketed remark or nothing.
fn is_phrase_alone(folded: &str, phrase: &str) -> bool {
    folded.strip_prefix(phrase).is_some_and(|rest| {
        let rest = rest.trim_start();
        rest.is_empty()
            || rest.starts_with([':', '(', '>', '-', '_', '=', '*', '~'])
            || rest.starts_with("from ")
            || rest.starts_with("s -")
    })
}

/// Lotus Notes' long separator is wrapped: its dashes end on the next line.
fn wraps(text: &str, next: Option<&Line<'_>>) -> bool {
    !text.ends_with("--")
        && next.is_some_and(|next| next.text.ends_with("--") && next.text.len() < 120)
}
