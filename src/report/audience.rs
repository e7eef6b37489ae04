//! Who the recipients are: colleagues, clients, outsiders, the custodian's own addresses.

use std::collections::HashMap;

use super::{Audience, Client, ClientStatus, ReportSettings};
use crate::detect;
use crate::finding::{Finding, Recipient};
use crate::mailbox::{Custodian, Organisation, is_domain_or_subdomain};

/// The `kind` column of `recipients.csv`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// One of the custodian's own addresses.
    Custodian,
    /// Inside the organisation.
    Colleague,
    /// On the client list: client, prospect or former client.
    Client,
    /// On the client list as the custodian's personal contact.
    Personal,
    /// A lawyer.
    Privileged,
    /// Works council, union, company doctor.
    Protected,
    /// Outside the organisation, and not on the client list.
    External,
    /// No address that could be read.
    Unknown,
}

impl Kind {
    /// The word in the report.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Custodian => "custodian",
            Self::Colleague => "colleague",
            Self::Client => "client",
            Self::Personal => "personal",
            Self::Privileged => "privileged",
            Self::Protected => "protected",
            Self::External => "external",
            Self::Unknown => "unknown",
        }
    }
}

/// A recipient with what the client list and the organisation say of it.
#[derive(Debug, Clone)]
pub(super) struct Addressee<'a> {
    pub(super) recipient: &'a Recipient,
    pub(super) kind: Kind,
    /// The line of the client list that names it.
    pub(super) listed: Option<&'a Client>,
    /// Neither the organisation's nor the custodian's own.
    pub(super) outside: bool,
    /// Counts as a client: on the list, or any outsider where there is no list.
    pub(super) client: bool,
    /// The `status` column.
    pub(super) status: &'static str,
}

/// The `audience` column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    Clients,
    External,
    Internal,
    Unknown,
}

impl Reach {
    /// The word in the report.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Clients => "clients",
            Self::External => "external",
            Self::Internal => "internal",
            Self::Unknown => "unknown",
        }
    }

    /// Of all recipients together: the one farthest away decides. Undisclosed recipients, none at all, or nobody but the
    /// custodian leave it unknown, and what is unknown may have reached a client.
    pub(super) fn of(addressees: &[Addressee<'_>]) -> Self {
        let any = |test: fn(&Addressee<'_>) -> bool| addressees.iter().any(test);
        if any(|a| a.kind == Kind::Client) {
            Self::Clients
        } else if any(|a| a.outside) {
            Self::External
        } else if any(|a| a.kind == Kind::Unknown) || !any(|a| a.kind != Kind::Custodian) {
            Self::Unknown
        } else {
            Self::Internal
        }
    }

    /// Whether `--audience` keeps it.
    pub(super) fn is_in(self, audience: Audience) -> bool {
        match audience {
            Audience::All => true,
            Audience::External => self != Self::Internal,
            Audience::Clients => matches!(self, Self::Clients | Self::Unknown),
        }
    }
}

/// Organisation, roster and client list, looked up by address.
pub(super) struct People<'a> {
    settings: &'a ReportSettings,
    clients: HashMap<&'a str, &'a Client>,
    custodians: HashMap<&'a str, &'a Custodian>,
}

impl<'a> People<'a> {
    pub(super) fn new(settings: &'a ReportSettings) -> Self {
        let clients = settings.clients.iter().flatten();
        Self {
            settings,
            clients: clients
                .map(|client| (client.address_or_domain.trim_start_matches('@'), client))
                .collect(),
            custodians: settings.roster.iter().map(|c| (c.id.as_str(), c)).collect(),
        }
    }

