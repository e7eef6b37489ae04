//! The syntax of query files, and their way into compiled queries.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;
use sha2::{Digest, Sha256};
use toml::Spanned;

use super::model::Model;
use super::phrase::{Lists, Phrase};
use super::vocabulary::Vocabulary;
use super::{
    Example, Frame, Pattern, Query, QueryError, Scope, Signal, SignalPhrase, Term, Within,
};
use crate::finding::{Verdict, hexadecimal};

/// A query's files as text.
#[derive(Debug, Clone)]
pub(super) struct Source {
    /// The query file.
    pub(super) path: PathBuf,
    /// Its text.
    pub(super) text: String,
    /// Phrase files: language, path, text.
    pub(super) phrases: Vec<(String, PathBuf, String)>,
    /// Model weights.
    pub(super) model: Option<(PathBuf, String)>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct QueryFile {
    id: String,
    version: u32,
    title: String,
    #[serde(default)]
    status: Status,
    /// Directory of phrase files, relative to this file.
    phrases: Option<String>,
    /// File of model weights, relative to this file.
    model: Option<String>,
    /// Ids of queries to whose finding it yields.
    #[serde(default)]
    unless: Vec<String>,
    #[serde(default)]
    scope: ScopeTable,
    #[serde(default)]
    lists: BTreeMap<String, ListTables>,
    #[serde(default)]
    signal: BTreeMap<String, BTreeMap<String, Vec<String>>>,
    #[serde(default)]
    frame: Vec<FrameTable>,
    #[serde(default)]
    pattern: Vec<PatternTable>,
    #[serde(default)]
    example: Vec<ExampleTable>,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Status {
    #[default]
    Draft,
    Stable,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct ScopeTable {
    #[serde(default)]
    automatic: bool,
    #[serde(default)]
    outside_only: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct FrameTable {
    name: String,
    fact: String,
    #[serde(default)]
    all: Vec<String>,
    #[serde(default)]
    any: Vec<String>,
    #[serde(default)]
    none: Vec<String>,
    #[serde(default)]
    within: WithinWord,
    points: i32,
    says: String,
}

#[derive(Debug, Default, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum WithinWord {
    #[default]
    Sentence,
    Near,
    Message,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PatternTable {
    verdict: String,
    #[serde(default)]
    all: Vec<String>,
    #[serde(default)]
    any: Vec<String>,
    #[serde(default)]
    none: Vec<String>,
    #[serde(default)]
    within: WithinWord,
    #[serde(default = "half")]
    confidence: u8,
    #[serde(default)]
    says: String,
}

fn half() -> u8 {
    50
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ExampleTable {
    message: Spanned<String>,
    verdict: String,
    #[serde(default)]
    contacts: Vec<String>,
}

/// Lists of one language, as files write them.
type ListTables = BTreeMap<String, Vec<String>>;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct PhraseFile {
    #[serde(default)]
    lists: ListTables,
    #[serde(default)]
    signals: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    example: Vec<ExampleTable>,
}

/// Adds the query files at `path`: a file, or a directory's `*.toml`.
pub(super) fn read(path: &Path, sources: &mut Vec<Source>) -> Result<(), QueryError> {
    if !path.is_dir() {
        sources.push(read_one(path)?);
        return Ok(());
    }
    let files = toml_files(path)?;
    if files.is_empty() {
        return Err(invalid(
            path,
            "there is no query file (*.toml) in this directory",
        ));
    }
    for file in files {
        sources.push(read_one(&file)?);
    }
    Ok(())
}

fn read_one(path: &Path) -> Result<Source, QueryError> {
    let text = read_text(path)?;
    let named: QueryFile = parse(path, &text)?;
    let directory = path.parent().unwrap_or(Path::new(""));
    let mut phrases = Vec::new();
    if let Some(name) = &named.phrases {
        for file in toml_files(&directory.join(name))? {
            let language = file
                .file_stem()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            let text = read_text(&file)?;
            phrases.push((language, file, text));
        }
    }
    let model = match &named.model {
        Some(name) => {
            let file = directory.join(name);
            let text = read_text(&file)?;
            Some((file, text))
        }
        None => None,
    };
    Ok(Source {
        path: path.to_owned(),
        text,
        phrases,
        model,
    })
}

fn toml_files(directory: &Path) -> Result<Vec<PathBuf>, QueryError> {
    let unreadable = |source| QueryError::Read {
        path: directory.to_owned(),
        source,
    };
    let mut files = Vec::new();
    for entry in fs::read_dir(directory).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.extension().is_some_and(|e| e == "toml") && path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn read_text(path: &Path) -> Result<String, QueryError> {
    fs::read_to_string(path).map_err(|source| QueryError::Read {
        path: path.to_owned(),
        source,
    })
}

fn parse<T: serde::de::DeserializeOwned>(path: &Path, text: &str) -> Result<T, QueryError> {
    toml::from_str(text).map_err(|e| invalid(path, &e.to_string()))
}

fn invalid(path: &Path, problem: &str) -> QueryError {
    QueryError::Invalid {
        path: path.to_owned(),
        problem: problem.trim_end().to_owned(),
    }
}

impl Source {
    /// Checks and compiles.
    pub(super) fn compile(&self, vocabulary: &mut Vocabulary) -> Result<Query, QueryError> {
        let file: QueryFile = parse(&self.path, &self.text)?;
        let phrase_files = self.phrase_files()?;
        let signals = self.signals(&file, &phrase_files, vocabulary)?;
        let of_languages: Vec<&ListTables> = phrase_files.iter().map(|f| &f.lists).collect();
        let lists = format!("{:?}\n{of_languages:?}", file.lists);
        let frames = file
            .frame
            .iter()
            .map(|f| f.compile(&signals))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|problem| invalid(&self.path, &problem))?;
        let patterns = file
            .pattern
            .iter()
            .map(|p| p.compile(&signals, &frames))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|problem| invalid(&self.path, &problem))?;
        if patterns.is_empty() {
            return Err(invalid(
                &self.path,
                "a query needs at least one [[pattern]]",
            ));
        }
        let examples = self.examples(&file, &phrase_files)?;
        let model = match &self.model {
            Some((path, text)) => {
                let model = Model::parse(text).map_err(|p| invalid(path, &p))?;
                Some(Arc::new(model))
            }
            None => None,
        };
        Ok(Query {
            id: file.id,
            version: file.version,
            title: file.title,
            stable: file.status == Status::Stable,
            digest: self.digest(),
            lists: hexadecimal(&Sha256::digest(lists)),
            scope: Scope {
                automatic: file.scope.automatic,
                outside_only: file.scope.outside_only,
            },
            unless: file.unless,
            silent: false,
            signals,
            frames,
            patterns,
            examples,
            model,
        })
    }

    /// Digest over the content of all files, whatever their place on disk.
    fn digest(&self) -> String {
        let mut hasher = Sha256::new();
        let model = self.model.iter().map(|(_, t)| t);
        let texts = std::iter::once(&self.text)
            .chain(self.phrases.iter().map(|(_, _, t)| t))
            .chain(model);
        for text in texts {
            hasher.update(text.len().to_le_bytes());
            hasher.update(text);
        }
        hexadecimal(&hasher.finalize())
    }

    /// The phrase files, in their order.
    fn phrase_files(&self) -> Result<Vec<PhraseFile>, QueryError> {
        let files = self.phrases.iter();
        files.map(|(_, path, text)| parse(path, text)).collect()
    }

    fn examples(
        &self,
        file: &QueryFile,
        phrase_files: &[PhraseFile],
    ) -> Result<Vec<Example>, QueryError> {
        let compile = |path: &Path, text: &str, tables: &[ExampleTable]| {
            let examples = tables.iter().map(|table| table.compile(path, text));
            examples
                .collect::<Result<Vec<_>, _>>()
                .map_err(|problem| invalid(path, &problem))
        };
        let mut examples = compile(&self.path, &self.text, &file.example)?;
        for ((_, path, text), table) in self.phrases.iter().zip(phrase_files) {
            examples.extend(compile(path, text, &table.example)?);
        }
        Ok(examples)
    }

    fn signals(
        &self,
        file: &QueryFile,
        phrase_files: &[PhraseFile],
        vocabulary: &mut Vocabulary,
    ) -> Result<Vec<Signal>, QueryError> {
        let mut phrases: BTreeMap<String, Vec<SignalPhrase>> = BTreeMap::new();
        for (name, languages) in &file.signal {
            let all = phrases.entry(name.clone()).or_default();
            for (language, sources) in languages {
                let lists = Lists::from(file.lists.get(language).cloned().unwrap_or_default());
                let language = if language == "any" { "" } else { language };
                all.extend(compile_phrases(
                    &self.path, &self.text, name, language, sources, &lists, vocabulary,
                )?);
            }
        }
        for ((language, path, text), table) in self.phrases.iter().zip(phrase_files) {
            let lists = Lists::from(table.lists.clone());
            for (name, sources) in &table.signals {
                let all = phrases.entry(name.clone()).or_default();
                all.extend(compile_phrases(
                    path, text, name, language, sources, &lists, vocabulary,
                )?);
            }
        }
        Ok(phrases
            .into_iter()
            .map(|(name, phrases)| Signal { name, phrases })
            .collect())
    }
}

fn compile_phrases(
    path: &Path,
    text: &str,
    signal: &str,
    language: &str,
    sources: &[String],
    lists: &Lists,
    vocabulary: &mut Vocabulary,
) -> Result<Vec<SignalPhrase>, QueryError> {
    sources
        .iter()
        .map(|source| {
            let phrase = Phrase::compile(source, lists, vocabulary).map_err(|problem| {
                let line = text
                    .lines()
                    .position(|l| l.contains(source.as_str()))
                    .map_or(0, |n| n + 1);
                invalid(
                    path,
                    &format!("line {line}, signal `{signal}`, phrase `{source}`: {problem}"),
                )
            })?;
            Ok(SignalPhrase {
                language: language.to_owned(),
                source: source.clone(),
                phrase: Arc::new(phrase),
            })
        })
        .collect()
}

fn indexes(names: &[String], signals: &[Signal], place: &str) -> Result<Vec<usize>, String> {
    names
        .iter()
        .map(|name| {
            signals
                .iter()
                .position(|s| s.name == *name)
                .ok_or_else(|| format!("{place}: there is no signal `{name}`"))
        })
        .collect()
}

impl WithinWord {
    fn compile(self) -> Within {
        match self {
            Self::Sentence => Within::Sentence,
            Self::Near => Within::Near,
            Self::Message => Within::Message,
        }
    }
}

impl FrameTable {
    fn compile(&self, signals: &[Signal]) -> Result<Frame, String> {
        let place = format!("frame `{}`", self.name);
        if self.all.is_empty() {
            return Err(format!("{place}: `all` needs at least one signal"));
        }
        Ok(Frame {
            name: self.name.clone(),
            fact: self.fact.clone(),
            all: indexes(&self.all, signals, &place)?,
            any: indexes(&self.any, signals, &place)?,
            none: indexes(&self.none, signals, &place)?,
            within: self.within.compile(),
            points: self.points,
            says: self.says.clone(),
        })
    }
}

impl PatternTable {
    fn compile(&self, signals: &[Signal], frames: &[Frame]) -> Result<Pattern, String> {
        let terms = |names: &[String]| -> Result<Vec<Term>, String> {
            names.iter().map(|n| term(n, signals, frames)).collect()
        };
        let verdict = self
            .verdict
            .parse::<Verdict>()
            .map_err(|e| format!("[[pattern]]: verdict: {e}"))?;
        if self.all.is_empty() && self.any.is_empty() {
            return Err(format!("the pattern for `{verdict}` needs `all` or `any`"));
        }
        Ok(Pattern {
            verdict,
            all: terms(&self.all)?,
            any: terms(&self.any)?,
            none: terms(&self.none)?,
            within: self.within.compile(),
            confidence: self.confidence.min(100),
            says: self.says.clone(),
        })
    }
}

fn term(name: &str, signals: &[Signal], frames: &[Frame]) -> Result<Term, String> {
    Ok(match name {
        "personal contact" => Term::PersonalContact,
        "successor" => Term::Successor,
        "address list" => Term::AddressList,
        "private recipient" => Term::PrivateRecipient,
        "own private address" => Term::OwnPrivateAddress,
        "outside recipient" => Term::OutsideRecipient,
        _ => {
            // A fact may be called as one of its signals is: the frames then decide.
            if frames.iter().any(|f| f.fact == name) {
                Term::Fact(name.to_owned())
            } else if let Some(at) = signals.iter().position(|s| s.name == name) {
                Term::Signal(at)
            } else {
                return Err(format!("[[pattern]]: there is no signal or fact `{name}`"));
            }
        }
    })
}

impl ExampleTable {
    fn compile(&self, path: &Path, text: &str) -> Result<Example, String> {
        let before = text.get(..self.message.span().start).unwrap_or_default();
        let place = format!("{}:{}", path.display(), before.matches('\n').count() + 1);
        let verdict = match self.verdict.as_str() {
            "none" => None,
            word => Some(
                word.parse()
                    .map_err(|e| format!("{place}: [[example]]: verdict: {e}; or write `none`"))?,
            ),
        };
        Ok(Example {
            place,
            message: self.message.get_ref().clone(),
            verdict,
            contacts: self.contacts.clone(),
        })
    }
}
