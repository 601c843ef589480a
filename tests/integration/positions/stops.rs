//! Stops and targets by hand: which bar they are looked for in, which comes first, and what they are filled at.

use lookback::Timestamp;
use lookback::bundle::{Adjustment, AdjustmentKind};
use lookback::sweep::{Backtest, Costs, Exits, FillAt, Level, Positions, Settings, Signals, Size};
use lookback::{Adjust, DataPortal};

use super::{at, free, market, market_with, run, told};

const NONE: Exits<'_> =
    Exits { stop_loss: None, take_profit: None, trailing_stop: None, max_bars: None, cooldown: 0 };

/// Buys at the first close, or sells short.
fn held(portal: &DataPortal, settings: Settings, is_long: bool, exits: Exits<'_>) -> Backtest {
    let entry = at(&[0]);
    let signals = if is_long {
        Signals { buy: Some(&entry), ..Signals::default() }
    } else {
        Signals { short: Some(&entry), ..Signals::default() }
    };
    run(portal, settings, Positions { signals, exits, ..Positions::default() })
}

/// The bar, price and reason of the only exit.
fn exit(backtest: &Backtest) -> (usize, f64, &'static str) {
    let fills = told(backtest);
    assert_eq!(fills.len(), 2, "{fills:?}");
    (fills[1].0, fills[1].1, fills[1].3)
}

#[test]
fn a_stop_fills_at_its_price_or_at_an_open_beyond_it() {
    let stop = Exits { stop_loss: Some(Level::Share(0.1)), ..NONE };
    let touched = market(&[[100.0; 4], [100.0, 101.0, 99.0, 100.0], [95.0, 96.0, 80.0, 85.0], [85.0; 4]]);
    assert_eq!(exit(&held(&touched, free(FillAt::NextOpen), true, stop)), (2, 90.0, "stop-loss"));
    let gap = market(&[[100.0; 4], [100.0, 101.0, 99.0, 100.0], [82.0, 96.0, 80.0, 85.0], [85.0; 4]]);
    assert_eq!(exit(&held(&gap, free(FillAt::NextOpen), true, stop)), (2, 82.0, "stop-loss"));
    // Short: above.
    let rise = market(&[[100.0; 4], [100.0, 109.0, 99.0, 100.0], [105.0, 110.0, 95.0, 95.0], [95.0; 4]]);
    assert_eq!(exit(&held(&rise, free(FillAt::Close), false, stop)), (2, 110.0, "stop-loss"));
    let gap = market(&[[100.0; 4], [100.0, 109.0, 99.0, 100.0], [115.0, 120.0, 95.0, 95.0], [95.0; 4]]);
    assert_eq!(exit(&held(&gap, free(FillAt::Close), false, stop)), (2, 115.0, "stop-loss"));
}

#[test]
fn a_bar_without_any_range_can_stop() {
    // A limit-down day: it opens, trades and closes at one price.
    let portal = market(&[[100.0; 4], [100.0; 4], [90.0; 4], [81.0; 4]]);
    let exits = Exits { stop_loss: Some(Level::Share(0.1)), ..NONE };
    assert_eq!(exit(&held(&portal, free(FillAt::NextOpen), true, exits)), (2, 90.0, "stop-loss"));
    let exits = Exits { stop_loss: Some(Level::Share(0.05)), ..NONE };
    assert_eq!(exit(&held(&portal, free(FillAt::NextOpen), true, exits)), (2, 90.0, "stop-loss"));
}

#[test]
fn stops_are_looked_for_from_the_entry_bar_on_with_next_open_and_from_the_next_with_close() {
    let portal =
        market(&[[100.0, 100.0, 85.0, 100.0], [100.0, 101.0, 85.0, 100.0], [100.0, 101.0, 85.0, 100.0]]);
    let stop = Exits { stop_loss: Some(Level::Share(0.1)), ..NONE };
    // Bought at the open of bar 1, whose low stops it.
    assert_eq!(exit(&held(&portal, free(FillAt::NextOpen), true, stop)), (1, 90.0, "stop-loss"));
    // Bought at the close of bar 0: that bar's low lies before.
    assert_eq!(exit(&held(&portal, free(FillAt::Close), true, stop)), (1, 90.0, "stop-loss"));
    let quiet = market(&[[100.0, 100.0, 85.0, 100.0], [100.0, 101.0, 95.0, 100.0]]);
    assert_eq!(told(&held(&quiet, free(FillAt::Close), true, stop)).len(), 1);
}

