use super::*;
use crate::message::html;

/// One letter per line that is not blank.
fn letters(text: &str, zones: &[Zoned]) -> String {
    let mut start = 0;
    let mut out = String::new();
    for line in text.split_inclusive('\n') {
        if !line.trim().is_empty() {
            let at = start + line.len() - line.trim_start().len();
            let found = zones.iter().find(|z| z.range.contains(&at)).unwrap();
            out.push(match found.zone {
                Zone::Own => 'O',
                Zone::Signature => 'S',
                Zone::Disclaimer => 'D',
                Zone::Quoted => 'Q',
                Zone::Forwarded => 'F',
                Zone::Hidden => 'H',
            });
        }
        start += line.len();
    }
    out
}

fn clues(forwarding: bool) -> Clues {
    Clues {
        forwarding,
        names: vec!["ana".into(), "ruiz".into()],
    }
}

#[track_caller]
fn check(text: &str, expected: &str) {
    let zones = divide(text, &[], &clues(false));
    assert_eq!(letters(text, &zones), expected, "{text}");
}

#[track_caller]
fn check_forward(text: &str, expected: &str) {
    let zones = divide(text, &[], &clues(true));
    assert_eq!(letters(text, &zones), expected, "{text}");
}

#[track_caller]
fn check_html(source: &str, expected: &str) {
    let rendered = html::render(source);
    let zones = divide(&rendered.text, &rendered.marks, &clues(false));
    assert_eq!(
        letters(&rendered.text, &zones),
        expected,
        "{}",
        rendered.text
    );
}

#[test]
fn marked_lines() {
    check("own\n> quoted\n> > deeper\nown", "OQQO");
    check("own\n>quoted\n\n>quoted\nown", "OQQO");
    check("BR> quoted\nBR> quoted\nown", "QQO");
    check("we need\n>200 kg of it\nby Monday", "OOO");
    check("Hello,\n>From Monday I am elsewhere.\nBye", "OOO");
    check(
        "> a line that was quoted and was much too long for the client that sent\nit on again\n> and goes on\nown",
        "QQQO",
    );
    check("| a | b |\n| 1 | 2 |", "OO");
}

