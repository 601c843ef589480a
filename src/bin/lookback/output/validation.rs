//! Walks forward and cross-validation for people: a table for each asset, and what it says in sentences.

#![forbid(unsafe_code)]

use std::io::Write;

use lookback::sweep::{
    AssetPaths, AssetWalk, CombinatorialResults, Distribution, Fold, Grid, Merit, Metric, Metrics, Point,
    Settings, Unit, WalkForwardResults,
};
use lookback::{Bundle, Error, Symbol};

use super::settings::{settings_text, write_rules};
use super::text::{self, Table, count, counted, grouped, heading, merit, metric};
use crate::effort::Effort;

/// What was found.
#[derive(Debug)]
pub enum Found {
    Walk(WalkForwardResults),
    Cross(CombinatorialResults),
}

impl Found {
    pub fn settings(&self) -> &Settings {
        match self {
            Self::Walk(results) => &results.settings,
            Self::Cross(results) => &results.settings,
        }
    }

    /// Assets that could not be cut, and why.
    pub fn refused(&self) -> Vec<(&Symbol, &Error)> {
        match self {
            Self::Walk(results) => refused(&results.assets, &results.walks),
            Self::Cross(results) => refused(&results.assets, &results.paths),
        }
    }
}

fn refused<'a, T>(assets: &'a [Symbol], of: &'a [Result<T, Error>]) -> Vec<(&'a Symbol, &'a Error)> {
    assets.iter().zip(of).filter_map(|(symbol, found)| Some((symbol, found.as_ref().err()?))).collect()
}

/// What stands around the tables.
pub struct View<'a> {
    pub bundle: &'a Bundle,
    pub rules: &'a [(String, String)],
    pub settings: &'a Settings,
    /// Columns that tables may take, where there is an end to them.
    pub width: Option<usize>,
    pub effort: Effort,
}

pub fn write(found: &Found, view: &View<'_>, out: &mut dyn Write) -> anyhow::Result<()> {
    match found {
        Found::Walk(results) => write_walk(results, view, out),
        Found::Cross(results) => write_cross(results, view, out),
    }
}

fn write_walk(results: &WalkForwardResults, view: &View<'_>, out: &mut dyn Write) -> anyhow::Result<()> {
    let WalkForwardResults { strategy, scheme, grid, assets, rank_by, .. } = results;
    writeln!(
        out,
        "{strategy} on {}, walk-forward {scheme}: {}, {} in each fold, {}",
        view.bundle.name(),
        counted(assets.len(), "asset"),
        counted(grid.len(), "point"),
        counted(results.trials(), "trial"),
    )?;
    let periods = results.walks.iter().flatten().next().map(|walk| walk.periods_per_year);
    write_terms(view, grid, assets, periods, out)?;
    let chosen = chosen_by(rank_by, results.min_trades);
    writeln!(out, "each fold trades what had the {chosen} on its train span; -: not defined")?;
    let walks = || results.walks.iter().flatten();
    let mut tables: Vec<Table> = walks().map(|walk| folds(results, walk)).collect();
    let dropped =
        text::fit(&mut tables, view.width, &["eligible", "drawdown", "trained from", "return", "cagr in"]);
    for (walk, table) in walks().zip(&tables) {
        let tested = (walk.folds.first(), walk.folds.last());
        let (Some(first), Some(last)) = tested else { continue };
        let (bars, folds) = (counted(walk.bars, "bar"), counted(walk.folds.len(), "fold"));
        writeln!(
            out,
            "\n{}: {bars}, {folds}, tested from {} to {}",
            walk.symbol, first.test.first, last.test.last
        )?;
        out.write_all(table.text().as_bytes())?;
        sentences(walk, out)?;
    }
    for (symbol, error) in refused(&results.assets, &results.walks) {
        writeln!(out, "\n{symbol}: failed: {error}")?;
    }
    writeln!(out)?;
    text::write_dropped(&dropped, view.width, out)?;
    let shorter: Vec<String> =
        results.shorter().map(|(symbol, folds)| format!("{symbol} has {folds}")).collect();
    if !shorter.is_empty() {
        let most = counted(results.most_folds(), "fold");
        writeln!(out, "shorter series have fewer than {most}: {}", shorter.join(", "))?;
    }
    writeln!(
        out,
        "{} were tried for each choice. The test spans had no part in them, but the rule, the grid and the scheme were \
         chosen by who may have seen these very bars",
        counted(grid.len(), "point")
    )?;
    cost(results.trials(), results.threads, view.effort, out)
}

