//! The page of a walk forward, and of combinatorial cross-validation.

#![forbid(unsafe_code)]

use std::io;

use serde_json::{Value, json};

use super::figures::Figures;
use super::html::Table;
use super::number::{count, counted, grouped, merit, metric};
use super::packed::numbers;
use super::page::{self, Facts, Page, Section, block, chart};
use super::series::lines;
use super::sweep::{cards, months, sentence};
use crate::asset::Symbol;
use crate::error::Error;
use crate::sweep::{
    AssetPaths, AssetWalk, Backtest, CombinatorialResults, Fold, Grid, Merit, Metric, Point,
    WalkForwardResults,
};

/// Assets that a page shows.
const MOST_ASSETS: usize = 50;

/// Points of all lines together.
const MOST_POINTS: usize = 12_000;

/// The page of points that were chosen on some bars and traded on others.
///
/// # Examples
/// ```
/// use lookback::{Bundle, report::{Facts, ValidationPage}, strategies::SmaCross};
/// use lookback::sweep::{Choice, Sweep, WalkForward, Watch};
/// use lookback::portal::{DataPortal, Options};
///
/// let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
/// let sweep = Sweep::new().asset("IBM").parameter("fast=5:50:5".parse()?).parameter("slow=60:200:20".parse()?);
/// let scheme: WalkForward = "train=756,test=252".parse()?;
/// let results = sweep.walk_forward::<SmaCross>(&portal, scheme, Choice::default(), Watch::default())?;
/// let mut page = Vec::new();
/// ValidationPage::of_walk(&results, Vec::new()).write(&Facts::default(), &mut page)?;
/// assert!(String::from_utf8(page)?.contains("Folds of IBM"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct ValidationPage<'a> {
    found: Found<'a>,
    /// For each asset that was walked, buy and hold over its test bars.
    hold: Vec<Option<Backtest>>,
}

#[derive(Clone, Copy, Debug)]
enum Found<'a> {
    Walk(&'a WalkForwardResults),
    Cross(&'a CombinatorialResults),
}

impl<'a> ValidationPage<'a> {
    /// Of a walk forward; `hold` has for each of its assets buy and hold over the test bars, as far as it is known.
    #[must_use]
    pub fn of_walk(results: &'a WalkForwardResults, hold: Vec<Option<Backtest>>) -> Self {
        Self { found: Found::Walk(results), hold }
    }

    /// Of combinatorial cross-validation.
    #[must_use]
    pub fn of_paths(results: &'a CombinatorialResults) -> Self {
        Self { found: Found::Cross(results), hold: Vec::new() }
    }

    /// Writes the page.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write(&self, facts: &Facts<'_>, out: &mut dyn io::Write) -> io::Result<()> {
        match self.found {
            Found::Walk(results) => self.write_walk(results, facts, out),
            Found::Cross(results) => write_paths(results, facts, out),
        }
    }

    fn write_walk(
        &self,
        results: &WalkForwardResults,
        facts: &Facts<'_>,
        out: &mut dyn io::Write,
    ) -> io::Result<()> {
        let walks: Vec<(usize, &AssetWalk)> = results
            .walks
            .iter()
            .enumerate()
            .filter_map(|(asset, walk)| Some((asset, walk.as_ref().ok()?)))
            .take(MOST_ASSETS)
            .collect();
        let figures: Vec<Figures> = walks
            .iter()
            .map(|(asset, walk)| {
                let hold = self.hold.get(*asset).and_then(Option::as_ref);
                Figures::of_walk(walk, results.settings.cash, hold)
            })
            .collect();
        let points = (MOST_POINTS / walks.len().max(1)).min(1_600);
        let mut summary = String::new();
        let mut folds = String::new();
        let mut account = chart(
            "equity",
            "Equity out of sample",
            "The test spans, stitched together; a line where a fold begins.",
        ) + &chart("drawdown", "Drawdown", "Equity below its highest so far.")
            + &chart("rolling", "Rolling Sharpe ratio", "Of the last half year, a year.");
        for (place, ((_, walk), figures)) in walks.iter().zip(&figures).enumerate() {
            summary += &block(place, &walk_summary(walk));
            folds += &block(place, &fold_table(results, walk));
            account += &block(
                place,
                &format!(
                    "<p class=\"said\">{}</p>\n{}",
                    super::html::Text(sentence(figures)),
                    months(figures)
                ),
            );
        }
        folds += "<p class=\"note\">A test span had no part in the choice of its point. The rule, the grid and the scheme were chosen by who may have seen these very bars.</p>\n";
        let data: Vec<Value> = walks
            .iter()
            .zip(&figures)
            .map(|((_, walk), figures)| {
                let begins: Vec<i64> = walk.folds.iter().map(|fold| fold.test.first.0.div_euclid(1_000_000_000)).collect();
                json!({ "symbol": walk.symbol.as_str(), "lines": lines(figures, "out of sample", points), "marks": begins })
            })
            .collect();
        let lede = format!(
            "Walk-forward {}: {} in each fold, {}. Each fold trades what had the best {} on its train span{}.{}",
            results.scheme,
            counted(results.grid.len(), "point"),
            counted(results.trials(), "trial"),
            results.rank_by,
            least(results.min_trades),
            refused(&results.assets, &results.walks),
        );
        let sections = vec![
            Section { id: "summary", heading: "In short", body: summary },
            Section { id: "account", heading: "Out of sample", body: account },
            Section { id: "folds", heading: "Folds", body: folds },
        ];
        let settings =
            terms(&results.strategy, &results.grid, &results.settings.to_string(), &results.version);
        let assets = walks.iter().map(|(_, walk)| walk.symbol.as_str()).collect();
        write(
            &format!("{}: walk-forward", results.strategy),
            &lede,
            assets,
            sections,
            (facts, settings),
            json!({ "kind": "walk", "metrics": [], "parameters": [], "assets": data }),
            out,
        )
    }
}

