//! The metrics of a plain walk, by their formulas.

use super::naive::{Outcome, Terms};

/// The metrics by their formulas, in the order of every output; `None` where one is not defined.
pub fn metrics(outcome: &Outcome, terms: Terms, days: f64, periods: f64) -> [Option<f64>; 18] {
    let (bars, equity) = (outcome.equity.len() as f64, &outcome.equity);
    let (mut before, mut peak, mut below, mut longest, mut worst) = (terms.cash, terms.cash, 0, 0, 0.0_f64);
    let mut returns = Vec::new();
    for now in equity {
        returns.push(if before == 0.0 { 0.0 } else { now / before - 1.0 });
        before = *now;
        below = if *now < peak { below + 1 } else { 0 };
        longest = longest.max(below);
        peak = peak.max(*now);
        worst = worst.min(now / peak - 1.0);
    }
    let mean = returns.iter().sum::<f64>() / bars;
    let squares: f64 = returns.iter().map(|r| r * r).sum();
    let spread: f64 = returns.iter().map(|r| (r - mean) * (r - mean)).sum();
    let varies = equity.len() > 1 && spread > 1e-13 * squares;
    let deviation = if varies { (spread / (bars - 1.0)).sqrt() } else { 0.0 };
    let downside: f64 = returns.iter().map(|r| r.min(0.0) * r.min(0.0)).sum();
    let root = periods.sqrt();
    let growth = before / terms.cash;
    let cagr = (days >= 30.0).then(|| growth.powf(365.25 / days) - 1.0);
    let trades = outcome.profits.len() as f64;
    let wins: Vec<f64> = outcome.profits.iter().copied().filter(|profit| *profit > 0.0).collect();
    let losses: f64 = outcome.profits.iter().filter(|profit| **profit <= 0.0).sum();
    let mean_equity = equity.iter().sum::<f64>() / bars;
    [
        Some(growth - 1.0),
        cagr,
        (equity.len() > 1).then_some(deviation * root),
        varies.then(|| mean / deviation * root),
        (downside > 0.0).then(|| mean / (downside / bars).sqrt() * root),
        Some(worst),
        Some(f64::from(longest)),
        cagr.filter(|_| worst < 0.0).map(|cagr| cagr / -worst),
        Some(trades),
        Some(f64::from(u8::from(outcome.is_open))),
        (trades > 0.0).then(|| wins.len() as f64 / trades),
        (losses < 0.0).then(|| wins.iter().sum::<f64>() / -losses),
        Some(outcome.held as f64 / bars),
        Some(outcome.notional / mean_equity / (bars / periods)),
        Some(outcome.costs),
        Some(outcome.debt),
        Some(f64::from(outcome.capped)),
        Some(f64::from(outcome.both_entries)),
    ]
}