    pub(super) fn custodian(&self, id: &str) -> Option<&'a Custodian> {
        self.custodians.get(id).copied()
    }

    /// Whether a lawyer, works council or the like wrote or received it.
    pub(super) fn is_withheld(&self, finding: &Finding) -> bool {
        let addresses = finding
            .recipients
            .iter()
            .map(|recipient| recipient.address.as_str());
        addresses.chain([finding.from.as_str()]).any(|address| {
            is_among(address, &self.settings.privileged)
                || is_among(address, &self.settings.protected)
        })
    }

    pub(super) fn addressees(&self, finding: &'a Finding) -> Vec<Addressee<'a>> {
        let implied;
        let organisation = if self.settings.organisation.domains.is_empty() {
            implied = detect::implied_organisation(&finding.from);
            &implied
        } else {
            &self.settings.organisation
        };
        let custodian = self.custodian(&finding.custodian);
        finding
            .recipients
            .iter()
            .map(|recipient| self.addressee(recipient, finding, custodian, organisation))
            .collect()
    }

    fn addressee(
        &self,
        recipient: &'a Recipient,
        finding: &Finding,
        custodian: Option<&Custodian>,
        organisation: &Organisation,
    ) -> Addressee<'a> {
        let address = recipient.address.as_str();
        let listed = self.listed(address);
        let is_own = is_custodian(address, finding, custodian);
        let is_inside = domain(address).is_some_and(|domain| organisation.owns(domain));
        let kind = if domain(address).is_none() {
            Kind::Unknown
        } else if is_own {
            Kind::Custodian
        } else if is_among(address, &self.settings.privileged) {
            Kind::Privileged
        } else if is_among(address, &self.settings.protected) {
            Kind::Protected
        } else if is_inside {
            Kind::Colleague
        } else {
            match listed.map(|client| client.status) {
                Some(ClientStatus::Personal) => Kind::Personal,
                Some(_) => Kind::Client,
                None => Kind::External,
            }
        };
        let outside = !is_own && !is_inside && kind != Kind::Unknown;
        let client = match self.settings.clients {
            Some(_) => kind == Kind::Client,
            None => kind == Kind::External,
        };
        let status = match (listed, &self.settings.clients) {
            (Some(client), _) => client.status.as_str(),
            (None, Some(_)) if outside => "unlisted",
            (None, _) => "",
        };
        Addressee {
            recipient,
            kind,
            listed,
            outside,
            client,
            status,
        }
    }

    /// The client list's line for an address: its own, else that of the nearest domain above it.
    fn listed(&self, address: &str) -> Option<&'a Client> {
        if let Some(client) = self.clients.get(address) {
            return Some(client);
        }
        let domain = domain(address)?.to_ascii_lowercase();
        let mut above = Some(domain.as_str());
        while let Some(name) = above {
            if let Some(client) = self.clients.get(name) {
                return Some(client);
            }
            above = name.split_once('.').map(|(_, parent)| parent);
        }
        None
    }
}

impl ClientStatus {
    /// The word in the report.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Prospect => "prospect",
            Self::Former => "former",
            Self::Personal => "personal",
        }
    }
}

/// Whether the manager of the roster is a recipient: `yes`, `no`, or `unknown` where nobody can tell.
pub(super) fn manager_copied(
    custodian: Option<&Custodian>,
    addressees: &[Addressee<'_>],
) -> &'static str {
    let Some(manager) = custodian.and_then(|custodian| custodian.manager.as_deref()) else {
        return "unknown";
    };
    if addressees.is_empty() {
        return "unknown";
    }
    if manager.contains('@') {
        let is_manager =
            |a: &Addressee<'_>| a.recipient.address.eq_ignore_ascii_case(manager.trim());
        return if addressees.iter().any(is_manager) {
            "yes"
        } else {
            "no"
        };
    }
    let name = words(manager);
    let is_named = |a: &&Addressee<'_>| {
        let local = a.recipient.address.split('@').next().unwrap_or_default();
        [words(&a.recipient.display_name), words(local)]
            .iter()
            .any(|words| name.iter().all(|word| words.contains(word)))
    };
    let mut colleagues = addressees.iter().filter(|a| a.kind == Kind::Colleague);
    if colleagues.clone().any(|a| is_named(&a)) {
        "yes"
    } else if colleagues.any(|a| a.recipient.display_name.is_empty()) {
        // An address such as `mr7@` does not tell whose it is.
        "unknown"
    } else {
        "no"
    }
}

