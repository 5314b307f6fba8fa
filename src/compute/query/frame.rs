//! Bars as a frame.

use polars::prelude::{DataFrame, PolarsResult};

use crate::compute::history::columns::BarColumns;

use super::tables::column;

/// The columns `unix_ts open high low close volume`.
pub(super) fn frame(bars: &BarColumns) -> PolarsResult<DataFrame> {
    let times: Vec<i64> = bars
        .parts()
        .iter()
        .flat_map(|part| part.times().iter().copied())
        .collect();
    let mut columns = vec![column("unix_ts", times)];
    for (at, name) in ["open", "high", "low", "close", "volume"]
        .into_iter()
        .enumerate()
    {
        let values: Vec<f64> = bars
            .parts()
            .iter()
            .flat_map(|part| part.column(at).iter().copied())
            .collect();
        columns.push(column(name, values));
    }
    DataFrame::new(bars.len(), columns)
}
