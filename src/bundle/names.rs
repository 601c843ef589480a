//! The names that assets had over time: `symbols.csv`, and which asset a name meant on a day.

#![forbid(unsafe_code)]

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use super::Bundle;
use super::csv::{Rows, decode, parse_error, split};
use super::name::Name;
use super::series::check_symbol;
use crate::asset::{AssetId, Symbol};
use crate::error::{Error, ErrorKind};
use crate::time::{DAY_NS, Timestamp, When};

/// The names of all assets that have any, by the name that an asset has in its bundle, oldest first.
#[derive(Clone, Default, Debug)]
pub(super) struct Names {
    of: HashMap<Symbol, Vec<Name>>,
    file: String,
}

impl Names {
    /// Reads a file with the columns id, symbol, from and to, in any case and order: `id` is the asset's name in the bundle.
    pub(super) fn read(path: &Path) -> Result<Self, Error> {
        let file = path.display().to_string();
        let bytes = fs::read(path).map_err(|error| Error::io(&file, "cannot be read", error))?;
        let text = decode(&file, &bytes)?;
        let mut lines = text.lines().zip(1_u64..).filter(|(line, _)| !line.trim().is_empty());
        let (header, _) =
            lines.next().ok_or_else(|| Error::invalid(&*file, "is empty, expected a header"))?;
        let header: Vec<String> = split(header).iter().map(|name| name.trim().to_lowercase()).collect();
        let position = |wanted: &str| {
            header.iter().position(|name| name == wanted).ok_or_else(|| {
                let message =
                    format!("no column {wanted}; found {}; expected id, symbol, from, to", header.join(", "));
                parse_error(&file, 1, message)
            })
        };
        let columns = [position("id")?, position("symbol")?, position("from")?, position("to")?];
        let mut names = Self { of: HashMap::new(), file: file.clone() };
        for (line, number) in lines {
            let fields = split(line);
            let row = |message: String| parse_error(&file, number, message);
            if fields.len() != header.len() {
                let (found, expected) = (fields.len(), header.len());
                return Err(row(format!("the row has {found} fields, expected {expected} as in the header")));
            }
            let [id, symbol, from, to] = columns.map(|column| fields[column].trim());
            check_symbol(id).map_err(|message| row(format!("id: {message}")))?;
            check_symbol(symbol).map_err(&row)?;
            let date = |what: &str, text: &str| -> Result<Option<When>, Error> {
                let bad = |_| row(format!("{what} is {text:?}, expected 2005-02-28 or 20050228, or none"));
                Some(text).filter(|text| !text.is_empty()).map(|text| text.parse().map_err(bad)).transpose()
            };
            let (from, to) =
                (date("from", from)?.map(When::first_moment), date("to", to)?.map(When::last_moment));
            let name = Name { symbol: symbol.into(), from, to };
            names.add(id.into(), name).map_err(row)?;
        }
        Ok(names)
    }

    /// Those that a bundle has.
    pub(super) fn of_bundle(bundle: &Bundle) -> Self {
        let assets = (0..).map(AssetId).zip(bundle.symbols());
        let of = assets.map(|(asset, symbol)| (symbol.clone(), bundle.names(asset).to_vec()));
        let of = of.filter(|(_, names)| !names.is_empty()).collect();
        Self { of, file: bundle.name().to_owned() }
    }

    /// The names of an asset.
    pub(super) fn of(&self, asset: &Symbol) -> &[Name] {
        self.of.get(asset).map_or(&[], Vec::as_slice)
    }

    fn add(&mut self, id: Symbol, name: Name) -> Result<(), String> {
        if let (Some(from), Some(to)) = (name.from, name.to)
            && from > to
        {
            return Err(format!("{} is named {} from {}, which is no time", id, name.symbol, name.days()));
        }
        let overlap = |one: &Name| {
            one.to.is_none_or(|to| name.from.is_none_or(|from| from <= to))
                && name.to.is_none_or(|to| one.from.is_none_or(|from| from <= to))
        };
        for (other, names) in &self.of {
            let twice = names.iter().find(|one| overlap(one) && (*other == id || one.symbol == name.symbol));
            if let Some(one) = twice {
                return Err(format!(
                    "{id} is named {} from {}, but {other} is named {} from {}; expected one name a day",
                    name.symbol,
                    name.days(),
                    one.symbol,
                    one.days()
                ));
            }
        }
        let names = self.of.entry(id).or_default();
        names.push(name);
        names.sort_by_key(|name| name.from);
        Ok(())
    }

