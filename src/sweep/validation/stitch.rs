//! Stitching: one account over spans that are traded by different points.

#![forbid(unsafe_code)]

use std::ops::Range;

use super::orders::Order;
use crate::sweep::asset_market::AssetMarket;
use crate::sweep::broker::{Fill, Ledger, Reason, Tally, bars_f64};
use crate::sweep::metrics::{Frame, Metric, Metrics};
use crate::sweep::settings::Settings;

/// What an account leaves that was traded over spans side by side.
#[derive(Clone, Debug)]
pub(super) struct Stitched {
    pub(super) fills: Vec<Fill>,
    /// At each bar's close, from the market's first bar on.
    pub(super) equity: Vec<f64>,
    /// Of each span as if it were a run of its own, which begins with the equity that the span before left.
    pub(super) spans: Vec<Metrics>,
    pub(super) whole: Metrics,
}

/// Trades the orders of spans that lie side by side over the bars of a market. What is held at the end of one is there when
/// the next begins.
pub(super) fn stitch(
    market: &AssetMarket,
    settings: &Settings,
    spans: &[(Range<usize>, &[Order])],
) -> Stitched {
    let (mut fills, mut equity) = (Vec::new(), Vec::new());
    let carry = market.carry(settings.rates);
    let mut ledger = Ledger::new(&market.path, settings.costs, settings.cash, carry, Some(&mut equity));
    // What was gathered up to the end of each span, and whether something was held there.
    let mut ends = vec![(ledger.tally_before(0), false)];
    for (bars, orders) in spans {
        for order in *orders {
            let bar = order.bar - market.first;
            let execution = match order.reason {
                Reason::TakeProfit => ledger.fill_limit(bar, order.price, order.weight),
                _ => ledger.fill_at(bar, order.price, order.weight),
            };
            if let Some(execution) = execution {
                let Order { bar, price, raw_price, weight, reason } = *order;
                let (shares, cost) = (execution.shares, execution.cost);
                fills.push(Fill { bar, weight, shares, price, raw_price, cost, reason });
            }
        }
        let tally = ledger.tally_before(bars.end - market.first);
        ends.push((tally, ledger.shares() != 0.0));
    }
    let tally = *ledger.finish();
    let metrics = |tally: &Tally, frame: &Frame| {
        // Entries that were cut or void were so in runs that are not this one.
        let metrics = Metrics::new(tally, frame);
        Metrics::of_values(|metric| match metric {
            Metric::CappedTrades | Metric::BothEntries => f64::NAN,
            metric => metrics.get(metric).unwrap_or(f64::NAN),
        })
    };
    let whole = metrics(&tally, &market.frame);
    let spans = spans.iter().zip(ends.windows(2)).map(|((bars, _), ends)| {
        let own = bars.start - market.first..bars.end - market.first;
        let cash = own.start.checked_sub(1).map_or(settings.cash, |before| equity[before]);
        let days = market.timestamp(bars.end - 1).days() - market.timestamp(bars.start).days();
        let frame = Frame {
            cash,
            bars: own.len(),
            days: bars_f64(usize::try_from(days).unwrap_or_default()),
            ..market.frame
        };
        metrics(&tally_between(&ends[0].0, &ends[1], cash, &equity[own]), &frame)
    });
    let spans = spans.collect();
    Stitched { fills, equity, spans, whole }
}

/// The tally of a span alone: what is counted is a difference, and what is made of returns comes from its equity.
fn tally_between(before: &Tally, (after, is_held): &(Tally, bool), cash: f64, equity: &[f64]) -> Tally {
    let mut tally = Tally {
        powers: [0.0; 4],
        downside: 0.0,
        equities: equity.iter().sum(),
        lowest_ratio: 1.0,
        longest_below: 0,
        held_bars: after.held_bars - before.held_bars,
        notional: after.notional - before.notional,
        costs: after.costs - before.costs,
        trades: after.trades - before.trades,
        wins: after.wins - before.wins,
        open_trades: u32::from(*is_held),
        gross_profit: after.gross_profit - before.gross_profit,
        gross_loss: after.gross_loss - before.gross_loss,
        last_equity: cash,
        debt: after.debt - before.debt,
        ..*after
    };
    let (mut peak, mut below) = (cash, 0);
    for now in equity {
        let last = tally.last_equity;
        // An account that lost everything rests.
        let change = if last > 0.0 { now / last - 1.0 } else { 0.0 };
        let (square, loss) = (change * change, change.min(0.0));
        let powers = [change, square, square * change, square * square];
        tally.powers.iter_mut().zip(powers).for_each(|(sum, power)| *sum += power);
        tally.downside += loss * loss;
        below = if *now >= peak { 0 } else { below + 1 };
        peak = peak.max(*now);
        tally.longest_below = tally.longest_below.max(below);
        if peak > 0.0 {
            tally.lowest_ratio = tally.lowest_ratio.min(now / peak);
        }
        tally.last_equity = *now;
    }
    tally
}
