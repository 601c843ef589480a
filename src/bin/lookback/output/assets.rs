//! A bundle as a table of its assets, for `ingest` and `info`.

#![forbid(unsafe_code)]

use std::io::{self, Write};

use lookback::{AssetId, Bundle};

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

/// Prints what a bundle holds: a head of a few lines, then one line for each asset.
pub fn print(bundle: &Bundle, out: &mut impl Write) -> io::Result<()> {
    let bars: usize = of(bundle).map(|(asset, _)| bundle.bars(asset)).sum();
    let bytes: u64 = of(bundle).map(|(asset, _)| bundle.bytes(asset)).sum();
    let place = if bundle.folder().is_some() { "at rest" } else { "in memory" };
    writeln!(out, "bundle     {}", bundle.name())?;
    writeln!(out, "version    {}", bundle.version())?;
    writeln!(out, "frequency  {}", bundle.frequency())?;
    writeln!(out, "size       {} assets, {bars} bars, {bytes} bytes {place}", bundle.symbols().len())?;
    writeln!(out)?;
    let width =
        bundle.symbols().iter().map(|symbol| symbol.as_str().chars().count()).max().unwrap_or(0).max(5);
    let dates = of(bundle).flat_map(|(asset, _)| <[_; 2]>::from(bundle.span(asset)));
    let date = dates.map(|moment| moment.to_string().len()).max().unwrap_or(10);
    writeln!(
        out,
        "{:<width$}  {:<date$}  {:<date$}  {:>9}  {:>6}  {:>9}  {:>11}",
        "asset", "first", "last", "bars", "splits", "dividends", "bytes"
    )?;
    for (asset, symbol) in of(bundle) {
        let (first, last) = bundle.span(asset);
        let (splits, dividends) = count_adjustments(bundle, asset);
        let (bars, bytes) = (bundle.bars(asset), bundle.bytes(asset));
        writeln!(
            out,
            "{symbol:<width$}  {first:<date$}  {last:<date$}  {bars:>9}  {splits:>6}  {dividends:>9}  {bytes:>11}"
        )?;
    }
    Ok(())
}
