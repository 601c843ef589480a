//! A walk forward: train spans and the test spans after them.

#![forbid(unsafe_code)]

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use super::parts::{Parts, Words};
use crate::error::Error;

/// How a run is cut into folds: on the bars of each train span a point is chosen, on the test span after it that point is
/// traded.
///
/// Test spans lie side by side, from the first one to the run's last bar; the last may be shorter. A train span has always
/// as many bars, or begins with the run where it is anchored. Between it and its test span lie `purge + embargo` bars that
/// the choice has not seen: a purge for what a position that is still open at the end of the train span earns later, an
/// embargo for the time that it takes to put a choice into effect. Since every train span lies before its test span, there is
/// nothing after a test span that an embargo would have to keep from it, as in cross-validation.
///
/// # Examples
/// ```
/// use lookback::sweep::WalkForward;
/// let scheme: WalkForward = "train=750,test=250,purge=5".parse()?;
/// let folds = scheme.folds(1300); // of the run's bars
/// assert_eq!((folds[0].train.clone(), folds[0].test.clone()), (0..750, 755..1005));
/// assert_eq!((folds[1].train.clone(), folds[1].test.clone()), (250..1000, 1005..1255));
/// assert_eq!((folds[2].test.clone(), folds.len()), (1255..1300, 3));
/// # Ok::<(), lookback::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct WalkForward {
    /// Bars of a train span; of the first one, where it is anchored.
    pub train: usize,
    /// Bars of a test span, but for the last, which may be shorter.
    pub test: usize,
    /// Whether every train span begins with the run, and so grows.
    pub is_anchored: bool,
    /// Bars between a train span and its test span that belong to neither.
    pub purge: usize,
    /// As many more.
    pub embargo: usize,
}

/// One fold by its bars, counted from the run's first.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FoldBars {
    /// What a point is chosen on.
    pub train: Range<usize>,
    /// What it is traded on.
    pub test: Range<usize>,
}

const WORDS: Words = Words {
    subject: "walk-forward",
    counts: &["train", "test", "purge", "embargo"],
    alone: &["anchored"],
    expected: "train=BARS,test=BARS[,anchored][,purge=BARS][,embargo=BARS], such as train=756,test=252",
};

/// The fewest folds that a suggestion makes.
const SUGGESTED_FOLDS: usize = 4;

impl WalkForward {
    /// Refuses spans without bars.
    ///
    /// # Errors
    /// `BadParameter`.
    ///
    /// # Examples
    /// ```
    /// use lookback::sweep::WalkForward;
    /// let error = "train=1,test=0".parse::<WalkForward>().unwrap_err().to_string();
    /// assert_eq!(error, "walk-forward: train is 1, expected at least 2 bars, of which one has a return");
    /// ```
    pub fn check(&self) -> Result<(), Error> {
        let bad = |message: &str| Err(Error::bad_parameter(WORDS.subject, message));
        match self {
            Self { train: 0..2, .. } => {
                let train = self.train;
                bad(&format!("train is {train}, expected at least 2 bars, of which one has a return"))
            }
            Self { test: 0, .. } => bad("test is 0, expected at least 1 bar"),
            _ if self.first_test().is_none() => {
                bad("train, purge and embargo are more bars than can be counted")
            }
            _ => Ok(()),
        }
    }

    /// The folds of a run of so many bars; none where not even one has a test bar.
    #[must_use]
    pub fn folds(&self, bars: usize) -> Vec<FoldBars> {
        let Some(first) = self.first_test() else { return Vec::new() };
        let starts = (first..bars).step_by(self.test.max(1));
        let fold = |test: usize| {
            let end = test - self.purge - self.embargo;
            let start = if self.is_anchored { 0 } else { end - self.train };
            FoldBars { train: start..end, test: test..bars.min(test.saturating_add(self.test)) }
        };
        starts.map(fold).collect()
    }

    /// Bars before the first test span.
    fn first_test(&self) -> Option<usize> {
        self.train.checked_add(self.purge)?.checked_add(self.embargo)
    }

