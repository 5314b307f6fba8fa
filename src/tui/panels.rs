//! One file for each panel.

pub mod chart;
pub mod charts;
pub mod depth;
pub mod errors;
pub mod news;
pub mod pipeline;
pub mod query;
mod rows;
pub mod tape;
pub mod watchlist;
