//! Appends files of bars to a bundle at rest.
//!
//! A file may begin with bars that the bundle has: the same are passed over, and others restate what is there, which is
//! told of. They are not for nothing: a split or a dividend shows between two bars, so that the first bar to append is held
//! against the last that is there.

#![forbid(unsafe_code)]

use std::collections::HashMap;
use std::path::Path;

use rust_decimal::Decimal;

use super::input::Input;
use super::options::{Options, Step};
use super::shelf::Shelf;
use super::{Found, Ingested};
use crate::asset::{AssetId, Field, Symbol};
use crate::bundle::adjustment::Adjustment;
use crate::bundle::appended::Outcome;
use crate::bundle::csv::Rows;
use crate::bundle::names::Names;
use crate::bundle::series::{Series, Sourced};
use crate::bundle::{Bundle, merge, store};
use crate::error::Error;
use crate::time::{Calendar, Timestamp};

/// Reads files as [`ingest`](super::ingest) does and appends their bars to the bundle in `folder`.
///
/// The bars come after those that the bundle has; a file may begin with some of those. The same are passed over; those of
/// other values restate what is there, and are named in [`Ingested::warnings`]. An asset may be new. The version is that of
/// one ingest of all the bars and events, and the folder changes in one step. Where no time zone is given, times without an
/// offset are in that of the bundle's sessions. Events of the days that the bundle has are taken from
/// [`Options::adjustments`](super::Options) alone.
///
/// # Errors
/// As [`ingest`](super::ingest) and [`Bundle::append`]; `Parse` where a bar would come between others, and `Invalid` where
/// the bars are of another frequency or session than the bundle's.
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
    let told = options.symbols.as_deref().map(Names::read).transpose()?;
    let names = told.clone().unwrap_or_else(|| Names::of_bundle(&bundle));
    let known = Some((bundle.frequency(), "the bundle"));
    let mut input = Input::read(files, (&options, &names), known, Shelf::in_memory())?;
    let mut found = Found::default();
    let mut assets = input.all()?;
    let mut met = HashMap::new();
    for rows in &mut assets {
        if let Ok(asset) = bundle.asset(rows.symbol.as_str()) {
            met.insert(rows.symbol.clone(), meet(&bundle, asset, rows, &options)?);
        }
    }
    let series = match &options.adjustments {
        Some(path) => {
            let series = found.given(path, assets)?;
            series.into_iter().map(|one| found.checked(one)).collect::<Result<Vec<_>, _>>()?
        }
        None => assets.into_iter().map(|rows| found.own(rows)).collect::<Result<_, _>>()?,
    };
    let is_given = options.adjustments.is_some();
    let come = series.into_iter().map(|one| match met.get(&one.series.symbol) {
        Some(met) => met.come(one, is_given),
        None => Ok(Some(one)),
    });
    let come: Vec<Sourced> = come.filter_map(Result::transpose).collect::<Result<_, _>>()?;
    options.say(Step::Writing);
    let how =
        store::Append { sources: &input.sources, keep: options.versions_to_keep()?, names: told.as_ref() };
    let (previous, outcome) = store::append(folder, &come, how)?;
    let bundle = Bundle::open(folder)?;
    tell(&outcome, &previous, &bundle, &met, &mut found);
    let (sources, readings) = (input.sources.clone(), input.readings.clone());
    Ok(found.ingested(bundle, sources, readings, input.notes()))
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

/// How the rows of a file meet the bars that the bundle has of their asset.
struct Met {
    /// The last bar of the bundle.
    last: Timestamp,
    /// Whether that bar was put before the rows, which begin after it.
    is_preceded: bool,
    file: String,
}

/// Finds how the rows of an asset meet the bars that the bundle has, and puts the last of these before rows that begin
/// after it.
fn meet(bundle: &Bundle, asset: AssetId, rows: &mut Rows, options: &Options) -> Result<Met, Error> {
    let (_, last) = bundle.span(asset);
    let known = rows.moments().partition_point(|&moment| moment <= last.0);
    let met = Met { last, is_preceded: known == 0, file: rows.file().to_owned() };
    if known == 0 {
        if rows.event_columns().adjusted_close && options.adjustments.is_none() {
            let message = format!(
                "begins after {last}, the last bar of {} in the bundle, and adj close tells of an event only beside the bar \
                 before; expected a file that holds the bar of {last} too, or --adjustments",
                rows.symbol
            );
            return Err(Error::invalid(rows.file(), message));
        }
        let bars = bundle.bars(asset);
        let mut values = [Decimal::ZERO; 5];
        for (value, field) in values.iter_mut().zip(Field::STORED) {
            let mut out = Vec::with_capacity(1);
            bundle.read(asset, field, bars - 1..bars, &mut out)?;
            // The shortest text of a correctly rounded value is the decimal that was stored.
            *value = out[0].to_string().parse().unwrap_or_default();
        }
        rows.precede(last, values);
        return Ok(met);
    }
    let calendar = bundle.calendar(asset)?;
    for bar in 0..known {
        let moment = rows.moment(bar);
        if calendar.as_slice().binary_search(&moment.0).is_err() {
            return Err(rows.refuse(bar, format!("{} {}", rows.symbol, merge::between(moment, last))));
        }
    }
    Ok(met)
}

impl Met {
    /// What of a series is appended; none where nothing is. The events of a file's own columns are those of the bars to
    /// come: of the others, the columns of a part of a series may tell otherwise than those of the whole.
    fn come(&self, one: Sourced, is_given: bool) -> Result<Option<Sourced>, Error> {
        let Sourced { series, origin } = one;
        let first = usize::from(self.is_preceded);
        let is_new = |event: &Adjustment| is_given || event.ex_date > self.last;
        let series = Series {
            symbol: series.symbol,
            calendar: Calendar::new(series.calendar.as_slice()[first..].to_vec())?,
            values: series.values.map(|mut column| column.split_off(first)),
            adjustments: series.adjustments.into_iter().filter(is_new).collect(),
        };
        Ok((!series.calendar.is_empty()).then_some(Sourced { series, origin }))
    }
}

/// Says what became of the bars.
fn tell(outcome: &Outcome, previous: &str, bundle: &Bundle, met: &HashMap<Symbol, Met>, found: &mut Found) {
    if !outcome.is_change() {
        found.notes.push("the bundle has all these bars already: nothing was appended".to_owned());
        return;
    }
    for (symbol, count) in &outcome.same {
        let file = met.get(symbol).map_or("", |met| &met.file);
        found.notes.push(format!(
            "{file}: passed over {count} of the bars of {symbol}, which the bundle has, the same"
        ));
    }
    for (symbol, event) in &outcome.events {
        if met.get(symbol).is_some_and(|met| event.ex_date <= met.last) {
            let Adjustment { ex_date, kind, .. } = event;
            found.warnings.push(format!("{symbol}: {kind} on {ex_date}, before the last bar, is new"));
        }
    }
    let mut restated = outcome.restated.as_slice();
    while let Some(first) = restated.first() {
        let own = restated.partition_point(|one| one.symbol == first.symbol);
        let more = if own == 1 { String::new() } else { format!(" (and {} more bars)", own - 1) };
        found.warnings.push(format!("restated {first}{more}"));
        restated = &restated[own..];
    }
    if !outcome.restated.is_empty() {
        found.warnings.push(format!("version {previous} is restated by version {}", bundle.version()));
    }
}
