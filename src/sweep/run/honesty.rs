//! Judges a ranking: runs its trials again in full, and finds out how much of the best result is luck.

#![forbid(unsafe_code)]

use rayon::ThreadPoolBuilder;
use rayon::iter::ParallelIterator;
use rayon::slice::ParallelSlice;

use super::benchmark::BuyAndHold;
use super::obey::Obedient;
use super::panics;
use super::player::{Player, Recording, Stage};
use super::simulate::{self, Typed};
use crate::asset::AssetId;
use crate::error::Error;
use crate::portal::{DataPortal, PortalReader, Snapshot};
use crate::sweep::asset_market::AssetMarket;
use crate::sweep::broker::bars_f64;
use crate::sweep::grid::{Grid, Place, Point};
use crate::sweep::metrics::{Better, Metric};
use crate::sweep::results::{
    BlockSums, CrossValidation, Haircut, Honesty, HonestyOptions, Neighbourhood, Results, SharpeInterval,
    SpaTest, TrackRecord, TrialCorrelation, sample, standardised,
};
use crate::sweep::rules::{Compiled, RuleSet};
use crate::sweep::strategy::{SetupMemory, Strategy};

/// The most trials that are cross-validated, or run again for the test against buy and hold. Of more, a seeded sample of as
/// many is cross-validated, and the test is not made.
const MOST: usize = 100_000;

/// Trials that a thread runs again before it takes others.
const CHUNK: usize = 128;

impl Results {
    /// Judges the ranking of one asset, by its position in [`Results::assets`], whose best point is `best`.
    ///
    /// A seeded sample of the asset's trials is run again in full on the threads of the sweep, and all of them for the test
    /// against buy and hold; the rest comes from what the sweep kept. The same bits for any number of threads.
    ///
    /// # Errors
    /// `Invalid` where the results are of another strategy, or of another version of the bundle than the portal serves now;
    /// and whatever a trial fails with that did not fail before.
    ///
    /// # Examples
    /// ```
    /// # use lookback::{Bundle, strategies::SmaCross, sweep::*, portal::{DataPortal, Options}};
    /// # let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
    /// let sweep = Sweep::new().asset("IBM").parameter("fast=5:50:5".parse()?).parameter("slow=60:200:20".parse()?);
    /// let results = sweep.run::<SmaCross>(&portal)?;
    /// let best = results.ranking(0, Metric::Sharpe, 1)[0].trial.point;
    /// let honesty = results.honesty::<SmaCross>(&portal, 0, best, HonestyOptions::default())?;
    /// assert_eq!(honesty.trials, results.len());
    /// assert!(honesty.effective_trials() < Some(10.0), "trials of a grid are fewer than they look");
    /// assert!(honesty.to_string().contains("dsr (2025)"));
    /// # Ok::<(), lookback::Error>(())
    /// ```
    pub fn honesty<S: Strategy>(
        &self,
        portal: &DataPortal,
        asset: usize,
        best: Point<'_>,
        options: HonestyOptions,
    ) -> Result<Honesty, Error> {
        judge(&Typed::<S>::new(), portal.snapshot(), self, asset, best, options)
    }
}

impl Results {
    /// Judges a ranking as [`Results::honesty`] does, where the trials were those of rules.
    ///
    /// # Errors
    /// As [`Results::honesty`], and as [`Sweep::rules_grid`](crate::sweep::Sweep::rules_grid).
    ///
    /// # Examples
    /// ```
    /// # use lookback::{Bundle, sweep::*, portal::{DataPortal, Options}};
    /// # let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
    /// let rules = RuleSet::new("dip").rule(Part::Buy, "rsi(close, n) < 30").parameter("n=5:9".parse()?);
    /// let results = Sweep::new().asset("IBM").run_rules(&rules, &portal)?;
    /// let best = results.ranking(0, Metric::Sharpe, 0)[0].trial.point;
    /// assert_eq!(results.honesty_rules(&rules, &portal, 0, best, HonestyOptions::default())?.trials, 5);
    /// # Ok::<(), lookback::Error>(())
    /// ```
    pub fn honesty_rules(
        &self,
        rules: &RuleSet,
        portal: &DataPortal,
        asset: usize,
        best: Point<'_>,
        options: HonestyOptions,
    ) -> Result<Honesty, Error> {
        let player = Obedient::new(Compiled::new(rules)?, self.grid())?;
        judge(&player, portal.snapshot(), self, asset, best, options)
    }
}

