//! Writing what is kept to files, beside the stream.

use std::path::PathBuf;

use crossbeam_channel::Sender;

use crate::domain::event::DataService;
use crate::domain::format::Format;
use crate::domain::symbol::SymbolSpec;
use crate::domain::time::Timeframe;

use super::command::Command;
use super::question::Material;
use super::source::SeekTarget;

/// What is to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportOrder {
    /// A file, or a folder.
    pub path: PathBuf,
    /// Whether a file that is there is replaced, and a folder that holds something added to.
    pub overwrite: bool,
    /// The format; `None` is that which the path says, or that of folders.
    pub format: Option<Format>,
    /// What of; none is bars for a file, and everything that is kept for a folder.
    pub services: Vec<DataService>,
    /// Bars of these lengths; none is that in which they come.
    pub timeframes: Vec<Timeframe>,
    /// The symbols; none is all.
    pub symbols: Vec<SymbolSpec>,
    /// Nothing before this time. Of a time of day, the day is the newest of the data.
    pub from: Option<SeekTarget>,
    /// Nothing from this time on.
    pub until: Option<SeekTarget>,
}

impl ExportOrder {
    /// Bars of all symbols as they come, to a path where nothing is yet.
    #[must_use]
    pub fn to(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            overwrite: false,
            format: None,
            services: Vec::new(),
            timeframes: Vec::new(),
            symbols: Vec::new(),
            from: None,
            until: None,
        }
    }
}

/// Whoever writes files of what is kept.
pub trait Exporter: Send + Sync {
    /// Takes an order and returns at once. How it goes comes as [`Command::Tell`] to `reply`.
    fn export(&self, order: ExportOrder, material: Material, reply: Sender<Command>);
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
