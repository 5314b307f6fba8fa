//! The average true range (Wilder, New Concepts in Technical Trading Systems, 1978): Wilder's average of
//! `max(high, close before) − min(low, close before)`.
//!
//! The first bar has no close before it, and no true range; the average begins as the mean of the first `length` ranges,
//! as TA-Lib's ATR does.

use crate::domain::indicator::ChartPlace;

use super::parts::{Smoother, true_range};
use super::{Definition, Indicator, Input, InputKind, Parameter};
use crate::domain::bar::Candle;

/// `atr(length)`: how far the price moves in a bar on average.
pub(super) const DEFINITION: Definition = Definition {
    name: "atr",
    title: "average true range (Wilder)",
    parameters: &[Parameter::length("length", 14.0, 1.0)],
    outputs: &[""],
    input: InputKind::Bars,
    place: ChartPlace::Pane { range: None },
    build: |parameters| Box::new(Atr::new(parameters[0] as usize)),
};

#[derive(Debug, Clone)]
pub(super) struct Atr {
    close_before: Option<f64>,
    ranges: Smoother,
}

impl Atr {
    /// The average of `length` ranges.
    pub(super) fn new(length: usize) -> Self {
        Self {
            close_before: None,
            ranges: Smoother::wilder(length),
        }
    }

    /// Takes the next bar.
    pub(super) fn push(&mut self, candle: &Candle) {
        if let Some(before) = self.close_before {
            self.ranges.push(true_range(candle, before));
        }
        self.close_before = Some(candle.close);
    }

    /// The average; `None` until there is one.
    pub(super) fn average(&self) -> Option<f64> {
        self.ranges.average()
    }
}

impl Indicator for Atr {
    fn warm_up(&self) -> usize {
        self.ranges.length() + 1
    }

    fn update(&mut self, input: &Input<'_>) {
        if let Input::Bar { candle, .. } = input {
            self.push(candle);
        }
    }

    fn values(&self, values: &mut [Option<f64>]) {
        values[0] = self.average();
    }

    fn reset(&mut self) {
        self.close_before = None;
        self.ranges.clear();
    }

    fn boxed_clone(&self) -> Box<dyn Indicator> {
        Box::new(self.clone())
    }
}
