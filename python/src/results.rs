//! The results of a sweep, held by the crate; Python sees them as one Arrow table.

use std::sync::Arc;

use lookback::Error;
use lookback::report::{BestRun, Facts, SweepPage};
use lookback::sweep::{Choice, Honesty, HonestyOptions, Merit, Metric, Sweep, Watch};
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyDict};

use crate::arrow;
use crate::error::Answer;
use crate::portal;
use crate::readers::Shared;
use crate::source::Source;
use crate::strategy::Failure;
use crate::sweep::watched;

/// A row for each trial, in grid order, asset by asset.
#[pyclass(frozen, subclass, module = "lookback._lookback", name = "_Results")]
pub(crate) struct Results {
    results: Arc<lookback::sweep::Results>,
    source: Source,
    sweep: Sweep,
    shared: Arc<Shared>,
    interrupted: bool,
}

impl Results {
    pub(crate) fn new(
        results: lookback::sweep::Results,
        source: Source,
        sweep: Sweep,
        shared: Arc<Shared>,
        interrupted: bool,
    ) -> Self {
        Self { results: Arc::new(results), source, sweep, shared, interrupted }
    }

    fn asset(&self, name: Option<&str>) -> Answer<usize> {
        let assets = self.results.assets();
        let found = match name {
            None if assets.len() == 1 => Some(0),
            None => {
                let names: Vec<_> = assets.iter().map(|asset| asset.as_str()).collect();
                let message = format!("say which of {} is meant", names.join(", "));
                return Err(Error::bad_parameter("asset", message).into());
            }
            Some(name) => assets.iter().position(|asset| asset.as_str() == name),
        };
        let missing = || Error::bad_parameter("asset", format!("{} was not swept", name.unwrap_or_default()));
        Ok(found.ok_or_else(missing)?)
    }
}

impl Results {
    fn judge(
        &self,
        failure: &Arc<Failure>,
        asset: usize,
        by: &Merit,
        min_trades: usize,
        options: HonestyOptions,
    ) -> Result<Option<Honesty>, Error> {
        let ranking = self.results.ranking(asset, by, min_trades);
        let Some(best) = ranking.first().map(|ranked| ranked.trial.point) else { return Ok(None) };
        let portal = &self.shared.portal;
        self.source.honesty(&self.results, portal, failure, asset, best, options).map(Some)
    }

    /// The page of these results, its best points run once more.
    fn page(
        &self,
        failure: &Arc<Failure>,
        by: &Merit,
        min_trades: usize,
        seed: u64,
    ) -> Result<Vec<u8>, Error> {
        let (results, portal) = (&*self.results, &self.shared.portal);
        let page = SweepPage::new(results, by.clone()).min_trades(min_trades);
        let (mut runs, mut judged) = (Vec::new(), Vec::new());
        for asset in page.shown_assets() {
            let ranking = results.ranking(asset, by, min_trades);
            let Some(best) = ranking.first() else { continue };
            let only = self.sweep.only(best.trial.asset, best.trial.point)?;
            let backtest = self.source.backtest(&only, portal, failure)?;
            runs.push(BestRun { asset, backtest, hold: Some(only.buy_and_hold(portal)?) });
            if results.unfinished() == 0 {
                let options = HonestyOptions { rank_by: by.clone(), seed, ..HonestyOptions::default() };
                judged.extend(self.judge(failure, asset, by, min_trades, options)?);
            }
        }
        let (snapshot, rules) = (portal.snapshot(), self.source.statements());
        let prices = results.settings().adjust.description_of(snapshot.bundle(), results.assets());
        let facts =
            Facts { bundle: snapshot.bundle().name(), prices: &prices, rules: &rules, ..Facts::default() };
        let mut out = Vec::new();
        let written = page.best(runs).honesty(&judged).write(&facts, &mut out);
        written.map_err(|error| Error::invalid("report", error.to_string()))?;
        Ok(out)
    }
}

#[pymethods]
impl Results {
    /// The page of these results as bytes.
    fn _page(
        &self,
        py: Python<'_>,
        by: &str,
        require: &str,
        min_trades: usize,
        seed: u64,
    ) -> Answer<Vec<u8>> {
        let (by, failure) = (merit(by, require)?, self.source.failure());
        let page = py.detach(|| self.page(&failure, &by, min_trades, seed));
        match failure.take() {
            Some(raised) => Err(raised.into()),
            None => Ok(page?),
        }
    }

