//! Trains the weights of the client notice's model on the project's own labelled messages and sentences.
//!
//! ```text
//! cargo run --release --example train_weights -- tests/judgement/train queries/client-notice/weights.tsv
//! ```
//!
//! Logistic regression over the terms of single sentences, by stochastic gradient descent with L2 decay, in a fixed order. Only
//! messages are labelled, not their sentences: of a message that is a notice, the sentence that the model holds for the
//! likeliest counts as positive, and is chosen again in every round (multiple-instance learning, Andrews et al. 2003).

#![expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a tool for developers: it counts what fits in memory, and its indexes are its own"
)]

use std::collections::{BTreeMap, HashMap};
use std::error::Error;
use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

use sent_audit::message::{self, Zone};
use sent_audit::query::fold::Folded;
use sent_audit::query::model::{Model, USUAL_LENGTH, length, terms};

/// A fact with the classes that prove and disprove it; single sentences have classes of their own.
struct Head {
    name: &'static str,
    positive: &'static [&'static str],
    negative: &'static [&'static str],
}

const HEADS: [Head; 3] = [
    Head {
        name: "notice",
        positive: &[
            "solicitation",
            "personal-contact",
            "open-notice",
            "handover",
            "sentence open-notice",
        ],
        negative: &["none", "sentence none"],
    },
    Head {
        name: "solicits",
        positive: &["solicitation", "sentence solicitation"],
        negative: &[
            "personal-contact",
            "open-notice",
            "handover",
            "sentence open-notice",
            "sentence handover",
        ],
    },
    Head {
        name: "successor",
        positive: &["handover", "sentence handover"],
        negative: &[
            "open-notice",
            "sentence open-notice",
            "sentence solicitation",
        ],
    },
];
const ROUNDS: usize = 6;
const EPOCHS: usize = 12;
const RATE: f64 = 0.12;
/// Of every weight, in each step that touches it.
const DECAY: f64 = 2e-3;
/// Keeps steps small where many terms move at once.
const NORM: f64 = 10.0;
/// A term counts if it stands in so many sentences.
const LEAST_SENTENCES: usize = 3;
/// Weights below this, in hundredths, are left out of the file.
const LEAST_WEIGHT: i32 = 12;

/// Sentences of one message, or one sentence of its own, with its class.
struct Bag {
    class: String,
    sentences: Vec<Sentence>,
}

/// The known terms of a sentence, and the factor by which their weights count.
#[derive(Clone, Default)]
struct Sentence {
    terms: Vec<u32>,
    scale: f64,
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let (Some(input), Some(output)) = (arguments.next(), arguments.next()) else {
        return Err("usage: train_weights DIRECTORY WEIGHTS.TSV".into());
    };
    let texts = read(Path::new(&input))?;
    let (vocabulary, bags) = index(&texts);
    let mut file = String::from(
        "# head\tterm\tweight in hundredths of a logit; written by examples/train_weights.rs\n",
    );
    for head in &HEADS {
        let weights = train(&bags, vocabulary.len(), head);
        write_head(&mut file, head.name, &vocabulary, &weights)?;
    }
    fs::write(output, &file)?;
    if let Some(held_out) = arguments.next() {
        evaluate(&Model::parse(&file)?, &read(Path::new(&held_out))?);
    }
    Ok(())
}

/// Prints, for each head and several bars, precision and recall over whole messages.
fn evaluate(model: &Model, texts: &[Labelled]) {
    for (number, head) in HEADS.iter().enumerate() {
        for bar in [-100, 0, 100, 200, 300, 400] {
            let (mut hits, mut misses, mut alarms) = (0, 0, 0);
            for (class, sentences) in texts {
                let best = sentences.iter().map(|s| model.score(s)[number].logit).max();
                let said = best.is_some_and(|b| b >= bar);
                match (
                    head.positive.contains(&class.as_str()),
                    head.negative.contains(&class.as_str()),
                ) {
                    (true, _) if said => hits += 1,
                    (true, _) => misses += 1,
                    (_, true) if said => alarms += 1,
                    _ => {}
                }
            }
            let ratio = |a: i32, b: i32| f64::from(a) / f64::from((a + b).max(1));
            println!(
                "{:10} {bar:5}: precision {:.3} recall {:.3}",
                head.name,
                ratio(hits, alarms),
                ratio(hits, misses)
            );
        }
    }
}

