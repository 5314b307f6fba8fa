//! Pictures of charts with indicators, of comparisons, and of several charts at once.

use super::super::action::Action;
use super::super::fixture::charts::charts;
use super::super::fixture::{picture, screen, screen_with};
use super::super::model::Model;
use super::super::settings::TuiSettings;
use super::super::theme::GlyphSet;
use super::super::views::View;

fn check(name: &str, has_studies: bool, prepare: &dyn Fn(&mut Model)) {
    insta::with_settings!({
        snapshot_path => "../snapshots",
        prepend_module_to_snapshot => false,
        omit_expression => true,
    }, {
        for (width, height) in [(80, 24), (120, 40), (40, 12)] {
            let mut model = screen(Some(charts(has_studies)), width, height);
            prepare(&mut model);
            insta::assert_snapshot!(format!("{name}_{width}x{height}"), picture(&mut model));
        }
    });
}

fn enter(model: &mut Model, line: &str) {
    model.act(Action::CommandLine);
    model.paste(line);
    model.act(Action::Edit(super::super::action::Edit::Submit));
    model.settle();
}

#[test]
fn a_chart_with_indicators() {
    check("indicators", true, &|model| {
        model.act(Action::View(View::Chart));
    });
}

#[test]
fn symbols_compared() {
    check("compare", false, &|model| {
        enter(model, "compare AAPL,SPY,TSLA");
    });
}

#[test]
fn nine_charts() {
    check("charts", true, &|model| {
        model.act(Action::View(View::Charts));
    });
}

#[test]
fn the_choice_of_indicators() {
    use super::super::indicators::{IndicatorCatalogue, IndicatorOffer};
    let offer = |text: &str, title: &str, is_overlay| IndicatorOffer {
        spec: text.parse().unwrap(),
        title: title.to_owned(),
        is_overlay,
    };
    let settings = TuiSettings {
        indicator_catalogue: IndicatorCatalogue {
            offers: vec![
                offer("sma(20)", "simple moving average", true),
                offer("vwap", "average price by volume", true),
                offer("rsi(14)", "relative strength index", false),
            ],
            ..IndicatorCatalogue::default()
        },
        indicators: vec!["vwap".to_owned(), "sma(50)".to_owned()],
        ..TuiSettings::default()
    };
    let mut model = screen_with(settings, Some(charts(true)), 80, 24);
    model.act(Action::View(View::Chart));
    model.act(Action::Indicators);
    insta::with_settings!({
        snapshot_path => "../snapshots",
        prepend_module_to_snapshot => false,
        omit_expression => true,
    }, {
        insta::assert_snapshot!("indicators_choice_80x24", picture(&mut model));
    });
}

#[test]
fn indicators_are_drawn_with_every_set_of_characters() {
    for glyphs in [GlyphSet::Ascii, GlyphSet::Block, GlyphSet::Braille] {
        let settings = TuiSettings {
            glyphs,
            ..TuiSettings::default()
        };
        for line in ["view chart", "view charts", "compare AAPL,SPY,TSLA"] {
            let mut model = screen_with(settings.clone(), Some(charts(true)), 120, 40);
            enter(&mut model, line);
            let picture = picture(&mut model);
            assert!(glyphs != GlyphSet::Ascii || picture.is_ascii(), "{picture}");
            assert!(
                glyphs != GlyphSet::Ascii || !picture.replace("? help", "").contains('?'),
                "{picture}"
            );
            if line == "view chart" {
                for name in ["VWAP", "BB 20,2", "RSI 14", "MACD 12,26,9", "signal"] {
                    assert!(picture.contains(name), "{name}\n{picture}");
                }
            }
        }
    }
}

#[test]
fn no_size_is_too_small_for_indicators() {
    for (width, height) in [(36, 8), (37, 14), (60, 18), (61, 20), (400, 9), (200, 60)] {
        for line in [
            "view chart",
            "view charts",
            "compare AAPL,SPY",
            "view overview",
        ] {
            let mut model = screen_with(TuiSettings::default(), Some(charts(true)), width, height);
            enter(&mut model, line);
            picture(&mut model);
        }
    }
}
