//! Word lists for signatures in eight languages, folded (lower case, no accents), and what they say about a line.

use std::collections::{HashMap, HashSet};
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

/// Sign-offs that stand at the end only; Spanish, Catalan, English, German, French, Portuguese, Italian, Dutch.
const CLEAR: &str = "
saludos; un saludo; saludo; saludos cordiales; cordiales saludos; un cordial saludo; cordial saludo;
cordialmente; atentamente; muy atentamente; atte; le saluda atentamente; les saluda atentamente;
un abrazo; abrazos; un fuerte abrazo; fuerte abrazo; besos; un beso; recibe un cordial saludo;
reciba un cordial saludo; reciban un cordial saludo; sin otro particular; hasta siempre; hasta pronto;
gracias y saludos; gracias y un saludo; mil gracias y un abrazo; slds; salu2; un afectuoso saludo;
afectuosamente; con carino; cuidate; cuidense; mis mejores deseos;
salutacions; salutacions cordials; cordials salutacions; cordialment; atentament; ben atentament;
una abracada; abracades; una salutacio; una salutacio cordial; rebeu una salutacio; rebi una salutacio;
rebi una cordial salutacio; rebeu una cordial salutacio; petons; fins aviat; fins sempre; salut; records;
regards; best regards; kind regards; kindest regards; warm regards; warmest regards; best; all the best;
all my best; all best; best wishes; with best wishes; with kind regards; with best regards; with regards;
with warm regards; with warmest regards; with kindest regards; sincerely; yours sincerely;
sincerely yours; yours faithfully; yours truly; very truly yours; truly yours; respectfully;
respectfully yours; cheers; cordially; take care; love; lots of love; talk soon; yours; rgds; brgds; br;
kr; warmly; thanks and regards; thanks & regards; thanks and best regards; thank you and best regards;
many thanks and best regards; with gratitude; with thanks; gratefully; fondly; your friend; see you;
ciao; xoxo; with appreciation;
mit freundlichen grussen; mit freundlichen gruessen; mit freundlichem gruss; freundliche grusse;
freundliche gruesse; freundlichen gruss; freundlicher gruss; mit besten grussen; mit besten gruessen;
beste grusse; beste gruesse; besten gruss; viele grusse; viele gruesse; viele liebe grusse; liebe grusse;
liebe gruesse; lieber gruss; lieben gruss; herzliche grusse; herzliche gruesse; herzlichen gruss;
mit herzlichen grussen; schone grusse; schoene gruesse; sonnige grusse; lg; vg; mfg; mfg.; bg; fg; gruss;
grusse; gruesse; gruss aus; hochachtungsvoll; bis bald; alles gute; herzlichst; ihr; ihre; euer; eure;
dein; deine; mit kollegialen grussen; mit lieben grussen; vielen dank und viele grusse; danke und gruss;
danke und viele grusse; danke & gruss; tschuss; servus;
cordialement; bien cordialement; tres cordialement; bien a vous; bien a toi; salutations;
meilleures salutations; sinceres salutations; salutations distinguees; cordiales salutations;
salutations cordiales; amicalement; amical souvenir; a bientot; bonne journee; bonne continuation;
respectueusement; sincerement; cdlt; cdt; bien cdlt; bises; la bise; bisous; amities;
avec mes salutations distinguees; merci et bonne journee; bonne reception; au plaisir;
atenciosamente; cumprimentos; com os melhores cumprimentos; melhores cumprimentos; os meus cumprimentos;
os melhores cumprimentos; com cumprimentos; cumps; abracos; um abraco; abraco; abs; att; atte.; beijos;
beijinhos; bjs; saudacoes; com estima; grande abraco; um grande abraco; forte abraco; um forte abraco;
com os meus cumprimentos; respeitosamente; ate breve; ate sempre;
cordiali saluti; distinti saluti; saluti; un saluto; un caro saluto; cari saluti; un cordiale saluto;
un abbraccio; a presto; buona giornata; buon lavoro; i migliori saluti; con i migliori saluti;
migliori saluti; in fede; tanti saluti; cordialita; un cordiale saluto a tutti; con stima;
grazie e cordiali saluti; grazie e saluti; buona serata; con affetto; saluti cordiali;
met vriendelijke groet; met vriendelijke groeten; vriendelijke groet; vriendelijke groeten; mvg; m.v.g;
m.vr.gr; met vr. groet; groet; groeten; groetjes; hartelijke groet; hartelijke groeten;
met hartelijke groet; met hartelijke groeten; hoogachtend; beste groeten; de beste groeten; tot ziens;
met beste groet; met beste groeten; met beleefde groeten; warme groet; gr; liefs; met dank en groet";

