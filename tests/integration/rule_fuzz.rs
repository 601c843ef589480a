//! What anybody may type: an answer or an error that points into the text, and never a panic.

use std::time::{Duration, Instant};

use lookback::ErrorKind;
use lookback::rule::{Graph, Rule};
use lookback::sweep::{Document, Grid, Merit, Metric, Parameter};

use super::naive_rule::{Event, PARAMETERS, Traded};

/// How long mutations are tried, unless `LOOKBACK_FUZZ_SECONDS` says.
const SECONDS: u64 = 5;

/// Pieces that mutations put together.
const PIECES: [&str; 40] = [
    "close",
    "volume",
    "bar_index",
    "nan",
    "n",
    "m",
    "level",
    "0",
    "1",
    "2.5",
    "1e308",
    "-",
    "+",
    "*",
    "/",
    "%",
    ">",
    "<=",
    "==",
    "and",
    "or",
    "not ",
    "(",
    ")",
    "[",
    "]",
    "[1]",
    "[n]",
    "?",
    ":",
    ",",
    "sma(",
    "crossover(",
    "log(",
    "sqrt(",
    "value_when(",
    "bars_since(",
    " ",
    "\n",
    "ß",
];

/// Reads a text and works it out, whatever it is.
fn read_and_work_out(text: &str, bars: &Traded) -> bool {
    let mut graph = Graph::default();
    for name in PARAMETERS {
        graph.declare(name).unwrap();
    }
    let rule = match Rule::parse(text) {
        Ok(rule) => rule,
        Err(error) => {
            let ErrorKind::Expression { column, excerpt, .. } = error.kind() else { panic!("{error:?}") };
            let caret = excerpt.lines().last().unwrap();
            assert!(*column >= 1 && caret.trim().starts_with('^'), "{excerpt}");
            return false;
        }
    };
    let values = [2.0, 3.0, 16.0];
    let Ok(node) = graph.condition(&rule).or_else(|_| graph.number(&rule)) else { return false };
    if graph.check(&[1; PARAMETERS.len()], |parameter, _| values[parameter]).is_err() {
        return false;
    }
    let column = graph.column(node, &values, &bars.adjusted());
    assert!(graph.canonical(node, &values).len() <= 200, "names are bounded");
    assert!(graph.warm_up(node, &values) < usize::MAX);
    match (column.numbers(), column.bits()) {
        (Some(numbers), _) => assert!(numbers.iter().all(|number| !number.is_infinite())),
        (_, Some(bits)) => {
            assert!(bits.value().iter().zip(bits.defined()).all(|(value, defined)| value & !defined == 0))
        }
        _ => panic!("a column is one of the two"),
    }
    true
}

fn bars() -> Traded {
    let bars = (0..70)
        .map(|bar| {
            let price = f64::from(100 + bar * 37 % 41) / 4.0;
            let close = if bar == 40 { f64::NAN } else { price };
            [price - 0.25, price + 0.5, price - 0.5, close, f64::from(bar % 3 * 100)]
        })
        .collect();
    let events =
        vec![Event { bar: 30, price: 0.25, volume: 4.0 }, Event { bar: 50, price: 0.9, volume: 1.0 }];
    Traded { bars, events, first_day: 19_000 }
}

fn corpus() -> Vec<String> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/rules");
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.into_iter().map(|path| std::fs::read_to_string(path).unwrap()).collect()
}

/// A text with some pieces put in, taken out, doubled, or taken from another.
fn mutated(random: &mut fastrand::Rng, corpus: &[String]) -> String {
    let mut text: Vec<char> = corpus[random.usize(..corpus.len())].chars().collect();
    for _ in 0..random.usize(1..8) {
        let at = random.usize(..=text.len());
        let end = (at + random.usize(..12)).min(text.len());
        match random.u8(..5) {
            0 => drop(text.drain(at..end)),
            1 => drop(text.splice(at..end, PIECES[random.usize(..PIECES.len())].chars())),
            2 => drop(text.splice(at..at, PIECES[random.usize(..PIECES.len())].chars())),
            3 => {
                let part = text[at..end].to_vec();
                text.splice(at..at, part);
            }
            _ => {
                let other: Vec<char> = corpus[random.usize(..corpus.len())].chars().collect();
                let from = random.usize(..=other.len());
                let until = (from + random.usize(..40)).min(other.len());
                text.splice(at..end, other[from..until].iter().copied());
            }
        }
    }
    text.into_iter().collect()
}

