//! Whose a contact datum is: points for and against each owner, by rules in the order of their strength.

mod free_mail;

use std::collections::BTreeMap;

pub use free_mail::is_free_mail;

use super::author::{domain, is_custodian, local_part};
use super::contact::Found;
use crate::finding::{Contact, ContactKind, Owner, Place};
use crate::mailbox::{Custodian, Organisation, is_domain_or_subdomain};
use crate::message::{Address, Message, Zone};
use crate::query::fold::fold_words;

/// Words near a datum that tell whose it is, found by the query's `cue_…` signals.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cues {
    /// `cue_own`: "my mobile", "reach me at", "my private address".
    pub own: bool,
    /// `cue_colleague`: "my colleague", "her number", "will take over".
    pub colleague: bool,
    /// `cue_new_job`: "my new firm", "I'll be joining".
    pub new_job: bool,
    /// `cue_old`: "will no longer work", "this address will be closed".
    pub old: bool,
    /// `cue_office`: "switchboard", "our office", "direct line", "fax".
    pub office: bool,
}

/// What ownership depends on.
pub struct Context<'m> {
    /// The message.
    pub message: &'m Message,
    /// Whose mail it is.
    pub custodian: &'m Custodian,
    /// The organisation.
    pub organisation: &'m Organisation,
    /// Whether the message is a notice: data in it are then more likely the leaver's own.
    pub notice: bool,
    /// Cues in the sentence of a datum, and in the sentence before it.
    pub cues: &'m dyn Fn(&Found) -> (Cues, Cues),
}

/// An owner and how sure that is, 0 to 100.
type Opinion = (Owner, u8);

/// Tells the owner of every datum; the result is sorted and without duplicates.
#[must_use]
pub fn attribute(found: &[Found], context: &Context<'_>) -> Vec<Contact> {
    let scene = Scene::new(found, context);
    let mut best: BTreeMap<(ContactKind, String), (Contact, u8)> = BTreeMap::new();
    for datum in found {
        let (owner, confidence) = scene.owner(datum);
        let contact = Contact {
            kind: datum.kind,
            value: datum.value.clone(),
            written: datum.written.clone(),
            owner,
            place: datum.place,
            part: datum.part.clone(),
            confidence,
        };
        // A datum that stands in several places is told once, where its owner is surest and the place the plainest.
        let rank = rank(datum, owner, confidence);
        let slot = best.entry((datum.kind, datum.value.clone()));
        match slot {
            std::collections::btree_map::Entry::Vacant(slot) => {
                slot.insert((contact, rank));
            }
            std::collections::btree_map::Entry::Occupied(mut slot) => {
                if rank > slot.get().1 {
                    slot.insert((contact, rank));
                }
            }
        }
    }
    let mut contacts: Vec<Contact> = best.into_values().map(|(contact, _)| contact).collect();
    contacts.sort();
    contacts
}

fn rank(datum: &Found, owner: Owner, confidence: u8) -> u8 {
    let place = match (datum.place, datum.zone) {
        (_, Zone::Quoted | Zone::Forwarded) | (Place::Header, _) => 0,
        (Place::Body, Zone::Own) => 60,
        (Place::Signature, _) => 40,
        _ => 20,
    };
    let told = if owner == Owner::Unknown { 0 } else { 20 };
    place + told + confidence / 5
}

/// What is the same for all data of a message.
struct Scene<'s> {
    context: &'s Context<'s>,
    /// Words of the custodian's names and addresses, folded.
    own_words: Vec<String>,
    /// Whether the signature is the organisation's: it holds an address or site of the organisation.
    office_signature: bool,
}

