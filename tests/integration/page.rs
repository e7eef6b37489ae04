//! The page in a real browser: its script runs under its own policy, and nothing out of a message does.
//!
//! Passes where Chromium is not installed, also for `./test`: what keeps markup out is held by the tests of `report::html`, and a browser
//! is much to install for a second look.

use std::path::Path;
use std::process::Command;

use crate::harness::{Desk, farewell};

const HOSTILE: &str = "</noscript></script><script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">";

/// The page (with the finding that the address names) as a browser of that language shows it once its script has run, and what it
/// wrote to the console.
fn shown(page: &Path, named: &str, language: &str) -> Option<(String, String)> {
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
        .arg(format!("file://{}{named}", page.display()))
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
        let Some((page, console)) = shown(&desk.path("r/report.html"), "", language) else {
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

#[test]
fn a_browser_shows_some_of_many_findings_and_each_that_is_asked_for() {
    let desk = Desk::new();
    for number in 10..70 {
        desk.write(&format!("mail/{number}.eml"), &farewell("anna", number));
    }
    // The last in order: far behind what is shown at first.
    let hostile = farewell("bert", 80).replace("Goodbye", &format!("Goodbye {HOSTILE}"));
    desk.write("mail/80.eml", &hostile.replace("10 Jun", "11 Jun"));
    desk.scan("r");
    let page = desk.path("r/report.html");
    let Some((first, console)) = shown(&page, "", "en") else {
        return;
    };
    let cards = |page: &str| page.matches("<article class=\"finding\"").count();
    assert_eq!(console, "");
    assert!(first.contains("50 findings shown, of 64"), "{first}");
    assert_eq!(cards(&first), 50);
    assert!(!first.contains("owned"), "it is not among the first");

    let rows = desk.rows("r/findings.csv");
    let named = format!("#{}", rows.last().unwrap()["finding_id"]);
    let (all, console) = shown(&page, &named, "en").unwrap();
    assert_eq!(console, "");
    assert_eq!(cards(&all), 64);
    assert!(all.contains("owned") && all.contains("<title>sent-audit "));
    assert!(
        !all.contains("<img"),
        "markup of a message became an element"
    );

    let markup = std::fs::read_to_string(&page).unwrap();
    assert_eq!(
        cards(&markup),
        64,
        "whoever lets no script run sees them all"
    );
}

#[test]
fn a_browser_in_spanish_shows_the_program_s_words_in_spanish() {
    let desk = Desk::new();
    let handover = farewell("bert", 5).replace(
        "My private\r\ne-mail address is anna.privately@homepost.example and my mobile is +44 7700 900461.",
        "My colleague\r\nJane Poole will look after you.",
    );
    desk.write("mail/5.eml", &handover);
    desk.scan("r");
    let Some((page, _)) = shown(&desk.path("r/report.html"), "", "es") else {
        return;
    };
    let reasons: Vec<_> = page
        .split("<p class=\"reason\">")
        .skip(1)
        .filter_map(|rest| rest.split("</p>").next())
        .map(without_tags)
        .collect();
    assert_eq!(reasons.len(), 4);
    for reason in &reasons {
        assert!(reason.starts_with("un aviso que"), "{reason}");
        // The mail's own words stay as they are.
        let (before, quoted) = reason.split_once(" (palabras: ").unwrap_or((reason, ")"));
        let after = quoted.split_once(')').map_or("", |(_, after)| after);
        let told = format!("{before}{after}");
        for english in [
            "notice",
            " the ",
            "says",
            "speaks",
            "personal contact",
            "by name",
        ] {
            assert!(!told.contains(english), "{english}: {reason}");
        }
    }
    assert!(
        reasons
            .iter()
            .any(|r| r.ends_with("sucesor Jane Poole, solo el nombre")),
        "{reasons:?}"
    );
}

#[test]
fn a_browser_shows_on_each_finding_the_rungs_of_its_ladder() {
    let desk = Desk::new();
    desk.scan("r");
    // What the rungs are the store knows, without configuration and query files.
    std::fs::remove_file(desk.path("audit.toml")).unwrap();
    desk.does(&["report", "--store", "audit.db", "--out", "again"], 0);
    let ladders = |page: &str| -> Vec<String> {
        let cards = page.split("<article class=\"finding\"").skip(1);
        cards
            .map(|card| {
                let (_, ladder) = card.split_once("<details class=\"ladder\"").unwrap();
                let (ladder, _) = ladder.split_once("</details>").unwrap();
                without_tags(&ladder.replace("</li>", "|"))
            })
            .collect()
    };
    for (language, told) in [
        (
            "en",
            [
                "Ladder: rung 2/4",
                "does not hold solicitation a notice that invites to go on doing business with the custodian|",
                "|holds personal-contact a notice that gives personal contact data|",
                "|not asked handover a notice that names a successor and gives no personal contact data|",
                "|not asked open-notice a notice with neither personal contact data nor a successor|",
            ],
        ),
        (
            "es",
            [
                "Escalera: peldaño 2/4",
                "no se cumple captación un aviso que",
                "|se cumple contacto personal un aviso que",
                "|no se comprueba traspaso un aviso que",
                "|no se comprueba aviso abierto un aviso",
            ],
        ),
    ] {
        let Some((page, console)) = shown(&desk.path("again/report.html"), "", language) else {
            return;
        };
        assert_eq!(console, "", "{language}");
        let ladders = ladders(&page);
        assert_eq!(ladders.len(), 3);
        for (ladder, part) in ladders
            .iter()
            .flat_map(|l| told.iter().map(move |t| (l, t)))
        {
            assert!(ladder.contains(part), "{part}: {ladder}");
        }
    }
}

fn without_tags(markup: &str) -> String {
    let texts = markup
        .split('<')
        .map(|piece| piece.split_once('>').map_or(piece, |(_, text)| text));
    texts.collect()
}
