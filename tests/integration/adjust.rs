//! Splits and dividends: read from `adjustments.csv`, or derived from adjusted closes.

use lookback::AssetId;
use lookback::bundle::{Adjustment, AdjustmentKind, IngestOptions, derive_adjustments};
use proptest::prelude::*;
use rust_decimal::Decimal;

use crate::files::{Folder, GOOD, stderr};

/// The outcome of ingesting three bars with these adjustments: what was read, or the refusal.
fn given(rows: &str) -> Result<(Vec<Adjustment>, Vec<String>), String> {
    let folder = Folder::new();
    folder.write("AAPL.csv", GOOD);
    let adjustments = Some(folder.write("events.csv", format!("symbol,date,kind,value\n{rows}\n")));
    let options = IngestOptions { adjustments, ..IngestOptions::default() };
    match folder.ingest(&["AAPL.csv"], &options) {
        Ok(done) => {
            let notes = done.notes.iter().map(|note| folder.plain(note)).collect();
            Ok((done.bundle.adjustments(AssetId(0)).to_vec(), notes))
        }
        Err(error) => Err(folder.plain(&error.to_string())),
    }
}

fn kinds(rows: &str) -> Vec<AdjustmentKind> {
    given(rows).unwrap().0.into_iter().map(|one| one.kind).collect()
}

#[test]
fn given_events_are_read_in_order_and_exactly() {
    use AdjustmentKind::{Dividend, Split};
    let rows = "AAPL,2005-03-01,split,3/2\nAAPL,20050228,Split,2\nAAPL,2005-02-28,dividend,0.145";
    assert_eq!(kinds(rows), [Dividend(0.145), Split(2.0), Split(1.5)]);
    assert_eq!(kinds("AAPL,2005-02-28,split,0.1"), [Split(0.1)]);
}

#[test]
fn given_events_that_are_wrong_are_refused_by_line() {
    for (row, message) in [
        ("APPL,2005-02-28,split,2", "unknown symbol \"APPL\"; nearest: AAPL"),
        (
            "AAPL,2005-02-28,rights,2",
            "kind is \"rights\", expected split, dividend, factor, merger or spinoff",
        ),
        ("AAPL,28.02.2005,split,2", "date is \"28.02.2005\", expected 2005-02-28 or 20050228"),
        ("AAPL,2005-02-28,split,0", "value is 0, expected one above 0"),
        ("AAPL,2005-02-28,split,-2", "value is -2, expected a number that is not negative"),
        ("AAPL,2005-02-28,split,two", "value is \"two\", expected a decimal such as 44.86"),
        ("AAPL,2005-02-28,dividend,88.99", "value is 88.99, expected less than the close before, 88.99"),
        ("AAPL,2005-02-28,split", "the row has 3 fields, expected 4 as in the header"),
    ] {
        assert_eq!(given(row).unwrap_err(), format!("events.csv line 2: {message}"));
    }
    let twice = given("AAPL,2005-02-28,split,2\nAAPL,20050228,split,3").unwrap_err();
    assert_eq!(twice, "events.csv line 3: the split of AAPL on 2005-02-28 is there twice, first at line 2");
}

#[test]
fn an_event_outside_of_the_bars_is_kept_and_noted() {
    let (events, notes) = given("AAPL,2015-02-28,split,2").unwrap();
    assert_eq!(events.len(), 1);
    let note = "events.csv line 2: AAPL has bars from 2005-02-25 to 2005-03-01, so the split on 2015-02-28 changes \
                nothing";
    assert_eq!(notes, [note]);
}

#[test]
fn a_header_without_a_column_is_refused() {
    let folder = Folder::new();
    folder.write("AAPL.csv", GOOD);
    folder.write("events.csv", "symbol,day,kind,value\n");
    let done = folder.run(&["ingest", "AAPL.csv", "--out", "bundle", "--adjustments", "events.csv"]);
    let message = "events.csv line 1: no column date; found symbol, day, kind, value; expected symbol, date, kind, value";
    assert_eq!(stderr(&done), format!("lookback: {message}\n"));
}

