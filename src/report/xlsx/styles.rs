//! How cells look.

use rust_xlsxwriter::{Color, Format, FormatAlign, FormatBorder};

use crate::finding::Verdict;

/// The built-in format `@`, text (ECMA-376-1, 18.8.30).
const TEXT: u8 = 49;
/// A day as reports write it.
const DAY: &str = "yyyy-mm-dd";
/// A time as reports write it (RFC 3339, UTC).
const TIME: &str = "yyyy-mm-dd\"T\"hh:mm:ss\"Z\"";

/// The formats that sheets share.
pub(super) struct Styles {
    pub(super) heading: Format,
    /// The heading of a column that reviewers fill in.
    pub(super) asked: Format,
    pub(super) text: Format,
    pub(super) wrapped: Format,
    pub(super) number: Format,
    pub(super) day: Format,
    pub(super) time: Format,
    pub(super) link: Format,
    /// A cell that reviewers fill in.
    pub(super) answer: Format,
    pub(super) answer_day: Format,
    pub(super) title: Format,
    pub(super) bold: Format,
}

impl Styles {
    pub(super) fn new() -> Self {
        let cell = Format::new().set_align(FormatAlign::Top);
        // As text, a cell stays text when somebody edits it: else `=1+1` would become a formula then.
        let text = cell.clone().set_num_format_index(TEXT);
        let wrapped = text.clone().set_text_wrap();
        let day = cell
            .clone()
            .set_num_format(DAY)
            .set_align(FormatAlign::Left);
        let fill = Color::RGB(0x00FF_F8E1);
        let answered = |format: Format| {
            format
                .set_background_color(fill)
                .set_border(FormatBorder::Hair)
                .set_border_color(Color::RGB(0x00BD_BDBD))
        };
        let heading = Format::new()
            .set_bold()
            .set_font_color(Color::White)
            .set_background_color(Color::RGB(0x0037_474F))
            .set_align(FormatAlign::VerticalCenter);
        Self {
            asked: heading
                .clone()
                .set_background_color(Color::RGB(0x008D_4E00)),
            heading,
            answer: answered(wrapped.clone()),
            answer_day: answered(day.clone()),
            // Else a number ends where the text of the next column begins.
            number: cell
                .clone()
                .set_num_format("0.###")
                .set_align(FormatAlign::Right)
                .set_indent(1),
            day: day.clone(),
            time: day.set_num_format(TIME),
            link: text
                .clone()
                .set_font_color(Color::RGB(0x0005_63C1))
                .set_underline(rust_xlsxwriter::FormatUnderline::Single),
            text,
            wrapped,
            title: Format::new().set_bold().set_font_size(16),
            bold: Format::new().set_bold(),
        }
    }
}

/// Background and text of a verdict, at a contrast of 7 to 1 at least.
pub(super) fn of_verdict(verdict: Verdict) -> Format {
    let (background, text) = match verdict {
        Verdict::Solicitation => (0x00FF_CDD2, 0x006A_0010),
        Verdict::PersonalContact => (0x00FF_E0B2, 0x005A_2A00),
        Verdict::OpenNotice => (0x00FF_F59D, 0x004A_3C00),
        Verdict::Handover => (0x00C8_E6C9, 0x000B_3D10),
        Verdict::ContactData | Verdict::ClientList | Verdict::Match => (0x00D1_C4E9, 0x002E_126E),
    };
    Format::new()
        .set_background_color(Color::RGB(background))
        .set_font_color(Color::RGB(text))
}

/// A verdict's colour in charts.
pub(super) fn in_chart(verdict: Verdict) -> Color {
    Color::RGB(match verdict {
        Verdict::Solicitation => 0x00C6_2828,
        Verdict::PersonalContact => 0x00EF_6C00,
        Verdict::OpenNotice => 0x00F9_C82B,
        Verdict::Handover => 0x002E_7D32,
        Verdict::ClientList => 0x005E_35B1,
        Verdict::ContactData => 0x008E_24AA,
        Verdict::Match => 0x0054_6E7A,
    })
}
