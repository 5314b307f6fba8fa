//! The streamer: sends every frame when its time has come, and takes commands meanwhile.
//!
//! It is one loop with one thing to do at a time, in this order: obey commands, send what is to be sent, take in what
//! has been read, load history after a jump, play. Whatever it waits for, it listens for commands too.

mod commands;
mod ending;
mod jump;
mod load;
mod opening;
mod outbox;
mod show;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::domain::event::Event;
use crate::domain::source::SourceInfo;
use crate::domain::symbol::{Symbol, SymbolId};
use crate::domain::time::UnixMs;
use crate::pipeline::feed::{EngineGone, Feed};
use crate::pipeline::meters::{ConnectionState, SourceMeters};
use crate::pipeline::source::{Message, TransportCommand};

use super::admission::Admission;
use super::files::File;
use super::frame::{Context, Frame, Window};
use super::merge::Merge;
use super::playback::Playback;
use super::reader::{Reader, Reply};
use super::{ReplaySettings, ReplaySource};

use load::Load;
use opening::Header;
use outbox::Outgoing;
use show::Shown;

/// How often the shown clock moves while the replay waits for its next data.
const TICK: Duration = Duration::from_millis(250);
/// Frames that are taken before commands are looked for again.
const FRAMES_AT_ONCE: usize = 64;
/// Rows that are sent in one envelope.
const ROWS_TOGETHER: usize = 64;

/// Plays until the engine lets go of the feed.
pub(super) async fn run(source: ReplaySource, feed: Feed) {
    let ReplaySource {
        settings,
        files,
        warnings,
        ..
    } = source;
    let EngineGone = match Reader::start(files.clone()) {
        Ok(reader) => {
            let mut player = Player::new(settings, files, feed, reader);
            player.put_errors(warnings);
            player.play().await
        }
        Err(error) => ending::fail(feed, &error).await,
    };
    tracing::debug!("the replay has stopped");
}

/// Playing one event time while paused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    No,
    /// The next event time, whichever that is.
    Next,
    /// What belongs up to this time.
    Until(i64),
}

/// How far the replay has come with opening its files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    New,
    /// The headers of tables, and the endings of recordings, have been asked for.
    Headers,
    Open,
}

struct Player {
    settings: ReplaySettings,
    window: Window,
    files: Vec<File>,
    headers: Vec<Header>,
    /// When the recordings end, where that is known.
    endings: Vec<Option<i64>>,
    /// Headers and endings that have been asked for and have not come.
    headers_awaited: usize,
    /// When the data begins and ends, where that is known.
    span: Option<(i64, i64)>,
    // The feed's own, apart from it, because its resolver borrows it whole.
    meters: Arc<SourceMeters>,
    info: Arc<SourceInfo>,
    feed: Feed,
    reader: Reader,
    merge: Merge,
    playback: Playback,
    admission: Admission,
    outbox: VecDeque<Outgoing>,
    load: Load,
    /// Symbols that join when what is being loaded is there.
    deferred: VecDeque<Vec<(Symbol, SymbolId)>>,
    /// Commands that came before the replay stood anywhere.
    early: VecDeque<TransportCommand>,
    /// Steps back, and what steps follow them, that wait until what is being loaded is there.
    late: VecDeque<TransportCommand>,
    /// How often it has been told something as a replay.
    orders: u64,
    step: Step,
    /// Steps asked for while one was under way.
    more_steps: u32,
    stage: Stage,
    has_ended: bool,
    /// Whether anything has been played since the beginning or the last jump.
    has_played: bool,
    has_said_full: bool,
    last_played: Option<i64>,
    /// The pacing time of the latest frame that has been played or loaded, for whomever.
    reached: i64,
    /// By file: lines that have been played, and lines whose rejections have been reported.
    played: Vec<u64>,
    reported: Vec<u64>,
    next_stream: u64,
    shown: Shown,
}

