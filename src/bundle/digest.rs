//! Digests of what bars mean: equal values give equal digests, however they were written down.
//!
//! A batch is [`BATCH_ROWS`] bars counted from an asset's first, the last one shorter. Its digest covers the
//! moments and, column by column, the mantissas at the smallest scale that holds that column of that batch: so
//! 127.0 and 127.00 are the same value, and a bundle may be stored at any scale. The version is made of the batches'
//! digests, so that it can be checked against a manifest without reading a bar, and an append digests only its tail.

#![forbid(unsafe_code)]

use std::fmt::Write as _;
use std::io;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::adjustment::Adjustment;
use super::name::Name;
use super::session::Session;
use crate::asset::Symbol;
use crate::time::Frequency;

/// Bars of a batch.
pub(super) const BATCH_ROWS: usize = 4_096;

/// 32 bytes of SHA-256, written in hexadecimal.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(super) struct Digest([u8; 32]);

impl Digest {
    /// Stands for a digest that is not known yet.
    pub(super) const NONE: Self = Self([0; 32]);

    pub(super) fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// That of all bytes that come.
    pub(super) fn of_reader(reader: &mut impl io::Read) -> io::Result<Self> {
        let mut hasher = Sha256::new();
        let mut piece = vec![0; 1 << 16];
        loop {
            match reader.read(&mut piece) {
                Ok(0) => return Ok(Self::from_hasher(hasher)),
                Ok(read) => hasher.update(&piece[..read]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    pub(super) fn from_hasher(hasher: Sha256) -> Self {
        Self(hasher.finalize().into())
    }

    pub(super) fn hex(self) -> String {
        self.0.iter().fold(String::with_capacity(64), |mut text, byte| {
            write!(text, "{byte:02x}").expect("writing to a String cannot fail");
            text
        })
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        digest.hex()
    }
}

impl TryFrom<String> for Digest {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let bad = || format!("{text:?} is not a SHA-256 in hexadecimal");
        if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(bad());
        }
        let mut bytes = [0; 32];
        for (byte, at) in bytes.iter_mut().zip((0..64).step_by(2)) {
            *byte = u8::from_str_radix(&text[at..at + 2], 16).map_err(|_| bad())?;
        }
        Ok(Self(bytes))
    }
}

/// Digests one batch: its moments, then its columns as mantissas and scale.
pub(super) fn batch<'a>(moments: &[i64], columns: impl IntoIterator<Item = (&'a [i128], u32)>) -> Digest {
    let mut hasher = Sha256::new();
    let mut bytes = Vec::with_capacity(moments.len() * size_of::<i128>());
    bytes.extend((moments.len() as u64).to_le_bytes());
    bytes.extend(moments.iter().flat_map(|moment| moment.to_le_bytes()));
    hasher.update(&bytes);
    for (mantissas, scale) in columns {
        let zeros = shared_zeros(mantissas, scale);
        let divisor = 10_i128.pow(zeros);
        bytes.clear();
        bytes.extend((scale - zeros).to_le_bytes());
        match zeros {
            0 => bytes.extend(mantissas.iter().flat_map(|mantissa| mantissa.to_le_bytes())),
            _ => bytes.extend(mantissas.iter().flat_map(|mantissa| (mantissa / divisor).to_le_bytes())),
        }
        hasher.update(&bytes);
    }
    Digest(hasher.finalize().into())
}

/// How many trailing zeros, at most `scale`, all the mantissas have.
fn shared_zeros(mantissas: &[i128], scale: u32) -> u32 {
    let mut zeros = scale;
    for mantissa in mantissas {
        while zeros > 0 && mantissa % 10_i128.pow(zeros) != 0 {
            zeros -= 1;
        }
        if zeros == 0 {
            break;
        }
    }
    zeros
}

/// Beside the rank of an event that tells when it was known.
const HAS_KNOWN: u8 = 0x80;

/// What the version says of one asset.
pub(super) struct AssetMeaning<'a> {
    pub(super) symbol: &'a Symbol,
    pub(super) bars: usize,
    /// Of each [`BATCH_ROWS`] bars.
    pub(super) values: &'a [Digest],
    pub(super) adjustments: &'a [Adjustment],
    pub(super) names: &'a [Name],
}

/// The version of a bundle: values, adjustments, and what a bar's moment means. Names of bundles and files are no
/// part of it, nor is the order in which files were given.
pub(super) fn version<'a>(
    frequency: Frequency,
    session: &Session,
    assets: impl ExactSizeIterator<Item = AssetMeaning<'a>>,
) -> String {
    let mut hasher = Sha256::new();
    let text = |hasher: &mut Sha256, text: &str| {
        hasher.update((text.len() as u64).to_le_bytes());
        hasher.update(text);
    };
    text(&mut hasher, "lookback bundle 1");
    text(&mut hasher, frequency.name());
    text(&mut hasher, session.stamp.name());
    text(&mut hasher, &session.time_zone);
    text(&mut hasher, &session.start);
    hasher.update((assets.len() as u64).to_le_bytes());
    for asset in assets {
        text(&mut hasher, asset.symbol.as_str());
        hasher.update((asset.bars as u64).to_le_bytes());
        for values in asset.values {
            hasher.update(values.0);
        }
        hasher.update((asset.adjustments.len() as u64).to_le_bytes());
        for adjustment in asset.adjustments {
            hasher.update(adjustment.ex_date.0.to_le_bytes());
            hasher.update([adjustment.kind.rank() | if adjustment.known.is_some() { HAS_KNOWN } else { 0 }]);
            if let Some(known) = adjustment.known {
                hasher.update(known.0.to_le_bytes());
            }
            hasher.update(adjustment.kind.value().to_bits().to_le_bytes());
        }
        if !asset.names.is_empty() {
            // No symbol is as long as this says: a version without names is what it was before there were any.
            hasher.update(u64::MAX.to_le_bytes());
            hasher.update((asset.names.len() as u64).to_le_bytes());
            for name in asset.names {
                text(&mut hasher, name.symbol.as_str());
                for moment in [name.from, name.to] {
                    hasher.update([u8::from(moment.is_some())]);
                    hasher.update(moment.map_or(0, |moment| moment.0).to_le_bytes());
                }
            }
        }
    }
    Digest(hasher.finalize().into()).hex()
}

/// The version that the predecessor of this library gave to a bundle, for interchange with data labelled by it.
///
/// It covers names and dates but no values, so that a restated price keeps its version: compare it, never trust it.
///
/// # Examples
/// ```
/// let version = lookback::bundle::predecessor_version("[1, 2]", "2000-03-01", "2013-03-01", "4");
/// assert!(version.starts_with("3a54f3bc"));
/// ```
#[must_use]
pub fn predecessor_version(asset_ids: &str, start: &str, end: &str, schema_version: &str) -> String {
    Digest::of(format!("{asset_ids}:{start}:{end}:{schema_version}").as_bytes()).hex()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trailing_zeros_do_not_change_a_digest() {
        let short = batch(&[1, 2], [(&[127_i128, 1_280][..], 1)]);
        let long = batch(&[1, 2], [(&[12_700_i128, 128_000][..], 3)]);
        let other = batch(&[1, 2], [(&[127_i128, 1_281][..], 1)]);
        assert!(short == long && short != other);
    }

    #[test]
    fn a_digest_reads_back_from_its_text() {
        let digest = Digest::of(b"bars");
        assert_eq!(Digest::try_from(digest.hex()), Ok(digest));
        assert!(Digest::try_from("12".to_owned()).is_err());
    }
}
