//! Signals: a bit for each bar at whose close a rule is true.

#![forbid(unsafe_code)]

/// Bars of a word.
pub(super) const WORD: usize = u64::BITS as usize;

/// Which side of the market a position is on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Side {
    Long,
    Short,
}

impl Side {
    pub(super) fn other(self) -> Self {
        match self {
            Self::Long => Self::Short,
            Self::Short => Self::Long,
        }
    }

    pub(super) fn sign(self) -> f64 {
        match self {
            Self::Long => 1.0,
            Self::Short => -1.0,
        }
    }
}

/// When to enter and when to leave: bit columns over an asset's bars, 64 bars a word, the lowest bit first.
///
/// The first bit is the asset's first bar, whatever bar a run starts from. What is not given, and what lies past the end
/// of a column, is never true. At each close, in this order:
/// 1. Exits: `sell` ends a long position, `cover` a short one.
/// 2. Entries, where flat or of the other side: `buy` a long position, `short` a short one. `buy` while short covers and
///    buys in one order; `buy` while long does nothing.
///
/// Where the exit and the entry of one side are both true, the result is flat, whatever was held. Where `buy` and `short`
/// are both true, neither is ordered, and the bar is counted; an exit of that bar stands.
///
/// # Examples
/// ```
/// use lookback::sweep::Signals;
/// let (buy, sell) = (Signals::bits([false, true, false]), Signals::bits([false, false, true]));
/// assert_eq!((buy[0], sell[0]), (0b010, 0b100));
/// let signals = Signals { buy: Some(&buy), sell: Some(&sell), ..Signals::default() };
/// assert!(signals.short.is_none());
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Signals<'a> {
    /// Enters a long position.
    pub buy: Option<&'a [u64]>,
    /// Ends a long position.
    pub sell: Option<&'a [u64]>,
    /// Enters a short position.
    pub short: Option<&'a [u64]>,
    /// Ends a short position.
    pub cover: Option<&'a [u64]>,
}

impl Signals<'_> {
    /// A bit column from one truth value a bar, oldest first.
    ///
    /// # Examples
    /// ```
    /// use lookback::sweep::Signals;
    /// let every_third = Signals::bits((0..130).map(|bar| bar % 3 == 0));
    /// assert_eq!(every_third.len(), 3); // words
    /// assert_eq!(every_third[0] & 0b1111, 0b1001);
    /// ```
    #[must_use]
    pub fn bits(truths: impl IntoIterator<Item = bool>) -> Vec<u64> {
        let mut words = Vec::new();
        for (bar, truth) in truths.into_iter().enumerate() {
            if bar % WORD == 0 {
                words.push(0);
            }
            words[bar / WORD] |= u64::from(truth) << (bar % WORD);
        }
        words
    }

    /// Bars of a run at which both sides would be entered.
    pub(super) fn both_entries(&self, first: usize, bars: usize) -> u32 {
        let (Some(buy), Some(short)) = (self.buy, self.short) else { return 0 };
        let end = first + bars;
        let words = buy.iter().zip(short).enumerate().take(end.div_ceil(WORD)).skip(first / WORD);
        words
            .map(|(at, (buy, short))| {
                let start = first.saturating_sub(at * WORD);
                let past = ((at + 1) * WORD).saturating_sub(end);
                (buy & short & (u64::MAX << start) & (u64::MAX >> past)).count_ones()
            })
            .sum()
    }
}

/// [`Signals`] by side, where a column that is not given has no words: what a walk asks at each step.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sides<'a> {
    entries: [&'a [u64]; 2],
    exits: [&'a [u64]; 2],
}

impl<'a> Sides<'a> {
    pub(super) fn new(signals: &Signals<'a>) -> Self {
        let Signals { buy, sell, short, cover } = *signals;
        Self {
            entries: [buy, short].map(Option::unwrap_or_default),
            exits: [sell, cover].map(Option::unwrap_or_default),
        }
    }

    /// Where a rule to enter is true, by the word's place.
    #[inline]
    fn entry(&self, side: Side, at: usize) -> u64 {
        word(self.entries[side as usize], at)
    }

    /// Where a rule to leave is true.
    #[inline]
    pub(super) fn exit(&self, side: Side, at: usize) -> u64 {
        word(self.exits[side as usize], at)
    }

    /// Where an account enters that is flat or of the other side.
    #[inline]
    pub(super) fn enters(&self, side: Side, at: usize) -> u64 {
        self.entry(side, at) & !self.exit(side, at) & !self.entry(side.other(), at)
    }

    /// Where a position may be left: by its own exit, or by the other side's entry alone, be it void or not.
    #[inline]
    pub(super) fn leaves(&self, side: Side, at: usize) -> u64 {
        self.exit(side, at) | self.entry(side.other(), at) & !self.entry(side, at)
    }
}

#[inline]
fn word(column: &[u64], at: usize) -> u64 {
    match column.get(at) {
        Some(word) => *word,
        None => 0,
    }
}
