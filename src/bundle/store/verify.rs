//! Reads a bundle at rest to its last byte and says all that is wrong with it.

#![forbid(unsafe_code)]

use std::collections::HashSet;
use std::fmt;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::manifest::{AssetEntry, BatchEntry, Manifest, SegmentEntry};
use super::segment::{Batch, Segment};
use super::{current, first_edition};
use crate::asset::{Field, Symbol};
use crate::bundle::adjustment::Adjustment;
use crate::bundle::column::DecimalColumn;
use crate::bundle::digest::BATCH_ROWS;
use crate::bundle::memory::Memory;
use crate::decimal;
use crate::error::{Error, ErrorKind};
use crate::time::{Calendar, Timestamp};

/// Bytes of a file that are read at a time.
const READ_BYTES: usize = 1 << 16;

/// Something that is wrong with a bundle at rest.
///
/// # Examples
/// ```
/// use lookback::Timestamp;
/// use lookback::bundle::Fault;
/// let message = "high is 9, below its close of 10".to_owned();
/// let fault = Fault { file: "segments/1.arrow".into(), asset: Some("A".into()), date: Some(Timestamp(0)), message };
/// assert_eq!(fault.to_string(), "segments/1.arrow: A 1970-01-01: high is 9, below its close of 10");
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fault {
    /// The file, within the bundle's folder.
    pub file: String,
    /// The asset, where it is one's.
    pub asset: Option<Symbol>,
    /// The bar's or event's moment, where it is one's; of bytes that cannot be read, that of the last bar before them.
    pub date: Option<Timestamp>,
    /// What is wrong.
    pub message: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.file)?;
        if let Some(asset) = &self.asset {
            write!(f, " {asset}")?;
        }
        if let Some(date) = self.date {
            write!(f, " {date}")?;
        }
        let mark = if self.asset.is_some() || self.date.is_some() { ":" } else { "" };
        write!(f, "{mark} {}", self.message)
    }
}

/// What a bundle at rest was found to be.
///
/// # Examples
/// ```
/// # let folder = tempfile::tempdir()?;
/// # let (csv, out) = (folder.path().join("A.csv"), folder.path().join("bundle"));
/// # std::fs::write(&csv, "date,open,high,low,close\n2005-02-28,1,2,1,2\n")?;
/// use lookback::Bundle;
/// use lookback::bundle::{IngestOptions, ingest};
/// let bundle = ingest(&[&csv], &out, &IngestOptions::default())?.bundle;
/// let verified = Bundle::verify(&out)?;
/// assert_eq!((verified.version.as_str(), verified.bars, verified.faults.len()), (bundle.version(), 1, 0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Verified {
    /// The version that stands; empty where its manifest cannot be read.
    pub version: String,
    /// How many versions are there.
    pub versions: usize,
    /// Its assets.
    pub assets: usize,
    /// Bars that were read and found well.
    pub bars: usize,
    /// Bytes of its segments that were read.
    pub bytes: u64,
    /// What is wrong, in the order in which it was found.
    pub faults: Vec<Fault>,
}

/// Verifies the version that stands in a folder, and of those before it that they can be opened.
pub(in crate::bundle) fn verify(folder: &Path) -> Result<Verified, Error> {
    let lines = current::all(folder)?;
    let mut check = Check { folder, found: Verified { versions: lines.len().max(1), ..Verified::default() } };
    let manifest = match lines.first() {
        Some(line) => Manifest::open(folder, line.manifest),
        None => first_edition::open(folder),
    };
    match manifest {
        Ok(manifest) => check.manifest(&manifest),
        Err(error) if lines.is_empty() && !matches!(error.kind(), ErrorKind::Corrupt { .. }) => {
            return Err(error);
        }
        Err(error) => check.error(None, None, &error),
    }
    let mut seen = HashSet::new();
    for line in lines.iter().skip(1) {
        match Manifest::open(folder, line.manifest) {
            Err(error) => check.error(None, None, &error),
            Ok(manifest) => {
                for entry in manifest.segments {
                    if seen.insert(entry.file.clone())
                        && let Err(error) = Segment::open(folder, &entry, false)
                    {
                        check.error(None, None, &error);
                    }
                }
            }
        }
    }
    let known = check.found.faults.iter().map(ToString::to_string).collect::<Vec<_>>();
    let mut told = HashSet::new();
    let mut known = known.into_iter();
    check.found.faults.retain(|_| known.next().is_some_and(|text| told.insert(text)));
    Ok(check.found)
}

