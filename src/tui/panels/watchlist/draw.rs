//! How the watchlist is drawn: where its columns stand and what is in its rows.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::pipeline::snapshot::Row;

use super::super::super::panel::PanelContext;
use super::super::super::text::{cut, put, safe, width};
use super::cells::{self, Cell, CellWidth, Mark, SourceStates, Standing, UNREAD};
use super::columns::Column;
use super::order::change;
use super::sort::SortKey;
use super::{MARK_COLUMNS, Placed, WatchlistPanel};

/// The widest that a text column gets.
const TEXT_COLUMNS_MAX: usize = 20;
/// The sparkline's width where there is room.
const TREND_COLUMNS_MAX: usize = 16;
/// The narrowest sparkline.
const TREND_COLUMNS_MIN: usize = 8;

impl WatchlistPanel {
    /// The columns that fit, each with its place; whole columns go when there is no room for them.
    pub(super) fn place_columns(&self, area: Rect, has_many_sources: bool) -> Vec<Placed> {
        let gap = if area.width < 60 { 1 } else { 2 };
        let room = usize::from(area.width.saturating_sub(MARK_COLUMNS));
        let wanted_last = self.widths.get(&Column::Last).map_or(0, |it| it.total());
        let wanted = |column: &Column| -> usize {
            let content = match column {
                Column::Trend => TREND_COLUMNS_MIN,
                Column::Symbol | Column::Source => {
                    // A long name gives way to the price.
                    let most = room.saturating_sub(gap + wanted_last.max(4));
                    let most = most.clamp(6, TEXT_COLUMNS_MAX);
                    self.widths
                        .get(column)
                        .map_or(6, |width| width.longest.clamp(6, most))
                }
                column => self.widths.get(column).map_or(0, |width| width.total()),
            };
            content.max(width(&safe(column.heading())))
        };
        let candidates = self
            .columns
            .iter()
            .enumerate()
            .filter(|(_, column)| **column != Column::Source || has_many_sources)
            .map(|(at, column)| (column.dispensability(at), column));
        let total = |rank: (u8, usize)| -> usize {
            let of_rank = candidates.clone().filter(|(it, _)| *it == rank);
            of_rank.map(|(_, column)| wanted(column) + gap).sum()
        };
        let kept = self.kept_ranks(&candidates, room + gap, total);
        let shown = candidates.clone().filter(|(rank, _)| kept.contains(rank));
        let used: usize = kept.iter().map(|rank| total(*rank)).sum();
        let mut spare = (room + gap).saturating_sub(used);
        // What keeps a symbol from being traded stands behind its name.
        let named = self.widths.get(&Column::Symbol);
        let name = named.map_or(0, |width| width.longest.saturating_sub(TEXT_COLUMNS_MAX));
        let name = name.min(spare);
        spare -= name;
        let mut x = area.x + MARK_COLUMNS;
        shown
            .map(|(_, column)| {
                let grown = match column {
                    Column::Symbol => name,
                    Column::Trend => spare.min(TREND_COLUMNS_MAX - TREND_COLUMNS_MIN),
                    _ => 0,
                };
                let columns =
                    (wanted(column) + grown).min(usize::from(area.right().saturating_sub(x)));
                let placed = Placed {
                    column: column.clone(),
                    x,
                    width: columns as u16,
                };
                x += (columns + gap) as u16;
                placed
            })
            .collect()
    }

