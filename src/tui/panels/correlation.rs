//! How the symbols move together: the correlation of each with each other.

mod draw;
pub mod pearson;

use std::sync::Arc;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};

use crate::domain::bar::Candle;
use crate::domain::clock::Nanos;
use crate::domain::symbol::SymbolId;
use crate::domain::time::Timeframe;
use crate::pipeline::Snapshot;
use crate::tui::panel::{Panel, PanelAction, PanelContext, PanelMouse, Response};

use super::watchlist::{Sort, WatchlistPanel};
use draw::Grid;
use pearson::{COMMON_MAX, Correlation, Series, correlation};

/// The most symbols that are put against each other: their charts are asked for, and the work grows with the square.
pub const SYMBOLS_MAX: usize = 24;
/// Candles that grow change the figures no more often than this.
const COMPUTE_EVERY_MS: u64 = 1_000;

/// A symbol's candles as they were when they were looked at.
type Candles = Option<Arc<Vec<Candle>>>;

/// What decided which symbols are shown.
#[derive(Debug, PartialEq)]
struct Chosen {
    sort: Sort,
    filter: String,
    list: Option<String>,
    count: usize,
}

/// The correlation panel.
#[derive(Debug, Default)]
pub struct CorrelationPanel {
    symbols: Vec<SymbolId>,
    chosen: Option<Chosen>,
    /// How many symbols the watchlist shows.
    available: usize,
    timeframe: Timeframe,
    /// What the figures were computed from, one for each symbol.
    inputs: Vec<Candles>,
    /// Row by row; what is left of the diagonal and on it is not filled.
    figures: Vec<Option<Correlation>>,
    computed: Option<Nanos>,
    column: usize,
    top: usize,
    left: usize,
    area: Rect,
    /// The width of the longest name, as it was drawn last.
    longest_name: u16,
}

impl CorrelationPanel {
    /// The symbols that are shown: their candles are needed.
    #[must_use]
    pub fn symbols(&self) -> &[SymbolId] {
        &self.symbols
    }

    /// Shows the first of the watchlist's symbols in its order. They stay when rows overtake one another, until it is
    /// sorted or filtered in another way or has other rows.
    pub fn follow(&mut self, watchlist: &WatchlistPanel, timeframe: Timeframe) {
        let ids = watchlist.ids();
        let is_same = self.chosen.as_ref().is_some_and(|chosen| {
            chosen.count == ids.len()
                && chosen.filter == watchlist.filter()
                && chosen.list.as_deref() == watchlist.list()
                && chosen.sort == *watchlist.sort()
        });
        let are_there =
            is_same && (ids.len() > SYMBOLS_MAX || self.symbols.iter().all(|id| ids.contains(id)));
        if !are_there {
            self.symbols = ids.iter().copied().take(SYMBOLS_MAX).collect();
            self.available = ids.len();
            self.chosen = Some(Chosen {
                sort: watchlist.sort().clone(),
                filter: watchlist.filter().to_owned(),
                list: watchlist.list().map(str::to_owned),
                count: ids.len(),
            });
            self.computed = None;
        }
        if timeframe != self.timeframe {
            self.timeframe = timeframe;
            self.computed = None;
        }
    }

    /// Lets go of everything while nobody looks.
    pub fn rest(&mut self) {
        if self.chosen.is_some() {
            *self = Self::default();
        }
    }

    /// Brings the figures up to date when candles have changed.
    fn refresh(&mut self, context: &PanelContext<'_>) {
        let is_resting = self.computed.is_some_and(|computed| {
            (context.now.since(computed).as_millis() as u64) < COMPUTE_EVERY_MS
        });
        let inputs: Vec<Candles> = self
            .symbols
            .iter()
            .map(|id| candles(context.snapshot, *id, self.timeframe))
            .collect();
        let is_same = inputs.len() == self.inputs.len()
            && inputs
                .iter()
                .zip(&self.inputs)
                .all(|(now, then)| match (now, then) {
                    (Some(now), Some(then)) => Arc::ptr_eq(now, then),
                    (None, None) => true,
                    _ => false,
                });
        // What has just come is shown at once; what grows is not computed for every price.
        let has_new = inputs.iter().flatten().count() != self.inputs.iter().flatten().count();
        if self.computed.is_some() && (is_same || (is_resting && !has_new)) {
            return;
        }
        self.figures = figures(&inputs);
        self.inputs = inputs;
        self.computed = Some(context.now);
    }

    /// The correlation of two of the symbols.
    fn figure(&self, row: usize, column: usize) -> Option<Correlation> {
        let (low, high) = (row.min(column), row.max(column));
        *self.figures.get(low * self.symbols.len() + high)?
    }

