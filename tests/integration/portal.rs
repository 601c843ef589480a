//! The portal against the plain model: calendars, adjustments, clocks, errors, replacement.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use lookback::bundle::AdjustmentKind::{Dividend, Factor, Split};
use lookback::portal::Options;
use lookback::{Adjust, Bundle, DataPortal, ErrorKind, Field, Frequency, Short, Timestamp, When};

use crate::naive::{Asset, DAY, Market, agree};

fn portal(bundle: Bundle) -> DataPortal {
    DataPortal::new(bundle, Options::default()).unwrap()
}

/// Two assets that trade on different days: A on 0 to 9 but 4, B on even days from 4.
fn two() -> Market {
    Market(vec![
        Asset::closing("A", [0, 1, 2, 3, 5, 6, 7, 8, 9], 1000..),
        Asset::closing("B", [4, 6, 8], [5000, 6000, 7000]),
    ])
}

#[test]
fn an_asset_alone_has_its_own_bars() {
    let portal = portal(two().bundle());
    let reader = portal.snapshot().reader();
    let request = portal.request(["B"], [Field::Close, Field::Price], 3, Frequency::Day).unwrap();
    let window = reader.history(&request, Timestamp(9 * DAY)).unwrap();
    assert_eq!(window.column(0), [50.0, 60.0, 70.0]);
    assert_eq!(window.column(1), window.column(0));
    assert_eq!(window.bar_range(), 0..3);
}

#[test]
fn assets_together_share_the_union_of_their_bars() {
    let portal = portal(two().bundle());
    let snapshot = portal.snapshot();
    let reader = snapshot.reader();
    let fields = [Field::Close, Field::Volume, Field::Price];
    let request = portal.request(["B", "A"], fields, 4, Frequency::Day).unwrap();
    assert_eq!(snapshot.calendar(&request).unwrap().len(), 10);
    let window = reader.history(&request, 6).unwrap();
    assert_eq!(window.view().shape(), [4, 6]);
    assert!(window.column(0)[0].is_nan() && window.column(0)[2].is_nan());
    assert_eq!((window.column(0)[1], window.column(0)[3]), (50.0, 60.0));
    assert_eq!(window.column(1), [0.0, 50000.0, 0.0, 60000.0]);
    assert!(window.column(2)[0].is_nan());
    assert_eq!(window.column(2)[1..], [50.0, 50.0, 60.0]);
    assert!(window.column(3)[1].is_nan());
    assert_eq!(window.column(5), [10.03, 10.03, 10.04, 10.05]);
}

#[test]
fn a_price_is_carried_into_a_block_from_before_it() {
    let far = Asset::closing("FAR", [0], [700]);
    let near = Asset::closing("NEAR", 0..1000, 1000..).with(600, Split(2.0));
    let portal = portal(Market(vec![far.with(800, Dividend(1.0)), near]).bundle());
    let reader = portal.snapshot().reader();
    let request = portal.request(["FAR", "NEAR"], [Field::Price], 20, Frequency::Day).unwrap();
    assert_eq!(reader.history(&request, 799).unwrap().column(0), [7.0; 20]);
    let adjusted = reader.history(&request, 800).unwrap().column(0);
    assert!(adjusted.iter().all(|&price| agree(price, 6.0, 1e-15)));
}

#[test]
fn columns_asked_in_another_order_come_in_that_order() {
    let portal = portal(two().bundle());
    let reader = portal.snapshot().reader();
    let ask = |assets: [&str; 2], fields: [Field; 2]| {
        let request = portal.request(assets, fields, 2, Frequency::Day).unwrap();
        let window = reader.history(&request, 9).unwrap();
        (0..4).map(|column| window.column(column)[1]).collect::<Vec<_>>()
    };
    let volumes_first = ask(["A", "B"], [Field::Volume, Field::Price]);
    assert_eq!(volumes_first, [10080.0, 10.08, 0.0, 70.0]);
    assert_eq!(ask(["B", "A"], [Field::Price, Field::Volume]), [70.0, 0.0, 10.08, 10080.0]);
    assert_eq!(ask(["A", "B"], [Field::Volume, Field::Price]), volumes_first);
}

