//! The rules of ownership, one function a kind of datum: points for the custodian, and from [`ENOUGH`] on it is the
//! custodian's.

use rlibphonenumber::{PhoneNumber, PhoneNumberType};

use super::super::author::{domain, local_part};
use super::super::contact::Found;
use super::words::{MOBILE, OFFICE, PRIVATE, has, is_functional};
use super::{Cues, Opinion, Scene, address, is_free_mail};
use crate::finding::{ContactKind, Owner, Place};
use crate::mailbox::is_domain_or_subdomain;
use crate::message::Zone;

/// Points that make a datum the custodian's.
const ENOUGH: i32 = 40;

/// Sums the points whose condition holds.
fn sum(points: &[(bool, i32)]) -> i32 {
    points.iter().filter(|p| p.0).map(|p| p.1).sum()
}

/// From [`ENOUGH`] points on it is the custodian's.
fn verdict(points: i32, otherwise: Owner) -> Opinion {
    let confidence = |p: i32| u8::try_from(p.clamp(5, 100)).unwrap_or(100);
    if points >= ENOUGH {
        (Owner::Custodian, confidence(points + 10))
    } else {
        (otherwise, confidence(80 - points.max(0)))
    }
}

impl Scene<'_> {
    pub(super) fn owner(&self, datum: &Found) -> Opinion {
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
        let value = plain(&datum.value);
        self.context.custodian.known_contacts.iter().any(|known| {
            let known = plain(known);
            let ends = |a: &str, b: &str| b.len() >= 7 && a.ends_with(b);
            let number = !known.is_empty() && known.bytes().all(|b| b.is_ascii_digit());
            known == value || number && (ends(&value, &known) || ends(&known, &value))
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
        let author = datum.part == "From" || datum.part == "Sender";
        let named = self.is_named_after_custodian(local_part(address));
        // A private address that stands in a header only is a clue; the reason names it.
        if author || named {
            (Owner::Unknown, 40)
        } else {
            (Owner::Client, 60)
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
        if let Some(opinion) = of_other_words(datum) {
            return opinion;
        }
        if self.is_recipients(address) {
            return (Owner::Client, 95);
        }
        let (here, before) = (self.context.cues)(datum);
        let named = self.is_named_after_custodian(local_part(address));
        let private = is_free_mail(host) || is_alumni(host);
        let clients = !private
            && self
                .recipients()
                .any(|a| is_domain_or_subdomain(host, domain(&a.address)));
        if clients && !named {
            return (Owner::Client, 85);
        }
        let points = sum(&[
            (named, 45),
            (private, 25),
            (here.own, 30),
            (!here.own && before.own, 15),
            (here.new_job || before.new_job, 15),
            (self.context.notice, 40),
            (self.is_named_after_custodian(host), 25),
            (here.colleague && !here.own, -35),
            (clients, -40),
            (here.old && !here.own && !named, -20),
        ]);
        verdict(
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
        if let Some(opinion) = of_other_words(datum) {
            return opinion;
        }
        let (here, before) = (self.context.cues)(datum);
        let line = self.line(datum);
        let private = has(&line, PRIVATE);
        let office = has(&line, OFFICE);
        let signature = datum.place == Place::Signature;
        if signature && self.office_signature && !private && !here.own {
            return (Owner::Organisation, if office { 90 } else { 75 });
        }
        let beside_colleague = self.stands_with_colleague(datum);
        let points = sum(&[
            (private, 40),
            (here.own, 35),
            (!here.own && before.own, 15),
            (here.new_job || before.new_job, 10),
            (self.context.notice, 45),
            (datum.kind == ContactKind::Messenger, 10),
            (has(&line, MOBILE), 10),
            (signature && !self.office_signature, 10),
            (!datum.certain, -10),
            (office && !private, -45),
            (here.office && !private && !here.own, -30),
            (here.colleague && !private, -40),
            (
                !here.colleague && before.colleague && !here.own && !private,
                -25,
            ),
            (beside_colleague && !private, -40),
            // People give their mobile; a landline without a word about it is the office's.
            (is_landline(&datum.value) && !private && !here.own, -30),
        ]);
        verdict(
            points,
            self.number_of_others(here, office, beside_colleague),
        )
    }

    fn number_of_others(&self, here: Cues, office: bool, beside_colleague: bool) -> Owner {
        if here.colleague || beside_colleague {
            Owner::Colleague
        } else if office || here.office || self.office_signature {
            Owner::Organisation
        } else {
            Owner::Unknown
        }
    }

    fn of_link(&self, datum: &Found) -> Opinion {
        let address = datum.value.trim_start_matches("https://");
        let (host, path) = address.split_once('/').unwrap_or((address, ""));
        if self.context.organisation.owns(host) {
            return (Owner::Organisation, 95);
        }
        if let Some(opinion) = of_other_words(datum) {
            return opinion;
        }
        if self
            .recipients()
            .any(|a| is_domain_or_subdomain(host, domain(&a.address)))
        {
            return (Owner::Client, 85);
        }
        let (here, before) = (self.context.cues)(datum);
        let named = self.is_named_after_custodian(path) || self.is_named_after_custodian(host);
        let points = sum(&[
            (named, 45),
            (datum.kind == ContactKind::Profile, 20),
            (path.is_empty(), 10),
            (here.own, 30),
            (!here.own && before.own, 10),
            (here.new_job || before.new_job, 25),
            (self.context.notice, 30),
            (here.colleague, -30),
        ]);
        verdict(points, Owner::Unknown)
    }

    fn of_postal(&self, datum: &Found) -> Opinion {
        if let Some(opinion) = of_other_words(datum) {
            return opinion;
        }
        let (here, before) = (self.context.cues)(datum);
        let office = datum.place == Place::Signature && self.office_signature;
        let points = sum(&[
            (here.own || before.own, 40),
            (self.context.notice, 20),
            (office, -60),
        ]);
        verdict(
            points,
            if office {
                Owner::Organisation
            } else {
                Owner::Unknown
            },
        )
    }
}

/// What stands in somebody else's words is theirs, and what stands in a disclaimer is the organisation's.
fn of_other_words(datum: &Found) -> Option<Opinion> {
    match datum.zone {
        Zone::Quoted | Zone::Forwarded => Some((Owner::Client, 60)),
        Zone::Disclaimer => Some((Owner::Organisation, 60)),
        Zone::Own | Zone::Signature | Zone::Hidden => None,
    }
}

/// An address or link in lower case without its scheme; a number's digits.
fn plain(text: &str) -> String {
    let text = text.trim().to_lowercase();
    if text.contains('@') || text.contains("://") {
        text.trim_start_matches("mailto:").to_owned()
    } else {
        text.chars().filter(char::is_ascii_digit).collect()
    }
}

/// Whether the numbering plan knows a number as a landline's and nothing else.
fn is_landline(value: &str) -> bool {
    value
        .strip_prefix("tel:")
        .and_then(|number| PhoneNumber::parse(number, None).ok())
        .is_some_and(|number| number.get_type() == PhoneNumberType::FixedLine)
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
