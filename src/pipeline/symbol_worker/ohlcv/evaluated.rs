//! What the person's own columns are evaluated from.

use crate::compute::indicator::RecentOf;
use crate::domain::source::BarStamp;
use crate::domain::time::UnixMs;

use super::OhlcvService;

impl OhlcvService {
    /// The start of a delivered bar, by the time that it has.
    pub fn start_of(&self, time: UnixMs) -> UnixMs {
        match self.bar_stamp {
            BarStamp::Start => time,
            BarStamp::End => self.interval.start_before(time, self.calendar),
        }
    }

    /// What the indicators are at the newest bars, as far as that is kept.
    pub fn recent_values(&mut self) -> Vec<RecentOf> {
        let recent = self.indicators.recent();
        if recent.is_empty() {
            return recent;
        }
        // What has been put off is made good.
        drop(self.indicator_values());
        self.indicators.recent()
    }
}
