//! A [`Locator`] as two columns, `uidvalidity` and `place`, in the order in which reports name copies.

use rusqlite::types::{ToSqlOutput, Value, ValueRef};
use rusqlite::{Row, ToSql};

use crate::mailbox::Locator;

const FILE: i64 = -1;
const ORDINAL: i64 = -2;

/// The `uidvalidity` column.
pub(super) fn validity(locator: &Locator) -> i64 {
    match locator {
        Locator::Uid { uidvalidity, .. } => i64::from(*uidvalidity),
        Locator::File(_) => FILE,
        Locator::Ordinal(_) => ORDINAL,
    }
}

/// The `place` column.
pub(super) struct Place<'a>(pub(super) &'a Locator);

impl ToSql for Place<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self.0 {
            Locator::Uid { uid, .. } => ToSqlOutput::Owned(Value::Integer(i64::from(*uid))),
            Locator::File(name) => ToSqlOutput::Borrowed(ValueRef::Text(name.as_bytes())),
            Locator::Ordinal(n) => {
                ToSqlOutput::Owned(Value::Integer(i64::try_from(*n).unwrap_or(i64::MAX)))
            }
        })
    }
}

/// Reads both columns, of which `first` is the index of `uidvalidity`.
pub(super) fn locator(row: &Row<'_>, first: usize) -> rusqlite::Result<Locator> {
    Ok(match row.get::<_, i64>(first)? {
        FILE => Locator::File(row.get(first + 1)?),
        ORDINAL => Locator::Ordinal(row.get::<_, i64>(first + 1)?.unsigned_abs()),
        _ => Locator::Uid {
            uidvalidity: row.get(first)?,
            uid: row.get(first + 1)?,
        },
    })
}
