//! What the README tells people to type is there.

use std::fs;
use std::path::Path;
use std::process::Command;

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
        .filter_map(|line| line.split("sent-audit ").nth(1))
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

#[test]
fn commands_of_the_readme_exist() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = fs::read_to_string(path).unwrap();
    let mut commands = 0;
    for words in invocations(&readme) {
        let Some(command) = words
            .first()
            .filter(|word| word.chars().all(|c| c.is_ascii_lowercase()))
        else {
            continue;
        };
        let help = help(&[command]).unwrap_or_else(|| panic!("no command `{command}`: {words:?}"));
        for option in words.iter().filter(|word| word.starts_with("--")) {
            let name = option.split('=').next().unwrap();
            assert!(help.contains(name), "`sent-audit {command}` has no {name}");
        }
        commands += 1;
    }
    assert!(commands >= 4, "the README shows how to use the program");
}
