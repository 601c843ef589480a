//! Signals, sizes, weights and what holding costs, by hand.

use lookback::sweep::{Exits, FillAt, Level, Metric, Positions, Rates, Signals, Size, Sweep, Weights};

use super::{at, flat, free, market, market_with, run, told};

#[test]
fn an_order_is_filled_at_the_next_open_or_at_the_close_that_gave_it() {
    let portal = market(&[[10.0; 4], [20.0, 40.0, 20.0, 40.0], [50.0; 4]]);
    let (buy, sell) = (at(&[0]), at(&[1]));
    let signals = Signals { buy: Some(&buy), sell: Some(&sell), ..Signals::default() };
    let plan = Positions { signals, ..Positions::default() };
    let next_open = run(&portal, free(FillAt::NextOpen), plan);
    assert_eq!(told(&next_open), [(1, 20.0, 50.0, "signal"), (2, 50.0, -50.0, "signal")]);
    let close = run(&portal, free(FillAt::Close), plan);
    assert_eq!(told(&close), [(0, 10.0, 100.0, "signal"), (1, 40.0, -100.0, "signal")]);
}

#[test]
fn an_order_of_the_last_close_waits_for_an_open_that_never_comes() {
    let buy = at(&[2]);
    let plan =
        Positions { signals: Signals { buy: Some(&buy), ..Signals::default() }, ..Positions::default() };
    assert!(told(&run(&flat(&[10.0; 3]), free(FillAt::NextOpen), plan)).is_empty());
    assert_eq!(told(&run(&flat(&[10.0; 3]), free(FillAt::Close), plan)).len(), 1);
}

#[test]
fn buying_what_is_held_does_nothing_and_buying_while_short_is_one_order() {
    let portal = flat(&[10.0, 10.0, 5.0, 5.0, 5.0]);
    let (buy, short) = (at(&[1, 2, 3]), at(&[0]));
    let signals = Signals { buy: Some(&buy), short: Some(&short), ..Signals::default() };
    let backtest = run(&portal, free(FillAt::Close), Positions { signals, ..Positions::default() });
    // 100 short at 10: covered and 100 bought at once.
    assert_eq!(told(&backtest), [(0, 10.0, -100.0, "signal"), (1, 10.0, 200.0, "signal")]);
}

#[test]
fn an_exit_and_an_entry_of_one_side_leave_the_account_flat() {
    let portal = flat(&[10.0; 5]);
    let (once, third, both) = (at(&[0]), at(&[2]), at(&[0, 2]));
    // While flat: no entry. While long: sold, and not bought again. While short: covered, and not bought.
    let flat_before = Signals { buy: Some(&third), sell: Some(&third), ..Signals::default() };
    let long_before = Signals { buy: Some(&both), sell: Some(&third), ..Signals::default() };
    let short_before =
        Signals { short: Some(&once), buy: Some(&third), sell: Some(&third), ..Signals::default() };
    for (signals, fills) in [(flat_before, 0), (long_before, 2), (short_before, 2)] {
        let backtest = run(&portal, free(FillAt::Close), Positions { signals, ..Positions::default() });
        assert_eq!(backtest.fills().len(), fills, "{signals:?}");
        assert_eq!(backtest.metrics().get(Metric::OpenTrades), Some(0.0));
    }
}

#[test]
fn where_both_sides_would_enter_neither_does_and_the_bar_is_counted() {
    let portal = flat(&[10.0; 6]);
    let (buy, short, sell) = (at(&[0, 1, 3]), at(&[1, 3]), at(&[3]));
    let signals = Signals { buy: Some(&buy), short: Some(&short), sell: Some(&sell), ..Signals::default() };
    let backtest = run(&portal, free(FillAt::Close), Positions { signals, ..Positions::default() });
    // Bar 1 does nothing to the long position of bar 0; the exit of bar 3 stands, without an entry.
    assert_eq!(told(&backtest), [(0, 10.0, 100.0, "signal"), (3, 10.0, -100.0, "signal")]);
    assert_eq!(backtest.counts().both_entries, 2);
}

#[test]
fn only_bars_of_the_run_are_counted() {
    let portal = flat(&[10.0; 100]);
    let always = Signals::bits([true; 256]);
    let signals = Signals { buy: Some(&always), short: Some(&always), ..Signals::default() };
    let mut settings = free(FillAt::Close);
    settings.from = Some("1970-01-03".parse().unwrap());
    settings.to = Some("1970-03-11".parse().unwrap());
    let backtest = run(&portal, settings, Positions { signals, ..Positions::default() });
    assert_eq!((backtest.summary().bars, backtest.counts().both_entries), (68, 68));
}

