//! The rate of change: `100 × (close − close before) ÷ close before`, where the close before is `length` bars older, as
//! TA-Lib's ROC. After a close of zero there is no value (TA-Lib: 0).

use std::collections::VecDeque;

use crate::domain::indicator::ChartPlace;

use super::parts::ratio;
use super::{Definition, Indicator, Input, InputKind, Parameter};

/// `roc(length)`: the change of the close over `length` bars, in per cent.
pub(super) const DEFINITION: Definition = Definition {
    name: "roc",
    title: "rate of change, in per cent",
    parameters: &[Parameter::length("length", 12.0, 1.0)],
    outputs: &[""],
    input: InputKind::Bars,
    place: ChartPlace::Pane { range: None },
    build: |parameters| {
        Box::new(Roc {
            length: parameters[0] as usize,
            closes: VecDeque::new(),
        })
    },
};

#[derive(Debug, Clone)]
struct Roc {
    length: usize,
    /// The newest, and `length` before it.
    closes: VecDeque<f64>,
}

impl Indicator for Roc {
    fn warm_up(&self) -> usize {
        self.length + 1
    }

    fn update(&mut self, input: &Input<'_>) {
        if let Input::Bar { candle, .. } = input {
            if self.closes.len() > self.length {
                self.closes.pop_front();
            }
            self.closes.push_back(candle.close);
        }
    }

    fn values(&self, values: &mut [Option<f64>]) {
        values[0] = match (self.closes.front(), self.closes.back()) {
            (Some(before), Some(newest)) if self.closes.len() > self.length => {
                ratio(100.0 * (newest - before), *before)
            }
            _ => None,
        };
    }

    fn reset(&mut self) {
        self.closes.clear();
    }

    fn boxed_clone(&self) -> Box<dyn Indicator> {
        Box::new(self.clone())
    }
}
