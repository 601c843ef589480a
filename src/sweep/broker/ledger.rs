//! The ledger of one trial: from orders to what its metrics are made of, span by span.

#![forbid(unsafe_code)]

use super::path::Path;
use super::rates::Carry;
use super::reason::Reason;
use super::tally::{Blocks, Tally, bars_f64};
use super::{Account, Charges, Costs, Execution, FillAt};

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
    /// Why it was ordered.
    pub reason: Reason,
}

/// Walks forward over a path with one account. Bars count from the start of the run.
#[derive(Debug)]
pub(in crate::sweep) struct Ledger<'a> {
    path: &'a Path,
    charges: Charges,
    of_limit: Charges,
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
    /// The bar after the block of returns that the cursor is in.
    block_end: usize,
    tally: Tally,
    /// What holding earns and costs, where that is anything: booked from the first bar on.
    carry: Option<Carry<'a>>,
    /// The first bar whose carry is not booked.
    carried: usize,
    /// Whether bars may change the account by themselves, known as of the last fill: asked at every bar.
    is_changing: bool,
    /// Equity per bar, where a curve is wanted.
    curve: Option<&'a mut Vec<f64>>,
}

impl<'a> Ledger<'a> {
    pub(in crate::sweep) fn new(
        path: &'a Path,
        costs: Costs,
        cash: f64,
        carry: Option<Carry<'a>>,
        curve: Option<&'a mut Vec<f64>>,
    ) -> Self {
        let tally = Tally::new(cash, path.len());
        let account = Account { cash, shares: 0.0 };
        Self {
            path,
            charges: Charges::new(costs),
            of_limit: Charges::of_limit(costs),
            account,
            cursor: 0,
            traded: false,
            peak: cash,
            peak_bars: 0,
            trade_base: cash,
            block_end: Blocks::end(tally.blocks.ended(), path.len()),
            tally,
            carry,
            carried: 1,
            is_changing: carry.is_some() && cash != 0.0,
            curve,
        }
    }

    /// The weight of the position at a bar's close, which no fill has passed; 0 where nothing is left.
    #[inline]
    pub(in crate::sweep) fn weight(&self, bar: usize) -> f64 {
        let worth = self.account.shares * self.path.close[bar];
        let equity = self.account.cash + worth;
        if worth == 0.0 || equity <= 0.0 { 0.0 } else { worth / equity }
    }

    /// Equity at a bar's close, which no fill has passed; 0 where nothing is left.
    #[inline]
    pub(in crate::sweep) fn equity(&self, bar: usize) -> f64 {
        self.account.equity(self.path.close[bar]).max(0.0)
    }

    /// The price at which an order is filled at a bar.
    #[inline]
    pub(in crate::sweep) fn price(&self, bar: usize, at: FillAt) -> f64 {
        match at {
            FillAt::NextOpen => self.path.open[bar],
            FillAt::Close => self.path.close[bar],
        }
    }

    /// Fills an order for a weight at a price within a bar; `None` where that leaves nothing to trade.
    ///
    /// A bar may see several fills, in the order in which they happened; bars never go back. Equity is marked once for
    /// each bar, at its close and with what is held then.
    // Into its few callers: most of them need nothing of what it returns.
    #[inline(always)]
    pub(in crate::sweep) fn fill_at(&mut self, bar: usize, price: f64, weight: f64) -> Option<Execution> {
        self.catch_up(bar);
        let execution = self.account.order(weight, price, &self.charges)?;
        self.book(bar, price, &execution);
        Some(execution)
    }

    /// Fills as [`Ledger::fill_at`] does, but pays no slippage: the price of a limit order, or a better one.
    pub(in crate::sweep) fn fill_limit(&mut self, bar: usize, price: f64, weight: f64) -> Option<Execution> {
        self.catch_up(bar);
        let execution = self.account.order(weight, price, &self.of_limit)?;
        self.book(bar, price, &execution);
        Some(execution)
    }

    /// Shares held after the last fill; negative where short.
    pub(in crate::sweep) fn shares(&self) -> f64 {
        self.account.shares
    }

    /// Whether the account was closed at a bar that is accounted for: no order is filled any more.
    pub(in crate::sweep) fn is_closed(&self) -> bool {
        self.tally.ruined_at.is_some()
    }

    /// Brings the account to a bar's open where the bars before may have changed it: a short's, one of which may have
    /// closed it, those of a short that was bought back for more than there was, and those that carry something. All of
    /// them are marked one by one anyway, so that no sum depends on where this is called.
    #[inline]
    pub(in crate::sweep) fn catch_up(&mut self, bar: usize) {
        if self.is_changing {
            self.catch_up_changing(bar);
        }
    }

