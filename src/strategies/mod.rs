//! The built-in strategies, a file of rules each, and how the program finds them by name.

#![forbid(unsafe_code)]

mod sma_above;
mod sma_cross;

use std::fmt;

pub use sma_above::SmaAbove;
pub use sma_cross::SmaCross;

use crate::error::Error;
use crate::nearest::suggestion;
use crate::portal::DataPortal;
use crate::sweep::{
    Backtest, Choice, Combinatorial, CombinatorialResults, Course, Description, Document, Grid, Honesty,
    HonestyOptions, Point, Results, RuleSet, Strategy, Sweep, WalkForward, WalkForwardResults, Watch,
};

/// A built-in strategy, chosen at run time: a file of rules, and for some a type that trades alike.
///
/// # Examples
/// ```
/// use lookback::strategies::Builtin;
/// let rules = Builtin::find("rsi-reversion")?.rules()?;
/// assert_eq!(rules.parameters()[0].to_string(), "n=2:14");
/// # Ok::<(), lookback::Error>(())
/// ```
#[derive(Clone, Copy)]
pub struct Builtin {
    name: &'static str,
    text: &'static str,
    typed: Option<Typed>,
}

/// A strategy's type: behind each function is code compiled for it alone.
#[derive(Clone, Copy)]
struct Typed {
    grid: fn(&Sweep) -> Result<Grid, Error>,
    run: fn(&Sweep, &DataPortal, Course<'_>) -> Result<Results, Error>,
    describe: fn(&Sweep, &DataPortal) -> Result<Description, Error>,
    backtest: fn(&Sweep, &DataPortal) -> Result<Backtest, Error>,
    honesty: fn(&Results, &DataPortal, usize, Point<'_>, HonestyOptions) -> Result<Honesty, Error>,
    walk_forward:
        fn(&Sweep, &DataPortal, WalkForward, Choice<'_>, Watch<'_>) -> Result<WalkForwardResults, Error>,
    cross_validate:
        fn(&Sweep, &DataPortal, Combinatorial, Choice<'_>, Watch<'_>) -> Result<CombinatorialResults, Error>,
}

/// Every built-in strategy.
pub const BUILTINS: [Builtin; 7] = [
    Builtin::of::<SmaCross>(include_str!("sma-cross.toml")),
    Builtin::of::<SmaAbove>(include_str!("sma-above.toml")),
    Builtin::file("ema-cross", include_str!("ema-cross.toml")),
    Builtin::file("rsi-reversion", include_str!("rsi-reversion.toml")),
    Builtin::file("donchian-breakout", include_str!("donchian-breakout.toml")),
    Builtin::file("bollinger-reversion", include_str!("bollinger-reversion.toml")),
    Builtin::file("macd-cross", include_str!("macd-cross.toml")),
];

impl Builtin {
    const fn file(name: &'static str, text: &'static str) -> Self {
        Self { name, text, typed: None }
    }

    const fn of<S: Strategy>(text: &'static str) -> Self {
        let typed = Typed {
            grid: Sweep::grid::<S>,
            run: |sweep, portal, course| sweep.run_course::<S>(portal, course),
            describe: Sweep::describe::<S>,
            backtest: Sweep::backtest::<S>,
            honesty: Results::honesty::<S>,
            walk_forward: Sweep::walk_forward::<S>,
            cross_validate: Sweep::cross_validate::<S>,
        };
        Self { name: S::NAME, text, typed: Some(typed) }
    }

    /// The rules as a file: an example to copy.
    ///
    /// # Examples
    /// ```
    /// use lookback::strategies::Builtin;
    /// assert!(Builtin::find("sma-cross")?.text().contains("buy = \"crossover(sma(close, fast), sma(close, slow))\""));
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn text(&self) -> &'static str {
        self.text
    }

    /// What it does, in one sentence.
    ///
    /// # Examples
    /// ```
    /// use lookback::strategies::BUILTINS;
    /// assert!(BUILTINS.iter().all(|one| one.description().ends_with('.')));
    /// ```
    #[must_use]
    pub fn description(&self) -> &'static str {
        self.text.lines().next().unwrap_or_default().trim_start_matches(['#', ' '])
    }

    /// The rules, to be changed and swept.
    ///
    /// # Errors
    /// None: a test reads every file.
    pub fn rules(&self) -> Result<RuleSet, Error> {
        RuleSet::from_document(self.name, &Document::parse(self.text, &format!("{}.toml", self.name))?)
    }

