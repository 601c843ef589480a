"""Strategies in Python: the trades of the rules that say the same, and an error for whatever cannot be."""

from __future__ import annotations

import _thread
import ctypes
import math
import threading
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lookback as lb

GRID = {"fast": range(5, 21, 5), "slow": range(20, 101, 20)}
RULES = {
    "buy": "crossover(sma(close, fast), sma(close, slow))",
    "sell": "crossunder(sma(close, fast), sma(close, slow))",
    "params": GRID,
    "where": "fast < slow",
    "assets": ["IBM", "AAPL"],
}


class Cross(lb.Strategy):
    params = GRID

    def start(self, setup: lb.Setup) -> None:
        self.averages = setup.sma(self.fast), setup.sma(self.slow)

    def on_bar(self, bar: lb.Bar) -> None:
        if bar.crosses_above(*self.averages):
            bar.set_target(1.0)
        elif bar.crosses_below(*self.averages):
            bar.set_target(0.0)


class Woken(Cross):
    def start(self, setup: lb.Setup) -> None:
        super().start(setup)
        setup.wake_on_crossing(*self.averages)


@pytest.fixture(scope="module")
def rules(portal: lb.DataPortal) -> lb.Results:
    return lb.sweep(portal, **RULES)


def metrics(results: lb.Results) -> dict[str, list[object]]:
    return results.to_arrow().select(lb.metrics()).to_pydict()


@pytest.mark.parametrize("strategy", [Cross, Woken])
def test_a_class_trades_as_the_rules_do_that_say_the_same(strategy: type, portal: lb.DataPortal, rules: lb.Results) -> None:
    results = lb.sweep(portal, strategy=strategy, where="fast < slow", assets=["IBM", "AAPL"])
    assert results.strategy == strategy.__name__
    for name, values in metrics(results).items():
        assert values == pytest.approx(metrics(rules)[name], rel=1e-9, abs=1e-12, nan_ok=True), name


def test_a_compiled_function_trades_as_the_class_does(portal: lb.DataPortal) -> None:
    def momentum(window, parameters, state):
        if window[-1, 0] > window[-1 - int(parameters[0]), 0]:
            return 1.0
        return 0.0

    class Momentum(lb.Strategy):
        def on_bar(self, bar: lb.Bar) -> None:
            if bar.index + 1 >= 61:
                closes = bar.history(self.back + 1)[:, 0]
                bar.set_target(1.0 if closes[-1] > closes[0] else 0.0)

    params = {"back": [20, 60]}
    compiled = lb.sweep(portal, strategy=lb.compiled(momentum, bars=61), params=params, assets="IBM")
    interpreted = lb.sweep(portal, strategy=Momentum, params=params, assets="IBM")
    assert metrics(compiled) == metrics(interpreted)
    assert compiled.best()["trades"] > 10


def test_a_compiled_function_keeps_its_state_and_sees_the_fields_it_asked_for(portal: lb.DataPortal) -> None:
    import numba

    @numba.njit
    def count(window, parameters, state):
        if window.shape != (3, 2) or len(parameters) != 1 or len(state) != 2:
            return 9.0
        state[0] += 1.0
        state[1] = window[-1, 1] - window[0, 0]
        if state[0] == parameters[0]:
            return 1.0
        return np.nan

    strategy = lb.compiled(count, bars=3, fields=["high", "low"], state=2)
    results = lb.sweep(portal, strategy=strategy, params={"wait": [1, 100]}, assets="IBM")
    exposure = results.to_pandas().set_index("wait")["exposure"]
    # The third bar is the first to be asked, and it is filled at the open after it.
    assert exposure[1] == pytest.approx((3_270 - 3) / 3_270)
    assert exposure[100] == pytest.approx((3_270 - 102) / 3_270)


