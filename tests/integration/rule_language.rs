//! What rules say, and what is said to whoever writes one that cannot be.

use lookback::rule::{Degree, Graph, NodeId, Rule, Type};

use super::naive_rule::{Event, Traded};

fn graph() -> Graph {
    let mut graph = Graph::default();
    for name in ["fast", "slow", "n"] {
        graph.declare(name).unwrap();
    }
    graph
}

fn condition(graph: &mut Graph, text: &str) -> NodeId {
    graph.condition(&Rule::parse(text).unwrap()).unwrap_or_else(|error| panic!("{error}"))
}

fn error(text: &str) -> String {
    let rule = match Rule::parse(text) {
        Ok(rule) => rule,
        Err(error) => return error.to_string(),
    };
    graph().condition(&rule).unwrap_err().to_string()
}

/// Closes alone, with volume 100 and no event.
fn closing(closes: &[f64]) -> Traded {
    let bars = closes.iter().map(|close| [*close, close + 1.0, close - 1.0, *close, 100.0]).collect();
    Traded { bars, events: vec![], first_day: 0 }
}

fn truths(text: &str, bars: &Traded) -> Vec<Option<bool>> {
    let mut graph = graph();
    let node = condition(&mut graph, text);
    graph.column(node, &[2.0, 3.0, 1.0], &bars.adjusted()).bits().unwrap().iter().collect()
}

#[test]
fn what_means_the_same_is_one_node_whichever_way_it_is_written() {
    let alike = [
        ("close > open", "open < close"),
        ("close >= open", "not (close < open)"),
        ("close == open", "open == close"),
        ("close == open", "not (close != open)"),
        ("close - open > 0", "close > open"),
        ("0 < close - open", "close > open"),
        ("-(close - open) < 0", "close > open"),
        ("macd(close, 12, 26) > 0", "ema(close, 12) > ema(close, 26)"),
        ("change(close, n) >= 0", "close >= close[n]"),
        ("crossover(close, open)", "close > open and not (close > open)[1]"),
        ("crossunder(close, open)", "close < open and not (close < open)[1]"),
        ("cross(close, open)", "crossunder(close, open) or crossover(close, open)"),
        ("close + open > low", "open + close > low"),
        ("close > open && volume > 0", "volume > 0 and close > open"),
        ("!(close > open) || n > 1", "n > 1 or not close > open"),
        ("close[1][2] > open", "close[3] > open"),
        ("close[0] > open", "close > open"),
        ("close > 2 * 3 + 1", "close > 7"),
        ("wilder(close, 5) > open", "rma(close, 5) > open"),
        ("rsi(close) > 50", "rsi(close, 14) > 50"),
        ("hl2 > open", "(high + low) / 2 > open"),
    ];
    for (a, b) in alike {
        let mut one = graph();
        let (first, second) = (condition(&mut one, a), condition(&mut one, b));
        assert_eq!(one.template(first), one.template(second), "{a} and {b}");
        assert_eq!(first, second, "{a} and {b}");
        // Two programs that read them in another order name one column, too.
        let mut other = graph();
        let second = condition(&mut other, b);
        let values = [2.0, 3.0, 4.0];
        assert_eq!(one.canonical(first, &values), other.canonical(second, &values), "{a} and {b}");
    }
}

#[test]
fn a_let_stands_for_its_expression_and_names_nothing_twice() {
    let mut graph = graph();
    graph.define("gap", &Rule::parse("ema(close, fast) - ema(close, slow)").unwrap()).unwrap();
    let (by_name, in_full) =
        (condition(&mut graph, "gap > 0"), condition(&mut graph, "ema(close, fast) > ema(close, slow)"));
    assert_eq!(by_name, in_full);

    let mut taken = |name: &str| graph.define(name, &Rule::parse("close").unwrap()).unwrap_err().to_string();
    assert_eq!(taken("gap"), "gap: is given by a let already, expected another name");
    assert_eq!(taken("fast"), "fast: is a parameter already, expected another name");
    assert_eq!(taken("hlc3"), "hlc3: is an input of every rule, expected another name");
    assert_eq!(taken("rsi"), "rsi: is a function, expected another name");
    assert_eq!(taken("and"), "and: is an operator, expected another name");
    assert_eq!(taken("Gap"), "Gap: is no name, expected lower case letters, digits and underscores");
    let of_itself = graph.define("r", &Rule::parse("r + 1").unwrap()).unwrap_err().to_string();
    assert!(of_itself.starts_with("rule, column 1: unknown name r"), "{of_itself}");
}