    #[inline(never)]
    fn catch_up_changing(&mut self, bar: usize) {
        self.advance(bar);
        self.book_carry(bar);
        self.is_changing = self.changes();
    }

    /// Whether the bars that come may change the account by themselves.
    #[inline]
    fn changes(&self) -> bool {
        let Account { cash, shares } = self.account;
        shares < 0.0 || cash < 0.0 || (self.carry.is_some() && cash != 0.0)
    }

    /// Books what was earned and paid up to a bar, all before which are accounted for.
    #[inline]
    fn book_carry(&mut self, bar: usize) {
        let Some(carry) = self.carry.filter(|_| bar >= self.carried) else { return };
        self.carried = bar + 1;
        let (interest, borrow) = carry.of(bar, &self.account, self.path.close[bar - 1]);
        self.account.cash += interest - borrow;
        // Interest on the cash beside a position is not what the position made.
        self.trade_base += interest;
    }

    /// Accounts for the bars before one, and returns what was gathered until then. Fills go on from there.
    pub(in crate::sweep) fn tally_before(&mut self, bar: usize) -> Tally {
        self.advance(bar);
        self.tally
    }

    /// Accounts for what is left up to the last bar, once; no order comes after it.
    pub(in crate::sweep) fn finish(&mut self) -> &mut Tally {
        let bars = self.path.len();
        self.advance(bars);
        self.tally.longest_below = self.tally.longest_below.max(bars - self.peak_bars);
        self.tally.open_trades = u32::from(self.account.shares != 0.0);
        &mut self.tally
    }

    /// Accounts for the bars before an order, changes the account, and closes and opens round trips where the position
    /// passes zero.
    #[inline(always)]
    fn book(&mut self, bar: usize, price: f64, execution: &Execution) {
        // Caught up with, an account is changed by no bar before this one.
        let (held, before) = (self.account.shares, self.account.equity(price));
        self.advance_to(bar);
        self.account = execution.after;
        self.traded = true;
        self.tally.notional += execution.notional;
        self.tally.costs += execution.cost;
        self.is_changing = self.changes();
        // All in, there was nothing to carry up to here, and what this order leaves carries from this close on.
        self.carried = self.carried.max(bar + 1);
        let left = self.account.shares;
        if held == 0.0 {
            self.trade_base = before;
        } else if left == 0.0 {
            self.end_trip(before - execution.cost);
        } else if (left > 0.0) != (held > 0.0) {
            // A flip is one order: its cost belongs to both round trips, by the shares that each of them traded.
            self.end_trip(before - execution.cost * (held / execution.shares).abs());
        }
    }

    /// Closes a round trip that leaves this equity; the next one starts from it.
    #[inline]
    fn end_trip(&mut self, end: f64) {
        let profit = end - self.trade_base;
        // No branch: which way it goes is what nobody can foresee.
        self.tally.trades += 1;
        self.tally.wins += u32::from(profit > 0.0);
        self.tally.gross_profit += if profit > 0.0 { profit } else { 0.0 };
        self.tally.gross_loss -= if profit > 0.0 { 0.0 } else { profit };
        self.trade_base = end;
    }

    /// Accounts for the bars up to `end`: one that saw a fill by its close, and those over which the position did not
    /// change by their spans.
    #[inline(always)]
    fn advance_to(&mut self, end: usize) {
        if self.cursor < end && self.traded {
            self.mark(self.cursor);
            self.cursor += 1;
            self.traded = false;
        }
        let start = self.cursor;
        if start >= end {
            return;
        }
        if self.account.shares == 0.0 && (self.carry.is_none() || self.is_closed()) {
            self.rest(start, end);
        } else if self.account.cash == 0.0 && self.account.shares > 0.0 {
            self.ride(start, end);
        } else {
            self.step(start, end);
        }
        self.cursor = end;
    }

    /// As [`Ledger::advance_to`], where it is not in the way of every fill.
    #[inline(never)]
    fn advance(&mut self, end: usize) {
        self.advance_to(end);
    }

    /// Any other position: bar by bar, until the account is closed.
    #[inline(never)]
    fn step(&mut self, start: usize, end: usize) {
        for bar in start..end {
            self.mark(bar);
            if self.is_closed() {
                return self.rest(bar + 1, end);
            }
        }
    }

    /// Flat: every return is 0.
    #[inline]
    fn rest(&mut self, start: usize, end: usize) {
        let equity = self.account.cash;
        self.draw(equity, end - start);
        self.tally.equities += equity * bars_f64(end - start);
        self.peak_bars = if equity >= self.peak { end } else { self.peak_bars };
        while end >= self.block_end {
            self.end_block([0.0; 2]);
        }
    }

