//! The store to files: what people review. Recipient status, audience, campaigns and follow-up are computed here.

use std::path::{Path, PathBuf};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::finding::Verdict;
use crate::mailbox::{Custodian, Organisation};
use crate::store::{RunRecord, Store};

mod accounting;
mod audience;
mod campaign;
mod cell;
mod clients;
mod csv;
mod directory;
mod evidence;
mod evidence_digest;
mod findings;
mod format;
mod html;
mod manifest;
mod overview;
mod safe;
#[cfg(test)]
mod sample;
mod table;
mod view;
mod xlsx;

use clients::Told;
use directory::{Directory, FileRecord};
pub use evidence::{Messages, Tray, Wanted};
pub(crate) use evidence_digest::EvidenceDigest;
pub use format::{Format, UnknownFormat};
pub use manifest::Counts;
use overview::Overview;
pub use safe::{protect, unprotect};
pub(crate) use view::REDACTED;
use view::{Stand, View};

/// What a client list says of an address or domain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ClientStatus {
    /// A client.
    Client,
    /// Not yet one.
    Prospect,
    /// No longer one.
    Former,
    /// A personal contact of the custodian.
    Personal,
}

/// One line of the client list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    /// An addr-spec or a domain, lower case.
    pub address_or_domain: String,
    /// The client's name.
    pub name: String,
    /// What it is.
    pub status: ClientStatus,
}

/// Whose messages are reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// At least one recipient on the client list, or recipients unknown.
    Clients,
    /// At least one recipient outside the organisation, or recipients unknown.
    External,
    /// Everything.
    All,
}

/// How careful cells are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// BOM, CRLF, cells that a spreadsheet could compute are made safe.
    Excel,
    /// No BOM, none of this.
    Plain,
}

/// What to write, and what is needed to compute it.
#[derive(Debug, Clone)]
pub struct ReportSettings {
    /// The directory; does not exist yet or is empty.
    pub directory: PathBuf,
    /// In which formats.
    pub formats: Vec<Format>,
    /// Cells.
    pub dialect: Dialect,
    /// `,` `;` or tab.
    pub separator: u8,
    /// Which findings.
    pub audience: Audience,
    /// Which custodians (ids); empty means all.
    pub custodians: Vec<String>,
    /// Everybody in the roster (or met in a scan).
    pub roster: Vec<Custodian>,
    /// The organisation; for a scan without `--org-domain` each From's own domain counts instead.
    pub organisation: Organisation,
    /// The client list.
    pub clients: Option<Vec<Client>>,
    /// Domains whose mail is only counted: lawyers.
    pub privileged: Vec<String>,
    /// Domains whose mail is only counted: works council, union, company doctor.
    pub protected: Vec<String>,
    /// Ids of the queries whose findings are shown; empty for those of the run.
    pub queries: Vec<String>,
    /// The matter that the report belongs to, for the manifest; empty for none.
    pub matter: String,
    /// Whether contact data, recipients and text are masked, for wider circulation.
    pub redact: bool,
    /// What was typed to have it written, for the manifest.
    pub command_line: Vec<String>,
    /// Days of the report: today, for tests fixed.
    pub today: Option<Date>,
}

/// What was written, for the closing summary and the exit status.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Summary {
    /// Where.
    pub directory: PathBuf,
    /// In which formats.
    pub formats: Vec<Format>,
    /// Findings in the report by verdict, gravest first.
    pub findings: Vec<(Verdict, u64)>,
    /// Findings that `audience` left out.
    pub left_out: u64,
    /// Mailboxes by how they came out: complete or unchanged, partial, failed, not reached.
    pub mailboxes: [u64; 4],
    /// Sums of the coverage columns.
    pub in_window: u64,
    /// Judged in this run.
    pub judged: u64,
    /// Judged before.
    pub judged_before: u64,
    /// Messages that could not be judged.
    pub exceptions: u64,
    /// Client addresses reached by a notice.
    pub clients: u64,
    /// Of them without anyone to turn to.
    pub clients_without_successor: u64,
    /// Whether something could not be judged and nobody has accepted that: exit status 3.
    pub incomplete: bool,
    /// Messages that were to be saved, and could not be had.
    pub not_saved: u64,
    /// SHA-256 of the manifest, lower-case hexadecimal.
    pub manifest_sha256: String,
}

