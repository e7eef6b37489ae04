//! `report.html`: the report as one page that needs nothing else, for readers. The same bytes for the same report.
//!
//! Every text goes through the template's escaping; the page's policy lets no script run but its own, known by its digest
//! (Content Security Policy Level 3, 2.3), and nothing be fetched. English stands in the markup; the script puts Spanish into its
//! place for readers who prefer it.

mod card;
mod ladder;
mod plot;
mod words;

use askama::Template;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use self::card::Card;
use self::ladder::Ladders;
use self::plot::{Person, Scale, share};
use self::words::{Piece, SPANISH};
use super::cell::Cell;
use super::clients::Told;
use super::directory::{Directory, FileRecord};
use super::overview::{Overview, Sent};
use super::view::{Seen, View};
use super::{Dialect, ReportError, ReportSettings, Summary};
use crate::finding::{Exception, Verdict};
use crate::store::{CoverageStatus, RunRecord};

/// The file's name in the directory.
const NAME: &str = "report.html";
const STYLE: &str = include_str!("html/page.css");
const SCRIPT: &str = include_str!("html/page.js");
/// Rows of a list; the tables have all.
const ROWS: usize = 25;
/// Findings that the page shows at a time, where scripts run; the rest waits in its markup.
const STEP: usize = 50;
/// The widest bar, in pixels.
const BAR: u64 = 240;

#[derive(Template)]
#[template(path = "page.html")]
struct Page<'a> {
    policy: String,
    style: &'static str,
    script: &'static str,
    spanish: String,
    run: &'a RunRecord,
    matter: &'a str,
    finished: String,
    window: Vec<Piece>,
    is_incomplete: bool,
    figures: Vec<(&'static str, u64)>,
    verdicts: &'a [Verdict],
    people: Vec<Person<'a>>,
    scale: Scale,
    has_days: bool,
    campaigns: Listed<Campaign<'a>>,
    alone: Listed<Alone>,
    mailboxes: Vec<(&'static str, u64)>,
    messages: Vec<(&'static str, u64)>,
    missing: Listed<Missing>,
    cards: &'a [Seen<'a>],
    meanings: Vec<(Verdict, &'static str)>,
    ladders: Ladders<'a>,
}

/// The first of many, and how many more there are.
struct Listed<T> {
    shown: Vec<T>,
    more: usize,
}

/// A text that went out more than once.
struct Campaign<'a> {
    custodian: &'a str,
    first_sent_at: String,
    worst: Verdict,
    messages: usize,
    clients: usize,
    width: u64,
}

/// A client who was told, and left with nobody to turn to.
struct Alone {
    address: String,
    name: String,
    custodian: String,
    worst: String,
    follow_up: String,
}

/// What could not be judged.
struct Missing {
    custodian: String,
    mailbox: String,
    count: u64,
    stage: &'static str,
    detail: String,
    what_to_do: String,
}

/// Writes the page.
pub(super) fn write(
    directory: &Directory,
    run: &RunRecord,
    view: &View<'_>,
    told: &[Told<'_>],
    overview: &Overview<'_>,
    settings: &ReportSettings,
    summary: &Summary,
) -> Result<FileRecord, ReportError> {
    let page = Page::new(run, view, told, overview, settings, summary);
    directory.write(NAME, |out| {
        page.write_into(out)?;
        Ok(None)
    })
}

impl<'a> Page<'a> {
    fn new(
        run: &'a RunRecord,
        view: &'a View<'a>,
        told: &'a [Told<'a>],
        overview: &'a Overview<'a>,
        settings: &'a ReportSettings,
        summary: &Summary,
    ) -> Self {
        let scale = Scale::of(overview);
        Self {
            policy: policy(),
            style: STYLE,
            script: SCRIPT,
            // In a script element `<` alone could end it (HTML, 4.12.1.3).
            spanish: SPANISH.replace('<', "\\u003c"),
            run,
            matter: &settings.matter,
            finished: run
                .finished
                .map_or_else(String::new, |at| format!("{at:.0}")),
            window: words::window(&run.window),
            is_incomplete: summary.incomplete || run.interrupted,
            figures: figures(overview, summary),
            verdicts: &overview.verdicts,
            people: plot::people(overview, &scale),
            has_days: overview.people.iter().any(|person| !person.days.is_empty()),
            scale,
            campaigns: campaigns(&overview.campaigns),
            alone: alone(told, settings.redact),
            mailboxes: overview
                .mailboxes
                .iter()
                .map(|&(status, count)| (mailboxes(status), count))
                .collect(),
            messages: vec![
                ("messages in the window", summary.in_window),
                ("messages judged in this run", summary.judged),
                ("messages judged before", summary.judged_before),
                ("messages could not be judged", summary.exceptions),
            ],
            missing: Listed::of(overview.missing.iter(), |row| Missing::of(row)),
            cards: &view.findings,
            meanings: overview
                .verdicts
                .iter()
                .map(|v| (*v, v.meaning()))
                .collect(),
            ladders: Ladders::of(view),
        }
    }
}

impl<T> Listed<T> {
    fn of<I: ExactSizeIterator>(all: I, show: impl Fn(I::Item) -> T) -> Self {
        let more = all.len().saturating_sub(ROWS);
        Self {
            shown: all.take(ROWS).map(show).collect(),
            more,
        }
    }

    fn is_empty(&self) -> bool {
        self.shown.is_empty()
    }
}

impl Missing {
    fn of(row: &Exception) -> Self {
        let text = |text: &str| Cell::foreign(text).written(Dialect::Plain);
        Self {
            custodian: text(&row.mailbox.custodian),
            mailbox: text(&row.mailbox.mailbox),
            count: row.count,
            stage: row.stage.as_str(),
            detail: text(&row.detail),
            what_to_do: text(&row.what_to_do),
        }
    }
}

/// Nothing is fetched, nothing is sent, and no script or style counts but the page's own two.
fn policy() -> String {
    let digest = |text: &str| STANDARD.encode(Sha256::digest(text));
    format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; form-action 'none'",
        digest(STYLE),
        digest(SCRIPT)
    )
}

