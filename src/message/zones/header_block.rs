//! Header blocks that clients copy into the text: Outlook's `From: … Sent: … To: … Subject: …`, Lotus Notes' name and
//! date above `To:`, in eight languages.

use super::attribution::has_date_and_time;
use super::line::Line;
use crate::message::Zone;
use crate::message::fold::fold;

/// A header block.
pub(super) struct HeaderBlock {
    /// Its first line.
    pub(super) first: usize,
    /// The first line after its last field.
    pub(super) after: usize,
}

/// Which field a label names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Label {
    From = 1,
    Date = 2,
    To = 4,
    Cc = 8,
    Subject = 16,
    Other = 32,
}

/// Longest block that is looked at, in lines: lists of recipients may be long.
const LONGEST: usize = 120;

/// The block that the line `at` is part of: its first field, or the `To:` below a Lotus Notes name and date.
pub(super) fn find(lines: &[Line<'_>], at: usize) -> Option<HeaderBlock> {
    let first = label(lines.get(at)?.text)?;
    if matches!(first, Label::Other | Label::Cc) {
        return None;
    }
    let (seen, after) = scan(lines, at, first);
    let has = |label: Label| seen & label as u8 != 0;
    if has(Label::From) && (seen & !(Label::Other as u8)).count_ones() >= 3 {
        return Some(HeaderBlock { first: at, after });
    }
    if first == Label::To && (has(Label::Subject) || has(Label::Cc)) {
        // Notes may lose the name; the three fields right below somebody's words are a copied header all the same.
        let complete = has(Label::Subject) && has(Label::Cc) && is_set_off(lines, at);
        let first = notes_start(lines, at).or_else(|| complete.then_some(at))?;
        return Some(HeaderBlock { first, after });
    }
    None
}

/// Whether the block is the head of a memorandum: the author is its sender, and hardly anything stands above it.
pub(super) fn is_memo(lines: &[Line<'_>], block: &HeaderBlock, names: &[String]) -> bool {
    let above = lines.get(..block.first).unwrap_or_default();
    let at_top = above.iter().filter(|line| !line.is_blank()).count() <= 2;
    at_top
        && lines
            .get(block.first..block.after)
            .unwrap_or_default()
            .iter()
            .filter(|line| label(line.text) == Some(Label::From))
            .filter_map(|line| line.text.split_once(':'))
            .any(|(_, sender)| names_author(sender, names))
}

/// Two words of the author's name, or one of two.
fn names_author(sender: &str, names: &[String]) -> bool {
    let folded = fold(sender);
    let known = folded
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| names.iter().any(|name| name == word))
        .count();
    known >= 2 || known == 1 && folded.split_whitespace().count() <= 1
}

/// Below a blank line, with words above it.
fn is_set_off(lines: &[Line<'_>], at: usize) -> bool {
    let above = lines.get(..at).unwrap_or_default();
    above.last().is_some_and(Line::is_blank) && above.iter().any(|line| !line.is_blank())
}

/// Whether the line begins with a word and a colon, as every client's header block does in whatever language.
pub(super) fn begins_like_one(text: &str) -> bool {
    text.split_once(':').is_some_and(|(name, value)| {
        name.len() <= 24 && name.split_whitespace().count() <= 3 && !value.trim().is_empty()
    })
}

/// Which labels follow each other from `at` on, and where they end.
fn scan(lines: &[Line<'_>], at: usize, first: Label) -> (u8, usize) {
    let mut seen = first as u8;
    let mut last = first;
    let mut after = at + 1;
    let (mut blanks, mut continuations) = (0, 0);
    for (i, line) in lines.iter().enumerate().skip(at + 1).take(LONGEST) {
        if line.fixed && line.zone != Zone::Own {
            break;
        }
        if line.is_blank() {
            blanks += 1;
            if blanks > 3 {
                break;
            }
            continue;
        }
        if let Some(found) = label(line.text) {
            if found as u8 & seen != 0 && found != Label::Other {
                break;
            }
            seen |= found as u8;
            last = found;
            after = i + 1;
            blanks = 0;
            continuations = 0;
            continue;
        }
        continuations += 1;
        let in_list = matches!(last, Label::To | Label::Cc)
            && line.text.contains(['@', ';', ',', '/', '<', '>']);
        if blanks > 0 || !(in_list || continuations <= 2) {
            break;
        }
        if in_list {
            after = i + 1;
        }
    }
    (seen, after)
}

/// The line with the name above a Lotus Notes block whose `To:` is at `to`.
fn notes_start(lines: &[Line<'_>], to: usize) -> Option<usize> {
    let mut looked_at = 0;
    for i in (0..to).rev().take(10) {
        let line = lines.get(i)?;
        if line.is_blank() {
            continue;
        }
        looked_at += 1;
        if looked_at > 4 || line.zone != Zone::Own || line.text.len() > 200 {
            return None;
        }
        if !has_date_and_time(line.text) {
            continue;
        }
        let alone = line.text.starts_with(|c: char| c.is_ascii_digit())
            || fold(line.text).starts_with("on ");
        let above = i.checked_sub(1).and_then(|above| lines.get(above));
        let has_name =
            above.is_some_and(|l| !l.is_blank() && l.zone == Zone::Own && l.text.len() <= 100);
        if !(alone && has_name) {
            return Some(i);
        }
        let sent_by = above.is_some_and(|line| fold(line.text).starts_with("sent by"));
        return Some(i.saturating_sub(1 + usize::from(sent_by)));
    }
    None
}

/// The field that a line begins with.
fn label(text: &str) -> Option<Label> {
    let text = text.trim_start_matches(['*', '_', ' ', '"', '•', '\t']);
    let head = text
        .get(..text.len().min(40))
        .or_else(|| text.get(..text.len().min(39)))?;
    let colon = head.find(':')?;
    let name = text
        .get(..colon)?
        .trim_end_matches(['*', '_', ' ', '\u{a0}', '\t']);
    if name.is_empty() || name.len() > 24 {
        return None;
    }
    let label = match fold(name).as_str() {
        "from" | "de" | "von" | "da" | "van" | "expediteur" | "remitente" | "mittente"
        | "remetente" | "absender" | "afzender" | "remitent" | "de la part de" => Label::From,
        "sent" | "date" | "enviado" | "enviado el" | "enviado em" | "enviada" | "enviada em"
        | "fecha" | "fecha de envio" | "data" | "data d'enviament" | "enviat" | "enviat el"
        | "gesendet" | "gesendet am" | "datum" | "envoye" | "envoye le" | "inviato" | "inviata"
        | "data invio" | "verzonden" | "verzonden op" | "sent on" | "date sent"
        | "date and time" | "sent at" | "date d'envoi" => Label::Date,
        "to" | "para" | "per a" | "per" | "a" | "an" | "aan" | "destinatario" | "destinatari"
        | "destinataire" | "empfanger" | "destinatarios" | "destinataires" | "geadresseerde"
        | "a (to)" => Label::To,
        "cc" | "c.c." | "kopie" | "kopie an" | "copie" | "copie a" | "copia" | "copia a"
        | "con copia" | "in cc" | "bcc" | "cco" | "cci" | "ccn" | "ccc" | "a/c" => Label::Cc,
        "subject" | "asunto" | "assumpte" | "tema" | "betreff" | "betr." | "betreft" | "objet"
        | "sujet" | "assunto" | "oggetto" | "onderwerp" | "thema" => Label::Subject,
        "importance" | "importancia" | "wichtigkeit" | "prioritat" | "prioridad" | "prioridade"
        | "priorita" | "priorite" | "priority" | "belang" | "urgentie" | "reply-to"
        | "reply to" | "responder a" | "respondre a" | "antwort an" | "repondre a"
        | "rispondi a" | "antwoord aan" | "attachments" | "attachment" | "datos adjuntos"
        | "archivos adjuntos" | "adjunts" | "anlagen" | "anhang" | "pieces jointes"
        | "piece jointe" | "allegati" | "anexos" | "bijlagen" | "organisation" | "organization"
        | "message-id" | "sensitivity" | "when" | "where" | "cuando" | "donde" | "wann" | "wo" => {
            Label::Other
        }
        _ => return None,
    };
    Some(label)
}