/// What stands behind the `@`; `None` if that cannot be an address.
pub(super) fn domain(address: &str) -> Option<&str> {
    address
        .rsplit_once('@')
        .map(|(_, domain)| domain)
        .filter(|domain| !domain.is_empty() && !domain.contains(char::is_whitespace))
}

fn is_among(address: &str, domains: &[String]) -> bool {
    domain(address).is_some_and(|domain| {
        domains
            .iter()
            .any(|parent| is_domain_or_subdomain(domain, parent))
    })
}

fn is_custodian(address: &str, finding: &Finding, custodian: Option<&Custodian>) -> bool {
    let known = custodian
        .into_iter()
        .flat_map(|custodian| custodian.aliases.iter().chain(&custodian.known_contacts));
    known
        .map(|contact| contact.trim().trim_start_matches("mailto:"))
        .chain([finding.custodian.as_str(), finding.from.as_str()])
        .any(|own| own.eq_ignore_ascii_case(address))
}

fn words(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use crate::report::sample::{client, recipient, sample};
    use crate::report::{Audience, ClientStatus};

    /// The audience of a message to these, with a client list.
    #[track_caller]
    fn check(to: &[&str], expected: &str) {
        assert_eq!(column(to, "Leo Sanz", 20), expected, "{to:?}");
    }

    /// Whether the manager was copied on a message to these.
    #[track_caller]
    fn check_manager(manager: &str, to: &[&str], expected: &str) {
        assert_eq!(column(to, manager, 23), expected, "{manager} in {to:?}");
    }

    fn column(to: &[&str], manager: &str, index: usize) -> String {
        let mut sample = sample();
        sample.settings.audience = Audience::All;
        sample.settings.clients = Some(vec![
            client("client.example", ClientStatus::Prospect),
            client("friend@mail.example", ClientStatus::Personal),
        ]);
        sample.settings.roster[0].known_contacts = vec!["ana.ruiz@mail.example".to_owned()];
        sample.settings.roster[0].manager = Some(manager.to_owned()).filter(|m| !m.is_empty());
        sample.add("f-1", "2024-06-12T08:00:00Z", |finding| {
            finding.recipients = to.iter().map(|to| recipient(to)).collect();
        });
        let report = sample.written();
        let path = report.settings.directory.join("findings.csv");
        let mut rows = csv::Reader::from_path(path).unwrap();
        rows.records().next().unwrap().unwrap()[index].to_owned()
    }

    #[test]
    fn the_farthest_recipient_decides() {
        check(
            &[
                "leo@acme.example",
                "x@other.example",
                "b@sub.client.example",
            ],
            "clients",
        );
        check(&["leo@acme.example", "friend@mail.example"], "external");
        check(&["leo@madrid.acme.example"], "internal");
        check(&["x@notacme.example"], "external");
    }

    #[test]
    fn nobody_and_oneself_are_unknown() {
        check(&[], "unknown");
        check(&["ana@acme.example", "ana.ruiz@mail.example"], "unknown");
        check(&["undisclosed-recipients", "leo@acme.example"], "unknown");
        check(&["ana@acme.example", "leo@acme.example"], "internal");
    }

    #[test]
    fn the_manager_is_known_by_address_or_name() {
        check_manager("LEO@acme.example", &["leo@acme.example"], "yes");
        check_manager("leo@acme.example", &["x@other.example"], "no");
        check_manager("Leo Sanz", &["Sanz Gil, Leo <ls7@acme.example>"], "yes");
        check_manager("Leo Sanz", &["leo.sanz@acme.example"], "yes");
        check_manager("Leo Sanz", &["Eva Gil <eva@acme.example>"], "no");
        check_manager("Leo Sanz", &["ls7@acme.example"], "unknown");
        check_manager("Leo Sanz", &["Leo Sanz <leo.sanz@other.example>"], "no");
        check_manager("", &["leo@acme.example"], "unknown");
        check_manager("Leo Sanz", &[], "unknown");
    }
}
