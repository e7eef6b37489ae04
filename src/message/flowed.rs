//! Soft line breaks of `format=flowed` (RFC 3676), joined to the paragraphs that were written.

/// Joins flowed lines. Quote marks stay at the front of each joined line; the signature separator is never joined.
pub(super) fn unflow(text: &str, delete_space: bool) -> String {
    let mut out = String::with_capacity(text.len());
    // The quote depth of the paragraph that is still open.
    let mut open: Option<usize> = None;
    for line in text.split('\n') {
        let depth = line.bytes().take_while(|&b| b == b'>').count();
        let marks = line.get(..depth).unwrap_or("");
        let rest = line.get(depth..).unwrap_or("");
        let content = rest.strip_prefix(' ').unwrap_or(rest);
        let is_separator = content == "-- ";
        match open {
            Some(d) if d == depth && !is_separator => {}
            Some(_) => {
                out.push('\n');
                start_line(&mut out, marks);
            }
            None => start_line(&mut out, marks),
        }
        out.push_str(content);
        if content.ends_with(' ') && !is_separator {
            if delete_space {
                out.pop();
            }
            open = Some(depth);
        } else {
            out.push('\n');
            open = None;
        }
    }
    if open.is_none() {
        out.pop();
    }
    out
}

fn start_line(out: &mut String, marks: &str) {
    out.push_str(marks);
    if !marks.is_empty() {
        out.push(' ');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(unflow(text, false), expected);
    }

    #[test]
    fn joins_soft_breaks() {
        check("a \nb\nc", "a b\nc");
        check("a \nb \nc\n", "a b c\n");
        check(">> a \n>> b\n> c \nown", ">> a b\n> c \nown");
        check("text \n-- \nAna", "text \n-- \nAna");
        check(" >not quoted", ">not quoted");
        check("", "");
    }

    #[test]
    fn delsp_deletes_the_space() {
        assert_eq!(unflow("unter \nbrochen", true), "unterbrochen");
    }
}
