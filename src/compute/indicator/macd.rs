//! Moving average convergence and divergence (Appel, 1979; the histogram by Aspray, 1986): the fast exponential average of
//! the close less the slow one; the signal is the exponential average of that; the histogram is the one less the other.
//!
//! Both averages have their first value at the same bar, as in TA-Lib's MACD: the fast one begins as the mean of the last
//! `fast` of the first `slow` closes. Where `fast` is longer than `slow` they change places, as there.

use crate::domain::indicator::ChartPlace;

use super::parts::Smoother;
use super::{Definition, Indicator, Input, InputKind, Parameter};

/// `macd(fast,slow,signal)`: the distance of two exponential averages, its average, and the distance between them.
pub(super) const DEFINITION: Definition = Definition {
    name: "macd",
    title: "moving average convergence and divergence",
    parameters: &[
        Parameter::length("fast", 12.0, 1.0),
        Parameter::length("slow", 26.0, 1.0),
        Parameter::length("signal", 9.0, 1.0),
    ],
    outputs: &["macd", "signal", "histogram"],
    input: InputKind::Bars,
    place: ChartPlace::Pane { range: None },
    build: |parameters| {
        let (one, other) = (parameters[0] as usize, parameters[1] as usize);
        Box::new(Macd {
            passed_over: 0,
            fast: Smoother::exponential(one.min(other)),
            slow: Smoother::exponential(one.max(other)),
            signal: Smoother::exponential(parameters[2] as usize),
        })
    },
};

#[derive(Debug, Clone)]
struct Macd {
    /// Bars that came before those that the fast average begins with.
    passed_over: usize,
    fast: Smoother,
    slow: Smoother,
    signal: Smoother,
}

impl Macd {
    fn distance(&self) -> Option<f64> {
        Some(self.fast.average()? - self.slow.average()?)
    }
}

impl Indicator for Macd {
    fn warm_up(&self) -> usize {
        self.slow.length() + self.signal.length() - 1
    }

    fn update(&mut self, input: &Input<'_>) {
        let Input::Bar { candle, .. } = input else {
            return;
        };
        self.slow.push(candle.close);
        if self.passed_over < self.slow.length() - self.fast.length() {
            self.passed_over += 1;
        } else {
            self.fast.push(candle.close);
        }
        if let Some(distance) = self.distance() {
            self.signal.push(distance);
        }
    }

    fn values(&self, values: &mut [Option<f64>]) {
        let (distance, signal) = (self.distance(), self.signal.average());
        values[0] = distance;
        values[1] = signal;
        values[2] = distance.zip(signal).map(|(macd, signal)| macd - signal);
    }

    fn reset(&mut self) {
        self.passed_over = 0;
        self.fast.clear();
        self.slow.clear();
        self.signal.clear();
    }

    fn boxed_clone(&self) -> Box<dyn Indicator> {
        Box::new(self.clone())
    }
}