fn write_paths(results: &CombinatorialResults, facts: &Facts<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    let found: Vec<&AssetPaths> = results.paths.iter().flatten().take(MOST_ASSETS).collect();
    let mut summary = String::new();
    let mut splits = String::new();
    for (place, of) in found.iter().enumerate() {
        summary += &block(place, &paths_summary(of, &results.rank_by));
        splits += &block(place, &split_table(results, of));
    }
    let paths = chart(
        "paths",
        "Equity of each path",
        "Each path trades every group with a choice that did not see it; the median one is in colour.",
    );
    let mut tables = String::new();
    for (place, of) in found.iter().enumerate() {
        tables += &block(place, &distribution_table(of));
    }
    let note = "<p class=\"note\">Paths share bars and choices: they are no independent draws.</p>\n";
    let points = (MOST_POINTS / found.iter().map(|of| of.paths.len()).sum::<usize>().max(1)).clamp(50, 800);
    let data: Vec<Value> = found.iter().map(|of| path_lines(of, &results.rank_by, points)).collect();
    let lede = format!(
        "Combinatorial purged cross-validation {}: {}, {}. Each split trades on its tested groups what had the best {} on the others{}.{}",
        results.scheme,
        counted(results.grid.len(), "point"),
        counted(results.trials(), "trial"),
        results.rank_by,
        least(results.min_trades),
        refused(&results.assets, &results.paths),
    );
    let sections = vec![
        Section { id: "summary", heading: "In short", body: summary },
        Section { id: "account", heading: "Paths", body: paths + &tables + note },
        Section { id: "folds", heading: "Splits", body: splits },
    ];
    let settings = terms(&results.strategy, &results.grid, &results.settings.to_string(), &results.version);
    let assets = found.iter().map(|of| of.symbol.as_str()).collect();
    write(
        &format!("{}: cross-validation", results.strategy),
        &lede,
        assets,
        sections,
        (facts, settings),
        json!({ "kind": "paths", "metrics": [], "parameters": [], "assets": data }),
        out,
    )
}

