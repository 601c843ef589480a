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

    /// Lets go of the earliest bar and takes in the latest.
    #[inline(always)]
    fn slide(&mut self, earliest: usize, latest: usize) {
        self.leave(earliest);
        self.enter(latest);
    }
}

/// Three at once, over the same bars.
impl<A: Rolling, B: Rolling, C: Rolling> Rolling for (A, B, C) {
    const RENEWED: usize = A::RENEWED;

    fn clear(&mut self) {
        self.0.clear();
        self.1.clear();
        self.2.clear();
    }

    #[inline(always)]
    fn enter(&mut self, bar: usize) {
        self.0.enter(bar);
        self.1.enter(bar);
        self.2.enter(bar);
    }

    #[inline(always)]
    fn leave(&mut self, bar: usize) {
        self.0.leave(bar);
        self.1.leave(bar);
        self.2.leave(bar);
    }
}

/// Appends, for each bar, the value of the window of `bars` bars that ends there; NaN until there are that many in a row
/// at which all columns are finite, and where the value is not finite.
pub(super) fn roll<const N: usize, W: Rolling>(
    columns: [&[f64]; N],
    bars: usize,
    window: W,
    value: impl Fn(&W, usize) -> f64,
    out: &mut Vec<f64>,
) {
    // Its own copy is held in registers, which what is passed is not: half the time.
    let mut window = window;
    let count = columns.iter().map(|column| column.len()).min().unwrap_or(0);
    let columns = columns.map(|column| &column[..count]);
    let start = out.len();
    out.resize(start + count, f64::NAN);
    let (mut run, mut age) = (0_usize, 0_usize);
    for (bar, out) in out[start..].iter_mut().enumerate() {
        if !columns.iter().all(|column| column[bar].is_finite()) {
            if run > 0 {
                window.clear();
            }
            (run, age) = (0, 0);
            continue;
        }
        if run >= bars {
            window.slide(bar - bars, bar);
        } else {
            window.enter(bar);
        }
        (run, age) = (run + 1, age + 1);
        if W::RENEWED > 0 && age > bars.saturating_mul(W::RENEWED) {
            window.clear();
            for bar in bar + 1 - bars..=bar {
                window.enter(bar);
            }
            age = 0;
        }
        if run >= bars {
            *out = finite(value(&window, bar));
        }
    }
}

/// The value, or NaN where it is infinite.
pub(super) fn finite(value: f64) -> f64 {
    if value.is_finite() { value } else { f64::NAN }
}
