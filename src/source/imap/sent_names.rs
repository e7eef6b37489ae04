//! What programs and servers call the mailbox for sent mail, in the languages they come in.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Names by language; compared without case, accents, spaces, hyphens and underscores.
#[rustfmt::skip] // A table: one line a language.
const NAMES: &[(&str, &[&str])] = &[
    ("ar", &["العناصر المرسلة", "البريد المرسل", "الرسائل المرسلة", "المرسلة", "المرسل"]),
    ("bg", &["Изпратени", "Изпратени елементи", "Изпратена поща"]),
    ("ca", &["Enviats", "Elements enviats", "Missatges enviats", "Correu enviat", "Enviat"]),
    ("cs", &["Odeslané", "Odeslaná pošta", "Odeslané zprávy", "Odeslané položky"]),
    ("da", &["Sendt", "Sendt post", "Sendt mail", "Sendte elementer", "Sendte beskeder", "Sendte"]),
    ("de", &["Gesendet", "Gesendete Objekte", "Gesendete Elemente", "Gesendete Nachrichten", "Gesendete Mails",
        "Gesendete E-Mails"]),
    ("el", &["Απεσταλμένα", "Σταλμένα", "Απεσταλμένα στοιχεία", "Απεσταλμένα μηνύματα"]),
    ("en", &["Sent", "Sent Items", "Sent Mail", "Sent Messages", "Sent Objects", "Sent Email", "Sent Emails"]),
    ("es", &["Enviados", "Elementos enviados", "Correo enviado", "Correos enviados", "Mensajes enviados", "Enviado"]),
    ("et", &["Saadetud", "Saadetud kirjad", "Saadetud üksused"]),
    ("eu", &["Bidalita", "Bidalitakoak", "Bidalitako mezuak", "Bidalitako elementuak"]),
    ("fi", &["Lähetetyt", "Lähetetyt kohteet", "Lähetetyt viestit"]),
    ("fr", &["Envoyés", "Éléments envoyés", "Messages envoyés", "Objets envoyés", "Courrier envoyé",
        "Courriels envoyés", "Envoyé"]),
    ("gl", &["Enviadas", "Correo enviado", "Mensaxes enviadas", "Elementos enviados"]),
    ("he", &["פריטים שנשלחו", "נשלחו", "דואר שנשלח", "דואר יוצא"]),
    ("hr", &["Poslano", "Poslane poruke", "Poslane stavke", "Poslana pošta"]),
    ("hu", &["Elküldött", "Elküldött elemek", "Elküldött levelek", "Elküldött üzenetek"]),
    ("id", &["Terkirim", "Item Terkirim", "Pesan Terkirim", "Surat Terkirim"]),
    ("it", &["Inviati", "Posta inviata", "Messaggi inviati", "Elementi inviati", "Inviata", "Inviate"]),
    ("ja", &["送信済み", "送信済みアイテム", "送信済みメール", "送信済みメッセージ", "送信済みトレイ"]),
    ("ko", &["보낸 편지함", "보낸 메일함", "보낸 메일", "보낸 메시지"]),
    ("lt", &["Išsiųsta", "Išsiųsti", "Išsiųsti laiškai", "Išsiųsti elementai", "Išsiųstieji"]),
    ("lv", &["Nosūtītie", "Nosūtītās vēstules", "Nosūtītie vienumi", "Nosūtītās ziņas"]),
    ("nb", &["Sendt e-post", "Sendte elementer", "Sendte meldinger", "Sendt"]),
    ("nl", &["Verzonden", "Verzonden items", "Verzonden berichten", "Verzonden objecten", "Verstuurd"]),
    ("pl", &["Wysłane", "Elementy wysłane", "Wiadomości wysłane", "Poczta wysłana", "Wysłane elementy"]),
    ("pt", &["Enviados", "Enviadas", "Enviado", "Itens enviados", "Mensagens enviadas", "E-mails enviados",
        "Correio enviado"]),
    ("ro", &["Trimise", "Elemente trimise", "Mesaje trimise", "Mesaje expediate"]),
    ("ru", &["Отправленные", "Отправленные элементы", "Отправленные письма", "Исходящие отправленные"]),
    ("sk", &["Odoslané", "Odoslaná pošta", "Odoslané položky", "Odoslané správy"]),
    ("sl", &["Poslano", "Poslana pošta", "Poslani elementi"]),
    ("sv", &["Skickat", "Skickade", "Skickade objekt", "Skickade meddelanden"]),
    ("th", &["รายการที่ส่ง", "จดหมายที่ส่งแล้ว", "ส่งแล้ว"]),
    ("tr", &["Gönderilen", "Gönderilenler", "Gönderilmiş", "Gönderilmiş Öğeler", "Gönderilmiş Postalar",
        "Gönderilen Öğeler"]),
    ("uk", &["Надіслані", "Надіслані елементи", "Відправлені", "Відправлені листи"]),
    ("vi", &["Đã gửi", "Thư đã gửi", "Mục đã gửi", "Khoản đã gửi"]),
    ("zh", &["已发送", "已发送邮件", "已发邮件", "已傳送郵件", "已傳送", "寄件備份", "寄件備份匣", "已寄出", "已傳送的郵件"]),
];

/// Whether a mailbox of this name (its last component, in UTF-8) holds sent mail.
#[must_use]
pub(super) fn is_known(name: &str) -> bool {
    let name = fold(name);
    NAMES
        .iter()
        .flat_map(|(_, names)| names.iter())
        .any(|known| fold(known) == name)
}

/// The names that are known, language by language.
#[cfg(test)]
pub(super) fn languages() -> impl Iterator<Item = &'static [&'static str]> {
    NAMES.iter().map(|(_, names)| *names)
}

fn fold(name: &str) -> String {
    name.nfkd()
        .filter(|&c| !is_combining_mark(c) && !matches!(c, '-' | '_') && !c.is_whitespace())
        .flat_map(char::to_lowercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for name in [
            "Sent",
            "SENT",
            "sent-mail",
            "SentItems",
            "Sent_Messages",
            "Elementos enviados",
            "Éléments envoyés",
            "E\u{301}le\u{301}ments envoye\u{301}s",
            "elements envoyes",
            "Gesendete Objekte",
            "보낸편지함",
            "送信済み",
        ] {
            assert!(is_known(name), "{name}");
        }
        for name in [
            "", "INBOX", "Drafts", "Sentinel", "Not sent", "Outbox", "Unsent", "Absent", "-",
        ] {
            assert!(!is_known(name), "{name}");
        }
    }
}
