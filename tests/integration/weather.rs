//! A line that is long, thin and breaks: the report is that of a good one.

use std::time::Duration;

use crate::harness::{Audit, Dovecot, Ran, Weather, farewell, ordinary, with_attachments};

const FINDINGS: &[&str] = &[
    "finding_id",
    "custodian",
    "verdict",
    "subject",
    "uid",
    "sha256",
    "size",
    "personal_contacts",
    "copies",
];
const COVERAGE: &[&str] = &[
    "mailbox",
    "in_window",
    "judged",
    "judged_before",
    "exceptions",
    "findings",
    "bytes_fetched",
    "status",
];

fn lines(ran: &Ran, table: &str, columns: &[&str]) -> Vec<String> {
    let cells = |row: &crate::harness::Row| -> Vec<String> {
        columns.iter().map(|column| row[*column].clone()).collect()
    };
    ran.rows(table)
        .iter()
        .map(|row| cells(row).join("|"))
        .collect()
}

#[test]
fn bad_weather_changes_nothing() {
    let Some(mut dovecot) = Dovecot::new() else {
        return;
    };
    for name in ["anna", "bert"] {
        dovecot = dovecot.user(name).mailbox(name, "Sent");
        for number in 0..40 {
            let message = match number % 8 {
                0 => farewell(name, number),
                1 => with_attachments(name, number, 150_000),
                _ => ordinary(name, number),
            };
            dovecot = dovecot.seen(name, "Sent", "S", &message);
        }
    }
    let dovecot = dovecot.start();
    let both = |audit: Audit| audit.leaver("anna").leaver("bert").run(&[]).ended(0);
    let calm = both(Audit::on(&dovecot));
    assert_eq!(lines(&calm, "findings.csv", FINDINGS).len(), 20);
    let weather = Weather {
        delay: Duration::from_millis(20),
        octets_per_second: 2 << 20,
        cuts: 6,
        cut_after: 12_000,
    };
    let stormy = both(Audit::on(&dovecot).port(weather.before(dovecot.tls_port())));
    for (table, columns) in [("findings.csv", FINDINGS), ("exceptions.csv", &["code"])] {
        assert_eq!(lines(&stormy, table, columns), lines(&calm, table, columns));
    }
    // What was fetched twice because a line broke under it is counted twice.
    let without_octets: Vec<_> = COVERAGE
        .iter()
        .copied()
        .filter(|c| *c != "bytes_fetched")
        .collect();
    assert_eq!(
        lines(&stormy, "coverage.csv", &without_octets),
        lines(&calm, "coverage.csv", &without_octets)
    );
}
