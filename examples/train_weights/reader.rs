//! Labelled texts of a directory, as a judge observes them.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::Path;

use sent_audit::detect::Judge;
use sent_audit::detect::whole::Observation;
use sent_audit::message;
use sent_audit::query::QuerySet;

use super::regression::Dice;

/// A labelled text.
#[derive(Clone)]
pub(crate) struct Text {
    /// Its verdict, or `none`.
    pub(crate) class: String,
    /// ISO 639-1.
    pub(crate) language: String,
    /// Whether it is one passage of a message, no whole one.
    pub(crate) is_passage: bool,
    /// What it shows.
    pub(crate) shows: Observation,
}

/// Other lines that are put around a passage: as many as real mail may have, small numbers being more likely.
const AROUND: [usize; 10] = [0, 0, 1, 1, 2, 3, 5, 8, 13, 25];

/// Labelled messages (`*.txt`) and passages (`*.tsv`) of a directory, named `kind-language…`.
pub(crate) fn read(directory: &Path) -> Result<Vec<Text>, Box<dyn Error>> {
    let judge = Judge::new(&QuerySet::load(&["queries"])?);
    let mut files: Vec<_> = fs::read_dir(directory)?
        .map(|e| e.map(|e| e.path()))
        .collect::<Result<_, _>>()?;
    files.sort();
    let mut texts = Vec::new();
    for file in files {
        let name = file.file_stem().unwrap_or_default().to_string_lossy();
        let language: String = name.chars().skip(2).take(2).collect();
        let content = fs::read_to_string(&file)?;
        let labelled: Vec<(bool, String, String)> = match file.extension().and_then(|e| e.to_str())
        {
            Some("txt") => content
                .split("\n=====\n")
                .filter_map(message)
                .map(|(class, raw)| (false, class, raw))
                .collect(),
            Some("tsv") => content
                .lines()
                .filter_map(passage)
                .map(|(class, raw)| (true, class, raw))
                .collect(),
            _ => continue,
        };
        for (is_passage, class, raw) in labelled {
            let observed = judge.observe("client-notice", &message::parse(raw.as_bytes()));
            texts.push(Text {
                class,
                language: language.clone(),
                is_passage,
                shows: observed.ok_or("there is no query client-notice")?,
            });
        }
    }
    Ok(texts)
}

/// A labelled message: its class, and the message as it is sent.
fn message(record: &str) -> Option<(String, String)> {
    let record = record.trim_start_matches(['=', '\n']);
    let class = record.lines().find_map(|l| l.strip_prefix("Class: "))?;
    let (head, body) = record.split_once("\n\n")?;
    let ours = ["Id:", "Class:", "Contacts:", "Note:", "Date:"];
    let headers: String = head
        .lines()
        .filter(|line| !ours.iter().any(|p| line.starts_with(p)))
        .fold(String::new(), |all, line| all + line + "\r\n");
    let raw = format!("{headers}Content-Type: text/plain; charset=utf-8\r\n\r\n{body}");
    Some((class.trim().to_owned(), raw))
}

/// A labelled passage: `class TAB text`.
fn passage(line: &str) -> Option<(String, String)> {
    let (class, text) = line.split_once('\t')?;
    let raw = format!("Content-Type: text/plain; charset=utf-8\r\n\r\n{text}");
    Some((class.trim().to_owned(), raw))
}

/// The same texts, each passage among others of its language that are no notices, as in a whole message.
pub(crate) fn mixed(texts: &[Text]) -> Vec<Text> {
    let mut ordinary: BTreeMap<&str, Vec<&Text>> = BTreeMap::new();
    for text in texts.iter().filter(|t| t.is_passage && t.class == "none") {
        ordinary.entry(&text.language).or_default().push(text);
    }
    let mut dice = Dice::default();
    let mix = |text: &Text| {
        let mut mixed = text.clone();
        let others = ordinary.get(text.language.as_str());
        let Some(others) = others.filter(|_| text.is_passage) else {
            return mixed;
        };
        let around = AROUND[dice.below(AROUND.len())];
        let before = dice.below(around + 1);
        mixed.shows = Observation::default();
        for place in 0..=around {
            let part = if place == before {
                text
            } else {
                others[dice.below(others.len())]
            };
            add(&mut mixed.shows, &part.shows);
        }
        mixed
    };
    texts.iter().map(mix).collect()
}

fn add(whole: &mut Observation, part: &Observation) {
    let before = whole.sentences.len();
    whole.sentences.extend(part.sentences.iter().cloned());
    whole.signals.extend(part.signals.iter().cloned());
    for (fact, &(points, place)) in &part.points {
        let here = (points, place.map(|at| before + at));
        let most = whole.points.entry(fact.clone()).or_insert(here);
        if points > most.0 {
            *most = here;
        }
    }
}
