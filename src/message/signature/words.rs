//! Word lists for signatures in eight languages, all folded (lower case, no accents).

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::message::fold::fold;

/// How clearly a line says goodbye.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SignOff {
    /// Stands at the end only.
    Clear,
    /// Thanks, which stand anywhere.
    Thanks,
}

const CLEAR: &[&str] = &[
    // Spanish
    "saludos", "un saludo", "saludo", "saludos cordiales", "cordiales saludos", "un cordial saludo", "cordial saludo",
    "cordialmente", "atentamente", "muy atentamente", "atte", "le saluda atentamente", "les saluda atentamente",
    "un abrazo", "abrazos", "un fuerte abrazo", "fuerte abrazo", "besos", "un beso", "recibe un cordial saludo",
    "reciba un cordial saludo", "reciban un cordial saludo", "sin otro particular", "hasta siempre", "hasta pronto",
    "gracias y saludos", "gracias y un saludo", "mil gracias y un abrazo", "slds", "salu2", "un afectuoso saludo",
    "afectuosamente", "con carino", "cuidate", "cuidense", "mis mejores deseos",
    // Catalan
    "salutacions", "salutacions cordials", "cordials salutacions", "cordialment", "atentament", "ben atentament",
    "una abracada", "abracades", "una salutacio", "una salutacio cordial", "rebeu una salutacio",
    "rebi una salutacio", "rebi una cordial salutacio", "rebeu una cordial salutacio", "petons", "fins aviat",
    "fins sempre", "salut", "records",
    // English
    "regards", "best regards", "kind regards", "kindest regards", "warm regards", "warmest regards", "best",
    "all the best", "all my best", "all best", "best wishes", "with best wishes", "with kind regards",
    "with best regards", "with regards", "with warm regards", "with warmest regards", "with kindest regards",
    "sincerely", "yours sincerely", "sincerely yours", "yours faithfully", "yours truly", "very truly yours",
    "truly yours", "respectfully", "respectfully yours", "cheers", "cordially", "take care", "love", "lots of love",
    "talk soon", "yours", "rgds", "brgds", "br", "kr", "warmly", "thanks and regards", "thanks & regards",
    "thanks and best regards", "thank you and best regards", "many thanks and best regards", "with gratitude",
    "with thanks", "gratefully", "fondly", "your friend", "see you", "ciao", "xoxo", "with appreciation",
    // German
    "mit freundlichen grussen", "mit freundlichen gruessen", "mit freundlichem gruss", "freundliche grusse",
    "freundliche gruesse", "freundlichen gruss", "freundlicher gruss", "mit besten grussen", "mit besten gruessen",
    "beste grusse", "beste gruesse", "besten gruss", "viele grusse", "viele gruesse", "viele liebe grusse",
    "liebe grusse", "liebe gruesse", "lieber gruss", "lieben gruss", "herzliche grusse", "herzliche gruesse",
    "herzlichen gruss", "mit herzlichen grussen", "schone grusse", "schoene gruesse", "sonnige grusse", "lg", "vg",
    "mfg", "mfg.", "bg", "fg", "gruss", "grusse", "gruesse", "gruss aus", "hochachtungsvoll", "bis bald", "alles gute",
    "herzlichst", "ihr", "ihre", "euer", "eure", "dein", "deine", "mit kollegialen grussen", "mit lieben grussen",
    "vielen dank und viele grusse", "danke und gruss", "danke und viele grusse", "danke & gruss", "tschuss", "servus",
    // French
    "cordialement", "bien cordialement", "tres cordialement", "bien a vous", "bien a toi", "salutations",
    "meilleures salutations", "sinceres salutations", "salutations distinguees", "cordiales salutations",
    "salutations cordiales", "amicalement", "amical souvenir", "a bientot", "bonne journee", "bonne continuation",
    "respectueusement", "sincerement", "cdlt", "cdt", "bien cdlt", "bises", "la bise", "bisous", "amities",
    "avec mes salutations distinguees", "merci et bonne journee", "bonne reception", "au plaisir",
    // Portuguese
    "atenciosamente", "cumprimentos", "com os melhores cumprimentos", "melhores cumprimentos", "os meus cumprimentos",
    "os melhores cumprimentos", "com cumprimentos", "cumps", "abracos", "um abraco", "abraco", "abs", "att", "atte.",
    "beijos", "beijinhos", "bjs", "saudacoes", "com estima", "grande abraco", "um grande abraco", "forte abraco",
    "um forte abraco", "com os meus cumprimentos", "respeitosamente", "ate breve", "ate sempre",
    // Italian
    "cordiali saluti", "distinti saluti", "saluti", "un saluto", "un caro saluto", "cari saluti", "un cordiale saluto",
    "un abbraccio", "a presto", "buona giornata", "buon lavoro", "i migliori saluti", "con i migliori saluti",
    "migliori saluti", "in fede", "tanti saluti", "cordialita", "un cordiale saluto a tutti", "con stima",
    "grazie e cordiali saluti", "grazie e saluti", "buona serata", "con affetto", "saluti cordiali",
    // Dutch
    "met vriendelijke groet", "met vriendelijke groeten", "vriendelijke groet", "vriendelijke groeten", "mvg", "m.v.g",
    "m.vr.gr", "met vr. groet", "groet", "groeten", "groetjes", "hartelijke groet", "hartelijke groeten",
    "met hartelijke groet", "met hartelijke groeten", "hoogachtend", "beste groeten", "de beste groeten", "tot ziens",
    "met beste groet", "met beste groeten", "met beleefde groeten", "warme groet", "gr", "liefs", "met dank en groet",
];

