//! The client list: who is a client, a prospect, a former client, or the custodian's personal contact.

use super::domains::parse_address_or_domain;
use super::nearest::nearest;
use super::table::{Column, Row, Table, TableError};
use crate::report::{Client, ClientStatus};

/// The columns, with other usual headings (folded: no case, accents, spaces, punctuation).
pub(crate) const COLUMNS: &[Column] = &[
    Column {
        name: "address_or_domain",
        synonyms: &[
            "address",
            "domain",
            "email",
            "emailaddress",
            "mail",
            "emaildomain",
        ],
        required: true,
    },
    Column {
        name: "name",
        synonyms: &[
            "client",
            "clientname",
            "customer",
            "customername",
            "company",
            "account",
            "cliente",
            "kunde",
        ],
        required: false,
    },
    Column {
        name: "status",
        synonyms: &["kind", "type"],
        required: false,
    },
];

const STATUSES: &[(&str, ClientStatus)] = &[
    ("client", ClientStatus::Client),
    ("prospect", ClientStatus::Prospect),
    ("former", ClientStatus::Former),
    ("personal", ClientStatus::Personal),
];

/// Reads a client list, with what was tolerated. An entry without a status is a client.
///
/// # Errors
/// A missing column or value, what is no address and no domain, an unknown status, two statuses for one entry.
pub(crate) fn read(octets: &[u8]) -> Result<(Vec<Client>, Vec<String>), TableError> {
    let table = Table::read(octets, COLUMNS)?;
    let mut warnings = Vec::new();
    if !table.ignored.is_empty() {
        warnings.push(format!("columns not used: {}", table.ignored.join(", ")));
    }
    let mut clients: Vec<Client> = Vec::new();
    let mut seen = std::collections::HashMap::new();
    for row in &table.rows {
        let client = client(row)?;
        match seen.get(&client.address_or_domain) {
            None => {
                seen.insert(client.address_or_domain.clone(), (row.line, client.status));
                clients.push(client);
            }
            Some((_, status)) if *status == client.status => {}
            Some((first, _)) => {
                return Err(TableError::at(
                    row.line,
                    format!(
                        "`{}` has another status on line {first}: keep one",
                        client.address_or_domain
                    ),
                ));
            }
        }
    }
    if clients.is_empty() {
        warnings.push("the client list has no entry: nobody is known as a client".to_owned());
    }
    Ok((clients, warnings))
}

fn client(row: &Row) -> Result<Client, TableError> {
    let address_or_domain = parse_address_or_domain(row.require("address_or_domain")?)
        .map_err(|problem| TableError::at(row.line, problem))?;
    let word = row.get("status").to_lowercase();
    let status = STATUSES
        .iter()
        .find(|(known, _)| *known == word)
        .map(|(_, status)| *status);
    let status = match status {
        None if word.is_empty() => ClientStatus::Client,
        Some(status) => status,
        None => {
            let words: Vec<&str> = STATUSES.iter().map(|(word, _)| *word).collect();
            let advice = match nearest(&word, &words) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("write one of: {}", words.join(", ")),
            };
            return Err(TableError::at(
                row.line,
                format!("unknown status `{word}`; {advice}"),
            ));
        }
    };
    Ok(Client {
        address_or_domain,
        name: row.get("name").to_owned(),
        status,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let actual = match read(text.as_bytes()) {
            Ok((clients, warnings)) => {
                let mut lines: Vec<String> = clients
                    .iter()
                    .map(|c| format!("{} {} {:?}", c.address_or_domain, c.name, c.status))
                    .collect();
                lines.extend(warnings);
                lines.join("\n")
            }
            Err(e) => format!("{:?}: {}", e.line, e.problem),
        };
        assert_eq!(actual, expected);
    }

    #[test]
    fn lists() {
        check(
            "address_or_domain,name,status\nClient.example,Client Ltd,\nana@b.example,Ana,Personal\n",
            "client.example Client Ltd Client\nana@b.example Ana Personal",
        );
        check(
            "Domain\n@client.example\nclient.example\n",
            "client.example  Client",
        );
        check(
            "Customer;E-Mail;Region\nX;a@x.example;north\n",
            "a@x.example X Client\ncolumns not used: Region",
        );
        check(
            "domain\n",
            "the client list has no entry: nobody is known as a client",
        );
    }

    #[test]
    fn refusals() {
        check(
            "name\nx\n",
            "Some(1): the column `address_or_domain` is missing; the heading has: name",
        );
        check(
            "domain,status\na.example,clients\n",
            "Some(2): unknown status `clients`; did you mean `client`?",
        );
        check(
            "domain,status\na.example,vip\n",
            "Some(2): unknown status `vip`; write one of: client, prospect, former, personal",
        );
        check(
            "domain,status\na.example,client\na.example,former\n",
            "Some(3): `a.example` has another status on line 2: keep one",
        );
        check(
            "domain,name\n,x\n",
            "Some(2): the column `address_or_domain` is empty: every row needs one",
        );
    }
}