impl Player {
    fn new(settings: ReplaySettings, files: Vec<File>, feed: Feed, reader: Reader) -> Self {
        let admission = Admission::new(&feed.subscribed());
        Self {
            window: Window {
                start: settings.start,
                end: settings.end,
                stamp: settings.bar_stamp,
            },
            playback: Playback::new(settings.speed, settings.gaps),
            settings,
            headers: files.iter().map(|_| Header::Unknown).collect(),
            endings: vec![None; files.len()],
            headers_awaited: 0,
            span: None,
            played: vec![0; files.len()],
            reported: vec![0; files.len()],
            files,
            meters: Arc::clone(feed.meters()),
            info: Arc::clone(feed.info()),
            feed,
            reader,
            merge: Merge::default(),
            admission,
            outbox: VecDeque::new(),
            load: Load::Nothing,
            deferred: VecDeque::new(),
            early: VecDeque::new(),
            late: VecDeque::new(),
            orders: 0,
            step: Step::No,
            more_steps: 0,
            stage: Stage::New,
            has_ended: false,
            has_played: false,
            has_said_full: false,
            last_played: None,
            reached: i64::MIN,
            next_stream: 0,
            shown: Shown::default(),
        }
    }

    async fn play(mut self) -> EngineGone {
        loop {
            if let Err(gone) = self.turn().await {
                return gone;
            }
        }
    }

    /// Does the next thing.
    async fn turn(&mut self) -> Result<(), EngineGone> {
        while let Some(command) = self.feed.pending_command()? {
            self.obey(command);
        }
        if self.load.is_something() {
            self.publish_now_and_then(Instant::now());
        }
        if !self.outbox.is_empty() {
            return self.send().await;
        }
        if self.headers_awaited > 0 || self.merge.is_waiting() {
            return self.read().await;
        }
        if self.stage != Stage::Open {
            self.open();
            return Ok(());
        }
        if let Some(command) = self.early.pop_front() {
            self.transport(command);
            return Ok(());
        }
        if self.load.is_something() {
            self.load_some();
            return Ok(());
        }
        if let Some(symbols) = self.deferred.pop_front() {
            self.join(symbols);
            return Ok(());
        }
        if self.step == Step::No
            && let Some(command) = self.late.pop_front()
        {
            self.drive(command);
            return Ok(());
        }
        self.play_on().await
    }

    async fn send(&mut self) -> Result<(), EngineGone> {
        if let Some(command) = self.feed.ready_or_command().await? {
            self.obey(command);
        } else if let Some(outgoing) = self.outbox.pop_front() {
            if matches!(outgoing.message, Message::Data(_)) {
                self.meters.last_message.set(outgoing.received.0);
            }
            self.feed.send(outgoing.received, outgoing.message)?;
        }
        Ok(())
    }

    async fn read(&mut self) -> Result<(), EngineGone> {
        let reply = tokio::select! {
            biased;
            command = self.feed.next_command() => {
                self.obey(command.ok_or(EngineGone)?);
                return Ok(());
            }
            reply = self.reader.reply() => reply,
        };
        match reply {
            Some(Reply::Header { file, line }) => self.take_header(file, line),
            Some(Reply::Ending { file, time }) => {
                self.headers_awaited = self.headers_awaited.saturating_sub(1);
                self.endings[file] = time.map(|time| time.0);
            }
            Some(Reply::Chunk { stream, chunk }) => {
                let (merge, mut context) = self.decoding();
                merge.give(stream, chunk, &mut context);
            }
            None => self.reader_gone(),
        }
        Ok(())
    }

