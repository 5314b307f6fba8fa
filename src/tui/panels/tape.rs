//! The trades of the selected symbol, newest first.

mod draw;
pub mod lines;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::domain::Decimal;
use crate::domain::event::DataService;
use crate::pipeline::snapshot::{TapeRow, TapeView};

use super::super::market::{self, NumberRoom, QuantityFormat};
use super::super::panel::{Panel, PanelAction, PanelContext, PanelMouse, Response};
use super::super::text::UNKNOWN;
use super::depth::title_of;
use super::kept::{self, PerSymbol};
pub use lines::{BigPrints, TapeRules};
use lines::{TapeLine, next_size, round_size, side_mark, usual_size};

/// The windows that a key goes through, in milliseconds.
const WINDOWS_MS: [i64; 3] = [0, 100, 1_000];

/// The tape's panel.
#[derive(Debug, Default)]
pub struct TapePanel {
    /// What is shown of all tapes alike.
    rules: TapeRules,
    /// The smallest size that is shown, of each symbol of which something is left out.
    sizes_min: PerSymbol<Decimal>,
    /// The tape as it was when somebody scrolled: it stands still until they return.
    held: Option<Arc<TapeView>>,
    /// The first line in sight.
    top: usize,
    /// Lines in sight, of the last frame.
    visible: usize,
    shown: Option<Shown>,
}

/// A tape with its lines.
#[derive(Debug)]
struct Shown {
    view: Arc<TapeView>,
    rules: TapeRules,
    lines: Vec<TapeLine>,
    price: NumberRoom,
    size: NumberRoom,
    /// How the sizes in sight are written.
    sizes: QuantityFormat,
    size_max: Decimal,
}

impl TapePanel {
    /// What is shown of the tape of a symbol; without a name, of one of which nothing has been set.
    #[must_use]
    pub fn rules_of(&self, name: Option<&str>) -> TapeRules {
        TapeRules {
            size_min: name.and_then(|name| self.sizes_min.of(name)),
            ..self.rules
        }
    }

    /// Shows this from now on: the smallest size of this symbol, and everything else of all.
    pub fn set_rules_of(&mut self, name: Option<&str>, rules: TapeRules) {
        if let Some(name) = name {
            self.sizes_min.set(name, rules.size_min);
        }
        self.rules = TapeRules {
            size_min: None,
            ..rules
        };
        self.top = 0;
        self.held = None;
    }

    /// The smallest sizes that are shown, to be kept.
    #[must_use]
    pub fn sizes_min(&self) -> &PerSymbol<Decimal> {
        &self.sizes_min
    }

    /// Leaves out what was left out when they were kept.
    pub fn set_sizes_min(&mut self, sizes: PerSymbol<Decimal>) {
        self.sizes_min = sizes;
    }

    fn rules(&self, context: &PanelContext<'_>) -> TapeRules {
        self.rules_of(kept::name(context).as_deref())
    }

    fn set_rules(&mut self, rules: TapeRules, context: &PanelContext<'_>) -> Response {
        self.set_rules_of(kept::name(context).as_deref(), rules);
        Response::Done
    }

