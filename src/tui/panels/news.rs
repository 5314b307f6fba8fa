//! The headlines, newest first: of the selected symbol, or of all.

mod draw;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::sync::Arc;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};

use crate::domain::symbol::SymbolId;
use crate::pipeline::snapshot::NewsRow;

use super::super::market::{self, beginning};
use super::super::panel::{Panel, PanelAction, PanelContext, PanelMouse, Response};
use super::super::text::{paint, safe};
pub use draw::symbols_text;

/// How much of a headline the filter looks at, in characters.
const FILTERED_CHARS: usize = 2_000;

/// What the list was made of.
type MadeOf = (Arc<Vec<NewsRow>>, Option<SymbolId>, String);

/// The news panel.
#[derive(Debug, Default)]
pub struct NewsPanel {
    /// Whether only what concerns the selected symbol is shown.
    is_of_symbol: bool,
    filter: String,
    /// Every headline up to this number has been read.
    read_to: u64,
    /// Those beyond it that have been read one by one.
    read: BTreeSet<u64>,
    /// The chosen headline by its number; without one it is the newest.
    chosen: Option<u64>,
    top: usize,
    follow: bool,
    area: Rect,
    /// Places in the snapshot's list of what is shown, newest first.
    shown: Vec<usize>,
    made_of: Option<MadeOf>,
}

impl NewsPanel {
    /// The filter; empty when everything is shown.
    #[must_use]
    pub fn filter(&self) -> &str {
        &self.filter
    }

    /// Shows only headlines that hold every word of `filter`.
    pub fn set_filter(&mut self, filter: &str) {
        filter.clone_into(&mut self.filter);
        self.top = 0;
    }

    /// Shows what concerns the selected symbol alone, or everything.
    pub fn set_scope(&mut self, is_of_symbol: bool) {
        self.is_of_symbol = is_of_symbol;
        self.top = 0;
        self.chosen = None;
    }

    /// Marks a headline as read.
    pub fn mark_read(&mut self, id: u64) {
        if id > self.read_to {
            self.read.insert(id);
        }
    }

    /// Whether nobody has opened or marked a headline yet.
    #[must_use]
    pub fn is_unread(&self, id: u64) -> bool {
        id > self.read_to && !self.read.contains(&id)
    }

    fn mark_all_read(&mut self, news: &[NewsRow]) {
        self.read_to = news.iter().map(|row| row.id).fold(self.read_to, u64::max);
        self.read.clear();
    }

    fn refresh(&mut self, context: &PanelContext<'_>) {
        let news = &context.snapshot.news;
        let symbol = context.selected.filter(|_| self.is_of_symbol);
        let is_current = self
            .made_of
            .as_ref()
            .is_some_and(|(of, of_symbol, filter)| {
                Arc::ptr_eq(of, news) && *of_symbol == symbol && *filter == self.filter
            });
        if is_current {
            return;
        }
        let words: Vec<String> = self
            .filter
            .split_whitespace()
            .map(str::to_lowercase)
            .collect();
        self.shown = (0..news.len())
            .rev()
            .filter(|at| {
                let row = &news[*at];
                let concerns = symbol.is_none_or(|id| row.symbols.contains(&id));
                concerns && matches(row, &words)
            })
            .collect();
        // What the board has let go of needs no mark any more.
        if let Some(first) = news.first() {
            self.read = self.read.split_off(&first.id);
        }
        self.made_of = Some((Arc::clone(news), symbol, self.filter.clone()));
    }

    fn position(&self, context: &PanelContext<'_>) -> Option<usize> {
        let chosen = self.chosen?;
        self.shown
            .iter()
            .position(|at| context.snapshot.news[*at].id == chosen)
    }

    fn chosen_row<'a>(&self, context: &PanelContext<'a>) -> Option<&'a NewsRow> {
        let at = self.position(context).unwrap_or(0);
        context.snapshot.news.get(*self.shown.get(at)?)
    }

    fn step(&mut self, by: i64, context: &PanelContext<'_>) -> Response {
        let count = self.shown.len();
        if count == 0 {
            return Response::Ignored;
        }
        let at = self.position(context).unwrap_or(0) as i64;
        let at = at.saturating_add(by).clamp(0, count as i64 - 1) as usize;
        self.chosen = context.snapshot.news.get(self.shown[at]).map(|row| row.id);
        self.follow = true;
        Response::Done
    }

    fn place_top(&mut self, context: &PanelContext<'_>) {
        let visible = usize::from(self.area.height);
        let at = self.position(context);
        if std::mem::take(&mut self.follow)
            && visible > 0
            && let Some(at) = at
        {
            self.top = self.top.clamp((at + 1).saturating_sub(visible), at);
        }
        self.top = self.top.min(self.shown.len().saturating_sub(visible));
    }

    fn empty_text(&self, context: &PanelContext<'_>) -> String {
        let count = context.snapshot.news.len();
        if context.snapshot.version == 0 {
            return "starting …".to_owned();
        }
        if count > 0 && !self.filter.is_empty() {
            let filter = beginning(&self.filter, 40);
            return format!("no headline matches '{filter}' · Esc shows all");
        }
        match market::selected_row(context) {
            Some(row) if self.is_of_symbol && count > 0 => format!(
                "no news of {}; {count} of others: o shows them",
                market::symbol_text(row.id, context.snapshot)
            ),
            _ => "no news: no source here gives NEWS, or none has come yet".to_owned(),
        }
    }
}