fn write(
    title: &str,
    lede: &str,
    assets: Vec<&str>,
    mut sections: Vec<Section>,
    (facts, settings): (&Facts<'_>, Vec<(String, String)>),
    data: Value,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    sections.push(page::settings(facts, settings));
    sections.extend(page::cache(facts));
    Page { title, lede, assets, sections, data }.write(out)
}

fn least(min_trades: usize) -> String {
    if min_trades == 0 { String::new() } else { format!(", with at least {}", counted(min_trades, "trade")) }
}

/// Assets that are not on the page, and why.
fn refused<T>(assets: &[Symbol], found: &[Result<T, Error>]) -> String {
    let failed = assets.iter().zip(found).filter_map(|(symbol, one)| Some((symbol, one.as_ref().err()?)));
    let mut text: String =
        failed.take(5).map(|(symbol, error)| format!(" {symbol} failed: {error}.")).collect();
    let read = found.iter().filter(|one| one.is_ok()).count();
    if read > MOST_ASSETS {
        text += &format!(" The first {} of {} assets are shown.", MOST_ASSETS, count(read));
    }
    text
}

fn terms(strategy: &str, grid: &Grid, settings: &str, version: &str) -> Vec<(String, String)> {
    let mut of = vec![("strategy".to_owned(), strategy.to_owned())];
    of.extend(grid.parameters().iter().map(|one| ("parameter".to_owned(), one.to_string())));
    if !grid.constraint().is_empty() {
        of.push(("only where".to_owned(), grid.constraint()));
    }
    of.push(("run".to_owned(), settings.to_owned()));
    of.push(("data".to_owned(), format!("version {version}")));
    of
}

fn percent(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), |value| format!("{} %", grouped(value * 100.0, 1)))
}

fn told(point: Option<Point<'_>>) -> String {
    let told = |point: Point<'_>| {
        point.told().map(|(name, value)| format!("{name} {value}")).collect::<Vec<_>>().join(", ")
    };
    point.map_or_else(|| "cash".to_owned(), told)
}

fn walk_summary(walk: &AssetWalk) -> String {
    let of = |one: Metric| metric(&walk.out_of_sample, one);
    let held = |one: Metric| format!("buy and hold {}", metric(&walk.buy_and_hold, one));
    let mut text = cards(&[
        (
            "Efficiency".to_owned(),
            percent(walk.efficiency()),
            format!("{} in sample", percent(walk.in_sample_cagr())),
        ),
        ("CAGR out of sample".to_owned(), of(Metric::Cagr), held(Metric::Cagr)),
        ("Sharpe ratio out of sample".to_owned(), of(Metric::Sharpe), held(Metric::Sharpe)),
        ("Max drawdown".to_owned(), of(Metric::MaxDrawdown), held(Metric::MaxDrawdown)),
        ("Folds".to_owned(), count(walk.folds.len()), format!("{} in cash", count(walk.in_cash()))),
    ]);
    text += "<p class=\"note\">Efficiency is the annual return out of sample by the mean one in sample of what was chosen: below 50 %, little of what was seen in choosing came true.</p>\n";
    text
}

fn fold_table(results: &WalkForwardResults, walk: &AssetWalk) -> String {
    let by = &results.rank_by;
    let in_sample = format!("{by} in sample");
    let out_of_sample = format!("{by} out");
    let headings = [
        "fold",
        "trained from",
        "tested from",
        "to",
        "point",
        &in_sample,
        &out_of_sample,
        "CAGR in",
        "CAGR out",
        "efficiency",
        "drawdown",
        "eligible",
    ];
    let mut table = Table::new(format!("Folds of {}", walk.symbol), &headings);
    for (place, fold) in walk.folds.iter().enumerate() {
        table.row(fold_cells(results, fold, place, by));
    }
    table.end()
}

fn fold_cells(results: &WalkForwardResults, fold: &Fold, place: usize, by: &Merit) -> [String; 12] {
    let inside = |one: Metric| fold.in_sample.as_ref().map_or_else(|| "–".to_owned(), |of| metric(of, one));
    [
        count(place + 1),
        fold.train.first.to_string(),
        fold.test.first.to_string(),
        fold.test.last.to_string(),
        told(results.point(fold)),
        fold.in_sample.as_ref().map_or_else(|| "–".to_owned(), |of| merit(of, by)),
        merit(&fold.out_of_sample, by),
        inside(Metric::Cagr),
        metric(&fold.out_of_sample, Metric::Cagr),
        percent(fold.efficiency()),
        metric(&fold.out_of_sample, Metric::MaxDrawdown),
        count(fold.eligible),
    ]
}