fn write_cross(results: &CombinatorialResults, view: &View<'_>, out: &mut dyn Write) -> anyhow::Result<()> {
    let CombinatorialResults { strategy, scheme, grid, assets, rank_by, .. } = results;
    writeln!(
        out,
        "{strategy} on {}, cpcv {scheme}: {}, {}, {}",
        view.bundle.name(),
        counted(assets.len(), "asset"),
        counted(grid.len(), "point"),
        counted(results.trials(), "trial"),
    )?;
    let periods = results.paths.iter().flatten().next().map(|of| of.periods_per_year);
    write_terms(view, grid, assets, periods, out)?;
    let chosen = chosen_by(rank_by, results.min_trades);
    writeln!(
        out,
        "each split trades on its tested groups what had the {chosen} on the others; -: not defined"
    )?;
    for of in results.paths.iter().flatten() {
        let (first, last) = (of.moments.first(), of.moments.last());
        let (Some(first), Some(last)) = (first, last) else { continue };
        writeln!(
            out,
            "\n{}: {} from {first} to {last}, {}, {}, {}",
            of.symbol,
            counted(of.moments.len(), "bar"),
            counted(of.groups.len(), "group"),
            counted(of.splits.len(), "split"),
            counted(of.paths.len(), "path"),
        )?;
        out.write_all(distributions(of, rank_by).text().as_bytes())?;
        if of.in_cash() > 0 {
            writeln!(out, "  {} stay in cash, as nothing passed there", counted(of.in_cash(), "split"))?;
        }
        if let Some(found) = of.distribution(rank_by) {
            let below = format!("{:.0} %", found.below_zero * 100.0);
            writeln!(out, "  {rank_by} is below 0 on {below} of {}", counted(found.paths, "path"))?;
        }
    }
    for (symbol, error) in refused(&results.assets, &results.paths) {
        writeln!(out, "\n{symbol}: failed: {error}")?;
    }
    writeln!(out)?;
    writeln!(
        out,
        "{} were tried for each choice. Paths share bars and choices: they are no independent draws, and who chose the rule \
         and the grid may have seen these very bars",
        counted(grid.len(), "point")
    )?;
    cost(results.trials(), results.threads, view.effort, out)
}

fn write_terms(
    view: &View<'_>,
    grid: &Grid,
    assets: &[Symbol],
    periods_per_year: Option<f64>,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    write_rules(view.rules, out)?;
    let parameters: Vec<String> = grid.parameters().iter().map(ToString::to_string).collect();
    if !parameters.is_empty() {
        let constraint = grid.constraint();
        let condition = if constraint.is_empty() {
            "every combination".to_owned()
        } else {
            format!("where {constraint}")
        };
        writeln!(out, "{}; {condition}", parameters.join(", "))?;
    }
    let prices = view.settings.adjust.description_of(view.bundle, assets);
    Ok(writeln!(out, "{}", settings_text(view.settings, &prices, periods_per_year))?)
}

fn chosen_by(rank_by: &Merit, min_trades: usize) -> String {
    let where_ = rank_by.requirement().map_or_else(String::new, |one| format!(" where {one}"));
    match min_trades {
        0 => format!("best {rank_by}{where_}"),
        trades => format!("best {rank_by}{where_} with at least {}", counted(trades, "trade")),
    }
}

/// The heading of what chose.
fn heading_of(rank_by: &Merit) -> &'static str {
    rank_by.metric().map_or("rank by", heading)
}

/// A row for each fold, then the whole account and buy and hold.
fn folds(results: &WalkForwardResults, walk: &AssetWalk) -> Table {
    let parameters: Vec<&str> = results.grid.parameters().iter().map(|one| one.name()).collect();
    let by = &results.rank_by;
    let mut table = Table::new(2, 0);
    let mut header: Vec<String> =
        ["fold", "trained from", "to", "tested from", "to"].map(str::to_owned).into();
    header.extend(parameters.iter().map(|name| (*name).to_owned()));
    header.push("eligible".to_owned());
    header.extend([format!("{} in", heading_of(by)), format!("{} out", heading_of(by))]);
    header.extend(["cagr in", "cagr out", "return", "drawdown", "efficiency"].map(str::to_owned));
    table.row(header);
    let of = |metrics: Option<&Metrics>, one| metrics.map_or_else(|| "-".to_owned(), |of| metric(of, one));
    for (at, fold) in walk.folds.iter().enumerate() {
        let Fold { train, test, in_sample, out_of_sample, .. } = fold;
        let mut cells = vec![count(at + 1)];
        cells.extend([train.first, train.last, test.first, test.last].map(|moment| moment.to_string()));
        cells.extend(point(results.point(fold), parameters.len()));
        cells.push(count(fold.eligible));
        let inside = in_sample.as_ref().map_or_else(|| "-".to_owned(), |of| merit(of, by));
        cells.extend([inside, merit(out_of_sample, by)]);
        cells.extend([of(in_sample.as_ref(), Metric::Cagr), metric(out_of_sample, Metric::Cagr)]);
        cells
            .extend([metric(out_of_sample, Metric::TotalReturn), metric(out_of_sample, Metric::MaxDrawdown)]);
        cells.push(ratio(fold.efficiency()));
        table.row(cells);
    }
    for (name, metrics, efficiency) in
        [("all", &walk.out_of_sample, walk.efficiency()), ("hold", &walk.buy_and_hold, None)]
    {
        let mut cells = vec![name.to_owned()];
        cells.extend((0..parameters.len() + 5).map(|_| String::new()));
        cells.extend([String::new(), merit(metrics, by), String::new(), metric(metrics, Metric::Cagr)]);
        cells.extend([metric(metrics, Metric::TotalReturn), metric(metrics, Metric::MaxDrawdown)]);
        cells.push(if name == "all" { ratio(efficiency) } else { String::new() });
        table.row(cells);
    }
    table
}

