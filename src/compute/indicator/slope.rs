//! The slope of the straight line with the least squares through the last `length` closes, in price per bar:
//! `Σ (k − mean k) × (close_k − mean close) ÷ Σ (k − mean k)²` with k = 1 … length, as TA-Lib's `LINEARREG_SLOPE`.

use crate::domain::indicator::ChartPlace;

use super::window::{Merge, Window};
use super::{Definition, Indicator, Input, InputKind, Parameter};

/// `slope(length)`: how much the close rises from bar to bar.
pub(super) const DEFINITION: Definition = Definition {
    name: "slope",
    title: "slope of the linear regression, per bar",
    parameters: &[Parameter::length("length", 20.0, 2.0)],
    outputs: &[""],
    input: InputKind::Bars,
    place: ChartPlace::Pane { range: None },
    build: |parameters| {
        Box::new(Slope {
            closes: Window::new(parameters[0] as usize),
        })
    },
};

/// Closes that follow one another, and how they go with their numbers.
#[derive(Debug, Clone, Copy)]
struct Run {
    count: f64,
    mean: f64,
    /// The sum of the products of a number's and a close's distances from their means.
    products: f64,
}

impl Merge for Run {
    fn merge(older: &Self, newer: &Self) -> Self {
        let count = older.count + newer.count;
        let distance = newer.mean - older.mean;
        Self {
            count,
            mean: older.mean + distance * (newer.count / count),
            // The means of their numbers are half of all numbers away from one another.
            products: older.products + newer.products + older.count * newer.count / 2.0 * distance,
        }
    }
}

#[derive(Debug, Clone)]
struct Slope {
    closes: Window<Run>,
}

impl Indicator for Slope {
    fn warm_up(&self) -> usize {
        self.closes.length()
    }

    fn update(&mut self, input: &Input<'_>) {
        if let Input::Bar { candle, .. } = input {
            self.closes.push(Run {
                count: 1.0,
                mean: candle.close,
                products: 0.0,
            });
        }
    }

    fn values(&self, values: &mut [Option<f64>]) {
        values[0] = self.closes.total().map(|run| {
            let squares = run.count * (run.count * run.count - 1.0) / 12.0;
            run.products / squares
        });
    }

    fn reset(&mut self) {
        self.closes.clear();
    }

    fn boxed_clone(&self) -> Box<dyn Indicator> {
        Box::new(self.clone())
    }
}