#[test]
fn what_is_wrong_is_pointed_at_and_said_with_what_to_write() {
    let cases = [
        ("smaa(close, 20) > close", 1, "unknown function smaa; nearest: sma"),
        ("close > opne", 9, "unknown name opne; nearest: open"),
        ("close > slwo", 9, "a parameter is declared by --param slwo=…"),
        ("sma > close", 1, "sma is a function, expected its arguments, as in sma(…)"),
        ("sma(close) > close", 1, "sma takes 2 arguments, found 1: write sma(x, n)"),
        (
            "macd(close, 1, 2, 3) > 0",
            1,
            "macd takes 1 to 3 arguments, found 4: write macd(x, fast = 12, slow = 26)",
        ),
        ("sma(close, 0) > close", 12, "found 0, expected a whole number of at least 1"),
        ("sma(close, 2.5) > close", 12, "found 2.5, expected a whole number of at least 1"),
        ("close[-1] > close", 7, "-1 is -1, expected a whole number of at least 0"),
        ("close[0.5] > close", 7, "found 0.5, expected a whole number of at least 0"),
        (
            "close[bar_index] > close",
            7,
            "bar_index changes from bar to bar, expected a whole number or a parameter",
        ),
        ("close", 1, "this is a price, expected a condition, such as close > open"),
        ("close and open > 1", 1, "close is a price, expected true or false, such as close > 0"),
        ("not close", 5, "close is a price, expected true or false"),
        ("(close > open) + 1 > 2", 2, "close > open is true or false, expected a number"),
        ("(close > open) == (low > open)", 2, "is true or false, expected a number"),
        (
            "close > volume",
            7,
            "close is a price, and volume is a volume: a split or a dividend moves them differently",
        ),
        ("close + volume > 1", 7, "close is a price, and volume is a volume"),
        ("max(close, rsi(close)) > 1", 12, "close is a price, and rsi(close) is a ratio"),
        ("crossover(close, volume)", 18, "close is a price, and volume is a volume"),
        (
            "close > open ? close : open > 1",
            14,
            "close is a price, and open > 1 is true or false, expected two of one kind",
        ),
        ("bars_since(close) > 1", 12, "close is a price, expected true or false"),
    ];
    for (text, column, message) in cases {
        let found = error(text);
        assert!(
            found.starts_with(&format!("rule, column {column}: ")) && found.contains(message),
            "{text}\n{found}"
        );
    }
    let found = error("sma(close, 20) > rsi(close, 14)");
    let expected = "rule, column 16: sma(close, 20) is a price, and rsi(close, 14) is a ratio, the same on every price \
                    level: a split or a dividend moves them differently";
    assert!(found.starts_with(expected), "{found}");
}

#[test]
fn what_is_undefined_stays_so_through_not_and_unequal_and_a_choice() {
    let bars = closing(&[10.0, 11.0, f64::NAN, 12.0, 13.0, 14.0]);
    let (yes, no, none) = (Some(true), Some(false), None);
    assert_eq!(truths("close > sma(close, 2)", &bars), [none, yes, none, none, yes, yes]);
    assert_eq!(truths("not (close > sma(close, 2))", &bars), [none, no, none, none, no, no]);
    assert_eq!(truths("close != sma(close, 2)", &bars), [none, yes, none, none, yes, yes]);
    assert_eq!(truths("close == close", &bars), [yes, yes, none, yes, yes, yes]);
    assert_eq!(truths("(close > 11 ? 1 : 0) == 1", &bars), [no, no, none, yes, yes, yes]);
    assert_eq!(truths("close > 11 ? volume > 0 : volume < 0", &bars), [no, no, none, yes, yes, yes]);
    assert_eq!(truths("close > 100 and close > sma(close, 2)", &bars), [no, no, none, no, no, no]);
    assert_eq!(truths("volume > 0 or close > sma(close, 2)", &bars), [yes; 6]);
    assert_eq!(truths("volume / 0 > 1", &bars), [none; 6]);
    assert_eq!(truths("crossover(close, 11.5)", &bars), [no, no, none, none, no, no]);
}

