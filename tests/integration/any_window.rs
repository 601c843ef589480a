//! Any window of any market against the plain model.

use lookback::bundle::AdjustmentKind::{Dividend, Factor, Split};
use lookback::portal::Options;
use lookback::{Adjust, DataPortal, Field, Frequency, Short, Timestamp};
use proptest::prelude::*;

use crate::naive::{Asset, DAY, Market, agree};

/// Bars on some of the days, prices of 10 to 100, events small enough to be possible.
fn any_asset(name: &'static str, days: i64) -> impl Strategy<Value = Asset> {
    let bar = (1000_i64..10_000, 1000_i64..10_000, 0_i64..100_000);
    let event = (
        0..days,
        prop_oneof![
            (1..10_i64).prop_map(|cents| Dividend(cents as f64 / 100.0)),
            prop::sample::select(vec![2.0, 3.0, 0.5, 1.5]).prop_map(Split),
            (50..120_i64).prop_map(|percent| Factor(percent as f64 / 100.0)),
        ],
    );
    let present = prop::collection::vec(prop::option::weighted(0.7, bar), days as usize);
    (present, prop::collection::vec(event, 0..5)).prop_filter_map(
        "at least one bar",
        move |(present, events)| {
            let (days, bars): (Vec<_>, Vec<_>) = (0..)
                .zip(present)
                .filter_map(|(day, bar)| bar.map(|(a, b, volume)| (day, [a, a.max(b), a.min(b), b, volume])))
                .unzip();
            (!days.is_empty()).then(|| Asset { name: name.to_owned(), days, bars, events })
        },
    )
}

fn any_market() -> impl Strategy<Value = Market> {
    (1_i64..700).prop_flat_map(|days| {
        (any_asset("A", days), any_asset("B", days), any_asset("C", days))
            .prop_map(|(a, b, c)| Market(vec![a, b, c]))
    })
}

type Ask = (usize, usize, usize, usize, Adjust, bool);

fn any_ask() -> impl Strategy<Value = Ask> {
    let adjust = prop::sample::select(Adjust::ALL.to_vec());
    (0_usize..7, 0_usize..4, 1_usize..600, any::<usize>(), adjust, any::<bool>())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn every_window_is_the_naive_slice(
        market in any_market(),
        asks in prop::collection::vec(any_ask(), 1..12),
    ) {
        let portal = DataPortal::new(market.bundle(), Options::default()).unwrap();
        let snapshot = portal.snapshot();
        let reader = snapshot.reader();
        for ask in asks {
            compare(&market, &portal, &reader, ask)?;
        }
    }
}

fn compare(
    market: &Market,
    portal: &DataPortal,
    reader: &lookback::PortalReader,
    (names, fields, bars, at, adjust, pad): Ask,
) -> Result<(), TestCaseError> {
    let names: &[&str] =
        [&["A"][..], &["B"], &["A", "B"], &["B", "A"], &["C", "A", "B"], &["C", "B"], &["C"]][names];
    let fields = [
        &[Field::Close][..],
        &[Field::Price, Field::Volume],
        &[Field::Open, Field::High, Field::Low, Field::Close, Field::Volume],
        &[Field::Volume, Field::Close],
    ][fields];
    let days = market.days(names);
    let end = at % days.len();
    let request = portal.request(names, fields.iter().copied(), bars, Frequency::Day).unwrap().adjust(adjust);
    let request = if pad { request.short(Short::Pad) } else { request };
    let missing = bars.saturating_sub(end + 1);
    let found = reader.at(Timestamp(days[end] * DAY)).history(&request, end);
    let window = match found {
        Err(error) => {
            prop_assert!(missing > 0 && !pad, "{}", error);
            return Ok(());
        }
        Ok(window) => window,
    };
    prop_assert!(missing == 0 || pad);
    prop_assert_eq!(window.view().dim(), (bars, names.len() * fields.len()));
    let expected = market.window(names, fields, end + 1 + missing - bars, end, adjust);
    for (column, expected) in expected.iter().enumerate() {
        let found = window.column(column);
        prop_assert!(found[..missing].iter().all(|value| value.is_nan()));
        for (found, expected) in found[missing..].iter().zip(expected) {
            prop_assert!(agree(*found, *expected, 1e-12), "{} {}", found, expected);
        }
    }
    Ok(())
}
