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
    assert_eq!(error(&["fast=5"], "fast > 9"), "grid: no point satisfies fast < slow and fast > 9");
}

#[test]
fn a_huge_grid_is_refused_before_it_is_built() {
    assert_eq!(
        error(&["fast=1:100000", "slow=1:100000"], ""),
        "grid: 100000 of fast x 100000 of slow make more than 1000000000 points"
    );
    let error = error(&["fast=1:9999999", "slow=1:9999999"], "");
    assert!(error.starts_with("grid: 9999999 of fast x 9999999 of slow make more than"), "{error}");
}

#[test]
fn a_filter_that_cannot_be_read_says_so() {
    assert!(error(&[], "fast < slw").contains("unknown parameter slw; nearest: slow"));
    assert!(error(&[], "fast <").contains("constraint, column 7: the text ends where a value is expected"));
    assert!(error(&[], "sma(close, fast) > 3").contains("unknown parameter close"));
}

#[test]
fn a_filter_is_any_condition_on_parameters_and_exact() {
    let text = "(slow - 2 * fast >= 10 or fast % 7 == 0) and not level * 3 == 0.3 and (slow > 50 ? fast > 9 : 1 > 0)";
    let parameters = ["fast=1:60", "level=0.1,0.3,0.2", "slow=2:100:3"].map(parameter);
    let grid = Grid::new(parameters.to_vec(), &[text]).unwrap();
    let mut expected = Vec::new();
    for fast in 1..=60_i32 {
        for level in ["0.3", "0.2"] {
            for slow in (2..=100).step_by(3) {
                if (slow - 2 * fast >= 10 || fast % 7 == 0) && (slow <= 50 || fast > 9) {
                    expected.push(format!("{fast} {level} {slow}"));
                }
            }
        }
    }
    let text = |point: lookback::sweep::Point<'_>| -> String {
        let values: Vec<String> = point.iter().map(|(_, value)| value.to_string()).collect();
        values.join(" ")
    };
    assert_eq!(grid.points().map(text).collect::<Vec<_>>(), expected);
    assert_eq!((0..grid.len()).map(|index| text(grid.point(index))).collect::<Vec<_>>(), expected);
}

#[test]
fn a_huge_grid_under_a_condition_that_is_no_plain_comparison_is_counted_row_by_row() {
    let grid =
        Grid::new(vec![parameter("fast=1:9000"), parameter("slow=1:100000")], &["2 * fast + 0.5 < slow"])
            .unwrap();
    // For each fast, the slow ones from 2 * fast + 1 on.
    assert_eq!(grid.len(), 9000 * 100_000 - (1..=9000).map(|fast| 2 * fast).sum::<usize>());
    assert_eq!(grid.point(grid.len() - 1).usize("slow").unwrap(), 100_000);
}

#[test]
fn every_point_of_a_grid_of_many_slabs_is_found_where_the_walk_meets_it() {
    let text = "fast < slow && fast != 7 && level >= 0.15 && slow <= 90.5";
    let parameters = ["fast=1:60", "slow=2:100:3", "level=0.1,0.3,0.2"].map(parameter);
    let grid = Grid::new(parameters.to_vec(), &[text]).unwrap();
    let mut expected = Vec::new();
    for fast in 1..=60 {
        for slow in (2..=100).step_by(3) {
            for level in ["0.1", "0.3", "0.2"] {
                if fast < slow && fast != 7 && level != "0.1" && slow <= 90 {
                    expected.push(format!("fast={fast} slow={slow} level={level}"));
                }
            }
        }
    }
    let text = |point: lookback::sweep::Point<'_>| -> String {
        let values: Vec<String> = point.iter().map(|(name, value)| format!("{name}={value}")).collect();
        values.join(" ")
    };
    assert_eq!(grid.points().map(text).collect::<Vec<_>>(), expected);
    assert_eq!((0..grid.len()).map(|index| text(grid.point(index))).collect::<Vec<_>>(), expected);
}

#[test]
fn a_value_that_makes_no_sense_is_refused_before_anything_runs() {
    for (given, expected) in [
        ("fast=-5", "fast: -5 in fast=-5 is out of range, expected a whole number of at least 1"),
        ("fast=0:50:10", "fast: 0 in fast=0:50:10 is out of range, expected a whole number of at least 1"),
        (
            "fast=5:50:0.5",
            "fast: 5.5 in fast=5:50:0.5 is out of range, expected a whole number of at least 1",
        ),
        ("slow=20,30.5", "slow: 30.5 in slow=20,30.5 is out of range, expected a whole number of at least 1"),
    ] {
        assert_eq!(error(&[given], ""), expected);
    }
    let share = |text: &str| Grid::new(vec![parameter(text).at_least(-1).at_most(1)], &[]);
    assert!(share("share=-1:1:0.1").is_ok());
    let expected = "share: 1.1 in share=-1:1.1:0.1 is out of range, expected a number from -1 to 1";
    assert_eq!(share("share=-1:1.1:0.1").unwrap_err().to_string(), expected);
}
