//! What must hold of a number at every point of a grid: that it counts bars, or lies in a range.

#![forbid(unsafe_code)]

use super::Graph;
use super::node::NodeId;
use crate::error::Error;
use crate::rule::fault::{Span, Text};

/// The most values of one expression that are tried.
const MOST_POINTS: usize = 10_000_000;

/// A constant that a parameter gives, and what must hold of it.
#[derive(Clone, Debug)]
pub(super) struct Count {
    pub(super) node: NodeId,
    pub(super) limit: Limit,
    pub(super) text: Text,
    pub(super) span: Span,
}

/// What must hold of a number.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Limit {
    pub(super) is_whole: bool,
    pub(super) least: f64,
    pub(super) most: f64,
}

/// Beyond it no series has bars, and a count would be no whole number of the machine.
const MOST_BARS: f64 = 4_294_967_295.0;

impl Limit {
    /// A count of bars.
    pub(super) fn bars(least: usize) -> Self {
        Self { is_whole: true, least: super::as_number(least), most: MOST_BARS }
    }

    /// What is wrong with a number, if anything is.
    pub(super) fn broken(self, number: f64) -> Option<String> {
        let is_kept =
            number >= self.least && number <= self.most && (!self.is_whole || number.fract() == 0.0);
        (!is_kept).then(|| {
            let what = if self.is_whole { "a whole number" } else { "a number" };
            match (self.least.is_finite(), self.most < MOST_BARS) {
                (true, true) => format!("is {number}, expected {what} from {} to {}", self.least, self.most),
                (true, false) => format!("is {number}, expected {what} of at least {}", self.least),
                (false, true) => format!("is {number}, expected {what} of at most {}", self.most),
                (false, false) => format!("is {number}, expected {what}"),
            }
        })
    }
}

impl Graph {
    /// Checks that what counts bars is whole and in its range at every point of a grid.
    ///
    /// `counts` says how many values each parameter has, and `value` which they are, by the places of the parameter and of
    /// the value.
    ///
    /// # Errors
    /// `Expression`, which points at the first count that is broken at some point, and names the point.
    ///
    /// # Examples
    /// ```
    /// use lookback::rule::{Graph, Rule};
    /// let mut graph = Graph::default();
    /// graph.declare("n")?;
    /// graph.condition(&Rule::parse("close > sma(close, n)")?)?;
    /// assert!(graph.check(&[2], |_, at| [5.0, 20.0][at]).is_ok());
    /// let error = graph.check(&[2], |_, at| [5.0, 7.5][at]).unwrap_err().to_string();
    /// assert!(error.contains("n is 7.5, expected a whole number of at least 1"));
    /// # Ok::<(), lookback::Error>(())
    /// ```
    pub fn check(&self, counts: &[usize], value: impl Fn(usize, usize) -> f64) -> Result<(), Error> {
        let mut values: Vec<f64> = (0..counts.len()).map(|parameter| value(parameter, 0)).collect();
        for count in &self.counts {
            let free = self.parameters_of(count.node);
            let points = free.iter().try_fold(1_usize, |points, at| points.checked_mul(counts[*at]));
            let Some(points) = points.filter(|points| *points <= MOST_POINTS) else {
                let message = format!("it has more than {MOST_POINTS} values, expected fewer");
                return Err(count.text.fault(count.span.clone(), message));
            };
            for point in 0..points {
                let mut rest = point;
                for parameter in free {
                    values[*parameter] = value(*parameter, rest % counts[*parameter]);
                    rest /= counts[*parameter];
                }
                if let Some(broken) = count.limit.broken(self.scalar(count.node, &values).number()) {
                    return Err(self.broken(count, &broken, &values));
                }
            }
        }
        Ok(())
    }

    fn broken(&self, count: &Count, broken: &str, values: &[f64]) -> Error {
        let written = &count.text.as_str()[count.span.clone()];
        let free = self.parameters_of(count.node).iter();
        let point: Vec<_> = free
            .filter_map(|at| Some(format!("{} = {}", self.parameters().nth(*at)?, values[*at])))
            .filter(|said| !said.starts_with(&format!("{written} = ")))
            .collect();
        let at = if point.is_empty() { String::new() } else { format!(" where {}", point.join(", ")) };
        count.text.fault(count.span.clone(), format!("{written} {broken}{at}"))
    }
}
