//! Joins bars that come to those that are there: what comes after is added, what is the same is passed over, and what
//! differs restates.

#![forbid(unsafe_code)]

use rust_decimal::Decimal;

use super::adjustment::Adjustment;
use super::appended::{Outcome, Restated};
use super::bars::Bars;
use super::column::{DecimalColumn, Scales, Table};
use super::memory::Memory;
use super::series::Series;
use crate::asset::Symbol;
use crate::error::Error;
use crate::time::{Calendar, Timestamp};

/// Where the close stands among the stored fields.
const CLOSE: usize = 3;

/// Some last bars of an asset with those that came.
#[derive(Debug)]
pub(super) struct Merged {
    pub(super) bars: Memory,
    pub(super) outcome: Outcome,
    /// The first of the asset's rows that is not as it was.
    pub(super) changed_from: usize,
}

/// The first of an asset's rows that bars which come could restate: its number of bars where they all come after it.
pub(super) fn first_touched(old: &dyn Bars, come: &Series) -> Result<usize, Error> {
    match come.calendar.timestamp(0) {
        Some(first) if first <= old.span().1 => old.row_from(first),
        _ => Ok(old.len()),
    }
}

/// Joins the rows of an asset from `first` on, at `scales`, with bars that come; none of them comes before that row.
pub(super) fn merge(old: &dyn Bars, first: usize, come: &Series, scales: Scales) -> Result<Merged, Error> {
    let tail = old.tail(&come.symbol, first, scales)?;
    let come = Memory::of_series(come, scales).map(|memory| (memory, &come.symbol))?;
    join(tail, first, come, old.span())
}

fn join(
    (calendar, columns): Table,
    first: usize,
    (come, symbol): (Memory, &Symbol),
    span: (Timestamp, Timestamp),
) -> Result<Merged, Error> {
    let mut moments = calendar.as_slice().to_vec();
    let mut columns = columns.map(DecimalColumn::into_mantissas);
    let coming = come.calendar.as_slice();
    let overlap = coming.partition_point(|&moment| moment <= span.1.0);
    let known = moments.len();
    let mut outcome = Outcome { added: coming.len() - overlap, ..Outcome::default() };
    let mut changed_from = first + known;
    for (bar, &moment) in coming[..overlap].iter().enumerate() {
        let Ok(row) = moments[..known].binary_search(&moment) else {
            return Err(Error::invalid(symbol.to_string(), between(Timestamp(moment), span.1)));
        };
        let values = come.columns.each_ref().map(|column| column.mantissas()[bar]);
        let before = columns.each_ref().map(|column| column[row]);
        if values == before {
            *outcome.same.entry(symbol.clone()).or_default() += 1;
            continue;
        }
        for (column, value) in columns.iter_mut().zip(values) {
            column[row] = value;
        }
        let scale = |column: usize| come.columns[column].scale();
        outcome.restated.push(Restated {
            symbol: symbol.clone(),
            moment: Timestamp(moment),
            before: decimals(before, scale),
            after: decimals(values, scale),
        });
        changed_from = changed_from.min(first + row);
    }
    moments.extend_from_slice(&coming[overlap..]);
    let mut index = 0;
    let columns = columns.map(|mut column| {
        let more = &come.columns[index];
        index += 1;
        column.extend_from_slice(&more.mantissas()[overlap..]);
        DecimalColumn::of_mantissas(column, more.scale())
    });
    Ok(Merged { bars: Memory::of_columns(Calendar::new(moments)?, columns), outcome, changed_from })
}

/// What is said of a bar that would come between others.
pub(super) fn between(moment: Timestamp, last: Timestamp) -> String {
    format!(
        "{moment} is no bar of the bundle, though not after its last, {last}; append takes bars that come after and bars \
         that are there, ingest all files anew to put one between others"
    )
}

fn decimals(mantissas: [i128; 5], scale: impl Fn(usize) -> u32) -> [Decimal; 5] {
    let mut column = 0;
    mantissas.map(|mut mantissa| {
        let mut scale = scale(column);
        column += 1;
        while scale > 0 && mantissa % 10 == 0 {
            mantissa /= 10;
            scale -= 1;
        }
        // What was read as a decimal is one again without the zeros that the column's scale put behind it.
        Decimal::try_from_i128_with_scale(mantissa, scale).unwrap_or_default()
    })
}

/// The events that were known and those that came, in order; what came again, the same, is there once. Those that are
/// new are told of.
pub(super) fn events(
    symbol: &Symbol,
    known: &[Adjustment],
    come: &[Adjustment],
    outcome: &mut Outcome,
) -> Result<Vec<Adjustment>, Error> {
    let mut all = known.to_vec();
    for one in come {
        let is_it =
            |known: &&Adjustment| known.ex_date == one.ex_date && known.kind.rank() == one.kind.rank();
        match known.iter().find(is_it) {
            Some(known) if known == one => {}
            Some(known) => {
                let message = format!("{} on {}, but the bundle has {}", one.kind, one.ex_date, known.kind);
                return Err(Error::invalid(symbol.to_string(), message));
            }
            None => {
                outcome.events.push((symbol.clone(), *one));
                all.push(*one);
            }
        }
    }
    Adjustment::sort(&mut all);
    Ok(all)
}

/// Writes beside each event the close of the bar before it: from the bars of `tail`, of which the first is row `first`, and
/// where they do not reach so far, as it was or from the bars that are there.
pub(super) fn with_closes(
    mut events: Vec<Adjustment>,
    old: Option<&dyn Bars>,
    (first, tail): (usize, Option<&Memory>),
) -> Result<Vec<Adjustment>, Error> {
    for event in &mut events {
        let within = tail
            .map_or(0, |tail| tail.calendar.as_slice().partition_point(|&moment| moment < event.ex_date.0));
        let mut close = Vec::with_capacity(1);
        match (within.checked_sub(1), old) {
            (Some(row), _) => tail.map_or(Ok(()), |tail| tail.read(CLOSE, row..row + 1, &mut close))?,
            (None, Some(old)) if event.close.is_none() => {
                let row = old.row_from(event.ex_date)?.min(if tail.is_some() { first } else { usize::MAX });
                if row > 0 {
                    old.read(CLOSE, row - 1..row, &mut close)?;
                }
            }
            _ => {}
        }
        event.close = close.first().copied().or(event.close);
    }
    Ok(events)
}