#[test]
fn a_split_shows_from_the_open_of_its_ex_date_and_not_before() {
    let asset = Asset::closing("A", 0..10, [900; 10]).with(5, Split(3.0));
    let portal = portal(Market(vec![asset]).bundle());
    let reader = portal.snapshot().reader();
    let request = portal.request(["A"], [Field::Close, Field::Volume], 3, Frequency::Day).unwrap();
    assert_eq!(reader.history(&request, 4).unwrap().column(0), [9.0; 3]);
    let window = reader.history(&request, 5).unwrap();
    assert_eq!(window.column(0), [3.0, 3.0, 9.0]);
    assert_eq!(window.column(1), [27000.0, 27000.0, 9000.0]);
    let raw = request.adjust(Adjust::Raw);
    assert_eq!(reader.history(&raw, 5).unwrap().column(0), [9.0; 3]);
}

#[test]
fn a_dividend_of_a_split_day_is_per_share_before_the_split() {
    for events in [[Dividend(1.0), Split(2.0)], [Split(2.0), Dividend(1.0)]] {
        let asset = Asset::closing("A", 0..4, [1000; 4]).with(2, events[0]).with(2, events[1]);
        let portal = portal(Market(vec![asset]).bundle());
        let reader = portal.snapshot().reader();
        let request = portal.request(["A"], [Field::Close, Field::Volume], 3, Frequency::Day).unwrap();
        let window = reader.history(&request, 2).unwrap();
        assert_eq!(window.column(0), [4.5, 4.5, 10.0]);
        assert_eq!(window.column(1), [20000.0, 20000.0, 10000.0]);
    }
}

#[test]
fn two_dividends_of_one_day_add_up() {
    let asset = Asset::closing("A", 0..4, [1000; 4]).with(2, Dividend(1.0)).with(2, Dividend(4.0));
    let portal = portal(Market(vec![asset]).bundle());
    let reader = portal.snapshot().reader();
    let request = portal.request(["A"], [Field::Close], 2, Frequency::Day).unwrap();
    assert!(agree(reader.history(&request, 2).unwrap().column(0)[0], 5.0, 1e-15));
}

#[test]
fn an_event_without_a_bar_before_it_changes_nothing() {
    let asset = Asset::closing("A", 5..9, [1000; 4]).with(5, Dividend(1.0)).with(3, Split(2.0));
    let portal = portal(Market(vec![asset]).bundle());
    let reader = portal.snapshot().reader();
    let request = portal.request(["A"], [Field::Close], 4, Frequency::Day).unwrap();
    assert_eq!(reader.history(&request, 3).unwrap().column(0), [10.0; 4]);
}

#[test]
fn a_dividend_that_eats_the_price_is_refused_by_asset_and_date() {
    let asset = Asset::closing("A", 0..4, [1000; 4]).with(2, Dividend(10.0));
    let portal = portal(Market(vec![asset]).bundle());
    let request = portal.request(["A"], [Field::Close], 1, Frequency::Day).unwrap();
    let error = portal.snapshot().reader().history(&request, 3).unwrap_err().to_string();
    assert_eq!(error, "A: dividend of 1970-01-03: 10 a share, expected less than the close before it, 10");
}

#[test]
fn the_end_is_a_bar_a_moment_or_a_whole_day() {
    let portal = portal(two().bundle());
    let reader = portal.snapshot().reader();
    let request = portal.request(["A"], [Field::Close], 1, Frequency::Day).unwrap();
    let close = |end| reader.history(&request, end).unwrap().column(0)[0];
    assert_eq!(close(lookback::End::Bar(4)), 10.04);
    assert_eq!(close(When::Date(Timestamp(5 * DAY)).into()), 10.04);
    assert_eq!(close(When::Date(Timestamp(4 * DAY)).into()), 10.03);
    assert_eq!(close(Timestamp(5 * DAY - 1).into()), 10.03);
    assert_eq!(close(Timestamp(i64::MAX).into()), 10.08);
    let error = reader.history(&request, Timestamp(-1)).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::BeforeFirstBar { .. }), "{error}");
    let error = reader.history(&request, 9).unwrap_err().to_string();
    assert_eq!(error, "bar 9: the series has 9 bars, counted from 0");
}

