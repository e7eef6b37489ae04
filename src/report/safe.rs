//! Foreign text that no spreadsheet computes: an apostrophe before whatever could begin a formula.

/// Makes text safe: where it begins, or where something begins after a `;`, `,`, tab or line break inside it, an apostrophe
/// goes before `=`, `+`, `-`, `@` and their full-width forms, also behind white space. An apostrophe that stands there
/// already gets another one, so that [`unprotect`] knows what to take away.
///
/// The inner places matter because a spreadsheet that is told another separator splits the cell there.
#[must_use]
pub fn protect(text: &str) -> String {
    let mut safe = String::with_capacity(text.len() + 8);
    if text.starts_with(['\t', '\r', '\n']) {
        safe.push('\'');
    }
    for piece in pieces(text) {
        if could_compute(piece) || piece.starts_with('\'') {
            safe.push('\'');
        }
        safe.push_str(piece);
    }
    safe
}

/// Undoes [`protect`]: `unprotect(&protect(text))` is `text`, whatever it is. An apostrophe that `protect` would not have
/// written stays: somebody typed it.
#[must_use]
pub fn unprotect(safe: &str) -> String {
    let mut text = String::with_capacity(safe.len());
    for piece in pieces(safe) {
        let is_first = text.is_empty();
        let is_ours = |rest: &&str| {
            could_compute(rest)
                || rest.starts_with('\'')
                || is_first && rest.starts_with(['\t', '\r', '\n'])
        };
        text.push_str(piece.strip_prefix('\'').filter(is_ours).unwrap_or(piece));
    }
    text
}

fn could_compute(piece: &str) -> bool {
    piece
        .trim_start()
        .starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠'])
}

/// The text cut after each separator, which stays with the piece before it; CRLF is one line break.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let separator = rest.find([';', ',', '\t', '\n', '\r']);
        let end = separator.map_or(rest.len(), |at| {
            let is_crlf = rest.get(at..).is_some_and(|tail| tail.starts_with("\r\n"));
            at + if is_crlf { 2 } else { 1 }
        });
        let (piece, tail) = rest.split_at_checked(end)?;
        rest = tail;
        (!piece.is_empty()).then_some(piece)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(protect(text), expected);
        assert_eq!(unprotect(expected), text);
    }

    #[test]
    fn what_could_compute_gets_an_apostrophe() {
        check("", "");
        check("Goodbye", "Goodbye");
        check("tel:+34600111222", "tel:+34600111222");
        check("=1+1", "'=1+1");
        check("  =1+1", "'  =1+1");
        check("\u{a0}+34 600", "'\u{a0}+34 600");
        check("-5", "'-5");
        check("@SUM(A1)", "'@SUM(A1)");
        check("＝1", "'＝1");
        check("\t=1", "'\t'=1");
        check("\r\nhello", "'\r\nhello");
        check("x;=HYPERLINK(1)", "x;'=HYPERLINK(1)");
        check("a, -b", "a,' -b");
        check("one\r\n- two\n\n= three", "one\r\n'- two\n\n'= three");
    }

    #[test]
    fn apostrophes_are_doubled_where_one_could_be_ours() {
        check("'=1", "''=1");
        check("'quoted'", "''quoted'");
        check("it's, 'so'", "it's, 'so'");
        check("a,'so'", "a,''so'");
        check("\t'", "'\t''");
    }

    #[test]
    fn what_reviewers_typed_stays() {
        for typed in ["'so'", "a,'so'", "'", "it's; 'a'"] {
            assert_eq!(unprotect(typed), typed);
        }
    }

    proptest! {
        #[test]
        fn undoing_gives_the_original(text in r"[a='\t\r\n;,+@＝\- ]{0,12}|\PC*") {
            prop_assert_eq!(unprotect(&protect(&text)), text);
        }

        #[test]
        fn nothing_begins_like_a_formula(text in r"[a='\t\r\n;,+@＝\- ]{0,12}") {
            let safe = protect(&text);
            prop_assert!(!safe.starts_with(['\t', '\r', '\n']));
            for piece in safe.split([';', ',', '\t', '\r', '\n']) {
                prop_assert!(!could_compute(piece), "{:?} in {:?}", piece, safe);
            }
        }
    }
}
