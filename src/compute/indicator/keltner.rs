//! The Keltner channel in the form of Raschke: the exponential average of the close, and `ranges` average true ranges
//! (Wilder) above and below it. Keltner's own (1960) had simple averages of the typical price and of high − low.

use crate::domain::indicator::ChartPlace;

use super::atr::Atr;
use super::parts::Smoother;
use super::{Definition, Indicator, Input, InputKind, Parameter};

/// `keltner(length,range_length,ranges)`: an average with bands as wide as the bars are long.
pub(super) const DEFINITION: Definition = Definition {
    name: "keltner",
    title: "Keltner channel",
    parameters: &[
        Parameter::length("length", 20.0, 1.0),
        Parameter::length("range_length", 10.0, 1.0),
        Parameter::factor("ranges", 2.0),
    ],
    outputs: &["upper", "middle", "lower"],
    input: InputKind::Bars,
    place: ChartPlace::Overlay,
    build: |parameters| {
        Box::new(Keltner {
            closes: Smoother::exponential(parameters[0] as usize),
            atr: Atr::new(parameters[1] as usize),
            ranges: parameters[2],
        })
    },
};

#[derive(Debug, Clone)]
struct Keltner {
    closes: Smoother,
    atr: Atr,
    ranges: f64,
}

impl Indicator for Keltner {
    fn warm_up(&self) -> usize {
        self.closes.length().max(self.atr.warm_up())
    }

    fn update(&mut self, input: &Input<'_>) {
        if let Input::Bar { candle, .. } = input {
            self.closes.push(candle.close);
            self.atr.push(candle);
        }
    }

    fn values(&self, values: &mut [Option<f64>]) {
        let middle = self.closes.average();
        let band = self.atr.average().map(|range| self.ranges * range);
        values[0] = middle.zip(band).map(|(middle, band)| middle + band);
        values[1] = middle;
        values[2] = middle.zip(band).map(|(middle, band)| middle - band);
    }

    fn reset(&mut self) {
        self.closes.clear();
        self.atr.reset();
    }

    fn boxed_clone(&self) -> Box<dyn Indicator> {
        Box::new(self.clone())
    }
}
