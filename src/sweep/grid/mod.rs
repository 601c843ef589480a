//! The grid of a sweep: an indexed product of parameters under constraints.

#![forbid(unsafe_code)]

mod constraint;
mod draw;
mod isolate;
mod neighbours;
mod program;
mod refine;
mod row;
mod slabs;
mod walk;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use rust_decimal::Decimal;

use constraint::{Constraint, unknown};
use program::Program;
use slabs::Slabs;
use walk::Walk;

use crate::decimal;
use crate::error::Error;
use crate::parameter::Parameter;

/// The most points that a product may have before its constraints: each of their rows is visited once.
const MAX_PRODUCT: u64 = 1_000_000_000;

/// The points of a sweep, in order: the last parameter changes fastest.
///
/// Points are never held: a grid is its parameters, its constraints, and a count for each slab of the product, at most
/// 8 MiB in all. A point is found by its slab and a scan of it; iteration walks. Of a grid whose points were drawn or
/// refined, the place of each is held.
///
/// # Examples
/// ```
/// use lookback::sweep::Grid;
/// let grid = Grid::new(vec!["fast=5:50".parse()?, "slow=20:200:2".parse()?], &["fast < slow"])?;
/// assert_eq!(grid.len(), 3930);
/// assert_eq!(grid.point(0).usize("slow")?, 20);
/// # Ok::<(), lookback::Error>(())
/// ```
#[derive(Clone, PartialEq, Debug)]
pub struct Grid {
    parameters: Vec<Parameter>,
    constraints: Vec<Constraint>,
    program: Program,
    slabs: Slabs,
    len: usize,
    /// The places of its points, ascending, where it has not all of them.
    only: Option<Arc<[u64]>>,
}

impl Grid {
    /// Takes the product of the parameters' values where every constraint holds.
    ///
    /// # Errors
    /// `BadParameter` where a name appears twice, a value makes no sense, or the grid is empty or too large; `Expression`
    /// where a constraint cannot be read.
    ///
    /// # Examples
    /// ```
    /// use lookback::sweep::Grid;
    /// let error = Grid::new(vec!["a=1:9999999".parse()?, "b=1:9999999".parse()?], &[]).unwrap_err();
    /// assert!(error.to_string().starts_with("grid: 9999999 of a x 9999999 of b make more than 1000000000 points"));
    /// # Ok::<(), lookback::Error>(())
    /// ```
    pub fn new(parameters: Vec<Parameter>, constraints: &[&str]) -> Result<Self, Error> {
        Self::counted(parameters, constraints, None)
    }

    fn counted(
        parameters: Vec<Parameter>,
        constraints: &[&str],
        stop: Option<&AtomicBool>,
    ) -> Result<Self, Error> {
        let names: Vec<&str> = parameters.iter().map(Parameter::name).collect();
        if let Some(twice) = names.iter().enumerate().find(|(at, name)| names[..*at].contains(name)) {
            return Err(Error::bad_parameter(*twice.1, "is given twice"));
        }
        let constraints =
            constraints.iter().map(|text| Constraint::parse(text, &names)).collect::<Result<Vec<_>, _>>()?;
        Self::with(parameters, constraints, stop)
    }

    fn with(
        parameters: Vec<Parameter>,
        constraints: Vec<Constraint>,
        stop: Option<&AtomicBool>,
    ) -> Result<Self, Error> {
        parameters.iter().try_for_each(Parameter::check)?;
        for position in constraints.iter().flat_map(Constraint::parameters) {
            if parameters[position].choices().is_some() {
                let message =
                    "chooses between expressions, which have no order; expected a parameter of numbers";
                return Err(Error::bad_parameter(
                    format!("constraint: {}", parameters[position].name()),
                    message,
                ));
            }
        }
        let product = parameters
            .iter()
            .try_fold(1_u64, |product, one| product.checked_mul(one.count() as u64))
            .filter(|product| *product <= MAX_PRODUCT)
            .ok_or_else(|| {
                let sizes: Vec<String> =
                    parameters.iter().map(|one| format!("{} of {}", one.count(), one.name())).collect();
                let sizes = sizes.join(" x ");
                Error::bad_parameter("grid", format!("{sizes} make more than {MAX_PRODUCT} points"))
            })?;
        let program = Program::new(&parameters, &constraints)?;
        let slabs = Slabs::count(&program, product, stop)?;
        let len = usize::try_from(slabs.points()).expect("a product's indices fit a word");
        let grid = Self { parameters, constraints, program, slabs, len, only: None };
        if len == 0 {
            return Err(Error::bad_parameter("grid", format!("no point satisfies {}", grid.constraint())));
        }
        Ok(grid)
    }