#[test]
fn a_target_fills_at_its_price_or_at_a_better_open() {
    let target = Exits { take_profit: Some(Level::Share(0.1)), ..NONE };
    let touched = market(&[[100.0; 4], [100.0, 115.0, 99.0, 100.0]]);
    let (bar, price, reason) = exit(&held(&touched, free(FillAt::Close), true, target));
    assert_eq!((bar, reason), (1, "take-profit"));
    assert!((price - 110.0).abs() < 1e-12);
    let gap = market(&[[100.0; 4], [113.0, 115.0, 99.0, 100.0]]);
    assert_eq!(exit(&held(&gap, free(FillAt::Close), true, target)), (1, 113.0, "take-profit"));
    let fall = market(&[[100.0; 4], [100.0, 101.0, 90.0, 100.0]]);
    assert_eq!(exit(&held(&fall, free(FillAt::Close), false, target)), (1, 90.0, "take-profit"));
    let gap = market(&[[100.0; 4], [84.0, 101.0, 80.0, 100.0]]);
    assert_eq!(exit(&held(&gap, free(FillAt::Close), false, target)), (1, 84.0, "take-profit"));
}

#[test]
fn stops_pay_slippage_and_fees_and_targets_pay_fees() {
    let costs = Costs { fee: 0.01, commission: 1.0, slippage_bps: 100.0 };
    let settings = Settings { costs, ..free(FillAt::Close) };
    let portal = market(&[[100.0; 4], [100.0, 110.0, 90.0, 100.0]]);
    let cost =
        |exits| held(&portal, settings, true, exits).fills().nth(1).map(|(_, fill)| (*fill, fill.cost));
    let (fill, stop) = cost(Exits { stop_loss: Some(Level::Share(0.1)), ..NONE }).unwrap();
    let notional = -fill.shares * 90.0;
    assert!((stop - (notional * 0.99 * 0.01 + 1.0 + notional * 0.01)).abs() < 1e-9);
    let (fill, target) = cost(Exits { take_profit: Some(Level::Share(0.05)), ..NONE }).unwrap();
    assert!((target - (-fill.shares * 105.0 * 0.01 + 1.0)).abs() < 1e-9);
}

#[test]
fn where_stop_and_target_lie_in_one_bar_the_stop_is_filled() {
    let exits = Exits { stop_loss: Some(Level::Share(0.1)), take_profit: Some(Level::Share(0.1)), ..NONE };
    let portal = market(&[[100.0; 4], [100.0, 120.0, 80.0, 100.0]]);
    assert_eq!(exit(&held(&portal, free(FillAt::Close), true, exits)), (1, 90.0, "stop-loss"));
    assert_eq!(exit(&held(&portal, free(FillAt::Close), false, exits)).2, "stop-loss");
}

#[test]
fn changing_a_bars_high_after_its_low_decided_the_stop_changes_nothing() {
    let exits = Exits {
        stop_loss: Some(Level::Share(0.1)),
        take_profit: Some(Level::Share(0.15)),
        trailing_stop: Some(Level::Share(0.12)),
        ..NONE
    };
    for fill in [FillAt::NextOpen, FillAt::Close] {
        let with_high = |high: f64| {
            let bars = [[100.0; 4], [100.0, 104.0, 99.0, 103.0], [103.0, high, 88.0, 103.0], [103.0; 4]];
            let backtest = held(&market(&bars), free(fill), true, exits);
            (told(&backtest), backtest.metrics().to_bits(), backtest.equity().collect::<Vec<_>>())
        };
        let low = with_high(103.0);
        assert_eq!(low.0[1].0, 2);
        for high in [104.0, 110.0, 115.0, 130.0, 1000.0] {
            assert_eq!(with_high(high), low, "{fill}, high {high}");
        }
    }
}

