//! What a window is made of: assets, fields and ordered lists of both.

#![forbid(unsafe_code)]

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::error::{Error, ErrorKind};

/// The position of an asset in its bundle, counted from 0 in the bundle's order of symbols.
///
/// # Examples
/// ```
/// let bundle = lookback::Bundle::sample()?;
/// let ibm = bundle.asset("IBM")?;
/// assert_eq!((ibm.0, bundle.symbols()[ibm.index()].as_str()), (3, "IBM"));
/// # Ok::<(), lookback::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct AssetId(pub u32);

impl AssetId {
    /// The position as an index.
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// The name of an asset, such as `AAPL`. Compared byte by byte: case matters.
///
/// # Examples
/// ```
/// use lookback::Symbol;
/// let symbol = Symbol::from("AAPL");
/// assert_eq!(symbol.as_str(), "AAPL");
/// assert_ne!(symbol, Symbol::from("aapl"));
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Symbol(Arc<str>);

impl Symbol {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<T: Into<Arc<str>>> From<T> for Symbol {
    fn from(name: T) -> Self {
        Self(name.into())
    }
}

impl fmt::Display for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// One value of a bar.
///
/// # Examples
/// ```
/// use lookback::Field;
/// let fields: Vec<Field> = ["open", "Close"].iter().map(|name| name.parse()).collect::<Result<_, _>>()?;
/// assert_eq!(fields, [Field::Open, Field::Close]);
/// # Ok::<(), lookback::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Field {
    /// The first trade of the bar, in quote currency per share.
    Open,
    /// The highest trade of the bar, in quote currency per share.
    High,
    /// The lowest trade of the bar, in quote currency per share.
    Low,
    /// The last trade of the bar, in quote currency per share.
    Close,
    /// Shares traded during the bar.
    Volume,
    /// The close carried forward over missing bars, in quote currency per share.
    Price,
}

impl Field {
    /// The five fields that a bundle stores, in their canonical order.
    ///
    /// # Examples
    /// ```
    /// use lookback::Field;
    /// assert_eq!(Field::STORED.map(Field::name), ["open", "high", "low", "close", "volume"]);
    /// ```
    pub const STORED: [Self; 5] = [Self::Open, Self::High, Self::Low, Self::Close, Self::Volume];

    /// The name, in lower case.
    ///
    /// # Examples
    /// ```
    /// assert_eq!(lookback::Field::Volume.name(), "volume");
    /// ```
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::High => "high",
            Self::Low => "low",
            Self::Close => "close",
            Self::Volume => "volume",
            Self::Price => "price",
        }
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Field {
    type Err = Error;

    /// Reads a field's name in any case.
    fn from_str(name: &str) -> Result<Self, Error> {
        let all = [Self::Open, Self::High, Self::Low, Self::Close, Self::Volume, Self::Price];
        all.into_iter()
            .find(|field| field.name().eq_ignore_ascii_case(name.trim()))
            .ok_or_else(|| ErrorKind::UnknownField { name: name.to_owned() }.into())
    }
}

/// One field of one asset.
///
/// # Examples
/// ```
/// use lookback::{AssetId, Column, Field};
/// let column = Column { asset: AssetId(0), field: Field::Close };
/// assert_eq!((column.asset.index(), column.field.name()), (0, "close"));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Column {
    /// Whose value it is.
    pub asset: AssetId,
    /// Which value of the bar.
    pub field: Field,
}

/// An ordered list of columns: asset-major, then field, as asked.
///
/// # Examples
/// ```
/// use lookback::{AssetId, Column, Columns, Field};
/// let close = |asset| Column { asset: AssetId(asset), field: Field::Close };
/// let columns: Columns = [close(1), close(0)].into_iter().collect();
/// assert_eq!(columns.as_slice(), [close(1), close(0)]);
/// assert!(columns.len() == 2 && !columns.is_empty());
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Columns(Arc<[Column]>);

impl Columns {
    /// Every field of every asset, asset-major, in the order given.
    ///
    /// # Examples
    /// ```
    /// use lookback::{AssetId, Columns, Field};
    /// let columns = Columns::product(&[AssetId(2), AssetId(1)], &[Field::Close, Field::Volume]);
    /// assert_eq!(columns.as_slice()[1].field, Field::Volume);
    /// assert_eq!(columns.as_slice()[2].asset, AssetId(1));
    /// ```
    #[must_use]
    pub fn product(assets: &[AssetId], fields: &[Field]) -> Self {
        assets.iter().flat_map(|&asset| fields.iter().map(move |&field| Column { asset, field })).collect()
    }

    /// The columns in order.
    #[must_use]
    pub fn as_slice(&self) -> &[Column] {
        &self.0
    }

    /// How many columns there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no column.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<Column> for Columns {
    fn from_iter<I: IntoIterator<Item = Column>>(columns: I) -> Self {
        Self(columns.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_in_another_order_are_other_columns() {
        let fields = [Field::Close];
        let forward = Columns::product(&[AssetId(1), AssetId(2)], &fields);
        let backward = Columns::product(&[AssetId(2), AssetId(1)], &fields);
        assert_ne!(forward, backward);
    }

    #[test]
    fn a_field_is_read_in_any_case() {
        assert_eq!("Close".parse::<Field>().unwrap(), Field::Close);
        let error = "vwap".parse::<Field>().unwrap_err().to_string();
        assert_eq!(error, "unknown field vwap, expected one of open, high, low, close, volume, price");
    }
}
