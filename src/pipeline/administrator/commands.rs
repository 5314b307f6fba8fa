//! What the administrator does when it is told something.

use std::sync::Arc;

use crate::domain::outcome::{ErrorInstance, ErrorKind, Severity, Status, StatusChange};
use crate::domain::source::{Origin, SourceIndex, SourceName};
use crate::domain::symbol::{Symbol, SymbolId, SymbolSpec};

use super::super::command::Command;
use super::super::export::{ExportOrder, Word};
use super::super::process_supervisor::Control;
use super::super::question::{Answer, AnswerView, Material, Question, QuestionId};
use super::super::snapshot::{Row, RowState};
use super::super::source::{SourceCommand, TransportCommand};
use super::{Administrator, SourceEntry};

impl Administrator {
    pub(super) fn obey(&mut self, command: Command) {
        self.is_dirty = true;
        match command {
            Command::Add(specs) => self.add(&specs),
            Command::Remove(specs) => self.remove(&specs),
            Command::Release(spec) => self.release(&spec),
            Command::Transport { source, command } => self.transport(source.as_ref(), command),
            Command::Reconnect(source) => self.reconnect(source.as_ref()),
            Command::WatchCharts(charts) => {
                self.parts.board.keep_charts(&charts);
                self.tell(Control::WatchCharts(charts));
            }
            Command::WatchBooks(symbols) => {
                self.parts.board.keep_books(&symbols);
                self.tell(Control::WatchBooks(symbols));
            }
            Command::WatchIndicators(specs) => {
                for error in self.parts.board.watch_indicators(specs) {
                    let error = ErrorInstance::new(ErrorKind::ConfigError, error.to_string());
                    self.report(error.as_warning());
                }
            }
            Command::Ask(sql) => self.ask(sql),
            Command::CancelQuestion => self.parts.analyst.cancel(),
            Command::Answered(id, answer) => self.answered(id, *answer),
            Command::Export(order) => self.export(order),
            Command::Tell(text, is_error) => self.tell_person(text, is_error),
            Command::Record(folder) => self.record(folder),
            Command::AcknowledgeErrors(id) => self.parts.board.acknowledge(id),
            Command::ClearErrors => self.parts.board.clear_errors(),
            Command::Report(error) => self.report(*error),
            Command::Quit => self.stop(),
        }
    }

    /// Passes a question on, with all that can be asked of at this moment.
    fn ask(&mut self, sql: String) {
        let board = &mut self.parts.board;
        let id = board.answer.as_ref().map_or(0, |before| before.id + 1);
        board.answer = Some(Arc::new(AnswerView {
            id,
            sql: sql.clone(),
            asked: self.parts.clock.wall(),
            answer: None,
        }));
        let question = Question {
            id,
            sql,
            rows_max: self.parts.settings.answer_rows,
            time_max: self.parts.settings.answer_time,
        };
        let material = self.material();
        self.parts
            .analyst
            .ask(question, material, self.parts.replies.clone());
    }

    /// All that is kept at this moment.
    fn material(&self) -> Material {
        let board = &self.parts.board;
        Material {
            histories: self.parts.histories.all(),
            rows: board.rows.clone(),
            news: Arc::clone(&board.news),
            errors: Arc::clone(&board.errors),
        }
    }

    fn export(&mut self, order: ExportOrder) {
        let Some(exporter) = &self.parts.exporter else {
            return self.tell_person("nothing can be exported here".to_owned(), true);
        };
        exporter.export(order, self.material(), self.parts.replies.clone());
    }

    fn tell_person(&mut self, text: String, is_error: bool) {
        let board = &mut self.parts.board;
        let id = board.word.as_ref().map_or(1, |before| before.id + 1);
        board.word = Some(Arc::new(Word { id, text, is_error }));
    }

    /// Puts an answer on the board, unless another question has been asked since.
    fn answered(&mut self, id: QuestionId, answer: Answer) {
        if let Some(view) = &mut self.parts.board.answer
            && view.id == id
        {
            Arc::make_mut(view).answer = Some(answer);
        }
    }

