//! What the screen knows and remembers: the board as it was taken last, what is shown of it, what is being typed.
//!
//! [`Model`] takes in snapshots, keys and clicks, and answers with [`Effect`]s; drawing is in
//! [`draw`](super::draw). It does no I/O, so every behaviour of the screen is tested without a terminal.

mod actions;
mod charts;
mod lists;
mod naming;
mod notice;
mod orders;
mod overlays;
mod pointer;
mod question;
mod remembered;
mod settle;
mod typing;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use ratatui::layout::{Rect, Size};

use crate::domain::clock::Nanos;
use crate::domain::indicator::IndicatorSpec;
use crate::domain::symbol::{SymbolId, SymbolSpec};
use crate::domain::time::Timeframe;
use crate::pipeline::question::AnswerTable;
use crate::pipeline::snapshot::{ErrorRow, NewsRow, Row};
use crate::pipeline::{Command, Snapshot};

use super::action::Action;
use super::command_line::{AnswerOrder, ScreenshotOrder, tape_rules};
use super::keymap::Context;
use super::market;
use super::panel::{Panel, PanelContext};
use super::panels::chart::ChartPanel;
use super::panels::charts::ChartsPanel;
use super::panels::correlation::CorrelationPanel;
use super::panels::depth::DepthPanel;
use super::panels::errors::ErrorsPanel;
use super::panels::movers::MoversPanel;
use super::panels::news::NewsPanel;
use super::panels::pipeline::PipelinePanel;
use super::panels::query::QueryPanel;
use super::panels::tape::TapePanel;
use super::panels::watchlist::{Column, WatchlistPanel};
use super::settings::{SessionState, TuiSettings};
use super::theme::Theme;
use super::views::{PanelId, View};
pub(super) use notice::Notice;
pub(super) use pointer::inside;
pub(super) use typing::{Prompt, PromptKind};

/// What the model wants done outside itself.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Send this to the engine.
    Send(Command),
    /// Put this text on the clipboard.
    Copy(String),
    /// Write the picture to a file.
    Screenshot(ScreenshotOrder),
    /// Write an answer to a file.
    WriteAnswer(AnswerOrder, Arc<AnswerTable>),
    /// Give the terminal back and stop the process until it is continued.
    Suspend,
    /// Draw everything anew.
    Redraw,
    /// Ring.
    Bell,
    /// Leave at once, whatever is under way.
    Leave,
}

/// The panels.
#[derive(Debug)]
pub(super) struct Panels {
    pub(super) watchlist: WatchlistPanel,
    pub(super) chart: ChartPanel,
    pub(super) charts: ChartsPanel,
    pub(super) errors: ErrorsPanel,
    pub(super) pipeline: PipelinePanel,
    pub(super) depth: DepthPanel,
    pub(super) tape: TapePanel,
    pub(super) news: NewsPanel,
    pub(super) query: QueryPanel,
    pub(super) movers: MoversPanel,
    pub(super) correlation: CorrelationPanel,
}

impl Panels {
    pub(super) fn get_mut(&mut self, id: PanelId) -> &mut dyn Panel {
        match id {
            PanelId::Watchlist => &mut self.watchlist,
            PanelId::Chart => &mut self.chart,
            PanelId::Charts => &mut self.charts,
            PanelId::Errors => &mut self.errors,
            PanelId::Pipeline => &mut self.pipeline,
            PanelId::Depth => &mut self.depth,
            PanelId::Tape => &mut self.tape,
            PanelId::News => &mut self.news,
            PanelId::Query => &mut self.query,
            PanelId::Movers => &mut self.movers,
            PanelId::Correlation => &mut self.correlation,
        }
    }
}

/// What lies over the screen.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Overlay {
    /// The list of keys and commands, from a line on, with only the lines that hold a text.
    Help { top: usize, query: String },
    /// All about one error.
    Error { row: Box<ErrorRow>, top: usize },
    /// All about one headline.
    News { row: Box<NewsRow>, top: usize },
    /// The watchlist's columns, shown ones first, and the marked one.
    Columns {
        entries: Vec<(Column, bool)>,
        at: usize,
    },
    /// The indicators that charts can have, and the marked one.
    Indicators {
        entries: Vec<IndicatorSpec>,
        at: usize,
    },
}

