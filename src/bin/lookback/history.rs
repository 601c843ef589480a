//! `lookback history`: prints a window.

#![forbid(unsafe_code)]

use std::io::Write;
use std::iter::once;
use std::path::PathBuf;

use lookback::{Adjust, Bundle, DataPortal, End, Field, Frequency, Symbol, Timestamp, When, Window};

use crate::arguments::{self, CacheArguments, Format};
use crate::exit::{Exit, usage};
use crate::output;
use crate::output::text::Table;

/// What was typed.
#[derive(clap::Args, Debug)]
pub struct Arguments {
    /// Folder of an ingested bundle; the embedded sample unless given.
    #[arg(long, value_name = "DIR")]
    bundle: Option<PathBuf>,
    /// A version that stood before, by the first digits of its name.
    #[arg(long, value_name = "NAME", requires = "bundle")]
    bundle_version: Option<String>,
    /// Assets by symbol, as of --end where names changed over time; several share the union of their bars.
    #[arg(long, value_name = "A,B", value_delimiter = ',', required = true, value_parser = arguments::symbol)]
    asset: Vec<String>,
    /// Fields: open, high, low, close, volume, price.
    #[arg(long, value_name = "F,G", value_delimiter = ',', default_value = "close")]
    field: Vec<Field>,
    /// How many bars.
    #[arg(long, value_name = "N", default_value = "20", value_parser = arguments::count)]
    bars: usize,
    /// The last bar is on or before this date or RFC 3339 moment; the last of all unless given.
    #[arg(long, value_name = "DATE")]
    end: Option<When>,
    /// A coarser frequency than the bundle's, such as 1h, 1d, 1w or 1mo; the last bar holds what is known at the end.
    #[arg(long, value_name = "STEP")]
    frequency: Option<Frequency>,
    /// Leave out a last bar of which more may come.
    #[arg(long)]
    closed_only: bool,
    /// Which events on or before the end change earlier bars: raw (none), splits, or total (splits and dividends).
    #[arg(long, value_name = "MODE", default_value_t = Adjust::Total)]
    adjust: Adjust,
    /// How to print; csv and json have every digit.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    #[command(flatten)]
    cache: CacheArguments,
}

/// A window with its names, ready to print.
struct Printout<'a> {
    frequency: Frequency,
    adjust: Adjust,
    /// What the adjustment makes of the prices.
    prices: String,
    without_events: Vec<&'a Symbol>,
    version: &'a str,
    dates: Vec<Timestamp>,
    /// The last of the bundle's own bars that the window knows.
    as_of: Option<Timestamp>,
    columns: Vec<(&'a str, Field)>,
    window: Window<'a>,
}

pub fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    let bundle = match (&arguments.bundle, &arguments.bundle_version) {
        (Some(folder), Some(version)) => Bundle::open_version(folder, version)?,
        (Some(folder), None) => Bundle::open(folder)?,
        (None, _) => Bundle::sample()?,
    };
    let base = bundle.frequency();
    let frequency = arguments.frequency.unwrap_or(base);
    let portal = DataPortal::new(bundle, arguments.cache.options()?)?;
    let snapshot = portal.snapshot();
    let fields = arguments.field.iter().copied();
    let request = match arguments.end {
        Some(end) => snapshot.request_as_of(end, &arguments.asset, fields, arguments.bars, frequency),
        None => snapshot.request(&arguments.asset, fields, arguments.bars, frequency),
    };
    let request = request.map_err(usage)?.adjust(arguments.adjust);
    let request = if arguments.closed_only { request.closed_only() } else { request };
    let calendar = snapshot.calendar(&request)?;
    let last = snapshot.request(request.assets().iter().map(Symbol::as_str), [Field::Close], 1, base)?;
    let own = snapshot.calendar(&last)?;
    let end = match (arguments.end, own.as_slice()) {
        (Some(when), _) => End::At(when),
        (None, [.., last]) => End::from(snapshot.known_at(Timestamp(*last))),
        (None, []) => End::Bar(0),
    };
    let reader = snapshot.reader();
    let window = reader.history(&request, end)?;
    let as_of = reader.history(&last, end)?.bar_range().last().and_then(|bar| own.timestamp(bar));
    let columns = request
        .assets()
        .iter()
        .flat_map(|asset| request.fields().iter().map(|&field| (asset.as_str(), field)));
    let printout = Printout {
        frequency,
        adjust: arguments.adjust,
        prices: arguments.adjust.description_of(snapshot.bundle(), request.assets()),
        without_events: snapshot.bundle().without_events(request.assets()),
        version: snapshot.bundle().version(),
        dates: window.bar_range().filter_map(|bar| calendar.timestamp(bar)).collect(),
        as_of,
        columns: columns.collect(),
        window,
    };
    output::to_stdout(|out| match arguments.format {
        Format::Table => printout.write_table(out),
        Format::Csv => printout.write_csv(out),
        Format::Json => printout.write_json(out),
    })?;
    Ok(Exit::Done)
}

