//! The volume-weighted average price of the trading day (Berkowitz, Logue and Noser, 1988): `Σ volume × price ÷ Σ volume`
//! since the day began, where a bar's price is its typical price `(high + low + close) ÷ 3`.
//!
//! The bands are `deviations` volume-weighted standard deviations away: `√(Σ volume × (price − vwap)² ÷ Σ volume)`. The sums
//! are kept as in West (1979), which loses no digits. Until something has been traded there is no value.

use crate::domain::indicator::ChartPlace;

use super::parts::typical_price;
use super::{Definition, Indicator, Input, InputKind, Parameter};
use crate::domain::time::UnixMs;

/// `vwap(deviations)`: what a unit has cost on average in this trading day, and bands around it.
pub(super) const DEFINITION: Definition = Definition {
    name: "vwap",
    title: "volume-weighted average price of the day with bands",
    parameters: &[Parameter::factor("deviations", 2.0)],
    outputs: &["value", "upper", "lower"],
    input: InputKind::Bars,
    place: ChartPlace::Overlay,
    build: |parameters| {
        Box::new(Vwap {
            deviations: parameters[0],
            day: Day::default(),
        })
    },
};

#[derive(Debug, Clone)]
struct Vwap {
    deviations: f64,
    day: Day,
}

/// What has been traded in a day.
#[derive(Debug, Clone, Default)]
struct Day {
    session_start: Option<UnixMs>,
    volume: f64,
    mean: f64,
    /// The sum of volume × squared distance from the mean.
    squares: f64,
}

impl Indicator for Vwap {
    fn warm_up(&self) -> usize {
        1
    }

    fn update(&mut self, input: &Input<'_>) {
        let Input::Bar {
            candle,
            session_start,
        } = input
        else {
            return;
        };
        if self.day.session_start != Some(*session_start) {
            self.day = Day {
                session_start: Some(*session_start),
                ..Day::default()
            };
        }
        if candle.volume <= 0.0 {
            return;
        }
        let day = &mut self.day;
        day.volume += candle.volume;
        let distance = typical_price(candle) - day.mean;
        let step = distance * (candle.volume / day.volume);
        // What was there before the first price is nothing, and has no distance from it.
        day.squares += (day.volume - candle.volume) * distance * step;
        day.mean += step;
    }

    fn values(&self, values: &mut [Option<f64>]) {
        let Day {
            volume,
            mean,
            squares,
            ..
        } = self.day;
        let band = self.deviations * (squares / volume).sqrt();
        for (value, figure) in values.iter_mut().zip([mean, mean + band, mean - band]) {
            *value = (volume > 0.0).then_some(figure);
        }
    }

    fn reset(&mut self) {
        self.day = Day::default();
    }

    fn boxed_clone(&self) -> Box<dyn Indicator> {
        Box::new(self.clone())
    }
}
