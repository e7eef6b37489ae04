//! The rules of ownership, one function a kind of datum: points for the custodian, and from [`ENOUGH`] on it is the
//! custodian's.

use rlibphonenumber::{PhoneNumber, PhoneNumberType};

use super::super::author::{domain, local_part};
use super::super::contact::Found;
use super::words::{
    FAX, MOBILE, OFFICE, PRIVATE, SAME, has, has_lately, is_functional, is_office_phone,
};
use super::{Cues, Opinion, Reason, Scene, address, is_free_mail, until};
use crate::finding::{ContactKind, Owner, Place};
use crate::mailbox::is_domain_or_subdomain;
use crate::message::Zone;

/// Points that make a datum the custodian's.
const ENOUGH: i32 = 40;

const JOINED: &str = "told in one breath with a datum of the custodian's";

/// A rule, whether it applies, and its points.
type Rule = (&'static str, bool, i32);

/// From [`ENOUGH`] points on it is the custodian's.
fn verdict(rules: &[Rule], otherwise: Owner) -> Opinion {
    let why: Vec<Reason> = rules
        .iter()
        .filter(|rule| rule.1)
        .map(|&(rule, _, points)| Reason {
            rule,
            points: Some(points),
        })
        .collect();
    let points: i32 = why.iter().filter_map(|reason| reason.points).sum();
    let confidence = |p: i32| u8::try_from(p.clamp(5, 100)).unwrap_or(100);
    let (owner, confidence) = if points >= ENOUGH {
        (Owner::Custodian, confidence(points + 10))
    } else {
        (otherwise, confidence(80 - points.max(0)))
    };
    Opinion {
        owner,
        confidence,
        why,
    }
}

/// What one rule decides alone.
fn decided(owner: Owner, confidence: u8, rule: &'static str) -> Opinion {
    let why = vec![Reason { rule, points: None }];
    Opinion {
        owner,
        confidence,
        why,
    }
}

impl Scene<'_> {
    /// Whose a datum is; `joined` if it is told in one breath with a datum of the custodian's.
    pub(super) fn owner(&self, datum: &Found, joined: bool) -> Opinion {
        if self.is_known(datum) {
            return decided(Owner::Custodian, 100, "a known contact of the roster");
        }
        if datum.place == Place::Header {
            return self.of_header(datum);
        }
        match datum.kind {
            ContactKind::Email => self.of_email(datum, joined),
            ContactKind::Phone | ContactKind::Messenger => self.of_number(datum, joined),
            ContactKind::Profile | ContactKind::Url => self.of_link(datum, joined),
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
                decided(
                    Owner::Organisation,
                    90,
                    "the custodian's address at the organisation",
                )
            } else {
                decided(Owner::Colleague, 80, "another address of the organisation")
            };
        }
        let author = datum.part == "From" || datum.part == "Sender";
        let named = self.is_named_after_custodian(local_part(address));
        // A private address that stands in a header only is a clue; the reason names it.
        if author || named {
            decided(
                Owner::Unknown,
                40,
                "a private address that stands in a header only",
            )
        } else {
            decided(Owner::Client, 60, "a recipient's address")
        }
    }

    fn of_email(&self, datum: &Found, joined: bool) -> Opinion {
        let address = address(datum);
        let host = domain(address);
        if self.context.organisation.owns(host) {
            return if self.is_own_address(address) || is_functional(local_part(address)) {
                decided(
                    Owner::Organisation,
                    95,
                    "the custodian's or a functional address of the organisation",
                )
            } else {
                decided(Owner::Colleague, 85, "another address of the organisation")
            };
        }
        if let Some(opinion) = of_other_words(datum) {
            return opinion;
        }
        if self.is_recipients(address) {
            return decided(Owner::Client, 95, "a recipient's address");
        }
        let (here, before) = (self.context.cues)(datum);
        // A document holds many people's data, also one that goes with a notice.
        let in_document = self.is_in_document(datum);
        let named = self.is_named_after_custodian(local_part(address));
        let private = is_free_mail(host) || is_alumni(host);
        let clients = !private
            && self
                .recipients()
                .any(|a| is_domain_or_subdomain(host, domain(&a.address)));
        if clients && !named {
            return decided(Owner::Client, 85, "a recipient's domain");
        }
        let rules = [
            ("named after the custodian", named, 45),
            ("free mail or alumni", private, 25),
            ("called one's own", here.own, 30),
            (
                "one's own is spoken of in the sentence before",
                !here.own && before.own,
                15,
            ),
            ("a new job is spoken of", here.new_job || before.new_job, 15),
            (
                "the message is a notice",
                self.context.notice,
                if in_document { 20 } else { 40 },
            ),
            (
                "its domain is named after the custodian",
                self.is_named_after_custodian(host),
                25,
            ),
            (JOINED, joined, 30),
            (
                "a colleague is spoken of",
                here.colleague && !here.own && !joined,
                -35,
            ),
            ("a recipient's domain", clients, -40),
            (
                "an address that ends is spoken of",
                here.old && !here.own && !named,
                -20,
            ),
        ];
        verdict(
            &rules,
            if here.colleague {
                Owner::Colleague
            } else {
                Owner::Unknown
            },
        )
    }

    fn of_number(&self, datum: &Found, joined: bool) -> Opinion {
        if is_own_range(&datum.value, &self.context.organisation.phones) {
            return decided(Owner::Organisation, 95, "the organisation's number range");
        }
        if let Some(opinion) = of_other_words(datum) {
            return opinion;
        }
        let (here, before) = (self.context.cues)(datum);
        let line = self.line(datum);
        let private = has(&line, PRIVATE);
        let office = has_lately(&line, OFFICE);
        let mobile = has(&line, MOBILE);
        let signature = datum.place == Place::Signature;
        if signature && self.office_signature && !private && !here.own {
            return decided(
                Owner::Organisation,
                if office { 90 } else { 75 },
                "in a signature of the organisation",
            );
        }
        let beside_colleague = self.stands_with_colleague(datum);
        let in_document = self.is_in_document(datum);
        let rules = [
            ("called private", private, 40),
            ("called one's own", here.own, 35),
            (
                "one's own is spoken of in the sentence before",
                !here.own && before.own,
                15,
            ),
            ("a new job is spoken of", here.new_job || before.new_job, 10),
            (
                "the message is a notice",
                self.context.notice,
                if in_document { 20 } else { 45 },
            ),
            ("a messenger", datum.kind == ContactKind::Messenger, 10),
            ("called a mobile", mobile, 10),
            (JOINED, joined, 30),
            (
                "in a signature that is not the organisation's",
                signature && !self.office_signature,
                10,
            ),
            ("not certainly a number", !datum.certain, -10),
            ("called an office number", office && !private, -45),
            (
                "called the employer's",
                is_office_phone(&self.nearest_words(datum)) && !private,
                -80,
            ),
            (
                "called a telefax",
                has_lately(&line, FAX) && !private && !joined,
                -45,
            ),
            (
                "the office is spoken of",
                here.office && !private && !here.own && !joined,
                -30,
            ),
            (
                "called the number that the reader knows",
                has(&line, SAME) && !private && !here.own,
                -30,
            ),
            (
                "for the time until the departure",
                until::is_for_now(self, datum) && !private,
                -60,
            ),
            (
                "a colleague is spoken of",
                here.colleague && !private && !joined,
                -40,
            ),
            (
                "a colleague is spoken of in the sentence before",
                !here.colleague && before.colleague && !here.own && !private && !joined,
                -25,
            ),
            (
                "beside a colleague's address",
                beside_colleague && !private,
                -40,
            ),
            // People give their mobile; a landline without a word about it is the office's.
            (
                "a landline",
                is_landline(&datum.value) && !private && !mobile && !here.own && !joined,
                -30,
            ),
        ];
        verdict(
            &rules,
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

    fn of_link(&self, datum: &Found, joined: bool) -> Opinion {
        let address = datum.value.trim_start_matches("https://");
        let (host, path) = address.split_once('/').unwrap_or((address, ""));
        if self.context.organisation.owns(host) {
            return decided(Owner::Organisation, 95, "the organisation's site");
        }
        if let Some(opinion) = of_other_words(datum) {
            return opinion;
        }
        if self
            .recipients()
            .any(|a| is_domain_or_subdomain(host, domain(&a.address)))
        {
            return decided(Owner::Client, 85, "a recipient's domain");
        }
        let (here, before) = (self.context.cues)(datum);
        let named = self.is_named_after_custodian(path) || self.is_named_after_custodian(host);
        let rules = [
            ("named after the custodian", named, 45),
            ("a profile", datum.kind == ContactKind::Profile, 20),
            ("a site as a whole", path.is_empty(), 10),
            ("a site without www", !datum.certain, -15),
            (JOINED, joined, 30),
            ("called one's own", here.own, 30),
            (
                "one's own is spoken of in the sentence before",
                !here.own && before.own,
                10,
            ),
            ("a new job is spoken of", here.new_job || before.new_job, 25),
            ("the message is a notice", self.context.notice, 30),
            ("a colleague is spoken of", here.colleague && !joined, -30),
        ];
        verdict(&rules, Owner::Unknown)
    }

    fn of_postal(&self, datum: &Found) -> Opinion {
        if let Some(opinion) = of_other_words(datum) {
            return opinion;
        }
        let (here, before) = (self.context.cues)(datum);
        let office = datum.place == Place::Signature && self.office_signature;
        let rules = [
            ("called one's own", here.own || before.own, 40),
            ("the message is a notice", self.context.notice, 20),
            ("in a signature of the organisation", office, -60),
        ];
        verdict(
            &rules,
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
        Zone::Quoted | Zone::Forwarded => {
            Some(decided(Owner::Client, 60, "in somebody else's words"))
        }
        Zone::Disclaimer => Some(decided(Owner::Organisation, 60, "in a legal notice")),
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
