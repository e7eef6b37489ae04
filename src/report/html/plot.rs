//! Bars and timelines: where each mark goes. Drawn in the page's markup, with the numbers beside them.

use super::BAR;
use crate::finding::Verdict;
use crate::report::overview::{self, Overview};

/// The width of a timeline in pixels, and the margin that keeps dots whole.
const LINE: i64 = 600;
const MARGIN: i64 = 8;
/// Days from the last day that a timeline shows; what lies farther off stands at its end.
const FARTHEST: i32 = 400;

/// The days of all timelines.
pub(super) struct Scale {
    pub(super) first: i32,
    pub(super) last: i32,
    /// Where the last day is.
    pub(super) zero: i64,
}

/// A custodian's bar and timeline.
pub(super) struct Person<'a> {
    pub(super) id: &'a str,
    pub(super) label: String,
    pub(super) last_day: String,
    pub(super) total: u64,
    pub(super) counts: &'a [u64],
    pub(super) bar: Vec<Part>,
    /// First and last day with a finding.
    pub(super) span: Option<(i32, i32)>,
    pub(super) dots: Vec<Dot>,
}

/// A piece of a bar.
pub(super) struct Part {
    pub(super) verdict: Verdict,
    pub(super) x: u64,
    pub(super) width: u64,
}

/// A finding on a timeline.
#[derive(PartialEq, Eq)]
pub(super) struct Dot {
    pub(super) verdict: Verdict,
    pub(super) x: i64,
}

impl Scale {
    pub(super) fn of(overview: &Overview<'_>) -> Self {
        let days = || {
            overview
                .people
                .iter()
                .flat_map(|p| &p.days)
                .map(|(day, _)| *day)
        };
        let near = |day: i32| day.clamp(-FARTHEST, FARTHEST);
        let mut scale = Self {
            first: near(days().min().unwrap_or(0).min(-30)),
            last: near(days().max().unwrap_or(0).max(7)),
            zero: 0,
        };
        scale.zero = scale.x(0);
        scale
    }

    fn x(&self, day: i32) -> i64 {
        let from_first = i64::from(day.clamp(self.first, self.last)) - i64::from(self.first);
        let days = i64::from(self.last) - i64::from(self.first);
        MARGIN + from_first * (LINE - 2 * MARGIN) / days.max(1)
    }
}

/// Everybody with findings.
pub(super) fn people<'a>(overview: &'a Overview<'a>, scale: &Scale) -> Vec<Person<'a>> {
    let most = overview
        .people
        .iter()
        .map(overview::Person::total)
        .max()
        .unwrap_or(0);
    overview
        .people
        .iter()
        .map(|person| Person {
            id: person.id,
            label: match person.name {
                "" => person.id.to_owned(),
                name => format!("{name} ({})", person.id),
            },
            last_day: person
                .last_day
                .map_or_else(String::new, |day| day.to_string()),
            total: person.total(),
            counts: &person.counts,
            bar: bar(&overview.verdicts, &person.counts, most),
            span: person
                .days
                .iter()
                .map(|(day, _)| *day)
                .min()
                .zip(person.days.iter().map(|(day, _)| *day).max()),
            dots: dots(person, scale),
        })
        .collect()
}

fn bar(verdicts: &[Verdict], counts: &[u64], most: u64) -> Vec<Part> {
    let mut before = 0;
    let mut parts = Vec::new();
    for (verdict, count) in verdicts.iter().zip(counts).filter(|(_, count)| **count > 0) {
        // From sums, so that rounding does not add up.
        let (x, end) = (share(before, most, BAR), share(before + count, most, BAR));
        parts.push(Part {
            verdict: *verdict,
            x,
            width: (end - x).max(1),
        });
        before += count;
    }
    parts
}

/// One dot for all findings of a verdict at one place.
fn dots(person: &overview::Person<'_>, scale: &Scale) -> Vec<Dot> {
    let mut dots: Vec<_> = person
        .days
        .iter()
        .map(|&(day, verdict)| Dot {
            verdict,
            x: scale.x(day),
        })
        .collect();
    // Mildest first, so that the gravest is on top.
    dots.sort_by_key(|dot| (dot.verdict, dot.x));
    dots.dedup();
    dots
}

/// The part that `count` is of `most`, in pixels of `width`.
pub(super) fn share(count: u64, most: u64, width: u64) -> u64 {
    count.saturating_mul(width) / most.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_add_up_to_their_share() {
        let verdicts = [
            Verdict::Solicitation,
            Verdict::OpenNotice,
            Verdict::Handover,
        ];
        let parts = bar(&verdicts, &[1, 0, 2], 3);
        let found: Vec<_> = parts
            .iter()
            .map(|part| (part.verdict, part.x, part.width))
            .collect();
        assert_eq!(
            found,
            [(Verdict::Solicitation, 0, 80), (Verdict::Handover, 80, 160)]
        );
        assert_eq!(
            bar(&verdicts, &[1, 0, 0], 100_000)[0].width,
            1,
            "what is there is seen"
        );
    }

    #[test]
    fn days_lie_within_the_line() {
        let scale = Scale {
            first: -30,
            last: 7,
            zero: 0,
        };
        assert_eq!((scale.x(-30), scale.x(7)), (MARGIN, LINE - MARGIN));
        assert_eq!((scale.x(-4_000), scale.x(4_000)), (MARGIN, LINE - MARGIN));
        assert!(scale.x(-30) < scale.x(0) && scale.x(0) < scale.x(7));
    }
}
