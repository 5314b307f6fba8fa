//! The streamer: asks when the schedule says so, gives answers to the protocol, and says how the endpoint stands.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::{JoinError, JoinSet};
use tokio::time::{Instant, sleep_until};

use super::plan::Plan;
use super::protocol::{ALL, number_of};
use super::request::{BODY_BYTES_MAX, Client, Response, Whole};
use super::schedule::{Denial, Schedule};
use super::verdict::{Verdict, of_status};
use super::{HttpPoll, Renew};
use crate::domain::clock::Nanos;
use crate::domain::outcome::{ErrorInstance, ErrorKind};
use crate::domain::symbol::{Symbol, SymbolId};
use crate::domain::time::UnixMs;
use crate::pipeline::backoff::Backoff;
use crate::pipeline::feed::{EngineGone, Feed};
use crate::pipeline::meters::ConnectionState;
use crate::pipeline::source::SourceCommand;
use crate::sources::venue::http::retry_after;
use crate::sources::venue::recorded::Tap;
use crate::sources::venue::session::{Input, Session};
use crate::sources::venue::{Answer, Output};

mod report;

/// How often the session is told that time passes.
const TICK: Duration = Duration::from_secs(1);

/// The only connection that there is, in a recording and in the meters.
const CONNECTION: usize = 0;

/// Runs a polled endpoint.
pub(super) struct Streamer {
    feed: Feed,
    plan: Arc<Plan>,
    renew: Renew,
    /// Everything has been given up, until somebody asks for another try.
    is_over: bool,
    session: Session,
    tap: Tap,
    client: Client,
    schedule: Schedule,
    requests: JoinSet<(u64, Response)>,
    symbols: Vec<(Symbol, SymbolId)>,
    /// The waits of the endpoint as a whole.
    backoff: Backoff,
    state: ConnectionState,
    started: Instant,
    next_tick: Instant,
    output: Output,
}

type Finished = Result<(u64, Response), JoinError>;

impl Streamer {
    pub(super) fn new(feed: Feed, source: HttpPoll) -> Self {
        let started = Instant::now();
        Self {
            feed,
            schedule: Schedule::new(source.plan.period, source.backoff),
            backoff: Backoff::new(source.backoff, number_of(&source.plan.host)),
            plan: source.plan,
            renew: source.renew,
            is_over: false,
            session: source.session,
            tap: source.tap,
            client: source.client,
            requests: JoinSet::new(),
            symbols: Vec::new(),
            state: ConnectionState::Connecting,
            started,
            next_tick: started + TICK,
            output: Output::default(),
        }
    }

    pub(super) async fn run(mut self) -> Result<(), EngineGone> {
        self.report_connecting().await?;
        let symbols = self.feed.subscribed();
        self.subscribe(symbols).await?;
        loop {
            self.begin_recording();
            self.ask();
            let due = self.schedule.next_due().filter(|_| !self.is_over);
            let due = due.map(|due| self.started + due);
            let wake = due.map_or(self.next_tick, |due| due.min(self.next_tick));
            tokio::select! {
                biased;
                command = self.feed.next_command() => match command {
                    Some(command) => self.obey(command).await?,
                    None => return Ok(()),
                },
                Some(finished) = self.requests.join_next() => {
                    if self.answered(finished).await?.is_break() {
                        self.is_over = true;
                    }
                }
                () = sleep_until(wake) => {}
            }
            if Instant::now() >= self.next_tick {
                self.next_tick = Instant::now() + TICK;
                self.take(Nanos::default(), &Input::Tick).await?;
            }
        }
    }

    fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    fn wall(&self) -> UnixMs {
        self.feed.clock().wall()
    }

    async fn obey(&mut self, command: SourceCommand) -> Result<(), EngineGone> {
        match command {
            SourceCommand::Subscribe(symbols) => self.subscribe(symbols).await,
            SourceCommand::Unsubscribe(symbols) => self.unsubscribe(symbols).await,
            SourceCommand::Resync(symbols) => {
                self.schedule.forget_answers();
                for symbol in &symbols {
                    self.take(self.feed.now(), &Input::Resync(symbol)).await?;
                }
                Ok(())
            }
            SourceCommand::Transport(_) => Ok(()),
            SourceCommand::Reconnect => self.reconnect().await,
        }
    }

