//! The stochastic oscillator (Lane, 1984): `100 × (close − lowest low) ÷ (highest high − lowest low)` over the last `length`
//! bars; k is the simple average of that over `smoothing` bars, d the simple average of k over `signal` bars, as TA-Lib's
//! STOCH with simple averages.
//!
//! Where highest and lowest are equal there is no value, and none of the averages that it is in (TA-Lib: 0).

use crate::domain::indicator::ChartPlace;

use super::parts::ratio;
use super::window::{Extremes, Sum, Window};
use super::{Definition, Indicator, Input, InputKind, Parameter};

/// `stoch(length,smoothing,signal)`: where the close stands between the extremes, in per cent.
pub(super) const DEFINITION: Definition = Definition {
    name: "stoch",
    title: "stochastic oscillator",
    parameters: &[
        Parameter::length("length", 14.0, 1.0),
        Parameter::length("smoothing", 3.0, 1.0),
        Parameter::length("signal", 3.0, 1.0),
    ],
    outputs: &["k", "d"],
    input: InputKind::Bars,
    place: ChartPlace::Pane {
        range: Some((0, 100)),
    },
    build: |parameters| {
        Box::new(Stochastic {
            bars: Window::new(parameters[0] as usize),
            places: Window::new(parameters[1] as usize),
            averages: Window::new(parameters[2] as usize),
        })
    },
};

#[derive(Debug, Clone)]
struct Stochastic {
    bars: Window<Extremes>,
    /// Where the closes stood.
    places: Window<Option<Sum>>,
    /// The averages of that.
    averages: Window<Option<Sum>>,
}

impl Indicator for Stochastic {
    fn warm_up(&self) -> usize {
        self.bars.length() + self.places.length() + self.averages.length() - 2
    }

    fn update(&mut self, input: &Input<'_>) {
        let Input::Bar { candle, .. } = input else {
            return;
        };
        self.bars.push(Extremes {
            highest: candle.high,
            lowest: candle.low,
        });
        let Some(Extremes { highest, lowest }) = self.bars.total() else {
            return;
        };
        let place = ratio(100.0 * (candle.close - lowest), highest - lowest);
        self.places.push(place.map(Sum));
        if self.places.total().is_some() {
            self.averages.push(self.places.mean().map(Sum));
        }
    }

    fn values(&self, values: &mut [Option<f64>]) {
        values[0] = self.places.mean();
        values[1] = self.averages.mean();
    }

    fn reset(&mut self) {
        self.bars.clear();
        self.places.clear();
        self.averages.clear();
    }

    fn boxed_clone(&self) -> Box<dyn Indicator> {
        Box::new(self.clone())
    }
}