#[test]
fn a_clock_refuses_every_kind_of_later_end() {
    let portal = portal(two().bundle());
    let reader = portal.snapshot().reader();
    let request = portal.request(["A"], [Field::Close], 2, Frequency::Day).unwrap();
    let clock = reader.at(Timestamp(5 * DAY));
    for end in [
        lookback::End::Bar(5),
        lookback::End::Bar(usize::MAX),
        Timestamp(5 * DAY + 1).into(),
        When::Date(Timestamp(6 * DAY)).into(),
    ] {
        let error = clock.history(&request, end).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::LookAhead { .. }), "{error}");
    }
    let asset = reader.snapshot().bundle().asset("A").unwrap();
    let average = lookback::Indicator::sma(2).unwrap();
    assert_eq!(clock.indicator(asset, &average, Adjust::Raw, 4).unwrap().len(), 5);
    assert!(matches!(clock.scale(asset, Adjust::Raw, 5).unwrap_err().kind(), ErrorKind::LookAhead { .. }));
    let error = clock.indicator(asset, &average, Adjust::Raw, 5).unwrap_err().to_string();
    assert_eq!(error, "look-ahead: bar 5 is after the clock at 1970-01-06");
    assert_eq!(clock.history(&request, 4).unwrap().column(0), [10.03, 10.04]);
    assert_eq!(clock.history(&request, When::Date(Timestamp(5 * DAY))).unwrap().column(0), [10.03, 10.04]);
    assert_eq!(clock.history(&request, Timestamp(5 * DAY)).unwrap().column(0), [10.03, 10.04]);
}

#[test]
fn what_a_clock_lends_tells_no_later_value_and_no_later_date() {
    let early = Asset::closing("OLD", 0..40, 1000..);
    let market = Market(vec![early.with(30, Split(2.0)), Asset::closing("NEW", 20..25, [7777; 5])]);
    let portal = portal(market.bundle());
    let reader = portal.snapshot().reader();
    let clock = reader.at(Timestamp(9 * DAY));
    let ask = |name, bars| portal.request([name], [Field::Close, Field::Open], bars, Frequency::Day).unwrap();

    // The block behind the window reaches to the split; whatever the window shows ends at the clock.
    let window = clock.history(&ask("OLD", 3), 9).unwrap();
    let shown = "Window { bars: 7..10, columns: [[10.07, 10.08, 10.09], [10.06, 10.07, 10.08]] }";
    assert_eq!(format!("{window:?}"), shown);
    assert_eq!(format!("{:?}", window.to_owned()), shown);
    assert_eq!(window.view().iter().copied().fold(0.0, f64::max), 10.09);
    assert!(window.view().to_slice_memory_order().is_none());

    // A series that lasts long enough and one that does not, an asset that comes later: all the same.
    let refusal =
        |name, bars, end: lookback::End| clock.history(&ask(name, bars), end).unwrap_err().to_string();
    let counted = |bars: usize| {
        let first = bars - 1;
        format!(
            "too few bars: {bars} asked for, 10 available as of 1970-01-10; the first possible end is bar {first}, \
             counted from 0"
        )
    };
    assert_eq!(refusal("OLD", 40, 9.into()), counted(40));
    assert_eq!(refusal("OLD", 41, 9.into()), counted(41));
    for bar in [39, 40] {
        let expected = format!("look-ahead: bar {bar} is after the clock at 1970-01-10");
        assert_eq!(refusal("OLD", 1, bar.into()), expected);
    }
    assert_eq!(
        refusal("NEW", 1, Timestamp(9 * DAY).into()),
        "no bar at or before 1970-01-10; the first is after the clock"
    );
}

#[test]
fn a_clock_put_back_serves_no_later_data() {
    let asset = Asset::closing("A", 0..600, 1000..).with(300, Split(2.0));
    let portal = portal(Market(vec![asset]).bundle());
    let reader = portal.snapshot().reader();
    let request = portal.request(["A"], [Field::Close], 20, Frequency::Day).unwrap();
    let late = reader.history(&request, 500).unwrap().column(0).to_vec();
    let early = reader.at(Timestamp(299 * DAY)).history(&request, 299).unwrap();
    assert_eq!((early.column(0)[0], early.column(0)[19]), (12.8, 12.99));
    assert!(reader.at(Timestamp(299 * DAY)).history(&request, 300).is_err());
    assert_eq!(reader.history(&request, 500).unwrap().column(0), late);
}

