//! The imbalance of trades: `(bought − sold) ÷ all units` over the last `length` trades, by the side that took the
//! initiative. What has no side counts among all units only. 1 is all bought, −1 is all sold; where nothing was traded
//! there is no value. A trade whose size is no number, or below zero, is passed over.

use crate::domain::indicator::ChartPlace;

use super::parts::ratio;
use super::window::{Merge, Window};
use super::{Definition, Indicator, Input, InputKind, Parameter};
use crate::domain::trade::Side;

/// `trade_imbalance(trades)`: how much more was bought than sold in the last trades.
pub(super) const DEFINITION: Definition = Definition {
    name: "trade_imbalance",
    title: "imbalance of trades, from -1 to 1",
    parameters: &[Parameter::length("trades", 100.0, 1.0)],
    outputs: &[""],
    input: InputKind::Ticks,
    place: ChartPlace::Pane {
        range: Some((-1, 1)),
    },
    build: |parameters| {
        Box::new(TradeImbalance {
            trades: Window::new(parameters[0] as usize),
        })
    },
};

/// Units of trades.
#[derive(Debug, Clone, Copy)]
struct Units {
    /// Bought less sold.
    net: f64,
    all: f64,
}

impl Merge for Units {
    fn merge(older: &Self, newer: &Self) -> Self {
        Self {
            net: older.net + newer.net,
            all: older.all + newer.all,
        }
    }
}

#[derive(Debug, Clone)]
struct TradeImbalance {
    trades: Window<Units>,
}

impl Indicator for TradeImbalance {
    fn warm_up(&self) -> usize {
        self.trades.length()
    }

    fn update(&mut self, input: &Input<'_>) {
        let Input::Trade { size, side, .. } = *input else {
            return;
        };
        if !size.is_finite() || size < 0.0 {
            return;
        }
        self.trades.push(Units {
            net: match side {
                Some(Side::Buy) => size,
                Some(Side::Sell) => -size,
                None => 0.0,
            },
            all: size,
        });
    }

    fn values(&self, values: &mut [Option<f64>]) {
        values[0] = self
            .trades
            .total()
            .and_then(|units| ratio(units.net, units.all));
    }

    fn reset(&mut self) {
        self.trades.clear();
    }

    fn boxed_clone(&self) -> Box<dyn Indicator> {
        Box::new(self.clone())
    }
}
