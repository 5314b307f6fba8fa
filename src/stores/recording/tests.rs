#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::time::Instant;

use super::*;
use crate::domain::clock::ManualClock;
use crate::domain::clock::SystemClock;

const HEAD_LINE: &[u8] = b"{\"recording\":1,\"source\":\"venue\"}";

fn recorder(settings: RecorderSettings) -> FileRecorder {
    FileRecorder::new(Arc::new(ManualClock::default()), settings)
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

/// All whole lines that can be read, and whether the file ends as it should.
fn read(path: &Path) -> (Vec<String>, bool) {
    let mut bytes = Vec::new();
    let file = fs::File::open(path).unwrap();
    let end = zstd::stream::read::Decoder::new(file)
        .unwrap()
        .read_to_end(&mut bytes);
    let text = String::from_utf8(bytes).unwrap();
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    let lines = whole.split('\n').filter(|line| !line.is_empty());
    (lines.map(str::to_owned).collect(), end.is_ok())
}

fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !is_so() {
        assert!(Instant::now() < deadline, "{what}");
        thread::yield_now();
    }
}

#[test]
fn each_source_has_a_file_and_each_recording_files_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let inner = folder.path().join("a/b");
    let recorder = recorder(RecorderSettings::default());
    let (venue, other) = (SourceName::new("venue"), SourceName::new("../x:2"));
    recorder.record(&venue, HEAD_LINE);
    assert_eq!(recorder.session(), None);
    assert_eq!(recorder.view(), None);

    recorder.begin(&inner).unwrap();
    assert_eq!(recorder.session(), Some(1));
    recorder.record(&venue, b"of the recording before");
    recorder.record(&venue, HEAD_LINE);
    recorder.record(&other, HEAD_LINE);
    recorder.record(&venue, b"one");
    recorder.begin(&inner).unwrap();
    assert_eq!(recorder.session(), Some(2));
    recorder.record(&venue, HEAD_LINE);
    recorder.record(&venue, b"two");
    recorder.end();
    assert_eq!(recorder.session(), None);
    recorder.end();

    assert_eq!(
        names(&inner),
        [
            "___x_2-19700101T000000Z-0001.rec.zst",
            "venue-19700101T000000Z-0001.rec.zst",
            "venue-19700101T000000Z.2-0001.rec.zst",
        ]
    );
    for (path, expected) in [
        (folder.path().join("a"), 0o700),
        (inner.clone(), 0o700),
        (inner.join("venue-19700101T000000Z-0001.rec.zst"), 0o600),
    ] {
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, expected, "{}", path.display());
    }
    let head = std::str::from_utf8(HEAD_LINE).unwrap().to_owned();
    let lines = |name: &str| read(&inner.join(name));
    assert_eq!(
        lines("venue-19700101T000000Z-0001.rec.zst"),
        (vec![head.clone(), "one".to_owned()], true)
    );
    assert_eq!(
        lines("venue-19700101T000000Z.2-0001.rec.zst"),
        (vec![head, "two".to_owned()], true)
    );
    assert_eq!(recorder.take_failure(), None);
}

#[test]
fn what_others_rest_on_shares_no_frame_with_data() {
    let folder = tempfile::tempdir().unwrap();
    let recorder = recorder(RecorderSettings::default());
    recorder.begin(folder.path()).unwrap();
    let line = |name: &str| format!("{{\"ms\":1720522860123,\"on\":0,\"in\":\"{name}\"}}");
    let names = [
        "opened",
        "subscribe",
        "text",
        "tick",
        "resync",
        "kept",
        "answer",
        "closed",
    ];
    let venue = SourceName::new("venue");
    recorder.record(&venue, HEAD_LINE);
    for name in names {
        recorder.record(&venue, line(name).as_bytes());
    }
    recorder.end();
    let path = folder.path().join("venue-19700101T000000Z-0001.rec.zst");
    let bytes = fs::read(path).unwrap();
    let mut rest = &bytes[..];
    let mut frames = Vec::new();
    while !rest.is_empty() {
        let mut text = String::new();
        let mut frame = zstd::stream::read::Decoder::with_buffer(rest)
            .unwrap()
            .single_frame();
        frame.read_to_string(&mut text).unwrap();
        frames.push(text.lines().map(str::to_owned).collect::<Vec<_>>());
        rest = frame.finish();
    }
    let head = std::str::from_utf8(HEAD_LINE).unwrap().to_owned();
    let of = |names: &[&str]| names.iter().map(|name| line(name)).collect::<Vec<_>>();
    assert_eq!(
        frames,
        [
            [vec![head], of(&names[..2])].concat(),
            of(&names[2..5]),
            of(&names[5..6]),
            of(&names[6..7]),
            of(&names[7..]),
            Vec::new(),
        ]
    );
}

