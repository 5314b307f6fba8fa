//! What has moved most today: gainers, losers, and a third list of the user's choice.

mod draw;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};

use crate::domain::clock::Nanos;
use crate::domain::symbol::SymbolId;
use crate::domain::to_f64;
use crate::pipeline::snapshot::Row;
use crate::tui::panel::{Panel, PanelAction, PanelContext, PanelMouse, Response};
use crate::tui::values::{ValueFinder, ValueNames};

use super::watchlist::change_percent;

/// How many symbols a list has at most.
const LIST_MAX: usize = 100;
/// The lists are ranked again this long after the last time.
const RANK_EVERY_MS: u64 = 1_000;
/// No row moves this long after the user has moved among them.
const RANK_REST_MS: u64 = 2_000;
/// The indicator of the relative volume, as the names of its values begin.
const RELATIVE_VOLUME: &str = "rvol";

/// What the third list is ranked by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Ranking {
    /// Volume of the day times last price.
    #[default]
    Active,
    /// High minus low of the day against its reference price.
    Range,
    /// The indicator of this name, where the board has it.
    RelativeVolume,
}

/// One of the lists.
#[derive(Debug, Default)]
struct List {
    /// Who is on it, with the number that decides, first first.
    entries: Vec<(SymbolId, f64)>,
    /// The first entry in the picture.
    top: usize,
    /// Where its entries were drawn last.
    area: Rect,
}

/// The movers panel.
#[derive(Debug, Default)]
pub struct MoversPanel {
    lists: [List; 3],
    /// The list that has the keys.
    at: usize,
    ranking: Ranking,
    /// The board's relative volume, if it has one.
    relative_volume: Option<std::sync::Arc<str>>,
    ranked: Option<(Nanos, usize)>,
    touched: Option<Nanos>,
    follow: bool,
    seen_selected: Option<SymbolId>,
}

impl MoversPanel {
    /// Ranks these symbols, when that is due.
    pub fn refresh(&mut self, ids: &[SymbolId], context: &PanelContext<'_>) {
        let since = |then: Nanos| context.now.since(then).as_millis() as u64;
        let is_resting = self
            .touched
            .is_some_and(|touched| since(touched) < RANK_REST_MS);
        if let Some((ranked, count)) = self.ranked
            && count == ids.len()
            && (is_resting || since(ranked) < RANK_EVERY_MS)
        {
            return;
        }
        self.ranked = Some((context.now, ids.len()));
        let names = ValueNames::of(context.snapshot);
        self.relative_volume = names.resolve(RELATIVE_VOLUME).ok();
        if self.relative_volume.is_none() && self.ranking == Ranking::RelativeVolume {
            self.ranking = Ranking::Active;
        }
        let finder = self.relative_volume.as_ref().map(ValueFinder::new);
        let ranking = self.ranking;
        let rows = || ids.iter().filter_map(|id| context.snapshot.rows.get(*id));
        let [gainers, losers, third] = &mut self.lists;
        gainers.entries = first(rows(), |row| change_percent(row).filter(|it| *it > 0.0));
        losers.entries = first(rows(), |row| {
            change_percent(row).filter(|it| *it < 0.0).map(|it| -it)
        });
        for entry in &mut losers.entries {
            entry.1 = -entry.1;
        }
        third.entries = first(rows(), |row| match ranking {
            Ranking::Active => turnover(row),
            Ranking::Range => range_percent(row),
            Ranking::RelativeVolume => finder.as_ref()?.get(row),
        });
    }

    /// The next of what the third list can be ranked by.
    fn next_ranking(&mut self) {
        self.ranking = match self.ranking {
            Ranking::Active => Ranking::Range,
            Ranking::Range if self.relative_volume.is_some() => Ranking::RelativeVolume,
            Ranking::Range | Ranking::RelativeVolume => Ranking::Active,
        };
        self.ranked = None;
        self.lists[2].top = 0;
    }

    fn position(&self, selected: Option<SymbolId>) -> Option<usize> {
        self.lists[self.at]
            .entries
            .iter()
            .position(|(id, _)| Some(*id) == selected)
    }

    fn step(&mut self, by: i64, context: &PanelContext<'_>) -> Response {
        let Some(last) = self.lists[self.at].entries.len().checked_sub(1) else {
            return Response::Done;
        };
        let at = match self.position(context.selected) {
            Some(at) => (at as i64).saturating_add(by).clamp(0, last as i64) as usize,
            None if by == i64::MAX => last,
            None => 0,
        };
        self.touched = Some(context.now);
        self.follow = true;
        Response::Select(self.lists[self.at].entries[at].0)
    }

