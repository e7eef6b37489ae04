//! Days as spreadsheets give them back: in the order of their country, perhaps with two digits for the year.

use jiff::civil::Date;

use crate::config::dates::parse_date;

/// Which number comes first in a file's days, as far as the file itself tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Order {
    day_first: Option<bool>,
    today: Date,
}

impl Order {
    /// Learns from the days of which only one reading is a day; a file in which they disagree tells nothing.
    pub(super) fn of<'a>(dates: impl Iterator<Item = &'a str>, today: Date) -> Self {
        let (mut month_first, mut day_first) = (false, false);
        for (first, second, _) in dates.filter_map(numbers) {
            month_first |= second > 12;
            day_first |= first > 12;
        }
        Self {
            day_first: (month_first != day_first).then_some(day_first),
            today,
        }
    }

    /// # Errors
    /// Says what is wrong, for people.
    pub(super) fn read(&self, written: &str) -> Result<Date, String> {
        let day = match (numbers(written), parse_date(written)) {
            (_, Ok(day)) => day,
            (Some((first, second, year)), Err(problem)) => {
                // Where dots are written the day is first.
                let day_first = self.day_first.or(written.contains('.').then_some(true));
                let (day, month) = match day_first {
                    Some(true) => (first, second),
                    Some(false) => (second, first),
                    None if first == second => (first, second),
                    None if second > 12 => (second, first),
                    None if first > 12 => (first, second),
                    None => return Err(problem),
                };
                Date::new(year, month, day).map_err(|_| problem)?
            }
            (None, Err(problem)) => return Err(problem),
        };
        // A day's grace for time zones.
        if day > self.today.tomorrow().unwrap_or(self.today) {
            return Err(format!("{day} is yet to come"));
        }
        Ok(day)
    }
}

/// `28/06/2024`, `6/28/24`, `28.06.24 00:00`: three numbers, of which the last is the year.
fn numbers(written: &str) -> Option<(i8, i8, i16)> {
    let day = written.split(['T', ' ']).next()?;
    let parts: Vec<&str> = day.split(['/', '.', '-']).collect();
    let [first, second, year] = parts.as_slice() else {
        return None;
    };
    let is_year_first = day.contains('-') && year.len() < 4;
    if is_year_first || !matches!(first.len(), 1 | 2) || !matches!(second.len(), 1 | 2) {
        return None;
    }
    let year = match year.len() {
        2 => 2000 + year.parse::<i16>().ok()?,
        4 => year.parse().ok()?,
        _ => return None,
    };
    Some((first.parse().ok()?, second.parse().ok()?, year))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(others: &[&str], written: &str, expected: &str) {
        let today = "2026-11-23".parse().unwrap();
        let order = Order::of(others.iter().copied(), today);
        let told = match order.read(written) {
            Ok(day) => day.to_string(),
            Err(problem) => problem,
        };
        assert!(told.starts_with(expected), "{written}: {told}");
    }

    #[test]
    fn days_as_spreadsheets_write_them() {
        check(&[], "2024-06-28", "2024-06-28");
        check(&[], "2024-06-28 00:00:00", "2024-06-28");
        check(&[], "28/06/2024", "2024-06-28");
        check(&[], "6/28/2024", "2024-06-28");
        check(&[], "28.6.24", "2024-06-28");
        check(&[], "6/28/24", "2024-06-28");
        check(&[], "07.06.24", "2024-06-07");
        check(&[], "07/07/24", "2024-07-07");
    }

    #[test]
    fn other_days_of_the_file_tell_the_order() {
        check(&[], "07/06/2024", "the date `07/06/2024` is ambiguous");
        check(&["28/06/2024", ""], "07/06/2024", "2024-06-07");
        check(&["6/28/2024"], "7/6/2024", "2024-07-06");
        check(&["6/28/24", "28.06.2024"], "7/6/2024", "the date");
        check(&["2024-06-28"], "7/6/2024", "the date");
    }

    #[test]
    fn what_is_no_day_is_refused() {
        check(&[], "45471", "`45471` is a spreadsheet's number of a day");
        check(&[], "soon", "`soon` is no date");
        check(&[], "31/02/2024", "there is no day");
        check(&[], "24-06-07", "the date `24-06-07` has a year of two");
        check(&[], "2026-11-25", "2026-11-25 is yet to come");
        check(&["28/06/2024"], "2/30/2024", "there is no day");
    }
}