    /// Puts the values of a sweep in the place of a strategy's default ranges; its own constraint always holds.
    pub(super) fn of_strategy(
        mut parameters: Vec<Parameter>,
        own_constraint: &str,
        given: &[Parameter],
        filter: &str,
        stop: Option<&AtomicBool>,
    ) -> Result<Self, Error> {
        for (at, one) in given.iter().enumerate() {
            let Some(position) = parameters.iter().position(|known| known.name() == one.name()) else {
                let names: Vec<&str> = parameters.iter().map(Parameter::name).collect();
                return Err(unknown(&one.to_string(), one.name(), &names));
            };
            if given[..at].iter().any(|earlier| earlier.name() == one.name()) {
                return Err(Error::bad_parameter(one.name(), "is given twice"));
            }
            parameters[position] = one.in_place_of(&parameters[position]);
        }
        Self::counted(parameters, &[own_constraint, filter], stop)
    }

    /// How many points there are.
    ///
    /// # Examples
    /// ```
    /// use lookback::sweep::Grid;
    /// let grid = Grid::new(vec!["fast=1:3".parse()?, "slow=2:3".parse()?], &["fast < slow"])?;
    /// assert_eq!(grid.len(), 3); // of a product of 6
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no point; never so for a grid that was made.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The parameters in order, with all their values.
    ///
    /// # Examples
    /// ```
    /// use lookback::sweep::Grid;
    /// let grid = Grid::new(vec!["fast=1:3".parse()?, "slow=2:3".parse()?], &["fast < slow"])?;
    /// assert_eq!(grid.parameters()[1].to_string(), "slow=2:3");
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    /// Refuses a name that is no parameter of it.
    ///
    /// # Errors
    /// `BadParameter` with the nearest that is; `subject` is what the error is of.
    ///
    /// # Examples
    /// ```
    /// use lookback::sweep::Grid;
    /// let grid = Grid::new(vec!["fast=1:3".parse()?, "slow=2:3".parse()?], &[])?;
    /// assert!(grid.check_parameter("map", "fast").is_ok());
    /// let error = grid.check_parameter("map", "fats").unwrap_err().to_string();
    /// assert_eq!(error, "map: unknown parameter fats; nearest: fast; the strategy has fast, slow");
    /// # Ok::<(), lookback::Error>(())
    /// ```
    pub fn check_parameter(&self, subject: &str, name: &str) -> Result<(), Error> {
        let names: Vec<&str> = self.parameters.iter().map(Parameter::name).collect();
        if names.contains(&name) { Ok(()) } else { Err(unknown(subject, name, &names)) }
    }

    /// The constraints as one text, joined by `and`, each condition once; empty where there are none.
    ///
    /// # Examples
    /// ```
    /// use lookback::sweep::Grid;
    /// let grid = Grid::new(vec!["fast=1:3".parse()?, "slow=2:3".parse()?], &["fast < slow"])?;
    /// assert_eq!(grid.constraint(), "fast < slow");
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn constraint(&self) -> String {
        let names: Vec<&str> = self.parameters.iter().map(Parameter::name).collect();
        let mut texts: Vec<String> = Vec::new();
        for part in self.constraints.iter().flat_map(|constraint| &constraint.parts) {
            let text = part.text(&names);
            if !texts.contains(&text) {
                texts.push(text);
            }
        }
        texts.join(" and ")
    }

