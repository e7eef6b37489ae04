//! `review import`: a reviewer's decisions as spreadsheets write them back.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use sent_audit::store::Store;

use crate::harness::Desk;
use crate::spreadsheet::has_spreadsheet;

/// Fills in the first findings of `r/findings.csv`: each decision as status, note, reviewer, day.
fn filled_in(desk: &Desk, decisions: &[[&str; 4]], separator: u8) -> Vec<u8> {
    let text = fs::read_to_string(desk.path("r/findings.csv")).unwrap();
    let mut reader = csv::Reader::from_reader(text.trim_start_matches('\u{feff}').as_bytes());
    let mut writer = csv::WriterBuilder::new()
        .delimiter(separator)
        .terminator(csv::Terminator::CRLF)
        .from_writer(Vec::new());
    writer.write_record(reader.headers().unwrap()).unwrap();
    for (number, record) in reader.records().enumerate() {
        let mut cells: Vec<String> = record.unwrap().iter().map(str::to_owned).collect();
        if let Some(decision) = decisions.get(number) {
            for (cell, word) in cells[1..5].iter_mut().zip(decision) {
                (*word).clone_into(cell);
            }
        }
        writer.write_record(&cells).unwrap();
    }
    writer.into_inner().unwrap()
}

/// What the next report says of each finding: status, note, reviewer, day.
fn decided(desk: &Desk) -> Vec<[String; 4]> {
    let out = (1..100)
        .map(|number| format!("again-{number}"))
        .find(|name| !desk.path(name).exists())
        .unwrap();
    desk.does(&["report", "--dialect", "plain", "--out", &out], 0);
    desk.rows(&format!("{out}/findings.csv"))
        .iter()
        .map(|row| {
            ["review_status", "review_note", "reviewer", "reviewed_on"]
                .map(|column| row[column].clone())
        })
        .collect()
}

const DECISIONS: [[&str; 4]; 2] = [
    ["Cleared", "harmless; see José", "Leo", "28/06/2024"],
    ["escalated", "'=1+1", "Núñez, A.", "07/06/2024"],
];

#[track_caller]
fn check_taken(desk: &Desk, octets: &[u8]) {
    fs::write(desk.path("copy.csv"), octets).unwrap();
    let told = desk.does(&["review", "import", "copy.csv"], 0);
    assert!(
        told.contains("2 taken, 0 as before, 0 overruled, 1 undecided, 0 refused."),
        "{told}"
    );
    let expected = [
        ["cleared", "harmless; see José", "Leo", "2024-06-28"],
        ["escalated", "=1+1", "Núñez, A.", "2024-06-07"],
        ["", "", "", ""],
    ];
    assert_eq!(decided(desk), expected);
}

#[test]
fn copies_in_any_form_are_taken() {
    for separator in *b",;\t" {
        let desk = Desk::new();
        desk.scan("r");
        let octets = filled_in(&desk, &DECISIONS, separator);
        check_taken(&desk, &octets);
    }
    let in_encodings: [fn(&str) -> Vec<u8>; 3] = [
        |text| [b"\xef\xbb\xbf", text.as_bytes()].concat(),
        |text| {
            let units = std::iter::once(0xfeff).chain(text.encode_utf16());
            units.flat_map(u16::to_le_bytes).collect()
        },
        // Windows-1252 agrees with Latin-1 on the letters that are here.
        |text| text.chars().map(|c| u8::try_from(c).unwrap()).collect(),
    ];
    for encoded in in_encodings {
        let desk = Desk::new();
        desk.scan("r");
        let text = String::from_utf8(filled_in(&desk, &DECISIONS, b';')).unwrap();
        check_taken(&desk, &encoded(&text));
    }
}