/// The values of a point; `cash` where there is none.
fn point(of: Option<Point<'_>>, parameters: usize) -> Vec<String> {
    match of {
        Some(point) => point.told().map(|(_, value)| value.to_string()).collect(),
        None => (0..parameters).map(|_| "cash".to_owned()).collect(),
    }
}

fn ratio(of: Option<f64>) -> String {
    of.map_or_else(|| "-".to_owned(), |of| format!("{of:.2}"))
}

/// What the table says, and how stable the choices were.
fn sentences(walk: &AssetWalk, out: &mut dyn Write) -> anyhow::Result<()> {
    let percent =
        |of: Option<f64>| of.map_or_else(|| "-".to_owned(), |of| format!("{} %", grouped(of * 100.0, 1)));
    writeln!(
        out,
        "  {} a year in sample on average, {} out of sample: efficiency {}",
        percent(walk.in_sample_cagr()),
        percent(walk.out_of_sample.get(Metric::Cagr)),
        ratio(walk.efficiency())
    )?;
    if walk.in_cash() > 0 {
        writeln!(out, "  {} of {} in cash, as nothing passed there", walk.in_cash(), walk.folds.len())?;
    }
    for one in &walk.stability {
        let [low, high] = &one.range;
        let values = match one.distinct {
            0 => continue,
            1 => format!("always {low}"),
            distinct => format!("{distinct} values from {low} to {high}"),
        };
        let steps = one.mean_step.map_or_else(String::new, |step| {
            format!(", mean step {:.0} % of its values (by chance about 33 %)", step * 100.0)
        });
        writeln!(
            out,
            "  {}: {values}, another one in {} of {}{steps}",
            one.parameter, one.changes, one.pairs
        )?;
    }
    let failed: usize = walk.folds.iter().map(|fold| fold.failed).sum();
    if let Some((_, error)) = walk.folds.iter().find_map(|fold| fold.first_failure.as_ref()) {
        writeln!(out, "  {} failed, such as: {error}", counted(failed, "trial"))?;
    }
    Ok(())
}

/// A row for each metric: how it is distributed over the paths, beside what was chosen in sample and buy and hold.
fn distributions(of: &AssetPaths, rank_by: &Merit) -> Table {
    let shown = [
        Metric::Sharpe,
        Metric::Cagr,
        Metric::TotalReturn,
        Metric::MaxDrawdown,
        Metric::Sortino,
        Metric::Calmar,
    ];
    let shown = rank_by.metric().filter(|by| !shown.contains(by)).into_iter().chain(shown);
    let mut table = Table::new(2, 1);
    table.row(
        [
            "metric",
            "in sample",
            "mean",
            "deviation",
            "lowest",
            "quarter",
            "median",
            "three quarters",
            "highest",
            "hold",
        ]
        .map(str::to_owned),
    );
    for one in shown {
        let hold = metric(&of.buy_and_hold, one);
        let inside = of.in_sample(one).map_or_else(|| "-".to_owned(), |found| value(one, found.mean));
        let cells = match of.distribution(one) {
            Some(Distribution { mean, deviation, quantiles, .. }) => {
                let deviation = deviation.map_or_else(|| "-".to_owned(), |deviation| value(one, deviation));
                [value(one, mean), deviation].into_iter().chain(quantiles.map(|of| value(one, of))).collect()
            }
            None => vec!["-".to_owned(); 7],
        };
        table.row([heading(one).to_owned(), inside].into_iter().chain(cells).chain([hold]));
    }
    table
}

/// A value of a metric with its unit.
fn value(of: Metric, value: f64) -> String {
    match of.unit() {
        Unit::Share => format!("{} %", grouped(value * 100.0, 1)),
        _ => format!("{value:.2}"),
    }
}

fn cost(trials: usize, threads: usize, effort: Effort, out: &mut dyn Write) -> anyhow::Result<()> {
    let (per_second, per_cpu_second) = effort.rates(trials);
    Ok(writeln!(
        out,
        "{} in {:.2} s on {}: {} trials/s; {:.2} s of CPU time: {} trials per CPU-second",
        counted(trials, "trial"),
        effort.elapsed.as_secs_f64(),
        counted(threads, "thread"),
        grouped(per_second, 0),
        effort.cpu.as_secs_f64(),
        grouped(per_cpu_second, 0),
    )?)
}
