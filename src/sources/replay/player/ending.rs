//! The end of the data.

use std::collections::BTreeSet;

use tokio::time::Instant;

use crate::domain::outcome::{ErrorInstance, ErrorKind};
use crate::domain::source::Origin;
use crate::domain::time::UnixMs;
use crate::pipeline::feed::{EngineGone, Feed};
use crate::pipeline::meters::ConnectionState;
use crate::pipeline::source::Message;
use crate::sources::replay::END_OF_DATA;
use crate::sources::spec::nearest_symbol;

use super::Player;
use super::load::{Cause, Place};
use super::opening::Header;

/// Names that are listed in a message.
const LISTED_MAX: usize = 20;

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
        self.say_mistyped();
        if self.has_ended {
            if !self.outbox.is_empty() {
                return Ok(());
            }
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

    /// Says which symbols are not in the data but look like ones that are. One that looks like none may well be without
    /// data, and one that another source is asked for too is likely to be its own.
    fn say_mistyped(&mut self) {
        let is_whole = !self.merge.has_broken_off();
        if self.info.origin != Origin::Replay || !self.admission.awaits() || !is_whole {
            return;
        }
        let subscribed = self.feed.subscribed();
        let (come, mut missing): (Vec<_>, Vec<_>) = subscribed
            .into_iter()
            .partition(|&(_, id)| self.admission.has_come(id));
        missing.retain(|&(_, id)| self.admission.miss(id));
        let tables = self.files.iter().zip(&self.headers);
        let tables = tables
            .filter(|(_, header)| matches!(header, Header::Known(layout) if !layout.has_symbol()));
        let known: BTreeSet<&str> = come
            .iter()
            .map(|(symbol, _)| symbol.as_str())
            .chain(tables.map(|(file, _)| file.symbol.as_str()))
            .chain(self.admission.others())
            .collect();
        let known: Vec<&str> = known.into_iter().collect();
        let errors = missing.into_iter().filter_map(|(symbol, _)| {
            let near = nearest_symbol(symbol.as_str(), &known)?;
            let message = format!(
                "{symbol} is not in the data; did you mean {near}? It holds {}",
                listed(&known)
            );
            let error = self.error(ErrorKind::ConfigError, message).as_warning();
            let is_shared = self.feed.is_shared(&symbol);
            (!is_shared).then_some(ErrorInstance {
                symbol: Some(symbol),
                ..error
            })
        });
        let errors = errors.collect();
        self.put_errors(errors);
    }
}

/// The first of some names, and how many more there are.
fn listed(names: &[&str]) -> String {
    let shown = names.get(..LISTED_MAX).unwrap_or(names);
    match names.len() - shown.len() {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}
