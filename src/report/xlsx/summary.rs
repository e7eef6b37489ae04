//! The sheet that tells all tables together: counts, and charts of them.

use std::ops::Range;

use rust_xlsxwriter::{
    Chart, ChartAxis, ChartLegendPosition, ChartType, Format, FormatAlign, Worksheet, XlsxError,
};

use super::styles::{Styles, in_chart, of_verdict};
use super::text::pieces;
use crate::finding::Verdict;
use crate::report::Summary;
use crate::report::overview::{Overview, Person};
use crate::store::RunRecord;

/// The sheet's name.
const NAME: &str = "Summary";
/// Custodians that a chart shows; the list beside it has all.
const CHARTED: u32 = 25;
/// Columns of the widest list before those of the verdicts; charts begin right of them all.
const LISTED: u16 = 4;
/// The highest count up to which an axis has a line for each: beyond, programs choose whole numbers by themselves.
const FEW: u64 = 12;

/// Fills the sheet.
pub(super) fn write(
    worksheet: &mut Worksheet,
    run: &RunRecord,
    overview: &Overview<'_>,
    summary: &Summary,
    styles: &Styles,
) -> Result<(), XlsxError> {
    worksheet.set_name(NAME)?;
    worksheet.set_column_width(0, 46)?;
    worksheet.set_column_width(1, 26)?;
    worksheet.set_column_range_width(2, 10, 17)?;
    worksheet.set_landscape();
    worksheet.set_print_fit_to_pages(1, 0);
    let verdicts = u16::try_from(overview.verdicts.len()).unwrap_or_default();
    let mut page = Page {
        worksheet,
        styles,
        row: 0,
        charts: LISTED + verdicts + 1,
    };
    page.title("sent-audit report")?;
    facts(&mut page, run, overview, summary)?;
    people(&mut page, overview)?;
    weeks(&mut page, overview)?;
    counts(
        &mut page,
        "What to do next, by client",
        &overview.follow_ups,
    )?;
    campaigns(&mut page, overview)?;
    missing(&mut page, overview)
}

/// Where the next row goes.
struct Page<'a> {
    worksheet: &'a mut Worksheet,
    styles: &'a Styles,
    row: u32,
    /// The column at which charts begin.
    charts: u16,
}

impl Page<'_> {
    fn title(&mut self, words: &str) -> Result<(), XlsxError> {
        self.worksheet
            .write_string_with_format(self.row, 0, words, &self.styles.title)?;
        self.row += 2;
        Ok(())
    }

    fn section(&mut self, words: &str) -> Result<(), XlsxError> {
        self.row += 1;
        self.worksheet
            .write_string_with_format(self.row, 0, words, &self.styles.bold)?;
        self.row += 1;
        Ok(())
    }

    fn headings<'w>(&mut self, words: impl IntoIterator<Item = &'w str>) -> Result<(), XlsxError> {
        for (column, word) in (0..).zip(words) {
            self.worksheet.write_string_with_format(
                self.row,
                column,
                word,
                &self.styles.heading,
            )?;
        }
        self.row += 1;
        Ok(())
    }

    /// Text that may come from a configuration, a roster or a server.
    fn text(&mut self, column: u16, text: &str) -> Result<(), XlsxError> {
        let first = pieces(text).into_iter().next().unwrap_or_default();
        self.worksheet
            .write_string_with_format(self.row, column, first, &self.styles.text)?;
        Ok(())
    }

    fn number(&mut self, column: u16, number: u64) -> Result<(), XlsxError> {
        self.number_as(column, number, &self.styles.number.clone())
    }

    #[allow(
        clippy::cast_precision_loss,
        reason = "counts of messages and clients stay far below 2^53"
    )]
    fn number_as(&mut self, column: u16, number: u64, format: &Format) -> Result<(), XlsxError> {
        self.worksheet
            .write_number_with_format(self.row, column, number as f64, format)?;
        Ok(())
    }
}

