//! The relative strength index (Wilder, New Concepts in Technical Trading Systems, 1978):
//! `100 × gains ÷ (gains + losses)`.
//!
//! Gains and losses are Wilder's averages of the changes of the close upwards and downwards, which begin as the means of
//! the first `length` changes, as in TA-Lib's RSI. As long as there was no change at all there is no value (TA-Lib: 0).

use crate::domain::indicator::ChartPlace;

use super::parts::{Smoother, ratio};
use super::{Definition, Indicator, Input, InputKind, Parameter};

/// `rsi(length)`: how much of the movement of the close went upwards, in per cent.
pub(super) const DEFINITION: Definition = Definition {
    name: "rsi",
    title: "relative strength index (Wilder)",
    parameters: &[Parameter::length("length", 14.0, 2.0)],
    outputs: &[""],
    input: InputKind::Bars,
    place: ChartPlace::Pane {
        range: Some((0, 100)),
    },
    build: |parameters| {
        let length = parameters[0] as usize;
        Box::new(Rsi {
            close_before: None,
            gains: Smoother::wilder(length),
            losses: Smoother::wilder(length),
        })
    },
};

#[derive(Debug, Clone)]
struct Rsi {
    close_before: Option<f64>,
    gains: Smoother,
    losses: Smoother,
}

impl Indicator for Rsi {
    fn warm_up(&self) -> usize {
        self.gains.length() + 1
    }

    fn update(&mut self, input: &Input<'_>) {
        let Input::Bar { candle, .. } = input else {
            return;
        };
        if let Some(before) = self.close_before {
            let change = candle.close - before;
            self.gains.push(change.max(0.0));
            self.losses.push((-change).max(0.0));
        }
        self.close_before = Some(candle.close);
    }

    fn values(&self, values: &mut [Option<f64>]) {
        values[0] = self
            .gains
            .average()
            .zip(self.losses.average())
            .and_then(|(gains, losses)| ratio(100.0 * gains, gains + losses));
    }

    fn reset(&mut self) {
        self.close_before = None;
        self.gains.clear();
        self.losses.clear();
    }

    fn boxed_clone(&self) -> Box<dyn Indicator> {
        Box::new(self.clone())
    }
}
