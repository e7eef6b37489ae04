//! The ladders of the queries that runs judged by: reports show them, also where the query files have gone.

use std::collections::BTreeMap;

use rusqlite::{Connection, params};
use serde::{Deserialize, Serialize};

use super::write::{from_json, json};
use crate::finding::Verdict;
use crate::query::Pattern;

/// One rung of a query's ladder, as reports tell it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rung {
    /// What a finding is called if it is the first that holds.
    pub verdict: Verdict,
    /// What it asks for, in plain words.
    pub says: String,
}

impl From<&Pattern> for Rung {
    fn from(pattern: &Pattern) -> Self {
        Self {
            verdict: pattern.verdict,
            says: pattern.says.clone(),
        }
    }
}

/// A citation has the digest of the query's files in it, so what is known of it holds for ever.
pub(super) fn keep(connection: &Connection, query: &str, rungs: &[Rung]) -> rusqlite::Result<()> {
    connection.execute(
        "INSERT OR IGNORE INTO ladders (query, rungs) VALUES (?1, ?2)",
        params![query, json(&rungs)?],
    )?;
    Ok(())
}

pub(super) fn all(connection: &Connection) -> rusqlite::Result<BTreeMap<String, Vec<Rung>>> {
    let mut statement = connection.prepare("SELECT query, rungs FROM ladders")?;
    let rows = statement.query_map([], |row| {
        Ok((row.get(0)?, from_json(&row.get::<_, String>(1)?)?))
    })?;
    rows.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Store;

    fn rung(verdict: Verdict, says: &str) -> Rung {
        Rung {
            verdict,
            says: says.to_owned(),
        }
    }

    #[test]
    fn a_ladder_is_kept_once_and_in_its_order() {
        let mut store = Store::in_memory().unwrap();
        let ladder = [
            rung(Verdict::Solicitation, "invites"),
            rung(Verdict::OpenNotice, "leaves"),
        ];
        store.keep_ladder("a@1+00000000", &ladder).unwrap();
        store.keep_ladder("a@1+00000000", &ladder[1..]).unwrap();
        store.keep_ladder("a@2+11111111", &ladder[1..]).unwrap();
        let kept = store.ladders().unwrap();
        assert_eq!(kept["a@1+00000000"], ladder);
        assert_eq!(kept["a@2+11111111"], ladder[1..]);
        assert_eq!(kept.len(), 2);
    }
}
