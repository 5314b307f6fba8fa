//! One file for each panel.

pub mod chart;
