//! What charts show beside one symbol's candles: indicators, comparisons, several symbols at once.

use crate::domain::event::DataService;
use crate::domain::indicator::IndicatorSpec;
use crate::domain::symbol::{SymbolId, SymbolSpec};
use crate::domain::time::Timeframe;
use crate::pipeline::Command;

use super::super::command_line::{CompareOrder, IndicatorOrder};
use super::super::market;
use super::super::panels::chart::compare::COMPARED_MAX;
use super::super::panels::charts::CHARTS_MAX;
use super::super::views::{PanelId, View};
use super::{Effect, Model, Overlay, inside};

/// How many symbols the key compares when nobody has said which.
const COMPARED_BY_KEY: usize = 4;

impl Model {
    /// The texts of the indicators that charts show, for the session.
    pub(super) fn indicator_texts(&self) -> Vec<String> {
        self.indicators.iter().map(ToString::to_string).collect()
    }

    /// The texts of the indicators that are offered, for completion.
    pub(super) fn offered_indicators(&self) -> Vec<String> {
        let offers = self.settings.indicator_catalogue.offers.iter();
        offers.map(|offer| offer.spec.to_string()).collect()
    }

    /// Opens the list of indicators: those that are offered, and behind them what is shown besides.
    pub(super) fn open_indicators(&mut self) {
        let offers = &self.settings.indicator_catalogue.offers;
        let mut entries: Vec<IndicatorSpec> =
            offers.iter().map(|offer| offer.spec.clone()).collect();
        for shown in &self.indicators {
            if !entries.contains(shown) {
                entries.push(shown.clone());
            }
        }
        if entries.is_empty() {
            self.notify("there are no indicators");
        } else {
            self.overlay = Some(Overlay::Indicators { entries, at: 0 });
        }
    }

    /// Shows an indicator, or no longer.
    pub(super) fn toggle_indicator(&mut self, spec: &IndicatorSpec) {
        if let Some(at) = self.indicators.iter().position(|shown| shown == spec) {
            self.indicators.remove(at);
        } else {
            self.indicators.push(spec.clone());
        }
    }

    pub(super) fn obey_indicator(&mut self, order: IndicatorOrder) -> Result<(), String> {
        match order {
            IndicatorOrder::Choose => self.open_indicators(),
            IndicatorOrder::Off => self.indicators.clear(),
            IndicatorOrder::Add(texts) => {
                let catalogue = &self.settings.indicator_catalogue;
                let specs = texts.iter().map(|text| catalogue.read(text));
                for spec in specs.collect::<Result<Vec<_>, _>>()? {
                    if !self.indicators.contains(&spec) {
                        self.indicators.push(spec);
                    }
                }
            }
            IndicatorOrder::Remove(texts) => {
                for text in texts {
                    let spec = self.settings.indicator_catalogue.read(&text)?;
                    let at = self.indicators.iter().position(|shown| *shown == spec);
                    let Some(at) = at else {
                        return Err(format!("{spec} is not shown"));
                    };
                    self.indicators.remove(at);
                }
            }
        }
        Ok(())
    }