    fn latest<'a>(context: &PanelContext<'a>) -> Option<&'a Arc<TapeView>> {
        let wanted = context.selected?;
        context
            .snapshot
            .tapes
            .iter()
            .find(|view| view.symbol == wanted)
    }

    /// Brings the lines in line with the board, or with what is held.
    fn refresh(&mut self, context: &PanelContext<'_>) {
        if self
            .held
            .as_ref()
            .is_some_and(|held| Some(held.symbol) != context.selected)
        {
            self.held = None;
            self.top = 0;
        }
        let rules = self.rules(context);
        let Some(view) = self.held.as_ref().or(Self::latest(context)) else {
            self.shown = None;
            self.top = 0;
            return;
        };
        let is_current = self
            .shown
            .as_ref()
            .is_some_and(|shown| Arc::ptr_eq(&shown.view, view) && shown.rules == rules);
        if !is_current {
            let before = self
                .shown
                .take()
                .filter(|shown| shown.view.symbol == view.symbol);
            let lines = lines::lines(&view.rows, &rules);
            let size_max = lines.iter().filter_map(|line| line.size).max();
            self.shown = Some(Shown {
                view: Arc::clone(view),
                rules,
                lines,
                price: before.as_ref().map(|it| it.price).unwrap_or_default(),
                size: before.as_ref().map(|it| it.size).unwrap_or_default(),
                sizes: QuantityFormat::default(),
                size_max: size_max.unwrap_or_default(),
            });
        }
    }

    /// How many trades that would be shown have come since the tape is held.
    fn unseen(&self, context: &PanelContext<'_>) -> u64 {
        let (Some(held), Some(latest)) = (&self.held, Self::latest(context)) else {
            return 0;
        };
        let last = |view: &TapeView| view.rows.last().map_or(0, |row| row.number);
        let rules = self.rules(context);
        if rules.size_min.is_none() {
            return last(latest).saturating_sub(last(held));
        }
        let first = latest.rows.partition_point(|row| row.number <= last(held));
        let lines = lines::lines(&latest.rows[first..], &rules);
        lines.iter().map(|line| u64::from(line.count)).sum()
    }

    fn scroll(&mut self, by: i64, context: &PanelContext<'_>) -> Response {
        self.refresh(context);
        let Some(shown) = &self.shown else {
            return Response::Ignored;
        };
        let last_top = shown.lines.len().saturating_sub(self.visible.max(1));
        self.top = (self.top as i64)
            .saturating_add(by)
            .clamp(0, last_top as i64) as usize;
        if self.top == 0 {
            self.held = None;
        } else if self.held.is_none() {
            self.held = Some(Arc::clone(&shown.view));
        }
        Response::Done
    }

    /// The next larger or smaller size that is shown; below a hundredth of the usual everything is.
    fn change_size(&mut self, is_up: bool, context: &PanelContext<'_>) -> Response {
        self.refresh(context);
        let rules = self.rules(context);
        let usual = self
            .shown
            .as_ref()
            .and_then(|shown| usual_size(&shown.view.rows))
            .filter(|usual| !usual.is_zero());
        let size_min = match (rules.size_min, usual) {
            (None, Some(usual)) if is_up => Some(round_size(usual)),
            (None, _) => None,
            (Some(size), _) if is_up => Some(next_size(size, true)),
            (Some(size), usual) => Some(next_size(size, false)).filter(|next| {
                let least = usual.unwrap_or(size) / Decimal::ONE_HUNDRED;
                *next > least && !next.is_zero()
            }),
        };
        self.set_rules(TapeRules { size_min, ..rules }, context)
    }

    fn next_window(&mut self, context: &PanelContext<'_>) -> Response {
        let rules = self.rules(context);
        let at = WINDOWS_MS
            .iter()
            .position(|window| *window > rules.window_ms)
            .unwrap_or(0);
        let rules = TapeRules {
            window_ms: WINDOWS_MS[at],
            ..rules
        };
        self.set_rules(rules, context)
    }

    /// What to say while there is nothing to show.
    fn empty_text(&self, context: &PanelContext<'_>) -> String {
        if context.snapshot.version == 0 {
            return "starting …".to_owned();
        }
        let Some(row) = market::selected_row(context) else {
            return "no symbol is selected: a adds one".to_owned();
        };
        let trades = self.shown.as_ref().map_or(0, |shown| shown.view.rows.len());
        match self.rules(context).size_min {
            Some(size) if trades > 0 => {
                format!("none of {trades} trades is {size} or larger · :tape min off shows all")
            }
            _ => market::missing_text("trades", row, DataService::TimeAndSales, context),
        }
    }
}

/// A window in words: `100 ms`, `1 s`.
fn window_text(ms: i64) -> String {
    if ms % 1_000 == 0 {
        format!("{} s", ms / 1_000)
    } else {
        format!("{ms} ms")
    }
}

/// A price as it is drawn.
fn price_text(row: &TapeRow) -> String {
    row.trade
        .price
        .map_or_else(|| UNKNOWN.to_owned(), |price| price.to_string())
}

