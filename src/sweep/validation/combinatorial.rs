//! Combinatorial purged cross-validation: every choice of some groups of bars to test on.

#![forbid(unsafe_code)]

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use super::parts::{Parts, Words};
use crate::error::Error;

/// How a run is cut into groups of bars, of which every combination of some is tested on a choice made on the others.
///
/// With N groups of which k are tested there are C(N, k) splits, and each group is tested in C(N - 1, k - 1) of them: so many
/// paths over the whole run can be put together, each of groups that no choice behind it was made on.
///
/// Of a group that is trained on, bars beside a tested group are left out: `purge` at its end where the next group is tested,
/// `purge + embargo` at its start where the one before is.
///
/// - Source: López de Prado, Advances in Financial Machine Learning (2018), chapter 12; purging and embargo: chapter 7.
///
/// # Examples
/// ```
/// use lookback::sweep::Combinatorial;
/// let scheme: Combinatorial = "groups=6,test=2".parse()?;
/// assert_eq!((scheme.splits().len(), scheme.paths()), (15, 5));
/// let larger: Combinatorial = "groups=10,test=2,purge=5,embargo=10".parse()?;
/// assert_eq!((larger.splits().len(), larger.paths()), (45, 9));
/// # Ok::<(), lookback::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Combinatorial {
    /// Groups of bars, as long as they can be alike.
    pub groups: usize,
    /// Groups that a split tests on.
    pub test: usize,
    /// Bars left out on both sides of a tested group.
    pub purge: usize,
    /// Bars left out after a tested group besides.
    pub embargo: usize,
}

const WORDS: Words = Words {
    subject: "cpcv",
    counts: &["groups", "test", "purge", "embargo"],
    alone: &[],
    expected: "groups=N,test=K[,purge=BARS][,embargo=BARS], such as groups=6,test=2",
};

/// The most splits: each is a ranking of its own for every trial.
const MOST_SPLITS: usize = 20_000;

impl Combinatorial {
    /// Refuses what makes no split, or too many.
    ///
    /// # Errors
    /// `BadParameter`.
    ///
    /// # Examples
    /// ```
    /// use lookback::sweep::Combinatorial;
    /// let error = "groups=40,test=20".parse::<Combinatorial>().unwrap_err().to_string();
    /// assert_eq!(error, "cpcv: 20 of 40 groups make 137846528820 splits, expected at most 20000");
    /// ```
    pub fn check(&self) -> Result<(), Error> {
        let Self { groups, test, purge, embargo } = *self;
        let bad = |message: String| Err(Error::bad_parameter(WORDS.subject, message));
        if groups < 2 {
            return bad(format!("groups is {groups}, expected at least 2"));
        }
        if test == 0 || test >= groups {
            return bad(format!("test is {test}, expected 1 to {} of {groups} groups", groups - 1));
        }
        if purge.checked_mul(2).and_then(|both| both.checked_add(embargo)).is_none() {
            return bad("purge and embargo are more bars than can be counted".to_owned());
        }
        match binomial(groups, test) {
            Some(splits) if splits <= MOST_SPLITS as u128 => Ok(()),
            splits => {
                let many = splits.map_or("more than can be counted".to_owned(), |splits| splits.to_string());
                bad(format!("{test} of {groups} groups make {many} splits, expected at most {MOST_SPLITS}"))
            }
        }
    }

    /// The tested groups of each split, ascending, the splits in lexicographic order.
    #[must_use]
    pub fn splits(&self) -> Vec<Vec<usize>> {
        let mut splits = Vec::new();
        let mut chosen: Vec<usize> = (0..self.test).collect();
        loop {
            splits.push(chosen.clone());
            // The last place that can go on; those behind it follow.
            let Some(at) = (0..self.test).rev().find(|at| chosen[*at] < self.groups - self.test + at) else {
                return splits;
            };
            chosen[at] += 1;
            for next in at + 1..self.test {
                chosen[next] = chosen[next - 1] + 1;
            }
        }
    }

    /// How many paths over the whole run the tested groups make: k / N x C(N, k).
    #[must_use]
    pub fn paths(&self) -> usize {
        let paths = binomial(self.groups - 1, self.test - 1);
        paths.and_then(|paths| usize::try_from(paths).ok()).unwrap_or(usize::MAX)
    }