impl<'s> Scene<'s> {
    fn new(found: &[Found], context: &'s Context<'s>) -> Self {
        let custodian = context.custodian;
        let from = context.message.from.first();
        let names = custodian
            .name
            .iter()
            .chain(custodian.aliases.iter().filter(|a| !a.contains('@')));
        let mut texts: Vec<String> = names.cloned().collect();
        if let Some(from) = from {
            texts.push(from.name.clone());
        }
        let addresses = std::iter::once(&custodian.id).chain(from.map(|f| &f.address));
        texts.extend(addresses.map(|a| local_part(a).to_owned()));
        let mut own_words: Vec<String> = texts
            .iter()
            .flat_map(|t| {
                fold_words(t)
                    .split(' ')
                    .map(str::to_owned)
                    .collect::<Vec<_>>()
            })
            .filter(|w| w.len() >= 3 && !w.bytes().all(|b| b.is_ascii_digit()))
            .collect();
        own_words.sort();
        own_words.dedup();
        let office =
            |f: &&Found| f.place == Place::Signature && is_organisations(f, context.organisation);
        Self {
            context,
            own_words,
            office_signature: found.iter().any(|f| office(&f)),
        }
    }

    fn owner(&self, datum: &Found) -> Opinion {
        if self.is_known(datum) {
            return (Owner::Custodian, 100);
        }
        if datum.place == Place::Header {
            return self.of_header(datum);
        }
        match datum.kind {
            ContactKind::Email => self.of_email(datum),
            ContactKind::Phone | ContactKind::Messenger => self.of_number(datum),
            ContactKind::Profile | ContactKind::Url => self.of_link(datum),
            ContactKind::Postal => self.of_postal(datum),
        }
    }

    /// The roster's known contacts decide at once.
    fn is_known(&self, datum: &Found) -> bool {
        let plain = |text: &str| {
            let text = text.trim().to_lowercase();
            if text.contains('@') || text.contains("://") {
                text.trim_start_matches("mailto:").to_owned()
            } else {
                text.chars().filter(char::is_ascii_digit).collect()
            }
        };
        let value = plain(&datum.value);
        self.context.custodian.known_contacts.iter().any(|known| {
            let known = plain(known);
            let number = known.bytes().all(|b| b.is_ascii_digit());
            known == value
                || number
                    && known.len() >= 7
                    && (value.ends_with(&known) || known.ends_with(&value) && value.len() >= 7)
        })
    }

    fn of_header(&self, datum: &Found) -> Opinion {
        let address = address(datum);
        if self.context.organisation.owns(domain(address)) {
            return if self.is_own_address(address) {
                (Owner::Organisation, 90)
            } else {
                (Owner::Colleague, 80)
            };
        }
        let mine = datum.part == "From"
            || datum.part == "Sender"
            || self.is_named_after_custodian(local_part(address));
        let private =
            is_free_mail(domain(address)) || self.is_named_after_custodian(domain(address));
        match (mine, private) {
            (true, true) => (Owner::Custodian, 75),
            (true, false) if datum.part == "Reply-To" => (Owner::Custodian, 60),
            (true, false) if datum.part == "From" => (Owner::Organisation, 50),
            _ => (Owner::Client, 60),
        }
    }

    fn of_email(&self, datum: &Found) -> Opinion {
        let address = address(datum);
        let host = domain(address);
        if self.context.organisation.owns(host) {
            return if self.is_own_address(address) || is_functional(local_part(address)) {
                (Owner::Organisation, 95)
            } else {
                (Owner::Colleague, 85)
            };
        }
        if let Some(opinion) = self.of_other_words(datum) {
            return opinion;
        }
        if self.is_recipients(address) {
            return (Owner::Client, 95);
        }
        let (here, before) = (self.context.cues)(datum);
        let named = self.is_named_after_custodian(local_part(address));
        let private = is_free_mail(host) || is_alumni(host);
        let shared_with_recipient = self
            .recipients()
            .any(|a| !private && is_domain_or_subdomain(host, domain(&a.address)));
        if shared_with_recipient && !named {
            return (Owner::Client, 85);
        }
        let mut points = 0;
        points += if named { 45 } else { 0 };
        points += if private { 25 } else { 0 };
        points += if here.own {
            30
        } else if before.own {
            15
        } else {
            0
        };
        points += if here.new_job || before.new_job {
            15
        } else {
            0
        };
        points += if self.context.notice { 20 } else { 0 };
        points += if self.is_named_after_custodian(host) {
            25
        } else {
            0
        };
        points -= if here.colleague && !here.own { 35 } else { 0 };
        points -= if shared_with_recipient { 40 } else { 0 };
        if here.old && !here.own && !named {
            points -= 20;
        }
        self.verdict(
            points,
            if here.colleague {
                Owner::Colleague
            } else {
                Owner::Unknown
            },
        )
    }

