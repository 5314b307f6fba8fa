//! Runs the streamers: one task for each source, on a runtime of their own.

use std::sync::Arc;

use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use crate::domain::clock::Clock;
use crate::domain::outcome::{ErrorInstance, ErrorKind};
use crate::domain::source::SourceIndex;

use super::feed::Feed;
use super::source::{Envelope, Message, Source};

/// Streamers wait far more than they work; two threads keep one that decodes from holding up the others.
const STREAMER_THREADS: usize = 2;

/// The running streamers.
pub(crate) struct StreamSupervisor {
    runtime: Runtime,
    streamers: JoinSet<()>,
    clock: Arc<dyn Clock>,
    messages: crossbeam_channel::Sender<Vec<Envelope>>,
    running: oneshot::Receiver<()>,
}

impl StreamSupervisor {
    /// A supervisor without streamers. `messages` has room for one message of each source beyond its credits, and
    /// stays open until the other end of `running` is dropped, even when no streamer is left.
    ///
    /// # Errors
    /// When its threads cannot be started.
    pub fn new(
        clock: Arc<dyn Clock>,
        messages: crossbeam_channel::Sender<Vec<Envelope>>,
        running: oneshot::Receiver<()>,
    ) -> std::io::Result<Self> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(STREAMER_THREADS)
            .thread_name("streamer")
            .enable_time()
            .enable_io()
            .build()?;
        Ok(Self {
            runtime,
            streamers: JoinSet::new(),
            clock,
            messages,
            running,
        })
    }

    /// Starts a source's streamer. If it panics, that is an error of the source and its end.
    pub fn start(&mut self, index: SourceIndex, source: Box<dyn Source>, feed: Feed) {
        let messages = self.messages.clone();
        let clock = Arc::clone(&self.clock);
        self.streamers.spawn_on(
            async move {
                let run = tokio::spawn(source.run(feed));
                let Err(failure) = run.await else { return };
                if !failure.is_panic() {
                    return;
                }
                let error = ErrorInstance::new(
                    ErrorKind::ConnectionError,
                    "the streamer failed with a panic; the log has the details. Restart to open the source again",
                );
                let end = Envelope {
                    source: index,
                    received: clock.monotonic(),
                    message: Message::Ended {
                        error: Some(Box::new(error)),
                        hopeless: true,
                    },
                };
                if messages.try_send(vec![end]).is_err() {
                    tracing::error!("the end of a streamer could not be told");
                }
            },
            self.runtime.handle(),
        );
    }

    /// Waits until every streamer has returned and the engine wants no more, which closes the processing channel.
    pub fn run(self) {
        let Self {
            runtime,
            mut streamers,
            messages,
            running,
            ..
        } = self;
        runtime.block_on(async {
            while streamers.join_next().await.is_some() {}
            // It ends by being dropped: nothing is ever sent.
            running.await.unwrap_or_default();
        });
        drop(messages);
        runtime.shutdown_background();
    }
}
