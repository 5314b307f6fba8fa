//! Views: which panels are on screen together, and where.

use ratatui::layout::Rect;
use serde::{Deserialize, Serialize};

use crate::domain::event::DataService;

/// The width of a watchlist that stands beside what a view is about.
const LIST_COLUMNS: u16 = 38;

/// A panel of the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PanelId {
    /// The symbols.
    Watchlist,
    /// The selected symbol's chart.
    Chart,
    /// The charts of several symbols.
    Charts,
    /// What went wrong.
    Errors,
    /// How the engine is doing.
    Pipeline,
    /// The selected symbol's order book.
    Depth,
    /// The selected symbol's trades.
    Tape,
    /// The headlines.
    News,
    /// Questions in SQL and their answers.
    Query,
    /// What has moved most.
    Movers,
    /// How the symbols move together.
    Correlation,
}

impl PanelId {
    /// The service whose data the panel shows of one symbol; `None` when it shows more than that.
    #[must_use]
    pub fn service(self) -> Option<DataService> {
        match self {
            Self::Chart | Self::Charts => Some(DataService::Ohlcv),
            Self::Depth => Some(DataService::Level2),
            Self::Tape => Some(DataService::TimeAndSales),
            Self::Watchlist
            | Self::Errors
            | Self::Pipeline
            | Self::News
            | Self::Query
            | Self::Movers
            | Self::Correlation => None,
        }
    }
}

/// A combination of panels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum View {
    /// Everything.
    #[default]
    Overview,
    /// The watchlist alone.
    Watchlist,
    /// The chart, with a narrow watchlist where there is room.
    Chart,
    /// The errors.
    Errors,
    /// The pipeline.
    Pipeline,
    /// The order book, with the tape beside it and a narrow watchlist where there is room.
    Depth,
    /// The trades, with a narrow watchlist where there is room.
    Tape,
    /// The headlines, with a narrow watchlist where there is room.
    News,
    /// The charts of up to nine symbols.
    Charts,
    /// Questions in SQL.
    Query,
    /// What has moved most today.
    Movers,
    /// How the symbols move together.
    Correlation,
}

impl View {
    /// Every view, in the order of its keys.
    pub const ALL: [Self; 12] = [
        Self::Overview,
        Self::Watchlist,
        Self::Chart,
        Self::Errors,
        Self::Pipeline,
        Self::Depth,
        Self::Tape,
        Self::News,
        Self::Charts,
        Self::Query,
        Self::Movers,
        Self::Correlation,
    ];

    /// The name in commands and the configuration.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Overview => "overview",
            Self::Watchlist => "watchlist",
            Self::Chart => "chart",
            Self::Errors => "errors",
            Self::Pipeline => "pipeline",
            Self::Depth => "depth",
            Self::Tape => "tape",
            Self::News => "news",
            Self::Charts => "charts",
            Self::Query => "query",
            Self::Movers => "movers",
            Self::Correlation => "correlation",
        }
    }

    /// The panel that a view is about: the one that stays when there is room for one alone.
    #[must_use]
    pub fn main_panel(self) -> PanelId {
        match self {
            Self::Overview | Self::Watchlist => PanelId::Watchlist,
            Self::Chart => PanelId::Chart,
            Self::Errors => PanelId::Errors,
            Self::Pipeline => PanelId::Pipeline,
            Self::Depth => PanelId::Depth,
            Self::Tape => PanelId::Tape,
            Self::News => PanelId::News,
            Self::Charts => PanelId::Charts,
            Self::Query => PanelId::Query,
            Self::Movers => PanelId::Movers,
            Self::Correlation => PanelId::Correlation,
        }
    }

    /// Where each panel stands in `area`, in the order in which Tab goes through them.
    #[must_use]
    pub fn layout(self, area: Rect) -> Vec<(PanelId, Rect)> {
        match self {
            Self::Overview => overview(area),
            Self::Chart | Self::Tape | Self::News if area.width >= 110 => {
                let (left, right) = side_by_side(area, LIST_COLUMNS);
                vec![(self.main_panel(), right), (PanelId::Watchlist, left)]
            }
            Self::Depth => depth(area),
            _ => vec![(self.main_panel(), area)],
        }
    }
}

impl std::fmt::Display for View {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}

impl std::str::FromStr for View {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|view| view.name() == text)
            .ok_or_else(|| {
                format!(
                    "'{text}' is no view; there are {}",
                    Self::ALL.map(Self::name).join(", ")
                )
            })
    }
}

/// The ladder; the tape beside it where both are readable, and the watchlist too where there is room for three.
fn depth(area: Rect) -> Vec<(PanelId, Rect)> {
    if area.width < 100 {
        return vec![(PanelId::Depth, area)];
    }
    let (list, rest) = if area.width >= 160 {
        side_by_side(area, LIST_COLUMNS)
    } else {
        (Rect::ZERO, area)
    };
    let (ladder, tape) = side_by_side(rest, rest.width - (rest.width * 2 / 5).min(64));
    let mut panels = vec![(PanelId::Depth, ladder), (PanelId::Tape, tape)];
    if !list.is_empty() {
        panels.push((PanelId::Watchlist, list));
    }
    panels
}

/// All four panels where they fit; on a small screen the watchlist, with the chart while both are readable.
fn overview(area: Rect) -> Vec<(PanelId, Rect)> {
    if area.width < 60 || area.height < 14 {
        return vec![(PanelId::Watchlist, area)];
    }
    let bottom_height = (area.height / 4).clamp(5, 10);
    let (top, bottom) = one_above_other(area, area.height - bottom_height);
    let (errors, pipeline) = side_by_side(bottom, bottom.width / 2);
    let (list, chart) = if area.width >= 110 {
        side_by_side(top, (top.width * 11 / 20).min(84))
    } else {
        one_above_other(top, top.height / 2)
    };
    vec![
        (PanelId::Watchlist, list),
        (PanelId::Chart, chart),
        (PanelId::Errors, errors),
        (PanelId::Pipeline, pipeline),
    ]
}

fn side_by_side(area: Rect, left_width: u16) -> (Rect, Rect) {
    let left_width = left_width.min(area.width);
    (
        Rect {
            width: left_width,
            ..area
        },
        Rect {
            x: area.x + left_width,
            width: area.width - left_width,
            ..area
        },
    )
}

fn one_above_other(area: Rect, top_height: u16) -> (Rect, Rect) {
    let top_height = top_height.min(area.height);
    (
        Rect {
            height: top_height,
            ..area
        },
        Rect {
            y: area.y + top_height,
            height: area.height - top_height,
            ..area
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn panels_fill_the_area_and_do_not_overlap() {
        for view in View::ALL {
            for (width, height) in [
                (1, 1),
                (40, 10),
                (60, 14),
                (80, 22),
                (120, 38),
                (170, 40),
                (300, 90),
            ] {
                let area = Rect::new(0, 1, width, height);
                let panels = view.layout(area);
                let covered: u32 = panels.iter().map(|(_, rect)| rect.area()).sum();
                assert_eq!(covered, area.area(), "{view} {width}x{height}");
                for (index, (_, one)) in panels.iter().enumerate() {
                    for (_, other) in &panels[index + 1..] {
                        assert!(one.intersection(*other).is_empty(), "{view} {area}");
                    }
                }
            }
        }
    }

    #[test]
    fn names_are_read_back() {
        for view in View::ALL {
            assert_eq!(view.name().parse(), Ok(view));
        }
        assert!("graphs".parse::<View>().is_err());
    }
}