    /// One point: found by its slab, and a scan of at most a few thousand places of the product.
    ///
    /// # Panics
    /// Where `index` is not below [`Grid::len`].
    ///
    /// # Examples
    /// ```
    /// use lookback::sweep::Grid;
    /// let grid = Grid::new(vec!["fast=1:9000".parse()?, "slow=1:9000".parse()?], &["fast < slow"])?;
    /// assert_eq!(grid.len(), 40_495_500);
    /// assert_eq!(grid.point(40_495_499).usize("fast")?, 8999);
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn point(&self, index: usize) -> Point<'_> {
        self.points_from(index).next().unwrap_or_else(|| panic!("point {index} of {} points", self.len))
    }

    /// Every point in order.
    ///
    /// # Examples
    /// ```
    /// use lookback::sweep::Grid;
    /// let grid = Grid::new(vec!["fast=1:3".parse()?, "slow=2:3".parse()?], &["fast < slow"])?;
    /// let points: Vec<_> = grid.points().map(|point| (point.usize("fast"), point.usize("slow"))).collect();
    /// assert_eq!(points.len(), 3);
    /// # Ok::<(), lookback::Error>(())
    /// ```
    pub fn points(&self) -> Points<'_> {
        self.points_from(0)
    }

    /// The points from one on; none where there are not as many.
    pub(in crate::sweep) fn points_from(&self, index: usize) -> Points<'_> {
        let left = self.len.saturating_sub(index);
        if self.program.is_empty() || self.only.is_some() || left == 0 {
            return Points { grid: self, walk: None, raw: index as u64, left };
        }
        let (mut raw, skipped) = self.slabs.find(index as u64);
        let mut walk = Walk::new(&self.program, raw);
        raw += walk.skip(skipped, self.slabs.places());
        Points { grid: self, walk: Some(walk), raw, left }
    }

    fn value(&self, raw: u64, position: usize) -> Decimal {
        self.parameters[position].value(self.index(raw, position))
    }

    /// Which of a parameter's values a place of the product has.
    fn index(&self, raw: u64, position: usize) -> usize {
        // As many values as a product of at most `MAX_PRODUCT`: both divisors fit.
        let after: u64 = self.parameters[position + 1..].iter().map(|one| one.count() as u64).product();
        let index = raw / after % self.parameters[position].count() as u64;
        usize::try_from(index).expect("a product's indices fit a word")
    }
}

/// The points of a [`Grid`] in order, made as they are asked for.
#[derive(Clone, Debug)]
pub struct Points<'a> {
    grid: &'a Grid,
    /// None where every place of the product is a point.
    walk: Option<Walk<'a>>,
    raw: u64,
    left: usize,
}

impl<'a> Iterator for Points<'a> {
    type Item = Point<'a>;

    fn next(&mut self) -> Option<Point<'a>> {
        self.left = self.left.checked_sub(1)?;
        if let Some(only) = &self.grid.only {
            return Some(Point { grid: self.grid, raw: only[only.len() - 1 - self.left] });
        }
        if let Some(walk) = &mut self.walk {
            self.raw += walk.seek();
            walk.advance();
        }
        let point = Point { grid: self.grid, raw: self.raw };
        self.raw += 1;
        Some(point)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for Points<'_> {}

/// A place in a grid that mostly goes on by one: then it walks, and else it finds its point anew.
#[derive(Debug)]
pub(super) struct Place<'a> {
    grid: &'a Grid,
    points: Points<'a>,
    next: usize,
}

impl<'a> Place<'a> {
    pub(super) fn new(grid: &'a Grid) -> Self {
        Self { grid, points: grid.points(), next: 0 }
    }

    /// One point; its index is below the grid's length.
    pub(super) fn point(&mut self, index: usize) -> Point<'a> {
        if index != self.next {
            self.points = self.grid.points_from(index);
        }
        self.next = index + 1;
        self.points.next().expect("the point is one of the grid")
    }
}

/// A value as it is told.
///
/// # Examples
/// ```
/// use lookback::sweep::Told;
/// assert_eq!(Told::Expression("hlc3").to_string(), "hlc3");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Told<'a> {
    /// A number.
    Number(Decimal),
    /// The expression that was chosen.
    Expression(&'a str),
}

impl fmt::Display for Told<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Expression(expression) => f.pad(expression),
        }
    }
}

/// One point of a grid: a value for each parameter.
#[derive(Clone, Copy, Debug)]
pub struct Point<'a> {
    grid: &'a Grid,
    raw: u64,
}

