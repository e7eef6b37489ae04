//! Servers with every fault that we know, at every step of the conversation: each costs its own account at most.

use crate::harness::{Audit, FAULTS, LITERAL_FAULTS, OCTET_FAULTS, Poisoner, Row, STEPS};

/// One run over everybody of `how` (`once`, `ever`) and two for whom all is well; gives their coverage.
fn run(how: &str) -> Vec<Row> {
    let faults = FAULTS.iter();
    let names =
        faults.flat_map(|fault| (0..STEPS).map(move |step| format!("{how}-{fault}-{step}")));
    run_over(Poisoner::start(), names.collect())
}

/// One run over these and two for whom all is well; gives their coverage.
fn run_over(port: u16, names: Vec<String>) -> Vec<Row> {
    let mut audit = Audit::on_port(port).server("timeout = \"2s\"\nconnections = 48\n");
    let all = names.len() + 2;
    for name in names {
        audit = audit.leaver(&name);
    }
    let ran = audit.leaver("anna").leaver("zoe").run(&[]);
    assert!(
        matches!(ran.status, Some(0 | 3)),
        "{:?}\n{}",
        ran.status,
        ran.stderr
    );
    let terminal = format!("{}{}", ran.stdout, ran.stderr);
    assert!(!terminal.contains("panicked"), "{terminal}");
    assert!(!terminal.contains('\x1b'), "{terminal}");
    let coverage = ran.rows("coverage.csv");
    let exceptions = ran.rows("exceptions.csv");
    let findings = ran.rows("findings.csv");
    for row in &coverage {
        let number = |column: &str| row[column].parse::<u64>().unwrap();
        let accounted = number("judged") + number("judged_before") + number("exceptions");
        // An account that was never opened has an exception, and nothing in the window.
        assert!(
            number("in_window") == accounted || number("in_window") == 0,
            "{row:?}"
        );
        let custodian = &row["custodian"];
        let of_theirs = |rows: &[Row]| rows.iter().filter(|r| &r["custodian"] == custodian).count();
        if row["status"] == "complete" {
            assert_eq!(number("judged"), 4, "{row:?}");
            assert_eq!(of_theirs(&findings), 1, "{row:?}");
        } else {
            assert!(of_theirs(&exceptions) > 0, "{row:?}");
        }
    }
    for well in ["anna@acme.example", "zoe@acme.example"] {
        let row = coverage
            .iter()
            .find(|row| row["custodian"] == well)
            .unwrap();
        assert_eq!(row["status"], "complete");
    }
    assert_eq!(coverage.len(), all);
    coverage
}

fn incomplete(coverage: &[Row]) -> Vec<&str> {
    let wrong = coverage.iter().filter(|row| row["status"] != "complete");
    wrong
        .map(|row| row["custodian"].split('@').next().unwrap())
        .collect()
}

#[test]
fn a_fault_met_once_costs_nothing() {
    let coverage = run("once");
    assert_eq!(incomplete(&coverage), [""; 0]);
}

#[test]
fn a_fault_met_every_time_costs_its_account() {
    let coverage = run("ever");
    let lost = incomplete(&coverage);
    for name in &lost {
        let words: Vec<_> = name.split('-').collect();
        // What nobody asked for is passed over, and what cannot be taken apart is fetched whole.
        assert!(
            !matches!(words[1], "garbage" | "noise" | "panics" | "brackets"),
            "{name}"
        );
        assert!(!matches!(words[2], "5" | "6"), "{name}");
    }
    for step in [0, 1, 2, 3, 4, 7] {
        let name = format!("ever-cut-{step}");
        assert!(lost.contains(&name.as_str()), "{name}");
    }
}

/// Places that are tried for each fault, unless `SENT_AUDIT_EVERY_OCTET` asks for every octet, which takes a quarter of an hour.
const PLACES: usize = 120;