#[test]
fn what_ties_within_rounding_is_level_and_what_is_counted_compares_exactly() {
    // 0.1 + 0.2 is more than 0.3, by the last bit.
    let bars = closing(&[0.1 + 0.2, 0.3]);
    let (yes, no) = (Some(true), Some(false));
    for (text, expected) in [
        ("close > 0.3", [no, no]),
        ("close >= 0.3", [yes, yes]),
        ("close == 0.3", [yes, yes]),
        ("close != 0.3", [no, no]),
        ("close < 0.3", [no, no]),
        ("close <= 0.3", [yes, yes]),
        ("close - 0.3 > 0", [no, no]),
        ("0 < close - 0.3", [no, no]),
        ("close - 0.3 == 0", [yes, yes]),
        ("0.1 > 0.1000000000000001", [no, no]),
        ("0.1 < 0.1000000000000001", [yes, yes]),
        ("bar_index == 1", [no, yes]),
    ] {
        assert_eq!(truths(text, &bars), expected, "{text}");
    }
}

#[test]
fn a_return_shows_no_split_and_a_comparison_stays_what_it_was() {
    let mut bars = closing(&[120.0, 121.0, 60.0, 61.0]);
    bars.events.push(Event { bar: 2, price: 0.5, volume: 2.0 });
    let (yes, no, none) = (Some(true), Some(false), None);
    assert_eq!(truths("close / close[1] - 1 < -0.2", &bars), [none, no, no, no]);
    assert_eq!(truths("close > 100", &bars), [yes, yes, no, no]);
    assert_eq!(truths("(close > 100)[1]", &bars), [none, yes, yes, no]);
    assert_eq!(truths("close[1] > 100", &bars), [none, yes, no, no], "60.5 of today's shares");
    assert_eq!(truths("volume[1] > 150", &bars), [none, no, yes, no], "200 of today's shares");
    assert_eq!(truths("close + 1 > 100", &bars), [yes, yes, no, no]);
    assert_eq!(truths("log(close) - log(close)[1] < -0.2", &bars), [none, no, no, no]);
    assert_eq!(truths("sqrt(close) > 10", &bars), [yes, yes, no, no]);
    assert_eq!(truths("close * volume > 10000", &bars), [yes, yes, no, no]);
    assert_eq!(truths("highest(close, 2) > 100", &bars), [none, yes, no, no]);
}

#[test]
fn types_are_told_and_slow_parts_and_levels_that_a_split_crosses() {
    let mut graph = graph();
    let mut kind = |text: &str| {
        let node = graph.number(&Rule::parse(text).unwrap()).unwrap();
        graph.kind(node)
    };
    let known = |price, volume| Type::Number(Degree::known(price, volume));
    for (text, expected) in [
        ("close", known(1, 0)),
        ("close * volume / close", known(0, 1)),
        ("variance(close, 20)", known(2, 0)),
        ("sqrt(variance(close, 20))", known(1, 0)),
        ("2 * atr(14) + close", known(1, 0)),
        ("nz(close, 0)", known(1, 0)),
        ("close > open ? close : nan", known(1, 0)),
        ("close / sma(close, 20) - 1", known(0, 0)),
        ("clamp(0.15 / (stdev(close / close[1] - 1, 20) * sqrt(252)), 0, 1)", known(0, 0)),
        ("1 / volume", known(0, -1)),
        ("sqrt(close)", Type::Number(Degree::Known { price: 1, volume: 0 })),
        ("sqrt(sqrt(close))", Type::Number(Degree::None)),
        ("log(close)", Type::Number(Degree::None)),
        ("log(close / open)", known(0, 0)),
        ("max(close, 10)", Type::Number(Degree::None)),
        ("fast * 2", Type::Number(Degree::Plain)),
        ("sma(close, fast) - sma(close, fast)", known(1, 0)),
    ] {
        assert_eq!(kind(text), expected, "{text}");
    }
    let rule = condition(&mut graph, "close + 1 > open and close - 10 > 0");
    assert_eq!(graph.slow_parts(rule), ["(1 + close)"], "a difference beside 0 needs no level");
    assert_eq!(graph.warnings().count(), 0);
    condition(&mut graph, "crossunder(50, sma(close, 20)) or crossover(rsi(close), 30)");
    let warnings: Vec<_> = graph.warnings().map(ToString::to_string).collect();
    assert_eq!(warnings.len(), 1);
    assert!(warnings[0].contains("sma(close, 20) is compared with a fixed number"), "{warnings:?}");
}

