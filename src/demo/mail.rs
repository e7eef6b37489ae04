//! The sample mail: three invented people who left an invented insurance broker, each with a sent mailbox.
//!
//! The messages are files under `src/demo/mail/`, numbered in the order in which they were sent. They hold all four verdicts of a
//! client notice and what is easily taken for one: holidays, parental leave, other people's farewells, an office that moves.

use std::io;
use std::num::NonZeroU32;

use imap_codec::imap_types::datetime::DateTime;
use mailparse::MailHeaderMap;

use super::server::{Account, Mailbox, Served};

/// One departed employee.
pub(super) struct Leaver {
    /// Main address and login.
    pub(super) address: &'static str,
    /// Full name.
    pub(super) name: &'static str,
    /// As the roster writes it.
    pub(super) last_day: &'static str,
    /// Whom the organisation chose as the new contact.
    pub(super) successor: &'static str,
    /// The mailbox that holds the sent mail, and its special-use attribute (RFC 6154), if it has one.
    sent: (&'static str, Option<&'static str>),
    messages: &'static [&'static [u8]],
}

/// The people of the samples.
pub(super) const LEAVERS: &[Leaver] = &[
    Leaver {
        address: "lucia.ferrer@brezo.example",
        name: "Lucía Ferrer Soto",
        last_day: "2024-06-28",
        successor: "marta.quiroga@brezo.example",
        sent: ("Elementos enviados", Some("Sent")),
        messages: &[
            include_bytes!("mail/lucia.ferrer/01-renewal.eml"),
            include_bytes!("mail/lucia.ferrer/02-easter.eml"),
            include_bytes!("mail/lucia.ferrer/03-colleague-leaves.eml"),
            include_bytes!("mail/lucia.ferrer/04-client-leaves.eml"),
            include_bytes!("mail/lucia.ferrer/05-resignation.eml"),
            include_bytes!("mail/lucia.ferrer/06-handover.eml"),
            include_bytes!("mail/lucia.ferrer/07-own-number.eml"),
            include_bytes!("mail/lucia.ferrer/08-come-along.eml"),
            include_bytes!("mail/lucia.ferrer/09-nobody-named.eml"),
            include_bytes!("mail/lucia.ferrer/10-card.eml"),
            include_bytes!("mail/lucia.ferrer/11-broken.eml"),
            include_bytes!("mail/lucia.ferrer/12-off-for-today.eml"),
            include_bytes!("mail/lucia.ferrer/13-automatic.eml"),
        ],
    },
    Leaver {
        address: "tom.hargreave@brezo.example",
        name: "Tom Hargreave",
        last_day: "2024-03-28",
        successor: "priya.raman@brezo.example",
        sent: ("Sent Items", Some("Sent")),
        messages: &[
            include_bytes!("mail/tom.hargreave/01-quote.eml"),
            include_bytes!("mail/tom.hargreave/02-christmas.eml"),
            include_bytes!("mail/tom.hargreave/03-parental-leave.eml"),
            include_bytes!("mail/tom.hargreave/04-re-moving-on.eml"),
            include_bytes!("mail/tom.hargreave/05-rumours.eml"),
            include_bytes!("mail/tom.hargreave/06-new-team.eml"),
            include_bytes!("mail/tom.hargreave/07-handover.eml"),
            include_bytes!("mail/tom.hargreave/08-keep-in-touch.eml"),
            include_bytes!("mail/tom.hargreave/09-follow-me.eml"),
            include_bytes!("mail/tom.hargreave/10-follow-me-too.eml"),
            include_bytes!("mail/tom.hargreave/11-ask-me.eml"),
            include_bytes!("mail/tom.hargreave/12-fwd-joanna.eml"),
            include_bytes!("mail/tom.hargreave/13-leaving-drinks.eml"),
        ],
    },
    Leaver {
        address: "katrin.oldenburg@brezo.example",
        name: "Katrin Oldenburg",
        last_day: "2024-09-30",
        successor: "henning.voss@brezo.example",
        sent: ("Gesendete Objekte", None),
        messages: &[
            include_bytes!("mail/katrin.oldenburg/01-offer.eml"),
            include_bytes!("mail/katrin.oldenburg/02-holiday.eml"),
            include_bytes!("mail/katrin.oldenburg/03-office-moves.eml"),
            include_bytes!("mail/katrin.oldenburg/04-parental-leave-colleague.eml"),
            include_bytes!("mail/katrin.oldenburg/05-policy-cancelled.eml"),
            include_bytes!("mail/katrin.oldenburg/06-handover.eml"),
            include_bytes!("mail/katrin.oldenburg/07-private-address.eml"),
            include_bytes!("mail/katrin.oldenburg/08-new-firm.eml"),
            include_bytes!("mail/katrin.oldenburg/09-short-goodbye.eml"),
            include_bytes!("mail/katrin.oldenburg/10-aw-abschied.eml"),
            include_bytes!("mail/katrin.oldenburg/11-bank.eml"),
            include_bytes!("mail/katrin.oldenburg/12-mailbox-unread.eml"),
        ],
    },
];

