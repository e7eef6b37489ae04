//! The guide for administrators: its samples are read, and the codes that it explains are those of the program.

use std::fs;
use std::path::{Path, PathBuf};

use sent_audit::config::Settings;

use crate::harness::{Habits, Provider};

fn guide() -> String {
    fs::read_to_string(root().join("docs/servers.md")).unwrap()
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The blocks in a language, without the indentation of the list that they stand in.
fn blocks(text: &str, language: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if line.trim_start() == format!("```{language}") {
            let block: Vec<_> = lines
                .by_ref()
                .map(str::trim_start)
                .take_while(|line| *line != "```")
                .collect();
            found.push(block.join("\n"));
        }
    }
    found
}

#[test]
fn samples_are_read() {
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(directory.path().join(name), text).unwrap();
    write(
        "leavers.csv",
        "custodian,mailbox,last_day\nanna@acme.example,anna,2024-06-28\n",
    );
    write("key.json", &Provider::start(Habits::default()).key_file());
    let samples = blocks(&guide(), "toml");
    assert!(samples.len() >= 8, "a sample for each server");
    for sample in samples {
        let text = format!(
            "[organisation]\ndomains = [\"acme.example\"]\n[roster]\nfile = \"leavers.csv\"\n{sample}\n"
        );
        write("audit.toml", &text.replace("KEY_FILE", "key.json"));
        if let Err(error) = Settings::load(&directory.path().join("audit.toml")) {
            panic!("{error}\n{sample}");
        }
    }
}

fn source(directory: &Path) -> String {
    let entries = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    entries
        .map(|path| match path.extension().and_then(|e| e.to_str()) {
            _ if path.is_dir() => source(&path),
            Some("rs") => fs::read_to_string(path).unwrap(),
            _ => String::new(),
        })
        .collect()
}

#[test]
fn codes_are_those_of_the_program() {
    let source = source(&root().join("src"));
    let guide = guide();
    let (_, refusals) = guide.split_once("## Refusals").unwrap();
    let codes: Vec<_> = refusals
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split(" |").next())
        .flat_map(|cell| cell.split(['`', ',', ' ']).filter(|word| !word.is_empty()))
        .collect();
    assert!(codes.len() > 30, "{codes:?}");
    for code in codes {
        assert!(
            source.contains(&format!("\"{code}\"")),
            "no refusal is called {code}"
        );
    }
}