    /// A replay has jumped: its news of a time that it has yet to play go.
    pub(super) fn on_seek(&mut self, status: &StatusChange) {
        let mut sources = self.parts.sources.iter();
        let jumped = sources.find(|entry| status.source.as_ref() == Some(&entry.info.name));
        if let Some(entry) = jumped
            && let Some(time) = entry.meters.data_clock()
        {
            self.parts.board.forget_news_after(&entry.info.name, time);
        }
    }

    fn tell(&self, control: Control) {
        // It fails only while everything is being shut down.
        drop(self.parts.control.send(control));
    }

    /// The sources that a specification means, with its symbol; an unknown source is reported.
    fn named(&mut self, spec: &SymbolSpec) -> Vec<(SourceIndex, Symbol)> {
        let found: Vec<_> = self
            .parts
            .sources
            .iter()
            .enumerate()
            .filter(|(_, entry)| {
                spec.source
                    .as_ref()
                    .is_none_or(|name| entry.info.name == *name)
            })
            .map(|(at, _)| (SourceIndex(at as u16), spec.symbol.clone()))
            .collect();
        if found.is_empty() {
            let open: Vec<_> = self
                .parts
                .sources
                .iter()
                .map(|entry| entry.info.name.as_str())
                .collect();
            self.answer_with(ErrorInstance::new(
                ErrorKind::ConfigError,
                format!(
                    "'{spec}': there is no such source; open are {}",
                    open.join(", ")
                ),
            ));
        }
        found
    }

    fn add(&mut self, specs: &[SymbolSpec]) {
        let mut by_source: Vec<Vec<_>> = self.parts.sources.iter().map(|_| Vec::new()).collect();
        for spec in specs {
            for (at, symbol) in self.named(spec) {
                match self.parts.directory.subscribe(at, &symbol) {
                    Ok((id, true)) => by_source[at.index()].push((symbol, id)),
                    Ok((_, false)) => {
                        let mut error = ErrorInstance::new(
                            ErrorKind::ConfigError,
                            format!("{symbol} is subscribed already"),
                        );
                        error.severity = Severity::Info;
                        error.symbol = Some(symbol);
                        error.source = Some(self.parts.sources[at.index()].info.name.clone());
                        self.report(error);
                    }
                    Err(full) => self.report(ErrorInstance::new(
                        ErrorKind::Overload,
                        format!("{symbol} was not added: {full}"),
                    )),
                }
            }
        }
        for (at, added) in by_source.into_iter().enumerate() {
            if added.is_empty() {
                continue;
            }
            let entry = &self.parts.sources[at];
            // The row is there at once, whatever the worker is doing.
            for (symbol, id) in &added {
                let row = Row::waiting(*id, symbol.clone(), entry.info.name.clone());
                self.parts.board.rows.insert(row);
            }
            self.tell(Control::Create(SourceIndex(at as u16), added.clone()));
            send_to(entry, SourceCommand::Subscribe(added));
        }
    }

    fn remove(&mut self, specs: &[SymbolSpec]) {
        for spec in specs {
            let mut was_there = false;
            for (at, symbol) in self.named(spec) {
                if let Some(id) = self.parts.directory.unsubscribe(at, &symbol) {
                    was_there = true;
                    send_to(
                        &self.parts.sources[at.index()],
                        SourceCommand::Unsubscribe(vec![(symbol, id)]),
                    );
                    self.tell(Control::Remove(id));
                }
            }
            if !was_there {
                self.refuse(spec);
            }
        }
    }

