//! The headlines, newest first: of the selected symbol, or of all.

mod draw;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::sync::Arc;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::domain::symbol::SymbolId;
use crate::pipeline::Snapshot;
use crate::pipeline::snapshot::NewsRow;

use super::super::market::{self, beginning};
use super::super::panel::{Panel, PanelAction, PanelContext, PanelMouse, Response};
use super::super::text::safe;
use super::rows::Rows;
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
    rows: Rows,
    /// Every headline up to this number has been read.
    read_to: u64,
    /// Those beyond it that have been read one by one.
    read: BTreeSet<u64>,
    made_of: Option<MadeOf>,
}

impl NewsPanel {
    /// The filter; empty when everything is shown.
    #[must_use]
    pub fn filter(&self) -> &str {
        &self.rows.filter
    }

    /// Shows only headlines that hold every word of `filter`.
    pub fn set_filter(&mut self, filter: &str) {
        self.rows.set_filter(filter);
    }

    /// Shows what concerns the selected symbol alone, or everything.
    pub fn set_scope(&mut self, is_of_symbol: bool) {
        self.is_of_symbol = is_of_symbol;
        self.rows.top = 0;
        self.rows.chosen = None;
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

    /// The headlines that nobody has read.
    pub fn unread<'a>(&self, snapshot: &'a Snapshot) -> impl Iterator<Item = &'a NewsRow> {
        snapshot.news.iter().filter(|row| self.is_unread(row.id))
    }

    /// Marks every headline of the list as read.
    fn mark_all_read(&mut self, news: &[NewsRow]) {
        let listed = self.rows.shown.iter().filter_map(|at| news.get(*at));
        if self.rows.shown.len() == news.len() {
            self.read_to = listed.map(|row| row.id).fold(self.read_to, u64::max);
            self.read.clear();
        } else {
            let read_to = self.read_to;
            self.read
                .extend(listed.map(|row| row.id).filter(|id| *id > read_to));
        }
    }

    fn refresh(&mut self, context: &PanelContext<'_>) {
        let news = &context.snapshot.news;
        let symbol = context.selected.filter(|_| self.is_of_symbol);
        let is_current = self
            .made_of
            .as_ref()
            .is_some_and(|(of, of_symbol, filter)| {
                Arc::ptr_eq(of, news) && *of_symbol == symbol && *filter == self.rows.filter
            });
        if is_current {
            return;
        }
        let words = self.rows.words();
        // Headlines of one source and quotes of another are about one thing.
        let rows = &context.snapshot.rows;
        let name = symbol.and_then(|id| rows.get(id)).map(|row| &row.symbol);
        let is_of = |id: &SymbolId| rows.get(*id).map(|row| &row.symbol) == name;
        self.rows.shown = (0..news.len())
            .rev()
            .filter(|at| {
                let row = &news[*at];
                let concerns = name.is_none() || row.symbols.iter().any(is_of);
                concerns && matches(row, &words)
            })
            .collect();
        // What the board has let go of needs no mark any more.
        if let Some(first) = news.first() {
            self.read = self.read.split_off(&first.id);
        }
        self.made_of = Some((Arc::clone(news), symbol, self.rows.filter.clone()));
    }

    fn chosen_row<'a>(&self, context: &PanelContext<'a>) -> Option<&'a NewsRow> {
        self.rows.chosen_row(&context.snapshot.news)
    }

    fn step(&mut self, by: i64, context: &PanelContext<'_>) -> Response {
        if self.rows.step(by, &context.snapshot.news) {
            Response::Done
        } else {
            Response::Ignored
        }
    }

    fn empty_text(&self, context: &PanelContext<'_>) -> String {
        let count = context.snapshot.news.len();
        if context.snapshot.version == 0 {
            return "starting …".to_owned();
        }
        if count > 0 && !self.rows.filter.is_empty() {
            let filter = beginning(&self.rows.filter, 40);
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
            Span::styled(format!(" · {scope} · {}", self.rows.shown.len()), theme.dim),
        ];
        let unread = self
            .rows
            .shown
            .iter()
            .filter_map(|at| context.snapshot.news.get(*at))
            .filter(|row| self.is_unread(row.id))
            .count();
        if unread > 0 {
            spans.push(Span::styled(format!(" · {unread} unread"), theme.warning));
        }
        if !self.rows.filter.is_empty() {
            let text = format!(" · /{}", safe(&self.rows.filter));
            spans.push(Span::styled(text, theme.warning));
        }
        Line::from(spans)
    }

    fn render(&mut self, area: Rect, buffer: &mut Buffer, context: &PanelContext<'_>) {
        self.rows.area = area;
        self.refresh(context);
        if area.is_empty() {
            return;
        }
        let news = &context.snapshot.news;
        // Somebody who has gone down the list reads on where they are while headlines come in above.
        self.rows.follow |= self.rows.top > 0 && self.rows.chosen.is_some();
        self.rows.place_top(news);
        if self.rows.shown.is_empty() {
            market::put_message(buffer, area, &self.empty_text(context), context.theme.dim);
            return;
        }
        self.rows.draw(news, buffer, context, |row, place, buffer| {
            self.draw_row(row, place, buffer, context);
        });
    }

    fn act(&mut self, action: PanelAction, context: &PanelContext<'_>) -> Response {
        self.refresh(context);
        if let Some(distance) = self.rows.distance(action) {
            return self.step(distance, context);
        }
        match action {
            PanelAction::Open => self
                .chosen_row(context)
                .map_or(Response::Done, |row| Response::ShowNews(row.id)),
            PanelAction::Back if !self.rows.filter.is_empty() => {
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
        let rows = &mut self.rows;
        let at = |position| rows.number_at(position, &context.snapshot.news);
        match mouse {
            PanelMouse::Click(position) => rows.chosen = at(position).or(rows.chosen),
            PanelMouse::DoubleClick(position) => {
                if let Some(id) = at(position) {
                    rows.chosen = Some(id);
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
