//! The screen: draws snapshots of the board, turns keys and clicks into commands.
//!
//! It knows the domain and the pipeline's [`Snapshot`](crate::pipeline::Snapshot) and
//! [`Command`](crate::pipeline::Command), and nothing else of the program.

pub mod panel;
pub mod panels;
pub mod screenshot;
pub mod theme;
