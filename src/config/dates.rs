//! Dates and spans of time as people write them in tables and configurations.

use std::time::Duration;

use jiff::civil::Date;

/// Longer windows than this (some 2,700 years) reach beyond every calendar that mail was dated in.
const MAX_DAYS: i64 = 1_000_000;

/// Reads `2024-06-28`, `28.06.2024` or `28/06/2024`, a time of day after it ignored.
///
/// With dots the day is first, as everywhere where dots are written. With slashes or dashes two numbers up to 12 could be either.
///
/// # Errors
/// Says what is wrong, for people; both readings of an ambiguous date.
pub(crate) fn parse_date(written: &str) -> Result<Date, String> {
    let written = written.trim();
    let day = without_time(written).ok_or_else(|| unreadable(written))?;
    for separator in ['-', '/', '.'] {
        let parts: Vec<&str> = day.split(separator).map(str::trim).collect();
        if let [a, b, c] = parts.as_slice() {
            return from_parts(written, separator, [a, b, c]);
        }
    }
    Err(unreadable(written))
}

fn from_parts(written: &str, separator: char, parts: [&str; 3]) -> Result<Date, String> {
    let [Some(first), Some(second), Some(third)] = parts.map(number) else {
        return Err(unreadable(written));
    };
    match parts.map(str::len) {
        [4, 1..=2, 1..=2] => date(first, second, third).ok_or_else(|| no_such_day(written)),
        [1..=2, 1..=2, 4] => {
            let day_first = date(third, second, first);
            let month_first = date(third, first, second).filter(|_| separator != '.');
            match (day_first, month_first) {
                (Some(one), Some(other)) if one != other => Err(format!(
                    "the date `{written}` is ambiguous, {one} or {other}: write it as year-month-day"
                )),
                (Some(day), _) | (None, Some(day)) => Ok(day),
                (None, None) => Err(no_such_day(written)),
            }
        }
        [1..=2, 1..=2, 1..=2] => Err(format!(
            "the date `{written}` has a year of two digits: write it as 2024-06-28"
        )),
        _ => Err(unreadable(written)),
    }
}

/// The day of a date with a time of day, as spreadsheets and databases export it; `None` if what follows is no time.
fn without_time(written: &str) -> Option<&str> {
    let Some((day, time)) = written.split_once(['T', ' ']) else {
        return Some(written);
    };
    let time = time.trim();
    let clock = time
        .strip_suffix("AM")
        .or_else(|| time.strip_suffix("PM"))
        .unwrap_or(time)
        .trim_end();
    // Midnight in UTC is how databases export a day; any other instant may be another day where the custodian worked.
    let clock = clock
        .strip_suffix('Z')
        .filter(|c| c.chars().all(|c| matches!(c, '0' | ':' | '.')))
        .unwrap_or(clock);
    let is_clock = clock.starts_with(|c: char| c.is_ascii_digit())
        && clock.contains(':')
        && clock
            .chars()
            .all(|c| c.is_ascii_digit() || matches!(c, ':' | '.'));
    is_clock.then_some(day)
}

fn number(digits: &str) -> Option<i16> {
    digits
        .bytes()
        .all(|b| b.is_ascii_digit())
        .then(|| digits.parse().ok())?
}

fn date(year: i16, month: i16, day: i16) -> Option<Date> {
    Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}

fn no_such_day(written: &str) -> String {
    format!("there is no day `{written}`: write it as 2024-06-28")
}

fn unreadable(written: &str) -> String {
    if (5..=6).contains(&written.len()) && written.bytes().all(|b| b.is_ascii_digit()) {
        return format!(
            "`{written}` is a spreadsheet's number of a day: format the column as a date, 2024-06-28"
        );
    }
    format!("`{written}` is no date: write it as 2024-06-28")
}

/// Reads `180d` or `26w` as days.
///
/// # Errors
/// Says what to write.
pub(crate) fn parse_days(written: &str) -> Result<i32, String> {
    let wrong = || format!("`{written}` is no number of days: write it as \"180d\" or \"26w\"");
    let (count, unit) = count_and_unit(written).ok_or_else(wrong)?;
    let days = match unit {
        "d" => count,
        "w" => count.checked_mul(7).ok_or_else(wrong)?,
        _ => return Err(wrong()),
    };
    if days > MAX_DAYS {
        return Err(format!(
            "`{written}` is more than {MAX_DAYS} days: to audit everything leave `last_day` empty in the roster"
        ));
    }
    i32::try_from(days).map_err(|_| wrong())
}

