//! The tree of a message's parts (RFC 2046), cut without copying or decoding anything.

use mailparse::{DispositionType, parse_content_disposition, parse_content_type};

use super::header::Header;
use super::{Defect, encoded_word, header};

/// Deeper nesting is no mail that people write; the part is kept as text.
const DEEPEST: usize = 32;

/// More parts than any honest message has.
const MOST_PARTS: usize = 10_000;

/// One node of the tree.
#[derive(Debug)]
pub(super) struct Part<'a> {
    /// Number as in RFC 9051, 6.4.5; empty for a multipart root.
    pub(super) number: String,
    /// Lower case, `type/subtype`.
    pub(super) media_type: String,
    /// As declared.
    pub(super) charset: Option<String>,
    /// Decoded; empty if there is none.
    pub(super) file_name: String,
    /// `Content-Disposition: attachment`.
    pub(super) is_attachment: bool,
    /// How the octets are encoded.
    pub(super) encoding: Encoding,
    /// `format=flowed` (RFC 3676).
    pub(super) flowed: bool,
    /// `delsp=yes` (RFC 3676).
    pub(super) delete_space: bool,
    /// The octets below the header, still encoded; empty for a multipart that was cut.
    pub(super) body: &'a [u8],
    /// Parts of a multipart.
    pub(super) children: Vec<Part<'a>>,
}

impl<'a> Part<'a> {
    /// A single part of plain text.
    pub(super) fn plain(octets: &'a [u8]) -> Self {
        Self {
            number: "1".to_owned(),
            media_type: "text/plain".to_owned(),
            charset: None,
            file_name: String::new(),
            is_attachment: false,
            encoding: Encoding::Identity,
            flowed: false,
            delete_space: false,
            body: octets,
            children: Vec::new(),
        }
    }
}

/// Content-Transfer-Encoding (RFC 2045, 6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    /// None declared, or none that changes octets.
    Identity,
    /// `base64`.
    Base64,
    /// `quoted-printable`.
    QuotedPrintable,
}

/// Cuts the body of a message or part into its tree.
pub(super) struct Cutter<'d> {
    parts: usize,
    defects: &'d mut Vec<Defect>,
}

impl<'d> Cutter<'d> {
    /// A cutter that reports into `defects`.
    pub(super) fn new(defects: &'d mut Vec<Defect>) -> Self {
        Self { parts: 0, defects }
    }

    /// The tree of a whole message: `number` is empty for the outermost, else the number of the nested message's part.
    pub(super) fn message<'a>(
        &mut self,
        header: &Header<'_>,
        body: &'a [u8],
        number: &str,
    ) -> Part<'a> {
        let mut root = self.part(header, body, number, "text/plain", 0);
        if root.children.is_empty() {
            root.number = join(number, 1);
        }
        root
    }

    fn part<'a>(
        &mut self,
        header: &Header<'_>,
        body: &'a [u8],
        number: &str,
        default_type: &str,
        depth: usize,
    ) -> Part<'a> {
        self.parts += 1;
        let declared = header.raw("Content-Type").unwrap_or_default();
        let content_type = parse_content_type(&declared);
        let boundary = content_type.params.get("boundary").cloned();
        let mut part = describe(header, &content_type, number, default_type);
        part.body = body;
        if !part.media_type.starts_with("multipart/") {
            return part;
        }
        if depth >= DEEPEST {
            self.defect(
                number,
                "nesting-too-deep",
                "parts below this one were read as plain text",
            );
            "text/plain".clone_into(&mut part.media_type);
            return part;
        }
        let digest = part.media_type == "multipart/digest";
        let default = if digest {
            "message/rfc822"
        } else {
            "text/plain"
        };
        let Some(boundary) = boundary.or_else(|| guess_boundary(body)) else {
            self.defect(
                number,
                "no-boundary",
                "a multipart without a boundary was read as plain text",
            );
            "text/plain".clone_into(&mut part.media_type);
            return part;
        };
        for (index, octets) in (1..).zip(Pieces::new(body, &boundary)) {
            if self.parts >= MOST_PARTS {
                self.defect(
                    number,
                    "too-many-parts",
                    "only the first 10,000 parts were read",
                );
                break;
            }
            let (child_header, child_body) = Header::split_part(octets);
            let child_number = join(number, index);
            part.children.push(self.part(
                &child_header,
                child_body,
                &child_number,
                default,
                depth + 1,
            ));
        }
        if part.children.is_empty() {
            self.defect(
                number,
                "no-boundary",
                "the boundary of a multipart does not occur in it",
            );
            "text/plain".clone_into(&mut part.media_type);
        } else {
            part.body = &[];
        }
        part
    }

    fn defect(&mut self, number: &str, code: &'static str, detail: &str) {
        self.defects.push(Defect {
            part: number.to_owned(),
            code,
            detail: detail.to_owned(),
            is_attachment: false,
        });
    }
}

