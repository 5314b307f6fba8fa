//! Where jumps go to, what they read, and what is seen of them.

use super::*;
use crate::decode::Rejection;
use crate::decode::envelope::decode_line;
use crate::domain::symbol::Resolution;
use crate::pipeline::meters::LoadingView;
use crate::pipeline::source::SeekTarget;
use crate::sources::recording::{Played, Recording, RecordingPlayer};

fn to(minute: f64) -> TransportCommand {
    TransportCommand::Seek(SeekTarget::At(UnixMs(BEGIN + (minute * 60_000.0) as i64)))
}

/// Two files whose lines are mixed, with minutes that both have.
fn two_files() -> tempfile::TempDir {
    let minutes: Vec<f64> = (0..40).map(f64::from).collect();
    let halves: Vec<f64> = (0..80).map(|half| f64::from(half) / 2.0).collect();
    folder(&[
        ("a.jsonl", &lines(&minutes, &["A", "C"])),
        ("b.jsonl", &lines(&halves, &["B", "C"])),
    ])
}

/// Events without what they came in, up to where something is told that begins so.
async fn until(rig: &mut Rig, end: &str) -> Vec<String> {
    let mut events = Vec::new();
    loop {
        let told = rig.told().await;
        if told.starts_with(end) {
            return events;
        }
        if let Some((_, told)) = told.split_once(' ')
            && told.contains('@')
        {
            events.extend(told.split(' ').map(str::to_owned));
        }
    }
}

/// The next message in words, taken after a while.
async fn told_later(rig: &mut Rig) -> String {
    tokio::time::sleep(Duration::from_millis(500)).await;
    rig.told().await
}

fn loading(rig: &Rig) -> Option<LoadingView> {
    rig.control().meters.transport().unwrap().loading
}

#[tokio::test(start_paused = true)]
async fn a_jump_onwards_reads_nothing_again() {
    let folder = two_files();
    let mut rig = Rig::start(open(&folder, at_sixty()), &["A", "B", "C"]);
    rig.tell_next(6).await;
    rig.tell(to(20.0));
    rig.tell(TransportCommand::Speed(Speed::Max));
    until(&mut rig, "seek").await;
    until(&mut rig, "ended").await;
    assert_eq!(rig.control().meters.messages.get(), 120);
    // Nothing is left, so there is nothing to read.
    rig.tell(TransportCommand::SeekBy(60_000));
    until(&mut rig, "ended").await;
    assert_eq!(rig.control().meters.messages.get(), 120);
    rig.tell(TransportCommand::SeekBy(-600_000));
    until(&mut rig, "ended").await;
    assert_eq!(rig.control().meters.messages.get(), 240);
}

