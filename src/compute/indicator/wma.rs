//! The weighted moving average: `Σ k × close_k ÷ (1 + 2 + … + length)`, where the oldest close of the window has k = 1 and
//! the newest k = length, as TA-Lib's WMA.

use crate::domain::indicator::ChartPlace;

use super::window::{Merge, Window};
use super::{Definition, Indicator, Input, InputKind, Parameter};

/// `wma(length)`: the mean of the last `length` closes, the newest of which weighs `length` times the oldest.
pub(super) const DEFINITION: Definition = Definition {
    name: "wma",
    title: "linearly weighted moving average",
    parameters: &[Parameter::length("length", 20.0, 1.0)],
    outputs: &[""],
    input: InputKind::Bars,
    place: ChartPlace::Overlay,
    build: |parameters| {
        Box::new(Wma {
            closes: Window::new(parameters[0] as usize),
        })
    },
};

/// A sum with one in which the oldest counts once, the next twice, and so on.
#[derive(Debug, Clone, Copy)]
struct Weighted {
    count: f64,
    sum: f64,
    by_age: f64,
}

impl Merge for Weighted {
    fn merge(older: &Self, newer: &Self) -> Self {
        Self {
            count: older.count + newer.count,
            sum: older.sum + newer.sum,
            by_age: older.by_age + newer.by_age + older.count * newer.sum,
        }
    }
}

#[derive(Debug, Clone)]
struct Wma {
    closes: Window<Weighted>,
}

impl Indicator for Wma {
    fn warm_up(&self) -> usize {
        self.closes.length()
    }

    fn update(&mut self, input: &Input<'_>) {
        if let Input::Bar { candle, .. } = input {
            self.closes.push(Weighted {
                count: 1.0,
                sum: candle.close,
                by_age: candle.close,
            });
        }
    }

    fn values(&self, values: &mut [Option<f64>]) {
        values[0] = self.closes.total().map(|total| {
            let weights = total.count * (total.count + 1.0) / 2.0;
            total.by_age / weights
        });
    }

    fn reset(&mut self) {
        self.closes.clear();
    }

    fn boxed_clone(&self) -> Box<dyn Indicator> {
        Box::new(self.clone())
    }
}
