//! `lookback info`: what a bundle holds.

#![forbid(unsafe_code)]

use std::io::{Write as _, stdout};
use std::path::PathBuf;
use std::process::ExitCode;

use lookback::{AssetId, Bundle};
use serde_json::{Value, json};

use crate::output::assets;

#[derive(clap::Args, Debug)]
pub struct Arguments {
    /// The bundle [default: the sample].
    #[arg(value_name = "DIR")]
    bundle: Option<PathBuf>,
    /// How to print it.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

#[derive(clap::ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
enum Format {
    Table,
    Json,
}

pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let bundle = arguments.bundle.as_ref().map_or_else(Bundle::sample, Bundle::open)?;
    let mut out = stdout().lock();
    match arguments.format {
        Format::Table => assets::print(&bundle, &mut out)?,
        Format::Json => writeln!(out, "{:#}", to_json(&bundle))?,
    }
    Ok(ExitCode::SUCCESS)
}

fn to_json(bundle: &Bundle) -> Value {
    let session = bundle.session();
    json!({
        "name": bundle.name(),
        "version": bundle.version(),
        "frequency": bundle.frequency().name(),
        "stamp": session.stamp.name(),
        "time_zone": session.time_zone,
        "session_start": session.start,
        "folder": bundle.folder(),
        "bars": assets::of(bundle).map(|(asset, _)| bundle.bars(asset)).sum::<usize>(),
        "bytes": assets::of(bundle).map(|(asset, _)| bundle.bytes(asset)).sum::<u64>(),
        "assets": assets::of(bundle).map(|(asset, symbol)| asset_to_json(bundle, asset, symbol)).collect::<Vec<_>>(),
    })
}

fn asset_to_json(bundle: &Bundle, asset: AssetId, symbol: &str) -> Value {
    let (first, last) = bundle.span(asset);
    let (splits, dividends) = assets::count_adjustments(bundle, asset);
    let adjustments = bundle.adjustments(asset).iter().map(
        |one| json!({"ex_date": one.ex_date.to_string(), "kind": one.kind.name(), "value": one.kind.value()}),
    );
    json!({
        "symbol": symbol,
        "first": first.to_string(),
        "last": last.to_string(),
        "bars": bundle.bars(asset),
        "bytes": bundle.bytes(asset),
        "splits": splits,
        "dividends": dividends,
        "adjustments": adjustments.collect::<Vec<_>>(),
    })
}
