//! What travels on the results channel.

use std::sync::Arc;

use crate::domain::Decimal;
use crate::domain::bar::Candle;
use crate::domain::clock::Nanos;
use crate::domain::column::ColumnValues;
use crate::domain::indicator::IndicatorValues;
use crate::domain::news::News;
use crate::domain::outcome::{DayStats, ErrorInstance, LastPrice, ResultInstance, StatusChange};
use crate::domain::quote::{Level1, SymbolFacts};
use crate::domain::source::SourceIndex;
use crate::domain::symbol::{Symbol, SymbolId};
use crate::domain::time::{Timeframe, UnixMs};

use super::meters::WorkerMeters;
use super::snapshot::{DepthView, TapeRow, Trend};

/// Everything that one turn of a worker, or one step of the process supervisor, has to tell.
#[derive(Debug)]
pub(crate) struct Batch {
    /// When the oldest data behind the results was received; `None` for news of the engine's own.
    pub received: Option<Nanos>,
    /// What the symbol's trading day looks like after the turn, where something in it may have changed that. Only the
    /// board wants it, so that it need not go with each result.
    pub day: Option<DayAfter>,
    pub outcomes: Outcomes,
}

/// A symbol's trading day after a turn of its worker.
#[derive(Debug)]
pub(crate) struct DayAfter {
    pub id: SymbolId,
    pub day: DayStats,
}

/// Outcomes in order. Among thousands of symbols a turn mostly has one, which is worth no allocation.
#[derive(Debug)]
#[allow(
    clippy::large_enum_variant,
    reason = "the large one is there to save an allocation"
)]
pub(crate) enum Outcomes {
    One(Outcome),
    Many(Vec<Outcome>),
}

impl Batch {
    /// A batch that no data stands behind.
    pub fn of_engine(outcome: Outcome) -> Self {
        Self {
            received: None,
            day: None,
            outcomes: Outcomes::One(outcome),
        }
    }

    /// What one turn of a worker has to tell; `outcomes` is empty afterwards.
    pub fn of_turn(
        received: Option<Nanos>,
        day: Option<DayAfter>,
        outcomes: &mut Vec<Outcome>,
    ) -> Self {
        let outcomes = match outcomes.pop() {
            Some(outcome) if outcomes.is_empty() => Outcomes::One(outcome),
            last => {
                outcomes.extend(last);
                // The next turn will have about as many.
                let next = Vec::with_capacity(outcomes.len());
                Outcomes::Many(std::mem::replace(outcomes, next))
            }
        };
        Self {
            received,
            day,
            outcomes,
        }
    }
}

/// One thing for the administrator to know.
#[derive(Debug)]
#[allow(
    clippy::large_enum_variant,
    reason = "nearly all of them are results, which must not cost an allocation each"
)]
pub(crate) enum Outcome {
    Result(ResultInstance),
    /// A headline from before the place to which a replay has jumped: it is listed, and gives no result.
    PastNews {
        id: SymbolId,
        time: Option<UnixMs>,
        news: Box<News>,
    },
    Error(Box<ErrorInstance>),
    Status(Box<StatusChange>),
    /// A symbol has a worker now.
    Added {
        id: SymbolId,
        symbol: Symbol,
        source: SourceIndex,
        meters: Arc<WorkerMeters>,
    },
    /// A symbol's worker has finished.
    Removed(SymbolId),
    /// A symbol has moved without a result that would tell.
    Moved(Moved),
    /// A symbol stands where history that gives no results has taken it; without a price, where it began.
    Primed(Box<Primed>),
    /// A symbol's worker has been stopped, or released.
    Quarantine(SymbolId, bool),
    /// A symbol's indicators have moved without a bar.
    Indicators(SymbolId, Arc<IndicatorValues>),
    /// A symbol's own columns have been evaluated.
    Columns(Box<ColumnsUpdate>),
    Chart(Box<ChartUpdate>),
    Depth(Box<DepthView>),
    Tape(Box<TapeUpdate>),
    /// A symbol's book can no longer be relied on: its source is asked for a whole one.
    Resync(SymbolId),
    /// A source has nothing more, and all that it sent has been processed.
    SourceEnded {
        source: SourceIndex,
        hopeless: bool,
    },
    /// A source that had ended goes on.
    SourceResumed(SourceIndex),
}

/// Where trades have taken a symbol that give no results themselves.
#[derive(Debug)]
pub(crate) struct Moved {
    pub id: SymbolId,
    pub last: LastPrice,
    pub time: Option<UnixMs>,
}

/// A symbol's state after history.
#[derive(Debug)]
pub(crate) struct Primed {
    pub id: SymbolId,
    pub last: Option<Decimal>,
    pub quote: Level1,
    pub facts: Option<Arc<SymbolFacts>>,
    pub time: Option<UnixMs>,
    pub day: DayStats,
    pub trend: Trend,
    pub indicators: Option<Arc<IndicatorValues>>,
}

/// The values of a symbol's own columns.
#[derive(Debug)]
pub(crate) struct ColumnsUpdate {
    pub id: SymbolId,
    /// The time of the bar that they are of, as results have it.
    pub time: UnixMs,
    pub values: Arc<ColumnValues>,
}

/// News for a chart.
#[derive(Debug)]
pub(crate) struct ChartUpdate {
    pub id: SymbolId,
    pub timeframe: Timeframe,
    pub change: ChartChange,
}

/// News for a tape: trades that have come since the last, and what earlier ones have become.
#[derive(Debug)]
pub(crate) struct TapeUpdate {
    pub id: SymbolId,
    /// Whether the board's tape of this symbol begins anew.
    pub is_whole: bool,
    /// Oldest first. A row with the number of one that the board knows replaces it.
    pub rows: Vec<TapeRow>,
}

/// The candles from a time on; those that the board knows from then on are no longer true.
#[derive(Debug)]
pub(crate) struct ChartChange {
    pub from: UnixMs,
    pub candles: Vec<Candle>,
}
