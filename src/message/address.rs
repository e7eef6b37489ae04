//! Address lists (RFC 5322, 3.4) as people and programs really write them.

use std::collections::HashSet;

use super::{Address, encoded_word};

/// Reads an address list: unfolded, encoded words not yet decoded. Groups are flattened; what has no address keeps its
/// name.
pub(super) fn parse_list(text: &str) -> Vec<Address> {
    let mut reader = Reader::default();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let length = reader.step(c, rest);
        rest = rest.get(length..).unwrap_or("");
    }
    if reader.quoted || reader.angle {
        // An unclosed quote or bracket swallows the rest of the list: better to find the bare addresses.
        let mut found = reader.list;
        let mut known: HashSet<String> = found.iter().map(|a| a.address.clone()).collect();
        found.extend(bare_addresses(text).filter(|a| known.insert(a.address.clone())));
        found.retain(|a| !a.address.is_empty());
        return found;
    }
    reader.finish_one();
    reader.list
}

/// The state between two characters of a list.
#[derive(Default)]
struct Reader {
    list: Vec<Address>,
    name: String,
    address: Option<String>,
    comment: String,
    quoted: bool,
    angle: bool,
    comments: usize,
    group: bool,
}

impl Reader {
    /// Takes the next character (or encoded word) and says how many bytes it took.
    fn step(&mut self, c: char, rest: &str) -> usize {
        if self.quoted {
            return self.step_quoted(c, rest);
        }
        if self.comments > 0 {
            return self.step_comment(c);
        }
        if self.angle {
            match c {
                '>' => self.angle = false,
                '"' | '\'' => {}
                _ => self.address.get_or_insert_default().push(c),
            }
            return c.len_utf8();
        }
        if c == '='
            && let Some(length) = encoded_word::length(rest)
        {
            self.name.push_str(rest.get(..length).unwrap_or(""));
            return length;
        }
        match c {
            '"' => self.quoted = true,
            '(' => self.comments = 1,
            '<' => {
                self.angle = true;
                self.address = Some(String::new());
            }
            ',' => self.finish_one(),
            ';' => {
                self.finish_one();
                self.group = false;
            }
            ':' if !self.name.trim().eq_ignore_ascii_case("mailto") => {
                self.name.clear();
                self.group = true;
            }
            ':' => self.name.clear(),
            _ => self.name.push(c),
        }
        c.len_utf8()
    }

    fn step_quoted(&mut self, c: char, rest: &str) -> usize {
        match c {
            '"' => self.quoted = false,
            '\\' => {
                let escaped = rest.chars().nth(1);
                self.name.extend(escaped);
                return 1 + escaped.map_or(0, char::len_utf8);
            }
            _ => self.name.push(c),
        }
        c.len_utf8()
    }

    fn step_comment(&mut self, c: char) -> usize {
        match c {
            '(' => self.comments += 1,
            ')' => self.comments -= 1,
            _ => {}
        }
        if self.comments > 0 {
            self.comment.push(c);
        }
        c.len_utf8()
    }

    fn finish_one(&mut self) {
        let name = std::mem::take(&mut self.name);
        let comment = std::mem::take(&mut self.comment);
        let (name, written) = match self.address.take() {
            Some(written) => (name, written),
            None if name.contains('@') => (comment, name),
            None => (name, String::new()),
        };
        let mut name = clean_name(&name);
        if name.is_empty() {
            name = clean_name(&comment_or_empty(&written));
        }
        let address = clean_address(&written);
        if !name.is_empty() || !address.is_empty() {
            self.list.push(Address { name, address });
        }
    }
}

/// Exchange's `<Ruiz, Ana>`: a bracket that holds a name.
fn comment_or_empty(written: &str) -> String {
    if written.contains('@') {
        String::new()
    } else {
        written.to_owned()
    }
}