    /// Gives the rows of a symbol to the assets that had it as a name, each its days.
    pub(super) fn give(&self, rows: Rows) -> Result<Vec<Rows>, Error> {
        let holds = |name: &&Name| name.symbol == rows.symbol;
        let mut all: Vec<(&Symbol, &Name)> = self
            .of
            .iter()
            .flat_map(|(id, names)| names.iter().filter(holds).map(move |name| (id, name)))
            .collect();
        all.sort_by_key(|(_, name)| name.from);
        if all.is_empty() {
            // A file that calls the asset by its id.
            let last = self.of(&rows.symbol).last().and_then(|name| name.to);
            let after = (0..rows.len()).find(|&bar| last.is_some_and(|to| rows.wall(bar) > to));
            return match (after, last) {
                (Some(bar), Some(to)) => {
                    let ended = Timestamp(to.days() * DAY_NS);
                    let message = format!("{} ended on {ended} by {}", rows.symbol, self.file);
                    Err(rows.refuse(bar, message))
                }
                _ => Ok(vec![rows]),
            };
        }
        let (mut left, mut given) = (Some(rows), Vec::new());
        while let Some(mut rows) = left.take() {
            let moment = rows.wall(0);
            let Some((id, name)) = all.iter().find(|(_, name)| name.holds(moment)) else {
                let days: Vec<String> =
                    all.iter().map(|(id, name)| format!("{id} from {}", name.days())).collect();
                let message = format!(
                    "{} {}: by {} nothing has this name then; it is {}",
                    rows.symbol,
                    Timestamp(moment.days() * DAY_NS),
                    self.file,
                    days.join(", ")
                );
                return Err(rows.refuse(0, message));
            };
            let end = (0..rows.len()).find(|&bar| !name.holds(rows.wall(bar))).unwrap_or(rows.len());
            left = (end < rows.len()).then(|| rows.split_off(end));
            rows.symbol = (*id).clone();
            given.push(rows);
        }
        Ok(given)
    }
}

impl Bundle {
    /// The names that an asset had over time, oldest first; none where nothing told of any.
    ///
    /// # Panics
    /// Where the asset is not one of this bundle.
    ///
    /// # Examples
    /// ```
    /// let sample = lookback::Bundle::sample()?;
    /// assert!(sample.names(sample.asset("FB")?).is_empty());
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn names(&self, asset: AssetId) -> &[Name] {
        self.0.assets[asset.index()].names()
    }

    /// The last moment of an asset that was delisted; none of one that was not, as far as is told.
    ///
    /// It has no bar after it, and its price is not carried beyond it.
    ///
    /// # Panics
    /// Where the asset is not one of this bundle.
    #[must_use]
    pub fn ended(&self, asset: AssetId) -> Option<Timestamp> {
        self.names(asset).last().and_then(|name| name.to)
    }

    /// The id of a name as of a date: that of the asset which had it then, whatever it was called before and after.
    ///
    /// # Errors
    /// `UnknownAsset` where no asset had the name then.
    ///
    /// # Examples
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// # let (csv, out) = (folder.path().join("FB.csv"), folder.path().join("bundle"));
    /// # std::fs::write(&csv, "date,open,high,low,close\n2022-06-08,1,2,1,2\n")?;
    /// use lookback::bundle::{IngestOptions, ingest};
    /// let symbols = folder.path().join("symbols.csv");
    /// std::fs::write(&symbols, "id,symbol,from,to\nMETA,FB,,2022-06-08\nMETA,META,2022-06-09,\n")?;
    /// let options = IngestOptions { symbols: Some(symbols), ..IngestOptions::default() };
    /// let bundle = ingest(&[&csv], &out, &options)?.bundle;
    /// assert_eq!(bundle.asset_as_of("FB", "2022-06-08".parse()?)?, bundle.asset("META")?);
    /// assert!(bundle.asset_as_of("FB", "2022-06-09".parse()?).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn asset_as_of(&self, name: &str, when: When) -> Result<AssetId, Error> {
        let moment = when.first_moment();
        let ids = || (0..).map(AssetId).take(self.symbols().len());
        let had = |asset: &AssetId| {
            self.names(*asset).iter().any(|one| one.symbol.as_str() == name && one.holds(moment))
        };
        if let Some(asset) = ids().find(had) {
            return Ok(asset);
        }
        // What an asset is called in the bundle is a name of it on every day that no other had it.
        let is_a_name = || ids().any(|asset| self.names(asset).iter().any(|one| one.symbol.as_str() == name));
        self.asset(name).map_err(|error| match is_a_name() {
            true => {
                ErrorKind::UnknownAsset { name: format!("{name} as of {when}"), nearest: Vec::new() }.into()
            }
            false => error,
        })
    }
}
