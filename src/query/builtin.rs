//! The query files that the program carries, as they lie in `queries/`.

use super::file::Source;

/// A query file with its phrase files and its weights, each by its place in the repository.
pub(super) struct Builtin {
    file: File,
    /// With their languages.
    phrases: &'static [(&'static str, File)],
    model: Option<File>,
}

struct File {
    path: &'static str,
    text: &'static str,
}

macro_rules! file {
    ($path:expr) => {
        File {
            path: concat!("queries/", $path),
            text: include_str!(concat!("../../queries/", $path)),
        }
    };
}

macro_rules! phrases {
    ($directory:literal: $($language:literal),+) => {
        &[$(($language, file!(concat!($directory, "/", $language, ".toml")))),+]
    };
}

/// Every built-in query.
pub(super) const QUERIES: &[Builtin] = &[
    Builtin {
        file: file!("client-list.toml"),
        phrases: &[],
        model: None,
    },
    Builtin {
        file: file!("client-notice.toml"),
        phrases: phrases!("client-notice": "ca", "de", "en", "es", "fr", "it", "nl", "pt"),
        model: Some(file!("client-notice/weights.tsv")),
    },
    Builtin {
        file: file!("contact-data.toml"),
        phrases: &[],
        model: None,
    },
];

impl Builtin {
    /// As if it had been read from disk.
    pub(super) fn source(&self) -> Source {
        let of = |file: &File| (file.path.into(), file.text.to_owned());
        let (path, text) = of(&self.file);
        let phrases = self.phrases.iter().map(|(language, file)| {
            let (path, text) = of(file);
            ((*language).to_owned(), path, text)
        });
        Source {
            path,
            text,
            phrases: phrases.collect(),
            model: self.model.as_ref().map(of),
        }
    }
}
