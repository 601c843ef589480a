//! What the cache is asked for: sixteen bytes, so that a probe hashes and compares two words.

#![forbid(unsafe_code)]

use super::adjust::Adjust;
use crate::asset::Field;
use crate::time::Frequency;

/// Names one cached block within one bundle version.
///
/// No bar count and no end date are in it: every window that lies inside a block shares its key, which is why
/// a moving clock hits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Key {
    /// Subject and first bar, 32 bits each.
    place: u64,
    /// Detail in the upper 32 bits, then the frequency where it is not the subject's own, the content, the adjustment.
    form: u64,
}

/// What a key's block holds; the number is part of the key.
#[derive(Clone, Copy)]
enum Content {
    Window,
    Padded,
    Indicator,
    Scale,
    Series,
    Node,
    Coarse,
    CoarsePadded,
    Running,
    CoarseSeries,
    CoarseIndicator,
}

/// Of what bars a block is made, by the registry's ids: they outlive a bundle version.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Made {
    /// Those of a selection, up to the end of the span that starts at the key's bar.
    Span(u32),
    /// Those of a selection, up to the end of the stretch that starts there.
    Stretch(u32),
    /// Those of one asset, up to the end of the stretch that starts there.
    Asset(u32),
}

impl Key {
    pub(super) fn made(&self) -> Made {
        let id = (self.place >> 32) as u32;
        let is_one = |of: &[Content]| of.iter().any(|&one| one as u64 == self.form >> 8 & 0xff);
        match () {
            () if is_one(&[Content::Window, Content::Padded, Content::Running]) => Made::Span(id),
            () if is_one(&[Content::Coarse, Content::CoarsePadded]) => Made::Stretch(id),
            () => Made::Asset(id),
        }
    }

    /// Whether bars after those that it is made of tell how it is read: a coarse bar is closed when no more can come.
    pub(super) fn is_coarse(&self) -> bool {
        self.form >> 8 & 0xff >= Content::Coarse as u64
    }

    /// The first bar of the stretch or span.
    pub(super) fn first(&self) -> u32 {
        #[expect(clippy::cast_possible_truncation, reason = "the lower half was put there as 32 bits")]
        let first = self.place as u32;
        first
    }

    pub(super) fn adjust(&self) -> Adjust {
        let is_it = |adjust: &Adjust| *adjust as u64 == self.form & 0xff;
        Adjust::ALL.into_iter().find(is_it).unwrap_or_default()
    }

    fn new(subject: u32, first: u32, detail: u32, content: Content, adjust: Adjust) -> Self {
        Self {
            place: u64::from(subject) << 32 | u64::from(first),
            form: u64::from(detail) << 32 | (content as u64) << 8 | adjust as u64,
        }
    }

    /// Rows of a selection: the span that starts at bar `first`, and the lookback of a class before it.
    pub(super) fn window(selection: u32, first: u32, class: u8, adjust: Adjust) -> Self {
        Self::new(selection, first, class.into(), Content::Window, adjust)
    }

    /// The same, with undefined rows in front of the first bar.
    pub(super) fn padded(selection: u32, first: u32, class: u8, adjust: Adjust) -> Self {
        Self::new(selection, first, class.into(), Content::Padded, adjust)
    }

    /// An indicator of an asset, adjusted as of the stretch that starts at bar `first`.
    pub(super) fn indicator(asset: u32, first: u32, indicator: u32, adjust: Adjust) -> Self {
        Self::new(asset, first, indicator, Content::Indicator, adjust)
    }

    /// A field of an asset over all its bars, adjusted as of the stretch that starts at bar `first`.
    pub(super) fn series(asset: u32, first: u32, field: Field, adjust: Adjust) -> Self {
        Self::new(asset, first, field as u32, Content::Series, adjust)
    }

    /// A node of a rule over an asset's bars, adjusted as of the stretch that starts at bar `first`.
    pub(super) fn node(asset: u32, first: u32, column: u32, adjust: Adjust) -> Self {
        Self::new(asset, first, column, Content::Node, adjust)
    }

    /// Coarse bars of a selection: a cut of what the stretch that starts at bar `first` reaches, and the lookback of a class
    /// before it.
    pub(super) fn coarse(selection: u32, first: u32, (class, cut): (u8, u32), adjust: Adjust) -> Self {
        Self::new(selection, first, cut << 8 | u32::from(class), Content::Coarse, adjust)
    }

    /// The same, with undefined rows in front of the first coarse bar.
    pub(super) fn coarse_padded(selection: u32, first: u32, (class, cut): (u8, u32), adjust: Adjust) -> Self {
        Self::new(selection, first, cut << 8 | u32::from(class), Content::CoarsePadded, adjust)
    }

    /// The coarse bar of a selection as of each bar of the span that starts at bar `first`.
    pub(super) fn running(selection: u32, first: u32, adjust: Adjust) -> Self {
        Self::new(selection, first, 0, Content::Running, adjust)
    }

    /// A field of an asset over all its coarse bars, adjusted as of the stretch that starts at bar `first`.
    pub(super) fn coarse_series(
        asset: u32,
        first: u32,
        field: Field,
        frequency: Frequency,
        adjust: Adjust,
    ) -> Self {
        Self::new(asset, first, field as u32, Content::CoarseSeries, adjust).at(frequency)
    }

    /// An indicator of an asset's coarse bars, adjusted as of the stretch that starts at bar `first`.
    pub(super) fn coarse_indicator(
        asset: u32,
        first: u32,
        indicator: u32,
        frequency: Frequency,
        adjust: Adjust,
    ) -> Self {
        Self::new(asset, first, indicator, Content::CoarseIndicator, adjust).at(frequency)
    }

    fn at(self, frequency: Frequency) -> Self {
        Self { form: self.form | (frequency as u64) << 16, ..self }
    }

    /// The scale of an asset, as of the stretch that starts at bar `first`.
    pub(super) fn scale(asset: u32, first: u32, adjust: Adjust) -> Self {
        Self::new(asset, first, 0, Content::Scale, adjust)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn keys_that_differ_in_one_part_differ() {
        let mut keys = HashSet::new();
        for adjust in Adjust::ALL {
            for (subject, first, detail) in [(1, 2, 3), (2, 1, 3), (1, 3, 2), (0, 2, 3), (u32::MAX, 2, 3)] {
                for content in [
                    Content::Window,
                    Content::Padded,
                    Content::Indicator,
                    Content::Scale,
                    Content::Series,
                    Content::Node,
                    Content::Coarse,
                    Content::CoarsePadded,
                    Content::Running,
                    Content::CoarseSeries,
                    Content::CoarseIndicator,
                ] {
                    let key = Key::new(subject, first, detail, content, adjust);
                    for key in
                        Frequency::ALL.into_iter().skip(1).map(|frequency| key.at(frequency)).chain([key])
                    {
                        assert!(keys.insert(key));
                        let of = match content {
                            Content::Window | Content::Padded | Content::Running => Made::Span(subject),
                            Content::Coarse | Content::CoarsePadded => Made::Stretch(subject),
                            _ => Made::Asset(subject),
                        };
                        assert_eq!((key.made(), key.first(), key.adjust()), (of, first, adjust));
                    }
                }
            }
        }
        assert_eq!(size_of::<Key>(), 16);
    }
}