    fn of_number(&self, datum: &Found) -> Opinion {
        if is_own_range(&datum.value, &self.context.organisation.phones) {
            return (Owner::Organisation, 95);
        }
        if let Some(opinion) = self.of_other_words(datum) {
            return opinion;
        }
        let (here, before) = (self.context.cues)(datum);
        let line = self.line(datum);
        let private = has_word(&line, PRIVATE_WORDS);
        let office = has_word(&line, OFFICE_WORDS);
        if datum.place == Place::Signature && self.office_signature && !private && !here.own {
            return (Owner::Organisation, if office { 90 } else { 75 });
        }
        let mut points = 0;
        points += if private { 40 } else { 0 };
        points += if here.own {
            35
        } else if before.own {
            15
        } else {
            0
        };
        points += if here.new_job || before.new_job {
            10
        } else {
            0
        };
        points += if self.context.notice { 30 } else { 0 };
        points += if datum.kind == ContactKind::Messenger {
            10
        } else {
            0
        };
        points += if has_word(&line, MOBILE_WORDS) { 10 } else { 0 };
        points += if datum.place == Place::Signature && !self.office_signature {
            10
        } else {
            0
        };
        points -= if office && !private { 45 } else { 0 };
        points -= if here.office && !private && !here.own {
            30
        } else {
            0
        };
        points -= if here.colleague && !private {
            40
        } else if before.colleague && !here.own && !private {
            25
        } else {
            0
        };
        points -= if self.stands_with_colleague(datum) && !private {
            40
        } else {
            0
        };
        points -= if datum.certain { 0 } else { 10 };
        let otherwise = if here.colleague || self.stands_with_colleague(datum) {
            Owner::Colleague
        } else if office || here.office {
            Owner::Organisation
        } else {
            Owner::Unknown
        };
        self.verdict(points, otherwise)
    }

    fn of_link(&self, datum: &Found) -> Opinion {
        let host = datum
            .value
            .trim_start_matches("https://")
            .split('/')
            .next()
            .unwrap_or_default();
        if self.context.organisation.owns(host) {
            return (Owner::Organisation, 95);
        }
        if let Some(opinion) = self.of_other_words(datum) {
            return opinion;
        }
        if self
            .recipients()
            .any(|a| is_domain_or_subdomain(host, domain(&a.address)))
        {
            return (Owner::Client, 85);
        }
        let (here, before) = (self.context.cues)(datum);
        let path = datum.value.splitn(4, '/').nth(3).unwrap_or_default();
        let named = self.is_named_after_custodian(path) || self.is_named_after_custodian(host);
        let mut points = 0;
        points += if named { 45 } else { 0 };
        points += if datum.kind == ContactKind::Profile {
            20
        } else {
            0
        };
        points += if here.own {
            30
        } else if before.own {
            10
        } else {
            0
        };
        points += if here.new_job || before.new_job {
            25
        } else {
            0
        };
        points += if self.context.notice { 15 } else { 0 };
        points -= if here.colleague { 30 } else { 0 };
        self.verdict(points, Owner::Unknown)
    }

    fn of_postal(&self, datum: &Found) -> Opinion {
        if let Some(opinion) = self.of_other_words(datum) {
            return opinion;
        }
        let (here, before) = (self.context.cues)(datum);
        let office = datum.place == Place::Signature && self.office_signature;
        let points = i32::from(here.own || before.own) * 40 + i32::from(self.context.notice) * 20
            - i32::from(office) * 60;
        self.verdict(
            points,
            if office {
                Owner::Organisation
            } else {
                Owner::Unknown
            },
        )
    }

