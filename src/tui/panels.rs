//! One file for each panel.

pub mod chart;
pub mod depth;
pub mod errors;
pub mod news;
pub mod pipeline;
pub mod query;
pub mod tape;
pub mod watchlist;
