//! Requests over HTTP that protocols make beside their socket: paced, bounded, and never repeated by themselves.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use reqwest::header::{HeaderValue, RETRY_AFTER};
use rustls::ClientConfig;
use secrecy::ExposeSecret;
use tokio::time::Instant;

use crate::domain::clock::Clock;
use crate::pipeline::backoff::{Backoff, BackoffSettings};

use super::http::{self, reason_of};
use super::pacing::Pace;
use super::{Answer, Request};

/// How long an answer may take.
const TIMEOUT: Duration = Duration::from_secs(10);
/// The longest body that is taken, unpacked.
const BODY_BYTES_MAX: usize = 32 << 20;
/// Requests under way at a time.
const RUNNING_MAX: usize = 4;
/// Requests that wait for their turn.
const WAITING_MAX: usize = 10_000;
/// How long to leave a venue alone that has banned this address and has not said for how long.
const BAN: Duration = Duration::from_secs(120);

/// Who has asked: a connection, and which of its attempts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Asker {
    pub(super) connection: usize,
    pub(super) attempt: u64,
}

/// An answer, or why there is none.
#[derive(Debug)]
pub(super) struct Answered {
    pub(super) asker: Asker,
    id: u64,
    status: u16,
    retry_after: Option<Duration>,
    body: Vec<u8>,
}

impl Answered {
    fn failed(asker: Asker, id: u64, reason: String) -> Self {
        Self {
            asker,
            id,
            status: 0,
            retry_after: None,
            body: reason.into_bytes(),
        }
    }

    /// As protocols see it.
    pub(super) fn answer(&self) -> Answer<'_> {
        Answer {
            id: self.id,
            status: self.status,
            retry_after: self.retry_after,
            body: &self.body,
        }
    }
}

type Running = Pin<Box<dyn Future<Output = Answered> + Send>>;

/// All requests of a source.
pub(super) struct Requests {
    client: Result<reqwest::Client, String>,
    base: Option<String>,
    clock: Arc<dyn Clock>,
    pace: Pace,
    backoff: Backoff,
    /// The venue wants to be left alone until then.
    not_before: Option<Instant>,
    waiting: VecDeque<(Asker, Request)>,
    running: FuturesUnordered<Running>,
}

impl Requests {
    pub(super) fn new(
        base: Option<String>,
        trust: &ClientConfig,
        pace: Pace,
        seed: u64,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let client = http::client(trust, TIMEOUT)
            .no_proxy()
            .build()
            .map_err(|error| format!("no requests can be made: {error}"));
        Self {
            client,
            base,
            clock,
            pace,
            backoff: Backoff::new(BackoffSettings::default(), seed),
            not_before: None,
            waiting: VecDeque::new(),
            running: FuturesUnordered::new(),
        }
    }

    /// Puts a request in the queue. One too many is given back as an answer.
    pub(super) fn ask(&mut self, asker: Asker, request: Request) {
        if self.waiting.len() < WAITING_MAX {
            self.waiting.push_back((asker, request));
            return;
        }
        let reason = format!("{WAITING_MAX} requests are waiting already");
        let answered = Answered::failed(asker, request.id, reason);
        self.running.push(Box::pin(std::future::ready(answered)));
    }

    /// Forgets what an attempt has asked and not been given yet.
    pub(super) fn forget(&mut self, asker: Asker) {
        self.waiting.retain(|(known, _)| *known != asker);
    }

    /// When the next request may be made; `None` when none waits for its time.
    pub(super) fn due(&mut self, now: Instant) -> Option<Instant> {
        let (_, request) = self.waiting.front()?;
        if self.running.len() >= RUNNING_MAX {
            return None;
        }
        let paced = self.pace.ready_at(request.weight, now);
        let due = paced.into_iter().chain(self.not_before).max();
        Some(due.unwrap_or(now))
    }

    /// Makes what may be made, and gives the next answer.
    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Answered> {
        let now = Instant::now();
        while self.due(now).is_some_and(|due| due <= now)
            && let Some((asker, request)) = self.waiting.pop_front()
        {
            self.pace.take(request.weight, now);
            let running = self.start(asker, &request);
            self.running.push(running);
        }
        match self.running.poll_next_unpin(context) {
            Poll::Ready(Some(answered)) => {
                self.learn(&answered);
                Poll::Ready(answered)
            }
            Poll::Ready(None) | Poll::Pending => Poll::Pending,
        }
    }

    /// What an answer says about when to ask again.
    fn learn(&mut self, answered: &Answered) {
        let wait = match answered.status {
            418 => answered.retry_after.unwrap_or(BAN),
            429 => answered
                .retry_after
                .unwrap_or_else(|| self.backoff.next().max(Duration::from_secs(1))),
            503 if answered.retry_after.is_some() => answered.retry_after.unwrap_or_default(),
            0 | 500.. => self.backoff.next(),
            _ => {
                self.backoff.succeeded();
                return;
            }
        };
        let until = Instant::now().checked_add(wait);
        self.not_before = self.not_before.max(until);
    }

    fn start(&self, asker: Asker, request: &Request) -> Running {
        let id = request.id;
        let built = self.client.as_ref().map_err(Clone::clone).and_then(|client| {
            let base = self.base.as_deref().ok_or("the venue takes no requests")?;
            let mut builder = client.get(format!("{base}{}", request.path));
            for (name, value) in &request.headers {
                let mut value = HeaderValue::from_str(value.expose_secret())
                    .map_err(|_| format!("the key for {name} holds characters that no header can hold; check the environment"))?;
                value.set_sensitive(true);
                builder = builder.header(*name, value);
            }
            Ok(builder)
        });
        let clock = Arc::clone(&self.clock);
        match built {
            Ok(builder) => Box::pin(async move {
                match run(builder, clock).await {
                    Ok((status, retry_after, body)) => Answered {
                        asker,
                        id,
                        status,
                        retry_after,
                        body,
                    },
                    Err(reason) => Answered::failed(asker, id, reason),
                }
            }),
            Err(reason) => Box::pin(std::future::ready(Answered::failed(asker, id, reason))),
        }
    }
}

async fn run(
    builder: reqwest::RequestBuilder,
    clock: Arc<dyn Clock>,
) -> Result<(u16, Option<Duration>, Vec<u8>), String> {
    let response = builder.send().await.map_err(reason_of)?;
    let status = response.status().as_u16();
    let retry_after = response
        .headers()
        .get(RETRY_AFTER)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| http::retry_after(value, clock.wall()));
    match http::body(response, BODY_BYTES_MAX).await {
        Ok(Some(body)) => Ok((status, retry_after, body)),
        Ok(None) => Err(format!("the answer is longer than {BODY_BYTES_MAX} bytes")),
        Err(error) => Err(reason_of(error)),
    }
}
