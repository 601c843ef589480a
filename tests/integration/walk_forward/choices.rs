//! What a choice knows: the bars of its train span and those before, and nothing of what comes after.

use std::cell::Cell;

use lookback::bundle::{Adjustment, AdjustmentKind};
use lookback::sweep::{Choice, Metric, Settings, WalkForward};
use lookback::{Adjust, Timestamp};

use super::{momentum, only, walked};
use crate::positions::random::Dice;
use crate::positions::{DAY_NS, market_with};

/// Prices and events of one asset, to be corrupted.
#[derive(Clone)]
struct Tape {
    bars: Vec<[f64; 4]>,
    /// By the bar from whose open on it applies.
    events: Vec<(usize, AdjustmentKind)>,
}

impl Tape {
    fn new(dice: &mut Dice, count: usize) -> Self {
        let mut tape = Self { bars: Vec::new(), events: Vec::new() };
        tape.roll(dice, 0, count);
        tape
    }

    /// Rolls every bar from one on anew, and every event.
    fn roll(&mut self, dice: &mut Dice, from: usize, count: usize) {
        self.bars.truncate(from);
        self.events.retain(|(bar, _)| *bar < from);
        let mut last = 20.0 + 60.0 * dice.share();
        let cents = |price: f64| (price * 100.0).round() / 100.0;
        for _ in from..count {
            let open = cents(last * (0.985 + 0.03 * dice.share()));
            let close = cents(open * (0.97 + 0.06 * dice.share())).max(1.0);
            let (high, low) = (open.max(close), open.min(close));
            let high = cents(high * (1.0 + 0.01 * dice.share())).max(high);
            let low = cents(low * (1.0 - 0.01 * dice.share())).min(low);
            self.bars.push([open.max(low), high, low, close]);
            last = close.clamp(10.0, 200.0);
        }
        for bar in from.max(1)..count {
            if dice.chance(0.06) {
                let kind = if dice.chance(0.5) {
                    AdjustmentKind::Split(dice.one_of(&[2.0, 3.0, 0.5]))
                } else {
                    AdjustmentKind::Dividend(0.2 + 0.3 * dice.share())
                };
                self.events.push((bar, kind));
            }
        }
    }

    fn portal(&self) -> lookback::DataPortal {
        let days: Vec<i64> = (0..self.bars.len() as i64).collect();
        let event =
            |(bar, kind): &(usize, AdjustmentKind)| Adjustment::new(Timestamp(*bar as i64 * DAY_NS), *kind);
        market_with(&self.bars, &days, self.events.iter().map(event).collect())
    }
}

/// What was known when a fold was chosen: the point, and its metrics to the bit.
type Chosen = (Option<usize>, Option<[u64; 18]>, usize);

fn chosen(tape: &Tape, settings: Settings, scheme: WalkForward) -> Vec<Chosen> {
    let choice = Choice { min_trades: 1, ..Choice::default() };
    let results = walked(&tape.portal(), &momentum(), settings, scheme, choice);
    let bits = |metrics: lookback::sweep::Metrics| metrics.to_bits();
    only(&results).folds.iter().map(|fold| (fold.point, fold.in_sample.map(bits), fold.eligible)).collect()
}

#[test]
fn what_comes_from_a_test_span_and_its_purge_on_changes_no_choice_up_to_it() {
    let (later, folds) = (Cell::new(0), Cell::new(0));
    for seed in 0..60 {
        let mut dice = Dice(seed);
        let count = 90 + dice.below(60);
        let tape = Tape::new(&mut dice, count);
        let scheme = WalkForward {
            train: 25 + dice.below(15),
            test: 6 + dice.below(10),
            is_anchored: dice.chance(0.4),
            purge: dice.below(6),
            embargo: dice.below(4),
        };
        let adjust = dice.one_of(&[Adjust::Total, Adjust::Total, Adjust::Splits, Adjust::Raw]);
        let settings = Settings { adjust, cash: 1000.0, ..Settings::default() };
        let before = chosen(&tape, settings, scheme);
        for (k, fold) in scheme.folds(count).into_iter().enumerate() {
            let purge = fold.test.start - scheme.purge - scheme.embargo;
            let mut corrupted = tape.clone();
            corrupted.roll(&mut dice, purge, count);
            let after = chosen(&corrupted, settings, scheme);
            assert_eq!(after[..=k], before[..=k], "seed {seed}: bars from {purge} on, folds up to {k}");
            later.set(later.get() + usize::from(after[k + 1..] != before[k + 1..]));
            folds.set(folds.get() + usize::from(k + 1 < before.len()));
        }
    }
    // What is corrupted does change the choices that may know of it.
    assert!(later.get() * 10 > folds.get() * 9 && folds.get() > 200, "{later:?} of {folds:?}");
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    let mut dice = Dice(7);
    let portal = Tape::new(&mut dice, 200).portal();
    let scheme: WalkForward = "train=60,test=20,purge=2".parse().unwrap();
    let walk = |threads: usize| {
        let sweep = lookback::sweep::Sweep::new().threads(threads.try_into().unwrap());
        let watch = lookback::sweep::Watch::default();
        sweep.walk_forward_rules(&momentum(), &portal, scheme, Choice::default(), watch).unwrap()
    };
    let told = |results: &lookback::sweep::WalkForwardResults| {
        let walk = only(results);
        let bits = |metrics: lookback::sweep::Metrics| metrics.to_bits();
        let folds: Vec<_> = walk
            .folds
            .iter()
            .map(|fold| (fold.point, fold.in_sample.map(bits), fold.out_of_sample.to_bits()))
            .collect();
        (folds, walk.out_of_sample.to_bits(), walk.fills.clone())
    };
    let one = walk(1);
    for threads in [2, 5] {
        assert_eq!(told(&walk(threads)), told(&one));
    }
}

#[test]
fn a_fold_in_which_nothing_passes_stays_in_cash_and_is_counted() {
    let mut dice = Dice(3);
    let portal = Tape::new(&mut dice, 120).portal();
    let scheme: WalkForward = "train=40,test=20".parse().unwrap();
    let never = |_: &lookback::sweep::Metrics| false;
    let choice = Choice { require: Some(&never), ..Choice::default() };
    let results = walked(&portal, &momentum(), Settings::default(), scheme, choice);
    let walk = only(&results);
    assert_eq!((walk.in_cash(), walk.folds.len(), walk.fills.len()), (4, 4, 0));
    assert!(walk.equity.iter().all(|(_, equity)| *equity == 1_000_000.0));
    assert_eq!(walk.out_of_sample.get(Metric::TotalReturn), Some(0.0));
    assert_eq!((walk.efficiency(), walk.in_sample_cagr()), (None, None));
    assert!(walk.folds.iter().all(|fold| fold.eligible == 0 && fold.efficiency().is_none()));
}
