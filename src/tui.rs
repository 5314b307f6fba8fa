//! The screen: draws snapshots of the board, turns keys and clicks into commands.
//!
//! It knows the domain and the pipeline's [`Snapshot`](crate::pipeline::Snapshot) and
//! [`Command`](crate::pipeline::Command), and nothing else of the program.
//!
//! ```text
//! input thread ──Input──▶ run (the loop) ◀── snapshots, settings
//!                           │ keys, clicks, snapshots      ▲ effects: commands, copy, suspend …
//!                           ▼                              │
//!                         model ── draw ──▶ buffer ── screen ──▶ one write a frame
//! ```
//!
//! A key's way: [`keymap`]'s table gives an [`action`], [`model`] does it, [`draw`] shows it. A new panel is a file
//! under [`panels`], a line in [`views`] and a field in the model; a new key is a line in the table.

pub mod action;
mod answer_file;
pub mod command_line;
pub mod draw;
pub mod expression;
mod files;
mod footer;
mod header;
pub mod indicators;
mod input;
pub mod keymap;
mod market;
pub mod model;
pub mod number;
mod overlay;
pub mod panel;
pub mod panels;
mod picture_file;
pub mod run;
pub mod screen;
pub mod screenshot;
pub mod settings;
pub mod terminal;
pub mod text;
mod text_input;
pub mod theme;
pub mod values;
pub mod views;

#[cfg(test)]
pub(crate) mod fixture;
#[cfg(test)]
mod tests;

pub use run::{Ports, TuiError, run, run_with};
pub use settings::{SessionState, TerminalEnvironment, TuiSettings};
