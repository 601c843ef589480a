//! A manifest: what one version of a bundle holds, where it lies, and the digests that it must have.
//!
//! The file is named by the SHA-256 of its bytes, so that none of them can change unseen; and `version` is made again
//! from the digests of the values, the adjustments and the session, so that it is never just a label. Two manifests may
//! have one version: the same bars, cut otherwise or stored at another scale.

#![forbid(unsafe_code)]

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::asset::Symbol;
use crate::bundle::adjustment::{Adjustment, AdjustmentKind, EventOrigin};
use crate::bundle::column::Scales;
use crate::bundle::digest::{self, AssetMeaning, BATCH_ROWS, Digest};
use crate::bundle::name::Name;
use crate::bundle::origin::SourceFile;
use crate::bundle::series::check_symbol;
use crate::bundle::session::{Session, Stamp};
use crate::decimal::MAX_SCALE;
use crate::error::{Error, ErrorKind};
use crate::time::{DAY_NS, Frequency, Timestamp, When};

pub(super) const FORMAT: &str = "lookback-bundle";
pub(super) const FORMAT_VERSION: u32 = 2;

/// The folder of the manifests within the bundle's.
pub(super) const FOLDER: &str = "versions";

/// What every version of the format starts with.
#[derive(Deserialize)]
pub(super) struct Head {
    pub(super) format: String,
    pub(super) format_version: u32,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::bundle) struct Manifest {
    pub(super) format: String,
    pub(super) format_version: u32,
    pub(in crate::bundle) name: String,
    pub(in crate::bundle) version: String,
    pub(super) frequency: String,
    pub(super) stamp: Stamp,
    pub(super) time_zone: String,
    pub(super) session_start: String,
    pub(super) segments: Vec<SegmentEntry>,
    pub(in crate::bundle) assets: Vec<AssetEntry>,
    pub(super) sources: Vec<SourceFile>,
}

/// One Arrow file.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SegmentEntry {
    /// Its path within the bundle's folder.
    pub(super) file: String,
    pub(super) bytes: u64,
    /// How many bytes there are before the first batch, and after the last.
    pub(super) head_bytes: u64,
    pub(super) tail_bytes: u64,
    /// SHA-256 of these bytes: schema, symbols and footer.
    pub(super) frame: Digest,
    pub(super) price_scale: u32,
    pub(super) volume_scale: u32,
    /// Whether its first column names the asset: not so in the first edition, which had a file for each.
    #[serde(skip, default = "yes")]
    pub(super) has_symbols: bool,
}

fn yes() -> bool {
    true
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::bundle) struct AssetEntry {
    pub(in crate::bundle) symbol: String,
    pub(super) first: String,
    pub(super) last: String,
    pub(super) bars: usize,
    /// Where the adjustments come from; no part of the version.
    #[serde(default)]
    pub(super) events: EventOrigin,
    pub(super) adjustments: Vec<AdjustmentEntry>,
    /// The names that it had over time, where they were told.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) names: Vec<NameEntry>,
    /// What the bars mean: SHA-256 of each 4,096 of them, counted from the first, however they are cut into batches.
    pub(super) values: Vec<Digest>,
    /// Where the bars are, oldest first.
    pub(super) batches: Vec<BatchEntry>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AdjustmentEntry {
    ex_date: String,
    kind: String,
    value: f64,
    /// When it was known, where that was told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    known: Option<String>,
    /// The close before the ex-date: no part of the version, and checked by `verify`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    close: Option<f64>,
}

/// A name and the first and last day of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NameEntry {
    symbol: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    from: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    to: Option<String>,
}

/// One record batch of an Arrow file.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BatchEntry {
    /// Which of the manifest's segments it lies in.
    pub(super) segment: usize,
    pub(super) rows: usize,
    pub(super) offset: u64,
    pub(super) bytes: u64,
    /// SHA-256 of the batch's bytes: checked before they are decoded.
    pub(super) sha256: Digest,
}

impl AdjustmentEntry {
    /// Where adjustments came from, as far as they show it themselves: the first edition did not write it down.
    pub(super) fn origin(all: &[Self]) -> EventOrigin {
        match all {
            [] => EventOrigin::Unknown,
            _ if all.iter().any(|one| one.kind == "factor") => EventOrigin::AdjustedClose,
            _ => EventOrigin::Given,
        }
    }
}