    /// Which columns there is room for, by their ranks: `total` tells how much a rank takes.
    fn kept_ranks<'a>(
        &self,
        candidates: &(impl Iterator<Item = ((u8, usize), &'a Column)> + Clone),
        mut spare: usize,
        total: impl Fn((u8, usize)) -> usize,
    ) -> Vec<(u8, usize)> {
        let [prices, sizes, last] =
            [Column::Bid, Column::BidSize, Column::Last].map(|column| column.dispensability(0));
        let is_empty = |rank: (u8, usize)| {
            let mut of_rank = candidates.clone().filter(|(it, _)| *it == rank);
            rank > last
                && of_rank.all(|(_, column)| {
                    let is_known = self.widths.get(column).is_some_and(|width| width.is_known);
                    !is_known && !matches!(column, Column::Value(_))
                })
        };
        let mut ranks: Vec<(bool, (u8, usize))> = candidates
            .clone()
            .map(|(rank, _)| (is_empty(rank), rank))
            .collect();
        ranks.sort_unstable();
        ranks.dedup();
        let has = |rank: (u8, usize)| ranks.iter().any(|(_, it)| *it == rank);
        let (has_prices, has_last) = (has(prices), has(last));
        // What is dispensable and wide does not keep out what is more dispensable and fits.
        let mut kept: Vec<(u8, usize)> = Vec::new();
        for (_, rank) in ranks {
            // Sizes without their prices say nothing, and nothing takes the room of the price itself.
            if rank == sizes && has_prices && !kept.contains(&prices)
                || rank > last && has_last && !kept.contains(&last)
            {
                continue;
            }
            let needed = total(rank);
            if needed <= spare || kept.is_empty() {
                kept.push(rank);
                spare = spare.saturating_sub(needed);
            }
        }
        kept
    }

    pub(super) fn draw_heading(&self, area: Rect, buffer: &mut Buffer, context: &PanelContext<'_>) {
        for placed in &self.placed {
            let style = if self.sort.key.column() == Some(&placed.column) {
                context.theme.accent
            } else {
                context.theme.dim
            };
            let text = safe(placed.column.heading());
            let x = if placed.column.is_text() {
                placed.x
            } else {
                placed.x + placed.width.saturating_sub(width(&text) as u16)
            };
            put(buffer, x, area.y, placed.width, &text, style);
        }
    }

    pub(super) fn draw_row(
        &self,
        y: u16,
        line: &RowLine<'_>,
        buffer: &mut Buffer,
        context: &PanelContext<'_>,
    ) {
        let RowLine {
            row,
            standing,
            cells,
        } = line;
        let mark = Mark::of(row, *standing, context.stale_after_ms);
        put(
            buffer,
            self.area.x + 1,
            y,
            1,
            mark.sign(),
            mark.style(context),
        );
        if self.unread.contains(&row.symbol) {
            put(buffer, self.area.x, y, 1, UNREAD, context.theme.warning);
        }
        for placed in &self.placed {
            let column = &placed.column;
            if *column == Column::Trend {
                let line = cells::sparkline(row.trend.points(), usize::from(placed.width));
                let style = match change(row) {
                    _ if mark == Mark::Stale => context.theme.dim,
                    Some(value) if value > 0.0 => context.theme.up,
                    Some(value) if value < 0.0 => context.theme.down,
                    _ => context.theme.unchanged,
                };
                put(buffer, placed.x, y, placed.width, &line, style);
                continue;
            }
            let Some((_, cell)) = cells.iter().find(|(it, _)| *it == column) else {
                continue;
            };
            let widths = self.widths.get(column).copied().unwrap_or_default();
            draw_cell(buffer, placed, y, cell, widths);
        }
    }
}

/// A row with what is to be drawn of it.
pub(super) struct RowLine<'a> {
    pub(super) row: &'a Row,
    pub(super) standing: Standing,
    pub(super) cells: Vec<(&'a Column, Cell)>,
}

fn draw_cell(buffer: &mut Buffer, placed: &Placed, y: u16, cell: &Cell, widths: CellWidth) {
    if placed.column.is_text() {
        let text = cut(&cell.whole, usize::from(placed.width));
        put(buffer, placed.x, y, placed.width, &text, cell.style);
        return;
    }
    let text = format!("{}{}", cell.whole, cell.fraction);
    let behind = if widths.is_aligned() {
        widths.fraction.saturating_sub(width(&cell.fraction))
    } else {
        0
    };
    let end = usize::from(placed.width).saturating_sub(behind);
    let before = end.saturating_sub(width(&text));
    // A number is never cut: one that does not fit is not shown.
    if before + width(&text) <= usize::from(placed.width) {
        put(
            buffer,
            placed.x + before as u16,
            y,
            placed.width,
            &text,
            cell.style,
        );
    }
}

/// The title: which list, how many rows of how many, and what decides that.
pub(super) fn title(panel: &WatchlistPanel, context: &PanelContext<'_>) -> Line<'static> {
    let theme = context.theme;
    let total = panel.order.total(context.snapshot);
    let shown = panel.order.ids().len();
    let name = panel
        .list()
        .map_or_else(|| "Watchlist".to_owned(), |name| safe(name).into_owned());
    let count = if shown == total {
        format!(" · {total}")
    } else {
        format!(" · {shown} of {total}")
    };
    let arrow = if panel.sort.descending { "↓" } else { "↑" };
    let by = match &panel.sort.key {
        SortKey::Column(Column::ChangePercent) => "change %".to_owned(),
        key => safe(&key.to_string()).into_owned(),
    };
    let mut spans = vec![
        Span::styled(name, theme.accent),
        Span::styled(count, theme.dim),
    ];
    spans.push(match panel.order.sort_error() {
        Some(_) => Span::styled(format!(" · by {by} ✖"), theme.error),
        None => Span::styled(format!(" · by {by} {arrow}"), theme.dim),
    });
    if !panel.filter.text().is_empty() {
        let text = safe(panel.filter.text());
        spans.push(match panel.order.filter_error() {
            Some(_) => Span::styled(format!(" · /{text} ✖"), theme.error),
            None => Span::styled(format!(" · /{text}"), theme.warning),
        });
    }
    Line::from(spans)
}

/// What a list without rows says.
pub(super) fn draw_empty(
    panel: &WatchlistPanel,
    area: Rect,
    buffer: &mut Buffer,
    context: &PanelContext<'_>,
) {
    let text = if context.snapshot.version == 0 {
        "waiting for the first data …"
    } else if !context.snapshot.rows.is_empty() && !panel.filter.text().is_empty() {
        "nothing matches the filter · Esc shows everything"
    } else if !context.snapshot.rows.is_empty() {
        "none of this list's symbols is subscribed"
    } else {
        "no symbols yet · press a to add some"
    };
    let columns = area.width.saturating_sub(MARK_COLUMNS + 1);
    put(
        buffer,
        area.x + MARK_COLUMNS,
        area.y + 2,
        columns,
        &cut(text, usize::from(columns)),
        context.theme.dim,
    );
}

/// A row as text for the clipboard: one `heading value` pair for each column.
pub(super) fn row_text(row: &Row, columns: &[Column], context: &PanelContext<'_>) -> String {
    let standing = SourceStates::of(context.snapshot).standing(row);
    columns
        .iter()
        .filter(|column| **column != Column::Trend)
        .map(|column| {
            let heading = column.heading();
            if let Some(value) = cells::exact(row, column) {
                return format!("{heading} {value}");
            }
            let cell = cells::cell(row, column, standing, context);
            format!("{heading} {}{}", cell.whole, cell.fraction)
        })
        .collect::<Vec<_>>()
        .join("\t")
}