    /// Somebody wants the endpoint to be tried again, with the keys that there are now.
    async fn reconnect(&mut self) -> Result<(), EngineGone> {
        match (self.renew)() {
            Ok((plan, keys)) => {
                for key in &keys {
                    self.tap.hide(key);
                }
                self.plan = Arc::new(plan);
            }
            Err(reason) => {
                let message = format!("{reason}. What was set before is used again");
                let error = ErrorInstance::new(ErrorKind::ConfigError, message);
                self.report(error, b"").await?;
            }
        }
        self.is_over = false;
        self.backoff.succeeded();
        self.schedule.begin_anew(self.elapsed());
        self.show_subscriptions();
        self.report_connecting().await
    }

    async fn subscribe(&mut self, mut symbols: Vec<(Symbol, SymbolId)>) -> Result<(), EngineGone> {
        symbols.retain(|(_, id)| !self.symbols.iter().any(|(_, known)| known == id));
        if symbols.is_empty() {
            return Ok(());
        }
        self.symbols.extend(symbols.iter().cloned());
        let now = self.elapsed();
        if self.plan.is_for_one() {
            let number = |symbol: &(Symbol, SymbolId)| number_of(symbol.0.as_str());
            let jobs = symbols
                .iter()
                .map(|symbol| (number(symbol), Some(symbol.clone())));
            self.schedule.add(&jobs.collect::<Vec<_>>(), now);
        } else {
            self.schedule.add(&[(ALL, None)], now);
        }
        self.schedule.forget_answers();
        self.show_subscriptions();
        self.take(self.feed.now(), &Input::Subscribe(&symbols))
            .await
    }

    async fn unsubscribe(&mut self, symbols: Vec<(Symbol, SymbolId)>) -> Result<(), EngineGone> {
        self.symbols
            .retain(|(_, known)| !symbols.iter().any(|(_, id)| id == known));
        for (symbol, _) in &symbols {
            self.schedule.remove(number_of(symbol.as_str()));
        }
        if self.symbols.is_empty() {
            self.schedule.remove(ALL);
        }
        self.show_subscriptions();
        self.take(self.feed.now(), &Input::Unsubscribe(&symbols))
            .await
    }

    /// A recording that begins knows nothing of this source: everything is told anew.
    fn begin_recording(&mut self) {
        let now = self.wall();
        if self.tap.begins(now) {
            // Whatever the protocol has to say of this concerns a connection, and there is none.
            let mut unheard = Output::default();
            self.session.take(Input::Opened, now, &mut unheard);
            self.tap
                .write_beginning(CONNECTION, now, (&mut self.session, true), &self.symbols);
            self.schedule.forget_answers();
        }
    }

    /// Makes the requests whose turn it is.
    fn ask(&mut self) {
        while !self.is_over
            && let Some(job) = self.schedule.begin(self.started.elapsed())
        {
            let number = job.number;
            let symbols: Vec<Symbol> = match &job.symbol {
                Some((symbol, _)) => vec![symbol.clone()],
                None => self
                    .symbols
                    .iter()
                    .map(|(symbol, _)| symbol.clone())
                    .collect(),
            };
            let known = job.validators.clone();
            let (client, plan) = (self.client.clone(), Arc::clone(&self.plan));
            self.requests.spawn(async move {
                let names: Vec<&str> = symbols.iter().map(Symbol::as_str).collect();
                (number, client.get(&plan, &names, &known).await)
            });
        }
    }

