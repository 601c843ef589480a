"""Sweeps: the program's results, by text or by Python's operators, interrupted or not."""

from __future__ import annotations

import _thread
import signal
import threading
import time
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest

import lookback as lb

CROSS = {
    "buy": "crossover(sma(close, fast), sma(close, slow))",
    "sell": "crossunder(sma(close, fast), sma(close, slow))",
    "params": {"fast": range(5, 51), "slow": range(20, 201, 2)},
    "where": "fast < slow",
}


@pytest.fixture(scope="module")
def results(portal: lb.DataPortal) -> lb.Results:
    return lb.sweep(portal, assets=["IBM", "AAPL"], **CROSS)


def test_text_and_operators_are_the_same_rules(results: lb.Results, portal: lb.DataPortal) -> None:
    fast, slow = lb.sma(lb.close, lb.p.fast), lb.sma(lb.close, lb.p.slow)
    built = lb.sweep(
        portal,
        buy=fast.crosses_above(slow),
        sell=fast.crosses_below(slow),
        params=CROSS["params"],
        where=lb.p.fast < lb.p.slow,
        assets=["IBM", "AAPL"],
    )
    assert built.to_arrow().equals(results.to_arrow())


def test_a_row_for_each_trial_in_every_kind_of_frame(results: lb.Results) -> None:
    assert len(results) == 2 * 3_930
    frame = results.to_pandas()
    assert list(frame.columns[:3]) == ["asset", "fast", "slow"]
    assert frame["sharpe"].max() == pytest.approx(max(results.best(asset)["sharpe"] for asset in results.assets))
    assert isinstance(results.to_polars(), pl.DataFrame)
    pd.testing.assert_series_equal(frame["sharpe"], results.to_polars()["sharpe"].to_pandas())


def test_a_backtest_by_hand_makes_the_same_return(portal: lb.DataPortal) -> None:
    result = lb.sweep(portal, buy="close > close[1]", sell="close < close[1]", assets="IBM", fee=0.001, fill="next-open")
    opens, closes = (portal.history("IBM", field, 3_270, return_type="array")[:, 0] for field in ("open", "close"))
    equity, held = 1.0, False
    for bar in range(1, len(closes) - 1):
        wants = closes[bar] > closes[bar - 1] if closes[bar] != closes[bar - 1] else held
        if wants and not held:
            shares = equity / (opens[bar + 1] * 1.001)
            held = True
        elif held and not wants:
            equity = shares * opens[bar + 1] * 0.999
            held = False
    if held:
        equity = shares * closes[-1]
    assert result.best()["total_return"] == pytest.approx(equity - 1, rel=1e-6)


def test_threads_change_no_bit(results: lb.Results) -> None:
    alone = lb.sweep(lb.Bundle.sample(), assets=["IBM", "AAPL"], threads=1, **CROSS)
    assert alone.to_arrow().equals(results.to_arrow())


def test_the_best_is_judged(results: lb.Results) -> None:
    honesty = results.honesty("IBM")
    assert honesty is not None
    assert honesty["trials"] == 3_930
    assert "pbo" in str(honesty)


def test_places_are_ranked_by_any_expression_of_those_that_meet_a_condition(results: lb.Results) -> None:
    places = results.ranking("IBM", by="sharpe - 0.5 * volatility", require="max_drawdown > -0.25 and trades >= 20", top=50)
    worth = [place["sharpe"] - 0.5 * place["volatility"] for place in places]
    assert worth == sorted(worth, reverse=True)
    assert all(place["max_drawdown"] > -0.25 and place["trades"] >= 20 for place in places)
    with pytest.raises(lb.ExpressionError, match="unknown metric sharp"):
        results.best("IBM", by="sharp * 2")
    with pytest.raises(lb.ParameterError, match="no trial"):
        results.best("IBM", require="trades > 100000")


