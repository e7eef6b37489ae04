use super::*;
use crate::message::zones::{Clues, divide};

#[track_caller]
fn check(text: &str, expected: &str) {
    let clues = Clues {
        forwarding: false,
        names: name_words("Ana Ruiz", "ana.ruiz@acme.example"),
    };
    let zones = divide(text, &[], &clues);
    let mut start = 0;
    let mut found = String::new();
    for line in text.split_inclusive('\n') {
        if !line.trim().is_empty() {
            let found_zone = zones.iter().find(|z| z.range.contains(&start)).unwrap();
            found.push(match found_zone.zone {
                Zone::Own => 'O',
                Zone::Signature => 'S',
                Zone::Disclaimer => 'D',
                _ => '?',
            });
        }
        start += line.len();
    }
    assert_eq!(found, expected, "{text}");
}

#[test]
fn sign_offs_in_eight_languages() {
    for line in [
        "Saludos,",
        "Un cordial saludo,",
        "Atentamente,",
        "Saludos desde Vigo,",
        "Salutacions,",
        "Ben atentament,",
        "Best regards,",
        "Kind regards",
        "All the best,",
        "Thanks,",
        "Mit freundlichen Grüßen",
        "MfG",
        "LG,",
        "Viele Grüße aus Bonn",
        "Cordialement,",
        "Bien à vous,",
        "Cordiali saluti",
        "Atenciosamente,",
        "Abraços,",
        "Met vriendelijke groet,",
        "Mvg,",
        "Muchas gracias,",
        "Merci,",
        "Grazie,",
        "Obrigada,",
        "Bedankt,",
        "Best,",
        "Veuillez agréer, Madame, l'expression de mes salutations distinguées.",
    ] {
        check(
            &format!(
                "Text.\n\n{line}\n\nAna Ruiz\nDirectora comercial\nACME, S.L.\nTel. +34 910 000 000"
            ),
            "OOSSSS",
        );
    }
}

#[test]
fn separators() {
    check("Text.\n-- \nAna Ruiz\nACME", "OSSS");
    check("Text.\n--\nAna\nwww.acme.example", "OSSS");
    check("Text.\n\n_____________\nAna Ruiz\nACME", "OSSS");
    check(
        "Text.\n\n_____________\nThe next chapter is about gas.",
        "OOO",
    );
}

#[test]
fn the_name_starts_a_block_with_contact_data() {
    check("Text.\n\nAna Ruiz\nACME\nanna@acme.example", "OSSS");
    check("Text.\n\nAna Ruiz", "OO");
    check("Text.\n\nAna\nwill call you.", "OOO");
}

#[test]
fn own_words_are_not_lost() {
    check("Thanks,\n\nMy last day is Friday.\nAna", "OOO");
    check(
        "Regards,\nAna\n\nPS: from June I am at ana@home.example",
        "OSO",
    );
    check("Saludos,\nAna\nP.D. Dejo la empresa el viernes.", "OSO");
    check(
        "Best regards,\nAna\n\nI forgot to say that I am leaving the company at the end of June.",
        "OSO",
    );
    check(
        "Text\n-- \nAna Ruiz\n\nYou can reach me from the first of June on my private mobile number, which is 600 000 000.",
        "OSSO",
    );
    check("Saludos,\nAna\nYa no estaré aquí", "OSO");
    check("Thanks for the offer, we will look into it.\nAna", "OO");
    check("Regards are due to Bo who did all the work.\nBo", "OO");
}

#[test]
fn second_block_with_contact_data() {
    check(
        "Saludos,\nAna Ruiz\nEl éxito es la suma de pequeños esfuerzos de cada día.\nTel. 910 000 000",
        "OSOS",
    );
}

#[test]
fn device_lines() {
    for line in [
        "Sent from my iPhone",
        "Get Outlook for iOS",
        "Enviado desde mi iPhone",
        "Obtener Outlook para Android",
        "Enviat des del meu iPhone",
        "Von meinem iPhone gesendet",
        "Gesendet von Outlook für iOS",
        "Envoyé de mon iPhone",
        "Télécharger Outlook pour iOS",
        "Enviado do meu iPhone",
        "Inviato da iPhone",
        "Verzonden vanaf mijn iPhone",
    ] {
        check(&format!("Text.\n\n{line}"), "OS");
    }
    check("Sent from my new desk, with love to all of you", "O");
}

#[test]
fn disclaimers_below_signatures() {
    check(
        "Text.\n\nSaludos,\nAna\n\nEste mensaje es confidencial y va dirigido a su destinatario; se prohíbe su uso.",
        "OOSD",
    );
}