#[test]
fn a_position_lasts_max_bars_from_fill_to_fill() {
    let portal = flat(&[10.0; 12]);
    let buy = Signals::bits([true; 12]);
    let exits = Exits { max_bars: Some(3), ..Exits::default() };
    let signals = Signals { buy: Some(&buy), ..Signals::default() };
    let plan = Positions { signals, exits, ..Positions::default() };
    let bars = |fill| -> Vec<(usize, &'static str)> {
        told(&run(&portal, free(fill), plan)).into_iter().map(|(bar, _, _, reason)| (bar, reason)).collect()
    };
    // The rule is still true where the position ends, so that the result is flat; it buys again at the bar after.
    let next_open = [(1, "signal"), (4, "max-bars"), (5, "signal"), (8, "max-bars"), (9, "signal")];
    assert_eq!(bars(FillAt::NextOpen), next_open);
    assert_eq!(
        bars(FillAt::Close),
        [(0, "signal"), (3, "max-bars"), (4, "signal"), (7, "max-bars"), (8, "signal"), (11, "max-bars")]
    );
}

#[test]
fn a_cooldown_waits_after_an_exit_that_no_signal_gave() {
    let portal = flat(&[10.0; 12]);
    let buy = Signals::bits([true; 12]);
    let sell = at(&[2]);
    let exits = Exits { max_bars: Some(3), cooldown: 3, ..Exits::default() };
    let signals = Signals { buy: Some(&buy), ..Signals::default() };
    let bars = |fill, signals| -> Vec<usize> {
        let plan = Positions { signals, exits, ..Positions::default() };
        told(&run(&portal, free(fill), plan)).into_iter().map(|(bar, ..)| bar).collect()
    };
    // The exit is filled at bar 4 or 3: the closes of that bar and the two after it order nothing.
    assert_eq!(bars(FillAt::NextOpen, signals), [1, 4, 8, 11]);
    assert_eq!(bars(FillAt::Close, signals), [0, 3, 6, 9]);
    // After a sale by a signal nothing waits.
    assert_eq!(bars(FillAt::Close, Signals { sell: Some(&sell), ..signals })[..3], [0, 2, 3]);
}

#[test]
fn a_size_by_risk_loses_that_share_where_the_stop_is_filled_at_its_price() {
    // 4 below 100, and 2 % at risk: half of the equity.
    let portal = market(&[[100.0; 4], [100.0, 101.0, 95.0, 97.0], [97.0; 4]]);
    let (buy, distance) = (at(&[0]), [4.0; 3]);
    let exits = Exits { stop_loss: Some(Level::Column(&distance)), ..Exits::default() };
    let signals = Signals { buy: Some(&buy), ..Signals::default() };
    let plan = Positions { signals, exits, size: Size::Risk(0.02) };
    let backtest = run(&portal, free(FillAt::NextOpen), plan);
    assert_eq!(told(&backtest), [(1, 100.0, 5.0, "signal"), (1, 96.0, -5.0, "stop-loss")]);
    assert!((backtest.metrics().get(Metric::TotalReturn).unwrap() + 0.02).abs() < 1e-15);
    assert_eq!(backtest.counts().capped, 0);
    // The nearer of two stops measures the risk.
    let exits = Exits { trailing_stop: Some(Level::Share(0.02)), ..exits };
    let backtest = run(&portal, free(FillAt::NextOpen), Positions { exits, ..plan });
    assert_eq!(told(&backtest), [(1, 100.0, 10.0, "signal"), (1, 98.0, -10.0, "trailing-stop")]);
}

#[test]
fn a_size_above_all_equity_is_capped_and_counted() {
    let portal = flat(&[100.0; 6]);
    let (buy, sell) = (at(&[0, 3]), at(&[2]));
    let exits = Exits { stop_loss: Some(Level::Share(0.01)), ..Exits::default() };
    let signals = Signals { buy: Some(&buy), sell: Some(&sell), ..Signals::default() };
    let backtest = run(&portal, free(FillAt::Close), Positions { signals, exits, size: Size::Risk(0.05) });
    assert_eq!(told(&backtest).len(), 3);
    assert_eq!((told(&backtest)[0].2, backtest.counts().capped), (10.0, 2));
}

#[test]
fn a_size_by_share_is_kept_until_the_exit() {
    let portal = flat(&[10.0, 20.0, 30.0]);
    let buy = Signals::bits([true; 3]);
    let signals = Signals { buy: Some(&buy), ..Signals::default() };
    let plan = Positions { signals, size: Size::Share(0.5), ..Positions::default() };
    assert_eq!(told(&run(&portal, free(FillAt::Close), plan)), [(0, 10.0, 50.0, "signal")]);
}

