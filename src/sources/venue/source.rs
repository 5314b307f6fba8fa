//! A venue as a source: opens its connections and runs its protocol.
//!
//! - [`streamer`]: the task that has everything in its hands
//! - [`link`]: one connection with its session: dialling, sending, receiving, coming back
//! - [`desk`]: what goes to the engine, and what is told to people
//! - [`seen`]: which symbols have gone quiet

mod desk;
mod link;
mod seen;
mod streamer;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use secrecy::SecretString;

use crate::domain::source::{BarStamp, Delivery, Origin, SourceInfo};
use crate::pipeline::backoff::BackoffSettings;
use crate::pipeline::feed::Feed;
use crate::pipeline::recording::Recorder;
use crate::pipeline::source::Source;
use crate::sources::kind::{OpenContext, OpenError};
use crate::sources::spec::SourceSpec;

use super::connection::tls;
use super::options::{Setup, Venue};
use super::pacing::{Pace, Paces};
use super::recorded::Tap;

pub(crate) use desk::in_words;
pub(crate) use seen::Seen;
use streamer::Streamer;

/// The driver's own times.
#[derive(Debug, Clone, Copy)]
struct Timings {
    /// For name, TCP, TLS and opening request together.
    dial: Duration,
    /// From an open connection to the venue's having let it in, where that is needed.
    login: Duration,
    /// How long a connection has to deliver before it counts as one that works.
    settled: Duration,
    /// How often sessions are told that time passes, and quiet symbols are looked for.
    tick: Duration,
    /// Meters that change with every message are brought up to date this often.
    meters: Duration,
    /// How waits grow.
    backoff: BackoffSettings,
}

impl Default for Timings {
    fn default() -> Self {
        Self {
            dial: Duration::from_secs(10),
            login: Duration::from_secs(10),
            settled: Duration::from_secs(30),
            tick: Duration::from_secs(1),
            meters: Duration::from_millis(250),
            backoff: BackoffSettings::default(),
        }
    }
}

/// Reads the specification again, with the keys that are set now; or says why that cannot be done.
type Renew = Box<dyn Fn() -> Result<Setup, String> + Send + Sync>;

/// A venue's source before it runs.
struct VenueSource {
    info: Arc<SourceInfo>,
    venue: &'static Venue,
    setup: Setup,
    renew: Renew,
    recorder: Arc<dyn Recorder>,
    paces: Paces,
    trust: Arc<ClientConfig>,
    timings: Timings,
}

impl VenueSource {
    /// The source's own end of a recording.
    fn tap(&self) -> Tap {
        Tap::new(
            Arc::clone(&self.recorder),
            self.info.name.clone(),
            self.info.label.clone(),
            &self.secrets(),
        )
        .with_map(self.setup.map.clone())
    }

    /// The pace of what is done at most so often, with all sources that talk to the same addresses.
    fn pace(&self, what: &str, limit: (u32, Duration)) -> Pace {
        let setup = &self.setup;
        let rest_url = setup.rest_url.as_deref().unwrap_or_default();
        let (kind, rest, socket_url) = (self.venue.kind.name, &setup.rest, &setup.socket_url);
        let name = format!("{what} {kind}:{rest} {socket_url} {rest_url}");
        self.paces.of(name, limit)
    }

    fn secrets(&self) -> Vec<SecretString> {
        self.setup.keys.iter().flatten().cloned().collect()
    }
}

impl Venue {
    /// Opens the venue's source.
    ///
    /// # Errors
    /// When a key is missing, or the options cannot mean anything.
    pub fn open(
        &'static self,
        spec: &SourceSpec,
        context: &OpenContext,
    ) -> Result<Box<dyn Source>, OpenError> {
        let trust = tls::shared().map_err(|error| spec.failed(format!("TLS: {error}")))?;
        let source = self.prepare(spec, context, trust, Timings::default())?;
        Ok(Box::new(source))
    }

    fn setup_with_keys(
        &self,
        spec: &SourceSpec,
        environment: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Setup, OpenError> {
        let setup = self.setup(spec, environment)?;
        for (key, value) in self.keys.iter().zip(&setup.keys) {
            if key.required && value.is_none() {
                let variable = key.variable;
                return Err(spec.failed(format!(
                    "{variable} is not set: {}. Set it in the environment or in .env",
                    key.what
                )));
            }
        }
        Ok(setup)
    }

    fn prepare(
        &'static self,
        spec: &SourceSpec,
        context: &OpenContext,
        trust: Arc<ClientConfig>,
        timings: Timings,
    ) -> Result<VenueSource, OpenError> {
        let setup = self.setup_with_keys(spec, &*context.environment)?;
        let (again, environment) = (spec.clone(), Arc::clone(&context.environment));
        let renew = move || {
            self.setup_with_keys(&again, &*environment)
                .map_err(|error| error.to_string())
        };
        if let Err(problem) = (self.protocol)(&setup) {
            return Err(spec.wrong(problem.option, problem.reason).into());
        }
        Ok(VenueSource {
            info: Arc::new(SourceInfo {
                name: context.name.clone(),
                label: spec.to_string(),
                origin: Origin::Live,
                delivery: Delivery::Live,
                has_transport: false,
                bar_stamp: BarStamp::Start,
                calendar: setup.calendar,
                products: setup.products,
            }),
            venue: self,
            setup,
            renew: Box::new(renew),
            recorder: Arc::clone(&context.recorder),
            paces: context.paces.clone(),
            trust,
            timings,
        })
    }
}

impl Source for VenueSource {
    fn info(&self) -> Arc<SourceInfo> {
        Arc::clone(&self.info)
    }

    fn run(self: Box<Self>, feed: Feed) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(async move {
            // An engine that has shut down has nobody left to tell.
            Streamer::new(*self, feed).run().await.ok();
        })
    }
}

#[cfg(test)]
#[allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test may stop at the first surprise"
)]
mod tests;
