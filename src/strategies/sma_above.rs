//! Two moving averages: in while the fast one is above the slow one, from the first bar on.

#![forbid(unsafe_code)]

use crate::error::Error;
use crate::sweep::{Bar, IndicatorId, Parameter, Point, Setup, Strategy, above, below};

/// Holds all cash in the asset while SMA(fast) is above SMA(slow), and nothing while it is below. Long only.
///
/// It trades a level: a run that starts above buys at its first bar. [`SmaCross`](super::SmaCross) waits for the next
/// crossing there. While the averages are level, or either is undefined, what is held stays.
///
/// # Examples
/// ```
/// use lookback::strategies::{SmaAbove, SmaCross};
/// use lookback::sweep::{Settings, Sweep};
/// use lookback::{Bundle, portal::{DataPortal, Options}};
///
/// let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
/// let settings = Settings { from: Some("2009-09-01".parse()?), ..Settings::default() };
/// let sweep = Sweep::new().asset("IBM").settings(settings);
/// let sweep = sweep.parameter("fast=20".parse()?).parameter("slow=50".parse()?);
/// let first = |backtest: lookback::sweep::Backtest| backtest.fills().next().map(|(date, _)| date.to_string());
/// let level = first(sweep.backtest::<SmaAbove>(&portal)?);
/// assert_eq!(level.as_deref(), Some("2009-09-02")); // above on the first day: bought at the next open
/// assert!(first(sweep.backtest::<SmaCross>(&portal)?) > level);
/// # Ok::<(), lookback::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct SmaAbove {
    fast: IndicatorId,
    slow: IndicatorId,
}

impl Strategy for SmaAbove {
    const NAME: &'static str = "sma-above";
    const CONSTRAINT: &'static str = "fast < slow";

    fn parameters() -> Result<Vec<Parameter>, Error> {
        let [fast, slow] = ["fast=5:50", "slow=20:200:2"].map(str::parse::<Parameter>);
        Ok(vec![fast?.bars(), slow?.bars()])
    }

    fn start(point: &Point<'_>, setup: &mut Setup<'_>) -> Result<Self, Error> {
        let (fast, slow) = (setup.sma(point.usize("fast")?)?, setup.sma(point.usize("slow")?)?);
        setup.wake_on_first_bar();
        setup.wake_on_change(fast, slow);
        Ok(Self { fast, slow })
    }

    #[inline]
    fn on_bar(&mut self, bar: &mut Bar<'_>) -> Result<(), Error> {
        let (fast, slow) = (bar.value(self.fast), bar.value(self.slow));
        if above(fast, slow) {
            bar.set_target(1.0);
        } else if below(fast, slow) {
            bar.set_target(0.0);
        }
        Ok(())
    }
}
