//! Pacing and commands.

use super::*;
use crate::pipeline::meters::ConnectionState;
use crate::pipeline::source::SeekTarget;

/// Milliseconds on the runtime's clock between one message and the next ones.
async fn waits(rig: &mut Rig, count: usize) -> Vec<u128> {
    let mut waits = Vec::new();
    let mut before = rig.at;
    for _ in 0..count {
        rig.next().await;
        waits.push((rig.at - before).as_millis());
        before = rig.at;
    }
    waits
}

fn about(waits: &[u128], expected: &[u128]) {
    assert_eq!(waits.len(), expected.len());
    for (wait, expected) in waits.iter().zip(expected) {
        assert!(wait.abs_diff(*expected) <= 5, "{waits:?}");
    }
}

fn ten_minutes() -> tempfile::TempDir {
    let minutes: Vec<f64> = (0..10).map(f64::from).collect();
    folder(&[("a.jsonl", &lines(&minutes, &["A"]))])
}

#[tokio::test(start_paused = true)]
async fn data_is_paced_and_speed_changes_at_once() {
    let folder = ten_minutes();
    let mut rig = Rig::start(open(&folder, at_sixty()), &["A"]);
    assert_eq!(rig.tell_next(3).await[2], "data A@0");
    about(&waits(&mut rig, 2).await, &[1000, 1000]);
    tokio::time::sleep(Duration::from_millis(500)).await;
    rig.tell(TransportCommand::Speed(Speed::Factor(600.0)));
    about(&waits(&mut rig, 2).await, &[550, 100]);
    rig.tell(TransportCommand::Slower);
    rig.tell(TransportCommand::Slower);
    about(&waits(&mut rig, 1).await, &[500]);
    let transport = rig.control().meters.transport().unwrap();
    assert_eq!(
        (transport.speed, transport.paused),
        (Speed::Factor(120.0), false)
    );
    assert!((0.4..0.8).contains(&transport.progress), "{transport:?}");
    rig.tell(TransportCommand::Speed(Speed::Max));
    about(&waits(&mut rig, 4).await, &[0, 0, 0, 0]);
}

#[tokio::test(start_paused = true)]
async fn a_jump_back_goes_no_further_than_the_beginning() {
    let folder = ten_minutes();
    let settings = ReplaySettings {
        span: Some((UnixMs(BEGIN), UnixMs(BEGIN + 9 * 60_000))),
        ..at_sixty()
    };
    let mut rig = Rig::start(open(&folder, settings), &["A"]);
    while rig.told().await != "data A@3" {}
    let transport = rig.control().meters.transport().unwrap();
    assert_eq!(transport.length_ms, Some(9 * 60_000));
    rig.tell(TransportCommand::Pause);
    rig.tell(TransportCommand::SeekBy(-900_000));
    let mut told = String::new();
    while !told.starts_with("seek") {
        told = rig.told().await;
    }
    assert_eq!(told, "seek 2024-07-09T07:00:00-04:00");
}

