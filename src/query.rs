//! Query files: which phrases and patterns make a finding, as data that a compliance desk can read, change and test.
//!
//! The language is described for its users in `queries/README.md`. A query is a TOML file and, if it names one with
//! `phrases`, a directory of phrase files, one for each language, and a file of model weights.

mod builtin;
mod file;
pub mod fold;
pub mod model;
pub mod phrase;
pub mod vocabulary;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::finding::{Verdict, hexadecimal};
use model::Model;
use phrase::Phrase;
use vocabulary::Vocabulary;

/// Queries, compiled and checked, ready for a judge.
#[derive(Debug, Clone, Default)]
pub struct QuerySet {
    /// Sorted by id.
    pub queries: Vec<Query>,
    /// The words of all their phrases.
    pub vocabulary: Arc<Vocabulary>,
}

/// One query.
#[derive(Debug, Clone)]
pub struct Query {
    /// Its name, as reports cite it.
    pub id: String,
    /// Its version: to be raised with every change.
    pub version: u32,
    /// One line for people.
    pub title: String,
    /// Stable queries must prove themselves by their examples.
    pub stable: bool,
    /// SHA-256 over its files, lower-case hexadecimal.
    pub digest: String,
    /// Digest of its word lists, which its phrases name.
    pub lists: String,
    /// Which messages it looks at.
    pub scope: Scope,
    /// Ids of queries whose finding makes one of this query superfluous.
    pub unless: Vec<String>,
    /// Judges only so that others can yield to it: its own findings are not told.
    pub silent: bool,
    /// Named sets of phrases.
    pub signals: Vec<Signal>,
    /// What adds up to a fact.
    pub frames: Vec<Frame>,
    /// The ladder: the first pattern that holds decides.
    pub patterns: Vec<Pattern>,
    /// What must and must not match.
    pub examples: Vec<Example>,
    /// Learned weights beside the frames.
    pub model: Option<Arc<Model>>,
}

/// Which messages a query looks at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Scope {
    /// Also generated messages (RFC 3834).
    pub automatic: bool,
    /// Only messages to at least one recipient outside the organisation (unknown recipients count as such).
    pub outside_only: bool,
}

/// A named set of phrases.
#[derive(Debug, Clone)]
pub struct Signal {
    /// Its name within the query.
    pub name: String,
    /// Its phrases.
    pub phrases: Vec<SignalPhrase>,
}

/// One phrase of a signal.
#[derive(Debug, Clone)]
pub struct SignalPhrase {
    /// ISO 639-1, or empty for any language.
    pub language: String,
    /// As the file writes it.
    pub source: String,
    /// Compiled; shared with the gate.
    pub phrase: Arc<Phrase>,
}

/// How far apart a frame's signals may stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Within {
    /// In one sentence.
    Sentence,
    /// In one sentence or the ones beside it.
    Near,
    /// Anywhere in the author's own words.
    Message,
}

/// Signals that together add points to a fact.
#[derive(Debug, Clone)]
pub struct Frame {
    /// Its name, for explanations.
    pub name: String,
    /// The fact that it counts for.
    pub fact: String,
    /// Signals that must all be there; the first one stands in the sentence that is judged.
    pub all: Vec<usize>,
    /// Signals of which one must be there, if there are any.
    pub any: Vec<usize>,
    /// Signals that must not be there.
    pub none: Vec<usize>,
    /// How far apart.
    pub within: Within,
    /// Points for the fact; negative for a guard.
    pub points: i32,
    /// For the reason, in plain words.
    pub says: String,
}

/// What a pattern asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Term {
    /// A fact to which frames and model add points.
    Fact(String),
    /// A signal anywhere in the scope.
    Signal(usize),
    /// Contact data of the custodian in the author's own words or signature.
    PersonalContact,
    /// Somebody of the organisation to turn to.
    Successor,
    /// Attachments or own words that list many e-mail addresses or telephone numbers of others.
    AddressList,
    /// A recipient that is the custodian's own or an unknown free-mail address.
    PrivateRecipient,
    /// A recipient that is the custodian's own address outside the organisation.
    OwnPrivateAddress,
    /// A recipient outside the organisation that is no free-mail address.
    OutsideRecipient,
}

/// One rung of the ladder.
#[derive(Debug, Clone)]
pub struct Pattern {
    /// What the finding is called.
    pub verdict: Verdict,
    /// All of these.
    pub all: Vec<Term>,
    /// One of these, if there are any.
    pub any: Vec<Term>,
    /// None of these.
    pub none: Vec<Term>,
    /// How far apart signals may stand.
    pub within: Within,
    /// Confidence before what frames add.
    pub confidence: u8,
    /// For the reason, in plain words.
    pub says: String,
}

/// What must, and must not, match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Example {
    /// File and line where its message begins: `queries/client-notice/de.toml:61`.
    pub place: String,
    /// The message, RFC 5322 with at least a body; headers that lack are filled in.
    pub message: String,
    /// The expected verdict; `None` if it must not match.
    pub verdict: Option<Verdict>,
    /// Contact values of the custodian that must be found.
    pub contacts: Vec<String>,
}