/// Everything that is remembered of the last frame to understand the mouse.
#[derive(Debug, Default)]
pub(super) struct Geometry {
    /// Where each panel's border is.
    pub(super) panels: Vec<(PanelId, Rect)>,
    /// What can be clicked outside panels.
    pub(super) hits: Vec<(Rect, Action)>,
    /// Where an overlay is.
    pub(super) overlay: Rect,
}

/// The screen's state.
#[derive(Debug)]
pub struct Model {
    pub(super) settings: TuiSettings,
    pub(super) theme: Theme,
    latest: Arc<Snapshot>,
    pub(super) shown: Arc<Snapshot>,
    pub(super) frozen_since: Option<Nanos>,
    pub(super) now: Nanos,
    pub(super) size: Size,
    pub(super) view: View,
    previous_view: View,
    pub(super) focus: PanelId,
    pub(super) is_maximised: bool,
    pub(super) panels: Panels,
    pub(super) selected: Option<SymbolId>,
    selected_at: usize,
    wanted_selection: Option<String>,
    pub(super) prompt: Option<Prompt>,
    pub(super) overlay: Option<Overlay>,
    pub(super) notice: Option<Notice>,
    history: Vec<String>,
    removed: Vec<Vec<SymbolSpec>>,
    pub(super) lists: BTreeMap<String, Vec<SymbolSpec>>,
    lists_changed: BTreeMap<String, Vec<String>>,
    wanted_list: Option<String>,
    /// The charts' indicators.
    pub(super) indicators: Vec<IndicatorSpec>,
    watched_indicators: Vec<IndicatorSpec>,
    /// Symbols whose charts are shown beside one another; none for those around the selected one.
    charts_chosen: Vec<SymbolId>,
    compared_last: Vec<SymbolId>,
    watched: Vec<(SymbolId, Timeframe)>,
    watched_books: Vec<SymbolId>,
    errors_seen: u64,
    rang: Option<Nanos>,
    pub(super) is_quitting: bool,
    last_click: Option<(Nanos, ratatui::layout::Position)>,
    dragged_from: Option<ratatui::layout::Position>,
    pub(super) geometry: Geometry,
    effects: Vec<Effect>,
    ticked: Nanos,
}

impl Model {
    /// The screen before any data: what the session kept, and the settings for everything else.
    #[must_use]
    pub fn new(settings: TuiSettings, session: SessionState) -> Self {
        let mut settings = settings;
        if let Some(theme) = session.theme {
            settings.theme = theme;
        }
        let columns = session
            .columns
            .clone()
            .unwrap_or_else(|| settings.columns.clone());
        let sort = session.sort.unwrap_or_else(|| settings.sort.clone());
        let view = session.view.unwrap_or(settings.view);
        let theme = Theme::of(settings.theme, settings.color_depth);
        let mut chart = ChartPanel::new();
        if let Some(timeframe) = session.timeframe.as_deref().and_then(|it| it.parse().ok()) {
            chart.set_timeframe(timeframe);
        }
        let mut query = QueryPanel::default();
        query.set_history(session.questions);
        let mut depth = DepthPanel::default();
        depth.set_groupings(session.groupings.iter().cloned().collect());
        let mut tape = TapePanel::default();
        tape.set_rules_of(None, tape_rules(&session.tape));
        let sizes = session.tape_sizes.iter();
        let sizes = sizes.filter_map(|(name, size)| Some((name, size.parse().ok()?)));
        tape.set_sizes_min(sizes.collect());
        let lists = lists::merged(&settings.watchlists, &session.watchlists);
        let shown = session.indicators.as_ref().unwrap_or(&settings.indicators);
        let indicators = settings.indicator_catalogue.read_all(shown);
        let empty = Arc::new(Snapshot::default());
        Self {
            settings,
            theme,
            latest: Arc::clone(&empty),
            shown: empty,
            frozen_since: None,
            now: Nanos(0),
            size: Size::ZERO,
            view,
            previous_view: View::Overview,
            focus: view.main_panel(),
            is_maximised: session.maximised,
            panels: Panels {
                watchlist: WatchlistPanel::new(columns, sort),
                chart,
                charts: ChartsPanel::default(),
                errors: ErrorsPanel::default(),
                pipeline: PipelinePanel::default(),
                depth,
                tape,
                news: NewsPanel::default(),
                query,
                movers: MoversPanel::default(),
                correlation: CorrelationPanel::default(),
            },
            selected: None,
            selected_at: 0,
            wanted_selection: session.selected,
            prompt: None,
            overlay: None,
            notice: None,
            history: Vec::new(),
            removed: Vec::new(),
            lists,
            lists_changed: session.watchlists,
            wanted_list: session.watchlist,
            indicators,
            watched_indicators: Vec::new(),
            charts_chosen: Vec::new(),
            compared_last: Vec::new(),
            watched: Vec::new(),
            watched_books: Vec::new(),
            errors_seen: 0,
            rang: None,
            is_quitting: false,
            last_click: None,
            dragged_from: None,
            geometry: Geometry::default(),
            effects: Vec::new(),
            ticked: Nanos(0),
        }
    }

