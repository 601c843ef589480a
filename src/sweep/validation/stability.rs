//! Stability: how far the chosen values of a parameter wander from fold to fold.

#![forbid(unsafe_code)]

use crate::sweep::broker::bars_f64;
use crate::sweep::grid::Grid;

/// How stable the chosen values of one parameter are, over the folds that have a choice.
#[derive(Clone, PartialEq, Debug)]
pub struct Stability {
    /// The parameter's name.
    pub parameter: String,
    /// Its smallest and largest chosen values, as they are written; the first and the last in order where they are expressions.
    pub range: [String; 2],
    /// How many different values were chosen.
    pub distinct: usize,
    /// How often a fold's value is another one than that of the choice before.
    pub changes: usize,
    /// Choices that follow another one: as often as it could have changed.
    pub pairs: usize,
    /// The mean step from one choice to the next on the parameter's list of values, as a share of its length: 0 where it
    /// never moves, about a third where it moves as chance has it. `None` without pairs, or with one value only.
    pub mean_step: Option<f64>,
}

/// The stability of each parameter of a grid, by the indices of the points that were chosen one after the other.
pub(super) fn stability(grid: &Grid, chosen: impl Iterator<Item = usize>) -> Vec<Stability> {
    let chosen: Vec<_> = chosen.map(|point| grid.point(point)).collect();
    let of = |position: usize| {
        let parameter = &grid.parameters()[position];
        let places: Vec<usize> = chosen.iter().map(|point| point.index(position)).collect();
        let mut ordered = places.clone();
        // Values of a list come in the order in which they were written.
        if parameter.choices().is_none() {
            ordered.sort_by_key(|place| parameter.value(*place));
        } else {
            ordered.sort_unstable();
        }
        ordered.dedup();
        let text = |place: Option<&usize>| match (place, parameter.choices()) {
            (None, _) => String::new(),
            (Some(place), Some(choices)) => choices[*place].clone(),
            (Some(place), None) => parameter.value(*place).to_string(),
        };
        let steps = || places.windows(2).map(|pair| pair[0].abs_diff(pair[1]));
        let (pairs, longest) = (steps().count(), parameter.count() - 1);
        Stability {
            parameter: parameter.name().to_owned(),
            range: [text(ordered.first()), text(ordered.last())],
            distinct: ordered.len(),
            changes: steps().filter(|step| *step > 0).count(),
            pairs,
            mean_step: (pairs > 0 && longest > 0)
                .then(|| bars_f64(steps().sum()) / bars_f64(pairs) / bars_f64(longest)),
        }
    };
    (0..grid.parameters().len()).map(of).collect()
}