fn size_text(line: &TapeLine, format: QuantityFormat) -> String {
    line.size
        .map_or_else(|| UNKNOWN.to_owned(), |size| format.text(size))
}

impl Panel for TapePanel {
    fn name(&self) -> &'static str {
        "tape"
    }

    fn title(&self, context: &PanelContext<'_>) -> Line<'static> {
        let theme = context.theme;
        let mut spans = title_of("Tape", context);
        let unseen = self.unseen(context);
        if self.held.is_some() {
            let text = match unseen {
                0 => " · held".to_owned(),
                count => format!(" · held · +{count} new"),
            };
            spans.push(Span::styled(text, theme.warning));
        }
        if let Some(size) = self.rules(context).size_min {
            spans.push(Span::styled(format!(" · min {size}"), theme.warning));
        }
        if self.rules.window_ms > 0 {
            let window = window_text(self.rules.window_ms);
            spans.push(Span::styled(format!(" · merged {window}"), theme.dim));
        }
        let source = market::selected_row(context)
            .and_then(|row| market::lost_source(context.snapshot, &row.source));
        if let Some(source) = source {
            let text = format!(" · ◌ {}", market::short_state_text(source, context));
            spans.push(Span::styled(text, theme.warning));
        }
        Line::from(spans)
    }

    fn render(&mut self, area: Rect, buffer: &mut Buffer, context: &PanelContext<'_>) {
        self.visible = usize::from(area.height.saturating_sub(1));
        if area.is_empty() {
            return;
        }
        self.refresh(context);
        let count = self.shown.as_ref().map_or(0, |shown| shown.lines.len());
        if count == 0 {
            market::put_message(buffer, area, &self.empty_text(context), context.theme.dim);
            return;
        }
        self.top = self.top.min(count.saturating_sub(self.visible));
        self.draw(area, buffer, context);
    }

    fn act(&mut self, action: PanelAction, context: &PanelContext<'_>) -> Response {
        let page = self.visible.saturating_sub(1).max(1) as i64;
        match action {
            PanelAction::Up => self.scroll(-1, context),
            PanelAction::Down => self.scroll(1, context),
            PanelAction::PageUp => self.scroll(-page, context),
            PanelAction::PageDown => self.scroll(page, context),
            PanelAction::Home => self.scroll(i64::MIN, context),
            PanelAction::End => self.scroll(i64::MAX, context),
            PanelAction::Back if self.held.is_some() => self.scroll(i64::MIN, context),
            PanelAction::ZoomIn => self.change_size(true, context),
            PanelAction::ZoomOut => self.change_size(false, context),
            PanelAction::NextWindow => self.next_window(context),
            PanelAction::Open => context.selected.map_or(Response::Done, Response::OpenChart),
            PanelAction::Copy => {
                self.refresh(context);
                match &self.shown {
                    Some(shown) if !shown.lines.is_empty() => {
                        Response::Copy(copy_text(shown, self.top, self.visible, context))
                    }
                    _ => Response::Ignored,
                }
            }
            _ => Response::Ignored,
        }
    }

    fn mouse(&mut self, mouse: PanelMouse, context: &PanelContext<'_>) -> Response {
        match mouse {
            PanelMouse::ScrollUp(_) => self.scroll(-3, context),
            PanelMouse::ScrollDown(_) => self.scroll(3, context),
            _ => Response::Ignored,
        }
    }
}

/// The lines in sight as text for the clipboard.
fn copy_text(shown: &Shown, top: usize, count: usize, context: &PanelContext<'_>) -> String {
    let lines: Vec<String> = shown
        .lines
        .iter()
        .skip(top)
        .take(count)
        .filter_map(|line| {
            let row = shown.view.rows.get(line.at)?;
            let (_, side) = side_mark(row);
            Some(format!(
                "{}\t{}\t{}\t{side}",
                market::time_text(row.time, context),
                price_text(row),
                line.size
                    .map_or_else(|| UNKNOWN.to_owned(), |size| size.normalize().to_string())
            ))
        })
        .collect();
    lines.join("\n")
}