impl SegmentEntry {
    pub(super) fn scales(&self) -> Scales {
        Scales { price: self.price_scale, volume: self.volume_scale }
    }

    /// Whether it is a plain file of the bundle's own, at scales that there are.
    fn is_sound(&self) -> bool {
        let plain = |name: &str| !name.contains(['/', '\\']) && name.ends_with(".arrow");
        let path = if self.has_symbols { self.file.strip_prefix("segments/") } else { Some(&*self.file) };
        path.is_some_and(plain)
            && self.price_scale <= MAX_SCALE
            && self.volume_scale <= MAX_SCALE
            && self.head_bytes.checked_add(self.tail_bytes).is_some_and(|frame| frame <= self.bytes)
    }
}

impl AssetEntry {
    pub(super) fn new(
        symbol: &Symbol,
        span: (Timestamp, Timestamp),
        (adjustments, events): (&[Adjustment], EventOrigin),
        values: Vec<Digest>,
        batches: Vec<BatchEntry>,
    ) -> Self {
        let entry = |one: &Adjustment| AdjustmentEntry {
            ex_date: one.ex_date.to_string(),
            kind: one.kind.name().to_owned(),
            value: one.kind.value(),
            known: one.known.map(|known| known.to_string()),
            close: one.close,
        };
        Self {
            symbol: symbol.to_string(),
            first: span.0.to_string(),
            last: span.1.to_string(),
            bars: batches.iter().map(|batch| batch.rows).sum(),
            events,
            adjustments: adjustments.iter().map(entry).collect(),
            names: Vec::new(),
            values,
            batches,
        }
    }

    /// The same, with the names that it had.
    pub(super) fn with_names(self, names: &[Name]) -> Self {
        let day = |moment: Timestamp| Timestamp(moment.days() * DAY_NS).to_string();
        let entry = |name: &Name| NameEntry {
            symbol: name.symbol.to_string(),
            from: name.from.map(day),
            to: name.to.map(day),
        };
        Self { names: names.iter().map(entry).collect(), ..self }
    }

    /// The names that it had over time.
    pub(super) fn names(&self) -> Result<Vec<Name>, Error> {
        let when = |text: &String| text.parse::<When>();
        let name = |entry: &NameEntry| {
            Ok(Name {
                symbol: entry.symbol.as_str().into(),
                from: entry.from.as_ref().map(when).transpose()?.map(When::first_moment),
                to: entry.to.as_ref().map(when).transpose()?.map(When::last_moment),
            })
        };
        self.names.iter().map(name).collect()
    }

    /// The moments of the first and last bar.
    pub(super) fn span(&self) -> Result<(Timestamp, Timestamp), Error> {
        Ok((moment(&self.first)?, moment(&self.last)?))
    }

    /// Splits and dividends, ascending by ex-date.
    pub(super) fn adjustments(&self) -> Result<Vec<Adjustment>, Error> {
        let adjustment = |entry: &AdjustmentEntry| {
            let kind = match entry.kind.as_str() {
                "split" => AdjustmentKind::Split(entry.value),
                "dividend" => AdjustmentKind::Dividend(entry.value),
                "factor" => AdjustmentKind::Factor(entry.value),
                other => return Err(Error::invalid(other, "is no kind of adjustment")),
            };
            let known = entry.known.as_deref().map(moment).transpose()?;
            Ok(Adjustment { ex_date: moment(&entry.ex_date)?, kind, known, close: entry.close })
        };
        self.adjustments.iter().map(adjustment).collect()
    }

    /// Whether its batches and digests are as many as its bars ask for, and lie in segments that there are, in order.
    fn is_whole(&self, segments: usize) -> bool {
        let rows = self.batches.iter().try_fold(0_usize, |sum, batch| {
            let sound = (1..=BATCH_ROWS).contains(&batch.rows) && batch.segment < segments;
            sum.checked_add(batch.rows).filter(|_| sound)
        });
        self.bars > 0
            && rows == Some(self.bars)
            && self.batches.is_sorted_by_key(|batch| batch.segment)
            && self.values.len() == self.bars.div_ceil(BATCH_ROWS)
            && self.span().is_ok()
    }
}

