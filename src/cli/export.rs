//! The flags of `export`.

use std::path::PathBuf;

use clap::{Args, ValueHint};

use crate::domain::event::DataService;
use crate::domain::time::Timeframe;
use crate::pipeline::source::SeekTarget;
use crate::sinks::files::Format;

/// What is to be written, and where to; as it was given.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[allow(clippy::doc_markdown, reason = "these comments are the help text")]
pub struct ExportRequest {
    /// Where to: a file (.parquet, .ipc, .csv or .jsonl says the format), or a folder
    #[arg(long, value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub to: PathBuf,
    /// The format, where the path does not say it [default for a folder: parquet]
    #[arg(long, value_name = "FORMAT")]
    pub format: Option<Format>,
    /// What to write, of OHLCV, LEVEL1, LEVEL2, TIMESALE and NEWS, separated by commas
    /// [default: OHLCV, for a folder all]
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub services: Vec<DataService>,
    /// Bars of these lengths, of 1m, 5m, 15m, 1h and 1d, separated by commas [default: as they come]
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub timeframe: Vec<Timeframe>,
    /// Nothing before this time, such as 2019-02-13 or 2019-02-13T10:30; without an offset, in the zone of the data
    #[arg(long, value_name = "TIME")]
    pub from: Option<SeekTarget>,
    /// Nothing from this time on
    #[arg(long, value_name = "TIME")]
    pub until: Option<SeekTarget>,
    /// Replace the file that is there already, or add to the folder
    #[arg(long)]
    pub force: bool,
}