    /// Arrow's C stream of all trials that ran.
    #[pyo3(signature = (requested_schema = None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        // The interface lets a producer give its own types where it cannot give those that were asked for.
        drop(requested_schema);
        let batches: Vec<_> = self.results.record_batches(&Metric::ALL).collect();
        let schema = match batches.first() {
            Some(first) => first.schema(),
            None => self.results.to_record_batch(&Metric::ALL).schema(),
        };
        arrow::give(py, schema, batches.into_iter())
    }

    fn __len__(&self) -> usize {
        self.results.len()
    }

    #[getter]
    fn assets(&self) -> Vec<&str> {
        self.results.assets().iter().map(|asset| asset.as_str()).collect()
    }

    #[getter]
    fn strategy(&self) -> &str {
        self.results.strategy()
    }

    #[getter]
    fn parameters(&self) -> Vec<&str> {
        self.results.grid().parameters().iter().map(|one| one.name()).collect()
    }

    /// The digest of the bundle that was swept.
    #[getter]
    fn version(&self) -> &str {
        self.results.version()
    }

    #[getter]
    fn failed(&self) -> usize {
        self.results.failed()
    }

    #[getter]
    fn unfinished(&self) -> usize {
        self.results.unfinished()
    }

    /// Whether Ctrl-C ended it.
    #[getter]
    fn interrupted(&self) -> bool {
        self.interrupted
    }

    #[getter]
    fn seconds(&self) -> f64 {
        self.results.elapsed().as_secs_f64()
    }

    #[getter]
    fn threads(&self) -> usize {
        self.results.threads()
    }

    #[getter]
    fn settings<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        loads(py, &serde_json::Value::from(self.results.settings().to_json()))
    }

    #[getter]
    fn cache_stats<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        portal::stats(py, &self.shared.portal.stats())
    }

    /// The best places of one asset: dictionaries of `place`, `points`, the parameters and the metrics.
    fn _ranking<'py>(
        &self,
        py: Python<'py>,
        asset: Option<&str>,
        by: &str,
        require: &str,
        min_trades: usize,
        most: usize,
    ) -> Answer<Bound<'py, PyAny>> {
        let (asset, by) = (self.asset(asset)?, merit(by, require)?);
        let results = Arc::clone(&self.results);
        let places = py.detach(move || {
            let ranking = results.ranking(asset, by, min_trades);
            let rows = ranking.iter().take(most).enumerate().map(|(place, ranked)| {
                let mut row = serde_json::Map::new();
                row.insert("place".to_owned(), (place + 1).into());
                row.insert("points".to_owned(), ranked.points.into());
                row.extend(ranked.trial.point.to_json());
                row.extend(ranked.metrics.to_json());
                serde_json::Value::Object(row)
            });
            serde_json::Value::Array(rows.collect())
        });
        Ok(loads(py, &places)?)
    }

    /// How much of the best result is luck.
    #[expect(clippy::too_many_arguments, reason = "they are those of a call from Python")]
    fn _honesty<'py>(
        &self,
        py: Python<'py>,
        asset: Option<&str>,
        by: &str,
        require: &str,
        min_trades: usize,
        seed: u64,
        spa: bool,
    ) -> Answer<Option<(Bound<'py, PyAny>, String)>> {
        let (asset, rank_by) = (self.asset(asset)?, merit(by, require)?);
        let options = HonestyOptions { rank_by: rank_by.clone(), seed, spa, ..HonestyOptions::default() };
        let failure = self.source.failure();
        let judged = py.detach(|| self.judge(&failure, asset, &rank_by, min_trades, options));
        if let Some(raised) = failure.take() {
            return Err(raised.into());
        }
        let judged = judged?;
        let told = judged.map(|honesty| -> PyResult<_> {
            Ok((loads(py, &serde_json::Value::from(honesty.to_json()))?, honesty.to_string()))
        });
        Ok(told.transpose()?)
    }

    /// The same rules on the same grid, chosen on train spans and traded on test spans.
    fn _walk_forward<'py>(
        &self,
        py: Python<'py>,
        scheme: &str,
        by: &str,
        require: &str,
        min_trades: usize,
        progress: Option<&Bound<'py, PyAny>>,
    ) -> Answer<Bound<'py, PyAny>> {
        let (scheme, choice) = (scheme.parse()?, choice(by, require, min_trades)?);
        let failure = self.source.failure();
        validated(py, progress, &failure, |watch| {
            let (sweep, portal) = (&self.sweep, &self.shared.portal);
            Ok(self.source.walk_forward(sweep, portal, &failure, (scheme, choice), watch)?.to_json())
        })
    }

    /// The same, cross-validated.
    fn _cross_validate<'py>(
        &self,
        py: Python<'py>,
        scheme: &str,
        by: &str,
        require: &str,
        min_trades: usize,
        progress: Option<&Bound<'py, PyAny>>,
    ) -> Answer<Bound<'py, PyAny>> {
        let (scheme, choice) = (scheme.parse()?, choice(by, require, min_trades)?);
        let failure = self.source.failure();
        validated(py, progress, &failure, |watch| {
            let (sweep, portal) = (&self.sweep, &self.shared.portal);
            Ok(self.source.cross_validate(sweep, portal, &failure, (scheme, choice), watch)?.to_json())
        })
    }
}

fn choice(by: &str, require: &str, min_trades: usize) -> Answer<Choice<'static>> {
    Ok(Choice { rank_by: by.parse::<Merit>()?.require(require)?, min_trades, ..Choice::default() })
}

/// Runs a validation, and gives what it found as Python's own dictionaries.
fn validated<'py>(
    py: Python<'py>,
    progress: Option<&Bound<'py, PyAny>>,
    failure: &Failure,
    run: impl FnOnce(Watch<'_>) -> Result<serde_json::Map<String, serde_json::Value>, Error> + Send,
) -> Answer<Bound<'py, PyAny>> {
    let (found, _) = watched(py, progress, failure, run)?;
    Ok(loads(py, &found.into())?)
}

/// What ranks, and whom.
fn merit(by: &str, require: &str) -> Answer<Merit> {
    Ok(by.parse::<Merit>()?.require(require)?)
}

/// A JSON value as Python's own.
pub(crate) fn loads<'py>(py: Python<'py>, value: &serde_json::Value) -> PyResult<Bound<'py, PyAny>> {
    py.import("json")?.call_method1("loads", (value.to_string(),))
}