/// What a look at the names and sizes of files tells, without reading a bar: versions whose files are not there or not whole,
/// and what a process left that was killed.
pub(in crate::bundle) fn glance(folder: &Path) -> Result<Vec<Fault>, Error> {
    let lines = current::all(folder)?;
    let mut check = Check { folder, found: Verified::default() };
    for line in &lines {
        let path = Manifest::path(folder, line.manifest);
        if let Err(error) = std::fs::metadata(&path) {
            check.error(None, None, &Error::io(path.display(), "cannot be read", error));
        }
    }
    if let Some(line) = lines.first()
        && let Ok(manifest) = Manifest::open(folder, line.manifest)
    {
        for entry in &manifest.segments {
            let path = folder.join(&entry.file);
            match std::fs::metadata(&path) {
                Err(error) => check.error(None, None, &Error::io(path.display(), "cannot be read", error)),
                Ok(data) if data.len() != entry.bytes => {
                    let message = format!("it has {} bytes, expected {}", data.len(), entry.bytes);
                    check.found.faults.push(Fault {
                        file: entry.file.clone(),
                        asset: None,
                        date: None,
                        message,
                    });
                }
                Ok(_) => {}
            }
        }
    }
    if let Some(message) = super::folder::left_by_a_killed(folder) {
        check.found.faults.push(Fault { file: "lock".to_owned(), asset: None, date: None, message });
    }
    Ok(check.found.faults)
}

/// A verification under way.
struct Check<'a> {
    folder: &'a Path,
    found: Verified,
}

