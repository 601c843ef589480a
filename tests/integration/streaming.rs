//! Results of any number of trials: what is kept is that of all of them, and rows come as they are made.

use std::num::NonZeroUsize;

use lookback::Bundle;
use lookback::portal::{DataPortal, Options};
use lookback::strategies::SmaCross;
use lookback::sweep::{
    Batch, Best, Course, HonestyOptions, Journal, Keep, Metric, RowFormat, RowWriter, Shard, Sweep, Watch,
};

fn portal() -> DataPortal {
    DataPortal::new(Bundle::sample().unwrap(), Options::default()).unwrap()
}

fn sweep() -> Sweep {
    let (fast, slow) = ("fast=1:40".parse().unwrap(), "slow=2:60".parse().unwrap());
    Sweep::new().asset("IBM").asset("FB").parameter(fast).parameter(slow)
}

fn best(count: usize) -> Best {
    Best { count, by: Metric::Cagr.into(), min_trades: 1, seed: 3 }
}

#[test]
fn the_best_that_are_kept_rank_as_all_do_and_are_judged_alike() {
    let portal = portal();
    let all = sweep().run::<SmaCross>(&portal).unwrap();
    let kept = sweep().keep(Keep::Best(best(300))).run::<SmaCross>(&portal).unwrap();
    assert_eq!((kept.len(), kept.failed(), kept.unfinished()), (all.len(), 0, 0));
    let options =
        HonestyOptions { rank_by: Metric::Cagr.into(), seed: 3, draws: 50, ..HonestyOptions::default() };
    for asset in 0..2 {
        let [whole, part] = [&all, &kept].map(|results| {
            let ranking = results.ranking(asset, Metric::Cagr, 1);
            let place = |at: usize| {
                (
                    ranking[at].trial.point.told().map(|(_, value)| value.to_string()).collect::<Vec<_>>(),
                    ranking[at].metrics.to_bits(),
                    ranking[at].points,
                )
            };
            (0..20).map(place).collect::<Vec<_>>()
        });
        assert_eq!(whole, part);
        let [whole, part] = [&all, &kept].map(|results| {
            let point = results.ranking(asset, Metric::Cagr, 1)[0].trial.point;
            results.honesty::<SmaCross>(&portal, asset, point, options.clone()).unwrap()
        });
        assert_eq!(whole, part);
        for metric in Metric::ALL {
            assert_eq!(all.sketch(asset, metric), kept.sketch(asset, metric), "{metric}");
        }
        let map = |results: &lookback::sweep::Results| {
            results.heat_map(asset, Metric::Cagr, "fast", "slow").unwrap()
        };
        assert_eq!(map(&kept).width(), 40);
        let best =
            (0..40).flat_map(|x| (0..48).map(move |y| (x, y))).filter_map(|(x, y)| map(&kept).best(x, y));
        let best = best.fold(f64::NEG_INFINITY, f64::max);
        assert_eq!(Some(best), kept.ranking(asset, Metric::Cagr, 1)[0].metrics.get(Metric::Cagr));
    }
    let other = HonestyOptions::default();
    let point = kept.ranking(0, Metric::Cagr, 1)[0].trial.point;
    let refused = kept.honesty::<SmaCross>(&portal, 0, point, other).unwrap_err();
    assert!(refused.to_string().contains("keep what is best by cagr, expected sharpe"), "{refused}");
}

#[test]
fn an_observer_sees_each_trial_once_and_in_order_whatever_the_threads() {
    let portal = portal();
    let all = sweep().run::<SmaCross>(&portal).unwrap();
    for threads in [1, 3] {
        let mut seen = Vec::new();
        let mut observer = |batch: &Batch<'_>| {
            assert_eq!(batch.to_record_batch(&[Metric::Trades]).num_rows(), batch.trials().count());
            seen.extend(
                batch.trials().map(|trial| trial.outcome.metrics().map(lookback::sweep::Metrics::to_bits)),
            );
            Ok(())
        };
        let sweep = sweep().threads(NonZeroUsize::new(threads).unwrap()).keep(Keep::Best(best(1)));
        sweep.run_observed::<SmaCross>(&portal, Watch::default(), &mut observer).unwrap();
        assert!(
            seen.into_iter()
                .eq(all.trials().map(|trial| trial.outcome.metrics().map(lookback::sweep::Metrics::to_bits)))
        );
    }
}

