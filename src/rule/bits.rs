//! A column of booleans that are true, false or undefined, 64 bars a word.

#![forbid(unsafe_code)]

/// Bars of a word.
const WORD: usize = u64::BITS as usize;

/// A boolean for each bar: true, false or undefined.
///
/// Two bit columns, the lowest bit of a word first: *value* and *defined*. A value is 0 where it is not defined, and no
/// bit is set past the last bar, so that entries and exits combine word by word and `value` alone is the signal.
///
/// # Examples
/// ```
/// use lookback::rule::Bits;
/// let bits: Bits = [Some(true), None, Some(false)].into_iter().collect();
/// assert_eq!((bits.value(), bits.defined()), (&[0b001][..], &[0b101][..]));
/// assert_eq!(bits.iter().collect::<Vec<_>>(), [Some(true), None, Some(false)]);
/// ```
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Bits {
    value: Vec<u64>,
    defined: Vec<u64>,
    bars: usize,
}

/// A word of each column: what is true, and what is defined.
pub(super) type Word = (u64, u64);

impl Bits {
    /// A column that is undefined at each of its bars.
    ///
    /// # Examples
    /// ```
    /// use lookback::rule::Bits;
    /// let bits = Bits::undefined(65);
    /// assert_eq!((bits.len(), bits.value().len(), bits.get(64)), (65, 2, None));
    /// ```
    #[must_use]
    pub fn undefined(bars: usize) -> Self {
        Self { value: vec![0; bars.div_ceil(WORD)], defined: vec![0; bars.div_ceil(WORD)], bars }
    }

    /// How many bars there are.
    ///
    /// # Examples
    /// ```
    /// let bits: lookback::rule::Bits = [Some(true), None].into_iter().collect();
    /// assert_eq!(bits.len(), 2);
    /// ```
    #[must_use]
    pub fn len(&self) -> usize {
        self.bars
    }