    /// What is to be done outside, in order.
    pub fn take_effects(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.effects)
    }

    /// The size of the terminal.
    pub fn resize(&mut self, width: u16, height: u16) {
        self.size = Size { width, height };
    }

    /// The terminal is gone: what is under way is finished, and nothing is asked any more.
    pub fn hang_up(&mut self) {
        self.quit();
    }

    /// Whether the engine has been told to finish.
    #[must_use]
    pub fn is_quitting(&self) -> bool {
        self.is_quitting
    }

    /// The room for panels: everything but the header and the footer.
    pub(super) fn body(&self) -> Rect {
        Rect {
            x: 0,
            y: 1,
            width: self.size.width,
            height: self.size.height.saturating_sub(2),
        }
    }

    pub(super) fn visible_panels(&self) -> Vec<(PanelId, Rect)> {
        if self.is_maximised {
            vec![(self.focus, self.body())]
        } else {
            self.view.layout(self.body())
        }
    }

    /// The symbol that a panel is about.
    pub(super) fn selected_for(&self, id: PanelId) -> Option<SymbolId> {
        let selected = self.selected?;
        Some(match id.service() {
            Some(service) => market::served(&self.shown, selected, service),
            None => selected,
        })
    }

    /// Lets a panel do something with what it may look at.
    pub(super) fn with_panel<R>(
        &mut self,
        id: PanelId,
        act: impl FnOnce(&mut dyn Panel, &PanelContext<'_>) -> R,
    ) -> R {
        let context = PanelContext {
            snapshot: &self.shown,
            theme: &self.theme,
            glyphs: self.settings.glyphs,
            zone: self.settings.zone,
            now: match self.frozen_since {
                Some(_) => self.shown.taken,
                None => self.now,
            },
            selected: self.selected_for(id),
            is_frozen: self.frozen_since.is_some(),
            focused: self.focus == id,
            flash: self.settings.flash,
            stale_after_ms: self.settings.stale_after.as_millis() as i64,
        };
        act(self.panels.get_mut(id), &context)
    }

    /// Where keys are looked up now, the nearest first.
    pub(super) fn key_contexts(&self) -> &'static [Context] {
        if self.prompt.is_some() || self.is_typing_question() {
            return &[Context::Text];
        }
        if self.overlay.is_some() {
            return &[Context::Overlay, Context::Global];
        }
        match self.focus {
            PanelId::Watchlist => &[Context::Watchlist, Context::Global],
            PanelId::Chart => &[Context::Chart, Context::Global],
            PanelId::Charts => &[Context::Charts, Context::Global],
            PanelId::Errors => &[Context::Errors, Context::Global],
            PanelId::Pipeline => &[Context::Global],
            PanelId::Depth => &[Context::Depth, Context::Global],
            PanelId::Tape => &[Context::Tape, Context::Global],
            PanelId::News => &[Context::News, Context::Global],
            PanelId::Query => &[Context::Query, Context::Global],
            PanelId::Movers => &[Context::Movers, Context::Global],
            PanelId::Correlation => &[Context::Correlation, Context::Global],
        }
    }

    fn send(&mut self, command: Command) {
        self.effects.push(Effect::Send(command));
    }
}

/// How a row is named in the session and in commands.
pub(super) fn row_name(row: &Row) -> String {
    format!("{}@{}", row.symbol, row.source)
}

/// The row as a command names it.
pub(super) fn row_spec(row: &Row) -> SymbolSpec {
    SymbolSpec {
        symbol: row.symbol.clone(),
        source: Some(row.source.clone()),
    }
}
