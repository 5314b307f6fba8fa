//! What a panel is.

use chrono_tz::Tz;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::text::Line;

use crate::domain::clock::Nanos;
use crate::domain::symbol::SymbolId;
use crate::pipeline::{Command, Snapshot};

use super::theme::{GlyphSet, Theme};

/// What a panel may look at while it draws or acts.
#[derive(Debug, Clone, Copy)]
pub struct PanelContext<'a> {
    /// The board.
    pub snapshot: &'a Snapshot,
    /// The look.
    pub theme: &'a Theme,
    /// The characters that can be used.
    pub glyphs: GlyphSet,
    /// The zone in which times are shown.
    pub zone: Tz,
    /// The time now, by the monotonic clock.
    pub now: Nanos,
    /// The symbol that is selected in the watchlist: what the other panels are about.
    pub selected: Option<SymbolId>,
    /// Whether the picture is held: what it does not have yet will not come.
    pub is_frozen: bool,
    /// Whether this panel has the keys.
    pub focused: bool,
    /// Whether prices flash when they change.
    pub flash: bool,
    /// Data older than this, in milliseconds of the data's own time, is marked stale.
    pub stale_after_ms: i64,
}

/// A movement or choice that a panel can answer to, whatever key it came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PanelAction {
    /// One up.
    Up,
    /// One down.
    Down,
    /// One to the left.
    Left,
    /// One to the right.
    Right,
    /// A screenful up.
    PageUp,
    /// A screenful down.
    PageDown,
    /// To the first.
    Home,
    /// To the last.
    End,
    /// Enter.
    Open,
    /// Escape.
    Back,
    /// Show less, larger.
    ZoomIn,
    /// Show more, smaller.
    ZoomOut,
    /// The next timeframe.
    NextTimeframe,
    /// The previous timeframe.
    PreviousTimeframe,
    /// Show or hide the crosshair.
    Crosshair,
    /// Sort by the next column.
    SortNext,
    /// Turn the order round.
    SortReverse,
    /// Mark as seen.
    Acknowledge,
    /// Mark all as seen.
    AcknowledgeAll,
    /// Remove what is listed.
    Clear,
    /// Copy what is selected.
    Copy,
    /// The next of several charts.
    NextChart,
    /// The previous of several charts.
    PreviousChart,
    /// The next length of time within which trades are shown as one.
    NextWindow,
    /// Show what concerns the selected symbol, or everything.
    Scope,
    /// Rank by something else.
    NextRanking,
}

impl PanelAction {
    /// How many rows it goes down, where a screenful has `page` of them; `i64::MIN` and `i64::MAX` are the first and the
    /// last. `None` when it is another kind of action.
    #[must_use]
    pub fn distance(self, page: i64) -> Option<i64> {
        match self {
            Self::Up => Some(-1),
            Self::Down => Some(1),
            Self::PageUp => Some(-page),
            Self::PageDown => Some(page),
            Self::Home => Some(i64::MIN),
            Self::End => Some(i64::MAX),
            _ => None,
        }
    }
}

/// What the mouse did inside a panel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PanelMouse {
    /// The left button went down here.
    Click(Position),
    /// The left button was clicked twice here.
    DoubleClick(Position),
    /// The wheel turned up here.
    ScrollUp(Position),
    /// The wheel turned down here.
    ScrollDown(Position),
    /// The pointer was dragged from the first to the second place.
    Drag(Position, Position),
}

/// What follows from an action that a panel was offered.
#[derive(Debug, Clone, PartialEq)]
pub enum Response {
    /// The panel does not know it.
    Ignored,
    /// Done; draw again.
    Done,
    /// Make this the selected symbol.
    Select(SymbolId),
    /// Make this the selected symbol and show its chart.
    OpenChart(SymbolId),
    /// Send this to the engine.
    Send(Command),
    /// Put this on the clipboard.
    Copy(String),
    /// Show all about the error of this number.
    ShowError(u64),
    /// Show all about the headline of this number.
    ShowNews(u64),
}

/// A part of the screen with a state of its own.
///
/// Drawing does not change it, apart from what it must remember of its last geometry to understand the mouse.
pub trait Panel {
    /// Its name in views, the configuration and the title.
    fn name(&self) -> &'static str;

    /// The title, as it stands in the border.
    fn title(&self, context: &PanelContext<'_>) -> Line<'static>;

    /// Draws the inside (the border is drawn by the layout).
    fn render(&mut self, area: Rect, buffer: &mut Buffer, context: &PanelContext<'_>);

    /// Offers an action.
    fn act(&mut self, action: PanelAction, context: &PanelContext<'_>) -> Response;

    /// Offers a mouse action inside the panel's area.
    fn mouse(&mut self, mouse: PanelMouse, context: &PanelContext<'_>) -> Response;
}
