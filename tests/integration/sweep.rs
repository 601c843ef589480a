//! Sweeps as a whole: agreement with references, order, failures, ranking.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use lookback::bundle::{Adjustment, AdjustmentKind, IngestOptions};
use lookback::portal::{DataPortal, Options, Request};
use lookback::strategies::SmaCross;
use lookback::sweep::{
    Backtest, Bar, Costs, FillAt, Metric, Outcome, Parameter, Point, Progress, Results, Settings, Setup,
    Strategy, Sweep, Watch,
};
use lookback::{Adjust, Bundle, Error, ErrorKind, Field, Frequency, Timestamp};

use super::files::Folder;
use super::stocks;

fn sample() -> DataPortal {
    DataPortal::new(Bundle::sample().unwrap(), Options::default()).unwrap()
}

fn small() -> Sweep {
    Sweep::new().parameter("fast=5:20:5".parse().unwrap()).parameter("slow=20:60:20".parse().unwrap())
}

fn bits(results: &Results) -> Vec<Option<[u64; Metric::ALL.len()]>> {
    results.trials().map(|trial| trial.outcome.metrics().map(|metrics| metrics.to_bits())).collect()
}

/// A strategy that is asked at every bar, where `S` would have skipped.
struct EveryBar<S>(S);

impl<S: Strategy> Strategy for EveryBar<S> {
    const NAME: &'static str = S::NAME;
    const CONSTRAINT: &'static str = S::CONSTRAINT;
    fn parameters() -> Result<Vec<Parameter>, Error> {
        S::parameters()
    }
    fn start(point: &Point<'_>, setup: &mut Setup<'_>) -> Result<Self, Error> {
        setup.wake_on_every_bar();
        S::start(point, setup).map(Self)
    }
    fn on_bar(&mut self, bar: &mut Bar<'_>) -> Result<(), Error> {
        self.0.on_bar(bar)
    }
}

#[test]
fn the_committed_reference_is_met() {
    let portal = stocks::portal(vec![stocks::synthetic()]);
    let rows = stocks::rows("sma_cross_SYN00.csv");
    for (fill, at) in [(FillAt::Close, 2), (FillAt::NextOpen, 6)] {
        let results =
            Sweep::new().settings(Settings { fill, ..Settings::default() }).run::<SmaCross>(&portal).unwrap();
        assert_eq!(results.len(), 3930);
        let trials: Vec<_> = results.trials().step_by(20).collect();
        assert_eq!(trials.len(), rows.len());
        for (trial, row) in trials.iter().zip(&rows) {
            let point: Vec<String> = trial.point.iter().map(|(_, value)| value.to_string()).collect();
            assert_eq!(point, row[..2]);
            let number = |column: usize| row[column].parse::<f64>().unwrap();
            let metrics = trial.outcome.metrics().unwrap();
            for (metric, column) in
                [(Metric::TotalReturn, at), (Metric::Sharpe, at + 2), (Metric::MaxDrawdown, at + 3)]
            {
                let found = metrics.get(metric).unwrap();
                assert!(
                    (found - number(column)).abs() < 1e-9,
                    "{fill} {point:?} {metric}: {found}, not {}",
                    row[column]
                );
            }
            let fills = 2.0 * metrics.get(Metric::Trades).unwrap() + metrics.get(Metric::OpenTrades).unwrap();
            assert_eq!(fills, number(at + 1), "{fill} {point:?}: fills");
        }
    }
}

#[test]
fn a_run_on_real_stocks_is_the_replay_of_its_trades_on_adjusted_closes() {
    let text = sample_text();
    let portal = sample();
    for symbol in ["AAPL", "IBM"] {
        let adjusted: Vec<(&str, f64)> = text
            .lines()
            .filter_map(|line| {
                let cells: Vec<&str> = line.split(',').collect();
                (cells[0] == symbol).then(|| (cells[1], cells[7].parse().unwrap()))
            })
            .collect();
        let settings = Settings { fill: FillAt::Close, ..Settings::default() };
        let sweep = Sweep::new().asset(symbol).settings(settings);
        let sweep = sweep.parameter("fast=20".parse().unwrap()).parameter("slow=50".parse().unwrap());
        let backtest = sweep.backtest::<SmaCross>(&portal).unwrap();
        assert!(backtest.fills().len() > 50);
        let (mut cash, mut shares) = (1e6, 0.0);
        let mut fills = backtest.fills().peekable();
        for ((date, close), (moment, equity)) in adjusted.iter().zip(backtest.equity()) {
            assert_eq!(*date, moment.to_string());
            if let Some((_, fill)) = fills.next_if(|(at, _)| *at == moment) {
                (cash, shares) = if fill.shares > 0.0 {
                    (0.0, cash / (close * 1.001))
                } else {
                    (shares * close * 0.999, 0.0)
                };
            }
            let replayed: f64 = cash + shares * close;
            // The vendor rounds its factors to some 1e-9 of a close.
            assert!((equity / replayed - 1.0).abs() < 1e-6, "{symbol} {date}: {equity}, replayed {replayed}");
        }
        assert!(fills.next().is_none());
    }
}