impl Check<'_> {
    /// Notes what an error says, by the file that it names.
    fn error(&mut self, asset: Option<&Symbol>, date: Option<Timestamp>, error: &Error) {
        let (file, message) = match error.kind() {
            ErrorKind::Corrupt { file, message } => (file.clone(), message.clone()),
            ErrorKind::Io { path, message } => {
                let why = std::error::Error::source(error).map_or(String::new(), |why| format!(": {why}"));
                (path.clone(), format!("{message}{why}"))
            }
            _ => (self.folder.display().to_string(), error.to_string()),
        };
        let own = PathBuf::from(&file);
        let file = own.strip_prefix(self.folder).map_or(file, |within| within.display().to_string());
        self.found.faults.push(Fault { file, asset: asset.cloned(), date, message });
    }

    fn fault(&mut self, file: &str, asset: &Symbol, date: Timestamp, message: String) {
        let (file, asset) = (file.to_owned(), Some(asset.clone()));
        self.found.faults.push(Fault { file, asset, date: Some(date), message });
    }

    fn manifest(&mut self, manifest: &Manifest) {
        self.found.version.clone_from(&manifest.version);
        self.found.assets = manifest.assets.len();
        let segments: Vec<Option<Segment>> =
            manifest.segments.iter().map(|entry| self.segment(entry)).collect();
        for entry in &manifest.assets {
            if let Err(error) = self.asset(entry, manifest, &segments) {
                self.error(Some(&entry.symbol.as_str().into()), None, &error);
            }
        }
    }

    /// Opens a segment and holds its bytes against its name.
    fn segment(&mut self, entry: &SegmentEntry) -> Option<Segment> {
        let opened = Segment::open(self.folder, entry, true);
        let path = self.folder.join(&entry.file);
        let digest = digest_of(&path).map_err(|error| Error::io(path.display(), "cannot be read", error));
        match (&opened, &digest) {
            (Ok(_), Ok((digest, bytes))) => {
                self.found.bytes += *bytes;
                // Those of the first edition are named by their asset.
                if entry.has_symbols && entry.file != format!("segments/{digest}.arrow") {
                    let message = "its bytes differ from the SHA-256 that is its name".to_owned();
                    self.found.faults.push(Fault {
                        file: entry.file.clone(),
                        asset: None,
                        date: None,
                        message,
                    });
                }
            }
            (Err(error), _) | (_, Err(error)) => self.error(None, None, error),
        }
        opened.ok()
    }

    /// Reads all bars of an asset: what they mean, their order, their prices, and what is told beside its events.
    fn asset(
        &mut self,
        entry: &AssetEntry,
        manifest: &Manifest,
        segments: &[Option<Segment>],
    ) -> Result<(), Error> {
        let symbol: Symbol = entry.symbol.as_str().into();
        let span = entry.span()?;
        let mut walk = Walk { last: None, bars: 0, closes: Vec::new(), moments: Vec::new(), is_whole: true };
        // What is digested: 4,096 bars at a time, however they are cut into batches.
        let mut piece: Option<Piece> = None;
        let mut digests = entry.values.iter();
        let file_of = |batch: &BatchEntry| manifest.segments[batch.segment].file.as_str();
        for batch in &entry.batches {
            let Some(segment) = &segments[batch.segment] else {
                walk.is_whole = false;
                continue;
            };
            let what = format!("rows {} to {}", walk.bars, walk.bars + batch.rows - 1);
            let read = match segment.batch(batch, &what) {
                Ok(read) => read,
                Err(error) => {
                    self.error(Some(&symbol), Some(walk.last.unwrap_or(span.0)), &error);
                    walk.is_whole = false;
                    walk.bars += batch.rows;
                    continue;
                }
            };
            self.bars(&symbol, file_of(batch), &read, &mut walk);
            if !walk.is_whole {
                continue;
            }
            let mut rows = 0;
            while rows < batch.rows {
                let piece = piece.get_or_insert_with(Piece::default);
                let count = (batch.rows - rows).min(BATCH_ROWS - piece.moments.len());
                piece.take(&read, rows..rows + count);
                rows += count;
                if piece.moments.len() == BATCH_ROWS {
                    self.piece(&symbol, file_of(batch), piece, digests.next().copied())?;
                    *piece = Piece::default();
                }
            }
        }
        if let (true, Some(piece), Some(batch)) = (walk.is_whole, &piece, entry.batches.last())
            && !piece.moments.is_empty()
        {
            self.piece(&symbol, file_of(batch), piece, digests.next().copied())?;
        }
        let ends = (walk.moments.first().copied().map(Timestamp), walk.last);
        if walk.is_whole && ends != (Some(span.0), Some(span.1)) {
            let message = format!("its bars do not run from {} to {}, as the manifest says", span.0, span.1);
            self.fault(file_of(&entry.batches[0]), &symbol, span.0, message);
        }
        if walk.is_whole {
            let file = format!("version {}", manifest.version);
            for event in entry.adjustments()? {
                self.event(&file, &symbol, &event, &walk);
            }
        }
        Ok(())
    }

    fn piece(
        &mut self,
        symbol: &Symbol,
        file: &str,
        piece: &Piece,
        digest: Option<crate::bundle::digest::Digest>,
    ) -> Result<(), Error> {
        let moments = Calendar::new(piece.moments.clone());
        let Ok(calendar) = moments else { return Ok(()) }; // said already, at the bar that is out of order
        let first = Timestamp(piece.moments[0]);
        let memory = Memory::of_columns(calendar, piece.columns());
        if Some(memory.digest(0..piece.moments.len())) != digest {
            let message = format!("the {} bars from here on differ from their digest", piece.moments.len());
            self.fault(file, symbol, first, message);
        }
        Ok(())
    }

    /// Checks the order and the prices of the bars of a batch.
    fn bars(&mut self, symbol: &Symbol, file: &str, batch: &Batch, walk: &mut Walk) {
        let [open, high, low, close, volume] = [0, 1, 2, 3, 4].map(|column| batch.mantissas(column));
        for (row, &moment) in batch.moments().iter().enumerate() {
            let date = Timestamp(moment);
            if let Some(last) = walk.last.filter(|&last| last >= date) {
                self.fault(file, symbol, date, format!("comes after {last}, expected ascending moments"));
            }
            walk.last = Some(date);
            let price = |mantissa: i128| decimal::mantissa_to_f64(mantissa, batch.scale(0));
            let say = |what: &str, value: i128, side: &str, other: &str, than: i128| {
                format!("{what} is {}, {side} its {other} of {}", price(value), price(than))
            };
            let message = match () {
                () if high[row] < low[row] => say("high", high[row], "below", "low", low[row]),
                () if high[row] < open[row] => say("high", high[row], "below", "open", open[row]),
                () if high[row] < close[row] => say("high", high[row], "below", "close", close[row]),
                () if low[row] > open[row] => say("low", low[row], "above", "open", open[row]),
                () if low[row] > close[row] => say("low", low[row], "above", "close", close[row]),
                () if volume[row] < 0 => format!("{} is below 0", Field::Volume),
                () => String::new(),
            };
            if !message.is_empty() {
                self.fault(file, symbol, date, message);
            }
            walk.closes.push(price(close[row]));
            walk.moments.push(moment);
        }
        walk.bars += batch.moments().len();
        self.found.bars += batch.moments().len();
    }

    /// Holds the close that is kept beside an event against the bar before it.
    fn event(&mut self, file: &str, symbol: &Symbol, event: &Adjustment, walk: &Walk) {
        let bar = walk.moments.partition_point(|&moment| moment < event.ex_date.0);
        let before = bar.checked_sub(1).map(|before| walk.closes[before]);
        if let (Some(told), Some(close)) = (event.close, before)
            && told.to_bits() != close.to_bits()
        {
            let message = format!(
                "{} is told beside a close of {told}, but the bar before closed at {close}",
                event.kind
            );
            self.fault(file, symbol, event.ex_date, message);
        }
    }
}