#[test]
fn attribution_lines_of_all_clients_and_languages() {
    for line in [
        // Gmail
        "On Fri, Jun 28, 2024 at 3:04 PM Bo Berg <bo@client.example> wrote:",
        "El vie, 28 jun 2024 a las 15:04, Bo Berg (<bo@client.example>) escribió:",
        "El vie., 28 jun. 2024 15:04, Bo Berg <bo@client.example> escribió:",
        "Missatge de Bo Berg <bo@client.example> del dia dv., 28 de juny 2024 a les 15:04:",
        "El dv., 28 de juny 2024, 15:04, Bo Berg <bo@client.example> va escriure:",
        "Am Fr., 28. Juni 2024 um 15:04 Uhr schrieb Bo Berg <bo@client.example>:",
        "Bo Berg <bo@client.example> schrieb am Fr., 28. Juni 2024, 15:04:",
        "Le ven. 28 juin 2024 à 15:04, Bo Berg <bo@client.example> a écrit :",
        "Em sex., 28 de jun. de 2024 às 15:04, Bo Berg <bo@client.example> escreveu:",
        "Bo Berg <bo@client.example> escreveu no dia sexta, 28/06/2024 à(s) 15:04:",
        "Il giorno ven 28 giu 2024 alle ore 15:04 Bo Berg <bo@client.example> ha scritto:",
        "Op vr 28 jun 2024 om 15:04 schreef Bo Berg <bo@client.example>:",
        "2024-06-28 15:04 GMT+02:00 Bo Berg <bo@client.example>:",
        // Apple Mail
        "On 28 Jun 2024, at 15:04, Bo Berg <bo@client.example> wrote:",
        "On Jun 28, 2024, at 3:04 PM, Bo Berg wrote:",
        "El 28 jun 2024, a las 15:04, Bo Berg <bo@client.example> escribió:",
        "El 28 juny 2024, a les 15:04, Bo Berg <bo@client.example> va escriure:",
        "Am 28.06.2024 um 15:04 schrieb Bo Berg <bo@client.example>:",
        "Le 28 juin 2024 à 15:04, Bo Berg <bo@client.example> a écrit :",
        "No dia 28/06/2024, às 15:04, Bo Berg <bo@client.example> escreveu:",
        "Em 28 de jun. de 2024, à(s) 15:04, Bo Berg <bo@client.example> escreveu:",
        "Il giorno 28 giu 2024, alle ore 15:04, Bo Berg <bo@client.example> ha scritto:",
        "Op 28 jun. 2024, om 15:04 heeft Bo Berg <bo@client.example> het volgende geschreven:",
        // Thunderbird
        "On 28/06/2024 15:04, Bo Berg wrote:",
        "El 28/06/2024 a las 15:04, Bo Berg escribió:",
        "El 28/6/24 a les 15:04, Bo Berg ha escrit:",
        "Am 28.06.24 um 15:04 schrieb Bo Berg:",
        "Le 28/06/2024 à 15:04, Bo Berg a écrit :",
        "Em 28/06/2024 15:04, Bo Berg escreveu:",
        "Às 15:04 de 28/06/2024, Bo Berg escreveu:",
        "Il 28/06/2024 15:04, Bo Berg ha scritto:",
        "Op 28-06-2024 om 15:04 schreef Bo Berg:",
        // Yahoo
        "On Friday, June 28, 2024, 03:04:05 PM GMT+2, Bo Berg <bo@client.example> wrote:",
        "En viernes, 28 de junio de 2024, 15:04:05 CEST, Bo Berg <bo@client.example> escribió:",
        "Am Freitag, 28. Juni 2024, 15:04:05 MESZ hat Bo Berg <bo@client.example> Folgendes geschrieben:",
        "Le vendredi 28 juin 2024 à 15:04:05 UTC+2, Bo Berg <bo@client.example> a écrit :",
        "Em sexta-feira, 28 de junho de 2024 15:04:05 BRT, Bo Berg <bo@client.example> escreveu:",
        "Il venerdì 28 giugno 2024 alle ore 15:04:05 CEST, Bo Berg <bo@client.example> ha scritto:",
        "Op vrijdag 28 juni 2024 15:04:05 CEST schreef Bo Berg <bo@client.example>:",
        // Others
        "Bo Berg wrote on 28/06/2024 15:04:05:",
        "--- Bo Berg <bo@client.example> wrote:",
        "Quoting Bo Berg <bo@client.example>:",
        "Citando Bo Berg <bo@client.example>:",
        "Zitat von Bo Berg <bo@client.example>:",
        "At 03:04 PM 6/28/2024, you wrote:",
        "---- On Fri, 28 Jun 2024 15:04:05 +0200 Bo Berg <bo@client.example> wrote ----",
        "\"Bo Berg\" ---28/06/2024 15:04:05---offer",
    ] {
        check(&format!("own\n\n{line}\n\n> quoted\nown"), "OQQO");
        check(&format!("own\n\n{line}\n\nquoted\nquoted"), "OQQQ");
    }
}

#[test]
fn wrapped_attribution_lines() {
    check(
        "own\n\nOn Fri, Jun 28, 2024 at 3:04 PM Bo Berg\n<bo@client.example> wrote:\n\n> quoted",
        "OQQQ",
    );
    check(
        "own\nAm Fr., 28. Juni 2024 um 15:04 Uhr schrieb\nBo Berg <\nbo@client.example>:\n\nquoted",
        "OQQQQ",
    );
    check(
        "El contrato está listo.\nBo Berg <bo@client.example> escribió:\n> quoted",
        "OQQ",
    );
}

#[test]
fn attributions_without_date_need_marks() {
    check("own\nBo Berg wrote:\n> quoted\nown", "OQQO");
    check("own\nBo Berg a écrit :\n> quoted", "OQQ");
    check("own\nBo wrote:\nI am no quote", "OOO");
    check("El lunes Bo escribió:\nque no viene", "OO");
    check("El cliente escribió lo siguiente:\nque no viene", "OO");
}

