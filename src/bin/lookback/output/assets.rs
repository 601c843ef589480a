//! A bundle as a table of its assets, for `ingest` and `info`.

#![forbid(unsafe_code)]

use std::io::Write;

use lookback::bundle::EventOrigin;
use lookback::{AssetId, Bundle};

use super::text::{self, Table, counted};

/// What is told of each asset.
const HEADER: [&str; 7] = ["asset", "first", "last", "bars", "splits", "dividends", "bytes"];

/// What a narrow terminal goes without first.
const LEAST_TELLING: [&str; 4] = ["bytes", "dividends", "splits", "first"];

/// The assets of a bundle, in order, each with its name.
pub fn of(bundle: &Bundle) -> impl Iterator<Item = (AssetId, &str)> {
    (0..).map(AssetId).zip(bundle.symbols().iter().map(lookback::Symbol::as_str))
}

/// How many splits and how many dividends an asset has.
pub fn count_adjustments(bundle: &Bundle, asset: AssetId) -> (usize, usize) {
    let all = bundle.adjustments(asset);
    let splits = all.iter().filter(|one| one.kind.is_split()).count();
    (splits, all.len() - splits)
}

/// Writes what a bundle holds: a head of a few lines, then one line for each asset.
pub fn write_table(bundle: &Bundle, width: Option<usize>, out: &mut dyn Write) -> anyhow::Result<()> {
    let bars: usize = of(bundle).map(|(asset, _)| bundle.bars(asset)).sum();
    let bytes: u64 = of(bundle).map(|(asset, _)| bundle.bytes(asset)).sum();
    let place = if bundle.folder().is_some() { "at rest" } else { "in memory" };
    writeln!(out, "bundle     {}", bundle.name())?;
    writeln!(out, "version    {}", bundle.version())?;
    writeln!(out, "frequency  {}", bundle.frequency())?;
    let (assets, bars) = (counted(bundle.symbols().len(), "asset"), counted(bars, "bar"));
    writeln!(out, "size       {assets}, {bars}, {} {place}", counted(bytes, "byte"))?;
    writeln!(out)?;
    let mut tables = [Table::new(0, 3)];
    tables[0].row(HEADER.map(str::to_owned));
    for (asset, symbol) in of(bundle) {
        tables[0].row(cells(bundle, asset, symbol));
    }
    let dropped = text::fit(&mut tables, width, &LEAST_TELLING);
    out.write_all(tables[0].text().as_bytes())?;
    if !bundle.without_events(bundle.symbols()).is_empty() {
        writeln!(out, "-: nothing tells of splits or dividends; prices are as in the files")?;
    }
    text::write_dropped(&dropped, width, out)
}

/// Writes a header and a row for each asset.
pub fn write_csv(bundle: &Bundle, out: &mut dyn Write) -> anyhow::Result<()> {
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record(HEADER)?;
    for (asset, symbol) in of(bundle) {
        writer.write_record(cells(bundle, asset, symbol))?;
    }
    Ok(writer.flush()?)
}

fn cells(bundle: &Bundle, asset: AssetId, symbol: &str) -> [String; HEADER.len()] {
    let (first, last) = bundle.span(asset);
    let (splits, dividends) = match bundle.event_origin(asset) {
        EventOrigin::Unknown => ("-".to_owned(), "-".to_owned()),
        _ => {
            let (splits, dividends) = count_adjustments(bundle, asset);
            (splits.to_string(), dividends.to_string())
        }
    };
    [
        symbol.to_owned(),
        first.to_string(),
        last.to_string(),
        bundle.bars(asset).to_string(),
        splits,
        dividends,
        bundle.bytes(asset).to_string(),
    ]
}
