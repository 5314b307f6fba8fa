//! The choice of indicators.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::domain::indicator::IndicatorSpec;

use super::super::model::Model;
use super::super::text::{cut, put, select};
use super::{open_box, place};

/// The room for an indicator's name and numbers.
const NAME_COLUMNS: usize = 16;
/// The widest that the list gets.
const LIST_COLUMNS: u16 = 62;

/// Draws what there is with a check mark at what is shown.
pub(super) fn draw(model: &mut Model, buffer: &mut Buffer, entries: &[IndicatorSpec], at: usize) {
    let theme = model.theme;
    let place = place(buffer.area, entries.len() as u16 + 2, LIST_COLUMNS);
    open_box(
        model,
        buffer,
        place,
        "Indicators · Space shows · :indicator adds others",
    );
    let visible = usize::from(place.height.saturating_sub(2));
    let first = at.saturating_sub(visible.saturating_sub(1));
    for (row, spec) in entries.iter().enumerate().skip(first).take(visible) {
        let y = place.y + 1 + (row - first) as u16;
        let is_shown = model.indicators.contains(spec);
        let offers = &model.settings.indicator_catalogue.offers;
        let offer = offers
            .iter()
            .find(|offer| offer.spec == *spec)
            .or_else(|| offers.iter().find(|offer| offer.spec.name == spec.name));
        let (title, where_) = offer.map_or(("", ""), |offer| {
            let place = if offer.is_overlay { "over" } else { "below" };
            (offer.title.as_str(), place)
        });
        let mark = if is_shown { "✓" } else { " " };
        let look = if is_shown { theme.text } else { theme.dim };
        let room = place.width.saturating_sub(4);
        let name = cut(&spec.to_string(), NAME_COLUMNS).into_owned();
        let text = format!("{mark} {name:<NAME_COLUMNS$} {where_:<5}  {title}");
        put(
            buffer,
            place.x + 2,
            y,
            room,
            &cut(&text, usize::from(room)),
            look,
        );
        if row == at {
            let line = Rect {
                x: place.x + 1,
                y,
                width: place.width.saturating_sub(2),
                height: 1,
            };
            select(buffer, line, theme.selection);
        }
    }
}