    /// Why a series of so many bars has no fold, and what would fit.
    pub(super) fn too_long(&self, symbol: &str, bars: usize) -> Error {
        let Self { train, purge, embargo, .. } = self;
        let gap = purge.saturating_add(*embargo);
        let need = train.saturating_add(gap).saturating_add(1);
        let between = if gap == 0 { String::new() } else { format!(", {gap} of purge and embargo") };
        // The same proportion, and some folds of it.
        let ratio = (train / self.test.max(1)).clamp(1, 12);
        let test = bars.saturating_sub(gap) / (ratio + SUGGESTED_FOLDS);
        let fits = match test {
            0 => "no fold of any length would tell anything".to_owned(),
            test => format!("train={},test={test} would make {SUGGESTED_FOLDS} folds", (test * ratio).max(2)),
        };
        let message = format!(
            "{symbol} has {bars} bars in the run, and a fold needs {need}: {train} to train on{between}, and 1 to test on; {fits}"
        );
        Error::bad_parameter(WORDS.subject, message)
    }
}

impl FromStr for WalkForward {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let parts = Parts::read(&WORDS, text)?;
        let scheme = Self {
            train: parts.needed("train")?,
            test: parts.needed("test")?,
            is_anchored: parts.has("anchored"),
            purge: parts.count("purge").unwrap_or(0),
            embargo: parts.count("embargo").unwrap_or(0),
        };
        scheme.check()?;
        Ok(scheme)
    }
}

impl fmt::Display for WalkForward {
    /// As it is typed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "train={},test={}", self.train, self.test)?;
        if self.is_anchored {
            f.write_str(",anchored")?;
        }
        for (name, bars) in [("purge", self.purge), ("embargo", self.embargo)] {
            if bars > 0 {
                write!(f, ",{name}={bars}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scheme(text: &str) -> WalkForward {
        text.parse().unwrap()
    }

    #[test]
    fn test_spans_lie_side_by_side_to_the_last_bar_and_train_spans_end_before_them() {
        for text in ["train=3,test=2", "train=4,test=3,anchored", "train=3,test=2,purge=2,embargo=1"] {
            let one = scheme(text);
            for bars in 0..40 {
                let folds = one.folds(bars);
                let first = 3 + usize::from(one.is_anchored) + one.purge + one.embargo;
                assert_eq!(folds.is_empty(), bars <= first, "{text} of {bars}");
                assert!(folds.windows(2).all(|pair| pair[0].test.end == pair[1].test.start));
                assert!(folds.last().is_none_or(|fold| fold.test.end == bars));
                for (k, FoldBars { train, test }) in folds.into_iter().enumerate() {
                    assert_eq!(train.end + one.purge + one.embargo, test.start);
                    assert_eq!(test.start, first + k * one.test);
                    assert_eq!(train.start, if one.is_anchored { 0 } else { k * one.test });
                }
            }
        }
    }

    #[test]
    fn a_scheme_reads_back_as_it_is_shown() {
        for text in
            ["train=756,test=252", "train=5,test=1,anchored,purge=2,embargo=3", "train=2,test=9,embargo=1"]
        {
            assert_eq!(scheme(text).to_string(), text);
        }
        assert_eq!(scheme(" test = 2 , anchored,train=3"), scheme("train=3,test=2,anchored"));
    }

    #[test]
    fn what_is_wrong_is_named_with_what_was_expected() {
        let wrong = |text: &str| text.parse::<WalkForward>().unwrap_err().to_string();
        for (text, message) in [
            ("train=756", "walk-forward: test is missing, expected train=BARS,test=BARS[,anchored]"),
            ("trian=756,test=2", "\"trian=756\" is unknown; nearest: train; expected train=BARS"),
            ("train=756,test=252,train=2", "train is given twice"),
            ("train=-5,test=252", "train is \"-5\", expected a whole number of at least 0"),
            ("train,test=252", "train has no number, expected such as train=5"),
            ("train=5,test=2,anchored=1", "anchored takes no number, expected the word alone"),
            ("train=5,test=0", "test is 0, expected at least 1 bar"),
            ("train=18446744073709551615,test=1,purge=1", "more bars than can be counted"),
            ("", "\"\" is unknown; expected train=BARS"),
        ] {
            assert!(wrong(text).contains(message), "{text}: {}", wrong(text));
        }
    }

    #[test]
    fn what_would_fit_is_suggested_and_fits() {
        let error = scheme("train=756,test=252,purge=5").too_long("FB", 684).to_string();
        assert_eq!(
            error,
            "walk-forward: FB has 684 bars in the run, and a fold needs 762: 756 to train on, 5 of purge and embargo, and \
             1 to test on; train=291,test=97 would make 4 folds"
        );
        assert_eq!(scheme("train=291,test=97,purge=5").folds(684).len(), 4);
        assert!(scheme("train=756,test=252").too_long("X", 3).to_string().contains("no fold of any length"));
    }
}