    /// What stands in somebody else's words is theirs, and what stands in a disclaimer is the organisation's.
    fn of_other_words(&self, datum: &Found) -> Option<Opinion> {
        match datum.zone {
            Zone::Quoted | Zone::Forwarded => Some((Owner::Client, 60)),
            Zone::Disclaimer => Some((Owner::Organisation, 60)),
            Zone::Own | Zone::Signature | Zone::Hidden => None,
        }
    }

    /// From 40 points on it is the custodian's.
    fn verdict(&self, points: i32, otherwise: Owner) -> Opinion {
        let confidence = |p: i32| u8::try_from(p.clamp(5, 100)).unwrap_or(100);
        if points >= 40 {
            (Owner::Custodian, confidence(points + 10))
        } else {
            (otherwise, confidence(80 - points.max(0)))
        }
    }

    fn recipients(&self) -> impl Iterator<Item = &Address> {
        let m = self.context.message;
        m.to.iter()
            .chain(&m.cc)
            .chain(&m.bcc)
            .filter(|a| !self.context.organisation.owns(domain(&a.address)))
    }

    /// A recipient's own address, unless the custodian writes to himself.
    fn is_recipients(&self, address: &str) -> bool {
        self.recipients()
            .any(|a| a.address.eq_ignore_ascii_case(address))
            && !self.is_named_after_custodian(local_part(address))
    }

    fn is_own_address(&self, address: &str) -> bool {
        let as_address = Address {
            name: String::new(),
            address: address.to_owned(),
        };
        is_custodian(&as_address, self.context.custodian)
            || self
                .context
                .message
                .from
                .iter()
                .any(|f| f.address.eq_ignore_ascii_case(address))
    }

    /// Whether a local part, a slug or a host holds a word of the custodian's name, or first initial and surname.
    fn is_named_after_custodian(&self, text: &str) -> bool {
        let folded = fold_words(text).replace(' ', "");
        let long = |w: &&String| w.len() >= 4 && folded.contains(w.as_str());
        let short =
            |w: &&String| w.len() == 3 && fold_words(text).split(' ').any(|t| t == w.as_str());
        self.own_words.iter().any(|w| long(&w) || short(&w))
    }

    fn body_text(&self, datum: &Found) -> &str {
        datum
            .body
            .and_then(|b| self.context.message.bodies.get(b))
            .map_or("", |b| b.content.as_str())
    }

    /// The line in which a datum stands, folded.
    fn line(&self, datum: &Found) -> String {
        let text = self.body_text(datum);
        let head = text.get(..datum.range.start).unwrap_or_default();
        let start = head.rfind('\n').map_or(0, |at| at + 1);
        // In a line with several data, what follows the datum before belongs to this one.
        let reach = head.get(start..).unwrap_or_default();
        let own = reach
            .rfind(|c: char| c.is_ascii_digit() || matches!(c, '|' | '·' | ';'))
            .map_or(reach, |at| {
                reach
                    .get(at + 1..)
                    .filter(|r| r.is_char_boundary(0))
                    .unwrap_or(reach)
            });
        format!(" {} ", fold_words(own))
    }

    /// Whether an address of a colleague stands within a few lines in the author's words.
    fn stands_with_colleague(&self, datum: &Found) -> bool {
        let text = self.body_text(datum);
        let from = datum.range.start.saturating_sub(140);
        let to = (datum.range.end + 90).min(text.len());
        let near = |at: usize| (from..to).contains(&at);
        memchr::memchr_iter(b'@', text.as_bytes())
            .filter(|&at| near(at))
            .any(|at| {
                let host: String = text
                    .get(at + 1..)
                    .unwrap_or_default()
                    .chars()
                    .take_while(|c| c.is_alphanumeric() || matches!(c, '.' | '-'))
                    .collect();
                let local: String = text
                    .get(..at)
                    .unwrap_or_default()
                    .chars()
                    .rev()
                    .take_while(|c| c.is_alphanumeric() || matches!(c, '.' | '-' | '_'))
                    .collect();
                let local: String = local.chars().rev().collect();
                self.context.organisation.owns(host.trim_end_matches('.'))
                    && !self.is_own_address(&format!("{local}@{}", host.trim_end_matches('.')))
            })
    }
}

