//! The money flow index (Quong and Soudack, 1989): `100 × inflow ÷ (inflow + outflow)` over the last `length` bars.
//!
//! A bar's flow is typical price × volume, where the typical price is `(high + low + close) ÷ 3`; it is an inflow when that
//! price is higher than the one before, an outflow when it is lower, and neither when it is the same, as in TA-Lib's MFI.
//! Where there was no flow there is no value (TA-Lib: 0, for flows below 1 too).

use crate::domain::indicator::ChartPlace;

use super::parts::{ratio, typical_price};
use super::window::{Merge, Window};
use super::{Definition, Indicator, Input, InputKind, Parameter};

/// `mfi(length)`: how much of the money went with rising prices, in per cent.
pub(super) const DEFINITION: Definition = Definition {
    name: "mfi",
    title: "money flow index",
    parameters: &[Parameter::length("length", 14.0, 1.0)],
    outputs: &[""],
    input: InputKind::Bars,
    place: ChartPlace::Pane {
        range: Some((0, 100)),
    },
    build: |parameters| {
        Box::new(Mfi {
            price_before: None,
            flows: Window::new(parameters[0] as usize),
        })
    },
};

/// Money that went with rising and with falling prices.
#[derive(Debug, Clone, Copy)]
struct Flows {
    inflow: f64,
    outflow: f64,
}

impl Merge for Flows {
    fn merge(older: &Self, newer: &Self) -> Self {
        Self {
            inflow: older.inflow + newer.inflow,
            outflow: older.outflow + newer.outflow,
        }
    }
}

#[derive(Debug, Clone)]
struct Mfi {
    price_before: Option<f64>,
    flows: Window<Flows>,
}

impl Indicator for Mfi {
    fn warm_up(&self) -> usize {
        self.flows.length() + 1
    }

    fn update(&mut self, input: &Input<'_>) {
        let Input::Bar { candle, .. } = input else {
            return;
        };
        let price = typical_price(candle);
        if let Some(before) = self.price_before {
            let flow = price * candle.volume;
            self.flows.push(Flows {
                inflow: if price > before { flow } else { 0.0 },
                outflow: if price < before { flow } else { 0.0 },
            });
        }
        self.price_before = Some(price);
    }

    fn values(&self, values: &mut [Option<f64>]) {
        values[0] = self
            .flows
            .total()
            .and_then(|flows| ratio(100.0 * flows.inflow, flows.inflow + flows.outflow));
    }

    fn reset(&mut self) {
        self.price_before = None;
        self.flows.clear();
    }

    fn boxed_clone(&self) -> Box<dyn Indicator> {
        Box::new(self.clone())
    }
}
