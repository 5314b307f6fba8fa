//! What is said before anything has been measured, or of what never is.

use std::sync::Arc;

use super::super::action::Action;
use super::super::fixture::{full, picture, screen};
use super::super::views::View;
use super::headers::three_sources;
use crate::pipeline::snapshot::PipelineView;

#[test]
fn nothing_measured_is_no_zero() {
    let mut snapshot = full();
    snapshot.pipeline = Arc::new(PipelineView::default());
    snapshot.sources[0].messages_per_s = 0.0;
    snapshot.sources[0].bytes_per_s = 0.0;
    let mut model = screen(Some(snapshot), 200, 40);
    let overview = picture(&mut model);
    model.act(Action::View(View::Pipeline));
    let view = picture(&mut model);
    for (text, parts) in [
        (
            &overview,
            &[
                "– ev/s",
                "Pipeline · – threads",
                "processing –",
                "workers –",
                "– msg/s",
            ][..],
        ),
        (
            &view,
            &[
                "– ev/s",
                "Pipeline · – threads",
                "events –",
                "in all –",
                "dropped –",
            ][..],
        ),
    ] {
        for part in parts {
            assert!(text.contains(part), "no {part}:\n{text}");
        }
        for zero in [
            "0/0",
            "0 threads",
            " 0 ev/s",
            "0/s",
            "dropped 0",
            "workers 0",
            "0 B",
        ] {
            assert!(!text.contains(zero), "{zero}:\n{text}");
        }
    }
}

#[test]
fn bytes_that_are_never_counted_are_unknown() {
    let mut model = screen(Some(three_sources()), 140, 40);
    let overview = picture(&mut model);
    assert!(!overview.contains("0 B"), "{overview}");
    model.act(Action::View(View::Pipeline));
    let view = picture(&mut model);
    let line = view.lines().find(|line| line.contains("│ sim ")).unwrap();
    assert!(line.contains('–') && !line.contains("0 B"), "{line}");
    let replay = view
        .lines()
        .find(|line| line.contains("│ replay "))
        .unwrap();
    assert!(replay.contains("3.1 MB"), "{replay}");
}
