//! Lines over time, thinned to what a screen shows.

#![forbid(unsafe_code)]

use serde_json::{Value, json};

use super::figures::Figures;
use super::packed::numbers;

/// The bars of a line that is drawn: all of them, or of each of so many stretches the highest, the lowest and the deepest.
fn thinned(figures: &Figures, underwater: &[f64], most: usize) -> Vec<usize> {
    let bars = figures.equity().len();
    if bars <= most {
        return (0..bars).collect();
    }
    let stretches = (most / 4).max(1);
    let mut kept = vec![0, bars - 1];
    for stretch in 0..stretches {
        let range = stretch * bars / stretches..(stretch + 1) * bars / stretches;
        let by = |values: &[f64]| {
            let ordered = |a: &usize, b: &usize| values[*a].total_cmp(&values[*b]);
            [range.clone().min_by(ordered), range.clone().max_by(ordered)]
        };
        let [low, high] = by(figures.equity());
        let [deepest, _] = by(underwater);
        kept.extend([low, high, deepest].into_iter().flatten());
    }
    kept.sort_unstable();
    kept.dedup();
    kept
}

/// Equity, drawdown and rolling Sharpe ratio of an account, with at most about so many points each.
pub(super) fn lines(figures: &Figures, name: &str, most: usize) -> Value {
    let underwater = figures.underwater();
    let kept = thinned(figures, &underwater, most);
    let pack = |values: &[f64]| numbers(kept.iter().map(|bar| values[*bar]));
    let rolling: Vec<f64> = figures.rolling_sharpe().into_iter().map(|one| one.unwrap_or(f64::NAN)).collect();
    let seconds: Vec<i64> =
        kept.iter().map(|bar| figures.moments()[*bar].0.div_euclid(1_000_000_000)).collect();
    // Each moment as the step from the one before.
    let steps: Vec<i64> =
        seconds.iter().scan(0, |before, now| Some(now - std::mem::replace(before, *now))).collect();
    let line = |label: &str, values: String| json!({ "name": label, "y": values });
    let mut equity = vec![line(name, pack(figures.equity()))];
    let mut drawdown = vec![line(name, pack(&underwater))];
    equity.extend(figures.hold_equity().map(|hold| line("buy and hold", pack(hold))));
    drawdown.extend(figures.hold_underwater().map(|hold| line("buy and hold", pack(&hold))));
    json!({
        "t": steps,
        "equity": equity,
        "drawdown": drawdown,
        "rolling": [line(name, pack(&rolling))],
        "bars": figures.equity().len(),
    })
}
