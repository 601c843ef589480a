//! A data frame is the array, value for value, and no copy of it.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use lookback::portal::{DataPortal, FrameShape, NamedWindow, Options, Short};
use lookback::{Adjust, Bundle, Field, Frequency};
use lookback_polars::ToDataFrame;
use polars::prelude::{DataFrame, DataType, TimeUnit, TimeZone};

fn values(frame: &DataFrame, name: &str) -> Vec<f64> {
    frame.column(name).unwrap().f64().unwrap().iter().map(Option::unwrap).collect()
}

fn bits<'v>(values: impl IntoIterator<Item = &'v f64>) -> Vec<u64> {
    values.into_iter().map(|value| value.to_bits()).collect()
}

fn assert_frames_agree(window: &NamedWindow<'_>) {
    let [wide, long] = [FrameShape::Wide, FrameShape::Long].map(|shape| window.to_data_frame(shape));
    let (assets, fields) = (window.assets(), window.fields());
    let bars = window.window().bar_count();
    assert_eq!(wide.shape(), (bars, 1 + assets.len() * fields.len()));
    assert_eq!(long.shape(), (bars * assets.len(), 2 + fields.len()));
    let moments: Vec<Option<i64>> = window.timestamps().map(|moment| Some(moment?.0)).collect();
    let zoned = DataType::Datetime(TimeUnit::Nanoseconds, Some(TimeZone::UTC));
    for (frame, times) in [(&wide, 1), (&long, assets.len())] {
        let column = frame.column("timestamp").unwrap();
        assert_eq!(column.dtype(), &zoned);
        let shown: Vec<Option<i64>> = column.datetime().unwrap().physical().iter().collect();
        let expected = moments.iter().flat_map(|moment| std::iter::repeat_n(*moment, times));
        assert_eq!(shown, expected.collect::<Vec<_>>());
    }
    for (at, asset) in assets.iter().enumerate() {
        for (in_asset, field) in fields.iter().enumerate() {
            let column = window.window().column(at * fields.len() + in_asset);
            let name = if assets.len() == 1 { field.name().to_owned() } else { format!("{asset}.{field}") };
            assert_eq!(bits(&values(&wide, &name)), bits(column));
            let of_asset: Vec<f64> =
                values(&long, field.name()).into_iter().skip(at).step_by(assets.len()).collect();
            assert_eq!(bits(&of_asset), bits(column));
        }
        let symbols = long.column("symbol").unwrap();
        assert_eq!(symbols.str().unwrap().get(at), Some(asset.as_str()));
    }
}

#[test]
fn a_frame_is_the_window_value_for_value_in_both_shapes() {
    let portal = DataPortal::new(Bundle::sample().unwrap(), Options::default()).unwrap();
    let reader = portal.snapshot().reader();
    let all = [Field::Volume, Field::Close, Field::Open, Field::High, Field::Low, Field::Price];
    for (assets, fields) in [
        (&["IBM"][..], &all[..]),
        (&["MSFT", "AAPL"], &all[..2]),
        // FB came late: NaN and volume 0 before it.
        (&["FB", "IBM", "GOOG"], &all[..1]),
    ] {
        for adjust in Adjust::ALL {
            let request = portal.request(assets, fields.iter().copied(), 50, Frequency::Day).unwrap();
            let request = request.adjust(adjust).short(Short::Pad);
            for end in [0, 49, 1_000, 3_000] {
                assert_frames_agree(&reader.named(&request, end).unwrap());
            }
        }
    }
}

#[test]
fn a_wide_frame_is_the_cached_memory_and_outlives_the_portal() {
    let portal = DataPortal::new(Bundle::sample().unwrap(), Options::default()).unwrap();
    let request = portal.request(["AAPL"], [Field::Close], 20, Frequency::Day).unwrap();
    let (frame, place, expected) = {
        let reader = portal.snapshot().reader();
        let window = reader.named(&request, 1_000).unwrap();
        let column = window.window().column(0);
        (window.to_data_frame(FrameShape::Wide), column.as_ptr(), column.to_vec())
    };
    drop(portal);
    let close = frame.column("close").unwrap().f64().unwrap();
    let slice = close.cont_slice().unwrap();
    assert_eq!((slice.as_ptr(), bits(slice)), (place, bits(&expected)));
}
