//! What is said of a question: under way, answered, failed.

use std::time::Duration;

use ratatui::style::Style;

use crate::domain::time::UnixMs;
use crate::pipeline::question::AnswerTable;

use super::super::super::number::{compact, grouped, latency};
use super::super::super::theme::Theme;

/// What became of the last question, as the screen knows it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum State<'a> {
    /// Nothing has been asked.
    Nothing,
    /// It has been sent, and the engine has not taken it yet.
    Sent,
    /// It is under way since then; the time now, both by the system clock.
    Running(UnixMs, UnixMs),
    /// Answered.
    Table(&'a AnswerTable),
    /// It could not be answered.
    Failed(&'a str),
    /// It was given up.
    Cancelled,
}

impl State<'_> {
    /// Whether it can be cancelled.
    #[must_use]
    pub fn is_open(&self) -> bool {
        matches!(self, Self::Sent | Self::Running(..))
    }

    /// The same in fewer words, where the place in the answer has to be said too.
    #[must_use]
    pub fn short_words(&self, theme: &Theme) -> Option<(String, Style)> {
        let Self::Table(table) = self else {
            return None;
        };
        let shown = grouped(table.rows.len());
        let words = if table.rows_total > table.rows.len() {
            format!("✓ {shown} of {}", total(table.rows_total))
        } else {
            format!("✓ {shown} rows")
        };
        Some((words, theme.up))
    }

    /// The state in a few words, and their look. `is_typing` says that Esc leaves the line and does nothing else.
    #[must_use]
    pub fn words(&self, is_typing: bool, theme: &Theme) -> (String, Style) {
        let esc = if is_typing {
            "Esc twice cancels"
        } else {
            "Esc cancels"
        };
        match self {
            Self::Nothing if is_typing => (
                "Enter asks · Tab completes · ↑ earlier · Esc leaves".to_owned(),
                theme.dim,
            ),
            Self::Nothing => ("Enter: type a question".to_owned(), theme.dim),
            Self::Sent => (format!("○ running · {esc}"), theme.warning),
            Self::Running(asked, now) => {
                let seconds = now.0.saturating_sub(asked.0).max(0) / 1000;
                (format!("○ running · {seconds} s · {esc}"), theme.warning)
            }
            Self::Table(table) => {
                let shown = table.rows.len();
                let rows = if table.rows_total > shown {
                    format!(
                        "first {} of {} rows",
                        grouped(shown),
                        total(table.rows_total)
                    )
                } else if shown == 1 {
                    "1 row".to_owned()
                } else {
                    format!("{} rows", grouped(shown))
                };
                (format!("✓ {rows} · {}", took(table.took)), theme.up)
            }
            Self::Failed(_) => ("✖ no answer".to_owned(), theme.error),
            Self::Cancelled => ("✖ cancelled".to_owned(), theme.warning),
        }
    }
}

/// How long an answer took.
fn took(took: Duration) -> String {
    if took.is_zero() {
        "at once".to_owned()
    } else {
        latency(took.as_secs_f64() * 1e6)
    }
}

/// A large count in short: `1.2 M`.
fn total(count: usize) -> String {
    if count < 100_000 {
        return grouped(count);
    }
    let text = compact(count as f64);
    match text.char_indices().next_back() {
        Some((at, unit)) if unit.is_ascii_alphabetic() => format!("{} {unit}", &text[..at]),
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_readable() {
        assert_eq!(total(20_000), "20,000");
        assert_eq!(total(1_234_567), "1.2 M");
        assert_eq!(took(Duration::from_micros(1_500)), "1.5 ms");
        assert_eq!(took(Duration::ZERO), "at once");
    }
}
