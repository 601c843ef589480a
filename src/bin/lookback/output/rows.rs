//! The results of every trial, as JSON and as CSV.

#![forbid(unsafe_code)]

use std::io::Write;

use lookback::cache::{Stats, TierStats};
use lookback::sweep::{Honesty, Metric, Results, Rows};
use serde_json::{Value, json};

use crate::effort::Effort;
use crate::output::honesty;
use crate::output::settings::{rules_json, settings_json};

/// A sweep with all that is told about it.
#[derive(Debug)]
pub struct Report<'a> {
    pub results: &'a Results,
    /// The rules as they were stated, by key.
    pub rules: &'a [(String, String)],
    /// How much of each best result is luck, where it was asked for.
    pub honesty: &'a [Honesty],
    /// What the adjustment makes of the prices.
    pub prices: &'a str,
    /// The metrics written of each trial.
    pub metrics: &'a [Metric],
    pub rank_by: Metric,
    pub min_trades: usize,
    pub top: usize,
    pub cache: Stats,
    pub effort: Effort,
}

/// Writes one object: the sweep, and its results in grid order.
///
/// Rows are written as they are visited: a document of 20,000 trials is never held.
pub fn write_json(report: &Report<'_>, out: &mut dyn Write) -> anyhow::Result<()> {
    let mut head = serde_json::to_vec(&head(report))?;
    // The results follow inside the same object.
    head.pop();
    out.write_all(&head)?;
    out.write_all(b",\"results\":[\n")?;
    let rows = Rows::new(report.results.grid(), report.metrics);
    let mut row = Vec::new();
    for (index, trial) in report.results.ran().enumerate() {
        row.clear();
        if index > 0 {
            row.extend_from_slice(b",\n");
        }
        rows.write_json(&trial, &mut row)?;
        out.write_all(&row)?;
    }
    Ok(out.write_all(b"\n]}\n")?)
}

/// Everything but the results.
fn head(report: &Report<'_>) -> Value {
    let results = report.results;
    let mut settings = settings_json(results.settings(), report.prices);
    let parameters: serde_json::Map<String, Value> = results
        .grid()
        .parameters()
        .iter()
        .map(|one| (one.name().to_owned(), Value::from(one.to_string().split_off(one.name().len() + 1))))
        .collect();
    settings.insert("parameters".to_owned(), parameters.into());
    settings.insert("where".to_owned(), results.grid().constraint().into());
    settings.insert("rank_by".to_owned(), report.rank_by.name().into());
    settings.insert("min_trades".to_owned(), report.min_trades.into());
    settings.insert("top".to_owned(), report.top.into());
    let assets: Vec<&str> = results.assets().iter().map(lookback::Symbol::as_str).collect();
    let done = results.len() - results.unfinished();
    let (per_second, per_cpu_second) = report.effort.rates(done);
    json!({
        "strategy": results.strategy(),
        "rules": rules_json(report.rules),
        "settings": settings,
        "bundle": { "version": results.version(), "assets": assets, "bars": results.bars() },
        "trials": results.len(),
        "failed": results.failed(),
        "unfinished": results.unfinished(),
        "honesty": honesty::to_json(report.honesty),
        "elapsed_s": report.effort.elapsed.as_secs_f64(),
        "cpu_s": report.effort.cpu.as_secs_f64(),
        "trials_per_s": per_second,
        "trials_per_cpu_s": per_cpu_second,
        "threads": results.threads(),
        "cache": cache(&report.cache),
    })
}

fn cache(stats: &Stats) -> Value {
    let tier = |tier: &TierStats| json!({ "entries": tier.entries, "bytes": tier.bytes, "hits": tier.hits });
    json!({
        "hits": stats.hits(),
        "misses": stats.misses,
        "hit_rate": stats.hit_rate(),
        "loads": stats.loads,
        "joined": stats.joined,
        "evictions": stats.evictions,
        "rejected": stats.rejected,
        "resident_bytes": stats.resident_bytes(),
        "capacity_bytes": stats.capacity_bytes,
        "permanent": tier(&stats.permanent),
        "variable": tier(&stats.variable),
    })
}

/// Writes a header and one row for each trial; a metric that is not defined is an empty cell.
pub fn write_csv(report: &Report<'_>, out: &mut dyn Write) -> anyhow::Result<()> {
    let rows = Rows::new(report.results.grid(), report.metrics);
    // Parameters and metrics are plain words: nothing to quote.
    writeln!(out, "{}", rows.header().join(","))?;
    let mut line = Vec::new();
    for trial in report.results.ran() {
        line.clear();
        rows.write_csv(&trial, &mut line)?;
        out.write_all(&line)?;
    }
    Ok(())
}