#[test]
fn weights_are_ordered_every_so_many_bars_from_the_first_of_the_run() {
    let portal = flat(&[10.0, 10.0, 20.0, 20.0, 40.0, 40.0, 40.0]);
    let column = [0.9, 0.5, 0.9, f64::NAN, -0.9, -0.5, 0.25];
    let mut settings = free(FillAt::Close);
    settings.from = Some("1970-01-02".parse().unwrap());
    let backtest = run(&portal, settings, Weights { column: &column, every: 2 });
    // Bars 1, 3, 5: half; undefined, so nothing; half short. What lies between is never asked.
    let fills = told(&backtest);
    assert_eq!((fills.len(), fills[0]), (2, (1, 10.0, 50.0, "signal")));
    // 500 and 50 shares of 40 are 2500: from 2000 long to 1250 short.
    assert_eq!(fills[1], (5, 40.0, -81.25, "signal"));
    let error =
        Sweep::new().settings(settings).backtest_plan(&portal, Weights { column: &[1.5; 7], every: 1 });
    assert_eq!(
        error.unwrap_err().to_string(),
        "strategy failed: target weight is 1.5 on 1970-01-02, expected -1 to 1"
    );
}

#[test]
fn borrow_and_interest_run_by_calendar_days_on_the_values_of_the_close_before() {
    // Thursday, Friday, Monday: 1 and 3 days.
    let portal = market_with(&[[10.0; 4], [20.0; 4], [20.0; 4]], &[0, 1, 4], Vec::new());
    let mut settings = free(FillAt::Close);
    settings.rates = Rates { borrow: 0.365, interest: 0.0 };
    let short = at(&[0]);
    let signals = Signals { short: Some(&short), ..Signals::default() };
    let plan = Positions { signals, size: Size::Share(0.25), ..Positions::default() };
    let equity = |settings, plan| -> Vec<f64> {
        run(&portal, settings, plan).equity().map(|(_, equity)| equity).collect()
    };
    let close = |found: Vec<f64>, expected: [f64; 3]| {
        let near = found.iter().zip(expected).all(|(found, expected)| (found - expected).abs() < 1e-9);
        assert!(near, "{found:?}, expected {expected:?}");
    };
    // 25 shares short: one day on 250, three on 500, at 0.1 % a day.
    close(equity(settings, plan), [1000.0, 750.0 - 0.25, 750.0 - 0.25 - 1.5]);
    // While short, interest on what is left of the cash when the shares are bought back: 1000, then 750 and its own.
    settings.rates = Rates { borrow: 0.0, interest: 0.365 };
    close(equity(settings, plan), [1000.0, 751.0, 751.0 + 0.003 * 751.0]);
    // Flat: on all cash. All in: on none.
    close(equity(settings, Positions::default()), [1000.0, 1001.0, 1001.0 * 1.003]);
    let signals = Signals { buy: Some(&short), ..Signals::default() };
    close(equity(settings, Positions { signals, ..Positions::default() }), [1000.0, 2000.0, 2000.0]);
}

#[test]
fn interest_is_no_profit_of_a_trade_and_borrow_is_a_loss_of_it() {
    let portal = flat(&[10.0; 4]);
    let (entry, exit) = (at(&[0]), at(&[2]));
    let mut settings = free(FillAt::Close);
    settings.rates = Rates { borrow: 0.0, interest: 0.365 };
    let long = Signals { buy: Some(&entry), sell: Some(&exit), ..Signals::default() };
    let short = Signals { short: Some(&entry), cover: Some(&exit), ..Signals::default() };
    for signals in [long, short] {
        let plan = Positions { signals, size: Size::Share(0.5), ..Positions::default() };
        let backtest = run(&portal, settings, plan);
        assert!(backtest.metrics().get(Metric::TotalReturn) > Some(0.0));
        assert_eq!(backtest.metrics().get(Metric::WinRate), Some(0.0));
    }
    settings.rates = Rates { borrow: 0.365, interest: 0.0 };
    let backtest = run(&portal, settings, Positions { signals: short, ..Positions::default() });
    assert_eq!(backtest.metrics().get(Metric::ProfitFactor), Some(0.0));
}