#[test]
fn a_count_is_checked_at_every_point_of_a_grid() {
    let mut graph = graph();
    condition(&mut graph, "sma(close, slow - fast) > close[2 * n]");
    let grid = [vec![5.0, 10.0], vec![20.0, 30.0], vec![0.0, 0.5]];
    let counts: Vec<usize> = grid.iter().map(Vec::len).collect();
    graph.check(&counts, |parameter, at| grid[parameter][at]).unwrap();

    let grid = [vec![5.0, 25.0], vec![20.0, 30.0], vec![0.0, 0.5]];
    let error = graph.check(&counts, |parameter, at| grid[parameter][at]).unwrap_err().to_string();
    let expected = "slow - fast is -5, expected a whole number of at least 1 where fast = 25, slow = 20";
    assert!(error.starts_with(&format!("rule, column 12: {expected}")), "{error}");
    let grid = [vec![5.0, 10.0], vec![20.0, 30.0], vec![0.0, 0.25]];
    let error = graph.check(&counts, |parameter, at| grid[parameter][at]).unwrap_err().to_string();
    assert!(error.contains("2 * n is 0.5, expected a whole number of at least 0 where n = 0.25"), "{error}");
}

#[test]
fn choices_are_expressions_of_one_kind() {
    let mut graph = Graph::default();
    let rules = |texts: &[&str]| texts.iter().map(|text| Rule::parse(text).unwrap()).collect::<Vec<_>>();
    graph.declare_choice("source", &rules(&["close", "hlc3", "sma(close, 3)"])).unwrap();
    let node = condition(&mut graph, "crossover(source, sma(source, 2))");
    assert_eq!(graph.parameters_of(node), [0]);
    let bars = closing(&[10.0, 11.0, 9.0, 12.0, 12.5, 11.0, 13.0]);
    for (place, source) in ["close", "hlc3", "sma(close, 3)"].into_iter().enumerate() {
        let in_full = format!("crossover({source}, sma({source}, 2))");
        let chosen = graph.column(node, &[place as f64], &bars.adjusted());
        let found: Vec<_> = chosen.bits().unwrap().iter().collect();
        assert_eq!(found, truths(&in_full, &bars), "{source}");
        let average = |graph: &mut Graph, source: &str| {
            let average = graph.number(&Rule::parse(&format!("sma({source}, 2)")).unwrap()).unwrap();
            graph.canonical(average, &[place as f64])
        };
        assert_eq!(average(&mut graph, "source"), average(&mut graph, source), "one column serves both");
    }
    let mut refused = |texts: &[&str]| graph.declare_choice("other", &rules(texts)).unwrap_err().to_string();
    assert!(refused(&["close", "volume"]).contains("this is a volume, and the first choice is a price"));
    assert!(refused(&["5"]).contains("numbers alone are a parameter of numbers"));
    assert_eq!(refused(&[]), "other: has no choice, expected at least one expression");
}

#[test]
fn a_thousand_lets_on_top_of_each_other_stay_small_and_overflow_nothing() {
    let mut graph = Graph::default();
    let mut name = "close".to_owned();
    for at in 0..1_000 {
        let next = format!("x{at}");
        let levels = format!("{}{name}{} / 2 + {name} / 2", "(".repeat(500), ")".repeat(500));
        graph.define(&next, &Rule::parse(&levels).unwrap()).unwrap();
        name = next;
    }
    let node = condition(&mut graph, &format!("{name} == close"));
    assert!(graph.canonical(node, &[]).len() < 200, "{}", graph.canonical(node, &[]));
    let bars = closing(&[8.0, 9.0]);
    assert_eq!(graph.column(node, &[], &bars.adjusted()).bits().unwrap().value(), [0b11]);
    assert_eq!(graph.warm_up(node, &[]), 0);
}

#[test]
fn the_page_of_the_language_is_read_line_by_line() {
    let page = include_str!("../../docs/rules.md");
    let mut graph = graph();
    let mut read = 0;
    for line in page.lines().filter(|line| line.starts_with("    ")).map(str::trim) {
        if line.starts_with("--") {
            continue;
        }
        condition(&mut graph, line);
        read += 1;
    }
    assert!(read >= 10, "{read} lines were read");
    let so = page.split_once("\nSo\n").unwrap().1;
    let lines: Vec<_> = so.lines().filter(|line| line.starts_with("    ")).take(2).collect();
    assert_eq!(condition(&mut graph, lines[0]), condition(&mut graph, lines[1]));
}
