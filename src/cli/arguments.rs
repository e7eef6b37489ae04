//! The command line as it is typed: commands, options, and the help that teaches them.

use std::path::PathBuf;

use clap::builder::styling::{AnsiColor, Styles};
use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};
use jiff::civil::Date;

use super::status::FailOn;
use crate::config::{dates, domains, parse_region};
use crate::finding::Verdict;
use crate::report::Format;

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold());

const STATUSES: &str = "\
Exit status:
  0   done, with findings or without
  1   done, and something at or above --fail-on was found
  2   usage, configuration or query error; nothing was read
  3   done but incomplete: something could not be judged, see exceptions.csv (wins over 1)
  4   the run itself failed
  75  another run holds this store";

/// Finds the farewell notices that departed employees sent to clients.
///
/// Reads their sent mailboxes (over IMAP, strictly read-only, or from files), and writes a workbook, a page and CSV files: who told which client
/// about leaving, with which personal contact data, with or without a successor.
#[derive(Debug, Parser)]
#[command(
    name = "sent-audit",
    version,
    styles = STYLES,
    max_term_width = 110,
    disable_help_subcommand = true,
    after_help = "Begin with:
  sent-audit demo                     see it work, on sample mailboxes; needs no configuration
  sent-audit init                     write audit.toml and a roster to start from
  sent-audit check && sent-audit run  the audit

`sent-audit COMMAND --help` has examples and the exit statuses of each command."
)]
pub(super) struct Arguments {
    #[command(subcommand)]
    pub(super) command: Command,
    #[command(flatten)]
    pub(super) loudness: Loudness,
}

/// How much is told.
#[derive(Debug, Args)]
pub(super) struct Loudness {
    /// Log more to standard error (-vv, -vvv for still more; `RUST_LOG`, if set, decides)
    #[arg(short, long, global = true, action = ArgAction::Count, conflicts_with = "quiet", display_order = 900)]
    pub(super) verbose: u8,
    /// Only errors and the report's place
    #[arg(short, long, global = true, action = ArgAction::Count, display_order = 901)]
    pub(super) quiet: u8,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    Init(Init),
    Check(Check),
    Run(Run),
    Scan(Scan),
    Explain(Explain),
    Queries(Queries),
    Report(ReportAgain),
    Review(Review),
    Verify(Verify),
    Runs(Runs),
    Purge(Purge),
    Demo(Demo),
    Completions(Completions),
    #[command(hide = true)]
    Man(Man),
    /// Read documents from standard input, as a run asks for it
    #[command(name = crate::document::COMMAND, hide = true)]
    DocumentWorker,
}

/// Write a commented audit.toml and a roster to start from
///
/// Existing files are left as they are. With --custodian the files are complete for this one leaver.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  sent-audit init
  sent-audit init --custodian ana@acme.example --last-day 2024-06-28 --host imap.acme.example

Exit status:
  0   written
  2   nothing was written; the message says why
  4   a file could not be written")]
pub(super) struct Init {
    /// The configuration to write; the roster leavers.csv is written beside it
    #[arg(long, value_name = "FILE", default_value = "audit.toml")]
    pub(super) config: PathBuf,
    /// The leaver, by address
    #[arg(long, value_name = "ADDRESS")]
    pub(super) custodian: Option<String>,
    /// The login whose mail is read [default: the custodian]
    #[arg(long, value_name = "LOGIN", requires = "custodian")]
    pub(super) mailbox: Option<String>,
    /// The last day of employment, as 2024-06-28 [default: none, which audits everything]
    #[arg(long, value_name = "DATE", requires = "custodian", value_parser = date)]
    pub(super) last_day: Option<Date>,
    /// The IMAP server [default: imap. and the custodian's domain]
    #[arg(long, value_name = "HOST")]
    pub(super) host: Option<String>,
}

/// Try TLS, login and sent mailboxes of every custodian; reads no message
///
/// Reads the configuration, the roster and the queries, connects to every account, finds its sent mailboxes, and opens
/// them read-only. Below the table it says how to mend what failed.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  sent-audit check
  sent-audit check --custodian 'ana*' --custodian bob@acme.example

