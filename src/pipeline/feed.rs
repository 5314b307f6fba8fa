//! A streamer's end of the engine.

use std::sync::Arc;

use crossbeam_channel as channel;
use tokio::sync::{Semaphore, mpsc};

use crate::domain::clock::{Clock, Nanos};
use crate::domain::source::{SourceIndex, SourceInfo};
use crate::domain::symbol::{Symbol, SymbolId};

use super::directory::{Directory, Resolution, Resolver};
use super::meters::SourceMeters;
use super::source::{Envelope, Message, SourceCommand};

/// Envelopes, and events in them, that are handed over at a time at the most.
const HAND_OVER_ENVELOPES: usize = 128;
const HAND_OVER_EVENTS: usize = 1024;

/// The engine has shut down: the streamer should return.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the engine has shut down")]
pub struct EngineGone;

/// What a streamer holds: where it sends, what it is told, what it counts.
///
/// Sending is two steps, so that a streamer can listen for commands while it waits for its turn:
/// `feed.ready().await`, then [`Feed::send`], which never blocks.
#[derive(Debug)]
pub struct Feed {
    index: SourceIndex,
    info: Arc<SourceInfo>,
    meters: Arc<SourceMeters>,
    clock: ClockHandle,
    resolver: Resolver,
    messages: channel::Sender<Vec<Envelope>>,
    /// Sent, but not yet handed over: see [`Feed::send`].
    outgoing: Vec<Envelope>,
    outgoing_events: usize,
    credits: Arc<Semaphore>,
    has_credit: bool,
    commands: mpsc::UnboundedReceiver<SourceCommand>,
}

#[derive(Clone)]
struct ClockHandle(Arc<dyn Clock>);

impl std::fmt::Debug for ClockHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Clock")
    }
}

/// The engine's end of a [`Feed`].
#[derive(Debug)]
pub struct FeedControl {
    /// Tells the streamer; dropping it asks the streamer to stop.
    pub commands: mpsc::UnboundedSender<SourceCommand>,
    /// One permit for each envelope that the streamer may have under way.
    pub credits: Arc<Semaphore>,
    /// The source's meters.
    pub meters: Arc<SourceMeters>,
}

impl Feed {
    /// A feed for the source at `index` of `directory`, with room for `credits` envelopes under way on `messages`,
    /// and the engine's end of it.
    #[must_use]
    pub fn new(
        index: SourceIndex,
        info: Arc<SourceInfo>,
        directory: Arc<Directory>,
        clock: Arc<dyn Clock>,
        messages: channel::Sender<Vec<Envelope>>,
        credits: usize,
    ) -> (Self, FeedControl) {
        let (command_sender, commands) = mpsc::unbounded_channel();
        let credits = Arc::new(Semaphore::new(credits));
        let meters = Arc::new(SourceMeters::default());
        let control = FeedControl {
            commands: command_sender,
            credits: Arc::clone(&credits),
            meters: Arc::clone(&meters),
        };
        let feed = Self {
            index,
            info,
            meters,
            clock: ClockHandle(clock),
            resolver: Resolver::new(directory, index),
            messages,
            outgoing: Vec::new(),
            outgoing_events: 0,
            credits,
            has_credit: false,
            commands,
        };
        (feed, control)
    }

    /// The source's own properties.
    #[must_use]
    pub fn info(&self) -> &Arc<SourceInfo> {
        &self.info
    }

    /// The source's meters.
    #[must_use]
    pub fn meters(&self) -> &Arc<SourceMeters> {
        &self.meters
    }

