//! `http:` – any REST endpoint, asked again and again: one request for each symbol and period, or one for all of them.
//!
//! - [`plan`]: what to ask, as the specification says, and the endpoints that are known by name;
//! - [`protocol`]: answers to events, as a venue's protocol, so that a recording is played back through the same;
//! - [`schedule`]: whose turn it is: a plain value without a clock;
//! - [`verdict`]: what a status means;
//! - [`request`]: one request;
//! - [`streamer`]: puts them together.
//!
//! Quotes and books that the answer before held already are not given out again, nor bars, trades and news that have been
//! given out, unless `repeat=true`: an endpoint that says the same price a thousand times has said it once.

pub mod plan;
pub mod protocol;
pub mod request;
pub mod schedule;
pub mod streamer;
pub mod verdict;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use secrecy::SecretString;

use super::kind::http::KIND;
use super::kind::{OpenContext, OpenError};
use super::mapped::unset;
use super::spec::SourceSpec;
use super::venue::Limits;
use super::venue::options::{Key, Setup, Venue};
use super::venue::recorded::Tap;
use super::venue::session::Session;
use crate::domain::event::ServiceSet;
use crate::domain::source::{BarStamp, Delivery, Origin, SourceInfo};
use crate::domain::time::{SessionCalendar, Timeframe};
use crate::pipeline::backoff::BackoffSettings;
use crate::pipeline::feed::Feed;
use crate::pipeline::source::Source;

use plan::Plan;
use protocol::Answers;
use request::Client;
use streamer::Streamer;

/// The endpoint as a venue, for recordings and for what all venues' options have in common.
pub const VENUE: Venue = Venue {
    kind: &KIND,
    socket_url: "",
    rest_url: None,
    keys: &[Key {
        variable: plan::FMP_KEY,
        alternative: None,
        what: "a key of Financial Modeling Prep, for its presets",
        required: false,
    }],
    services: |_| ServiceSet::ALL,
    calendar: |_| SessionCalendar::UsEquities,
    intervals: &Timeframe::ALL,
    limits: |_| Limits::default(),
    bars_grow: |_| true,
    protocol: |setup| Ok(Box::new(Answers::new(&Plan::new(setup)?))),
};

/// Makes the plan again, with the keys that are set now, which it gives as well; or says why that cannot be done.
type Renew = Box<dyn Fn() -> Result<(Plan, Vec<SecretString>), String> + Send + Sync>;

/// A polled endpoint as a source.
pub struct HttpPoll {
    info: Arc<SourceInfo>,
    plan: Arc<Plan>,
    renew: Renew,
    session: Session,
    tap: Tap,
    client: Client,
    backoff: BackoffSettings,
}

/// Opens the source.
///
/// # Errors
/// When a key is missing, or the options cannot mean anything.
pub fn open(spec: &SourceSpec, context: &OpenContext) -> Result<Box<dyn Source>, OpenError> {
    if let Some(problem) = unset(spec, &*context.environment) {
        return Err(spec.failed(problem));
    }
    let setup = VENUE.setup(spec, &*context.environment)?;
    let source = HttpPoll::new(spec, context, &setup, BackoffSettings::default())?;
    Ok(Box::new(source))
}

impl HttpPoll {
    fn plan(spec: &SourceSpec, setup: &Setup) -> Result<Plan, OpenError> {
        let plan =
            Plan::new(setup).map_err(|problem| spec.wrong(problem.option, problem.reason))?;
        if plan.needs_fmp_key && setup.key(0).is_none() {
            let what =
                "set FMP_API_KEY in the environment or in .env: the key of Financial Modeling Prep";
            return Err(spec.failed(what));
        }
        Ok(plan)
    }

    fn new(
        spec: &SourceSpec,
        context: &OpenContext,
        setup: &Setup,
        backoff: BackoffSettings,
    ) -> Result<Self, OpenError> {
        let plan = Self::plan(spec, setup)?;
        let (again, environment) = (spec.clone(), Arc::clone(&context.environment));
        let renew = move || {
            if let Some(problem) = unset(&again, &*environment) {
                return Err(problem);
            }
            let setup = VENUE.setup(&again, &*environment);
            let setup = setup.map_err(|error| error.to_string())?;
            let plan = Self::plan(&again, &setup).map_err(|error| error.to_string())?;
            Ok((plan, setup.keys.into_iter().flatten().collect()))
        };
        let client = Client::new(&plan).map_err(|reason| spec.failed(reason))?;
        let secrets: Vec<SecretString> = setup.keys.iter().flatten().cloned().collect();
        let tap = Tap::new(
            Arc::clone(&context.recorder),
            context.name.clone(),
            spec.to_string(),
            &secrets,
        )
        .with_map(setup.map.clone());
        Ok(Self {
            info: Arc::new(SourceInfo {
                name: context.name.clone(),
                label: spec.to_string(),
                origin: Origin::Live,
                delivery: Delivery::Live,
                has_transport: false,
                bar_stamp: BarStamp::Start,
                calendar: plan.calendar,
                products: setup.products,
            }),
            session: Session::new(Box::new(Answers::new(&plan)), setup),
            plan: Arc::new(plan),
            renew: Box::new(renew),
            tap,
            client,
            backoff,
        })
    }
}

impl Source for HttpPoll {
    fn info(&self) -> Arc<SourceInfo> {
        Arc::clone(&self.info)
    }

    fn run(self: Box<Self>, feed: Feed) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(async move {
            // An engine that has shut down has nobody left to tell.
            Streamer::new(feed, *self).run().await.ok();
        })
    }
}

#[cfg(test)]
mod tests;
