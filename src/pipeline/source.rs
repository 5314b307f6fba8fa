//! The port that sources implement, and what passes through it.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use chrono_tz::Tz;

use crate::domain::clock::Nanos;
use crate::domain::event::Event;
use crate::domain::outcome::{ErrorInstance, StatusChange};
use crate::domain::source::{SourceIndex, SourceInfo};
use crate::domain::symbol::{Symbol, SymbolId};
use crate::domain::time::UnixMs;

use super::feed::Feed;

/// A source that has been checked and can be run.
pub trait Source: Send {
    /// Its fixed properties.
    fn info(&self) -> Arc<SourceInfo>;

    /// The streamer: produces data until [`Feed::next_command`] gives `None`, which asks it to stop.
    ///
    /// A source that has nothing more to give says so with [`Message::Ended`]; one that can be sought back
    /// then waits for commands, any other returns. It must never block its thread for long: reading and
    /// decompressing belong on a thread of their own.
    fn run(self: Box<Self>, feed: Feed) -> Pin<Box<dyn Future<Output = ()> + Send>>;
}

/// What a streamer puts on the processing channel, in the order in which it should take effect.
#[derive(Debug)]
pub enum Message {
    /// All events of one frame.
    Data(Vec<Event>),
    /// Data from before the moment at which the stream stands: it builds up the workers' state and gives no results.
    History(Vec<Event>),
    /// Input that could not be taken.
    Rejected(Box<ErrorInstance>),
    /// A change in what the source or one of its symbols is doing.
    Status(Box<StatusChange>),
    /// Forget all data of this source's symbols, because a replay jumps. What was sent before is processed first;
    /// what is sent afterwards is the new beginning.
    Reset,
    /// The source has nothing more.
    Ended {
        /// What is reported; `None` when the end is as asked for.
        error: Option<Box<ErrorInstance>>,
        /// Whether trying again would be useless, so that the program's exit code should tell.
        hopeless: bool,
    },
}

/// A message with where it came from and when.
#[derive(Debug)]
pub struct Envelope {
    /// Which source sent it.
    pub source: SourceIndex,
    /// When the bytes behind it were received.
    pub received: Nanos,
    /// The message.
    pub message: Message,
}

/// What the engine tells a streamer.
#[derive(Debug, Clone, PartialEq)]
pub enum SourceCommand {
    /// These symbols are wanted from now on.
    Subscribe(Vec<(Symbol, SymbolId)>),
    /// These symbols are wanted no more.
    Unsubscribe(Vec<(Symbol, SymbolId)>),
    /// These symbols' books can no longer be relied on: have each begin anew with a whole book.
    Resync(Vec<(Symbol, SymbolId)>),
    /// A replay's controls; sources without transport never see it.
    Transport(TransportCommand),
    /// Connect again, with keys that are read anew, also after everything has been given up. Only live sources see it.
    Reconnect,
}

/// A replay's controls.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum TransportCommand {
    /// Stop the clock.
    Pause,
    /// Let the clock run.
    Resume,
    /// Pause or resume, whichever it is not.
    Toggle,
    /// Set the speed.
    Speed(Speed),
    /// One step up the ladder of speeds.
    Faster,
    /// One step down the ladder of speeds.
    Slower,
    /// Pause, and play everything of the next event time.
    Step,
    /// Pause, and go back to just before the event time that was played last.
    StepBack,
    /// Pause, and play everything up to this time, at which the clock then stands.
    StepTo(UnixMs),
    /// Pause, and go back to just before what was played at this time.
    BackTo(UnixMs),
    /// Go to a time.
    Seek(SeekTarget),
    /// Go this many milliseconds of data time forward, or back when negative, but not to before the beginning.
    SeekBy(i64),
}

/// A time to seek to, as a person gives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SeekTarget {
    /// An instant.
    At(UnixMs),
    /// A time by a clock: the source's own, where nobody says whose.
    Local(chrono::NaiveDateTime),
    /// A time of day by that clock, on the day at which the replay stands.
    TimeOfDay(chrono::NaiveTime),
}

impl SeekTarget {
    /// The instant that is meant by the clock of a zone, when it is `clock` there. `None` when there is no such time.
    #[must_use]
    pub fn in_zone(self, zone: Tz, clock: Option<UnixMs>) -> Option<UnixMs> {
        let local = match self {
            Self::At(time) => return Some(time),
            Self::Local(local) => local,
            Self::TimeOfDay(time) => clock?.in_zone(zone)?.date_naive().and_time(time),
        };
        // At the ends of the calendar there is no zone to ask.
        let day = chrono::TimeDelta::days(1);
        local.checked_sub_signed(day)?;
        local.checked_add_signed(day)?;
        UnixMs::from_local(local, zone)
    }
}

/// How fast a replay's clock runs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Speed {
    /// As a multiple of real time; always finite and above zero.
    Factor(f64),
    /// As fast as everything can be taken.
    Max,
}

impl Speed {
    /// The speeds that "faster" and "slower" step through.
    pub const LADDER: [f64; 15] = [
        0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0,
        36_000.0,
    ];

    /// The next speed up; the top of the ladder is [`Speed::Max`].
    #[must_use]
    pub fn faster(self) -> Self {
        match self {
            Self::Factor(factor) => Self::LADDER
                .into_iter()
                .find(|&step| step > factor * 1.000_001)
                .map_or(Self::Max, Self::Factor),
            Self::Max => Self::Max,
        }
    }

    /// The next speed down.
    #[must_use]
    pub fn slower(self) -> Self {
        let below = |limit: f64| {
            Self::LADDER
                .into_iter()
                .rev()
                .find(|&step| step < limit * 0.999_999)
        };
        match self {
            Self::Factor(factor) => Self::Factor(below(factor).unwrap_or(factor)),
            Self::Max => Self::Factor(Self::LADDER[Self::LADDER.len() - 1]),
        }
    }
}

impl std::str::FromStr for Speed {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        if text.eq_ignore_ascii_case("max") {
            return Ok(Self::Max);
        }
        let number = text.strip_suffix(['x', '×']).unwrap_or(text);
        match number.parse::<f64>() {
            Ok(factor) if factor.is_finite() && factor > 0.0 => Ok(Self::Factor(factor)),
            _ => Err(format!(
                "'{text}' is no speed; give a factor above zero such as 60, or 'max'"
            )),
        }
    }
}

impl std::fmt::Display for Speed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Factor(factor) => write!(f, "{factor}×"),
            Self::Max => f.write_str("max"),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use super::*;

    #[test]
    fn speeds_are_read_and_refused() {
        assert_eq!("60".parse(), Ok(Speed::Factor(60.0)));
        assert_eq!("0.5x".parse(), Ok(Speed::Factor(0.5)));
        assert_eq!("max".parse(), Ok(Speed::Max));
        for bad in ["0", "-1", "NaN", "inf", "1e400", "fast", ""] {
            assert!(bad.parse::<Speed>().is_err(), "{bad}");
        }
    }

    #[test]
    fn the_ladder_goes_up_to_max_and_down_again() {
        assert_eq!(Speed::Factor(60.0).faster(), Speed::Factor(120.0));
        assert_eq!(Speed::Factor(61.0).slower(), Speed::Factor(60.0));
        assert_eq!(Speed::Factor(36_000.0).faster(), Speed::Max);
        assert_eq!(Speed::Max.slower(), Speed::Factor(36_000.0));
        assert_eq!(Speed::Factor(0.1).slower(), Speed::Factor(0.1));
    }
}
