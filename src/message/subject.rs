//! What the beginning of a subject line says: that a message is forwarded, or written by a machine.

use super::fold::fold;

/// Prefixes of forwarded messages, folded, by clients in eight languages (and a few neighbours).
const FORWARD: [&str; 16] = [
    "fw",
    "fwd",
    "wg",
    "rv",
    "tr",
    "enc",
    "i",
    "doorst",
    "rvs",
    "reenv",
    "reenviado",
    "weitergeleitet",
    "fs",
    "vs",
    "inolt",
    "trans",
];

/// Folded beginnings of subjects that only autoresponders write.
const AUTOMATIC: [&str; 18] = [
    "automatic reply:",
    "auto reply:",
    "auto-reply:",
    "autoreply:",
    "out of office autoreply:",
    "out of office reply:",
    "respuesta automatica:",
    "fuera de la oficina autoreply:",
    "resposta automatica:",
    "automatische antwort:",
    "abwesenheitsnotiz:",
    "reponse automatique:",
    "reponse automatique :",
    "absence du bureau",
    "risposta automatica:",
    "automatisch antwoord:",
    "afwezigheidsbericht:",
    "[autoreply]",
];

/// Whether the first prefix is one of forwarding: `FW: Re: …` is, `Re: FW: …` is an answer to one.
pub(super) fn is_forward(subject: &str) -> bool {
    let Some((prefix, _)) = subject.split_once(':') else {
        return false;
    };
    let folded = fold(prefix);
    // Some clients count: `Fwd[2]:`.
    let word = folded.split(['[', '(']).next().unwrap_or("").trim();
    FORWARD.contains(&word)
}

/// Whether the subject is an autoresponder's. A person may well write "Out of office: next week", so that one counts only
/// in front of an answered subject.
pub(super) fn is_automatic(subject: &str) -> bool {
    let folded = fold(subject);
    AUTOMATIC.iter().any(|start| folded.starts_with(start))
        || [
            "out of office:",
            "out of the office:",
            "fuera de la oficina:",
            "afwezig:",
        ]
        .iter()
        .filter_map(|start| folded.strip_prefix(start))
        .any(|rest| {
            let rest = rest.trim_start();
            ["re:", "aw:", "fw:", "rv:", "antw:"]
                .iter()
                .any(|p| rest.starts_with(p))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(subject: &str, forward: bool, automatic: bool) {
        assert_eq!(
            (is_forward(subject), is_automatic(subject)),
            (forward, automatic)
        );
    }

    #[test]
    fn prefixes() {
        check("FW: offer", true, false);
        check("Fwd[2]: offer", true, false);
        check("WG: Angebot", true, false);
        check("RV: oferta", true, false);
        check("TR : offre", true, false);
        check("I: offerta", true, false);
        check("Doorst: offerte", true, false);
        check("Re: FW: offer", false, false);
        check("I am leaving", false, false);
        check("News: I am leaving", false, false);
        check("Automatic reply: offer", false, true);
        check("Réponse automatique : offre", false, true);
        check("Automatische Antwort: Angebot", false, true);
        check("Out of office: from June I am gone", false, false);
        check("Out of Office: Re: offer", false, true);
    }
}
