//! Judges a ranking: runs its trials again in full, and finds out how much of the best result is luck.

#![forbid(unsafe_code)]

use rayon::ThreadPoolBuilder;
use rayon::iter::ParallelIterator;
use rayon::slice::ParallelSlice;

use super::benchmark::BuyAndHold;
use super::obey::Obedient;
use super::panics;
use super::player::{Player, Recording, Stage};
use super::simulate::Typed;
use crate::asset::AssetId;
use crate::error::Error;
use crate::portal::{DataPortal, PortalReader, Snapshot};
use crate::sweep::asset_market::AssetMarket;
use crate::sweep::broker::bars_f64;
use crate::sweep::grid::{Grid, Place, Point};
use crate::sweep::metrics::Better;
use crate::sweep::results::{
    Best, BlockSums, CrossValidation, Haircut, Harvest, Honesty, HonestyOptions, Neighbourhood, Outcome,
    Results, SharpeInterval, SpaTest, TrackRecord, TrialCorrelation, standardised,
};
use crate::sweep::rules::{Compiled, RuleSet};
use crate::sweep::strategy::{SetupMemory, Strategy};

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

        let wanted = Best { count: 0, by: options.rank_by.clone(), min_trades: 0, seed: options.seed };
        let (recipe, harvest) = results.outcomes.harvest(self.asset, results.grid(), wanted);
        if !recipe.wanted.by.ranks_as(&options.rank_by) {
            let by = &recipe.wanted.by;
            let message = format!("the results keep what is best by {by}, expected {}", options.rank_by);
            return Err(Error::invalid("honesty", message));
        }
        // Of more trials than can be cross-validated a sample is, and the test against buy and hold is not made.
        let drawn = harvest.drawn();
        let is_whole = harvest.ran() - harvest.failed() == drawn.len() as u64;
        let values = drawn.iter().map(|one| one.value).filter(|value| !value.is_nan());
        let ranked: Vec<f64> = values.map(|value| self.higher_is_better(value)).collect();

        let buy_and_hold = |stage: &Stage<'_>| {
            let (mut record, alone) = (Recording::default(), Grid::new(Vec::new(), &[])?);
            let player = Typed::<BuyAndHold>::new();
            player.trial(&mut SetupMemory::default(), stage, &alone.point(0), Some(&mut record))?;
            Ok::<_, Error>(returns_of(&record.equity, results.settings().cash))
        };
        let spa = if options.spa && is_whole {
            // Blocks of the root of the number of bars, as the reference implementation takes them.
            let block_bars = bars_f64(market.frame.bars).sqrt().ceil();
            Some(SpaTest::new(buy_and_hold(&stage)?, options.draws, block_bars, options.seed))
        } else {
            None
        };
        let gathered = self.gather(&market, &harvest, spa)?;

        let mut record = Recording::default();
        panics::catch(|| self.player.trial(&mut P::Scratch::default(), &stage, &best, Some(&mut record)))?;
        let returns = returns_of(&record.equity, results.settings().cash);
        let track = TrackRecord::of_returns(&returns);
        let ran = count(harvest.ran());
        let blocks: Vec<BlockSums> = drawn.iter().map(|one| BlockSums::of_pairs(&one.blocks)).collect();
        let year = periods_per_year.sqrt();
        Ok(Honesty {
            asset: market.symbol.clone(),
            options: options.clone(),
            trials: ran,
            failed: count(harvest.failed()),
            without_sharpe: count(harvest.without_sharpe()),
            bars: market.frame.bars,
            periods_per_year,
            variance: harvest.variance().map(|variance| variance / periods_per_year),
            correlation: TrialCorrelation::of_series(&gathered.series),
            best: track,
            haircut: track
                .map(|of| Haircut::new(of.sharpe * year, periods_per_year, of.periods, 0.0, bars_f64(ran))),
            interval: SharpeInterval::new(&returns, options.draws, options.confidence, options.seed),
            cross_validation: CrossValidation::new(&blocks),
            is_sampled: !is_whole,
            spa: gathered.spa.map(|test| test.finish()),
            neighbourhood: self.neighbourhood(&market, best, &ranked)?,
        })
    }

    /// Runs trials again: those of the sample, and all where all are tested.
    fn gather(
        &self,
        market: &AssetMarket,
        harvest: &Harvest,
        spa: Option<SpaTest>,
    ) -> Result<Gathered, Error> {
        let sampled = harvest.drawn_points(self.options.sample);
        let again = if spa.is_some() { harvest.drawn_points(usize::MAX) } else { sampled.clone() };
        let chunks = again.par_chunks(CHUNK).map_init(
            || (self.snapshot.reader(), P::Scratch::default(), Place::new(self.results.grid())),
            |(reader, scratch, place), again| {
                let mut found = Gathered { spa: spa.clone(), ..Gathered::default() };
                for at in again {
                    let returns = self.returns(reader, scratch, market, place.point(*at))?;
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

    /// What the neighbours of the best point are worth; those that were not kept are run again.
    fn neighbourhood(
        &self,
        market: &AssetMarket,
        best: Point<'_>,
        ranked: &[f64],
    ) -> Result<Option<Neighbourhood>, Error> {
        let (results, mut values) = (self.results, Vec::new());
        let (mut reader, mut scratch) = (self.snapshot.reader(), P::Scratch::default());
        for point in results.grid().neighbours(best) {
            let metrics = match results.outcomes.get(self.asset, point) {
                Outcome::Done(metrics) => metrics,
                Outcome::NotKept => {
                    reader.refresh();
                    let stage = Stage { reader: &reader, market, settings: results.settings() };
                    let point = results.grid().point(point);
                    // One that failed fails again, and has no value.
                    match panics::catch(|| self.player.trial(&mut scratch, &stage, &point, None)) {
                        Ok(score) => score.metrics,
                        Err(_) => continue,
                    }
                }
                _ => continue,
            };
            values.extend(self.options.rank_by.value(&metrics).map(|value| self.higher_is_better(value)));
        }
        let Some(found) = Neighbourhood::new(&values, ranked) else { return Ok(None) };
        let [worst, median, best] =
            [found.worst, found.median, found.best].map(|one| self.higher_is_better(one));
        Ok(Some(Neighbourhood { worst, median, best, ..found }))
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

/// A count that fits memory.
fn count(trials: u64) -> usize {
    usize::try_from(trials).unwrap_or(usize::MAX)
}
