//! The map between bar indices and moments.

#![forbid(unsafe_code)]

use std::sync::Arc;

use super::Timestamp;
use crate::error::Error;

/// The bars of a series: bar index to moment, and back. Cloning costs one reference count.
///
/// # Examples
/// ```
/// use lookback::{Calendar, Timestamp};
/// let calendar = Calendar::new(vec![10, 20, 30])?;
/// assert_eq!((calendar.len(), calendar.timestamp(1)), (3, Some(Timestamp(20))));
/// assert_eq!((calendar.bar_at(Timestamp(25)), calendar.bar_from(Timestamp(25))), (Some(1), Some(2)));
/// # Ok::<(), lookback::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Calendar(Arc<[i64]>);

impl Calendar {
    /// Takes strictly ascending moments, in nanoseconds since the Unix epoch.
    ///
    /// # Errors
    /// `Invalid` where two moments are equal or out of order.
    ///
    /// # Examples
    /// ```
    /// use lookback::Calendar;
    /// assert_eq!(Calendar::new(vec![10, 20])?.as_slice(), [10, 20]);
    /// assert!(Calendar::new(vec![20, 10]).is_err());
    /// # Ok::<(), lookback::Error>(())
    /// ```
    pub fn new(moments: impl Into<Arc<[i64]>>) -> Result<Self, Error> {
        let moments = moments.into();
        match moments.windows(2).position(|pair| pair[0] >= pair[1]) {
            None => Ok(Self(moments)),
            Some(at) => Err(Error::invalid(
                "calendar",
                format!(
                    "{} follows {}, expected ascending",
                    Timestamp(moments[at + 1]),
                    Timestamp(moments[at])
                ),
            )),
        }
    }

    /// Every moment at which at least one of the calendars has a bar.
    ///
    /// # Examples
    /// ```
    /// use lookback::Calendar;
    /// let union = Calendar::union(&[Calendar::new(vec![1, 3])?, Calendar::new(vec![2, 3])?]);
    /// assert_eq!(union.as_slice(), [1, 2, 3]);
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn union(calendars: &[Self]) -> Self {
        if let [one] = calendars {
            return one.clone();
        }
        let mut moments: Vec<i64> =
            calendars.iter().flat_map(|calendar| calendar.0.iter().copied()).collect();
        moments.sort_unstable();
        moments.dedup();
        Self(moments.into())
    }

    /// How many bars there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no bar.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The moment of a bar; `None` past the last.
    #[must_use]
    pub fn timestamp(&self, bar: usize) -> Option<Timestamp> {
        self.0.get(bar).copied().map(Timestamp)
    }

    /// The last bar at or before a moment.
    ///
    /// # Examples
    /// ```
    /// use lookback::{Calendar, Timestamp};
    /// let calendar = Calendar::new(vec![10, 20])?;
    /// assert_eq!([9, 10, 19, 99].map(|ns| calendar.bar_at(Timestamp(ns))), [None, Some(0), Some(0), Some(1)]);
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn bar_at(&self, moment: Timestamp) -> Option<usize> {
        self.0.partition_point(|&ns| ns <= moment.0).checked_sub(1)
    }

    /// The first bar at or after a moment.
    ///
    /// # Examples
    /// ```
    /// use lookback::{Calendar, Timestamp};
    /// let calendar = Calendar::new(vec![10, 20])?;
    /// assert_eq!([9, 11, 21].map(|ns| calendar.bar_from(Timestamp(ns))), [Some(0), Some(1), None]);
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn bar_from(&self, moment: Timestamp) -> Option<usize> {
        let bar = self.0.partition_point(|&ns| ns < moment.0);
        (bar < self.0.len()).then_some(bar)
    }

    /// The moments, in nanoseconds since the Unix epoch, ascending.
    #[must_use]
    pub fn as_slice(&self) -> &[i64] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_calendar_finds_the_last_bar_at_or_before() {
        let calendar = Calendar::new(vec![10, 20, 30]).unwrap();
        assert_eq!(calendar.bar_at(Timestamp(9)), None);
        assert_eq!(calendar.bar_at(Timestamp(25)), Some(1));
        assert_eq!(calendar.bar_from(Timestamp(25)), Some(2));
        assert_eq!(calendar.bar_from(Timestamp(31)), None);
        assert!(Calendar::new(vec![10, 10]).is_err());
    }

    #[test]
    fn the_union_of_calendars_has_each_moment_once() {
        let one = Calendar::new(vec![1, 3]).unwrap();
        let other = Calendar::new(vec![2, 3]).unwrap();
        assert_eq!(Calendar::union(&[one, other]).as_slice(), &[1, 2, 3]);
    }
}
