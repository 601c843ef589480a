//! The broker: turns a target weight into one order, and one order into cash and shares.

#![forbid(unsafe_code)]

mod extremes;
mod ledger;
mod path;
mod positions;
mod rates;
mod reason;
mod records;
mod tally;

use std::fmt;
use std::str::FromStr;

pub use ledger::Fill;
pub use positions::{Counts, Exits, Level, Plan, Positions, Signals, Size, Weights};
pub use rates::Rates;
pub use reason::Reason;

pub(in crate::sweep) use ledger::Ledger;
pub(in crate::sweep) use path::Path;
pub(in crate::sweep) use positions::{Filled, PricedAt, Range, Tape};
pub(in crate::sweep) use rates::Carry;
pub(in crate::sweep) use tally::{BLOCKS, Tally, bars_f64};

use crate::asset::Field;
use crate::error::Error;

/// When an order is filled.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum FillAt {
    /// At the open of the next bar: what a trader who sees the close can have. An order of the last bar is not filled.
    #[default]
    NextOpen,
    /// At the close of the bar that decided it.
    Close,
}

impl FillAt {
    /// The name: `next-open` or `close`.
    ///
    /// # Examples
    /// ```
    /// use lookback::sweep::FillAt;
    /// assert_eq!("next-open".parse::<FillAt>()?.name(), "next-open");
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::NextOpen => "next-open",
            Self::Close => "close",
        }
    }

    /// The price that it is filled at.
    pub(in crate::sweep) fn field(self) -> Field {
        match self {
            Self::NextOpen => Field::Open,
            Self::Close => Field::Close,
        }
    }
}

impl fmt::Display for FillAt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for FillAt {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        [Self::NextOpen, Self::Close]
            .into_iter()
            .find(|fill| fill.name() == text.trim())
            .ok_or_else(|| Error::invalid("fill", format!("found {text:?}, expected next-open or close")))
    }
}

/// What trading costs.
///
/// # Examples
/// ```
/// use lookback::sweep::{Costs, Settings};
/// let free = Costs { fee: 0.0, ..Costs::default() };
/// assert!(Settings { costs: free, ..Settings::default() }.to_string().contains("fee 0 %"));
/// ```
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Costs {
    /// Proportional commission, as a share of the notional.
    pub fee: f64,
    /// Fixed commission of each order, in quote currency.
    pub commission: f64,
    /// A buy pays this much more than the market's price and a sale gets as much less, in basis points.
    pub slippage_bps: f64,
}

impl Default for Costs {
    /// A fee of 0.001, no fixed commission, no slippage.
    fn default() -> Self {
        Self { fee: 0.001, commission: 0.0, slippage_bps: 0.0 }
    }
}

impl Costs {
    /// Refuses what would make a sale yield nothing or a purchase pay.
    pub(in crate::sweep) fn check(&self) -> Result<(), Error> {
        let bad = |subject: &str, value: f64, expected: &str| -> Result<(), Error> {
            Err(Error::bad_parameter(subject, format!("is {value}, expected {expected}")))
        };
        if !(0.0..1.0).contains(&self.fee) {
            return bad("fee", self.fee, "a share of the notional from 0 to below 1");
        }
        if !(self.commission >= 0.0 && self.commission.is_finite()) {
            return bad("commission", self.commission, "an amount of at least 0 in quote currency");
        }
        if !(0.0..10_000.0).contains(&self.slippage_bps) {
            return bad("slippage", self.slippage_bps, "basis points from 0 to below 10000");
        }
        Ok(())
    }
}

/// [`Costs`] as the factors that each order multiplies by, worked out once.
#[derive(Clone, Copy, Debug)]
pub(in crate::sweep) struct Charges {
    fee: f64,
    commission: f64,
    slippage: f64,
    bought: Side,
    sold: Side,
}

