//! The language of a message's own words, for the report and for national numbers.

use std::sync::LazyLock;
use std::thread;

use lingua::{IsoCode639_1, Language, LanguageDetector, LanguageDetectorBuilder};

/// Built on a thread of its own. The builder works with rayon: on a judging thread it would wait for its parts, take up
/// another message meanwhile, want the detector for that too, and wait for itself for ever.
static DETECTOR: LazyLock<LanguageDetector> = LazyLock::new(|| {
    thread::spawn(|| {
        // A pool of one, so that no other pool's work is needed for this to end.
        match rayon::ThreadPoolBuilder::new().num_threads(1).build() {
            Ok(pool) => pool.install(build),
            Err(_) => build(),
        }
    })
    .join()
    .expect("the language models are compiled in, and loading them does not panic")
});

fn build() -> LanguageDetector {
    LanguageDetectorBuilder::from_languages(&[
        Language::Catalan,
        Language::Dutch,
        Language::English,
        Language::French,
        Language::German,
        Language::Italian,
        Language::Portuguese,
        Language::Spanish,
    ])
    .with_low_accuracy_mode()
    .build()
}

/// Characters that are looked at, at most.
const ENOUGH: usize = 600;

/// ISO 639-1 code, or empty where there is nothing to tell it by.
#[must_use]
pub(super) fn identify(text: &str) -> String {
    let end = text
        .char_indices()
        .nth(ENOUGH)
        .map_or(text.len(), |(at, _)| at);
    DETECTOR
        .detect_language_of(text.get(..end).unwrap_or_default())
        .map(|l| code(l.iso_code_639_1()))
        .unwrap_or_default()
}

fn code(code: IsoCode639_1) -> String {
    code.to_string().to_lowercase()
}
