//! `sent-audit explain`: one message as the program read it, and why it is judged so, for a terminal or a pager.

mod layout;

use std::fmt::Write as _;
use std::io::IsTerminal;

use super::arguments::Explain;
use super::run::{documents, questions};
use super::status::{Failure, Status};
use super::terminal::{say, terminal_safe};
use crate::audit::{self, Conduct, ExplainOptions, Explained, ScanOptions};
use crate::config::Settings;
use crate::detect::explain::{FactExplanation, QueryExplanation, Rung, SentenceExplanation};
use crate::detect::owner::Reason;
use crate::finding::{Contact, Place, SuccessorReach};
use crate::message::Address;
use layout::{Paint, Style};

/// Explains.
pub(super) fn explain(typed: &Explain) -> Result<Status, Failure> {
    let settings = typed.config.as_deref().map(Settings::load).transpose()?;
    let options = ExplainOptions {
        scan: ScanOptions {
            paths: vec![typed.file.clone()],
            org_domains: typed.org_domain.clone(),
            owners: typed.owner.clone(),
            region: typed.region.clone(),
            questions: questions(&typed.questions),
            conduct: Conduct {
                documents: documents()?,
                ..Conduct::default()
            },
            ..ScanOptions::default()
        },
        custodian: typed.custodian.clone(),
    };
    let explained = audit::explain(settings.as_ref(), &options)?;
    let colours = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    say(&told(&explained, Paint { colours }))?;
    Ok(Status::Done)
}

fn told(explained: &Explained, paint: Paint) -> String {
    let mut text = String::new();
    heads(&mut text, explained, paint);
    layout::bodies(&mut text, explained, paint);
    layout::parts(&mut text, explained, paint);
    for query in &explained.explanation.queries {
        of_query(&mut text, query, paint);
    }
    text
}

/// Foreign words, harmless on a terminal.
fn safe(words: &str) -> String {
    let one_line = words.split_whitespace().collect::<Vec<_>>().join(" ");
    terminal_safe(&one_line).into_owned()
}

fn line(text: &mut String, words: &str) {
    writeln!(text, "{words}").expect("a string takes all");
}

fn heads(text: &mut String, explained: &Explained, paint: Paint) {
    let message = &explained.message;
    let mut head = |name: &str, value: &str| {
        if !value.is_empty() {
            line(
                text,
                &format!(
                    "{}{}",
                    paint.styled(&format!("{name:<13}"), Style::Name),
                    safe(value)
                ),
            );
        }
    };
    head("From", &addresses(&message.from));
    head(
        "Sender",
        &message.sender.iter().map(address).collect::<String>(),
    );
    head("Reply-To", &addresses(&message.reply_to));
    head("To", &addresses(&message.to));
    head("Cc", &addresses(&message.cc));
    head("Bcc", &addresses(&message.bcc));
    head(
        "Date",
        &message.sent.map_or_else(String::new, |at| at.to_string()),
    );
    let subject = if explained.explanation.subject_is_read || message.subject.is_empty() {
        message.subject.clone()
    } else {
        format!(
            "{} (not read: an answer's subject is somebody else's)",
            message.subject
        )
    };
    head("Subject", &subject);
    if message.automatic {
        head("Kind", "a generated message, such as an automatic reply");
    }
    let custodian = &explained.custodian;
    let name = custodian.name.as_deref().unwrap_or_default();
    head("Custodian", &format!("{} {name}", custodian.id));
    let organisation = &explained.organisation;
    let domains = if organisation.domains.is_empty() {
        "unknown: everybody counts as an outsider; name it with --org-domain".to_owned()
    } else {
        organisation.domains.join(", ")
    };
    head("Organisation", &domains);
}

fn addresses(addresses: &[Address]) -> String {
    addresses.iter().map(address).collect::<Vec<_>>().join(", ")
}

fn address(address: &Address) -> String {
    if address.name.is_empty() {
        address.address.clone()
    } else {
        format!("{} <{}>", address.name, address.address)
    }
}

