//! Puts the parts together and takes them apart again in the right order.
//!
//! Shutting down runs along the flow: the streamers are asked to stop and the processing channel closes behind the
//! last of them; the process supervisor delivers what is in it, waits for the workers and ends their threads, which
//! closes the results channel; the administrator takes what is left, flushes the sinks and ends.

use std::sync::Arc;
use std::thread::{self, JoinHandle};

use crossbeam_channel::{Receiver, Sender, bounded, unbounded};
use tokio::sync::oneshot;

use crate::domain::clock::Clock;
use crate::domain::event::Event;
use crate::domain::outcome::{ErrorInstance, ErrorKind};
use crate::domain::source::SourceIndex;
use crate::domain::symbol::Symbol;

use super::administrator::{self, Administrator, Gauges, Health, SourceEntry};
use super::board::Board;
use super::columns::{ColumnEngine, ColumnQueue};
use super::command::Command;
use super::directory::Directory;
use super::export::Exporter;
use super::feed::Feed;
use super::histories::{Histories, PastBars};
use super::outcome::Batch;
use super::process_supervisor::{Control, Parts, ProcessSupervisor, SourceDesk};
use super::question::{Analyst, NoAnalyst};
use super::recording::{NoRecorder, Recorder};
use super::settings::EngineSettings;
use super::sink::Sink;
use super::snapshot::Snapshot;
use super::source::{Envelope, Source};
use super::stream_supervisor::StreamSupervisor;
use super::worker_threads::WorkerThreads;

/// Commands that may wait for the administrator.
const COMMANDS_CAPACITY: usize = 1024;

/// A source with the symbols wanted of it.
pub struct SourcePlan {
    /// The source.
    pub source: Box<dyn Source>,
    /// The symbols; `None` subscribes each as it appears.
    pub symbols: Option<Vec<Symbol>>,
}

/// Where everything goes but the screen, and what is there already.
pub struct Outputs {
    /// Every result, error and status.
    pub sinks: Vec<Box<dyn Sink>>,
    /// What live sources receive, when a person wants it.
    pub recorder: Arc<dyn Recorder>,
    /// Who answers questions about the data.
    pub analyst: Arc<dyn Analyst>,
    /// Who writes files of what is kept, where a person may ask for it.
    pub exporter: Option<Arc<dyn Exporter>>,
    /// Who evaluates a person's own columns, where there are such.
    pub columns: Option<Arc<dyn ColumnEngine>>,
    /// What went wrong before the start: it is told before anything else.
    pub troubles: Vec<ErrorInstance>,
    /// Bars from before the start.
    pub past: PastBars,
}

impl From<Vec<Box<dyn Sink>>> for Outputs {
    fn from(sinks: Vec<Box<dyn Sink>>) -> Self {
        Self {
            sinks,
            recorder: Arc::new(NoRecorder),
            analyst: Arc::new(NoAnalyst),
            exporter: None,
            columns: None,
            troubles: Vec::new(),
            past: PastBars::default(),
        }
    }
}

/// Work of your own, done by a symbol's worker for every event before the built-in services see it.
pub type Analysis = Arc<dyn Fn(&Symbol, &Event) + Send + Sync>;