/// Thanks, which are a sign-off if a name follows.
const THANKS: &str = "
gracias; muchas gracias; mil gracias; gracias de antemano; gracies; moltes gracies; merces;
gracies per tot; gracias por todo; thanks; thank you; many thanks; thx; tks; ta; thanks again;
thanks in advance; thanks a lot; thanks so much; thank you again; thank you very much;
thanks for everything; thank you for everything; danke; vielen dank; besten dank; herzlichen dank;
dankeschon; vielen lieben dank; merci; merci d'avance; merci beaucoup; merci pour tout; obrigado;
obrigada; muito obrigado; muito obrigada; grato; grata; desde ja obrigado; obrigado por tudo; grazie;
grazie mille; molte grazie; grazie di tutto; bedankt; alvast bedankt; dank je wel; dank u wel; dank;
hartelijk dank; met dank";

/// Beginnings of formulas of courtesy that fill a line or more.
const LONG: &str = "
veuillez agreer; je vous prie d'agreer; je vous prie de croire; nous vous prions d'agreer;
veuillez recevoir; recevez mes; recevez nos; voglia gradire; vogliate gradire;
colgo l'occasione per porger";

/// Sign-offs that begin sentences as well: they count only if the line holds nothing else.
const ONLY_ALONE: &str = "
best; love; salut; ihr; ihre; dein; deine; euer; eure; yours; ta; br; kr; dank; records; ciao; gr;
thanks; thank you; saludo";

/// Beginnings of the lines that phones and mail programs append.
const DEVICE_STARTS: &str = "
sent from ; sent via ; sent with ; sent using ; get outlook for; download outlook; get bluemail;
enviado desde ; enviado con ; obtener outlook; obten outlook; enviat des d; enviat amb ; obteniu outlook;
obte outlook; baixa't outlook; von meinem ; von meiner ; gesendet von ; gesendet mit ; gesendet uber ;
outlook fur ; holen sie sich outlook; diese nachricht wurde von meinem ; envoye de mon; envoye depuis;
envoye a partir d; envoye avec; telechargez outlook; telecharger outlook; obtenez outlook; enviado d;
enviado a partir d; obter o outlook; obtenha o outlook; inviato da; scarica outlook; ottieni outlook;
verzonden v; verstuurd v";

/// One of these stands in such a line.
const DEVICES: &str = "
iphone; ipad; android; blackberry; samsung; galaxy; huawei; xiaomi; mobile; phone; handheld; tablet;
outlook; yahoo; mail; nokia; htc; movil; mobil; handy; smartphone; telefon; cellulare; telemovel;
celular; mobiel; proton; windows; device; dispositiu; dispositivo; ios; pixel; apple watch; toestel;
appareil; gerat; palm";

/// Labels of contact data, in front of a colon, a full stop or a space.
const CONTACT_LABELS: &str = "
tel telf tlf tfno telefono telefon telefoon telephone phone ph t m f e w fax mob mobile cell movil mobil handy portable
cellulare telemovel e-mail email correo mail web skype whatsapp linkedin direct office home";

/// Articles, prepositions and the like inside names, titles and contact data.
const PARTICLES: &str = "
de del la las los el y e i da do dos das di der die und of and the for et du des le les en van von den het op
per in im zu zur für tel fax mobile mob cell c/o ext phone email mail web della dei delle dell al to at om
voor te móvil mobil tél office direct home";

/// Words of sentences, not of signatures.
const SPOKEN: &str = "
i i'm i'll i've we we're we'll you you're he she me is are am will was were been have has leaving leave
please call ich bin wir sie habe wird werde mich mir bitte je j'ai suis nous vous serai yo soy estoy estare
dejo voy jo soc estic deixo estou sou saio sono ho lascio saro ik ben heb wij last ultimo ultima letzter
letzte dernier laatste darrer ya nicht no non not";

/// First words of greetings: what follows is another message.
const GREETINGS: &str = "
hi hello dear hey hola estimado estimada estimados estimadas apreciado apreciada querido querida queridos hallo liebe
lieber sehr guten moin gruezi bonjour bonsoir cher chere chers cheres ola caro cara caros caras prezado prezada ciao
gentile egregio egregia buongiorno buonasera beste geachte goedemorgen benvolgut benvolguda bon bona buenos buenas bom boa
good";

struct Lists {
    sign_offs: HashMap<&'static str, SignOff>,
    only_alone: HashSet<&'static str>,
    long: Vec<&'static str>,
    device_starts: Vec<&'static str>,
    devices: Vec<&'static str>,
    /// First words of all of these: most lines are done after one look here.
    first_words: HashSet<&'static str>,
    labels: HashSet<&'static str>,
    particles: HashSet<&'static str>,
    spoken: HashSet<&'static str>,
    greetings: HashSet<&'static str>,
}

static LISTS: LazyLock<Lists> = LazyLock::new(|| {
    let thanks = phrases(THANKS).map(|phrase| (phrase, SignOff::Thanks));
    let clear = phrases(CLEAR).map(|phrase| (phrase, SignOff::Clear));
    Lists {
        sign_offs: thanks.chain(clear).collect(),
        only_alone: phrases(ONLY_ALONE).collect(),
        long: phrases(LONG).collect(),
        device_starts: phrases(DEVICE_STARTS).collect(),
        devices: phrases(DEVICES).collect(),
        first_words: [CLEAR, THANKS, LONG, DEVICE_STARTS]
            .into_iter()
            .flat_map(phrases)
            .map(first_word)
            .collect(),
        labels: CONTACT_LABELS.split_whitespace().collect(),
        particles: PARTICLES.split_whitespace().collect(),
        spoken: SPOKEN.split_whitespace().collect(),
        greetings: GREETINGS.split_whitespace().collect(),
    }
});

