//! Named windows as Arrow: record batches and C streams, which polars, pandas and DuckDB take as they are.

#![forbid(unsafe_code)]

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::ffi_stream::FFI_ArrowArrayStream;
use arrow_array::types::Int32Type;
use arrow_array::{
    ArrayRef, DictionaryArray, Float64Array, Int32Array, RecordBatch, RecordBatchIterator, StringArray,
    TimestampNanosecondArray,
};
use arrow_schema::{DataType, Field as ArrowField, Schema, TimeUnit};

use super::named::NamedWindow;
use crate::asset::{Field, Symbol};

/// How a window of several assets becomes a table.
///
/// # Examples
/// ```
/// use lookback::portal::{FrameShape, Options};
/// use lookback::{Bundle, DataPortal, Field, Frequency};
/// let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
/// let request = portal.request(["AAPL", "IBM"], [Field::Close], 20, Frequency::Day)?;
/// let reader = portal.snapshot().reader();
/// let window = reader.named(&request, 99)?;
/// let shape = |shape| {
///     let batch = window.to_record_batch(shape);
///     (batch.num_rows(), batch.num_columns())
/// };
/// assert_eq!((shape(FrameShape::Wide), shape(FrameShape::Long)), ((20, 3), (40, 3)));
/// # Ok::<(), lookback::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Debug)]
pub enum FrameShape {
    /// A row for each bar: `timestamp`, then each column of the window: `close`, or `AAPL.close` of several assets.
    #[default]
    Wide,
    /// A row for each bar of each asset, bar by bar: `timestamp`, `symbol`, then each field.
    Long,
}

impl NamedWindow<'_> {
    /// The window as one Arrow record batch, equal value for value to [`view`](Self::view).
    ///
    /// - `timestamp`: nanoseconds since the Unix epoch, UTC; null in front of the first bar. The date of a daily bar is its
    ///   midnight.
    /// - `symbol`, where the shape is long: text, by dictionary.
    /// - Values: `f64` without nulls, NaN where the window has NaN; the metadata of a wide column names its `symbol` and
    ///   `field`.
    ///
    /// A wide batch copies no value: its columns are the block's memory, and hold it alive after the reader is gone. A long
    /// one copies each value once. Both write the moments of the rows.
    ///
    /// # Panics
    /// Never: a window has a row for each of its moments.
    ///
    /// # Examples
    /// ```
    /// use arrow_array::cast::AsArray;
    /// use arrow_array::types::Float64Type;
    /// use lookback::portal::{FrameShape, Options};
    /// use lookback::{Bundle, DataPortal, Field, Frequency};
    /// let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
    /// let request = portal.request(["AAPL", "IBM"], [Field::Close, Field::Volume], 20, Frequency::Day)?;
    /// let reader = portal.snapshot().reader();
    /// let window = reader.named(&request, 99)?;
    /// let batch = window.to_record_batch(FrameShape::Wide);
    /// let closes = batch.column_by_name("IBM.close").expect("it was asked for").as_primitive::<Float64Type>();
    /// assert_eq!(closes.values()[..], *window.window().column(2));
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn to_record_batch(&self, shape: FrameShape) -> RecordBatch {
        let columns = match shape {
            FrameShape::Wide => self.wide(),
            FrameShape::Long => self.long(),
        };
        let (fields, arrays): (Vec<ArrowField>, Vec<ArrayRef>) = columns.into_iter().unzip();
        RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)
            .expect("a column has a value for each row")
    }

    /// The same batch as a stream of the Arrow C data interface: what `__arrow_c_stream__` hands to polars, pandas, pyarrow
    /// and DuckDB.
    ///
    /// The consumer reads the block's own memory where the shape is wide, and frees its hold when it is done.
    ///
    /// # Examples
    /// ```
    /// use arrow_array::ffi_stream::RecordBatchStreamReader;
    /// use lookback::portal::{FrameShape, Options};
    /// use lookback::{Bundle, DataPortal, Field, Frequency};
    /// let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
    /// let request = portal.request(["AAPL"], [Field::Close], 20, Frequency::Day)?;
    /// let reader = portal.snapshot().reader();
    /// let window = reader.named(&request, 99)?;
    /// let stream = window.to_stream(FrameShape::Wide);
    /// let batches = RecordBatchStreamReader::try_new(stream).expect("it was just made");
    /// let batch = batches.into_iter().next().expect("one batch").expect("it is whole");
    /// assert_eq!(batch, window.to_record_batch(FrameShape::Wide));
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn to_stream(&self, shape: FrameShape) -> FFI_ArrowArrayStream {
        let batch = self.to_record_batch(shape);
        let schema = batch.schema();
        FFI_ArrowArrayStream::new(Box::new(RecordBatchIterator::new([Ok(batch)], schema)))
    }

    fn wide(&self) -> Vec<(ArrowField, ArrayRef)> {
        let owned = self.window().to_owned();
        let pairs =
            self.assets().iter().flat_map(|asset| self.fields().iter().map(move |&field| (asset, field)));
        let is_alone = self.assets().len() == 1;
        let values = pairs.enumerate().map(|(column, (asset, field))| {
            let array: ArrayRef = Arc::new(owned.arrow_column(column));
            (wide_column(asset, field, is_alone), array)
        });
        let moments = TimestampNanosecondArray::from_iter(self.timestamps().map(|moment| Some(moment?.0)));
        std::iter::once(timestamps(moments)).chain(values).collect()
    }

    fn long(&self) -> Vec<(ArrowField, ArrayRef)> {
        let assets = self.assets().len();
        let each = self.timestamps().flat_map(|moment| std::iter::repeat_n(moment, assets));
        let moments = TimestampNanosecondArray::from_iter(each.map(|moment| Some(moment?.0)));
        let names = StringArray::from_iter_values(self.assets().iter().map(Symbol::as_str));
        let keys = (0_i32..).take(assets).cycle().take(assets * self.window().bar_count());
        let symbols = DictionaryArray::<Int32Type>::new(Int32Array::from_iter_values(keys), Arc::new(names));
        let kind = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
        let mut columns = vec![timestamps(moments)];
        columns.push((ArrowField::new("symbol", kind, false), Arc::new(symbols) as ArrayRef));
        let view = self.view3();
        for (index, field) in self.fields().iter().enumerate() {
            let values = view.index_axis(ndarray::Axis(2), index);
            let array = Float64Array::from_iter_values(values.rows().into_iter().flatten().copied());
            columns.push((ArrowField::new(field.name(), DataType::Float64, false), Arc::new(array)));
        }
        columns
    }
}

fn timestamps(moments: TimestampNanosecondArray) -> (ArrowField, ArrayRef) {
    let kind = DataType::Timestamp(TimeUnit::Nanosecond, Some("UTC".into()));
    (ArrowField::new("timestamp", kind, true), Arc::new(moments.with_timezone("UTC")))
}

fn wide_column(asset: &Symbol, field: Field, is_alone: bool) -> ArrowField {
    let name = if is_alone { field.name().to_owned() } else { format!("{asset}.{field}") };
    let metadata = [("symbol", asset.as_str()), ("field", field.name())];
    let metadata: HashMap<String, String> =
        metadata.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
    ArrowField::new(name, DataType::Float64, false).with_metadata(metadata)
}