    /// Whether there is no bar.
    ///
    /// # Examples
    /// ```
    /// assert!(lookback::rule::Bits::default().is_empty());
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bars == 0
    }

    /// Where it is true, a bit a bar.
    ///
    /// # Examples
    /// ```
    /// let bits: lookback::rule::Bits = [None, Some(false), Some(true)].into_iter().collect();
    /// assert_eq!(bits.value(), [0b100]);
    /// ```
    #[must_use]
    pub fn value(&self) -> &[u64] {
        &self.value
    }

    /// Where it is true or false, a bit a bar.
    ///
    /// # Examples
    /// ```
    /// let bits: lookback::rule::Bits = [None, Some(false), Some(true)].into_iter().collect();
    /// assert_eq!(bits.defined(), [0b110]);
    /// ```
    #[must_use]
    pub fn defined(&self) -> &[u64] {
        &self.defined
    }

    /// The bytes that it takes.
    ///
    /// # Examples
    /// ```
    /// // Ten years of daily bars.
    /// assert_eq!(lookback::rule::Bits::undefined(2_520).bytes(), 640);
    /// ```
    #[must_use]
    pub fn bytes(&self) -> usize {
        size_of_val(self.value.as_slice()) + size_of_val(self.defined.as_slice())
    }

    /// What it is at a bar; undefined past the last one.
    ///
    /// # Examples
    /// ```
    /// use lookback::rule::Bits;
    /// let bits: Bits = [Some(false), None].into_iter().collect();
    /// assert_eq!((bits.get(0), bits.get(1), bits.get(2)), (Some(false), None, None));
    /// ```
    #[must_use]
    pub fn get(&self, bar: usize) -> Option<bool> {
        let bit = |words: &[u64]| words.get(bar / WORD).is_some_and(|word| word >> (bar % WORD) & 1 == 1);
        bit(&self.defined).then(|| bit(&self.value))
    }

    /// What it is at each bar.
    ///
    /// # Examples
    /// ```
    /// let bits: lookback::rule::Bits = [Some(true), None].into_iter().collect();
    /// assert_eq!(bits.iter().flatten().count(), 1);
    /// ```
    pub fn iter(&self) -> impl Iterator<Item = Option<bool>> {
        (0..self.bars).map(|bar| self.get(bar))
    }

    /// Becomes a column of so many bars, undefined so far, and lends its words in order: value and defined of 64 bars each.
    /// What is written keeps no bit past the last bar, and none in a value that is not defined.
    #[inline]
    pub(super) fn room(&mut self, bars: usize) -> impl Iterator<Item = (&mut u64, &mut u64)> {
        self.bars = bars;
        for words in [&mut self.value, &mut self.defined] {
            words.clear();
            words.resize(bars.div_ceil(WORD), 0);
        }
        self.value.iter_mut().zip(&mut self.defined)
    }

    /// Becomes a column of so many bars whose words, in order, `words` yields.
    #[inline]
    pub(super) fn fill(&mut self, bars: usize, words: impl Iterator<Item = Word>) {
        for (place, (value, defined)) in self.room(bars).zip(words) {
            (*place.0, *place.1) = (value & defined, defined);
        }
        self.end();
    }

    /// Clears what lies past the last bar.
    fn end(&mut self) {
        let rest = self.bars % WORD;
        if rest > 0 {
            for words in [&mut self.value, &mut self.defined] {
                if let Some(last) = words.last_mut() {
                    *last &= (1 << rest) - 1;
                }
            }
        }
    }

    fn words(&self) -> impl Iterator<Item = Word> {
        self.value.iter().copied().zip(self.defined.iter().copied())
    }

    /// The words of what it was `back` bars ago: undefined at the first `back` bars.
    fn past_words(&self, back: usize) -> impl Iterator<Item = Word> {
        let (words, shift) = (back / WORD, back % WORD);
        let past = move |column: &[u64], at: usize| {
            let Some(from) = at.checked_sub(words) else { return 0 };
            let low = from
                .checked_sub(1)
                .filter(|_| shift > 0)
                .map_or(0, |before| column[before] >> (WORD - shift));
            column[from] << shift | low
        };
        (0..self.value.len()).map(move |at| (past(&self.value, at), past(&self.defined, at)))
    }

    /// Becomes true or false throughout.
    pub(super) fn set_all(&mut self, bars: usize, value: bool) {
        self.fill(bars, std::iter::repeat(if value { (u64::MAX, u64::MAX) } else { (0, u64::MAX) }));
    }

    /// Becomes `not a`, which leaves undefined what is undefined.
    pub(super) fn set_not(&mut self, a: &Self) {
        self.fill(a.bars, a.words().map(|(value, defined)| (!value, defined)));
    }

    /// Becomes `a and b`: false where either is false, whatever the other.
    ///
    /// - Source: Kleene, Introduction to Metamathematics (1952), section 64: the strong tables of three values.
    pub(super) fn set_and(&mut self, a: &Self, b: &Self) {
        self.fill(a.bars, a.words().zip(b.words()).map(|(a, b)| and(a, b)));
    }

    /// Becomes `a or b`: true where either is true, whatever the other.
    pub(super) fn set_or(&mut self, a: &Self, b: &Self) {
        self.fill(a.bars, a.words().zip(b.words()).map(|(a, b)| not(and(not(a), not(b)))));
    }

    /// Becomes `condition ? yes : no`, undefined where the condition is.
    pub(super) fn set_choice(&mut self, condition: &Self, yes: &Self, no: &Self) {
        let words = condition.words().zip(yes.words()).zip(no.words());
        self.fill(
            condition.bars,
            words.map(|((condition, yes), no)| {
                let (is_yes, is_no) = (condition.0, condition.1 & !condition.0);
                (yes.0 & is_yes | no.0 & is_no, yes.1 & is_yes | no.1 & is_no)
            }),
        );
    }

    /// Becomes `a[back]`.
    pub(super) fn set_past(&mut self, a: &Self, back: usize) {
        self.fill(a.bars, a.past_words(back));
    }

    /// Becomes `a and not a[1]`: the bars at which `a` becomes true.
    pub(super) fn set_rise(&mut self, a: &Self) {
        let mut carried = (0, 0);
        self.fill(
            a.bars,
            a.words().map(|now| {
                let before = (now.0 << 1 | carried.0, now.1 << 1 | carried.1);
                carried = (now.0 >> (WORD - 1), now.1 >> (WORD - 1));
                and(now, not(before))
            }),
        );
    }
}

fn not((value, defined): Word) -> Word {
    (!value & defined, defined)
}

