//! Indicators, comparisons and several charts.

use super::super::super::fixture::charts::charts;
use super::super::super::fixture::screen_with;
use super::super::super::indicators::{IndicatorCatalogue, IndicatorOffer};
use super::super::super::settings::{SessionState, TuiSettings};
use super::*;
use crate::domain::indicator::IndicatorSpec;

fn resolve(spec: &IndicatorSpec) -> Result<IndicatorSpec, String> {
    match (spec.name.as_str(), spec.parameters.as_slice()) {
        ("sma", []) => Ok("sma(20)".parse().unwrap()),
        ("sma" | "vwap", _) => Ok(spec.clone()),
        (name, _) => Err(format!("there is no indicator '{name}'")),
    }
}

fn settings() -> TuiSettings {
    let offer = |text: &str| IndicatorOffer {
        spec: text.parse().unwrap(),
        title: text.to_owned(),
        is_overlay: true,
    };
    TuiSettings {
        indicator_catalogue: IndicatorCatalogue {
            offers: vec![offer("sma(20)"), offer("vwap")],
            resolve,
        },
        indicators: vec!["vwap".to_owned()],
        ..TuiSettings::default()
    }
}

fn specs(texts: &[&str]) -> Vec<IndicatorSpec> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

fn watched(model: &mut Model) -> (Option<Vec<IndicatorSpec>>, Option<Vec<u32>>) {
    let (mut indicators, mut shown) = (None, None);
    for effect in model.take_effects() {
        match effect {
            Effect::Send(Command::WatchIndicators(specs)) => indicators = Some(specs),
            Effect::Send(Command::WatchCharts(charts)) => {
                shown = Some(charts.iter().map(|(id, _)| id.0).collect());
            }
            _ => {}
        }
    }
    (indicators, shown)
}

#[test]
fn indicators_are_chosen_by_key_typed_and_remembered() {
    let mut model = screen_with(settings(), Some(charts(false)), 80, 24);
    press(&mut model, "3");
    assert_eq!(watched(&mut model).0, Some(specs(&["vwap"])));
    press(&mut model, "i Space Down Space Esc");
    assert_eq!(watched(&mut model).0, Some(specs(&["sma(20)"])));
    enter(&mut model, "indicator sma(50) sma");
    let both = specs(&["sma(20)", "sma(50)"]);
    assert_eq!(watched(&mut model).0, Some(both), "each once");
    for (text, reason) in [("smaa", "smaa"), ("sma(9)@5m", "leave out @5m")] {
        enter(&mut model, &format!("indicator {text}"));
        let error = model.prompt.as_ref().unwrap().error.as_ref().unwrap();
        assert!(error.contains(reason), "{error}");
        press(&mut model, "Esc");
    }
    enter(&mut model, "indicator -sma");
    assert_eq!(watched(&mut model).0, Some(specs(&["sma(50)"])));
    let session = model.session();
    assert_eq!(session.indicators, Some(vec!["sma(50)".to_owned()]));
    let kept: SessionState =
        serde_json::from_str(&serde_json::to_string(&session).unwrap()).unwrap();
    let mut again = Model::new(settings(), kept);
    again.settle();
    assert_eq!(watched(&mut again).0, Some(specs(&["sma(50)"])));
    enter(&mut model, "indicator off");
    assert_eq!(watched(&mut model).0, Some(Vec::new()));
}

#[test]
fn what_is_compared_is_watched() {
    let mut model = screen_with(settings(), Some(charts(false)), 120, 40);
    press(&mut model, "3");
    watched(&mut model);
    enter(&mut model, "compare AAPL,SPY,AAPL");
    assert_eq!(watched(&mut model).1, Some(vec![0, 3]));
    assert!(picture(&mut model).contains("Compare"));
    press(&mut model, "x");
    assert_eq!(watched(&mut model).1, Some(vec![0]));
    press(&mut model, "x");
    assert_eq!(watched(&mut model).1, Some(vec![0, 3]), "as it was");
    enter(&mut model, "compare off");
    enter(&mut model, "compare NONE");
    assert!(
        model
            .prompt
            .as_ref()
            .unwrap()
            .error
            .as_ref()
            .unwrap()
            .contains("not subscribed")
    );
}

#[test]
fn several_charts_are_those_around_the_selected_one_or_those_named() {
    let mut model = screen_with(settings(), Some(charts(false)), 80, 24);
    press(&mut model, "9");
    let first = watched(&mut model).1.unwrap();
    assert_eq!(first.len(), 4);
    picture(&mut model);
    assert_eq!(selected(&model), "AAPL");
    press(&mut model, "Tab Down");
    assert_eq!(selected(&model), "MSFT");
    assert_eq!(
        watched(&mut model).1,
        None,
        "those on the screen stay there"
    );
    press(&mut model, "Enter");
    assert_eq!(model.view, View::Chart);
    enter(&mut model, "charts SPY,TSLA");
    assert_eq!(watched(&mut model).1, Some(vec![3, 2]));
    enter(&mut model, "charts");
    assert_eq!(watched(&mut model).1, Some(first));
}
