//! Size: how large a position is.

#![forbid(unsafe_code)]

/// How large a position is, as a share of equity at its entry.
///
/// # Examples
/// ```
/// use lookback::sweep::Size;
/// assert_eq!(Size::default(), Size::Share(1.0));
/// ```
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Size {
    /// A share of equity, above 0 and at most 1.
    Share(f64),
    /// The share of equity that is lost, before costs, where the stop is filled at its price: weight = risk x price /
    /// distance of the nearest stop, at most 1. What is capped so is counted.
    Risk(f64),
}

impl Default for Size {
    /// All equity.
    fn default() -> Self {
        Self::Share(1.0)
    }
}

impl Size {
    /// The weight of an entry at a price with a stop at a distance, and whether it was capped.
    ///
    /// Without a stop a risk has no size, and so no weight.
    pub(super) fn weight(self, price: f64, distance: Option<f64>) -> (f64, bool) {
        match self {
            Self::Share(share) => (share, false),
            Self::Risk(risk) => {
                let weight = distance.map_or(0.0, |distance| risk * price / distance);
                (weight.min(1.0), weight > 1.0)
            }
        }
    }
}
