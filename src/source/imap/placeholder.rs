//! What Exchange serves in the place of a message that it cannot convert: a note from itself, which must not be judged as if
//! the custodian had written it.

use crate::message;

/// The note names the message's subject and sender, and nothing of its text.
const LARGEST: usize = 64 << 10;

/// Octets in which its header is.
const HEADER: usize = 4 << 10;

/// How the sender is called: `Microsoft Exchange Server`, `Microsoft Exchange Server 2010`.
const SENDER: &str = "Microsoft Exchange Server";

/// Whether `octets` are such a note. It is told by what no message that somebody sent has: the server's name in the From, and
/// neither an address there nor a Message-ID. The words of the subject (`Retrieval using the IMAP4 protocol failed for the
/// following message: 205`) may be those of any language.
pub(super) fn is_placeholder(octets: &[u8]) -> bool {
    let header = octets.get(..HEADER).unwrap_or(octets);
    if octets.len() > LARGEST || memchr::memmem::find(header, SENDER.as_bytes()).is_none() {
        return false;
    }
    let message = message::parse(octets);
    let is_server = message.from.iter().any(|from| {
        !from.address.contains('@')
            && (from.name.starts_with(SENDER) || from.address.starts_with(SENDER))
    });
    is_server && message.message_id.is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(header: &str, expected: bool) {
        let text = format!(
            "MIME-Version: 1.0\r\nTo: Anna <anna@acme.example>\r\nContent-Type: text/plain; charset=\"us-ascii\"\r\n{header}\r\n\r\n\
             The server couldn't retrieve the following message:\r\n\r\nSubject: \"Goodbye\"\r\n"
        );
        assert_eq!(is_placeholder(text.as_bytes()), expected, "{header}");
    }

    #[test]
    fn the_servers_own_note() {
        let subject =
            "Subject: Retrieval using the IMAP4 protocol failed for the following\r\n message: 205";
        check(
            &format!("From: Microsoft Exchange Server 2010\r\n{subject}"),
            true,
        );
        check(
            &format!("From: \"Microsoft Exchange Server\"\r\n{subject}"),
            true,
        );
        check(
            &format!("From: \"Microsoft Exchange Server\" <>\r\n{subject}"),
            true,
        );
        check(
            "From: Microsoft Exchange Server\r\nSubject: Error al recuperar el mensaje: 205",
            true,
        );
        // Who forwards one, or writes in the server's name, has an address.
        check(
            &format!(
                "From: Anna <anna@acme.example>\r\nSender: Microsoft Exchange Server\r\n{subject}"
            ),
            false,
        );
        check(
            &format!("From: Microsoft Exchange Server <mailer@acme.example>\r\n{subject}"),
            false,
        );
        check(
            &format!(
                "From: Microsoft Exchange Server\r\nMessage-ID: <1@acme.example>\r\n{subject}"
            ),
            false,
        );
        check("From: Anna <anna@acme.example>\r\nSubject: Order", false);
    }
}
