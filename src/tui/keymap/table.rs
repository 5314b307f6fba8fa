//! The table itself.

use super::super::action::{Action, Edit};
use super::super::panel::PanelAction;
use super::super::views::View;

/// Where a key has a meaning of its own. A panel's own keys come before those that hold everywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Context {
    /// Everywhere but in text and overlays.
    Global,
    /// The watchlist has the keys.
    Watchlist,
    /// The chart has the keys.
    Chart,
    /// Several charts have the keys.
    Charts,
    /// The errors have the keys.
    Errors,
    /// The order book has the keys.
    Depth,
    /// The trades have the keys.
    Tape,
    /// The headlines have the keys.
    News,
    /// The answer to a question has the keys.
    Query,
    /// What moved most has the keys.
    Movers,
    /// The correlations have the keys.
    Correlation,
    /// Something lies over the screen: the help, an error's detail, the choice of columns or indicators.
    Overlay,
    /// A line of text is being typed.
    Text,
}

impl Context {
    /// Every context, in the order of the help.
    pub const ALL: [Self; 13] = [
        Self::Global,
        Self::Watchlist,
        Self::Chart,
        Self::Charts,
        Self::Errors,
        Self::Depth,
        Self::Tape,
        Self::News,
        Self::Query,
        Self::Movers,
        Self::Correlation,
        Self::Overlay,
        Self::Text,
    ];

    /// The heading in the help.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Global => "Everywhere",
            Self::Watchlist => "Watchlist",
            Self::Chart => "Chart",
            Self::Charts => "Several charts",
            Self::Errors => "Errors",
            Self::Depth => "Order book",
            Self::Tape => "Tape",
            Self::News => "News",
            Self::Query => "Query",
            Self::Movers => "Movers",
            Self::Correlation => "Correlation",
            Self::Overlay => "Over the screen (help, detail, columns, indicators)",
            Self::Text => "While typing",
        }
    }
}

/// One line of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// What it does.
    pub action: Action,
    /// The name in the configuration.
    pub name: &'static str,
    /// Where it holds.
    pub context: Context,
    /// The default keys, most natural first.
    pub keys: &'static [&'static str],
    /// The word beside the key in the footer; empty for what is not hinted at.
    pub hint: &'static str,
    /// What it does, for the help.
    pub help: &'static str,
}

const fn entry(
    context: Context,
    name: &'static str,
    keys: &'static [&'static str],
    action: Action,
    hint: &'static str,
    help: &'static str,
) -> Entry {
    Entry {
        action,
        name,
        context,
        keys,
        hint,
        help,
    }
}

use Action as A;
use Context::{
    Chart, Charts, Correlation, Depth, Errors, Global, Movers, News, Overlay, Query, Tape, Text,
    Watchlist,
};
use PanelAction as P;