#[test]
fn windows_of_any_length_and_reader_are_views_of_one_memory() {
    let portal = portal(Market(vec![Asset::closing("A", 0..600, 1000..)]).bundle());
    let snapshot = portal.snapshot();
    let (one, other) = (snapshot.reader(), snapshot.reader());
    let ask = |bars| portal.request(["A"], [Field::Close], bars, Frequency::Day).unwrap();
    let (short, odd) = (ask(20), ask(37));
    let place = |reader: &lookback::PortalReader, request, end| {
        std::ptr::from_ref(reader.history(request, end).unwrap().column(0).last().unwrap())
    };
    assert_eq!(place(&one, &short, 100), place(&other, &odd, 100));
    assert_eq!(place(&one, &short, 100).wrapping_add(400), place(&one, &short, 500));
}

#[test]
fn a_short_window_is_refused_and_never_served_as_whole() {
    let portal = portal(two().bundle());
    let reader = portal.snapshot().reader();
    let request = portal.request(["A"], [Field::Close], 6, Frequency::Day).unwrap();
    let error = reader.history(&request, 3).unwrap_err().to_string();
    assert_eq!(
        error,
        "too few bars: 6 asked for, 4 available as of 1970-01-04; the first possible end is 1970-01-07"
    );
    let padded = request.clone().short(Short::Pad);
    let window = reader.history(&padded, 3).unwrap();
    assert!(window.column(0)[..2].iter().all(|close| close.is_nan()));
    assert_eq!(window.column(0)[2..], [10.0, 10.01, 10.02, 10.03]);
    assert_eq!((window.bar_count(), window.bar_range()), (6, 0..4));
    assert!(reader.history(&request, 3).is_err());
    assert_eq!(reader.history(&request, 5).unwrap().column(0)[0], 10.0);
    assert_eq!(reader.history(&padded, 5).unwrap().column(0)[0], 10.0);
    let longer = portal.request(["A"], [Field::Close], 10, Frequency::Day).unwrap();
    let error = reader.history(&longer, 8).unwrap_err().to_string();
    assert!(error.ends_with("the series never has that many"), "{error}");
}

#[test]
fn a_missing_bar_is_not_too_few() {
    let portal = portal(two().bundle());
    let reader = portal.snapshot().reader();
    let request = portal.request(["A", "B"], [Field::Close], 5, Frequency::Day).unwrap();
    let window = reader.history(&request, 4).unwrap();
    assert!(window.column(1)[..4].iter().all(|close| close.is_nan()));
    assert_eq!(window.column(1)[4], 50.0);
}

#[test]
fn a_bad_request_is_refused_with_what_would_be_right() {
    let market = Market(vec![Asset::closing("AAPL", 0..3, 100..), Asset::closing("IBM", 0..3, 100..)]);
    let portal = portal(market.bundle());
    let refused = |assets: &[&str], fields: &[Field], bars, frequency| {
        portal.request(assets, fields.iter().copied(), bars, frequency).unwrap_err()
    };
    let close = [Field::Close];
    let error = refused(&["APPL"], &close, 1, Frequency::Day);
    assert!(matches!(error.kind(), ErrorKind::UnknownAsset { .. }), "{error}");
    let error = refused(&["IBM"], &close, 0, Frequency::Day);
    assert!(matches!(error.kind(), ErrorKind::BadBarCount { found: 0 }), "{error}");
    let error = refused(&["IBM"], &close, 1, Frequency::Hour).to_string();
    let finer = "the bundle holds 1d bars, and finer ones cannot be made of them";
    assert_eq!(error, format!("bad frequency 1h: {finer}; expected one of 1d 1w 1mo"));
    let error = refused(&["IBM", "IBM"], &close, 1, Frequency::Day).to_string();
    assert_eq!(error, "request: asset IBM is named twice, expected once");
    assert!(refused(&[], &close, 1, Frequency::Day).to_string().contains("no asset"));
    assert!(refused(&["IBM"], &[], 1, Frequency::Day).to_string().contains("no field"));
    assert!(refused(&["IBM"], &close, usize::MAX, Frequency::Day).to_string().contains("bar count"));
}