    /// All in: equity moves as the close does, so the sums are the path's own.
    #[inline]
    fn ride(&mut self, start: usize, end: usize) {
        let shares = self.account.shares;
        if let Some(curve) = self.curve.as_deref_mut() {
            curve.extend(self.path.close[start..end].iter().map(|close| shares * close));
        }
        while end >= self.block_end {
            self.end_block(self.path.two_sums(start, self.block_end));
        }
        let sums = self.path.sums(start, end);
        let tally = &mut self.tally;
        tally.powers.iter_mut().zip(sums.powers).for_each(|(power, sum)| *power += sum);
        tally.downside += sums.downside;
        tally.equities += shares * sums.closes;
        tally.held_bars += end - start;
        tally.last_equity = shares * self.path.close[end - 1];
        self.ride_peaks(start, end);
    }

    /// Follows the peak of equity through a held span. The bar before `start` was marked with these shares.
    fn ride_peaks(&mut self, start: usize, end: usize) {
        let (path, shares, peak) = (self.path, self.account.shares, self.peak);
        let mut at_peak = start - 1;
        if self.peak_bars != start {
            let span = path.extremes(start, end);
            if shares * span.high < peak {
                self.tally.fall(shares * span.low, peak);
                return;
            }
            at_peak = path.first_reaching(at_peak, |close| shares * close >= peak);
            if start < at_peak {
                self.tally.fall(shares * path.extremes(start, at_peak).low, peak);
            }
            self.tally.longest_below = self.tally.longest_below.max(at_peak - self.peak_bars);
        }
        let span = path.extremes(at_peak, end);
        // Neither is looked for where it cannot be worse than what was met before: mostly so, after a trial's first spans.
        if span.low < self.tally.lowest_ratio * span.high {
            self.tally.lowest_ratio = self.tally.lowest_ratio.min(path.worst(at_peak, end));
        }
        if span.high_at > at_peak + self.tally.longest_below {
            self.tally.longest_below = self.tally.longest_below.max(path.longest_below(at_peak, end));
        }
        self.peak = shares * span.high;
        self.peak_bars = span.high_at + 1;
    }

    /// Accounts for one bar by its equity at the close.
    #[inline(always)]
    fn mark(&mut self, bar: usize) {
        self.book_carry(bar);
        let mut equity = self.account.equity(self.path.close[bar]);
        if equity <= 0.0 {
            self.close_account(bar, equity);
            equity = 0.0;
        }
        self.draw(equity, 1);
        let change = equity / self.tally.last_equity - 1.0;
        let (loss, square) = (change.min(0.0), change * change);
        let tally = &mut self.tally;
        let powers = [change, square, square * change, square * square];
        tally.powers.iter_mut().zip(powers).for_each(|(sum, power)| *sum += power);
        tally.downside += loss * loss;
        tally.equities += equity;
        tally.held_bars += usize::from(self.account.shares != 0.0);
        tally.last_equity = equity;
        // No branch here either: half of the bars at which something is traded are peaks.
        let is_peak = equity >= self.peak;
        let below = if is_peak { bar - self.peak_bars } else { 0 };
        tally.longest_below = tally.longest_below.max(below);
        self.peak = if is_peak { equity } else { self.peak };
        self.peak_bars = if is_peak { bar + 1 } else { self.peak_bars };
        tally.fall(equity, self.peak);
        while bar + 1 >= self.block_end {
            self.end_block([0.0; 2]);
        }
    }

    /// Notes what the returns sum to at the end of a block; `rest` is what the tally lacks until there.
    #[cold]
    fn end_block(&mut self, rest: [f64; 2]) {
        let tally = &mut self.tally;
        tally.blocks.note([tally.powers[0] + rest[0], tally.powers[1] + rest[1]]);
        self.block_end = Blocks::end(tally.blocks.ended(), self.path.len());
    }

    /// Ends an account that is worth nothing at a close: what is held is gone, and so is what is owed beyond.
    #[cold]
    fn close_account(&mut self, bar: usize, equity: f64) {
        self.tally.ruined_at = Some(bar);
        self.tally.debt = -equity;
        if self.account.shares != 0.0 {
            self.end_trip(equity);
        }
        self.account = Account { cash: 0.0, shares: 0.0 };
    }

