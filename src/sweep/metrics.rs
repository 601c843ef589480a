//! What a trial is judged by.

#![forbid(unsafe_code)]

use std::fmt;
use std::str::FromStr;

use super::broker::{Tally, bars_f64};
use crate::error::Error;
use crate::nearest::suggestion;

/// A number that judges a trial.
///
/// r is the return per bar (the first one against the starting cash), N the number of bars and P the periods a year.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Metric {
    /// Equity at the end / cash - 1.
    TotalReturn,
    /// (equity at the end / cash)^(1 / years) - 1 with calendar days / 365.25; null under 30 days.
    Cagr,
    /// Sample standard deviation of r x sqrt(P); null for fewer than 2 bars.
    Volatility,
    /// Mean of r / sample standard deviation of r x sqrt(P), risk-free 0; null without variance.
    Sharpe,
    /// Mean of r / sqrt(mean of min(r, 0)^2) x sqrt(P); null without a negative r.
    Sortino,
    /// Lowest equity / peak - 1; the peak starts at the cash.
    MaxDrawdown,
    /// Longest stretch of bars below a peak, in bars.
    MaxDrawdownBars,
    /// CAGR / |maximum drawdown|; null where either is null or there was no drawdown.
    Calmar,
    /// Closed round trips.
    Trades,
    /// Positions that are open at the end: marked at the last close, not sold.
    OpenTrades,
    /// Share of closed round trips with a profit after costs; null without trades.
    WinRate,
    /// Gross profit / gross loss of closed round trips after costs; null without a losing one.
    ProfitFactor,
    /// Share of bars with a position at the close.
    Exposure,
    /// Traded notional / mean equity, per year of P bars.
    Turnover,
    /// Fees, commissions and slippage, in quote currency.
    Costs,
    /// What was owed beyond the account when it was closed, in quote currency; 0 where it never was.
    ///
    /// A short can lose more than all equity. At the first close at which nothing is left, the account is closed at 0:
    /// that bar returns -100 %, and later ones 0.
    Debt,
    /// Entries whose size by risk was above all equity, and was cut to it.
    CappedTrades,
    /// Bars at whose close both a long and a short entry were true, so that neither was ordered.
    BothEntries,
}

/// Which direction of a metric is better.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Better {
    /// The larger value.
    Higher,
    /// The smaller value.
    Lower,
}

/// How a metric is to be read.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Unit {
    /// A share of 1, shown in percent.
    Share,
    /// A plain ratio.
    Ratio,
    /// Bars.
    Bars,
    /// Round trips.
    Trades,
    /// Times a year.
    PerYear,
    /// Quote currency.
    Currency,
}

impl Metric {
    /// All of them, in the order of every output.
    pub const ALL: [Self; 18] = [
        Self::TotalReturn,
        Self::Cagr,
        Self::Volatility,
        Self::Sharpe,
        Self::Sortino,
        Self::MaxDrawdown,
        Self::MaxDrawdownBars,
        Self::Calmar,
        Self::Trades,
        Self::OpenTrades,
        Self::WinRate,
        Self::ProfitFactor,
        Self::Exposure,
        Self::Turnover,
        Self::Costs,
        Self::Debt,
        Self::CappedTrades,
        Self::BothEntries,
    ];

