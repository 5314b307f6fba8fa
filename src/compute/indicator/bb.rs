//! Bollinger bands (Bollinger on Bollinger Bands, 2001): the mean of the last `length` closes, and as many of their
//! standard deviations above and below it as `deviations` says. The deviation is that of the population (÷ length), as in
//! TA-Lib's BBANDS.

use crate::domain::indicator::ChartPlace;

use super::window::{Moments, Window};
use super::{Definition, Indicator, Input, InputKind, Parameter};

/// `bb(length,deviations)`: a mean with bands as wide as the closes are scattered.
pub(super) const DEFINITION: Definition = Definition {
    name: "bb",
    title: "Bollinger bands",
    parameters: &[
        Parameter::length("length", 20.0, 2.0),
        Parameter::factor("deviations", 2.0),
    ],
    outputs: &["upper", "middle", "lower"],
    input: InputKind::Bars,
    place: ChartPlace::Overlay,
    build: |parameters| {
        Box::new(Bollinger {
            closes: Window::new(parameters[0] as usize),
            deviations: parameters[1],
        })
    },
};

#[derive(Debug, Clone)]
struct Bollinger {
    closes: Window<Moments>,
    deviations: f64,
}

impl Indicator for Bollinger {
    fn warm_up(&self) -> usize {
        self.closes.length()
    }

    fn update(&mut self, input: &Input<'_>) {
        if let Input::Bar { candle, .. } = input {
            self.closes.push(Moments::of(candle.close));
        }
    }

    fn values(&self, values: &mut [Option<f64>]) {
        let total = self.closes.total();
        let middle = total.map(|closes| closes.mean);
        let band = total.map(|closes| self.deviations * closes.population_deviation());
        values[0] = middle.zip(band).map(|(middle, band)| middle + band);
        values[1] = middle;
        values[2] = middle.zip(band).map(|(middle, band)| middle - band);
    }

    fn reset(&mut self) {
        self.closes.clear();
    }

    fn boxed_clone(&self) -> Box<dyn Indicator> {
        Box::new(self.clone())
    }
}
