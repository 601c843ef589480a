//! What outputs tell of a trial, as JSON: its point, its metrics, its fills.

#![forbid(unsafe_code)]

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde_json::{Map, Number, Value, json};

use super::honesty::Honesty;
use crate::sweep::broker::Fill;
use crate::sweep::grid::{Point, Told};
use crate::sweep::metrics::{Metric, Metrics, Unit};
use crate::time::Timestamp;

impl Metric {
    /// A value of this metric as JSON: counts as whole numbers, what is not defined as null.
    ///
    /// # Examples
    /// ```
    /// use lookback::sweep::Metric;
    /// assert_eq!(Metric::Trades.to_json(Some(12.0)).to_string(), "12");
    /// assert_eq!(Metric::Sharpe.to_json(Some(1.0)).to_string(), "1.0");
    /// assert!(Metric::WinRate.to_json(None).is_null());
    /// ```
    #[must_use]
    pub fn to_json(self, value: Option<f64>) -> Value {
        let number = value.and_then(|value| match self.unit() {
            Unit::Bars | Unit::Trades => value.to_u64().map(Number::from),
            _ => Number::from_f64(value),
        });
        number.map_or(Value::Null, Value::Number)
    }
}

impl Metrics {
    /// Every metric by its name, as JSON.
    ///
    /// # Examples
    /// ```
    /// use lookback::strategies::SmaCross;
    /// use lookback::sweep::Sweep;
    /// use lookback::{Bundle, portal::{DataPortal, Options}};
    ///
    /// let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
    /// let sweep = Sweep::new().asset("IBM").parameter("fast=20".parse()?).parameter("slow=50".parse()?);
    /// let backtest = sweep.backtest::<SmaCross>(&portal)?;
    /// let metrics = backtest.metrics().to_json();
    /// assert_eq!(metrics.len(), 18);
    /// assert!(metrics["trades"].is_u64() && metrics["sharpe"].is_f64());
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn to_json(&self) -> Map<String, Value> {
        Metric::ALL.into_iter().map(|one| (one.name().to_owned(), one.to_json(self.get(one)))).collect()
    }
}

impl Point<'_> {
    /// Every parameter by its name, as JSON: whole numbers as such, others as the nearest binary number, a
    /// chosen expression as text.
    ///
    /// # Examples
    /// ```
    /// use lookback::sweep::Grid;
    /// let grid = Grid::new(vec!["bars=20".parse()?, "share=0.5".parse()?], &[])?;
    /// assert_eq!(serde_json::Value::from(grid.point(0).to_json()).to_string(), r#"{"bars":20,"share":0.5}"#);
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn to_json(self) -> Map<String, Value> {
        let number = |value: Decimal| {
            let whole = value.is_integer().then(|| value.to_i64()).flatten().map(Number::from);
            let number = whole.or_else(|| Number::from_f64(crate::decimal::to_f64(value)));
            number.map_or(Value::Null, Value::Number)
        };
        self.told()
            .map(|(name, value)| match value {
                Told::Number(value) => (name.to_owned(), number(value)),
                Told::Expression(expression) => (name.to_owned(), expression.into()),
            })
            .collect()
    }
}

