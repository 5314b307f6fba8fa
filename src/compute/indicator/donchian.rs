//! The Donchian channel (Donchian, 1960): the highest high and the lowest low of the last `length` bars, this one among
//! them, and the middle between the two; TA-Lib's MAX, MIN and MIDPRICE.

use crate::domain::indicator::ChartPlace;

use super::window::{Extremes, Window};
use super::{Definition, Indicator, Input, InputKind, Parameter};

/// `donchian(length)`: the extremes of the last `length` bars.
pub(super) const DEFINITION: Definition = Definition {
    name: "donchian",
    title: "Donchian channel",
    parameters: &[Parameter::length("length", 20.0, 1.0)],
    outputs: &["upper", "middle", "lower"],
    input: InputKind::Bars,
    place: ChartPlace::Overlay,
    build: |parameters| {
        Box::new(Donchian {
            bars: Window::new(parameters[0] as usize),
        })
    },
};

#[derive(Debug, Clone)]
struct Donchian {
    bars: Window<Extremes>,
}

impl Indicator for Donchian {
    fn warm_up(&self) -> usize {
        self.bars.length()
    }

    fn update(&mut self, input: &Input<'_>) {
        if let Input::Bar { candle, .. } = input {
            self.bars.push(Extremes {
                highest: candle.high,
                lowest: candle.low,
            });
        }
    }

    fn values(&self, values: &mut [Option<f64>]) {
        let total = self.bars.total();
        values[0] = total.map(|bars| bars.highest);
        values[1] = total.map(|bars| f64::midpoint(bars.highest, bars.lowest));
        values[2] = total.map(|bars| bars.lowest);
    }

    fn reset(&mut self) {
        self.bars.clear();
    }

    fn boxed_clone(&self) -> Box<dyn Indicator> {
        Box::new(self.clone())
    }
}