    /// Whether a symbol's candles have come.
    fn has_candles(&self, at: usize) -> bool {
        self.inputs.get(at).is_some_and(Option::is_some)
    }

    fn row(&self, selected: Option<SymbolId>) -> usize {
        self.symbols
            .iter()
            .position(|id| Some(*id) == selected)
            .unwrap_or(0)
    }

    fn step(&mut self, rows: i64, columns: i64, context: &PanelContext<'_>) -> Response {
        let Some(last) = self.symbols.len().checked_sub(1) else {
            return Response::Done;
        };
        let moved =
            |at: usize, by: i64| (at as i64).saturating_add(by).clamp(0, last as i64) as usize;
        self.column = moved(self.column, columns);
        let row = moved(self.row(context.selected), rows);
        Response::Select(self.symbols[row])
    }

    fn cell_at(&self, position: Position) -> Option<(usize, usize)> {
        let grid = Grid::of(self, self.area);
        let row = usize::from(position.y.checked_sub(grid.body.y)?);
        let column = usize::from(position.x.checked_sub(grid.body.x)?) / usize::from(grid.pitch);
        let (row, column) = (self.top + row, self.left + column);
        let is_inside = grid.body.contains(position);
        (is_inside && row.max(column) < self.symbols.len()).then_some((row, column))
    }
}

fn candles(snapshot: &Snapshot, id: SymbolId, timeframe: Timeframe) -> Candles {
    snapshot
        .charts
        .iter()
        .find(|chart| chart.symbol == id && chart.timeframe == timeframe)
        .map(|chart| Arc::clone(&chart.candles))
}

/// The correlation of each with each that comes after it.
fn figures(inputs: &[Candles]) -> Vec<Option<Correlation>> {
    let series: Vec<Option<Series>> = inputs
        .iter()
        .map(|candles| candles.as_ref().map(|candles| Series::of(candles)))
        .collect();
    let count = series.len();
    let mut figures = vec![None; count * count];
    for (row, one) in series.iter().enumerate() {
        for (column, other) in series.iter().enumerate().skip(row + 1) {
            if let (Some(one), Some(other)) = (one, other) {
                figures[row * count + column] = correlation(one, other);
            }
        }
    }
    figures
}

impl Panel for CorrelationPanel {
    fn name(&self) -> &'static str {
        "correlation"
    }

    fn title(&self, context: &PanelContext<'_>) -> Line<'static> {
        let theme = context.theme;
        let count = if self.available > self.symbols.len() {
            format!(" · {} of {}", self.symbols.len(), self.available)
        } else {
            format!(" · {}", self.symbols.len())
        };
        Line::from(vec![
            Span::styled("Correlation", theme.accent),
            Span::styled(" · ", theme.dim),
            Span::styled(self.timeframe.label(), theme.text),
            Span::styled(count, theme.dim),
            Span::styled(
                format!(" · returns of the last {COMMON_MAX} common candles"),
                theme.dim,
            ),
        ])
    }

    fn render(&mut self, area: Rect, buffer: &mut Buffer, context: &PanelContext<'_>) {
        self.area = area.intersection(*buffer.area());
        self.refresh(context);
        self.column = self.column.min(self.symbols.len().saturating_sub(1));
        draw::draw(self, buffer, context);
    }

    fn act(&mut self, action: PanelAction, context: &PanelContext<'_>) -> Response {
        let page = i64::from(Grid::of(self, self.area).body.height.max(1));
        if let Some(by) = action.distance(page) {
            return self.step(by, 0, context);
        }
        match action {
            PanelAction::Left => self.step(0, -1, context),
            PanelAction::Right => self.step(0, 1, context),
            PanelAction::Open => {
                let row = self.row(context.selected);
                self.symbols
                    .get(row)
                    .map_or(Response::Done, |id| Response::OpenChart(*id))
            }
            PanelAction::Copy => Response::Copy(draw::text(self, context)),
            _ => Response::Ignored,
        }
    }

    fn mouse(&mut self, mouse: PanelMouse, context: &PanelContext<'_>) -> Response {
        let place = |panel: &mut Self, position| {
            let (row, column) = panel.cell_at(position)?;
            panel.column = column;
            panel.symbols.get(row).copied()
        };
        match mouse {
            PanelMouse::Click(position) => {
                place(self, position).map_or(Response::Done, Response::Select)
            }
            PanelMouse::DoubleClick(position) => {
                place(self, position).map_or(Response::Done, Response::OpenChart)
            }
            PanelMouse::ScrollUp(_) => self.step(-3, 0, context),
            PanelMouse::ScrollDown(_) => self.step(3, 0, context),
            PanelMouse::Drag(..) => Response::Ignored,
        }
    }
}