/// Why no report was written; nothing half-written is left.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// A file could not be written.
    #[error("cannot write {path}", path = path.display())]
    Write {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The directory has something in it.
    #[error("the report directory {} is not empty: name another with --out", .0.display())]
    NotEmpty(PathBuf),
    /// The store could not be read.
    #[error(transparent)]
    Store(#[from] crate::store::StoreError),
}

/// The columns of a table of the report that people fill in; `None` for the others.
pub(crate) fn reviewed_columns(table: &str) -> Option<&'static [&'static str]> {
    match table {
        "findings.csv" => Some(findings::FINDINGS),
        "exceptions.csv" => Some(accounting::EXCEPTIONS),
        _ => None,
    }
}

/// Checks, before anything is read, that a report can be written there; makes the directories above it.
///
/// # Errors
/// [`ReportError::NotEmpty`], or a parent that cannot be written.
pub fn prepare(directory: &Path) -> Result<(), ReportError> {
    directory::check(directory)
}

/// Writes the report directory, whole or not at all; directory 0700, files 0600.
///
/// It shows everything that stands in the store of the run's queries (all, if it names none), whichever run found it;
/// `run` tells which of it is new, and fills the manifest. Where `messages` are to be had from, they are saved too.
///
/// # Errors
/// [`ReportError`].
pub fn write(
    store: &Store,
    run: &RunRecord,
    settings: &ReportSettings,
    messages: Option<&mut dyn Messages>,
) -> Result<Summary, ReportError> {
    let stand = Stand::read(store)?;
    let mut view = View::new(&stand, run, settings);
    let draft = Directory::draft(&settings.directory)?;
    let (saved, not_saved) = match messages {
        Some(messages) => evidence::save(&draft, &mut view, messages)?,
        None => (Vec::new(), 0),
    };
    let told = clients::told(&view);
    let (clients, clients_without_successor) = clients::count(&told);
    let mut summary = Summary {
        directory: settings.directory.clone(),
        formats: settings.formats.clone(),
        clients,
        clients_without_successor,
        not_saved,
        ..view.sum_up()
    };
    let mut files = write_files(&draft, run, &view, &told, settings, &summary)?;
    files.extend(saved);
    let manifest = draft.write("manifest.json", |out| {
        manifest::write(out, run, settings, &summary, &files).map(|()| None)
    })?;
    summary.manifest_sha256 = manifest.sha256;
    draft.publish()?;
    Ok(summary)
}

