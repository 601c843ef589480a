//! Which entry of a shard goes when room is needed: plain sequential code, run at the shard's desk.
//!
//! A policy knows places, not entries. Of an entry it may ask three things, its hash, its weight and its mark, which is
//! the reference bit: a hit writes nothing else. So another policy is one more file here.

mod admission;
mod clock;
mod ghosts;
mod queue;

use admission::ClockWithAdmission;
use clock::Clock;

/// A slot of a shard, by its number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Place(u32);

impl Place {
    pub(super) fn new(index: usize) -> Self {
        Self(u32::try_from(index).expect("a shard has at most 2^26 slots, because options are validated"))
    }

    #[inline]
    pub(super) fn index(self) -> usize {
        self.0 as usize
    }
}

/// What a policy may ask of the entry at a place.
pub(super) trait Marks {
    /// The hash of its key.
    fn hash(&self, place: Place) -> u64;

    /// What it weighs.
    fn weight_bytes(&self, place: Place) -> u64;

    /// Whether it was read since this was last asked; the mark is taken off.
    fn take_mark(&self, place: Place) -> bool;
}

/// The order in which the entries of one shard go.
pub(super) trait Eviction {
    /// Takes note of an entry that was just published.
    fn admit(&mut self, place: Place, marks: &impl Marks);

    /// Chooses the entry that goes next, and forgets its place; `None` where there is no entry.
    ///
    /// Ends after one step for each entry and one more, however many hits set marks meanwhile.
    fn evict(&mut self, marks: &impl Marks) -> Option<Place>;

    /// Forgets an entry that goes out of turn.
    fn remove(&mut self, place: Place, marks: &impl Marks);

    /// The places in the order in which they would go, were none of them marked.
    fn order(&self) -> Vec<Place>;
}

/// How the variable tier chooses what goes, see [`Options::policy`](super::Options::policy).
///
/// # Examples
/// ```
/// use lookback::cache::{Options, Policy};
/// assert_eq!(Options::default().policy, Policy::ClockWithAdmission);
/// let plain = Options { policy: Policy::Clock, ..Options::default() };
/// assert!(plain.validate().is_ok());
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Policy {
    /// Second chance on a ring: what was read since the hand last came is spared once, the rest goes in its order.
    Clock,
    /// The same, behind a small queue that a newcomer has to leave by being read: a scan passes through a twentieth of
    /// the entries and leaves the others alone. What is asked for again soon after it went is let in at once.
    #[default]
    ClockWithAdmission,
}

/// The policy that was chosen.
#[derive(Debug)]
pub(super) enum Chosen {
    Clock(Clock),
    ClockWithAdmission(ClockWithAdmission),
}

impl Chosen {
    /// The policy of one shard, of at most `entries` in so many places.
    pub(super) fn new(policy: Policy, entries: usize, places: usize) -> Self {
        match policy {
            Policy::Clock => Self::Clock(Clock::new(places)),
            Policy::ClockWithAdmission => Self::ClockWithAdmission(ClockWithAdmission::new(entries, places)),
        }
    }
}

macro_rules! delegate {
    ($self:ident, $policy:ident => $call:expr) => {
        match $self {
            Chosen::Clock($policy) => $call,
            Chosen::ClockWithAdmission($policy) => $call,
        }
    };
}

impl Eviction for Chosen {
    fn admit(&mut self, place: Place, marks: &impl Marks) {
        delegate!(self, policy => policy.admit(place, marks));
    }

    fn evict(&mut self, marks: &impl Marks) -> Option<Place> {
        delegate!(self, policy => policy.evict(marks))
    }

    fn remove(&mut self, place: Place, marks: &impl Marks) {
        delegate!(self, policy => policy.remove(place, marks));
    }

    fn order(&self) -> Vec<Place> {
        delegate!(self, policy => policy.order())
    }
}