    /// Gives the keys to another list, at the entry that is as far down.
    fn change_list(&mut self, by: i64, context: &PanelContext<'_>) -> Response {
        let line = self
            .position(context.selected)
            .map_or(0, |at| at.saturating_sub(self.lists[self.at].top));
        self.at = (self.at as i64 + by).clamp(0, 2) as usize;
        self.touched = Some(context.now);
        self.follow = true;
        let list = &self.lists[self.at];
        let at = (list.top + line).min(list.entries.len().saturating_sub(1));
        list.entries
            .get(at)
            .map_or(Response::Done, |(id, _)| Response::Select(*id))
    }

    fn choose(&mut self, position: Position, context: &PanelContext<'_>) -> Option<SymbolId> {
        let at = self
            .lists
            .iter()
            .position(|list| list.area.contains(position))?;
        self.at = at;
        self.touched = Some(context.now);
        let list = &self.lists[at];
        let line = usize::from(position.y.saturating_sub(list.area.y));
        list.entries.get(list.top + line).map(|(id, _)| *id)
    }

    fn scroll(&mut self, position: Position, by: i64, context: &PanelContext<'_>) -> Response {
        let list = self
            .lists
            .iter_mut()
            .find(|list| list.area.contains(position));
        if let Some(list) = list {
            let lowest = list.last_top() as i64;
            list.top = (list.top as i64 + by).clamp(0, lowest) as usize;
            self.touched = Some(context.now);
        }
        Response::Done
    }
}

impl List {
    fn last_top(&self) -> usize {
        self.entries
            .len()
            .saturating_sub(usize::from(self.area.height))
    }
}

/// The rows with the largest numbers, largest first; equal ones by name.
fn first<'a>(
    rows: impl Iterator<Item = &'a Row>,
    number: impl Fn(&Row) -> Option<f64>,
) -> Vec<(SymbolId, f64)> {
    let mut keyed: Vec<(f64, &Row)> = rows
        .filter_map(|row| Some((number(row).filter(|it| it.is_finite())?, row)))
        .collect();
    let order = |a: &(f64, &Row), b: &(f64, &Row)| {
        b.0.total_cmp(&a.0)
            .then_with(|| a.1.symbol.cmp(&b.1.symbol))
    };
    if keyed.len() > LIST_MAX {
        keyed.select_nth_unstable_by(LIST_MAX, order);
        keyed.truncate(LIST_MAX);
    }
    keyed.sort_unstable_by(order);
    keyed
        .into_iter()
        .map(|(number, row)| (row.id, number))
        .collect()
}

/// What has been traded today, in money.
fn turnover(row: &Row) -> Option<f64> {
    let last = to_f64(row.last?);
    row.day.volume.map(|volume| volume * last)
}

/// From the lowest price of the day to the highest, in per cent of the reference price.
fn range_percent(row: &Row) -> Option<f64> {
    let reference = row.day.reference_price.filter(|price| *price != 0.0)?;
    Some((row.day.high? - row.day.low?) / reference.abs() * 100.0)
}

impl Panel for MoversPanel {
    fn name(&self) -> &'static str {
        "movers"
    }

    fn title(&self, context: &PanelContext<'_>) -> Line<'static> {
        let theme = context.theme;
        let count = self.ranked.map_or(0, |(_, count)| count);
        let total = context.snapshot.rows.len();
        let of = if count == total {
            format!(" · {count}")
        } else {
            format!(" · {count} of {total}")
        };
        Line::from(vec![
            Span::styled("Movers", theme.accent),
            Span::styled(of, theme.dim),
            Span::styled(" · change of the day", theme.dim),
        ])
    }

    fn render(&mut self, area: Rect, buffer: &mut Buffer, context: &PanelContext<'_>) {
        draw::draw(self, area.intersection(*buffer.area()), buffer, context);
    }

    fn act(&mut self, action: PanelAction, context: &PanelContext<'_>) -> Response {
        let page = i64::from(self.lists[self.at].area.height.max(1));
        if let Some(by) = action.distance(page) {
            return self.step(by, context);
        }
        match action {
            PanelAction::Left => self.change_list(-1, context),
            PanelAction::Right => self.change_list(1, context),
            PanelAction::NextRanking => {
                self.next_ranking();
                Response::Done
            }
            PanelAction::Open => {
                let list = &self.lists[self.at];
                let at = self.position(context.selected).unwrap_or(0);
                list.entries
                    .get(at)
                    .map_or(Response::Done, |(id, _)| Response::OpenChart(*id))
            }
            _ => Response::Ignored,
        }
    }

    fn mouse(&mut self, mouse: PanelMouse, context: &PanelContext<'_>) -> Response {
        match mouse {
            PanelMouse::Click(position) => self
                .choose(position, context)
                .map_or(Response::Done, Response::Select),
            PanelMouse::DoubleClick(position) => self
                .choose(position, context)
                .map_or(Response::Done, Response::OpenChart),
            PanelMouse::ScrollUp(position) => self.scroll(position, -3, context),
            PanelMouse::ScrollDown(position) => self.scroll(position, 3, context),
            PanelMouse::Drag(..) => Response::Ignored,
        }
    }
}
