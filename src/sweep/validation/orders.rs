//! What a chosen point orders on a span: first to hold what it holds, then what it does.

#![forbid(unsafe_code)]

use std::ops::Range;

use crate::error::Error;
use crate::sweep::broker::{Account, Fill, FillAt, Reason};
use crate::sweep::grid::Grid;
use crate::sweep::run::{Player, Recording, Stage, catch};

/// Some bars of an asset, and the point that is traded there; without one, the account stays in cash.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Leg {
    /// Among the asset's own bars.
    pub(super) bars: Range<usize>,
    pub(super) point: Option<usize>,
}

/// An order with the price at which it is filled.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Order {
    /// Among the asset's own bars.
    pub(super) bar: usize,
    pub(super) price: f64,
    pub(super) raw_price: f64,
    pub(super) weight: f64,
    pub(super) reason: Reason,
}

/// The orders of each leg. Each point that is chosen somewhere is run once, from the asset's first bar to its last.
///
/// `stage` is of all the asset's bars.
pub(super) fn orders<P: Player>(
    player: &P,
    stage: &Stage<'_>,
    grid: &Grid,
    legs: &[Leg],
) -> Result<Vec<Vec<Order>>, Error> {
    let mut orders = vec![Vec::new(); legs.len()];
    let mut by_point: Vec<usize> = (0..legs.len()).collect();
    by_point.sort_by_key(|leg| legs[*leg].point);
    let (mut record, mut scratch) = (Recording::default(), P::Scratch::default());
    let mut recorded = None;
    for at in by_point {
        let leg = &legs[at];
        orders[at] = match leg.point {
            None => vec![taking_over(stage, leg.bars.start, 0.0)],
            Some(index) => {
                if recorded != Some(index) {
                    record.clear();
                    let point = grid.point(index);
                    catch(|| player.trial(&mut scratch, stage, &point, Some(&mut record)))?;
                    recorded = Some(index);
                }
                orders_of(stage, &record, &leg.bars)
            }
        };
    }
    Ok(orders)
}

/// The order that a span begins with.
fn taking_over(stage: &Stage<'_>, bar: usize, weight: f64) -> Order {
    let (market, fill) = (stage.market, stage.settings.fill);
    let price = match fill {
        FillAt::NextOpen => market.path.open[bar],
        FillAt::Close => market.path.close[bar],
    };
    Order { bar, price, raw_price: market.traded(fill.field(), bar), weight, reason: Reason::HandOver }
}

/// The first order of a span makes of what is held what the point holds; the others are the point's own after it.
///
/// A span's first fill is at the open of its first bar, or at that bar's close where orders are filled at the close that
/// gives them. Where the point fills an order of its own there, that order counts, and what it would have changed does not:
/// nothing is bought to be sold at the same price. A stop in that bar comes after its open, and before its close.
fn orders_of(stage: &Stage<'_>, record: &Recording, bars: &Range<usize>) -> Vec<Order> {
    let (market, at_open) = (stage.market, stage.settings.fill == FillAt::NextOpen);
    let first = bars.start;
    let (before, from) = record.fills.split_at(record.fills.partition_point(|fill| fill.bar < first));
    let within = &from[..from.partition_point(|fill| fill.bar < bars.end)];
    let own = within.iter().take_while(|fill| fill.bar == first);
    // Those of a close's decision are filled where the span's first order is; stops and targets elsewhere in the bar.
    let own = own.filter(|fill| matches!(fill.reason, Reason::Signal | Reason::MaxBars)).last();
    let weight = match own {
        Some(fill) => fill.weight,
        None if at_open => {
            let held = before.iter().fold(0.0, |shares, fill| shares + fill.shares);
            first.checked_sub(1).map_or(0.0, |close| weight_at_open(stage, record, held, close))
        }
        None => {
            let until = within.iter().take_while(|fill| fill.bar == first);
            let held = before.iter().chain(until).fold(0.0, |shares, fill| shares + fill.shares);
            let is_closed = record.closed.is_some_and(|closed| closed <= first);
            let worth = if is_closed { 0.0 } else { held * market.path.close[first] };
            share(worth, record.equity[first])
        }
    };
    let rest = within.iter().filter(|fill| match at_open {
        true => !own.is_some_and(|own| std::ptr::eq(own, *fill)),
        false => fill.bar > first,
    });
    let order = |fill: &Fill| Order {
        bar: fill.bar,
        price: fill.price,
        raw_price: fill.raw_price,
        weight: fill.weight,
        reason: fill.reason,
    };
    [taking_over(stage, first, weight)].into_iter().chain(rest.map(order)).collect()
}

/// The weight at the next open of what a point holds at a close: what it pays and earns in between is booked before.
fn weight_at_open(stage: &Stage<'_>, record: &Recording, held: f64, close: usize) -> f64 {
    let market = stage.market;
    if held == 0.0 || record.closed.is_some_and(|closed| closed <= close) {
        return 0.0;
    }
    // All in, equity was marked as this very product, and nothing is left.
    let mut account = Account { cash: record.equity[close] - held * market.path.close[close], shares: held };
    if let Some(carry) = market.carry(stage.settings.rates) {
        let (interest, borrow) = carry.of(close + 1, &account, market.path.close[close]);
        account.cash += interest - borrow;
    }
    let worth = held * market.path.open[close + 1];
    share(worth, account.cash + worth)
}

fn share(worth: f64, equity: f64) -> f64 {
    if worth == 0.0 || equity <= 0.0 { 0.0 } else { worth / equity }
}
