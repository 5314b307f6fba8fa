//! What a person wants, whatever key, click or command said so.

use super::panel::PanelAction;
use super::views::View;

/// A wish.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// End the program after what is under way has been processed.
    Quit,
    /// End the program; the second time without waiting.
    Interrupt,
    /// Stop the process and give the terminal back to the shell.
    Suspend,
    /// Draw everything anew.
    Redraw,
    /// Open or close the help.
    Help,
    /// Open the command line.
    CommandLine,
    /// Type a filter for the list that has the keys.
    Filter,
    /// Type symbols to subscribe.
    AddSymbols,
    /// End the subscription of the selected symbol.
    RemoveSymbol,
    /// Subscribe again what was removed last.
    Undo,
    /// Something that the focused panel answers to.
    Panel(PanelAction),
    /// Give the keys to the next panel.
    NextPanel,
    /// Give the keys to the previous panel.
    PreviousPanel,
    /// Show one panel alone, or all again.
    Maximise,
    /// Show a view.
    View(View),
    /// Show the next named watchlist.
    NextWatchlist,
    /// Choose and order the watchlist's columns.
    Columns,
    /// Choose the charts' indicators.
    Indicators,
    /// Compare symbols in per cent, or show candles again.
    Compare,
    /// Hold the picture while data goes on.
    Freeze,
    /// Stop or start a replay's clock.
    TogglePause,
    /// Slow a replay down.
    Slower,
    /// Speed a replay up.
    Faster,
    /// Play one event time.
    Step,
    /// Go back one event time.
    StepBack,
    /// Jump forward.
    SeekForward,
    /// Jump back.
    SeekBack,
    /// Name a file for the answer to a question.
    WriteAnswer,
    /// Close what lies over the screen.
    Close,
    /// Move the marked entry of a list up.
    MoveUp,
    /// Move the marked entry of a list down.
    MoveDown,
    /// Turn the marked entry of a list on or off.
    Toggle,
    /// Something that a line of text being typed answers to.
    Edit(Edit),
}

/// What can be done to a line of text besides typing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edit {
    /// Take it.
    Submit,
    /// Leave without taking it.
    Cancel,
    /// Complete the word, or go to the next completion.
    Complete,
    /// Go to the previous completion.
    CompleteBack,
    /// The line entered before.
    HistoryPrevious,
    /// The line entered after.
    HistoryNext,
    /// Delete what stands before the cursor.
    DeleteBack,
    /// Delete what stands at the cursor.
    DeleteForward,
    /// Delete the word before the cursor.
    DeleteWord,
    /// Delete everything before the cursor.
    DeleteToStart,
    /// One character to the left.
    Left,
    /// One character to the right.
    Right,
    /// To the start.
    Home,
    /// To the end.
    End,
}