fn facts(
    page: &mut Page<'_>,
    run: &RunRecord,
    overview: &Overview<'_>,
    summary: &Summary,
) -> Result<(), XlsxError> {
    let [_, partial, failed, not_reached] = summary.mailboxes;
    let mailboxes: u64 = summary.mailboxes.iter().sum();
    let state = if summary.incomplete || run.interrupted {
        "INCOMPLETE: see the sheets Exceptions and Coverage"
    } else {
        "complete"
    };
    let finished = run
        .finished
        .map_or_else(String::new, |at| format!("{at:.0}"));
    for (label, text) in [
        ("Run", run.id.as_str()),
        ("Finished", &finished),
        ("Window", &run.window),
        ("State", state),
    ] {
        page.text(0, label)?;
        page.text(1, text)?;
        page.row += 1;
    }
    for (label, number) in [
        ("Custodians looked at", overview.custodians as u64),
        ("Custodians with findings", overview.people.len() as u64),
        ("Findings", overview.people.iter().map(Person::total).sum()),
        ("Findings left out by --audience", summary.left_out),
        ("Clients told", summary.clients),
        (
            "Clients without anyone to turn to",
            summary.clients_without_successor,
        ),
        ("Mailboxes", mailboxes),
        (
            "Mailboxes in part, failed or not reached",
            partial + failed + not_reached,
        ),
        ("Messages in the window", summary.in_window),
        ("Messages judged in this run", summary.judged),
        ("Messages judged before", summary.judged_before),
        ("Messages that could not be judged", summary.exceptions),
    ] {
        page.text(0, label)?;
        page.number(1, number)?;
        page.row += 1;
    }
    Ok(())
}

fn people(page: &mut Page<'_>, overview: &Overview<'_>) -> Result<(), XlsxError> {
    page.section("Findings by custodian and verdict")?;
    let verdicts = overview.verdicts.iter().map(|verdict| verdict.as_str());
    page.headings(
        ["custodian", "name", "last_day", "findings"]
            .into_iter()
            .chain(verdicts),
    )?;
    let first = page.row;
    for person in &overview.people {
        page.text(0, person.id)?;
        page.text(1, person.name)?;
        page.text(
            2,
            &person
                .last_day
                .map_or_else(String::new, |day| day.to_string()),
        )?;
        page.number(3, person.total())?;
        for ((column, count), verdict) in (LISTED..).zip(&person.counts).zip(&overview.verdicts) {
            let format = match count {
                0 => page.styles.number.clone(),
                _ => of_verdict(*verdict)
                    .set_align(FormatAlign::Right)
                    .set_indent(1),
            };
            page.number_as(column, *count, &format)?;
        }
        page.row += 1;
    }
    let rows = first..page.row.min(first + CHARTED);
    let stacked = Stacked {
        kind: ChartType::BarStacked,
        title: "Findings by custodian",
        verdicts: &overview.verdicts,
        column: LISTED,
        rows,
        highest: overview.people.iter().map(Person::total).max().unwrap_or(0),
        at: 1,
    };
    chart(page, &stacked)
}

/// Findings by whole weeks from the last day; week 0 begins with the last day.
fn weeks(page: &mut Page<'_>, overview: &Overview<'_>) -> Result<(), XlsxError> {
    let all = || overview.people.iter().flat_map(|person| &person.days);
    let week = |days: i32| days.div_euclid(7);
    let (Some(first), Some(last)) = (
        all().map(|(days, _)| week(*days)).min(),
        all().map(|(days, _)| week(*days)).max(),
    ) else {
        return Ok(());
    };
    page.section("Findings by week from the last day (0: the seven days from the last day on)")?;
    let verdicts = overview.verdicts.iter().map(|verdict| verdict.as_str());
    page.headings(["week"].into_iter().chain(verdicts))?;
    let begin = page.row;
    let mut highest = 0;
    // A date that is far off would make a list that nobody reads.
    for number in first.max(-60)..=last.min(60) {
        page.worksheet
            .write_number_with_format(page.row, 0, number, &page.styles.number)?;
        let mut sum = 0;
        for (column, verdict) in (1..).zip(&overview.verdicts) {
            let is_it =
                |(days, v): &&(i32, Verdict)| v == verdict && week(*days).clamp(-60, 60) == number;
            let count = all().filter(is_it).count() as u64;
            page.number(column, count)?;
            sum += count;
        }
        highest = highest.max(sum);
        page.row += 1;
    }
    let rows = begin..page.row;
    let stacked = Stacked {
        kind: ChartType::ColumnStacked,
        title: "Findings by week from the last day",
        verdicts: &overview.verdicts,
        column: 1,
        rows,
        highest,
        at: 24,
    };
    chart(page, &stacked)
}