#[test]
fn history_is_kept_and_an_older_copy_changes_nothing() {
    let desk = Desk::new();
    desk.scan("r");
    let import = |decisions: &[[&str; 4]], status, expected: &str| {
        fs::write(desk.path("copy.csv"), filled_in(&desk, decisions, b',')).unwrap();
        // A run that holds the store is not waited for.
        let _run = Store::open(&desk.path("audit.db")).unwrap();
        let told = desk.does(&["review", "import", "copy.csv"], status);
        assert!(told.contains(expected), "{told}");
    };
    let open = ["open", "", "Leo", "2024-06-01"];
    let cleared = ["cleared", "fine", "Eva", "2024-06-02"];
    import(&[open], 0, "1 taken, ");
    import(&[open], 0, "0 taken, 1 as before, ");
    import(&[cleared], 0, " cleared (was open), by Eva on 2024-06-02\n");
    import(&[open], 0, "0 taken, 0 as before, 1 overruled, ");
    import(&[], 0, "0 taken, 0 as before, 0 overruled, 3 undecided");
    import(
        &[["", "why?", "", ""]],
        3,
        "has a note but no review_status",
    );
    import(&[["", "", "Leo", "2024-06-02"]], 0, "3 undecided");
    assert_eq!(decided(&desk)[0], cleared);
    let store = Store::open_to_read(&desk.path("audit.db")).unwrap();
    assert_eq!(store.history().unwrap().values().next().unwrap().len(), 2);
}

#[test]
fn what_cannot_be_meant_is_refused_row_by_row() {
    let desk = Desk::new();
    desk.scan("r");
    let ids: Vec<String> = desk
        .rows("r/findings.csv")
        .iter()
        .map(|row| row["finding_id"].clone())
        .collect();
    let table = [
        "extra,review_status,finding_id,reviewed_on,review_note".to_owned(),
        format!("x,guilty,{},,", ids[0]),
        "x,cleared,f-0000,,".to_owned(),
        format!("x,cleared,{},,", ids[1]),
        format!("x,confirmed,{},,", ids[1]),
        "x,open,,,".to_owned(),
        format!("x,cleared,{},07/06/2024,", ids[2]),
        format!("x,confirmed,{},2024-06-07,yes", ids[0]),
    ]
    .join("\n");
    desk.write("copy.csv", &table);
    let told = desk.does(&["review", "import", "copy.csv", "--dry-run"], 3);
    for expected in [
        "line 2: refused: ",
        "unknown review_status `guilty`: leave it empty, or write one of: open, confirmed, cleared, escalated",
        "line 3: refused: f-0000 is in no report of this store",
        "line 4: refused: ",
        "is decided twice and differently, on line 4 and line 5: keep one",
        "line 6: refused: the column `finding_id` is empty",
        "line 7: refused: ",
        "the date `07/06/2024` is ambiguous, 2024-06-07 or 2024-07-06",
        "1 other columns were left alone",
        "1 would be taken, 0 as before, 0 overruled, 0 undecided, 6 refused.",
    ] {
        assert!(told.contains(expected), "{expected}\n{told}");
    }
    assert!(decided(&desk).iter().all(|row| row[0].is_empty()));
    desk.does(&["review", "import", "copy.csv"], 3);
    assert_eq!(decided(&desk)[0], ["confirmed", "yes", "", "2024-06-07"]);
    desk.write("other.csv", "a,b\n1,2\n");
    let told = desk.does(&["review", "import", "other.csv"], 2);
    assert!(
        told.contains("neither `finding_id` nor `exception_id` is a column"),
        "{told}"
    );
    desk.does(&["review", "import", "absent.csv"], 2);
    desk.does(&["review", "import", "copy.csv", "--store", "absent.db"], 2);
}

