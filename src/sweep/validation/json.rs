//! Walks forward and cross-validation as JSON.

#![forbid(unsafe_code)]

use serde_json::{Map, Value, json};

use super::paths::{AssetPaths, CombinatorialResults, Distribution};
use super::stability::Stability;
use super::walk::{AssetWalk, BarSpan, Fold, WalkForwardResults};
use crate::asset::Symbol;
use crate::error::Error;
use crate::sweep::grid::{Grid, Point};
use crate::sweep::merit::Merit;
use crate::sweep::metrics::{Metric, Metrics};

impl WalkForwardResults {
    /// All of it as a JSON object: the scheme, and for each asset its folds, its account and how stable the choices are.
    ///
    /// Metrics that are not defined are null, and so is an efficiency; an asset without folds has an `error` instead.
    ///
    /// # Examples
    /// ```
    /// # use lookback::{Bundle, strategies::SmaCross, sweep::*, portal::{DataPortal, Options}};
    /// # let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
    /// # let sweep = Sweep::new().asset("IBM").parameter("fast=20,30".parse()?).parameter("slow=50".parse()?);
    /// let scheme: WalkForward = "train=1000,test=500".parse()?;
    /// let results = sweep.walk_forward::<SmaCross>(&portal, scheme, Choice::default(), Watch::default())?;
    /// let json = results.to_json();
    /// assert_eq!((&json["walk_forward"]["train"], &json["trials"]), (&1000.into(), &10.into()));
    /// let fold = &json["assets"][0]["folds"][0];
    /// assert!(fold["point"]["fast"].is_u64() && fold["out_of_sample"]["sharpe"].is_f64());
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn to_json(&self) -> Map<String, Value> {
        let asset = |(symbol, walk): (&Symbol, &Result<AssetWalk, Error>)| match walk {
            Ok(walk) => self.walk(walk),
            Err(error) => json!({ "asset": symbol.as_str(), "error": error.to_string() }),
        };
        members(json!({
            "strategy": self.strategy,
            "walk_forward": {
                "train": self.scheme.train,
                "test": self.scheme.test,
                "anchored": self.scheme.is_anchored,
                "purge": self.scheme.purge,
                "embargo": self.scheme.embargo,
            },
            "choice": choice(&self.rank_by, self.min_trades, self.is_required),
            "settings": self.settings.to_json(),
            "parameters": parameters(&self.grid),
            "where": self.grid.constraint(),
            "version": self.version,
            "points": self.grid.len(),
            "trials": self.trials(),
            "assets": self.assets.iter().zip(&self.walks).map(asset).collect::<Value>(),
        }))
    }

    fn walk(&self, walk: &AssetWalk) -> Value {
        let folds = walk.folds.iter().enumerate().map(|(at, fold)| self.fold(at + 1, fold));
        json!({
            "asset": walk.symbol.as_str(),
            "bars": walk.bars,
            "periods_per_year": walk.periods_per_year,
            "folds": folds.collect::<Value>(),
            "in_cash": walk.in_cash(),
            "in_sample_cagr": walk.in_sample_cagr(),
            "efficiency": walk.efficiency(),
            "out_of_sample": walk.out_of_sample.to_json(),
            "buy_and_hold": walk.buy_and_hold.to_json(),
            "stability": walk.stability.iter().map(Stability::to_json).collect::<Value>(),
            "equity": walk.equity.iter().map(|(moment, equity)| json!([moment.to_string(), equity])).collect::<Value>(),
            "fills": walk.fills.iter().map(|(moment, fill)| fill.to_json(*moment)).map(Value::from).collect::<Value>(),
        })
    }

    fn fold(&self, number: usize, fold: &Fold) -> Value {
        json!({
            "fold": number,
            "train": span(&fold.train),
            "test": span(&fold.test),
            "point": self.point(fold).map(Point::to_json),
            "eligible": fold.eligible,
            "failed": fold.failed,
            "error": fold.first_failure.as_ref().map(|(_, error)| error.to_string()),
            "in_sample": fold.in_sample.as_ref().map(Metrics::to_json),
            "out_of_sample": fold.out_of_sample.to_json(),
            "efficiency": fold.efficiency(),
        })
    }
}