#[test]
fn whatever_is_typed_is_worked_out_or_refused_with_its_place() {
    let (corpus, bars) = (corpus(), bars());
    let worked = corpus.iter().filter(|text| read_and_work_out(text, &bars)).count();
    assert!(worked >= 16, "{worked} of {} rules of the corpus were worked out", corpus.len());

    let seconds = std::env::var("LOOKBACK_FUZZ_SECONDS").ok().and_then(|seconds| seconds.parse().ok());
    let end = Instant::now() + Duration::from_secs(seconds.unwrap_or(SECONDS));
    let mut random = fastrand::Rng::with_seed(seconds.unwrap_or(0) ^ 0x5EED);
    let (mut tried, mut worked) = (0_u64, 0_u64);
    while Instant::now() < end {
        let text = mutated(&mut random, &corpus);
        let outcome = std::panic::catch_unwind(|| read_and_work_out(&text, &bars));
        worked += u64::from(outcome.unwrap_or_else(|_| panic!("this text panics: {text:?}")));
        tried += 1;
    }
    assert!(worked > 0, "{tried} mutations, and none meant anything");
    println!("{tried} mutations, {worked} of them worked out");
}

/// Words that conditions on parameters and metrics, and values of parameters, are put together of.
const WORDS: [&str; 34] = [
    "fast",
    "slow",
    "sharpe",
    "max_drawdown",
    "trades",
    "nan",
    "0",
    "1",
    "0.3",
    "1e-9",
    "79228162514264337593543950335",
    "-",
    "+",
    "*",
    "/",
    "%",
    ">",
    "<=",
    "==",
    "!=",
    " and ",
    " or ",
    "not ",
    "(",
    ")",
    "?",
    ":",
    ",",
    "min(",
    "clamp(",
    "log(",
    "[1]",
    "log:",
    "=",
];

/// Reads a text as a condition, as what ranks, as values of a parameter and as a file, and uses what it means.
fn read_as_all(text: &str) -> u64 {
    let parameters = || ["fast=1:7", "slow=0.5:9:0.5"].map(|one| one.parse().unwrap()).to_vec();
    let told = |error: &lookback::Error| assert!(!error.to_string().is_empty());
    let mut meant = 0;
    match Grid::new(parameters(), &[text]) {
        Ok(grid) => {
            assert_eq!(grid.points().count(), grid.len(), "{text:?}");
            assert!(grid.clone().random(3, 1).unwrap().len() <= 3);
            assert!(grid.refine(&[grid.point(grid.len() / 2)]).unwrap().len() >= grid.len(), "{text:?}");
            meant += 1;
        }
        Err(error) => told(&error),
    }
    match text
        .parse::<Merit>()
        .and_then(|merit| merit.require(text))
        .or_else(|_| Merit::from(Metric::Cagr).require(text))
    {
        Ok(merit) => meant += u64::from(merit.requirement().is_some()),
        Err(error) => told(&error),
    }
    match Parameter::new("n", text) {
        Ok(one) => {
            let ends = [0, one.count() - 1].map(|at| one.told(at));
            assert!(ends.iter().all(|end| !end.is_empty()), "{text:?}");
            meant += 1;
        }
        Err(error) => told(&error),
    }
    if let Err(error) = Document::parse(text, "any.toml") {
        told(&error);
    }
    meant
}

#[test]
fn whatever_is_typed_as_a_condition_a_merit_values_or_a_file_is_used_or_refused() {
    let seconds = std::env::var("LOOKBACK_FUZZ_SECONDS").ok().and_then(|seconds| seconds.parse().ok());
    let end = Instant::now() + Duration::from_secs(seconds.unwrap_or(SECONDS) / 2);
    let mut random = fastrand::Rng::with_seed(seconds.unwrap_or(0) ^ 0xF00D);
    let (mut tried, mut meant) = (0_u64, 0_u64);
    while Instant::now() < end {
        let words = (0..random.usize(1..12)).map(|_| WORDS[random.usize(..WORDS.len())]);
        let text: String = words.collect();
        let outcome = std::panic::catch_unwind(|| read_as_all(&text));
        meant += outcome.unwrap_or_else(|_| panic!("this text panics: {text:?}"));
        tried += 1;
    }
    assert!(tried > 100 && meant > 10, "{tried} texts, {meant} of them meant something");
}

#[test]
fn deep_and_long_conditions_and_lists_are_refused_or_read_in_no_time() {
    let began = Instant::now();
    for depth in [10, 1_000, 100_000] {
        for text in [
            format!("{}fast < slow{}", "(".repeat(depth), ")".repeat(depth)),
            format!("{}fast < slow", "not ".repeat(depth)),
            format!("fast{} < slow", " + 1".repeat(depth)),
            format!("fast < {}slow{}", "min(1, ".repeat(depth), ")".repeat(depth)),
            format!("fast < slow{}", " ? fast < slow".repeat(depth)),
            format!("1{}", ",2".repeat(depth)),
            format!("log:1:2:{}", "9".repeat(depth)),
            "9".repeat(depth),
            "[".repeat(depth),
            format!("[a]\n{}", "x = [".repeat(depth)),
        ] {
            read_as_all(&text);
        }
    }
    assert!(began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());
}
