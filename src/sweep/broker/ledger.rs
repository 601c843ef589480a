//! The ledger of one trial: from orders to what its metrics are made of, span by span.

#![forbid(unsafe_code)]

use super::path::Path;
use super::tally::{Tally, bars_f64};
use super::{Account, Costs, Execution, FillAt};

/// An order that was filled.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Fill {
    /// The bar of the asset's own calendar at which it was filled.
    pub bar: usize,
    /// The target weight that was ordered, as a share of equity.
    pub weight: f64,
    /// Shares bought, or sold where negative, on the run's adjustment.
    pub shares: f64,
    /// The market's price on the run's adjustment, before slippage, in quote currency per share.
    pub price: f64,
    /// The market's price as it was traded, before any adjustment, in quote currency per share.
    pub raw_price: f64,
    /// Fee, commission and slippage, in quote currency.
    pub cost: f64,
}

/// Walks forward over a path with one account. Bars count from the start of the run.
#[derive(Debug)]
pub(in crate::sweep) struct Ledger<'a> {
    path: &'a Path,
    costs: Costs,
    account: Account,
    /// The first bar that is not accounted for yet.
    cursor: usize,
    /// Whether an order was filled at the cursor's bar: it is marked once no further fill can come.
    traded: bool,
    peak: f64,
    /// Bars up to and including the one that set the peak; 0 where that was the starting cash.
    peak_bars: usize,
    /// Equity from which the open round trip started.
    trade_base: f64,
    tally: Tally,
    /// Equity per bar, where a curve is wanted.
    curve: Option<&'a mut Vec<f64>>,
}

impl<'a> Ledger<'a> {
    pub(in crate::sweep) fn new(
        path: &'a Path,
        costs: Costs,
        cash: f64,
        curve: Option<&'a mut Vec<f64>>,
    ) -> Self {
        let tally = Tally::new(cash);
        let account = Account { cash, shares: 0.0 };
        Self {
            path,
            costs,
            account,
            cursor: 0,
            traded: false,
            peak: cash,
            peak_bars: 0,
            trade_base: cash,
            tally,
            curve,
        }
    }

    /// The weight of the position at a bar's close, which no fill has passed.
    pub(in crate::sweep) fn weight(&self, bar: usize) -> f64 {
        let worth = self.account.shares * self.path.close[bar];
        if worth == 0.0 { 0.0 } else { worth / (self.account.cash + worth) }
    }

    /// Equity at a bar's close, which no fill has passed.
    pub(in crate::sweep) fn equity(&self, bar: usize) -> f64 {
        self.account.equity(self.path.close[bar])
    }

    /// Fills an order for a weight at the open or the close of a bar; `None` where that leaves nothing to trade.
    pub(in crate::sweep) fn fill(&mut self, bar: usize, at: FillAt, weight: f64) -> Option<(Execution, f64)> {
        let price = match at {
            FillAt::NextOpen => self.path.open[bar],
            FillAt::Close => self.path.close[bar],
        };
        self.fill_at(bar, price, weight).map(|execution| (execution, price))
    }

    /// Fills an order for a weight at a price within a bar; `None` where that leaves nothing to trade.
    ///
    /// A bar may see several fills, in the order in which they happened; bars never go back. Equity is marked once for
    /// each bar, at its close and with what is held then.
    pub(in crate::sweep) fn fill_at(&mut self, bar: usize, price: f64, weight: f64) -> Option<Execution> {
        let execution = self.account.order(weight, price, &self.costs)?;
        self.advance(bar);
        self.book(&execution, price);
        self.traded = true;
        Some(execution)
    }

    /// Accounts for what is left up to the last bar.
    pub(in crate::sweep) fn finish(mut self) -> Tally {
        let bars = self.path.len();
        self.advance(bars);
        self.tally.longest_below = self.tally.longest_below.max(bars - self.peak_bars);
        self.tally.open_trades = u32::from(self.account.shares != 0.0);
        self.tally
    }

    /// Changes the account, and closes and opens round trips where the position passes zero.
    fn book(&mut self, execution: &Execution, price: f64) {
        let held = self.account.shares;
        let before = self.account.equity(price);
        self.account = execution.after;
        self.tally.notional += execution.notional;
        self.tally.costs += execution.cost;
        if held == 0.0 {
            self.trade_base = before;
            return;
        }
        let left = self.account.shares;
        if left != 0.0 && (left > 0.0) == (held > 0.0) {
            return;
        }
        // A flip is one order: its cost belongs to both round trips, by the shares that each of them traded.
        let end = before - execution.cost * (held / execution.shares).abs();
        let profit = end - self.trade_base;
        self.tally.trades += 1;
        if profit > 0.0 {
            self.tally.wins += 1;
            self.tally.gross_profit += profit;
        } else {
            self.tally.gross_loss -= profit;
        }
        self.trade_base = end;
    }