#[test]
fn a_large_file_is_followed_by_another_one() {
    let folder = tempfile::tempdir().unwrap();
    let recorder = FileRecorder::new(
        Arc::new(SystemClock::default()),
        RecorderSettings {
            file_bytes_max: 10_000,
            flush_every: Duration::ZERO,
            ..RecorderSettings::default()
        },
    );
    recorder.begin(folder.path()).unwrap();
    let venue = SourceName::new("venue");
    let mut expected = vec![std::str::from_utf8(HEAD_LINE).unwrap().to_owned()];
    recorder.record(&venue, HEAD_LINE);
    for number in 0..2000_u64 {
        let line = format!("{:x}", number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        recorder.record(&venue, line.as_bytes());
        expected.push(line);
    }
    recorder.end();
    let names = names(folder.path());
    assert!(names.len() > 2, "{names:?}");
    let mut all = Vec::new();
    for (at, name) in names.iter().enumerate() {
        assert!(name.ends_with(&format!("-{:04}.rec.zst", at + 1)), "{name}");
        let (lines, is_whole) = read(&folder.path().join(name));
        assert!(is_whole);
        all.extend(lines);
    }
    assert_eq!(all, expected);
}

#[test]
fn a_recording_can_be_read_while_it_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let recorder = FileRecorder::new(
        Arc::new(SystemClock::default()),
        RecorderSettings {
            flush_every: Duration::from_millis(1),
            ..RecorderSettings::default()
        },
    );
    recorder.begin(folder.path()).unwrap();
    let venue = SourceName::new("venue");
    recorder.record(&venue, HEAD_LINE);
    for count in 1..5 {
        recorder.record(&venue, b"{}");
        until("the line is in the file", || {
            let names = names(folder.path());
            let path = names.first().map(|name| folder.path().join(name));
            path.is_some_and(|path| read(&path) == (expected(count), false))
        });
    }
    assert!(recorder.view().unwrap().bytes > 0);
}

fn expected(count: usize) -> Vec<String> {
    let head = std::str::from_utf8(HEAD_LINE).unwrap().to_owned();
    std::iter::once(head)
        .chain(std::iter::repeat_n("{}".to_owned(), count))
        .collect()
}

/// A file that breaks after so many bytes.
struct Full(usize);

impl Write for Full {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0 == 0 {
            return Err(io::Error::from(io::ErrorKind::StorageFull));
        }
        let count = bytes.len().min(self.0);
        self.0 -= count;
        Ok(count)
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_full_disk_ends_the_recording_and_is_said_once() {
    let folder = tempfile::tempdir().unwrap();
    let recorder = FileRecorder::new(
        Arc::new(SystemClock::default()),
        RecorderSettings {
            flush_every: Duration::ZERO,
            create: Arc::new(|_| Ok(Box::new(Full(30)))),
            ..RecorderSettings::default()
        },
    );
    recorder.begin(folder.path()).unwrap();
    let venue = SourceName::new("venue");
    until("it stops", || {
        recorder.record(&venue, HEAD_LINE);
        recorder.session().is_none()
    });
    let mut failure = None;
    until("it is said", || {
        failure = recorder.take_failure();
        failure.is_some()
    });
    let failure = failure.unwrap();
    assert!(failure.contains("has stopped: "), "{failure}");
    assert!(failure.contains("what came before is kept"), "{failure}");
    assert_eq!(recorder.take_failure(), None);
    assert_eq!(recorder.view(), None);
    // It can be begun anew.
    recorder.begin(folder.path()).unwrap();
    assert_eq!(recorder.session(), Some(2));
}

/// A file that says when something is written to it, and takes nothing until it is told to.
struct Stuck {
    reached: Sender<()>,
    go: Receiver<()>,
}

impl Write for Stuck {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.reached.send(()).unwrap_or_default();
        self.go.recv().unwrap_or_default();
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_slow_disk_loses_lines_and_keeps_nobody_waiting() {
    let folder = tempfile::tempdir().unwrap();
    let (go, stuck) = unbounded::<()>();
    let (reached, is_stuck) = unbounded();
    let recorder = FileRecorder::new(
        Arc::new(SystemClock::default()),
        RecorderSettings {
            queue_bytes_max: 1000,
            flush_every: Duration::ZERO,
            create: Arc::new(move |_| {
                Ok(Box::new(Stuck {
                    reached: reached.clone(),
                    go: stuck.clone(),
                }))
            }),
            ..RecorderSettings::default()
        },
    );
    recorder.begin(folder.path()).unwrap();
    let venue = SourceName::new("venue");
    let lost = || recorder.view().unwrap().lost;
    // From here on nothing is taken out of the queue.
    recorder.record(&venue, HEAD_LINE);
    is_stuck.recv_timeout(Duration::from_secs(20)).unwrap();
    for _ in 0..100 {
        recorder.record(&venue, HEAD_LINE);
    }
    assert!((80..100).contains(&lost()), "{}", lost());
    assert!(recorder.take_failure().unwrap().contains("too slow"));
    let before = lost();
    recorder.record(&venue, HEAD_LINE);
    assert_eq!(lost(), before + 1);
    assert_eq!(recorder.take_failure(), None);
    drop(go);
    recorder.end();
    assert_eq!(recorder.take_failure(), None);
}

#[test]
fn a_folder_that_is_none_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "x").unwrap();
    let recorder = recorder(RecorderSettings::default());
    let message = recorder.begin(&file).unwrap_err().to_string();
    assert!(message.contains("cannot record to"), "{message}");
    assert!(message.contains("it is a file; name a folder"), "{message}");
    assert!(recorder.begin(&file.join("below")).is_err());
    assert_eq!(recorder.session(), None);
    // A refusal leaves what is under way.
    recorder.begin(folder.path()).unwrap();
    assert!(recorder.begin(&file).is_err());
    assert_eq!(recorder.session(), Some(1));
    assert_eq!(names(folder.path()), ["file"]);
}
