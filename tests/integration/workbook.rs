//! The workbook opened by a real spreadsheet: the same cells as the CSV files, nothing computed, lists and filters there.

use std::fs;
use std::path::{Path, PathBuf};

use sent_audit::report::Dialect;

use crate::harness::Desk;
use crate::spreadsheet::{Report, has_spreadsheet, is_same, records, saved_as};

const SHEETS: [&str; 7] = [
    "Findings",
    "Clients",
    "Recipients",
    "Contacts",
    "Coverage",
    "Exceptions",
    "Summary",
];

/// Every sheet as a CSV file, its cells as they are shown.
fn sheets(workbook: &Path) -> impl Fn(&str) -> Vec<Vec<String>> + use<> {
    let all = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,true,false,false,-1";
    let saved = saved_as(&[workbook.to_owned()], None, all, "sheets").remove(0);
    let above = saved.parent().unwrap().to_owned();
    move |name| records(&above.join(format!("report-{name}.csv")), b',')
}

fn workbook(report: &Report) -> PathBuf {
    report.directory.join("report.xlsx")
}

/// The workbook as a spreadsheet understands it, in a flat file.
fn understood(report: &Report) -> String {
    let file = saved_as(&[workbook(report)], None, "fods", "flat").remove(0);
    fs::read_to_string(file).unwrap()
}

#[test]
fn a_workbook_has_the_cells_of_the_tables() {
    if !has_spreadsheet() {
        return;
    }
    let report = Report::with_note(b',', Dialect::Plain, "=1+1 'so'");
    let sheet = sheets(&workbook(&report));
    for name in &SHEETS[..6] {
        let (shown, written) = (
            sheet(name),
            records(&report.file(&name.to_lowercase()), b','),
        );
        assert_eq!(shown.len(), written.len(), "rows of {name}");
        for (shown, written) in shown.iter().zip(&written) {
            assert_eq!(shown.len(), written.len(), "columns of {name}");
            for (shown, written) in shown.iter().zip(written) {
                assert!(is_same(shown, written), "{name}: {written:?} is {shown:?}");
            }
        }
    }
    let findings = sheet("Findings");
    assert!(findings.len() > 2, "too little to compare");
    let note = findings[0].iter().position(|c| c == "review_note").unwrap();
    assert_eq!(findings[1][note], "=1+1 'so'");
}

#[test]
fn a_workbook_computes_nothing_and_guides_reviewers() {
    if !has_spreadsheet() {
        return;
    }
    let report = Report::with_note(b',', Dialect::Excel, "=1+1");
    let flat = understood(&report);
    assert_eq!(flat.matches("table:formula=").count(), 0);
    for name in SHEETS {
        assert!(flat.contains(&format!("table:name=\"{name}\"")), "{name}");
    }
    let list = "cell-content-is-in-list(&quot;open&quot;;&quot;confirmed&quot;;&quot;cleared&quot;;&quot;escalated&quot;)";
    assert!(flat.contains(list), "the drop-down list of review_status");
    let filters = flat
        .matches("table:display-filter-buttons=\"true\"")
        .count();
    assert_eq!(filters, 6, "a filter on every table");
    assert!(
        flat.contains("calcext:conditional-format "),
        "colours by verdict"
    );
    assert!(flat.contains("<draw:frame"), "charts on the summary");
}

#[test]
fn what_reviewers_wrote_is_in_a_workbook_whole() {
    if !has_spreadsheet() {
        return;
    }
    let note = format!("={}end", "n".repeat(70_000));
    let report = Report::with_note(b',', Dialect::Excel, &note);
    let findings = sheets(&workbook(&report))("Findings");
    let cell = |name: &str| {
        let column = findings[0].iter().position(|c| c == name).unwrap();
        findings[1][column].clone()
    };
    let parts = ["review_note", "review_note_2", "review_note_3"].map(cell);
    assert_eq!(parts.concat(), note);
}

#[test]
fn a_finding_leads_to_its_message() {
    if !has_spreadsheet() {
        return;
    }
    let desk = Desk::new();
    let scan = [
        "scan",
        "mail",
        "--config",
        "audit.toml",
        "--no-progress",
        "--evidence",
        "--out",
        "r",
    ];
    desk.does(&scan, 0);
    let file = saved_as(&[desk.path("r/report.xlsx")], None, "fods", "flat").remove(0);
    let flat = fs::read_to_string(file).unwrap();
    for row in desk.rows("r/findings.csv") {
        // Relative to the file, one directory further down.
        let link = format!("xlink:href=\"../{}\"", row["evidence_file"]);
        assert!(flat.contains(&link), "{link}");
    }
}