    /// Accounts for the bars up to `end`: one that saw a fill by its close, and those over which the position did not
    /// change by their spans.
    fn advance(&mut self, end: usize) {
        if self.cursor < end && self.traded {
            self.mark(self.cursor);
            self.cursor += 1;
            self.traded = false;
        }
        let start = self.cursor;
        if start >= end {
            return;
        }
        if self.account.shares == 0.0 {
            self.rest(start, end);
        } else if self.account.cash == 0.0 && self.account.shares > 0.0 {
            self.ride(start, end);
        } else {
            (start..end).for_each(|bar| self.mark(bar));
        }
        self.cursor = end;
    }

    /// Flat: every return is 0.
    fn rest(&mut self, start: usize, end: usize) {
        let equity = self.account.cash;
        self.draw(equity, end - start);
        self.tally.equities += equity * bars_f64(end - start);
        if equity >= self.peak {
            self.peak_bars = end;
        }
    }

    /// All in: equity moves as the close does, so the sums are the path's own.
    fn ride(&mut self, start: usize, end: usize) {
        let shares = self.account.shares;
        if let Some(curve) = self.curve.as_deref_mut() {
            curve.extend(self.path.close[start..end].iter().map(|close| shares * close));
        }
        let sums = self.path.sums(start, end);
        let tally = &mut self.tally;
        tally.returns += sums.returns;
        tally.squares += sums.squares;
        tally.downside += sums.downside;
        tally.equities += shares * sums.closes;
        tally.held_bars += end - start;
        tally.last_equity = shares * self.path.close[end - 1];
        self.ride_records(start, end);
    }

    /// Follows the peaks of a held span from record to record. The bar before `start` was marked with these shares.
    fn ride_records(&mut self, start: usize, end: usize) {
        let (path, shares) = (self.path, self.account.shares);
        let mut bar = start - 1;
        if self.peak_bars != start {
            // Below the peak: hop from the last marked bar to the first close that reaches it.
            let mut low = f64::INFINITY;
            loop {
                let record = path.record(bar);
                if record.next >= end {
                    low = low.min(path.lowest(bar + 1, end));
                    self.tally.lowest_ratio = self.tally.lowest_ratio.min(low * shares / self.peak);
                    return;
                }
                low = low.min(record.low);
                bar = record.next;
                if shares * path.close[bar] >= self.peak {
                    break;
                }
            }
            self.tally.lowest_ratio = self.tally.lowest_ratio.min(low * shares / self.peak);
            self.tally.longest_below = self.tally.longest_below.max(bar - self.peak_bars);
        }
        let (mut ratio, mut longest) = (self.tally.lowest_ratio, self.tally.longest_below);
        loop {
            let record = path.record(bar);
            if record.next >= end {
                break;
            }
            ratio = ratio.min(record.low_ratio);
            longest = longest.max(record.next - bar - 1);
            bar = record.next;
        }
        self.tally.lowest_ratio = ratio.min(path.lowest(bar + 1, end) / path.close[bar]);
        self.tally.longest_below = longest;
        self.peak = shares * path.close[bar];
        self.peak_bars = bar + 1;
    }

    /// Accounts for one bar by its equity at the close.
    fn mark(&mut self, bar: usize) {
        let equity = self.equity(bar);
        self.draw(equity, 1);
        let change = equity / self.tally.last_equity - 1.0;
        let loss = change.min(0.0);
        let tally = &mut self.tally;
        tally.returns += change;
        tally.squares += change * change;
        tally.downside += loss * loss;
        tally.equities += equity;
        tally.held_bars += usize::from(self.account.shares != 0.0);
        tally.last_equity = equity;
        if equity <= 0.0 && tally.ruined_at.is_none() {
            tally.ruined_at = Some(bar);
        }
        if equity >= self.peak {
            tally.longest_below = tally.longest_below.max(bar - self.peak_bars);
            self.peak = equity;
            self.peak_bars = bar + 1;
        } else {
            tally.lowest_ratio = tally.lowest_ratio.min(equity / self.peak);
        }
    }

    fn draw(&mut self, equity: f64, bars: usize) {
        if let Some(curve) = self.curve.as_deref_mut() {
            curve.extend(std::iter::repeat_n(equity, bars));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FREE: Costs = Costs { fee: 0.0, commission: 0.0, slippage_bps: 0.0 };

    #[test]
    fn a_bar_with_several_fills_is_marked_once_with_what_is_held_at_its_close() {
        let path = Path::new(vec![10.0; 4], vec![10.0, 12.0, 8.0, 16.0]);
        let mut curve = Vec::new();
        let mut ledger = Ledger::new(&path, FREE, 100.0, Some(&mut curve));
        // In at the open of bar 1, stopped at 9, and in again at its close.
        assert!(ledger.fill_at(1, 10.0, 1.0).is_some());
        assert!(ledger.fill_at(1, 9.0, 0.0).is_some());
        assert!(ledger.fill(1, FillAt::Close, 1.0).is_some());
        assert!(ledger.fill_at(3, 16.0, 0.0).is_some());
        let tally = ledger.finish();
        assert_eq!(curve, [100.0, 90.0, 60.0, 120.0]);
        assert_eq!((tally.trades, tally.wins, tally.gross_profit, tally.gross_loss), (2, 1, 30.0, 10.0));
        assert_eq!((tally.held_bars, tally.longest_below, tally.last_equity), (2, 2, 120.0));
    }
}