fn figures(overview: &Overview<'_>, summary: &Summary) -> Vec<(&'static str, u64)> {
    vec![
        (
            "findings",
            summary.findings.iter().map(|(_, count)| count).sum(),
        ),
        ("custodians looked at", overview.custodians as u64),
        ("custodians with findings", overview.people.len() as u64),
        ("clients told", summary.clients),
        (
            "clients without anyone to turn to",
            summary.clients_without_successor,
        ),
    ]
}

/// Mailboxes of that status.
fn mailboxes(status: CoverageStatus) -> &'static str {
    match status {
        CoverageStatus::Complete => "mailboxes: complete",
        CoverageStatus::Unchanged => "mailboxes: unchanged",
        CoverageStatus::Partial => "mailboxes: partial",
        CoverageStatus::Failed => "mailboxes: failed",
        CoverageStatus::NotReached => "mailboxes: not-reached",
    }
}

fn campaigns<'a>(all: &[Sent<'a>]) -> Listed<Campaign<'a>> {
    let widest = all.iter().map(|sent| sent.clients).max().unwrap_or(0) as u64;
    Listed::of(all.iter(), |sent| Campaign {
        custodian: sent.custodian,
        first_sent_at: sent
            .first_sent_at
            .map_or_else(String::new, |at| format!("{at:.0}")),
        worst: sent.worst,
        messages: sent.messages,
        clients: sent.clients,
        width: share(sent.clients as u64, widest, BAR),
    })
}

