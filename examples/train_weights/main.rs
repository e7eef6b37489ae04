//! Trains the weights of the client notice's model on the project's own labelled messages and sentences.
//!
//! ```text
//! cargo run --release --example train_weights -- tests/judgement/train queries/client-notice/weights.tsv
//! ```
//!
//! Logistic regression in two stages (stacking, Wolpert 1992): over the terms of passages and of whole texts, then over what a
//! whole message shows, its phrases and frames and the first stage's opinion of it. That opinion comes from a model that has not
//! seen the message (cross-fitting), so that the second stage learns how far the first can be trusted.

#![expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a tool for developers: it counts what fits in memory, and its indexes are its own"
)]

mod reader;
mod regression;
mod stage;

use std::error::Error;
use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

use reader::Text;
use stage::{FOLDS, Opinions};

/// A fact with the classes that prove and disprove it.
pub(crate) struct Fact {
    name: &'static str,
    positive: &'static [&'static str],
    negative: &'static [&'static str],
    /// Points of frames from which on the model has a say.
    least: i32,
    /// Points that the model may add and take away, at most, where the frames must have the last word.
    bounds: Option<(i32, i32)>,
    /// Hundredths of a logit by which the bar is raised: the training messages are far richer in the fact than real mail.
    doubt: i32,
}

impl Fact {
    /// Whether a text proves the fact, or disproves it; `None` if it tells nothing.
    fn truth(&self, text: &Text) -> Option<bool> {
        let of = |classes: &[&str]| classes.contains(&text.class.as_str());
        match (of(self.positive), of(self.negative)) {
            (true, _) => Some(true),
            (_, true) => Some(false),
            _ => None,
        }
    }
}

const FACTS: [Fact; 3] = [
    Fact {
        name: "notice",
        positive: &[
            "solicitation",
            "personal-contact",
            "open-notice",
            "handover",
        ],
        negative: &["none"],
        least: 20,
        bounds: Some((24, 20)),
        doubt: 120,
    },
    Fact {
        name: "solicits",
        positive: &["solicitation"],
        negative: &["personal-contact", "open-notice", "handover"],
        least: -1000,
        bounds: None,
        doubt: -100,
    },
    Fact {
        name: "successor",
        positive: &["handover"],
        negative: &["open-notice"],
        least: -1000,
        bounds: Some((30, 20)),
        doubt: 0,
    },
];

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let (Some(input), Some(output)) = (arguments.next(), arguments.next()) else {
        return Err("usage: train_weights DIRECTORY WEIGHTS.TSV".into());
    };
    let texts = reader::read(Path::new(&input))?;
    let mixed = reader::mixed(&texts);
    println!("{} texts", texts.len());
    let mut file = String::from(
        "# head\tterm\tweight in hundredths of a logit; written by examples/train_weights\n",
    );
    for fact in &FACTS {
        let told: Vec<usize> = (0..texts.len())
            .filter(|&n| fact.truth(&texts[n]).is_some())
            .collect();
        let mut opinions: Vec<_> = texts.iter().map(|_| None).collect();
        for fold in 0..FOLDS {
            let (tested, trained): (Vec<usize>, Vec<usize>) =
                told.iter().partition(|&&n| stage::fold(n) == fold);
            let first = Opinions::learn(fact, &texts, &mixed, &trained);
            for n in tested {
                opinions[n] = Some(first.of(fact, &mixed[n]));
            }
        }
        let weights = stage::learn_messages(fact, &mixed, &told, &opinions);
        let first = Opinions::learn(fact, &texts, &mixed, &told);
        first.write(fact.name, &mut file)?;
        let head = format!("{} message", fact.name);
        writeln!(file, "{head}\tleast\t{}", fact.least)?;
        if let Some((up, down)) = fact.bounds {
            writeln!(file, "{head}\tup\t{up}\n{head}\tdown\t{down}")?;
        }
        for (term, weight) in weights {
            writeln!(file, "{head}\t{term}\t{weight}")?;
        }
    }
    fs::write(output, &file)?;
    Ok(())
}
