//! One account, and what its figures are made of.

#![forbid(unsafe_code)]

use jiff::civil::Date;

use super::Figures;
use super::drawdown::{self, Drawdown};
use super::month::{date_of, ends, growth};
use crate::report::ratio::{deviation, mean, number, over, quantile, sharpe};
use crate::sweep::TrackRecord;
use crate::time::DAY_NS;

/// One account, with what several figures are made of.
pub(super) struct Account<'a> {
    pub(super) of: &'a Figures,
    pub(super) equity: &'a [f64],
    pub(super) returns: &'a [f64],
    pub(super) gains: Vec<f64>,
    pub(super) losses: Vec<f64>,
    pub(super) months: Vec<f64>,
    pub(super) quarters: Vec<f64>,
    pub(super) years: Vec<f64>,
    pub(super) underwater: Vec<f64>,
    pub(super) drawdowns: Vec<Drawdown>,
}

impl<'a> Account<'a> {
    pub(super) fn new(of: &'a Figures, equity: &'a [f64], returns: &'a [f64]) -> Self {
        let by = |key: &dyn Fn(Date) -> (i16, i8)| {
            growth(equity, of.cash, ends(of, key).into_iter().map(|(_, end)| end))
        };
        let side = |keep: fn(&f64) -> bool| returns.iter().copied().filter(keep).collect();
        Self {
            of,
            equity,
            returns,
            gains: side(|one| *one > 0.0),
            losses: side(|one| *one < 0.0),
            months: by(&|date| (date.year(), date.month())),
            quarters: by(&|date| (date.year(), (date.month() - 1) / 3)),
            years: by(&|date| (date.year(), 0)),
            underwater: drawdown::underwater(equity, of.cash),
            drawdowns: drawdown::all(&of.moments, equity, of.cash),
        }
    }

    pub(super) fn growth(&self) -> f64 {
        self.equity.last().map_or(1.0, |last| last / self.of.cash)
    }

    pub(super) fn total(&self) -> Option<f64> {
        (!self.equity.is_empty()).then(|| self.growth() - 1.0)
    }

    /// Calendar years from the first bar to the last; `None` below 30 days.
    pub(super) fn years_long(&self) -> Option<f64> {
        let (first, last) = (self.of.moments.first()?, self.of.moments.last()?);
        #[expect(clippy::cast_precision_loss, reason = "shown to a few digits")]
        let days = (last.0 - first.0) as f64 / DAY_NS as f64;
        (days >= 30.0).then_some(days / 365.25)
    }

    pub(super) fn cagr(&self) -> Option<f64> {
        Some(libm::pow(self.growth(), 1.0 / self.years_long()?) - 1.0)
    }

    /// The growth of one of so many equal spans, less 1.
    pub(super) fn expected(&self, spans: usize) -> Option<f64> {
        (spans > 0).then(|| libm::pow(self.growth(), 1.0 / number(spans)) - 1.0)
    }

    pub(super) fn annual(&self, per_bar: Option<f64>) -> Option<f64> {
        per_bar.map(|ratio| ratio * self.of.periods_per_year.sqrt())
    }

    pub(super) fn sharpe(&self) -> Option<f64> {
        self.annual(sharpe(self.returns))
    }

    pub(super) fn record(&self) -> Option<TrackRecord> {
        sharpe(self.returns)?;
        TrackRecord::of_returns(self.returns)
    }

    pub(super) fn sortino(&self) -> Option<f64> {
        let downside = self.losses.iter().map(|one| one * one).sum::<f64>() / number(self.returns.len());
        self.annual(over(mean(self.returns)?, downside.sqrt()))
    }

    /// Of correlations with the bar before: what they leave of a ratio that takes bars for independent.
    ///
    /// sqrt(1 + 2 sum over k of (1 - k/n) rho^k), rho the correlation of neighbours.
    pub(super) fn smoothing(&self) -> Option<f64> {
        let bars = self.returns.len().checked_sub(1).filter(|bars| *bars > 1)?;
        let rho = correlation(&self.returns[..bars], &self.returns[1..])?.abs();
        let all = number(self.returns.len());
        let mut power = 1.0;
        let mut sum = 0.0;
        for lag in 1..self.returns.len() {
            power *= rho;
            if power < 1e-18 {
                break;
            }
            sum += (all - number(lag)) / all * power;
        }
        Some((1.0 + 2.0 * sum).sqrt())
    }

    pub(super) fn deepest(&self) -> Option<f64> {
        self.underwater.iter().copied().min_by(f64::total_cmp)
    }