Exit status:
  0   every account is ready
  2   usage, configuration or query error; no connection was made
  3   some accounts failed")]
pub(super) struct Check {
    /// The configuration
    #[arg(long, value_name = "FILE", default_value = "audit.toml")]
    pub(super) config: PathBuf,
    #[command(flatten)]
    pub(super) who: Who,
}

/// Which custodians.
#[derive(Debug, Args)]
pub(super) struct Who {
    /// Only these custodians, by name or login (`ana*`); may be repeated
    #[arg(long, value_name = "GLOB")]
    pub(super) custodian: Vec<String>,
}

/// Audit every custodian of the roster over IMAP, read-only, into a new report directory
///
/// One account that fails costs that account, not the run: it is listed in coverage.csv and exceptions.csv, and the exit
/// status is 3. What was judged is kept in the store: the next run fetches only what is new. Ctrl-C writes the report of
/// what was done.
#[derive(Debug, Args)]
#[command(after_help = format!("Examples:
  sent-audit run
  sent-audit run --custodian ana@acme.example --out reports/ana
  sent-audit run --since 2024-01-01 --until 2024-12-31 --audience all
  sent-audit run --evidence --matter 'M-2024-17'
  sent-audit run --phrase '(project|proyecto) alba' --store none
  sent-audit run --fail-on personal-contact --no-progress    # nightly, from a script

{STATUSES}"))]
pub(super) struct Run {
    /// The configuration
    #[arg(long, value_name = "FILE", default_value = "audit.toml")]
    pub(super) config: PathBuf,
    #[command(flatten)]
    pub(super) who: Who,
    #[command(flatten)]
    pub(super) window: Dates,
    #[command(flatten)]
    pub(super) questions: Questions,
    /// Judge again what was judged before
    #[arg(long)]
    pub(super) full: bool,
    #[command(flatten)]
    pub(super) report: Report,
    #[command(flatten)]
    pub(super) evidence: Evidence,
    #[command(flatten)]
    pub(super) showing: Showing,
}

/// Judge mail in files: Maildir, mbox, .eml, directories of them
///
/// The same judgement as `run`, without a server. Without --owner each message counts as its From's; without
/// --org-domain the organisation is the From's registrable domain. Keeps no store unless --config or --store names one.
#[derive(Debug, Args)]
#[command(after_help = format!("Examples:
  sent-audit scan Sent.mbox
  sent-audit scan export/ --org-domain acme.example --owner ana@acme.example --last-day 2024-06-28
  sent-audit scan ~/Maildir/.Sent --config audit.toml --audience clients

{STATUSES}"))]
pub(super) struct Scan {
    /// Maildirs, mbox files, message files, or directories of them
    #[arg(value_name = "PATH", required = true)]
    pub(super) paths: Vec<PathBuf>,
    /// A configuration, for its organisation, clients, queries and store
    #[arg(long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    /// The organisation's mail domain; may be repeated
    #[arg(long, value_name = "DOMAIN", value_parser = domains::parse_domain)]
    pub(super) org_domain: Vec<String>,
    /// The custodian's address; may be repeated. Messages of others are only counted
    #[arg(long, value_name = "ADDRESS", value_parser = address)]
    pub(super) owner: Vec<String>,
    /// The last day of employment, as 2024-06-28
    #[arg(long, value_name = "DATE", value_parser = date)]
    pub(super) last_day: Option<Date>,
    /// Country of numbers without a country code, as ES
    #[arg(long, value_name = "CC", value_parser = parse_region)]
    pub(super) region: Option<String>,
    #[command(flatten)]
    pub(super) window: Dates,
    #[command(flatten)]
    pub(super) questions: Questions,
    #[command(flatten)]
    pub(super) report: Report,
    #[command(flatten)]
    pub(super) evidence: Evidence,
    #[command(flatten)]
    pub(super) showing: Showing,
}