#[test]
fn a_replaced_bundle_leaves_old_snapshots_as_they_were() {
    let old = Market(vec![Asset::closing("B", 0..9, [1000; 9])]);
    let new = Market(vec![Asset::closing("A", 0..5, [1; 5]), Asset::closing("B", 0..9, [2000; 9])]);
    let portal = portal(old.bundle());
    let request = portal.request(["B"], [Field::Close], 3, Frequency::Day).unwrap();
    let before = portal.snapshot();
    let reader = before.reader();
    assert_eq!(reader.history(&request, 8).unwrap().column(0), [10.0; 3]);
    assert!(portal.replace(new.bundle()).unwrap());
    assert!(!portal.replace(new.bundle()).unwrap());
    assert_eq!(portal.snapshot().reader().history(&request, 8).unwrap().column(0), [20.0; 3]);
    assert_eq!(reader.history(&request, 8).unwrap().column(0), [10.0; 3]);
    assert_eq!(before.reader().history(&request, 7).unwrap().column(0), [10.0; 3]);
    assert!(portal.replace(Market(vec![new.0[0].clone()]).bundle()).unwrap());
    let error = portal.snapshot().reader().history(&request, 8).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::UnknownAsset { .. }), "{error}");
}

#[test]
fn readers_under_replacement_see_one_bundle_or_the_other_whole() {
    let market = |cents| Market(vec![Asset::closing("A", 0..600, [cents; 600]).with(300, Split(2.0))]);
    let (old, new) = (market(1000).bundle(), market(4000).bundle());
    let portal = portal(old.clone());
    let request = portal.request(["A"], [Field::Close], 20, Frequency::Day).unwrap();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        for worker in 0..4 {
            let (portal, request, done, old_version) = (&portal, &request, &done, old.version());
            scope.spawn(move || {
                while !done.load(Ordering::Relaxed) {
                    let snapshot = portal.snapshot();
                    let close = if snapshot.bundle().version() == old_version { 10.0 } else { 40.0 };
                    let reader = snapshot.reader();
                    for end in (19..600).skip(worker).step_by(13) {
                        let window = reader.history(request, end).unwrap();
                        for (bar, &found) in window.bar_range().zip(window.column(0)) {
                            let factor = if bar < 300 && end >= 300 { 0.5 } else { 1.0 };
                            assert_eq!(found, close * factor);
                        }
                    }
                }
            });
        }
        for round in 0..200 {
            let next = if round % 2 == 0 { &new } else { &old };
            assert!(portal.replace(next.clone()).unwrap());
            assert_eq!(portal.snapshot().bundle().version(), next.version());
        }
        done.store(true, Ordering::Relaxed);
    });
}

#[test]
fn a_request_of_another_portal_is_served_by_its_names() {
    let (one, other) = (portal(two().bundle()), portal(two().bundle()));
    let here = one.request(["A"], [Field::Close], 1, Frequency::Day).unwrap();
    let elsewhere = other.request(["B"], [Field::Close], 1, Frequency::Day).unwrap();
    let reader = one.snapshot().reader();
    assert_eq!(reader.history(&here, 2).unwrap().column(0), [10.02]);
    assert_eq!(reader.history(&elsewhere, 2).unwrap().column(0), [70.0]);
    assert_eq!(reader.history(&here, 2).unwrap().column(0), [10.02]);
}

#[test]
fn stretches_longer_than_a_block_are_cut_and_join_without_a_seam() {
    let market = Market(vec![Asset::closing("A", 0..70_000, (0..70_000).map(|bar| 1000 + bar % 977))]);
    let portal = portal(market.bundle());
    let reader = portal.snapshot().reader();
    let closes = market.0[0].restated(Field::Close, 0, Adjust::Raw);
    for bars in [1, 256, 300, 70_000] {
        let request = portal.request(["A"], [Field::Close], bars, Frequency::Day).unwrap();
        for end in [65_534, 65_535, 65_536, 65_537, 69_999] {
            match reader.history(&request, end) {
                Ok(window) => assert_eq!(window.column(0), &closes[end + 1 - bars..=end]),
                Err(error) => assert!(bars > end + 1, "{error}"),
            }
        }
    }
}

