//! What a window of a caller's own data is called.

#![forbid(unsafe_code)]

use crate::asset::{AssetId, Field};
use crate::time::{Frequency, Timestamp};

/// Names a window within one version of the data: the last `bar_count` bars of a field of an asset, up to `end`.
///
/// Every part counts: the same bars at another frequency are another window. The version is not part of it: it is that of the
/// cache that is asked.
///
/// # Examples
/// ```
/// use lookback::history::WindowKey;
/// use lookback::{AssetId, Field, Frequency, Timestamp};
/// let end = Timestamp(1_109_548_800_000_000_000);
/// let daily =
///     WindowKey { asset: AssetId(7), field: Field::Close, frequency: Frequency::Day, bar_count: 20, end };
/// assert_ne!(daily, WindowKey { frequency: Frequency::Minute, ..daily });
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct WindowKey {
    /// Whose bars they are; the caller numbers its assets.
    pub asset: AssetId,
    /// Which value of each bar.
    pub field: Field,
    /// The step of time between bars.
    pub frequency: Frequency,
    /// How many bars.
    pub bar_count: usize,
    /// The moment of the last bar.
    pub end: Timestamp,
}