/// A query file that cannot be used; names file, line and key.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    /// The file could not be read.
    #[error("cannot read the query file {}", path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file's content is wrong.
    #[error("{}: {problem}", path.display())]
    Invalid {
        /// Which file.
        path: PathBuf,
        /// What is wrong, with line and key.
        problem: String,
    },
}

impl Query {
    /// As reports cite it: `id@version+digest8`.
    #[must_use]
    pub fn citation(&self) -> String {
        format!(
            "{}@{}+{}",
            self.id,
            self.version,
            self.digest.get(..8).unwrap_or_default()
        )
    }

    /// The first of the queries with a finding that makes this one's superfluous.
    #[must_use]
    pub fn yields_to(&self, found: &[String]) -> Option<&str> {
        let mut unless = self.unless.iter();
        unless.find(|id| found.contains(id)).map(String::as_str)
    }

    /// Whether it asks who follows: in its ladder, or by frames for the fact `successor`.
    #[must_use]
    pub fn asks_for_successor(&self) -> bool {
        let terms = |p: &Pattern| [&p.all, &p.any, &p.none].map(|t| t.contains(&Term::Successor));
        self.frames.iter().any(|f| f.fact == "successor")
            || self.patterns.iter().any(|p| terms(p).contains(&true))
    }

    /// Index of a signal.
    #[must_use]
    pub fn signal(&self, name: &str) -> Option<usize> {
        self.signals.iter().position(|s| s.name == name)
    }
}

impl QuerySet {
    /// The queries that the program carries.
    ///
    /// # Errors
    /// Only if a built-in file is broken, which the tests exclude.
    pub fn builtin() -> Result<Self, QueryError> {
        Self::from_sources(Self::sources(&[] as &[&Path])?)
    }

    /// Reads query files, or directories of `*.toml`; without any path, the built-in queries.
    ///
    /// # Errors
    /// A file that cannot be read or used.
    pub fn load(paths: &[impl AsRef<Path>]) -> Result<Self, QueryError> {
        Self::from_sources(Self::sources(paths)?)
    }

    /// As [`QuerySet::load`], and one more file.
    ///
    /// # Errors
    /// A file that cannot be read or used.
    pub fn load_with(paths: &[impl AsRef<Path>], more: &Path) -> Result<Self, QueryError> {
        let mut sources = Self::sources(paths)?;
        file::read(more, &mut sources)?;
        Self::from_sources(sources)
    }

    fn sources(paths: &[impl AsRef<Path>]) -> Result<Vec<file::Source>, QueryError> {
        if paths.is_empty() {
            return Ok(builtin::QUERIES
                .iter()
                .map(builtin::Builtin::source)
                .collect());
        }
        let mut sources = Vec::new();
        for path in paths {
            file::read(path.as_ref(), &mut sources)?;
        }
        Ok(sources)
    }

    fn from_sources(sources: Vec<file::Source>) -> Result<Self, QueryError> {
        let mut queries: Vec<(PathBuf, Query)> = Vec::new();
        let mut vocabulary = Vocabulary::default();
        for source in sources {
            let query = source.compile(&mut vocabulary)?;
            let twin = queries.iter().find(|(_, q)| q.id == query.id);
            if let Some((path, other)) = twin {
                if other.digest == query.digest {
                    continue;
                }
                let problem = format!(
                    "the query `{}` is also defined in {}: give one of them another id",
                    query.id,
                    path.display()
                );
                return Err(QueryError::Invalid {
                    path: source.path,
                    problem,
                });
            }
            queries.push((source.path, query));
        }
        queries.sort_by(|(_, a), (_, b)| a.id.cmp(&b.id));
        Ok(Self {
            queries: queries.into_iter().map(|(_, q)| q).collect(),
            vocabulary: vocabulary.into(),
        })
    }

    /// Keeps the queries with these ids; those to which they yield go on judging in silence.
    pub fn keep(&mut self, ids: &[String]) {
        let chosen = self.queries.iter().filter(|q| ids.contains(&q.id));
        let yielded_to: Vec<String> = chosen.flat_map(|q| q.unless.clone()).collect();
        self.queries
            .retain(|q| ids.contains(&q.id) || yielded_to.contains(&q.id));
        for query in &mut self.queries {
            query.silent = !ids.contains(&query.id);
        }
    }

    /// `id@version+digest8` of every query whose findings are told, sorted.
    #[must_use]
    pub fn citations(&self) -> Vec<String> {
        let told = self.queries.iter().filter(|q| !q.silent);
        told.map(Query::citation).collect()
    }

    /// Lower-case hexadecimal SHA-256 over all queries.
    #[must_use]
    pub fn digest(&self) -> String {
        let all: Vec<&str> = self.queries.iter().map(|q| q.digest.as_str()).collect();
        hexadecimal(&Sha256::digest(all.join("\n")))
    }
}