impl CombinatorialResults {
    /// All of it as a JSON object: the scheme, and for each asset its splits, its paths, and how every metric is distributed
    /// over them. Metrics that are not defined are null; an asset that could not be cut has an `error` instead.
    ///
    /// # Examples
    /// ```
    /// # use lookback::{Bundle, strategies::SmaCross, sweep::*, portal::{DataPortal, Options}};
    /// # let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
    /// # let sweep = Sweep::new().asset("IBM").parameter("fast=20,30".parse()?).parameter("slow=50".parse()?);
    /// let (scheme, choice) = ("groups=6,test=2".parse()?, Choice::default());
    /// let json = sweep.cross_validate::<SmaCross>(&portal, scheme, choice, Watch::default())?.to_json();
    /// let asset = &json["assets"][0];
    /// assert_eq!((&json["cpcv"]["splits"], &json["cpcv"]["paths"]), (&15.into(), &5.into()));
    /// assert!(asset["distribution"]["sharpe"]["median"].is_f64() && asset["splits"][0]["point"]["fast"].is_u64());
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn to_json(&self) -> Map<String, Value> {
        let asset = |(symbol, paths): (&Symbol, &Result<AssetPaths, Error>)| match paths {
            Ok(paths) => self.asset(paths),
            Err(error) => json!({ "asset": symbol.as_str(), "error": error.to_string() }),
        };
        let scheme = &self.scheme;
        members(json!({
            "strategy": self.strategy,
            "cpcv": {
                "groups": scheme.groups,
                "test": scheme.test,
                "purge": scheme.purge,
                "embargo": scheme.embargo,
                "splits": self.paths.iter().flatten().next().map(|paths| paths.splits.len()),
                "paths": scheme.paths(),
            },
            "choice": choice(&self.rank_by, self.min_trades, self.is_required),
            "settings": self.settings.to_json(),
            "parameters": parameters(&self.grid),
            "where": self.grid.constraint(),
            "version": self.version,
            "points": self.grid.len(),
            "trials": self.trials(),
            "assets": self.assets.iter().zip(&self.paths).map(asset).collect::<Value>(),
        }))
    }

    fn asset(&self, found: &AssetPaths) -> Value {
        let splits = found.splits.iter().map(|split| {
            json!({
                "test": split.test,
                "train_bars": split.train_bars,
                "point": self.point(split).map(Point::to_json),
                "eligible": split.eligible,
                "in_sample": split.in_sample.as_ref().map(Metrics::to_json),
            })
        });
        let paths = found.paths.iter().map(|path| {
            json!({ "splits": path.splits, "out_of_sample": path.out_of_sample.to_json(), "equity": path.equity })
        });
        let over = |of: &dyn Fn(Metric) -> Option<Distribution>| {
            let each = Metric::ALL.into_iter().map(|metric| {
                (metric.name().to_owned(), of(metric).map_or(Value::Null, |found| found.to_json().into()))
            });
            each.collect::<Map<_, _>>()
        };
        json!({
            "asset": found.symbol.as_str(),
            "bars": found.moments.len(),
            "periods_per_year": found.periods_per_year,
            "groups": found.groups.iter().map(span).collect::<Value>(),
            "failed": found.failed,
            "error": found.first_failure.as_ref().map(|(_, error)| error.to_string()),
            "in_cash": found.in_cash(),
            "splits": splits.collect::<Value>(),
            "in_sample": over(&|metric| found.in_sample(metric)),
            "distribution": over(&|metric| found.distribution(metric)),
            "paths": paths.collect::<Value>(),
            "buy_and_hold": found.buy_and_hold.to_json(),
            "moments": found.moments.iter().map(ToString::to_string).collect::<Value>(),
        })
    }
}

impl Stability {
    /// As JSON.
    ///
    /// # Examples
    /// ```
    /// use lookback::sweep::Stability;
    /// let range = ["5".to_owned(), "20".to_owned()];
    /// let one = Stability { parameter: "n".into(), range, distinct: 2, changes: 1, pairs: 3, mean_step: Some(0.1) };
    /// assert_eq!(one.to_json()["range"][1], "20");
    /// ```
    #[must_use]
    pub fn to_json(&self) -> Map<String, Value> {
        let Self { parameter, range, distinct, changes, pairs, mean_step } = self;
        members(json!({
            "parameter": parameter,
            "range": range,
            "distinct": distinct,
            "changes": changes,
            "pairs": pairs,
            "mean_step": mean_step,
        }))
    }
}

impl Distribution {
    /// As JSON.
    ///
    /// # Examples
    /// ```
    /// use lookback::sweep::Distribution;
    /// assert_eq!(Distribution::of(&[1.0, 2.0]).unwrap().to_json()["median"], 1.5);
    /// ```
    #[must_use]
    pub fn to_json(&self) -> Map<String, Value> {
        let Self { paths, mean, deviation, quantiles: [lowest, first, median, third, highest], below_zero } =
            self;
        members(json!({
            "paths": paths,
            "mean": mean,
            "deviation": deviation,
            "lowest": lowest,
            "first_quartile": first,
            "median": median,
            "third_quartile": third,
            "highest": highest,
            "below_zero": below_zero,
        }))
    }
}

fn span(of: &BarSpan) -> Value {
    json!({ "first": of.first.to_string(), "last": of.last.to_string(), "bars": of.bars.len(), "from_bar": of.bars.start })
}

fn choice(rank_by: &Merit, min_trades: usize, is_required: bool) -> Value {
    json!({
        "rank_by": rank_by.to_string(),
        "min_trades": min_trades,
        "required": is_required,
        "require": rank_by.requirement(),
    })
}

fn parameters(grid: &Grid) -> Map<String, Value> {
    let values = |text: String, name: &str| Value::from(text[name.len() + 1..].to_owned());
    grid.parameters().iter().map(|one| (one.name().to_owned(), values(one.to_string(), one.name()))).collect()
}

fn members(document: Value) -> Map<String, Value> {
    match document {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}
