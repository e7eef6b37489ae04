//! The page in a real browser: its script runs under its own policy, and nothing out of a message does.
//!
//! Passes where Chromium is not installed, also for `./test`: what keeps markup out is held by the tests of `report::html`, and a browser
//! is much to install for a second look.

use std::path::Path;
use std::process::Command;

use crate::harness::Desk;

const HOSTILE: &str = "</script><script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">";

/// The page as a browser of that language shows it once its script has run, and what it wrote to the console.
fn shown(page: &Path, language: &str) -> Option<(String, String)> {
    let profile = tempfile::tempdir().unwrap();
    let output = Command::new("chromium")
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--enable-logging=stderr",
            "--dump-dom",
        ])
        .arg(format!("--accept-lang={language}"))
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .arg(format!("file://{}", page.display()))
        .output();
    let Ok(output) = output else {
        eprintln!("skipped: chromium is missing (Debian: chromium)");
        return None;
    };
    let told = String::from_utf8_lossy(&output.stderr);
    let console: Vec<_> = told
        .lines()
        .filter(|line| line.contains("CONSOLE"))
        .collect();
    Some((
        String::from_utf8(output.stdout).unwrap(),
        console.join("\n"),
    ))
}

#[test]
fn a_browser_runs_the_page_s_script_and_nothing_else() {
    let desk = Desk::new();
    let farewell = format!(
        "From: anna@acme.example\r\nTo: {HOSTILE} <marsh@client.example>\r\nDate: Mon, 10 Jun 2024 09:00:00 +0000\r\n\
         Subject: {HOSTILE}\r\nMessage-ID: <x@acme.example>\r\n\r\nDear Mr Marsh,\r\n\r\n\
         I am leaving Acme at the end of June {HOSTILE} and the 28th will be my last day.\r\n"
    );
    desk.write("mail/5.eml", &farewell);
    desk.scan("r");
    for (language, told) in [("en", "4 findings shown"), ("es", "4 hallazgos visibles")] {
        let Some((page, console)) = shown(&desk.path("r/report.html"), language) else {
            return;
        };
        assert!(
            page.contains(told),
            "{language}: the script has not run: {console}"
        );
        assert!(page.contains("owned"), "the message is shown");
        assert!(page.contains("<title>sent-audit "), "the title is ours");
        assert!(
            !page.contains("<img"),
            "markup of a message became an element"
        );
        assert_eq!(page.matches("<script").count(), 2);
        assert_eq!(console, "", "{language}");
    }
}
