//! A line that is long, thin and breaks: the report is that of a good one.

use std::time::{Duration, Instant};

use sent_audit::mailbox::Window;
use sent_audit::source::imap::{Accepted, Auth, Fetched, Secret, ServerSettings, Session, Tls};

use crate::harness::{
    Audit, Dovecot, PASSWORD, Ran, Weather, farewell, ordinary, with_attachments,
};

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

/// Octets received, and the time that it took.
type Took = (u64, Duration);

/// Whether at least four fifths of the bandwidth were used, but for a few round trips at the beginning and the end.
fn is_busy((octets, took): Took, weather: Weather) -> bool {
    let round_trip = 2 * weather.delay;
    let least = Duration::from_secs(1) * u32::try_from(octets).unwrap() / weather.octets_per_second;
    took <= least * 5 / 4 + 8 * round_trip
}

fn session(port: u16, dovecot: &Dovecot) -> Session {
    let server = ServerSettings {
        name: "default".to_owned(),
        host: "localhost".to_owned(),
        port,
        tls: Tls::Implicit,
        ca_file: Some(dovecot.authority()),
        timeout: Duration::from_secs(20),
        auth: Auth::Login {
            user: "{mailbox}".to_owned(),
            password: Secret::Command(vec!["echo".to_owned(), PASSWORD.to_owned()]),
        },
        connections: 1,
        accepted: Accepted::default(),
    };
    Session::open(&server, "anna").unwrap()
}

/// Takes the whole mailbox, or what is read of it.
fn take(session: &mut Session, is_whole: bool) -> Took {
    let (before, since) = (session.bytes_received(), Instant::now());
    let listed = session.list(&Window::default()).unwrap();
    let mut came = 0;
    let mut sink = |delivery: Result<Fetched, _>| {
        came += usize::from(delivery.is_ok());
        true
    };
    // A few seconds' worth of the whole messages.
    let some = &listed[..listed.len() / 8];
    let wanted = if is_whole { some } else { &listed };
    if is_whole {
        session.fetch(wanted, &mut sink).unwrap();
    } else {
        session.fetch_read(wanted, &mut sink).unwrap();
    }
    assert_eq!(came, wanted.len());
    (session.bytes_received() - before, since.elapsed())
}

#[test]
#[ignore = "a benchmark: it takes the time, which depends on what else the machine does; run it with --ignored"]
fn a_line_with_delay_is_kept_busy() {
    let Some(mut dovecot) = Dovecot::new() else {
        return;
    };
    dovecot = dovecot.user("anna").mailbox("anna", "Sent");
    for number in 0..1000 {
        let message = with_attachments("anna", number, 70_000);
        dovecot = dovecot.seen("anna", "Sent", "S", &message);
    }
    let dovecot = dovecot.start();
    let weather = Weather {
        delay: Duration::from_millis(40),
        octets_per_second: 2_500_000,
        cuts: 0,
        cut_after: 0,
    };
    let port = weather.before(dovecot.tls_port());
    let mut session = session(port, &dovecot);
    let chosen = session.sent_mailboxes(&["Sent".to_owned()]).unwrap();
    session.examine(&chosen[0]).unwrap();
    for is_whole in [false, true] {
        // A machine that does other things may be slower; nothing makes it faster.
        let mut tries = (0..3).map(|_| take(&mut session, is_whole));
        let took = tries.by_ref().take_while(|took| !is_busy(*took, weather));
        let slow: Vec<_> = took.collect();
        assert!(slow.len() < 3, "whole: {is_whole}: {slow:?}");
    }
    session.close();
}
