//! Appends files of bars to a bundle at rest.
//!
//! A file may begin with bars that the bundle has: they must be the same, and are passed over. They are not for nothing:
//! a split or a dividend shows between two bars, so that the first bar to append is held against the last that is there.

#![forbid(unsafe_code)]

use std::path::Path;

use rust_decimal::Decimal;

use super::input::Input;
use super::options::{Options, Step};
use super::shelf::Shelf;
use super::{Found, Ingested};
use crate::asset::{AssetId, Field};
use crate::bundle::csv::Rows;
use crate::bundle::series::{Series, Sourced};
use crate::bundle::{Bundle, store};
use crate::decimal;
use crate::error::Error;
use crate::time::{Calendar, Timestamp};

/// Reads files as [`ingest`](super::ingest) does and appends their bars to the bundle in `folder`.
///
/// The bars come after those that the bundle has; a file may begin with some of those, the same to the bit, which are
/// passed over. An asset may be new. The version is that of one ingest of all the bars and events, and the folder changes
/// in one step. Where no time zone is given, times without an offset are in that of the bundle's sessions.
///
/// # Errors
/// As [`ingest`](super::ingest) and [`Bundle::append`]; `Parse` where a bar differs from the one that is there, and
/// `Invalid` where the bars are of another frequency or session than the bundle's.
///
/// # Examples
/// ```
/// # let folder = tempfile::tempdir()?;
/// # let (csv, out) = (folder.path().join("A.csv"), folder.path().join("bundle"));
/// use lookback::bundle::{IngestOptions, append, ingest};
/// let options = IngestOptions::default();
/// std::fs::write(&csv, "date,open,high,low,close\n2005-02-28,1,2,1,2\n")?;
/// ingest(&[&csv], &out, &options)?;
/// std::fs::write(&csv, "date,open,high,low,close\n2005-02-28,1,2,1,2\n2005-03-01,2,3,2,3\n")?;
/// let bundle = append(&[&csv], &out, &options)?.bundle;
/// assert_eq!(bundle.bars(bundle.asset("A")?), 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn append(files: &[impl AsRef<Path>], folder: &Path, options: &Options) -> Result<Ingested, Error> {
    let bundle = Bundle::open(folder)?;
    let mut options = options.clone();
    if options.time_zone.is_none() && options.preset.is_none() && bundle.session().time_zone != "UTC" {
        options.time_zone = Some(bundle.session().time_zone.clone());
    }
    check_session(&bundle, folder, &options)?;
    let known = Some((bundle.frequency(), "the bundle"));
    let mut input = Input::read(files, &options, known, Shelf::in_memory())?;
    let mut found = Found::default();
    let mut assets = input.all()?;
    let mut last_bars = Vec::with_capacity(assets.len());
    for rows in &mut assets {
        let last = match bundle.asset(rows.symbol.as_str()) {
            Ok(asset) => Some(meet(&bundle, asset, rows, &options, &mut found.notes)?),
            Err(_) => None,
        };
        last_bars.push((rows.symbol.clone(), last));
    }
    let series = match &options.adjustments {
        Some(path) => {
            let series = found.given(path, assets)?;
            series.into_iter().map(|one| found.checked(one)).collect::<Result<Vec<_>, _>>()?
        }
        None => assets.into_iter().map(|rows| found.own(rows)).collect::<Result<_, _>>()?,
    };
    let mut new = Vec::with_capacity(series.len());
    for one in series {
        let last =
            last_bars.iter().find(|(symbol, _)| *symbol == one.series.symbol).and_then(|(_, last)| *last);
        new.extend(after(one, last)?);
    }
    if new.is_empty() {
        found.notes.push("the bundle has all these bars already: nothing was appended".to_owned());
    } else {
        options.say(Step::Writing);
        store::append(folder, &new, &input.sources)?;
    }
    let (sources, readings) = (input.sources.clone(), input.readings.clone());
    Ok(found.ingested(Bundle::open(folder)?, sources, readings, input.notes()))
}