fn write_files(
    draft: &Directory,
    run: &RunRecord,
    view: &View<'_>,
    told: &[Told<'_>],
    settings: &ReportSettings,
    summary: &Summary,
) -> Result<Vec<FileRecord>, ReportError> {
    let tables = table::all(view, told, settings.redact);
    let overview = Overview::new(view, told);
    let mut files = Vec::new();
    for format in Format::ALL.iter().filter(|f| settings.formats.contains(f)) {
        match format {
            Format::Csv => {
                for table in &tables {
                    files.push(csv::write(draft, settings, table)?);
                }
            }
            Format::Xlsx => files.push(xlsx::write(draft, run, &tables, &overview, summary)?),
            Format::Html => files.push(html::write(
                draft, run, view, told, &overview, settings, summary,
            )?),
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use sha2::{Digest, Sha256};

    use super::sample::{coverage, exception, mailbox, recipient, sample};
    use super::*;
    use crate::finding::{Owner, Stage, hexadecimal};
    use crate::store::{CoverageStatus, Decision, Import, exception_id};

    #[test]
    fn columns_are_those_of_the_contract() {
        let report = sample().written();
        let header = |name| report.lines(name).remove(0);
        assert_eq!(
            header("findings.csv"),
            "\u{feff}finding_id,review_status,review_note,reviewer,reviewed_on,change,verdict,confidence,\
             custodian,name,last_day,days_from_last_day,sent_at,from,author,subject,personal_contacts,\
             clients,client_count,recipient_count,audience,successor,successor_reach,manager_copied,\
             notice,excerpt,reason,language,campaign_id,campaign_size,query,account,mailbox,\
             uidvalidity,uid,copies,message_id,sha256,size,evidence_file"
        );
        assert_eq!(
            header("contacts.csv"),
            "\u{feff}finding_id,kind,value,written,owner,zone,part,confidence"
        );
        assert_eq!(
            header("recipients.csv"),
            "\u{feff}finding_id,address,display_name,field,kind,status"
        );
        assert_eq!(
            header("clients.csv"),
            "\u{feff}client,client_name,client_domain,status,custodian,first_notice_at,notices,\
             worst_verdict,personal_contacts,successor,follow_up"
        );
        assert_eq!(
            header("coverage.csv"),
            "\u{feff}custodian,account,mailbox,chosen_by,read_only,uidvalidity,messages,in_window,judged,\
             judged_before,exceptions,partly_read,findings,bytes_fetched,bytes_stored,seconds,\
             throttled_seconds,status"
        );
        assert_eq!(
            header("exceptions.csv"),
            "\u{feff}exception_id,review_status,review_note,custodian,account,mailbox,uidvalidity,uid,\
             count,message_id,stage,code,detail,retryable,attempts,what_to_do"
        );
    }

    #[test]
    fn a_finding_is_told_whole() {
        let mut sample = sample();
        sample.add("f-1", "2024-06-12T08:00:00Z", |finding| {
            finding.subject = "=Adiós, José".to_owned();
            finding.recipients = vec![recipient("Bea <bea@client.example>")];
            finding.conclusion.verdict = Verdict::PersonalContact;
            sample::contact(finding, "tel:+34600111222", Owner::Custodian);
            sample::contact(finding, "mailto:bea@client.example", Owner::Client);
        });
        let report = sample.written();
        assert_eq!(
            report.lines("findings.csv")[1],
            "f-1,,,,,new,personal-contact,90,ana@acme.example,Ana Ruiz,2024-06-28,-16,\
             2024-06-12T08:00:00Z,ana@acme.example,own,\"'=Adiós, José\",tel:+34600111222,\
             bea@client.example,1,1,external,,,unknown,I leave f-1,I leave f-1,because,en,,1,\
             notice@1+00000000,ana,Sent,7,1,1,f-1@acme.example,,100,"
        );
        assert_eq!(
            report.lines("contacts.csv")[1..],
            [
                "f-1,phone,mailto:bea@client.example,mailto:bea@client.example,client,body,1,80",
                "f-1,phone,tel:+34600111222,tel:+34600111222,custodian,body,1,80"
            ]
        );
        assert_eq!(
            report.lines("recipients.csv")[1..],
            ["f-1,bea@client.example,Bea,to,external,"]
        );
        assert_eq!(
            report.lines("clients.csv")[1..],
            [
                "bea@client.example,Bea,client.example,,ana@acme.example,2024-06-12T08:00:00Z,1,\
              personal-contact,tel:+34600111222,,name a contact: has only private contact data"
            ]
        );
        assert_eq!(report.summary.findings, [(Verdict::PersonalContact, 1)]);
        assert_eq!(
            (
                report.summary.clients,
                report.summary.clients_without_successor
            ),
            (1, 1)
        );
    }

    #[test]
    fn the_order_of_storing_does_not_show() {
        let times = [
            ("f-3", "2024-06-01T00:00:00Z"),
            ("f-1", "2024-06-02T00:00:00Z"),
            ("f-2", "2024-06-02T00:00:00Z"),
        ];
        let mut reports = Vec::new();
        for turn in 0..3 {
            let mut sample = sample();
            let mut times = times;
            times.rotate_left(turn);
            for (id, time) in times {
                sample.add(id, time, |_| {});
            }
            reports.push(sample.written());
        }
        let ids: Vec<_> = reports[0].lines("findings.csv")[1..]
            .iter()
            .map(|line| line[..3].to_owned())
            .collect();
        assert_eq!(ids, ["f-3", "f-1", "f-2"]);
        for name in [
            "findings.csv",
            "contacts.csv",
            "recipients.csv",
            "clients.csv",
        ] {
            // The uid column tells the order in which the sample numbered its messages.
            let without_uid = |report: &sample::Report| {
                report
                    .text(name)
                    .replace(",7,2,", ",7,1,")
                    .replace(",7,3,", ",7,1,")
            };
            assert_eq!(without_uid(&reports[0]), without_uid(&reports[1]), "{name}");
            assert_eq!(without_uid(&reports[0]), without_uid(&reports[2]), "{name}");
        }
    }

    #[test]
    fn lines_end_and_separate_as_asked() {
        let mut sample = sample();
        sample.add("f-1", "2024-06-12T08:00:00Z", |finding| {
            finding.subject = "a;b".to_owned();
        });
        sample.settings.separator = b';';
        sample.settings.dialect = Dialect::Plain;
        let text = sample.written().text("findings.csv");
        assert!(text.starts_with("finding_id;review_status;"), "{text}");
        assert!(text.contains(";\"a;b\";"), "{text}");
        assert_eq!(text.matches("\r\n").count(), 2);
        assert_eq!(text.matches('\n').count(), 2);
    }

    #[test]
    fn mail_of_lawyers_is_only_counted() {
        let mut sample = sample();
        sample.settings.privileged = vec!["counsel.example".to_owned()];
        sample.add("f-1", "2024-06-12T08:00:00Z", |finding| {
            finding.subject = "secret".to_owned();
            finding.recipients = vec![
                recipient("secret <secret@mail.counsel.example>"),
                recipient("x <secret@client.example>"),
            ];
            finding.conclusion.notice = "secret".to_owned();
            finding.conclusion.excerpt = "secret".to_owned();
            finding.conclusion.reason = "secret".to_owned();
            finding.conclusion.successor = "secret".to_owned();
            sample::contact(finding, "tel:secret", Owner::Custodian);
        });
        let report = sample.written();
        for name in [
            "findings.csv",
            "contacts.csv",
            "recipients.csv",
            "clients.csv",
            "manifest.json",
        ] {
            assert!(
                !report.text(name).contains("secret"),
                "{name}: {}",
                report.text(name)
            );
        }
        assert!(report.lines("findings.csv")[1].contains("handover,90,ana@acme.example"));
        assert!(
            report.lines("contacts.csv")[1]
                .starts_with("f-1,phone,[withheld],[withheld],custodian")
        );
        assert!(report.lines("recipients.csv")[1].ends_with(",to,privileged,"));
        assert_eq!(report.summary.findings, [(Verdict::Handover, 1)]);
    }

    #[test]
    fn audience_and_custodians_choose_what_is_shown() {
        #[track_caller]
        fn check(choose: impl Fn(&mut ReportSettings), shown: &[&str], left_out: u64) {
            let mut sample = sample();
            let mut add = |id: &str, to: &[&str]| {
                sample.add(id, "2024-06-12T08:00:00Z", |finding| {
                    finding.recipients = to.iter().map(|to| recipient(to)).collect();
                });
            };
            add("f-1", &["leo@acme.example"]);
            add("f-2", &["leo@acme.example", "eva@other.example"]);
            add("f-3", &["bea@client.example"]);
            add("f-4", &[]);
            choose(&mut sample.settings);
            let report = sample.written();
            let ids: Vec<_> = report.lines("findings.csv")[1..]
                .iter()
                .map(|line| line[..3].to_owned())
                .collect();
            assert_eq!(ids, shown);
            assert_eq!(report.summary.left_out, left_out);
        }
        check(
            |settings| settings.audience = Audience::All,
            &["f-1", "f-2", "f-3", "f-4"],
            0,
        );
        check(
            |settings| settings.audience = Audience::External,
            &["f-2", "f-3", "f-4"],
            1,
        );
        let clients = |settings: &mut ReportSettings| {
            settings.audience = Audience::Clients;
            settings.clients = Some(vec![sample::client("client.example", ClientStatus::Client)]);
        };
        check(clients, &["f-3", "f-4"], 2);
        check(
            |settings| settings.custodians = vec!["other@acme.example".to_owned()],
            &[],
            0,
        );
    }

    #[test]
    fn coverage_adds_up_and_exceptions_are_named() {
        let mut sample = sample();
        let mut row = coverage(mailbox("Sent"), CoverageStatus::Partial);
        (row.in_window, row.judged, row.judged_before, row.exceptions) = (10, 5, 3, 2);
        sample.store.set_coverage(&row).unwrap();
        let failed = exception(mailbox("Sent"), Stage::Fetch, &[8, 9]);
        sample
            .store
            .add_exceptions(std::slice::from_ref(&failed))
            .unwrap();
        sample.add("f-1", "2024-06-12T08:00:00Z", |_| {});
        let report = sample.written();
        assert_eq!(
            report.lines("coverage.csv")[1..],
            ["ana@acme.example,ana,Sent,\\Sent,yes,7,0,10,5,3,2,0,1,0,0,1.500,0.000,partial"]
        );
        let id = exception_id(&failed);
        assert_eq!(
            report.lines("exceptions.csv")[1..],
            [format!(
                "{id},,,ana@acme.example,ana,Sent,7,8..9,2,,fetch,line-cut,it broke,yes,1,try again"
            )]
        );
        let summary = &report.summary;
        assert_eq!(
            (
                summary.in_window,
                summary.judged,
                summary.judged_before,
                summary.exceptions
            ),
            (10, 5, 3, 2)
        );
        assert_eq!(
            (summary.mailboxes, summary.incomplete),
            ([0, 1, 0, 0], true)
        );
        let accepted = Decision {
            status: "accepted".to_owned(),
            ..Decision::default()
        };
        sample
            .store
            .add_decisions(&[(id, accepted)], &Import::default())
            .unwrap();
        assert!(!sample.written().summary.incomplete);
    }

    #[test]
    fn an_unread_attachment_leaves_a_run_complete() {
        let mut sample = sample();
        sample
            .store
            .set_coverage(&coverage(mailbox("Sent"), CoverageStatus::Complete))
            .unwrap();
        sample
            .store
            .add_exceptions(&[exception(mailbox("Sent"), Stage::Attachment, &[1])])
            .unwrap();
        assert!(!sample.written().summary.incomplete);
        sample
            .store
            .set_coverage(&coverage(mailbox("Old"), CoverageStatus::NotReached))
            .unwrap();
        assert!(
            sample.written().summary.incomplete,
            "even where no exception explains it"
        );
    }

    #[test]
    fn decisions_are_carried_and_looked_at_again_if_the_evidence_changed() {
        let mut sample = sample();
        sample.add("f-1", "2024-06-12T08:00:00Z", |_| {});
        let finding = sample.store.findings().unwrap().remove(0).finding;
        let mut decision = Decision {
            status: "cleared".to_owned(),
            note: "-".repeat(3_000),
            reviewer: "Leo".to_owned(),
            reviewed_on: "2024-07-01".to_owned(),
            evidence: crate::store::evidence_digest(&finding),
        };
        for expected in ["new", "recheck"] {
            sample
                .store
                .add_decisions(&[("f-1".to_owned(), decision.clone())], &Import::default())
                .unwrap();
            let line = sample.written().lines("findings.csv").remove(1);
            let start = format!(
                "f-1,cleared,'{},Leo,2024-07-01,{expected},",
                "-".repeat(3_000)
            );
            assert!(line.starts_with(&start), "{line}");
            "other".clone_into(&mut decision.evidence);
        }
    }

    #[test]
    fn the_manifest_has_the_digest_of_every_file() {
        let report = sample().written();
        let manifest: serde_json::Value =
            serde_json::from_str(&report.text("manifest.json")).unwrap();
        let files = manifest["files"].as_array().unwrap();
        assert_eq!(files.len(), 6);
        for file in files {
            let octets = fs::read(
                report
                    .settings
                    .directory
                    .join(file["name"].as_str().unwrap()),
            )
            .unwrap();
            assert_eq!(file["sha256"], hexadecimal(&Sha256::digest(&octets)));
            assert_eq!(file["size"], octets.len());
        }
        assert_eq!(manifest["run"]["id"], "run-1");
        assert_eq!(manifest["report"]["written_on"], "2024-09-01");
    }

    #[test]
    fn every_format_is_the_same_for_the_same_report() {
        let mut sample = sample();
        sample.settings.formats = Format::ALL.to_vec();
        sample.add("f-1", "2024-06-12T08:00:00Z", |_| {});
        sample.add("f-2", "1850-06-12T08:00:00Z", |_| {});
        let report = |sample: &sample::Sample| {
            let report = sample.written();
            let read = |name| fs::read(report.settings.directory.join(name)).unwrap();
            ["manifest.json", "report.xlsx", "report.html"].map(read)
        };
        let first = report(&sample);
        // The parts of a workbook carry times to two seconds.
        std::thread::sleep(std::time::Duration::from_millis(2_100));
        assert!(first == report(&sample));
    }

    #[test]
    fn only_the_formats_that_were_asked_for_are_written() {
        let mut sample = sample();
        sample.settings.formats = vec![Format::Xlsx];
        let directory = sample.written();
        let mut names: Vec<_> = fs::read_dir(&directory.settings.directory)
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        names.sort();
        assert_eq!(names, ["manifest.json", "report.xlsx"]);
    }

    #[test]
    fn a_directory_in_use_is_refused() {
        let sample = sample();
        let report = sample.written();
        assert!(matches!(
            prepare(&report.settings.directory),
            Err(ReportError::NotEmpty(_))
        ));
        let again = write(&sample.store, &sample.run, &report.settings, None);
        assert!(matches!(again, Err(ReportError::NotEmpty(_))));
    }
}