fn and(a: Word, b: Word) -> Word {
    let is_false = a.1 & !a.0 | b.1 & !b.0;
    (a.0 & b.0, a.1 & b.1 | is_false)
}

impl FromIterator<Option<bool>> for Bits {
    fn from_iter<I: IntoIterator<Item = Option<bool>>>(booleans: I) -> Self {
        let mut bits = Self::default();
        for one in booleans {
            if bits.bars % WORD == 0 {
                bits.value.push(0);
                bits.defined.push(0);
            }
            let (word, bit) = (bits.bars / WORD, bits.bars % WORD);
            bits.value[word] |= u64::from(one == Some(true)) << bit;
            bits.defined[word] |= u64::from(one.is_some()) << bit;
            bits.bars += 1;
        }
        bits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EACH: [Option<bool>; 3] = [Some(true), Some(false), None];

    /// Every triple of the three values, at every place of a word and across its end.
    fn triples() -> [Vec<Option<bool>>; 3] {
        let mut columns = [const { Vec::new() }; 3];
        for bar in 0..189 {
            columns[0].push(EACH[bar % 3]);
            columns[1].push(EACH[2 - bar / 3 % 3]);
            columns[2].push(EACH[bar / 9 % 3]);
        }
        columns
    }

    fn made(set: impl Fn(&mut Bits, &[Bits])) -> Vec<Option<bool>> {
        let columns = triples().map(|column| column.into_iter().collect::<Bits>());
        // What a buffer held before does not show.
        let mut bits: Bits = [Some(true); 500].into_iter().collect();
        set(&mut bits, &columns);
        assert!(bits.value().iter().zip(bits.defined()).all(|(value, defined)| value & !defined == 0));
        assert_eq!(bits, bits.iter().collect(), "no bit past the last bar");
        bits.iter().collect()
    }

    #[test]
    fn false_decides_an_and_true_an_or_and_what_is_undefined_decides_nothing() {
        let [a, b, c] = triples();
        let pairs = || a.iter().copied().zip(b.iter().copied());
        let and = |pair| match pair {
            (Some(false), _) | (_, Some(false)) => Some(false),
            (Some(true), Some(true)) => Some(true),
            _ => None,
        };
        let or = |pair| match pair {
            (Some(true), _) | (_, Some(true)) => Some(true),
            (Some(false), Some(false)) => Some(false),
            _ => None,
        };
        assert_eq!(made(|bits, of| bits.set_and(&of[0], &of[1])), pairs().map(and).collect::<Vec<_>>());
        assert_eq!(made(|bits, of| bits.set_or(&of[0], &of[1])), pairs().map(or).collect::<Vec<_>>());
        assert_eq!(
            made(|bits, of| bits.set_not(&of[0])),
            a.iter().map(|one| one.map(|one| !one)).collect::<Vec<_>>()
        );
        let chosen = a.iter().zip(&b).zip(&c).map(|((a, b), c)| a.and_then(|a| if a { *b } else { *c }));
        assert_eq!(made(|bits, of| bits.set_choice(&of[0], &of[1], &of[2])), chosen.collect::<Vec<_>>());
        assert_eq!(made(|bits, of| bits.set_all(of[0].len(), false)), vec![Some(false); 189]);
    }

    #[test]
    fn a_past_is_undefined_at_as_many_first_bars() {
        let [.., c] = triples();
        for back in [0, 1, 2, 63, 64, 65, 128, 188, 189, 190, usize::MAX] {
            let expected = (0..c.len()).map(|bar| bar.checked_sub(back).and_then(|bar| c[bar]));
            let found = made(|bits, of| bits.set_past(&of[2], back));
            assert_eq!(found, expected.collect::<Vec<_>>(), "{back} bars back");
        }
    }

    #[test]
    fn a_rise_is_a_bar_that_is_true_after_one_that_was_false() {
        let steps = made(|bits, of| bits.set_rise(&of[1]));
        let by_hand = made(|bits, of| {
            let (mut past, mut not) = (Bits::default(), Bits::default());
            past.set_past(&of[1], 1);
            not.set_not(&past);
            bits.set_and(&of[1], &not);
        });
        assert_eq!(steps, by_hand);
        assert!(steps.contains(&Some(true)));
    }
}