impl Manifest {
    /// A manifest with its version.
    pub(super) fn new(
        name: &str,
        frequency: Frequency,
        session: Session,
        segments: Vec<SegmentEntry>,
        assets: Vec<AssetEntry>,
        sources: Vec<SourceFile>,
    ) -> Self {
        let mut manifest = Self {
            format: FORMAT.to_owned(),
            format_version: FORMAT_VERSION,
            name: name.to_owned(),
            version: String::new(),
            frequency: frequency.name().to_owned(),
            stamp: session.stamp,
            time_zone: session.time_zone,
            session_start: session.start,
            segments,
            assets,
            sources,
        };
        manifest.version = manifest.meaning().expect("entries made from checked bars are whole");
        manifest
    }

    /// Where the manifest of a digest lies.
    pub(super) fn path(folder: &Path, digest: Digest) -> PathBuf {
        folder.join(FOLDER).join(format!("{}.json", digest.hex()))
    }

    /// Reads and checks the manifest that `current` names.
    pub(super) fn open(folder: &Path, digest: Digest) -> Result<Self, Error> {
        let path = Self::path(folder, digest);
        let text =
            std::fs::read(&path).map_err(|error| Error::io(path.display(), "cannot be read", error))?;
        Self::parse(&text, |text| Digest::of(text) == digest)
            .map_err(|problem| problem.of(&path.display().to_string()))
    }

    fn parse(text: &[u8], is_as_named: impl Fn(&[u8]) -> bool) -> Result<Self, Problem> {
        Head::check(text, FORMAT_VERSION)?;
        if !is_as_named(text) {
            return Err(Problem::Broken("its content differs from the digest that is its name".to_owned()));
        }
        let manifest: Self = serde_json::from_slice(text)?;
        manifest.check()?;
        Ok(manifest)
    }

    /// Checks that this describes a whole bundle, and that its version is that of what it describes.
    pub(super) fn check(&self) -> Result<(), Problem> {
        match self.meaning() {
            Ok(version) if version == self.version => Ok(()),
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

    /// The text of the file.
    pub(super) fn text(&self) -> String {
        serde_json::to_string_pretty(self).expect("a manifest has only text, numbers and lists")
    }

    /// The version that this describes.
    fn meaning(&self) -> Result<String, Error> {
        let symbols: Vec<Symbol> = self.assets.iter().map(|entry| entry.symbol.as_str().into()).collect();
        let in_order = symbols.windows(2).all(|pair| pair[0] < pair[1]) && !symbols.is_empty();
        let named = symbols.iter().all(|symbol| check_symbol(symbol.as_str()).is_ok());
        let whole = self.assets.iter().all(|asset| asset.is_whole(self.segments.len()));
        let sound = self.segments.iter().all(SegmentEntry::is_sound);
        if !(in_order && named && whole && sound) {
            return Err(Error::invalid("manifest", "does not describe a whole bundle"));
        }
        let adjustments = self
            .assets
            .iter()
            .map(AssetEntry::adjustments)
            .collect::<Result<Vec<Vec<Adjustment>>, Error>>()?;
        let names = self.assets.iter().map(AssetEntry::names).collect::<Result<Vec<_>, Error>>()?;
        let told = symbols.iter().zip(&adjustments).zip(&names);
        let meanings = self.assets.iter().zip(told).map(|(entry, ((symbol, adjustments), names))| {
            AssetMeaning { symbol, bars: entry.bars, values: &entry.values, adjustments, names }
        });
        Ok(digest::version(self.frequency()?, &self.session(), meanings))
    }
}

/// Why some text is no manifest.
pub(super) enum Problem {
    /// It is one of a format version that came later, and the latest that is read.
    Newer(u32, u32),
    Broken(String),
}

impl From<serde_json::Error> for Problem {
    fn from(error: serde_json::Error) -> Self {
        Self::Broken(error.to_string())
    }
}

impl Problem {
    /// The error for a file.
    pub(super) fn of(self, file: &str) -> Error {
        match self {
            Self::Newer(found, known) => {
                let message = format!("has format version {found}, this program reads up to {known}");
                Error::invalid(file, message)
            }
            Self::Broken(message) => ErrorKind::Corrupt { file: file.to_owned(), message }.into(),
        }
    }
}

impl Head {
    /// Says so where a text is a manifest, but one of a format version that came after `known`.
    pub(super) fn check(text: &[u8], known: u32) -> Result<(), Problem> {
        let head: Self = serde_json::from_slice(text)?;
        if head.format == FORMAT && head.format_version > known {
            return Err(Problem::Newer(head.format_version, known));
        }
        Ok(())
    }
}

fn moment(text: &str) -> Result<Timestamp, Error> {
    text.parse().map(When::first_moment)
}
