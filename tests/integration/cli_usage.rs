//! What is refused before anything runs, and what would be right.

use super::shell::{lookback, stderr, stdout};

#[test]
fn wrong_usage_exits_with_2_and_says_what_would_be_right() {
    for (arguments, words) in [
        (&["sweep", "sma-corss"][..], "strategy sma-corss: unknown; nearest: sma-cross"),
        (&["sweep", "--rank-by", "sharp"], "sharp: unknown metric; nearest: sharpe"),
        (&["sweep", "--param", "fats=5"], "fats=5: unknown parameter fats; nearest: fast"),
        (&["sweep", "--param", "fast=5:50:0"], "the step in 5:50:0 is 0, expected a number above 0"),
        (&["sweep", "--param", "fast=50:5"], "50:5 ends before it starts"),
        (
            &["sweep", "--param", "fast=1:9999999", "--param", "slow=1:9999999"],
            "make more than 1000000000 points",
        ),
        (&["sweep", "--where", "fast < slw"], "unknown parameter slw; nearest: slow"),
        (&["sweep", "--where", "fast > slow"], "no point satisfies fast < slow and fast > slow"),
        (&["sweep", "--param", "fast=-5"], "fast: -5 in fast=-5 is out of range, expected a whole number"),
        (&["sweep", "--param", "fast=0"], "fast: 0 in fast=0 is out of range, expected a whole number"),
        (
            &["sweep", "--from", "2012-01-01", "--to", "2010-01-01"],
            "from: is 2012-01-01, expected a date at or before to, 2010-01-01",
        ),
        (&["sweep", "--asset", "APPL"], "unknown asset APPL; nearest: AAPL"),
        (&["sweep", "--asset", ","], "expected symbols with one comma between two, such as AAPL,IBM"),
        (&["history", "--asset", "IBM,"], "expected symbols with one comma between two, such as AAPL,IBM"),
        (&["sweep", "--fill", "open"], "expected next-open or close"),
        (&["sweep", "--fee=-1"], "fee: is -1, expected a share of the notional"),
        (&["sweep", "--from", "soon"], "\"soon\" is not a date or timestamp"),
        (&["sweep", "--threads", "0"], "threads"),
        (
            &["run", "sma-cross", "--asset", "IBM"],
            "fast: has 46 values, a single run needs one: such as fast=5",
        ),
        (
            &["run", "sma-cross", "--param", "fast=5", "--param", "slow=50"],
            "5 assets are chosen, a single run needs one",
        ),
    ] {
        let output = lookback(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(stderr(&output).contains(words), "{arguments:?}: {}", stderr(&output));
        assert_eq!(stdout(&output), "");
    }
}

#[test]
fn a_number_below_zero_is_a_number_out_of_range_not_a_flag() {
    for (arguments, words) in [
        (&["sweep", "--fee", "-0.5"][..], "fee: is -0.5, expected a share of the notional"),
        (&["sweep", "--commission", "-1"], "commission: is -1, expected an amount of at least 0"),
        (&["sweep", "--slippage-bps", "-1"], "slippage: is -1, expected basis points"),
        (&["sweep", "--cash", "-5"], "cash: is -5, expected an amount above 0"),
        (&["sweep", "--periods-per-year", "-5"], "periods per year: is -5, expected a number above 0"),
        (&["sweep", "--top", "-5"], "'--top <N>': expected a whole number of at least 0"),
        (&["sweep", "--threads", "-5"], "'--threads <N>': expected a whole number of at least 1"),
        (
            &["history", "--asset", "IBM", "--bars", "-5"],
            "'--bars <N>': expected a whole number of at least 0",
        ),
    ] {
        let output = lookback(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(stderr(&output).contains(words), "{arguments:?}: {}", stderr(&output));
    }
}

#[test]
fn settings_of_the_cache_that_cannot_be_are_usage_wherever_they_are_written() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.toml");
    std::fs::write(&file, "[cache]\ncapacity = 3\n").unwrap();
    let file = file.to_str().unwrap();
    for (arguments, words) in [
        (&["--shards", "0"][..], "shards: is 0, expected at least 1"),
        (&["--config", file], "a.toml line 2: [cache] has no key capacity; nearest: capacity_bytes"),
        (&["--config", "no/such.toml"], "no/such.toml: reading: No such file"),
        (&["--cache-bytes", "much"], "\"much\" is not a number of bytes"),
    ] {
        for command in [&["sweep"][..], &["history", "--asset", "IBM"]] {
            let output = lookback(&[command, arguments].concat());
            assert_eq!(output.status.code(), Some(2), "{arguments:?}");
            assert!(stderr(&output).contains(words), "{arguments:?}: {}", stderr(&output));
        }
    }
}

#[test]
fn a_name_that_is_given_twice_is_usage_in_every_command() {
    for command in
        [&["sweep"][..], &["history"], &["run", "sma-cross", "--param", "fast=5", "--param", "slow=50"]]
    {
        let output = lookback(&[command, &["--asset", "IBM,IBM"]].concat());
        assert_eq!(output.status.code(), Some(2), "{command:?}");
        assert!(stderr(&output).contains("twice"), "{}", stderr(&output));
    }
}

#[test]
fn a_condition_that_the_strategy_has_already_is_told_once() {
    let output = lookback(&["sweep", "--where", "fast<slow && fast >= 45", "--asset", "IBM", "--top", "1"]);
    assert!(stdout(&output).contains("; where fast < slow and fast >= 45\n"), "{}", stdout(&output));
}

#[test]
fn a_hundred_thousand_threads_are_fewer_and_the_program_says_so() {
    let output = lookback(&["sweep", "--threads", "100000", "--asset", "FB", "--top", "1"]);
    assert_eq!(output.status.code(), Some(0));
    assert!(stderr(&output).contains("--threads 100000: more than are of use here, "), "{}", stderr(&output));
}
