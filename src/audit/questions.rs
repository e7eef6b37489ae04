//! Which queries judge: all that are configured, those that were named, or a phrase that was typed.

use std::path::PathBuf;

use sha2::{Digest, Sha256};

use super::AuditError;
use crate::detect::{Judge, examples};
use crate::finding::hexadecimal;
use crate::query::{QueryError, QuerySet};

/// What was asked for instead of all configured queries.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Questions {
    /// Ids of queries; empty for all, or for none beside phrases.
    pub names: Vec<String>,
    /// Phrases, written as in query files: each message that holds one of them is a `match`.
    pub phrases: Vec<String>,
}

impl Questions {
    /// Loads the queries, chooses, and lets those that are stable prove themselves by their own examples.
    ///
    /// # Errors
    /// A query that cannot be used, or an unknown name.
    pub fn judge(&self, paths: &[PathBuf]) -> Result<Judge, AuditError> {
        let judge = Judge::new(&self.load(paths)?);
        // Those that the program carries were proven when it was built, by a test of `detect::examples`.
        if paths.is_empty() && self.phrases.is_empty() {
            return Ok(judge);
        }
        let unproven = examples::unproven(judge.queries(), &examples::run(&judge));
        match unproven.into_iter().next() {
            None => Ok(judge),
            Some(reason) => Err(reason.into()),
        }
    }

    fn load(&self, paths: &[PathBuf]) -> Result<QuerySet, AuditError> {
        let typed = self.phrase_query();
        let mut set = match &typed {
            None => QuerySet::load(paths)?,
            Some(query) => self.load_with(paths, query)?,
        };
        if let Some(unknown) = self
            .names
            .iter()
            .find(|name| set.queries.iter().all(|query| query.id != **name))
        {
            let known: Vec<&str> = set.queries.iter().map(|query| query.id.as_str()).collect();
            return Err(AuditError::Usage(format!(
                "--query {unknown}: there is no such query; there are: {}",
                known.join(", ")
            )));
        }
        let typed = typed.map(|query| query.id);
        let chosen: Vec<String> = self.names.iter().cloned().chain(typed).collect();
        if !chosen.is_empty() {
            set.keep(&chosen);
        }
        Ok(set)
    }

    /// The query of the phrases, together with those of the files if any of these is asked for.
    fn load_with(&self, paths: &[PathBuf], query: &PhraseQuery) -> Result<QuerySet, AuditError> {
        let directory = tempfile::tempdir().map_err(AuditError::Temporary)?;
        let typed = directory.path().join("phrase.toml");
        std::fs::write(&typed, &query.text).map_err(AuditError::Temporary)?;
        let set = if self.names.is_empty() {
            QuerySet::load(&[&typed])
        } else {
            QuerySet::load_with(paths, &typed)
        };
        set.map_err(|error| match error {
            QueryError::Invalid { path, problem } if path == typed => {
                AuditError::Usage(format!("--phrase: {problem}"))
            }
            error => error.into(),
        })
    }

    /// A query of its own for the phrases. Its id tells it from that of other phrases, whose findings it must not replace.
    fn phrase_query(&self) -> Option<PhraseQuery> {
        if self.phrases.is_empty() {
            return None;
        }
        let listed: Vec<String> = self
            .phrases
            .iter()
            .map(|phrase| toml::Value::String(phrase.clone()).to_string())
            .collect();
        let listed = listed.join(", ");
        let digest = hexadecimal(&Sha256::digest(&listed));
        let id = format!("phrase-{}", digest.get(..8).unwrap_or_default());
        let text = format!(
            "id = \"{id}\"\nversion = 1\ntitle = \"Typed phrases\"\nsignal.phrase.any = [{listed}]\n\
             pattern = [{{ verdict = \"match\", all = [\"phrase\"], confidence = 100, says = \"the phrase that was asked for\" }}]\n"
        );
        Some(PhraseQuery { id, text })
    }
}

/// A query of phrases that were typed.
struct PhraseQuery {
    id: String,
    /// Of its file.
    text: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(names: &[&str], phrases: &[&str], expected: &[&str]) {
        let questions = Questions {
            names: names.iter().map(ToString::to_string).collect(),
            phrases: phrases.iter().map(ToString::to_string).collect(),
        };
        let told: Vec<String> = match questions.load(&[]) {
            Ok(set) => set.queries.into_iter().map(|query| query.id).collect(),
            Err(error) => vec![error.to_string()],
        };
        assert_eq!(told.len(), expected.len(), "{told:?}");
        for (told, expected) in told.iter().zip(expected) {
            assert!(told.starts_with(expected), "{told}");
        }
    }

    #[test]
    fn queries_are_chosen_by_name() {
        check(&["client-notice"], &[], &["client-notice"]);
        check(
            &["x"],
            &[],
            &[
                "--query x: there is no such query; there are: client-list, client-notice, contact-data",
            ],
        );
    }

    #[test]
    fn phrases_stand_alone_unless_queries_are_named() {
        check(&[], &["proj* x"], &["phrase-"]);
        check(
            &[],
            &["\"]
id = 1"],
            &["--phrase: "],
        );
        check(
            &["client-notice"],
            &["project x", "y"],
            &["client-notice", "phrase-"],
        );
        check(&[], &["(open"], &["--phrase: "]);
        check(&[], &[""], &["--phrase: "]);
    }
}