    fn release(&mut self, spec: &SymbolSpec) {
        let mut found = self.named(spec);
        found.retain(|(at, symbol)| self.parts.directory.find(*at, symbol).is_some());
        let Some((at, symbol)) = found.first().cloned() else {
            return self.refuse(spec);
        };
        let mut is_any = false;
        for (at, symbol) in found {
            let Some(id) = self.parts.directory.find(at, &symbol) else {
                continue;
            };
            let row = self.parts.board.rows.get(id);
            if row.is_some_and(|row| row.state == RowState::Quarantined) {
                is_any = true;
                self.tell(Control::Release(id));
            }
        }
        if !is_any {
            let mut error = ErrorInstance::new(
                ErrorKind::ConfigError,
                format!("{symbol} is not quarantined, so there is nothing to release"),
            );
            error.severity = Severity::Info;
            error.source = Some(self.parts.sources[at.index()].info.name.clone());
            error.symbol = Some(symbol);
            self.answer_with(error);
        }
    }

    fn refuse(&mut self, spec: &SymbolSpec) {
        let mut error =
            ErrorInstance::new(ErrorKind::ConfigError, format!("{spec} is not subscribed"))
                .as_warning();
        error.symbol = Some(spec.symbol.clone());
        self.report(error);
    }

    fn transport(&mut self, source: Option<&SourceName>, command: TransportCommand) {
        let is_meant = |entry: &SourceEntry| source.is_none_or(|name| entry.info.name == *name);
        let mut replays = self.parts.sources.iter();
        if replays.any(|entry| entry.info.has_transport && is_meant(entry)) {
            match command {
                TransportCommand::Step if source.is_none() => self.step_all(false),
                TransportCommand::StepBack if source.is_none() => self.step_all(true),
                command => {
                    let is_speed = matches!(
                        command,
                        TransportCommand::Speed(_)
                            | TransportCommand::Faster
                            | TransportCommand::Slower
                    );
                    if !is_speed {
                        self.steps.clear();
                    }
                    self.order(is_meant, command);
                }
            }
        } else {
            self.report(
                ErrorInstance::new(ErrorKind::ConfigError, "only a replay can be paused, stepped, sought or given a speed; no such source is open")
                    .as_warning(),
            );
        }
    }

    fn reconnect(&mut self, source: Option<&SourceName>) {
        let mut found = false;
        for entry in &self.parts.sources {
            if entry.info.origin == Origin::Live
                && source.is_none_or(|name| entry.info.name == *name)
            {
                found = true;
                send_to(entry, SourceCommand::Reconnect);
            }
        }
        if !found {
            let which = source.map_or_else(String::new, |name| format!(" '{name}'"));
            let message = format!("there is no live source{which} that could connect again");
            self.answer_with(ErrorInstance::new(ErrorKind::ConfigError, message).as_warning());
        }
    }

    /// Reports what is wrong with a command, and answers the person who gave it: a report that has been made before is
    /// easily missed.
    pub(super) fn answer_with(&mut self, error: ErrorInstance) {
        self.tell_person(error.message.clone(), true);
        self.report(error);
    }

    /// A symbol's worker has finished.
    pub(super) fn removed(&mut self, id: SymbolId) {
        if let Some(row) = self.parts.board.rows.get(id) {
            let mut status =
                StatusChange::of_source(Status::Unsubscribed, &row.source).with_symbol(&row.symbol);
            status.time = Some(self.parts.clock.wall());
            self.offer(|sink| sink.status(&status));
        }
        self.parts.board.remove(id);
        self.parts.health.remove_worker(id);
    }

    /// Has a symbol's source begin its book anew.
    pub(super) fn resync(&mut self, id: SymbolId) {
        if let Some((symbol, at)) = self.parts.directory.lookup(id) {
            send_to(
                &self.parts.sources[at.index()],
                SourceCommand::Resync(vec![(symbol, id)]),
            );
        }
    }

    /// Asks all sources to stop; the rest follows by itself, in order.
    pub(super) fn stop(&mut self) {
        self.is_stopping = true;
        self.is_dirty = true;
        for entry in &mut self.parts.sources {
            entry.control = None;
        }
        self.parts.running = None;
    }
}

pub(super) fn send_to(entry: &SourceEntry, command: SourceCommand) {
    if let Some(control) = &entry.control {
        // A streamer that has returned needs no orders.
        drop(control.commands.send(command));
    }
}
