//! The exponential moving average: `average + 2 ÷ (length + 1) × (close − average)`.
//!
//! It begins as the mean of the first `length` closes, as TA-Lib's EMA does.

use crate::domain::indicator::ChartPlace;

use super::parts::Smoother;
use super::{Definition, Indicator, Input, InputKind, Parameter};

/// `ema(length)`: the average of the closes in which each weighs 2 ÷ (length + 1) when it comes.
pub(super) const DEFINITION: Definition = Definition {
    name: "ema",
    title: "exponential moving average",
    parameters: &[Parameter::length("length", 20.0, 1.0)],
    outputs: &[""],
    input: InputKind::Bars,
    place: ChartPlace::Overlay,
    build: |parameters| {
        Box::new(Ema {
            closes: Smoother::exponential(parameters[0] as usize),
        })
    },
};

#[derive(Debug, Clone)]
struct Ema {
    closes: Smoother,
}

impl Indicator for Ema {
    fn warm_up(&self) -> usize {
        self.closes.length()
    }

    fn update(&mut self, input: &Input<'_>) {
        if let Input::Bar { candle, .. } = input {
            self.closes.push(candle.close);
        }
    }

    fn values(&self, values: &mut [Option<f64>]) {
        values[0] = self.closes.average();
    }

    fn reset(&mut self) {
        self.closes.clear();
    }

    fn boxed_clone(&self) -> Box<dyn Indicator> {
        Box::new(self.clone())
    }
}
