//! Names that a person writes, looked up on the board.

use super::super::command_line::twice;
use super::super::expression::{ExpressionError, near_name};
use super::super::panels::watchlist::{Column, Sort, SortKey};
use super::super::values::{Unresolved, ValueNames};
use super::Model;

/// What is said of a wrong expression behind a command.
pub(super) fn in_expression(error: &ExpressionError) -> String {
    format!(
        "{} (column {} of the expression)",
        error.message,
        error.at + 1
    )
}

impl Model {
    /// The named values that the board has.
    pub(super) fn value_names(&self) -> ValueNames {
        ValueNames::of(&self.latest)
    }

    /// The columns with the names of values written out, or which of them there is not.
    pub(super) fn known_columns(&self, columns: Vec<Column>) -> Result<Vec<Column>, String> {
        let names = self.value_names();
        let mut known = Vec::with_capacity(columns.len());
        for column in columns {
            let column = known_column(column, &names)?;
            if known.contains(&column) {
                return Err(twice(&column));
            }
            known.push(column);
        }
        Ok(known)
    }

    /// What to sort by with the names of values written out, or what is wrong with it.
    pub(super) fn known_sort(&self, sort: Sort) -> Result<Sort, String> {
        let names = self.value_names();
        let key = match sort.key {
            SortKey::Column(column) => SortKey::Column(known_column(column, &names)?),
            SortKey::Expression(expression) => {
                expression
                    .number(&names)
                    .map_err(|error| in_expression(&error))?;
                SortKey::Expression(expression)
            }
        };
        Ok(Sort { key, ..sort })
    }
}

fn known_column(column: Column, names: &ValueNames) -> Result<Column, String> {
    let Column::Value(name) = &column else {
        return Ok(column);
    };
    match names.resolve(name) {
        Ok(value) => Ok(Column::Value(value)),
        Err(Unresolved::Ambiguous(several)) => {
            Err(format!("'{name}' could be {}", several.join(", ")))
        }
        Err(Unresolved::Unknown) => Err(match near_name(name, names) {
            Some(near) => {
                format!("'{name}' is no column or indicator; did you mean '{near}'?")
            }
            None if names.is_empty() => {
                format!("'{name}' is no column, and the board has no indicators yet")
            }
            None => format!("'{name}' is no column or indicator; Tab lists them"),
        }),
    }
}