#[test]
fn an_indicator_is_the_mean_of_adjusted_closes_and_a_scale_takes_it_to_its_time() {
    let asset = Asset::closing("A", 0..400, 1000..).with(150, Split(2.0)).with(250, Dividend(1.0));
    let market = Market(vec![asset.with(350, Factor(0.9))]);
    let portal = portal(market.bundle());
    let snapshot = portal.snapshot();
    let id = snapshot.bundle().asset("A").unwrap();
    let reader = snapshot.reader();
    let average = lookback::Indicator::sma(20).unwrap();
    for (adjust, as_of) in
        Adjust::ALL.into_iter().flat_map(|one| [0, 149, 150, 260, 399].map(|bar| (one, bar)))
    {
        let closes = market.0[0].restated(Field::Close, as_of as i64, adjust);
        let values = reader.indicator(id, &average, adjust, as_of).unwrap();
        let scale = reader.scale(id, adjust, as_of).unwrap();
        assert_eq!((values.len(), scale.len()), (as_of + 1, as_of + 1));
        for bar in 0..=as_of {
            let seen = market.0[0].restated(Field::Close, bar as i64, adjust);
            assert!(agree(closes[bar] * scale[bar], seen[bar], 1e-14));
            if bar < 19 {
                assert!(values[bar].is_nan());
            } else {
                let mean = closes[bar - 19..=bar].iter().sum::<f64>() / 20.0;
                assert!(agree(values[bar], mean, 1e-14), "{} {mean}", values[bar]);
            }
        }
    }
    assert_eq!(reader.scale(id, Adjust::Raw, 399).unwrap(), [1.0; 400]);
    assert!(reader.scale(id, Adjust::Raw, 400).is_err());
    assert!(reader.indicator(lookback::AssetId(7), &average, Adjust::Raw, 1).is_err());
}

#[test]
fn split_adjusted_prices_leave_dividends_alone_and_count_volume_in_todays_shares() {
    let asset = Asset::closing("A", 0..9, [1200; 9]).with(3, Dividend(1.0)).with(5, Split(3.0));
    let portal = portal(Market(vec![asset.with(7, Factor(0.9))]).bundle());
    let reader = portal.snapshot().reader();
    let request = portal.request(["A"], [Field::Close, Field::Volume], 9, Frequency::Day).unwrap();
    let (raw, splits) = (request.clone().adjust(Adjust::Raw), request.adjust(Adjust::Splits));
    let window = reader.history(&splits, 8).unwrap();
    assert_eq!(window.column(0), [4.0, 4.0, 4.0, 4.0, 4.0, 12.0, 12.0, 12.0, 12.0]);
    assert_eq!(window.column(1)[4..6], [36_000.0, 12_000.0]);
    let before = splits.clone().short(Short::Pad);
    assert_eq!(reader.history(&before, 4).unwrap().column(0)[4..], [12.0; 5]);
    assert_eq!(reader.history(&raw, 8).unwrap().column(0), [12.0; 9]);
    assert_eq!(reader.history(&raw, 8).unwrap().column(1), [12_000.0; 9]);
}

#[test]
fn a_derived_step_that_is_no_ratio_of_small_integers_is_left_alone_as_a_dividend_is() {
    // A 2 for 1 split at bar 2 and a step of 3 % at bar 4, as a vendor restates the closes before them.
    let decimals = |prices: [&str; 6]| prices.map(|price| price.parse().unwrap());
    let closes = decimals(["80.00", "80.00", "40.00", "40.00", "40.00", "40.00"]);
    let adjusted = decimals(["38.80", "38.80", "38.80", "38.80", "40.00", "40.00"]);
    let mut asset = Asset::closing("A", 0..6, [8000, 8000, 4000, 4000, 4000, 4000]);
    for (bar, kind) in lookback::bundle::derive_adjustments(&closes, &adjusted) {
        asset = asset.with(bar as i64, kind);
    }
    let portal = portal(Market(vec![asset]).bundle());
    let reader = portal.snapshot().reader();
    let request = portal.request(["A"], [Field::Close], 6, Frequency::Day).unwrap();
    assert_eq!(reader.history(&request.clone().adjust(Adjust::Splits), 5).unwrap().column(0), [40.0; 6]);
    let total = reader.history(&request, 5).unwrap().column(0);
    assert!(
        total
            .iter()
            .zip([38.8, 38.8, 38.8, 38.8, 40.0, 40.0])
            .all(|(found, price)| agree(*found, price, 1e-4))
    );
}

#[test]
fn adjustment_modes_are_read_by_name() {
    for adjust in Adjust::ALL {
        assert_eq!(adjust.to_string().parse::<Adjust>().unwrap(), adjust);
    }
    let error = "dividends".parse::<Adjust>().unwrap_err().to_string();
    assert_eq!(error, "adjust: found \"dividends\", expected raw, splits or total");
}