def test_a_c_function_is_a_strategy_and_bars_cannot_be_written(portal: lb.DataPortal) -> None:
    c, pointer = ctypes.c_int64, ctypes.POINTER(ctypes.c_double)
    takes = ctypes.CFUNCTYPE(ctypes.c_double, c, c, c, pointer, c, pointer, c, pointer)
    hold = takes(lambda *_: 1.0)
    held = lb.sweep(portal, strategy=lb.compiled(hold, bars=1, name="hold"), assets="IBM", threads=1)
    assert held.strategy == "hold"
    assert held.best()["exposure"] > 0.99

    def writes(window, parameters, state):
        window[0, 0] = 0.0
        return 1.0

    with pytest.raises(Exception, match=r"[Cc]annot modify readonly|read-?only"):
        lb.compiled(writes, bars=1)


def test_what_a_compiled_function_raises_fails_its_trial(portal: lb.DataPortal) -> None:
    def divides(window, parameters, state):
        if window[-1, 0] < parameters[0]:
            raise ValueError("too low")
        return 0.5

    results = lb.sweep(portal, strategy=lb.compiled(divides, bars=1), params={"floor": [0, 70]}, assets="IBM")
    assert results.failed == 1
    assert "it raised, or returned an infinite weight" in results.to_pandas()["error"][1]


def test_a_compiled_function_cannot_look_past_its_window(portal: lb.DataPortal) -> None:
    # Behind a window lie the bars that come after it: unchecked, this one makes a fortune.
    def peeks(window, parameters, state):
        return 1.0 if window[window.shape[0], 0] > window[-1, 0] else 0.0

    def keeps(window, parameters, state):
        state[len(state)] = 1.0
        return 0.0

    for function in (peeks, keeps):
        results = lb.sweep(portal, strategy=lb.compiled(function, bars=20, state=1), params={"n": 1}, assets="IBM")
        assert results.failed == 1
        assert "it raised" in results.to_pandas()["error"][0]


def test_a_c_function_of_other_arguments_is_refused() -> None:
    import numba

    types = numba.types
    pointer, count = types.CPointer(types.float64), types.int64
    takes = types.float64(count, count, count, pointer, count, pointer, count, pointer)
    held = numba.cfunc(takes)(lambda bars, fields, stride, window, parameters, values, kept, state: 1.0)
    assert lb.compiled(held, bars=1).address == held.address
    with pytest.raises(lb.ParameterError, match=r"C function of \(c_double\), expected one that returns a double"):
        lb.compiled(numba.cfunc(types.float64(types.float64))(lambda x: x), bars=1)
    with pytest.raises(lb.ParameterError, match="nothing that is known"):
        lb.compiled(ctypes.PYFUNCTYPE(ctypes.c_double)(lambda: 1.0), bars=1)
    with pytest.raises(lb.ParameterError, match="expected a function"):
        lb.compiled(type("Address", (), {"address": 4_096})(), bars=1)


def test_what_is_no_strategy_is_refused(portal: lb.DataPortal) -> None:
    with pytest.raises(lb.ParameterError, match="expected either it or rules"):
        lb.sweep(portal, strategy=Cross, buy="close > open")
    with pytest.raises(lb.ParameterError, match="is of type int"):
        lb.sweep(portal, strategy=3)
    with pytest.raises(lb.ParameterError, match="expected a function"):
        lb.compiled(4_096, bars=1)
    with pytest.raises(lb.ParameterError, match="bars is 0"):
        lb.compiled(math.sin, bars=0)
    with pytest.raises(lb.StrategyError, match="AttributeError"):
        lb.sweep(portal, strategy=lambda: object(), assets="IBM")
    with pytest.raises(lb.StrategyError, match=r"no attribute .fast."):
        lb.sweep(portal, strategy=Cross, params={"other": 3}, assets="IBM")


class Raises(lb.Strategy):
    def on_bar(self, bar: lb.Bar) -> None:
        if bar.index == 100 + self.n:
            raise ValueError("no luck")
        bar.set_target(1.0)


def test_an_exception_ends_the_sweep_and_says_where(portal: lb.DataPortal) -> None:
    with pytest.raises(lb.StrategyError, match=r"Raises on IBM n=1 at 2000-07-2\d: ValueError: no luck") as caught:
        lb.sweep(portal, strategy=Raises, params={"n": range(1, 2_000)}, assets="IBM")
    assert isinstance(caught.value.__cause__, ValueError)
    assert caught.value.__cause__.__traceback__ is not None