#[test]
fn separators_in_all_languages() {
    for line in [
        "-----Original Message-----",
        "----- Original Message -----",
        "-----Mensaje original-----",
        "-------- Mensaje original --------",
        "-----Missatge original-----",
        "-----Ursprüngliche Nachricht-----",
        "-----Message d'origine-----",
        "-----Message d’origine-----",
        "-------- Message original --------",
        "-----Mensagem original-----",
        "-----Messaggio originale-----",
        "-----Oorspronkelijk bericht-----",
        "________ Original Message ________",
        "-----Original Appointment-----",
    ] {
        check(&format!("own\n{line}\nquoted\nquoted"), "OQQQ");
        check_forward(&format!("own\n{line}\nforwarded"), "OFF");
    }
    for line in [
        "---------- Forwarded message ---------",
        "---------- Mensaje reenviado ----------",
        "---------- Missatge reenviat ----------",
        "---------- Weitergeleitete Nachricht ---------",
        "-------- Weitergeleitete Nachricht --------",
        "---------- Message transféré ---------",
        "-------- Message transféré --------",
        "---------- Mensagem encaminhada ---------",
        "---------- Messaggio inoltrato ---------",
        "---------- Doorgestuurd bericht ---------",
        "Begin forwarded message:",
        "Inicio del mensaje reenviado:",
        "Inici del missatge reenviat:",
        "Anfang der weitergeleiteten Nachricht:",
        "Début du message réexpédié :",
        "Início da mensagem reencaminhada:",
        "Inizio messaggio inoltrato:",
        "Begin doorgestuurd bericht:",
        "----- Forwarded by Bo Berg/Client on 28/06/2024 15:04 -----",
        "----- Weitergeleitet von Bo Berg/Client am 28.06.2024 15:04 -----",
    ] {
        check(&format!("own\n\n{line}\n\nforwarded"), "OFF");
        check(&format!("{line}\nforwarded"), "FF");
    }
    check(
        "fyi\n---------------------- Forwarded by Bo Berg/Client on 06/28/2024 03:04 \nPM ---------------------------\n\nx",
        "OFFF",
    );
    check(
        "own\n------ Forwarded Message\nx\n------ End of Forwarded Message\nown",
        "OFFFO",
    );
    check(
        "Begin forwarded message:\n\n> From: x\n> text\n\nown",
        "FFFO",
    );
}

#[test]
fn header_blocks_in_all_languages() {
    for block in [
        "From: Bo Berg\nSent: Friday, June 28, 2024 3:04 PM\nTo: Ana\nSubject: offer",
        "*From:* Bo Berg\n*Sent:* Friday\n*To:* Ana\n*Subject:* offer",
        "De: Bo Berg\nEnviado el: viernes\nPara: Ana\nAsunto: oferta",
        "De: Bo Berg\nEnviado: viernes\nPara: Ana\nCC: Eva\nAsunto: oferta",
        "De: Bo Berg\nEnviat el: divendres\nPer a: Ana\nTema: oferta",
        "Von: Bo Berg\nGesendet: Freitag\nAn: Ana\nBetreff: Angebot",
        "De : Bo Berg\nEnvoyé : vendredi\nÀ : Ana\nObjet : offre",
        "De: Bo Berg\nEnviada: sexta\nPara: Ana\nAssunto: oferta",
        "Da: Bo Berg\nInviato: venerdì\nA: Ana\nOggetto: offerta",
        "Van: Bo Berg\nVerzonden: vrijdag\nAan: Ana\nOnderwerp: offerte",
    ] {
        let lines = block.lines().count();
        check(
            &format!("own\n\n{block}\n\nquoted"),
            &format!("O{}", "Q".repeat(lines + 1)),
        );
        check(
            &format!("own\n________________________________\n{block}\n\nquoted"),
            &format!("O{}", "Q".repeat(lines + 2)),
        );
        check_forward(&format!("{block}\nx"), &"F".repeat(lines + 1));
    }
    check("From: Monday\nthe office is closed", "OO");
    check(
        "own\nFrom: Bo\nTo: a@x.example, b@x.example,\n  c@x.example\nSubject: offer\n\nquoted",
        "OQQQQQ",
    );
}

