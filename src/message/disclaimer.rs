//! Legal notices, printing appeals and mailing-list footers: formulas that nobody writes for the recipient.
//!
//! One formula is not enough: "this message is confidential: I am leaving" is the author's. A paragraph counts only if
//! it shows several kinds of formula, or one that stands in no prose.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

use super::Zone;
use super::zones::Line;

const MESSAGE: u8 = 1;
const CONFIDENTIAL: u8 = 2;
const RECIPIENT: u8 = 4;
const FORBIDDEN: u8 = 8;
const HEADING: u8 = 16;
const CERTAIN: u8 = 32;

/// Formulas by kind, in lower case; ASCII case is ignored.
const FORMULAS: [(u8, &str); 6] = [
    (
        MESSAGE,
        "this e-mail; this email; this message; this communication; this transmission; the information contained;
information contained in; este mensaje; este correo; este e-mail; la información contenida;
la informacion contenida; aquest missatge; aquest correu; la informació continguda; diese e-mail;
dieser e-mail; diese mail; dieser mail; diese nachricht; dieser nachricht; ce message; ce courriel;
cet e-mail; ce mail; les informations contenues; esta mensagem; este correio; esta mensaje;
as informações contidas; a informação contida; questo messaggio; questa e-mail; questa mail;
presente messaggio; presente e-mail; presente comunicazione; le informazioni contenute; dit bericht;
deze e-mail; deze mail; dit e-mailbericht; de informatie in",
    ),
    (
        CONFIDENTIAL,
        "confidential; privileged; proprietary; legally protected; confidencial; secreto profesional;
secret professional; segredo profissional; vertraulich; rechtlich geschützt; confidentiel;
secret professionnel; confidenzial; riservat; segreto professionale; sigilos; vertrouwelijk; rgpd; gdpr;
dsgvo; 2016/679; lopd; protección de datos; protecció de dades; proteção de dados; protezione dei dati;
datenschutz; protection des données; gegevensbescherming",
    ),
    (
        RECIPIENT,
        "intended recipient; intended only; intended solely; intended for; sole use of; exclusive use of; addressee;
received this; receive this; recipient(s); destinatari; recibido este; recibe este; recibido por error;
recibe por error; rebut aquest; rebut per error; por error; per error; adressat; richtige empfänger;
irrtümlich; irrtuemlich; ausschließlich für; destinataire; par erreur; destinatário; por engano; por erro;
destinatario; per errore; geadresseerde; bestemd voor; ten onrechte; abusievelijk; per abuis",
    ),
    (
        FORBIDDEN,
        "prohibited; unauthorized; unauthorised; not permitted; delete it; delete the; delete this; destroy;
notify the sender; advise the sender; contact the sender; disclosure; dissemination; prohibid;
no autorizad; elimin; destru; borre; bórrelo; notifique; comunique; comuniqui; verboten; vernichten;
löschen; loeschen; untersagt; nicht gestattet; unbefugt; informieren sie; interdit; non autorisé; détrui;
supprim; avertir l'expéditeur; prévenir l'expéditeur; proibid; não autorizad; apague; apagar;
informe o remetente; vietat; non autorizzat; cancell; distrugg; distruzione; avvis; verboden;
niet toegestaan; vernietig; verwijder; de afzender",
    ),
    (
        HEADING,
        "disclaimer; confidentiality notice; confidentiality note; legal notice; privileged and confidential;
aviso legal; aviso de confidencialidad; nota de confidencialidad; cláusula de confidencialidad; avís legal;
avís de confidencialitat; clàusula de confidencialitat; vertraulichkeitshinweis; haftungsausschluss;
rechtlicher hinweis; wichtiger hinweis; avis de confidentialité; clause de confidentialité; avertissement;
avis important; aviso de confidencialidade; declaração de confidencialidade; avvertenza;
avviso di riservatezza; nota di riservatezza; informativa privacy; vertrouwelijkheidsclausule;
juridische mededeling",
    ),
    (
        CERTAIN,
        "before printing this; before you print this; think before you print; consider the environment before;
consider the environment when; antes de imprimir este; antes de imprimir, p; abans d'imprimir aquest;
bevor sie diese e-mail ausdrucken; bevor sie diese mail ausdrucken; diese e-mail ausdrucken;
avant d'imprimer ce; avant d'imprimer cet; n'imprimez ce; antes de imprimir esta; prima di stampare questa;
prima di stampare questo; print deze e-mail; voordat u deze e-mail print; denk aan het milieu voor;
virus-free; libre de virus.; virenfrei; sans virus.; virusvrij; livre de vírus; privo di virus;
lliure de virus; has been scanned for viruses; been scanned by; checked for viruses by; do you yahoo!?;
get your free download of msn; get your private, free e-mail; msn photos is the easiest;
join the world's largest e-mail service; chat with friends online, try msn; to unsubscribe from this group;
to unsubscribe send; to unsubscribe, e; you received this message because you;
has recibido este mensaje porque; se désabonner de ce groupe; um sich von dieser gruppe abzumelden;
this e-mail is the property of; this email is the property of",
    ),
];

struct Formulas {
    automaton: AhoCorasick,
    kinds: Vec<u8>,
}

