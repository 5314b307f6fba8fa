//! Which symbols each of Schwab's services has been told, and which command is next.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Known;
use crate::decode::Rejection;
use crate::domain::symbol::SymbolId;
use crate::domain::time::UnixMs;
use crate::sources::venue::kept;
use crate::sources::venue::patience::Patience;
use crate::sources::venue::wanted::Wanted;

/// Symbols in one command.
const KEYS_MAX: usize = 250;
/// A command that has not been answered for so long, in milliseconds, is given up; the next one is given longer.
const ANSWER_MS: i64 = 15_000;
/// The longest time that a command is given, in milliseconds.
const ANSWER_MAX_MS: i64 = 120_000;

/// A service of the streamer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Service {
    Quotes,
    Bars,
    NyseBook,
    NasdaqBook,
}

impl Service {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Quotes => "LEVELONE_EQUITIES",
            Self::Bars => "CHART_EQUITY",
            Self::NyseBook => "NYSE_BOOK",
            Self::NasdaqBook => "NASDAQ_BOOK",
        }
    }

    pub(super) fn of_name(name: &str) -> Option<Self> {
        [Self::Quotes, Self::Bars, Self::NyseBook, Self::NasdaqBook]
            .into_iter()
            .find(|service| service.name() == name)
    }

    /// The fields that are asked for; 0, the symbol, has to be among them.
    pub(super) fn fields(self) -> &'static str {
        match self {
            Self::Quotes => "0,1,2,3,4,5,8,9,12,32,34,35",
            Self::Bars => "0,1,2,3,4,5,6,7,8",
            Self::NyseBook | Self::NasdaqBook => "0,1,2,3",
        }
    }
}

/// What a service is told to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Command {
    /// Take these symbols, and forget all others.
    Replace,
    /// Take these as well.
    Add,
    /// Forget these.
    Remove,
}

impl Command {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Replace => "SUBS",
            Self::Add => "ADD",
            Self::Remove => "UNSUBS",
        }
    }
}

/// A command to send.
pub(super) struct Step {
    pub(super) command: Command,
    /// The symbols under the venue's names, separated by commas.
    pub(super) keys: String,
    /// The symbols that it adds.
    pub(super) symbols: Vec<SymbolId>,
}

/// One service's symbols.
pub(super) struct Subscriptions {
    pub(super) service: Service,
    /// Whether symbols have been asked for on this connection.
    has_begun: bool,
    to_add: VecDeque<SymbolId>,
    /// Parts of commands that were refused, each to be asked for by itself.
    parts: VecDeque<Vec<SymbolId>>,
    to_remove: VecDeque<Box<str>>,
    under_way: Option<UnderWay>,
    /// Commands in a row that were not answered.
    unanswered: u32,
    /// How often the service was not there of late.
    patience: Patience,
    /// It is asked for nothing more before this.
    not_before: Option<UnixMs>,
}

/// A command that has not been answered.
struct UnderWay {
    request: u64,
    step: Step,
    sent_at: UnixMs,
}

/// How a service stands, as a recording holds it: symbols under the venue's names.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Told {
    has_begun: bool,
    to_add: Vec<String>,
    parts: Vec<Vec<String>>,
    to_remove: Vec<Box<str>>,
    /// The number of the command, what it is to do, with which symbols, those that it adds, and since when.
    under_way: Option<(u64, Command, String, Vec<String>, UnixMs)>,
    unanswered: u32,
    patience: Patience,
    not_before: Option<UnixMs>,
}

impl Subscriptions {
    pub(super) fn kept(&self, wanted: &Wanted<Known>) -> Value {
        let to_add: Vec<SymbolId> = self.to_add.iter().copied().collect();
        let under_way = self.under_way.as_ref().map(|under_way| {
            let step = &under_way.step;
            let keys = step.keys.clone();
            let added = wanted.names(&step.symbols);
            (
                under_way.request,
                step.command,
                keys,
                added,
                under_way.sent_at,
            )
        });
        kept::written(&Told {
            has_begun: self.has_begun,
            to_add: wanted.names(&to_add),
            parts: self.parts.iter().map(|part| wanted.names(part)).collect(),
            to_remove: self.to_remove.iter().cloned().collect(),
            under_way,
            unanswered: self.unanswered,
            patience: self.patience,
            not_before: self.not_before,
        })
    }

    pub(super) fn keep(&mut self, known: Value, wanted: &Wanted<Known>) -> Result<(), Rejection> {
        let told: Told = kept::read(known)?;
        let under_way = told
            .under_way
            .map(|(request, command, keys, added, sent_at)| {
                let symbols = wanted.named(&added);
                let step = Step {
                    command,
                    keys,
                    symbols,
                };
                UnderWay {
                    request,
                    step,
                    sent_at,
                }
            });
        *self = Self {
            service: self.service,
            has_begun: told.has_begun,
            to_add: wanted.named(&told.to_add).into(),
            parts: told.parts.iter().map(|part| wanted.named(part)).collect(),
            to_remove: told.to_remove.into(),
            under_way,
            unanswered: told.unanswered,
            patience: told.patience,
            not_before: told.not_before,
        };
        Ok(())
    }

    pub(super) fn new(service: Service) -> Self {
        Self {
            service,
            has_begun: false,
            to_add: VecDeque::new(),
            parts: VecDeque::new(),
            to_remove: VecDeque::new(),
            under_way: None,
            unanswered: 0,
            patience: Patience::default(),
            not_before: None,
        }
    }