def test_trials_that_raise_may_be_rows(portal: lb.DataPortal) -> None:
    results = lb.sweep(portal, strategy=Raises, params={"n": [1, 9_999]}, assets="IBM", allow_failed=True)
    assert results.failed == 1
    assert "ValueError: no luck" in results.to_pandas()["error"][0]
    assert results.best()["n"] == 9_999


def test_what_ends_the_interpreter_ends_a_sweep_whatever_may_fail(portal: lb.DataPortal) -> None:
    class Exits(lb.Strategy):
        def on_bar(self, bar: lb.Bar) -> None:
            raise SystemExit(3)

    with pytest.raises(lb.StrategyError, match="SystemExit") as caught:
        lb.sweep(portal, strategy=Exits, assets="IBM", allow_failed=True)
    assert isinstance(caught.value.__cause__, SystemExit)


def test_a_choice_reaches_a_class_as_its_text(portal: lb.DataPortal) -> None:
    seen: list[object] = []

    class Chooses(lb.Strategy):
        def start(self, setup: lb.Setup) -> None:
            seen.append(self.mode)

        def on_bar(self, bar: lb.Bar) -> None:
            pass

    lb.sweep(portal, strategy=Chooses, params={"mode": ["close", "open"]}, assets="IBM")
    assert seen == ["close", "open"]


def test_a_bar_that_is_kept_says_nothing_once_it_is_over(portal: lb.DataPortal) -> None:
    kept: list[lb.Bar] = []
    windows: list[np.ndarray] = []

    class Keeps(lb.Strategy):
        def on_bar(self, bar: lb.Bar) -> None:
            kept.append(bar)
            windows.append(bar.history(1, ["close", "open"]))
            assert windows[-1][0, 0] == pytest.approx(bar.close)
            assert (bar.low, bar.symbol) <= (bar.high, "IBM")
            assert bar.equity > 0
            assert -1 <= bar.position <= 1
            assert bar.volume > 0
            assert bar.timestamp > 0
            assert "IBM" in repr(bar)

    lb.sweep(portal, strategy=Keeps, assets="IBM")
    assert len(windows) == 3_270
    for read in ("close", "position", "index", "timestamp"):
        with pytest.raises(RuntimeError, match="within on_bar alone"):
            getattr(kept[0], read)
    for call in (lambda bar: bar.set_target(1.0), lambda bar: bar.history(1), lambda bar: bar.value(0)):
        with pytest.raises(RuntimeError, match="within on_bar alone"):
            call(kept[-1])
    # Windows may be kept: each is as it was, and cannot be written.
    assert not windows[0].flags.writeable
    assert windows[0][0, 0] != windows[-1][0, 0]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (lambda bar: bar.set_target(1.5), "target weight is 1.5"),
        (lambda bar: bar.set_target(float("nan")), "target weight is NaN"),
        (lambda bar: 1.0, "on_bar returned 1.0, expected None"),
        (lambda bar: bar.value(0), "column 0 of 0"),
        (lambda bar: bar.history(99_999), "TooFewBarsError|BarCountError|too few|bars"),
        (lambda bar: bar.history(3, "height"), "UnknownFieldError"),
        (lambda bar: bar.history(3, short="maybe"), 'expected "error" or "pad"'),
        (lambda bar: bar.set_target("all"), "TypeError"),
    ],
)
def test_what_a_bar_refuses(body, said: str, portal: lb.DataPortal) -> None:
    strategy = type("Asks", (lb.Strategy,), {"on_bar": lambda self, bar: body(bar)})
    with pytest.raises(lb.StrategyError, match=said):
        lb.sweep(portal, strategy=strategy, assets="IBM")