fn alone(told: &[Told<'_>], redact: bool) -> Listed<Alone> {
    let left: Vec<_> = told.iter().filter(|told| told.is_alone()).collect();
    Listed::of(left.into_iter(), |told| {
        let row = told.row(redact);
        let text = |column| super::table::cell(super::clients::CLIENTS, &row, column);
        Alone {
            address: text("client"),
            name: text("client_name"),
            custodian: text("custodian"),
            worst: text("worst_verdict"),
            follow_up: text("follow_up"),
        }
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use regex::Regex;

    use super::*;
    use crate::finding::{ContactKind, Field, Owner, Place, Stage, SuccessorReach};
    use crate::report::sample::{self, sample};
    use crate::report::{Client, ClientStatus, Format};
    use crate::store::Rung;

    const HOSTILE: &str =
        "</script><script>alert(1)</script><img src=x onerror=alert(2)>\"'--><!-- ]]>{{ run.id }}";

    fn page(edit: impl FnOnce(&mut sample::Sample)) -> String {
        let mut sample = sample();
        sample.settings.formats = vec![Format::Html];
        edit(&mut sample);
        sample.written().text(NAME)
    }

    /// Everything that a stranger may write, full of markup.
    fn hostile(sample: &mut sample::Sample) {
        sample.settings.matter = HOSTILE.to_owned();
        sample.settings.roster[0].name = Some(HOSTILE.to_owned());
        sample.settings.clients = Some(vec![Client {
            address_or_domain: "client.example".to_owned(),
            name: HOSTILE.to_owned(),
            status: ClientStatus::Client,
        }]);
        sample.run.window = HOSTILE.to_owned();
        sample.add("f-1", "2024-06-12T08:00:00Z", |finding| {
            finding.subject = HOSTILE.to_owned();
            finding.message_id = HOSTILE.to_owned();
            finding.recipients = vec![sample::recipient(
                "\"><script>x</script> <\"<b>\"@client.example>",
            )];
            finding.conclusion.notice = HOSTILE.to_owned();
            finding.conclusion.excerpt = format!("a{HOSTILE}b");
            finding.conclusion.reason = HOSTILE.to_owned();
            finding.conclusion.language = "en\" onclick=\"alert(3)".to_owned();
            sample::contact(finding, HOSTILE, Owner::Custodian);
        });
        ladder(sample, &format!("says {HOSTILE}"));
    }

    /// The ladder of the sample's query; its findings stand on the third rung.
    fn ladder(sample: &mut sample::Sample, says: &str) {
        let ladder = [
            (
                Verdict::Solicitation,
                "a notice that gives personal contact data",
            ),
            (Verdict::PersonalContact, says),
            (Verdict::Handover, "because"),
            (Verdict::OpenNotice, "of nothing else"),
        ];
        let ladder = ladder.map(|(verdict, says)| Rung {
            verdict,
            says: says.to_owned(),
        });
        let store = &mut sample.store;
        store.keep_ladder("notice@1+00000000", &ladder).unwrap();
        store.keep_ladder("other@1+00000000", &ladder).unwrap();
    }

    #[test]
    fn a_query_s_rungs_are_told_once_and_each_card_knows_its_own() {
        let told = |edit: &dyn Fn(&mut sample::Sample)| {
            page(|sample| {
                for n in 0..60 {
                    sample.add(&format!("f-{n}"), "2024-06-12T08:00:00Z", |_| {});
                }
                edit(sample);
            })
        };
        let climbed = told(&|sample| ladder(sample, "of the data"));
        assert_eq!(climbed.matches("<ol class=\"rungs\"").count(), 1);
        assert_eq!(climbed.matches("of the data").count(), 1);
        assert!(
            climbed.contains("<h3>notice@1+00000000</h3>\n<ol class=\"rungs\" id=\"ladder-0\">")
        );
        let third =
            "data-ladder=\"0\" data-rung=\"3\"><summary data-t=\"Ladder: rung #\" data-n=\"3/4\">";
        assert_eq!(climbed.matches(third).count(), 60);
        for without in [
            told(&|_| {}),
            // What the reason tells is not to be read in the ladder.
            told(&|sample| {
                ladder(sample, "of the data");
                sample.settings.redact = true;
            }),
        ] {
            let markup = without.replace(SCRIPT, "").replace(STYLE, "");
            assert!(!markup.contains("class=\"ladder\"") && !markup.contains("<ol"));
            assert!(!markup.contains("of the data"));
        }
    }

    #[test]
    fn what_strangers_write_stays_text() {
        let page = page(hostile);
        // The page's own elements, and no more.
        assert_eq!(page.matches("<script").count(), 2);
        assert_eq!(page.matches("</script").count(), 2);
        for markup in ["<img", "<b>\"", "<!-- ", "-->", "\" onclick"] {
            assert!(!page.contains(markup), "{markup}");
        }
        assert!(page.contains("{{ run.id }}"), "told as it was written");
    }

    #[test]
    fn the_policy_lets_only_the_page_s_own_script_and_style_count() {
        let page = page(|_| {});
        let digest = |text: &str| STANDARD.encode(Sha256::digest(text));
        let between = |start: &str, end: &str| {
            let (_, rest) = page.split_once(start).unwrap();
            rest.split_once(end).unwrap().0.to_owned()
        };
        let policy = between("content=\"", "\"")
            .replace("&#39;", "'")
            .replace("&#x27;", "'");
        assert!(policy.starts_with("default-src 'none'; "), "{policy}");
        let style = format!("'sha256-{}'", digest(&between("<style>", "</style>")));
        let script = format!("'sha256-{}'", digest(&between("<script>", "</script>")));
        assert!(
            policy.contains(&style) && policy.contains(&script),
            "{policy}"
        );
        assert!(!policy.contains("unsafe"));
        for forbidden in [" style=\"", " onclick", " onload", "http:", "https:"] {
            let markup = page.replace(SCRIPT, "").replace(SPANISH, "");
            assert!(!markup.contains(forbidden), "{forbidden}");
        }
    }

    #[test]
    fn every_text_is_there_in_spanish() {
        let spanish: BTreeMap<String, String> = serde_json::from_str(SPANISH).unwrap();
        let whole = page(hostile) + &page(|_| {});
        let marked = Regex::new(r#"data-t(?:="([^"]+)")?(?: data-n="[^"]*")?>([^<]*)<"#).unwrap();
        let mut texts: Vec<String> = marked
            .captures_iter(&whole)
            .map(|found| found.get(1).or(found.get(2)).unwrap().as_str())
            .flat_map(|text| text.split(" · "))
            .map(|text| text.replace("&#39;", "'"))
            .collect();
        for source in [
            include_str!("html/page.html"),
            include_str!("html/card.html"),
        ] {
            let fixed = marked
                .captures_iter(source)
                .map(|found| found.get(1).or(found.get(2)).unwrap().as_str());
            texts.extend(fixed.filter(|text| !text.contains("{{")).map(str::to_owned));
        }
        texts.extend(
            Verdict::ALL
                .iter()
                .flat_map(|v| [v.as_str(), v.meaning()])
                .map(str::to_owned),
        );
        let closed = [
            Stage::ALL.iter().map(|w| w.as_str()).collect::<Vec<_>>(),
            ContactKind::ALL.iter().map(|w| w.as_str()).collect(),
            Owner::ALL.iter().map(|w| w.as_str()).collect(),
            Place::ALL.iter().map(|w| w.as_str()).collect(),
            Field::ALL.iter().map(|w| w.as_str()).collect(),
            SuccessorReach::ALL.iter().map(|w| w.as_str()).collect(),
            vec!["new", "same", "recheck", "gone"],
            vec!["open", "confirmed", "cleared", "escalated"],
            vec!["custodian", "colleague", "client", "personal", "privileged"],
            vec!["protected", "external", "unknown", "prospect", "former"],
            vec!["unlisted"],
        ];
        texts.extend(closed.concat().into_iter().map(str::to_owned));
        let statuses = [
            CoverageStatus::Complete,
            CoverageStatus::Unchanged,
            CoverageStatus::Partial,
            CoverageStatus::Failed,
            CoverageStatus::NotReached,
        ];
        texts.extend(statuses.map(|status| mailboxes(status).to_owned()));
        let quoted = Regex::new(r#"(?:translated|state)\("([^"]+)""#).unwrap();
        texts.extend(
            quoted
                .captures_iter(SCRIPT)
                .map(|found| found[1].to_owned()),
        );
        assert!(texts.len() > 80, "{}", texts.len());
        let lacking: Vec<_> = texts
            .iter()
            .filter(|text| !spanish.contains_key(*text))
            .collect();
        assert!(lacking.is_empty(), "{lacking:?}");
    }

    #[test]
    fn long_lists_say_how_many_more_there_are() {
        let page = page(|sample| {
            sample.add("f-1", "2024-06-12T08:00:00Z", |finding| {
                finding.recipients = (0..150)
                    .map(|n| sample::recipient(&format!("c{n}@client.example")))
                    .collect();
            });
        });
        assert!(
            page.contains("and 130 more: see recipients.csv"),
            "a card lists twenty"
        );
        assert!(
            page.contains("and 125 more: see clients.csv"),
            "a list has 25 rows"
        );
    }

    #[test]
    fn a_page_without_findings_says_what_that_means() {
        assert!(page(|_| {}).contains("That is no proof that nothing was sent"));
    }
}
