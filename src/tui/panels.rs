//! One file for each panel.

pub mod chart;
pub mod errors;
pub mod pipeline;
pub mod watchlist;