fn of_query(text: &mut String, query: &QueryExplanation, paint: Paint) {
    text.push('\n');
    let title = format!("{}  {}", safe(&query.query), safe(&query.title));
    line(text, &paint.styled(&title, Style::Heading));
    if let Some(why) = query.left_out {
        return line(text, &format!("  This query does not look at it: {why}."));
    }
    match &query.conclusion {
        None => line(text, "  No rung of the ladder holds: no finding."),
        Some(conclusion) => {
            let verdict = paint.styled(conclusion.verdict.as_str(), Style::Verdict);
            let language = if conclusion.language.is_empty() {
                "unknown"
            } else {
                &conclusion.language
            };
            line(
                text,
                &format!(
                    "  {verdict}, confidence {} of 100, language {language}, author {}",
                    conclusion.confidence, conclusion.author
                ),
            );
            line(text, &format!("  {}", safe(&conclusion.reason)));
        }
    }
    if let Some(id) = &query.yields_to {
        line(
            text,
            &format!("  Not reported: the finding of {} says more.", safe(id)),
        );
    }
    ladder(text, &query.rungs, paint);
    section(text, "Facts", &query.facts, paint, fact);
    section(text, "Contact data", &query.contacts, paint, contact);
    if let Some((name, reach)) = &query.successor {
        line(
            text,
            &format!("\n  {}", paint.styled("Successor", Style::Name)),
        );
        let reach = match reach {
            SuccessorReach::Data => "with the organisation's contact data",
            SuccessorReach::Copied => "copied",
            SuccessorReach::NameOnly => "by name only",
        };
        line(text, &format!("    {}, {reach}", safe(name)));
    }
    section(text, "Phrases", &query.sentences, paint, sentence);
}

fn section<T>(
    text: &mut String,
    title: &str,
    rows: &[T],
    paint: Paint,
    tell: impl Fn(&mut String, &T, Paint),
) {
    if !rows.is_empty() {
        line(text, &format!("\n  {}", paint.styled(title, Style::Name)));
    }
    for row in rows {
        tell(text, row, paint);
    }
}

fn ladder(text: &mut String, rungs: &[Rung], paint: Paint) {
    line(
        text,
        &format!("\n  {}", paint.styled("Ladder", Style::Name)),
    );
    for rung in rungs {
        let (how, style) = match rung.holds {
            Some(true) => ("HOLDS", Style::Verdict),
            Some(false) => ("no", Style::Plain),
            None => ("not asked: a higher rung holds", Style::Plain),
        };
        let how = paint.styled(how, style);
        line(text, &format!("    {:<17} {how}", rung.verdict.as_str()));
        for term in &rung.terms {
            // A rung of which one thing is enough, and a thing that must not be there.
            let (asks, well) = match term.list {
                "any" => ("one of: ", term.holds),
                "none" => ("without: ", !term.holds),
                _ => ("", term.holds),
            };
            let mark = if well { "+" } else { "-" };
            let there = if term.holds {
                "is there"
            } else {
                "is not there"
            };
            line(
                text,
                &format!("      {mark} {asks}{} {there}", safe(&term.term)),
            );
        }
    }
}

fn fact(text: &mut String, fact: &FactExplanation, paint: Paint) {
    let holds = if fact.points >= fact.bar {
        "holds"
    } else {
        "does not hold"
    };
    let name = paint.styled(&safe(&fact.name), Style::Strong);
    line(
        text,
        &format!(
            "    {name}: {} points of the {} that it needs: {holds}",
            fact.points, fact.bar
        ),
    );
    line(text, &format!("      in \"{}\"", safe(&fact.sentence)));
    for (frame, says, points) in &fact.frames {
        line(
            text,
            &format!("      {points:>+4}  {}: {}", safe(frame), safe(says)),
        );
    }
    if fact.model != 0 {
        let words = if fact.words.is_empty() {
            String::new()
        } else {
            format!(" (strongest for it: {})", safe(&fact.words.join(", ")))
        };
        line(text, &format!("      {:>+4}  the model{words}", fact.model));
    }
}

