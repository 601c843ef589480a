//! The columns of rows as bytes, so that they can wait on the disk.

#![forbid(unsafe_code)]

use rust_decimal::Decimal;

use super::rows::Rows;

/// Bytes of a row without its adjusted close: its moment, offset and line, and five values.
const ROW_BYTES: usize = 8 + 4 + 4 + 5 * VALUE_BYTES;
const VALUE_BYTES: usize = 16;

impl Rows {
    /// Takes the columns out; what is left knows its symbol, its files and its events.
    pub(in crate::bundle) fn pack(&mut self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.len() * ROW_BYTES + self.adjusted.len() * VALUE_BYTES);
        bytes.extend(std::mem::take(&mut self.moments).iter().flat_map(|moment| moment.to_le_bytes()));
        bytes.extend(std::mem::take(&mut self.offsets).iter().flat_map(|offset| offset.to_le_bytes()));
        bytes.extend(std::mem::take(&mut self.lines).iter().flat_map(|line| line.to_le_bytes()));
        for column in self.values.iter_mut().chain([&mut self.adjusted]) {
            bytes.extend(std::mem::take(column).iter().flat_map(Decimal::serialize));
        }
        bytes
    }

    /// Takes the columns out of rows to which more will be pushed.
    pub(super) fn park(&mut self) -> Vec<u8> {
        self.parked += self.len();
        self.pack()
    }

    /// Puts back the columns of `len` rows that [`pack`](Self::pack) took, behind those that are there.
    pub(in crate::bundle) fn unpack(&mut self, len: usize, bytes: &[u8]) {
        self.parked = 0;
        let mut rest = bytes;
        let mut next = |bytes: usize| {
            let (column, after) = rest.split_at(bytes.min(rest.len()));
            rest = after;
            column
        };
        self.moments.extend(next(8 * len).as_chunks().0.iter().map(|bytes| i64::from_le_bytes(*bytes)));
        self.offsets.extend(next(4 * len).as_chunks().0.iter().map(|bytes| i32::from_le_bytes(*bytes)));
        self.lines.extend(next(4 * len).as_chunks().0.iter().map(|bytes| u32::from_le_bytes(*bytes)));
        for column in self.values.iter_mut().chain([&mut self.adjusted]) {
            let values = next(VALUE_BYTES * len).as_chunks().0;
            column.extend(values.iter().map(|bytes| Decimal::deserialize(*bytes)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::rows::{EventColumns, Row};
    use super::super::stamped::Stamped;
    use super::*;
    use crate::time::Timestamp;

    #[test]
    fn rows_come_back_from_their_bytes_as_they_were() {
        for adjusted_close in [false, true] {
            let columns = EventColumns { adjusted_close, ..EventColumns::default() };
            let mut rows = Rows::new("A", &"a.csv".into(), columns);
            for line in 2..1_000_i64 {
                let value = Decimal::new(line * 1_000_003, 4);
                rows.push(&Row {
                    stamped: Stamped::new(Timestamp(line << 40), Timestamp((line << 40) + 3_600_000_000_000)),
                    line: line.unsigned_abs(),
                    values: [value, -value, value + value, Decimal::ZERO, Decimal::MAX],
                    adjusted: adjusted_close.then_some(value),
                    split: None,
                    dividend: None,
                });
            }
            let (before, len) = (format!("{rows:?}"), rows.len());
            let bytes = rows.pack();
            assert_eq!(rows.len(), 0);
            rows.unpack(len, &bytes);
            assert_eq!(format!("{rows:?}"), before);
        }
    }
}
