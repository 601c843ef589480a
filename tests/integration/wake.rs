//! Wake-ups: which bars a strategy is asked at, and that nothing it is handed leads to a later value.

use std::cell::RefCell;
use std::num::NonZeroUsize;

use lookback::bundle::{Adjustment, AdjustmentKind};
use lookback::portal::Request;
use lookback::strategies::{SmaAbove, SmaCross};
use lookback::sweep::{Bar, FillAt, IndicatorId, Parameter, Period, Point, Settings, Setup, Strategy, Sweep};
use lookback::{Error, Field, Timestamp, When};

use super::stocks;

thread_local! {
    /// What strategies of this thread keep beyond their trials: a run on one thread has its trials on one other.
    static KEPT: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
    static EARLIER: RefCell<Option<IndicatorId>> = const { RefCell::new(None) };
}

/// Keeps everything that it is handed, and every value that it leads to, and asks again with what it kept.
struct Hoarder {
    fast: IndicatorId,
    slow: IndicatorId,
    window: Request,
    bought: f64,
}

impl Strategy for Hoarder {
    const NAME: &'static str = "hoarder";
    fn parameters() -> Result<Vec<Parameter>, Error> {
        Ok(vec!["fast=3,5".parse()?])
    }
    fn start(point: &Point<'_>, setup: &mut Setup<'_>) -> Result<Self, Error> {
        let (fast, slow) = (setup.sma(point.usize("fast")?)?, setup.sma(12)?);
        setup.wake_on_crossing(fast, slow);
        setup.wake_on_first_bar_of(Period::Month);
        setup.wake_on_events();
        let window = setup.window([Field::Close], 1)?;
        KEPT.with_borrow_mut(|kept| kept.push(format!("{point:?} {setup:?} {fast:?} {slow:?} {window:?}")));
        Ok(Self { fast, slow, window, bought: 0.0 })
    }
    fn on_bar(&mut self, bar: &mut Bar<'_>) -> Result<(), Error> {
        let earlier = EARLIER.with_borrow_mut(|earlier| *earlier.get_or_insert(self.slow));
        let values = [self.fast, self.slow, earlier].map(|id| (bar.value(id), bar.previous(id)));
        let prices = [bar.open(), bar.high(), bar.low(), bar.close(), bar.volume()];
        let window = bar.history(&self.window)?.column(0).to_vec();
        let account = (bar.position(), bar.equity(), self.bought);
        self.bought = f64::from(bar.crosses_above(self.fast, self.slow));
        bar.set_target(self.bought);
        let crosses = (bar.crosses_above(self.fast, earlier), bar.crosses_below(earlier, self.fast));
        let seen =
            format!("{} {bar:?} {values:?} {prices:?} {window:?} {account:?} {crosses:?}", bar.index());
        KEPT.with_borrow_mut(|kept| kept.push(seen));
        Ok(())
    }
}

#[test]
fn a_strategy_that_keeps_all_it_is_handed_knows_nothing_of_later_bars() {
    const KNOWN: usize = 180;
    // Two futures of one past, each with an event of its own.
    let kept_of = |closes: &[f64], event_day: u32| {
        let event = Adjustment::new(
            Timestamp(
                Timestamp::from_date(2024, 1, 1).unwrap().0 + i64::from(event_day) * 86_400_000_000_000,
            ),
            AdjustmentKind::Split(2.0),
        );
        let mut series = stocks::closes("A", closes);
        series.adjustments.push(event);
        let portal = stocks::portal(vec![series]);
        KEPT.take();
        EARLIER.take();
        // Raw prices: as adjusted as of the run's last bar, the same past differs in its last bits.
        let settings = Settings { fill: FillAt::Close, adjust: lookback::Adjust::Raw, ..Settings::default() };
        let sweep = Sweep::new().settings(settings);
        for fast in ["fast=3", "fast=5"] {
            sweep.clone().parameter(fast.parse().unwrap()).backtest::<Hoarder>(&portal).unwrap();
        }
        KEPT.take()
    };
    let past: Vec<f64> = (0..KNOWN).map(|bar| 100.0 + f64::from((bar * bar % 37) as u32)).collect();
    let future = |step: f64| {
        past.iter().copied().chain((0..80).map(move |bar| 120.0 + step * f64::from(bar))).collect()
    };
    let (rising, falling): (Vec<f64>, Vec<f64>) = (future(3.0), future(-1.0));
    let (rises, falls) = (kept_of(&rising, 200), kept_of(&falling, 230));
    let known = |kept: &[String]| -> Vec<String> {
        let is_known =
            |line: &&String| line.split(' ').next().unwrap().parse().map_or(true, |bar: usize| bar < KNOWN);
        kept.iter().filter(is_known).cloned().collect()
    };
    assert!(known(&rises).len() > 20 && rises.len() > known(&rises).len() && rises != falls);
    assert_eq!(known(&rises), known(&falls));
}

/// Asks at the bars of some wake-ups, and writes them down.
struct Calendar;