impl<'a> Point<'a> {
    /// The grid that it is a point of.
    pub(in crate::sweep) fn grid(self) -> &'a Grid {
        self.grid
    }

    /// The parameters' names and values, in the grid's order.
    ///
    /// # Examples
    /// ```
    /// use lookback::sweep::Grid;
    /// let grid = Grid::new(vec!["fast=1:3".parse()?, "slow=2:3".parse()?], &["fast < slow"])?;
    /// let first: Vec<String> = grid.point(0).iter().map(|(name, value)| format!("{name}={value}")).collect();
    /// assert_eq!(first, ["fast=1", "slow=2"]);
    /// # Ok::<(), lookback::Error>(())
    /// ```
    pub fn iter(self) -> impl Iterator<Item = (&'a str, Decimal)> {
        let names = self.grid.parameters.iter().map(Parameter::name);
        names.enumerate().map(move |(position, name)| (name, self.grid.value(self.raw, position)))
    }

    /// The parameters' names and values as they are told: numbers, or expressions where a parameter chooses between some.
    ///
    /// # Examples
    /// ```
    /// use lookback::sweep::Grid;
    /// let grid = Grid::new(vec!["source=close,hlc3".parse()?, "n=5,9".parse()?], &[])?;
    /// let told: Vec<String> = grid.point(2).told().map(|(name, value)| format!("{name}={value}")).collect();
    /// assert_eq!(told, ["source=hlc3", "n=5"]);
    /// # Ok::<(), lookback::Error>(())
    /// ```
    pub fn told(self) -> impl Iterator<Item = (&'a str, Told<'a>)> {
        self.grid.parameters.iter().enumerate().map(move |(position, one)| {
            let told = match one.choices() {
                Some(choices) => Told::Expression(&choices[self.index(position)]),
                None => Told::Number(self.grid.value(self.raw, position)),
            };
            (one.name(), told)
        })
    }

    /// The exact value of a parameter; of one that chooses between expressions, the place of the chosen one.
    ///
    /// # Errors
    /// `BadParameter` where there is no such parameter, with the nearest name.
    ///
    /// # Examples
    /// ```
    /// use lookback::sweep::Grid;
    /// let grid = Grid::new(vec!["fast=1:3".parse()?, "slow=2:3".parse()?], &["fast < slow"])?;
    /// let error = grid.point(0).decimal("slwo").unwrap_err();
    /// assert_eq!(error.to_string(), "strategy: unknown parameter slwo; nearest: slow; the strategy has fast, slow");
    /// # Ok::<(), lookback::Error>(())
    /// ```
    pub fn decimal(self, name: &str) -> Result<Decimal, Error> {
        self.position(name).map(|position| self.grid.value(self.raw, position)).ok_or_else(|| {
            let names: Vec<&str> = self.grid.parameters.iter().map(Parameter::name).collect();
            unknown("strategy", name, &names)
        })
    }

    /// Which of a parameter's values it is, by the parameter's position.
    pub(crate) fn index(self, position: usize) -> usize {
        self.grid.index(self.raw, position)
    }

    /// How many parameters it has.
    pub(in crate::sweep) fn len(self) -> usize {
        self.grid.parameters.len()
    }

    /// The exact value of a parameter by its position.
    pub(in crate::sweep) fn value(self, position: usize) -> Decimal {
        self.grid.value(self.raw, position)
    }

    fn position(self, name: &str) -> Option<usize> {
        self.grid.parameters.iter().position(|one| one.name() == name)
    }

    /// A parameter that counts, such as bars.
    ///
    /// # Errors
    /// `BadParameter` where there is no such parameter, or it is negative or no whole number.
    ///
    /// # Examples
    /// ```
    /// use lookback::sweep::Grid;
    /// let grid = Grid::new(vec!["fast=1:3".parse()?, "slow=2:3".parse()?], &["fast < slow"])?;
    /// assert_eq!(grid.point(2).usize("slow")?, 3);
    /// # Ok::<(), lookback::Error>(())
    /// ```
    pub fn usize(self, name: &str) -> Result<usize, Error> {
        if let Some(position) = self.position(name)
            && let Some(whole) =
                self.grid.parameters[position].whole_value(self.grid.index(self.raw, position))
        {
            return Ok(whole);
        }
        let value = self.decimal(name)?;
        Err(Error::bad_parameter(name, format!("is {value}, expected a whole number of at least 0")))
    }

    /// A parameter as the nearest binary number.
    ///
    /// # Errors
    /// `BadParameter` where there is no such parameter.
    ///
    /// # Examples
    /// ```
    /// use lookback::sweep::Grid;
    /// let grid = Grid::new(vec!["share=0.1:0.5:0.1".parse()?], &[])?;
    /// assert_eq!(grid.point(2).f64("share")?, 0.3); // and not 0.30000000000000004
    /// # Ok::<(), lookback::Error>(())
    /// ```
    pub fn f64(self, name: &str) -> Result<f64, Error> {
        let value = self.decimal(name)?;
        Ok(decimal::to_f64(value))
    }
}
