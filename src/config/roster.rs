//! The roster: who left, when, and where their mail is.

use jiff::civil::Date;

use super::dates::parse_date;
use super::table::{Column, Row, Table, TableError};
use crate::mailbox::{Account, Custodian};

/// The columns, with the headings that HR systems give them (folded: no case, accents, spaces, punctuation).
pub(crate) const COLUMNS: &[Column] = &[
    column(
        "custodian",
        &["employee", "leaver", "person", "mitarbeiter", "empleado"],
        true,
    ),
    column(
        "mailbox",
        &[
            "login",
            "account",
            "username",
            "email",
            "emailaddress",
            "mail",
            "upn",
            "userprincipalname",
        ],
        true,
    ),
    column(
        "last_day",
        &[
            "lastworkingday",
            "lastdayofemployment",
            "leavingdate",
            "leavedate",
            "terminationdate",
            "enddate",
            "exitdate",
            "ultimodia",
            "fechabaja",
            "fechadebaja",
            "letzterarbeitstag",
            "austrittsdatum",
            "austritt",
        ],
        true,
    ),
    column(
        "name",
        &["fullname", "displayname", "employeename", "nombre"],
        false,
    ),
    column(
        "notice_day",
        &["noticedate", "resignationdate", "noticegiven"],
        false,
    ),
    column(
        "manager",
        &[
            "linemanager",
            "supervisor",
            "reportsto",
            "vorgesetzter",
            "jefe",
        ],
        false,
    ),
    column(
        "successor",
        &["replacement", "handoverto", "nachfolger", "sucesor"],
        false,
    ),
    column(
        "employment",
        &["employmenttype", "contracttype", "contract"],
        false,
    ),
    column("server", &[], false),
    column(
        "aliases",
        &["alias", "otheraddresses", "proxyaddresses"],
        false,
    ),
    column(
        "known_contacts",
        &["knowncontact", "privatecontacts", "personalcontacts"],
        false,
    ),
];