/// Tell how one message is read, what matches where, and why it gets this verdict
///
/// Shows whose words each line counts as, the phrases that stand in them, the points that frames and model make of them,
/// whose the contact data are and by which rules, and the ladder of each query, rung by rung. Judges as `scan` does.
/// The text is the message's own: mind who reads it with you.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  sent-audit explain message.eml
  sent-audit explain reports/20260101T020000Z-4f2a/evidence/f-0123456789abcdef0123.eml --config audit.toml --custodian ana@acme.example
  sent-audit explain message.eml --org-domain acme.example --owner ana@acme.example --region ES | less -R

Exit status:
  0   told, whatever the verdict
  2   usage, configuration or query error, or no message that can be read")]
pub(super) struct Explain {
    /// The message
    #[arg(value_name = "FILE")]
    pub(super) file: PathBuf,
    /// A configuration, for its organisation, roster and queries
    #[arg(long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    /// In whose sent mail it lies, by name or login (`ana*`), whatever its From says
    #[arg(
        long,
        value_name = "GLOB",
        requires = "config",
        conflicts_with = "owner"
    )]
    pub(super) custodian: Option<String>,
    /// The organisation's mail domain; may be repeated
    #[arg(long, value_name = "DOMAIN", value_parser = domains::parse_domain)]
    pub(super) org_domain: Vec<String>,
    /// The custodian's address; may be repeated
    #[arg(long, value_name = "ADDRESS", value_parser = address)]
    pub(super) owner: Vec<String>,
    /// Country of numbers without a country code, as ES
    #[arg(long, value_name = "CC", value_parser = parse_region)]
    pub(super) region: Option<String>,
    #[command(flatten)]
    pub(super) questions: Questions,
}

/// List the query files, or put their own examples to the test
///
/// A query says what to look for; queries/README.md describes the language. A run refuses a stable query that has no
/// example that must match, none that must not, or one that fails.
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Examples:
  sent-audit queries
  sent-audit queries list my-queries/
  sent-audit queries test my-queries/project-x.toml
  sent-audit queries test --config audit.toml

Exit status:
  0   listed, or every example holds
  2   usage, configuration or query error
  3   an example fails, or a stable query has too few"
)]
pub(super) struct Queries {
    #[command(subcommand)]
    pub(super) command: Option<QueriesCommand>,
    #[command(flatten)]
    pub(super) paths: QueryPaths,
}

#[derive(Debug, Subcommand)]
pub(super) enum QueriesCommand {
    /// List them: version, digest, status, languages, number of phrases and examples
    List(QueryPaths),
    /// Judge their own examples as any message is judged, and tell what was expected and what came
    Test(QueryPaths),
}

/// Which query files.
#[derive(Debug, Args)]
pub(super) struct QueryPaths {
    /// Query files, or directories of them [default: the built-in queries]
    #[arg(value_name = "PATH")]
    pub(super) paths: Vec<PathBuf>,
    /// The queries of this configuration
    #[arg(long, value_name = "FILE", conflicts_with = "paths")]
    pub(super) config: Option<PathBuf>,
}

/// The days to audit.
#[derive(Debug, Args)]
pub(super) struct Dates {
    /// Audit from this day on, as 2024-06-28, instead of the window around the last day
    #[arg(long, value_name = "DATE", value_parser = date)]
    pub(super) since: Option<Date>,
    /// Audit up to this day
    #[arg(long, value_name = "DATE", value_parser = date)]
    pub(super) until: Option<Date>,
}

/// What is written, and where.
#[derive(Debug, Args)]
pub(super) struct Report {
    /// The report directory; does not exist yet or is empty [default: the run id, below reports/]
    #[arg(long, value_name = "DIR")]
    pub(super) out: Option<PathBuf>,
    /// Which messages are reported, by their recipients
    #[arg(long, value_enum, default_value_t = AudienceTyped::External)]
    pub(super) audience: AudienceTyped,
    /// End with status 1 if this verdict or a graver one was found: handover, open-notice, personal-contact,
    /// solicitation, or any
    #[arg(long, value_name = "VERDICT", value_parser = fail_on)]
    pub(super) fail_on: Option<FailOn>,
    /// The formats: csv, xlsx (a workbook, for reviewers), html (a page) [default: the configuration's; all three]
    #[arg(long, value_name = "FORMAT", value_delimiter = ',')]
    pub(super) format: Vec<Format>,
    /// Cells safe to open in a spreadsheet, or plain ones for programs
    #[arg(long, value_enum, default_value_t = DialectTyped::Excel)]
    pub(super) dialect: DialectTyped,
    /// The store that remembers what was judged, or none
    #[arg(long, value_name = "FILE|none")]
    pub(super) store: Option<PathBuf>,
    /// The matter that the report belongs to, for its manifest
    #[arg(
        long,
        value_name = "TEXT",
        default_value = "",
        hide_default_value = true
    )]
    pub(super) matter: String,
    /// Mask contact data, recipients and text, for wider circulation
    #[arg(long)]
    pub(super) redact: bool,
    /// Write how it came out into this file, as JSON: exit status, counts, the report's place
    #[arg(long, value_name = "FILE")]
    pub(super) summary_json: Option<PathBuf>,
}

