//! Pictures of the screen in the sizes and states that matter.

use super::super::fixture::live::{live, lost, resyncing};
use super::super::fixture::{full, picture, screen, seeking, stale, with_errors};
use super::super::views::View;
use crate::pipeline::Snapshot;

fn check(name: &str, snapshot: &dyn Fn() -> Option<Snapshot>) {
    insta::with_settings!({
        snapshot_path => "../snapshots",
        prepend_module_to_snapshot => false,
        omit_expression => true,
    }, {
        for (width, height) in [(80, 24), (120, 40), (40, 12)] {
            let mut model = screen(snapshot(), width, height);
            insta::assert_snapshot!(format!("{name}_{width}x{height}"), picture(&mut model));
        }
    });
}

#[test]
fn full_board() {
    check("full", &|| Some(full()));
}

#[test]
fn empty_before_any_snapshot() {
    check("empty", &|| None);
}

#[test]
fn a_replay_that_jumps() {
    check("seeking", &|| Some(seeking()));
}

#[test]
fn stale_data() {
    check("stale", &|| Some(stale()));
}

#[test]
fn errors() {
    check("error", &|| Some(with_errors()));
}

#[test]
fn the_other_views() {
    insta::with_settings!({
        snapshot_path => "../snapshots",
        prepend_module_to_snapshot => false,
        omit_expression => true,
    }, {
        for view in [View::Errors, View::Pipeline] {
            let mut model = screen(Some(with_errors()), 100, 24);
            model.act(super::super::action::Action::View(view));
            insta::assert_snapshot!(format!("view_{view}_100x24"), picture(&mut model));
        }
    });
}

#[test]
fn no_size_is_too_small_to_draw() {
    for view in View::ALL {
        for (width, height) in [
            (0, 0),
            (1, 1),
            (1, 50),
            (200, 1),
            (2, 2),
            (36, 8),
            (37, 9),
            (60, 14),
            (400, 3),
            (200, 60),
        ] {
            for snapshot in [
                None,
                Some(with_errors()),
                Some(live()),
                Some(lost()),
                Some(resyncing()),
            ] {
                let mut model = screen(snapshot, width, height);
                model.act(super::super::action::Action::View(view));
                picture(&mut model);
                model.act(super::super::action::Action::Help);
                picture(&mut model);
                model.act(super::super::action::Action::Close);
                model.act(super::super::action::Action::CommandLine);
                model.paste("th");
                picture(&mut model);
            }
        }
    }
}

#[test]
fn a_small_terminal_is_told_what_it_needs() {
    let mut model = screen(Some(full()), 30, 7);
    let picture = picture(&mut model);
    assert!(picture.contains("30×7 now"), "{picture}");
    assert!(picture.contains("36×8 needed"), "{picture}");
}

#[test]
fn without_unicode_everything_is_ascii() {
    let settings = super::super::settings::TuiSettings {
        glyphs: super::super::theme::GlyphSet::Ascii,
        ..Default::default()
    };
    for snapshot in [with_errors(), live(), lost(), resyncing()] {
        for view in View::ALL {
            let settings = settings.clone();
            let snapshot = Some(snapshot.clone());
            let mut model = super::super::fixture::screen_with(settings, snapshot, 120, 40);
            model.act(super::super::action::Action::View(view));
            let picture = picture(&mut model);
            assert!(picture.is_ascii(), "{picture}");
            // What has no counterpart becomes a question mark.
            let rest = picture.replace("? help", "");
            assert!(!rest.contains('?'), "{picture}");
        }
    }
}
