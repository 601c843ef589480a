//! Round trips: fills paired from flat to flat.

#![forbid(unsafe_code)]

use super::Figures;
use crate::sweep::Fill;
use crate::time::Timestamp;

/// A position from its first fill to the one that closed it. Orders that made it larger or smaller in between are part of it.
#[derive(Clone, PartialEq, Debug)]
pub struct Trip {
    /// Whether shares were borrowed and sold.
    pub is_short: bool,
    /// The bar of the first fill.
    pub entered: Timestamp,
    /// The bar of the last one; `None` where it is open at the end.
    pub exited: Option<Timestamp>,
    /// Mean price of what was bought for a long or sold for a short, on the run's adjustment, before slippage.
    pub entry_price: f64,
    /// That of what closed it.
    pub exit_price: Option<f64>,
    /// What it made, in quote currency, after fees, commissions and slippage, without interest and borrow cost; of an open
    /// one as marked at the last close. `None` where that cannot be told apart from interest and borrow cost.
    pub profit: Option<f64>,
    /// The profit by the price of all that was bought for a long, or sold for a short.
    pub profit_share: Option<f64>,
    /// Fees, commissions and slippage, in quote currency.
    pub cost: f64,
    /// Fills.
    pub fills: usize,
    /// Bars from the first fill to the last, or to the end.
    pub bars: usize,
    /// Why it was closed.
    pub reason: Option<&'static str>,
}

/// A position as it is built and taken down.
struct Open {
    entered: Timestamp,
    first_bar: usize,
    shares: f64,
    cash: f64,
    cost: f64,
    fills: usize,
    is_short: bool,
    /// Shares and what they cost, of what opened and of what closed.
    sides: [(f64, f64); 2],
}

impl Open {
    fn new(entered: Timestamp, fill: &Fill) -> Self {
        let is_short = fill.shares < 0.0;
        Self {
            entered,
            first_bar: fill.bar,
            shares: 0.0,
            cash: 0.0,
            cost: 0.0,
            fills: 0,
            is_short,
            sides: [(0.0, 0.0); 2],
        }
    }

    fn take(&mut self, shares: f64, fill: &Fill) {
        let part = (shares / fill.shares).abs();
        let closes = (shares < 0.0) != self.is_short;
        let side = &mut self.sides[usize::from(closes)];
        side.0 += shares.abs();
        side.1 += shares.abs() * fill.price;
        self.shares += shares;
        self.cash -= shares * fill.price + fill.cost * part;
        self.cost += fill.cost * part;
        self.fills += 1;
    }

    fn end(self, exited: Option<(Timestamp, &Fill)>, bars: usize, profit: Option<f64>) -> Trip {
        let price = |(shares, paid): (f64, f64)| (shares > 0.0).then(|| paid / shares);
        Trip {
            is_short: self.is_short,
            entered: self.entered,
            exited: exited.map(|(moment, _)| moment),
            entry_price: price(self.sides[0]).unwrap_or(f64::NAN),
            exit_price: price(self.sides[1]),
            profit,
            profit_share: profit.filter(|_| self.sides[0].1 > 0.0).map(|profit| profit / self.sides[0].1),
            cost: self.cost,
            fills: self.fills,
            bars,
            reason: exited.map(|(_, fill)| fill.reason.name()),
        }
    }
}

pub(super) fn trips(of: &Figures) -> Vec<Trip> {
    let mut found = Vec::new();
    let mut open: Option<Open> = None;
    let mut cash = of.cash;
    for (moment, fill) in &of.fills {
        cash -= fill.shares * fill.price + fill.cost;
        let mut left = fill.shares;
        if let Some(mut trip) = open.take() {
            let flips = fill.weight != 0.0 && (fill.weight < 0.0) != trip.is_short;
            // What a close leaves by rounding is no position.
            let closes = fill.weight == 0.0 || flips;
            let own = if flips { -trip.shares } else { left };
            trip.take(own, fill);
            left = if flips { left - own } else { 0.0 };
            if closes {
                let (bars, profit) = (fill.bar - trip.first_bar, Some(trip.cash));
                found.push(trip.end(Some((*moment, fill)), bars, profit));
            } else {
                open = Some(trip);
            }
        }
        if left != 0.0 && fill.weight != 0.0 {
            let mut trip = Open::new(*moment, fill);
            trip.take(left, fill);
            open = Some(trip);
        }
    }
    if let Some(trip) = open {
        let last_bar = of.moments.iter().rposition(|moment| *moment >= trip.entered).unwrap_or(0);
        let first = of.moments.iter().position(|moment| *moment == trip.entered).unwrap_or(0);
        let value = of.equity.last().map(|equity| equity - cash).filter(|_| !of.has_carry);
        let profit = value.map(|value| trip.cash + value);
        found.push(trip.end(None, last_bar - first, profit));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sweep::Reason;
    use crate::time::DAY_NS;

    fn fill(bar: usize, weight: f64, shares: f64, price: f64) -> (Timestamp, Fill) {
        let fill = Fill { bar, weight, shares, price, raw_price: price, cost: 1.0, reason: Reason::Signal };
        (Timestamp(bar as i64 * DAY_NS), fill)
    }

    fn of(fills: Vec<(Timestamp, Fill)>, equity: &[f64]) -> Vec<Trip> {
        trips(&Figures { fills, ..Figures::of_days(1000.0, equity) })
    }

    #[test]
    fn fills_are_paired_from_flat_to_flat() {
        let found =
            of(vec![fill(0, 0.5, 10.0, 20.0), fill(2, 0.7, 4.0, 25.0), fill(5, 0.0, -14.0, 30.0)], &[1.0; 7]);
        let [trip] = &found[..] else { panic!("{found:?}") };
        assert_eq!((trip.entry_price, trip.exit_price), (300.0 / 14.0, Some(30.0)));
        assert_eq!((trip.profit, trip.cost, trip.fills, trip.bars), (Some(420.0 - 300.0 - 3.0), 3.0, 3, 5));
        assert_eq!(trip.profit_share, Some(117.0 / 300.0));
    }

    #[test]
    fn a_flip_ends_one_and_begins_another_and_shares_its_cost() {
        let found = of(
            vec![fill(0, 1.0, 10.0, 20.0), fill(3, -1.0, -15.0, 30.0), fill(4, 0.0, 5.0, 28.0)],
            &[1.0; 5],
        );
        assert_eq!(found.len(), 2);
        assert_eq!((found[0].is_short, found[1].is_short), (false, true));
        assert!((found[0].profit.unwrap() - (100.0 - 1.0 - 10.0 / 15.0)).abs() < 1e-12);
        assert!((found[1].profit.unwrap() - (10.0 - 1.0 - 5.0 / 15.0)).abs() < 1e-12);
    }

    #[test]
    fn what_is_open_at_the_end_is_marked_at_the_last_close() {
        // 10 shares of 20 from 1,000: the last equity says that they are worth 250.
        let found = of(vec![fill(1, 0.2, 10.0, 20.0)], &[1000.0, 999.0, 1049.0]);
        let [trip] = &found[..] else { panic!("{found:?}") };
        assert_eq!((trip.exited, trip.exit_price, trip.profit, trip.bars), (None, None, Some(49.0), 1));
        assert!(of(Vec::new(), &[1.0]).is_empty());
    }
}