/// What a buyer pays, or a seller gets, by the market's price.
#[derive(Clone, Copy, Debug)]
struct Side {
    /// With slippage: what a share is traded at.
    market: f64,
    /// With the fee: what is paid or got of that.
    net: f64,
}

impl Charges {
    pub(in crate::sweep) fn new(Costs { fee, commission, slippage_bps }: Costs) -> Self {
        let slippage = slippage_bps * 1e-4;
        let (bought, sold) = (1.0 + slippage, 1.0 - slippage);
        Self {
            fee,
            commission,
            slippage,
            bought: Side { market: bought, net: 1.0 + fee },
            sold: Side { market: sold, net: 1.0 - fee },
        }
    }

    /// The same for a limit order, which is filled at its price or a better one.
    pub(in crate::sweep) fn of_limit(costs: Costs) -> Self {
        Self::new(Costs { slippage_bps: 0.0, ..costs })
    }

    /// Of an order for so many shares, by what each is traded at and what they are worth at the market's price.
    #[inline(always)]
    fn cost(&self, shares: f64, market: f64, notional: f64) -> f64 {
        shares * market * self.fee + notional * self.slippage + self.commission
    }
}

/// Cash and shares of one trial. Shares are fractional, and negative where short.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(in crate::sweep) struct Account {
    pub(in crate::sweep) cash: f64,
    pub(in crate::sweep) shares: f64,
}

/// An order that trades something.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(in crate::sweep) struct Execution {
    /// The account after it.
    pub(in crate::sweep) after: Account,
    /// Shares bought, or sold where negative.
    pub(in crate::sweep) shares: f64,
    /// Shares traded times the market's price.
    pub(in crate::sweep) notional: f64,
    /// Fee, commission and slippage.
    pub(in crate::sweep) cost: f64,
}

/// An order for less than this share of equity is what rounding left over, not a trade.
const DUST: f64 = 1e-12;

impl Account {
    /// Equity at a price.
    #[inline]
    pub(in crate::sweep) fn equity(&self, price: f64) -> f64 {
        self.cash + self.shares * price
    }

    /// What an order for a weight does at a market price; `None` where there is nothing to trade.
    ///
    /// The shares are such that, once every cost is paid, they are worth `weight` times the equity that is left. So a
    /// weight of 1 spends all cash, fee included: shares = cash / (price x (1 + fee)); and a weight of 0 sells all.
    #[inline(always)]
    #[expect(clippy::float_cmp, reason = "exactly 1 means all in, and no other weight does")]
    pub(in crate::sweep) fn order(self, weight: f64, price: f64, charges: &Charges) -> Option<Execution> {
        // What nearly every order is, with less to decide and to work out; no result differs.
        if self.shares == 0.0 && weight == 1.0 && self.cash > 0.0 {
            return self.all_in(price, charges);
        }
        let worth = self.shares * price;
        let equity = self.cash + worth;
        // Who has nothing left can only end what is held.
        let weight = if equity > 0.0 { weight } else { 0.0 };
        if weight == 0.0 {
            return (self.shares != 0.0).then(|| self.trade(-self.shares, price, charges));
        }
        let gap = weight * equity - worth;
        if gap.abs() <= DUST * equity {
            return None;
        }
        let funds = weight * (equity - charges.commission) - worth;
        let shares = if gap > 0.0 {
            // Bought at `paid` each, marked at `price`: (shares held + q) x price = weight x (equity - costs of q).
            let paid = price * charges.bought.market * charges.bought.net;
            let each = if weight == 1.0 { paid } else { price + weight * (paid - price) };
            (funds > 0.0).then(|| funds / each)?
        } else {
            let got = price * charges.sold.market * charges.sold.net;
            let each = price - weight * (price - got);
            (funds < 0.0).then(|| funds / each)?
        };
        let mut execution = self.trade(shares, price, charges);
        if weight == 1.0 {
            // All in means no cash at all: what is left is rounding, and an exact 0 lets a held span be summed at once.
            execution.after.cash = 0.0;
        }
        Some(execution)
    }

