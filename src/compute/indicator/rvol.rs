//! Relative volume: a bar's volume ÷ the mean volume of the `length` bars before it. Where nothing was traded in those
//! there is no value.

use crate::domain::indicator::ChartPlace;

use super::parts::ratio;
use super::window::{Sum, Window};
use super::{Definition, Indicator, Input, InputKind, Parameter};

/// `rvol(length)`: volume, where 1 is as much as in the bars before.
pub(super) const DEFINITION: Definition = Definition {
    name: "rvol",
    title: "relative volume",
    parameters: &[Parameter::length("length", 20.0, 1.0)],
    outputs: &[""],
    input: InputKind::Bars,
    place: ChartPlace::Pane { range: None },
    build: |parameters| {
        Box::new(RelativeVolume {
            value: None,
            volumes: Window::new(parameters[0] as usize),
        })
    },
};

#[derive(Debug, Clone)]
struct RelativeVolume {
    value: Option<f64>,
    volumes: Window<Sum>,
}

impl Indicator for RelativeVolume {
    fn warm_up(&self) -> usize {
        self.volumes.length() + 1
    }

    fn update(&mut self, input: &Input<'_>) {
        if let Input::Bar { candle, .. } = input {
            let mean = self.volumes.mean();
            self.value = mean.and_then(|mean| ratio(candle.volume, mean));
            self.volumes.push(Sum(candle.volume));
        }
    }

    fn values(&self, values: &mut [Option<f64>]) {
        values[0] = self.value;
    }

    fn reset(&mut self) {
        self.value = None;
        self.volumes.clear();
    }

    fn boxed_clone(&self) -> Box<dyn Indicator> {
        Box::new(self.clone())
    }
}
