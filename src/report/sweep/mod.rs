//! The page of a sweep.

#![forbid(unsafe_code)]

mod best;
mod histogram;
mod luck;
mod rows;

use std::io;

use serde_json::{Value, json};

use super::number::{count, counted, grouped, metric};
use super::page::{self, Facts, Page, Section, block, chart};
use crate::sweep::{Backtest, Better, Honesty, Merit, Metric, Results, Unit};

pub(super) use best::{months, sentence};
pub(super) use histogram::of_values as histogram_of;
pub(super) use luck::cards;

/// Rows of all assets together that a page holds: with them it stays below 2 MB.
const MOST_ROWS: usize = 20_000;

/// Assets that a page shows in full; of others it says how many there are.
const MOST_ASSETS: usize = 50;

/// Points of all lines together.
const MOST_POINTS: usize = 12_000;

/// The best point of an asset, run again in full.
#[derive(Clone, Debug)]
pub struct BestRun {
    /// The asset's position in [`Results::assets`].
    pub asset: usize,
    /// Its backtest.
    pub backtest: Backtest,
    /// Buy and hold over the same bars.
    pub hold: Option<Backtest>,
}

/// The page of a sweep: ranking, map, the best beside buy and hold, how much of it is luck.
///
/// It holds the 20,000 best trials of all assets together, and what it shows of all trials is counted over all. Numbers in it
/// are told to within 16 millionths.
///
/// # Examples
/// ```
/// use lookback::{Bundle, report::{Facts, SweepPage}, strategies::SmaCross, sweep::{Metric, Sweep}};
/// use lookback::portal::{DataPortal, Options};
///
/// let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
/// let sweep = Sweep::new().asset("IBM").parameter("fast=5:50:5".parse()?).parameter("slow=60:200:20".parse()?);
/// let results = sweep.run::<SmaCross>(&portal)?;
/// let best = results.ranking(0, Metric::Sharpe, 1)[0].trial;
/// let run = sweep.only(best.asset, best.point)?;
/// let best = lookback::report::BestRun {
///     asset: 0,
///     backtest: run.backtest::<SmaCross>(&portal)?,
///     hold: Some(run.buy_and_hold(&portal)?),
/// };
/// let mut page = Vec::new();
/// SweepPage::new(&results, Metric::Sharpe).best([best]).write(&Facts::default(), &mut page)?;
/// assert!(page.starts_with(b"<!doctype html>"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct SweepPage<'a> {
    results: &'a Results,
    rank_by: Merit,
    min_trades: usize,
    honesty: &'a [Honesty],
    best: Vec<BestRun>,
}

impl<'a> SweepPage<'a> {
    /// Of results, by what ranks them.
    #[must_use]
    pub fn new(results: &'a Results, rank_by: impl Into<Merit>) -> Self {
        Self { results, rank_by: rank_by.into(), min_trades: 0, honesty: &[], best: Vec::new() }
    }

    /// Ranks only trials with at least so many closed round trips.
    #[must_use]
    pub fn min_trades(mut self, trades: usize) -> Self {
        self.min_trades = trades;
        self
    }

    /// How much of each best result is luck.
    #[must_use]
    pub fn honesty(mut self, of: &'a [Honesty]) -> Self {
        self.honesty = of;
        self
    }

    /// The best points in full, at most one of each asset.
    #[must_use]
    pub fn best(mut self, runs: impl IntoIterator<Item = BestRun>) -> Self {
        self.best.extend(runs);
        self
    }

    /// The assets of which a page shows the best in full: those that were read, and 50 at most.
    #[must_use]
    pub fn shown_assets(&self) -> Vec<usize> {
        let read = self.results.summaries().iter().enumerate().filter(|(_, summary)| summary.is_ok());
        read.map(|(asset, _)| asset).take(MOST_ASSETS).collect()
    }