    /// Plays what is due, or waits until something is.
    async fn play_on(&mut self) -> Result<(), EngineGone> {
        let now = Instant::now();
        let Some(pacing) = self.merge.peek().map(|frame| frame.pacing) else {
            return self.end().await;
        };
        if self.has_ended {
            // A symbol has joined that has more to come.
            self.has_ended = false;
            self.shown.progress = 0.0;
            self.playback.halt(false, now);
        }
        self.step = match self.step {
            Step::Next => Step::Until(pacing),
            Step::Until(time) if pacing > time && self.more_steps > 0 => {
                self.more_steps -= 1;
                Step::Until(pacing)
            }
            Step::Until(time) if pacing > time => Step::No,
            other => other,
        };
        if self.step == Step::No && !self.late.is_empty() {
            return Ok(());
        }
        if self.playback.is_paused() && self.step == Step::No {
            self.publish(ConnectionState::Paused);
            self.show_standing();
            return self.listen(None).await;
        }
        let due = self.due(pacing, now);
        if due > now {
            self.show_clock(now, pacing);
            self.publish(ConnectionState::Connected);
            return self.listen(Some(due.min(now + TICK))).await;
        }
        self.play_due(now);
        self.publish_now_and_then(now);
        Ok(())
    }

    /// When a frame is due: at once when it has no time, and while stepping.
    fn due(&mut self, pacing: i64, now: Instant) -> Instant {
        if pacing == i64::MIN || self.step != Step::No {
            return now;
        }
        self.playback.due(pacing, now)
    }

    /// Takes frames that are due and puts them into the outbox: one line in one envelope, rows together.
    fn play_due(&mut self, now: Instant) {
        let received = self.feed.now();
        let mut rows: Vec<Event> = Vec::new();
        let mut rows_time = i64::MIN;
        for _ in 0..FRAMES_AT_ONCE {
            if self.merge.is_waiting() {
                break;
            }
            let Some((pacing, is_row)) = self.merge.peek().map(|head| (head.pacing, head.is_row))
            else {
                break;
            };
            let due = self.due(pacing, now);
            let is_stepped = !matches!(self.step, Step::Until(time) if pacing > time);
            if due > now || !is_stepped {
                break;
            }
            let other_time = pacing != rows_time && !self.playback.is_unpaced();
            if !is_row || other_time || rows.len() >= ROWS_TOGETHER {
                self.put_data(received, std::mem::take(&mut rows));
            }
            let (merge, mut context) = self.decoding();
            let Some((file, mut frame)) = merge.pop(&mut context) else {
                break;
            };
            self.frame_taken(file, &frame);
            if pacing != i64::MIN {
                self.playback.played(pacing, due, now);
                self.meters.set_data_clock(UnixMs(pacing));
            }
            if is_row {
                rows_time = pacing;
                self.keep_wanted(&mut frame.events);
                rows.append(&mut frame.events);
                self.merge.reuse(file, frame.events);
            } else {
                self.put_data(received, frame.events);
            }
            if !frame.errors.is_empty() {
                self.put_data(received, std::mem::take(&mut rows));
                self.put_errors(frame.errors);
            }
            self.put_changes(frame.changes);
        }
        self.put_data(received, rows);
        self.say_full();
    }

    /// Notes that a frame has been taken from its file, to be played or loaded.
    fn frame_taken(&mut self, file: usize, frame: &Frame) {
        self.has_played = true;
        self.played[file] = self.played[file].max(frame.ordinal);
        if !frame.errors.is_empty() {
            self.reported[file] = self.reported[file].max(frame.ordinal);
        }
        self.note_changes(&frame.changes);
        self.reached = self.reached.max(frame.pacing);
        if frame.pacing != i64::MIN {
            self.last_played = self.last_played.max(Some(frame.pacing));
        }
    }

    /// Waits for a command, at most until `wake`.
    async fn listen(&mut self, wake: Option<Instant>) -> Result<(), EngineGone> {
        let command = match wake {
            None => self.feed.next_command().await,
            Some(wake) => tokio::select! {
                biased;
                command = self.feed.next_command() => command,
                () = tokio::time::sleep_until(wake) => return Ok(()),
            },
        };
        self.obey(command.ok_or(EngineGone)?);
        Ok(())
    }

    /// The merge, and what it needs for decoding.
    fn decoding(&mut self) -> (&mut Merge, Context<'_>) {
        let context = Context {
            reader: &self.reader,
            resolver: self.feed.resolver(),
            admission: &mut self.admission,
            meters: &self.meters,
            info: &self.info,
            window: self.window,
        };
        (&mut self.merge, context)
    }
}