    #[inline]
    fn draw(&mut self, equity: f64, bars: usize) {
        if let Some(curve) = self.curve.as_deref_mut() {
            curve.extend(std::iter::repeat_n(equity, bars));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sweep::broker::tally::BLOCKS;

    /// What a trial comes to, from its equity alone.
    struct Walked {
        powers: [f64; 4],
        blocks: Vec<[f64; 2]>,
        lowest_ratio: f64,
        longest_below: usize,
    }

    fn walk(cash: f64, curve: &[f64]) -> Walked {
        let (mut peak, mut below, mut before) = (cash, 0, cash);
        let mut walked = Walked { powers: [0.0; 4], blocks: Vec::new(), lowest_ratio: 1.0, longest_below: 0 };
        let mut returns = Vec::new();
        for &equity in curve {
            returns.push(equity / before - 1.0);
            before = equity;
            below = if equity >= peak { 0 } else { below + 1 };
            peak = peak.max(equity);
            walked.lowest_ratio = walked.lowest_ratio.min(equity / peak);
            walked.longest_below = walked.longest_below.max(below);
        }
        for (power, sum) in (1..).zip(&mut walked.powers) {
            *sum = returns.iter().map(|one| one.powi(power)).sum();
        }
        for block in 0..BLOCKS {
            let bars = &returns[block * returns.len() / BLOCKS..(block + 1) * returns.len() / BLOCKS];
            walked.blocks.push([bars.iter().sum(), bars.iter().map(|one| one * one).sum()]);
        }
        walked
    }

    #[test]
    fn spans_come_to_what_a_walk_over_the_equity_of_every_bar_comes_to() {
        let mut random = 5_u64;
        let mut next = |below: u64| {
            // Source: D. Knuth, MMIX's linear congruential generator.
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            usize::try_from((random >> 33) % below).unwrap()
        };
        for case in 0..400 {
            let bars = 1 + next(if case % 4 == 0 { 30 } else { 600 });
            // Some in steps of whole units, so that closes tie.
            let scale = if case % 3 == 0 { 1.0 } else { 0.013 };
            let mut price = 100.0;
            let close: Vec<f64> = (0..bars)
                .map(|_| {
                    price = (price + scale * (bars_f64(next(7)) - 2.9).round()).max(1.0);
                    price
                })
                .collect();
            let open: Vec<f64> =
                close.iter().map(|close| close * (0.99 + bars_f64(next(20)) / 1000.0)).collect();
            let path = Path::new(open, close);
            let mut curve = Vec::new();
            let costs = if case % 5 == 0 { FREE } else { Costs::default() };
            let mut ledger = Ledger::new(&path, costs, 1000.0, None, Some(&mut curve));
            let (mut bar, most) = (next(10), 2 + next(120) as u64);
            while bar < bars {
                let weights = if case % 2 == 0 { [1.0, 0.0, 1.0, 0.0] } else { [1.0, 0.0, 0.5, -0.5] };
                let price = ledger.price(bar, [FillAt::NextOpen, FillAt::Close][next(2)]);
                ledger.fill_at(bar, price, weights[next(4)]);
                bar += next(most) + usize::from(next(3) > 0);
            }
            let tally = *ledger.finish();
            assert_eq!(curve.len(), bars);
            let walked = walk(1000.0, &curve);
            let near = |a: f64, b: f64| (a - b).abs() <= 1e-12 * b.abs().max(1.0);
            assert!(near(tally.lowest_ratio, walked.lowest_ratio), "case {case}: the deepest fall");
            assert_eq!(tally.longest_below, walked.longest_below, "case {case}");
            for (found, expected) in tally.powers.into_iter().zip(walked.powers) {
                assert!(near(found, expected), "case {case}: {found} beside {expected}");
            }
            let blocks = tally.blocks.each().into_iter().zip(walked.blocks);
            for (found, expected) in blocks.flat_map(|(one, other)| one.into_iter().zip(other)) {
                assert!(near(found, expected), "case {case}: {found} beside {expected} in a block");
            }
        }
    }

    const FREE: Costs = Costs { fee: 0.0, commission: 0.0, slippage_bps: 0.0 };

    #[test]
    fn a_bar_with_several_fills_is_marked_once_with_what_is_held_at_its_close() {
        let path = Path::new(vec![10.0; 4], vec![10.0, 12.0, 8.0, 16.0]);
        let mut curve = Vec::new();
        let mut ledger = Ledger::new(&path, FREE, 100.0, None, Some(&mut curve));
        // In at the open of bar 1, stopped at 9, and in again at its close.
        assert!(ledger.fill_at(1, 10.0, 1.0).is_some());
        assert!(ledger.fill_at(1, 9.0, 0.0).is_some());
        assert!(ledger.fill_at(1, 12.0, 1.0).is_some());
        assert!(ledger.fill_at(3, 16.0, 0.0).is_some());
        let tally = *ledger.finish();
        assert_eq!(curve, [100.0, 90.0, 60.0, 120.0]);
        assert_eq!((tally.trades, tally.wins, tally.gross_profit, tally.gross_loss), (2, 1, 30.0, 10.0));
        assert_eq!((tally.held_bars, tally.longest_below, tally.last_equity), (2, 2, 120.0));
    }
}
