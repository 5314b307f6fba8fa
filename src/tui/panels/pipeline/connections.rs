//! The table of connections: each with what it is doing, for how long, and what went wrong the last time.

use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::pipeline::meters::ConnectionState;
use crate::pipeline::snapshot::ConnectionView;

use super::super::super::market::{beginning, countdown, since_taken};
use super::super::super::number::{age, latency};
use super::super::super::panel::PanelContext;
use super::super::super::text::UNKNOWN;
use super::full::{heading, padded};
use super::pieces::{Piece, put_pieces};
use super::{connection_mark, connection_style};

/// Columns of the state that has room for every word.
const STATE_COLUMNS: usize = 22;

/// The longest error that is drawn.
const ERROR_COLUMNS: usize = 400;

/// The table from a row on, in at most `lines_max` lines below its heading; gives the row after it. Without connections
/// there is no table, nor the empty line before it.
pub(super) fn draw_connections(
    area: Rect,
    row: u16,
    lines_max: usize,
    buffer: &mut Buffer,
    context: &PanelContext<'_>,
) -> u16 {
    let connections: Vec<&ConnectionView> = context
        .snapshot
        .sources
        .iter()
        .flat_map(|source| &source.connections)
        .collect();
    if connections.is_empty() {
        return row.saturating_sub(1);
    }
    let (host_columns, state_columns) = name_columns(area.width);
    let columns = [
        ("Connection", host_columns),
        ("State", state_columns),
        ("for", 5),
        ("last", 5),
        ("reconn.", 7),
        ("symbols", 7),
        ("latency", 7),
    ];
    put_pieces(buffer, area, row, 2, &heading(&columns, context));
    let mut lines = Vec::new();
    let mut shown = 0;
    // Those in trouble first: there may be more than fit.
    let (well, troubled): (Vec<&ConnectionView>, Vec<&ConnectionView>) = connections
        .iter()
        .partition(|it| it.state == ConnectionState::Connected);
    for connection in troubled.into_iter().chain(well) {
        let needed = 1 + usize::from(connection.last_error.is_some());
        let is_last = shown + 1 == connections.len();
        if lines.len() + needed + usize::from(!is_last) > lines_max && !lines.is_empty() {
            break;
        }
        lines.push(connection_line(
            connection,
            (host_columns, state_columns),
            context,
        ));
        if let Some((ago, error)) = &connection.last_error {
            let ago = age_text(Some(*ago), context);
            lines.push(error_line(connection.state, &ago, error, context));
        }
        shown += 1;
    }
    if shown < connections.len() {
        let text = format!("and {} more connections", connections.len() - shown);
        lines.push(vec![vec![(text, context.theme.dim)]]);
    }
    let mut at = row;
    for line in &lines {
        at = at.saturating_add(1);
        put_pieces(buffer, area, at, 2, line);
    }
    at.saturating_add(1)
}

fn age_text(time: Option<Duration>, context: &PanelContext<'_>) -> String {
    time.map_or_else(
        || UNKNOWN.to_owned(),
        |it| {
            let ms = it.saturating_add(since_taken(context)).as_millis();
            age(i64::try_from(ms).unwrap_or(i64::MAX))
        },
    )
}

/// How many columns the name and the state have, so that the figures behind them have room in a narrow terminal too.
fn name_columns(width: u16) -> (usize, usize) {
    // Five figures of 5 to 7 columns, and a gap of 2 before each column but the first.
    let figures = 5 + 5 + 7 + 7 + 7 + 6 * 2;
    let room = usize::from(width).saturating_sub(figures).clamp(33, 46);
    let state = (room - 24).clamp(16, STATE_COLUMNS);
    ((room - state).min(24), state)
}

fn connection_line(
    connection: &ConnectionView,
    (host_columns, state_columns): (usize, usize),
    context: &PanelContext<'_>,
) -> Vec<Vec<Piece>> {
    let theme = context.theme;
    let (sign, word) = connection_mark(connection.state);
    let wait = connection
        .next_retry
        .filter(|_| connection.state != ConnectionState::Connected)
        .map(|left| countdown(left.saturating_sub(since_taken(context))));
    let state = match wait {
        // The wait is what matters, where there is no room for both.
        Some(wait) if state_columns < STATE_COLUMNS => format!("{sign} retry in {wait}"),
        Some(wait) => format!("{sign} {word} in {wait}"),
        None => format!("{sign} {word}"),
    };
    let plain = |text: String| vec![(text, theme.text)];
    let reconnects = if connection.reconnects > 0 {
        theme.warning
    } else {
        theme.text
    };
    let delay = connection.latency.map_or_else(
        || UNKNOWN.to_owned(),
        |it| match it.as_micros() {
            0 => "<1 ms".to_owned(),
            us => latency(us as f64),
        },
    );
    vec![
        plain(padded(
            &beginning(&connection.host, host_columns),
            host_columns,
        )),
        vec![(
            padded(&state, state_columns),
            connection_style(connection.state, context),
        )],
        plain(format!(
            "{:>5}",
            age_text(Some(connection.state_age), context)
        )),
        plain(format!(
            "{:>5}",
            age_text(connection.last_message_age, context)
        )),
        vec![(format!("{:>7}", connection.reconnects), reconnects)],
        plain(format!("{:>7}", connection.subscriptions)),
        plain(format!("{delay:>7}")),
    ]
}

/// When and why the connection was lost the last time; it matters less once there is one again.
fn error_line(
    state: ConnectionState,
    ago: &str,
    error: &str,
    context: &PanelContext<'_>,
) -> Vec<Vec<Piece>> {
    let theme = context.theme;
    let style = match state {
        ConnectionState::Connected => theme.dim,
        ConnectionState::Failed => theme.error,
        _ => theme.warning,
    };
    vec![vec![(
        format!("  last error ({ago}): {}", beginning(error, ERROR_COLUMNS)),
        style,
    )]]
}