def test_walking_forward_tells_folds_and_one_account(results: lb.Results) -> None:
    walk = results.walk_forward("train=756,test=252")
    folds = walk.folds("IBM")
    assert len(folds) == 10
    assert {"point.fast", "in_sample.sharpe", "out_of_sample.sharpe"} <= set(folds.columns)
    equity = walk.equity("IBM")
    assert equity.iloc[-1] / 1_000_000 - 1 == pytest.approx(walk.asset("IBM")["out_of_sample"]["total_return"])
    paths = results.cross_validate("groups=6,test=2")
    assert paths["cpcv"]["paths"] == 5
    with pytest.raises(lb.ParameterError, match="would make 4 folds"):
        results.walk_forward("train=4000,test=200")


def test_heatmaps_mark_the_best(results: lb.Results) -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    axes = results.heatmap("fast", "slow", "sharpe", asset="IBM")
    best = results.best("IBM")
    assert axes.get_title() == f"sharpe {best['sharpe']:.2f} at fast {best['fast']}, slow {best['slow']}"


def test_a_notebook_shows_a_table_and_escapes_names(results: lb.Results) -> None:
    html = results._repr_html_()
    assert html.count("<tr>") == 1 + 2 * 5
    assert "<script" not in html


def test_ctrl_c_stops_at_once_and_keeps_what_is_done(portal: lb.DataPortal, request: pytest.FixtureRequest) -> None:
    # A shell that runs the tests in its background has SIGINT ignored.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    request.addfinalizer(lambda: signal.signal(signal.SIGINT, before))
    stop = threading.Timer(0.3, _thread.interrupt_main)
    began = time.monotonic()
    stop.start()
    with pytest.warns(lb.InterruptedWarning, match="was interrupted"):
        found = lb.sweep(
            portal,
            buy="close > sma(close, n) and rsi(close, m) < k",
            sell="close < sma(close, n)",
            params={"n": range(2, 300), "m": range(2, 100), "k": range(10, 90)},
            assets="IBM",
            progress=False,
        )
    assert time.monotonic() - began < 5
    assert found.interrupted
    assert 0 < found.unfinished < len(found)
    assert len(found.to_arrow()) <= len(found)
    # A choice among a part of the trials would be none.
    threading.Timer(0.3, _thread.interrupt_main).start()
    with pytest.raises(KeyboardInterrupt):
        found.walk_forward("train=100,test=20", progress=False)


def test_progress_of_the_callers_own_may_fail(portal: lb.DataPortal, monkeypatch: pytest.MonkeyPatch) -> None:
    from lookback._progress import Progress

    def fail(self: Progress, done: int, total: int) -> None:
        raise RuntimeError("shown nowhere")

    monkeypatch.setattr(Progress, "__call__", fail)
    with pytest.raises(RuntimeError, match="shown nowhere"):
        lb.sweep(portal, buy="close > sma(close, n)", params={"n": range(2, 3000)}, assets="IBM")


def test_values_that_are_none_are_refused() -> None:
    for values in (True, [], [object()]):
        with pytest.raises(lb.ParameterError, match="n: "):
            lb.sweep(buy="close > sma(close, n)", params={"n": values})  # type: ignore[dict-item]
    with pytest.raises(TypeError, match="unexpected keyword argument"):
        lb.sweep(buy="close > open", fees=0.1)
    with pytest.raises(TypeError, match=r"expected a lookback\.DataPortal"):
        lb.sweep(np.zeros(3), buy="close > open")  # type: ignore[arg-type]


def test_the_checked_in_rules_are_what_the_engine_has() -> None:
    import subprocess
    import sys

    root = Path(__file__).parent.parent
    made = subprocess.run([sys.executable, root / "tools/make_rules.py"], capture_output=True, text=True, check=True).stdout
    formatted = subprocess.run(
        [sys.executable, "-m", "ruff", "format", "--stdin-filename", root / "lookback/rules.py", "-"],
        input=made,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert formatted == (root / "lookback/rules.py").read_text()


def test_a_rule_has_no_truth_of_its_own() -> None:
    with pytest.raises(TypeError, match="combine rules with"):
        assert lb.close > lb.open and lb.close > lb.low  # noqa: PT018
    assert str((lb.close > lb.open) & ~(lb.rsi(lb.close, 14)[1] > 70))