fn counts(
    page: &mut Page<'_>,
    title: &str,
    counts: &[(&'static str, u64)],
) -> Result<(), XlsxError> {
    if counts.is_empty() {
        return Ok(());
    }
    page.section(title)?;
    page.headings(["follow_up", "clients"])?;
    let first = page.row;
    for (words, count) in counts {
        page.text(0, words)?;
        page.number(1, *count)?;
        page.row += 1;
    }
    let last = page.row.saturating_sub(1);
    let mut chart = Chart::new(ChartType::Bar);
    chart
        .add_series()
        .set_categories((NAME, first, 0, last, 0))
        .set_values((NAME, first, 1, last, 1));
    chart.title().set_name("Clients by what to do next");
    chart.legend().set_hidden();
    chart.y_axis().set_reverse();
    let highest = counts.iter().map(|(_, count)| *count).max();
    whole(chart.x_axis(), highest.unwrap_or_default());
    chart.set_alt_text("Clients by what to do next; the numbers are in the list beside it");
    chart.set_width(720).set_height(300);
    page.worksheet.insert_chart(47, page.charts, &chart)?;
    Ok(())
}

fn campaigns(page: &mut Page<'_>, overview: &Overview<'_>) -> Result<(), XlsxError> {
    if overview.campaigns.is_empty() {
        return Ok(());
    }
    page.section("The same text to several")?;
    page.headings([
        "campaign_id",
        "custodian",
        "verdict",
        "messages",
        "clients",
        "first sent",
    ])?;
    for sent in &overview.campaigns {
        page.text(0, sent.id)?;
        page.text(1, sent.custodian)?;
        page.text(2, sent.worst.as_str())?;
        page.number(3, sent.messages as u64)?;
        page.number(4, sent.clients as u64)?;
        page.text(
            5,
            &sent
                .first_sent_at
                .map_or_else(String::new, |at| format!("{at:.0}")),
        )?;
        page.row += 1;
    }
    Ok(())
}

fn missing(page: &mut Page<'_>, overview: &Overview<'_>) -> Result<(), XlsxError> {
    page.section("Mailboxes by status")?;
    for (status, count) in &overview.mailboxes {
        page.text(0, crate::report::accounting::status(*status))?;
        page.number(1, *count)?;
        page.row += 1;
    }
    if !overview.missing.is_empty() {
        page.text(0, "not judged, and accepted by nobody: rows of Exceptions")?;
        page.number(1, overview.missing.len() as u64)?;
    }
    Ok(())
}

/// Counts are whole, and so are the marks of their axis.
fn whole(axis: &mut ChartAxis, highest: u64) {
    axis.set_num_format("0");
    if highest <= FEW {
        axis.set_major_unit(1);
    }
}

/// A stacked chart of the verdicts in `rows`, whose first verdict stands in `column` and whose labels stand in the first.
struct Stacked<'a> {
    kind: ChartType,
    title: &'a str,
    verdicts: &'a [Verdict],
    column: u16,
    rows: Range<u32>,
    /// The highest sum of a row.
    highest: u64,
    /// The row at which it is put.
    at: u32,
}

fn chart(page: &mut Page<'_>, stacked: &Stacked<'_>) -> Result<(), XlsxError> {
    let Stacked { kind, title, .. } = *stacked;
    if stacked.rows.is_empty() {
        return Ok(());
    }
    let (first, last) = (stacked.rows.start, stacked.rows.end - 1);
    let mut chart = Chart::new(kind);
    for (column, verdict) in (stacked.column..).zip(stacked.verdicts) {
        chart
            .add_series()
            .set_name((NAME, first - 1, column))
            .set_categories((NAME, first, 0, last, 0))
            .set_values((NAME, first, column, last, column))
            .set_format(rust_xlsxwriter::ChartFormat::new().set_solid_fill(
                rust_xlsxwriter::ChartSolidFill::new().set_color(in_chart(*verdict)),
            ));
    }
    chart.title().set_name(title);
    chart.legend().set_position(ChartLegendPosition::Bottom);
    if matches!(kind, ChartType::BarStacked) {
        // Else the first row of the list is the lowest bar.
        chart.y_axis().set_reverse();
        whole(chart.x_axis(), stacked.highest);
    } else {
        whole(chart.y_axis(), stacked.highest);
    }
    chart.set_alt_text(format!(
        "{title}, by verdict; the numbers are in the list beside it"
    ));
    chart.set_width(720).set_height(440);
    page.worksheet
        .insert_chart(stacked.at, page.charts, &chart)?;
    Ok(())
}