/// An asset as far as it was read.
struct Walk {
    last: Option<Timestamp>,
    bars: usize,
    moments: Vec<i64>,
    closes: Vec<f64>,
    /// Whether all batches so far could be read.
    is_whole: bool,
}

/// Bars that have one digest.
#[derive(Default)]
struct Piece {
    moments: Vec<i64>,
    mantissas: [Vec<i128>; 5],
    scales: [u32; 5],
}

impl Piece {
    /// Takes rows of a batch; at the larger scale, where batches differ.
    fn take(&mut self, batch: &Batch, rows: std::ops::Range<usize>) {
        self.moments.extend_from_slice(&batch.moments()[rows.clone()]);
        for (column, (mantissas, scale)) in self.mantissas.iter_mut().zip(&mut self.scales).enumerate() {
            let its = batch.scale(column);
            let widest = its.max(*scale);
            let by = |from: u32| 10_i128.checked_pow(widest - from).unwrap_or(1);
            if widest > *scale {
                let factor = by(*scale);
                mantissas.iter_mut().for_each(|one| *one = one.saturating_mul(factor));
            }
            let factor = by(its);
            mantissas
                .extend(batch.mantissas(column)[rows.clone()].iter().map(|one| one.saturating_mul(factor)));
            *scale = widest;
        }
    }

    fn columns(&self) -> [DecimalColumn; 5] {
        let mut scales = self.scales.iter();
        self.mantissas
            .clone()
            .map(|column| DecimalColumn::of_mantissas(column, scales.next().copied().unwrap_or(0)))
    }
}

/// The SHA-256 of a file, in hexadecimal, and how many bytes it has.
fn digest_of(path: &Path) -> io::Result<(String, u64)> {
    let mut file = File::open(path)?;
    let (mut hasher, mut part, mut bytes) = (Sha256::new(), vec![0; READ_BYTES], 0);
    loop {
        match file.read(&mut part)? {
            0 => return Ok((crate::bundle::digest::Digest::from_hasher(hasher).hex(), bytes)),
            read => {
                hasher.update(&part[..read]);
                bytes += read as u64;
            }
        }
    }
}
