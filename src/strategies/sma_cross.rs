//! Two moving averages: in when the fast one rises above the slow one, out when it falls below.

#![forbid(unsafe_code)]

use crate::error::Error;
use crate::sweep::{Bar, IndicatorId, Parameter, Point, Setup, Strategy};

/// Buys with all cash where SMA(fast) becomes above SMA(slow), and sells all where it becomes below. Long only.
///
/// It trades a crossing: a run that starts above stays flat until the next one. [`SmaAbove`](super::SmaAbove) trades the
/// level. No signal while either average is undefined, nor at the first bar at which both are defined.
///
/// # Examples
/// ```
/// use lookback::strategies::SmaCross;
/// use lookback::sweep::Sweep;
/// assert_eq!(Sweep::new().grid::<SmaCross>()?.len(), 3930);
/// # Ok::<(), lookback::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct SmaCross {
    fast: IndicatorId,
    slow: IndicatorId,
}

impl Strategy for SmaCross {
    const NAME: &'static str = "sma-cross";
    const CONSTRAINT: &'static str = "fast < slow";

    fn parameters() -> Result<Vec<Parameter>, Error> {
        let [fast, slow] = ["fast=5:50", "slow=20:200:2"].map(str::parse::<Parameter>);
        Ok(vec![fast?.bars(), slow?.bars()])
    }

    fn start(point: &Point<'_>, setup: &mut Setup<'_>) -> Result<Self, Error> {
        let (fast, slow) = (setup.sma(point.usize("fast")?)?, setup.sma(point.usize("slow")?)?);
        setup.wake_on_crossing(fast, slow);
        Ok(Self { fast, slow })
    }

    // Into the loop over the bars of whoever asks it, also from another crate.
    #[inline(always)]
    fn on_bar(&mut self, bar: &mut Bar<'_>) -> Result<(), Error> {
        if bar.crosses_above(self.fast, self.slow) {
            bar.set_target(1.0);
        } else if bar.crosses_below(self.fast, self.slow) {
            bar.set_target(0.0);
        }
        Ok(())
    }
}