fn join(number: &str, index: usize) -> String {
    if number.is_empty() {
        index.to_string()
    } else {
        format!("{number}.{index}")
    }
}

/// A part as its header alone describes it, and its boundary if it names one.
pub(super) fn describe_head(header: &Header<'_>) -> (Part<'static>, Option<String>) {
    let declared = header.raw("Content-Type").unwrap_or_default();
    let content_type = parse_content_type(&declared);
    let boundary = content_type.params.get("boundary").cloned();
    (describe(header, &content_type, "", "text/plain"), boundary)
}

fn describe<'a>(
    header: &Header<'_>,
    content_type: &mailparse::ParsedContentType,
    number: &str,
    default_type: &str,
) -> Part<'a> {
    let disposition = header
        .raw("Content-Disposition")
        .map(|value| parse_content_disposition(&value))
        .unwrap_or_default();
    let parameter = |name: &str| content_type.params.get(name).map(String::as_str);
    let file_name = disposition
        .params
        .get("filename")
        .map(String::as_str)
        .filter(|name| !name.is_empty())
        .or_else(|| parameter("name"))
        .unwrap_or("");
    let is =
        |name: &str, value: &str| parameter(name).is_some_and(|v| v.eq_ignore_ascii_case(value));
    let media_type = content_type.mimetype.split_whitespace().collect::<String>();
    Part {
        number: number.to_owned(),
        file_name: header::single_spaced(&encoded_word::decode(file_name)),
        is_attachment: disposition.disposition == DispositionType::Attachment,
        encoding: encoding(header),
        flowed: is("format", "flowed"),
        delete_space: is("delsp", "yes"),
        charset: parameter("charset").map(str::to_owned),
        media_type: match media_type.as_str() {
            "" | "text" => default_type.to_owned(),
            _ if header.raw("Content-Type").is_none() => default_type.to_owned(),
            _ => media_type,
        },
        body: &[],
        children: Vec::new(),
    }
}

fn encoding(header: &Header<'_>) -> Encoding {
    let declared = header.raw("Content-Transfer-Encoding").unwrap_or_default();
    let word = declared.split([';', ' ', '(']).next().unwrap_or("");
    if word.eq_ignore_ascii_case("base64") {
        Encoding::Base64
    } else if word.eq_ignore_ascii_case("quoted-printable") {
        Encoding::QuotedPrintable
    } else {
        Encoding::Identity
    }
}

/// A multipart whose boundary parameter was lost: its first line says it.
fn guess_boundary(body: &[u8]) -> Option<String> {
    let line = body
        .split(|&b| b == b'\n')
        .take(20)
        .map(<[u8]>::trim_ascii)
        .find(|line| !line.is_empty())?;
    let boundary = std::str::from_utf8(line.strip_prefix(b"--")?).ok()?;
    (boundary.len() >= 6 && boundary.len() <= 200).then(|| boundary.to_owned())
}

/// The octets between the delimiter lines of a multipart. A delimiter line holds nothing else (RFC 2046, 5.1.1), so that
/// boundary `b` does not cut at `--bb`; a missing close is forgiven.
struct Pieces<'a> {
    finder: memchr::memmem::Finder<'static>,
    body: &'a [u8],
    at: Option<usize>,
}

impl<'a> Pieces<'a> {
    fn new(body: &'a [u8], boundary: &str) -> Self {
        let delimiter = [b"--", boundary.trim_end().as_bytes()].concat();
        let mut pieces = Self {
            finder: memchr::memmem::Finder::new(&delimiter).into_owned(),
            body,
            at: None,
        };
        pieces.at = pieces.delimiter(0).filter(|d| !d.closes).map(|d| d.after);
        pieces
    }

