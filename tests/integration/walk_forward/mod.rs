//! Walks forward: choices that no later bar can change, and an account that a plain walk over the bars stitches too.

mod choices;
mod cli;
mod cross;
mod plain;

use lookback::sweep::{
    AssetWalk, Choice, Part, RuleSet, Settings, Sweep, WalkForward, WalkForwardResults, Watch,
};
use lookback::{DataPortal, Timestamp};

use crate::positions::DAY_NS;

/// A day as it would be typed.
pub fn day<T: std::str::FromStr<Err: std::fmt::Debug>>(day: i64) -> T {
    Timestamp(day * DAY_NS).to_string().parse().unwrap()
}

/// Follows the last few bars, long and short, with a stop: 12 points.
pub fn momentum() -> RuleSet {
    RuleSet::new("momentum")
        .rule(Part::Buy, "roc(close, n) > 0.4")
        .rule(Part::Sell, "roc(close, n) < 0")
        .rule(Part::Short, "roc(close, n) < -0.6")
        .rule(Part::Cover, "roc(close, n) > 0.1")
        .rule(Part::StopLoss, "stop")
        .parameter("n=1:6".parse().unwrap())
        .parameter("stop=0.02,0.1".parse().unwrap())
}

pub fn walked(
    portal: &DataPortal,
    rules: &RuleSet,
    settings: Settings,
    scheme: WalkForward,
    choice: Choice<'_>,
) -> WalkForwardResults {
    let sweep = Sweep::new().settings(settings).threads(2.try_into().unwrap());
    sweep.walk_forward_rules(rules, portal, scheme, choice, Watch::default()).unwrap()
}

pub fn only(results: &WalkForwardResults) -> &AssetWalk {
    let [walk] = &results.walks[..] else { panic!("{} walks", results.walks.len()) };
    walk.as_ref().unwrap()
}
