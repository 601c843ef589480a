//! Grids: which points there are, in which order, and what is refused.

use lookback::strategies::SmaCross;
use lookback::sweep::{Grid, Parameter, Sweep};

fn parameter(text: &str) -> Parameter {
    text.parse().unwrap()
}

fn sizes(parameters: &[&str], filter: &str) -> usize {
    let sweep = parameters.iter().fold(Sweep::new(), |sweep, text| sweep.parameter(parameter(text)));
    sweep.filter(filter).grid::<SmaCross>().unwrap().len()
}

fn error(parameters: &[&str], filter: &str) -> String {
    let sweep = parameters.iter().fold(Sweep::new(), |sweep, text| sweep.parameter(parameter(text)));
    sweep.filter(filter).grid::<SmaCross>().unwrap_err().to_string()
}

#[test]
fn the_default_grid_of_sma_cross_has_3930_points() {
    assert_eq!(sizes(&[], ""), 3930);
    assert_eq!(sizes(&[], "fast < slow"), 3930);
}

#[test]
fn a_parameter_that_is_not_given_keeps_its_range() {
    assert_eq!(sizes(&["fast=10"], ""), 91);
    assert_eq!(sizes(&["slow=200"], ""), 46);
    assert_eq!(sizes(&["fast=10,20", "slow=50,100"], ""), 4);
}

#[test]
fn the_strategys_own_constraint_holds_beside_a_filter() {
    assert_eq!(sizes(&["fast=1:3", "slow=2:4"], ""), 6);
    assert_eq!(sizes(&["fast=1:3", "slow=2:4"], "fast > 1 && slow != 4"), 1);
    assert_eq!(sizes(&["fast=1:3", "slow=2:4"], "fast <= slow"), 6);
}

#[test]
fn the_last_parameter_changes_fastest() {
    let grid = Grid::new(vec![parameter("a=2,1"), parameter("b=0.5:1.5:0.5")], &[]).unwrap();
    let points: Vec<String> = (0..grid.len())
        .map(|index| {
            grid.point(index)
                .iter()
                .map(|(name, value)| format!("{name}{value}"))
                .collect::<Vec<_>>()
                .join(" ")
        })
        .collect();
    assert_eq!(points, ["a2 b0.5", "a2 b1", "a2 b1.5", "a1 b0.5", "a1 b1", "a1 b1.5"]);
}

#[test]
fn a_value_is_read_as_what_it_is() {
    let grid = Grid::new(vec![parameter("bars=20"), parameter("share=0.1,-1")], &[]).unwrap();
    let (first, second) = (grid.point(0), grid.point(1));
    assert_eq!(first.usize("bars").unwrap(), 20);
    assert_eq!(first.f64("share").unwrap(), 0.1);
    assert_eq!(
        first.usize("share").unwrap_err().to_string(),
        "share: is 0.1, expected a whole number of at least 0"
    );
    assert_eq!(
        second.usize("share").unwrap_err().to_string(),
        "share: is -1, expected a whole number of at least 0"
    );
    assert_eq!(
        first.f64("bar").unwrap_err().to_string(),
        "strategy: unknown parameter bar; nearest: bars; the strategy has bars, share"
    );
}

#[test]
fn a_parameter_that_the_strategy_lacks_is_refused_with_the_nearest() {
    assert_eq!(
        error(&["fst=5"], ""),
        "fst=5: unknown parameter fst; nearest: fast; the strategy has fast, slow"
    );
    assert_eq!(error(&["fast=5", "fast=6"], ""), "fast: is given twice");
}

#[test]
fn an_empty_grid_is_refused_with_what_empties_it() {
    assert_eq!(error(&["fast=5", "slow=5"], ""), "grid: no point satisfies fast < slow");
    assert_eq!(error(&["fast=5"], "fast > 9"), "grid: no point satisfies fast < slow && fast > 9");
}

#[test]
fn a_huge_grid_is_refused_before_it_is_built() {
    assert_eq!(
        error(&["fast=1:100000", "slow=1:100000"], ""),
        "grid: 100000 of fast x 100000 of slow make more than 100000000 points"
    );
}

#[test]
fn a_filter_that_cannot_be_read_says_so() {
    assert!(error(&[], "fast < slw").contains("unknown parameter slw; nearest: slow"));
    assert!(error(&[], "fast <").contains("expected comparisons of two parameters or numbers"));
}
