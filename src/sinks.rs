//! Where results go besides the screen: one leaf file for each kind of sink.

pub mod files;
pub mod json_lines;
pub mod spec;
