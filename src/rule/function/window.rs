//! Windows: what a function keeps of the last bars while it walks along a column.

#![forbid(unsafe_code)]

/// What is known of the bars of a window, kept up while it moves along.
pub(super) trait Rolling {
    /// Bars after which it is made anew, in windows; 0 for never. A sum needs it: without, what a bad price of long ago
    /// left in its last places would stay for ever.
    const RENEWED: usize = 0;

    /// Forgets all bars.
    fn clear(&mut self);

    /// Takes in a bar, which is the latest.
    fn enter(&mut self, bar: usize);

    /// Lets go of a bar, which is the earliest.
    fn leave(&mut self, bar: usize);
}

/// Several at once, over the same bars.
impl<W: Rolling, const N: usize> Rolling for [W; N] {
    const RENEWED: usize = W::RENEWED;

    fn clear(&mut self) {
        self.iter_mut().for_each(W::clear);
    }

    fn enter(&mut self, bar: usize) {
        self.iter_mut().for_each(|one| one.enter(bar));
    }

    fn leave(&mut self, bar: usize) {
        self.iter_mut().for_each(|one| one.leave(bar));
    }
}

/// Appends, for each bar, the value of the window of `bars` bars that ends there; NaN until there are that many in a row
/// at which all columns are finite, and where the value is not finite.
pub(super) fn roll<const N: usize, W: Rolling>(
    columns: [&[f64]; N],
    bars: usize,
    mut window: W,
    value: impl Fn(&W, usize) -> f64,
    out: &mut Vec<f64>,
) {
    let count = columns.iter().map(|column| column.len()).min().unwrap_or(0);
    out.reserve(count);
    let (mut run, mut age) = (0_usize, 0_usize);
    for bar in 0..count {
        if !columns.iter().all(|column| column[bar].is_finite()) {
            if run > 0 {
                window.clear();
            }
            (run, age) = (0, 0);
            out.push(f64::NAN);
            continue;
        }
        if run >= bars {
            window.leave(bar - bars);
        }
        window.enter(bar);
        (run, age) = (run + 1, age + 1);
        if W::RENEWED > 0 && age > bars * W::RENEWED {
            window.clear();
            (bar + 1 - bars..=bar).for_each(|bar| window.enter(bar));
            age = 0;
        }
        out.push(if run < bars { f64::NAN } else { finite(value(&window, bar)) });
    }
}

/// The value, or NaN where it is infinite.
pub(super) fn finite(value: f64) -> f64 {
    if value.is_finite() { value } else { f64::NAN }
}
