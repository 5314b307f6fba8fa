//! Pure computation on market data: no I/O, no clock, no threads of its own.

pub mod bar_rows;
pub mod book;
pub mod history;
pub mod indicator;
#[cfg(feature = "frames")]
pub mod query;
pub mod resample;
pub mod trade_bars;
pub mod trade_names;
