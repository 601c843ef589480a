//! `lookback info`: what a bundle holds.

#![forbid(unsafe_code)]

use std::io::{Write as _, stderr};
use std::path::PathBuf;

use lookback::bundle::{Name, Version};
use lookback::{AssetId, Bundle, Timestamp, time::DAY_NS};
use serde_json::{Value, json};

use crate::arguments::Format;
use crate::exit::Exit;
use crate::output::{self, assets, text};

#[derive(clap::Args, Debug)]
pub struct Arguments {
    /// The bundle [default: the sample].
    #[arg(value_name = "DIR")]
    bundle: Option<PathBuf>,
    /// A version that stood before, by the first digits of its name; --format json lists those that are there.
    #[arg(long, value_name = "NAME", requires = "bundle")]
    bundle_version: Option<String>,
    /// How to print it.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

pub fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    let bundle = match (&arguments.bundle, &arguments.bundle_version) {
        (Some(folder), Some(version)) => Bundle::open_version(folder, version)?,
        (Some(folder), None) => Bundle::open(folder)?,
        (None, _) => Bundle::sample()?,
    };
    output::to_stdout(|out| match arguments.format {
        Format::Table => assets::write_table(&bundle, text::terminal_width(), out),
        Format::Csv => assets::write_csv(&bundle, out),
        Format::Json => Ok(writeln!(out, "{:#}", to_json(&bundle)?)?),
    })?;
    for fault in bundle.folder().map(Bundle::glance).transpose()?.unwrap_or_default() {
        // A closed stderr leaves nobody to tell.
        let _ = writeln!(stderr(), "warning: {fault}");
    }
    let others = versions(&bundle)?.len().saturating_sub(1);
    if others > 0 {
        let _ = writeln!(
            stderr(),
            "note: {others} other versions are there; lookback prune removes those that no longer stand"
        );
    }
    for (asset, symbol) in assets::of(&bundle) {
        for jump in bundle.jumps(asset)? {
            // A closed stderr leaves nobody to tell.
            let _ = writeln!(stderr(), "warning: {symbol}: {jump}");
        }
    }
    Ok(Exit::Done)
}

/// The versions that the bundle's folder holds, where it has one.
fn versions(bundle: &Bundle) -> anyhow::Result<Vec<Version>> {
    Ok(bundle.folder().map(Bundle::versions).transpose()?.unwrap_or_default())
}

fn to_json(bundle: &Bundle) -> anyhow::Result<Value> {
    let session = bundle.session();
    let assets = assets::of(bundle).map(|(asset, symbol)| asset_to_json(bundle, asset, symbol));
    Ok(json!({
        "schema": output::SCHEMA,
        "name": bundle.name(),
        "version": bundle.version(),
        "frequency": bundle.frequency().name(),
        "stamp": session.stamp.name(),
        "time_zone": session.time_zone,
        "session_start": session.start,
        "folder": bundle.folder(),
        "versions": versions(bundle)?.iter().map(|one| json!({"version": one.name, "made": one.made, "how": one.how})).collect::<Vec<_>>(),
        "bars": assets::of(bundle).map(|(asset, _)| bundle.bars(asset)).sum::<usize>(),
        "bytes": assets::of(bundle).map(|(asset, _)| bundle.bytes(asset)).sum::<u64>(),
        "assets": assets.collect::<anyhow::Result<Vec<_>>>()?,
    }))
}

fn asset_to_json(bundle: &Bundle, asset: AssetId, symbol: &str) -> anyhow::Result<Value> {
    let (first, last) = bundle.span(asset);
    let (splits, dividends) = assets::count_adjustments(bundle, asset);
    let adjustments = bundle.adjustments(asset).iter().map(
        |one| json!({"ex_date": one.ex_date.to_string(), "kind": one.kind.name(), "value": one.kind.value(), "known": one.known.map(|known| known.to_string()), "close_before": one.close}),
    );
    let jumps = bundle.jumps(asset)?;
    let jumps = jumps.iter().map(|jump| json!({"date": jump.date.to_string(), "split": jump.split, "close_before": jump.close_before, "open": jump.open, "known": jump.known}));
    Ok(json!({
        "symbol": symbol,
        "first": first.to_string(),
        "last": last.to_string(),
        "bars": bundle.bars(asset),
        "bytes": bundle.bytes(asset),
        "splits": splits,
        "dividends": dividends,
        "events": bundle.event_origin(asset).name(),
        "adjustments": adjustments.collect::<Vec<_>>(),
        "names": bundle.names(asset).iter().map(name).collect::<Vec<_>>(),
        "ended": bundle.ended(asset).map(day),
        "jumps": jumps.collect::<Vec<_>>(),
    }))
}

fn day(moment: Timestamp) -> String {
    Timestamp(moment.days() * DAY_NS).to_string()
}

fn name(name: &Name) -> Value {
    json!({"symbol": name.symbol.as_str(), "from": name.from.map(day), "to": name.to.map(day)})
}
