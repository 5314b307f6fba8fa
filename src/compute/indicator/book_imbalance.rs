//! The imbalance of the order book: `(bid − ask) ÷ (bid + ask)` in units within the levels that results show. 1 is all
//! wanted, −1 is all offered; an empty book has no value.

use crate::domain::indicator::ChartPlace;

use super::parts::ratio;
use super::{Definition, Indicator, Input, InputKind};

/// `book_imbalance`: how much more is wanted than offered.
pub(super) const DEFINITION: Definition = Definition {
    name: "book_imbalance",
    title: "imbalance of the order book, from -1 to 1",
    parameters: &[],
    outputs: &[""],
    input: InputKind::Ticks,
    place: ChartPlace::Pane {
        range: Some((-1, 1)),
    },
    build: |_| Box::new(BookImbalance::default()),
};

#[derive(Debug, Clone, Default)]
struct BookImbalance {
    value: Option<f64>,
}

impl Indicator for BookImbalance {
    fn warm_up(&self) -> usize {
        1
    }

    fn update(&mut self, input: &Input<'_>) {
        if let Input::Book {
            bid_units,
            ask_units,
        } = *input
        {
            self.value = ratio(bid_units - ask_units, bid_units + ask_units);
        }
    }

    fn values(&self, values: &mut [Option<f64>]) {
        values[0] = self.value;
    }

    fn reset(&mut self) {
        self.value = None;
    }

    fn boxed_clone(&self) -> Box<dyn Indicator> {
        Box::new(self.clone())
    }
}