    /// The engine's clock.
    #[must_use]
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock.0
    }

    /// The monotonic time now: when what has just been read was received.
    #[must_use]
    pub fn now(&self) -> Nanos {
        self.clock.0.monotonic()
    }

    /// Waits until one message may be sent. Cancelling it loses nothing.
    ///
    /// # Errors
    /// When the engine has shut down.
    pub async fn ready(&mut self) -> Result<(), EngineGone> {
        if !self.has_credit {
            if let Ok(permit) = self.credits.try_acquire() {
                permit.forget();
            } else {
                self.hand_over()?;
                let permit = self.credits.acquire().await.map_err(|_| EngineGone)?;
                permit.forget();
            }
            self.has_credit = true;
        }
        Ok(())
    }

    /// Waits like [`Feed::ready`], but listens meanwhile: `None` when one message may be sent, else the command that
    /// came first. Cancelling it loses nothing.
    ///
    /// # Errors
    /// When the engine has shut down, or asks the streamer to return.
    pub async fn ready_or_command(&mut self) -> Result<Option<SourceCommand>, EngineGone> {
        if self.has_credit {
            return Ok(None);
        }
        if let Some(command) = self.pending_command()? {
            return Ok(Some(command));
        }
        if let Ok(permit) = self.credits.try_acquire() {
            permit.forget();
            self.has_credit = true;
            return Ok(None);
        }
        self.hand_over()?;
        tokio::select! {
            biased;
            command = self.commands.recv() => command.map(Some).ok_or(EngineGone),
            permit = self.credits.acquire() => {
                permit.map_err(|_| EngineGone)?.forget();
                self.has_credit = true;
                Ok(None)
            }
        }
    }

    /// Sends a message received at `received`, without blocking. Call [`Feed::ready`] before each.
    ///
    /// While one message follows the other they are handed over many at a time, which is what makes a fast stream
    /// cheap. They are handed over at once as soon as the streamer waits for a credit or for a command, so a streamer
    /// that waits for anything else must listen for commands meanwhile.
    ///
    /// # Errors
    /// When the engine has shut down.
    pub fn send(&mut self, received: Nanos, message: Message) -> Result<(), EngineGone> {
        debug_assert!(self.has_credit, "a message needs a credit");
        self.has_credit = false;
        if let Message::Data(events) | Message::History(events) = &message {
            self.outgoing_events += events.len();
        }
        self.outgoing.push(Envelope {
            source: self.index,
            received,
            message,
        });
        if self.outgoing.len() < HAND_OVER_ENVELOPES && self.outgoing_events < HAND_OVER_EVENTS {
            return Ok(());
        }
        self.hand_over()
    }

    fn hand_over(&mut self) -> Result<(), EngineGone> {
        if self.outgoing.is_empty() {
            return Ok(());
        }
        self.outgoing_events = 0;
        // The credits of all sources together never exceed the channel's capacity, so that it has room.
        self.messages
            .try_send(std::mem::take(&mut self.outgoing))
            .map_err(|_| EngineGone)
    }

    /// Waits for its turn and sends: for messages that no command should overtake.
    ///
    /// # Errors
    /// When the engine has shut down.
    pub async fn ready_send(
        &mut self,
        received: Nanos,
        message: Message,
    ) -> Result<(), EngineGone> {
        self.ready().await?;
        self.send(received, message)
    }

    /// The next command; `None` asks the streamer to return. Cancelling it loses nothing.
    pub async fn next_command(&mut self) -> Option<SourceCommand> {
        self.hand_over().ok()?;
        self.commands.recv().await
    }

    /// A command that is already there.
    ///
    /// # Errors
    /// When the engine has shut down.
    pub fn pending_command(&mut self) -> Result<Option<SourceCommand>, EngineGone> {
        match self.commands.try_recv() {
            Ok(command) => Ok(Some(command)),
            Err(mpsc::error::TryRecvError::Empty) => Ok(None),
            Err(mpsc::error::TryRecvError::Disconnected) => Err(EngineGone),
        }
    }

    /// The view that a decoder resolves symbols with, brought up to date.
    pub fn resolver(&mut self) -> &mut Resolver {
        self.resolver.refresh();
        &mut self.resolver
    }

    /// What a symbol in the data is to the engine.
    pub fn resolve(&mut self, text: &str) -> Resolution {
        self.resolver().resolve(text)
    }

    /// All symbols subscribed now, in the order of subscription.
    #[must_use]
    pub fn subscribed(&self) -> Vec<(Symbol, SymbolId)> {
        self.resolver.directory().subscribed(self.index)
    }

    /// Whether another source has been asked for this symbol too.
    #[must_use]
    pub fn is_shared(&self, symbol: &Symbol) -> bool {
        self.resolver.directory().is_shared(self.index, symbol)
    }

    /// Whether every symbol that appears is wanted.
    #[must_use]
    pub fn takes_all(&self) -> bool {
        self.resolver.directory().takes_all(self.index)
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        if self.hand_over().is_err() {
            tracing::debug!("the last messages of a streamer came after the end");
        }
    }
}
