//! The query files that the program carries, as they lie in `queries/`.

use super::file::Source;

/// A query file with its phrase files and its weights.
pub(super) struct Builtin {
    name: &'static str,
    text: &'static str,
    phrases: &'static [(&'static str, &'static str)],
    model: Option<&'static str>,
}

macro_rules! phrases {
    ($directory:literal: $($language:literal),+) => {
        &[$(($language, include_str!(concat!("../../queries/", $directory, "/", $language, ".toml")))),+]
    };
}

/// Every built-in query.
pub(super) const QUERIES: &[Builtin] = &[Builtin {
    name: "client-notice.toml",
    text: include_str!("../../queries/client-notice.toml"),
    phrases: phrases!("client-notice": "ca", "de", "en", "es", "fr", "it", "nl", "pt"),
    model: Some(include_str!("../../queries/client-notice/weights.tsv")),
}];

impl Builtin {
    /// As if it had been read from disk.
    pub(super) fn source(&self) -> Source {
        let path = |name: &str| format!("queries/{name}").into();
        Source {
            path: path(self.name),
            text: self.text.to_owned(),
            phrases: self
                .phrases
                .iter()
                .map(|(language, text)| {
                    ((*language).to_owned(), path(language), (*text).to_owned())
                })
                .collect(),
            model: self
                .model
                .map(|text| (path("client-notice/weights.tsv"), text.to_owned())),
        }
    }
}
