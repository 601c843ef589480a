//! How a run is carried out: who looks on, what it is written to, and which part of it is run.

#![forbid(unsafe_code)]

use std::fmt;

use super::Watch;
use super::journal::{Journal, Shard};
use super::results::Observer;

/// How a run is carried out. Its results do not depend on it.
///
/// # Examples
/// ```
/// use lookback::strategies::SmaCross;
/// use lookback::sweep::{Course, Shard, Sweep};
/// use lookback::{Bundle, portal::{DataPortal, Options}};
///
/// let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
/// let sweep = Sweep::new().asset("IBM");
/// let course = Course { shard: Some(Shard::new(1, 2)?), ..Course::default() };
/// let half = sweep.run_course::<SmaCross>(&portal, course)?;
/// assert_eq!(half.len() - half.unfinished(), 1984); // of 3,930, by 64
/// # Ok::<(), lookback::Error>(())
/// ```
#[derive(Default)]
pub struct Course<'a> {
    /// What looks on, and whose threads run it.
    pub watch: Watch<'a>,
    /// Takes every result as it comes.
    pub observer: Option<&'a mut dyn Observer>,
    /// What was finished before, and is not run again; written on, unless it is of parts.
    pub journal: Option<&'a mut Journal>,
    /// The part that is run; all of it where none is given.
    pub shard: Option<Shard>,
}

impl<'a> From<Watch<'a>> for Course<'a> {
    fn from(watch: Watch<'a>) -> Self {
        Self { watch, ..Self::default() }
    }
}

impl fmt::Debug for Course<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut course = f.debug_struct("Course");
        course.field("watch", &self.watch).field("observer", &self.observer.is_some());
        course.field("journal", &self.journal).field("shard", &self.shard).finish()
    }
}
