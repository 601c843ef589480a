#![doc = include_str!("../README.md")]

use lookback::portal::{FrameShape, NamedWindow};
use lookback::{Field, OwnedWindow};
use polars::prelude::{
    Column, DataFrame, Float64Chunked, Int64Chunked, IntoColumn, NewChunkedArray as _, PlSmallStr, TimeUnit,
    TimeZone,
};
use polars_arrow::array::PrimitiveArray;
use polars_arrow::datatypes::ArrowDataType;
use polars_buffer::Buffer;

/// What becomes a polars data frame.
pub trait ToDataFrame {
    /// The window as a data frame, equal value for value to its [`view`](NamedWindow::view).
    ///
    /// The columns are those of [`NamedWindow::to_record_batch`]: `timestamp` (nanoseconds, UTC; null in front of the first
    /// bar), where the shape is long `symbol`, and values as `f64`, NaN where the window has NaN. A wide frame copies no value:
    /// its columns are the block's memory, and hold it alive. A long one copies each value once.
    ///
    /// # Panics
    /// Never: a window has a row for each of its moments, and names no column twice.
    ///
    /// # Examples
    /// ```
    /// use lookback::portal::{DataPortal, FrameShape, Options};
    /// use lookback::{Bundle, Field, Frequency};
    /// use lookback_polars::ToDataFrame;
    /// let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
    /// let request = portal.request(["AAPL", "IBM"], [Field::Close, Field::Volume], 20, Frequency::Day)?;
    /// let reader = portal.snapshot().reader();
    /// let window = reader.named(&request, 99)?;
    /// let frame = window.to_data_frame(FrameShape::Wide);
    /// assert_eq!(frame.shape(), (20, 5));
    /// let close = frame.column("IBM.close").and_then(|column| column.f64()).expect("it was asked for");
    /// assert_eq!(close.get(19), window.current("IBM", Field::Close));
    /// assert_eq!(window.to_data_frame(FrameShape::Long).shape(), (40, 4));
    /// # Ok::<(), lookback::Error>(())
    /// ```
    fn to_data_frame(&self, shape: FrameShape) -> DataFrame;
}

impl ToDataFrame for NamedWindow<'_> {
    fn to_data_frame(&self, shape: FrameShape) -> DataFrame {
        let columns = match shape {
            FrameShape::Wide => wide(self),
            FrameShape::Long => long(self),
        };
        DataFrame::new_infer_height(columns)
            .expect("a column has a value for each row, and a name of its own")
    }
}

/// One column of a window: what polars holds of it.
struct Lent {
    window: OwnedWindow,
    column: usize,
}

impl AsRef<[f64]> for Lent {
    fn as_ref(&self) -> &[f64] {
        self.window.as_window().column(self.column)
    }
}

fn wide(window: &NamedWindow<'_>) -> Vec<Column> {
    let owned = window.window().to_owned();
    let is_alone = window.assets().len() == 1;
    let pairs =
        window.assets().iter().flat_map(|asset| window.fields().iter().map(move |&field| (asset, field)));
    let values = pairs.enumerate().map(|(column, (asset, field))| {
        let name = if is_alone { field.name().to_owned() } else { format!("{asset}.{field}") };
        let buffer = Buffer::from_owner(Lent { window: owned.clone(), column });
        let array = PrimitiveArray::new(ArrowDataType::Float64, buffer, None);
        Float64Chunked::with_chunk(name.into(), array).into_column()
    });
    std::iter::once(timestamps(window, 1)).chain(values).collect()
}

fn long(window: &NamedWindow<'_>) -> Vec<Column> {
    let assets = window.assets().len();
    let names = window.assets().iter().map(|asset| asset.as_str());
    let symbols: Vec<&str> = names.cycle().take(assets * window.window().bar_count()).collect();
    let values = window.fields().iter().enumerate().map(|(index, field): (usize, &Field)| {
        let view = window.view3();
        let bars = view.outer_iter();
        let values: Vec<f64> = bars.flat_map(|bar| bar.column(index).to_vec()).collect();
        Column::new(field.name().into(), values)
    });
    let names = [timestamps(window, assets), Column::new("symbol".into(), symbols)];
    names.into_iter().chain(values).collect()
}

/// The moment of each bar, `times` over.
fn timestamps(window: &NamedWindow<'_>, times: usize) -> Column {
    let moments =
        window.timestamps().flat_map(|moment| std::iter::repeat_n(moment.map(|moment| moment.0), times));
    let moments: Vec<Option<i64>> = moments.collect();
    let named = Int64Chunked::from_slice_options(PlSmallStr::from_static("timestamp"), &moments);
    named.into_datetime(TimeUnit::Nanoseconds, Some(TimeZone::UTC)).into_column()
}