fn paths_summary(of: &AssetPaths, by: &Merit) -> String {
    let number = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |value| grouped(value, 2));
    let (out, inside) = (of.distribution(by), of.in_sample(by));
    cards(&[
        (
            format!("Median {by} out of sample"),
            number(out.map(|one| one.quantiles[2])),
            format!("{} in sample", number(inside.map(|one| one.quantiles[2]))),
        ),
        (
            format!("Paths with {by} below 0"),
            percent(out.map(|one| one.below_zero)),
            format!("of {}", counted(of.paths.len(), "path")),
        ),
        ("Buy and hold".to_owned(), merit(&of.buy_and_hold, by), by.to_string()),
        ("Splits".to_owned(), count(of.splits.len()), format!("{} in cash", count(of.in_cash()))),
    ])
}

fn distribution_table(of: &AssetPaths) -> String {
    let headings = ["metric", "paths", "mean", "lowest", "quarter", "median", "three quarters", "highest"];
    let mut table = Table::new(format!("Paths of {}, out of sample", of.symbol), &headings);
    for one in [
        Metric::Sharpe,
        Metric::TotalReturn,
        Metric::Cagr,
        Metric::MaxDrawdown,
        Metric::Volatility,
        Metric::Trades,
    ] {
        let Some(found) = of.distribution(one) else { continue };
        let scale = if one.unit() == crate::sweep::Unit::Share { 100.0 } else { 1.0 };
        let mut cells = vec![
            super::number::heading(one).to_owned() + if scale > 1.0 { ", %" } else { "" },
            count(found.paths),
        ];
        cells.extend([found.mean].into_iter().chain(found.quantiles).map(|value| grouped(value * scale, 2)));
        table.row(cells);
    }
    table.end()
}

fn split_table(results: &CombinatorialResults, of: &AssetPaths) -> String {
    let in_sample = format!("{} in sample", results.rank_by);
    let mut table = Table::new(
        format!("Splits of {}", of.symbol),
        &["split", "tested groups", "point", &in_sample, "train bars", "eligible"],
    );
    for (place, split) in of.splits.iter().enumerate() {
        let groups: Vec<String> = split.test.iter().map(|group| count(group + 1)).collect();
        table.row([
            count(place + 1),
            groups.join(", "),
            told(results.point(split)),
            split.in_sample.as_ref().map_or_else(|| "–".to_owned(), |one| merit(one, &results.rank_by)),
            count(split.train_bars),
            count(split.eligible),
        ]);
    }
    table.end()
}

/// The equity of each path, every so many bars, and which of them is the median by what ranks.
fn path_lines(of: &AssetPaths, by: &Merit, most: usize) -> Value {
    let step = of.moments.len().div_ceil(most).max(1);
    let last = of.moments.len().saturating_sub(1);
    let kept: Vec<usize> = (0..of.moments.len()).filter(|bar| bar % step == 0 || *bar == last).collect();
    let seconds = kept.iter().map(|bar| of.moments[*bar].0.div_euclid(1_000_000_000));
    let steps: Vec<i64> = seconds.scan(0, |before, now| Some(now - std::mem::replace(before, now))).collect();
    let mut order: Vec<usize> = (0..of.paths.len()).collect();
    let value = |path: &usize| by.value(&of.paths[*path].out_of_sample).unwrap_or(f64::NEG_INFINITY);
    order.sort_by(|a, b| value(a).total_cmp(&value(b)));
    let paths: Vec<Value> = of
        .paths
        .iter()
        .enumerate()
        .map(|(path, one)| json!({ "name": format!("path {}", path + 1), "y": numbers(kept.iter().map(|bar| one.equity[*bar])) }))
        .collect();
    json!({ "symbol": of.symbol.as_str(), "lines": { "t": steps, "paths": paths, "median": order.get(order.len() / 2), "bars": of.moments.len() } })
}