    /// The bars of each group, counted from the run's first.
    #[must_use]
    pub fn group_bars(&self, bars: usize) -> Vec<Range<usize>> {
        // Groups are few and bars fit memory: the product fits a word.
        (0..self.groups).map(|at| at * bars / self.groups..(at + 1) * bars / self.groups).collect()
    }

    /// Why a series of so many bars cannot be cut so; nothing where it can.
    pub(super) fn refusal(&self, symbol: &str, bars: usize) -> Option<Error> {
        let Self { groups, purge, embargo, .. } = *self;
        let shortest = bars / groups;
        let left_out = 2 * purge + embargo;
        let message = if shortest < 2 {
            let fits = bars / 2;
            format!(
                "{symbol} has {bars} bars in the run, too few for {groups} groups of 2; at most {fits} would fit"
            )
        } else if left_out >= shortest {
            let most = shortest - 1;
            format!(
                "purge and embargo leave out up to {left_out} bars of a group, and a group of {symbol} has {shortest} \
                 of its {bars} in the run; twice the purge and the embargo may be {most} together"
            )
        } else {
            return None;
        };
        Some(Error::bad_parameter(WORDS.subject, message))
    }
}

/// How many ways there are to choose; `None` beyond 2^128.
fn binomial(of: usize, choose: usize) -> Option<u128> {
    let choose = choose.min(of - choose);
    (0..choose as u128).try_fold(1_u128, |ways, at| Some(ways.checked_mul(of as u128 - at)? / (at + 1)))
}

impl FromStr for Combinatorial {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let parts = Parts::read(&WORDS, text)?;
        let scheme = Self {
            groups: parts.needed("groups")?,
            test: parts.needed("test")?,
            purge: parts.count("purge").unwrap_or(0),
            embargo: parts.count("embargo").unwrap_or(0),
        };
        scheme.check()?;
        Ok(scheme)
    }
}

impl fmt::Display for Combinatorial {
    /// As it is typed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "groups={},test={}", self.groups, self.test)?;
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

    #[test]
    fn splits_and_paths_are_as_many_as_the_book_counts_and_each_group_is_tested_alike() {
        // Source: López de Prado (2018), 12.3: C(6, 2) = 15 splits and 5 paths; phi = k / N x C(N, k).
        for (groups, test, splits, paths) in
            [(6, 2, 15, 5), (10, 2, 45, 9), (16, 8, 12_870, 6435), (5, 1, 5, 1)]
        {
            let scheme = Combinatorial { groups, test, purge: 0, embargo: 0 };
            let all = scheme.splits();
            assert_eq!((all.len(), scheme.paths()), (splits, paths));
            assert!(all.windows(2).all(|pair| pair[0] < pair[1]), "each once, in order");
            assert!(all.iter().all(|split| split.windows(2).all(|pair| pair[0] < pair[1])));
            for group in 0..groups {
                assert_eq!(all.iter().filter(|split| split.contains(&group)).count(), paths);
            }
        }
    }

    #[test]
    fn what_is_wrong_is_named_with_what_was_expected() {
        let wrong = |text: &str| text.parse::<Combinatorial>().unwrap_err().to_string();
        for (text, message) in [
            ("groups=6", "cpcv: test is missing, expected groups=N,test=K"),
            ("groups=6,test=6", "test is 6, expected 1 to 5 of 6 groups"),
            ("groups=1,test=1", "groups is 1, expected at least 2"),
            ("groups=300,test=150", "more than can be counted splits"),
            ("groups=6,test=2,purge=18446744073709551615", "more bars than can be counted"),
        ] {
            assert!(wrong(text).contains(message), "{text}: {}", wrong(text));
        }
        let scheme = |text: &str| text.parse::<Combinatorial>().unwrap();
        assert_eq!(scheme("groups=6,test=2,embargo=3").to_string(), "groups=6,test=2,embargo=3");
        assert!(scheme("groups=6,test=2,purge=3,embargo=3").refusal("X", 60).is_none());
        let refusal = scheme("groups=6,test=2,purge=3,embargo=4").refusal("X", 60).unwrap().to_string();
        assert!(refusal.contains("leave out up to 10 bars of a group, and a group of X has 10"), "{refusal}");
        let refusal = scheme("groups=6,test=2").refusal("X", 11).unwrap().to_string();
        assert!(
            refusal.contains("X has 11 bars in the run, too few for 6 groups of 2; at most 5"),
            "{refusal}"
        );
    }
}