#[test]
fn a_decision_on_other_evidence_is_to_be_looked_at_again() {
    let desk = Desk::new();
    desk.scan("r");
    let text = String::from_utf8(filled_in(&desk, &[DECISIONS[0]], b',')).unwrap();
    desk.write(
        "copy.csv",
        &text.replacen("personal-contact", "handover", 1),
    );
    let told = desk.does(&["review", "import", "copy.csv"], 0);
    assert!(told.contains("to be looked at again"), "{told}");
    desk.does(&["report", "--out", "again"], 0);
    assert_eq!(desk.rows("again/findings.csv")[0]["change"], "recheck");
    // The reviewer has looked at what stands.
    let [status, note, reviewer, _] = DECISIONS[0];
    let looked = [status, note, reviewer, "2024-06-29"];
    fs::write(desk.path("copy.csv"), filled_in(&desk, &[looked], b',')).unwrap();
    desk.does(&["review", "import", "copy.csv"], 0);
    desk.does(&["report", "--out", "third"], 0);
    assert_ne!(desk.rows("third/findings.csv")[0]["change"], "recheck");
}

#[test]
fn an_accepted_exception_makes_a_run_complete() {
    let desk = Desk::new();
    // Nobody listens on the configured port: both accounts fail.
    desk.does(&["run", "--no-progress", "--out", "r"], 3);
    let rows = desk.rows("r/exceptions.csv");
    assert_eq!(rows.len(), 2);
    let mut table = "exception_id;review_status;review_note\n".to_owned();
    for row in &rows {
        table.push_str(&row["exception_id"]);
        table.push_str(";Accepted;known\n");
    }
    desk.write("copy.csv", &table);
    desk.does(&["review", "import", "copy.csv"], 0);
    desk.does(&["report", "--out", "again"], 0);
    let accepted = desk.rows("again/exceptions.csv");
    assert!(
        accepted
            .iter()
            .all(|row| row["review_status"] == "accepted")
    );
    desk.does(&["run", "--no-progress", "--out", "next"], 0);
    assert_eq!(desk.rows("next/exceptions.csv")[0]["attempts"], "2");
}

/// Converts with a spreadsheet program, in a profile of its own.
fn converted(file: &Path, format: &str, filter: Option<&str>) -> PathBuf {
    let above = file.parent().unwrap();
    let mut command = Command::new("soffice");
    command.args(["--headless", "--norestore"]).arg(format!(
        "-env:UserInstallation=file://{}",
        above.join("profile").display()
    ));
    if let Some(filter) = filter {
        command.arg(format!("--infilter={filter}"));
    }
    let run = command
        .args(["--convert-to", format, "--outdir"])
        .arg(above.join("converted"))
        .arg(file)
        .output()
        .unwrap();
    assert!(run.status.success(), "{run:?}");
    let extension = format.split(':').next().unwrap();
    let new = above
        .join("converted")
        .join(file.file_stem().unwrap())
        .with_extension(extension);
    assert!(new.exists(), "{run:?}");
    new
}

/// A copy that went through a workbook, with everything in it that a spreadsheet might change.
#[test]
fn decisions_survive_workbooks() {
    if !has_spreadsheet() {
        return;
    }
    let long = "ñ".repeat(32_767);
    let decisions = [
        [
            "cleared",
            "=HYPERLINK(\"x\";\"y\")",
            "José Núñez",
            "2024-06-28",
        ],
        [
            "escalated",
            "+34 600 111 222; -5\n@home, 'so'",
            "-Eva",
            "2024-07-02",
        ],
        ["open", &long, "Leo", ""],
    ];
    for workbook in ["ods", "xlsx"] {
        let desk = Desk::new();
        desk.scan("r");
        let safe = decisions.map(|row| row.map(sent_audit::report::protect));
        let written: Vec<[&str; 4]> = safe
            .iter()
            .map(|row| [&*row[0], &*row[1], &*row[2], &*row[3]])
            .collect();
        fs::write(desk.path("copy.csv"), filled_in(&desk, &written, b',')).unwrap();
        let sheet = converted(
            &desk.path("copy.csv"),
            workbook,
            Some("Text - txt - csv (StarCalc):44,34,76"),
        );
        let again = converted(&sheet, "csv:Text - txt - csv (StarCalc):59,34,76,1", None);
        let told = desk.does(&["review", "import", again.to_str().unwrap()], 0);
        assert!(told.contains("3 taken, "), "{workbook}: {told}");
        assert_eq!(decided(&desk), decisions, "{workbook}");
        // The workbook itself says the same.
        let told = desk.does(&["review", "import", sheet.to_str().unwrap()], 0);
        assert!(told.contains("0 taken, 3 as before"), "{workbook}: {told}");
    }
}