/// Which queries judge.
#[derive(Debug, Args)]
pub(super) struct Questions {
    /// Only this query, by its id; may be repeated
    #[arg(long, value_name = "NAME")]
    pub(super) query: Vec<String>,
    /// Look for a phrase instead, written as in query files (`my last day`, `leav*`); may be repeated
    #[arg(long, value_name = "TEXT")]
    pub(super) phrase: Vec<String>,
}

/// Whether messages are saved.
#[derive(Debug, Args)]
pub(super) struct Evidence {
    /// Save the message of each finding below evidence/, named by finding id, exactly as received; never those of privileged and
    /// protected mail
    #[arg(long, conflicts_with = "redact")]
    pub(super) evidence: bool,
}

/// What is shown meanwhile.
#[derive(Debug, Args)]
pub(super) struct Showing {
    /// No progress on standard error
    #[arg(long)]
    pub(super) no_progress: bool,
}

/// Write the reports again from the store; needs no server
///
/// Shows what the store knows, as the last run would have shown it with the roster, the client list and the reviewers'
/// decisions of today. Never waits for a run that is under way.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  sent-audit report
  sent-audit report --custodian ana@acme.example --audience all --out reports/ana
  sent-audit report --store audit.db --dialect plain

Exit status:
  0   written; nothing is left open
  1   written, and something at or above --fail-on was found
  2   usage or configuration error, or no such store
  3   written, but something could not be judged and nobody has accepted that (wins over 1)
  4   it could not be written")]
pub(super) struct ReportAgain {
    /// The configuration [default: audit.toml; with --store none is needed]
    #[arg(long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    #[command(flatten)]
    pub(super) who: Who,
    /// Only what this query found, by its id; may be repeated
    #[arg(long, value_name = "NAME")]
    pub(super) query: Vec<String>,
    #[command(flatten)]
    pub(super) report: Report,
}

/// Take reviewers' decisions back from a filled-in copy of a report
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  sent-audit review import findings-reviewed.csv

Exit status:
  0   every row was taken, or had nothing to take
  2   usage or configuration error, or no such table or store; nothing was taken
  3   some rows were refused; the others were taken")]
pub(super) struct Review {
    #[command(subcommand)]
    pub(super) command: ReviewCommand,
}

#[derive(Debug, Subcommand)]
pub(super) enum ReviewCommand {
    Import(ReviewImport),
}

/// Take decisions out of a filled-in copy of report.xlsx, findings.csv or exceptions.csv
///
/// As spreadsheets write them back: a workbook (.xlsx, .ods, .xls; the sheets Findings and Exceptions) or CSV of any separator and encoding, columns reordered or added, dates in the country's order.
/// A row counts if it has a `review_status` (findings: open, confirmed, cleared, escalated; exceptions: open, accepted) or
/// a `review_note`. Rows that cannot be meant are refused, each with its line; an emptied row takes nothing back. Every
/// decision is kept; the last one counts, and the next report shows it. Never waits for a run that is under way.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  sent-audit review import report-reviewed.xlsx
  sent-audit review import findings-reviewed.csv
  sent-audit review import ~/Downloads/exceptions.csv --dry-run

Exit status:
  0   every row was taken, or had nothing to take
  2   usage or configuration error, or no such table or store; nothing was taken
  3   some rows were refused; the others were taken
  4   the store could not be written")]
