//! Results by column: as Arrow, and as the sums that statistics of overfitting are made of.

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type, UInt64Type};
use arrow_array::{Array, RecordBatch};
use lookback::strategies::SmaCross;
use lookback::sweep::{Bar, Metric, Parameter, Point, Setup, Strategy, Sweep};
use lookback::{Error, ErrorKind};

use super::stocks;

fn numbers<'a>(batch: &'a RecordBatch, name: &str) -> &'a [f64] {
    batch.column_by_name(name).unwrap().as_primitive::<Float64Type>().values()
}

#[test]
fn a_record_batch_says_of_each_trial_what_the_trial_says() {
    let portal = stocks::portal(vec![stocks::walk("A", 400, 1), stocks::walk("B", 300, 2)]);
    // More points than a slab holds, and the last one not full.
    let sweep =
        Sweep::new().parameter("fast=2:12".parse().unwrap()).parameter("slow=5:60:5".parse().unwrap());
    let results = sweep.run::<SmaCross>(&portal).unwrap();
    let batch = results.to_record_batch(&Metric::ALL);
    assert_eq!(batch.num_rows(), results.len());
    let names: Vec<String> = batch.schema().fields().iter().map(|field| field.name().clone()).collect();
    assert_eq!(names[..5], ["asset", "fast", "slow", "status", "error"]);
    assert!(names[5..].iter().map(String::as_str).eq(Metric::ALL.map(Metric::name)));
    for (row, trial) in results.trials().enumerate() {
        assert_eq!(batch.column(0).as_string::<i32>().value(row), trial.asset.as_str());
        for (column, name) in [(1, "fast"), (2, "slow")] {
            let value = batch.column(column).as_primitive::<Int64Type>().value(row);
            assert_eq!(value as usize, trial.point.usize(name).unwrap());
        }
        assert_eq!(
            (batch.column(3).as_string::<i32>().value(row), batch.column(4).is_null(row)),
            ("ok", true)
        );
        for (column, metric) in batch.columns()[5..].iter().zip(Metric::ALL) {
            let found = column.is_valid(row).then(|| match column.as_primitive_opt::<Float64Type>() {
                Some(values) => values.value(row),
                None => column.as_primitive::<UInt64Type>().value(row) as f64,
            });
            assert_eq!(found, trial.outcome.metrics().unwrap().get(metric), "{metric} of row {row}");
        }
    }
    let rows: usize = results.record_batches(&[]).map(|batch| batch.num_rows()).sum();
    assert_eq!(rows, results.len());
}

/// Fails at one point; never trades at the others.
struct Failing(bool);

impl Strategy for Failing {
    const NAME: &'static str = "failing";
    fn parameters() -> Result<Vec<Parameter>, Error> {
        Ok(vec!["share=0.1:0.3:0.1".parse()?])
    }
    fn start(point: &Point<'_>, _: &mut Setup<'_>) -> Result<Self, Error> {
        Ok(Self(point.f64("share")? == 0.2))
    }
    fn on_bar(&mut self, _: &mut Bar<'_>) -> Result<(), Error> {
        if self.0 { Err(ErrorKind::Strategy { message: "no luck".to_owned() }.into()) } else { Ok(()) }
    }
}

#[test]
fn a_trial_that_failed_is_a_row_of_nulls_with_its_reason() {
    let results = Sweep::new().run::<Failing>(&stocks::portal(vec![stocks::walk("A", 40, 1)])).unwrap();
    let batch = results.to_record_batch(&[Metric::TotalReturn, Metric::Trades]);
    assert_eq!(numbers(&batch, "share"), [0.1, 0.2, 0.3]);
    let (status, error) = (batch.column(2).as_string::<i32>(), batch.column(3).as_string::<i32>());
    assert!(status.iter().flatten().eq(["ok", "failed", "ok"]));
    assert!(error.iter().eq([None, Some("strategy failed: no luck"), None]));
    for name in ["total_return", "trades"] {
        let column = batch.column_by_name(name).unwrap();
        assert_eq!([0, 1, 2].map(|row| column.is_null(row)), [false, true, false], "{name}");
    }
    assert_eq!((results.power_sums(1), results.block_sums(1)), (None, None));
    assert_eq!(results.power_sums(2), Some([0.0; 4]));
}

#[test]
fn sums_of_returns_are_those_of_the_equity_of_every_bar() {
    for bars in [9, 33, 500] {
        let portal = stocks::portal(vec![stocks::walk("A", bars, 5)]);
        let point =
            |sweep: Sweep| sweep.parameter("fast=2".parse().unwrap()).parameter("slow=4".parse().unwrap());
        let results = point(Sweep::new()).run::<SmaCross>(&portal).unwrap();
        let backtest = point(Sweep::new()).backtest::<SmaCross>(&portal).unwrap();
        let equity: Vec<f64> = std::iter::once(backtest.settings().cash)
            .chain(backtest.equity().map(|(_, equity)| equity))
            .collect();
        let returns: Vec<f64> = equity.windows(2).map(|pair| pair[1] / pair[0] - 1.0).collect();
        let near =
            |found: f64, expected: f64| assert!((found - expected).abs() < 1e-12, "{found}, not {expected}");
        for (power, sum) in (1..).zip(results.power_sums(0).unwrap()) {
            near(sum, returns.iter().map(|one| one.powi(power)).sum());
        }
        let blocks = results.block_sums(0).unwrap();
        let expected = lookback::sweep::BlockSums::<16>::of_returns(&returns);
        for block in 0..16 {
            near(blocks.returns[block], expected.returns[block]);
            near(blocks.squares[block], expected.squares[block]);
        }
    }
}
