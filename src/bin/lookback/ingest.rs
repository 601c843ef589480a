//! `lookback ingest`: CSV files in, a bundle out.

#![forbid(unsafe_code)]

use std::io::{Write as _, stderr};
use std::path::PathBuf;

use anyhow::anyhow;
use lookback::bundle::{IngestOptions, ingest};

use crate::exit::{Exit, usage};
use crate::output::{self, assets, text};

/// Files need the columns date|timestamp, open, high, low, close and volume, and may have symbol|ticker; in any case and
/// order, oldest or newest bar first, plain or gzip.
///
/// Splits and dividends come from --adjustments, else from columns such as Dividends and Stock Splits (dividend_amount,
/// split_coefficient, divCash, splitFactor), else from adj close (adjusted_close). A daily bar keeps the date that it is
/// stamped with in its own offset.
#[derive(clap::Args, Debug)]
pub struct Arguments {
    /// CSV files: one for each asset, or with a column symbol or ticker.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The folder to write; a bundle that is there is replaced.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// The asset's name, where one file has no column for it [default: the file's name].
    #[arg(long, value_name = "NAME")]
    symbol: Option<String>,
    /// Splits and dividends as symbol,date,kind,value [default: what the files' own columns tell].
    #[arg(long, value_name = "FILE")]
    adjustments: Option<PathBuf>,
    /// Widen high and low to hold open and close, and skip blank rows; each is reported.
    #[arg(long)]
    lenient: bool,
}

pub fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    if arguments.out.is_file() {
        return Err(usage(anyhow!("--out {}: is a file, expected a folder", arguments.out.display())));
    }
    let options = IngestOptions {
        symbol: arguments.symbol.clone(),
        adjustments: arguments.adjustments.clone(),
        lenient: arguments.lenient,
    };
    let ingested = ingest(&arguments.files, &arguments.out, &options)?;
    for note in &ingested.notes {
        // A closed stderr leaves nobody to tell.
        let _ = writeln!(stderr(), "note: {note}");
    }
    for warning in &ingested.warnings {
        let _ = writeln!(stderr(), "warning: {warning}");
    }
    output::to_stdout(|out| {
        for source in &ingested.sources {
            writeln!(out, "read       {} ({})", source.file, source.timestamps)?;
        }
        assets::write_table(&ingested.bundle, text::terminal_width(), out)
    })?;
    Ok(Exit::Done)
}