const PRIVATE_WORDS: &[&str] = &[
    "private",
    "privat",
    "prive",
    "privee",
    "privado",
    "privada",
    "privato",
    "privata",
    "privates",
    "private",
    "personal",
    "persoonlijk",
    "pessoal",
    "personale",
    "personnel",
    "perso",
    "particular",
    "home",
    "casa",
    "domicilio",
    "maison",
    "zuhause",
    "thuis",
    "mine",
    "mio",
    "mia",
    "mien",
];
const OFFICE_WORDS: &[&str] = &[
    "office",
    "fax",
    "switchboard",
    "reception",
    "centralita",
    "oficina",
    "ext",
    "extension",
    "durchwahl",
    "zentrale",
    "buro",
    "standard",
    "bureau",
    "ufficio",
    "centralino",
    "escritorio",
    "kantoor",
    "receptie",
    "direct",
    "direto",
    "directo",
    "oficines",
    "hotline",
    "helpdesk",
    "work",
];
const MOBILE_WORDS: &[&str] = &[
    "mobile",
    "mobil",
    "movil",
    "cel",
    "celular",
    "cell",
    "cellulare",
    "handy",
    "portable",
    "gsm",
    "natel",
    "telemovel",
    "mob",
    "whatsapp",
    "m",
    "tlm",
];

fn has_word(line: &str, words: &[&str]) -> bool {
    line.split(' ').any(|w| words.contains(&w))
}

fn address(datum: &Found) -> &str {
    datum.value.strip_prefix("mailto:").unwrap_or(&datum.value)
}

fn is_organisations(datum: &Found, organisation: &Organisation) -> bool {
    match datum.kind {
        ContactKind::Email => organisation.owns(domain(address(datum))),
        ContactKind::Url => {
            let host = datum
                .value
                .trim_start_matches("https://")
                .split('/')
                .next()
                .unwrap_or_default();
            organisation.owns(host)
        }
        _ => false,
    }
}

/// Whether a number lies in one of the organisation's ranges, in which `x` stands for any digit.
fn is_own_range(value: &str, ranges: &[String]) -> bool {
    let digits: Vec<char> = value.chars().filter(char::is_ascii_digit).collect();
    ranges.iter().any(|range| {
        let pattern: Vec<char> = range
            .chars()
            .filter(|c| c.is_ascii_digit() || matches!(c, 'x' | 'X'))
            .collect();
        pattern.len() >= 6
            && digits.len() == pattern.len()
            && digits
                .iter()
                .zip(&pattern)
                .all(|(d, p)| d == p || matches!(p, 'x' | 'X'))
    })
}

fn is_alumni(host: &str) -> bool {
    host.split('.').any(|label| label.starts_with("alum"))
}

/// Mailboxes of a function, in the words of eight languages.
fn is_functional(local: &str) -> bool {
    const WORDS: &[&str] = &[
        "info",
        "sales",
        "office",
        "contact",
        "contacto",
        "contatto",
        "kontakt",
        "comercial",
        "commercial",
        "ventas",
        "vertrieb",
        "service",
        "servicio",
        "support",
        "soporte",
        "atencion",
        "clientes",
        "kunden",
        "kundenservice",
        "clienti",
        "clients",
        "admin",
        "administracion",
        "verwaltung",
        "buchhaltung",
        "team",
        "hello",
        "hola",
        "hallo",
        "mail",
        "post",
        "pedidos",
        "orders",
        "bestellung",
        "help",
        "desk",
        "helpdesk",
        "reception",
        "recepcion",
        "noreply",
        "billing",
        "facturacion",
        "hr",
        "rrhh",
        "oficina",
        "verkoop",
        "klantenservice",
        "vendite",
        "vendas",
        "geral",
        "secretaria",
        "accueil",
    ];
    let folded = fold_words(local);
    folded.split(' ').any(|w| WORDS.contains(&w))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn number_ranges() {
        let ranges = ["+34 91 555 01xx".to_owned()];
        assert!(is_own_range("tel:+34915550123", &ranges));
        assert!(!is_own_range("tel:+34915550223", &ranges));
    }
}
