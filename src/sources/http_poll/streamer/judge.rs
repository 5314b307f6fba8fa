//! What follows from an answer.

use super::super::protocol::{ALL, number_of};
use super::super::request::{BODY_BYTES_MAX, Response, Whole};
use super::super::schedule::{Denial, Refusal};
use super::super::verdict::{Verdict, of_status};
use super::{Finished, Over, Streamer};
use crate::decode::pointer::{message, text_at};
use crate::domain::clock::Nanos;
use crate::domain::outcome::ErrorKind;
use crate::pipeline::feed::EngineGone;
use crate::sources::venue::Answer;
use crate::sources::venue::http::retry_after;
use crate::sources::venue::session::Input;

impl Streamer {
    pub(super) async fn answered(&mut self, finished: Finished) -> Result<(), EngineGone> {
        let Ok((number, response)) = finished else {
            // Tasks are cancelled by nobody, and have nothing in them that panics.
            return Ok(());
        };
        if !self.schedule.end(number) || self.over != Over::No {
            return Ok(());
        }
        let received = self.feed.now();
        let (verdict, whole) = match response {
            Response::Failed(reason) => {
                let text = format!("{} gives no answer: {reason}", self.plan.host);
                (Verdict::Again(text), None)
            }
            Response::Unreachable(reason) => {
                let text = format!("{} cannot be reached: {reason}", self.plan.host);
                (Verdict::Pause(ErrorKind::ConnectionError, text), None)
            }
            Response::TooLarge => {
                let text = format!("the answer has more than {BODY_BYTES_MAX} bytes");
                (Verdict::Again(text), None)
            }
            Response::Answer(whole) => {
                self.feed.meters().message(whole.body.len(), received);
                let asks_to_wait = whole.retry_after.is_some();
                let verdict = of_status(whole.status, self.plan.names_symbols(), asks_to_wait);
                (self.in_its_words(verdict, &whole), Some(whole))
            }
        };
        self.judge(number, verdict, whole, received).await
    }

    /// A verdict with what the endpoint says of it, where its answers say that.
    fn in_its_words(&self, verdict: Verdict, whole: &Whole) -> Verdict {
        let words = self.plan.error.as_ref().and_then(|error| {
            let value = message(&whole.body).ok()?;
            text_at(error, value)
        });
        let Some(words) = words else { return verdict };
        let with = |text: String| format!("{text}; it says: {words}");
        match verdict {
            Verdict::Data | Verdict::Same => verdict,
            Verdict::Pause(kind, text) => Verdict::Pause(kind, with(text)),
            Verdict::Again(text) => Verdict::Again(with(text)),
            Verdict::Refuse(text) => Verdict::Refuse(with(text)),
            Verdict::TooLong(text) => Verdict::TooLong(with(text)),
            Verdict::Denied(text) => Verdict::Denied(with(text)),
        }
    }

    async fn judge(
        &mut self,
        number: u64,
        verdict: Verdict,
        whole: Option<Whole>,
        received: Nanos,
    ) -> Result<(), EngineGone> {
        let now = self.elapsed();
        match (verdict, whole) {
            (Verdict::Data, Some(whole)) => self.take_data(number, whole, received).await,
            (Verdict::Data | Verdict::Same, _) => self.report_success(number).await,
            (Verdict::Pause(kind, text), whole) => {
                let asked = whole
                    .as_ref()
                    .and_then(|whole| whole.retry_after.as_deref());
                let asked = asked.and_then(|text| retry_after(text, self.wall()));
                self.report_wait(number, kind, text, asked, whole.as_ref())
                    .await
            }
            (Verdict::Again(text), whole) => {
                self.report_again(number, ErrorKind::ConnectionError, text, whole.as_ref())
                    .await
            }
            (Verdict::TooLong(text), whole) => {
                if self.plan.is_for_many() && self.schedule.split(number, true, now) {
                    return Ok(());
                }
                self.refuse(number, text, whole.as_ref()).await
            }
            (Verdict::Refuse(text), whole) => self.refuse(number, text, whole.as_ref()).await,
            (Verdict::Denied(text), whole) => self.deny(number, text, whole.as_ref()).await,
        }
    }

    async fn deny(
        &mut self,
        number: u64,
        text: String,
        whole: Option<&Whole>,
    ) -> Result<(), EngineGone> {
        // A key that is wrong is wrong for all of them.
        let is_of_key = whole.is_some_and(|whole| whole.status == 401);
        let can_split = self.plan.is_for_many() && !is_of_key;
        match self.schedule.deny(number, can_split) {
            Denial::OfThis => {
                let text = format!("{text}, and gives others");
                self.refuse(number, text, whole).await
            }
            Denial::Open => {
                self.report_again(number, ErrorKind::ConnectionError, text, whole)
                    .await
            }
            Denial::OfAll => {
                self.over = Over::UntilAsked;
                let text = format!("{text}; check the key and what it allows");
                self.report_end(ErrorKind::AuthError, text, whole).await
            }
        }
    }

    async fn refuse(
        &mut self,
        number: u64,
        text: String,
        whole: Option<&Whole>,
    ) -> Result<(), EngineGone> {
        let can_split = self.plan.is_for_many();
        match self.schedule.refuse(number, can_split, self.elapsed()) {
            Refusal::Split => Ok(()),
            Refusal::Again => {
                self.report_again(number, ErrorKind::ConnectionError, text, whole)
                    .await
            }
            Refusal::Final => {
                self.show_subscriptions();
                self.report_refused(number, text, whole).await
            }
            Refusal::OfAll => {
                self.over = Over::UntilOthers;
                self.show_subscriptions();
                let text = format!("{text}; it has given nothing at all: check the URL");
                self.report_end(ErrorKind::ConfigError, text, whole).await
            }
        }
    }

    async fn take_data(
        &mut self,
        number: u64,
        whole: Whole,
        received: Nanos,
    ) -> Result<(), EngineGone> {
        let job = self.schedule.job(number);
        let symbol = job.and_then(|job| job.symbols.first());
        let id = match symbol {
            Some((symbol, _)) if self.plan.is_for_one() => number_of(symbol.as_str()),
            _ => ALL,
        };
        let answer = Answer {
            id,
            status: whole.status,
            retry_after: None,
            body: &whole.body,
        };
        let mut output = self.give(&Input::Answered(answer));
        for event in &output.events {
            self.seen.mark(event.symbol, received);
        }
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
}