#[test]
fn lotus_notes_blocks() {
    check(
        "own\n\n\tBo Berg\n\t06/28/2024 03:04 PM\n\t\t \n\t\t To: Ana Ruiz/ACME\n\t\t cc: \n\t\t Subject: offer\n\nquoted",
        "OQQQQQQ",
    );
    check(
        "own\n\nBo Berg on 06/28/2024 03:04:05 PM\nTo: Ana Ruiz/ACME\ncc:\n\nSubject: offer\n\nquoted",
        "OQQQQQ",
    );
    check(
        "own\n\nFrom: Bo Berg on 06/28/2024 03:04 PM\nTo: Ana\ncc:\nSubject: offer\nquoted",
        "OQQQQQ",
    );
    check("To: everybody\nSubject: nothing", "OO");
}

#[test]
fn html_containers() {
    check_html(
        "<div>own</div><div class=gmail_quote><div class=gmail_attr>On Fri wrote:</div><blockquote class=gmail_quote>q\
         </blockquote></div>",
        "OQQ",
    );
    check_html(
        "<div>own</div><div class=gmail_quote>---------- Forwarded message ---------<br>De: Bo<br>text</div>",
        "OFFF",
    );
    check_html(
        "<div class=moz-cite-prefix>On 1/2/2024, Bo wrote:</div><blockquote type=cite>q</blockquote><p>own below</p>",
        "QQO",
    );
    check_html(
        "<p>own</p><div style='border:none;border-top:solid #E1E1E1 1.0pt'><p><b>Lähettäjä:</b> Bo</p></div><p>q</p>",
        "OQQ",
    );
    check_html(
        "<p>own</p><div style='border:none;border-top:solid #E1E1E1 1.0pt'><p>just a box</p></div><p>own</p>",
        "OOO",
    );
    check_html("own<div id=appendonsend></div><div>q</div>", "OQ");
    check_html(
        "own<div>On 28/06/2024 15:04, Bo Berg wrote:</div><blockquote>q</blockquote>own",
        "OQQO",
    );
    check_html("own<blockquote>indented own</blockquote>own", "OOO");
    check_html("<div style='display:none'>x</div><div>own</div>", "HO");
    check_html(
        "<blockquote type=cite>a<span hidden>b</span></blockquote>",
        "Q",
    );
}

#[test]
fn hidden_stretches_split_a_line() {
    let rendered = html::render("a<span style='display:none'>b</span>c");
    let zones = divide(&rendered.text, &rendered.marks, &clues(false));
    let found: Vec<(&str, Zone)> = zones
        .iter()
        .map(|z| (&rendered.text[z.range.clone()], z.zone))
        .collect();
    assert_eq!(
        found,
        [("a", Zone::Own), ("b", Zone::Hidden), ("c", Zone::Own)]
    );
}

#[test]
fn a_memorandum_is_the_authors() {
    check(
        "MEMORANDUM\n\nTO: all clients\nFROM: Ana Ruiz\nDATE: 3 June 2024\nSUBJECT: my departure\n\nI am leaving.",
        "OOOOOO",
    );
    check(
        "TO: Ana Ruiz\nFROM: Bo Berg\nDATE: 3 June 2024\nSUBJECT: offer\n\ntext",
        "QQQQQ",
    );
    check_forward(
        "From: Ana Ruiz\nSent: Monday\nTo: Bo\nSubject: offer\n\ntext",
        "FFFFF",
    );
}

#[test]
fn odd_openings() {
    check("FYI> this is for you", "O");
    check("own\n\nOriginal Message:\nquoted", "OQQ");
    check("own\n\nTo: Bo\ncc: \nSubject: offer\n\nquoted", "OQQQQ");
    check(
        "own\n\nBo Berg\nSent by: Eva Ek\n06/28/2024 03:04 PM\nTo: Ana\nSubject: offer\nquoted",
        "OQQQQQQ",
    );
}
