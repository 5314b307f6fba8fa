//! The z-score of the close: `(close − mean) ÷ standard deviation` over the last `length` closes, with the deviation of the
//! population (÷ length), that is TA-Lib's SMA and STDDEV. Where all closes are the same there is no value.

use crate::domain::indicator::ChartPlace;

use super::parts::ratio;
use super::window::{Moments, Window};
use super::{Definition, Indicator, Input, InputKind, Parameter};

/// `zscore(length)`: how far the close is from its mean, in standard deviations.
pub(super) const DEFINITION: Definition = Definition {
    name: "zscore",
    title: "z-score of the close",
    parameters: &[Parameter::length("length", 20.0, 2.0)],
    outputs: &[""],
    input: InputKind::Bars,
    place: ChartPlace::Pane { range: None },
    build: |parameters| {
        Box::new(Zscore {
            close: 0.0,
            closes: Window::new(parameters[0] as usize),
        })
    },
};

#[derive(Debug, Clone)]
struct Zscore {
    /// The newest.
    close: f64,
    closes: Window<Moments>,
}

impl Indicator for Zscore {
    fn warm_up(&self) -> usize {
        self.closes.length()
    }

    fn update(&mut self, input: &Input<'_>) {
        if let Input::Bar { candle, .. } = input {
            self.close = candle.close;
            self.closes.push(Moments::of(candle.close));
        }
    }

    fn values(&self, values: &mut [Option<f64>]) {
        values[0] = self
            .closes
            .total()
            .and_then(|closes| ratio(self.close - closes.mean, closes.population_deviation()));
    }

    fn reset(&mut self) {
        self.close = 0.0;
        self.closes.clear();
    }

    fn boxed_clone(&self) -> Box<dyn Indicator> {
        Box::new(self.clone())
    }
}
