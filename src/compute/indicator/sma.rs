//! The simple moving average: `Σ close ÷ length` over the last `length` bars, as TA-Lib's SMA.

use crate::domain::indicator::ChartPlace;

use super::window::{Sum, Window};
use super::{Definition, Indicator, Input, InputKind, Parameter};

/// `sma(length)`: the mean of the last `length` closes.
pub(super) const DEFINITION: Definition = Definition {
    name: "sma",
    title: "simple moving average",
    parameters: &[Parameter::length("length", 20.0, 1.0)],
    outputs: &[""],
    input: InputKind::Bars,
    place: ChartPlace::Overlay,
    build: |parameters| {
        Box::new(Sma {
            closes: Window::new(parameters[0] as usize),
        })
    },
};

#[derive(Debug, Clone)]
struct Sma {
    closes: Window<Sum>,
}

impl Indicator for Sma {
    fn warm_up(&self) -> usize {
        self.closes.length()
    }

    fn update(&mut self, input: &Input<'_>) {
        if let Input::Bar { candle, .. } = input {
            self.closes.push(Sum(candle.close));
        }
    }

    fn values(&self, values: &mut [Option<f64>]) {
        values[0] = self.closes.mean();
    }

    fn reset(&mut self) {
        self.closes.clear();
    }

    fn boxed_clone(&self) -> Box<dyn Indicator> {
        Box::new(self.clone())
    }
}