fn matches(row: &NewsRow, words: &[String]) -> bool {
    if words.is_empty() {
        return true;
    }
    let lower = |text: &str| {
        text.chars()
            .take(FILTERED_CHARS)
            .collect::<String>()
            .to_lowercase()
    };
    let headline = lower(&row.news.headline);
    let publisher = row.news.source.as_deref().map_or_else(String::new, lower);
    words.iter().all(|word| {
        headline.contains(word)
            || publisher.contains(word)
            || row
                .news
                .symbols
                .iter()
                .any(|name| lower(name).contains(word))
    })
}

/// A headline as text for the clipboard: itself, and where the whole text is.
#[must_use]
pub fn copy_text(row: &NewsRow) -> String {
    let mut text = beginning(&row.news.headline, 4_000);
    if let Some(url) = &row.news.url {
        text.push('\n');
        text.push_str(&beginning(url, 4_000));
    }
    text
}

impl Panel for NewsPanel {
    fn name(&self) -> &'static str {
        "news"
    }

    fn title(&self, context: &PanelContext<'_>) -> Line<'static> {
        let theme = context.theme;
        let scope = match market::selected_row(context) {
            Some(row) if self.is_of_symbol => market::symbol_text(row.id, context.snapshot),
            _ => "all".to_owned(),
        };
        let mut spans = vec![
            Span::styled("News", theme.accent),
            Span::styled(format!(" · {scope} · {}", self.shown.len()), theme.dim),
        ];
        let unread = self
            .shown
            .iter()
            .filter_map(|at| context.snapshot.news.get(*at))
            .filter(|row| self.is_unread(row.id))
            .count();
        if unread > 0 {
            spans.push(Span::styled(format!(" · {unread} unread"), theme.warning));
        }
        if !self.filter.is_empty() {
            let text = format!(" · /{}", safe(&self.filter));
            spans.push(Span::styled(text, theme.warning));
        }
        Line::from(spans)
    }

    fn render(&mut self, area: Rect, buffer: &mut Buffer, context: &PanelContext<'_>) {
        self.area = area;
        self.refresh(context);
        if area.is_empty() {
            return;
        }
        // Somebody who has gone down the list reads on where they are while headlines come in above.
        if self.top > 0 && self.chosen.is_some() {
            self.follow = true;
        }
        self.place_top(context);
        if self.shown.is_empty() {
            market::put_message(buffer, area, &self.empty_text(context), context.theme.dim);
            return;
        }
        let chosen = self.position(context).unwrap_or(0);
        for (line, at) in self.shown.iter().enumerate().skip(self.top) {
            let y = area.y + (line - self.top) as u16;
            if y >= area.bottom() {
                break;
            }
            let place = Rect {
                y,
                height: 1,
                ..area
            };
            if let Some(row) = context.snapshot.news.get(*at) {
                self.draw_row(row, place, buffer, context);
            }
            if context.focused && line == chosen {
                paint(buffer, place, context.theme.selection);
            }
        }
    }

    fn act(&mut self, action: PanelAction, context: &PanelContext<'_>) -> Response {
        self.refresh(context);
        let page = i64::from(self.area.height.max(1));
        match action {
            PanelAction::Up => self.step(-1, context),
            PanelAction::Down => self.step(1, context),
            PanelAction::PageUp => self.step(-page, context),
            PanelAction::PageDown => self.step(page, context),
            PanelAction::Home => self.step(i64::MIN, context),
            PanelAction::End => self.step(i64::MAX, context),
            PanelAction::Open => self
                .chosen_row(context)
                .map_or(Response::Done, |row| Response::ShowNews(row.id)),
            PanelAction::Back if !self.filter.is_empty() => {
                self.set_filter("");
                Response::Done
            }
            PanelAction::Scope => {
                self.set_scope(!self.is_of_symbol);
                Response::Done
            }
            PanelAction::Acknowledge => {
                if let Some(id) = self.chosen_row(context).map(|row| row.id) {
                    self.mark_read(id);
                }
                Response::Done
            }
            PanelAction::AcknowledgeAll => {
                self.mark_all_read(&context.snapshot.news);
                Response::Done
            }
            PanelAction::Copy => self
                .chosen_row(context)
                .map_or(Response::Ignored, |row| Response::Copy(copy_text(row))),
            _ => Response::Ignored,
        }
    }

    fn mouse(&mut self, mouse: PanelMouse, context: &PanelContext<'_>) -> Response {
        self.refresh(context);
        let at = |panel: &Self, position: Position| {
            let row = usize::from(position.y.checked_sub(panel.area.y)?);
            let at = panel.shown.get(panel.top + row)?;
            context.snapshot.news.get(*at).map(|row| row.id)
        };
        match mouse {
            PanelMouse::Click(position) => {
                self.chosen = at(self, position).or(self.chosen);
            }
            PanelMouse::DoubleClick(position) => {
                if let Some(id) = at(self, position) {
                    self.chosen = Some(id);
                    return Response::ShowNews(id);
                }
            }
            PanelMouse::ScrollUp(_) => return self.step(-3, context),
            PanelMouse::ScrollDown(_) => return self.step(3, context),
            PanelMouse::Drag(..) => return Response::Ignored,
        }
        Response::Done
    }
}
