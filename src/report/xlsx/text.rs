//! Text as a workbook can hold it.

/// What a cell holds, in UTF-16 code units (Excel's limit; the library refuses more).
const LIMIT: usize = 32_767;

/// Cuts text into as few pieces as a cell each can hold, the first of which may be the only one; none is lost.
pub(super) fn pieces(text: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((piece, more)) = end(rest).and_then(|at| rest.split_at_checked(at)) {
        pieces.push(piece);
        rest = more;
    }
    pieces.push(rest);
    pieces
}

/// Where the first piece ends, if it is not the only one.
fn end(text: &str) -> Option<usize> {
    let mut room = LIMIT;
    let is_too_much = |character: char| match room.checked_sub(character.len_utf16()) {
        Some(left) => {
            room = left;
            false
        }
        None => true,
    };
    text.find(is_too_much)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, lengths: &[usize]) {
        let pieces = pieces(text);
        let found: Vec<_> = pieces.iter().map(|p| p.encode_utf16().count()).collect();
        assert_eq!(found, lengths);
        assert_eq!(pieces.concat(), text);
    }

    #[test]
    fn nothing_is_lost() {
        check("", &[0]);
        check("José", &[4]);
        check(&"n".repeat(32_767), &[32_767]);
        check(&"n".repeat(32_768), &[32_767, 1]);
        check(&"n".repeat(70_000), &[32_767, 32_767, 4_466]);
        // Outside the basic plane a character counts twice, and is not torn.
        check(&"😀".repeat(16_384), &[32_766, 2]);
    }
}
