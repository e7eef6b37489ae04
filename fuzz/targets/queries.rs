//! Arbitrary text as a query file: loaded, compiled, and asked about its own examples.

#![no_main]

use std::fs;
use std::path::PathBuf;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use sent_audit::detect::{Judge, examples};
use sent_audit::query::QuerySet;
use tempfile::TempDir;

static FILE: LazyLock<(TempDir, PathBuf)> = LazyLock::new(|| {
    let directory = tempfile::tempdir().expect("a place for a file");
    let file = directory.path().join("query.toml");
    (directory, file)
});

fuzz_target!(|text: &str| {
    // A query may name files of phrases and weights; devices would never end.
    if text.contains('/') {
        return;
    }
    let path = &FILE.1;
    fs::write(path, text).expect("a file of a few octets");
    match QuerySet::load(&[path]) {
        Ok(queries) => {
            let judge = Judge::new(&queries);
            let _ = examples::unproven(judge.queries(), &examples::run(&judge));
        }
        Err(problem) => assert!(!problem.to_string().is_empty()),
    }
});
