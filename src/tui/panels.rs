//! One file for each panel.

pub mod chart;
pub mod charts;
pub mod correlation;
pub mod depth;
pub mod errors;
mod kept;
pub mod movers;
pub mod news;
pub mod pipeline;
pub mod query;
mod rows;
pub mod tape;
pub mod watchlist;
