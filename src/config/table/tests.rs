//! Every trap of a table that people send.

use super::*;

const COLUMNS: &[Column] = &[
    Column {
        name: "custodian",
        synonyms: &["employee"],
        required: true,
    },
    Column {
        name: "last_day",
        synonyms: &["ultimodia"],
        required: true,
    },
    Column {
        name: "name",
        synonyms: &[],
        required: false,
    },
];

/// Rows as `line:custodian|last_day|name`, or the error.
#[track_caller]
fn check(octets: &[u8], expected: &str) {
    let actual = match Table::read(octets, COLUMNS) {
        Ok(table) => {
            let mut rows: Vec<String> = table
                .rows
                .iter()
                .map(|r| {
                    let cells = [r.get("custodian"), r.get("last_day"), r.get("name")];
                    format!("{}:{}", r.line, cells.join("|"))
                })
                .collect();
            if !table.ignored.is_empty() {
                rows.push(format!("ignored {}", table.ignored.join("|")));
            }
            rows.join(" / ")
        }
        Err(e) => format!("error {:?} {}", e.line.unwrap_or(0), e.problem),
    };
    assert!(
        actual == expected
            || (expected.ends_with('…') && actual.starts_with(expected.trim_end_matches('…'))),
        "\n  actual: {actual}\nexpected: {expected}"
    );
}

fn utf16(text: &str, big_endian: bool, bom: bool) -> Vec<u8> {
    let mut octets = Vec::new();
    for unit in bom.then_some(0xFEFF).into_iter().chain(text.encode_utf16()) {
        octets.extend(if big_endian {
            unit.to_be_bytes()
        } else {
            unit.to_le_bytes()
        });
    }
    octets
}

#[test]
fn separators() {
    check(b"custodian,last_day,name\na,b,c\n", "2:a|b|c");
    check(b"custodian;last_day;name\na;b;c,d\n", "2:a|b|c,d");
    check(b"custodian\tlast_day\tname\r\na\tb\tc\r\n", "2:a|b|c");
    check(b"sep=;\r\ncustodian;last_day\r\na;b", "3:a|b|");
    check(b"sep=\t\ncustodian\tlast_day\na\tb", "3:a|b|");
    check(
        b"custodian;\"a,b,c,d\";last_day\n1;2;3",
        "2:1|3| / ignored a,b,c,d",
    );
    check(b"custodian,last_day\ra,b\rc,d", "2:a|b| / 3:c|d|");
}

#[test]
fn encodings() {
    let text = "custodian;last_day;name\r\na;b;José Núñez\r\n";
    let expected = "2:a|b|José Núñez";
    check(text.as_bytes(), expected);
    check(&[b"\xEF\xBB\xBF", text.as_bytes()].concat(), expected);
    for big_endian in [false, true] {
        for bom in [false, true] {
            check(&utf16(text, big_endian, bom), expected);
        }
    }
    check(
        b"custodian;last_day;name\na;b;Jos\xE9 \x80\n",
        "2:a|b|José €",
    );
    check(
        b"\xEF\xBB\xBFcustodian\xFF",
        "error 0 the file says that it is UTF-8 but is not…",
    );
    check(b"PK\x03\x04\x14\x00", "error 0 this is a workbook…");
    check(
        &[0xFF, 0xFE, 0x00, 0xD8],
        "error 0 the file says that it is UTF-16LE but is not…",
    );
}

#[test]
fn headings() {
    check(b"NAME, Last Day ,Custodian\n1,2,3\n", "2:3|2|1");
    check("Employee;Último día\nx;y\n".as_bytes(), "2:x|y|");
    check(
        b"custodian,employee,last-day\na,b,c\n",
        "2:a|c| / ignored employee",
    );
    check(
        b"custodian,last_day,Custodian\n",
        "error 1 the column `custodian` is there 2 times (custodian, Custodian): keep one",
    );
    check(
        b"\n\ncustodian,name\na,b\n",
        "error 3 the column `last_day` is missing; the heading has: custodian, name",
    );
    check(b"", "error 0 the file is empty…");
    check(b"\xEF\xBB\xBF\r\n", "error 0 the file is empty…");
}

#[test]
fn quotes_and_lines() {
    check(
        b"custodian,last_day\n\"a\nb\",c\n\n,\nd,e\n",
        "2:a\nb|c| / 6:d|e|",
    );
    check(
        b"custodian,last_day,name\n \"x,\"\"y\"\"\" ,b,5\" tall\n",
        "2:x,\"y\"|b|5\" tall",
    );
    check(
        b"custodian,last_day\na,b\n\"c,d\ne,f\n",
        "error 3 a quotation mark is opened here and never closed",
    );
    check(b"custodian,last_day\na,b,,\n", "2:a|b|");
    check(b"custodian,last_day\na\n", "2:a||");
    check(
        b"custodian,last_day\na,b,c\n",
        "error 2 the row has 3 columns, the heading 2…",
    );
}

#[test]
fn lists_in_cells() {
    let table = Table::read(b"custodian,last_day,name\na,b,\"x; y|z,,x\nw\"\n", COLUMNS).unwrap();
    assert_eq!(table.rows[0].list("name"), ["x", "y", "z", "w"]);
    assert!(table.rows[0].list("absent").is_empty());
}

proptest::proptest! {
    #[test]
    fn any_octets_are_a_table_or_an_error(octets: Vec<u8>) {
        let heading = b"custodian;last_day\n";
        let _ = Table::read(&octets, COLUMNS);
        let _ = Table::read(&[heading, octets.as_slice()].concat(), COLUMNS);
    }

    #[test]
    fn what_a_csv_writer_writes_is_read_back(
        cells in proptest::collection::vec(("[a-z]{1,3}", "[a-zé\",;\t\n ]{0,8}", "\\PC{0,4}"), 1..5),
        separator in proptest::sample::select(vec![b',', b';', b'\t']),
    ) {
        let mut writer = csv::WriterBuilder::new().delimiter(separator).from_writer(Vec::new());
        writer.write_record(["custodian", "last_day", "name"]).unwrap();
        for (a, b, c) in &cells {
            writer.write_record([a, b, c]).unwrap();
        }
        let table = Table::read(&writer.into_inner().unwrap(), COLUMNS).unwrap();
        let read: Vec<[&str; 3]> = table
            .rows
            .iter()
            .map(|r| [r.get("custodian"), r.get("last_day"), r.get("name")])
            .collect();
        let written: Vec<[&str; 3]> =
            cells.iter().map(|(a, b, c)| [a.as_str(), b.trim(), c.trim()]).collect();
        proptest::prop_assert_eq!(read, written);
    }
}