/// The workbook that a report holds, saved by a spreadsheet: another store learns from it what was decided.
#[test]
fn decisions_survive_our_own_workbook() {
    if !has_spreadsheet() {
        return;
    }
    // Three cells.
    let long = "ñ".repeat(70_000);
    let decisions = [
        [
            "cleared",
            "=HYPERLINK(\"x\";\"y\")",
            "José Núñez",
            "2024-06-28",
        ],
        [
            "escalated",
            "+34 600 111 222; -5 @home",
            "-Eva",
            "2024-07-02",
        ],
        ["open", &long, "Leo", ""],
    ];
    let desk = Desk::new();
    desk.scan("r");
    let safe = decisions.map(|row| row.map(sent_audit::report::protect));
    let written: Vec<[&str; 4]> = safe
        .iter()
        .map(|row| [&*row[0], &*row[1], &*row[2], &*row[3]])
        .collect();
    fs::write(desk.path("copy.csv"), filled_in(&desk, &written, b',')).unwrap();
    desk.does(&["review", "import", "copy.csv"], 0);
    desk.does(&["report", "--out", "reviewed"], 0);
    let ours = desk.path("reviewed/report.xlsx");
    for format in ["ods", "xlsx", "csv:Text - txt - csv (StarCalc):59,34,76,1"] {
        let copy = converted(&ours, format, None);
        let other = Desk::new();
        other.scan("r");
        let told = other.does(&["review", "import", copy.to_str().unwrap()], 0);
        assert!(told.contains("3 taken, "), "{format}: {told}");
        assert_eq!(decided(&other), decisions, "{format}");
    }
}

/// A workbook as a spreadsheet holds it in memory: sheets of rows, days as real days.
fn flat(sheets: &[(&str, Vec<Vec<String>>)]) -> String {
    let cell = |text: &String| {
        let escaped = text.replace('&', "&amp;").replace('<', "&lt;");
        let is_day = text.len() == 10 && text.starts_with("2024-");
        if is_day {
            format!(
                "<table:table-cell office:value-type=\"date\" office:date-value=\"{text}\" table:style-name=\"day\"/>"
            )
        } else {
            format!(
                "<table:table-cell office:value-type=\"string\"><text:p>{escaped}</text:p></table:table-cell>"
            )
        }
    };
    let row = |row: &Vec<String>| {
        let cells: String = row.iter().map(cell).collect();
        format!("<table:table-row>{cells}</table:table-row>")
    };
    let sheet = |(name, rows): &(&str, Vec<Vec<String>>)| {
        let rows: String = rows.iter().map(row).collect();
        format!("<table:table table:name=\"{name}\">{rows}</table:table>")
    };
    let sheets: String = sheets.iter().map(sheet).collect();
    let names = ["office", "table", "text", "number", "style"].map(|name| {
        let place = if name == "number" { "datastyle" } else { name };
        format!("xmlns:{name}=\"urn:oasis:names:tc:opendocument:xmlns:{place}:1.0\"")
    });
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><office:document {} office:version=\"1.3\" \
         office:mimetype=\"application/vnd.oasis.opendocument.spreadsheet\"><office:automatic-styles>\
         <number:date-style style:name=\"d\"><number:day/><number:text>/</number:text><number:month/>\
         <number:text>/</number:text><number:year number:style=\"long\"/></number:date-style>\
         <style:style style:name=\"day\" style:family=\"table-cell\" style:data-style-name=\"d\"/></office:automatic-styles>\
         <office:body><office:spreadsheet>{sheets}</office:spreadsheet></office:body></office:document>",
        names.join(" ")
    )
}