fn clean_name(written: &str) -> String {
    let decoded = encoded_word::decode(written.trim());
    let joined = decoded.split_whitespace().collect::<Vec<_>>().join(" ");
    let name = joined.trim_matches(|c: char| matches!(c, '"' | '\'' | ' '));
    name.to_owned()
}

fn clean_address(written: &str) -> String {
    let decoded = encoded_word::decode(written);
    let compact: String = decoded.split_whitespace().collect();
    let mut address = compact
        .trim_matches(|c: char| matches!(c, '<' | '>' | '\'' | '"' | ',' | ';'))
        .to_owned();
    if let Some(rest) = strip_prefix_ignore_case(&address, "mailto:") {
        address = rest.to_owned();
    }
    // A source route (RFC 5322, 4.4): `@relay.example:ana@acme.example`.
    if address.starts_with('@')
        && let Some((_, target)) = address.split_once(':')
    {
        address = target.to_owned();
    }
    match address.rsplit_once('@') {
        Some((local, domain)) => format!("{local}@{}", domain.trim_end_matches('.').to_lowercase()),
        None => String::new(),
    }
}

fn strip_prefix_ignore_case<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let (head, rest) = text.split_at_checked(prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then_some(rest)
}

fn bare_addresses(text: &str) -> impl Iterator<Item = Address> + '_ {
    text.split(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '<' | '>' | '"' | '(' | ')'))
        .filter(|token| {
            token
                .split_once('@')
                .is_some_and(|(local, domain)| !local.is_empty() && domain.contains('.'))
        })
        .map(|token| Address {
            name: String::new(),
            address: clean_address(token),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[(&str, &str)]) {
        let list = parse_list(text);
        let found: Vec<(&str, &str)> = list
            .iter()
            .map(|a| (a.name.as_str(), a.address.as_str()))
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn reads_mailboxes() {
        check("ana@Acme.Example", &[("", "ana@acme.example")]);
        check(
            "Ana Ruiz <Ana@ACME.example>",
            &[("Ana Ruiz", "Ana@acme.example")],
        );
        check(
            "\"Ruiz, Ana\" <ana@acme.example>, bo@b.example",
            &[("Ruiz, Ana", "ana@acme.example"), ("", "bo@b.example")],
        );
        check(
            "ana@acme.example (Ana Ruiz)",
            &[("Ana Ruiz", "ana@acme.example")],
        );
        check(
            "'ana@acme.example' <ana@acme.example>",
            &[("ana@acme.example", "ana@acme.example")],
        );
        check(
            "A <a@x.example>; B <b@x.example>",
            &[("A", "a@x.example"), ("B", "b@x.example")],
        );
        check("", &[]);
    }

    #[test]
    fn flattens_groups() {
        check("undisclosed-recipients:;", &[]);
        check(
            "Clients: A <a@x.example>, b@x.example;, c@y.example",
            &[
                ("A", "a@x.example"),
                ("", "b@x.example"),
                ("", "c@y.example"),
            ],
        );
    }

    #[test]
    fn decodes_names_after_cutting() {
        check(
            "=?utf-8?Q?Ruiz,_Ana?= <ana@acme.example>",
            &[("Ruiz, Ana", "ana@acme.example")],
        );
        check(
            "\"=?utf-8?B?TcO8bGxlcg==?=\" <m@x.example>",
            &[("Müller", "m@x.example")],
        );
    }

    #[test]
    fn keeps_what_is_readable_of_broken_lists() {
        check(
            "\"Ana <ana@acme.example>, Bo <bo@b.example>",
            &[("", "ana@acme.example"), ("", "bo@b.example")],
        );
        check(
            "<@relay.example:ana@acme.example>",
            &[("", "ana@acme.example")],
        );
        check("mailto:ana@acme.example", &[("", "ana@acme.example")]);
        check("Ana Ruiz", &[("Ana Ruiz", "")]);
        check("<Ruiz Ana>", &[("Ruiz Ana", "")]);
        check(
            "josé.núñez@dominio.example",
            &[("", "josé.núñez@dominio.example")],
        );
    }
}