/// The sample as it is committed, read apart from the library.
fn sample_text() -> String {
    use std::io::Read;
    let file = std::fs::File::open(concat!(env!("CARGO_MANIFEST_DIR"), "/data/stocks.csv.gz")).unwrap();
    let mut text = String::new();
    flate2::read::GzDecoder::new(file).read_to_string(&mut text).unwrap();
    text
}

#[test]
fn skipping_bars_changes_no_bit() {
    let portal = sample();
    for fill in [FillAt::Close, FillAt::NextOpen] {
        let sweep =
            small().settings(Settings { fill, from: "2004-05-05".parse().ok(), ..Settings::default() });
        let skipped = sweep.run::<SmaCross>(&portal).unwrap();
        let visited = sweep.run::<EveryBar<SmaCross>>(&portal).unwrap();
        assert_eq!(bits(&skipped), bits(&visited));
        assert!(skipped.failed() == 0);
    }
}

#[test]
fn results_are_the_same_bits_for_any_number_of_threads() {
    let one = small().threads(NonZeroUsize::MIN).run::<SmaCross>(&sample()).unwrap();
    for threads in [2, 3, 8] {
        let many = small().threads(NonZeroUsize::new(threads).unwrap()).run::<SmaCross>(&sample()).unwrap();
        assert_eq!(many.threads(), threads);
        assert_eq!(bits(&one), bits(&many), "{threads} threads");
    }
}

#[test]
fn rows_come_asset_by_asset_in_grid_order() {
    let results = small().asset("MSFT").asset("AAPL").run::<SmaCross>(&sample()).unwrap();
    let rows: Vec<String> = results
        .trials()
        .map(|trial| {
            format!(
                "{} {} {}",
                trial.asset,
                trial.point.usize("fast").unwrap(),
                trial.point.usize("slow").unwrap()
            )
        })
        .collect();
    assert_eq!(rows.len(), 22);
    assert_eq!(rows[..4], ["MSFT 5 20", "MSFT 5 40", "MSFT 5 60", "MSFT 10 20"]);
    assert_eq!(rows[11], "AAPL 5 20");
}

#[test]
fn a_trial_whose_averages_are_never_defined_is_ok_and_trades_nothing() {
    let sweep =
        Sweep::new().asset("FB").parameter("fast=50".parse().unwrap()).parameter("slow=200".parse().unwrap());
    let results = sweep.run::<SmaCross>(&sample()).unwrap();
    let metrics = results.trials().next().unwrap().outcome.metrics().copied().unwrap();
    assert_eq!(results.bars(), 196);
    assert_eq!(metrics.get(Metric::TotalReturn), Some(0.0));
    assert_eq!(metrics.get(Metric::Trades), Some(0.0));
    assert_eq!(metrics.get(Metric::Sharpe), None);
}

/// Fails at one point and panics at another.
struct Fragile(usize);

