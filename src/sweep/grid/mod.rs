//! The grid of a sweep: an indexed product of parameters under constraints.

#![forbid(unsafe_code)]

mod constraint;

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use constraint::{Constraint, unknown};

use crate::error::Error;
use crate::parameter::Parameter;

/// The most points that a product may have before its constraints: each is visited once, at some 10 ns.
const MAX_PRODUCT: u64 = 100_000_000;

/// The points of a sweep, in order: the last parameter changes fastest.
///
/// Points are held as indices of the product, four bytes each, so a grid costs little beside its results.
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
    points: Vec<u32>,
}

impl Grid {
    /// Takes the product of the parameters' values where every constraint holds.
    ///
    /// # Errors
    /// `BadParameter` where a name appears twice, a constraint cannot be read, or the grid is empty or too large.
    pub fn new(parameters: Vec<Parameter>, constraints: &[&str]) -> Result<Self, Error> {
        let names: Vec<&str> = parameters.iter().map(Parameter::name).collect();
        if let Some(twice) = names.iter().enumerate().find(|(at, name)| names[..*at].contains(name)) {
            return Err(Error::bad_parameter(*twice.1, "is given twice"));
        }
        let constraints =
            constraints.iter().map(|text| Constraint::parse(text, &names)).collect::<Result<Vec<_>, _>>()?;
        let product = parameters
            .iter()
            .try_fold(1_u64, |product, one| product.checked_mul(one.values().len() as u64))
            .filter(|product| *product <= MAX_PRODUCT)
            .and_then(|product| u32::try_from(product).ok())
            .ok_or_else(|| {
                let sizes: Vec<String> = parameters
                    .iter()
                    .map(|one| format!("{} of {}", one.values().len(), one.name()))
                    .collect();
                Error::bad_parameter(
                    "grid",
                    format!("{} make more than {MAX_PRODUCT} points", sizes.join(" x ")),
                )
            })?;
        let mut grid = Self { parameters, constraints, points: Vec::new() };
        grid.points = (0..product)
            .filter(|&raw| grid.constraints.iter().all(|one| one.holds(|position| grid.value(raw, position))))
            .collect();
        if grid.points.is_empty() {
            return Err(Error::bad_parameter("grid", format!("no point satisfies {}", grid.constraint())));
        }
        grid.points.shrink_to_fit();
        Ok(grid)
    }

    /// Puts the values of a sweep in the place of a strategy's default ranges; its own constraint always holds.
    pub(super) fn of_strategy(
        mut parameters: Vec<Parameter>,
        own_constraint: &str,
        given: &[Parameter],
        filter: &str,
    ) -> Result<Self, Error> {
        for (at, one) in given.iter().enumerate() {
            let Some(position) = parameters.iter().position(|known| known.name() == one.name()) else {
                let names: Vec<&str> = parameters.iter().map(Parameter::name).collect();
                return Err(unknown(&one.to_string(), one.name(), &names));
            };
            if given[..at].iter().any(|earlier| earlier.name() == one.name()) {
                return Err(Error::bad_parameter(one.name(), "is given twice"));
            }
            parameters[position] = one.clone();
        }
        Self::new(parameters, &[own_constraint, filter])
    }

    /// How many points there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.points.len()
    }

    /// Whether there is no point; never so for a grid that was made.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.points.is_empty()
    }

    /// The parameters in order, with all their values.
    #[must_use]
    pub fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    /// The constraints as one text, joined by `&&`; empty where there are none.
    #[must_use]
    pub fn constraint(&self) -> String {
        let mut texts: Vec<String> = self.constraints.iter().map(ToString::to_string).collect();
        texts.retain(|text| !text.is_empty());
        texts.dedup();
        texts.join(" && ")
    }

    /// One point.
    ///
    /// # Panics
    /// Where `index` is not below [`Grid::len`].
    #[must_use]
    pub fn point(&self, index: usize) -> Point<'_> {
        Point { grid: self, raw: self.points[index] }
    }

    fn value(&self, raw: u32, position: usize) -> Decimal {
        // As many values as a product of at most `MAX_PRODUCT`: both divisors fit.
        let after: usize = self.parameters[position + 1..].iter().map(|one| one.values().len()).product();
        let values = self.parameters[position].values();
        values[raw as usize / after % values.len()]
    }
}

/// One point of a grid: a value for each parameter.
#[derive(Clone, Copy, Debug)]
pub struct Point<'a> {
    grid: &'a Grid,
    raw: u32,
}

impl<'a> Point<'a> {
    /// The parameters' names and values, in the grid's order.
    pub fn iter(self) -> impl Iterator<Item = (&'a str, Decimal)> {
        let names = self.grid.parameters.iter().map(Parameter::name);
        names.enumerate().map(move |(position, name)| (name, self.grid.value(self.raw, position)))
    }

    /// The exact value of a parameter.
    ///
    /// # Errors
    /// `BadParameter` where there is no such parameter, with the nearest name.
    pub fn decimal(self, name: &str) -> Result<Decimal, Error> {
        let position = self.grid.parameters.iter().position(|one| one.name() == name);
        position.map(|position| self.grid.value(self.raw, position)).ok_or_else(|| {
            let names: Vec<&str> = self.grid.parameters.iter().map(Parameter::name).collect();
            unknown("strategy", name, &names)
        })
    }

    /// A parameter that counts, such as bars.
    ///
    /// # Errors
    /// `BadParameter` where there is no such parameter, or it is negative or no whole number.
    pub fn usize(self, name: &str) -> Result<usize, Error> {
        let value = self.decimal(name)?;
        let whole = value.is_integer().then(|| value.to_usize()).flatten();
        whole.ok_or_else(|| {
            Error::bad_parameter(name, format!("is {value}, expected a whole number of at least 0"))
        })
    }

    /// A parameter as the nearest binary number.
    ///
    /// # Errors
    /// `BadParameter` where there is no such parameter.
    pub fn f64(self, name: &str) -> Result<f64, Error> {
        let value = self.decimal(name)?;
        // Text is the one way that rounds correctly whatever the scale; a strategy does this once a trial.
        value.to_string().parse().map_err(|_| Error::bad_parameter(name, format!("{value} is no number")))
    }
}
