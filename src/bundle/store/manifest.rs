//! `manifest.json`: what a bundle at rest holds, and the digests that its files must have.
//!
//! It guards itself twice. `digest` is the SHA-256 of the manifest's own content, so that a changed byte is refused
//! or changes nothing but the layout of the text; and `version` is made again from the batches' digests, the
//! adjustments and the session, so that it is never just a label.

#![forbid(unsafe_code)]

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::asset::Symbol;
use crate::bundle::adjustment::{Adjustment, AdjustmentKind};
use crate::bundle::column::Scales;
use crate::bundle::digest::{self, AssetMeaning, BATCH_ROWS, Digest};
use crate::bundle::origin::SourceFile;
use crate::bundle::series::check_symbol;
use crate::bundle::session::{Session, Stamp};
use crate::decimal::MAX_SCALE;
use crate::error::{Error, ErrorKind};
use crate::time::{Frequency, Timestamp, When};

/// The name of the file.
pub(in crate::bundle) const FILE: &str = "manifest.json";
const FORMAT: &str = "lookback-bundle";
const FORMAT_VERSION: u32 = 1;

/// What every version of the format starts with.
#[derive(Deserialize)]
struct Head {
    format: String,
    format_version: u32,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::bundle) struct Manifest {
    format: String,
    format_version: u32,
    pub(in crate::bundle) name: String,
    pub(in crate::bundle) version: String,
    frequency: String,
    stamp: Stamp,
    time_zone: String,
    session_start: String,
    price_scale: u32,
    volume_scale: u32,
    pub(in crate::bundle) assets: Vec<AssetEntry>,
    sources: Vec<SourceFile>,
    digest: Digest,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::bundle) struct AssetEntry {
    pub(in crate::bundle) symbol: String,
    first: String,
    last: String,
    pub(in crate::bundle) bars: usize,
    adjustments: Vec<AdjustmentEntry>,
    pub(in crate::bundle) segments: Vec<SegmentEntry>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct AdjustmentEntry {
    ex_date: String,
    kind: String,
    value: f64,
}

/// One Arrow file.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::bundle) struct SegmentEntry {
    pub(in crate::bundle) file: String,
    pub(in crate::bundle) bytes: u64,
    /// SHA-256 of the file's bytes outside of its batches: schema and footer.
    pub(in crate::bundle) frame: Digest,
    pub(in crate::bundle) batches: Vec<BatchEntry>,
}

/// One record batch of an Arrow file.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::bundle) struct BatchEntry {
    pub(in crate::bundle) rows: usize,
    pub(in crate::bundle) offset: u64,
    pub(in crate::bundle) bytes: u64,
    /// SHA-256 of the batch's bytes: checked before they are decoded.
    pub(in crate::bundle) sha256: Digest,
    /// SHA-256 of what they mean: what the version is made of.
    pub(in crate::bundle) values: Digest,
}

impl AssetEntry {
    pub(in crate::bundle) fn new(
        symbol: &Symbol,
        span: (Timestamp, Timestamp),
        adjustments: &[Adjustment],
        segments: Vec<SegmentEntry>,
    ) -> Self {
        let entry = |one: &Adjustment| AdjustmentEntry {
            ex_date: one.ex_date.to_string(),
            kind: one.kind.name().to_owned(),
            value: one.kind.value(),
        };
        Self {
            symbol: symbol.to_string(),
            first: span.0.to_string(),
            last: span.1.to_string(),
            bars: segments.iter().flat_map(|segment| &segment.batches).map(|batch| batch.rows).sum(),
            adjustments: adjustments.iter().map(entry).collect(),
            segments,
        }
    }

    /// The moments of the first and last bar.
    pub(in crate::bundle) fn span(&self) -> Result<(Timestamp, Timestamp), Error> {
        Ok((moment(&self.first)?, moment(&self.last)?))
    }

    /// Splits and dividends, ascending by ex-date.
    pub(in crate::bundle) fn adjustments(&self) -> Result<Vec<Adjustment>, Error> {
        let adjustment = |entry: &AdjustmentEntry| {
            let kind = match entry.kind.as_str() {
                "split" => AdjustmentKind::Split(entry.value),
                "dividend" => AdjustmentKind::Dividend(entry.value),
                "factor" => AdjustmentKind::Factor(entry.value),
                other => return Err(Error::invalid(other, "is no kind of adjustment")),
            };
            Ok(Adjustment { ex_date: moment(&entry.ex_date)?, kind })
        };
        self.adjustments.iter().map(adjustment).collect()
    }

    fn batches(&self) -> impl Iterator<Item = &BatchEntry> {
        self.segments.iter().flat_map(|segment| &segment.batches)
    }

    /// Whether its batches are those that readers count on: full ones, and one shorter at the end.
    fn is_whole(&self) -> bool {
        let rows: Vec<usize> = self.batches().map(|batch| batch.rows).collect();
        let is_plain =
            |segment: &SegmentEntry| !segment.file.contains(['/', '\\']) && segment.file.ends_with(".arrow");
        rows.iter().sum::<usize>() == self.bars
            && rows.split_last().is_some_and(|(last, full)| {
                full.iter().all(|&rows| rows == BATCH_ROWS) && (1..=BATCH_ROWS).contains(last)
            })
            && self.segments.iter().all(is_plain)
            && self.span().is_ok()
    }
}