    /// A new connection, on which all of these have to be asked for.
    pub(super) fn begin(&mut self, symbols: &[SymbolId]) {
        *self = Self::new(self.service);
        self.to_add.extend(symbols);
    }

    pub(super) fn add(&mut self, symbol: SymbolId) {
        self.to_add.push_back(symbol);
    }

    pub(super) fn remove(&mut self, symbol: SymbolId, wire: &str) {
        let mut is_waiting = false;
        let mut stays = |waiting: &SymbolId| {
            is_waiting |= *waiting == symbol;
            *waiting != symbol
        };
        self.to_add.retain(&mut stays);
        for part in &mut self.parts {
            part.retain(&mut stays);
        }
        // Whatever the answer, it is not asked for again.
        if let Some(under_way) = &mut self.under_way {
            under_way.step.symbols.retain(|asked| *asked != symbol);
        }
        if !is_waiting {
            self.to_remove.push_back(wire.into());
        }
    }

    /// The next command, when none is under way.
    pub(super) fn next(&mut self, wanted: &Wanted<Known>, now: UnixMs) -> Option<Step> {
        if self.under_way.is_some() {
            return None;
        }
        if !self.to_remove.is_empty() {
            let count = self.to_remove.len().min(KEYS_MAX);
            let keys: Vec<Box<str>> = self.to_remove.drain(..count).collect();
            return Some(Step {
                command: Command::Remove,
                keys: keys.join(","),
                symbols: Vec::new(),
            });
        }
        if self.not_before.is_some_and(|at| now < at) {
            return None;
        }
        while let Some(part) = self.parts.pop_front() {
            if let Some(step) = self.adding(&part, wanted) {
                return Some(step);
            }
        }
        let count = self.to_add.len().min(KEYS_MAX);
        let next: Vec<SymbolId> = self.to_add.drain(..count).collect();
        self.adding(&next, wanted)
    }

    /// What asks for those of these symbols that are wanted.
    fn adding(&self, symbols: &[SymbolId], wanted: &Wanted<Known>) -> Option<Step> {
        let (symbols, keys): (Vec<SymbolId>, Vec<&str>) = symbols
            .iter()
            .filter_map(|id| Some((*id, wanted.wire(*id)?)))
            .unzip();
        (!symbols.is_empty()).then(|| Step {
            command: if self.has_begun {
                Command::Add
            } else {
                Command::Replace
            },
            keys: keys.join(","),
            symbols,
        })
    }

    /// A command has been refused: its symbols are asked for again, in halves. Gives the symbol back that is alone.
    pub(super) fn halve(&mut self, step: Step) -> Vec<SymbolId> {
        if step.symbols.len() < 2 {
            return step.symbols;
        }
        self.has_begun &= step.command != Command::Replace;
        let (first, second) = step.symbols.split_at(step.symbols.len() / 2);
        self.parts.push_front(second.to_vec());
        self.parts.push_front(first.to_vec());
        Vec::new()
    }

    /// The service is not there now: what a command was to do is to be done later. Gives when.
    pub(super) fn put_off(&mut self, step: Step, now: UnixMs) -> UnixMs {
        self.put_back(step);
        let at = self.patience.next(now);
        self.not_before = Some(at);
        at
    }

    fn put_back(&mut self, step: Step) {
        self.has_begun &= step.command != Command::Replace;
        for symbol in step.symbols.into_iter().rev() {
            self.to_add.push_front(symbol);
        }
    }

    /// Gives up all symbols that have not been asked for.
    pub(super) fn give_up_waiting(&mut self) -> Vec<SymbolId> {
        let parts = self.parts.drain(..).flatten();
        parts.chain(self.to_add.drain(..)).collect()
    }

    /// A command has been sent under this number.
    pub(super) fn sent(&mut self, request: u64, step: Step, now: UnixMs) {
        self.has_begun = true;
        self.under_way = Some(UnderWay {
            request,
            step,
            sent_at: now,
        });
    }

    /// How long the command under way may take, in milliseconds.
    fn answer_ms(&self) -> i64 {
        let doubled = ANSWER_MS << self.unanswered.min(8);
        doubled.min(ANSWER_MAX_MS)
    }

    /// Gives up a command that should have been answered by now: what it was to do is to be done again. Gives the command,
    /// and how long it has waited in milliseconds.
    pub(super) fn give_up_overdue(&mut self, now: UnixMs) -> Option<(Command, i64)> {
        let most = self.answer_ms();
        let UnderWay { step, .. } = self
            .under_way
            .take_if(|under_way| now.0.saturating_sub(under_way.sent_at.0) >= most)?;
        let is_first = self.unanswered == 0;
        self.unanswered = self.unanswered.saturating_add(1);
        let command = step.command;
        match command {
            // Symbols that come all the same are left out; others are not kept waiting for that.
            Command::Remove if !is_first => {}
            Command::Remove => self.to_remove.extend(step.keys.split(',').map(Box::from)),
            Command::Replace | Command::Add => self.put_back(step),
        }
        Some((command, most))
    }

    /// For so long, in milliseconds, no answer could come.
    pub(super) fn paused(&mut self, ms: i64) {
        if let Some(under_way) = &mut self.under_way {
            under_way.sent_at = under_way.sent_at.plus_ms(ms);
        }
    }

    /// The command of this number has been answered: gives what it was to do, if it is one of this service.
    pub(super) fn answered(&mut self, request: Option<u64>) -> Option<Step> {
        let answered = self
            .under_way
            .take_if(|under_way| Some(under_way.request) == request)?;
        self.unanswered = 0;
        Some(answered.step)
    }
}