pub(super) struct ReviewImport {
    /// The filled-in copy
    #[arg(value_name = "FILE")]
    pub(super) file: PathBuf,
    /// The configuration [default: audit.toml; with --store none is needed]
    #[arg(long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    /// The store that the report came from
    #[arg(long, value_name = "FILE")]
    pub(super) store: Option<PathBuf>,
    /// Say what would be taken, and take nothing
    #[arg(long)]
    pub(super) dry_run: bool,
}

/// Check a report directory against its manifest
///
/// Names each file that is not as it was written, and tells when only the columns differ that reviewers fill in. The
/// manifest itself could be written anew by whoever changed a file: with --config or --store the store's audit trail is
/// checked, which knows the manifest's digest; without, compare the printed digest with the one that you kept.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  sent-audit verify reports/20260101T020000Z-4f2a
  sent-audit verify reports/20260101T020000Z-4f2a --config audit.toml

Exit status:
  0   everything is as it was written
  2   there is no manifest to check against
  3   something differs")]
pub(super) struct Verify {
    /// The report directory
    #[arg(value_name = "DIR")]
    pub(super) directory: PathBuf,
    /// A configuration, for its store and the audit trail in it
    #[arg(long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    /// The store whose audit trail is to vouch for the report
    #[arg(long, value_name = "FILE")]
    pub(super) store: Option<PathBuf>,
}

/// List what was run, when, how completely, and what changed between two runs
///
/// Without runs, lists them all. With one or two, tells which findings are new, regraded or gone, and which mailboxes
/// newly fail.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  sent-audit runs
  sent-audit runs 20260101T020000Z-4f2a
  sent-audit runs 20260101T020000Z-4f2a 20260102T020000Z-91c0

Exit status:
  0   told
  2   usage or configuration error, or no such store or run
  4   the store could not be read")]
pub(super) struct Runs {
    /// Tell what changed after this run
    #[arg(value_name = "BEFORE")]
    pub(super) before: Option<String>,
    /// Up to and including this run [default: the last]
    #[arg(value_name = "AFTER", requires = "before")]
    pub(super) after: Option<String>,
    /// The configuration [default: audit.toml; with --store none is needed]
    #[arg(long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    /// The store
    #[arg(long, value_name = "FILE")]
    pub(super) store: Option<PathBuf>,
}

/// Forget a custodian when the retention period is over, leaving a record of it
///
/// Deletes findings, decisions, exceptions and progress of the custodian from the store, so that they cannot be read from
/// its file any more. Paths of scanned files go with them, unless they hold other people's mail, too: then only the
/// custodian's id is taken out of the path. Refused while the roster names the custodian. Lists the report directories that still hold data.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  sent-audit purge --custodian ana@acme.example

Exit status:
  0   forgotten
  2   the roster still names the custodian, the store does not know them, or a usage or configuration error
  4   the store could not be written
  75  a run holds the store")]
pub(super) struct Purge {
    /// The custodian, as coverage.csv writes it
    #[arg(long, value_name = "CUSTODIAN")]
    pub(super) custodian: String,
    /// The configuration [default: audit.toml; with --store none is needed]
    #[arg(long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    /// The store
    #[arg(long, value_name = "FILE")]
    pub(super) store: Option<PathBuf>,
}

/// See the main job at work, on sample mailboxes; needs no configuration
///
/// A small read-only IMAP server on this machine serves the mailboxes of three departed employees of an invented
/// company; the real program audits them over TLS and writes a report.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  sent-audit demo
  sent-audit demo --out /tmp/report

Exit status:
  0   done
  2   the report directory cannot be used
  3   done but incomplete, as every run that meets a message it cannot read
  4   the demonstration failed")]
pub(super) struct Demo {
    /// The report directory; does not exist yet or is empty [default: a new one in reports/]
    #[arg(long, value_name = "DIR")]
    pub(super) out: Option<PathBuf>,
    /// No progress on standard error
    #[arg(long)]
    pub(super) no_progress: bool,
}

