//! The columns of rows as bytes, so that they can wait on the disk.

#![forbid(unsafe_code)]

use rust_decimal::Decimal;

use super::rows::Rows;

/// How the values of a column are written: as decimals of one scale in few bytes where they can be, else as they are.
const NARROW: u8 = 0;
const WIDE: u8 = 1;
const WHOLE: u8 = 2;

impl Rows {
    /// Takes the columns out; what is left knows its symbol, its files and its events.
    pub(in crate::bundle) fn pack(&mut self) -> Vec<u8> {
        // Four bytes of most values.
        let mut bytes = Vec::with_capacity(self.len() * (8 + 4 + 4 + 5 * 4) + 64);
        bytes.extend(std::mem::take(&mut self.moments).iter().flat_map(|moment| moment.to_le_bytes()));
        bytes.extend(std::mem::take(&mut self.offsets).iter().flat_map(|offset| offset.to_le_bytes()));
        bytes.extend(std::mem::take(&mut self.lines).iter().flat_map(|line| line.to_le_bytes()));
        bytes.push(u8::from(!self.adjusted.is_empty()));
        for column in self.values.iter_mut().chain([&mut self.adjusted]) {
            pack_column(&std::mem::take(column), &mut bytes);
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
        let has_adjusted = next(1) == [1];
        let adjusted = has_adjusted.then_some(&mut self.adjusted);
        for column in self.values.iter_mut().chain(adjusted) {
            let [way, scale] = *next(2) else { return };
            let scale = u32::from(scale);
            match way {
                NARROW => column.extend(
                    (next(4 * len).as_chunks().0.iter())
                        .map(|bytes| Decimal::new(i64::from(i32::from_le_bytes(*bytes)), scale)),
                ),
                WIDE => column.extend(
                    (next(8 * len).as_chunks().0.iter())
                        .map(|bytes| Decimal::new(i64::from_le_bytes(*bytes), scale)),
                ),
                _ => column
                    .extend(next(16 * len).as_chunks().0.iter().map(|bytes| Decimal::deserialize(*bytes))),
            }
        }
    }
}

fn pack_column(column: &[Decimal], bytes: &mut Vec<u8>) {
    let scale = column.first().map_or(0, Decimal::scale);
    // A negative zero has a sign of its own.
    let is_alike = |value: &Decimal| value.scale() == scale && !(value.is_zero() && value.is_sign_negative());
    let mantissa = |value: &Decimal| i64::try_from(value.mantissa()).ok().filter(|_| is_alike(value));
    let (mut narrow, mut wide) = (true, true);
    for value in column {
        let mantissa = mantissa(value);
        wide &= mantissa.is_some();
        narrow &= mantissa.is_some_and(|mantissa| i32::try_from(mantissa).is_ok());
        if !wide {
            break;
        }
    }
    let way = if narrow {
        NARROW
    } else if wide {
        WIDE
    } else {
        WHOLE
    };
    bytes.extend([way, u8::try_from(scale).unwrap_or(0)]);
    let mantissas = column.iter().filter_map(mantissa);
    match way {
        NARROW => {
            bytes.extend(mantissas.filter_map(|one| i32::try_from(one).ok()).flat_map(i32::to_le_bytes))
        }
        WIDE => bytes.extend(mantissas.flat_map(i64::to_le_bytes)),
        _ => bytes.extend(column.iter().flat_map(Decimal::serialize)),
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
                let mixed = Decimal::new(line, u32::try_from(line % 5).unwrap());
                rows.push(&Row {
                    stamped: Stamped::new(Timestamp(line << 40), Timestamp((line << 40) + 3_600_000_000_000)),
                    line: line.unsigned_abs(),
                    values: [value, -value * Decimal::new(100_000, 0), mixed, -Decimal::ZERO, Decimal::MAX],
                    adjusted: adjusted_close.then_some(Decimal::new(line, 2)),
                    split: None,
                    dividend: None,
                });
            }
            let (before, len) = (format!("{rows:?}"), rows.len());
            let bytes = rows.pack();
            assert_eq!(rows.len(), 0);
            rows.unpack(len, &bytes);
            assert_eq!(format!("{rows:?}"), before);
            let scales = |rows: &Rows| -> Vec<(u32, bool)> {
                let all = rows.values.iter().chain([&rows.adjusted]).flatten();
                all.map(|value| (value.scale(), value.is_sign_negative())).collect()
            };
            let known = scales(&rows);
            let bytes = rows.pack();
            rows.unpack(len, &bytes);
            assert_eq!(scales(&rows), known, "scales and signs too");
        }
    }
}
