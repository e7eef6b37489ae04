//! What the README, the guides and the explanations beside queries and reports tell people to type is there.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

fn help(arguments: &[&str]) -> Option<String> {
    let output = Command::new(env!("CARGO_BIN_EXE_sent-audit"))
        .args(arguments)
        .arg("--help")
        .output()
        .unwrap();
    output
        .status
        .success()
        .then(|| String::from_utf8(output.stdout).unwrap())
}

/// `sent-audit COMMAND --option …` wherever the README writes it as code.
fn invocations(readme: &str) -> Vec<Vec<String>> {
    let code = readme.split('`').skip(1).step_by(2).flat_map(str::lines);
    let fenced = readme.split("```").skip(1).step_by(2).flat_map(str::lines);
    code.chain(fenced)
        .filter_map(|line| {
            let (before, rest) = line.split_once("sent-audit ")?;
            let before = before.trim_end();
            // Other programs have arguments of that name.
            let is_typed = before.is_empty() || before.ends_with(['$', '&', ';', '/']);
            is_typed.then_some(rest)
        })
        .map(|rest| {
            rest.split('#')
                .next()
                .unwrap_or_default()
                .split_whitespace()
        })
        .map(|words| {
            words
                .map(|word| word.trim_matches(['[', ']', ',', '.']).to_owned())
                .collect()
        })
        .collect()
}

/// How many commands a text shows; each of them is there, with the options that it is shown with.
fn check(name: &str) -> usize {
    let text = fs::read_to_string(root().join(name)).unwrap();
    let mut commands = 0;
    for words in invocations(&text) {
        let Some(command) = words
            .first()
            .filter(|word| word.chars().all(|c| c.is_ascii_lowercase()))
        else {
            continue;
        };
        // `review import` has options of its own; what stands behind `scan` is an argument.
        let second = words.get(1).filter(|word| !word.starts_with('-'));
        let help = second
            .and_then(|second| help(&[command, second]))
            .or_else(|| help(&[command]))
            .unwrap_or_else(|| panic!("{name}: no command `{command}`: {words:?}"));
        for option in words.iter().filter(|word| word.starts_with("--")) {
            let option = option.split('=').next().unwrap();
            assert!(
                help.contains(option),
                "{name}: `sent-audit {command}` has no {option}"
            );
        }
        commands += 1;
    }
    commands
}

#[test]
fn commands_of_the_readme_exist() {
    assert!(check("README.md") >= 4, "it shows how to use the program");
}

#[test]
fn commands_of_guides_and_explanations_exist() {
    let guides = fs::read_dir(root().join("docs")).unwrap();
    let guides = guides.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut all: Vec<_> = guides.map(|name| format!("docs/{name}")).collect();
    all.extend(["queries/README.md", "reports/README.md"].map(str::to_owned));
    assert!(all.len() > 8, "{all:?}");
    assert!(all.iter().map(|name| check(name)).sum::<usize>() > 20);
}