impl Manifest {
    /// A manifest with its version and digest.
    pub(in crate::bundle) fn new(
        name: &str,
        frequency: Frequency,
        scales: Scales,
        assets: Vec<AssetEntry>,
        sources: Vec<SourceFile>,
    ) -> Self {
        let session = Session::default();
        let mut manifest = Self {
            format: FORMAT.to_owned(),
            format_version: FORMAT_VERSION,
            name: name.to_owned(),
            version: String::new(),
            frequency: frequency.name().to_owned(),
            stamp: session.stamp,
            time_zone: session.time_zone,
            session_start: session.start,
            price_scale: scales.price,
            volume_scale: scales.volume,
            assets,
            sources,
            digest: Digest::NONE,
        };
        manifest.version = manifest.meaning().expect("entries made from checked bars are whole");
        manifest.digest = manifest.own_digest();
        manifest
    }

    /// Whether some text is the manifest of a bundle, whole or not.
    pub(in crate::bundle) fn is_one(text: &[u8]) -> bool {
        serde_json::from_slice::<Head>(text).is_ok_and(|head| head.format == FORMAT)
    }

    /// Reads and checks the manifest of a folder.
    pub(in crate::bundle) fn open(folder: &Path) -> Result<Self, Error> {
        let path = folder.join(FILE);
        let text = std::fs::read(&path).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound if folder.is_dir() => {
                Error::invalid(folder.display().to_string(), format!("is not a bundle: it has no {FILE}"))
            }
            _ => Error::io(folder.display(), "cannot be opened as a bundle", error),
        })?;
        Self::parse(&text).map_err(|problem| match problem {
            Problem::Newer(found) => Error::invalid(
                path.display().to_string(),
                format!("has format version {found}, this program reads up to {FORMAT_VERSION}"),
            ),
            Problem::Broken(message) => {
                ErrorKind::Corrupt { file: path.display().to_string(), message }.into()
            }
        })
    }

    fn parse(text: &[u8]) -> Result<Self, Problem> {
        let broken = |error: serde_json::Error| Problem::Broken(error.to_string());
        let head: Head = serde_json::from_slice(text).map_err(broken)?;
        if head.format == FORMAT && head.format_version > FORMAT_VERSION {
            return Err(Problem::Newer(head.format_version));
        }
        let manifest: Self = serde_json::from_slice(text).map_err(broken)?;
        if manifest.digest != manifest.own_digest() {
            return Err(Problem::Broken("its content differs from its digest".to_owned()));
        }
        match manifest.meaning() {
            Ok(version) if version == manifest.version => Ok(manifest),
            Ok(_) => Err(Problem::Broken("its version differs from what it describes".to_owned())),
            Err(error) => Err(Problem::Broken(error.to_string())),
        }
    }

    pub(in crate::bundle) fn frequency(&self) -> Result<Frequency, Error> {
        self.frequency.parse()
    }

    pub(in crate::bundle) fn session(&self) -> Session {
        Session { stamp: self.stamp, time_zone: self.time_zone.clone(), start: self.session_start.clone() }
    }

    pub(in crate::bundle) fn scales(&self) -> Scales {
        Scales { price: self.price_scale, volume: self.volume_scale }
    }

    /// The text of the file.
    pub(in crate::bundle) fn text(&self) -> String {
        serde_json::to_string_pretty(self).expect("a manifest has only text, numbers and lists")
    }

    /// The version that this describes.
    fn meaning(&self) -> Result<String, Error> {
        let symbols: Vec<Symbol> = self.assets.iter().map(|entry| entry.symbol.as_str().into()).collect();
        let in_order = symbols.windows(2).all(|pair| pair[0] < pair[1]) && !symbols.is_empty();
        let named = symbols.iter().all(|symbol| check_symbol(symbol.as_str()).is_ok());
        let whole = self.assets.iter().all(AssetEntry::is_whole);
        let scales = self.price_scale <= MAX_SCALE && self.volume_scale <= MAX_SCALE;
        if !(in_order && named && whole && scales) {
            return Err(Error::invalid("manifest", "does not describe a whole bundle"));
        }
        let adjustments = self
            .assets
            .iter()
            .map(AssetEntry::adjustments)
            .collect::<Result<Vec<Vec<Adjustment>>, Error>>()?;
        let meanings =
            self.assets.iter().zip(&symbols).zip(&adjustments).map(|((entry, symbol), adjustments)| {
                AssetMeaning {
                    symbol,
                    bars: entry.bars,
                    batches: entry.batches().map(|batch| batch.values).collect(),
                    adjustments,
                }
            });
        Ok(digest::version(self.frequency()?, &self.session(), meanings))
    }

    fn own_digest(&self) -> Digest {
        let unsigned = Self { digest: Digest::NONE, ..self.clone() };
        Digest::of(&serde_json::to_vec(&unsigned).expect("a manifest has only text, numbers and lists"))
    }
}

enum Problem {
    Newer(u32),
    Broken(String),
}

fn moment(text: &str) -> Result<Timestamp, Error> {
    text.parse().map(When::first_moment)
}