#[test]
fn given_events_replace_those_of_adjusted_closes() {
    let folder = Folder::new();
    let adjusted = "date,open,high,low,close,volume,Adj Close\n\
        2005-02-25,89.60,89.94,88.13,88.99,1,44.495\n2005-02-28,44.68,45.14,43.96,44.86,1,44.86\n";
    let split = folder.bundle(adjusted).adjustments(AssetId(0)).to_vec();
    assert_eq!(split[0].kind, AdjustmentKind::Split(2.0));
    assert_eq!(split[0].ex_date.to_string(), "2005-02-28");
    let adjustments = Some(folder.write("events.csv", "symbol,date,kind,value\n"));
    let options = IngestOptions { adjustments, ..IngestOptions::default() };
    let bundle = folder.ingest(&["AAPL.csv"], &options).unwrap().bundle;
    assert!(bundle.adjustments(AssetId(0)).is_empty());
}

/// What happens between two bars of a made-up series.
#[derive(Clone, Copy, Debug)]
struct Event {
    bar: usize,
    dividend: Option<f64>,
    split: Option<f64>,
}

/// A random walk with its events: the true closes, and the factor of each bar relative to the last.
#[derive(Clone, Debug)]
struct Walk {
    closes: Vec<f64>,
    factors: Vec<f64>,
    events: Vec<Event>,
}

const SPLITS: [f64; 7] = [2.0, 3.0, 1.5, 4.0, 10.0, 0.5, 0.1];

/// Closes in cents where `exact`; events at least eight bars apart, so that rows can have agreed before each.
fn walk(exact: bool) -> impl Strategy<Value = Walk> {
    let event = (8_usize..80, 0.001..0.04, 0_usize..SPLITS.len(), 0_u8..10);
    let returns = prop::collection::vec(-0.03..0.03_f64, 30..400);
    (20.0..300.0_f64, returns, prop::collection::vec(event, 0..8)).prop_map(move |(start, returns, gaps)| {
        let mut bar = 0;
        let events: Vec<Event> = gaps
            .into_iter()
            .map(|(gap, dividend, split, what)| {
                bar += gap;
                // Six of ten are dividends, three splits, one is both.
                let dividend = (what < 6 || what == 9).then_some(dividend);
                let split = (what >= 6).then_some(SPLITS[split]);
                Event { bar, dividend, split }
            })
            .filter(|event| event.bar < returns.len())
            .collect();
        let cents = |price: f64| if exact { (price * 100.0).round() / 100.0 } else { price };
        let mut closes = vec![];
        let mut price = start;
        for (bar, change) in returns.iter().enumerate() {
            let split = events.iter().find(|event| event.bar == bar).and_then(|event| event.split);
            price = cents((price * (1.0 + change) / split.unwrap_or(1.0)).clamp(2.0, 5_000.0));
            closes.push(price);
        }
        let mut factors = vec![1.0; closes.len()];
        for event in &events {
            let factor = (1.0 - event.dividend.unwrap_or(0.0)) / event.split.unwrap_or(1.0);
            factors[..event.bar].iter_mut().for_each(|one| *one *= factor);
        }
        Walk { closes, factors, events }
    })
}

fn printed(values: impl Iterator<Item = f64>, decimals: usize) -> Vec<Decimal> {
    values.map(|value| format!("{value:.decimals$}").parse().unwrap()).collect()
}

impl Walk {
    fn closes(&self) -> Vec<Decimal> {
        printed(self.closes.iter().copied(), 2)
    }

    fn adjusted(&self) -> impl Iterator<Item = f64> {
        self.closes.iter().zip(&self.factors).map(|(close, factor)| close * factor)
    }

    /// Each event that was found has one of its own that was: at its bar, or hidden by rounding since the one before.
    fn has_all_of(&self, found: &[(usize, AdjustmentKind)]) -> bool {
        let mut bars: Vec<usize> = found.iter().map(|(bar, _)| *bar).collect();
        bars.dedup();
        let before = std::iter::once(0).chain(bars.iter().copied());
        before
            .zip(&bars)
            .all(|(before, &bar)| self.events.iter().any(|event| event.bar > before && event.bar <= bar))
    }

