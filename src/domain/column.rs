//! Columns of a person's own: a name and an expression of SQL.

use std::fmt;
use std::sync::Arc;

/// Rows of a symbol's newest bars that an expression sees.
pub const COLUMN_ROWS: usize = 500;

/// The stack, in bytes, of a thread that reads or evaluates SQL, which may nest deeply. Only what is used takes memory.
pub const SQL_STACK_BYTES: usize = 256 << 20;

/// A column of a person's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnRule {
    /// Its name in results, on screen and in tables of its own.
    pub name: String,
    /// An expression over the columns of a symbol's bars, whose value at the newest bar is the column's.
    pub sql: String,
}

impl fmt::Display for ColumnRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} = {}", self.name, self.sql)
    }
}

/// The values of all of a symbol's own columns at one bar.
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnValues {
    /// What they are called.
    pub names: Arc<[String]>,
    /// One for each name; `None` where there is no value. Never NaN, never infinite.
    pub values: Box<[Option<f64>]>,
}

impl ColumnValues {
    /// The value of a name; `None` when there is none of it, or it has no value.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<f64> {
        let at = self.names.iter().position(|known| known == name)?;
        self.values.get(at).copied().flatten()
    }
}
