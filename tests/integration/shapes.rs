//! One window in each of its shapes: arrays, named, as frames and through the C interface, the same value for value.

use arrow_array::cast::AsArray;
use arrow_array::ffi_stream::RecordBatchStreamReader;
use arrow_array::types::{Float64Type, Int32Type, TimestampNanosecondType};
use arrow_array::{Array, RecordBatch};
use lookback::portal::{FrameShape, NamedWindow, Options};
use lookback::{Adjust, Bundle, DataPortal, ErrorKind, Field, Frequency, Short, When};
use proptest::prelude::*;

const FIELDS: [Field; 6] = [Field::Open, Field::High, Field::Low, Field::Close, Field::Volume, Field::Price];

fn portal() -> DataPortal {
    DataPortal::new(Bundle::sample().unwrap(), Options::default()).unwrap()
}

fn sample_assets() -> Vec<String> {
    Bundle::sample().unwrap().symbols().iter().map(|symbol| symbol.as_str().to_owned()).collect()
}

/// Bits, in which NaN is equal to itself.
fn bits<'v>(values: impl IntoIterator<Item = &'v f64>) -> Vec<u64> {
    values.into_iter().map(|value| value.to_bits()).collect()
}

fn values<'b>(batch: &'b RecordBatch, name: &str) -> &'b [f64] {
    batch
        .column_by_name(name)
        .unwrap_or_else(|| panic!("{name} in {:?}", batch.schema()))
        .as_primitive::<Float64Type>()
        .values()
}

/// A row's moment, none where it is null.
fn moment(batch: &RecordBatch, row: usize) -> Option<i64> {
    let moments = batch.column(0).as_primitive::<TimestampNanosecondType>();
    (!moments.is_null(row)).then(|| moments.value(row))
}

