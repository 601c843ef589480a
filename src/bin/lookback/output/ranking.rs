//! The ranking for people: per asset the best points, buy and hold beside, and what it cost.

#![forbid(unsafe_code)]

use std::io::Write;

use lookback::sweep::{AssetSummary, Merit, Metric, Metrics, Ranked};

use crate::arguments::Axes;
use crate::output::heatmap::{self, Style};
use crate::output::honesty;
use crate::output::rows::Report;
use crate::output::settings::{settings_text, write_rules};
use crate::output::text::{self, Table, bytes, count, counted, grouped, heading, metric};

/// The metrics shown of each place, beside the one ranked by.
const SHOWN: [Metric; 9] = [
    Metric::Sharpe,
    Metric::TotalReturn,
    Metric::Cagr,
    Metric::MaxDrawdown,
    Metric::Sortino,
    Metric::Trades,
    Metric::WinRate,
    Metric::ProfitFactor,
    Metric::Exposure,
];

/// A report and the name of the bundle that it is about.
#[derive(Debug)]
pub struct View<'a> {
    pub report: &'a Report<'a>,
    pub bundle: &'a str,
    /// Columns that tables may take, where there is an end to them.
    pub width: Option<usize>,
    /// Which map is drawn, and how.
    pub axes: &'a Axes,
    pub is_colored: bool,
    /// Whether the cache is told of in full.
    pub stats: bool,
}

pub fn write(view: &View<'_>, out: &mut dyn Write) -> anyhow::Result<()> {
    let report = view.report;
    let results = report.results;
    writeln!(
        out,
        "{} on {}: {}, {}, {} each, {}",
        results.strategy(),
        view.bundle,
        counted(results.assets().len(), "asset"),
        counted(results.bars(), "bar"),
        counted(results.grid().len(), "point"),
        counted(results.len(), "trial")
    )?;
    write_rules(report.rules, out)?;
    let parameters: Vec<String> = results.grid().parameters().iter().map(ToString::to_string).collect();
    if !parameters.is_empty() {
        let grid = results.grid();
        let drawn = match grid.is_drawn() {
            true => format!("; {} of {} points", count(grid.len()), count(grid.whole_len())),
            false => String::new(),
        };
        writeln!(out, "{}; {}{drawn}", parameters.join(", "), condition(&grid.constraint()))?;
    }
    let first = results.summaries().iter().flatten().next();
    writeln!(
        out,
        "{}",
        settings_text(results.settings(), report.prices, first.map(|summary| summary.periods_per_year))
    )?;
    let floor = match report.min_trades {
        0 => String::new(),
        trades => format!(", of trials with at least {} trades", count(trades)),
    };
    writeln!(out, "ranked by {}{floor}; -: not defined", report.rank_by)?;
    if let Some(requirement) = report.rank_by.requirement() {
        writeln!(out, "only where {requirement}")?;
    }
    // All tables go without the same columns, so they are made before any is written.
    let (mut tables, ranked): (Vec<Table>, Vec<usize>) = (results.summaries().iter().enumerate())
        .filter_map(|(asset, summary)| Some(places(report, asset, summary.as_ref().ok()?)))
        .unzip();
    let dropped = text::fit(&mut tables, view.width, &least_telling(report.rank_by));
    let mut tables = tables.iter().zip(ranked);
    for (asset, summary) in results.summaries().iter().enumerate() {
        writeln!(out)?;
        match summary {
            Ok(summary) => {
                heading_of(summary, out)?;
                let Some((table, ranked)) = tables.next() else { continue };
                out.write_all(table.text().as_bytes())?;
                if ranked == 0 {
                    writeln!(out, "  no trial to rank")?;
                }
                if report.rank_by.requirement().is_some() {
                    let (unmet, all) = (results.unmet(asset, report.rank_by), results.grid().len());
                    writeln!(out, "  required of {} trials, not met by {}", count(all), count(unmet))?;
                }
                let style = Style { axes: view.axes, width: view.width, is_colored: view.is_colored };
                heatmap::write(results, asset, report.rank_by, style, out)?;
                honesty::write(report.honesty, &summary.symbol, view.width, out)?;
            }
            Err(error) => writeln!(out, "{}: failed: {error}", results.assets()[asset])?,
        }
    }
    writeln!(out)?;
    text::write_dropped(&dropped, view.width, out)?;
    failures(report, out)?;
    cost(view, out)
}

/// What a narrow terminal goes without first: the metrics from the last to the first, but not the one ranked by.
fn least_telling(rank_by: &Merit) -> Vec<&'static str> {
    SHOWN.into_iter().rev().filter(|metric| rank_by.metric() != Some(*metric)).map(heading).collect()
}

fn condition(constraint: &str) -> String {
    if constraint.is_empty() { "every combination".to_owned() } else { format!("where {constraint}") }
}

fn heading_of(summary: &AssetSummary, out: &mut dyn Write) -> anyhow::Result<()> {
    let (symbol, bars) = (&summary.symbol, counted(summary.bars, "bar"));
    Ok(writeln!(out, "{symbol}: {bars} from {} to {}", summary.first, summary.last)?)
}

