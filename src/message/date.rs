//! The `Date` field (RFC 5322, 3.3, its obsolete forms and what clients really write) as an instant.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;

/// Reads a date; `None` if there is none, or none between 1971 and 2100: broken clocks and empty fields say 1970.
pub(super) fn parse(text: &str) -> Option<Timestamp> {
    let text = without_comments(text);
    let instant = parse_rfc5322(&text).or_else(|| text.trim().parse::<Timestamp>().ok())?;
    let second = instant.as_second();
    (31_536_000..4_133_980_800)
        .contains(&second)
        .then_some(instant)
}

fn without_comments(text: &str) -> String {
    let mut depth = 0_usize;
    let mut out = String::new();
    for c in text.chars().take(200) {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ if depth > 0 => {}
            ',' => out.push(' '),
            _ => out.push(c),
        }
    }
    out
}

fn parse_rfc5322(text: &str) -> Option<Timestamp> {
    let tokens: Vec<&str> = text.split_whitespace().flat_map(split_dashes).collect();
    let at = tokens.iter().position(|token| month(token).is_some())?;
    let month = month(tokens.get(at)?)?;
    let number = |i: usize| tokens.get(i).and_then(|t| t.parse::<i16>().ok());
    // `5 Jan 2024` or, in ctime order, `Jan  5 15:04:05 2024`.
    let before = at.checked_sub(1).and_then(number);
    let day = before.or_else(|| number(at + 1))?;
    let years = if before.is_some() { at + 1 } else { at + 2 };
    let year = tokens
        .get(years..)?
        .iter()
        .find_map(|t| (!t.starts_with('+')).then(|| t.parse::<i16>().ok())?)?;
    let clock = tokens.iter().position(|t| t.contains(':'));
    let (hour, minute, second) = clock
        .and_then(|i| tokens.get(i))
        .map_or(Some((0, 0, 0)), |t| time(t))?;
    let after = tokens
        .get(clock.map_or(tokens.len(), |i| i + 1)..)
        .unwrap_or_default();
    let hour = match after.first() {
        Some(word) if word.eq_ignore_ascii_case("pm") && hour < 12 => hour + 12,
        Some(word) if word.eq_ignore_ascii_case("am") && hour == 12 => 0,
        _ => hour,
    };
    let zone = after.iter().find_map(|t| offset(t)).unwrap_or(0);
    let date = DateTime::new(
        full_year(year)?,
        month,
        i8::try_from(day).ok()?,
        hour,
        minute,
        second,
        0,
    )
    .ok()?;
    Offset::from_seconds(zone).ok()?.to_timestamp(date).ok()
}

/// `5-Jan-2024` in three; a zone such as `-0700` stays whole.
fn split_dashes(token: &str) -> impl Iterator<Item = &str> {
    let whole = token.starts_with('-') || !token.contains(|c: char| c.is_ascii_alphabetic());
    token.split(move |c| c == '-' && !whole)
}

/// RFC 5322, 4.3: two digits below 50 are this century, three digits count from 1900.
fn full_year(year: i16) -> Option<i16> {
    match year {
        0..50 => Some(2000 + year),
        50..1000 => Some(1900 + year),
        1000..=9999 => Some(year),
        _ => None,
    }
}

fn month(token: &str) -> Option<i8> {
    const MONTHS: [&str; 12] = [
        "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
    ];
    let head = token.get(..3)?;
    if !token.bytes().all(|b| b.is_ascii_alphabetic() || b == b'.') {
        return None;
    }
    let at = MONTHS.iter().position(|m| head.eq_ignore_ascii_case(m))?;
    i8::try_from(at + 1).ok()
}

fn time(token: &str) -> Option<(i8, i8, i8)> {
    let mut fields = token.split([':', '.']);
    let hour = fields.next()?.parse().ok()?;
    let minute = fields.next()?.parse().ok()?;
    let second: i8 = fields.next().map_or(Some(0), |s| s.parse().ok())?;
    // A leap second; `59` is near enough.
    Some((hour, minute, second.min(59)))
}

/// Seconds east of UTC. An unknown name counts as UTC (RFC 5322, 4.3), an impossible number too.
fn offset(token: &str) -> Option<i32> {
    let (name, number) = match token.find(['+', '-']) {
        Some(at) => token.split_at(at),
        None => (token, ""),
    };
    if !number.is_empty() {
        let digits: String = number.chars().filter(char::is_ascii_digit).collect();
        let value: i32 = digits.parse().ok()?;
        let minutes = if digits.len() <= 2 {
            value * 60
        } else {
            value / 100 * 60 + value % 100
        };
        let minutes = if minutes > 14 * 60 { 0 } else { minutes };
        return Some(if number.starts_with('-') {
            -minutes * 60
        } else {
            minutes * 60
        });
    }
    let hours = match name.to_ascii_uppercase().as_str() {
        "PST" => -8,
        "PDT" | "MST" => -7,
        "MDT" | "CST" => -6,
        "CDT" | "EST" => -5,
        "EDT" => -4,
        "BRT" | "ART" => -3,
        "CET" | "MET" | "MEZ" | "BST" | "WEST" => 1,
        "CEST" | "MEST" | "MESZ" | "EET" => 2,
        "EEST" | "MSK" => 3,
        "JST" => 9,
        "GMT" | "UTC" | "UT" | "Z" | "WET" => 0,
        _ => return None,
    };
    Some(hours * 3600)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<&str>) {
        assert_eq!(parse(text).map(|t| t.to_string()).as_deref(), expected);
    }

    #[test]
    fn reads_what_clients_write() {
        check(
            "Fri, 28 Jun 2024 09:30:00 +0200",
            Some("2024-06-28T07:30:00Z"),
        );
        check(
            "28 Jun 2024 09:30 -0700 (PDT)",
            Some("2024-06-28T16:30:00Z"),
        );
        check("Fri, 28 Jun 24 09:30:00 EST", Some("2024-06-28T14:30:00Z"));
        check("Fri, 28 Jun 99 09:30:00 GMT", Some("1999-06-28T09:30:00Z"));
        check("28 Jun 102 09:30:00 GMT", Some("2002-06-28T09:30:00Z"));
        check("Fri Jun  7 15:04:05 2024", Some("2024-06-07T15:04:05Z"));
        check(
            "Fri Jun  7 15:04:05 CEST 2024",
            Some("2024-06-07T13:04:05Z"),
        );
        check("7-Jun-2024 15:04:05 +02:00", Some("2024-06-07T13:04:05Z"));
        check(
            "Fri, 7 June 2024 3:04:05 PM GMT+1",
            Some("2024-06-07T14:04:05Z"),
        );
        check("2024-06-07T15:04:05Z", Some("2024-06-07T15:04:05Z"));
        check("7 Jun 2024 15:04:60 UT", Some("2024-06-07T15:04:59Z"));
        check("7 Jun 2024 15:04:05 -9900", Some("2024-06-07T15:04:05Z"));
    }

    #[test]
    fn an_unreadable_date_is_none() {
        check("", None);
        check("yesterday", None);
        check("Thu, 01 Jan 1970 00:00:00 +0000", None);
        check("31 Feb 2024 10:00:00 +0000", None);
        check("7 Jun 2024 25:04:05 +0000", None);
        check("((((((", None);
    }
}