const THANKS: &[&str] = &[
    "gracias", "muchas gracias", "mil gracias", "gracias de antemano", "gracies", "moltes gracies", "merces",
    "gracies per tot", "gracias por todo", "thanks", "thank you", "many thanks", "thx", "tks", "ta", "thanks again",
    "thanks in advance", "thanks a lot", "thanks so much", "thank you again", "thank you very much", "thanks for everything",
    "thank you for everything", "danke", "vielen dank", "besten dank", "herzlichen dank", "dankeschon", "vielen lieben dank",
    "merci", "merci d'avance", "merci beaucoup", "merci pour tout", "obrigado", "obrigada", "muito obrigado",
    "muito obrigada", "grato", "grata", "desde ja obrigado", "obrigado por tudo", "grazie", "grazie mille", "molte grazie",
    "grazie di tutto", "bedankt", "alvast bedankt", "dank je wel", "dank u wel", "dank", "hartelijk dank", "met dank",
];

/// Formulas of courtesy that fill a line or more.
const LONG: &[&str] = &[
    "veuillez agreer", "je vous prie d'agreer", "je vous prie de croire", "nous vous prions d'agreer",
    "veuillez recevoir", "recevez mes", "recevez nos", "voglia gradire", "vogliate gradire", "colgo l'occasione per porger",
];

static SIGN_OFFS: LazyLock<HashMap<&'static str, SignOff>> = LazyLock::new(|| {
    let clear = CLEAR.iter().map(|phrase| (*phrase, SignOff::Clear));
    let thanks = THANKS.iter().map(|phrase| (*phrase, SignOff::Thanks));
    thanks.chain(clear).collect()
});

/// Words that stand for a whole sign-off only if the line holds nothing else.
const ONLY_ALONE: [&str; 20] = [
    "best", "love", "salut", "ihr", "ihre", "dein", "deine", "euer", "eure", "yours", "ta", "br", "kr", "dank", "records",
    "ciao", "gr", "thanks", "thank you", "saludo",
];

/// Labels of contact data at the start of a line, in lower case.
pub(super) const CONTACT_LABELS: [&str; 34] = [
    "tel", "tel.", "telf", "tlf", "tfno", "teléfono", "telefono", "telèfon", "telefon", "telefoon", "téléphone",
    "telefone", "phone", "ph", "t", "m", "f", "e", "w", "fax", "mob", "mobile", "cell", "cell.", "móvil", "movil", "mòbil",
    "mobil", "handy", "portable", "cellulare", "telemóvel", "e-mail", "email",
];

/// How a line says goodbye, if it does: the phrase alone, or with up to four words more (`Saludos desde Vigo`).
pub(super) fn sign_off(text: &str) -> Option<SignOff> {
    if text.len() > 160 || text.ends_with('?') {
        return None;
    }
    let folded = fold(text);
    if LONG.iter().any(|phrase| folded.starts_with(phrase)) {
        return Some(SignOff::Clear);
    }
    if text.len() > 70 {
        return None;
    }
    let line = folded.trim_matches(|c: char| !c.is_alphanumeric() && c != '.');
    let line = line.trim_start_matches('.');
    let bare = line.trim_end_matches('.');
    if let Some(kind) = SIGN_OFFS.get(bare).or_else(|| SIGN_OFFS.get(line)) {
        return Some(*kind);
    }
    let ends = line
        .match_indices(|c: char| !c.is_alphanumeric())
        .map(|(at, _)| at);
    let head = ends
        .filter_map(|at| line.split_at_checked(at))
        .filter(|(head, _)| SIGN_OFFS.contains_key(head) && !ONLY_ALONE.contains(head))
        .last();
    let (phrase, rest) = head.or_else(|| thanks_with_comma(line))?;
    let extra = rest.split_whitespace().filter(|w| w.contains(char::is_alphanumeric));
    let kind = SIGN_OFFS.get(phrase).copied()?;
    let most = if kind == SignOff::Clear { 4 } else { 2 };
    (extra.count() <= most && !rest.contains(['?', '!'])).then_some(kind)
}

/// `Thanks, Bo`: with a comma the words that otherwise begin sentences are a sign-off too.
fn thanks_with_comma(line: &str) -> Option<(&str, &str)> {
    let (head, rest) = line.split_once(',')?;
    SIGN_OFFS.contains_key(head).then_some((head, rest))
}

