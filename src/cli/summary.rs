//! The closing summary of a run: what was found, how complete it is, and what to do next.

use std::fmt::Write as _;

use super::terminal::terminal_safe;
use crate::audit::Outcome;
use crate::report::{Audience, Format};

/// One line: where the report is.
pub(super) fn place(outcome: &Outcome) -> String {
    format!(
        "{}\n",
        terminal_safe(&outcome.summary.directory.display().to_string())
    )
}

/// The whole story, for people.
pub(super) fn tell(outcome: &Outcome, audience: Audience) -> String {
    let mut text = String::from("\n");
    findings(&mut text, outcome, audience);
    coverage(&mut text, outcome);
    if outcome.summary.incomplete || outcome.run.interrupted {
        incomplete(&mut text, outcome);
    }
    if outcome.summary.not_saved > 0 {
        line(
            &mut text,
            &format!(
                "INCOMPLETE: {} messages could not be saved: they are no longer where they were, or could not be fetched.\n  \
                 Their rows in findings.csv have no evidence_file. Run again with --evidence.\n",
                grouped(outcome.summary.not_saved)
            ),
        );
    }
    let directory = outcome.summary.directory.display().to_string();
    line(&mut text, &format!("Report: {}", terminal_safe(&directory)));
    line(&mut text, &format!("Next: {}", next(outcome)));
    if let Some(head) = &outcome.trail_head {
        // Kept elsewhere, it shows whether somebody wrote the store's history anew.
        line(&mut text, &format!("Audit trail: {head}"));
    }
    text
}

fn line(text: &mut String, words: &str) {
    text.push_str(words);
    text.push('\n');
}

fn findings(text: &mut String, outcome: &Outcome, audience: Audience) {
    let summary = &outcome.summary;
    let total: u64 = summary.findings.iter().map(|(_, count)| count).sum();
    if total == 0 {
        line(text, "Findings: none");
    } else {
        line(text, &format!("Findings: {}", grouped(total)));
        for (verdict, count) in summary.findings.iter().filter(|(_, count)| *count > 0) {
            writeln!(
                text,
                "{:>9}  {:<17} {}",
                grouped(*count),
                verdict.as_str(),
                verdict.meaning()
            )
            .expect("writing to a string cannot fail");
        }
    }
    if summary.left_out > 0 {
        let (why, wider) = match audience {
            Audience::Clients => ("went to nobody on the client list", "external"),
            Audience::External | Audience::All => {
                ("went to nobody outside the organisation", "all")
            }
        };
        line(
            text,
            &format!(
                "  {} more {why}: --audience {wider} shows them",
                grouped(summary.left_out)
            ),
        );
    }
    if summary.clients > 0 {
        line(
            text,
            &format!(
                "Clients told: {}, of them {} without anyone to turn to",
                grouped(summary.clients),
                grouped(summary.clients_without_successor)
            ),
        );
    }
}

fn coverage(text: &mut String, outcome: &Outcome) {
    let summary = &outcome.summary;
    let [complete, partial, failed, not_reached] = summary.mailboxes;
    let total = complete + partial + failed + not_reached;
    let mut words = format!(
        "Mailboxes: {} of {} complete",
        grouped(complete),
        grouped(total)
    );
    for (count, word) in [
        (partial, "in part"),
        (failed, "failed"),
        (not_reached, "not reached"),
    ] {
        if count > 0 {
            write!(words, ", {} {word}", grouped(count)).expect("writing to a string cannot fail");
        }
    }
    line(text, &words);
    line(
        text,
        &format!("Messages in the window: {}", grouped(summary.in_window)),
    );
    for (count, word) in [
        (summary.judged, "judged now"),
        (summary.judged_before, "judged before"),
        (summary.exceptions, "could not be judged"),
        (
            outcome.not_owner,
            "written by others than --owner, not judged",
        ),
    ] {
        if count > 0 {
            line(text, &format!("{:>9}  {word}", grouped(count)));
        }
    }
    let (amount, time) = (octets(outcome.bytes_fetched), duration(outcome.seconds));
    line(text, &format!("Read: {amount} in {time}"));
}