def test_windows_end_at_the_bar_whatever_is_asked(portal: lb.DataPortal) -> None:
    closes = portal.history("IBM", "close", 3_270, return_type="array")[:, 0]

    class Looks(lb.Strategy):
        def on_bar(self, bar: lb.Bar) -> None:
            if bar.index >= 20:
                window = bar.history(20)[:, 0]
                assert window[-1] == pytest.approx(bar.close)
                ratios = window / window[-1]
                expected = closes[bar.index - 19 : bar.index + 1] / closes[bar.index]
                np.testing.assert_allclose(ratios, expected, rtol=1e-9)
                weeks = bar.history(2, "close", "1w")
                assert weeks[-1, 0] == pytest.approx(bar.close)

    lb.sweep(portal, strategy=Looks, assets="IBM", start="2004-01-02", end="2005-12-30")


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 500), st.sampled_from([-1.0, -0.5, 0.0, 0.3, 1.0])), max_size=20))
def test_random_orders_make_what_a_naive_account_makes(orders: list[tuple[int, float]]) -> None:
    bundle = lb.Bundle.sample()
    portal = lb.DataPortal(bundle)
    wanted = dict(orders)

    class Orders(lb.Strategy):
        def on_bar(self, bar: lb.Bar) -> None:
            if bar.index in wanted:
                bar.set_target(wanted[bar.index])

    result = lb.sweep(portal, strategy=Orders, assets="IBM", fill="close", fee=0.0, end="2002-02-28")
    bars = bundle.bars("IBM")
    closes = portal.history("IBM", "close", bars, return_type="array")[:, 0][:502]
    equity, shares = 1.0, 0.0
    last = np.searchsorted(bundle.calendar("IBM"), np.datetime64("2002-03-01")) - 1
    for bar in range(last + 1):
        if bar:
            equity += shares * (closes[bar] - closes[bar - 1])
        if equity <= 0:
            break
        if bar in wanted:
            shares = wanted[bar] * equity / closes[bar]
    assert result.best()["total_return"] == pytest.approx(equity - 1, rel=1e-9, abs=1e-9)


def test_ctrl_c_ends_a_sweep_of_python_and_keeps_what_is_done(portal: lb.DataPortal) -> None:
    class Slow(lb.Strategy):
        def on_bar(self, bar: lb.Bar) -> None:
            if bar.index % 100 == 0:
                time.sleep(0.001)

    timer = threading.Timer(0.5, _thread.interrupt_main)
    timer.start()
    began = time.monotonic()
    with pytest.warns(lb.InterruptedWarning, match="trials are done"):
        results = lb.sweep(portal, strategy=Slow, params={"n": range(1, 10_000)}, assets="IBM", progress=False)
    assert time.monotonic() - began < 3
    assert results.interrupted
    assert 0 < len(results) - results.unfinished < 1_000


def test_more_threads_make_the_same_results(portal: lb.DataPortal) -> None:
    one, four = (
        lb.sweep(portal, strategy=Cross, where="fast < slow", assets=["IBM", "AAPL"], threads=threads) for threads in (1, 4)
    )
    assert metrics(one) == metrics(four)


def test_a_strategy_is_judged_and_validated_as_rules_are(portal: lb.DataPortal) -> None:
    results = lb.sweep(portal, strategy=Woken, where="fast < slow", assets="IBM")
    honesty = results.honesty()
    assert honesty is not None
    assert honesty["trials"] == len(results)
    walk = results.walk_forward("train=756,test=252", progress=False)
    assert len(walk.folds()) == 9 or len(walk.folds()) == 10
    paths = results.cross_validate("groups=4,test=2", progress=False)
    assert len(paths.asset()["paths"]) == 3


def test_results_become_a_page(portal: lb.DataPortal, rules: lb.Results, tmp_path) -> None:
    rules.report(tmp_path / "rules.html")
    page = (tmp_path / "rules.html").read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>")
    assert "crossover(sma(close, fast), sma(close, slow))" in page
    assert "Deflated Sharpe ratio" in page
    lb.sweep(portal, strategy=Woken, where="fast < slow", assets="IBM").report(tmp_path / "own.html", by="cagr")
    assert "Woken" in (tmp_path / "own.html").read_text(encoding="utf-8")
    with pytest.raises(FileNotFoundError):
        rules.report(tmp_path / "none" / "a.html")
    assert sorted(one.name for one in tmp_path.iterdir()) == ["own.html", "rules.html"]
