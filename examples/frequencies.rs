//! Several frequencies in one strategy: days bought where weeks and months rise, without a look at what is to come.

#![expect(clippy::print_stdout, reason = "an example shows what it found")]

use lookback::portal::{Indicator, Options};
use lookback::sweep::{Bar, IndicatorId, Metric, Parameter, Point, Setup, Strategy, Sweep};
use lookback::{Bundle, DataPortal, Error, Field, Frequency, Request};

struct Rising {
    /// At each day, the average of the weeks that were over then.
    weeks: IndicatorId,
    months: Request,
}

impl Strategy for Rising {
    const NAME: &'static str = "rising";

    fn parameters() -> Result<Vec<Parameter>, Error> {
        Ok(vec!["weeks=10:40:10".parse()?])
    }

    fn start(point: &Point<'_>, setup: &mut Setup<'_>) -> Result<Self, Error> {
        let weeks = setup.indicator_at(Frequency::Week, &Indicator::sma(point.usize("weeks")?)?)?;
        Ok(Self { weeks, months: setup.window_at(Frequency::Month, [Field::Open], 1)? })
    }

    fn on_bar(&mut self, bar: &mut Bar<'_>) -> Result<(), Error> {
        let opened = bar.history(&self.months)?.column(0)[0]; // on the level of this bar, whatever splits follow
        let rises = bar.close() > bar.value(self.weeks) && bar.close() > opened;
        bar.set_target(if rises { 1.0 } else { 0.0 });
        Ok(())
    }
}

fn main() -> Result<(), Error> {
    let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
    let results = Sweep::new().asset("IBM").run::<Rising>(&portal)?;
    let best = &results.ranking(0, Metric::Sharpe, 1)[0];
    let trades = best.metrics.get(Metric::Trades).unwrap_or_default();
    println!("of {} weeks: {trades} trades", best.trial.point.usize("weeks")?);
    Ok(())
}
