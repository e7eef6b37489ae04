//! What was probably meant by a word that is not known.

/// The known word that is most like `word`, if one is like it at all: at most half of its letters differ, and no more than three.
pub(crate) fn nearest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    known
        .iter()
        .map(|candidate| (edits(word, candidate), *candidate))
        .min_by_key(|(distance, _)| *distance)
        .filter(|(distance, candidate)| *distance <= (candidate.chars().count() / 2).min(3))
        .map(|(_, candidate)| candidate)
}

/// Levenshtein's distance, ignoring ASCII case.
fn edits(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut previous: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut current = vec![i + 1];
        let diagonal = previous.iter().zip(previous.iter().skip(1)).zip(&b);
        for ((replaced, deleted), y) in diagonal {
            let inserted = current.last().copied().unwrap_or(0);
            let cost = usize::from(!x.eq_ignore_ascii_case(y));
            current.push((replaced + cost).min(deleted + 1).min(inserted + 1));
        }
        previous = current;
    }
    previous.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_words() {
        for (word, expected) in [
            ("hots", Some("host")),
            ("HOST", Some("host")),
            ("hosts", Some("host")),
            ("zzz", None),
        ] {
            assert_eq!(nearest(word, &["port", "host"]), expected, "{word}");
        }
    }
}