/// A running engine.
#[derive(Debug)]
pub struct EngineHandle {
    /// Orders to it.
    pub commands: Sender<Command>,
    /// The board. A snapshot is made when somebody receives from this and the board has changed since the last one.
    /// Disconnected when the engine has finished.
    pub snapshots: Receiver<Arc<Snapshot>>,
    /// What is kept of every symbol. It stays when the engine has finished.
    pub histories: Arc<Histories>,
    administrator: JoinHandle<EngineReport>,
    streamers: JoinHandle<()>,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct EngineReport {
    /// Every source stopped for a reason that trying again would not mend.
    pub all_hopeless: bool,
    /// Events that workers took.
    pub events: u64,
    /// Results that they made of them.
    pub results: u64,
}

/// Starts the engine: its threads, and a runtime for the streamers.
///
/// # Errors
/// When a thread cannot be started.
pub fn start(
    settings: EngineSettings,
    sources: Vec<SourcePlan>,
    outputs: impl Into<Outputs>,
    clock: Arc<dyn Clock>,
    analysis: Option<Analysis>,
) -> std::io::Result<EngineHandle> {
    let Outputs {
        sinks,
        recorder,
        analyst,
        exporter,
        columns,
        troubles,
        past,
    } = outputs.into();
    let settings = Arc::new(settings);
    let directory = Arc::new(Directory::new(settings.symbols_max));
    let histories = Arc::new(Histories::new(Arc::clone(&settings), past));
    // Room for every credit, and for one last word of each streamer.
    let credits = (settings.processing_capacity / sources.len().max(1)).max(1);
    let (message_sender, messages) = bounded((credits + 1) * sources.len().max(1));
    let (result_sender, results) = bounded(settings.results_capacity.max(1));
    let (command_sender, commands) = bounded(COMMANDS_CAPACITY);
    let (control_sender, control) = unbounded();
    let (snapshot_sender, snapshots) = bounded(0);
    let threads = WorkerThreads::new(
        settings.worker_threads,
        Arc::clone(&clock),
        result_sender.clone(),
        control_sender.clone(),
    );

    // Sources that have ended are no reason for a screen to go: the engine runs until it is told to finish.
    let (running, streamers_may_go) = oneshot::channel();
    let running = (!settings.stop_when_ended).then_some(running);
    let mut streamers =
        StreamSupervisor::new(Arc::clone(&clock), message_sender.clone(), streamers_may_go)?;
    let hall = Hall {
        directory: &directory,
        clock: &clock,
        messages: message_sender,
        control: &control_sender,
        commands: &command_sender,
        credits,
    };
    let (mut desks, mut entries, mut starts) = (Vec::new(), Vec::new(), Vec::new());
    for plan in sources {
        let (desk, entry, start) = hall.seat(plan);
        desks.push(desk);
        entries.push(entry);
        starts.push(start);
    }
    drop(hall);

    let gauges = gauges(&messages, &results, &threads, &histories);
    let administrator = Administrator::new(administrator::Parts {
        board: Board::new(settings.history_rows),
        health: Health::new(gauges, entries.len()),
        settings: Arc::clone(&settings),
        directory: Arc::clone(&directory),
        clock: Arc::clone(&clock),
        results,
        commands,
        control: control_sender,
        snapshots: snapshot_sender,
        sources: entries,
        sinks,
        recorder,
        analyst,
        exporter,
        replies: command_sender.clone(),
        histories: Arc::clone(&histories),
        troubles,
        running,
    });
    let columns = columns
        .map(|engine| ColumnQueue::start(engine, &histories, &clock, &result_sender))
        .transpose()?;
    let supervisor = ProcessSupervisor::new(Parts {
        settings,
        directory,
        clock,
        histories: Arc::clone(&histories),
        analysis,
        columns,
        messages,
        control,
        results: result_sender,
        threads,
        sources: desks,
    });
    let administrator = thread::Builder::new()
        .name("administrator".into())
        .spawn(move || administrator.run())?;
    thread::Builder::new()
        .name("process supervisor".into())
        .spawn(move || supervisor.run())?;
    for (index, source, feed) in starts {
        streamers.start(index, source, feed);
    }
    let streamers = thread::Builder::new()
        .name("stream supervisor".into())
        .spawn(move || streamers.run())?;
    Ok(EngineHandle {
        commands: command_sender,
        snapshots,
        histories,
        administrator,
        streamers,
    })
}

/// What the administrator reads of the other parts.
fn gauges(
    messages: &Receiver<Vec<Envelope>>,
    results: &Receiver<Batch>,
    threads: &Arc<WorkerThreads>,
    histories: &Histories,
) -> Gauges {
    let (messages, results) = (messages.clone(), results.clone());
    Gauges {
        processing: Box::new(move || messages.len()),
        results: Box::new(move || results.len()),
        threads: Arc::clone(threads),
        budget: Arc::clone(histories.budget()),
    }
}

/// What every source is connected to.
struct Hall<'a> {
    directory: &'a Arc<Directory>,
    clock: &'a Arc<dyn Clock>,
    messages: Sender<Vec<Envelope>>,
    control: &'a Sender<Control>,
    commands: &'a Sender<Command>,
    credits: usize,
}

impl Hall<'_> {
    /// Registers a source and its symbols: what the process supervisor, the administrator and the stream supervisor
    /// get of it.
    fn seat(
        &self,
        plan: SourcePlan,
    ) -> (
        SourceDesk,
        SourceEntry,
        (SourceIndex, Box<dyn Source>, Feed),
    ) {
        let SourcePlan { source, symbols } = plan;
        let info = source.info();
        let index = self.directory.add_source(symbols.is_none());
        for symbol in symbols.iter().flatten() {
            if let Err(full) = self.directory.subscribe(index, symbol) {
                let error = ErrorInstance::new(
                    ErrorKind::Overload,
                    format!("{symbol} was not added: {full}"),
                );
                // When more are refused than commands may wait, the first ones tell enough.
                drop(self.commands.try_send(Command::Report(Box::new(error))));
            }
        }
        let (feed, feed_control) = Feed::new(
            index,
            Arc::clone(&info),
            Arc::clone(self.directory),
            Arc::clone(self.clock),
            self.messages.clone(),
            self.credits,
        );
        let symbols = self.directory.subscribed(index);
        drop(self.control.send(Control::Create(index, symbols)));
        let meters = Arc::clone(&feed_control.meters);
        let desk = SourceDesk::new(
            Arc::clone(&info),
            Arc::clone(&meters),
            Arc::clone(&feed_control.credits),
        );
        let entry = SourceEntry {
            info,
            control: Some(feed_control),
            meters,
            ended: None,
            orders: 0,
        };
        (desk, entry, (index, source, feed))
    }
}

impl EngineHandle {
    /// Whether the engine has finished.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.administrator.is_finished()
    }

    /// Waits until the engine has finished: after [`Command::Quit`], or when every source has ended and the settings
    /// say so.
    #[must_use]
    pub fn join(self) -> EngineReport {
        let report = self.administrator.join().unwrap_or_default();
        drop(self.streamers.join());
        report
    }
}
