//! The messages that are judged: made up, always the same, or read from a directory.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

/// How many are made: some 25 MB.
const MESSAGES: usize = 2000;

/// Words of business mail in three languages, and some that belong to none.
const WORDS: [&str; 96] = [
    "the",
    "of",
    "and",
    "to",
    "in",
    "for",
    "is",
    "on",
    "we",
    "you",
    "your",
    "please",
    "order",
    "invoice",
    "attached",
    "meeting",
    "monday",
    "price",
    "delivery",
    "week",
    "thanks",
    "regards",
    "will",
    "send",
    "contract",
    "from",
    "with",
    "have",
    "this",
    "that",
    "not",
    "can",
    "call",
    "team",
    "change",
    "new",
    "project",
    "office",
    "report",
    "today",
    "el",
    "la",
    "de",
    "que",
    "en",
    "los",
    "por",
    "para",
    "con",
    "una",
    "pedido",
    "factura",
    "reunión",
    "lunes",
    "precio",
    "entrega",
    "gracias",
    "saludos",
    "contrato",
    "oferta",
    "equipo",
    "mañana",
    "adjunto",
    "semana",
    "der",
    "die",
    "und",
    "das",
    "ist",
    "nicht",
    "mit",
    "für",
    "wir",
    "bitte",
    "Rechnung",
    "Lieferung",
    "Montag",
    "Preis",
    "Grüße",
    "Vertrag",
    "Angebot",
    "nächste",
    "Woche",
    "heute",
    "brulo",
    "fandel",
    "morvic",
    "trasko",
    "pelnar",
    "quisto",
    "zemblar",
    "ontrel",
    "wadrik",
    "7",
    "2024",
    "1,250",
];

/// What stands in one message of four hundred.
const NOTICE: &str =
    "Friday is my last day with the company. You can reach me at ana.prueba@home.example.";

/// The messages below `SENT_AUDIT_BENCH_MAIL`, or else made ones.
pub(crate) fn messages() -> Vec<Vec<u8>> {
    let Some(directory) = std::env::var_os("SENT_AUDIT_BENCH_MAIL") else {
        return (0..MESSAGES).map(made).collect();
    };
    let files = files(Path::new(&directory));
    let read = |file| fs::read(file).expect("a file of SENT_AUDIT_BENCH_MAIL can be read");
    files.iter().map(read).collect()
}

fn files(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut pending = vec![directory.to_owned()];
    while let Some(path) = pending.pop() {
        if path.is_dir() {
            let entries = fs::read_dir(&path).expect("a directory of mail can be read");
            pending.extend(entries.flatten().map(|entry| entry.path()));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Message number so-and-so: text of 1 to 30 KB; of eight one is in HTML, of twelve one has an attachment of 20 to 150 KB.
fn made(number: usize) -> Vec<u8> {
    let mut dice = Dice(0x9E37_79B9_7F4A_7C15 ^ (number as u64 + 1) << 20);
    let mut mail = format!(
        "From: Ana Prueba <ana@acme.example>\r\nTo: client{}@customer.example\r\nSubject: {}\r\n\
         Date: Tue, 4 Jun 2024 10:00:00 +0200\r\nMessage-ID: <{number}@acme.example>\r\nMIME-Version: 1.0\r\n",
        dice.below(300),
        dice.words(30).trim_end(),
    );
    let size = 1000 << dice.below(6);
    let mut text = dice.words(size);
    if number % 400 == 7 {
        text.insert_str(0, &format!("{NOTICE}\r\n\r\n"));
    }
    let (kind, text) = if number % 8 == 3 {
        let lines = text.lines();
        let page = lines.fold(String::from("<html><body>\r\n"), |page, line| {
            page + "<p class=MsoNormal style='margin:0'>" + line + "</p>\r\n"
        });
        ("html", page + "</body></html>\r\n")
    } else {
        ("plain", text)
    };
    let part = format!(
        "Content-Type: text/{kind}; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{text}"
    );
    if number % 12 == 5 {
        let lines = 250 << dice.below(4);
        let octets: String = (0..lines).map(|_| dice.line_of_base64()).collect();
        let _ = write!(
            mail,
            "Content-Type: multipart/mixed; boundary=\"=_b\"\r\n\r\n--=_b\r\n{part}\r\n--=_b\r\n\
             Content-Type: image/jpeg; name=\"scan.jpg\"\r\nContent-Disposition: attachment\r\n\
             Content-Transfer-Encoding: base64\r\n\r\n{octets}\r\n--=_b--\r\n"
        );
    } else {
        mail.push_str(&part);
    }
    mail.into_bytes()
}

/// Chance that is always the same (xorshift).
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap_or_default() % end
    }

    /// Sentences in short lines.
    fn words(&mut self, octets: usize) -> String {
        let mut text = String::with_capacity(octets + 100);
        let mut column = 0;
        while text.len() < octets {
            let word = WORDS.get(self.below(WORDS.len())).copied().unwrap_or("");
            text.push_str(word);
            column += word.len() + 1;
            match self.below(40) {
                0 => text.push_str(". "),
                1 => text.push_str(", "),
                _ => text.push(' '),
            }
            if column > 70 && octets > 100 {
                text.push_str("\r\n");
                column = 0;
            }
        }
        text
    }

    fn line_of_base64(&mut self) -> String {
        const DIGITS: &[u8; 64] =
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let digit = |_| DIGITS.get(self.below(64)).copied().map_or('A', char::from);
        (0..76).map(digit).chain(['\r', '\n']).collect()
    }
}
