//! `sent-audit check`: a table of every account's sent mailboxes, and below it how to mend what failed.

use std::fmt::Write as _;

use super::arguments::Check;
use super::run::require_roster;
use super::status::{Failure, Status};
use super::terminal::{say, terminal_safe};
use crate::audit::Questions;
use crate::audit::check::{Probe, check as probe_all};
use crate::config::Settings;
use crate::source::SourceError;

const HEADING: [&str; 7] = [
    "custodian",
    "account",
    "server",
    "mailbox",
    "chosen by",
    "messages",
    "result",
];
/// The column whose cells are numbers.
const MESSAGES: usize = 5;

/// `sent-audit check`.
pub(super) fn check(typed: &Check) -> Result<Status, Failure> {
    let settings = Settings::load(&typed.config)?;
    require_roster(&settings)?;
    // A run would refuse these before its first connection: so does its trial.
    if !settings.queries.is_empty() {
        Questions::default().judge(&settings.queries)?;
    }
    let probes = probe_all(&settings, &typed.who.custodian)?;
    say(&told(&probes))?;
    Ok(if probes.iter().all(Probe::is_ready) {
        Status::Done
    } else {
        Status::Incomplete
    })
}

fn told(probes: &[Probe]) -> String {
    let mut rows = vec![HEADING.map(str::to_owned)];
    let mut failures = Failures::default();
    for probe in probes {
        add_rows(&mut rows, &mut failures, probe);
    }
    let mut text = table(&rows);
    text.push_str(&failures.told());
    let ready = probes.iter().filter(|p| p.is_ready()).count();
    let verdict = if ready == probes.len() {
        "everything is ready: sent-audit run"
    } else {
        "mend the rest and check again; `sent-audit run` would list them as failed"
    };
    let accounts = if probes.len() == 1 {
        "account"
    } else {
        "accounts"
    };
    writeln!(
        text,
        "\n{ready} of {} {accounts} ready; {verdict}",
        probes.len()
    )
    .expect("writing to a string cannot fail");
    text
}

fn add_rows(rows: &mut Vec<[String; 7]>, failures: &mut Failures, probe: &Probe) {
    let account = &probe.account;
    let safe = |text: &str| terminal_safe(text).into_owned();
    let mut row = |mailbox: &str, chosen_by: &str, messages: String, result: &str| {
        rows.push([
            safe(&account.custodian),
            safe(&account.login),
            safe(&account.server),
            safe(mailbox),
            safe(chosen_by),
            messages,
            result.to_owned(),
        ]);
    };
    match &probe.mailboxes {
        Err(error) => {
            row("", "", String::new(), error.code);
            failures.add(error, &account.login);
        }
        Ok(mailboxes) => {
            for probed in mailboxes {
                let (name, chosen_by) = (&probed.mailbox.name, &probed.mailbox.chosen_by);
                match &probed.examined {
                    Ok(examined) => row(name, chosen_by, examined.exists.to_string(), "ready"),
                    Err(error) => {
                        row(name, chosen_by, String::new(), error.code);
                        failures.add(error, &format!("{}, {name}", account.login));
                    }
                }
            }
        }
    }
}

/// What failed, each reason once with everybody whom it concerns: a wrong variable fails for all of them.
#[derive(Default)]
struct Failures {
    reasons: Vec<Reason>,
}

struct Reason {
    code: &'static str,
    detail: String,
    what_to_do: String,
    whom: Vec<String>,
}

impl Failures {
    fn add(&mut self, error: &SourceError, whom: &str) {
        let same = self.reasons.iter_mut().find(|r| {
            (r.code, &r.detail, &r.what_to_do) == (error.code, &error.detail, &error.what_to_do)
        });
        match same {
            Some(reason) => reason.whom.push(whom.to_owned()),
            None => self.reasons.push(Reason {
                code: error.code,
                detail: error.detail.clone(),
                what_to_do: error.what_to_do.clone(),
                whom: vec![whom.to_owned()],
            }),
        }
    }

    fn told(&self) -> String {
        const SHOWN: usize = 5;
        let mut text = String::new();
        for reason in &self.reasons {
            let mut whom = reason
                .whom
                .iter()
                .take(SHOWN)
                .cloned()
                .collect::<Vec<_>>()
                .join("; ");
            if let Some(more) = reason.whom.len().checked_sub(SHOWN).filter(|n| *n > 0) {
                write!(whom, " and {more} more").expect("writing to a string cannot fail");
            }
            writeln!(
                text,
                "\n{} ({})\n  {}\n  what to do: {}",
                reason.code,
                terminal_safe(&whom),
                terminal_safe(&reason.detail),
                terminal_safe(&reason.what_to_do)
            )
            .expect("writing to a string cannot fail");
        }
        text
    }
}

/// Columns as wide as their widest cell.
fn table(rows: &[[String; 7]]) -> String {
    let mut widths = [0; 7];
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (column, (cell, width)) in row.iter().zip(widths).enumerate() {
            let written = if column == MESSAGES {
                write!(line, "{cell:>width$}  ")
            } else {
                write!(line, "{cell:<width$}  ")
            };
            written.expect("writing to a string cannot fail");
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::check::ProbedMailbox;
    use crate::finding::Stage;
    use crate::mailbox::Account;
    use crate::source::imap::{Examined, SentMailbox};

    fn account(name: &str) -> Account {
        Account {
            custodian: format!("{name}@acme.example"),
            login: name.to_owned(),
            server: "default".to_owned(),
        }
    }

    fn refused() -> SourceError {
        SourceError {
            stage: Stage::Login,
            code: "wrong-password",
            detail: "the server refused the login: \x1b[31mNO".to_owned(),
            retryable: false,
            what_to_do: "correct the password".to_owned(),
        }
    }

    fn mailbox(name: &str, exists: Option<u32>) -> ProbedMailbox {
        ProbedMailbox {
            mailbox: SentMailbox {
                name: name.to_owned(),
                wire_name: name.to_owned(),
                chosen_by: "known name".to_owned(),
            },
            examined: exists.ok_or_else(refused).map(|exists| Examined {
                uidvalidity: 1,
                exists,
                uidnext: None,
                highest_modseq: None,
                read_only: true,
            }),
        }
    }

    #[test]
    fn a_table_and_how_to_mend_it() {
        let failed = |name: &str| Probe {
            account: account(name),
            mailboxes: Err(refused()),
        };
        let mut probes = vec![Probe {
            account: account("ana"),
            mailboxes: Ok(vec![
                mailbox("Enviados", Some(1_204)),
                mailbox("Gesendet\n", None),
            ]),
        }];
        probes.extend(["bob", "c", "d", "e", "f"].map(failed));
        insta::assert_snapshot!(told(&probes));
    }

    #[test]
    fn all_ready() {
        let probe = Probe {
            account: account("ana"),
            mailboxes: Ok(vec![mailbox("Sent", Some(0))]),
        };
        insta::assert_snapshot!(told(&[probe]));
    }
}
