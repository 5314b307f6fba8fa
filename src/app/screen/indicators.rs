//! What the screen is told of indicators.

use crate::compute::indicator::{DEFINITIONS, InputKind, resolve};
use crate::domain::indicator::{ChartPlace, IndicatorSpec};
use crate::tui::indicators::{IndicatorCatalogue, IndicatorOffer};

/// Those that are asked for most, which stand first; the others follow by name.
const COMMON: [&str; 16] = [
    "sma", "sma(50)", "ema", "bb", "vwap", "keltner", "donchian", "wma", "rsi", "macd", "stoch",
    "atr", "adx", "obv", "mfi", "cci",
];

/// Every indicator that can follow a chart's candles: those over the candles first.
pub(super) fn catalogue() -> IndicatorCatalogue {
    let all = DEFINITIONS.iter().map(|definition| definition.name);
    let mut offers: Vec<IndicatorOffer> = Vec::new();
    for text in COMMON.into_iter().chain(all) {
        if let Some(offer) = offer(text)
            && !offers.iter().any(|known| known.spec == offer.spec)
        {
            offers.push(offer);
        }
    }
    offers.sort_by_key(|offer| !offer.is_overlay);
    IndicatorCatalogue {
        offers,
        resolve: along_a_chart,
    }
}

fn offer(text: &str) -> Option<IndicatorOffer> {
    let (spec, definition) = resolve(&text.parse().ok()?).ok()?;
    (definition.input == InputKind::Bars).then(|| IndicatorOffer {
        spec,
        title: definition.title.to_owned(),
        is_overlay: definition.place == ChartPlace::Overlay,
    })
}

fn along_a_chart(spec: &IndicatorSpec) -> Result<IndicatorSpec, String> {
    let (spec, definition) = resolve(spec).map_err(|error| error.to_string())?;
    if definition.input == InputKind::Ticks {
        return Err(format!(
            "{spec} follows trades and quotes: a chart has only candles to draw it along"
        ));
    }
    Ok(spec)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use super::*;

    #[test]
    fn everything_that_follows_bars_is_offered_once_and_overlays_stand_first() {
        let catalogue = catalogue();
        for definition in DEFINITIONS {
            let is_offered = catalogue
                .offers
                .iter()
                .any(|offer| offer.spec.name == definition.name);
            assert_eq!(
                is_offered,
                definition.input == InputKind::Bars,
                "{}",
                definition.name
            );
        }
        assert!(catalogue.offers.is_sorted_by_key(|offer| !offer.is_overlay));
        assert_eq!(catalogue.offers[0].spec.to_string(), "sma(20)");
        for offer in &catalogue.offers {
            assert_eq!(
                catalogue.read(&offer.spec.to_string()),
                Ok(offer.spec.clone())
            );
        }
        assert!(catalogue.read("smaa").unwrap_err().contains("'sma'"));
    }
}
