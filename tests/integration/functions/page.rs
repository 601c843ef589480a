//! The page of all functions, which is made from the table.

use std::fmt::Write;
use std::path::Path;

use lookback::rule::{ArgumentKind, DegreeRule, Function, Kernel, functions};

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/functions.md");

const HEAD: &str = "\
# The functions of rules

Made from the table in `src/rule/function/` by `LOOKBACK_BLESS=1 cargo test --test integration functions::page`; a test fails where
the two differ.

What holds for all of them:

- A value depends on the bars up to its own, and on nothing else. More bars behind it change no bit.
- In `sma(x, n)`, `x` is any numeric expression. `n` is a constant or a parameter, whole, and counts the bar itself.
  An argument with `=` may be left out. High, low, close and volume are read where the definition names them.
- A bar without a value (NaN) is undefined. A function that looks back is undefined while its window holds such a bar; one that
  remembers (`ema`, `rsi`, `obv`) begins anew behind it. So the value behind a gap is that of the series from the gap on. `change` and
  `roc` read two bars, and not those between; `bars_since` and `value_when` count an undefined condition as not true.
- *First* says after how many bars the first value comes, if its arguments are defined from the first bar on.
- A quotient by 0 is undefined, and an undefined signal is no signal. No value is infinite.
- *Level* is within rounding: a relative difference of no more than 1e-12, as in comparisons.
- *Moves* says how the value moves when prices and volumes are rescaled: `price` once with prices, `price^2` twice, `ratio` not at
  all, `as x` as its argument does. Equal degrees can be compared and added.
- Every function is tested against a second definition, bar by bar, and against TA-Lib 0.8.2 and pandas 3.1.1
  (`tests/data/functions/make_golden.py`).
";

fn call(function: &Function) -> String {
    let arguments: Vec<_> = function
        .arguments
        .iter()
        .map(|argument| match argument.kind {
            ArgumentKind::Bars { default: Some(default), .. } => format!("{} = {default}", argument.name),
            ArgumentKind::Numbers { default: Some(default) }
            | ArgumentKind::Number { default: Some(default), .. } => format!("{} = {default}", argument.name),
            _ => argument.name.to_owned(),
        })
        .collect();
    format!("{}({})", function.name, arguments.join(", "))
}

fn least(function: &Function) -> String {
    let bounds = function.arguments.iter().filter_map(|argument| match argument.kind {
        ArgumentKind::Bars { least, .. } if least != 1 => Some(format!("{} from {least}", argument.name)),
        ArgumentKind::Number { least, most, .. } if most < f64::MAX => {
            Some(format!("{} {least} to {most}", argument.name))
        }
        _ => None,
    });
    bounds.collect::<Vec<_>>().join(", ")
}

fn moves(function: &Function) -> String {
    if matches!(function.kernel, Kernel::Truth(_)) {
        return "truth".to_owned();
    }
    let columns: Vec<_> = function
        .arguments
        .iter()
        .filter(|argument| matches!(argument.kind, ArgumentKind::Numbers { .. }))
        .map(|argument| argument.name)
        .collect();
    match function.degree {
        DegreeRule::Free => "ratio".to_owned(),
        DegreeRule::Of(at) => format!("as {}", columns[at]),
        DegreeRule::Equal => format!("as {}", columns.join(", ")),
        DegreeRule::Square => format!("as {}^2", columns[0]),
        DegreeRule::Root => format!("as sqrt({})", columns[0]),
        DegreeRule::Plain => format!("ratio, if {} is", columns[0]),
        DegreeRule::Fixed { price: 1, volume: 0 } => "price".to_owned(),
        DegreeRule::Fixed { price: 0, volume: 1 } => "volume".to_owned(),
        other => panic!("{other:?} has no word"),
    }
}

/// How many bars are undefined, as a formula in the counts: what the table computes, which is linear in them but for hma.
fn first(function: &Function) -> String {
    if function.name == "hma" {
        return "n + sqrt(n) - 2".to_owned();
    }
    if function.name.starts_with("macd") {
        let signal = if function.name == "macd" { "- 1" } else { "+ signal - 2" };
        return format!("max(fast, slow) {signal}");
    }
    let names: Vec<_> = function
        .arguments
        .iter()
        .filter(|argument| matches!(argument.kind, ArgumentKind::Bars { .. }))
        .map(|argument| argument.name)
        .collect();
    let at = |counts: &[usize]| i64::try_from((function.warm_up)(counts)).unwrap();
    let base = vec![10; names.len()];
    let (mut rest, mut terms) = (at(&base), Vec::new());
    for (place, name) in names.iter().enumerate() {
        let mut counts = base.clone();
        counts[place] += 1;
        let slope = at(&counts) - at(&base);
        counts[place] += 9;
        assert_eq!(at(&counts) - at(&base), 10 * slope, "{}: not linear", function.name);
        rest -= 10 * slope;
        match slope {
            0 => {}
            1 => terms.push((*name).to_owned()),
            _ => terms.push(format!("{slope} {name}")),
        }
    }
    let terms = terms.join(" + ");
    match rest {
        _ if terms.is_empty() => rest.to_string(),
        0 => terms,
        _ if rest < 0 => format!("{terms} - {}", -rest),
        _ => format!("{terms} + {rest}"),
    }
}

fn page() -> String {
    let mut page = HEAD.to_owned();
    page.push_str("\n| function | definition | unit | range | moves | first |\n|---|---|---|---|---|---|\n");
    for function in functions() {
        let names: Vec<_> = function.aliases.iter().map(|alias| format!("`{alias}`")).collect();
        let also = if names.is_empty() { String::new() } else { format!(", also {}", names.join(", ")) };
        let least = least(function);
        let least = if least.is_empty() { least } else { format!("; {least}") };
        let cells = [
            format!("`{}`{also}{least}", call(function)),
            function.definition.to_owned(),
            function.unit.to_string(),
            function.range.to_owned(),
            moves(function),
            first(function),
        ];
        writeln!(page, "| {} |", cells.join(" | ")).unwrap();
    }
    page.push_str("\n## Sources, and whom we follow where they differ\n\n");
    let mut told: Vec<(&str, Vec<String>)> = Vec::new();
    for function in functions() {
        let name = format!("`{}`", function.name);
        match told.iter_mut().find(|(source, _)| *source == function.source) {
            Some((_, names)) => names.push(name),
            None => told.push((function.source, vec![name])),
        }
    }
    for (source, names) in told {
        writeln!(page, "- {}: {source}.", names.join(", ")).unwrap();
    }
    page
}

#[test]
fn the_page_of_functions_says_what_the_table_says() {
    let expected = page();
    if std::env::var_os("LOOKBACK_BLESS").is_some() {
        std::fs::write(Path::new(PAGE), &expected).unwrap();
    }
    let found = std::fs::read_to_string(PAGE).unwrap_or_default();
    assert!(found == expected, "docs/functions.md differs from the table: LOOKBACK_BLESS=1 writes it anew");
}