    /// The name in snake case.
    ///
    /// # Examples
    /// ```
    /// use lookback::sweep::Metric;
    /// assert_eq!(Metric::MaxDrawdown.name(), "max_drawdown");
    /// assert_eq!("max-drawdown".parse::<Metric>()?, Metric::MaxDrawdown);
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::TotalReturn => "total_return",
            Self::Cagr => "cagr",
            Self::Volatility => "volatility",
            Self::Sharpe => "sharpe",
            Self::Sortino => "sortino",
            Self::MaxDrawdown => "max_drawdown",
            Self::MaxDrawdownBars => "max_drawdown_bars",
            Self::Calmar => "calmar",
            Self::Trades => "trades",
            Self::OpenTrades => "open_trades",
            Self::WinRate => "win_rate",
            Self::ProfitFactor => "profit_factor",
            Self::Exposure => "exposure",
            Self::Turnover => "turnover",
            Self::Costs => "costs",
            Self::Debt => "debt",
            Self::CappedTrades => "capped_trades",
            Self::BothEntries => "both_entries",
        }
    }

    /// Which direction is better. A maximum drawdown is at most 0, so the higher one is the smaller fall.
    ///
    /// # Examples
    /// ```
    /// use lookback::sweep::{Better, Metric};
    /// assert_eq!((Metric::Sharpe.better(), Metric::Costs.better()), (Better::Higher, Better::Lower));
    /// ```
    #[must_use]
    pub fn better(self) -> Better {
        match self {
            Self::Volatility
            | Self::MaxDrawdownBars
            | Self::OpenTrades
            | Self::Exposure
            | Self::Turnover
            | Self::Costs
            | Self::Debt
            | Self::CappedTrades
            | Self::BothEntries => Better::Lower,
            _ => Better::Higher,
        }
    }

    /// How its values are to be read.
    ///
    /// # Examples
    /// ```
    /// use lookback::sweep::{Metric, Unit};
    /// assert_eq!((Metric::Cagr.unit(), Metric::MaxDrawdownBars.unit()), (Unit::Share, Unit::Bars));
    /// ```
    #[must_use]
    pub fn unit(self) -> Unit {
        match self {
            Self::TotalReturn
            | Self::Cagr
            | Self::Volatility
            | Self::MaxDrawdown
            | Self::WinRate
            | Self::Exposure => Unit::Share,
            Self::Sharpe | Self::Sortino | Self::Calmar | Self::ProfitFactor => Unit::Ratio,
            Self::MaxDrawdownBars | Self::BothEntries => Unit::Bars,
            Self::Trades | Self::OpenTrades | Self::CappedTrades => Unit::Trades,
            Self::Turnover => Unit::PerYear,
            Self::Costs | Self::Debt => Unit::Currency,
        }
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Metric {
    type Err = Error;

    /// Reads a name in snake or kebab case.
    fn from_str(text: &str) -> Result<Self, Error> {
        let name = text.trim().to_ascii_lowercase().replace('-', "_");
        Self::ALL.into_iter().find(|metric| metric.name() == name).ok_or_else(|| {
            let names = Self::ALL.map(Self::name);
            let nearest = suggestion(&name, names);
            Error::bad_parameter(
                text,
                format!("unknown metric{nearest}; expected one of {}", names.join(", ")),
            )
        })
    }
}

/// The metrics of one trial.
///
/// # Examples
/// ```
/// use lookback::sweep::{Metric, Metrics};
/// # fn show(metrics: &Metrics) {
/// let sharpe: Option<f64> = metrics.get(Metric::Sharpe); // None: not defined for this trial
/// # }
/// ```
#[derive(Clone, Copy, PartialEq)]
pub struct Metrics {
    /// In the order of [`Metric::ALL`]; NaN where a metric is not defined.
    values: [f64; Metric::ALL.len()],
}

impl Metrics {
    /// The value of a metric; `None` where it is not defined.
    ///
    /// # Examples
    /// ```
    /// # use lookback::{Bundle, strategies::SmaCross, sweep::*, portal::{DataPortal, Options}};
    /// # let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
    /// # let sweep = Sweep::new().asset("IBM").parameter("fast=20,30".parse()?).parameter("slow=50".parse()?);
    /// let results = sweep.run::<SmaCross>(&portal)?;
    /// let trades = results.trial(0).outcome.metrics().and_then(|metrics| metrics.get(Metric::Trades));
    /// assert!(trades > Some(0.0));
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[inline]
    #[must_use]
    pub fn get(&self, metric: Metric) -> Option<f64> {
        let value = self.values[metric as usize];
        (!value.is_nan()).then_some(value)
    }

    /// The values as bits, in the order of [`Metric::ALL`]: equal for trials that are the same to the last bit.
    #[must_use]
    pub fn to_bits(&self) -> [u64; Metric::ALL.len()] {
        self.values.map(f64::to_bits)
    }

    /// In the order of [`Metric::ALL`]; NaN where a metric is not defined.
    pub(super) fn values(&self) -> [f64; Metric::ALL.len()] {
        self.values
    }

    pub(super) fn of_values(value: impl Fn(Metric) -> f64) -> Self {
        Self { values: Metric::ALL.map(value) }
    }

    pub(super) fn new(tally: &Tally, frame: &Frame) -> Self {
        let bars = bars_f64(frame.bars);
        let growth = tally.last_equity / frame.cash;
        let [returns, squares, ..] = tally.powers;
        let mean = returns / bars;
        // Sums of squares: rounding leaves about 1e-15 of them, so a variance of 1e-13 is none.
        let spread = squares - returns * mean;
        let varies = frame.bars > 1 && spread > 1e-13 * squares;
        let deviation = if varies { (spread / (bars - 1.0)).sqrt() } else { 0.0 };
        let root = frame.periods_per_year.sqrt();
        // The platform's own power differs in the last bit from one processor to another.
        let cagr = if frame.days < 30.0 { f64::NAN } else { libm::pow(growth, 365.25 / frame.days) - 1.0 };
        let drawdown = tally.lowest_ratio - 1.0;
        let defined = |yes: bool, value: f64| if yes { value } else { f64::NAN };
        let trades = f64::from(tally.trades);
        let values = Metric::ALL.map(|metric| match metric {
            Metric::TotalReturn => growth - 1.0,
            Metric::Cagr => cagr,
            Metric::Volatility => defined(frame.bars > 1, deviation * root),
            Metric::Sharpe => defined(varies, mean / deviation * root),
            Metric::Sortino => defined(tally.downside > 0.0, mean / (tally.downside / bars).sqrt() * root),
            Metric::MaxDrawdown => drawdown,
            Metric::MaxDrawdownBars => bars_f64(tally.longest_below),
            Metric::Calmar => defined(drawdown < 0.0, cagr / -drawdown),
            Metric::Trades => trades,
            Metric::OpenTrades => f64::from(tally.open_trades),
            Metric::WinRate => defined(tally.trades > 0, f64::from(tally.wins) / trades),
            Metric::ProfitFactor => defined(tally.gross_loss > 0.0, tally.gross_profit / tally.gross_loss),
            Metric::Exposure => bars_f64(tally.held_bars) / bars,
            Metric::Turnover => tally.notional / (tally.equities / bars) / (bars / frame.periods_per_year),
            Metric::Costs => tally.costs,
            Metric::Debt => tally.debt,
            Metric::CappedTrades => f64::from(tally.capped),
            Metric::BothEntries => f64::from(tally.both_entries),
        });
        Self { values }
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(Metric::ALL.map(|metric| (metric.name(), self.get(metric)))).finish()
    }
}

/// What a tally is measured against: the same for every trial on an asset.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame {
    pub(super) cash: f64,
    pub(super) bars: usize,
    /// Calendar days from the first bar to the last.
    pub(super) days: f64,
    pub(super) periods_per_year: f64,
}
