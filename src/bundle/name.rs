//! A name of an asset, and the days on which it had it.

#![forbid(unsafe_code)]

use crate::asset::Symbol;
use crate::time::{DAY_NS, Timestamp};

/// A name that an asset had for some time.
///
/// # Examples
/// ```
/// use lookback::bundle::Name;
/// let name = Name { symbol: "FB".into(), from: None, to: Some(lookback::Timestamp(7)) };
/// assert!(name.holds(lookback::Timestamp(7)) && !name.holds(lookback::Timestamp(8)));
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Name {
    /// The name.
    pub symbol: Symbol,
    /// The first moment of its first day; always so before, where there is none.
    pub from: Option<Timestamp>,
    /// The last moment of its last day; still so, where there is none. After that of its last name, an asset has ended.
    pub to: Option<Timestamp>,
}

impl Name {
    /// Whether the asset had the name at a moment.
    #[must_use]
    pub fn holds(&self, moment: Timestamp) -> bool {
        self.from.is_none_or(|from| from <= moment) && self.to.is_none_or(|to| moment <= to)
    }

    /// The days as text: `2012-05-18 to 2022-06-08`.
    pub(super) fn days(&self) -> String {
        let from = self.from.map_or_else(|| "the first bar".to_owned(), |from| from.to_string());
        let to = self.to.map_or_else(|| "now".to_owned(), |to| Timestamp(to.days() * DAY_NS).to_string());
        format!("{from} to {to}")
    }
}
