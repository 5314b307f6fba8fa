//! Where data comes from. Each source is one file; none imports another.

pub mod replay;
