//! Rules that the whole source tree keeps: which module may use which, and who may write files.

use std::fs;
use std::path::{Path, PathBuf};

/// Ground floor first; a module uses only those before it.
const FLOORS: &[&str] = &[
    "mailbox", "finding", "message", "document", "query", "detect", "source", "store", "report",
    "config", "audit", "demo", "cli",
];

/// What opens a file for writing, or changes one, in the standard library and in ours.
const WRITES: &[&str] = &[
    "File::create",
    "File::options",
    "OpenOptions",
    "fs::write",
    "fs::copy",
    "fs::rename",
    "fs::remove",
    "fs::create_dir",
    "fs::set_permissions",
    "DirBuilder",
    "tempfile::",
    "NamedTempFile",
    "csv::Writer::from_path",
];

/// One source file: the module it belongs to and its lines, without comments and without its unit tests.
struct Source {
    path: PathBuf,
    module: String,
    lines: Vec<(usize, String)>,
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    let mut pending = vec![root.clone()];
    while let Some(path) = pending.pop() {
        if path.is_dir() {
            pending.extend(
                fs::read_dir(&path)
                    .unwrap()
                    .map(|entry| entry.unwrap().path()),
            );
        } else if path.extension().is_some_and(|extension| extension == "rs") && !is_test(&path) {
            found.push(read(&root, &path));
        }
    }
    assert!(found.len() > FLOORS.len(), "the source tree is elsewhere");
    found
}

/// Files that their parent includes for tests alone.
fn is_test(path: &Path) -> bool {
    let name = path.file_stem().unwrap().to_str().unwrap();
    let parent = path.parent().unwrap().with_extension("rs");
    name == "tests"
        || fs::read_to_string(parent)
            .is_ok_and(|text| text.contains(&format!("#[cfg(test)]\nmod {name};")))
}

fn read(root: &Path, path: &Path) -> Source {
    let relative = path.strip_prefix(root).unwrap();
    let module = relative.iter().next().unwrap().to_str().unwrap();
    let text = fs::read_to_string(path).unwrap();
    let product = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
    let lines = product
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.trim_start().starts_with("//"))
        .map(|(at, line)| (at + 1, line.to_owned()))
        .collect();
    Source {
        module: module.trim_end_matches(".rs").to_owned(),
        path: relative.to_owned(),
        lines,
    }
}

fn floor(module: &str) -> Option<usize> {
    FLOORS.iter().position(|name| *name == module)
}

/// `crate::NAME` and each name of `crate::{NAME, NAME}` in a line.
fn used(line: &str) -> Vec<String> {
    let word = |text: &str| -> String {
        text.chars()
            .take_while(|c| c.is_alphanumeric() || *c == '_')
            .collect()
    };
    line.match_indices("crate::")
        .flat_map(|(at, name)| {
            let rest = &line[at + name.len()..];
            match rest.strip_prefix('{') {
                Some(list) => list.split(',').map(|item| word(item.trim())).collect(),
                None => vec![word(rest)],
            }
        })
        .collect()
}

#[test]
fn modules_use_only_those_below() {
    let mut wrong = Vec::new();
    for source in sources() {
        if ["lib", "main"].contains(&source.module.as_str()) {
            continue;
        }
        let own = floor(&source.module)
            .unwrap_or_else(|| panic!("{}: give the module a floor here", source.path.display()));
        for (number, line) in &source.lines {
            for name in used(line) {
                if floor(&name).is_some_and(|other| other > own) {
                    wrong.push(format!(
                        "src/{}:{number}: {}",
                        source.path.display(),
                        line.trim()
                    ));
                }
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "uses what lies above it:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn only_store_and_report_write_files_below_audit() {
    let mut wrong = Vec::new();
    for source in sources() {
        let is_below = floor(&source.module) < floor("audit");
        if !is_below || ["store", "report", "lib", "main"].contains(&source.module.as_str()) {
            continue;
        }
        for (number, line) in &source.lines {
            if WRITES.iter().any(|write| line.contains(write)) {
                wrong.push(format!(
                    "src/{}:{number}: {}",
                    source.path.display(),
                    line.trim()
                ));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "may not write files:\n{}",
        wrong.join("\n")
    );
}

/// What no judgement key holds must make no difference to a judge: nothing is judged again when it changes.
#[test]
fn judges_read_no_facts_that_their_key_leaves_out() {
    const LEFT_OUT: [&str; 5] = [
        ".last_day",
        ".notice_day",
        ".manager",
        ".employment",
        "custodian.successor",
    ];
    let sources = sources();
    let (key, judges): (Vec<_>, Vec<_>) = sources
        .iter()
        .filter(|source| source.module == "detect")
        .partition(|source| source.path.ends_with("key.rs"));
    let left_out = |(_, line): &(usize, String)| line.contains("last_day: _");
    assert!(key.iter().any(|source| source.lines.iter().any(left_out)));
    for source in judges {
        for (number, line) in &source.lines {
            assert!(
                !LEFT_OUT.iter().any(|fact| line.contains(fact)),
                "src/{}:{number}: put the fact into the judgement key first: {}",
                source.path.display(),
                line.trim()
            );
        }
    }
}

#[test]
fn the_rules_see_what_they_forbid() {
    assert_eq!(used("use crate::audit::{run, scan};"), ["audit"]);
    assert_eq!(used("use crate::{cli, store::Store};"), ["cli", "store"]);
    assert_eq!(
        used("let x: crate::report::Client = crate::demo::y();"),
        ["report", "demo"]
    );
    let seen: Vec<_> = sources()
        .into_iter()
        .filter(|source| source.module == "report")
        .collect();
    let writes = |source: &Source| {
        source
            .lines
            .iter()
            .any(|(_, line)| WRITES.iter().any(|write| line.contains(write)))
    };
    assert!(
        seen.iter().any(writes),
        "the report is written by other means than those in WRITES"
    );
}
