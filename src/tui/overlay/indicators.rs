//! The choice of indicators.

use ratatui::buffer::Buffer;

use crate::domain::indicator::IndicatorSpec;

use super::super::model::Model;
use super::super::text::cut;
use super::draw_choice;

/// The room for an indicator's name and numbers.
const NAME_COLUMNS: usize = 16;
/// The widest that the list gets.
const LIST_COLUMNS: u16 = 62;

/// Draws what there is with a check mark at what is shown.
pub(super) fn draw(model: &mut Model, buffer: &mut Buffer, entries: &[IndicatorSpec], at: usize) {
    let title = "Indicators · Space shows · :indicator adds others";
    let line = |model: &Model, spec: &IndicatorSpec| {
        let offers = &model.settings.indicator_catalogue.offers;
        let offer = offers
            .iter()
            .find(|offer| offer.spec == *spec)
            .or_else(|| offers.iter().find(|offer| offer.spec.name == spec.name));
        let (title, place) = offer.map_or(("", ""), |offer| {
            let place = if offer.is_overlay { "over" } else { "below" };
            (offer.title.as_str(), place)
        });
        let name = spec.to_string();
        let name = cut(&name, NAME_COLUMNS);
        let text = format!("{name:<NAME_COLUMNS$} {place:<5}  {title}");
        (model.indicators.contains(spec), text)
    };
    draw_choice(model, buffer, (title, LIST_COLUMNS), entries, at, line);
}
