//! What the administrator gives to sinks, and what it does when one is gone.

use std::sync::Arc;

use crate::domain::outcome::{ErrorInstance, ErrorKind, ResultInstance};

use super::super::outcome::ColumnsUpdate;
use super::super::sink::{Sink, SinkClosed};
use super::Administrator;

impl Administrator {
    /// Columns of a person's own have been evaluated.
    pub(super) fn columns(&mut self, update: &ColumnsUpdate) {
        let Some(row) = self.parts.board.rows.get_mut(update.id) else {
            return;
        };
        row.columns = Some(Arc::clone(&update.values));
        let (symbol, source) = (row.symbol.clone(), row.source.clone());
        self.offer(|sink| sink.columns(update.time, &update.values, &symbol, &source));
    }

    pub(super) fn offer_result(&mut self, result: &ResultInstance) {
        if self.parts.sinks.is_empty() {
            return;
        }
        let mut failed = None;
        if let Some(row) = self.parts.board.rows.get(result.symbol) {
            for (at, sink) in self.parts.sinks.iter_mut().enumerate() {
                if let Err(failure) = sink.result(result, &row.symbol, &row.source) {
                    failed = Some((at, failure));
                }
            }
        }
        if let Some((at, failure)) = failed {
            self.parts.sinks.swap_remove(at);
            self.on_sink_closed(failure);
        }
    }

    /// Gives something to every sink. One whose reader has gone ends the program; one that fails is let go.
    pub(super) fn offer(&mut self, give: impl Fn(&mut dyn Sink) -> Result<(), SinkClosed>) {
        let mut failures = Vec::new();
        self.parts
            .sinks
            .retain_mut(|sink| match give(sink.as_mut()) {
                Ok(()) => true,
                Err(failure) => {
                    failures.push(failure);
                    false
                }
            });
        for failure in failures {
            self.on_sink_closed(failure);
        }
    }

    fn on_sink_closed(&mut self, failure: SinkClosed) {
        match failure {
            SinkClosed::ReaderGone => self.stop(),
            SinkClosed::Failed(reason) => {
                self.report(ErrorInstance::new(
                    ErrorKind::SinkError,
                    format!("{reason}; results no longer go there"),
                ));
            }
        }
    }

    pub(super) fn flush_sinks(&mut self) {
        if !self.parts.sinks.is_empty() {
            self.offer(|sink| sink.flush());
        }
    }
}