fn incomplete(text: &mut String, outcome: &Outcome) {
    if outcome.run.interrupted {
        line(
            text,
            "\nINCOMPLETE: the run was interrupted; the report shows what was done until then.",
        );
    } else {
        line(text, "\nINCOMPLETE: not everything could be judged.");
    }
    line(
        text,
        "  exceptions.csv says what is missing, why, and what to do; then run again: with a store, what was\n  \
         judged is not fetched again.\n",
    );
}

fn next(outcome: &Outcome) -> &'static str {
    let has = |format| outcome.summary.formats.contains(&format);
    let found = outcome.summary.findings.iter().any(|(_, count)| *count > 0);
    if outcome.run.interrupted {
        "run again, to judge the rest"
    } else if found && has(Format::Xlsx) {
        "review a copy of report.xlsx, gravest verdicts first; its sheet Clients says whom to call"
    } else if found {
        "review a copy of findings.csv, gravest verdicts first; clients.csv says whom to call"
    } else if outcome.summary.incomplete {
        "mend what exceptions.csv lists, and run again"
    } else {
        "nothing to review; coverage.csv shows what was looked at"
    }
}

/// A number with its thousands apart.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// A quantity of octets in the unit that people read best (powers of 1,024), rounded down.
fn octets(octets: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    let mut tenths = octets.saturating_mul(10);
    let mut unit = "B";
    for bigger in UNITS {
        if tenths < 10_240 {
            break;
        }
        tenths /= 1024;
        unit = bigger;
    }
    match (unit, tenths % 10) {
        ("B", _) | (_, 0) => format!("{} {unit}", tenths / 10),
        (_, tenth) => format!("{}.{tenth} {unit}", tenths / 10),
    }
}

/// A wall time, as precise as it is useful.
fn duration(seconds: f64) -> String {
    if seconds < 60.0 {
        return format!("{seconds:.1} s");
    }
    let whole = std::time::Duration::try_from_secs_f64(seconds)
        .unwrap_or_default()
        .as_secs();
    match (whole / 3600, whole / 60 % 60, whole % 60) {
        (0, minutes, seconds) => format!("{minutes} min {seconds} s"),
        (hours, minutes, _) => format!("{hours} h {minutes} min"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Verdict;

    fn outcome() -> Outcome {
        let mut outcome = Outcome {
            bytes_fetched: 5_000_000,
            seconds: 4.25,
            ..Outcome::default()
        };
        let summary = &mut outcome.summary;
        summary.directory = "reports/20261123T141500Z-4f2a".into();
        summary.mailboxes = [3, 0, 0, 0];
        (summary.in_window, summary.judged) = (12_345, 12_345);
        outcome
    }

    #[test]
    fn a_clean_run() {
        insta::assert_snapshot!(tell(&outcome(), Audience::External));
        assert_eq!(place(&outcome()), "reports/20261123T141500Z-4f2a\n");
    }

    #[test]
    fn findings_and_failures() {
        let mut outcome = outcome();
        outcome.not_owner = 7;
        let summary = &mut outcome.summary;
        summary.findings = vec![
            (Verdict::Solicitation, 2),
            (Verdict::PersonalContact, 1_204),
            (Verdict::OpenNotice, 0),
            (Verdict::Handover, 1),
        ];
        summary.left_out = 5;
        (summary.clients, summary.clients_without_successor) = (40, 12);
        summary.mailboxes = [3, 1, 1, 2];
        (summary.judged, summary.judged_before, summary.exceptions) = (345, 11_996, 4);
        summary.incomplete = true;
        insta::assert_snapshot!(tell(&outcome, Audience::Clients));
    }

    #[test]
    fn an_interrupted_run() {
        let mut outcome = outcome();
        outcome.run.interrupted = true;
        outcome.summary.incomplete = true;
        insta::assert_snapshot!(tell(&outcome, Audience::External));
    }

    #[test]
    fn numbers() {
        for (number, expected) in [
            (0, "0"),
            (999, "999"),
            (1000, "1,000"),
            (1_234_567, "1,234,567"),
        ] {
            assert_eq!(grouped(number), expected);
        }
        for (number, expected) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1 KiB"),
            (5_000_000, "4.7 MiB"),
        ] {
            assert_eq!(octets(number), expected);
        }
        assert_eq!(octets(u64::MAX), "1677721.5 TiB");
        for (seconds, expected) in [(0.04, "0.0 s"), (61.5, "1 min 1 s"), (7_384.0, "2 h 3 min")] {
            assert_eq!(duration(seconds), expected);
        }
    }
}