    /// An order for a weight of 1 from cash alone.
    #[inline(always)]
    fn all_in(self, price: f64, charges: &Charges) -> Option<Execution> {
        let funds = self.cash - charges.commission;
        let market = price * charges.bought.market;
        let shares = (funds > 0.0).then(|| funds / (market * charges.bought.net))?;
        let (after, notional) = (Account { cash: 0.0, shares }, shares * price);
        Some(Execution { after, shares, notional, cost: charges.cost(shares, market, notional) })
    }

    #[inline(always)]
    fn trade(self, shares: f64, price: f64, charges: &Charges) -> Execution {
        let side = if shares > 0.0 { charges.bought } else { charges.sold };
        let (notional, market) = (shares.abs() * price, price * side.market);
        let flow = -shares * market * side.net - charges.commission;
        let after = Account { cash: self.cash + flow, shares: self.shares + shares };
        Execution { after, shares, notional, cost: charges.cost(shares.abs(), market, notional) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CASH: Account = Account { cash: 1000.0, shares: 0.0 };

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() <= 1e-9 * b.abs().max(1.0)
    }

    fn charges() -> Charges {
        Charges::new(Costs { fee: 0.01, commission: 5.0, slippage_bps: 100.0 })
    }

    #[test]
    fn all_in_spends_all_cash_with_the_fee_and_a_sale_pays_it_again() {
        let costs = Charges::new(Costs { fee: 0.25, commission: 0.0, slippage_bps: 0.0 });
        let bought = CASH.order(1.0, 8.0, &costs).unwrap();
        assert_eq!(bought.after, Account { cash: 0.0, shares: 100.0 });
        assert_eq!((bought.notional, bought.cost), (800.0, 200.0));
        let sold = bought.after.order(0.0, 8.0, &costs).unwrap();
        assert_eq!(sold.after, Account { cash: 600.0, shares: 0.0 });
    }

    #[test]
    fn slippage_and_commission_are_paid_on_top() {
        // 995 left after commission, at 8 x 1.01 x 1.01 each.
        let bought = CASH.order(1.0, 8.0, &charges()).unwrap();
        assert!(close(bought.after.shares, 995.0 / (8.0 * 1.01 * 1.01)));
        assert!(close(bought.cost, CASH.cash - bought.after.equity(8.0)));
    }

    #[test]
    fn every_change_of_weight_lands_on_it_after_costs() {
        for from in [-1.0, -0.4, 0.0, 0.3, 1.0] {
            let start = CASH.order(from, 10.0, &charges()).map_or(CASH, |execution| execution.after);
            for to in [-1.0, -0.5, -0.1, 0.2, 0.7, 1.0] {
                let Some(done) = start.order(to, 12.0, &charges()) else { continue };
                let after = done.after;
                assert!(close(after.shares * 12.0, to * after.equity(12.0)), "{from} to {to}: {after:?}");
                assert!(close(start.equity(12.0) - done.cost, after.equity(12.0)), "{from} to {to}");
            }
        }
    }

    #[test]
    fn what_is_held_already_is_not_traded_again() {
        let free = Charges::new(Costs { fee: 0.0, commission: 0.0, slippage_bps: 0.0 });
        for costs in [free, charges()] {
            let long = CASH.order(1.0, 7.3, &costs).unwrap().after;
            assert_eq!(long.order(1.0, 9.1, &costs), None);
            assert_eq!(CASH.order(0.0, 7.3, &costs), None);
            let half = CASH.order(0.5, 7.3, &costs).unwrap().after;
            assert_eq!(half.order(0.5, 7.3, &costs), None);
        }
    }

    #[test]
    fn an_order_that_cannot_pay_its_commission_is_none() {
        let costs = Charges::new(Costs { commission: 2000.0, ..Costs::default() });
        assert_eq!(CASH.order(1.0, 10.0, &costs), None);
        assert_eq!(CASH.order(0.5, 10.0, &costs), None);
    }
}