fn cells(row: &[&str]) -> Vec<String> {
    row.iter().map(ToString::to_string).collect()
}

/// The workbook that the report holds, filled in: both sheets, real days, no apostrophes, notes that look like formulas.
#[test]
fn both_sheets_of_a_workbook_are_taken() {
    if !has_spreadsheet() {
        return;
    }
    for format in ["xlsx", "ods"] {
        let desk = Desk::new();
        desk.scan("s");
        desk.does(&["run", "--no-progress", "--out", "r"], 3);
        let id = |table: &str, number: usize| {
            let rows = desk.rows(&format!("r/{table}.csv"));
            let names = ["finding_id", "exception_id"];
            let name = names.iter().find(|name| rows[number].contains_key(**name));
            rows[number][*name.unwrap()].clone()
        };
        let heading = [
            "finding_id",
            "review_status",
            "reviewed_on",
            "review_note",
            "reviewer",
        ];
        let first = id("findings", 0);
        let sheets = [
            (
                "Summary",
                vec![cells(&["sent-audit report"]), cells(&["finding_id", "x"])],
            ),
            (
                "Findings",
                vec![
                    cells(&heading),
                    cells(&[&first, "Confirmed", "2024-07-06", "'=1+1 & more", "Núñez"]),
                    cells(&[&id("findings", 1), "", "2024-07-06", "", "Núñez"]),
                    cells(&[&id("findings", 2), "confirmt", "", "", ""]),
                ],
            ),
            (
                "Exceptions",
                vec![
                    cells(&["exception_id", "review_status", "review_note"]),
                    cells(&[&id("exceptions", 0), "accepted", "known"]),
                    cells(&[&id("exceptions", 1), "accepted", ""]),
                ],
            ),
        ];
        desk.write("copy.fods", &flat(&sheets));
        let workbook = converted(&desk.path("copy.fods"), format, None);
        let told = desk.does(&["review", "import", workbook.to_str().unwrap()], 3);
        assert!(
            told.contains("3 taken, 0 as before, 0 overruled, 1 undecided, 1 refused."),
            "{format}: {told}"
        );
        assert!(
            told.contains("Findings, row 4: refused: "),
            "{format}: {told}"
        );
        assert_eq!(
            decided(&desk)[0],
            ["confirmed", "'=1+1 & more", "Núñez", "2024-07-06"],
            "{format}"
        );
        // What a colleague decided otherwise in a copy of the sheet overrules nobody.
        let (name, rows) = &sheets[1];
        let mut other = rows[..2].to_vec();
        other[1][1] = "cleared".to_owned();
        let both = [(*name, rows[..2].to_vec()), ("Findings_2", other)];
        desk.write("both.fods", &flat(&both));
        let workbook = converted(&desk.path("both.fods"), format, None);
        let told = desk.does(&["review", "import", workbook.to_str().unwrap()], 3);
        assert!(
            told.contains("differently, on Findings, row 2 and Findings_2, row 2: keep one"),
            "{format}: {told}"
        );
    }
}

#[test]
fn workbooks_that_hold_no_review_are_refused() {
    let desk = Desk::new();
    desk.scan("r");
    fs::write(desk.path("copy.xlsx"), b"PK\x03\x04 and no more").unwrap();
    let told = desk.does(&["review", "import", "copy.xlsx"], 2);
    assert!(told.contains("the workbook cannot be read"), "{told}");
    if has_spreadsheet() {
        desk.write(
            "sums.fods",
            &flat(&[("Findings", vec![cells(&["a", "b"])])]),
        );
        let workbook = converted(&desk.path("sums.fods"), "xlsx", None);
        let told = desk.does(&["review", "import", workbook.to_str().unwrap()], 2);
        assert!(
            told.contains("no sheet has a column `review_status`"),
            "{told}"
        );
    }
}
