//! What the demonstration says on the terminal: the findings as the report has them, the sums, and what to try next.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

use crate::audit::Outcome;
use crate::finding::Verdict;

/// Characters of a sentence; the report has it whole.
const SENTENCE: usize = 160;

/// Tells how it came out.
///
/// # Errors
/// `findings.csv` cannot be read, or `terminal` cannot be written.
pub(super) fn tell(
    outcome: &Outcome,
    directory: &Path,
    terminal: &mut dyn Write,
) -> io::Result<()> {
    let findings = findings(&directory.join("findings.csv"))?;
    writeln!(
        terminal,
        "\nThree employees of an invented insurance broker have left. Their sent mailboxes lay on an IMAP\n\
         server on this machine (IMAPS, 127.0.0.1) and were read without changing anything there.\n"
    )?;
    for finding in &findings {
        tell_finding(finding, terminal)?;
    }
    tell_sums(outcome, terminal)?;
    writeln!(
        terminal,
        "\nThe report: {}\n  report.html is the one to begin with, report.xlsx the one to review; the CSV files have the same rows,\n  \
         manifest.json says what was done.\n",
        directory.display()
    )?;
    terminal.write_all(NEXT.as_bytes())?;
    terminal.flush()
}

const NEXT: &str = "\
Try next:
  sent-audit scan PATH…   the same on files: Maildir, mbox, .eml
  sent-audit init         a commented audit.toml and a roster for your own server
  sent-audit check        TLS, logins and sent mailboxes of everybody on the roster; reads no message
  sent-audit run          the audit
";

type Finding = HashMap<String, String>;

fn findings(path: &Path) -> io::Result<Vec<Finding>> {
    let mut octets = Vec::new();
    File::open(path)?.read_to_end(&mut octets)?;
    let text = octets.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&octets);
    csv::Reader::from_reader(text)
        .deserialize()
        .map(|row| row.map_err(io::Error::other))
        .collect()
}

fn tell_finding(finding: &Finding, terminal: &mut dyn Write) -> io::Result<()> {
    let cell = |name: &str| plain(finding.get(name).map_or("", String::as_str));
    let sent_at = cell("sent_at");
    let day = sent_at.get(..10).unwrap_or(&sent_at);
    writeln!(
        terminal,
        "{:<17} {}  {}  {}",
        cell("verdict"),
        day,
        cell("custodian"),
        cell("subject")
    )?;
    writeln!(terminal, "{:<17} “{}”\n", "", shortened(&cell("notice")))
}

fn tell_sums(outcome: &Outcome, terminal: &mut dyn Write) -> io::Result<()> {
    let summary = &outcome.summary;
    let counted = |verdict: Verdict| {
        let of_it = summary.findings.iter().filter(|(v, _)| *v == verdict);
        of_it.map(|(_, count)| count).sum::<u64>()
    };
    let [complete, partial, failed, not_reached] = summary.mailboxes;
    writeln!(
        terminal,
        "{} messages in the window, {} judged, {} exceptions; mailboxes: {complete} complete, {partial} partial, \
         {failed} failed, {not_reached} not reached.",
        summary.in_window,
        summary.judged + summary.judged_before,
        summary.exceptions,
    )?;
    writeln!(
        terminal,
        "{} solicitation, {} personal-contact, {} open-notice, {} handover; {} client addresses were told, {} of them \
         without anyone to turn to.",
        counted(Verdict::Solicitation),
        counted(Verdict::PersonalContact),
        counted(Verdict::OpenNotice),
        counted(Verdict::Handover),
        summary.clients,
        summary.clients_without_successor,
    )
}

/// A subject line may hold control characters, and a terminal would obey them.
fn plain(text: &str) -> String {
    let visible = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    visible.collect::<String>().trim().to_owned()
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(SENTENCE) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or(text)),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_is_not_driven_by_mail() {
        assert_eq!(plain("\u{1b}[2Jhello\r\nyou\u{7}"), "[2Jhello  you");
    }

    #[test]
    fn long_sentences_are_cut_between_characters() {
        assert_eq!(shortened(&"é".repeat(200)).chars().count(), SENTENCE + 1);
        assert_eq!(shortened("short"), "short");
    }
}
