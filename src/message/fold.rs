//! Folding of single lines for comparison with phrase lists: lower case, no accents, plain quotes, single spaces.

/// Folds `text`; meant for lines, not for whole bodies.
pub(super) fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    let mut space = false;
    for c in text.chars() {
        if is_space(c) {
            space = !folded.is_empty();
            continue;
        }
        if is_invisible(c) || matches!(c, '\u{300}'..='\u{33f}') {
            continue;
        }
        if space {
            folded.push(' ');
            space = false;
        }
        push_folded(c, &mut folded);
    }
    folded
}

/// Spaces of every width; a line break counts too.
pub(super) fn is_space(c: char) -> bool {
    c.is_whitespace() || c == '\u{a0}'
}

/// Characters without a width that senders and templates strew into words.
pub(super) fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{34f}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{2064}' | '\u{feff}')
}

fn push_folded(c: char, out: &mut String) {
    if c.is_ascii() {
        out.push(c.to_ascii_lowercase());
        return;
    }
    let plain = match c {
        'À'..='Å' | 'à'..='å' | 'Ā'..='ą' | 'ª' => "a",
        'Ç' | 'ç' | 'Ć'..='č' => "c",
        'È'..='Ë' | 'è'..='ë' | 'Ē'..='ě' => "e",
        'Ì'..='Ï' | 'ì'..='ï' | 'Ĩ'..='ı' => "i",
        'Ñ' | 'ñ' | 'Ń'..='ň' => "n",
        'Ò'..='Ö' | 'Ø' | 'ò'..='ö' | 'ø' | 'Ō'..='ő' | 'º' => "o",
        'Ù'..='Ü' | 'ù'..='ü' | 'Ũ'..='ų' => "u",
        'Ý' | 'ý' | 'ÿ' | 'Ÿ' => "y",
        'Š' | 'š' | 'Ś' | 'ś' => "s",
        'Ž' | 'ž' => "z",
        'ß' | 'ẞ' => "ss",
        'Æ' | 'æ' => "ae",
        'Œ' | 'œ' => "oe",
        '‘' | '’' | 'ʼ' | '´' | '`' => "'",
        '“' | '”' | '„' | '«' | '»' => "\"",
        '‐'..='―' | '−' | '─' | '━' => "-",
        '·' => ".",
        _ => {
            out.extend(c.to_lowercase());
            return;
        }
    };
    out.push_str(plain);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(fold(text), expected);
    }

    #[test]
    fn folds_case_accents_quotes_and_spaces() {
        check("  Début  du\u{a0}message ", "debut du message");
        check("GRÜSSE, Grüße", "grusse, grusse");
        check("d’envoi — “così”", "d'envoi - \"cosi\"");
        check("zero\u{200b}width e\u{301}", "zerowidth e");
    }
}
