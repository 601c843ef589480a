//! What of one bundle version is still true in the next: which cached blocks a portal keeps.
//!
//! A block is kept where nothing that it was made of has changed: the bars up to its last, their places in the calendar,
//! and the events that are known at its bars. So bars that are appended leave the blocks of all **closed stretches** as
//! they are, those that end at an event or at a cut; the stretch that grows is loaded anew. A bar that is restated takes
//! with it the blocks that reach up to it or beyond, and an event those of its own day and later.

#![forbid(unsafe_code)]

use std::collections::HashMap;
use std::sync::Arc;

use super::adjust::Adjust;
use super::catalog::Catalog;
use super::key::{Key, Made};
use super::layout::Layout;
use super::stretch::{Span, Stretches};
use super::timeline::Timeline;
use crate::error::Error;
use crate::time::Timestamp;

/// How the bars of a calendar are cut: into stretches or spans.
type Cut = fn(&Stretches, u32, Adjust) -> Span;

/// Two versions beside each other, compared as far as was asked.
pub(super) struct Comparison<'a> {
    old: &'a Catalog,
    new: &'a Catalog,
    /// Whether bars lie in the day as they did: else coarse bars and dates are others, of the same bars.
    is_same_day: bool,
    /// By the asset's subject.
    assets: HashMap<u32, Option<Asset>>,
    /// By the selection's id.
    selections: HashMap<u32, Option<Selected>>,
}

/// An asset in both versions.
#[derive(Clone)]
struct Asset {
    old: Arc<Timeline>,
    new: Arc<Timeline>,
    /// How many of its first bars are the same.
    common: usize,
}

/// A selection in both versions.
struct Selected {
    old: Arc<Layout>,
    new: Arc<Layout>,
    /// How many first rows of the calendar are the same.
    common: usize,
    assets: Vec<Asset>,
}

impl<'a> Comparison<'a> {
    pub(super) fn new(old: &'a Catalog, new: &'a Catalog) -> Self {
        let is_same_day = old.bundle().session() == new.bundle().session()
            && old.bundle().frequency() == new.bundle().frequency();
        Self { old, new, is_same_day, assets: HashMap::new(), selections: HashMap::new() }
    }

    /// Whether what the old version has under a key is what the new one would load.
    ///
    /// What cannot be read is not kept: whoever asks for it is told why.
    pub(super) fn keeps(&mut self, key: &Key) -> bool {
        if !self.is_same_day {
            return false;
        }
        let (first, adjust) = (key.first(), key.adjust());
        let is_coarse = key.is_coarse();
        let (id, cut): (u32, Cut) = match key.made() {
            Made::Asset(id) => {
                return self.asset(id).is_some_and(|asset| asset.keeps(first, adjust, is_coarse));
            }
            Made::Span(id) => (id, Stretches::span),
            Made::Stretch(id) => (id, Stretches::stretch),
        };
        self.selection(id).is_some_and(|one| one.keeps(cut, first, adjust, is_coarse))
    }

    fn asset(&mut self, subject: u32) -> Option<&Asset> {
        let (old, new) = (self.old, self.new);
        let asset = || {
            let symbol = old.registry().symbol(subject)?;
            Asset::new(old, new, symbol.as_str()).ok()
        };
        self.assets.entry(subject).or_insert_with(asset).as_ref()
    }

    fn selection(&mut self, id: u32) -> Option<&Selected> {
        if !self.selections.contains_key(&id) {
            let selected = self.select(id);
            self.selections.insert(id, selected);
        }
        self.selections.get(&id)?.as_ref()
    }

    fn select(&mut self, id: u32) -> Option<Selected> {
        let selection = self.old.registry().selection_of(id)?;
        let (old, new) = (self.old.layout(&selection).ok()?, self.new.layout(&selection).ok()?);
        let subjects = old.assets.iter().map(|rows| rows.timeline.subject());
        let assets = subjects.map(|subject| self.asset(subject).cloned()).collect::<Option<_>>()?;
        let pairs = old.calendar.as_slice().iter().zip(new.calendar.as_slice());
        let common = pairs.take_while(|(old, new)| old == new).count();
        Some(Selected { old, new, common, assets })
    }
}

impl Asset {
    fn new(old: &Catalog, new: &Catalog, symbol: &str) -> Result<Self, Error> {
        let (one, other) = (old.bundle().asset(symbol)?, new.bundle().asset(symbol)?);
        let has_ended = old.bundle().ended(one) != new.bundle().ended(other);
        // How far a price is carried is another then.
        let common = if has_ended { 0 } else { old.bundle().common_bars(one, new.bundle(), other)? };
        let old = old.timeline(one)?;
        new.bundle().know_first_moments(other, &old.calendar().as_slice()[..common])?;
        Ok(Self { old, new: new.timeline(other)?, common })
    }

    /// Whether the stretch that starts at a bar is the same, with all bars up to its end.
    fn keeps(&self, first: u32, adjust: Adjust, is_coarse: bool) -> bool {
        let stretch = |timeline: &Timeline| timeline.stretch(first as usize, adjust).ok();
        let Some(old) = stretch(&self.old).filter(|old| stretch(&self.new) == Some(*old)) else {
            return false;
        };
        old.first == first
            && old.end as usize <= self.common
            && !(is_coarse && old.end as usize == self.old.calendar().len())
            && self.old.known_in(old, adjust) == self.new.known_in(old, adjust)
    }

    /// Whether all bars up to a moment are the same, and the events that are known at it.
    fn is_same_until(&self, moment: Timestamp, adjust: Adjust) -> bool {
        let bars = |timeline: &Timeline| timeline.calendar().bar_at(moment).map_or(0, |bar| bar + 1);
        let old = bars(&self.old);
        old == bars(&self.new)
            && old <= self.common
            && self.old.known(moment, adjust) == self.new.known(moment, adjust)
    }
}

impl Selected {
    fn keeps(&self, cut: Cut, first: u32, adjust: Adjust, is_coarse: bool) -> bool {
        let span = |layout: &Layout| -> Option<Span> {
            ((first as usize) < layout.calendar.len()).then(|| cut(&layout.stretches, first, adjust))
        };
        let Some(old) = span(&self.old).filter(|old| span(&self.new) == Some(*old)) else { return false };
        let Some(last) = self.old.calendar.timestamp(old.end as usize - 1) else { return false };
        old.first == first
            && old.end as usize <= self.common
            && !(is_coarse && old.end as usize == self.old.calendar.len())
            && self.assets.iter().all(|asset| asset.is_same_until(last, adjust))
    }
}
