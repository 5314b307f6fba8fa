//! The simple moving average of the close.

use std::collections::VecDeque;

use crate::domain::indicator::ChartPlace;

use super::{Definition, Indicator, Input, InputKind, Parameter};

/// `sma(length)`: the mean of the last `length` closes.
pub(super) const DEFINITION: Definition = Definition {
    name: "sma",
    title: "simple moving average",
    parameters: &[Parameter::length("length", 20.0, 1.0)],
    outputs: &[""],
    input: InputKind::Bars,
    place: ChartPlace::Overlay,
    build: |parameters| Box::new(Sma::new(parameters[0] as usize)),
};

#[derive(Debug, Clone)]
struct Sma {
    length: usize,
    closes: VecDeque<f64>,
}

impl Sma {
    fn new(length: usize) -> Self {
        Self {
            length,
            closes: VecDeque::with_capacity(length),
        }
    }
}

impl Indicator for Sma {
    fn warm_up(&self) -> usize {
        self.length
    }

    fn update(&mut self, input: &Input<'_>) {
        if let Input::Bar { candle, .. } = input {
            if self.closes.len() == self.length {
                self.closes.pop_front();
            }
            self.closes.push_back(candle.close);
        }
    }

    fn values(&self, values: &mut [Option<f64>]) {
        values[0] = (self.closes.len() == self.length)
            .then(|| self.closes.iter().sum::<f64>() / self.length as f64);
    }

    fn reset(&mut self) {
        self.closes.clear();
    }

    fn boxed_clone(&self) -> Box<dyn Indicator> {
        Box::new(self.clone())
    }
}