/// One table: the places, and buy and hold as the last row; and how many places there are in all.
fn places(report: &Report<'_>, asset: usize, summary: &AssetSummary) -> (Table, usize) {
    let results = report.results;
    let ranking = results.ranking(asset, report.rank_by, report.min_trades);
    let names = report.results.grid().parameters().iter().map(|parameter| parameter.name().to_owned());
    // What ranks stands first, where it is not among them.
    let shown: Vec<Metric> = match report.rank_by.metric() {
        Some(metric) if !SHOWN.contains(&metric) => [&[metric][..], &SHOWN].concat(),
        _ => SHOWN.to_vec(),
    };
    let merit = |metrics: &Metrics| match report.rank_by.metric() {
        Some(_) => None,
        None => Some(report.rank_by.value(metrics).map_or_else(|| "-".to_owned(), |one| grouped(one, 3))),
    };
    let title = report.rank_by.metric().is_none().then(|| "rank by".to_owned());
    let mut table = Table::new(2, 0);
    let headings = shown.iter().map(|metric| heading(*metric).to_owned());
    table.row(
        std::iter::once("#".to_owned()).chain(names).chain(title).chain(headings).chain(["same".to_owned()]),
    );
    for (place, ranked) in ranking.iter().take(report.top).enumerate() {
        let values = ranked.trial.point.told().map(|(_, value)| value.to_string());
        let metrics = shown.iter().map(|one| metric(&ranked.metrics, *one));
        let cells =
            std::iter::once(count(place + 1)).chain(values).chain(merit(&ranked.metrics)).chain(metrics);
        // Others with the last value may have been left out.
        let is_last = results.is_cut(asset)
            && ranking.last().is_some_and(|last| {
                report.rank_by.value(&last.metrics) == report.rank_by.value(&ranked.metrics)
            });
        table.row(cells.chain([same(ranked, is_last)]));
    }
    let hold = shown.iter().map(|one| metric(&summary.buy_and_hold, *one));
    let held = merit(&summary.buy_and_hold);
    let blanks = report.results.grid().parameters().iter().skip(1).map(|_| String::new());
    table.row(
        ["".to_owned(), "hold".to_owned()]
            .into_iter()
            .chain(blanks)
            .chain(held)
            .chain(hold)
            .chain([String::new()]),
    );
    (table, ranking.len())
}

/// How many points share a result, where it is more than the one shown.
fn same(ranked: &Ranked<'_>, is_last: bool) -> String {
    match ranked.points {
        1 => String::new(),
        points if is_last => format!("{}+ points", count(points)),
        points => format!("{} points", count(points)),
    }
}

/// The first reasons of failure, and how often trials failed.
fn failures(report: &Report<'_>, out: &mut dyn Write) -> anyhow::Result<()> {
    let results = report.results;
    if results.unfinished() > 0 {
        let (unfinished, all) = (count(results.unfinished()), count(results.len()));
        writeln!(out, "stopped: {unfinished} of {all} trials did not run")?;
    }
    if results.failed() > 0 {
        writeln!(out, "{} of {} trials failed, such as", count(results.failed()), count(results.len()))?;
        let failed = results.failures().filter_map(|trial| Some((trial, trial.outcome.error()?)));
        for (trial, error) in failed.take(3) {
            writeln!(out, "  {} {}: {error}", trial.asset, text::point(trial.point))?;
        }
    }
    Ok(())
}

/// What it took: the trials, and the cache in one line, or in full where that is asked for.
pub fn cost(view: &View<'_>, out: &mut dyn Write) -> anyhow::Result<()> {
    let (results, effort) = (view.report.results, &view.report.effort);
    let done = results.len() - results.unfinished();
    let (per_second, per_cpu_second) = effort.rates(done);
    writeln!(
        out,
        "{} in {:.2} s on {}: {} trials/s; {:.2} s of CPU time: {} trials per CPU-second",
        counted(done, "trial"),
        effort.elapsed.as_secs_f64(),
        counted(results.threads(), "thread"),
        grouped(per_second, 0),
        effort.cpu.as_secs_f64(),
        grouped(per_cpu_second, 0),
    )?;
    let stats = &view.report.cache;
    let rate = stats.hit_rate().map_or_else(|| "-".to_owned(), |rate| format!("{:.2} %", rate * 100.0));
    let (resident, capacity) = (bytes(stats.resident_bytes()), bytes(stats.capacity_bytes));
    if !view.stats {
        return Ok(writeln!(
            out,
            "cache: hit rate {rate}, {resident} of {capacity} resident; more with --stats"
        )?);
    }
    writeln!(
        out,
        "cache: {} hits ({} permanent, {} variable), {} misses, hit rate {rate}, {} loads",
        count(stats.hits()),
        count(stats.permanent.hits),
        count(stats.variable.hits),
        count(stats.misses),
        count(stats.loads),
    )?;
    Ok(writeln!(
        out,
        "       {resident} of {capacity} resident ({} permanent, {} variable entries), {} evictions, {} rejected",
        count(stats.permanent.entries),
        count(stats.variable.entries),
        count(stats.evictions),
        count(stats.rejected),
    )?)
}