impl Printout<'_> {
    /// `AAPL.close`: fields hold no dot, so the last one parts asset and field.
    fn names(&self) -> impl Iterator<Item = String> {
        self.columns.iter().map(|(asset, field)| format!("{asset}.{field}"))
    }

    fn write_csv(&self, out: &mut dyn Write) -> anyhow::Result<()> {
        let mut writer = csv::Writer::from_writer(out);
        writer.write_record(once("date".to_owned()).chain(self.names()))?;
        for (row, date) in self.dates.iter().enumerate() {
            let values = (0..self.columns.len()).map(|column| self.window.column(column)[row]);
            let values = values.map(|value| if value.is_nan() { String::new() } else { value.to_string() });
            writer.write_record(once(date.to_string()).chain(values))?;
        }
        Ok(writer.flush()?)
    }

    fn write_json(&self, out: &mut dyn Write) -> anyhow::Result<()> {
        let columns = self.columns.iter().enumerate().map(|(at, (asset, field))| {
            let values: Vec<_> =
                self.window.column(at).iter().map(|value| (!value.is_nan()).then_some(value)).collect();
            serde_json::json!({ "asset": asset, "field": field.name(), "values": values })
        });
        let document = serde_json::json!({
            "schema": output::SCHEMA,
            "bundle": self.version,
            "frequency": self.frequency.name(),
            "adjust": self.adjust.name(),
            "without_events": self.without_events.iter().map(|symbol| symbol.as_str()).collect::<Vec<_>>(),
            "dates": self.dates.iter().map(Timestamp::to_string).collect::<Vec<_>>(),
            "columns": columns.collect::<Vec<_>>(),
        });
        Ok(writeln!(out, "{document:#}")?)
    }

    fn write_table(&self, out: &mut dyn Write) -> anyhow::Result<()> {
        let mut table = Table::new(0, 0);
        table.row(once("date".to_owned()).chain(self.names()));
        let columns =
            (0..self.columns.len()).map(|at| (self.window.column(at), decimals(self.window.column(at))));
        let columns: Vec<(&[f64], usize)> = columns.collect();
        for (row, date) in self.dates.iter().enumerate() {
            let cells = columns.iter().map(|(values, decimals)| match values[row] {
                value if value.is_nan() => "-".to_owned(),
                value => format!("{value:.decimals$}"),
            });
            table.row(once(date.to_string()).chain(cells));
        }
        out.write_all(table.text().as_bytes())?;
        let last = self.as_of.map_or_else(String::new, |moment| moment.to_string());
        // Where some assets have events and others none, the date stands apart from the names.
        let as_of = match self.without_events.len() {
            _ if self.adjust == Adjust::Raw => String::new(),
            0 => format!(" as of {last}"),
            _ => format!("; as of {last}"),
        };
        let adjusted = &self.prices;
        writeln!(out, "prices in quote currency per share, volume in shares, {adjusted}{as_of}")?;
        Ok(())
    }
}

/// Decimals that show six digits of a column's smallest value, and no fraction that is not there.
fn decimals(values: &[f64]) -> usize {
    let values = || values.iter().copied().filter(|value| value.is_finite());
    if values().all(|value| value.fract() == 0.0) {
        return 0;
    }
    let smallest = values().map(f64::abs).filter(|&value| value > 0.0).fold(f64::INFINITY, f64::min);
    (2..12)
        .find(|&decimals| smallest * 10_f64.powi(decimals) >= 100_000.0)
        .map_or(12, |decimals| decimals.unsigned_abs() as usize)
}