    pub(super) fn gain_by_pain(values: &[f64]) -> Option<f64> {
        let pain: f64 = values.iter().filter(|one| **one < 0.0).sum();
        over(values.iter().sum(), -pain)
    }

    pub(super) fn profit_factor(&self) -> Option<f64> {
        over(self.gains.iter().sum(), -self.losses.iter().sum::<f64>())
    }

    pub(super) fn payoff(&self) -> Option<f64> {
        over(mean(&self.gains)?, -mean(&self.losses)?)
    }

    /// Of the bars that moved.
    pub(super) fn win_rate(&self) -> Option<f64> {
        share_above(self.returns)
    }

    pub(super) fn tail(&self) -> Option<f64> {
        over(quantile(self.returns, 0.95)?, quantile(self.returns, 0.05)?).map(f64::abs)
    }

    pub(super) fn kelly(&self) -> Option<f64> {
        let (payoff, wins) = (self.payoff().filter(|one| *one > 0.0)?, self.win_rate()?);
        Some((payoff * wins - (1.0 - wins)) / payoff)
    }

    pub(super) fn value_at_risk(&self) -> Option<f64> {
        quantile(self.returns, 0.05)
    }

    /// The mean of the returns at or below the value at risk.
    pub(super) fn shortfall(&self) -> Option<f64> {
        let limit = self.value_at_risk()?;
        mean(&self.returns.iter().copied().filter(|one| *one <= limit).collect::<Vec<_>>())
    }

    pub(super) fn ulcer(&self) -> Option<f64> {
        let squares: f64 = self.underwater.iter().map(|one| one * one).sum();
        (self.underwater.len() > 1).then(|| (squares / number(self.underwater.len() - 1)).sqrt())
    }

    pub(super) fn serenity(&self) -> Option<f64> {
        let limit = quantile(&self.underwater, 0.05)?;
        let worst: Vec<f64> = self.underwater.iter().copied().filter(|one| *one <= limit).collect();
        let pitfall = -mean(&worst)? / deviation(self.returns)?;
        over(self.returns.iter().sum(), self.ulcer()? * pitfall)
    }

    pub(super) fn longest(&self) -> Option<f64> {
        self.drawdown_days().max_by(f64::total_cmp)
    }

    #[expect(clippy::cast_precision_loss, reason = "shown to a few digits")]
    pub(super) fn drawdown_days(&self) -> impl Iterator<Item = f64> {
        let last = self.of.moments.last().copied();
        self.drawdowns
            .iter()
            .filter_map(move |one| Some((one.recovered.or(last)?.0 - one.peak.0) as f64 / DAY_NS as f64))
    }

    /// Growth since the last bar of the day before a date, less 1; `None` where the account is younger.
    pub(super) fn since(&self, date: Date) -> Option<f64> {
        let (first, last) = (self.of.moments.first()?, self.equity.last()?);
        if date_of(first.days()) > date {
            return None;
        }
        let before = self.of.moments.partition_point(|moment| date_of(moment.days()) < date);
        let base = before.checked_sub(1).map_or(self.of.cash, |bar| self.equity[bar]);
        over(*last, base).map(|growth| growth - 1.0)
    }

    pub(super) fn last_date(&self) -> Option<Date> {
        self.of.moments.last().map(|moment| date_of(moment.days()))
    }

    pub(super) fn months_back(&self, months: i32) -> Option<f64> {
        self.since(self.last_date()?.saturating_sub(jiff::Span::new().months(months)))
    }

    pub(super) fn years_back(&self, years: i32) -> Option<f64> {
        Some(libm::pow(1.0 + self.months_back(12 * years)?, 1.0 / f64::from(years)) - 1.0)
    }
}

/// Values above 0 among those that are not 0.
pub(super) fn share_above(values: &[f64]) -> Option<f64> {
    let above = values.iter().filter(|one| **one > 0.0).count();
    let moved = values.iter().filter(|one| **one != 0.0).count();
    over(number(above), number(moved))
}

pub(super) fn least(values: &[f64]) -> Option<f64> {
    values.iter().copied().min_by(f64::total_cmp)
}

pub(super) fn most(values: &[f64]) -> Option<f64> {
    values.iter().copied().max_by(f64::total_cmp)
}

pub(super) fn covariance(a: &[f64], b: &[f64]) -> Option<f64> {
    let (mean_a, mean_b) = (mean(a)?, mean(b)?);
    let sum: f64 = a.iter().zip(b).map(|(a, b)| (a - mean_a) * (b - mean_b)).sum();
    over(sum, number(a.len()) - 1.0)
}

pub(super) fn correlation(a: &[f64], b: &[f64]) -> Option<f64> {
    over(covariance(a, b)?, deviation(a)? * deviation(b)?)
}
