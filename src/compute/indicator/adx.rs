//! The average directional index (Wilder, New Concepts in Technical Trading Systems, 1978).
//!
//! A bar's movement is upwards by what its high is above the one before when that is more than its low is below the one
//! before, and downwards the other way round. `plus_di` and `minus_di` are `100 × movement ÷ true range`, each as Wilder's
//! smoothed sum (`sum − sum ÷ length + item`). `adx` is Wilder's average of `100 × |plus − minus| ÷ (plus + minus)`.
//!
//! As in TA-Lib's ADX, `PLUS_DI` and `MINUS_DI`, the sums begin with `length − 1` items, and the average as the mean of the
//! first `length` quotients. A bar without a quotient, because nothing has moved, leaves the average as it is.

use crate::domain::indicator::ChartPlace;

use super::parts::{Smoother, ratio, true_range};
use super::{Definition, Indicator, Input, InputKind, Parameter};
use crate::domain::bar::Candle;

/// `adx(length)`: how strongly the price moves in one direction, and how much up and down, in per cent.
pub(super) const DEFINITION: Definition = Definition {
    name: "adx",
    title: "average directional index (Wilder)",
    parameters: &[Parameter::length("length", 14.0, 2.0)],
    outputs: &["adx", "plus_di", "minus_di"],
    input: InputKind::Bars,
    place: ChartPlace::Pane {
        range: Some((0, 100)),
    },
    build: |parameters| {
        let length = parameters[0] as usize;
        Box::new(Adx {
            length,
            before: None,
            movements: 0,
            up: 0.0,
            down: 0.0,
            ranges: 0.0,
            strength: Smoother::wilder(length),
        })
    },
};

#[derive(Debug, Clone)]
struct Adx {
    length: usize,
    before: Option<Candle>,
    /// Bars that have been added to the sums, up to `length`.
    movements: usize,
    up: f64,
    down: f64,
    ranges: f64,
    strength: Smoother,
}

impl Adx {
    fn add(&mut self, up: f64, down: f64, range: f64) {
        self.movements = (self.movements + 1).min(self.length);
        let kept = if self.movements < self.length {
            1.0
        } else {
            1.0 - 1.0 / self.length as f64
        };
        self.up = self.up * kept + up;
        self.down = self.down * kept + down;
        self.ranges = self.ranges * kept + range;
        if self.movements == self.length {
            let distance = (self.up - self.down).abs();
            if let Some(quotient) = ratio(100.0 * distance, self.up + self.down) {
                self.strength.push(quotient);
            }
        }
    }
}

impl Indicator for Adx {
    fn warm_up(&self) -> usize {
        2 * self.length
    }

    fn update(&mut self, input: &Input<'_>) {
        let Input::Bar { candle, .. } = input else {
            return;
        };
        if let Some(before) = self.before.replace(**candle) {
            let (rise, fall) = (candle.high - before.high, before.low - candle.low);
            let up = if rise > fall { rise.max(0.0) } else { 0.0 };
            let down = if fall > rise { fall.max(0.0) } else { 0.0 };
            self.add(up, down, true_range(candle, before.close));
        }
    }

    fn values(&self, values: &mut [Option<f64>]) {
        let is_ready = self.movements == self.length;
        let share = |movement: f64| ratio(100.0 * movement, self.ranges).filter(|_| is_ready);
        values[0] = self.strength.average();
        values[1] = share(self.up);
        values[2] = share(self.down);
    }

    fn reset(&mut self) {
        self.before = None;
        self.movements = 0;
        (self.up, self.down, self.ranges) = (0.0, 0.0, 0.0);
        self.strength.clear();
    }

    fn boxed_clone(&self) -> Box<dyn Indicator> {
        Box::new(self.clone())
    }
}