/// As [`Results::honesty`], for whatever played the trials.
pub(in crate::sweep) fn judge<P: Player>(
    player: &P,
    snapshot: Snapshot,
    results: &Results,
    asset: usize,
    best: Point<'_>,
    options: HonestyOptions,
) -> Result<Honesty, Error> {
    let bundle = snapshot.bundle();
    if player.name() != results.strategy() {
        let message =
            format!("the results are of {}, expected those of {}", results.strategy(), player.name());
        return Err(Error::invalid("honesty", message));
    }
    if bundle.version() != results.version() {
        let message = "the bundle is another one than the sweep ran on; run the sweep again";
        return Err(Error::invalid("honesty", message));
    }
    let id = bundle.asset(results.assets()[asset].as_str())?;
    let pool = ThreadPoolBuilder::new().num_threads(results.threads()).build();
    let pool =
        pool.map_err(|error| Error::invalid("threads", format!("they could not be started: {error}")))?;
    pool.install(|| Judge { player, snapshot: &snapshot, results, asset, id, options }.judge(best))
}

/// One asset's trials, to be run again.
struct Judge<'a, P> {
    player: &'a P,
    snapshot: &'a Snapshot,
    results: &'a Results,
    asset: usize,
    id: AssetId,
    options: HonestyOptions,
}

/// What trials that are run again leave.
#[derive(Default)]
struct Gathered {
    /// Returns of those that are in the sample, standardised.
    series: Vec<Vec<f32>>,
    spa: Option<SpaTest>,
}