#[tokio::test(start_paused = true)]
async fn a_jump_onwards_leads_to_where_opening_there_does() {
    let folder = two_files();
    for place in [3.0, 3.5, 20.25, 39.0, 90.0] {
        let settings = ReplaySettings {
            open_at: Some(UnixMs(BEGIN + (place * 60_000.0) as i64)),
            ..at_max()
        };
        let mut rig = Rig::start(open(&folder, settings), &["A", "B", "C"]);
        let opened = until(&mut rig, "ended").await;
        let mut rig = Rig::start(open(&folder, at_sixty()), &["A", "B", "C"]);
        rig.tell(TransportCommand::Pause);
        let mut events = Vec::new();
        for _ in 0..3 {
            rig.tell(TransportCommand::Step);
        }
        while events.len() < 10 {
            let told = rig.told().await;
            if let Some(told) = told.strip_prefix("data ") {
                events.extend(told.split(' ').map(str::to_owned));
            }
        }
        rig.tell(to(place));
        events.extend(until(&mut rig, "seek").await);
        let history = events.len();
        rig.tell(TransportCommand::Speed(Speed::Max));
        rig.tell(TransportCommand::Resume);
        events.extend(until(&mut rig, "ended").await);
        assert_eq!(events, opened, "{place}");
        let time_of = |event: &String| event.split_once('@').unwrap().1.parse::<f64>().unwrap();
        assert!(
            events[..history].iter().all(|event| time_of(event) < place),
            "{place}"
        );
        assert!(
            events[history..]
                .iter()
                .all(|event| time_of(event) >= place),
            "{place}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_loaded_is_shown_and_another_jump_takes_its_place() {
    let minutes: Vec<f64> = (0..20_000).map(|at| f64::from(at) / 100.0).collect();
    let (early, late): (Vec<f64>, Vec<f64>) = minutes.iter().partition(|minute| **minute < 50.0);
    let folder = folder(&[
        ("a.jsonl", &lines(&early, &["A"])),
        ("b.jsonl", &lines(&late, &["A"])),
    ]);
    // There is no room for more than a few messages, so that loading stands still in between.
    let mut rig = Rig::with_credits(open(&folder, at_sixty()), &["A"], 3);
    rig.tell(TransportCommand::Pause);
    rig.tell_next(2).await;
    assert_eq!(loading(&rig), None);
    rig.tell(to(100.0));
    let stands = |rig: &Rig| rig.control().credits.available_permits() == 0;
    rig.until("loading", stands).await;
    let first = loading(&rig).unwrap();
    assert!(first.is_jump && first.progress < 0.6, "{first:?}");
    let target = UnixMs(BEGIN + 100 * 60_000);
    assert_eq!(rig.control().meters.data_clock(), Some(target));
    let mut before = first.progress;
    for _ in 0..3 {
        assert!(told_later(&mut rig).await.starts_with("history"));
        rig.until("progress", |rig| loading(rig).unwrap().progress > before)
            .await;
        before = loading(&rig).unwrap().progress;
    }
    // Of ten thousand lines that come before it, in messages of a thousand.
    assert!((0.6..1.0).contains(&before), "{before}");
    // Further on: there is one jump, and what has been read is not read again.
    rig.tell(TransportCommand::SeekBy(10 * 60_000));
    let told = until(&mut rig, "seek 2024-07-09T08:50:00-04:00").await;
    assert_eq!(told.len(), 11_000 - 3 * 1024);
    assert_eq!(loading(&rig), None);
    // Back: what has been loaded is forgotten, and so is the jump before.
    rig.tell(to(150.0));
    rig.until("loading", stands).await;
    rig.tell(to(10.0));
    assert!(until(&mut rig, "reset").await.len() < 4096);
    let told = until(&mut rig, "seek 2024-07-09T07:10:00-04:00").await;
    assert_eq!(told.len(), 1000);
    assert_eq!(loading(&rig), None);
    rig.tell(TransportCommand::Step);
    assert_eq!(rig.told().await, "data A@10");
}

#[tokio::test(start_paused = true)]
async fn opening_later_and_joining_are_shown_too() {
    let minutes: Vec<f64> = (0..20_000).map(|at| f64::from(at) / 100.0).collect();
    let folder = folder(&[("a.jsonl", &lines(&minutes, &["A", "B"]))]);
    let settings = ReplaySettings {
        open_at: Some(UnixMs(BEGIN + 100 * 60_000)),
        ..at_sixty()
    };
    let mut rig = Rig::with_credits(open(&folder, settings), &["A"], 3);
    let stands = |rig: &Rig| rig.control().credits.available_permits() == 0;
    let some = |rig: &Rig| loading(rig).is_some_and(|it| !it.is_jump && it.progress > 0.1);
    rig.tell(TransportCommand::Pause);
    rig.until("loading", stands).await;
    for _ in 0..4 {
        told_later(&mut rig).await;
    }
    rig.until("some is loaded", some).await;
    while loading(&rig).is_some() {
        rig.told().await;
    }
    rig.add("B");
    rig.until("joining", stands).await;
    told_later(&mut rig).await;
    rig.until("some is loaded", some).await;
    // A jump waits for it, wherever it goes to; one back would be another beginning.
    rig.tell(TransportCommand::SeekBy(60_000));
    rig.until("it is known", |rig| {
        loading(rig).is_some_and(|it| it.is_jump)
    })
    .await;
    let told = until(&mut rig, "seek 2024-07-09T08:41:00-04:00").await;
    assert_eq!(told.last().unwrap(), "B@100.99");
    assert_eq!(told.iter().filter(|told| *told == "B@99.99").count(), 1);
    assert_eq!(loading(&rig), None);
    rig.tell(TransportCommand::Step);
    assert_eq!(rig.told().await, "data A@101 B@101");
}

#[tokio::test(start_paused = true)]
async fn a_step_back_while_loading_is_one_from_where_that_leads() {
    let minutes: Vec<f64> = (0..6000).map(|at| f64::from(at) / 100.0).collect();
    let folder = folder(&[("a.jsonl", &lines(&minutes, &["A"]))]);
    let mut rig = Rig::with_credits(open(&folder, at_sixty()), &["A"], 3);
    rig.tell(TransportCommand::Pause);
    rig.tell_next(2).await;
    rig.tell(to(50.0));
    rig.until("loading", |rig| {
        rig.control().credits.available_permits() == 0
    })
    .await;
    for command in [
        TransportCommand::StepBack,
        TransportCommand::StepBack,
        TransportCommand::Step,
        TransportCommand::StepBack,
    ] {
        rig.tell(command);
    }
    until(&mut rig, "seek 2024-07-09T07:50:00-04:00").await;
    // To before 49.99, to before 49.98, which is then played, and back again.
    assert_eq!(until(&mut rig, "reset").await.len(), 0);
    assert_eq!(until(&mut rig, "seek").await.last().unwrap(), "A@49.98");
    assert_eq!(until(&mut rig, "reset").await.len(), 0);
    assert_eq!(until(&mut rig, "seek").await.last().unwrap(), "A@49.97");
    assert_eq!(rig.told().await, "data A@49.98");
    assert_eq!(until(&mut rig, "reset").await.len(), 0);
    assert_eq!(until(&mut rig, "seek").await.last().unwrap(), "A@49.97");
    rig.assert_silent().await;
}

#[tokio::test(start_paused = true)]
async fn a_file_that_broke_off_is_read_again_at_its_end() {
    let whole = zstd::encode_all(&lines(&[0.0, 1.0, 2.0], &["A"])[..], 0).unwrap();
    let folder = folder(&[("a.jsonl.zst", &whole[..whole.len() - 4])]);
    let mut rig = Rig::start(open(&folder, at_max()), &["A"]);
    until(&mut rig, "ended").await;
    std::fs::write(folder.path().join("a.jsonl.zst"), &whole).unwrap();
    rig.tell(to(10.0));
    assert_eq!(rig.told().await, "reset");
    assert_eq!(until(&mut rig, "seek").await, ["A@0", "A@1", "A@2"]);
}

/// A recording whose lines hold bars, as those of [`line`] do.
#[derive(Debug)]
struct Bars;

struct BarsPlayer(Vec<Symbol>);

impl Recording for Bars {
    fn kind(&self) -> &'static str {
        "bars"
    }
    fn source(&self) -> &'static str {
        "bars"
    }
    fn started(&self) -> UnixMs {
        UnixMs(BEGIN)
    }
    fn calendar(&self) -> SessionCalendar {
        SessionCalendar::UsEquities
    }
    fn products(&self) -> Products {
        Products::default()
    }
    fn time_of(&self, line: &[u8]) -> Option<UnixMs> {
        let mut played = Played::default();
        self.player().take(line, &mut played).ok()?;
        played.time
    }
    fn player(&self) -> Box<dyn RecordingPlayer> {
        Box::new(BarsPlayer(Vec::new()))
    }
}

