//! Parquet, a row group after the other, and only the columns that bars are made of.

#![forbid(unsafe_code)]

use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::errors::ParquetError;
use parquet::file::reader::ChunkReader;

use super::{File, Options, Taker};
use crate::error::Error;

/// Rows of a batch: a row group is decoded in pieces of this many.
const BATCH_ROWS: usize = 8_192;

/// Reads and checks a Parquet file.
pub(super) fn read(
    name: &str,
    source: impl ChunkReader + 'static,
    options: &Options,
    taker: &dyn Taker,
) -> Result<File, Error> {
    let broken = |error: ParquetError| Error::invalid(name, format!("is not a whole Parquet file: {error}"));
    let builder = ParquetRecordBatchReaderBuilder::try_new(source).map_err(broken)?;
    let all = u64::try_from(builder.metadata().file_metadata().num_rows()).unwrap_or(0);
    let reader = super::open(name, builder.schema().fields(), options)?;
    let used = reader.used();
    let mask = ProjectionMask::roots(builder.parquet_schema(), (0..used.len()).filter(|at| used[*at]));
    let batches = builder.with_projection(mask).with_batch_size(BATCH_ROWS).build().map_err(broken)?;
    let batches = batches.map(|batch| {
        let batch = batch.map_err(|error| broken(error.into()))?;
        taker.progress(batch.num_rows() as u64, all);
        Ok(batch)
    });
    super::rows(name, "a Parquet table", reader, batches, taker)
}