/// Print what a shell needs to complete commands and options
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  sent-audit completions bash > /etc/bash_completion.d/sent-audit
  sent-audit completions zsh > /usr/share/zsh/site-functions/_sent-audit
  sent-audit completions fish > ~/.config/fish/completions/sent-audit.fish

Exit status:
  0   printed
  2   no such shell")]
pub(super) struct Completions {
    /// The shell
    #[arg(value_name = "SHELL")]
    pub(super) shell: clap_complete::Shell,
}

/// Write manual pages, one for each command
#[derive(Debug, Args)]
pub(super) struct Man {
    /// The directory, which must be there
    #[arg(long, value_name = "DIR")]
    pub(super) out: PathBuf,
}

/// `--audience`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum AudienceTyped {
    /// At least one recipient on the client list (needs one), or recipients unknown
    Clients,
    /// At least one recipient outside the organisation, or recipients unknown
    External,
    /// Everything, farewells to colleagues too
    All,
}

/// `--dialect`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum DialectTyped {
    /// Byte order mark; no cell can run as a formula
    Excel,
    /// No byte order mark, cells as they are
    Plain,
}

fn date(typed: &str) -> Result<Date, String> {
    dates::parse_date(typed)
}

fn address(typed: &str) -> Result<String, String> {
    let address = domains::parse_address_or_domain(typed)?;
    if address.contains('@') {
        Ok(address)
    } else {
        Err("write an address, like ana@acme.example; a domain goes to --org-domain".to_owned())
    }
}

fn fail_on(typed: &str) -> Result<FailOn, String> {
    if typed == "any" {
        return Ok(FailOn::Any);
    }
    typed.parse().map(FailOn::AtLeast).map_err(|_| {
        let words: Vec<&str> = Verdict::ALL.iter().map(|v| v.as_str()).collect();
        format!("write one of: any, {}", words.join(", "))
    })
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[track_caller]
    fn check(line: &str, expected: Result<(), &str>) {
        let parsed = Arguments::try_parse_from(line.split(' '));
        match (parsed, expected) {
            (Ok(_), Ok(())) => {}
            (Err(error), Err(expected)) => {
                let told = error.to_string();
                assert!(told.contains(expected), "{told}");
            }
            (Ok(_), Err(_)) => panic!("{line}: accepted"),
            (Err(error), Ok(())) => panic!("{line}: {error}"),
        }
    }

    #[test]
    fn the_definition_is_sound() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn lines() {
        check("sent-audit run", Ok(()));
        check(
            "sent-audit run -vv --custodian a* --custodian b --since 2024-06-28 --fail-on any",
            Ok(()),
        );
        check(
            "sent-audit run --fail-on solicitation --format csv,html --dialect plain --store none",
            Ok(()),
        );
        check(
            "sent-audit scan x y --org-domain acme.example --owner a@acme.example --region es",
            Ok(()),
        );
        check(
            "sent-audit run --audience nobody",
            Err("possible values: clients, external, all"),
        );
        check("sent-audit run --since 05/06/2024", Err("ambiguous"));
        check(
            "sent-audit run --since yesterday",
            Err("is no date: write it as 2024-06-28"),
        );
        check(
            "sent-audit run --fail-on grave",
            Err("write one of: any, handover"),
        );
        check(
            "sent-audit run --format csv,xslx",
            Err("write csv, xlsx or html"),
        );
        check("sent-audit run --cofnig x", Err("--config"));
        check("sent-audit rnu", Err("unrecognized subcommand"));
        check("sent-audit run -q -v", Err("cannot be used with"));
        check("sent-audit scan", Err("PATH"));
        check(
            "sent-audit scan x --owner acme.example",
            Err("write an address"),
        );
        check("sent-audit scan x --org-domain acme", Err("is no domain"));
        check("sent-audit scan x --region Spain", Err("two letters"));
        check("sent-audit init --mailbox x", Err("--custodian"));
        check("sent-audit explain x --owner a@acme.example", Ok(()));
        check("sent-audit explain", Err("FILE"));
        check("sent-audit explain x --custodian a", Err("--config"));
        check("sent-audit queries", Ok(()));
        check("sent-audit queries x", Ok(()));
        check("sent-audit queries test x y", Ok(()));
    }
}
