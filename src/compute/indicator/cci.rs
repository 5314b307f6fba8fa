//! The commodity channel index (Lambert, 1980): `(price − mean) ÷ (0.015 × mean deviation)` over the last `length` bars, of
//! the typical price `(high + low + close) ÷ 3`, as TA-Lib's CCI. The mean deviation is that of the distances from the mean.
//!
//! Where all prices of the window are the same there is no value (TA-Lib: 0). The distances change with the mean, so a
//! value costs as much as the window is long; a bar itself does not.

use std::collections::VecDeque;

use crate::domain::indicator::ChartPlace;

use super::parts::{ratio, typical_price};
use super::{Definition, Indicator, Input, InputKind, Parameter};

/// What Lambert scaled it with, so that most values are between −100 and 100.
const SCALE: f64 = 0.015;

/// `cci(length)`: how far the price is from its mean, in mean distances.
pub(super) const DEFINITION: Definition = Definition {
    name: "cci",
    title: "commodity channel index",
    parameters: &[Parameter::length("length", 20.0, 2.0)],
    outputs: &[""],
    input: InputKind::Bars,
    place: ChartPlace::Pane { range: None },
    build: |parameters| {
        Box::new(Cci {
            length: parameters[0] as usize,
            prices: VecDeque::new(),
        })
    },
};

#[derive(Debug, Clone)]
struct Cci {
    length: usize,
    prices: VecDeque<f64>,
}

impl Indicator for Cci {
    fn warm_up(&self) -> usize {
        self.length
    }

    fn update(&mut self, input: &Input<'_>) {
        if let Input::Bar { candle, .. } = input {
            if self.prices.len() == self.length {
                self.prices.pop_front();
            }
            self.prices.push_back(typical_price(candle));
        }
    }

    fn values(&self, values: &mut [Option<f64>]) {
        values[0] = None;
        let (Some(newest), Some(oldest)) = (self.prices.back(), self.prices.front()) else {
            return;
        };
        if self.prices.len() < self.length {
            return;
        }
        // From the oldest price on, so that the mean of one that stays is exactly that price.
        let length = self.length as f64;
        let above = self.prices.iter().map(|price| price - oldest).sum::<f64>() / length;
        let mean = oldest + above;
        let distances: f64 = self.prices.iter().map(|price| (price - mean).abs()).sum();
        values[0] = ratio(newest - mean, SCALE * (distances / length));
    }

    fn reset(&mut self) {
        self.prices.clear();
    }

    fn boxed_clone(&self) -> Box<dyn Indicator> {
        Box::new(self.clone())
    }
}