static AUTOMATON: LazyLock<Formulas> = LazyLock::new(|| {
    let all = || {
        FORMULAS
            .iter()
            .flat_map(|(kind, list)| {
                list.split([';', '\n'])
                    .map(move |phrase| (*kind, phrase.trim()))
            })
            .filter(|(_, phrase)| !phrase.is_empty())
    };
    let automaton = AhoCorasick::builder()
        .kind(Some(AhoCorasickKind::DFA))
        .match_kind(MatchKind::LeftmostFirst)
        .ascii_case_insensitive(true)
        .build(all().map(|(_, phrase)| phrase))
        .expect("a constant list of phrases");
    Formulas {
        automaton,
        kinds: all().map(|(kind, _)| kind).collect(),
    }
});

/// Lines this long are paragraphs of their own: HTML and phones do not wrap.
const LONG_LINE: usize = 140;

/// Marks disclaimers among the author's own lines.
pub(super) fn mark(lines: &mut [Line<'_>]) {
    let kinds: Vec<u8> = lines.iter().map(|line| kinds_of(line.text)).collect();
    let mut at = 0;
    while at < lines.len() {
        let end = paragraph_end(lines, at);
        if let Some(found) = kinds.get(at..end)
            && let Some(offset) = disclaimer_start(found, lines.get(at..end).unwrap_or_default())
        {
            set(lines, at + offset, end);
        }
        at = end.max(at + 1);
    }
    mark_list_footer(lines);
}

fn kinds_of(text: &str) -> u8 {
    // The shortest formula has four characters, the shortest disclaimer line is longer.
    if text.len() < 8 {
        return 0;
    }
    let formulas = &*AUTOMATON;
    let mut kinds = 0;
    for found in formulas.automaton.find_iter(text) {
        let kind = formulas
            .kinds
            .get(found.pattern().as_usize())
            .copied()
            .unwrap_or(0);
        let is_heading = kind == HEADING;
        let at_start = text
            .get(..found.start())
            .is_some_and(|before| !before.contains(char::is_alphanumeric));
        if !is_heading || at_start {
            kinds |= kind;
        }
    }
    kinds
}

/// The first line after the paragraph that begins at `start`; a blank line is one of its own.
fn paragraph_end(lines: &[Line<'_>], start: usize) -> usize {
    let alone = |line: &Line<'_>| line.is_blank() || line.is_rule() || line.text.len() >= LONG_LINE;
    if lines.get(start).is_some_and(alone) {
        return start + 1;
    }
    let rest = lines.get(start..).unwrap_or_default();
    start + rest.iter().position(alone).unwrap_or(rest.len())
}

/// Where in a paragraph the disclaimer begins, if it is one.
fn disclaimer_start(kinds: &[u8], lines: &[Line<'_>]) -> Option<usize> {
    let all = kinds.iter().fold(0, |all, kind| all | kind);
    let ordinary = (all & (MESSAGE | CONFIDENTIAL | RECIPIENT | FORBIDDEN)).count_ones();
    let length: usize = lines.iter().map(|line| line.text.len()).sum();
    let first = kinds.iter().position(|&kind| kind != 0)?;
    // Prose about confidential papers has such words too; a notice speaks of the message itself.
    let legal = ordinary >= 3 && all & MESSAGE != 0
        || all & HEADING != 0 && (ordinary >= 2 || ordinary == 1 && length > 80);
    if legal {
        // The heading may stand alone on the line above.
        return Some(first);
    }
    let certain = kinds.iter().position(|&kind| kind & CERTAIN != 0)?;
    (length <= 600).then_some(certain)
}

fn set(lines: &mut [Line<'_>], first: usize, end: usize) {
    let mut first = first;
    // A frame of asterisks or a heading above belongs to the notice.
    while let Some(above) = first.checked_sub(1).and_then(|i| lines.get(i)) {
        let heading = kinds_of(above.text) & HEADING != 0 && above.text.len() <= 60;
        if !(heading || above.is_rule() && above.text.starts_with(['*', '=', '+', '#'])) {
            break;
        }
        first -= 1;
    }
    let below = lines
        .get(end)
        .is_some_and(|line| line.is_rule() && line.text.starts_with(['*', '=', '+', '#']));
    for line in lines
        .get_mut(first..end + usize::from(below))
        .unwrap_or_default()
    {
        line.zone = Zone::Disclaimer;
    }
}

/// `____` and the name of a mailing list, as Mailman appends them.
fn mark_list_footer(lines: &mut [Line<'_>]) {
    let Some(rule) = lines
        .iter()
        .rposition(|line| line.is_rule() && line.text.len() >= 20)
    else {
        return;
    };
    let footer = lines.get(rule + 1..).unwrap_or_default();
    let short = footer.iter().filter(|line| !line.is_blank()).count() <= 8;
    let names_list = footer.iter().any(|line| {
        let text = line.text.to_ascii_lowercase();
        text.contains("mailing list")
            || text.contains("mailman/listinfo")
            || text.contains("unsubscribe")
    });
    if short && names_list {
        for line in lines.get_mut(rule..).unwrap_or_default() {
            line.zone = Zone::Disclaimer;
        }
    }
}

#[cfg(test)]
mod tests;