#[test]
fn a_trailing_stop_stands_on_the_best_price_up_to_the_bar_before() {
    let trail = Exits { trailing_stop: Some(Level::Share(0.1)), ..NONE };
    // Bar 1 rises to 120 and falls to 105: its own high is no reason to sell at 110. Bar 2 stands on it.
    let portal =
        market(&[[100.0; 4], [100.0, 120.0, 105.0, 115.0], [115.0, 118.0, 110.0, 112.0], [112.0; 4]]);
    assert_eq!(exit(&held(&portal, free(FillAt::NextOpen), true, trail)), (2, 110.0, "trailing-stop"));
    // At the entry bar it stands on the entry price.
    let portal = market(&[[100.0, 150.0, 100.0, 100.0], [100.0, 120.0, 90.0, 115.0], [115.0; 4]]);
    assert_eq!(exit(&held(&portal, free(FillAt::NextOpen), true, trail)), (1, 90.0, "trailing-stop"));
    assert_eq!(exit(&held(&portal, free(FillAt::Close), true, trail)), (1, 90.0, "trailing-stop"));
    // Short: on the lowest.
    let portal = market(&[[100.0; 4], [100.0, 100.0, 80.0, 85.0], [85.0, 92.0, 84.0, 90.0]]);
    assert_eq!(exit(&held(&portal, free(FillAt::Close), false, trail)), (2, 90.0, "trailing-stop"));
}

#[test]
fn of_two_stops_the_nearer_one_is_filled() {
    let exits = Exits { stop_loss: Some(Level::Share(0.05)), trailing_stop: Some(Level::Share(0.1)), ..NONE };
    let early = market(&[[100.0; 4], [100.0, 101.0, 80.0, 90.0]]);
    assert_eq!(exit(&held(&early, free(FillAt::Close), true, exits)), (1, 95.0, "stop-loss"));
    let late = market(&[[100.0; 4], [100.0, 120.0, 100.0, 119.0], [119.0, 119.0, 80.0, 90.0]]);
    assert_eq!(exit(&held(&late, free(FillAt::Close), true, exits)), (2, 110.0, "trailing-stop"));
}

#[test]
fn a_column_is_read_at_the_signal_for_stop_and_target_and_at_each_close_for_the_trailing_stop() {
    let portal = market(&[
        [100.0; 4],
        [100.0, 101.0, 97.0, 100.0],
        [100.0, 101.0, 97.0, 100.0],
        [97.0, 97.0, 91.0, 92.0],
    ]);
    let column = [8.0, 3.0, 2.0, 1.0];
    let stop = Exits { stop_loss: Some(Level::Column(&column)), ..NONE };
    assert_eq!(exit(&held(&portal, free(FillAt::NextOpen), true, stop)), (3, 92.0, "stop-loss"));
    // At bar 2 it stands 3 below the high of bar 1, and is met at the open's side: 98.
    let trail = Exits { trailing_stop: Some(Level::Column(&column)), ..NONE };
    assert_eq!(exit(&held(&portal, free(FillAt::NextOpen), true, trail)), (2, 98.0, "trailing-stop"));
    // Where it is not defined at a later close, the distance before stays.
    let gaps = [8.0, f64::NAN, f64::NAN, 1.0];
    let trail = Exits { trailing_stop: Some(Level::Column(&gaps)), ..NONE };
    assert_eq!(exit(&held(&portal, free(FillAt::NextOpen), true, trail)), (3, 93.0, "trailing-stop"));
}

#[test]
fn an_entry_whose_stop_is_not_defined_is_not_ordered() {
    let portal = market(&[[100.0; 4]; 6]);
    let every = Signals::bits([true; 6]);
    let signals = Signals { buy: Some(&every), ..Signals::default() };
    let column = [f64::NAN, 0.0, -1.0, f64::INFINITY, 5.0, f64::NAN];
    for exits in [
        Exits { stop_loss: Some(Level::Column(&column)), ..NONE },
        Exits { take_profit: Some(Level::Column(&column)), ..NONE },
        Exits { trailing_stop: Some(Level::Column(&column)), ..NONE },
    ] {
        let backtest =
            run(&portal, free(FillAt::Close), Positions { signals, exits, ..Positions::default() });
        assert_eq!(told(&backtest), [(4, 100.0, 10.0, "signal")]);
    }
}