    /// The subscribed symbols that are meant, in their order.
    fn subscribed(&self, specs: &[SymbolSpec]) -> Result<Vec<SymbolId>, String> {
        let find = |spec: &SymbolSpec| {
            let mut rows = self.shown.rows.iter();
            let row = rows.find(|row| {
                row.symbol == spec.symbol
                    && spec.source.as_ref().is_none_or(|name| *name == row.source)
            });
            row.map(|row| market::served(&self.shown, row.id, DataService::Ohlcv))
                .ok_or_else(|| format!("'{spec}' is not subscribed; 'add {spec}' subscribes it"))
        };
        let mut ids = Vec::with_capacity(specs.len());
        for spec in specs {
            let id = find(spec)?;
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
        Ok(ids)
    }

    pub(super) fn obey_compare(&mut self, order: CompareOrder) -> Result<(), String> {
        match order {
            CompareOrder::Off => self.panels.chart.compare(Vec::new()),
            CompareOrder::These(specs) => {
                let ids = self.subscribed(&specs)?;
                if ids.len() > COMPARED_MAX {
                    return Err(format!("at most {COMPARED_MAX} symbols can be compared"));
                }
                self.compare(ids);
            }
        }
        Ok(())
    }

    fn compare(&mut self, ids: Vec<SymbolId>) {
        self.compared_last.clone_from(&ids);
        self.panels.chart.compare(ids);
        if self
            .visible_panels()
            .iter()
            .all(|(id, _)| *id != PanelId::Chart)
        {
            self.show_view(View::Chart);
        }
    }

    /// Compares what was compared last, else the selected symbol with those around it; or shows candles again.
    pub(super) fn toggle_compare(&mut self) {
        if !self.panels.chart.compared().is_empty() {
            self.panels.chart.compare(Vec::new());
            return;
        }
        let rows = &self.shown.rows;
        let mut ids = self.compared_last.clone();
        ids.retain(|id| rows.get(*id).is_some());
        if ids.len() < 2 {
            ids = self.around_selected(COMPARED_BY_KEY);
        }
        if ids.is_empty() {
            self.notify("there is no symbol to compare");
        } else {
            self.compare(ids);
        }
    }

    /// So many symbols of the watchlist's order, the selected one among them, in steps of whole screens: so that those
    /// on the screen stay where they are while one moves among them.
    fn around_selected(&self, count: usize) -> Vec<SymbolId> {
        let ids = self.panels.watchlist.ids();
        let at = ids.iter().position(|id| Some(*id) == self.selected);
        let first = at.unwrap_or(0) / count.max(1) * count;
        // The last screen is a full one too, if there are enough.
        let first = first.min(ids.len().saturating_sub(count));
        let mut chosen: Vec<SymbolId> = Vec::with_capacity(count);
        for id in ids.iter().skip(first).take(count) {
            let id = market::served(&self.shown, *id, DataService::Ohlcv);
            if !chosen.contains(&id) {
                chosen.push(id);
            }
        }
        chosen
    }

    pub(super) fn obey_charts(&mut self, specs: &[SymbolSpec]) -> Result<(), String> {
        let ids = self.subscribed(specs)?;
        if ids.len() > CHARTS_MAX {
            return Err(format!(
                "at most {CHARTS_MAX} charts fit beside one another"
            ));
        }
        self.charts_chosen = ids;
        self.show_view(View::Charts);
        Ok(())
    }

    /// Brings the charts in line with the board and the screen, and tells the engine which ones are looked at.
    pub(super) fn settle_charts(&mut self, visible: &[(PanelId, ratatui::layout::Rect)]) {
        let timeframe = self.panels.chart.timeframe();
        let mut symbols: Vec<SymbolId> = Vec::new();
        for (panel, area) in visible {
            match panel {
                PanelId::Chart => {
                    let rows = &self.shown.rows;
                    let compared = self.panels.chart.compared();
                    if compared.iter().any(|id| rows.get(*id).is_none()) {
                        let mut left = compared.to_vec();
                        left.retain(|id| rows.get(*id).is_some());
                        self.panels.chart.compare(left);
                    }
                    match self.panels.chart.compared() {
                        [] => symbols.extend(self.selected_for(PanelId::Chart)),
                        compared => symbols.extend(compared),
                    }
                }
                PanelId::Charts => {
                    let rows = &self.shown.rows;
                    self.charts_chosen.retain(|id| rows.get(*id).is_some());
                    let count = self.panels.charts.capacity(inside(*area));
                    let ids = if self.charts_chosen.is_empty() {
                        self.around_selected(count)
                    } else {
                        self.charts_chosen.iter().copied().take(count).collect()
                    };
                    self.panels.charts.show(&ids, timeframe);
                    symbols.extend(ids);
                }
                PanelId::Correlation => {
                    let panel = &mut self.panels.correlation;
                    panel.follow(&self.panels.watchlist, timeframe);
                    symbols.extend(panel.symbols());
                }
                _ => {}
            }
        }
        let mut watched: Vec<(SymbolId, Timeframe)> = Vec::with_capacity(symbols.len());
        for id in symbols {
            if !watched.contains(&(id, timeframe)) {
                watched.push((id, timeframe));
            }
        }
        if self.indicators != self.watched_indicators {
            self.watched_indicators.clone_from(&self.indicators);
            self.effects.push(Effect::Send(Command::WatchIndicators(
                self.indicators.clone(),
            )));
        }
        if watched != self.watched {
            self.watched.clone_from(&watched);
            self.effects
                .push(Effect::Send(Command::WatchCharts(watched)));
        }
    }
}
