//! Realised volatility (as in Hull, Options, Futures, and Other Derivatives): the sample standard deviation (÷ length − 1)
//! of the last `length` log returns `ln(close ÷ close before)`, times `√bars_per_year`. It is a fraction: 0.2 is 20 %.
//!
//! What a bar is of a year is not known here: without the second number it is the volatility of one bar; 252 makes that of
//! daily bars annual, 98,280 that of minutes of US equities, 525,600 that of minutes of what trades day and night. A close
//! that is not above zero has no log return, and there is no value while such a one is in the window.

use crate::domain::indicator::ChartPlace;

use super::parts::ratio;
use super::window::{Moments, Window};
use super::{Definition, Indicator, Input, InputKind, Parameter};

/// `volatility(length,bars_per_year)`: the standard deviation of log returns.
pub(super) const DEFINITION: Definition = Definition {
    name: "volatility",
    title: "realised volatility",
    parameters: &[
        Parameter::length("length", 20.0, 2.0),
        Parameter {
            name: "bars_per_year",
            default: 1.0,
            min: 1.0,
            max: 1e9,
            is_whole: false,
        },
    ],
    outputs: &[""],
    input: InputKind::Bars,
    place: ChartPlace::Pane { range: None },
    build: |parameters| {
        Box::new(Volatility {
            close_before: None,
            returns: Window::new(parameters[0] as usize),
            scale: parameters[1].sqrt(),
        })
    },
};

#[derive(Debug, Clone)]
struct Volatility {
    close_before: Option<f64>,
    returns: Window<Option<Moments>>,
    scale: f64,
}

impl Indicator for Volatility {
    fn warm_up(&self) -> usize {
        self.returns.length() + 1
    }

    fn update(&mut self, input: &Input<'_>) {
        let Input::Bar { candle, .. } = input else {
            return;
        };
        if let Some(before) = self.close_before {
            let step = ratio(candle.close, before)
                .filter(|step| *step > 0.0 && before > 0.0)
                .map(f64::ln);
            self.returns.push(step.map(Moments::of));
        }
        self.close_before = Some(candle.close);
    }

    fn values(&self, values: &mut [Option<f64>]) {
        values[0] = self
            .returns
            .total()
            .flatten()
            .map(|returns| self.scale * returns.sample_deviation());
    }

    fn reset(&mut self) {
        self.close_before = None;
        self.returns.clear();
    }

    fn boxed_clone(&self) -> Box<dyn Indicator> {
        Box::new(self.clone())
    }
}
