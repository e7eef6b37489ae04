//! Words beside numbers and in local parts that tell whose they are, in eight languages, folded.

use crate::query::fold::fold_words;

/// A line that says of a number that it is private.
pub(super) const PRIVATE: &[&str] = &[
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

/// A line that says of a number that it is the office's.
pub(super) const OFFICE: &[&str] = &[
    "office",
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
    "interno",
    "ramal",
    "anexo",
    "toestel",
    "doorkiesnummer",
    "poste",
    "extensao",
    "extensio",
    "centraleta",
    "sekretariat",
    "secretariat",
    "secretaria",
];

/// A line that says of a number that it is a telefax's: the office's, unless it goes with data of the custodian's.
pub(super) const FAX: &[&str] = &["fax", "telefax", "telecopie"];

/// A line that says of a number that it belongs to the employer, in more than one word.
const OFFICE_PHONES: &[&str] = &[
    "de empresa",
    "de la empresa",
    "d empresa",
    "de l empresa",
    "da empresa",
    "d entreprise",
    "de l entreprise",
    "de fonction",
    "de service",
    "company phone",
    "company mobile",
    "company cell",
    "work phone",
    "work mobile",
    "work cell",
    "aziendale",
    "firmenhandy",
    "diensthandy",
    "dienstlich",
    "zaak gsm",
    "van het werk",
    "de la boite",
    "de la firma",
    "da firma",
    "del trabajo",
    "do trabalho",
    "del lavoro",
];

/// Whether a folded line says of a number that it is the employer's.
pub(super) fn is_office_phone(line: &str) -> bool {
    OFFICE_PHONES
        .iter()
        .any(|phrase| line.contains(&format!(" {phrase} ")))
}

/// A line that says of a number that the reader has it already: the office's, who follows has it now.
pub(super) const SAME: &[&str] = &[
    "same",
    "mismo",
    "misma",
    "mateix",
    "mateixa",
    "gleiche",
    "gleichen",
    "selbe",
    "selben",
    "dieselbe",
    "gewohnte",
    "gewohnten",
    "bekannte",
    "bekannten",
    "meme",
    "habituel",
    "habituelle",
    "stesso",
    "stessa",
    "solito",
    "solita",
    "consueto",
    "zelfde",
    "hetzelfde",
    "dezelfde",
    "vertrouwde",
    "mesmo",
    "mesma",
    "habitual",
    "usual",
];

/// Words of a line that stand near its end.
const LATELY: usize = 8;

/// A line that says of a number that it is a mobile.
pub(super) const MOBILE: &[&str] = &[
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

/// Local parts of a function's mailbox.
const FUNCTIONS: &[&str] = &[
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

/// Whether one of the words stands in a folded line.
pub(super) fn has(line: &str, words: &[&str]) -> bool {
    line.split(' ').any(|w| words.contains(&w))
}

/// Whether one of the words stands among the last of a folded line.
pub(super) fn has_lately(line: &str, words: &[&str]) -> bool {
    let all = line.split(' ').filter(|w| !w.is_empty());
    all.rev().take(LATELY).any(|w| words.contains(&w))
}

/// Whether a local part names a function and not a person.
pub(super) fn is_functional(local: &str) -> bool {
    has(&fold_words(local), FUNCTIONS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phones_of_the_employer() {
        #[track_caller]
        fn check(line: &str, expected: bool) {
            assert_eq!(is_office_phone(&format!(" {line} ")), expected, "{line}");
        }
        check("el movil de empresa", true);
        check("on my work mobile", true);
        check("mein firmenhandy", true);
        check("le portable de fonction", true);
        check("il cellulare aziendale", true);
        check("o telemovel da empresa", true);
        check("dejo la empresa mi movil", false);
        check("i like the work", false);
    }

    #[test]
    fn only_the_last_words_count() {
        let line = " unser buro ist ab montag neu besetzt und ich freue mich auf anrufe unter ";
        assert!(!has_lately(line, OFFICE));
        assert!(has_lately(" im buro unter ", OFFICE));
    }
}