#[test]
fn a_fault_at_any_octet_costs_nothing_that_is_not_told() {
    let (port, said) = Poisoner::counting();
    run_over(port, Vec::new());
    let octets = said.lock().unwrap()["said anna"];
    assert!(octets > 1000, "{octets}");
    let stride = if std::env::var_os("SENT_AUDIT_EVERY_OCTET").is_some() {
        1
    } else {
        (octets as usize / PLACES) | 1
    };
    let faults = OCTET_FAULTS.iter().enumerate();
    let names = faults.flat_map(|(number, fault)| {
        let places = (number..octets as usize).step_by(stride);
        places.map(move |at| format!("octet-{fault}-{at}"))
    });
    let names: Vec<String> = names.collect();
    // No run takes up more accounts than the desk lets it have time for.
    for some in names.chunks(2000) {
        let coverage = run_over(Poisoner::start(), some.to_vec());
        // A line that breaks, or is silent for too long, is taken up again.
        let is_again = |name: &&&str| name.contains("-cut-") || name.contains("-stall-");
        let lost = incomplete(&coverage);
        let lost: Vec<_> = lost.iter().filter(is_again).collect();
        assert!(lost.is_empty(), "{lost:?}");
    }
}

#[test]
fn a_literal_of_any_size_costs_nothing_that_is_not_told() {
    let (port, said) = Poisoner::counting();
    run_over(port, Vec::new());
    let literals = said.lock().unwrap()["literals anna"];
    assert!(literals > 10, "{literals}");
    let names = |how: &str| -> Vec<String> {
        let faults = LITERAL_FAULTS.iter();
        faults
            .flat_map(|fault| (0..literals).map(move |at| format!("{how}-{fault}-{at}")))
            .collect()
    };
    let coverage = run_over(Poisoner::start(), names("literal"));
    assert_eq!(incomplete(&coverage), [""; 0]);
    let coverage = run_over(Poisoner::start(), names("literals"));
    let lost = incomplete(&coverage);
    // At the next attempt it is another message's literal, but LIST begins the same each time.
    let (first, others): (Vec<_>, Vec<_>) = lost.iter().partition(|name| name.ends_with("-0"));
    assert!(first.contains(&&"literals-beyond-0"), "{first:?}");
    assert!(others.is_empty(), "{others:?}");
}

#[test]
fn patience_that_a_server_asks_for_is_counted() {
    let names = vec!["patience-1".to_owned(), "patience-2".to_owned()];
    let coverage = run_over(Poisoner::start(), names);
    assert_eq!(incomplete(&coverage), [""; 0]);
    for row in coverage {
        let waited: f64 = row["throttled_seconds"].parse().unwrap();
        let is_asked = row["custodian"].starts_with("patience");
        // Of the two seconds some may pass before the wait begins.
        assert!(!is_asked || waited > 0.5, "{row:?}");
    }
}

#[test]
fn a_server_that_lets_in_two_serves_all_two_by_two() {
    let names = (0..12).map(|number| format!("crowd-{number}")).collect();
    let coverage = run_over(Poisoner::start(), names);
    assert_eq!(incomplete(&coverage), [""; 0]);
}

#[test]
fn a_server_that_is_never_well_is_not_asked_for_ever() {
    let mut audit =
        Audit::on_port(Poisoner::start()).server("timeout = \"20s\"\nconnections = 4\n");
    for number in 0..40 {
        audit = audit.leaver(&format!("ill-{number}"));
    }
    let ran = audit.run(&[]).ended(3);
    assert_eq!(ran.rows("coverage.csv").len(), 40);
    let exceptions = ran.rows("exceptions.csv");
    assert_eq!(exceptions.len(), 40);
    let codes = |code: &str| exceptions.iter().filter(|row| row["code"] == code).count();
    assert_eq!(codes("unavailable") + codes("server-given-up"), 40);
    assert!(codes("server-given-up") > 20, "{exceptions:?}");
}