impl RecordingPlayer for BarsPlayer {
    fn take(&mut self, line: &[u8], played: &mut Played) -> Result<(), Rejection> {
        let line = decode_line(line, &mut played.events, &mut |text| {
            let symbol = Symbol::new(text).unwrap();
            let known = self.0.iter().position(|known| *known == symbol);
            let at = known.unwrap_or_else(|| {
                self.0.push(symbol);
                self.0.len() - 1
            });
            Resolution::Subscribed(SymbolId(at as u32))
        })?;
        played.time = line.time;
        Ok(())
    }

    fn miss(&mut self, _: &mut Played) {}

    fn symbol(&self, id: SymbolId) -> Option<&Symbol> {
        self.0.get(id.index())
    }
}

/// Two recordings whose lines are mixed, with symbols that both have, and a line that is none.
fn two_recordings() -> tempfile::TempDir {
    let minutes: Vec<f64> = (0..40).map(f64::from).collect();
    let halves: Vec<f64> = (0..80).map(|half| f64::from(half) / 2.0).collect();
    let pack = |lines: &[u8]| zstd::encode_all(lines, 0).unwrap();
    let mut with_error = lines(&minutes[..30], &["A", "C"]);
    with_error.extend_from_slice(b"nonsense\n");
    with_error.extend(lines(&minutes[30..], &["A", "C"]));
    folder(&[
        ("a-0001.rec.zst", &pack(&with_error)),
        ("b-0001.rec.zst", &pack(&lines(&halves, &["B", "C"]))),
    ])
}

fn recorded(settings: ReplaySettings) -> ReplaySettings {
    ReplaySettings {
        read_head: Some(|_| Ok(Arc::new(Bars))),
        ..settings
    }
}

/// Everything that comes until the end, after a jump.
async fn all_after(rig: &mut Rig, jump: TransportCommand) -> Vec<String> {
    rig.tell(jump);
    rig.tell(TransportCommand::Speed(Speed::Max));
    rig.tell(TransportCommand::Resume);
    rig.all().await
}

