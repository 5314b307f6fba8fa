//! Where results go besides the screen: one leaf file for each kind of sink.

pub mod json_lines;