/// A class and the folded sentences of one text.
type Labelled = (String, Vec<String>);

/// Labelled messages (`*.txt`) and sentences (`*.tsv`) of a directory.
fn read(directory: &Path) -> Result<Vec<Labelled>, Box<dyn Error>> {
    let mut texts = Vec::new();
    for file in files(directory)? {
        let text = fs::read_to_string(&file)?;
        match file.extension().and_then(|e| e.to_str()) {
            Some("txt") => texts.extend(text.split("\n=====\n").filter_map(record)),
            Some("tsv") => texts.extend(text.lines().filter_map(sentence)),
            _ => {}
        }
    }
    Ok(texts)
}

fn files(directory: &Path) -> Result<Vec<std::path::PathBuf>, Box<dyn Error>> {
    let mut files: Vec<_> = fs::read_dir(directory)?
        .map(|e| e.map(|e| e.path()))
        .collect::<Result<_, _>>()?;
    files.sort();
    Ok(files)
}

/// A labelled message: its class and its author's own sentences, folded.
fn record(record: &str) -> Option<Labelled> {
    let record = record.trim_start_matches(['=', '\n']);
    let class = record
        .lines()
        .find_map(|l| l.strip_prefix("Class: "))?
        .trim()
        .to_owned();
    let (head, body) = record.split_once("\n\n")?;
    let headers: String = head
        .lines()
        .filter(|l| {
            !["Id:", "Class:", "Contacts:", "Note:", "Date:"]
                .iter()
                .any(|p| l.starts_with(p))
        })
        .fold(String::new(), |all, line| all + line + "\r\n");
    let raw = format!("{headers}Content-Type: text/plain; charset=utf-8\r\n\r\n{body}");
    let message = message::parse(raw.as_bytes());
    let mut sentences = folded(&message.subject, 0..message.subject.len());
    for text in &message.bodies {
        for zoned in text.zones.iter().filter(|z| z.zone == Zone::Own) {
            sentences.extend(folded(&text.content, zoned.range.clone()));
        }
    }
    Some((class, sentences))
}

/// A labelled sentence: `class TAB sentence`.
fn sentence(line: &str) -> Option<Labelled> {
    let (class, text) = line.split_once('\t')?;
    let joined = folded(text, 0..text.len()).join(" ");
    Some((format!("sentence {}", class.trim()), vec![joined]))
}

fn folded(text: &str, range: std::ops::Range<usize>) -> Vec<String> {
    let folded = Folded::new(text, range);
    folded
        .sentences
        .iter()
        .map(|s| folded.text[s.folded.clone()].to_owned())
        .collect()
}

fn index(texts: &[Labelled]) -> (Vec<String>, Vec<Bag>) {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for sentence in texts.iter().flat_map(|(_, sentences)| sentences) {
        for term in terms(sentence) {
            *counts.entry(term).or_default() += 1;
        }
    }
    let vocabulary: Vec<String> = counts
        .into_iter()
        .filter(|&(_, n)| n >= LEAST_SENTENCES)
        .map(|(term, _)| term)
        .collect();
    let numbers: HashMap<&str, u32> = vocabulary
        .iter()
        .enumerate()
        .map(|(n, t)| (t.as_str(), u32::try_from(n).expect("few terms")))
        .collect();
    let sentence = |text: &str| {
        let all = terms(text);
        Sentence {
            scale: f64::from(USUAL_LENGTH) / f64::from(length(all.len())),
            terms: all
                .into_iter()
                .filter_map(|t| numbers.get(t.as_str()).copied())
                .collect(),
        }
    };
    let mut bags: Vec<Bag> = texts
        .iter()
        .map(|(class, sentences)| Bag {
            class: class.clone(),
            sentences: sentences.iter().map(|s| sentence(s)).collect(),
        })
        .collect();
    bags.extend(joined(texts).iter().map(|(class, text)| Bag {
        class: class.clone(),
        sentences: vec![sentence(text)],
    }));
    (vocabulary, bags)
}