/// What was asked for of the session must be what the bundle has.
fn check_session(bundle: &Bundle, folder: &Path, options: &Options) -> Result<(), Error> {
    let has = bundle.session();
    let asked = options.session(options.reading()?.zone.as_ref());
    let differ = |flag: &str, asked: &str, has: &str| {
        let message =
            format!("is {asked}, but the bundle in {} has {has}; ingest anew to change it", folder.display());
        Err(Error::bad_parameter(flag, message))
    };
    if options.stamp.is_some_and(|stamp| stamp != has.stamp) {
        return differ("--stamp", asked.stamp.name(), has.stamp.name());
    }
    if options.session.is_some() && asked.start != has.start {
        return differ("--session", &asked.start, &has.start);
    }
    if options.time_zone.is_some() && options.session.is_some() && asked.time_zone != has.time_zone {
        return differ("--tz", &asked.time_zone, &has.time_zone);
    }
    Ok(())
}

/// Holds the rows of an asset against the bars that the bundle has, and puts the last of these before rows that begin
/// after it. Gives the moment of that last bar.
fn meet(
    bundle: &Bundle,
    asset: AssetId,
    rows: &mut Rows,
    options: &Options,
    notes: &mut Vec<String>,
) -> Result<Timestamp, Error> {
    let (_, last) = bundle.span(asset);
    let bars = bundle.bars(asset);
    let known = rows.moments().partition_point(|&moment| moment <= last.0);
    if known == 0 {
        if rows.event_columns().adjusted_close && options.adjustments.is_none() {
            let message = format!(
                "begins after {last}, the last bar of {} in the bundle, and adj close tells of an event only beside the bar \
                 before; expected a file that holds the bar of {last} too, or --adjustments",
                rows.symbol
            );
            return Err(Error::invalid(rows.file(), message));
        }
        let mut values = [Decimal::ZERO; 5];
        for (value, field) in values.iter_mut().zip(Field::STORED) {
            let mut out = Vec::with_capacity(1);
            bundle.read(asset, field, bars - 1..bars, &mut out)?;
            // The shortest text of a correctly rounded value is the decimal that was stored.
            *value = out[0].to_string().parse().unwrap_or_default();
        }
        rows.precede(last, values);
        return Ok(last);
    }
    let calendar = bundle.calendar(asset)?;
    let first = calendar.as_slice().partition_point(|&moment| moment < rows.moments()[0]);
    let mut columns: [Vec<f64>; 5] = Default::default();
    for (column, field) in columns.iter_mut().zip(Field::STORED) {
        bundle.read(asset, field, first..bars, column)?;
    }
    for bar in 0..known {
        let moment = rows.moment(bar);
        let Some(at) = calendar.as_slice().get(first + bar).filter(|&&at| at == moment.0).map(|_| bar) else {
            let message = format!(
                "{} {moment} is no bar of the bundle, though not after its last, {last}; append takes bars that come after, \
                 ingest all files anew to change what is before",
                rows.symbol
            );
            return Err(rows.refuse(bar, message));
        };
        for (column, field) in Field::STORED.iter().enumerate() {
            let (value, stored) = (rows.value(column, bar), columns[column][at]);
            if decimal::to_f64(value).to_bits() != stored.to_bits() {
                let message = format!(
                    "{field} of {} {moment} is {value}, but the bundle has {stored}; append adds bars and restates none, \
                     ingest all files anew to do so",
                    rows.symbol
                );
                return Err(rows.refuse(bar, message));
            }
        }
    }
    notes.push(format!(
        "{}: passed over {known} of the bars of {}, which the bundle has, the same",
        rows.file(),
        rows.symbol
    ));
    Ok(last)
}

/// What of a series comes after a moment; none where nothing does.
fn after(one: Sourced, last: Option<Timestamp>) -> Result<Option<Sourced>, Error> {
    let Some(last) = last else { return Ok(Some(one)) };
    let Sourced { series, origin } = one;
    let first = series.calendar.as_slice().partition_point(|&moment| moment <= last.0);
    if first == series.calendar.len() {
        return Ok(None);
    }
    let series = Series {
        symbol: series.symbol,
        calendar: Calendar::new(series.calendar.as_slice()[first..].to_vec())?,
        values: series.values.map(|mut column| column.split_off(first)),
        adjustments: series.adjustments.into_iter().filter(|event| event.ex_date > last).collect(),
    };
    Ok(Some(Sourced { series, origin }))
}
