//! What a line of a file is, in each of the formats.

use std::borrow::Cow;

use crate::decode::Rejection;
use crate::decode::csv::Layout;
use crate::decode::envelope::decode_line;
use crate::domain::event::Event;
use crate::domain::outcome::{ErrorInstance, ErrorKind, StatusChange};
use crate::domain::symbol::{Resolution, Symbol};
use crate::domain::time::{Timeframe, UnixMs};

use super::recorded::{RecordedLines, trouble};

/// How the lines of a file are read.
#[derive(Debug)]
pub(super) enum Lines {
    Json,
    Csv {
        layout: Box<Layout>,
        /// The symbol of all rows, when there is no column for it.
        symbol: String,
    },
    Recorded(RecordedLines),
}

/// What a line held besides its events.
#[derive(Debug, Default)]
pub(super) struct Held {
    /// When it belongs.
    pub(super) time: Option<UnixMs>,
    /// What nobody wants.
    pub(super) ignored: u64,
    /// How long its bar is, where it says so.
    pub(super) timeframe: Option<Timeframe>,
    /// What it tells of connections and symbols.
    pub(super) changes: Vec<StatusChange>,
}

impl Lines {
    /// Decodes a line and appends the events of symbols that `resolve` knows.
    ///
    /// # Errors
    /// When the whole line cannot be taken.
    pub(super) fn decode(
        &mut self,
        line: &[u8],
        events: &mut Vec<Event>,
        troubles: &mut Vec<ErrorInstance>,
        mut resolve: impl FnMut(&str) -> Resolution,
    ) -> Result<Held, Rejection> {
        match self {
            Self::Json => {
                let line = decode_line(line, events, &mut resolve)?;
                troubles.extend(line.rejections.into_iter().map(trouble));
                Ok(Held {
                    time: line.time,
                    ignored: line.ignored,
                    timeframe: line.timeframe,
                    changes: Vec::new(),
                })
            }
            Self::Recorded(lines) => {
                let (time, ignored) = lines.take(line, events, troubles, resolve)?;
                Ok(Held {
                    time,
                    ignored,
                    timeframe: None,
                    changes: lines.take_changes(),
                })
            }
            Self::Csv { layout, symbol } => {
                let Some(row) = layout.row(line)? else {
                    return Ok(Held::default());
                };
                let mut held = Held {
                    time: row.time,
                    ignored: 0,
                    timeframe: row.timeframe,
                    changes: Vec::new(),
                };
                let symbol = row.symbol.unwrap_or(Cow::Borrowed(symbol));
                match resolve(&symbol) {
                    Resolution::Subscribed(id) => events.push(Event {
                        symbol: id,
                        time: row.time,
                        payload: row.payload,
                    }),
                    Resolution::Invalid(error) => {
                        return Err(Rejection {
                            kind: ErrorKind::SchemaError,
                            reason: format!("symbol {symbol:?}: {error}"),
                            symbol: None,
                        });
                    }
                    Resolution::Ignored | Resolution::Full => held.ignored = 1,
                }
                Ok(held)
            }
        }
    }

    /// The header of a table.
    pub(super) fn layout(&self) -> Option<&Layout> {
        match self {
            Self::Json | Self::Recorded(_) => None,
            Self::Csv { layout, .. } => Some(layout),
        }
    }

    /// The symbol that all lines are about.
    pub(super) fn only_symbol(&self) -> Option<Symbol> {
        match self {
            Self::Csv { layout, symbol } if !layout.has_symbol() => Symbol::new(symbol).ok(),
            _ => None,
        }
    }
}