fn phrases(list: &'static str) -> impl Iterator<Item = &'static str> {
    list.split([';', '\n'])
        .map(str::trim)
        .filter(|phrase| !phrase.is_empty())
}

fn first_word(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_alphanumeric());
    end.and_then(|at| text.get(..at)).unwrap_or(text)
}

/// Whether the line may be one of the lists' at all.
fn may_be_listed(text: &str) -> bool {
    let start = text.trim_start_matches(|c: char| !c.is_alphanumeric());
    let word = first_word(start);
    word.len() <= 20 && LISTS.first_words.contains(fold(word).as_str())
}

/// How a line says goodbye, if it does: the phrase alone, or with up to four words more (`Saludos desde Vigo`).
pub(super) fn sign_off(text: &str) -> Option<SignOff> {
    if text.len() > 160 || text.ends_with('?') || !may_be_listed(text) {
        return None;
    }
    let lists = &*LISTS;
    let folded = fold(text);
    if lists.long.iter().any(|phrase| folded.starts_with(phrase)) {
        return Some(SignOff::Clear);
    }
    if text.len() > 70 {
        return None;
    }
    let line = folded.trim_matches(|c: char| !c.is_alphanumeric());
    if let Some(kind) = lists.sign_offs.get(line) {
        return Some(*kind);
    }
    let (phrase, rest) = line
        .match_indices(|c: char| !c.is_alphanumeric())
        .filter_map(|(at, _)| line.split_at_checked(at))
        .rfind(|(head, rest)| {
            // `Best, Bo`: with a comma the words that otherwise begin sentences are a sign-off too.
            lists.sign_offs.contains_key(head)
                && (rest.starts_with(',') || !lists.only_alone.contains(head))
        })?;
    let kind = lists.sign_offs.get(phrase).copied()?;
    let extra = rest
        .split_whitespace()
        .filter(|word| word.contains(char::is_alphanumeric));
    let most = if kind == SignOff::Clear { 4 } else { 2 };
    (extra.count() <= most && !rest.contains(['?', '!'])).then_some(kind)
}

/// `PS`, `P.D.`, `NB` at the start of a line: the author speaks again.
pub(super) fn is_postscript(text: &str) -> bool {
    if !text.starts_with(['p', 'P', 'n', 'N', '*']) {
        return false;
    }
    let text = text.trim_start_matches('*');
    let is_letter = |c: char| c.is_ascii_alphabetic() || c == '.';
    let rest = text.trim_start_matches(is_letter);
    let head: String = text
        .chars()
        .take_while(|c| is_letter(*c))
        .filter(char::is_ascii_alphabetic)
        .take(10)
        .collect();
    let marked = rest.starts_with([':', ' ', '-', ')', ',', '–', '—', '\t', '*']);
    let dotted = text.get(..2).is_some_and(|start| start.ends_with('.'));
    let upper = head.chars().all(|c| c.is_ascii_uppercase());
    let word = head.to_ascii_lowercase();
    let known = matches!(
        word.as_str(),
        "ps" | "pps" | "pd" | "pdt" | "nb" | "postdata" | "postscriptum"
    );
    known && marked && (upper || dotted || rest.starts_with(':'))
}

/// `Sent from my iPhone` and its kin.
pub(super) fn is_device_line(text: &str) -> bool {
    if text.len() > 90 || !may_be_listed(text) {
        return false;
    }
    let lists = &*LISTS;
    let folded = fold(text);
    let line = folded.trim_start_matches(|c: char| !c.is_alphanumeric());
    lists
        .device_starts
        .iter()
        .any(|start| line.starts_with(start))
        && line.split(' ').count() <= 12
        && lists.devices.iter().any(|device| line.contains(device))
}

/// Articles and prepositions inside names and titles; `word` in lower case.
pub(super) fn is_particle(word: &str) -> bool {
    LISTS.particles.contains(word)
}

/// Words of sentences, not of signatures; `word` folded.
pub(super) fn is_spoken(word: &str) -> bool {
    LISTS.spoken.contains(word)
}

/// `Dear Ana,`: a greeting and nothing else.
pub(super) fn is_greeting(text: &str) -> bool {
    text.len() <= 60
        && text.ends_with([',', ':', '!'])
        && LISTS.greetings.contains(fold(first_word(text)).as_str())
}

/// Whether the line begins with a label of contact data.
pub(super) fn is_labelled(text: &str) -> bool {
    let end = text
        .find([':', ' ', '\t', '/'])
        .and_then(|at| text.get(..at))
        .filter(|label| label.len() <= 12);
    end.is_some_and(|label| LISTS.labels.contains(fold(label).trim_end_matches('.')))
}
