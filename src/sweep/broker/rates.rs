//! Rates: what holding earns and costs from one close to the next.

#![forbid(unsafe_code)]

use super::Account;
use crate::error::Error;

/// What holding earns and costs a year, as shares of 1: both 0 by default.
///
/// Both run by calendar days / 365, from one close to the next, on the values at the close before, and are booked before
/// that bar's open. They are no trade's profit and no part of [`Metric::Costs`](crate::sweep::Metric::Costs), but borrow
/// lessens the profit of the short that it is paid for.
///
/// # Examples
/// ```
/// use lookback::sweep::{Rates, Settings};
/// let settings = Settings { rates: Rates { borrow: 0.03, interest: 0.02 }, ..Settings::default() };
/// assert!(settings.to_string().contains("borrow 3 % a year, interest 2 % a year"));
/// ```
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Rates {
    /// Paid on the value of the shares that are short.
    pub borrow: f64,
    /// Earned on cash, but not on what short sales brought: as much cash as the short is worth is held back.
    pub interest: f64,
}

/// The highest rate that is no mistake: 1000 % a year.
const MOST: f64 = 10.0;

impl Rates {
    pub(in crate::sweep) fn check(&self) -> Result<(), Error> {
        for (name, rate) in [("borrow", self.borrow), ("interest", self.interest)] {
            if !(0.0..=MOST).contains(&rate) {
                let message =
                    format!("is {rate}, expected a yearly rate from 0 to {MOST}, such as 0.03 for 3 %");
                return Err(Error::bad_parameter(name, message));
            }
        }
        Ok(())
    }

    pub(in crate::sweep) fn are_zero(&self) -> bool {
        self.borrow == 0.0 && self.interest == 0.0
    }
}

/// Rates over the bars of a run.
#[derive(Clone, Copy, Debug)]
pub(in crate::sweep) struct Carry<'a> {
    pub(in crate::sweep) rates: Rates,
    /// Calendar days from the bar before to each bar.
    pub(in crate::sweep) days: &'a [f64],
}

impl Carry<'_> {
    /// The interest earned and the borrow paid up to a bar by what was held at the close before.
    pub(in crate::sweep) fn of(&self, bar: usize, account: &Account, close_before: f64) -> (f64, f64) {
        let years = self.days[bar] / 365.0;
        let value = account.shares * close_before;
        let free = if value < 0.0 { account.cash + value } else { account.cash };
        (self.rates.interest * years * free.max(0.0), self.rates.borrow * years * (-value).max(0.0))
    }
}
