//! Bundles in memory and at rest.

use lookback::bundle::{Adjustment, AdjustmentKind};
use lookback::{Bundle, Field, Frequency};

fn events(bundle: &Bundle, name: &str, keep: impl Fn(&AdjustmentKind) -> bool) -> Vec<Adjustment> {
    let asset = bundle.asset(name).unwrap();
    bundle.adjustments(asset).iter().copied().filter(|one| keep(&one.kind)).collect()
}

#[test]
fn the_sample_has_its_splits_and_dividends() {
    let bundle = Bundle::sample().unwrap();
    assert_eq!(
        bundle.symbols().iter().map(|one| one.as_str()).collect::<Vec<_>>(),
        ["AAPL", "FB", "GOOG", "IBM", "MSFT"]
    );
    let splits = |name| {
        let splits = events(&bundle, name, |kind| kind.is_split());
        splits.into_iter().map(|one| (one.ex_date.to_string(), one.kind)).collect::<Vec<_>>()
    };
    let two = AdjustmentKind::Split(2.0);
    assert_eq!(splits("AAPL"), [("2000-06-21".to_owned(), two), ("2005-02-28".to_owned(), two)]);
    assert_eq!(splits("MSFT"), [("2003-02-18".to_owned(), two)]);
    let dividends = ["AAPL", "FB", "GOOG", "IBM", "MSFT"]
        .map(|name| events(&bundle, name, |kind| !kind.is_split()).len());
    assert_eq!(dividends, [3, 0, 0, 52, 37]);
}

#[test]
fn the_sample_reads_as_its_file_says() {
    let bundle = Bundle::sample().unwrap();
    let apple = bundle.asset("AAPL").unwrap();
    let mut opens = Vec::new();
    bundle.read(apple, Field::Open, 0..3, &mut opens).unwrap();
    assert_eq!(opens, [118.56, 127.0, 124.87]);
    assert_eq!(bundle.frequency(), Frequency::Day);
    assert_eq!(bundle.bars(apple), 3_270);
    assert_eq!(bundle.version().len(), 64);
}
