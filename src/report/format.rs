//! The formats in which a report is written.

use std::str::FromStr;

/// A format; a report may have several, with the same rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// One CSV file per table (RFC 4180): for programs, and for any spreadsheet.
    Csv,
    /// `report.xlsx`, a workbook with a sheet per table: for reviewers.
    Xlsx,
    /// `report.html`, a page that needs nothing else: for readers.
    Html,
}

impl Format {
    /// Every format; what is written unless something else is asked for.
    pub const ALL: &'static [Self] = &[Self::Csv, Self::Xlsx, Self::Html];

    /// The word in `audit.toml` and on the command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Xlsx => "xlsx",
            Self::Html => "html",
        }
    }
}

/// A word that is no format.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("write csv, xlsx or html, or several of them")]
pub struct UnknownFormat;

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(word: &str) -> Result<Self, UnknownFormat> {
        Self::ALL
            .iter()
            .copied()
            .find(|format| format.as_str() == word)
            .ok_or(UnknownFormat)
    }
}