#[tokio::test(start_paused = true)]
async fn the_progress_of_recordings_is_that_of_their_time() {
    // Most of the bytes are in the first minute.
    let minutes: Vec<f64> = (0..6_000)
        .map(|at| f64::from(at) / 6_000.0)
        .chain((1..=40).map(f64::from))
        .collect();
    let pack = |minutes: &[f64]| zstd::encode_all(&lines(minutes, &["A"])[..], 0).unwrap();
    let folder = folder(&[
        ("a-0001.rec.zst", &pack(&minutes[..6_010])),
        ("a-0002.rec.zst", &pack(&minutes[6_010..])),
        ("b-0001.rec.zst", &pack(&[0.0, 3.0])),
    ]);
    let mut rig = Rig::start(open(&folder, recorded(at_sixty())), &["A"]);
    let shown = |rig: &Rig| rig.control().meters.transport().unwrap().progress;
    while rig.told().await != "data A@10" {}
    rig.until("the progress", |rig| (0.24..0.28).contains(&shown(rig)))
        .await;
    while rig.told().await != "data A@20" {}
    rig.until("the progress", |rig| (0.49..0.53).contains(&shown(rig)))
        .await;
    rig.tell(to(10.0));
    until(&mut rig, "seek").await;
    rig.until("the progress", |rig| (0.24..0.28).contains(&shown(rig)))
        .await;
}

#[tokio::test(start_paused = true)]
async fn a_jump_back_in_recordings_reads_nothing_again() {
    let folder = two_recordings();
    for symbols in [&["A", "B", "C"][..], &["C"], &[]] {
        let mut rig = Rig::start(open(&folder, recorded(at_sixty())), symbols);
        rig.tell_next(40).await;
        rig.tell(TransportCommand::Pause);
        let read = rig.control().meters.messages.get();
        rig.tell(to(2.0));
        until(&mut rig, "seek").await;
        rig.tell(to(8.0));
        until(&mut rig, "seek").await;
        assert_eq!(rig.control().meters.messages.get(), read, "{symbols:?}");
        // Back, then past where it has been, to the end, and all of it once more.
        let first = all_after(&mut rig, to(5.0)).await;
        assert_eq!(rig.control().meters.messages.get(), 121, "{symbols:?}");
        let second = all_after(&mut rig, to(5.0)).await;
        assert_eq!(rig.control().meters.messages.get(), 121, "{symbols:?}");
        let mut afresh = Rig::start(open(&folder, recorded(at_sixty())), symbols);
        afresh.tell(TransportCommand::Pause);
        afresh.tell_next(2).await;
        let expected = all_after(&mut afresh, to(5.0)).await;
        let is_rejected = |told: &String| told.starts_with("rejected");
        let without = |told: &[String]| -> Vec<String> {
            let told = told
                .iter()
                .filter(|told| !is_rejected(told) && *told != "reset");
            told.cloned().collect()
        };
        assert_eq!(first.iter().filter(|told| is_rejected(told)).count(), 1);
        assert_eq!(second.iter().filter(|told| is_rejected(told)).count(), 0);
        assert_eq!(without(&first), without(&expected), "{symbols:?}");
        assert_eq!(without(&second), without(&expected), "{symbols:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn who_comes_or_goes_is_minded_when_a_recording_is_rewound() {
    let folder = two_recordings();
    let mut rig = Rig::start(open(&folder, recorded(at_max())), &["A", "C"]);
    rig.all().await;
    rig.tell(TransportCommand::Pause);
    rig.remove("C");
    rig.tell(to(2.0));
    assert_eq!(until(&mut rig, "seek").await, ["A@0", "A@1"]);
    rig.tell(TransportCommand::Step);
    assert_eq!(rig.told().await, "data A@2");
    rig.tell(TransportCommand::Step);
    assert_eq!(rig.told().await, "data A@3");
    rig.add("C");
    let joined = until(&mut rig, "history C@0 C@0").await;
    assert_eq!(joined.len(), 0);
    rig.tell(TransportCommand::Step);
    assert_eq!(rig.told().await, "data C@3.5");
    rig.add("B");
    assert!(rig.told().await.starts_with("history B@0 B@0.5"));
    rig.tell(to(1.0));
    let told = until(&mut rig, "seek").await;
    assert_eq!(told, ["A@0", "C@0", "B@0", "C@0", "B@0.5", "C@0.5"]);
    // Who comes while that is loaded comes after it; with a jump, at once.
    rig.remove("B");
    rig.add("B");
    rig.tell(to(0.5));
    let told = until(&mut rig, "seek").await;
    assert_eq!(
        told.iter().filter(|told| *told == "B@0").count(),
        1,
        "{told:?}"
    );
    rig.tell(TransportCommand::Step);
    assert_eq!(rig.told().await, "data B@0.5 C@0.5");
}

#[tokio::test(start_paused = true)]
async fn a_loop_over_a_recording_reads_it_once() {
    let folder = two_recordings();
    let settings = ReplaySettings {
        looping: true,
        ..recorded(at_max())
    };
    let mut rig = Rig::start(open(&folder, settings), &["A", "B", "C"]);
    let first = until(&mut rig, "reset").await;
    until(&mut rig, "seek").await;
    let second = until(&mut rig, "reset").await;
    assert_eq!(first, second);
    assert_eq!(rig.control().meters.messages.get(), 121);
}