const fn column(name: &'static str, synonyms: &'static [&'static str], required: bool) -> Column {
    Column {
        name,
        synonyms,
        required,
    }
}

/// A roster that was read.
#[derive(Debug, Default)]
pub(crate) struct Roster {
    /// In the file's order, each once.
    pub(crate) custodians: Vec<Custodian>,
    /// Each with the line that names it.
    pub(crate) accounts: Vec<(usize, Account)>,
    /// What was tolerated.
    pub(crate) warnings: Vec<String>,
}

/// Reads a roster; several rows of one custodian become one custodian with several accounts.
///
/// # Errors
/// A missing column or value, a date that cannot be read, rows of one custodian that contradict each other.
pub(crate) fn read(octets: &[u8]) -> Result<Roster, TableError> {
    let table = Table::read(octets, COLUMNS)?;
    let mut roster = Roster::default();
    if !table.ignored.is_empty() {
        roster
            .warnings
            .push(format!("columns not used: {}", table.ignored.join(", ")));
    }
    for row in &table.rows {
        let custodian = custodian(row)?;
        let account = Account {
            custodian: custodian.id.clone(),
            login: row.require("mailbox")?.to_owned(),
            server: match row.get("server") {
                "" => "default".to_owned(),
                server => server.to_owned(),
            },
        };
        for (column, value) in [("custodian", &custodian.id), ("mailbox", &account.login)] {
            if value.contains(char::is_control) {
                return Err(TableError::at(
                    row.line,
                    format!(
                        "the column `{column}` holds a line break or control character: one account for each row"
                    ),
                ));
            }
        }
        add(&mut roster, row.line, custodian, account)?;
    }
    if roster.custodians.is_empty() {
        return Err(TableError::whole(
            "there is no custodian in it: add a row for each account",
        ));
    }
    Ok(roster)
}

fn custodian(row: &Row) -> Result<Custodian, TableError> {
    let day = |column: &str| -> Result<Option<Date>, TableError> {
        match row.get(column) {
            "" => Ok(None),
            written => parse_date(written)
                .map(Some)
                .map_err(|problem| TableError::at(row.line, format!("`{column}`: {problem}"))),
        }
    };
    let text = |column: &str| Some(row.get(column).to_owned()).filter(|t| !t.is_empty());
    Ok(Custodian {
        id: row.require("custodian")?.to_owned(),
        name: text("name"),
        last_day: day("last_day")?,
        notice_day: day("notice_day")?,
        manager: text("manager"),
        successor: text("successor"),
        employment: text("employment"),
        aliases: row.list("aliases"),
        known_contacts: row.list("known_contacts"),
    })
}

fn add(
    roster: &mut Roster,
    line: usize,
    custodian: Custodian,
    mut account: Account,
) -> Result<(), TableError> {
    let same = |a: &str, b: &str| a.to_lowercase() == b.to_lowercase();
    match roster
        .custodians
        .iter_mut()
        .find(|known| same(&known.id, &custodian.id))
    {
        Some(known) => {
            account.custodian.clone_from(&known.id);
            merge(known, custodian, line)?;
        }
        None => roster.custodians.push(custodian),
    }
    let twin = roster
        .accounts
        .iter()
        .find(|(_, a)| same(&a.login, &account.login) && a.server == account.server);
    match twin {
        Some((first, twin)) if twin.custodian == account.custodian => roster.warnings.push(
            format!("line {line} names the account of line {first} again: it is read once"),
        ),
        Some((first, _)) => {
            roster.warnings.push(format!(
                "line {line} and line {first} name the same account for two custodians: its mail is judged for both"
            ));
            roster.accounts.push((line, account));
        }
        None => roster.accounts.push((line, account)),
    }
    Ok(())
}

/// Adds what another row of the same custodian says.
fn merge(known: &mut Custodian, other: Custodian, line: usize) -> Result<(), TableError> {
    let id = known.id.clone();
    let one = |column, first: &mut Option<String>, second: Option<String>| {
        agree(column, &id, line, first, second)
    };
    one("name", &mut known.name, other.name)?;
    one("manager", &mut known.manager, other.manager)?;
    one("successor", &mut known.successor, other.successor)?;
    one("employment", &mut known.employment, other.employment)?;
    agree("last_day", &id, line, &mut known.last_day, other.last_day)?;
    agree(
        "notice_day",
        &id,
        line,
        &mut known.notice_day,
        other.notice_day,
    )?;
    for (list, more) in [
        (&mut known.aliases, other.aliases),
        (&mut known.known_contacts, other.known_contacts),
    ] {
        for value in more {
            if !list.contains(&value) {
                list.push(value);
            }
        }
    }
    Ok(())
}

fn agree<T: PartialEq + std::fmt::Display>(
    column: &str,
    id: &str,
    line: usize,
    first: &mut Option<T>,
    second: Option<T>,
) -> Result<(), TableError> {
    match (&*first, second) {
        (Some(a), Some(b)) if *a != b => Err(TableError::at(
            line,
            format!("`{column}` of {id} is {b} here and {a} in an earlier row: keep one"),
        )),
        (None, second) => {
            *first = second;
            Ok(())
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Custodians as `id last_day [logins] aliases contacts`, then warnings; or the error.
    #[track_caller]
    fn check(text: &str, expected: &str) {
        let actual = match read(text.as_bytes()) {
            Ok(roster) => {
                let mut lines: Vec<String> = roster
                    .custodians
                    .iter()
                    .map(|c| {
                        let logins: Vec<String> = roster
                            .accounts
                            .iter()
                            .filter(|(_, a)| a.custodian == c.id)
                            .map(|(line, a)| format!("{line}:{}@{}", a.login, a.server))
                            .collect();
                        format!(
                            "{} {:?} {} {:?} {:?}",
                            c.id,
                            c.last_day,
                            logins.join(","),
                            c.aliases,
                            c.known_contacts
                        )
                    })
                    .collect();
                lines.extend(roster.warnings);
                lines.join("\n")
            }
            Err(e) => format!("{:?}: {}", e.line, e.problem),
        };
        assert!(
            actual.contains(expected),
            "\n  actual: {actual}\nexpected: {expected}"
        );
    }

    #[test]
    fn rows() {
        check(
            "custodian,mailbox,last_day\nana@acme.example,ana,2024-06-28\n",
            "ana@acme.example Some(2024-06-28) 2:ana@default [] []",
        );
        check(
            "Employee;E-Mail;Leaving date;Cost centre\nAna;ana@acme.example;28.06.2024;7\n",
            "Ana Some(2024-06-28) 2:ana@acme.example@default [] []\ncolumns not used: Cost centre",
        );
        check("custodian,mailbox,last_day\nana,ana,\n", "ana None");
        check(
            "custodian,mailbox,last_day,aliases,known_contacts\na,b,,\"x;y\",\"+34 600 111 222|a@b.example\"\n",
            r#"["x", "y"] ["+34 600 111 222", "a@b.example"]"#,
        );
    }

    #[test]
    fn several_accounts() {
        check(
            "custodian,mailbox,last_day,server,aliases\nana,a1,2024-06-28,,x\nANA,a2,,old,x;y\n",
            "ana Some(2024-06-28) 2:a1@default,3:a2@old [\"x\", \"y\"] []",
        );
        check(
            "custodian,mailbox,last_day\nana,a,2024-06-28\nana,b,2024-06-27\n",
            "Some(3): `last_day` of ana is 2024-06-27 here and 2024-06-28 in an earlier row",
        );
        check(
            "custodian,mailbox,last_day,manager\nana,a,,eva\nana,b,,max\n",
            "`manager` of ana is max here and eva in an earlier row",
        );
        check(
            "custodian,mailbox,last_day\nana,a,\nana,A,\n",
            "2:a@default [] []\nline 3 names the account of line 2 again",
        );
        check(
            "custodian,mailbox,last_day\nana,a,\nbob,a,\n",
            "for two custodians",
        );
    }

    #[test]
    fn refusals() {
        check(
            "custodian,mailbox\na,b\n",
            "Some(1): the column `last_day` is missing",
        );
        check(
            "custodian,mailbox,last_day\na,b,2024-06-28\n,b,\n",
            "Some(3): the column `custodian` is empty",
        );
        check(
            "custodian,mailbox,last_day\na,,\n",
            "Some(2): the column `mailbox` is empty",
        );
        check(
            "custodian,mailbox,last_day\na,b,05/06/2024\n",
            "Some(2): `last_day`: the date `05/06/2024` is ambiguous, 2024-06-05 or 2024-05-06",
        );
        check(
            "custodian,mailbox,last_day\n",
            "None: there is no custodian",
        );
        check(
            "custodian,mailbox,last_day\na,\"b\nc\",\n",
            "Some(2): the column `mailbox` holds a line break",
        );
    }
}