/// Every key of the program. The order is that of the help; hints stand in the footer in this order too.
#[rustfmt::skip]
pub const TABLE: &[Entry] = &[
    entry(Global, "add", &["a"], A::AddSymbols, "add", "Subscribe symbols"),
    entry(Global, "remove", &["d"], A::RemoveSymbol, "remove", "Remove the selected symbol"),
    entry(Global, "undo", &["u"], A::Undo, "", "Bring back what was removed last"),
    entry(Global, "filter", &["/"], A::Filter, "filter", "Filter the list while typing"),
    entry(Global, "command", &[":"], A::CommandLine, "command", "Open the command line"),
    entry(Global, "pause", &["space"], A::TogglePause, "pause", "Pause or resume the replay"),
    entry(Global, "slower", &["["], A::Slower, "speed", "Replay slower"),
    entry(Global, "faster", &["]"], A::Faster, "speed", "Replay faster"),
    entry(Global, "open", &["enter"], A::Panel(P::Open), "open", "Open what is selected: the chart, an error's detail"),
    entry(Global, "back", &["esc"], A::Panel(P::Back), "", "Back: drop the filter, leave the view"),
    entry(Global, "up", &["up", "k"], A::Panel(P::Up), "", "One up"),
    entry(Global, "down", &["down", "j"], A::Panel(P::Down), "", "One down"),
    entry(Global, "left", &["left", "h"], A::Panel(P::Left), "", "To the left: earlier on the chart; symbol before"),
    entry(Global, "right", &["right", "l"], A::Panel(P::Right), "", "To the right: later on the chart; next symbol"),
    entry(Global, "page-up", &["pageup", "ctrl-b"], A::Panel(P::PageUp), "", "A screenful up"),
    entry(Global, "page-down", &["pagedown", "ctrl-f"], A::Panel(P::PageDown), "", "A screenful down"),
    entry(Global, "first", &["home", "g"], A::Panel(P::Home), "", "To the first"),
    entry(Global, "last", &["end", "G"], A::Panel(P::End), "", "To the last"),
    entry(Global, "next-panel", &["tab"], A::NextPanel, "panel", "Next panel"),
    entry(Global, "previous-panel", &["shift-tab"], A::PreviousPanel, "", "Previous panel"),
    entry(Global, "maximise", &["z"], A::Maximise, "maximise", "Show this panel alone, or all again"),
    entry(Global, "overview", &["1"], A::View(View::Overview), "", "View: overview"),
    entry(Global, "watchlist", &["2"], A::View(View::Watchlist), "", "View: watchlist"),
    entry(Global, "chart", &["3"], A::View(View::Chart), "", "View: chart"),
    entry(Global, "errors", &["e", "4"], A::View(View::Errors), "errors", "View: errors"),
    entry(Global, "pipeline", &["p", "5"], A::View(View::Pipeline), "pipeline", "View: pipeline"),
    entry(Global, "depth", &["6"], A::View(View::Depth), "", "View: order book"),
    entry(Global, "tape", &["7"], A::View(View::Tape), "", "View: trades"),
    entry(Global, "news", &["8"], A::View(View::News), "", "View: news"),
    entry(Global, "charts", &["9"], A::View(View::Charts), "", "View: charts of several symbols"),
    entry(Global, "query", &["Q"], A::View(View::Query), "", "View: questions in SQL"),
    entry(Global, "movers", &["0"], A::View(View::Movers), "", "View: what has moved most today"),
    entry(Global, "correlation", &["X"], A::View(View::Correlation), "", "View: how the symbols move together"),
    entry(Global, "sort", &["s"], A::Panel(P::SortNext), "sort", "Sort the watchlist by the next column"),
    entry(Global, "reverse", &["r"], A::Panel(P::SortReverse), "", "Turn the order round"),
    entry(Global, "freeze", &["f"], A::Freeze, "freeze", "Hold the picture while data goes on"),
    entry(Global, "copy", &["y"], A::Panel(P::Copy), "", "Copy what is selected to the clipboard"),
    entry(Global, "step-back", &[","], A::StepBack, "", "Replay: one event time back"),
    entry(Global, "step", &["."], A::Step, "", "Replay: one event time forward"),
    entry(Global, "seek-back", &["<"], A::SeekBack, "", "Replay: jump back"),
    entry(Global, "seek-forward", &[">"], A::SeekForward, "", "Replay: jump forward"),
    entry(Global, "redraw", &["ctrl-l"], A::Redraw, "", "Draw everything anew"),
    entry(Global, "suspend", &["ctrl-z"], A::Suspend, "", "Back to the shell; fg returns"),
    entry(Global, "help", &["?", "F1"], A::Help, "help", "This list"),
    entry(Global, "quit", &["q"], A::Quit, "quit", "Quit, after what is under way"),
    entry(Global, "interrupt", &["ctrl-c"], A::Interrupt, "", "Quit; twice: at once"),

    entry(Watchlist, "columns", &["c"], A::Columns, "columns", "Choose and order the columns"),
    entry(Watchlist, "next-list", &["w"], A::NextWatchlist, "", "Next named watchlist"),

    entry(Chart, "timeframe", &["t"], A::Panel(P::NextTimeframe), "timeframe", "Longer bars"),
    entry(Chart, "timeframe-back", &["T"], A::Panel(P::PreviousTimeframe), "", "Shorter bars"),
    entry(Chart, "zoom-in", &["+", "="], A::Panel(P::ZoomIn), "zoom", "Fewer bars, wider"),
    entry(Chart, "zoom-out", &["-"], A::Panel(P::ZoomOut), "zoom", "More bars, narrower"),
    entry(Chart, "crosshair", &["c"], A::Panel(P::Crosshair), "crosshair", "Show or hide the crosshair"),

    entry(Chart, "indicators", &["i"], A::Indicators, "indicators", "Choose indicators"),
    entry(Chart, "compare", &["x"], A::Compare, "compare", "Compare symbols in per cent, or show candles again"),

    entry(Charts, "next-chart", &["tab"], A::Panel(P::NextChart), "next", "Next chart"),
    entry(Charts, "previous-chart", &["shift-tab"], A::Panel(P::PreviousChart), "", "Previous chart"),
    entry(Charts, "charts-timeframe", &["t"], A::Panel(P::NextTimeframe), "timeframe", "Longer bars"),
    entry(Charts, "charts-timeframe-back", &["T"], A::Panel(P::PreviousTimeframe), "", "Shorter bars"),
    entry(Charts, "charts-zoom-in", &["+", "="], A::Panel(P::ZoomIn), "zoom", "Fewer bars, wider"),
    entry(Charts, "charts-zoom-out", &["-"], A::Panel(P::ZoomOut), "zoom", "More bars, narrower"),
    entry(Charts, "charts-indicators", &["i"], A::Indicators, "indicators", "Choose indicators"),

    entry(Errors, "acknowledge", &["m"], A::Panel(P::Acknowledge), "mark seen", "Mark the error as seen"),
    entry(Errors, "acknowledge-all", &["M"], A::Panel(P::AcknowledgeAll), "mark all", "Mark all errors as seen"),
    entry(Errors, "clear", &["C"], A::Panel(P::Clear), "clear", "Forget all errors"),

    entry(Depth, "group-more", &["-"], A::Panel(P::ZoomOut), "group", "Coarser price steps"),
    entry(Depth, "group-less", &["+", "="], A::Panel(P::ZoomIn), "group", "Finer price steps"),

    entry(Tape, "size-more", &["+", "="], A::Panel(P::ZoomIn), "size", "Leave out smaller trades"),
    entry(Tape, "size-less", &["-"], A::Panel(P::ZoomOut), "size", "Show smaller trades too"),
    entry(Tape, "window", &["w"], A::Panel(P::NextWindow), "merge", "Merge trades at one price: off, 100 ms, 1 s"),

    entry(News, "scope", &["o"], A::Panel(P::Scope), "scope", "News of the selected symbol, or of all"),
    entry(News, "read", &["m"], A::Panel(P::Acknowledge), "mark read", "Mark the headline as read"),
    entry(News, "read-all", &["M"], A::Panel(P::AcknowledgeAll), "mark all", "Mark all headlines of the list as read"),

    entry(Query, "question", &["i"], A::Panel(P::Open), "question", "Type a question; Esc leaves it, and cancels one under way"),
    entry(Query, "write-answer", &["w"], A::WriteAnswer, "write", "Write the answer to a file"),

    entry(Movers, "ranking", &["o"], A::Panel(P::NextRanking), "ranking", "Third list: most active, widest range, relative volume"),

    entry(Correlation, "correlation-timeframe", &["t"], A::Panel(P::NextTimeframe), "timeframe", "Longer bars"),
    entry(Correlation, "correlation-timeframe-back", &["T"], A::Panel(P::PreviousTimeframe), "", "Shorter bars"),

    entry(Overlay, "close", &["esc", "q", "?", "enter"], A::Close, "close", "Close it"),
    entry(Overlay, "move-up", &["K", "shift-up"], A::MoveUp, "", "Columns: move the column up"),
    entry(Overlay, "move-down", &["J", "shift-down"], A::MoveDown, "", "Columns: move the column down"),
    entry(Overlay, "toggle", &["space"], A::Toggle, "", "Columns, indicators: show or hide it"),

    entry(Text, "submit", &["enter"], A::Edit(Edit::Submit), "take", "Take the line"),
    entry(Text, "cancel", &["esc", "ctrl-c"], A::Edit(Edit::Cancel), "leave", "Leave without taking it"),
    entry(Text, "complete", &["tab"], A::Edit(Edit::Complete), "complete", "Complete the word; again for the next"),
    entry(Text, "complete-back", &["shift-tab"], A::Edit(Edit::CompleteBack), "", "Previous completion"),
    entry(Text, "history-back", &["up", "ctrl-p"], A::Edit(Edit::HistoryPrevious), "", "The line entered before"),
    entry(Text, "history-forward", &["down", "ctrl-n"], A::Edit(Edit::HistoryNext), "", "The line entered after"),
    entry(Text, "delete-back", &["backspace", "ctrl-h"], A::Edit(Edit::DeleteBack), "", "Delete to the left"),
    entry(Text, "delete", &["delete", "ctrl-d"], A::Edit(Edit::DeleteForward), "", "Delete to the right"),
    entry(Text, "delete-word", &["ctrl-w", "alt-backspace"], A::Edit(Edit::DeleteWord), "", "Delete the word to the left"),
    entry(Text, "delete-line", &["ctrl-u"], A::Edit(Edit::DeleteToStart), "", "Delete all to the left"),
    entry(Text, "text-left", &["left"], A::Edit(Edit::Left), "", "Cursor to the left"),
    entry(Text, "text-right", &["right"], A::Edit(Edit::Right), "", "Cursor to the right"),
    entry(Text, "text-start", &["home", "ctrl-a"], A::Edit(Edit::Home), "", "Cursor to the start"),
    entry(Text, "text-end", &["end", "ctrl-e"], A::Edit(Edit::End), "", "Cursor to the end"),
];