impl Honesty {
    /// Every figure as JSON, the edition with it: Sharpe ratios a year, shares of 1, what is not defined as null.
    ///
    /// # Examples
    /// ```
    /// # use lookback::{Bundle, strategies::SmaCross, sweep::*, portal::{DataPortal, Options}};
    /// # let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
    /// # let sweep = Sweep::new().asset("IBM").parameter("fast=20,30".parse()?).parameter("slow=50".parse()?);
    /// let results = sweep.run::<SmaCross>(&portal)?;
    /// let best = results.trial(0).point;
    /// let json = results.honesty::<SmaCross>(&portal, 0, best, HonestyOptions::default())?.to_json();
    /// assert_eq!((&json["trials"], &json["psr"]["edition"]), (&2.into(), &2025.into()));
    /// assert!(json["spa"]["p_value"].is_null() && json["spa"]["needs_returns"].is_u64());
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn to_json(&self) -> Map<String, Value> {
        let options = &self.options;
        let best = self.best.as_ref();
        let annual = |sharpe: Option<f64>| sharpe.map(|sharpe| self.annual(sharpe));
        let document = json!({
            "asset": self.asset.as_str(),
            "of": "sharpe",
            "seed": options.seed,
            "confidence": options.confidence,
            "trials": self.trials,
            "failed": self.failed,
            "without_sharpe": self.without_sharpe,
            "effective_trials": {
                "value": self.effective_trials(),
                "method": "participation ratio of the eigenvalues of the correlations of returns per bar",
                "sample": self.correlation.map(|of| of.sample),
                "mean_square_correlation": self.correlation.map(|of| of.mean_square),
            },
            "best": {
                "sharpe": annual(best.map(|of| of.sharpe)),
                "bars": self.bars,
                "periods_per_year": self.periods_per_year,
                "skewness": best.map(|of| of.skewness),
                "kurtosis": best.map(|of| of.kurtosis),
            },
            "psr": { "edition": options.edition.year(), "value": self.probabilistic(), "against": 0.0 },
            "minimum_track_record": { "edition": options.edition.year(), "bars": self.minimum_length() },
            "dsr": {
                "edition": options.edition.deflated_year(),
                "with_trials": self.deflated(),
                "with_effective_trials": self.deflated_effective(),
                "threshold": self.threshold(),
                "sharpe_variance_per_bar": self.variance,
            },
            "pbo": {
                "value": self.cross_validation.map(|of| of.overfitting),
                "trials": self.cross_validation.map(|of| of.trials),
                "of": if self.is_sampled { "a seeded sample by hash of the point" } else { "all trials" },
                "splits": self.cross_validation.map(|of| of.splits),
                "loss": self.cross_validation.map(|of| of.loss),
                "mean_rank": self.cross_validation.map(|of| of.mean_rank),
            },
            "interval": {
                "method": "stationary bootstrap",
                "draws": options.draws,
                "block_bars": self.interval.map(|of| of.block_bars),
                "low": annual(self.interval.map(|of| of.low)),
                "high": annual(self.interval.map(|of| of.high)),
            },
            "haircut": {
                "method": "bonferroni",
                "p_value": self.haircut.map(|of| of.p_value),
                "adjusted_p_value": self.haircut.map(|of| of.adjusted_p_value),
                "sharpe": self.haircut.map(|of| of.adjusted_sharpe),
            },
            "spa": {
                "against": "buy and hold",
                "p_value": self.spa.map(|of| of.consistent),
                "lower": self.spa.map(|of| of.lower),
                "upper": self.spa.map(|of| of.upper),
                "needs_returns": self.spa.is_none().then(|| self.trials.saturating_mul(self.bars)),
            },
            "neighbours": {
                "metric": options.rank_by.to_string(),
                "count": self.neighbourhood.map_or(0, |of| of.count),
                "worst": self.neighbourhood.map(|of| of.worst),
                "median": self.neighbourhood.map(|of| of.median),
                "best": self.neighbourhood.map(|of| of.best),
                "above": self.neighbourhood.map(|of| of.above),
                "terrain": self.neighbourhood.map(|of| of.terrain.to_string()),
            },
        });
        match document {
            Value::Object(members) => members,
            _ => Map::new(),
        }
    }
}

impl Fill {
    /// The side: `buy` or `sell`.
    ///
    /// # Examples
    /// ```
    /// use lookback::sweep::{Fill, Reason};
    /// let reason = Reason::StopLoss;
    /// let fill = Fill { bar: 3, weight: 0.0, shares: -20.0, price: 5.0, raw_price: 5.0, cost: 0.1, reason };
    /// assert_eq!(fill.side(), "sell");
    /// ```
    #[must_use]
    pub fn side(&self) -> &'static str {
        if self.shares > 0.0 { "buy" } else { "sell" }
    }

    /// The fill as JSON, with its moment; prices and costs in quote currency.
    ///
    /// # Examples
    /// ```
    /// use lookback::sweep::{Fill, Reason};
    /// use lookback::Timestamp;
    /// let reason = Reason::Signal;
    /// let fill = Fill { bar: 3, weight: 1.0, shares: 20.0, price: 5.0, raw_price: 10.0, cost: 0.1, reason };
    /// let json = fill.to_json(Timestamp(0));
    /// assert_eq!((&json["side"], &json["adjusted_price"]), (&"buy".into(), &5.0.into()));
    /// ```
    #[must_use]
    pub fn to_json(&self, moment: Timestamp) -> Map<String, Value> {
        [
            ("date", Value::from(moment.to_string())),
            ("side", self.side().into()),
            ("raw_price", self.raw_price.into()),
            ("adjusted_price", self.price.into()),
            ("shares", self.shares.into()),
            ("weight", self.weight.into()),
            ("cost", self.cost.into()),
            ("reason", self.reason.name().into()),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
    }
}