impl Strategy for Calendar {
    const NAME: &'static str = "calendar";
    fn parameters() -> Result<Vec<Parameter>, Error> {
        Ok(vec!["what=0:5".parse()?])
    }
    fn start(point: &Point<'_>, setup: &mut Setup<'_>) -> Result<Self, Error> {
        match point.usize("what")? {
            0 => setup.wake_on_first_bar(),
            1 => setup.wake_on_first_bar_of(Period::Week),
            2 => setup.wake_on_first_bar_of(Period::Month),
            3 => setup.wake_on_events(),
            4 => {
                setup.wake_on_first_bar_of(Period::Month);
                setup.wake_on_events();
            }
            _ => {}
        }
        Ok(Self)
    }
    fn on_bar(&mut self, bar: &mut Bar<'_>) -> Result<(), Error> {
        KEPT.with_borrow_mut(|kept| kept.push(bar.timestamp().to_string()));
        Ok(())
    }
}

#[test]
fn calendar_bars_and_events_wake_at_their_first_bar_and_unite() {
    let mut series = stocks::closes("A", &[10.0; 40]);
    let ex_date = Timestamp::from_date(2024, 1, 17).unwrap();
    series.adjustments.push(Adjustment::new(ex_date, AdjustmentKind::Dividend(1.0)));
    let portal = stocks::portal(vec![series]);
    let asked = |what: usize, from: Option<When>| {
        KEPT.take();
        let sweep = Sweep::new().settings(Settings { from, ..Settings::default() });
        sweep.parameter(format!("what={what}").parse().unwrap()).backtest::<Calendar>(&portal).unwrap();
        KEPT.take()
    };
    let late: Option<When> = Some("2024-01-10".parse().unwrap());
    assert_eq!(asked(0, None), ["2024-01-01"]);
    assert_eq!(asked(0, late), ["2024-01-10"]);
    let mondays = ["2024-01-01", "2024-01-08", "2024-01-15", "2024-01-22", "2024-01-29", "2024-02-05"];
    assert_eq!(asked(1, None), mondays);
    assert_eq!(asked(1, late), mondays[2..]);
    assert_eq!(asked(2, None), ["2024-01-01", "2024-02-01"]);
    assert_eq!(asked(3, None), ["2024-01-17"]);
    assert_eq!(asked(4, late), ["2024-01-17", "2024-02-01"]);
    assert_eq!(asked(5, None).len(), 40);
}

/// The level of two averages by the book: prices summed bar by bar, all in or all out at the next open.
fn level_by_hand(bars: &[(f64, f64)], from: usize, fast: usize, slow: usize) -> f64 {
    let mean = |bar: usize, count: usize| -> Option<f64> {
        (bar + 1 >= count)
            .then(|| bars[bar + 1 - count..=bar].iter().map(|one| one.1).sum::<f64>() / count as f64)
    };
    let (mut cash, mut shares, mut wanted) = (1e6, 0.0, None);
    for (bar, &(open, _)) in bars.iter().enumerate().skip(from) {
        match wanted.take() {
            Some(true) if shares == 0.0 => (cash, shares) = (0.0, cash / (open * 1.001)),
            Some(false) if shares > 0.0 => (cash, shares) = (shares * open * 0.999, 0.0),
            _ => {}
        }
        if let (Some(fast), Some(slow)) = (mean(bar, fast), mean(bar, slow)) {
            wanted = if (fast - slow).abs() <= 1e-9 { None } else { Some(fast > slow) };
        }
    }
    (cash + shares * bars[bars.len() - 1].1) / 1e6 - 1.0
}

#[test]
fn sma_above_is_in_whenever_the_fast_average_is_above_from_the_first_bar_on() {
    for seed in 1..6 {
        let series = stocks::walk("A", 300, seed);
        let column = |at: usize| -> Vec<f64> {
            series.values[at].iter().map(|value| value.to_string().parse().unwrap()).collect()
        };
        let bars: Vec<(f64, f64)> = column(0).into_iter().zip(column(3)).collect();
        let start = series.calendar.as_slice().to_vec();
        let portal = stocks::portal(vec![series]);
        for from in [0, 100, 151] {
            let settings =
                Settings { from: Some(When::Moment(Timestamp(start[from]))), ..Settings::default() };
            let sweep = Sweep::new().settings(settings).threads(NonZeroUsize::MIN);
            let sweep =
                sweep.parameter("fast=3:15:4".parse().unwrap()).parameter("slow=10:40:10".parse().unwrap());
            for trial in sweep.run::<SmaAbove>(&portal).unwrap().trials() {
                let (fast, slow) = (trial.point.usize("fast").unwrap(), trial.point.usize("slow").unwrap());
                let found =
                    trial.outcome.metrics().unwrap().get(lookback::sweep::Metric::TotalReturn).unwrap();
                let expected = level_by_hand(&bars, from, fast, slow);
                assert!((found - expected).abs() < 1e-9, "{fast} {slow} from {from}: {found}, {expected}");
            }
        }
    }
}

#[test]
fn a_run_that_starts_above_is_bought_by_the_level_and_not_by_the_crossing() {
    let rising: Vec<f64> = (0..60).map(|bar| 10.0 + f64::from(bar)).collect();
    let portal = stocks::portal(vec![stocks::closes("A", &rising)]);
    let settings = Settings { from: Some("2024-01-31".parse().unwrap()), ..Settings::default() };
    let sweep = Sweep::new().settings(settings);
    let sweep = sweep.parameter("fast=2".parse().unwrap()).parameter("slow=5".parse().unwrap());
    assert_eq!(sweep.backtest::<SmaAbove>(&portal).unwrap().fills().len(), 1);
    assert_eq!(sweep.backtest::<SmaCross>(&portal).unwrap().fills().len(), 0);
}
