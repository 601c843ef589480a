//! What a sweep is, said once for plans, journals and configurations.

#![forbid(unsafe_code)]

use serde_json::{Map, Value, json};

use super::journal::Description;
use super::results::Keep;
use super::rules::RuleSet;
use super::strategy::Strategy;
use super::{Grid, Search, Sweep};
use crate::error::Error;
use crate::portal::DataPortal;

impl Sweep {
    /// Says everything that the results of a strategy's sweep depend on.
    ///
    /// # Errors
    /// As [`Sweep::grid`]; `UnknownAsset`.
    ///
    /// # Examples
    /// ```
    /// # use lookback::{Bundle, strategies::SmaCross, sweep::*, portal::{DataPortal, Options}};
    /// # let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
    /// let run = Sweep::new().asset("IBM").describe::<SmaCross>(&portal)?;
    /// assert_eq!((&run.as_json()["strategy"], &run.as_json()["points"]), (&"sma-cross".into(), &3930.into()));
    /// # Ok::<(), lookback::Error>(())
    /// ```
    pub fn describe<S: Strategy>(&self, portal: &DataPortal) -> Result<Description, Error> {
        self.description(S::NAME, Value::Null, &self.grid::<S>()?, portal)
    }

    /// Says everything that the results of a sweep of rules depend on.
    ///
    /// # Errors
    /// As [`Sweep::rules_grid`]; `UnknownAsset`.
    ///
    /// # Examples
    /// ```
    /// # use lookback::{Bundle, sweep::*, portal::{DataPortal, Options}};
    /// # let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
    /// let rules = RuleSet::new("dip").rule(Part::Buy, "rsi(close, n) < 30").parameter("n=5:9".parse()?);
    /// let other = rules.clone().rule(Part::Buy, "rsi(close, n) < 31");
    /// let [one, other] = [rules, other].map(|rules| Sweep::new().describe_rules(&rules, &portal).unwrap());
    /// assert_eq!(one.difference(&other).unwrap(), r#"rules.buy is "rsi(close, n) < 30", not "rsi(close, n) < 31""#);
    /// # Ok::<(), lookback::Error>(())
    /// ```
    pub fn describe_rules(&self, rules: &RuleSet, portal: &DataPortal) -> Result<Description, Error> {
        let stated: Map<String, Value> =
            rules.statements().map(|(key, text)| (key, Value::from(text))).collect();
        self.description(rules.name(), stated.into(), &self.rules_grid(rules)?, portal)
    }

    /// Which points of the grid are tried; null for all of them.
    fn search(&self) -> Value {
        let Search { random, refined } = &self.search;
        if random.is_none() && refined.is_none() {
            return Value::Null;
        }
        json!({
            "random": random.map(|(count, _)| count),
            "seed": random.map(|(_, seed)| seed),
            "refine": refined.as_ref().map(|(count, _)| count),
        })
    }

    fn description(
        &self,
        strategy: &str,
        rules: Value,
        grid: &Grid,
        portal: &DataPortal,
    ) -> Result<Description, Error> {
        let snapshot = portal.snapshot();
        let bundle = snapshot.bundle();
        let assets = self.asset_ids(&snapshot)?;
        let assets: Vec<&str> = assets.iter().map(|asset| bundle.symbols()[asset.index()].as_str()).collect();
        let parameters: Map<String, Value> = grid
            .parameters()
            .iter()
            .map(|one| (one.name().to_owned(), one.to_string().split_off(one.name().len() + 1).into()))
            .collect();
        let keep = match &self.keep {
            Keep::All => Value::Null,
            Keep::Best(best) => json!({
                "count": best.count,
                "rank_by": best.by.to_string(),
                "require": best.by.requirement(),
                "min_trades": best.min_trades,
                "seed": best.seed,
            }),
        };
        Ok(Description::default()
            .with("program", concat!("lookback ", env!("CARGO_PKG_VERSION")))
            .with("strategy", strategy)
            .with("rules", rules)
            .with("parameters", parameters)
            .with("where", grid.constraint())
            .with("search", self.search())
            .with("points", grid.len())
            .with("assets", assets)
            .with("settings", self.settings.to_json())
            .with("bundle", bundle.version())
            .with("keep", keep))
    }
}