    /// Writes the page.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write(&self, facts: &Facts<'_>, out: &mut dyn io::Write) -> io::Result<()> {
        let results = self.results;
        let assets = self.shown_assets();
        let tables: Vec<rows::Rows<'_>> = assets
            .iter()
            .map(|asset| {
                rows::Rows::new(results, *asset, &self.rank_by, self.min_trades, MOST_ROWS / assets.len())
            })
            .collect();
        let title = match facts.bundle {
            "" => format!("{} sweep", results.strategy()),
            bundle => format!("{} on {bundle}", results.strategy()),
        };
        let page = Page {
            title: &title,
            lede: &self.lede(assets.len()),
            assets: assets.iter().map(|asset| results.assets()[*asset].as_str()).collect(),
            sections: self.sections(facts, &assets, &tables),
            data: self.data(&assets, &tables),
        };
        page.write(out)
    }

    fn lede(&self, shown: usize) -> String {
        let results = self.results;
        let mut text = format!(
            "{} of {} on {}, ranked by {}",
            counted(results.len() - results.unfinished(), "trial"),
            counted(results.grid().len(), "point"),
            counted(results.assets().len(), "asset"),
            self.rank_by
        );
        if let Some(requirement) = self.rank_by.requirement() {
            text += &format!(", only where {requirement}");
        }
        if self.min_trades > 0 {
            text += &format!(", of trials with at least {}", counted(self.min_trades, "trade"));
        }
        text.push('.');
        if shown < results.assets().len() {
            text += &format!(" The first {} that could be read are shown.", counted(shown, "asset"));
        }
        if results.unfinished() > 0 {
            text += &format!(" It was stopped: {} did not run.", counted(results.unfinished(), "trial"));
        }
        if results.failed() > 0 {
            text += &format!(" {} failed.", counted(results.failed(), "trial"));
        }
        text
    }

    fn sections(&self, facts: &Facts<'_>, assets: &[usize], tables: &[rows::Rows<'_>]) -> Vec<Section> {
        let mut sections = vec![self.summary(assets, tables)];
        let blocks = |of: &dyn Fn(usize) -> Option<String>| -> String {
            let blocks = assets.iter().enumerate();
            blocks.filter_map(|(place, asset)| Some(block(place, &of(*asset)?))).collect()
        };
        let honesty = blocks(&|asset| {
            let of = self.honesty.iter().find(|one| one.asset == self.results.assets()[asset])?;
            Some(luck::table(of))
        });
        if !honesty.is_empty() {
            sections.push(Section { id: "luck", heading: "How much is luck", body: honesty });
        }
        sections.push(Section { id: "ranking", heading: "Ranking", body: self.ranking(tables) });
        let several = self.results.grid().parameters().iter().filter(|one| one.count() > 1).count();
        if several > 1 {
            let body =
                chart("map", "Map", "A metric over two parameters. Arrow keys move from cell to cell.");
            sections.push(Section { id: "terrain", heading: "Map of the parameters", body });
        }
        let best = blocks(&|asset| {
            let run = self.best.iter().find(|run| run.asset == asset)?;
            Some(best::block(run))
        });
        if !best.is_empty() {
            sections.push(Section { id: "best", heading: "The best in full", body: best::charts() + &best });
        }
        let distribution = chart("histogram", "Distribution", "How a metric is spread over all trials.");
        sections.push(Section { id: "distribution", heading: "All results", body: distribution });
        if several > 0 {
            let body = chart(
                "parallel",
                "Parameters and result",
                "Each line is a trial; the best tenth of those shown is in colour.",
            );
            sections.push(Section { id: "lines", heading: "Which parameters do well", body });
        }
        sections.push(page::settings(facts, self.terms()));
        sections.extend(page::cache(facts));
        sections
    }

    /// The best of each asset in a sentence.
    fn summary(&self, assets: &[usize], tables: &[rows::Rows<'_>]) -> Section {
        let mut body = String::new();
        for (place, (asset, table)) in assets.iter().zip(tables).enumerate() {
            let Ok(summary) = &self.results.summaries()[*asset] else { continue };
            let Some(best) = table.best() else {
                body += &block(place, "<p>No trial could be ranked.</p>\n");
                continue;
            };
            let point: Vec<String> =
                best.trial.point.told().map(|(name, value)| format!("{name} {value}")).collect();
            let of = |one: Metric| metric(&best.metrics, one);
            let held = |one: Metric| metric(&summary.buy_and_hold, one);
            let honesty = self.honesty.iter().find(|one| one.asset == summary.symbol);
            let mut cards = vec![
                (
                    "Best point".to_owned(),
                    point.join(", "),
                    format!("{} on {}", self.results.strategy(), summary.symbol),
                ),
                (
                    "Sharpe ratio".to_owned(),
                    of(Metric::Sharpe),
                    format!("buy and hold {}", held(Metric::Sharpe)),
                ),
                ("CAGR".to_owned(), of(Metric::Cagr), format!("buy and hold {}", held(Metric::Cagr))),
                (
                    "Max drawdown".to_owned(),
                    of(Metric::MaxDrawdown),
                    format!("buy and hold {}", held(Metric::MaxDrawdown)),
                ),
            ];
            if self.rank_by.metric().is_none() {
                let value =
                    self.rank_by.value(&best.metrics).map_or_else(|| "–".to_owned(), |one| grouped(one, 3));
                cards.insert(1, ("Ranked by".to_owned(), value, self.rank_by.to_string()));
            }
            cards.extend(honesty.and_then(luck::card));
            body += &block(place, &luck::cards(&cards));
            body += &block(
                place,
                &format!(
                    "<p class=\"note\">{} from {} to {}.</p>\n",
                    counted(summary.bars, "bar"),
                    summary.first,
                    summary.last
                ),
            );
        }
        Section { id: "summary", heading: "In short", body }
    }

    fn ranking(&self, tables: &[rows::Rows<'_>]) -> String {
        let mut body = "<form class=\"filter\" id=\"filter\" role=\"search\"><label>Show only <input type=\"text\" \
                        name=\"text\" spellcheck=\"false\" autocomplete=\"off\" placeholder=\"sharpe > 0.5, trades >= 20\" \
                        aria-describedby=\"filter-said\"></label> <label class=\"check\"><input type=\"checkbox\" \
                        name=\"all\"> all metrics</label></form>\n<p id=\"filter-said\" class=\"note\" \
                        aria-live=\"polite\"></p>\n"
            .to_owned();
        for (place, table) in tables.iter().enumerate() {
            body += &block(place, &table.html(self.results));
        }
        body + "<div class=\"pager\" id=\"pager\"></div>\n"
    }

    fn terms(&self) -> Vec<(String, String)> {
        let results = self.results;
        let grid = results.grid();
        let mut of: Vec<(String, String)> = vec![("strategy".to_owned(), results.strategy().to_owned())];
        of.extend(grid.parameters().iter().map(|one| {
            let text = one.to_string();
            let values = text.split_once('=').map_or(text.clone(), |(_, values)| values.to_owned());
            (format!("parameter {}", one.name()), values)
        }));
        if !grid.constraint().is_empty() {
            of.push(("only where".to_owned(), grid.constraint()));
        }
        if grid.is_drawn() {
            of.push((
                "drawn".to_owned(),
                format!("{} of {} points", count(grid.len()), count(grid.whole_len())),
            ));
        }
        of.push(("run".to_owned(), results.settings().to_string()));
        of.push(("data".to_owned(), format!("version {}", results.version())));
        of
    }

    fn data(&self, assets: &[usize], tables: &[rows::Rows<'_>]) -> Value {
        let metrics: Vec<Value> = Metric::ALL.into_iter().map(metric_json).collect();
        let points = (MOST_POINTS / assets.len().max(1)).min(1_000);
        let assets: Vec<Value> = assets
            .iter()
            .zip(tables)
            .map(|(asset, table)| {
                let mut data = table.data(self.results);
                let run = self.best.iter().find(|run| run.asset == *asset);
                data["lines"] = run.map_or(Value::Null, |run| {
                    super::series::lines(&best::figures(run), self.results.strategy(), points)
                });
                let honesty = self.honesty.iter().find(|one| one.asset == self.results.assets()[*asset]);
                data["threshold"] = honesty.and_then(Honesty::threshold).map_or(Value::Null, Value::from);
                data
            })
            .collect();
        json!({
            "kind": "sweep",
            "merit": { "text": self.rank_by.to_string(), "metric": self.rank_by.metric().map(Metric::name), "lower": self.rank_by.better() == Better::Lower },
            "metrics": metrics,
            "parameters": self.results.grid().parameters().iter().map(|one| one.name()).collect::<Vec<_>>(),
            "assets": assets,
        })
    }
}

/// What the script has to know of a metric.
pub(super) fn metric_json(one: Metric) -> Value {
    let unit = match one.unit() {
        Unit::Share => "share",
        Unit::Ratio => "ratio",
        Unit::PerYear => "year",
        Unit::Bars | Unit::Trades | Unit::Currency => "whole",
    };
    let lower = one.better() == Better::Lower;
    json!({ "name": one.name(), "heading": super::number::heading(one), "unit": unit, "lower": lower })
}