/// Reads `60s` or `2m`, from one second to one hour.
///
/// # Errors
/// Says what to write.
pub(crate) fn parse_timeout(written: &str) -> Result<Duration, String> {
    let wrong =
        || format!("`{written}` is no timeout: write it as \"60s\" or \"2m\", an hour at most");
    let (count, unit) = count_and_unit(written).ok_or_else(wrong)?;
    let seconds = match unit {
        "s" => count,
        "m" => count.checked_mul(60).ok_or_else(wrong)?,
        _ => return Err(wrong()),
    };
    match u64::try_from(seconds) {
        Ok(seconds @ 1..=3600) => Ok(Duration::from_secs(seconds)),
        _ => Err(wrong()),
    }
}

fn count_and_unit(written: &str) -> Option<(i64, &str)> {
    let written = written.trim();
    let digits = written.find(|c: char| !c.is_ascii_digit())?;
    let (count, unit) = written.split_at_checked(digits)?;
    Some((count.parse().ok()?, unit.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(written: &str, expected: &str) {
        let actual = match parse_date(written) {
            Ok(date) => date.to_string(),
            Err(problem) => problem,
        };
        assert!(actual.contains(expected), "{written}: {actual}");
    }

    #[test]
    fn dates() {
        check("2024-06-28", "2024-06-28");
        check(" 2024-6-8 ", "2024-06-08");
        check("2024/06/28", "2024-06-28");
        check("28/06/2024", "2024-06-28");
        check("28-06-2024", "2024-06-28");
        check("06/28/2024", "2024-06-28");
        check("28.06.2024", "2024-06-28");
        check("5.6.2024", "2024-06-05");
        check("06/06/2024", "2024-06-06");
        check(
            "05/06/2024",
            "`05/06/2024` is ambiguous, 2024-06-05 or 2024-05-06",
        );
        check("5-6-2024", "ambiguous, 2024-06-05 or 2024-05-06");
        check("06.28.2024", "there is no day");
        check("31/04/2024", "there is no day");
        check("2024-13-01", "there is no day");
        check("2024-02-30", "there is no day");
        check("28/06/24", "a year of two digits");
        check("45471", "a spreadsheet's number");
        check("June 28", "is no date");
        check("n/a", "is no date");
        check("2024-06-+8", "is no date");
        check("２０２４-06-28", "is no date");
        check("2024-06", "is no date");
    }

    #[test]
    fn dates_with_times() {
        check("2024-06-28 00:00:00", "2024-06-28");
        check("2024-06-28T00:00:00Z", "2024-06-28");
        check("2024-06-28T00:00:00.000", "2024-06-28");
        check("28/06/2024 0:00", "2024-06-28");
        check("6/28/2024 12:00:00 AM", "2024-06-28");
        check("2024-06-27T22:00:00Z", "is no date");
        check("2024-06-28T00:00:00+02:00", "is no date");
        check("2024-06-28 or so", "is no date");
    }

    #[track_caller]
    fn check_days(written: &str, expected: Result<i32, &str>) {
        match (parse_days(written), expected) {
            (Ok(actual), Ok(expected)) => assert_eq!(actual, expected),
            (Err(actual), Err(expected)) => assert!(actual.contains(expected), "{actual}"),
            (actual, _) => panic!("{written}: {actual:?}"),
        }
    }

    #[test]
    fn days() {
        check_days("180d", Ok(180));
        check_days("0d", Ok(0));
        check_days("26w", Ok(182));
        check_days(" 9999 d ", Ok(9999));
        check_days("180", Err("write it as \"180d\""));
        check_days("6m", Err("write it as \"180d\""));
        check_days("-5d", Err("write it as \"180d\""));
        check_days("d", Err("write it as \"180d\""));
        check_days("9999999d", Err("leave `last_day` empty"));
        check_days("99999999999999999999d", Err("no number of days"));
        check_days("9223372036854775807w", Err("no number of days"));
    }

    #[test]
    fn timeouts() {
        assert_eq!(parse_timeout("60s"), Ok(Duration::from_secs(60)));
        assert_eq!(parse_timeout("2m"), Ok(Duration::from_secs(120)));
        for wrong in ["0s", "60", "2h", "61m", "", "s"] {
            assert!(parse_timeout(wrong).is_err(), "{wrong}");
        }
    }

    proptest::proptest! {
        #[test]
        fn nothing_written_makes_it_stumble(written in "[0-9TZAPM:/. dwsm-]{0,20}", any: String) {
            for text in [&written, &any] {
                let _ = (parse_date(text), parse_days(text), parse_timeout(text));
            }
        }
    }
}
