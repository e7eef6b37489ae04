use super::*;
use crate::message::zones::{Clues, divide};

#[track_caller]
fn check(text: &str, expected: bool) {
    let text = format!("Own words.\n\n{text}\n");
    let zones = divide(&text, &[], &Clues::default());
    let last = zones.last().unwrap();
    assert_eq!(last.zone == Zone::Disclaimer, expected, "{zones:?}");
    assert!(zones[0].zone == Zone::Own);
}

#[test]
fn notices_in_eight_languages() {
    check(
        "This e-mail is confidential and for the intended recipient only. Any disclosure is prohibited.",
        true,
    );
    check(
        "Este mensaje es confidencial y para uso exclusivo de su destinatario. Si lo recibe por error, elimínelo.",
        true,
    );
    check(
        "Aquest missatge és confidencial. Si no en sou el destinatari, elimineu-lo i comuniqueu-nos-ho.",
        true,
    );
    check(
        "Diese E-Mail enthält vertrauliche Informationen. Wenn Sie nicht der richtige Adressat sind, vernichten Sie sie.",
        true,
    );
    check(
        "Ce message est confidentiel et réservé à son destinataire. S'il vous parvient par erreur, supprimez-le.",
        true,
    );
    check(
        "Esta mensagem é confidencial. Se não for o destinatário, apague-a e informe o remetente.",
        true,
    );
    check(
        "Questo messaggio è riservato al destinatario. Se ricevuto per errore, va cancellato.",
        true,
    );
    check(
        "Dit bericht is vertrouwelijk en bestemd voor de geadresseerde. Verspreiding is verboden.",
        true,
    );
    check(
        "Antes de imprimir este mensaje, piense en el medio ambiente.",
        true,
    );
    check(
        "Please consider the environment before printing this email.",
        true,
    );
    check(
        "AVVERTENZA: le informazioni contenute in questo messaggio sono riservate.",
        true,
    );
    check(
        "******************\nThis e-mail is the property of ACME and may contain confidential material for the sole use of \nthe intended recipient. Any review by others is prohibited.\n******************",
        true,
    );
    check(
        "_______________________________________________\nclients mailing list\nclients@lists.acme.example",
        true,
    );
}

#[test]
fn own_words_are_not_lost() {
    check(
        "This message is confidential: I am leaving on Friday.",
        false,
    );
    check(
        "Please delete the old file and contact the sender of the parcel.",
        false,
    );
    check(
        "Our GDPR audit is over; the data protection officer was pleased.",
        false,
    );
    check("Este correo dejará de funcionar el viernes.", false);
    check(
        "I am leaving; this email will be closed. Please notify the others.",
        false,
    );
}