fn contact(text: &mut String, (contact, why): &(Contact, Vec<Reason>), paint: Paint) {
    let value = paint.styled(&safe(&contact.value), Style::Strong);
    let part = match contact.place {
        Place::Header => format!(" {}", safe(&contact.part)),
        Place::Attachment => format!(", part {}", safe(&contact.part)),
        _ => String::new(),
    };
    line(
        text,
        &format!(
            "    {value} ({}): {}, sure to {} of 100; in the {}{part}",
            contact.kind, contact.owner, contact.confidence, contact.place
        ),
    );
    for reason in why {
        let points = reason
            .points
            .map_or_else(|| "   =".to_owned(), |points| format!("{points:>+4}"));
        line(text, &format!("      {points}  {}", reason.rule));
    }
}

fn sentence(text: &mut String, sentence: &SentenceExplanation, paint: Paint) {
    line(
        text,
        &format!("    {}: \"{}\"", sentence.place, safe(&sentence.written)),
    );
    for phrase in &sentence.phrases {
        let language = if phrase.language.is_empty() {
            "any"
        } else {
            &phrase.language
        };
        let signal = paint.styled(&safe(&phrase.signal), Style::Strong);
        line(
            text,
            &format!(
                "      {signal} [{language}] \"{}\" by: {}",
                safe(&phrase.written),
                safe(&phrase.phrase)
            ),
        );
    }
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use super::*;

    const HOSTILE: &str = "From: Ana Prueba <ana@acme.example>\r\nTo: Mia \x1b]0;x\x07 <m@customer.example>\r\n\
        Subject: Moving on\r\nDate: Mon, 3 Jun 2024 10:00:00 +0000\r\n\r\n\
        Dear Mia,\r\n\r\nFriday is my last day with the company.\x1b[2J My own mobile is +44 7700 900123.\r\n\r\n\
        -- \r\nAna Prueba, Acme\r\n\r\n\
        On Friday, Mia wrote:\r\n> Shall we meet?\r\n";

    static EXPLAINED: LazyLock<Explained> = LazyLock::new(|| explained(HOSTILE));

    fn explained(octets: &str) -> Explained {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("m.eml");
        std::fs::write(&path, octets).unwrap();
        let options = ExplainOptions {
            scan: ScanOptions {
                paths: vec![path],
                ..ScanOptions::default()
            },
            custodian: None,
        };
        let mut explained = audit::explain(None, &options).unwrap();
        // Others' phrases change with every release; one sentence's show how they are told.
        for query in &mut explained.explanation.queries {
            query.query = query.query.split('@').next().unwrap().to_owned();
            query.sentences.retain(|s| s.written.contains("last day"));
            for sentence in &mut query.sentences {
                sentence.phrases.retain(|p| p.signal == "departure");
                sentence.phrases.truncate(1);
            }
            for fact in &mut query.facts {
                (fact.points, fact.model, fact.words) = (fact.points - fact.model, 0, Vec::new());
            }
        }
        explained
            .explanation
            .queries
            .retain(|q| q.query == "client-notice");
        explained
    }

    #[test]
    fn a_message_is_told() {
        insta::assert_snapshot!(told(&EXPLAINED, Paint { colours: false }));
    }

    #[test]
    fn nothing_drives_the_terminal_but_our_own_colours() {
        let plain = told(&EXPLAINED, Paint { colours: false });
        assert!(
            !plain.contains(|c: char| c.is_control() && c != '\n'),
            "{plain:?}"
        );
        let colours = told(&EXPLAINED, Paint { colours: true });
        let mut rest = colours.as_str();
        while let Some((_, after)) = rest.split_once('\x1b') {
            let (code, after) = after.split_once('m').unwrap();
            assert!(code.starts_with('[') && code.len() <= 5, "{code:?}");
            rest = after;
        }
    }
}