/// Every shape of a window against its columns, which other tests hold against the plain model.
fn assert_shapes_agree(window: &NamedWindow<'_>) {
    let (flat, view, view3) = (window.window(), window.view(), window.view3());
    let (bars, assets, fields) = (flat.bar_count(), window.assets().len(), window.fields().len());
    let [wide, long] = [FrameShape::Wide, FrameShape::Long].map(|shape| window.to_record_batch(shape));
    let moments: Vec<Option<i64>> = window.timestamps().map(|moment| Some(moment?.0)).collect();
    assert_eq!((view.dim(), view3.dim()), ((bars, assets * fields), (bars, assets, fields)));
    assert_eq!((wide.num_rows(), long.num_rows(), moments.len()), (bars, bars * assets, bars));
    assert_eq!((0..bars).map(|row| moment(&wide, row)).collect::<Vec<_>>(), moments);
    let symbols = long.column_by_name("symbol").unwrap().as_dictionary::<Int32Type>();
    let names = symbols.values().as_string::<i32>();
    for (at, asset) in window.assets().iter().enumerate() {
        for (in_asset, field) in window.fields().iter().enumerate() {
            let column = flat.column(at * fields + in_asset);
            let name = if assets == 1 { field.name().to_owned() } else { format!("{asset}.{field}") };
            assert_eq!(bits(window.column(asset.as_str(), *field).unwrap()), bits(column));
            assert_eq!(bits(view.column(at * fields + in_asset)), bits(column));
            assert_eq!(bits(values(&wide, &name)), bits(column));
            assert_eq!(values(&wide, &name).as_ptr(), column.as_ptr(), "no copy");
            let of_long = values(&long, field.name());
            for (bar, value) in column.iter().enumerate() {
                let row = bar * assets + at;
                assert_eq!(view3[[bar, at, in_asset]].to_bits(), value.to_bits());
                assert_eq!(of_long[row].to_bits(), value.to_bits());
                assert_eq!(moment(&long, row), moments[bar]);
                assert_eq!(names.value(symbols.keys().value(row) as usize), asset.as_str());
            }
            assert_eq!(flat.current(at * fields + in_asset).to_bits(), column[bars - 1].to_bits());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn any_assets_and_fields_in_any_order_are_one_window_in_every_shape(
        assets in Just(sample_assets()).prop_shuffle(),
        fields in Just(FIELDS.to_vec()).prop_shuffle(),
        (many_assets, many_fields) in (1_usize..=3, 1_usize..=6),
        (bar_count, end) in (1_usize..300, 0_usize..3_270),
        adjust in prop::sample::select(Adjust::ALL.to_vec()),
    ) {
        let portal = portal();
        let reader = portal.snapshot().reader();
        let (assets, fields) = (&assets[..many_assets], &fields[..many_fields]);
        let request = portal.request(assets, fields.iter().copied(), bar_count, Frequency::Day).unwrap();
        let request = request.adjust(adjust).short(Short::Pad);
        let end = end.min(reader.snapshot().calendar(&request).unwrap().len() - 1);
        let window = reader.named(&request, end).unwrap();
        assert_eq!(window.assets().iter().map(|one| one.as_str()).collect::<Vec<_>>(), assets);
        assert_shapes_agree(&window);
    }
}

#[test]
fn a_frame_names_its_dates_symbols_and_fields() {
    let portal = portal();
    let reader = portal.snapshot().reader();
    let end: When = "2005-02-28".parse().unwrap();
    let request = portal.request(["IBM", "AAPL"], [Field::Close, Field::Open], 2, Frequency::Day).unwrap();
    let window = reader.named(&request, end).unwrap();
    let wide = window.to_record_batch(FrameShape::Wide);
    let schema = wide.schema();
    let names: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
    assert_eq!(names, ["timestamp", "IBM.close", "IBM.open", "AAPL.close", "AAPL.open"]);
    let told = schema.field(3).metadata();
    assert_eq!((told["symbol"].as_str(), told["field"].as_str()), ("AAPL", "close"));
    assert_eq!(values(&wide, "AAPL.close"), [44.495, 44.86]);

    let long = window.to_record_batch(FrameShape::Long);
    let schema = long.schema();
    let names: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
    assert_eq!(names, ["timestamp", "symbol", "close", "open"]);
    assert_eq!(values(&long, "close")[3], 44.86, "bar by bar, and within a bar in the order asked");

    let alone = portal.request(["AAPL"], [Field::Close], 2, Frequency::Day).unwrap();
    let alone = reader.named(&alone, end).unwrap().to_record_batch(FrameShape::Wide);
    assert_eq!(alone.schema().field(1).name(), "close");
}

#[test]
fn a_frame_and_a_stream_outlive_reader_portal_and_version_without_a_copy() {
    let portal = portal();
    let request =
        portal.request(["AAPL", "MSFT"], [Field::Close, Field::Volume], 50, Frequency::Day).unwrap();
    let (batch, stream, place, expected) = {
        let reader = portal.snapshot().reader();
        let window = reader.named(&request, 1_000).unwrap();
        let column = window.window().column(2);
        let [batch, expected] =
            [FrameShape::Wide, FrameShape::Long].map(|shape| window.to_record_batch(shape));
        (batch, window.to_stream(FrameShape::Wide), column.as_ptr(), expected)
    };
    let closes = values(&expected, "close").iter().skip(1).step_by(2);
    let closes = bits(closes);
    drop(portal);
    assert_eq!(
        (values(&batch, "MSFT.close").as_ptr(), bits(values(&batch, "MSFT.close"))),
        (place, closes.clone())
    );
    let taken: Vec<RecordBatch> =
        RecordBatchStreamReader::try_new(stream).unwrap().map(Result::unwrap).collect();
    assert_eq!(taken, [batch]);
    assert_eq!(values(&taken[0], "MSFT.close").as_ptr(), place, "the consumer reads the block itself");
}

#[test]
fn a_frame_under_a_clock_holds_nothing_later() {
    let portal = portal();
    let reader = portal.snapshot().reader();
    let request = portal.request(["IBM"], [Field::Close], 20, Frequency::Day).unwrap();
    let calendar = reader.snapshot().calendar(&request).unwrap();
    let clock = calendar.timestamp(99).unwrap();
    let window = reader.at(clock).named(&request, 99).unwrap();
    let batch = window.to_record_batch(FrameShape::Wide);
    assert_eq!(moment(&batch, 19), Some(clock.0));
    let bytes = batch.column(1).as_primitive::<Float64Type>().values().inner().len();
    assert_eq!(bytes, 20 * 8, "the bars after the window are in the block, and not in the buffer");
    let shown = format!("{window:?}");
    let later = format!("{:?}", calendar.timestamp(100).unwrap());
    assert!(shown.contains(&format!("{clock:?}")) && !shown.contains(&later), "{shown}");
    let refused = reader.at(clock).named(&request, 100).unwrap_err();
    assert!(matches!(refused.kind(), ErrorKind::LookAhead { .. }), "{refused}");
}
