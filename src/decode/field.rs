//! Texts of fields that stand in rows of tables, whatever the format.

use std::sync::Arc;

use crate::domain::time::Timeframe;
use crate::domain::trade::{Side, TradeAction, TradeId};

use super::quoted;

/// What separates the conditions of a trade, or the symbols of a headline, in one field.
pub const SEPARATOR: char = ',';

/// The conditions of a trade. An empty text holds none.
pub(super) fn conditions(text: &str) -> Box<[Box<str>]> {
    if text.is_empty() {
        return Box::default();
    }
    text.split(SEPARATOR).map(Box::from).collect()
}

/// The symbols that a headline is about. An empty text holds none.
pub(super) fn symbols(text: &str) -> Arc<[String]> {
    if text.is_empty() {
        return Arc::default();
    }
    text.split(SEPARATOR).map(str::to_owned).collect()
}

/// The name of a trade: a number where the text is one and would be written so again. An empty text is none.
pub(super) fn trade_id(text: &str) -> Option<TradeId> {
    if text.is_empty() {
        return None;
    }
    let number: Option<u64> = text.parse().ok();
    let number = number.filter(|number| number.to_string() == text);
    Some(number.map_or_else(|| TradeId::Text(text.into()), TradeId::Number))
}

/// Which side began; an empty text is that nobody says.
pub(super) fn side(text: &str) -> Result<Option<Side>, String> {
    match text {
        "" => Ok(None),
        text if text.eq_ignore_ascii_case("buy") => Ok(Some(Side::Buy)),
        text if text.eq_ignore_ascii_case("sell") => Ok(Some(Side::Sell)),
        text => Err(format!(
            "side: expected \"buy\" or \"sell\", found {}",
            quoted(text)
        )),
    }
}

/// The length of a bar; an empty text is that nobody says.
pub(super) fn timeframe(text: &str) -> Result<Option<Timeframe>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    let timeframe = text.parse().map(Some);
    timeframe.map_err(|error: String| format!("timeframe: {error}"))
}

/// What a trade does to others, by the names of those that it corrects or cancels.
pub(super) fn action(
    corrects: Option<TradeId>,
    cancels: Option<TradeId>,
) -> Result<TradeAction, String> {
    match (corrects, cancels) {
        (None, None) => Ok(TradeAction::New),
        (Some(id), None) => Ok(TradeAction::Corrects(id)),
        (None, Some(id)) => Ok(TradeAction::Cancels(id)),
        (Some(_), Some(_)) => {
            Err("cancels: a trade is corrected or cancelled, not both".to_owned())
        }
    }
}
