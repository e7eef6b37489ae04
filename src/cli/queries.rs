//! `sent-audit queries`: the query files as a table, or their own examples put to the test.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::arguments::{Queries, QueriesCommand};
use super::status::{Failure, Status};
use super::terminal::{say, terminal_safe};
use crate::config::Settings;
use crate::detect::Judge;
use crate::detect::examples::{self, Outcome, Unproven};
use crate::finding::Verdict;
use crate::query::{Query, QuerySet};

/// Lists or tests.
pub(super) fn queries(typed: &Queries) -> Result<Status, Failure> {
    match &typed.command {
        None => list(&load(&typed.paths.paths, typed.paths.config.as_deref())?),
        Some(QueriesCommand::List(paths)) => list(&load(&paths.paths, paths.config.as_deref())?),
        Some(QueriesCommand::Test(paths)) => test(&load(&paths.paths, paths.config.as_deref())?),
    }
}

/// The queries at the paths, else those of the configuration, else the built-in ones.
fn load(paths: &[PathBuf], config: Option<&Path>) -> Result<QuerySet, Failure> {
    let set = match config {
        Some(config) => QuerySet::load(&Settings::load(config)?.queries)?,
        None => QuerySet::load(paths)?,
    };
    Ok(set)
}

fn list(set: &QuerySet) -> Result<Status, Failure> {
    say(&told(set))?;
    Ok(Status::Done)
}

fn told(set: &QuerySet) -> String {
    let mut rows = vec![
        [
            "query",
            "status",
            "languages",
            "phrases",
            "examples",
            "title",
        ]
        .map(str::to_owned),
    ];
    rows.extend(set.queries.iter().map(row));
    table(&rows, 3..5)
}

fn row(query: &Query) -> [String; 6] {
    let phrases = || query.signals.iter().flat_map(|s| &s.phrases);
    let mut languages: Vec<&str> = phrases()
        .map(|p| p.language.as_str())
        .map(|language| if language.is_empty() { "any" } else { language })
        .collect();
    languages.sort_unstable();
    languages.dedup();
    [
        terminal_safe(&query.citation()).into_owned(),
        if query.stable { "stable" } else { "draft" }.to_owned(),
        terminal_safe(&languages.join(" ")).into_owned(),
        phrases().count().to_string(),
        query.examples.len().to_string(),
        terminal_safe(&query.title).into_owned(),
    ]
}

fn test(set: &QuerySet) -> Result<Status, Failure> {
    let outcomes = examples::run(&Judge::new(set));
    let unproven = examples::unproven(set, &outcomes);
    say(&told_test(set, &outcomes, &unproven))?;
    let well = unproven.is_empty() && outcomes.iter().all(Outcome::holds);
    Ok(if well {
        Status::Done
    } else {
        Status::Incomplete
    })
}

fn told_test(set: &QuerySet, outcomes: &[Outcome], unproven: &[Unproven]) -> String {
    let mut text = String::new();
    for query in &set.queries {
        let own: Vec<&Outcome> = outcomes.iter().filter(|o| o.query == query.id).collect();
        let holding = own.iter().filter(|o| o.holds()).count();
        let status = if query.stable { "stable" } else { "draft" };
        let id = query.citation();
        line(
            &mut text,
            &format!("{id}, {status}: {holding} of {} examples hold", own.len()),
        );
        if !own.is_empty() {
            text.push_str(&confusion(&own));
        }
        for outcome in own.iter().filter(|o| !o.holds()) {
            line(
                &mut text,
                &format!("  FAILS {} \"{}\"", outcome.place, outcome.begins),
            );
            line(&mut text, &format!("    {}", outcome.difference()));
        }
        text.push('\n');
    }
    let lacking = unproven.iter().filter(|r| !matches!(r, Unproven::Fails(_)));
    for reason in lacking {
        line(&mut text, &format!("A run refuses this: {reason}"));
    }
    let failing = outcomes.iter().filter(|o| !o.holds()).count();
    line(
        &mut text,
        &match (failing, unproven) {
            (0, []) => "every example holds".to_owned(),
            (0, _) => "every example holds, but there are too few".to_owned(),
            _ => format!("{failing} of {} examples fail", outcomes.len()),
        },
    );
    text
}

fn line(text: &mut String, words: &str) {
    writeln!(text, "{}", terminal_safe(words)).expect("a string takes all");
}

/// How often each verdict was expected, and what was said instead.
fn confusion(outcomes: &[&Outcome]) -> String {
    let word = |verdict: Option<Verdict>| verdict.map_or("none", Verdict::as_str);
    let mut counts: BTreeMap<(Option<Verdict>, Option<Verdict>), usize> = BTreeMap::new();
    for outcome in outcomes {
        *counts.entry((outcome.expected, outcome.said)).or_default() += 1;
    }
    let mut verdicts: Vec<Option<Verdict>> = counts.keys().flat_map(|&(e, s)| [e, s]).collect();
    verdicts.sort_unstable();
    verdicts.dedup();
    let mut rows = vec![vec!["  expected \\ got".to_owned()]];
    rows.extend(verdicts.iter().map(|&v| vec![format!("  {}", word(v))]));
    if let Some(heading) = rows.first_mut() {
        heading.extend(verdicts.iter().map(|&v| word(v).to_owned()));
    }
    for (row, &expected) in rows.iter_mut().skip(1).zip(&verdicts) {
        row.extend(verdicts.iter().map(|&said| {
            let count = counts.get(&(expected, said));
            count.map_or_else(|| "·".to_owned(), ToString::to_string)
        }));
    }
    table(&rows, 1..verdicts.len() + 1)
}

/// Columns as wide as their widest cell; those of numbers are set to the right.
fn table(rows: &[impl AsRef<[String]>], numbers: std::ops::Range<usize>) -> String {
    let mut widths: Vec<usize> = Vec::new();
    for row in rows {
        let row = row.as_ref();
        widths.resize(widths.len().max(row.len()), 0);
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut text = String::new();
    for row in rows {
        for (column, (cell, &width)) in row.as_ref().iter().zip(&widths).enumerate() {
            let written = if numbers.contains(&column) {
                write!(text, "{cell:>width$}  ")
            } else {
                write!(text, "{cell:width$}  ")
            };
            written.expect("a string takes all");
        }
        text.truncate(text.trim_end_matches(' ').len());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(expected: Option<Verdict>, said: Option<Verdict>) -> Outcome {
        Outcome {
            query: "x".to_owned(),
            place: "x.toml:7".to_owned(),
            begins: "About \x1b[31mlunch".to_owned(),
            expected,
            said,
            missing: Vec::new(),
        }
    }

    fn set() -> QuerySet {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("x.toml");
        let text = "id = \"x\"\nversion = 2\ntitle = \"X\"\nstatus = \"stable\"\n\
                    signal.x = { en = [\"a b\", \"c\"], any = [\"d\"] }\n\
                    pattern = [{ verdict = \"match\", all = [\"x\"] }]\n";
        std::fs::write(&path, text).unwrap();
        QuerySet::load(&[path]).unwrap()
    }

    #[test]
    fn a_list() {
        insta::assert_snapshot!(told(&set()));
    }

    #[test]
    fn a_test_with_failures() {
        let some = Some(Verdict::Match);
        let outcomes = [
            outcome(some, some),
            outcome(some, some),
            outcome(None, None),
            outcome(None, some),
        ];
        let unproven = examples::unproven(&set(), &outcomes);
        insta::assert_snapshot!(told_test(&set(), &outcomes, &unproven));
    }
}
