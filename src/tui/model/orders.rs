//! Orders: what happens when a line of the command line has been understood.

use crate::pipeline::Command;
use crate::pipeline::source::{SeekTarget, TransportCommand};

use super::super::command_line::Order;
use super::super::expression::filter_error;
use super::super::theme::Theme;
use super::super::views::{PanelId, View};
use super::naming::in_expression;
use super::{Effect, Model, row_name};

impl Model {
    /// Obeys, or says why not.
    pub(super) fn obey(&mut self, order: Order) -> Result<(), String> {
        match order {
            Order::Engine(command) => return self.obey_engine(command),
            Order::Theme(name) => {
                self.settings.theme = name;
                self.theme = Theme::of(name, self.settings.color_depth);
            }
            Order::View(View::Query) if self.panels.query.is_fresh(&self.shown) => self.ask(""),
            Order::View(view) => self.show_view(view),
            Order::Sort(sort) => {
                let sort = self.known_sort(sort)?;
                self.panels.watchlist.set_sort(sort);
            }
            Order::Columns(columns) => {
                let columns = self.known_columns(columns)?;
                self.panels.watchlist.set_columns(columns);
            }
            Order::Timeframe(timeframe) => self.panels.chart.set_timeframe(timeframe),
            Order::Tape(order) => {
                let symbol = self.selected_for(PanelId::Tape);
                let name = symbol.and_then(|id| self.shown.rows.get(id)).map(row_name);
                let tape = &mut self.panels.tape;
                let rules = order.apply(tape.rules_of(name.as_deref()));
                if name.is_none() && rules.size_min.is_some() {
                    return Err("no symbol is selected, to show its trades of that size".to_owned());
                }
                tape.set_rules_of(name.as_deref(), rules);
            }
            Order::Indicator(order) => return self.obey_indicator(order),
            Order::Compare(order) => return self.obey_compare(order),
            Order::Charts(specs) => return self.obey_charts(&specs),
            Order::News(is_of_symbol) => self.panels.news.set_scope(is_of_symbol),
            Order::List(order) => return self.obey_list(order),
            Order::Filter(text) => {
                if let Some(error) = filter_error(&text, &self.value_names()) {
                    return Err(in_expression(&error));
                }
                self.panels.watchlist.set_filter(&text);
            }
            Order::Select(spec) => {
                let id = self
                    .shown
                    .rows
                    .iter()
                    .find(|row| {
                        row.symbol == spec.symbol
                            && spec.source.as_ref().is_none_or(|name| *name == row.source)
                    })
                    .map(|row| row.id)
                    .ok_or_else(|| {
                        format!("'{spec}' is not subscribed; 'add {spec}' subscribes it")
                    })?;
                self.selected = Some(id);
            }
            Order::Bell(is_on) => self.settings.bell = is_on,
            Order::Flash(is_on) => self.settings.flash = is_on,
            Order::Zone(zone) => self.settings.zone = zone,
            Order::Freeze => self.freeze(),
            Order::Screenshot(order) => self.effects.push(Effect::Screenshot(order)),
            Order::Ask(question) => self.ask(&question),
            Order::Export(order) => self.send(Command::Export(order)),
            Order::Answer(order) => return self.write_answer(order),
            Order::Acknowledge => self.send(Command::AcknowledgeErrors(None)),
            Order::Clear => {
                self.panels.errors.set_filter("");
                self.send(Command::ClearErrors);
            }
            Order::Undo => self.undo(),
            Order::Help(text) => self.open_help(&text),
        }
        Ok(())
    }

    fn obey_engine(&mut self, command: Command) -> Result<(), String> {
        match &command {
            Command::Quit => {
                self.quit();
                return Ok(());
            }
            Command::Add(symbols) => {
                self.wanted_selection = symbols.first().map(ToString::to_string);
            }
            Command::Remove(symbols) => {
                let unknown = symbols.iter().find(|spec| {
                    !self.latest.rows.iter().any(|row| {
                        row.symbol == spec.symbol
                            && spec.source.as_ref().is_none_or(|name| *name == row.source)
                    })
                });
                if let Some(spec) = unknown {
                    return Err(format!("'{spec}' is not subscribed"));
                }
                self.remember_removed(symbols.clone());
            }
            Command::Transport {
                command:
                    TransportCommand::Pause
                    | TransportCommand::Resume
                    | TransportCommand::Speed(_)
                    | TransportCommand::Seek(_)
                    | TransportCommand::Step
                    | TransportCommand::StepBack,
                ..
            } if self
                .latest
                .sources
                .iter()
                .all(|source| source.transport.is_none()) =>
            {
                return Err(
                    "no replay is open: live data cannot be paused, sped up or sought".to_owned(),
                );
            }
            _ => {}
        }
        self.send(self.by_the_shown_clock(command));
        Ok(())
    }

    /// A time to jump to is one of the clock that is on the screen, and not of the source's own.
    fn by_the_shown_clock(&self, command: Command) -> Command {
        let Command::Transport {
            source,
            command: TransportCommand::Seek(target),
        } = command
        else {
            return command;
        };
        let mut replays = self.latest.sources.iter();
        let clock = replays.find_map(|source| source.transport.as_ref().and(source.data_clock));
        let target = target
            .in_zone(self.settings.zone, clock)
            .map_or(target, SeekTarget::At);
        Command::Transport {
            source,
            command: TransportCommand::Seek(target),
        }
    }
}