/// `PS`, `P.D.`, `NB` at the start of a line: the author speaks again.
pub(super) fn is_postscript(text: &str) -> bool {
    let head: String = text
        .chars()
        .take_while(|c| c.is_ascii_alphabetic() || *c == '.')
        .filter(char::is_ascii_alphabetic)
        .take(5)
        .collect();
    let marked = text
        .trim_start_matches(|c: char| c.is_ascii_alphabetic() || c == '.')
        .starts_with([':', ' ', '-', ')', ',', '–', '—', '\t']);
    let dotted = text.get(..2).is_some_and(|h| h.ends_with('.'));
    let upper = head.chars().all(|c| c.is_ascii_uppercase());
    marked
        && matches!(
            head.to_ascii_lowercase().as_str(),
            "ps" | "pps" | "pd" | "pdt" | "nb" | "postdata"
        )
        && (upper || dotted || text.contains(':'))
}

/// `Sent from my iPhone` and its kin.
pub(super) fn is_device_line(text: &str) -> bool {
    if text.len() > 90 || !text.starts_with(|c: char| c.is_alphabetic() || matches!(c, '*' | '<' | '[')) {
        return false;
    }
    let folded = fold(text.trim_start_matches(['*', '<', '[']));
    DEVICE_STARTS.iter().any(|start| folded.starts_with(start))
        && folded.split(' ').count() <= 12
        && DEVICES.iter().any(|device| folded.contains(device))
}

const DEVICE_STARTS: [&str; 40] = [
    "sent from ", "sent via ", "sent with ", "sent using ", "get outlook for", "download outlook", "get bluemail",
    "enviado desde ", "enviado con ", "obtener outlook", "obten outlook", "enviat des d", "enviat amb ", "obteniu outlook",
    "obte outlook", "baixa't outlook", "von meinem ", "von meiner ", "gesendet von ", "gesendet mit ", "gesendet uber ",
    "outlook fur ", "holen sie sich outlook", "diese nachricht wurde von meinem ", "envoye de mon", "envoye depuis",
    "envoye a partir d", "envoye avec", "telechargez outlook", "telecharger outlook", "obtenez outlook", "enviado d",
    "enviado a partir d", "obter o outlook", "obtenha o outlook", "inviato da", "scarica outlook", "ottieni outlook",
    "verzonden v", "verstuurd v",
];

const DEVICES: [&str; 38] = [
    "iphone", "ipad", "android", "blackberry", "samsung", "galaxy", "huawei", "xiaomi", "mobile", "phone", "handheld",
    "tablet", "outlook", "yahoo", "mail", "nokia", "htc", "movil", "mobil", "handy", "smartphone", "telefon", "cellulare",
    "telemovel", "celular", "mobiel", "proton", "windows", "device", "dispositiu", "dispositivo", "ios", "pixel",
    "apple watch", "toestel", "appareil", "gerat", "palm",
];

/// Articles and prepositions inside names and titles.
pub(super) fn is_particle(word: &str) -> bool {
    matches!(
        word,
        "de" | "del" | "la" | "las" | "los" | "el" | "y" | "e" | "i" | "da" | "do" | "dos" | "das" | "di" | "der" | "die"
            | "und" | "of" | "and" | "the" | "for" | "et" | "du" | "des" | "le" | "les" | "en" | "van" | "von" | "den"
            | "het" | "op" | "per" | "in" | "im" | "zu" | "zur" | "für" | "tel" | "fax" | "mobile" | "mob" | "cell" | "c/o"
            | "ext" | "phone" | "email" | "mail" | "web" | "della" | "dei" | "delle" | "dell" | "al" | "to" | "at" | "om"
            | "voor" | "te" | "móvil" | "mobil" | "tél" | "office" | "direct" | "home"
    )
}

/// Words of sentences, not of signatures.
pub(super) fn is_spoken(word: &str) -> bool {
    matches!(
        word,
        "i" | "i'm" | "i'll" | "i've" | "we" | "we're" | "we'll" | "you" | "you're" | "he" | "she" | "me" | "is" | "are"
            | "am" | "will" | "was" | "were" | "been" | "have" | "has" | "leaving" | "leave" | "please" | "call" | "ich" | "bin"
            | "wir" | "sie" | "habe" | "wird" | "werde" | "mich" | "mir" | "bitte" | "je" | "j'ai" | "suis" | "nous" | "vous"
            | "serai" | "yo" | "soy" | "estoy" | "he" | "estare" | "dejo" | "voy" | "jo" | "soc" | "estic" | "deixo" | "estou"
            | "sou" | "saio" | "deixo" | "sono" | "ho" | "lascio" | "saro" | "ik" | "ben" | "heb" | "wij" | "last" | "ultimo"
            | "ultima" | "letzter" | "letzte" | "dernier" | "laatste" | "darrer" | "ya" | "nicht" | "no" | "non" | "not"
    )
}
