//! Your own strategy in a sweep: the close above its highest close of some bars before buys, below the lowest sells.

#![expect(clippy::print_stdout, reason = "an example shows what it found")]

use lookback::portal::{DataPortal, Options, Request};
use lookback::sweep::{Bar, Metric, Parameter, Point, Setup, Strategy, Sweep};
use lookback::{Bundle, Error, Field};

struct Breakout(Request);

impl Strategy for Breakout {
    const NAME: &'static str = "breakout";
    fn parameters() -> Result<Vec<Parameter>, Error> {
        Ok(vec!["bars=10:120:10".parse()?])
    }
    fn start(point: &Point<'_>, setup: &mut Setup<'_>) -> Result<Self, Error> {
        Ok(Self(setup.window([Field::Close], point.usize("bars")? + 1)?))
    }
    fn on_bar(&mut self, bar: &mut Bar<'_>) -> Result<(), Error> {
        if bar.index() + 1 < self.0.bar_count() {
            return Ok(());
        }
        let window = bar.history(&self.0)?;
        let (now, before) = window.column(0).split_last().expect("a window has at least one bar");
        if before.iter().all(|close| close < now) {
            bar.set_target(1.0);
        } else if before.iter().all(|close| close > now) {
            bar.set_target(0.0);
        }
        Ok(())
    }
}

fn main() -> Result<(), Error> {
    let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
    let results = Sweep::new().asset("IBM").run::<Breakout>(&portal)?;
    let best = &results.ranking(0, Metric::Sharpe, 1)[0];
    println!("bars {}: Sharpe {:.2?}", best.trial.point.usize("bars")?, best.metrics.get(Metric::Sharpe));
    Ok(())
}