impl Strategy for Fragile {
    const NAME: &'static str = "fragile";
    fn parameters() -> Result<Vec<Parameter>, Error> {
        Ok(vec!["at=0:4".parse()?])
    }
    fn start(point: &Point<'_>, _: &mut Setup<'_>) -> Result<Self, Error> {
        Ok(Self(point.usize("at")?))
    }
    fn on_bar(&mut self, bar: &mut Bar<'_>) -> Result<(), Error> {
        match self.0 {
            1 => Err(ErrorKind::Strategy { message: format!("no luck on {}", bar.timestamp()) }.into()),
            2 => panic!("out of {}", "bounds"),
            3 => {
                bar.set_target(1.5);
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

#[test]
fn a_trial_that_fails_or_panics_is_a_row_and_the_others_go_on() {
    let portal = stocks::portal(vec![stocks::walk("A", 10, 1)]);
    let results = Sweep::new().run::<Fragile>(&portal).unwrap();
    let rows: Vec<String> = results
        .trials()
        .map(|trial| match trial.outcome {
            Outcome::Failed(error) => error.to_string(),
            other => other.status().to_owned(),
        })
        .collect();
    assert_eq!(
        rows,
        [
            "ok",
            "strategy failed: no luck on 2024-01-01",
            "strategy failed: it panicked: out of bounds",
            "strategy failed: target weight is 1.5 on 2024-01-01, expected -1 to 1",
            "ok"
        ]
    );
    assert_eq!(results.failed(), 3);
}

#[test]
fn an_asset_without_bars_in_the_run_fails_with_its_dates() {
    let settings = Settings { to: "2010-01-01".parse().ok(), ..Settings::default() };
    let results = small().asset("FB").asset("IBM").settings(settings).run::<SmaCross>(&sample()).unwrap();
    let error = results.summaries()[0].as_ref().unwrap_err().to_string();
    assert_eq!(error, "FB: no bar from its start to 2010-01-01; its bars are from 2012-05-18 to 2013-03-01");
    assert_eq!(results.failed(), results.grid().len());
    assert!(results.summaries()[1].is_ok());
}

#[test]
fn from_counts_signals_and_warms_up_before() {
    // Down, then up: the averages cross at bar 6.
    let closes = [9.0, 8.0, 7.0, 6.0, 5.0, 6.0, 8.0, 9.0, 10.0, 11.0, 12.0];
    let portal = stocks::portal(vec![stocks::closes("A", &closes)]);
    let run = |from: &str, to: &str| -> Backtest {
        let settings = Settings {
            fill: FillAt::Close,
            from: from.parse().ok(),
            to: to.parse().ok(),
            ..Settings::default()
        };
        let sweep = Sweep::new().parameter("fast=2".parse().unwrap()).parameter("slow=4".parse().unwrap());
        sweep.settings(settings).backtest::<SmaCross>(&portal).unwrap()
    };
    let dates = |backtest: &Backtest| backtest.fills().map(|(date, _)| date.to_string()).collect::<Vec<_>>();
    assert_eq!(dates(&run("", "")), ["2024-01-07"]);
    // On the very bar of the cross it counts, compared with the bar before; one bar later it is gone.
    assert_eq!(dates(&run("2024-01-07", "")), ["2024-01-07"]);
    assert_eq!(run("2024-01-07", "").equity().len(), 5);
    assert!(dates(&run("2024-01-08", "")).is_empty());
    assert!(dates(&run("", "2024-01-06")).is_empty());
    assert_eq!(run("", "2024-01-06").summary().bars, 6);
}

#[test]
fn a_split_is_no_loss_and_prices_are_those_of_their_time() {
    let split = Adjustment::new(Timestamp::from_date(2024, 1, 3).unwrap(), AdjustmentKind::Split(2.0));
    let bars = [(10.0, 10.0), (10.0, 12.0), (6.0, 6.0), (6.0, 7.0)];
    let portal = stocks::portal(vec![stocks::asset("A", &bars, vec![split])]);
    struct Watching;
    impl Strategy for Watching {
        const NAME: &'static str = "watching";
        fn parameters() -> Result<Vec<Parameter>, Error> {
            Ok(Vec::new())
        }
        fn start(_: &Point<'_>, _: &mut Setup<'_>) -> Result<Self, Error> {
            Ok(Self)
        }
        fn on_bar(&mut self, bar: &mut Bar<'_>) -> Result<(), Error> {
            assert_eq!(bar.close(), [10.0, 12.0, 6.0, 7.0][bar.index()]);
            if bar.index() == 0 {
                bar.set_target(1.0);
            }
            Ok(())
        }
    }
    let costs = Costs { fee: 0.0, ..Costs::default() };
    let settings = Settings { fill: FillAt::Close, costs, ..Settings::default() };
    let backtest = Sweep::new().settings(settings).backtest::<Watching>(&portal).unwrap();
    let equity: Vec<f64> = backtest.equity().map(|(_, equity)| equity / 1e6).collect();
    assert_eq!(equity, [1.0, 1.2, 1.2, 1.4]);
    let (_, fill) = backtest.fills().next().unwrap();
    assert_eq!((fill.price, fill.raw_price), (5.0, 10.0));
    let raw = Sweep::new().settings(Settings { adjust: Adjust::Raw, ..settings });
    let equity: Vec<f64> =
        raw.backtest::<Watching>(&portal).unwrap().equity().map(|(_, e)| e / 1e6).collect();
    assert_eq!(equity, [1.0, 1.2, 0.6, 0.7]);
}

#[test]
fn a_run_adjusted_for_splits_earns_the_price_and_no_dividend() {
    let day = |day| Timestamp::from_date(2024, 1, day).unwrap();
    let events = vec![
        Adjustment::new(day(2), AdjustmentKind::Dividend(2.0)),
        Adjustment::new(day(3), AdjustmentKind::Split(2.0)),
    ];
    let bars = [(10.0, 10.0), (8.0, 8.0), (5.0, 5.0)];
    let portal = stocks::portal(vec![stocks::asset("A", &bars, events)]);
    let held = |adjust| {
        let costs = Costs { fee: 0.0, ..Costs::default() };
        let settings = Settings { fill: FillAt::Close, costs, adjust, ..Settings::default() };
        let sweep = Sweep::new().settings(settings).parameter("fast=1".parse().unwrap());
        let backtest = sweep.parameter("slow=2".parse().unwrap()).backtest::<SmaCross>(&portal).unwrap();
        backtest.summary().buy_and_hold.get(Metric::TotalReturn).unwrap()
    };
    for (adjust, expected) in [(Adjust::Raw, -0.5), (Adjust::Splits, 0.0), (Adjust::Total, 0.25)] {
        assert!((held(adjust) - expected).abs() < 1e-12, "{adjust}: {}", held(adjust));
    }
}

/// Reads windows and the average at the clock, and checks one by the other.
struct Windowed {
    window: Request,
    average: lookback::sweep::IndicatorId,
    bars: usize,
}

impl Strategy for Windowed {
    const NAME: &'static str = "windowed";
    fn parameters() -> Result<Vec<Parameter>, Error> {
        Ok(vec!["bars=20,37".parse()?])
    }
    fn start(point: &Point<'_>, setup: &mut Setup<'_>) -> Result<Self, Error> {
        let bars = point.usize("bars")?;
        Ok(Self { window: setup.window([Field::Close], bars)?, average: setup.sma(bars)?, bars })
    }
    fn on_bar(&mut self, bar: &mut Bar<'_>) -> Result<(), Error> {
        if bar.index() + 1 < self.bars {
            assert!(bar.value(self.average).is_nan());
            return Ok(());
        }
        let window = bar.history(&self.window)?;
        let closes = window.column(0);
        assert_eq!(closes[self.bars - 1], bar.close());
        let mean = closes.iter().sum::<f64>() / self.bars as f64;
        assert!((bar.value(self.average) / mean - 1.0).abs() < 1e-12, "on {}", bar.timestamp());
        bar.set_target(if bar.close() > mean { 1.0 } else { 0.0 });
        Ok(())
    }
}

#[test]
fn an_average_is_on_the_price_level_of_its_bar() {
    let portal = sample();
    for adjust in [Adjust::Splits, Adjust::Total] {
        let sweep = Sweep::new().settings(Settings { adjust, ..Settings::default() });
        let results = sweep.asset("AAPL").asset("MSFT").run::<Windowed>(&portal).unwrap();
        for trial in results.trials() {
            assert_eq!(trial.outcome.status(), "ok", "{:?}", trial.outcome);
            assert!(trial.outcome.metrics().unwrap().get(Metric::Trades) > Some(50.0));
        }
    }
}

#[test]
fn a_backtest_has_the_bits_of_its_sweep() {
    let portal = sample();
    let results = small().asset("IBM").run::<SmaCross>(&portal).unwrap();
    for (trial, bits) in results.trials().zip(bits(&results)) {
        let sweep = trial.point.iter().fold(Sweep::new().asset("IBM"), |sweep, (name, value)| {
            sweep.parameter(format!("{name}={value}").parse().unwrap())
        });
        let backtest = sweep.backtest::<SmaCross>(&portal).unwrap();
        assert_eq!(Some(backtest.metrics().to_bits()), bits);
        let last = backtest.equity().last().unwrap().1 / 1e6 - 1.0;
        assert_eq!(Some(last), backtest.metrics().get(Metric::TotalReturn));
    }
}

#[test]
fn a_ranking_puts_the_best_first_and_the_undefined_last() {
    let portal = stocks::portal(vec![stocks::walk("A", 150, 3)]);
    let sweep =
        Sweep::new().parameter("fast=5,6".parse().unwrap()).parameter("slow=20,40,190,200".parse().unwrap());
    let results = sweep.run::<SmaCross>(&portal).unwrap();
    for metric in [Metric::Sharpe, Metric::ProfitFactor, Metric::WinRate] {
        let ranking = results.ranking(0, metric, 0);
        // The four points whose slow average is never defined share the last place.
        let last = ranking.last().unwrap();
        assert_eq!((last.points, last.metrics.get(metric)), (4, None), "{metric}");
        assert!(ranking.windows(2).all(|pair| {
            pair[1].metrics.get(metric).is_none()
                || pair[0].metrics.get(metric) >= pair[1].metrics.get(metric)
        }));
    }
    let ranking = results.ranking(0, Metric::Volatility, 1);
    assert!(ranking.iter().all(|place| place.metrics.get(Metric::Trades) >= Some(1.0)));
    assert!(
        ranking.windows(2).all(|pair| {
            pair[0].metrics.get(Metric::Volatility) <= pair[1].metrics.get(Metric::Volatility)
        })
    );
    assert!(results.ranking(0, Metric::Sharpe, 10_000).is_empty());
}

#[test]
fn progress_ends_at_the_total() {
    let (most, calls) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let progress = |progress: Progress| {
        calls.fetch_add(1, Ordering::Relaxed);
        most.fetch_max(progress.done, Ordering::Relaxed);
        assert_eq!(progress.total, 55);
    };
    let watch = Watch { progress: Some(&progress), ..Watch::default() };
    small().run_watched::<SmaCross>(&sample(), watch).unwrap();
    assert_eq!(most.into_inner(), 55);
}

/// Asks for windows of its asset, and holds above their first close.
struct AboveWindow(Request);

impl Strategy for AboveWindow {
    const NAME: &'static str = "above-window";
    fn parameters() -> Result<Vec<Parameter>, Error> {
        Ok(vec!["bars=1:200".parse()?])
    }
    fn start(point: &Point<'_>, setup: &mut Setup<'_>) -> Result<Self, Error> {
        setup.window([Field::Close], point.usize("bars")?).map(Self)
    }
    fn on_bar(&mut self, bar: &mut Bar<'_>) -> Result<(), Error> {
        if bar.index() + 1 >= self.0.bar_count() {
            let window = bar.history(&self.0)?;
            bar.set_target(f64::from(bar.close() > window.column(0)[0]));
        }
        Ok(())
    }
}

#[test]
fn a_bundle_replaced_by_one_without_the_assets_fails_no_trial_of_a_run_under_way() {
    let assets = || vec![stocks::walk("ONE", 250, 1), stocks::walk("TWO", 250, 2)];
    let sweep = Sweep::new().threads(NonZeroUsize::MIN);
    let undisturbed = sweep.run::<AboveWindow>(&stocks::portal(assets())).unwrap();

    let portal = stocks::portal(assets());
    let other = Bundle::from_series("other", Frequency::Day, vec![stocks::walk("OTHER", 50, 3)]).unwrap();
    let replaced = AtomicUsize::new(0);
    let progress = |progress: Progress| {
        if portal.replace(other.clone()).unwrap() {
            replaced.store(progress.done, Ordering::Relaxed);
        }
    };
    let results = sweep
        .run_watched::<AboveWindow>(&portal, Watch { progress: Some(&progress), ..Watch::default() })
        .unwrap();
    let replaced = replaced.into_inner();
    assert!(
        replaced > 0 && replaced < 200,
        "replaced after {replaced} trials, expected within the first asset"
    );
    assert!(portal.request(["ONE"], [Field::Close], 1, Frequency::Day).is_err());
    for trial in results.trials() {
        assert!(!matches!(trial.outcome, Outcome::Failed(_)), "{:?}", trial.outcome);
    }
    assert_eq!(bits(&results), bits(&undisturbed));
}

#[test]
fn a_bundle_replaced_or_deleted_under_a_sweep_fails_no_trial() {
    let sweep = Sweep::new().threads(NonZeroUsize::MIN);
    let rows = |asset: &str, seed: u64| {
        let mut line = 0;
        let closes = stocks::walk(asset, 250, seed).values[3].clone();
        closes.iter().fold(String::new(), |text, close| {
            line += 1;
            format!("{text}{asset},{},{close},{close},{close},{close},1\n", 1_109_548_800 + 86_400 * line)
        })
    };
    let header = "symbol,timestamp,open,high,low,close,volume\n";
    let folder = Folder::new();
    folder.write("both.csv", format!("{header}{}{}", rows("ONE", 1), rows("TWO", 2)));
    folder.write("other.csv", format!("{header}{}", rows("OTHER", 3)));
    let open = || {
        let bundle = folder.ingest(&["both.csv"], &IngestOptions::default()).unwrap().bundle;
        DataPortal::new(bundle, Options::default()).unwrap()
    };
    let undisturbed = sweep.run::<AboveWindow>(&open()).unwrap();
    let replace = || {
        folder.ingest(&["other.csv"], &IngestOptions::default()).unwrap();
    };
    let delete = || std::fs::remove_dir_all(folder.path("bundle")).unwrap();
    for disturb in [&replace as &(dyn Fn() + Sync), &delete] {
        let portal = open();
        let disturbed = AtomicBool::new(false);
        let progress = |progress: Progress| {
            if progress.done < progress.total / 2 && !disturbed.swap(true, Ordering::Relaxed) {
                disturb();
            }
        };
        let watch = Watch { progress: Some(&progress), ..Watch::default() };
        let results = sweep.run_watched::<AboveWindow>(&portal, watch).unwrap();
        assert!(disturbed.into_inner(), "nothing happened before the sweep was half done");
        assert_eq!(bits(&results), bits(&undisturbed));
        for trial in results.trials() {
            assert!(!matches!(trial.outcome, Outcome::Failed(_)), "{:?}", trial.outcome);
        }
    }
}

/// Stops the sweep that it is part of.
struct Stopping;

static STOP: AtomicBool = AtomicBool::new(false);

impl Strategy for Stopping {
    const NAME: &'static str = "stopping";
    fn parameters() -> Result<Vec<Parameter>, Error> {
        Ok(vec!["at=0:99".parse()?])
    }
    fn start(point: &Point<'_>, _: &mut Setup<'_>) -> Result<Self, Error> {
        STOP.store(point.usize("at")? >= 10, Ordering::Relaxed);
        Ok(Self)
    }
    fn on_bar(&mut self, _: &mut Bar<'_>) -> Result<(), Error> {
        Ok(())
    }
}

#[test]
fn a_stopped_sweep_keeps_what_is_done_and_marks_the_rest() {
    let portal = stocks::portal(vec![stocks::walk("A", 50, 1)]);
    let watch = Watch { stop: Some(&STOP), ..Watch::default() };
    let results = Sweep::new().threads(NonZeroUsize::MIN).run_watched::<Stopping>(&portal, watch).unwrap();
    let statuses: Vec<&str> = results.trials().map(|trial| trial.outcome.status()).collect();
    assert_eq!(results.unfinished(), statuses.iter().filter(|status| **status == "unfinished").count());
    assert!(results.unfinished() > 0 && statuses.contains(&"ok"));
    assert_eq!(results.len(), 100);
}

#[test]
fn settings_out_of_range_are_refused() {
    let portal = stocks::portal(vec![stocks::walk("A", 50, 1)]);
    let error = |settings: Settings| {
        Sweep::new().settings(settings).run::<SmaCross>(&portal).unwrap_err().to_string()
    };
    let base = Settings::default();
    let fee = Costs { fee: 1.0, ..base.costs };
    assert_eq!(
        error(Settings { costs: fee, ..base }),
        "fee: is 1, expected a share of the notional from 0 to below 1"
    );
    assert_eq!(error(Settings { cash: 0.0, ..base }), "cash: is 0, expected an amount above 0");
    assert_eq!(
        error(Settings { periods_per_year: Some(f64::NAN), ..base }),
        "periods per year: is NaN, expected a number above 0"
    );
    let unknown = Sweep::new().asset("AAPLE").run::<SmaCross>(&sample()).unwrap_err().to_string();
    assert!(unknown.starts_with("unknown asset AAPLE; nearest: AAPL"), "{unknown}");
    assert!(Sweep::new().asset("A").asset("A").run::<SmaCross>(&portal).is_err());
}

#[test]
fn a_price_that_cannot_be_traded_is_named() {
    let portal = stocks::portal(vec![stocks::asset("A", &[(1.0, 1.0), (0.0, 1.0)], Vec::new())]);
    let results = Sweep::new().run::<SmaCross>(&portal).unwrap();
    let error = results.summaries()[0].as_ref().unwrap_err().to_string();
    assert_eq!(error, "A: open is 0 on 2024-01-02, expected a price above 0");
    assert_eq!(results.failed(), results.len());
}

#[test]
fn intraday_bars_count_by_their_day() {
    let mut series = stocks::walk("A", 48, 1);
    let hours: Vec<i64> = (0..48).map(|hour| hour * 3_600_000_000_000).collect();
    series.calendar = lookback::Calendar::new(hours).unwrap();
    let bundle = Bundle::from_series("test", Frequency::Hour, vec![series]).unwrap();
    let portal = DataPortal::new(bundle, Options::default()).unwrap();
    let results = Sweep::new().run::<SmaCross>(&portal).unwrap();
    assert_eq!(results.summaries()[0].as_ref().unwrap().periods_per_year, 252.0 * 24.0);
}

#[test]
fn more_threads_than_could_help_are_not_started_and_said_so() {
    let portal = stocks::portal(vec![stocks::walk("A", 60, 1)]);
    let sweep = small().threads(NonZeroUsize::new(100_000).unwrap());
    let results = sweep.run::<SmaCross>(&portal).unwrap();
    assert_eq!((results.threads(), results.threads_asked()), (Sweep::thread_limit(), Some(100_000)));
    assert_eq!(small().run::<SmaCross>(&portal).unwrap().threads_asked(), None);
}

#[test]
fn a_start_after_the_end_is_refused_before_anything_runs() {
    let date = |text: &str| Some(text.parse().unwrap());
    let settings = Settings { from: date("2006-01-01"), to: date("2005-01-01"), ..Settings::default() };
    let error = small().settings(settings).run::<SmaCross>(&sample()).unwrap_err().to_string();
    assert_eq!(error, "from: is 2006-01-01, expected a date at or before to, 2005-01-01");
    let settings = Settings { to: settings.from, ..settings };
    assert!(small().settings(settings).run::<SmaCross>(&sample()).is_ok(), "one day is a run");
}

/// Stops its sweep at its thousandth trial.
struct StopsSoon;

static SOON: AtomicBool = AtomicBool::new(false);
static STARTED: AtomicUsize = AtomicUsize::new(0);

impl Strategy for StopsSoon {
    const NAME: &'static str = "stops-soon";
    const CONSTRAINT: &'static str = "fast < slow";
    fn parameters() -> Result<Vec<Parameter>, Error> {
        Ok(vec!["fast=1:3000".parse()?, "slow=1:3000".parse()?])
    }
    fn start(_: &Point<'_>, setup: &mut Setup<'_>) -> Result<Self, Error> {
        setup.wake_on_first_bar();
        SOON.store(STARTED.fetch_add(1, Ordering::Relaxed) >= 1000, Ordering::Relaxed);
        Ok(Self)
    }
    fn on_bar(&mut self, _: &mut Bar<'_>) -> Result<(), Error> {
        Ok(())
    }
}

#[test]
fn a_stopped_sweep_of_millions_holds_the_trials_that_ran_and_counts_the_others() {
    let portal = stocks::portal(vec![stocks::walk("A", 50, 1)]);
    let watch = Watch { stop: Some(&SOON), ..Watch::default() };
    let results = Sweep::new().run_watched::<StopsSoon>(&portal, watch).unwrap();
    assert_eq!(results.len(), 3000 * 2999 / 2);
    let ran = results.ran().count();
    assert!((1000..1100).contains(&ran), "{ran} trials ran");
    assert_eq!(results.unfinished(), results.len() - ran);
    assert_eq!(results.ranking(0, Metric::TotalReturn, 0)[0].points, ran);
    for trial in results.ran() {
        assert!(trial.outcome.metrics().is_some());
    }
    assert_eq!(results.trial(results.len() - 1).outcome.status(), "unfinished");
}
