//! How much the first line says of each thing, and what it says less of when there is little room.

use crate::domain::source::SourceName;
use crate::pipeline::Snapshot;
use crate::pipeline::snapshot::SourceView;

use super::super::panel::PanelContext;

/// Sources that are named one by one at most.
const SOURCES_MAX: usize = 8;

/// How a clock is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Clock {
    /// Weekday, date with its year, time, zone.
    Full,
    /// Date, time, zone.
    Date,
    /// Date and time.
    WithoutZone,
    /// The time of day.
    Time,
    /// Not at all.
    Hidden,
}

/// How a replay's controls are written; the speed is never left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Transport {
    /// The progress bar's width.
    pub(super) bar_columns: usize,
    /// Whether the progress is given in per cent too.
    pub(super) has_percent: bool,
    /// Whether it is said that the replay begins again at its end.
    pub(super) has_loop: bool,
}

/// How a source is written; its badge and the mark of its state are never left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Source {
    /// Its place among the snapshot's sources.
    pub(super) at: usize,
    /// Room for its name.
    pub(super) name_columns: usize,
    /// Whether the state is said in a word.
    pub(super) has_word: bool,
}

/// How much is said of each thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Detail {
    pub(super) has_program: bool,
    pub(super) has_rates: bool,
    /// Whether it is said at length that the program is about to leave.
    pub(super) has_advice: bool,
    pub(super) clock: Clock,
    pub(super) transport: Transport,
    pub(super) sources: Vec<Source>,
    /// The source, by its place, that clock and controls belong to.
    pub(super) main: Option<usize>,
}

/// One thing said in fewer words.
#[derive(Debug, Clone, Copy)]
pub(super) enum Step {
    Program,
    Rates,
    Advice,
    Clock(Clock),
    Bar(usize),
    Percent,
    /// Of the source at this place in the snapshot.
    Name(usize, usize),
    Word(usize),
    Hide(usize),
}

impl Detail {
    /// Everything in full.
    pub(super) fn full(context: &PanelContext<'_>) -> Self {
        let snapshot = context.snapshot;
        let main = main_source(context);
        let mut places: Vec<usize> = (0..snapshot.sources.len()).take(SOURCES_MAX).collect();
        if let Some(main) = main.filter(|main| *main >= SOURCES_MAX) {
            // The one that the clock belongs to is never among those that are only counted.
            places.pop();
            places.push(main);
        }
        Self {
            has_program: true,
            has_rates: true,
            has_advice: true,
            clock: Clock::Full,
            transport: Transport {
                bar_columns: 16,
                has_percent: true,
                has_loop: true,
            },
            sources: places
                .into_iter()
                .map(|at| Source {
                    at,
                    name_columns: 28,
                    has_word: true,
                })
                .collect(),
            main,
        }
    }

    /// What is said in fewer words, one thing after another, until everything fits.
    pub(super) fn steps(&self) -> Vec<Step> {
        let places = self.sources.iter().map(|source| source.at);
        let (main, mut others): (Vec<usize>, Vec<usize>) =
            places.partition(|at| Some(*at) == self.main);
        // The last ones first.
        others.reverse();
        let of = |places: &[usize], step: &dyn Fn(usize) -> Step| -> Vec<Step> {
            places.iter().map(|at| step(*at)).collect()
        };
        let mut steps = vec![Step::Program];
        steps.extend(of(&others, &|at| Step::Name(at, 16)));
        steps.push(Step::Clock(Clock::Date));
        steps.extend([Step::Advice, Step::Bar(8), Step::Rates]);
        steps.extend(of(&main, &|at| Step::Name(at, 16)));
        steps.extend(of(&others, &Step::Word));
        steps.push(Step::Clock(Clock::WithoutZone));
        steps.extend(of(&others, &|at| Step::Name(at, 8)));
        steps.extend(of(&main, &Step::Word));
        steps.extend(of(&main, &|at| Step::Name(at, 8)));
        steps.push(Step::Bar(0));
        steps.push(Step::Clock(Clock::Time));
        steps.extend(of(&others, &Step::Hide));
        steps.extend([Step::Percent, Step::Clock(Clock::Hidden)]);
        steps.extend(of(&main, &|at| Step::Name(at, 0)));
        steps
    }

    /// Takes a step.
    pub(super) fn apply(&mut self, step: Step) {
        let source = |sources: &mut Vec<Source>, at: usize, change: &dyn Fn(&mut Source)| {
            sources
                .iter_mut()
                .filter(|source| source.at == at)
                .for_each(change);
        };
        match step {
            Step::Program => self.has_program = false,
            Step::Rates => self.has_rates = false,
            Step::Advice => self.has_advice = false,
            Step::Clock(clock) => self.clock = clock,
            Step::Bar(columns) => {
                self.transport.bar_columns = columns;
                self.transport.has_loop = false;
            }
            Step::Percent => self.transport.has_percent = false,
            Step::Name(at, columns) => source(&mut self.sources, at, &|source| {
                source.name_columns = columns;
            }),
            Step::Word(at) => source(&mut self.sources, at, &|source| source.has_word = false),
            // One has to stay.
            Step::Hide(at) if self.sources.len() > 1 => {
                self.sources.retain(|source| source.at != at);
            }
            Step::Hide(_) => {}
        }
    }
}

/// The source whose clock and controls are shown: the selected row's if it is a replay, else the first replay, else
/// the selected row's or the only one.
fn main_source(context: &PanelContext<'_>) -> Option<usize> {
    let snapshot: &Snapshot = context.snapshot;
    let selected: Option<&SourceName> = context
        .selected
        .and_then(|id| snapshot.rows.get(id))
        .map(|row| &row.source);
    let place = |is_it: &dyn Fn(&SourceView) -> bool| snapshot.sources.iter().position(is_it);
    let is_selected = |source: &SourceView| Some(&source.name) == selected;
    place(&|source| is_selected(source) && source.transport.is_some())
        .or_else(|| place(&|source| source.transport.is_some()))
        .or_else(|| place(&is_selected))
        .or_else(|| (snapshot.sources.len() == 1).then_some(0))
}
