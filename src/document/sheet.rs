//! Cells of Excel workbooks: `.xlsx` (ECMA-376), `.xlsb` and `.xls`.

use std::fmt::Write;
use std::io::Cursor;

use calamine::{Cell, Data, DataRef, Reader, Xls, XlsError, Xlsb, XlsbError, Xlsx, XlsxError};

use super::Shortfall;
use super::text::Kept;

/// The formats of a workbook.
#[derive(Debug, Clone, Copy)]
pub(super) enum Format {
    /// Office Open XML.
    Xlsx,
    /// Its binary form.
    Xlsb,
    /// The one before 2007.
    Xls,
}

/// Adds the text of all sheets: a row is a line, cells are parted by tabs.
///
/// # Errors
/// What is not whole.
pub(super) fn read(octets: &[u8], format: Format, text: &mut Kept) -> Result<(), Shortfall> {
    let from = Cursor::new(octets);
    // A range holds all cells between the first and the last: two cells far apart would fill the memory. So where cells
    // can be had one by one, they are.
    match format {
        Format::Xlsx => {
            let mut workbook = Xlsx::new(from)?;
            for name in workbook.sheet_names() {
                let mut lines = Lines::begin(&name, text)?;
                // Sheets of charts have no cells.
                if let Ok(mut cells) = workbook.worksheet_cells_reader(&name) {
                    lines.add_all(|| cells.next_cell())?;
                }
            }
        }
        Format::Xlsb => {
            let mut workbook = Xlsb::new(from)?;
            for name in workbook.sheet_names() {
                let mut lines = Lines::begin(&name, text)?;
                if let Ok(mut cells) = workbook.worksheet_cells_reader(&name) {
                    lines.add_all(|| cells.next_cell())?;
                }
            }
        }
        Format::Xls => {
            let mut workbook = Xls::new(from)?;
            for (name, range) in workbook.worksheets() {
                let mut lines = Lines::begin(&name, text)?;
                for (row, _, value) in range.used_cells() {
                    let row = u32::try_from(row).map_err(|_| Shortfall::Broken)?;
                    lines.add(row, value.clone())?;
                }
            }
        }
    }
    Ok(())
}

/// Cells as they come, put into lines.
struct Lines<'t> {
    text: &'t mut Kept,
    /// The row of the cell before.
    row: Option<u32>,
}

impl<'t> Lines<'t> {
    fn begin(name: &str, text: &'t mut Kept) -> Result<Self, Shortfall> {
        text.add("\n")?;
        text.add(name)?;
        Ok(Self { text, row: None })
    }

    /// Adds cells one by one, until there is no more.
    fn add_all<'d, E>(
        &mut self,
        mut next: impl FnMut() -> Result<Option<Cell<DataRef<'d>>>, E>,
    ) -> Result<(), Shortfall>
    where
        Shortfall: From<E>,
    {
        while let Some(cell) = next()? {
            self.add(cell.get_position().0, cell.get_value().clone().into())?;
        }
        Ok(())
    }

    fn add(&mut self, row: u32, value: Data) -> Result<(), Shortfall> {
        if matches!(value, Data::Empty | Data::Error(_) | Data::DateTime(_)) {
            // A date's serial number would look like somebody's telephone.
            return Ok(());
        }
        let is_same = self.row.replace(row) == Some(row);
        self.text.add(if is_same { "\t" } else { "\n" })?;
        match value {
            // Telephone numbers are kept as numbers, of which the fraction is no part.
            Data::Float(number) if number.fract() == 0.0 && number.abs() < 1e15 => {
                write!(self.text, "{number:.0}").map_err(|_| Shortfall::TooLarge)
            }
            other => self.text.add(&other.to_string()),
        }
    }
}

impl From<XlsxError> for Shortfall {
    fn from(error: XlsxError) -> Self {
        match error {
            XlsxError::Password => Self::Encrypted,
            _ => Self::Broken,
        }
    }
}

impl From<XlsbError> for Shortfall {
    fn from(error: XlsbError) -> Self {
        match error {
            XlsbError::Password => Self::Encrypted,
            _ => Self::Broken,
        }
    }
}

impl From<XlsError> for Shortfall {
    fn from(error: XlsError) -> Self {
        match error {
            XlsError::Password => Self::Encrypted,
            _ => Self::Broken,
        }
    }
}
