//! Writing what is kept to a file, beside the stream.

use std::path::PathBuf;

use crossbeam_channel::Sender;

use crate::domain::symbol::SymbolSpec;
use crate::domain::time::Timeframe;

use super::command::Command;
use super::histories::SymbolHistory;

/// What is to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportOrder {
    /// The file, whose ending says the format, or a folder.
    pub path: PathBuf,
    /// Whether a file that is there is replaced.
    pub overwrite: bool,
    /// The symbols; empty is all.
    pub symbols: Vec<SymbolSpec>,
    /// The length of the bars; `None` is that in which they come.
    pub timeframe: Option<Timeframe>,
}

/// Whoever writes files of what is kept.
pub trait Exporter: Send + Sync {
    /// Takes an order and returns at once. How it went comes as [`Command::Tell`] to `reply`.
    fn export(&self, order: ExportOrder, histories: Vec<SymbolHistory>, reply: Sender<Command>);
}

/// Something that a person is told once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// Counts them, so that a screen knows which it has shown.
    pub id: u64,
    /// What there is to say.
    pub text: String,
    /// Whether something went wrong.
    pub is_error: bool,
}