    /// Finds a strategy by its name.
    ///
    /// # Errors
    /// `Invalid`, with the nearest name.
    ///
    /// # Examples
    /// ```
    /// let error = lookback::strategies::Builtin::find("sma-corss").unwrap_err();
    /// assert!(error.to_string().starts_with("strategy sma-corss: unknown; nearest: sma-cross"), "{error}");
    /// ```
    pub fn find(name: &str) -> Result<Self, Error> {
        BUILTINS.into_iter().find(|one| one.name == name).ok_or_else(|| {
            let names = BUILTINS.map(|one| one.name);
            let message = format!("unknown{}; there is {}", suggestion(name, names), names.join(", "));
            Error::invalid(format!("strategy {name}"), message)
        })
    }

    /// The name in outputs.
    ///
    /// # Examples
    /// ```
    /// use lookback::strategies::BUILTINS;
    /// assert_eq!(BUILTINS.map(|one| one.name())[..3], ["sma-cross", "sma-above", "ema-cross"]);
    /// ```
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// As [`Sweep::grid`].
    ///
    /// # Errors
    /// As [`Sweep::grid`].
    ///
    /// # Examples
    /// ```
    /// use lookback::{strategies::Builtin, sweep::Sweep};
    /// assert_eq!(Builtin::find("sma-above")?.grid(&Sweep::new())?.len(), 3930);
    /// # Ok::<(), lookback::Error>(())
    /// ```
    pub fn grid(&self, sweep: &Sweep) -> Result<Grid, Error> {
        match self.typed {
            Some(typed) => (typed.grid)(sweep),
            None => sweep.rules_grid(&self.rules()?),
        }
    }

    /// As [`Sweep::run_watched`].
    ///
    /// # Errors
    /// As [`Sweep::run`].
    ///
    /// # Examples
    /// ```
    /// # use lookback::{Bundle, strategies::SmaCross, sweep::*, portal::{DataPortal, Options}};
    /// # let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
    /// # use lookback::strategies::Builtin;
    /// let sweep = Sweep::new().asset("IBM").parameter("fast=5".parse()?);
    /// let results = Builtin::find("sma-cross")?.run(&sweep, &portal, Watch::default())?;
    /// assert_eq!(results.strategy(), "sma-cross");
    /// # Ok::<(), lookback::Error>(())
    /// ```
    pub fn run(&self, sweep: &Sweep, portal: &DataPortal, watch: Watch<'_>) -> Result<Results, Error> {
        self.run_course(sweep, portal, watch.into())
    }

    /// Runs a sweep of it on a course of its own.
    ///
    /// # Errors
    /// As [`Sweep::run_course`].
    ///
    /// # Examples
    /// ```
    /// use lookback::strategies::Builtin;
    /// use lookback::sweep::{Course, Sweep};
    /// # use lookback::{Bundle, portal::{DataPortal, Options}};
    /// # let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
    /// let results = Builtin::find("rsi-reversion")?.run_course(&Sweep::new(), &portal, Course::default())?;
    /// assert_eq!(results.unfinished(), 0);
    /// # Ok::<(), lookback::Error>(())
    /// ```
    pub fn run_course(
        &self,
        sweep: &Sweep,
        portal: &DataPortal,
        course: Course<'_>,
    ) -> Result<Results, Error> {
        match self.typed {
            Some(typed) => (typed.run)(sweep, portal, course),
            None => sweep.run_rules_course(&self.rules()?, portal, course),
        }
    }

    /// Says everything that the results of a sweep of it depend on.
    ///
    /// # Errors
    /// As [`Sweep::describe`].
    ///
    /// # Examples
    /// ```
    /// use lookback::strategies::Builtin;
    /// use lookback::sweep::Sweep;
    /// # use lookback::{Bundle, portal::{DataPortal, Options}};
    /// # let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
    /// let run = Builtin::find("sma-cross")?.describe(&Sweep::new(), &portal)?;
    /// assert_eq!(run.digest().len(), 64);
    /// # Ok::<(), lookback::Error>(())
    /// ```
    pub fn describe(&self, sweep: &Sweep, portal: &DataPortal) -> Result<Description, Error> {
        match self.typed {
            Some(typed) => (typed.describe)(sweep, portal),
            None => sweep.describe_rules(&self.rules()?, portal),
        }
    }

