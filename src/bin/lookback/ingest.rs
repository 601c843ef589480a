//! `lookback ingest` and `lookback append`: files of bars in, a bundle out.

#![forbid(unsafe_code)]

use std::io::{Write as _, stderr};
use std::path::PathBuf;

use anyhow::anyhow;
use lookback::bundle::{
    DecimalMark, Delimiter, Hours, IngestOptions, Ingested, Preset, Stamp, append, ingest,
};
use rust_decimal::Decimal;

use crate::exit::{Exit, usage};
use crate::output::{self, assets, progress::Bytes, text};

/// More files than this are counted, not listed.
const LISTED_FILES: usize = 20;

/// Files need columns for the date or time, open, high, low and close, by any of their usual names in any case and order;
/// volume, symbol, adj close, dividends and stock splits are read where they are there. What was read as what is shown.
/// Files may be packed by gzip, zstd, bzip2 or zip, and run from the oldest or the newest bar.
///
/// Splits and dividends come from --adjustments, else from columns such as Dividends and Stock Splits (dividend_amount,
/// split_coefficient, divCash, splitFactor), else from adj close (adjusted_close). A daily bar keeps the date that it is
/// stamped with in its own offset, or in the time zone that --tz gives.
#[derive(clap::Args, Debug)]
pub struct Arguments {
    #[command(flatten)]
    input: Input,
    /// The folder to write; the version of a bundle that stands there gives way to the new one, and stays beside it.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

/// The bars come after those that the bundle has; a file may begin with some of these. The same are passed over, and others
/// restate what is there, each told of. Files are read as `lookback ingest` reads them, and the bundle is then that of one
/// ingest of all.
#[derive(clap::Args, Debug)]
pub struct AppendArguments {
    /// The bundle to append to.
    #[arg(value_name = "DIR")]
    bundle: PathBuf,
    #[command(flatten)]
    input: Input,
}

/// What is read, and how.
#[derive(clap::Args, Debug)]
struct Input {
    /// Files, folders of files or patterns such as 'bars/*.csv.gz'; several files may follow one another for one asset.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The asset's name, where no column gives it [default: what the file's name tells].
    #[arg(long, value_name = "NAME")]
    symbol: Option<String>,
    /// Splits and dividends as symbol,date,kind,value [default: what the files' own columns tell].
    #[arg(long, value_name = "FILE")]
    adjustments: Option<PathBuf>,
    /// Let small faults pass: widen high and low to hold open and close, skip rows that are blank or lack a price, take a
    /// missing volume as 0, keep one of equal rows; each is reported.
    #[arg(long)]
    lenient: bool,
    /// What is known of a vendor's files: binance, histdata, lean, mt5, stooq, polygon, databento, nasdaq, yfinance,
    /// alphavantage or kaggle. Other options go before it.
    #[arg(long, value_name = "VENDOR", value_parser = str::parse::<Preset>)]
    preset: Option<Preset>,
    /// The columns in their order, for files without a header: date,open,high,low,close,volume; - is one to leave out.
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    columns: Option<Vec<String>>,
    /// What parts the fields: comma, semicolon, tab or pipe [default: what the first line shows].
    #[arg(long, value_name = "MARK", value_parser = str::parse::<Delimiter>)]
    delimiter: Option<Delimiter>,
    /// What stands before the fraction of a number: point or comma [default: what the numbers show].
    #[arg(long, value_name = "MARK", value_parser = str::parse::<DecimalMark>)]
    decimal: Option<DecimalMark>,
    /// The time zone of times without an offset, of the dates of daily bars and of sessions, such as America/New_York.
    #[arg(long, visible_alias = "time-zone", value_name = "ZONE")]
    tz: Option<String>,
    /// How dates and times are written, as strptime has it: %m/%d/%Y.
    #[arg(long, value_name = "FORMAT")]
    date_format: Option<String>,
    /// Which end of a bar its time marks: start or end [default: start].
    #[arg(long, value_name = "EDGE", value_parser = str::parse::<Stamp>)]
    stamp: Option<Stamp>,
    /// The hours of a session in the time zone of --tz: bars outside of it are left out, and counted.
    #[arg(long, value_name = "HH:MM-HH:MM", value_parser = str::parse::<Hours>)]
    session: Option<Hours>,
    /// What all prices are multiplied by: 0.0001 where they are written times 10,000; 1e-9 is one billionth.
    #[arg(long, value_name = "FACTOR", value_parser = factor)]
    price_scale: Option<Decimal>,
    /// Let prices at or below 0 pass, as those of oil on 2020-04-20.
    #[arg(long)]
    allow_negative: bool,
    /// The names that assets had over time as id,symbol,from,to: rows of a symbol go to the asset that had it on their day.
    #[arg(long, value_name = "FILE")]
    symbols: Option<PathBuf>,
    /// How many versions of the bundle stay, the new one among them [default: all; `lookback prune` removes them later].
    #[arg(long, value_name = "N")]
    keep: Option<usize>,
}

fn factor(text: &str) -> Result<Decimal, String> {
    text.parse()
        .or_else(|_| Decimal::from_scientific(text))
        .map_err(|_| "expected a factor such as 0.0001 or 1e-9".to_owned())
}

impl Input {
    fn options(&self, bar: &Bytes) -> IngestOptions {
        IngestOptions {
            symbol: self.symbol.clone(),
            adjustments: self.adjustments.clone(),
            lenient: self.lenient,
            preset: self.preset,
            columns: self.columns.clone(),
            delimiter: self.delimiter,
            decimal: self.decimal,
            time_zone: self.tz.clone(),
            date_format: self.date_format.clone(),
            stamp: self.stamp,
            session: self.session,
            price_scale: self.price_scale,
            allow_negative: self.allow_negative,
            symbols: self.symbols.clone(),
            keep: self.keep,
            progress: Some(bar.progress()),
        }
    }
}

pub fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    if arguments.out.is_file() {
        return Err(usage(anyhow!("--out {}: is a file, expected a folder", arguments.out.display())));
    }
    let bar = Bytes::new();
    show(&ingest(&arguments.input.files, &arguments.out, &arguments.input.options(&bar))?, &bar)
}

pub fn run_append(arguments: &AppendArguments) -> anyhow::Result<Exit> {
    let bar = Bytes::new();
    show(&append(&arguments.input.files, &arguments.bundle, &arguments.input.options(&bar))?, &bar)
}

/// Talk on stderr, and on stdout what was read and the bundle that it made.
fn show(ingested: &Ingested, bar: &Bytes) -> anyhow::Result<Exit> {
    bar.clear();
    for note in &ingested.notes {
        // A closed stderr leaves nobody to tell.
        let _ = writeln!(stderr(), "note: {note}");
    }
    for warning in &ingested.warnings {
        let _ = writeln!(stderr(), "warning: {warning}");
    }
    output::to_stdout(|out| {
        for source in ingested.sources.iter().take(LISTED_FILES) {
            writeln!(out, "read       {} ({})", source.file, source.timestamps)?;
        }
        if let Some(more) = ingested.sources.len().checked_sub(LISTED_FILES).filter(|&more| more > 0) {
            writeln!(out, "read       {more} more files")?;
        }
        for reading in &ingested.readings {
            writeln!(out, "columns    {reading}")?;
        }
        assets::write_table(&ingested.bundle, text::terminal_width(), out)
    })?;
    Ok(Exit::Done)
}