/// Single sentences with one before or behind them that is no notice: people write long ones, too.
fn joined(texts: &[Labelled]) -> Vec<(String, String)> {
    let single: Vec<(&str, &str)> = texts
        .iter()
        .filter(|(class, _)| class.starts_with("sentence "))
        .filter_map(|(class, s)| Some((class.as_str(), s.first()?.as_str())))
        .collect();
    let none: Vec<&str> = single
        .iter()
        .filter(|s| s.0.ends_with(" none"))
        .map(|s| s.1)
        .collect();
    let neighbours = none.iter().cycle().skip(1);
    single
        .iter()
        .zip(neighbours)
        .enumerate()
        .map(|(number, (&(class, text), none))| {
            let both = if number % 2 == 0 {
                format!("{text} {none}")
            } else {
                format!("{none} {text}")
            };
            (class.to_owned(), both)
        })
        .collect()
}

/// Weights by term; the last one is the intercept.
fn train(bags: &[Bag], terms: usize, head: &Head) -> Vec<f64> {
    let mut weights = vec![0.0; terms + 1];
    for round in 0..ROUNDS {
        let mut examples: Vec<(&Sentence, f64)> = Vec::new();
        for bag in bags {
            if head.negative.contains(&bag.class.as_str()) {
                examples.extend(bag.sentences.iter().map(|s| (s, 0.0)));
            } else if head.positive.contains(&bag.class.as_str()) {
                let best = bag
                    .sentences
                    .iter()
                    .max_by(|a, b| logit(&weights, a).total_cmp(&logit(&weights, b)));
                // Until the model has an opinion, single sentences alone teach it.
                if round > 0 || bag.sentences.len() == 1 {
                    examples.extend(best.map(|s| (s, 1.0)));
                }
            }
        }
        weights = descend(&mut examples, terms);
    }
    weights
}

fn descend(examples: &mut [(&Sentence, f64)], terms: usize) -> Vec<f64> {
    let mut weights = vec![0.0; terms + 1];
    let ones = examples.iter().filter(|e| e.1 > 0.5).count().max(1);
    // Both classes weigh the same, whatever their number.
    let balance = (examples.len() - ones) as f64 / ones as f64;
    let mut state = 0x2545_F491_4F6C_DD1Du64;
    for epoch in 0..EPOCHS {
        shuffle(examples, &mut state);
        let rate = RATE / (1.0 + epoch as f64 / 4.0);
        for &(sentence, truth) in examples.iter() {
            let said = 1.0 / (1.0 + (-logit(&weights, sentence)).exp());
            let importance = if truth > 0.5 { balance.sqrt() } else { 1.0 };
            let step = rate * importance * (truth - said);
            for &term in &sentence.terms {
                let weight = &mut weights[term as usize];
                *weight += step * sentence.scale / NORM - rate * DECAY * *weight;
            }
            weights[terms] += step;
        }
    }
    weights
}

fn logit(weights: &[f64], sentence: &Sentence) -> f64 {
    let sum: f64 = sentence.terms.iter().map(|&t| weights[t as usize]).sum();
    weights.last().copied().unwrap_or(0.0) + sum * sentence.scale
}

fn shuffle<T>(items: &mut [T], state: &mut u64) {
    for at in (1..items.len()).rev() {
        *state ^= *state << 13;
        *state ^= *state >> 7;
        *state ^= *state << 17;
        items.swap(at, usize::try_from(*state % (at as u64 + 1)).expect("fits"));
    }
}

fn write_head(
    file: &mut String,
    head: &str,
    vocabulary: &[String],
    weights: &[f64],
) -> Result<(), Box<dyn Error>> {
    let hundredths = |w: f64| (w * 100.0).round() as i32;
    writeln!(
        file,
        "{head}\t*\t{}",
        hundredths(weights.last().copied().unwrap_or(0.0))
    )?;
    for (term, &weight) in vocabulary.iter().zip(weights) {
        let weight = hundredths(weight);
        if weight.abs() >= LEAST_WEIGHT {
            writeln!(file, "{head}\t{term}\t{weight}")?;
        }
    }
    Ok(())
}