    /// Every event at its bar, with its ratio and factor.
    fn is_told_by(&self, found: &[(usize, AdjustmentKind)]) -> bool {
        let mut found = found.iter();
        let told = self.events.iter().all(|event| {
            let dividend = event.dividend.is_none_or(|dividend| {
                found.next().is_some_and(|(bar, kind)| {
                    let off = kind.value() - (1.0 - dividend);
                    *bar == event.bar && !kind.is_split() && off.abs() < 1e-6
                })
            });
            dividend
                && event
                    .split
                    .is_none_or(|split| found.next() == Some(&(event.bar, AdjustmentKind::Split(split))))
        });
        told && found.next().is_none()
    }
}

proptest! {
    #[test]
    fn full_precision_tells_every_event(walk in walk(true)) {
        let found = derive_adjustments(&walk.closes(), &printed(walk.adjusted(), 12));
        prop_assert!(walk.is_told_by(&found), "{found:?}");
    }

    #[test]
    fn single_precision_tells_every_event(walk in walk(true)) {
        #[expect(clippy::cast_possible_truncation, reason = "what such a vendor does")]
        let adjusted = walk.adjusted().map(|adjusted| f64::from(adjusted as f32));
        let found = derive_adjustments(&walk.closes(), &printed(adjusted, 9));
        prop_assert!(walk.is_told_by(&found), "{found:?}");
    }

    #[test]
    fn two_decimals_tell_no_event_that_was_not(walk in walk(true)) {
        prop_assume!(walk.adjusted().all(|adjusted| adjusted >= 0.01));
        let found = derive_adjustments(&walk.closes(), &printed(walk.adjusted(), 2));
        prop_assert!(walk.has_all_of(&found), "{found:?}");
    }

    #[test]
    fn closes_that_were_rounded_tell_no_event_that_was_not(walk in walk(false)) {
        prop_assume!(walk.adjusted().all(|adjusted| adjusted >= 0.01));
        for decimals in [2, 3, 4, 6, 12] {
            let found = derive_adjustments(&walk.closes(), &printed(walk.adjusted(), decimals));
            prop_assert!(walk.has_all_of(&found), "{decimals}: {found:?}");
        }
    }
}

#[test]
fn a_step_is_a_split_only_where_it_is_a_ratio_of_small_integers() {
    let step = |before: &str| {
        let column = |first: &str| vec![first.parse().unwrap(), "101.2345".parse().unwrap()];
        derive_adjustments(&column("100.0000"), &column(before))
    };
    use AdjustmentKind::{Factor, Split};
    assert_eq!(step("50.0000"), [(1, Split(2.0))]);
    assert_eq!(step("66.6667"), [(1, Split(1.5))]);
    assert_eq!(step("700.0000"), [(1, Split(1.0 / 7.0))]);
    let told = |before: &str| step(before).iter().map(|(_, kind)| kind.is_split()).collect::<Vec<_>>();
    assert_eq!(told("90.0000"), [false], "a special dividend, not ten for nine");
    assert_eq!(told("73.1234"), [false]);
    assert_eq!(told("49.2000"), [false, true], "two for one and a dividend");
    assert!(matches!(step("49.2000")[0].1, Factor(factor) if (factor - 0.984).abs() < 1e-6));
}

proptest! {
    /// The events of a file's first rows are the first events of the file: nothing later has a say.
    #[test]
    fn later_rows_change_no_event_that_was_derived_before(
        walk in prop_oneof![walk(true), walk(false)], decimals in prop::sample::select(vec![2_usize, 3, 4, 6, 12]),
        known in 1_usize..400,
    ) {
        prop_assume!(walk.adjusted().all(|adjusted| adjusted >= 0.01));
        let (closes, adjusted) = (walk.closes(), printed(walk.adjusted(), decimals));
        let known = known.min(closes.len());
        let all = derive_adjustments(&closes, &adjusted);
        let first = derive_adjustments(&closes[..known], &adjusted[..known]);
        let before = all.iter().take_while(|(bar, _)| *bar < known).copied().collect::<Vec<_>>();
        prop_assert_eq!(first, before);
    }
}