#[tokio::test(start_paused = true)]
async fn the_shown_clock_moves_while_nothing_comes() {
    let folder = folder(&[("a.jsonl", &lines(&[0.0, 1.0], &["A"]))]);
    let settings = ReplaySettings {
        gaps: true,
        ..ReplaySettings::default()
    };
    let mut rig = Rig::start(open(&folder, settings), &["A"]);
    rig.tell_next(3).await;
    for seconds in 1..50_i64 {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let shown = rig.control().meters.data_clock().unwrap().0 - BEGIN;
        assert!(
            (shown - seconds * 1000).abs() <= 300,
            "{shown} after {seconds} s"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn gaps_are_skipped_unless_wanted() {
    let folder = folder(&[("a.jsonl", &lines(&[0.0, 1.0, 11.0, 12.0], &["A"]))]);
    for (gaps, wait) in [(false, 2000), (true, 10_000)] {
        let mut rig = Rig::start(open(&folder, ReplaySettings { gaps, ..at_sixty() }), &["A"]);
        rig.tell_next(3).await;
        about(&waits(&mut rig, 3).await, &[1000, wait, 1000]);
    }
}

#[tokio::test(start_paused = true)]
async fn pause_holds_the_clock() {
    let folder = ten_minutes();
    let mut rig = Rig::start(open(&folder, at_sixty()), &["A"]);
    rig.tell_next(4).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    rig.tell(TransportCommand::Pause);
    rig.until("paused", |rig| {
        rig.control().meters.state() == ConnectionState::Paused
    })
    .await;
    rig.assert_silent().await;
    rig.tell(TransportCommand::Toggle);
    let resumed = Instant::now();
    assert_eq!(rig.told().await, "data A@2");
    about(&[(rig.at - resumed).as_millis()], &[700]);
    assert_eq!(rig.control().meters.state(), ConnectionState::Connected);
}

#[tokio::test(start_paused = true)]
async fn one_event_time_is_stepped_forward_and_back() {
    let folder = folder(&[
        ("A.csv", &table(&[0, 1, 2, 3])),
        ("b.jsonl", &lines(&[1.0, 1.0, 2.0, 3.0], &["B"])),
    ]);
    let mut rig = Rig::start(open(&folder, at_sixty()), &["A", "B"]);
    rig.tell(TransportCommand::Pause);
    assert_eq!(rig.tell_next(2).await, ["connecting", "connected"]);
    rig.assert_silent().await;
    rig.tell(TransportCommand::Step);
    assert_eq!(rig.told().await, "data A@0");
    rig.assert_silent().await;
    rig.tell(TransportCommand::Step);
    assert_eq!(rig.tell_next(3).await, ["data A@1", "data B@1", "data B@1"]);
    rig.assert_silent().await;
    rig.tell(TransportCommand::StepBack);
    assert_eq!(
        rig.tell_next(3).await,
        ["reset", "history A@0", "seek 2024-07-09T07:01:00-04:00"]
    );
    rig.assert_silent().await;
    rig.tell(TransportCommand::StepBack);
    assert_eq!(
        rig.tell_next(2).await,
        ["reset", "seek 2024-07-09T07:00:00-04:00"]
    );
    // Two keys in a row are two steps, also while the jump is still under way.
    rig.tell(TransportCommand::Step);
    rig.tell(TransportCommand::Step);
    assert_eq!(
        rig.tell_next(4).await,
        ["data A@0", "data A@1", "data B@1", "data B@1"]
    );
    rig.assert_silent().await;
    rig.tell(TransportCommand::Resume);
    assert_eq!(rig.tell_next(2).await, ["data A@2", "data B@2"]);
}

#[tokio::test(start_paused = true)]
async fn seeking_loads_history_and_plays_on() {
    let folder = ten_minutes();
    let mut rig = Rig::start(open(&folder, at_sixty()), &["A"]);
    rig.tell_next(3).await;
    rig.tell(TransportCommand::Seek(SeekTarget::Local(
        "2024-07-09T07:05:00".parse().unwrap(),
    )));
    assert_eq!(
        rig.tell_next(3).await,
        [
            "history A@1 A@2 A@3 A@4",
            "seek 2024-07-09T07:05:00-04:00",
            "data A@5"
        ]
    );
    assert_eq!(
        rig.control().meters.data_clock(),
        Some(UnixMs(BEGIN + 5 * 60_000))
    );
    rig.tell(TransportCommand::Seek(SeekTarget::TimeOfDay(
        "07:02:30".parse().unwrap(),
    )));
    assert_eq!(
        rig.tell_next(4).await,
        [
            "reset",
            "history A@0 A@1 A@2",
            "seek 2024-07-09T07:02:30-04:00",
            "data A@3"
        ]
    );
    rig.tell(TransportCommand::Step);
    assert_eq!(rig.told().await, "data A@4");
    rig.tell(TransportCommand::SeekBy(-4 * 60_000));
    rig.tell(TransportCommand::Resume);
    assert_eq!(
        rig.tell_next(3).await,
        ["reset", "seek 2024-07-09T07:00:00-04:00", "data A@0"]
    );
    rig.tell(TransportCommand::Seek(SeekTarget::At(UnixMs(
        BEGIN + 3_600_000,
    ))));
    assert_eq!(
        rig.tell_next(3).await,
        [
            "history A@1 A@2 A@3 A@4 A@5 A@6 A@7 A@8 A@9",
            "seek 2024-07-09T08:00:00-04:00",
            END
        ]
    );
    rig.assert_silent().await;
    assert_eq!(rig.control().meters.state(), ConnectionState::Ended);
    rig.tell(TransportCommand::Seek(SeekTarget::At(UnixMs(
        BEGIN + 9 * 60_000,
    ))));
    assert_eq!(rig.tell_next(5).await[3..], ["data A@9", END]);
}

#[tokio::test(start_paused = true)]
async fn a_bar_stamped_at_its_end_is_history_at_that_time() {
    let folder = folder(&[("A.csv", &table(&[3, 2, 1, 0]))]);
    let settings = ReplaySettings {
        bar_stamp: BarStamp::End,
        ..at_sixty()
    };
    let mut rig = Rig::start(open(&folder, settings.clone()), &["A"]);
    rig.tell(TransportCommand::Pause);
    rig.tell_next(2).await;
    let second = UnixMs(BEGIN + 60_000);
    rig.tell(TransportCommand::Seek(SeekTarget::At(second)));
    let seek = "seek 2024-07-09T07:01:00-04:00";
    assert_eq!(rig.tell_next(2).await, ["history A@0 A@1", seek]);
    rig.tell(TransportCommand::Step);
    assert_eq!(rig.told().await, "data A@2");
    rig.tell(TransportCommand::SeekBy(-60_000));
    assert_eq!(rig.tell_next(3).await, ["reset", "history A@0 A@1", seek]);
    // Back from there is before the bar that was played last.
    rig.tell(TransportCommand::StepBack);
    assert_eq!(rig.tell_next(3).await, ["reset", "history A@0", seek]);
    rig.tell(TransportCommand::Step);
    assert_eq!(rig.told().await, "data A@1");
    let settings = ReplaySettings {
        open_at: Some(second),
        ..settings
    };
    let mut rig = Rig::start(open(&folder, settings), &["A"]);
    assert_eq!(
        rig.tell_next(4).await[2..],
        ["history A@0 A@1", "data A@2"],
        "opening there is the same"
    );
}

#[tokio::test(start_paused = true)]
async fn a_loop_begins_again() {
    let folder = folder(&[("a.jsonl", &lines(&[0.0, 1.0], &["A"]))]);
    let settings = ReplaySettings {
        looping: true,
        ..at_sixty()
    };
    let mut rig = Rig::start(open(&folder, settings), &["A"]);
    let told = rig.tell_next(10).await;
    let seek = "seek 2024-07-09T07:00:00-04:00";
    assert_eq!(
        told[2..],
        [
            "data A@0", "data A@1", "reset", seek, "data A@0", "data A@1", "reset", seek
        ]
    );
    let nothing = folder_without_data();
    let settings = ReplaySettings {
        looping: true,
        ..at_max()
    };
    let mut rig = Rig::start(open(&nothing, settings), &["A"]);
    assert_eq!(rig.all().await, [END], "an empty replay does not loop");
    let settings = ReplaySettings {
        looping: true,
        open_at: Some(UnixMs(BEGIN + 3_600_000)),
        ..at_max()
    };
    let mut rig = Rig::start(open(&folder, settings), &["A"]);
    assert_eq!(
        rig.all().await,
        ["history A@0 A@1", END],
        "nor does one that opens at its end"
    );
}

#[tokio::test(start_paused = true)]
async fn beyond_the_end_there_is_the_end_and_for_a_loop_the_beginning() {
    let folder = folder(&[("a.jsonl", &lines(&[0.0, 1.0, 2.0], &["A"]))]);
    for (looping, expected) in [(false, "data A@1"), (true, "data A@0")] {
        let settings = ReplaySettings {
            looping,
            ..at_sixty()
        };
        let mut rig = Rig::start(open(&folder, settings), &["A"]);
        assert_eq!(rig.tell_next(3).await[2], "data A@0");
        let beyond = SeekTarget::At(UnixMs(BEGIN + 3_600_000));
        rig.tell(TransportCommand::Seek(beyond));
        let mut told = Vec::new();
        while told.last().is_none_or(|last| last != expected) {
            let next = rig.told().await;
            if next == END {
                rig.tell(TransportCommand::SeekBy(-60_000));
            }
            told.push(next);
            assert!(told.len() < 20, "{told:?}");
        }
    }
}

fn folder_without_data() -> tempfile::TempDir {
    folder(&[("a.jsonl", b"\n\n"), ("A.csv", b"")])
}

#[tokio::test(start_paused = true)]
async fn a_symbol_added_later_comes_with_its_history() {
    let minutes: Vec<f64> = (0..6).map(f64::from).collect();
    let mut json = lines(&minutes, &["A", "B"]);
    json.extend(lines(&[6.0, 7.0], &["B"]));
    let folder = folder(&[
        ("a.jsonl", &json),
        ("C.csv", &table(&[8, 7, 6, 5, 4, 3, 2, 1, 0])),
    ]);
    let mut rig = Rig::start(open(&folder, at_sixty()), &["A"]);
    assert_eq!(
        rig.tell_next(5).await[2..],
        ["data A@0", "data A@1", "data A@2"]
    );
    rig.add("B");
    assert_eq!(rig.told().await, "history B@0 B@1 B@2");
    assert_eq!(rig.told().await, "data A@3 B@3");
    rig.add("C");
    assert_eq!(rig.told().await, "history C@0 C@1 C@2 C@3");
    assert_eq!(rig.tell_next(2).await, ["data C@4", "data A@4 B@4"]);
    rig.remove("A");
    rig.add("A");
    assert_eq!(rig.told().await, "history A@0 A@1 A@2 A@3 A@4");
    rig.remove("B");
    assert_eq!(
        rig.tell_next(4).await,
        ["data C@5", "data A@5", "data C@6", "data C@7"]
    );
    rig.remove("C");
    assert_eq!(rig.told().await, END);
    // What was lost to everybody is still there for who comes now.
    rig.add("B");
    assert_eq!(rig.told().await, "history B@0 B@1 B@2 B@3 B@4 B@5 B@6 B@7");
    rig.assert_silent().await;
}

#[tokio::test(start_paused = true)]
async fn a_symbol_added_while_others_are_far_ahead_is_paced() {
    // The next line for A is far away; B has data on the way there.
    let mut json = lines(&[0.0, 1.0], &["A"]);
    json.extend(lines(&[2.0, 3.0, 4.0], &["B"]));
    json.extend(lines(&[5.0], &["A", "B"]));
    let folder = folder(&[("a.jsonl", &json)]);
    let settings = ReplaySettings {
        gaps: true,
        ..at_sixty()
    };
    let mut rig = Rig::start(open(&folder, settings), &["A"]);
    rig.tell_next(4).await;
    tokio::time::sleep(Duration::from_millis(1500)).await;
    rig.add("B");
    assert_eq!(
        rig.tell_next(4).await,
        ["history B@2", "data B@3", "data B@4", "data A@5 B@5"]
    );
}

#[tokio::test(start_paused = true)]
async fn all_symbols_taken_can_lose_one_and_have_it_back() {
    let minutes: Vec<f64> = (0..9).map(f64::from).collect();
    let folder = folder(&[("a.jsonl", &lines(&minutes, &["A", "B"]))]);
    let mut rig = Rig::start(open(&folder, at_sixty()), &[]);
    assert_eq!(rig.tell_next(4).await[3], "data A@1 B@1");
    rig.remove("B");
    assert_eq!(rig.tell_next(2).await, ["data A@2", "data A@3"]);
    rig.add("B");
    assert_eq!(
        rig.tell_next(2).await,
        ["history B@0 B@1 B@2 B@3", "data A@4 B@4"]
    );
}

#[tokio::test(start_paused = true)]
async fn commands_act_while_the_engine_takes_nothing() {
    let folder = ten_minutes();
    let mut rig = Rig::with_credits(open(&folder, at_max()), &["A"], 3);
    rig.until("the credits are used up", |rig| {
        rig.control().credits.available_permits() == 0
    })
    .await;
    rig.tell(TransportCommand::Pause);
    rig.until("paused", |rig| {
        rig.control().meters.transport().unwrap().paused
    })
    .await;
    rig.tell(TransportCommand::Seek(SeekTarget::At(UnixMs(BEGIN))));
    rig.tell(TransportCommand::Resume);
    let told = rig.tell_next(6).await;
    assert_eq!(told[2..4], ["data A@0", "reset"]);
    assert_eq!(told[4..], ["seek 2024-07-09T07:00:00-04:00", "data A@0"]);
}

#[tokio::test(start_paused = true)]
async fn rejections_are_reported_once_however_often_a_line_is_read() {
    let mut json = lines(&[0.0], &["A"]);
    json.extend_from_slice(b"no json\n");
    json.extend(lines(&[1.0, 2.0], &["A", "B"]));
    let folder = folder(&[("a.jsonl", &json)]);
    let mut rig = Rig::start(open(&folder, at_max()), &["A"]);
    let told = rig.all().await;
    assert!(told[1].starts_with("rejected"), "{told:?}");
    rig.tell(TransportCommand::Seek(SeekTarget::At(UnixMs(
        BEGIN + 2 * 60_000,
    ))));
    assert_eq!(rig.all().await[1..2], ["history A@0 A@1"]);
    rig.add("B");
    assert_eq!(rig.told().await, "history B@1 B@2");
    rig.assert_silent().await;
}

#[tokio::test(start_paused = true)]
async fn the_streamer_returns_when_the_engine_lets_go() {
    let folder = ten_minutes();
    let mut rig = Rig::start(open(&folder, at_sixty()), &["A"]);
    rig.tell_next(3).await;
    rig.control = None;
    let deadline = std::time::Instant::now() + DEADLINE;
    while !matches!(
        rig.messages.try_recv(),
        Err(channel::TryRecvError::Disconnected)
    ) {
        assert!(std::time::Instant::now() < deadline);
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}