    fn delimiter(&self, from: usize) -> Option<Delimiter> {
        let mut from = from;
        loop {
            let rest = self.body.get(from..)?;
            let start = from + self.finder.find(rest)?;
            let end = start + self.finder.needle().len();
            let at_line_start = start == 0 || self.body.get(start - 1) == Some(&b'\n');
            let tail = self.body.get(end..)?;
            let closes = tail.starts_with(b"--");
            let line_end = memchr::memchr(b'\n', tail).map_or(tail.len(), |at| at + 1);
            let rest_of_line = tail.get(..line_end)?;
            // Some writers put text after a closing delimiter; nothing else may stand behind an opening one.
            if at_line_start && (closes || rest_of_line.trim_ascii().is_empty()) {
                return Some(Delimiter {
                    start,
                    after: end + line_end,
                    closes,
                });
            }
            from = end;
        }
    }
}

struct Delimiter {
    start: usize,
    after: usize,
    closes: bool,
}

impl<'a> Iterator for Pieces<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let start = self.at.take()?;
        let Some(delimiter) = self.delimiter(start) else {
            let last = self.body.get(start..)?;
            return (!last.trim_ascii().is_empty()).then_some(last);
        };
        if !delimiter.closes {
            self.at = Some(delimiter.after);
        }
        let piece = self.body.get(start..delimiter.start)?;
        // The line break before a delimiter belongs to the delimiter.
        let piece = piece.strip_suffix(b"\n").unwrap_or(piece);
        Some(piece.strip_suffix(b"\r").unwrap_or(piece))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outline(part: &Part<'_>, out: &mut Vec<String>) {
        let body = String::from_utf8_lossy(part.body).into_owned();
        out.push(format!(
            "{} {} {}",
            part.number,
            part.media_type,
            body.trim()
        ));
        for child in &part.children {
            outline(child, out);
        }
    }

    #[track_caller]
    fn check(octets: &str, expected: &[&str], defects: &[&str]) {
        let mut found = Vec::new();
        let (header, body) = Header::split(octets.as_bytes());
        let root = Cutter::new(&mut found).message(&header, body, "");
        let mut lines = Vec::new();
        outline(&root, &mut lines);
        assert_eq!(lines, expected);
        assert_eq!(found.iter().map(|d| d.code).collect::<Vec<_>>(), defects);
    }

    #[test]
    fn cuts_nested_parts() {
        check("Subject: a\n\nhello", &["1 text/plain hello"], &[]);
        check(
            "Content-Type: multipart/mixed; boundary=b\n\npreamble\n--b\n\none\n--b\n\
             Content-Type: multipart/alternative; boundary=\"bb\"\n\n--bb\n\ntwo\n--bb--\n\n--b--\nepilogue",
            &[
                " multipart/mixed ",
                "1 text/plain one",
                "2 multipart/alternative ",
                "2.1 text/plain two",
            ],
            &[],
        );
    }

    #[test]
    fn a_delimiter_is_a_whole_line() {
        check(
            "Content-Type: multipart/mixed; boundary=b\n\n--b\n\none\n--bb\nstill one --b\n--b--\n",
            &[" multipart/mixed ", "1 text/plain one\n--bb\nstill one --b"],
            &[],
        );
    }

    #[test]
    fn a_missing_close_or_boundary_is_forgiven() {
        check(
            "Content-Type: multipart/mixed; boundary=b\n\n--b\n\none\n--b\n\ntwo",
            &[" multipart/mixed ", "1 text/plain one", "2 text/plain two"],
            &[],
        );
        check(
            "Content-Type: multipart/mixed\n\n--frontier\n\none\n--frontier--\n",
            &[" multipart/mixed ", "1 text/plain one"],
            &[],
        );
        check(
            "Content-Type: multipart/mixed; boundary=b\n\nno delimiter",
            &["1 text/plain no delimiter"],
            &["no-boundary"],
        );
    }

    #[test]
    fn file_names_are_decoded() {
        let (header, body) = Header::split(
            b"Content-Type: text/plain; name==?utf-8?q?adi=C3=B3s?=\nContent-Disposition: attachment;\n \
              filename*0*=utf-8''adi%C3; filename*1*=%B3s.txt\n\nx",
        );
        let part = Cutter::new(&mut Vec::new()).message(&header, body, "");
        assert_eq!(part.file_name, "adiós.txt");
        assert!(part.is_attachment);
    }

    #[test]
    fn hostile_nesting_stays_shallow() {
        let mut octets = String::new();
        for i in 0..5_000 {
            let part = format!("Content-Type: multipart/mixed; boundary=b{i}\n\n--b{i}\n");
            octets.push_str(&part);
        }
        let mut found = Vec::new();
        let (header, body) = Header::split(octets.as_bytes());
        Cutter::new(&mut found).message(&header, body, "");
        assert_eq!(found.first().map(|d| d.code), Some("nesting-too-deep"));
    }
}