impl<P: Player> Judge<'_, P> {
    fn judge(&self, best: Point<'_>) -> Result<Honesty, Error> {
        let Self { results, options, .. } = self;
        let reader = self.snapshot.reader();
        let market = panics::catch(|| AssetMarket::load(&reader, self.id, results.settings()))?;
        let stage = Stage { reader: &reader, market: &market, settings: results.settings() };
        let periods_per_year = market.frame.periods_per_year;

        let (mut done, mut ran, mut failed, mut ranked, mut sharpes) =
            (Vec::new(), 0, 0, Vec::new(), Vec::new());
        for (index, outcome) in results.outcomes.ran_of(self.asset) {
            ran += 1;
            let Some(metrics) = outcome.metrics() else {
                failed += 1;
                continue;
            };
            done.push(index);
            ranked.extend(metrics.get(options.rank_by).map(|value| self.higher_is_better(value)));
            sharpes.extend(metrics.get(Metric::Sharpe).map(|sharpe| sharpe / periods_per_year.sqrt()));
        }

        let is_whole = done.len() <= MOST;
        let buy_and_hold = |stage: &Stage<'_>| {
            let (mut record, alone) = (Recording::default(), Grid::new(Vec::new(), &[])?);
            simulate::run::<BuyAndHold>(
                &mut SetupMemory::default(),
                stage,
                &alone.point(0),
                Some(&mut record),
            )?;
            Ok::<_, Error>(returns_of(&record.equity, results.settings().cash))
        };
        let spa = if options.spa && is_whole {
            // Blocks of the root of the number of bars, as the reference implementation takes them.
            let block_bars = bars_f64(market.frame.bars).sqrt().ceil();
            Some(SpaTest::new(buy_and_hold(&stage)?, options.draws, block_bars, options.seed))
        } else {
            None
        };
        let gathered = self.gather(&market, &done, spa)?;

        let mut record = Recording::default();
        panics::catch(|| self.player.trial(&mut P::Scratch::default(), &stage, &best, Some(&mut record)))?;
        let returns = returns_of(&record.equity, results.settings().cash);
        let track = TrackRecord::of_returns(&returns);
        let year = periods_per_year.sqrt();
        Ok(Honesty {
            asset: market.symbol.clone(),
            options: *options,
            trials: ran,
            failed,
            without_sharpe: done.len() - sharpes.len(),
            bars: market.frame.bars,
            periods_per_year,
            variance: variance(&sharpes),
            correlation: TrialCorrelation::of_series(&gathered.series),
            best: track,
            haircut: track
                .map(|of| Haircut::new(of.sharpe * year, periods_per_year, of.periods, 0.0, bars_f64(ran))),
            interval: SharpeInterval::new(&returns, options.draws, options.confidence, options.seed),
            cross_validation: CrossValidation::new(&self.block_sums(&done)),
            spa: gathered.spa.map(|test| test.finish()),
            neighbourhood: self.neighbourhood(best, &ranked),
        })
    }

    /// What the sweep kept for cross-validation, of all trials that are done or of a seeded sample of them.
    fn block_sums(&self, done: &[usize]) -> Vec<BlockSums> {
        let chosen = sample(done.len(), MOST, self.options.seed).into_iter();
        let sums = chosen.filter_map(|at| self.results.outcomes.returns(self.asset, done[at]));
        let sums = sums.map(|sums| BlockSums {
            returns: sums.blocks.map(|[returns, _]| returns),
            squares: sums.blocks.map(|[_, squares]| squares),
        });
        sums.collect()
    }

    /// Runs trials again: those of the sample, and all where all are tested.
    fn gather(&self, market: &AssetMarket, done: &[usize], spa: Option<SpaTest>) -> Result<Gathered, Error> {
        let sampled = sample(done.len(), self.options.sample, self.options.seed);
        let again = if spa.is_some() { (0..done.len()).collect() } else { sampled.clone() };
        let chunks = again.par_chunks(CHUNK).map_init(
            || (self.snapshot.reader(), P::Scratch::default(), Place::new(self.results.grid())),
            |(reader, scratch, place), again| {
                let mut found = Gathered { spa: spa.clone(), ..Gathered::default() };
                for at in again {
                    let returns = self.returns(reader, scratch, market, place.point(done[*at]))?;
                    if sampled.binary_search(at).is_ok() {
                        found.series.extend(standardised(&returns));
                    }
                    if let Some(spa) = &mut found.spa {
                        spa.add(&returns);
                    }
                }
                Ok(found)
            },
        );
        let chunks: Vec<Result<Gathered, Error>> = chunks.collect();
        let mut all = Gathered { spa, ..Gathered::default() };
        for chunk in chunks {
            let chunk = chunk?;
            all.series.extend(chunk.series);
            if let (Some(all), Some(part)) = (&mut all.spa, &chunk.spa) {
                all.merge(part);
            }
        }
        Ok(all)
    }

    fn returns(
        &self,
        reader: &mut PortalReader,
        scratch: &mut P::Scratch,
        market: &AssetMarket,
        point: Point<'_>,
    ) -> Result<Vec<f64>, Error> {
        reader.refresh();
        let settings = self.results.settings();
        let stage = Stage { reader, market, settings };
        let mut record = Recording::default();
        panics::catch(|| self.player.trial(scratch, &stage, &point, Some(&mut record)))?;
        Ok(returns_of(&record.equity, settings.cash))
    }

    fn higher_is_better(&self, value: f64) -> f64 {
        match self.options.rank_by.better() {
            Better::Higher => value,
            Better::Lower => -value,
        }
    }

    fn neighbourhood(&self, best: Point<'_>, ranked: &[f64]) -> Option<Neighbourhood> {
        let around = self.results.grid().neighbours(best).into_iter();
        let values = around.filter_map(|point| {
            let outcome = self.results.outcomes.get(self.asset, point);
            Some(self.higher_is_better(outcome.metrics()?.get(self.options.rank_by)?))
        });
        let found = Neighbourhood::new(&values.collect::<Vec<_>>(), ranked)?;
        let [worst, median, best] =
            [found.worst, found.median, found.best].map(|one| self.higher_is_better(one));
        Some(Neighbourhood { worst, median, best, ..found })
    }
}

/// The return of each bar; the first against the starting cash. An account that lost everything rests.
fn returns_of(equity: &[f64], cash: f64) -> Vec<f64> {
    let before = std::iter::once(&cash).chain(equity);
    equity
        .iter()
        .zip(before)
        .map(|(now, before)| if *before > 0.0 { now / before - 1.0 } else { 0.0 })
        .collect()
}

/// The sample variance; none of fewer than two.
fn variance(of: &[f64]) -> Option<f64> {
    let count = bars_f64(of.len());
    let mean = of.iter().sum::<f64>() / count;
    let squares: f64 = of.iter().map(|one| (one - mean) * (one - mean)).sum();
    (of.len() > 1).then(|| squares / (count - 1.0))
}