impl Leaver {
    /// The login as the server knows it: an inbox, drafts, and the sent mail.
    ///
    /// # Errors
    /// A sample whose first message has no readable date, which the tests exclude.
    pub(super) fn account(&self, password: &str) -> io::Result<Account> {
        let (sent, special_use) = self.sent;
        Ok(Account {
            login: self.address.to_owned(),
            password: password.to_owned(),
            mailboxes: vec![
                mailbox("INBOX", None, Vec::new()),
                mailbox("Drafts", Some("Drafts"), Vec::new()),
                mailbox(sent, special_use, served(self.messages)?),
            ],
        })
    }
}

fn mailbox(
    name: &'static str,
    special_use: Option<&'static str>,
    messages: Vec<Served>,
) -> Mailbox {
    Mailbox {
        name,
        special_use,
        uidvalidity: NonZeroU32::MIN,
        messages,
    }
}

/// Sent mail is stored when it is sent, so that INTERNALDATE is the Date; without a readable one, the date before.
fn served(messages: &[&[u8]]) -> io::Result<Vec<Served>> {
    let mut arrived = None;
    (1..)
        .map_while(NonZeroU32::new)
        .zip(messages)
        .map(|(uid, octets)| {
            arrived = date(octets).or(arrived.take());
            Ok(Served {
                uid,
                arrived: arrived
                    .clone()
                    .ok_or_else(|| io::Error::other("the first sample has no date"))?,
                octets: with_crlf(octets),
            })
        })
        .collect()
}

fn date(octets: &[u8]) -> Option<DateTime> {
    let (fields, _) = mailparse::parse_headers(octets).ok()?;
    let date = fields.get_first_value("Date")?;
    let date = chrono::DateTime::parse_from_rfc2822(&date).ok()?;
    DateTime::try_from(date).ok()
}

/// The files end their lines as the repository likes it; mail ends them with CRLF (RFC 5322, 2.1).
fn with_crlf(octets: &[u8]) -> Vec<u8> {
    let mut whole = Vec::with_capacity(octets.len() + octets.len() / 32);
    for line in octets.split_inclusive(|&octet| octet == b'\n') {
        match line.strip_suffix(b"\n") {
            Some(text) => {
                whole.extend_from_slice(text.strip_suffix(b"\r").unwrap_or(text));
                whole.extend_from_slice(b"\r\n");
            }
            None => whole.extend_from_slice(line),
        }
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sample_is_dated_and_in_order() {
        for leaver in LEAVERS {
            let account = leaver.account("").unwrap();
            let sent = &account.mailboxes[2];
            let dates: Vec<_> = sent.messages.iter().map(|m| *m.arrived.as_ref()).collect();
            assert!(dates.is_sorted(), "{}", leaver.address);
            assert!(dates.len() >= 12, "{}", leaver.address);
        }
    }

    #[test]
    fn served_lines_end_in_crlf() {
        assert_eq!(with_crlf(b"a\nb\r\nc"), b"a\r\nb\r\nc");
        for leaver in LEAVERS {
            for message in &leaver.account("").unwrap().mailboxes[2].messages {
                let lone = memchr::memmem::find_iter(&message.octets, b"\n")
                    .any(|at| at == 0 || message.octets[at - 1] != b'\r');
                assert!(!lone);
            }
        }
    }

    #[test]
    fn samples_name_invented_places_only() {
        for octets in LEAVERS.iter().flat_map(|leaver| leaver.messages) {
            let text = String::from_utf8_lossy(octets);
            for (at, _) in text.match_indices('@') {
                let domain: String = text[at + 1..]
                    .chars()
                    .take_while(|c| c.is_alphanumeric() || "-.=\n".contains(*c))
                    .collect();
                let domain = domain.replace("=\n", "");
                assert!(
                    domain.contains(".example")
                        || domain.contains('\n')
                        || domain.is_empty()
                        || domain == "@",
                    "{domain}"
                );
            }
        }
    }
}
