//! On-balance volume (Granville, 1963): all volume of bars that closed higher than the one before, less that of bars that
//! closed lower. It begins with the volume of the first bar, as TA-Lib's OBV does.

use crate::domain::indicator::ChartPlace;

use super::{Definition, Indicator, Input, InputKind};

/// `obv`: volume that went with rising closes, less that with falling ones.
pub(super) const DEFINITION: Definition = Definition {
    name: "obv",
    title: "on-balance volume",
    parameters: &[],
    outputs: &[""],
    input: InputKind::Bars,
    place: ChartPlace::Pane { range: None },
    build: |_| Box::new(Obv::default()),
};

#[derive(Debug, Clone, Default)]
struct Obv {
    close_before: Option<f64>,
    volume: f64,
}

impl Indicator for Obv {
    fn warm_up(&self) -> usize {
        1
    }

    fn update(&mut self, input: &Input<'_>) {
        let Input::Bar { candle, .. } = input else {
            return;
        };
        match self.close_before {
            Some(before) if candle.close > before => self.volume += candle.volume,
            Some(before) if candle.close < before => self.volume -= candle.volume,
            Some(_) => {}
            None => self.volume = candle.volume,
        }
        self.close_before = Some(candle.close);
    }

    fn values(&self, values: &mut [Option<f64>]) {
        values[0] = self.close_before.map(|_| self.volume);
    }

    fn reset(&mut self) {
        *self = Self::default();
    }

    fn boxed_clone(&self) -> Box<dyn Indicator> {
        Box::new(self.clone())
    }
}
