//! The spread `ask − bid` of the quote, and its mean over the last `length` quotes that had both sides. While a side is
//! missing there is no spread; it is below zero where the quotes cross. Each change of the quote counts once, however long
//! it stood.

use crate::domain::indicator::ChartPlace;

use super::window::{Sum, Window};
use super::{Definition, Indicator, Input, InputKind, Parameter};

/// `spread(quotes)`: the spread of now, and its mean over the last quotes, as prices.
pub(super) const DEFINITION: Definition = Definition {
    name: "spread",
    title: "spread and its average",
    parameters: &[Parameter::length("quotes", 100.0, 1.0)],
    outputs: &["value", "average"],
    input: InputKind::Ticks,
    place: ChartPlace::Pane { range: None },
    build: |parameters| {
        Box::new(Spread {
            value: None,
            spreads: Window::new(parameters[0] as usize),
        })
    },
};

#[derive(Debug, Clone)]
struct Spread {
    value: Option<f64>,
    spreads: Window<Sum>,
}

impl Indicator for Spread {
    fn warm_up(&self) -> usize {
        self.spreads.length()
    }

    fn update(&mut self, input: &Input<'_>) {
        let Input::Quote { bid, ask, .. } = *input else {
            return;
        };
        self.value = bid
            .zip(ask)
            .map(|(bid, ask)| ask - bid)
            .filter(|spread| spread.is_finite());
        if let Some(spread) = self.value {
            self.spreads.push(Sum(spread));
        }
    }

    fn values(&self, values: &mut [Option<f64>]) {
        values[0] = self.value;
        values[1] = self.spreads.mean();
    }

    fn reset(&mut self) {
        self.value = None;
        self.spreads.clear();
    }

    fn boxed_clone(&self) -> Box<dyn Indicator> {
        Box::new(self.clone())
    }
}