#[test]
fn an_observer_that_fails_ends_the_sweep_with_its_reason() {
    let mut observer = |_: &Batch<'_>| Err(lookback::Error::load("enough"));
    let error = sweep().run_observed::<SmaCross>(&portal(), Watch::default(), &mut observer).unwrap_err();
    assert_eq!(error.to_string(), "enough");
}

#[test]
fn rows_written_as_they_come_are_those_written_afterwards() {
    let portal = portal();
    let results = sweep().run::<SmaCross>(&portal).unwrap();
    for format in [RowFormat::Csv, RowFormat::Json] {
        let begin = || RowWriter::new(format, results.grid(), &Metric::ALL, Vec::new()).unwrap();
        let (mut after, mut during) = (begin(), begin());
        after.write(&results).unwrap();
        sweep().run_observed::<SmaCross>(&portal, Watch::default(), &mut during).unwrap();
        assert!(after.finish().unwrap() == during.finish().unwrap(), "{format:?}");
    }
}

#[test]
fn a_file_takes_about_the_bytes_that_are_told_before() {
    let portal = portal();
    let results = sweep().run::<SmaCross>(&portal).unwrap();
    for format in [RowFormat::Csv, RowFormat::Json, RowFormat::Arrow] {
        let mut rows = RowWriter::new(format, results.grid(), &Metric::ALL, Vec::new()).unwrap();
        rows.write(&results).unwrap();
        let (bytes, told) = (
            rows.finish().unwrap().len() as f64,
            format.bytes(results.grid(), &Metric::ALL, results.len()).unwrap(),
        );
        assert!((0.7..1.6).contains(&(told as f64 / bytes)), "{format:?}: {told} told, {bytes} written");
    }
}

#[test]
fn parts_and_journals_of_a_library_run_come_together_to_the_same_results() {
    let (portal, folder) = (portal(), tempfile::tempdir().unwrap());
    let sweep = sweep().keep(Keep::Best(best(40)));
    let run = sweep.describe::<SmaCross>(&portal).unwrap();
    let whole = sweep.run::<SmaCross>(&portal).unwrap();
    let mut paths = Vec::new();
    for number in 1..=6 {
        let (shard, path) = (Shard::new(number, 6).unwrap(), folder.path().join(number.to_string()));
        let mut part =
            Journal::create_part(&folder.path().join("begun"), shard, &serde_json::Map::new(), &run).unwrap();
        let course = Course { journal: Some(&mut part), shard: Some(shard), ..Course::default() };
        sweep.run_course::<SmaCross>(&portal, course).unwrap();
        part.finish(&path).unwrap();
        paths.push(path);
    }
    let mut parts = Journal::of_parts(&paths, &run).unwrap();
    let merged = sweep
        .run_course::<SmaCross>(&portal, Course { journal: Some(&mut parts), ..Course::default() })
        .unwrap();
    let rows = |results: &lookback::sweep::Results| {
        let mut rows = RowWriter::new(RowFormat::Csv, results.grid(), &Metric::ALL, Vec::new()).unwrap();
        rows.write(results).unwrap();
        rows.finish().unwrap()
    };
    assert!(rows(&merged) == rows(&whole));
    assert_eq!(merged.summaries().len(), 2);
    // Without one of them in the middle they are no run.
    paths.remove(2);
    let mut parts = Journal::of_parts(&paths, &run).unwrap();
    let course = Course { journal: Some(&mut parts), ..Course::default() };
    assert!(sweep.run_course::<SmaCross>(&portal, course).unwrap_err().to_string().contains("expected"));
}