    /// What follows from an answer; to break is to give up.
    async fn answered(&mut self, finished: Finished) -> Result<ControlFlow<()>, EngineGone> {
        let Ok((number, response)) = finished else {
            // Tasks are cancelled by nobody, and have nothing in them that panics.
            return Ok(ControlFlow::Continue(()));
        };
        if !self.schedule.end(number) || self.is_over {
            return Ok(ControlFlow::Continue(()));
        }
        let received = self.feed.now();
        let (verdict, whole) = match response {
            Response::Failed(reason) => {
                let text = format!("{} gives no answer: {reason}", self.plan.host);
                (Verdict::Wait(ErrorKind::ConnectionError, text), None)
            }
            Response::TooLarge => {
                let text = format!("the answer has more than {BODY_BYTES_MAX} bytes");
                (Verdict::Again(text), None)
            }
            Response::Answer(whole) => {
                self.feed.meters().message(whole.body.len(), received);
                let asks_to_wait = whole.retry_after.is_some();
                let verdict = of_status(whole.status, self.plan.is_for_one(), asks_to_wait);
                (verdict, Some(whole))
            }
        };
        self.judge(number, verdict, whole, received).await
    }

    async fn judge(
        &mut self,
        number: u64,
        verdict: Verdict,
        whole: Option<Whole>,
        received: Nanos,
    ) -> Result<ControlFlow<()>, EngineGone> {
        match (verdict, whole) {
            (Verdict::Data, Some(whole)) => self.take_data(number, whole, received).await?,
            (Verdict::Data | Verdict::Same, _) => self.report_success(number).await?,
            (Verdict::Wait(kind, text), whole) => {
                let asked = whole
                    .as_ref()
                    .and_then(|whole| whole.retry_after.as_deref());
                let asked = asked.and_then(|text| retry_after(text, self.wall()));
                self.report_wait(kind, text, asked, whole.as_ref()).await?;
            }
            (Verdict::Again(text), whole) => {
                self.report_again(number, ErrorKind::ConnectionError, text, whole.as_ref())
                    .await?;
            }
            (Verdict::Refuse(text), whole) => self.refuse(number, text, whole.as_ref()).await?,
            (Verdict::Denied(text), whole) => match self.schedule.deny(number) {
                Denial::OfThis => {
                    let text = format!("{text}, and gives others");
                    self.refuse(number, text, whole.as_ref()).await?;
                }
                Denial::Open => {
                    self.report_again(number, ErrorKind::ConnectionError, text, whole.as_ref())
                        .await?;
                }
                Denial::OfAll => {
                    let text = format!("{text}; check the key and what it allows");
                    self.report_end(ErrorKind::AuthError, text, whole.as_ref())
                        .await?;
                    return Ok(ControlFlow::Break(()));
                }
            },
            (Verdict::Never(kind, text), whole) => {
                self.report_end(kind, text, whole.as_ref()).await?;
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    async fn refuse(
        &mut self,
        number: u64,
        text: String,
        whole: Option<&Whole>,
    ) -> Result<(), EngineGone> {
        self.schedule.refuse(number);
        self.show_subscriptions();
        self.report_refused(number, text, whole).await
    }

    async fn take_data(
        &mut self,
        number: u64,
        whole: Whole,
        received: Nanos,
    ) -> Result<(), EngineGone> {
        let answer = Answer {
            id: number,
            status: whole.status,
            retry_after: None,
            body: &whole.body,
        };
        let mut output = self.give(&Input::Answered(answer));
        if let Some(ending) = output.ending.take() {
            // What could not be read is to come again whole, and not to be "the same" from now on.
            self.feed.meters().rejected.add(1);
            self.report_again(number, ending.kind, ending.message, Some(&whole))
                .await?;
        } else {
            if let Some(job) = self.schedule.job(number) {
                job.validators = whole.validators.clone();
            }
            self.report_success(number).await?;
        }
        self.send(received, output, &whole.body).await
    }

    async fn take(&mut self, received: Nanos, input: &Input<'_>) -> Result<(), EngineGone> {
        let output = self.give(input);
        self.send(received, output, b"").await
    }

    /// Gives the session an input, and writes it down. What comes of it is to be sent.
    fn give(&mut self, input: &Input<'_>) -> Output {
        let now = self.wall();
        let mut output = std::mem::take(&mut self.output);
        output.clear();
        self.tap.write(CONNECTION, now, input);
        self.session.take(*input, now, &mut output);
        output
    }
}