    /// As [`Sweep::backtest`].
    ///
    /// # Errors
    /// As [`Sweep::backtest`].
    ///
    /// # Examples
    /// ```
    /// # use lookback::{Bundle, strategies::SmaCross, sweep::*, portal::{DataPortal, Options}};
    /// # let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
    /// # let sweep = Sweep::new().asset("IBM").parameter("fast=20".parse()?).parameter("slow=50".parse()?);
    /// # use lookback::strategies::Builtin;
    /// let backtest = Builtin::find("sma-cross")?.backtest(&sweep, &portal)?;
    /// assert_eq!(backtest.metrics(), sweep.backtest::<SmaCross>(&portal)?.metrics());
    /// # Ok::<(), lookback::Error>(())
    /// ```
    pub fn backtest(&self, sweep: &Sweep, portal: &DataPortal) -> Result<Backtest, Error> {
        match self.typed {
            Some(typed) => (typed.backtest)(sweep, portal),
            None => sweep.backtest_rules(&self.rules()?, portal),
        }
    }

    /// As [`Results::honesty`].
    ///
    /// # Errors
    /// As [`Results::honesty`].
    ///
    /// # Examples
    /// ```
    /// # use lookback::{Bundle, strategies::SmaCross, sweep::*, portal::{DataPortal, Options}};
    /// # let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
    /// # use lookback::strategies::Builtin;
    /// let sweep = Sweep::new().asset("IBM").parameter("fast=20,30".parse()?).parameter("slow=50".parse()?);
    /// let results = sweep.run::<SmaCross>(&portal)?;
    /// let best = results.trial(0).point;
    /// let honesty = Builtin::find("sma-cross")?.honesty(&results, &portal, 0, best, HonestyOptions::default())?;
    /// assert_eq!(honesty.trials, 2);
    /// # Ok::<(), lookback::Error>(())
    /// ```
    pub fn honesty(
        &self,
        results: &Results,
        portal: &DataPortal,
        asset: usize,
        best: Point<'_>,
        options: HonestyOptions,
    ) -> Result<Honesty, Error> {
        match self.typed {
            Some(typed) => (typed.honesty)(results, portal, asset, best, options),
            None => results.honesty_rules(&self.rules()?, portal, asset, best, options),
        }
    }

    /// As [`Sweep::walk_forward`].
    ///
    /// # Errors
    /// As [`Sweep::walk_forward`].
    ///
    /// # Examples
    /// ```
    /// # use lookback::{Bundle, sweep::*, portal::{DataPortal, Options}};
    /// # let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
    /// # use lookback::strategies::Builtin;
    /// let sweep = Sweep::new().asset("IBM").parameter("fast=5".parse()?);
    /// let (scheme, choice) = ("train=1000,test=500".parse()?, Choice::default());
    /// let results = Builtin::find("sma-cross")?.walk_forward(&sweep, &portal, scheme, choice, Watch::default())?;
    /// assert_eq!(results.most_folds(), 5);
    /// # Ok::<(), lookback::Error>(())
    /// ```
    pub fn walk_forward(
        &self,
        sweep: &Sweep,
        portal: &DataPortal,
        scheme: WalkForward,
        choice: Choice<'_>,
        watch: Watch<'_>,
    ) -> Result<WalkForwardResults, Error> {
        match self.typed {
            Some(typed) => (typed.walk_forward)(sweep, portal, scheme, choice, watch),
            None => sweep.walk_forward_rules(&self.rules()?, portal, scheme, choice, watch),
        }
    }

    /// As [`Sweep::cross_validate`].
    ///
    /// # Errors
    /// As [`Sweep::cross_validate`].
    ///
    /// # Examples
    /// ```
    /// # use lookback::{Bundle, sweep::*, portal::{DataPortal, Options}};
    /// # let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
    /// # use lookback::strategies::Builtin;
    /// let sweep = Sweep::new().asset("IBM").parameter("fast=5".parse()?);
    /// let (scheme, choice) = ("groups=4,test=2".parse()?, Choice::default());
    /// let results = Builtin::find("sma-cross")?.cross_validate(&sweep, &portal, scheme, choice, Watch::default())?;
    /// assert_eq!(results.paths[0].as_ref().unwrap().paths.len(), 3);
    /// # Ok::<(), lookback::Error>(())
    /// ```
    pub fn cross_validate(
        &self,
        sweep: &Sweep,
        portal: &DataPortal,
        scheme: Combinatorial,
        choice: Choice<'_>,
        watch: Watch<'_>,
    ) -> Result<CombinatorialResults, Error> {
        match self.typed {
            Some(typed) => (typed.cross_validate)(sweep, portal, scheme, choice, watch),
            None => sweep.cross_validate_rules(&self.rules()?, portal, scheme, choice, watch),
        }
    }
}

impl fmt::Debug for Builtin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builtin").field("name", &self.name).finish_non_exhaustive()
    }
}