#[test]
fn an_order_that_waits_for_the_open_is_filled_before_any_stop_of_that_bar() {
    // Sold by a signal at the close of bar 1: at the open of bar 2, and not at the stop that its low would meet.
    let portal = market(&[[100.0; 4], [100.0; 4], [99.0, 99.0, 80.0, 85.0], [85.0; 4]]);
    let (buy, sell) = (at(&[0]), at(&[1]));
    let signals = Signals { buy: Some(&buy), sell: Some(&sell), ..Signals::default() };
    let exits = Exits { stop_loss: Some(Level::Share(0.1)), ..NONE };
    let backtest = run(&portal, free(FillAt::NextOpen), Positions { signals, exits, ..Positions::default() });
    assert_eq!(exit(&backtest), (2, 99.0, "signal"));
    // A flip at the open: the new position's own stop is looked for in that bar.
    let signals = Signals { buy: Some(&buy), short: Some(&sell), ..Signals::default() };
    let exits = Exits { take_profit: Some(Level::Share(0.1)), ..NONE };
    let backtest = run(&portal, free(FillAt::NextOpen), Positions { signals, exits, ..Positions::default() });
    let fills = told(&backtest);
    assert_eq!((fills[1].0, fills[1].1), (2, 99.0));
    assert_eq!((fills[2].0, fills[2].3), (2, "take-profit"));
}

#[test]
fn a_stop_does_not_block_a_rule_that_is_still_true_and_a_cooldown_does() {
    let bars = [[100.0; 4], [100.0, 100.0, 89.0, 95.0], [95.0; 4], [95.0; 4], [95.0; 4], [95.0; 4]];
    let every = Signals::bits([true; 6]);
    let signals = Signals { buy: Some(&every), ..Signals::default() };
    let bars_of = |fill, cooldown| -> Vec<usize> {
        let exits = Exits { stop_loss: Some(Level::Share(0.1)), cooldown, ..NONE };
        let plan = Positions { signals, exits, size: Size::default() };
        told(&run(&market(&bars), free(fill), plan)).into_iter().map(|(bar, ..)| bar).collect()
    };
    // Stopped in bar 1, whose close buys again.
    assert_eq!(bars_of(FillAt::NextOpen, 0), [1, 1, 2]);
    assert_eq!(bars_of(FillAt::Close, 0), [0, 1, 1]);
    // The closes of bars 1 and 2 order nothing.
    assert_eq!(bars_of(FillAt::NextOpen, 2), [1, 1, 4]);
    assert_eq!(bars_of(FillAt::Close, 2), [0, 1, 3]);
}

#[test]
fn on_total_adjustment_a_stop_falls_by_the_dividend_on_its_ex_date() {
    // Bought at 100 with a stop 5 below; a dividend of 4 is paid, and the price opens lower by it.
    let bars = [[100.0; 4], [100.0; 4], [96.0, 96.5, 94.0, 95.0], [95.0; 4]];
    let dividend = Adjustment::new(Timestamp(2 * 86_400_000_000_000), AdjustmentKind::Dividend(4.0));
    let portal = market_with(&bars, &[0, 1, 2, 3], vec![dividend]);
    let stop = Exits { stop_loss: Some(Level::Share(0.05)), ..NONE };
    let traded = |adjust| {
        let backtest = held(&portal, Settings { adjust, ..free(FillAt::NextOpen) }, true, stop);
        backtest.fills().map(|(_, fill)| (fill.bar, fill.raw_price)).collect::<Vec<_>>()
    };
    // 100 is 96 after the dividend, so the stop stands at 91.2: the low of 94 does not meet it.
    assert_eq!(traded(Adjust::Total), [(1, 100.0)]);
    assert_eq!(traded(Adjust::Raw), [(1, 100.0), (2, 95.0)]);
    // A stop of 2 % stands at 94.08 in the shares of the ex-date.
    let near = Exits { stop_loss: Some(Level::Share(0.02)), ..NONE };
    let backtest = held(&portal, free(FillAt::NextOpen), true, near);
    let (_, fill) = backtest.fills().nth(1).unwrap();
    assert_eq!(fill.bar, 2);
    assert!((fill.raw_price - 94.08).abs() < 1e-9, "{}", fill.raw_price);
}