#[test]
fn a_short_that_loses_everything_says_when_and_what_it_owes() {
    let portal = flat(&[10.0, 12.0, 25.0, 5.0, 5.0]);
    let (short, buy) = (at(&[0]), at(&[3]));
    let signals = Signals { short: Some(&short), buy: Some(&buy), ..Signals::default() };
    let backtest = run(&portal, free(FillAt::Close), Positions { signals, ..Positions::default() });
    let equity: Vec<f64> = backtest.equity().map(|(_, equity)| equity).collect();
    assert_eq!(equity, [1000.0, 800.0, 0.0, 0.0, 0.0]);
    assert_eq!(backtest.closed_at().unwrap().to_string(), "1970-01-03");
    assert_eq!(backtest.metrics().get(Metric::Debt), Some(500.0));
    assert_eq!(backtest.fills().len(), 1); // and buys nothing with nothing
}

#[test]
fn rules_without_a_way_out_are_warned_of() {
    let some = at(&[0]);
    let warn = |signals: Signals<'_>, exits: Exits<'_>| {
        let plan = Positions { signals, exits, ..Positions::default() };
        plan.warnings()
    };
    let (none, buy) = (Exits::default(), Signals { buy: Some(&some), ..Signals::default() });
    assert_eq!(
        warn(buy, none),
        ["no way out: a long position is held to the end; add sell, short, a stop-loss, a trailing-stop, \
          a take-profit or max-bars"]
    );
    assert!(warn(Signals { sell: Some(&some), ..buy }, none).is_empty());
    assert!(warn(Signals { short: Some(&some), ..buy }, none).is_empty());
    for exits in [
        Exits { stop_loss: Some(Level::Share(0.1)), ..none },
        Exits { trailing_stop: Some(Level::Share(0.1)), ..none },
        Exits { take_profit: Some(Level::Share(0.1)), ..none },
        Exits { max_bars: Some(5), ..none },
    ] {
        assert!(warn(buy, exits).is_empty());
    }
    let covers = Signals { cover: Some(&some), ..Signals::default() };
    assert_eq!(warn(covers, none), ["cover ends nothing: there is no short"]);
}

#[test]
fn what_is_out_of_range_is_refused_with_what_was_expected() {
    let share = |share| Some(Level::Share(share));
    let exits = |exits: Exits<'static>| Positions { exits, ..Positions::default() };
    let size = |size| Positions { size, ..Positions::default() };
    for (plan, expected) in [
        (exits(Exits { stop_loss: share(1.0), ..Exits::default() }), "stop-loss: is 1, expected a share"),
        (
            exits(Exits { trailing_stop: share(0.0), ..Exits::default() }),
            "trailing-stop: is 0, expected a share",
        ),
        (
            exits(Exits { take_profit: share(-0.1), ..Exits::default() }),
            "take-profit: is -0.1, expected a share",
        ),
        (
            exits(Exits { stop_loss: share(f64::NAN), ..Exits::default() }),
            "stop-loss: is NaN, expected a share",
        ),
        (exits(Exits { max_bars: Some(0), ..Exits::default() }), "max-bars: is 0, expected a number of bars"),
        (size(Size::Share(1.5)), "size: is 1.5, expected a share of equity above 0 and at most 1"),
        (size(Size::Risk(1.0)), "risk: is 1, expected a share of equity above 0 and below 1"),
        (size(Size::Risk(0.01)), "risk: is 0.01, but there is no stop to measure it by"),
    ] {
        let error = Sweep::new().backtest_plan(&flat(&[10.0]), plan).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
    }
    let mut settings = free(FillAt::Close);
    settings.rates.borrow = -0.01;
    let error = Sweep::new().settings(settings).backtest_plan(&flat(&[10.0]), Positions::default());
    let expected = "borrow: is -0.01, expected a yearly rate from 0 to 10, such as 0.03 for 3 %";
    assert_eq!(error.unwrap_err().to_string(), expected);
}

#[test]
fn every_rule_of_the_page_names_a_test_that_is_there() {
    let read = |file: &str| {
        std::fs::read_to_string(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap()
    };
    let files = ["positions/rules.rs", "positions/stops.rs", "positions/random.rs", "metrics.rs"];
    let tests: String = files.map(|file| read(&format!("tests/integration/{file}"))).concat();
    let page = read("docs/positions.md");
    let rows: Vec<&str> =
        page.lines().filter(|line| line.starts_with("| ") && !line.contains("| test |")).collect();
    assert!(rows.len() > 25);
    for row in rows {
        let names = row.rsplit(" | ").next().unwrap().trim_end_matches(" |");
        for name in names.split(", ") {
            let name = name.trim_matches('`');
            assert!(tests.contains(&format!("#[test]\nfn {name}() {{")), "{name}");
        }
    }
}
