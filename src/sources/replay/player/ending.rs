//! The end of the data.

use tokio::time::Instant;

use crate::domain::outcome::{ErrorInstance, ErrorKind};
use crate::domain::time::UnixMs;
use crate::pipeline::feed::{EngineGone, Feed};
use crate::pipeline::meters::ConnectionState;
use crate::pipeline::source::Message;
use crate::sources::replay::END_OF_DATA;

use super::Player;
use super::load::{Cause, Place};

/// There is no thread to read with.
pub(super) async fn fail(mut feed: Feed, error: &std::io::Error) -> EngineGone {
    feed.meters().set_state(ConnectionState::Failed);
    let error = ErrorInstance::new(
        ErrorKind::ConnectionError,
        format!("the thread that reads the files cannot be started: {error}"),
    )
    .from_source(&feed.info().name);
    let ended = Message::Ended {
        error: Some(Box::new(error)),
        hopeless: true,
    };
    let now = feed.now();
    if feed.ready_send(now, ended).await.is_ok() {
        while feed.next_command().await.is_some() {}
    }
    EngineGone
}

impl Player {
    /// Nothing is left: begins again, or says so and waits.
    pub(super) async fn end(&mut self) -> Result<(), EngineGone> {
        if self.has_ended {
            self.forget_steps();
            if !self.late.is_empty() {
                return Ok(());
            }
            self.show_standing();
            return self.listen(None).await;
        }
        if self.settings.looping && self.has_played {
            let place = self.settings.open_at;
            let place = place.map_or(Place::Beginning, |time| Place::At(time.0));
            self.begin_again(place, Cause::Loop);
            return Ok(());
        }
        self.has_ended = true;
        let now = Instant::now();
        self.playback.halt(true, now);
        if self.reached != i64::MIN && self.playback.shows(now) > Some(self.reached) {
            // There is nothing where a jump beyond the end has led.
            self.playback.set(self.reached, now);
            self.meters.set_data_clock(UnixMs(self.reached));
        }
        self.publish(ConnectionState::Ended);
        let error = self.error(ErrorKind::ConnectionError, END_OF_DATA);
        let received = self.feed.now();
        let time = self.feed.clock().wall();
        self.put(
            received,
            Message::Ended {
                error: Some(Box::new(ErrorInstance {
                    time: Some(time),
                    ..error
                })),
                hopeless: false,
            },
        );
        Ok(())
    }
}
